/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by a policy and whoever loads it, through the maps of the policy. */
#ifndef OOM_POLICY_H
#define OOM_POLICY_H

/* Cgroup priorities: the lowest dies first. */
#define MAX_PRIORITY	12

/* Why a task was ranked as it was, where the policy was not even asked. */
enum why {
	WHY_POLICY,	/* the policy said so */
	WHY_SPARED,	/* its oom_score_adj is -1000 */
	WHY_DYING,	/* it was killed already, and is waited for */
	WHY_NO_MEMORY,	/* it has ended: a kill would free nothing */
};

/* A process by its start, which no later one shares: the value in oom_pids. */
struct oom_pid {
	unsigned long long start;	/* in clock ticks, as in /proc/PID/stat */
	unsigned int verdict;		/* BPF_EVAL_SELECT or BPF_EVAL_NEXT */
	unsigned int unused;
};

/* A name, or how it begins: the key of oom_names. */
struct oom_name {
	unsigned int bits;		/* of comm; those of its NUL as well if exact */
	char comm[16];
};

/* The memory that has run out; in the map .data.dry that of the dry run. */
struct oom_domain {
	unsigned long long cgroup;	/* its id, or 0: the whole machine */
	unsigned long long totalpages;	/* RAM and swap, in pages */
	unsigned int level;		/* how deep the cgroup is; the root is 0 */
	unsigned int unused;
};

/* The process with the highest rank in an OOM. */
struct oom_best {
	unsigned int pid;		/* 0: none */
	char comm[16];
	unsigned int line;		/* of a list of rules, from 1; 0: none */
	unsigned long long pages;
};

/* Outcomes of a search, as the tracepoint oom_policy_outcome names them. */
enum oom_outcome {
	OUTCOME_POLICY,		/* a policy selected the victim */
	OUTCOME_KERNEL,		/* policies only spared; the kernel chose among the rest */
	OUTCOME_NONE,		/* fallback: the policies left no victim */
	OUTCOME_ABORT,		/* fallback: a policy gave up */
	OUTCOME_TIMEOUT,	/* fallback: the policies exceeded the deadline */
	OUTCOME_WAITING,	/* a victim is dying already */
	NR_OUTCOMES,
};

#define OUTCOMES	{ "policy", "kernel", "none", "abort", "timeout", "waiting" }
/* The first letter tells them apart. */
#define OUTCOME_LETTERS	"pknatw"

/* Counts of a policy: the map .data.stats. */
struct oom_policy_stats {
	char label[16];			/* its name in the OOM report */
	unsigned long long ooms;	/* searches for a victim that it has seen */
	unsigned long long selected;	/* its selections */
	unsigned long long refused;	/* selections that would have freed nothing */
	unsigned long long victims;	/* selected processes that were killed */
	unsigned long long outcomes[NR_OUTCOMES];	/* of searches under its label */
	struct oom_best best;		/* of the last search that had one */
};

/* Counts of a line of a list of rules: the map .data.lines has one for each. */
struct oom_line_stats {
	unsigned long long selected;
	unsigned long long victims;
};

#endif
