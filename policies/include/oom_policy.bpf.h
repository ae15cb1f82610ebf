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
 * It returns BPF_EVAL_SELECT for a candidate: the one with the highest rank dies.
 * BPF_EVAL_NEXT spares a task, NO_BPF_POLICY leaves it to the next policy or to the
 * kernel. The function is called under oom_lock and RCU, may not sleep, and must
 * not keep anything: the dry run calls it, too, at any time.
 *
 * The programs at the end of this file call it: in an OOM, and in a dry run that
 * prints what they would say. oom_lock allows one OOM at a time, so its state is in
 * variables. The hook refuses programs whose running time the verifier does not
 * bound: use static functions and loops with a constant bound; global functions,
 * callbacks and iterators do not load.
 *
 * Several policies at once: the one attached last is asked first. A task that it
 * has an opinion on is not offered to the others, and while it has a candidate,
 * the others select none. Policies cannot talk to each other, but each sees
 * when oc->chosen becomes a task that it was not asked about. The label is that of
 * the policy that selected last or, if none did, of the one that was loaded first.
 */
#ifndef OOM_POLICY_BPF_H
#define OOM_POLICY_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "oom_policy.h"

char _license[] SEC("license") = "GPL";

/*
 * The description of a policy, in its BTF: oom-policy(8) reads it from the object and
 * from what is loaded. Macros that a policy may define before it includes this file:
 *
 *   CHOOSES	one line: what dies first
 *   BAD_AT	one line: when not to use it
 *   RANK_KEYS	the meaning of the keys of struct rank, separated by commas, each a
 *		unit and a text: "pages TEXT", "number TEXT", "N- TEXT" (N minus the
 *		key), "age", "score" (the kernel's, in pages), "words A|B" (A is 0), or
 *		nothing for a key that is not to be shown
 *
 * Its rules are a map, and its settings are variables, each with a tag behind it:
 *
 *   } oom_pids SEC(".maps") RULES("pid", "first=3|never=2", "HELP");
 *   __u64 min_pages SETTING("min", "0..1048576 MiB", "HELP") = 256;
 *
 * Values are words, the default first, or a range of whole numbers. With a unit of
 * KiB, MiB or GiB the variable has pages; its default is one in pages of 4 KiB. Rules
 * are on a pid (struct oom_pid is the value), a cgroup (its id is the key) or a name
 * (struct oom_name is the key).
 */
#define DESCRIBE(what, text)	__attribute__((btf_decl_tag("oom:" what ":" text)))
#define RULES(subject, values, help)	DESCRIBE("rules", subject ":" values ":" help)
/* To be changed before or after loading. */
#define SETTING(name, values, help)	\
	SEC(SETTINGS) DESCRIBE("setting", name ":" values ":" help)
#define SETTINGS		".data.settings"
#ifndef CHOOSES
#define CHOOSES			""
#endif
#ifndef BAD_AT
#define BAD_AT			""
#endif
#ifndef RANK_KEYS
#define RANK_KEYS		""
#endif

#define OOM_SCORE_ADJ_MIN	-1000
#define PF_EXITING		0x00000004
#define PF_KTHREAD		0x00200000
/* oc->chosen_points after a selection. */
#define POLICY_POINTS		(__LONG_MAX__ - 1)
/* Levels of cgroups that are examined, from the root down: see deepest(). */
#define MAX_LEVELS		32
/* Threads that are examined for the memory of a process whose first one has ended. */
#define MAX_THREADS		32

#ifndef OBSERVE
#define OBSERVE false
#endif

/* Give no opinion, but count. */
bool observe SETTING("observe", "no=0|yes=1", "decide nothing, only count") = OBSERVE;
/* Tasks at an oom_score_adj of -1000 are ranked, too. */
bool kill_unkillable SETTING("unkillable", "spare=0|kill=1",
			     "processes at an oom_score_adj of -1000");
/*
 * A task at or below this oom_score_adj is a last resort: a selection of it counts as no
 * opinion, and the kernel, whose score of it is low, takes it if there is nobody else.
 */
