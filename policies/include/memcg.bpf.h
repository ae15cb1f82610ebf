/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The size of the memory cgroup that a task is in, in cgroup v2: the memory that a kill
 * of its processes frees. These are anonymous memory, swap and page tables;
 * memory.current has page cache and tmpfs, too, which stay.
 *
 * No counter of the kernel is exact at any moment, so the processes are added up once for
 * each OOM, without those that are no candidates: what they hold is no reason to kill
 * their neighbours. Not seen are shared memory that no other cgroup maps, and memory that two
 * processes share by CLONE_VM, which counts twice.
 */
#ifndef MEMCG_BPF_H
#define MEMCG_BPF_H

#define BEFORE_DRY_RUN before_dry_run

#include "cgroup.bpf.h"

#define MEMORY bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id)

struct sum_key {
	__u64 cgroup;
	__u32 dry;	/* of a dry run, which may go on beside an OOM */
	__u32 unused;
};

struct sum {
	__u64 round;	/* sums of another round are stale */
	__u64 pages;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct sum_key);
	__type(value, struct sum);
} oom_sums SEC(".maps");

__u64 sum_round, dry_round;	/* of OOMs, and of dry runs */
struct oom_domain sum_domain;

int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task,
		      unsigned int flags) __ksym;
struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym;
void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym;

/* Are all levels of the tree to be summed, or only the cgroups that have processes? */
#ifndef SUM_TREE
#define SUM_TREE false
#endif
#ifndef SUM_WANTED
#define SUM_WANTED true
#endif
/* Does the policy never kill this process? Then a kill does not free its memory. */
#ifndef SUM_SKIPS
#define SUM_SKIPS nobody
static __always_inline bool nobody(struct task_struct *task, __u32 dry_run)
{
	return false;
}
#endif

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

/* In pages. */
static __always_inline __u64 private_pages(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	__s64 pages;

	if (!mm)
		mm = other_mm(task);
	if (!mm)
		return 0;
	pages = mm->rss_stat[MM_ANONPAGES].count + mm->rss_stat[MM_SWAPENTS].count +
		(mm->pgtables_bytes.counter >> page_shift);
	return pages > 0 ? pages : 0;
}

static __always_inline void add_sum(struct cgroup *cgrp, __u32 dry_run, __u64 pages)
{
	struct sum_key key = { .cgroup = cgrp->kn->id, .dry = dry_run };
	__u64 round = dry_run ? dry_round : sum_round;
	struct sum *sum = bpf_map_lookup_elem(&oom_sums, &key), first;

	if (sum && sum->round == round) {
		sum->pages += pages;
	} else {
		first.round = round;
		first.pages = pages;
		bpf_map_update_elem(&oom_sums, &key, &first, BPF_ANY);
	}
}

/*
 * Processes of one css_set often come in a row: they are added up here, and to the map
 * when another one comes.
 */
static struct {
	__u64 set;
	__u64 unit;	/* its memcg_unit(), or 0 if it is not in the domain */
	__u64 pages;
} row[2];

/*
 * Global functions, which the verifier looks at once and by themselves: neither these nor
 * the iteration is allowed on the hook.
 */
__noinline int oom_sum_row(__u32 dry_run)
{
	struct oom_domain *domain = dry_run ? &dry : &sum_domain;
	__u64 pages = row[dry_run & 1].pages;
	struct cgroup_subsys_state *css;
	int i;

	row[dry_run & 1].pages = 0;
	if (!row[dry_run & 1].unit || !pages)
		return 0;
	/* All of it happens in one RCU read-side section. */
	css = cast((void *)row[dry_run & 1].unit, struct cgroup_subsys_state);
	add_sum(css->cgroup, dry_run, pages);
	for (i = 0; SUM_TREE && i < MAX_LEVELS; i++) {
		if (!css->parent || css->cgroup->level <= (int)domain->level)
			break;
		css = css->parent;
		add_sum(css->cgroup, dry_run, pages);
	}
	return 0;
}

__noinline int oom_sum_process(struct task_struct *task TRUSTED, __u32 dry_run)
{
	struct oom_domain *domain = dry_run ? &dry : &sum_domain;
	struct css_set *set = task->cgroups;

	if (row[dry_run & 1].set != (__u64)set) {
		oom_sum_row(dry_run);
		row[dry_run & 1].set = (__u64)set;
		row[dry_run & 1].unit = 0;
		if (in_domain(task, domain))
			row[dry_run & 1].unit = (__u64)memcg_unit(set, domain->level);
	}
	if (!row[dry_run & 1].unit || task->flags & PF_KTHREAD || task->tgid == 1 ||
	    is_last_resort(task) || SUM_SKIPS(task, dry_run))
		return 0;
	row[dry_run & 1].pages += private_pages(task);
	return 0;
}

static __always_inline void sum_sizes(__u32 dry_run)
{
	struct task_struct *task;
	struct bpf_iter_task it;

	if (dry_run)
		dry_round++;
	else
		sum_round++;
	/* The domain may be another than before. */
	row[dry_run & 1].set = 0;
	bpf_iter_task_new(&it, NULL, BPF_TASK_ITER_ALL_PROCS);
	while ((task = bpf_iter_task_next(&it)))
		oom_sum_process(task, dry_run);
	bpf_iter_task_destroy(&it);
	oom_sum_row(dry_run);
}

SEC("fentry/bpf_set_policy_name")
int BPF_PROG(oom_sum, struct oom_control *oc)
{
	if (SUM_WANTED) {
#ifdef AT_BEGIN
		/* Either of the two programs may run first. */
		AT_BEGIN(oc);
#endif
		__builtin_memset(&sum_domain, 0, sizeof(sum_domain));
		set_domain(&sum_domain, oc);
		sum_sizes(false);
	}
	return 0;
}

#ifndef AT_BEGIN
static __always_inline void before_dry_run(void)
{
	if (SUM_WANTED)
		sum_sizes(true);
}
#endif

static __always_inline __u64 sum_of(__u64 cgroup, struct oom_domain *domain)
{
	struct sum_key key = { .cgroup = cgroup, .dry = domain == &dry };
	__u64 round = domain == &dry ? dry_round : sum_round;
	struct sum *sum = bpf_map_lookup_elem(&oom_sums, &key);

	return sum && sum->round == round ? sum->pages : 0;
}

/* In pages. The processes of the root do not belong together: each counts for itself. */
static __always_inline __u64 memcg_pages(struct css_set *set, struct oom_domain *domain)
{
	struct cgroup_subsys_state *unit = memcg_unit(set, domain->level);

	return unit->parent ? sum_of(unit->cgroup->kn->id, domain) : OWN_SIZE;
}

#endif
