/* SPDX-License-Identifier: GPL-2.0 */
/* How big the memory cgroup of a task is, as cgroup v2 has them. */
#ifndef MEMCG_BPF_H
#define MEMCG_BPF_H

int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task,
		      unsigned int flags) __ksym;
struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym;
void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym;

/* Of an enum that has no name in the kernel: processes, not threads. */
#define ITER_ALL_PROCS 0

static __always_inline struct cgroup_subsys_state *set_memcg(struct css_set *set)
{
	int id = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	struct cgroup_subsys_state *css = NULL;

	bpf_core_read(&css, sizeof(css), &set->subsys[id]);
	return css;
}

static __always_inline struct mem_cgroup *to_memcg(struct cgroup_subsys_state *css)
{
	return (void *)css - bpf_core_field_offset(struct mem_cgroup, css);
}

/*
 * The root is charged for nothing, so it counts for what its processes hold.
 * They are gone through once for each OOM that gets here, a global one.
 */
static __always_inline __u64 root_pages(struct oom_domain *domain)
{
	struct cgroup_subsys_state *css;
	struct task_struct *task;
	struct bpf_iter_task it;
	__u64 pages = 0;

	if (domain->root)
		return domain->root;
	bpf_iter_task_new(&it, NULL, ITER_ALL_PROCS);
	while ((task = bpf_iter_task_next(&it))) {
		css = set_memcg(task->cgroups);
		if (BPF_CORE_READ(css, parent) || task->flags & PF_KTHREAD ||
		    task->signal->oom_score_adj == OOM_SCORE_ADJ_MIN)
			continue;
		pages += task_pages(task);
	}
	bpf_iter_task_destroy(&it);
	domain->root = pages;
	return pages;
}

/*
 * What is killed as a whole or chosen from: the memory cgroup or, where
 * memory.oom.group is set on it or above it, down to a level, the highest of these.
 */
__noinline __u64 memcg_unit(__u64 of, __u32 level)
{
	int i, id = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	struct cgroup_subsys_state *css = (void *)of, *unit = css;
	struct cgroup *cgrp = BPF_CORE_READ(css, cgroup);

	if (BPF_CORE_READ(cgrp, level) >= MAX_LEVELS) {
		cgrp = BPF_CORE_READ(cgrp, ancestors[MAX_LEVELS - 1]);
		bpf_core_read(&css, sizeof(css), &cgrp->subsys[id]);
	}
	for (i = 0; i < MAX_LEVELS && css; i++) {
		if (BPF_CORE_READ(to_memcg(css), oom_group))
			unit = css;
		if (BPF_CORE_READ(css, cgroup, level) <= level)
			break;
		css = BPF_CORE_READ(css, parent);
	}
	return (__u64)unit;
}

/* Its size in pages, with swap. */
static __always_inline __u64 memcg_pages(struct css_set *set, struct oom_domain *domain)
{
	struct cgroup_subsys_state *unit =
		(void *)memcg_unit((__u64)set_memcg(set), domain->level);
	struct mem_cgroup *memcg;

	if (!unit)
		return 0;
	if (!BPF_CORE_READ(unit, parent))
		return root_pages(domain);
	memcg = to_memcg(unit);
	return BPF_CORE_READ(memcg, memory.usage.counter) +
	       BPF_CORE_READ(memcg, swap.usage.counter);
}

#endif