__s32 last_resort SETTING("last-resort", "-1000..1000",
			  "no candidate at or below this oom_score_adj (default -900)") = -900;
/* Page tables are counted in bytes, all else in pages of 1 << page_shift. */
__u32 page_shift SEC(SETTINGS) = 12;

struct oom_domain dry SEC(".data.dry") = { };
struct oom_policy_stats stats SEC(".data.stats")
	DESCRIBE("policy", POLICY) DESCRIBE("chooses", CHOOSES) DESCRIBE("bad at", BAD_AT)
	DESCRIBE("keys", RANK_KEYS) = { .label = POLICY };
#ifdef LINES
struct oom_line_stats line_stats[LINES] SEC(".data.lines") = { };
#endif

/* Compared from the first key on, of which the last is a size; higher dies first. */
#define KEYS 3
struct rank {
	__u64 key[KEYS];
	/* Of sizes that are nearly equal the higher oom_score_adj dies, then the younger. */
	__u64 start;
	__s32 adj;
	__u32 line;	/* of a list of rules, from 1; 0: none */
	bool named;	/* a rule names this very process, or its oom_score_adj */
	__u64 largest;	/* size among those with the same other keys, this one or not */
	__u64 pid;	/* the process that has this rank; 0: none */
};

/*
 * Younger by less, in ns, counts as the same age: workers that are forked in a row, and
 * come in this order, would be selected in turn.
 */
#define TICK 10000000

/* Down to this a size is nearly equal to the largest. */
#ifdef NEAR
static __always_inline __u64 NEAR(__u64 largest);
#else
#define NEAR near
static __always_inline __u64 near(__u64 largest)
{
	return largest - largest / 16;
}
#endif

/* A value that oc->chosen never has. */
#define NOT_BEGUN 1
static struct {
	struct oom_domain domain;
	struct rank best, before;
	__u64 least;	/* pages, for small() */
	__u64 chosen;	/* oc->chosen as this policy left it */
	__u64 before_selection;	/* oc->chosen before this policy's last selection */
	__u64 offered;	/* the task that this policy was asked about last */
	bool selected;	/* the last verdict was a selection */
	bool another_policy_selected;	/* one that is asked earlier has a candidate */
	bool labelled;	/* the label is this policy's */
	/* For cgroup.bpf.h: the css_set that was ranked last */
	__u64 set;
	struct rank set_rank;
	int set_verdict;
} oom = { .chosen = NOT_BEGUN };

int set_oom_policy_name(struct oom_control *oc, const char *name, size_t sz) __ksym;
void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym;

/* An argument of a global function that is not NULL, and that helpers take. */
#define TRUSTED __attribute__((btf_decl_tag("arg:trusted")))

/* A pointer that may be read without a helper, wherever it comes from. */
#define cast(ptr, type)	((type *)bpf_rdonly_cast(ptr, bpf_core_type_id_kernel(type)))

static __always_inline int rank(struct task_struct *task, struct oom_domain *domain,
				struct rank *rank);
#ifdef BEFORE_DRY_RUN
static __always_inline void BEFORE_DRY_RUN(void);
#endif

/* The memory of a process whose first thread has ended belongs to another thread. */
static __noinline struct mm_struct *other_mm(struct task_struct *task)
{
	struct list_head *head = &task->signal->thread_head, *pos = head->next;
	struct mm_struct *mm;
	int i;

	for (i = 0; i < MAX_THREADS && pos != head; i++) {
		task = cast((void *)pos - bpf_core_field_offset(task->thread_node),
			    struct task_struct);
		mm = task->mm;
		if (mm)
			return mm;
		pos = pos->next;
	}
	return NULL;
}

/*
 * The kernel's own measure in pages: resident, swapped out, and page tables. The
 * per-CPU parts of the counters, max(32, 2 * CPUs) pages for each CPU or less, are not
 * added.
 */
