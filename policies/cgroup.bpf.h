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

/* What comes last in the rank of a task: a function of the task and the domain. */
#ifndef TASK_KEY
#define TASK_KEY task_size
static __always_inline __u64 task_size(struct task_struct *task, struct oom_domain *domain)
{
	return task_pages(task);
}
#endif

/* The cgroup above, or NULL. */
static __always_inline struct cgroup *parent_cgroup(struct cgroup *cgrp)
{
	struct cgroup_subsys_state *parent = cgrp->self.parent;

	return parent ? parent->cgroup : NULL;
}

/* Told by its css_set, which also says which other controllers it has. */
#define KNOWN_BITS 10
#define KNOWN_WAYS 4	/* places for each; with more cgroups than places some are ranked again */
static struct known {
	__u64 set;
	__u32 oom;	/* of stats.ooms: in another OOM nothing is known */
	int verdict;
	__u64 key[KEYS - 1];
} known[1 << KNOWN_BITS];

/* Rank the cgroup of a task, unless that was done in this OOM. */
static __always_inline void know(struct css_set *set)
{
	__u64 number, place;
	struct known *k;
	int i;

	/* The verifier takes what comes out of a map for a number, not for a pointer. */
	oom.set = (__u64)set;
	barrier();
	number = oom.set;
	/* Fibonacci hashing: Knuth, The Art of Computer Programming, 6.4. */
	place = (number * 0x9e3779b97f4a7c15) >> (64 - KNOWN_BITS);
	for (i = 0; i < KNOWN_WAYS; i++) {
		k = &known[place ^ i];
		if (k->set == number || k->oom != (__u32)stats.ooms)
			break;
	}
	if (i == KNOWN_WAYS)
		k = &known[place];
	if (k->set != number || k->oom != (__u32)stats.ooms) {
		struct rank r = { };

		k->verdict = rank_cgroup(set->dfl_cgrp, set, &oom.domain, &r);
		k->key[0] = r.key[0];
		k->key[1] = r.key[1];
		k->set = number;
		k->oom = stats.ooms;
	}
	oom.set_verdict = k->verdict;
	oom.set_rank.key[0] = k->key[0];
	oom.set_rank.key[1] = k->key[1];
}

static __always_inline int rank(struct task_struct *task, struct oom_domain *domain,
				struct rank *rank)
{
	struct css_set *set = task->cgroups;
	int verdict;

	if (domain == &dry) {
		/* It may go on beside an OOM, and leaves alone what that has. */
		verdict = rank_cgroup(set->dfl_cgrp, set, domain, rank);
	} else {
		if (oom.set != (__u64)set) {
			/* One who is spared is no reason to look at a cgroup. */
			if (spared(task))
				return NO_BPF_POLICY;
			know(set);
		}
		verdict = oom.set_verdict;
		rank->key[0] = oom.set_rank.key[0];
		rank->key[1] = oom.set_rank.key[1];
	}
	if (verdict == BPF_EVAL_SELECT)
		rank->key[KEYS - 1] = TASK_KEY(task, domain);
	return verdict;
}

#endif
