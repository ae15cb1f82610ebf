// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF programs that choose the victim of an OOM: the hooks that mm/oom_kill.c
 * calls and that programs attach to, and the kfunc that names the policy.
 */

#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/init.h>
#include <linux/memcontrol.h>
#include <linux/oom.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/cputime.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <trace/events/oom.h>

/*
 * The OOM whose tasks are being evaluated, and the task that does it. Written
 * under oom_lock; read without it, but only compared: a reader that finds its
 * own task in scanning_task wrote both itself.
 */
static struct oom_control *scanning_oc;
static struct task_struct *scanning_task;

struct oom_policy oom_policy;

/* What programs are attached to the hook through; held for ever. */
static struct bpf_trampoline *hook __ro_after_init;

/*
 * The bodies below are what runs while no program is attached. A program
 * replaces the return value through the call, so the call and the test of its
 * value must survive every compiler: noinline alone lets clang drop the call,
 * or keep it and fold the value it knows. __weak tells the compiler that it
 * does not know the function.
 */
__bpf_hook_start();

/**
 * bpf_oom_evaluate_task - ask the attached programs about one task
 * @task: a task of the OOM domain; never init, a kernel thread or one in
 *	oom_task_origin()
 * @oc: the OOM in progress
 *
 * A hook for fmod_ret programs. Several may be attached: the one attached last
 * is asked first, and the first verdict other than zero stands.
 *
 * Context: Under oom_lock, in a global OOM also under rcu_read_lock(). Must not
 * sleep.
 * Return: One of enum bpf_oom_verdict. Anything else counts as NO_BPF_POLICY.
 */
__weak noinline int bpf_oom_evaluate_task(struct task_struct *task,
					  struct oom_control *oc)
{
	/* Programs take the verdicts from BTF, where no one else puts them. */
	BTF_TYPE_EMIT_ENUM(NO_BPF_POLICY);

	return NO_BPF_POLICY;
}

/**
 * bpf_set_policy_name - the place to name the policy
 * @oc: the OOM that is about to be decided
 *
 * A hook for fentry programs, called once for each OOM before the first task
 * is evaluated: to call set_oom_policy_name(), and to reset what a policy
 * keeps for one OOM.
 *
 * Context: Under oom_lock. Must not sleep.
 */
__weak noinline void bpf_set_policy_name(struct oom_control *oc)
{
}

__bpf_hook_end();

/*
 * How long the programs may run for all tasks of one OOM, in seconds. A
 * program may be made to loop for long, and a global scan holds the RCU read
 * lock. What counts is the processor time of who is out of memory that the tick
 * adds while a program runs: the task may be preempted or throttled for long, in
 * a program too, and that is no fault of the policy.
 */
#define OOM_POLICY_BUDGET	1ULL

/*
 * Leave the programs out, as they have had their time. A selection is kept. Without
 * one the kernel begins anew, or what was spared by then would stay spared for no
 * reason that a report could give.
 */
static int oom_policy_timeout(struct oom_control *oc)
{
	oom_policy.asking = false;
	oom_policy.fallback = "timeout";
	pr_warn_ratelimited("oom: the policy took more than %llu s and is not asked any more\n",
			    OOM_POLICY_BUDGET);
	return oc->chosen_points == OOM_POLICY_POINTS ? NO_BPF_POLICY : BPF_EVAL_ABORT;
}

/* What becomes of a selection. */
static int oom_policy_select(struct task_struct *task, struct oom_control *oc)
{
	/* A task in oom_task_origin() is not displaced. */
	if (oc->chosen_points > OOM_POLICY_POINTS)
		return BPF_EVAL_NEXT;
	/* The kernel waits for one that is dying, but not where sysrq asks for more. */
	if (tsk_is_oom_victim(task))
		return oc->order == -1 ? BPF_EVAL_NEXT : NO_BPF_POLICY;
	/* It has no mm, was reaped, or is in vfork(): to kill it would free nothing. */
	if (oom_badness(task, ULONG_MAX) == LONG_MIN)
		return BPF_EVAL_NEXT;
	return BPF_EVAL_SELECT;
}

/**
 * oom_policy_ask - what is to become of one task
 * @task: a task of the OOM domain
 * @oc: the OOM in progress
 *
 * Context: As bpf_oom_evaluate_task().
 * Return: BPF_EVAL_SELECT, _NEXT or _ABORT, to be obeyed as it is. Anything else
 * leaves the task to the kernel's own rules.
 */
