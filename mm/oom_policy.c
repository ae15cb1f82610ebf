// SPDX-License-Identifier: GPL-2.0-only
/*
 * One search for an OOM victim in which BPF programs have a say.
 *
 * mm/oom_kill.c walks the tasks and obeys; the programs give verdicts through
 * the hook in kernel/bpf/oom_kfuncs.c. This file turns a verdict into what the
 * walk has to do, and sees to it that a search ends as it would without the
 * programs: in a kill, or in waiting for a victim that is dying already.
 */

#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/memcontrol.h>
#include <linux/oom.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <trace/events/oom.h>

#include "internal.h"

/*
 * Seconds that the programs have for one search. All who need memory wait for
 * oom_lock in wall time, so being preempted or throttled does not stretch it.
 */
#define OOM_POLICY_SECONDS	1

enum oom_policy_state {
	OOM_POLICY_OFF,		/* the kernel chooses alone */
	OOM_POLICY_ASKING,	/* the programs are asked about each task */
	OOM_POLICY_STOPPED,	/* what was chosen stays: no task is evaluated */
};

/*
 * oom_lock lets one search happen at a time. struct oom_control is on the stack
 * of the page allocator and has no room for this.
 */
static struct {
	enum oom_policy_state state;
	bool decided;		/* a program gave a verdict */
	unsigned int offered;	/* how many tasks the programs were asked about */
	bool rescanned;		/* this scan is the second and last one */
	/*
	 * In jiffies. In the past, too, once the programs are left out: one test is
	 * all that a task costs.
	 */
	unsigned long deadline;
	const char *fallback;	/* why the kernel had to choose alone, or NULL */
	char name[OOM_POLICY_NAME_LEN];
	/*
	 * The OOM, and the task that scans. oom_policy_set_name() compares them
	 * without the lock: a reader that finds its own task wrote both itself.
	 */
	struct oom_control *oc;
	struct task_struct *task;
} search;

/**
 * oom_policy_begin - a search for a victim begins
 * @oc: the OOM
 *
 * Context: Under oom_lock.
 */
void oom_policy_begin(struct oom_control *oc)
{
	lockdep_assert_held(&oom_lock);

	search.state = OOM_POLICY_ASKING;
	search.deadline = jiffies + OOM_POLICY_SECONDS * HZ;
	WRITE_ONCE(search.oc, oc);
	WRITE_ONCE(search.task, current);
	bpf_set_policy_name(oc);
}

/**
 * oom_policy_set_name - name the policy in the report of an OOM
 * @oc: the OOM; any value is safe
 * @name: of at most OOM_POLICY_NAME_LEN - 1 printable bytes
 *
 * Context: Any. Does not sleep.
 * Return: 0, or -EINVAL if @oc is not the OOM that the calling task evaluates.
 */
int oom_policy_set_name(struct oom_control *oc, const char *name)
{
	if (READ_ONCE(search.task) != current || READ_ONCE(search.oc) != oc)
		return -EINVAL;
	lockdep_assert_held(&oom_lock);

	strscpy(search.name, name, sizeof(search.name));
	return 0;
}

static bool oom_policy_is_verdict(int verdict)
{
	return verdict >= BPF_EVAL_ABORT && verdict <= BPF_EVAL_NOWAIT;
}

static void oom_policy_leave(enum oom_policy_state state)
{
	search.state = state;
	search.deadline = jiffies - 1;
}

/* Leave the programs out of the rest of the search, and drop what was chosen. */
static int oom_policy_abort(struct oom_control *oc, const char *reason)
{
	oom_policy_leave(OOM_POLICY_OFF);
	search.fallback = reason;
	if (oc->chosen)
		put_task_struct(oc->chosen);
	oc->chosen = NULL;
	return BPF_EVAL_ABORT;
}

/*
 * The deadline has passed. A selection stands. Without one the kernel begins
 * anew, or what was spared by then would stay spared for no reason that a report
 * could give.
 */
static int oom_policy_late(struct task_struct *task, struct oom_control *oc)
{
	unsigned long start = jiffies;

	oom_policy_leave(OOM_POLICY_OFF);
	if (!search.decided) {
		/* Perhaps no program is attached: then one more call takes no time. */
		search.decided = oom_policy_is_verdict(bpf_oom_evaluate_task(task, oc));
		if (!search.decided && !time_after(jiffies, start))
			return NO_BPF_POLICY;
	}
	pr_warn_ratelimited("oom: BPF programs on the hook exceeded %d s; the kernel chooses without them\n",
			    OOM_POLICY_SECONDS);
	if (!search.decided)
		return NO_BPF_POLICY;
	if (oc->chosen_points != OOM_POLICY_POINTS)
		return oom_policy_abort(oc, "timeout");
	search.fallback = "timeout";
	return NO_BPF_POLICY;
}

static bool oom_policy_may_select(struct task_struct *task, struct oom_control *oc)
{
	struct task_struct *p;
	bool frees;

	/* Nothing displaces a task in oom_task_origin(). */
	if (oc->chosen_points > OOM_POLICY_POINTS || tsk_is_oom_victim(task))
		return false;
	p = find_lock_task_mm(task);
	if (!p)
		return false;
	__acquire(&p->alloc_lock);	/* for sparse, which does not see it taken */
	frees = oom_kill_frees_memory(p);
	task_unlock(p);
	return frees;
}

/* Pass @task over, unless the kernel's own rules wait for it: a victim that frees memory. */
static int oom_policy_pass(struct task_struct *task, struct oom_control *oc)
{
	return tsk_is_oom_victim(task) && !is_sysrq_oom(oc) ? NO_BPF_POLICY : BPF_EVAL_NEXT;
}

