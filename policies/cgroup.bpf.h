/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A policy on cgroups is one function, too, that ranks a cgroup:
 *
 *	#define POLICY "cgroup"
 *	#include "cgroup.bpf.h"
 *
 *	static int rank_cgroup(struct cgroup *cgrp, struct css_set *set,
 *			       struct oom_domain *domain, struct rank *rank)
 *
 * It returns a verdict on all that is in it, as rank() does, and sets the keys
 * but the last; that is the size of the task. What it said of a cgroup is kept for
 * the OOM, as there may be many tasks in it.
 */
#ifndef CGROUP_BPF_H
#define CGROUP_BPF_H

#include "oom_policy.bpf.h"

static __always_inline int rank_cgroup(struct cgroup *cgrp, struct css_set *set,
				       struct oom_domain *domain, struct rank *rank);

/* What comes last in the rank of a task. */
#ifndef TASK_KEY
#define TASK_KEY(task, domain) task_pages(task)
#endif

/* The cgroup above, or NULL. */
static __always_inline struct cgroup *parent_cgroup(struct cgroup *cgrp)
{
	struct cgroup_subsys_state *parent = cgrp->self.parent;

	return parent ? parent->cgroup : NULL;
}

/* Told by its css_set, which also says which other controllers it has. */
#define KNOWN_BITS 8
static struct known {
	__u64 set;
	__u64 oom;	/* stats.ooms: in another OOM nothing is known */
	__u64 key[KEYS - 1];
	__u64 verdict;
} known[1 << KNOWN_BITS];

/* Where it would be. Fibonacci hashing: Knuth, The Art of Computer Programming, 6.4. */
static __always_inline struct known *known_at(struct css_set *set)
{
	static __u64 number;

	/* The verifier takes what comes out of a map for a number, not for a pointer. */
	number = (__u64)set;
	barrier();
	return &known[(number * 0x9e3779b97f4a7c15) >> (64 - KNOWN_BITS)];
}

static __always_inline int rank(struct task_struct *task, struct oom_domain *domain,
				struct rank *rank)
{
	struct css_set *set = task->cgroups;
	struct known *k = NULL;
	int verdict, i;

	/* The dry run may go on beside an OOM. */
	if (domain != &dry)
		k = known_at(set);
	if (k && k->set == (__u64)set && k->oom == stats.ooms) {
		for (i = 0; i < KEYS - 1; i++)
			rank->key[i] = k->key[i];
		verdict = k->verdict;
	} else {
		verdict = rank_cgroup(set->dfl_cgrp, set, domain, rank);
		if (k) {
			k->set = (__u64)set;
			k->oom = stats.ooms;
			for (i = 0; i < KEYS - 1; i++)
				k->key[i] = rank->key[i];
			k->verdict = verdict;
		}
	}
	if (verdict == BPF_EVAL_SELECT)
		rank->key[KEYS - 1] = TASK_KEY(task, domain);
	return verdict;
}

#endif