int oom_policy_ask(struct task_struct *task, struct oom_control *oc)
{
	u64 start;
	int verdict;

	/* It goes before any policy: nobody is asked. */
	if (oom_task_origin(task))
		return NO_BPF_POLICY;
	if (oom_policy.stopped)
		return BPF_EVAL_NEXT;
	if (oom_policy.spent > OOM_POLICY_BUDGET * NSEC_PER_SEC)
		return oom_policy_timeout(oc);
	oom_policy.offered++;
	start = current->se.sum_exec_runtime;
	verdict = bpf_oom_evaluate_task(task, oc);
	oom_policy.spent += current->se.sum_exec_runtime - start;

	switch (verdict) {
	case BPF_EVAL_NEXT:
	case BPF_EVAL_ABORT:
		break;
	case BPF_EVAL_SELECT:
		verdict = oom_policy_select(task, oc);
		break;
	case BPF_EVAL_STOP:
		/* The rest is gone through: oom_task_origin() still goes first. */
		oom_policy.stopped = true;
		verdict = BPF_EVAL_NEXT;
		break;
	default:
		/* Once a task is selected the others need no score. */
		if (oc->chosen_points >= OOM_POLICY_POINTS && !tsk_is_oom_victim(task))
			return BPF_EVAL_NEXT;
		return NO_BPF_POLICY;
	}
	oom_policy.decided = true;
	return verdict;
}

/**
 * oom_policy_begin - the tasks of an OOM are about to be evaluated
 * @oc: the OOM
 *
 * Most machines have no program attached, and are not to pay for each task: the
 * first one that is attached is asked from the next OOM on.
 *
 * Context: Under oom_lock.
 */
void oom_policy_begin(struct oom_control *oc)
{
	/* What it ran for until now, with what the tick has not added yet. */
	u64 start = task_sched_runtime(current);

	WRITE_ONCE(scanning_oc, oc);
	WRITE_ONCE(scanning_task, current);
	oom_policy.asking = hook && READ_ONCE(hook->cur_image);
	bpf_set_policy_name(oc);
	oom_policy.spent = current->se.sum_exec_runtime - start;
}

/* What the report and the trace call a policy. */
static const char *oom_policy_label(void)
{
	return oom_policy.name[0] ? oom_policy.name : "bpf";
}

/* The id of the cgroup that is out of memory, or 0 for the whole machine. */
static u64 oom_policy_scope(const struct oom_control *oc)
{
#ifdef CONFIG_MEMCG
	if (oc->memcg)
		return cgroup_id(oc->memcg->css.cgroup);
#endif
	return 0;
}

/**
 * oom_policy_rescan - the tasks of an OOM have been evaluated
 * @oc: the OOM
 *
 * Where the programs had a say and nobody was chosen, the tasks have to be
 * evaluated once more, without the programs: there is no third time. That scan
 * finds a victim, or one that is dying, if a kernel without policies does.
 *
 * Context: Under oom_lock.
 * Return: true if the tasks are to be evaluated again.
 */
bool oom_policy_rescan(struct oom_control *oc)
{
	oom_policy.asking = false;
	/* A selection from before the time was up stands, unless it gave way. */
	if (oc->chosen && oc->chosen != (void *)-1UL &&
	    oc->chosen_points == OOM_POLICY_POINTS)
		oom_policy.fallback = NULL;
	else if (!oc->chosen && oom_policy.decided && !oom_policy.fallback)
		oom_policy.fallback = "none";
	if (!oom_policy.fallback)
		return false;

	trace_oom_policy_fallback(oom_policy_label(), oom_policy_scope(oc),
				  oom_policy.fallback, oom_policy.offered);
	return !oc->chosen;
}

/**
 * oom_policy_abort - drop what was chosen, and leave the programs out
 * @oc: the OOM
 *
 * Context: Under oom_lock.
 * Return: 1, to end the scan.
 */
int oom_policy_abort(struct oom_control *oc)
{
	if (oc->chosen)
		put_task_struct(oc->chosen);
	oc->chosen = NULL;
	oom_policy.asking = false;
	if (!oom_policy.fallback)
		oom_policy.fallback = "abort";
	return 1;
}

/**
 * oom_policy_end - an OOM is over
 *
 * Nothing of it is left to the next one: its report may come before any task is
 * evaluated.
 *
 * Context: Under oom_lock.
 */
void oom_policy_end(void)
{
	WRITE_ONCE(scanning_task, NULL);
	WRITE_ONCE(scanning_oc, NULL);
	oom_policy = (struct oom_policy) { };
}

/**
 * oom_policy_report - print the label of the policy, if one decided
 *
 * On a line of its own: other lines of the OOM report are parsed by software
 * that must not notice. Where programs only watched there is none; where the
 * kernel had to choose after all, the line says why.
 *
 * Context: Under oom_lock.
 */
void oom_policy_report(void)
{
	if (oom_policy.decided)
		pr_warn("oom_policy=%s%s%s\n", oom_policy_label(),
			oom_policy.fallback ? " fallback=" : "", oom_policy.fallback ?: "");
}

