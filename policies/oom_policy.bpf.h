/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A policy is one function that ranks a task:
 *
 *	#define POLICY "rss"
 *	#include "oom_policy.bpf.h"
 *
 *	static int rank(struct task_struct *task, struct oom_domain *domain,
 *			struct rank *rank)
 *	{
 *		rank->key[0] = task_pages(task);
 *		return BPF_EVAL_SELECT;
 *	}
 *
 * It returns BPF_EVAL_SELECT for a candidate: of these the one with the highest
 * rank dies. BPF_EVAL_NEXT is for whom the policy spares, and NO_BPF_POLICY for
 * whom it leaves to the next policy or to the kernel. It is called under
 * oom_lock and RCU, may not sleep, and should not keep anything: the dry run
 * calls it, too, at any time.
 *
 * From it come the programs at the end of this file: what the kernel asks in an
 * OOM, and a dry run that prints what it would be told. What is kept for an OOM
 * is in variables, since oom_lock lets only one happen at a time.
 *
 * Several policies at once: the one attached last is asked first. Whom it has an
 * opinion on, the others are not asked about; and once it has a candidate, none
 * of the others selects any more. They cannot talk to each other, but each can
 * see when oc->chosen becomes a task that it was not asked about. The label is that
 * of the policy that selected last; if none did, of the one that was loaded first.
 */
#ifndef OOM_POLICY_BPF_H
#define OOM_POLICY_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "oom_policy.h"

char _license[] SEC("license") = "GPL";

#define OOM_SCORE_ADJ_MIN	-1000
#define PF_EXITING		0x00000004
#define PF_KTHREAD		0x00200000
/* What the kernel stores as the points of a task that a program selected. */
#define POLICY_POINTS		(__LONG_MAX__ - 1)
/* Levels of cgroups looked at, from the root down: see deepest(). */
#define MAX_LEVELS		32
/* Threads looked at for the memory of a process whose first one has ended. */
#define MAX_THREADS		32

#ifndef OBSERVE
#define OBSERVE false
#endif

/* What those who load a policy may set, before or later. */
#define SETTING SEC(".data.settings")

/* Give no opinion, but count all else. */
bool observe SETTING = OBSERVE;
/* Tasks at an oom_score_adj of -1000 are ranked, too. */
bool kill_unkillable SETTING;
/* Tables of pages are counted in bytes, all else in pages of 1 << this. */
__u32 page_shift SETTING = 12;

struct oom_domain dry SEC(".data.dry") = { };
struct oom_policy_stats stats SEC(".data.stats") = { .label = POLICY };

/* Compared from the first key on; higher dies first. */
#define KEYS 3
struct rank {
	__u64 key[KEYS];
	__u64 start;	/* of equals the oldest dies: mostly it is asked about first */
	__u64 pid;	/* whose rank it is; 0: nobody's */
};

/* As oc->chosen, which is no such address. */
#define NOT_BEGUN 1
static struct {
	struct oom_domain domain;
	struct rank best, before;
	__u64 chosen;	/* oc->chosen as it has to be: as it was, or as selected */
	__u64 kept;	/* and as it was before this policy selected one */
	__u64 asked;	/* the task that it was asked about last */
	bool selected;	/* it has selected one */
	bool overruled;	/* a policy that is asked earlier has a candidate */
	bool named;	/* the label is its own */
	/* For cgroup.bpf.h: the cgroup, by its css_set, that was ranked last */
	__u64 set;
	struct rank set_rank;
	int set_verdict;
} oom = { .chosen = NOT_BEGUN };

int set_oom_policy_name(struct oom_control *oc, const char *name, size_t sz) __ksym;
void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym;

static __always_inline int rank(struct task_struct *task, struct oom_domain *domain,
				struct rank *rank);

/*
 * The first thread of a process has ended: its memory is that of another, or there
 * is none. A global function is verified once, and not for each place that calls it.
 */
