/* SPDX-License-Identifier: GPL-2.0 */
/* KEY=VALUE, as the user gives it, into what the programs look up. */
#ifndef RULES_H
#define RULES_H

#include <stdbool.h>

#include "policy.h"

struct bpf_object;

#define MAX_RULES 1024
/* That a command line may name. */
#define MAX_POLICIES 16

struct rule {
	unsigned char key[24];
	unsigned char value[16];
};

/* A policy with its rules and settings, resolved: what loads it cannot fail for them. */
struct setup {
	const struct policy *policy;
	struct rule *rules;
	int nr;
	bool only;			/* some cgroup is to be chosen from only */
	struct {
		const struct param *param;
		long value;
	} vars[8];
	int nr_vars;
};

/**
 * setup_add - take one KEY=VALUE
 * @where: put before an error message, or ""
 * Return: DONE, or the status to exit with; the reason was said.
 */
int setup_add(struct setup *setup, const char *text, const char *where);
/* Contradictions that only show at the end. As setup_add(). */
int setup_end(struct setup *setup, const char *where);
/* One setup for each name; the first has the rules and settings. As setup_add(). */
int setup_from(const char * const *names, int nr_names, const char * const *sets, int nr_sets,
	       struct setup *setups);
void setup_free(struct setup *setup);
/* Before and after bpf_object__load(): 0 or -errno. */
int setup_vars(const struct setup *setup, struct bpf_object *obj);
int setup_rules(const struct setup *setup, struct bpf_object *obj);

#endif