__bpf_kfunc_start_defs();

/**
 * set_oom_policy_name - label the report of the OOM in progress
 * @oc__ign: the OOM, as the program got it from its hook. The suffix makes the
 *	verifier take any value, because arguments of fmod_ret and fentry
 *	programs are not trusted: what it is worth is seen here.
 * @name: letters, digits and any of "_.:+-", with a NUL after them. What is
 *	beyond OOM_POLICY_NAME_LEN - 1 bytes is cut.
 * @name__sz: size of the memory at @name in bytes
 *
 * Several programs may give a name; the last one stands. The report shows it
 * only if some program gave a verdict.
 *
 * Context: Under oom_lock, in a program on one of the two hooks. Does not
 * sleep.
 * Return: 0, or -EINVAL if @name is NULL or empty, has no NUL or other bytes,
 * or if @oc__ign is not the OOM that this task is evaluating. The label is then
 * as it was.
 */
__bpf_kfunc int set_oom_policy_name(struct oom_control *oc__ign,
				    const char *name, size_t name__sz)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:+-";
	char label[OOM_POLICY_NAME_LEN] = { };
	size_t i;

	if (READ_ONCE(scanning_task) != current || READ_ONCE(scanning_oc) != oc__ign)
		return -EINVAL;
	/* A look into a map that finds nothing: not every verifier refuses it. */
	if (!name)
		return -EINVAL;

	/* Each byte is read once: it may be in a map that others write to. */
	for (i = 0; i < name__sz; i++) {
		char c = READ_ONCE(name[i]);

		if (!c)
			break;
		if (!strchr(allowed, c))
			return -EINVAL;
		if (i < sizeof(label) - 1)
			label[i] = c;
	}
	if (!i || i == name__sz)
		return -EINVAL;

	memcpy(oom_policy.name, label, sizeof(label));
	return 0;
}

__bpf_kfunc_end_defs();

BTF_SET8_START(oom_fmodret_ids)
BTF_ID_FLAGS(func, bpf_oom_evaluate_task)
BTF_SET8_END(oom_fmodret_ids)

BTF_SET_START(oom_hook_ids)
BTF_ID(func, bpf_oom_evaluate_task)
BTF_ID(func, bpf_set_policy_name)
BTF_SET_END(oom_hook_ids)

BTF_KFUNCS_START(oom_kfunc_ids)
BTF_ID_FLAGS(func, set_oom_policy_name)
BTF_KFUNCS_END(oom_kfunc_ids)

/*
 * The filter of a set is asked about all kfuncs of the program type. A program
 * on another program has a type id that belongs to that program's BTF and may
 * equal one of ours by chance.
 */
static int oom_kfunc_filter(const struct bpf_prog *prog, u32 kfunc_id)
{
	if (!btf_id_set8_contains(&oom_kfunc_ids, kfunc_id))
		return 0;
	if (prog->type == BPF_PROG_TYPE_TRACING && !prog->aux->dst_prog &&
	    btf_id_set_contains(&oom_hook_ids, prog->aux->attach_btf_id))
		return 0;
	return -EACCES;
}

static const struct btf_kfunc_id_set oom_fmodret_set = {
	.owner = THIS_MODULE,
	.set = &oom_fmodret_ids,
};

static const struct btf_kfunc_id_set oom_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &oom_kfunc_ids,
	.filter = oom_kfunc_filter,
};

/*
 * There is one trampoline for a function, as long as somebody holds it. The table
 * of them is made by a late_initcall: this has to come after that.
 */
static struct bpf_trampoline *__init hook_trampoline(void)
{
	struct bpf_attach_target_info info = {
		.tgt_addr = (long)bpf_oom_evaluate_task,
	};
	static const char name[] __initconst = "bpf_oom_evaluate_task";
	struct btf *btf = bpf_get_btf_vmlinux();
	const struct btf_type *type;
	s32 id;

	if (IS_ERR_OR_NULL(btf))
		return NULL;
	id = btf_find_by_name_kind(btf, name, BTF_KIND_FUNC);
	if (id < 0)
		return NULL;
	type = btf_type_by_id(btf, btf_type_by_id(btf, id)->type);
	if (btf_distill_func_proto(NULL, btf, type, name, &info.fmodel))
		return NULL;
	return bpf_trampoline_get(bpf_trampoline_compute_key(NULL, btf, id), &info);
}

static int __init oom_kfuncs_init(void)
{
	int ret;

	/* Without BTF or the JIT there is none, nor a way to attach a program. */
	hook = hook_trampoline();
	if (!hook)
		return -EOPNOTSUPP;
	ret = register_btf_fmodret_id_set(&oom_fmodret_set);
	return ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &oom_kfunc_set);
}
late_initcall_sync(oom_kfuncs_init);
