/* SPDX-License-Identifier: GPL-2.0 */
/* What a policy and those who load it tell each other, through its maps. */
#ifndef OOM_POLICY_H
#define OOM_POLICY_H

/* Cgroup priorities: the lowest dies first. */
#define MAX_PRIORITY	12

/* Why a task was ranked as it was, where the policy was not even asked. */
enum why {
	WHY_POLICY,	/* the policy said so */
	WHY_SPARED,	/* its oom_score_adj is -1000 */
	WHY_DYING,	/* it was killed already, and is waited for */
	WHY_NO_MEMORY,	/* it has ended, and the kernel does not choose it */
};

/* A process, by what no later one has as well: the value in oom_pids. */
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

/* Where memory is short: all in the map .data.dry, for the dry run. */
struct oom_domain {
	unsigned long long cgroup;	/* its id, or 0: the whole machine */
	unsigned long long totalpages;	/* what there is, in pages */
	unsigned long long root;	/* what the root's processes hold, once known */
	unsigned int level;		/* how deep the cgroup is; the root is 0 */
	unsigned int unused;
};

/* Who has the highest rank in an OOM, or would be chosen. */
struct oom_best {
	unsigned int pid;		/* 0: nobody */
	char comm[16];
	unsigned int unused;
	unsigned long long pages;
};

/* What became of a policy: the map .data.stats. */
struct oom_policy_stats {
	char label[16];			/* what the report calls it */
	unsigned long long ooms;	/* searches for a victim, */
	unsigned long long selected;	/* how often it selected one, */
	unsigned long long refused;	/* and was refused it by the kernel; */
	unsigned long long victims;	/* its choices that were killed, */
	unsigned long long fallbacks;	/* and OOMs that the kernel decided after all */
	struct oom_best best;		/* of the last search that had one */
};

#endif