static __always_inline __u64 task_pages(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	__s64 pages;

	if (!mm)
		mm = other_mm(task);
	if (!mm)
		return 0;
	pages = mm->rss_stat[MM_FILEPAGES].count + mm->rss_stat[MM_ANONPAGES].count +
		mm->rss_stat[MM_SHMEMPAGES].count + mm->rss_stat[MM_SWAPENTS].count +
		(mm->pgtables_bytes.counter >> page_shift);
	/* A process that frees memory may be counted below 0. */
	return pages > 0 ? pages : 0;
}

/*
 * The cgroup, or its ancestor on the deepest level that is examined: nobody who may
 * make cgroups escapes the rules by nesting them.
 */
static __always_inline struct cgroup *deepest(struct cgroup *cgrp)
{
	if (cgrp->level < MAX_LEVELS)
		return cgrp;
	return cast(BPF_CORE_READ(cgrp, ancestors[MAX_LEVELS - 1]), struct cgroup);
}

static __always_inline bool in_domain(struct task_struct *task, const struct oom_domain *domain)
{
	struct cgroup *cgrp = task->cgroups->dfl_cgrp;
	__u32 level = domain->level;

	if (!domain->cgroup)
		return true;
	/* The mask gives the verifier a bound. */
	return cgrp->level >= (int)level &&
	       BPF_CORE_READ(cgrp, ancestors[level & 0xffff], kn, id) == domain->cgroup;
}

static __always_inline bool dying(struct task_struct *task)
{
	return task->signal->oom_mm;
}

static __always_inline bool spared(struct task_struct *task)
{
	return task->signal->oom_score_adj == OOM_SCORE_ADJ_MIN && !kill_unkillable;
}

/* Compares the keys before the last: 1 if r is higher, -1 if the best is, or 0. */
#ifdef COMPARE_KEYS
static __always_inline int COMPARE_KEYS(const struct rank *r, const struct rank *best);
#else
#define COMPARE_KEYS compare_keys
static __always_inline int compare_keys(const struct rank *r, const struct rank *best)
{
	int i;

	for (i = 0; i < KEYS - 1; i++) {
		if (r->key[i] != best->key[i])
			return r->key[i] > best->key[i] ? 1 : -1;
	}
	return 0;
}
#endif

/*
 * 1 if a task of this rank comes before the best, -1 if behind it, 0 if oom_score_adj and
 * age decide.
 */
static __always_inline int compare(struct rank *r, const struct rank *best)
{
	__u64 size = r->key[KEYS - 1];
	int order = COMPARE_KEYS(r, best);

	r->largest = size;
	if (order || !best->pid)
		return order ?: 1;
	/* Both are measured by the largest, or many small steps would lead far down. */
	if (size < best->largest)
		r->largest = best->largest;
	if (size < NEAR(r->largest))
		return -1;
	return best->key[KEYS - 1] < NEAR(r->largest);
}

/* Not to be selected, unless a rule names it. */
static __always_inline bool is_last_resort(struct task_struct *task)
{
	__s32 adj = task->signal->oom_score_adj;

	return adj == OOM_SCORE_ADJ_MIN ? !kill_unkillable : adj <= last_resort;
}

/* Is it nearly equal to the best, by compare(), and comes before it? */
static __always_inline bool wins_tie(struct task_struct *task, const struct rank *r,
				     struct rank *best)
{
	__s32 adj = task->signal->oom_score_adj;

	if (adj != best->adj ? adj > best->adj : task->start_boottime > best->start + TICK)
		return true;
	/* Only here: if a selection is refused, the best before it is as it was. */
	if (r->largest > best->largest && !is_last_resort(task))
		best->largest = r->largest;
	return false;
}

static __always_inline void set_best(struct task_struct *task, struct rank *r)
{
	r->pid = task->tgid;
	r->adj = task->signal->oom_score_adj;
	r->start = task->start_boottime;
	oom.before = oom.best;
	oom.best = *r;
}

static __always_inline void set_domain(struct oom_domain *domain, struct oom_control *oc)
{
	domain->totalpages = oc->totalpages;
	if (oc->memcg) {
		domain->level = oc->memcg->css.cgroup->level;
		domain->cgroup = oc->memcg->css.cgroup->kn->id;
	}
}

