/* SPDX-License-Identifier: GPL-2.0 */
/* The variables that tests and rules.bpf.c share. */
#ifndef RULES_H
#define RULES_H

#define MAX_RULES	8
#define MAX_OFFERED	256
#define MAX_LABEL	264

/* A verdict for the tasks of a process, or of a cgroup, if not 0. */
struct rule {
	unsigned long long cgroup;
	long long verdict;
	unsigned int pid;
	unsigned int unused;
};

/* One for each of the two policies. */
struct table {
	struct rule rules[MAX_RULES];
	long long otherwise;	/* the verdict on all other tasks */
	unsigned int asked;	/* calls of this program */
	unsigned int unused;
};

/* A task that the first policy was offered. */
struct offer {
	unsigned int pid;
	unsigned int flags;	/* PF_* */
	int usage;		/* references to it */
};

/* The arguments of the last oom_policy_outcome event. */
struct oom_event {
	unsigned long long oc;
	unsigned long long memcg;
	unsigned int offered;
	unsigned int count;	/* events */
	char policy[16];
	char outcome[16];
	unsigned long long ns;	/* since bpf_set_policy_name() */
};

/* The pointer that the naming program passes as the OOM. */
enum forged_oc {
	OC_REAL,
	OC_NULL,
	OC_OFFSET,	/* eight bytes into the real one */
	OC_TASK,	/* some other object */
	OC_STALE,	/* kept from the OOM before */
};

#endif
