/* SPDX-License-Identifier: GPL-2.0 */
/* Dry runs of the policies, combined as the hook combines verdicts. */
#ifndef RANKING_H
#define RANKING_H

#include <stdbool.h>

#include "oom_policy.h"
#include "policy.h"
#include "rules.h"

/* A cgroup and its size in pages, on the way down to a task. */
struct tree_level {
	unsigned long long cgroup, pages;
};

struct task {
	int pid, verdict, why, adj;
	unsigned long long key[3], start, pages, cgroup;
	unsigned int line;	/* of a list, from 1; 0: none */
	struct tree_level tree[32];
	int levels;
	int by;		/* which policy has an opinion, in the order asked; -1: the kernel */
	long long score;	/* the kernel's measure, in pages */
	char stopped_unit[256];	/* by systemd, when it is killed; empty: none */
};

struct ranking {
	const struct policy *policy[64];
	char *text[64];		/* the rules of each, or NULL */
	int nr_policies;
	struct task *tasks;
	int nr;
	struct oom_domain domain;
	unsigned long kib;	/* of a page */
};

/**
 * ranking_make - the processes in the order in which they would be chosen
 * @cgroup: that is out of memory, or NULL: the machine
 * @setups: policies to be asked as if they were loaded; @nr is 0: those that are
 * Return: DONE, or the status to exit with; the reason was said.
 */
int ranking_make(struct ranking *r, const char *cgroup, struct setup *setups, int nr);
/* The same of one policy that is loaded, alone, for the whole machine. */
int ranking_of(struct ranking *r, const char *loaded);
void ranking_free(struct ranking *r);
/* 0: a candidate of a policy; 1: of the kernel; 2: is not chosen. */
int ranking_class(const struct task *t);
/* The cgroup whose memory.oom.group kills a task with others, or false. */
bool ranking_group(const struct ranking *r, const struct task *t, char *path, size_t size);
/* Another process with the same memory, which dies with it: or NULL. */
const struct task *ranking_sharer(const struct ranking *r, const struct task *t);
/* Line @nr of a text, from 1, without its end: copied to @buf. */
const char *text_line(const char *text, unsigned int nr, char *buf, size_t size);

#endif