/* A policy that calls small() defines FLOOR. */
#ifdef FLOOR
__u64 floor_pages SETTING("floor", "0..1048576 MiB",
			  "small memory: prefer nothing below this; 0: any (default 8)") = 2048;

/*
 * Too small to be preferred: killed one by one, such processes free nothing. That is
 * below a hundredth of the memory or, where this is next to nothing itself, below
 * floor_pages, but not above a tenth. Without floor_pages nothing is too small.
 */
static __always_inline __u64 least_pages(const struct oom_domain *domain)
{
	__u64 least = floor_pages;

	if (!least)
		return 0;
	if (least > domain->totalpages / 10)
		least = domain->totalpages / 10;
	return least > domain->totalpages / 100 ? least : domain->totalpages / 100;
}

static __always_inline bool small(__u64 pages, const struct oom_domain *domain)
{
	return pages < (domain == &dry ? least_pages(domain) : oom.least);
}
#else
static __always_inline __u64 least_pages(const struct oom_domain *domain)
{
	return 0;
}
#endif

#ifdef AT_BEGIN
static __always_inline void AT_BEGIN(struct oom_control *oc);
#endif

static __always_inline void begin(struct oom_control *oc)
{
	__builtin_memset(&oom, 0, sizeof(oom));
	stats.ooms++;
	set_domain(&oom.domain, oc);
	oom.least = least_pages(&oom.domain);
#ifdef AT_BEGIN
	AT_BEGIN(oc);
#endif
}

/* The last name wins, so it is set again on a policy's first selection in a row. */
#ifdef SET_LABEL
static __always_inline void SET_LABEL(struct oom_control *oc, __u32 line);
#else
#define SET_LABEL set_label
static __always_inline void set_label(struct oom_control *oc, __u32 line)
{
	char name[] = POLICY;

	set_oom_policy_name(oc, name, sizeof(name));
}
#endif

SEC("fentry/bpf_set_policy_name")
int BPF_PROG(oom_begin, struct oom_control *oc)
{
	begin(oc);
	if (!observe)
		SET_LABEL(oc, 0);
	return 0;
}

/* oc->chosen is not what this policy left there: find out why. */
static __always_inline void check_chosen(struct oom_control *oc, __u64 chosen)
{
	/* Attached during this OOM, so it has missed bpf_set_policy_name(). */
	if (oom.chosen == NOT_BEGUN)
		begin(oc);
	if (oom.selected && chosen == oom.before_selection) {
		/* The selection would have freed nothing: the previous best is back. */
		stats.refused++;
		oom.best = oom.before;
	} else if (chosen != oom.offered && oc->chosen_points == POLICY_POINTS) {
		/* The kernel's choice is none: it may be of before this policy was attached. */
		oom.another_policy_selected = true;
	}
	oom.chosen = chosen;
	oom.selected = false;
	oom.labelled = false;
}

SEC("fmod_ret/bpf_oom_evaluate_task")
int BPF_PROG(oom_evaluate, struct task_struct *task, struct oom_control *oc)
{
	__u64 chosen = (__u64)oc->chosen;
	struct rank r = { };
	int verdict, order = 1;

	if (chosen != oom.chosen)
		check_chosen(oc, chosen);
	oom.offered = (__u64)task;

	verdict = rank(task, &oom.domain, &r);
	if (verdict == BPF_EVAL_SELECT)
		order = oom.another_policy_selected ? -1 : compare(&r, &oom.best);
	/* Most tasks end here, so the checks that are only for a selection come later. */
	if (order < 0 || (!order && !wins_tie(task, &r, &oom.best)))
		return observe ? NO_BPF_POLICY : BPF_EVAL_NEXT;
	/* No opinion on a dying task: the kernel waits for it, and no selection is counted. */
	if (spared(task) || dying(task))
		return NO_BPF_POLICY;
	if (verdict == BPF_EVAL_SELECT) {
		if (!r.named && is_last_resort(task))
			return NO_BPF_POLICY;
		set_best(task, &r);
		stats.best.pid = r.pid;
		stats.best.line = r.line;
		stats.best.pages = task_pages(task);
		bpf_probe_read_kernel_str(stats.best.comm, sizeof(stats.best.comm), task->comm);
	}
	if (observe)
		return NO_BPF_POLICY;
	if (verdict == BPF_EVAL_SELECT) {
		if (!oom.labelled || oom.before.line != r.line)
			SET_LABEL(oc, r.line);
		oom.labelled = true;
		stats.selected++;
#ifdef LINES
		if (r.line && r.line <= LINES)
			line_stats[r.line - 1].selected++;
#endif
		oom.selected = true;
		oom.before_selection = chosen;
		oom.chosen = (__u64)task;
	}
	return verdict;
}