__noinline __u64 other_mm(__u64 of)
{
	struct signal_struct *signal = (void *)of;
	struct list_head *head = &signal->thread_head;
	struct list_head *pos = BPF_CORE_READ(head, next);
	struct task_struct *task;
	struct mm_struct *mm;
	int i;

	for (i = 0; i < MAX_THREADS && pos != head; i++) {
		task = (void *)pos - bpf_core_field_offset(struct task_struct, thread_node);
		mm = BPF_CORE_READ(task, mm);
		if (mm)
			return (__u64)mm;
		pos = BPF_CORE_READ(pos, next);
	}
	return 0;
}

/*
 * What the kernel counts: resident, swapped out, and tables of pages; in pages.
 * Counters are read as they are: up to some ten pages for each CPU are missing.
 * Fields are read without a helper, as this is done for each task.
 */
static __always_inline __u64 task_pages(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	__s64 file, anon, shmem, swap;

	if (!mm) {
		mm = (void *)other_mm((__u64)BPF_CORE_READ(task, signal));
		mm = bpf_rdonly_cast(mm, bpf_core_type_id_kernel(struct mm_struct));
	}
	if (!mm)
		return 0;
	file = mm->rss_stat[MM_FILEPAGES].count;
	anon = mm->rss_stat[MM_ANONPAGES].count;
	shmem = mm->rss_stat[MM_SHMEMPAGES].count;
	swap = mm->rss_stat[MM_SWAPENTS].count;
	return ((__u64)mm->pgtables_bytes.counter >> page_shift) +
	       (file > 0 ? file : 0) + (anon > 0 ? anon : 0) +
	       (shmem > 0 ? shmem : 0) + (swap > 0 ? swap : 0);
}

/*
 * The cgroup, or where it hangs on the deepest level that is looked at: who may make
 * cgroups cannot get away from the rules by making them deep.
 */
static __always_inline struct cgroup *deepest(struct cgroup *cgrp)
{
	if (cgrp->level < MAX_LEVELS)
		return cgrp;
	return bpf_rdonly_cast(BPF_CORE_READ(cgrp, ancestors[MAX_LEVELS - 1]),
			       bpf_core_type_id_kernel(struct cgroup));
}

/* It was killed already. To have no opinion is what makes the kernel wait for it. */
static __always_inline bool dying(struct task_struct *task)
{
	return task->signal->oom_mm;
}

static __always_inline bool spared(struct task_struct *task)
{
	return task->signal->oom_score_adj == OOM_SCORE_ADJ_MIN && !kill_unkillable;
}

/* Does a task of this rank come before the best? */
static __always_inline bool higher(struct task_struct *task, const struct rank *r,
				   const struct rank *best)
{
	int i;

	for (i = 0; i < KEYS; i++) {
		if (r->key[i] != best->key[i])
			return r->key[i] > best->key[i];
	}
	return task->start_boottime < best->start;
}

static __always_inline void take(struct task_struct *task, struct rank *r)
{
	r->start = task->start_boottime;
	r->pid = task->tgid;
	oom.before = oom.best;
	oom.best = *r;
}

static __always_inline void begin(struct oom_control *oc)
{
	__builtin_memset(&oom, 0, sizeof(oom));
	/* Nobody's: any task of any rank comes before it. */
	oom.best.start = ~0ULL;
	stats.ooms++;
	oom.domain.totalpages = oc->totalpages;
	if (oc->memcg) {
		oom.domain.level = oc->memcg->css.cgroup->level;
		oom.domain.cgroup = oc->memcg->css.cgroup->kn->id;
	}
}

/* Several policies give themselves a name, and who decides has to have the last word. */
static __always_inline void sign(struct oom_control *oc)
{
	char name[] = POLICY;

	set_oom_policy_name(oc, name, sizeof(name));
}

SEC("fentry/bpf_set_policy_name")
int BPF_PROG(oom_begin, struct oom_control *oc)
{
	begin(oc);
	if (!observe)
		sign(oc);
	return 0;
}

/* Somebody else is chosen than has to be. */
static __always_inline void look(struct oom_control *oc, __u64 chosen)
{
	if (oom.chosen == NOT_BEGUN) {
		/* Attached since the tasks began to be asked about: join in. */
		begin(oc);
		oom.overruled = oc->chosen_points == POLICY_POINTS;
	} else if (oom.selected && chosen == oom.kept) {
		/* It would have freed nothing: the one before is best again. */
		stats.refused++;
		oom.best = oom.before;
	} else if (chosen != oom.asked) {
		oom.overruled = true;
	}
	oom.chosen = chosen;
	oom.selected = false;
	oom.named = false;
}

