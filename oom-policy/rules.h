/* SPDX-License-Identifier: GPL-2.0 */
/* KEY=VALUE, as the user gives it, into what the programs look up. */
#ifndef RULES_H
#define RULES_H

#include <stdbool.h>

#include "policy.h"

struct bpf_object;

#define MAX_RULES 1024
/* Settings that a policy may be given. */
#define MAX_VARS 32
/* That a command line may name. */
#define MAX_POLICIES 16

struct rule {
	unsigned char key[24];
	unsigned char value[16];
	char *path;	/* of a cgroup, which may not be there yet; the key is its id */
	char *text;	/* KEY=VALUE, so that the same is read from it later */
};

/* A policy with its rules and settings, resolved: what loads it cannot fail for them. */
struct setup {
	const struct policy *policy;
	struct rule *rules;
	int nr;
	bool only;			/* some cgroup is to be chosen from only */
	struct {
		const struct param *param;
		long given;		/* in the unit of the setting */
		long value;		/* as the programs have it: bytes in pages */
	} vars[MAX_VARS];
	int nr_vars;
	struct list *list;		/* of LIST_POLICY; NULL: none */
	char *changes;			/* lines that change the list that is loaded */
};

/* The policy whose rules are a list. */
#define LIST_POLICY "rules"

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
/* A list from a file, for LIST_POLICY; as setup_add(). */
int setup_file(struct setup *setup, const char *path);
/* The rules and settings of a text that setup_text() made. */
int setup_from_text(struct setup *setup, const char *text);
/* The rules and settings, one a line, to be freed; NULL: no memory. */
char *setup_text(const struct setup *setup);
/**
 * setup_merge - make a list of the changes and of what is loaded
 * @loaded: the text of the list that is loaded, or NULL
 */
int setup_merge(struct setup *setup, const char *loaded);
void setup_free(struct setup *setup);

struct store;

/* Before bpf_object__load(): 0 or -errno. */
int setup_vars(const struct setup *setup, struct bpf_object *obj);
/**
 * setup_rules - write the rules
 * @replace: those that are there already go; the policy may be at work
 * Return: 0 or -errno.
 */
int setup_rules(const struct setup *setup, const struct store *store, bool replace);
/* Switch to the rules that were written last, with the new cgroups marked: as setup_rules(). */
int setup_switch(const struct setup *setup, const struct store *store);
/* Replace the settings of a policy that is loaded. */
int setup_replace_vars(const struct setup *setup, const struct store *store);

#endif
