/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A policy on cgroups is one function that ranks a cgroup:
 *
 *	#define POLICY "cgroup"
 *	#include "cgroup.bpf.h"
 *
 *	static int rank_cgroup(struct cgroup *cgrp, struct css_set *set,
 *			       struct oom_domain *domain, struct rank *rank)
 *
 * It returns a verdict on all tasks in the cgroup, as rank() does for one, and sets
 * all keys but the last, which is the size of the task. Its answer is kept for the
 * OOM, as a cgroup may hold many tasks. With TOO_SMALL, too, this is the verdict on a
 * small task that it selects.
 */
#ifndef CGROUP_BPF_H
#define CGROUP_BPF_H

#include "oom_policy.bpf.h"

static __always_inline int rank_cgroup(struct cgroup *cgrp, struct css_set *set,
				       struct oom_domain *domain, struct rank *rank);

#ifdef CGROUP_RULES
/* The rules of a policy, by the id of a cgroup. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u32);
} oom_cgroups SEC(".maps") RULES("cgroup", CGROUP_RULES, "a rule; at most 1024");

/*
 * Rules by path, so that they hold for a cgroup that is made later, or made anew: the
 * directory has another id then. They take effect in the map above.
 */
struct oom_path {
	char text[256];	/* below the root: "/a/b", padded with NULs */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct oom_path);
	__type(value, __u32);
} oom_paths SEC(".maps");

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(oom_mkdir, struct cgroup *cgrp, const char *path)
{
	struct oom_path key = { };
	__u64 id = cgrp->kn->id;
	__u32 *value;

	/* 0 is cgroup v2. */
	if (cgrp->root->hierarchy_id ||
	    bpf_probe_read_kernel_str(key.text, sizeof(key.text), path) < 0)
		return 0;
	value = bpf_map_lookup_elem(&oom_paths, &key);
	if (value)
		bpf_map_update_elem(&oom_cgroups, &id, value, BPF_ANY);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(oom_rmdir, struct cgroup *cgrp)
{
	__u64 id = cgrp->kn->id;

	bpf_map_delete_elem(&oom_cgroups, &id);
	return 0;
}
#endif

/* As key[1] of a cgroup: use the last key of each task. */
#define OWN_SIZE	(~0ULL)

/* The cgroup above, or NULL. */
static __always_inline struct cgroup *parent_cgroup(struct cgroup *cgrp)
{
	struct cgroup_subsys_state *parent = cgrp->self.parent;

	return parent ? parent->cgroup : NULL;
}

/* Keyed by css_set, which says the task's cgroup in each controller. */
#define CACHE_BITS 10
#define CACHE_WAYS 4	/* entries to try; with more cgroups some are ranked again */
static struct cache_entry {
	__u64 set;
	__u32 oom;	/* of stats.ooms: entries of another OOM are stale */
	int verdict;
	__u64 key[KEYS - 1];
} cgroup_cache[1 << CACHE_BITS];

/* Rank the cgroup of a task, unless that was done in this OOM. */
static __always_inline void load_cgroup(struct css_set *set)
{
	struct cache_entry *entry;
	__u64 number, place;
	int i;

	/* Launder the pointer through a map so that the verifier sees a scalar. */
	oom.set = (__u64)set;
	barrier();
	number = oom.set;
	/* Fibonacci hashing: Knuth, The Art of Computer Programming, 6.4. */
	place = (number * 0x9e3779b97f4a7c15) >> (64 - CACHE_BITS);
	for (i = 0; i < CACHE_WAYS; i++) {
		entry = &cgroup_cache[place ^ i];
		if (entry->set == number || entry->oom != (__u32)stats.ooms)
			break;
	}
	if (i == CACHE_WAYS)
		entry = &cgroup_cache[place];
	if (entry->set != number || entry->oom != (__u32)stats.ooms) {
		struct rank r = { };

		entry->verdict = rank_cgroup(set->dfl_cgrp, set, &oom.domain, &r);
		entry->key[0] = r.key[0];
		entry->key[1] = r.key[1];
		entry->set = number;
		entry->oom = stats.ooms;
	}
	oom.set_verdict = entry->verdict;
	oom.set_rank.key[0] = entry->key[0];
	oom.set_rank.key[1] = entry->key[1];
}

/* The verdict on the cgroup of a task, and the keys but the last. */
static __always_inline int rank_by_cgroup(struct task_struct *task, struct oom_domain *domain,
					  struct rank *rank)
{
	struct css_set *set = task->cgroups;
	int verdict;

	if (domain == &dry) {
		/* A dry run may go on beside an OOM and must not touch its state. */
		verdict = rank_cgroup(set->dfl_cgrp, set, domain, rank);
	} else {
		if (oom.set != (__u64)set) {
			/* A spared task is no reason to rank its cgroup. */
			if (spared(task))
				return NO_BPF_POLICY;
			load_cgroup(set);
		}
		verdict = oom.set_verdict;
		rank->key[0] = oom.set_rank.key[0];
		rank->key[1] = oom.set_rank.key[1];
	}
	return verdict;
}

#ifndef OWN_RANK
static __always_inline int rank(struct task_struct *task, struct oom_domain *domain,
				struct rank *rank)
{
	int verdict = rank_by_cgroup(task, domain, rank);
	__u64 pages;

	if (verdict == BPF_EVAL_SELECT) {
		pages = task_pages(task);
#ifdef TOO_SMALL
		if (small(pages, domain))
			return TOO_SMALL;
#endif
		rank->key[KEYS - 1] = pages;
		if (rank->key[1] == OWN_SIZE)
			rank->key[1] = pages;
	}
	return verdict;
}
#endif

#endif