SEC("fmod_ret/bpf_oom_evaluate_task")
int BPF_PROG(oom_evaluate, struct task_struct *task, struct oom_control *oc)
{
	__u64 chosen = (__u64)oc->chosen;
	struct rank r = { };
	int verdict;

	if (chosen != oom.chosen)
		look(oc, chosen);
	oom.asked = (__u64)task;

	if (dying(task))
		return NO_BPF_POLICY;
	verdict = rank(task, &oom.domain, &r);
	/* Most end here: whatever else there is to know of them does not matter. */
	if (verdict == BPF_EVAL_SELECT && (oom.overruled || !higher(task, &r, &oom.best)))
		return observe ? NO_BPF_POLICY : BPF_EVAL_NEXT;
	if (spared(task))
		return NO_BPF_POLICY;
	if (verdict == BPF_EVAL_SELECT) {
		take(task, &r);
		stats.best.pid = r.pid;
		stats.best.pages = task_pages(task);
		bpf_probe_read_kernel_str(stats.best.comm, sizeof(stats.best.comm), task->comm);
	}
	if (observe)
		return NO_BPF_POLICY;
	if (verdict == BPF_EVAL_SELECT) {
		if (!oom.named)
			sign(oc);
		oom.named = true;
		stats.selected++;
		oom.selected = true;
		oom.kept = chosen;
		oom.chosen = (__u64)task;
	}
	return verdict;
}

SEC("tp_btf/mark_victim")
int BPF_PROG(oom_victim, struct task_struct *task)
{
	__u64 pid = task->tgid;

	/* The one before it is, where the best was refused at last. */
	if ((oom.best.pid == pid || oom.before.pid == pid) && !observe)
		stats.victims++;
	/* Each thread of it may be marked by itself. */
	oom.best.pid = 0;
	oom.before.pid = 0;
	return 0;
}

SEC("tp_btf/oom_policy_fallback")
int BPF_PROG(oom_fallback, const char *name)
{
	char label[sizeof(stats.label)];

	bpf_probe_read_kernel_str(label, sizeof(label), name);
	if (!bpf_strncmp(label, sizeof(label), POLICY))
		stats.fallbacks++;
	return 0;
}

/* Is the task in the cgroup that the dry run is about? */
static __always_inline bool dry_domain(struct task_struct *task)
{
	struct cgroup *cgrp = task->cgroups->dfl_cgrp;
	__u32 level = dry.level;

	if (!dry.cgroup)
		return true;
	/* The mask is for the verifier, which wants a bound. */
	return cgrp->level >= (int)level &&
	       BPF_CORE_READ(cgrp, ancestors[level & 0xffff], kn, id) == dry.cgroup;
}

/*
 * For each process of the domain a line: pid, verdict, why, the keys of its
 * rank, when it started (ns), its size in pages, oom_score_adj, and the id of
 * its cgroup.
 */
SEC("iter/task")
int oom_rank(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	int verdict = NO_BPF_POLICY;
	struct rank r = { };
	enum why why;

	if (!ctx->meta->seq_num)
		dry.root = 0;
	if (!task || task->pid != task->tgid || task->tgid == 1 ||
	    task->flags & PF_KTHREAD || !dry_domain(task))
		return 0;
	why = dying(task) ? WHY_DYING : spared(task) ? WHY_SPARED : WHY_POLICY;
	if (!task->mm && !other_mm((__u64)BPF_CORE_READ(task, signal)))
		why = WHY_NO_MEMORY;
	if (why == WHY_POLICY)
		verdict = rank(task, &dry, &r);
	if (observe)
		verdict = NO_BPF_POLICY;
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d %d %d %llu %llu %llu %llu %llu %d %llu\n",
		       task->tgid, verdict, why, r.key[0], r.key[1], r.key[2], task->start_boottime,
		       task_pages(task), task->signal->oom_score_adj,
		       task->cgroups->dfl_cgrp->kn->id);
	return 0;
}

#endif
