// SPDX-License-Identifier: GPL-2.0
/*
 * priority - cgroups have priorities, and the lowest dies first
 *
 * A map gives cgroups a priority of 0 to 12. A process has the lowest of those on
 * the way from its cgroup up to the root: nobody can lift a part of a tree above
 * the whole, and a cgroup without a priority has that of its parent. If there is
 * none on the way, the value of key 0 counts, and without one 6, the middle: a leak
 * that nobody has listed dies before what is listed as dear. A cgroup that is too
 * small to help, below a hundredth of the memory, is not put before the middle.
 *
 * Of equal priorities the biggest memory cgroup comes first, measured as in
 * cgroup_size.bpf.c, and in it the biggest process. memory.oom.group kills all of it.
 *
 *   oom-policy load priority --set /prod=10 --set /batch=1
 *
 * or, where there is only bpftool, with the inode number of the directory as key:
 *
 *   bpftool prog loadall priority.bpf.o /sys/fs/bpf/priority autoattach
 *   bpftool map update name oom_cgroups \
 *           key 0x2a 0x01 0 0 0 0 0 0 value 10 0 0 0
 *
 * A rule set by oom-policy is on a path, and holds for a cgroup that is made anew.
 *
 * The maps are root's. The owner of a delegated cgroup has no say. oom_score_adj decides
 * only between processes that are nearly equal, and at or below -900 a process is no
 * candidate.
 *
 * Bad at: a small process of low priority that is killed again and again, while
 * the one that eats the memory has a high one.
 */
#define CGROUP_RULES "0..12"
#define FLOOR
#define POLICY "priority"
#define CHOOSES "cgroups have priorities of 0 to 12, the lowest dies first"
#define BAD_AT "a small process of low priority dies while a big one of high priority leaks"
#define RANK_KEYS "12- priority,pages cgroup,pages task"
#include "memcg.bpf.h"

/* Of what nobody has given a priority: such cgroups are neither protected nor preferred. */
#define MIDDLE	(MAX_PRIORITY / 2)

static __always_inline __u32 own_priority(__u64 id)
{
	__u32 *priority = bpf_map_lookup_elem(&oom_cgroups, &id);

	return priority ? *priority : MAX_PRIORITY + 1;
}

static __always_inline int rank_cgroup(struct cgroup *cgrp, struct css_set *set,
				       struct oom_domain *domain, struct rank *rank)
{
	__u32 priority, lowest = MAX_PRIORITY + 1;
	__u64 pages;
	int i;

	cgrp = deepest(cgrp);
	for (i = 0; i < MAX_LEVELS && cgrp; i++) {
		priority = own_priority(cgrp->kn->id);
		lowest = priority < lowest ? priority : lowest;
		cgrp = parent_cgroup(cgrp);
	}
	if (lowest > MAX_PRIORITY)
		lowest = own_priority(0);
	if (lowest > MAX_PRIORITY)
		lowest = MIDDLE;
	pages = memcg_pages(set, domain);
	if (lowest < MIDDLE && small(pages, domain))
		lowest = MIDDLE;
	rank->key[0] = MAX_PRIORITY - lowest;
	rank->key[1] = pages;
	return BPF_EVAL_SELECT;
}