SEC("tp_btf/mark_victim")
int BPF_PROG(oom_victim, struct task_struct *task)
{
	__u64 pid = task->tgid;

	/* If the last selection was refused, the previous best dies. */
	if ((oom.best.pid == pid || oom.before.pid == pid) && !observe) {
		stats.victims++;
#ifdef LINES
		__u32 line = oom.best.pid == pid ? oom.best.line : oom.before.line;

		if (line && line <= LINES)
			line_stats[line - 1].victims++;
#endif
	}
	/* mark_victim may fire once for each thread. */
	oom.best.pid = 0;
	oom.before.pid = 0;
	return 0;
}

SEC("tp_btf/oom_policy_outcome")
int BPF_PROG(oom_outcome, struct oom_control *oc, const char *policy, __u64 memcg,
	     const char *outcome)
{
	char text[sizeof(stats.label)];
	int i;

	bpf_probe_read_kernel_str(text, sizeof(text), policy);
	/* The label of a list of rules goes on with the line that decided. */
	if (bpf_strncmp(text, sizeof(POLICY) - 1, POLICY) ||
	    (text[sizeof(POLICY) - 1] && text[sizeof(POLICY) - 1] != ':'))
		return 0;
	bpf_probe_read_kernel_str(text, sizeof(text), outcome);
	for (i = 0; i < NR_OUTCOMES; i++)
		stats.outcomes[i] += text[0] == OUTCOME_LETTERS[i];
	return 0;
}

/*
 * For each process of the domain a line: pid, verdict, why, the keys of its
 * rank, when it started (ns), its size in pages, oom_score_adj, the id of its
 * cgroup, and the line of a list of rules that decided, from 1.
 */
#ifdef MORE_OF_RANK
static __always_inline void MORE_OF_RANK(struct seq_file *seq, struct task_struct *task);
#endif
SEC("iter/task")
int oom_rank(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	int verdict = NO_BPF_POLICY;
	struct rank r = { };
	enum why why;

#ifdef BEFORE_DRY_RUN
	if (!ctx->meta->seq_num)
		BEFORE_DRY_RUN();
#endif
	if (!task || task->pid != task->tgid || task->tgid == 1 ||
	    task->flags & PF_KTHREAD || !in_domain(task, &dry))
		return 0;
	why = dying(task) ? WHY_DYING : spared(task) ? WHY_SPARED : WHY_POLICY;
	if (!task->mm && !other_mm(task))
		why = WHY_NO_MEMORY;
	if (why == WHY_POLICY)
		verdict = rank(task, &dry, &r);
	if (observe || (verdict == BPF_EVAL_SELECT && !r.named && is_last_resort(task)))
		verdict = NO_BPF_POLICY;
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d %d %d %llu %llu %llu %llu %llu %d %llu %u",
		       task->tgid, verdict, why, r.key[0], r.key[1], r.key[2], task->start_boottime,
		       task_pages(task), task->signal->oom_score_adj,
		       task->cgroups->dfl_cgrp->kn->id, r.line);
#ifdef MORE_OF_RANK
	MORE_OF_RANK(ctx->meta->seq, task);
#endif
	BPF_SEQ_PRINTF(ctx->meta->seq, "\n");
	return 0;
}

#endif