/* The programs are not asked, for whatever reason. */
static noinline int oom_policy_skip(struct task_struct *task, struct oom_control *oc)
{
	if (search.state == OOM_POLICY_ASKING)
		return oom_policy_late(task, oc);
	return search.state == OOM_POLICY_STOPPED ? oom_policy_pass(task, oc) : NO_BPF_POLICY;
}

/**
 * oom_policy_ask - ask the programs about one task
 * @task: a task of the OOM domain that may be killed
 * @oc: the OOM in progress
 *
 * Without a program a task costs no more than this: the call of the hook
 * is the last one, so that nothing has to be saved for it.
 *
 * Context: Under oom_lock, in a global OOM also under rcu_read_lock(). Does not
 * sleep.
 * Return: 0 for the kernel's own rules, or a value for oom_policy_verdict().
 */
int oom_policy_ask(struct task_struct *task, struct oom_control *oc)
{
	unsigned long now = jiffies;

	lockdep_assert_held(&oom_lock);

	if (unlikely(time_after(now, search.deadline)))
		return oom_policy_skip(task, oc);
	search.offered++;
	return bpf_oom_evaluate_task(task, oc);
}

/**
 * oom_policy_verdict - what has to be done with one task
 * @task: as for oom_policy_ask()
 * @oc: as for oom_policy_ask()
 * @verdict: what oom_policy_ask() returned, other than 0
 *
 * Context: As oom_policy_ask().
 * Return: BPF_EVAL_SELECT to choose @task, BPF_EVAL_NEXT to pass it over,
 * BPF_EVAL_ABORT to end the scan, NO_BPF_POLICY for the kernel's own rules.
 */
int oom_policy_verdict(struct task_struct *task, struct oom_control *oc, int verdict)
{
	lockdep_assert_held(&oom_lock);

	/* No program was asked. */
	if (search.state != OOM_POLICY_ASKING)
		return verdict;
	if (!oom_policy_is_verdict(verdict))
		return NO_BPF_POLICY;

	search.decided = true;
	if (verdict == BPF_EVAL_NEXT)
		return oom_policy_pass(task, oc);
	switch (verdict) {
	case BPF_EVAL_ABORT:
		return oom_policy_abort(oc, "abort");
	case BPF_EVAL_NOWAIT:
		return BPF_EVAL_NEXT;
	case BPF_EVAL_SELECT:
		if (oom_policy_may_select(task, oc))
			return BPF_EVAL_SELECT;
		break;
	case BPF_EVAL_STOP:
		oom_policy_leave(OOM_POLICY_STOPPED);
	}
	return oom_policy_pass(task, oc);
}

/* Has a program chosen the victim? */
static bool oom_policy_chose(const struct oom_control *oc)
{
	return oc->chosen && oc->chosen != (void *)-1UL &&
	       oc->chosen_points == OOM_POLICY_POINTS;
}

static const char *oom_policy_name(void)
{
	return search.name[0] ? search.name : "bpf";
}

static void oom_policy_trace(struct oom_control *oc)
{
	const char *outcome = search.fallback;
	u64 memcg = 0;

#ifdef CONFIG_MEMCG
	if (oc->memcg)
		memcg = cgroup_id(oc->memcg->css.cgroup);
#endif
	if (!outcome && oc->chosen == (void *)-1UL)
		outcome = "waiting";
	else if (!outcome)
		outcome = oom_policy_chose(oc) ? "policy" : "kernel";
	trace_oom_policy_outcome(oc, oom_policy_name(), memcg, outcome, search.offered);
}

/**
 * oom_policy_rescan - a scan of the tasks is over
 * @oc: the OOM
 *
 * A scan in which the programs had a say and nobody was chosen is repeated once
 * without them. That scan finds a victim to kill or to wait for, if the kernel
 * alone does. Two scans are the most that a search takes.
 *
 * Context: Under oom_lock.
 * Return: true if the tasks have to be scanned again.
 */
bool oom_policy_rescan(struct oom_control *oc)
{
	lockdep_assert_held(&oom_lock);

	oom_policy_leave(OOM_POLICY_OFF);
	/* A selection from before the deadline stands, unless the kernel waits. */
	if (oom_policy_chose(oc))
		search.fallback = NULL;
	if (oc->chosen || !search.decided || search.rescanned) {
		if (search.decided)
			oom_policy_trace(oc);
		return false;
	}
	search.rescanned = true;
	if (!search.fallback)
		search.fallback = "none";
	return true;
}

/**
 * oom_policy_end - a search is over and its victim was killed
 *
 * Context: Under oom_lock.
 */
void oom_policy_end(void)
{
	lockdep_assert_held(&oom_lock);

	WRITE_ONCE(search.task, NULL);
	search = (typeof(search)){ };
}

/**
 * oom_policy_report - say in the OOM report who decided
 * @oc: the OOM
 *
 * Software parses the other lines of the report, so this is a line of its own,
 * and only there if a program gave a verdict.
 *
 * Context: Under oom_lock.
 */
void oom_policy_report(struct oom_control *oc)
{
	const char *victim = oom_policy_chose(oc) ? "policy" : oc->chosen ? "kernel" : "none";

	lockdep_assert_held(&oom_lock);

	if (search.decided)
		pr_warn("oom_policy=%s victim=%s%s%s\n", oom_policy_name(),
			victim, search.fallback ? " fallback=" : "", search.fallback ?: "");
}
