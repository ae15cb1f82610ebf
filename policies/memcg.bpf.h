/* SPDX-License-Identifier: GPL-2.0 */
/* The size of the memory cgroup that a task is in, in cgroup v2. */
#ifndef MEMCG_BPF_H
#define MEMCG_BPF_H

#define MEMORY bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id)

static __always_inline struct mem_cgroup *to_memcg(struct cgroup_subsys_state *css)
{
	return cast((void *)css - bpf_core_field_offset(struct mem_cgroup, css),
		    struct mem_cgroup);
}

/*
 * The cgroup that is chosen from or killed as a whole: the task's own or, where
 * memory.oom.group is set on it or above it, down to a level, the highest of these.
 */
static __noinline struct cgroup_subsys_state *memcg_unit(struct css_set *set, int level)
{
	struct cgroup_subsys_state *css = set->subsys[MEMORY], *unit = css;
	int i;

	css = deepest(css->cgroup)->subsys[MEMORY];
	for (i = 0; i < MAX_LEVELS && css; i++) {
		if (to_memcg(css)->oom_group)
			unit = css;
		if (css->cgroup->level <= level)
			break;
		css = css->parent;
	}
	return unit;
}

/*
 * Pages of memory and swap. The root is charged for nothing, and its processes do
 * not belong together: each counts for itself.
 */
static __always_inline __u64 memcg_pages(struct css_set *set, struct oom_domain *domain)
{
	struct cgroup_subsys_state *unit = memcg_unit(set, domain->level);

	if (!unit->parent)
		return OWN_SIZE;
	return to_memcg(unit)->memory.usage.counter + to_memcg(unit)->swap.usage.counter;
}

#endif
