/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests tell the programs of rules.bpf.c, and are told by them. */
#ifndef RULES_H
#define RULES_H

#define MAX_RULES	8
#define MAX_OFFERED	256
#define MAX_LABEL	64

/* A verdict for the tasks of a process, or of a cgroup, if not 0. */
struct rule {
	unsigned long long cgroup;
	long long verdict;
	unsigned int pid;
	unsigned int unused;
};

/* One for each of the two programs. */
struct table {
	struct rule rules[MAX_RULES];
	long long otherwise;	/* the verdict on everybody else */
	unsigned int asked;	/* how often this program was asked */
	unsigned int burn;	/* milliseconds to waste, each time */
};

/* What a program was shown: PF_* flags as the kernel has them. */
struct offer {
	unsigned int pid;
	unsigned int flags;
};

/* Which pointer the program hands to set_oom_policy_name() as the OOM. */
enum forged_oc {
	OC_REAL,
	OC_NULL,
	OC_OFFSET,	/* eight bytes into the real one */
	OC_TASK,	/* some other object */
	OC_STALE,	/* kept from the OOM before */
};

#endif
