// SPDX-License-Identifier: GPL-2.0
/*
 * The choice of a policy, made by a handler that is called once from out_of_memory():
 * it goes through all processes itself, with the open-coded iterator, leaves out those
 * that the kernel would not offer, and ranks the others by the policy's own function.
 * RULE is the policy's source file. It is on the other hook, which takes iterators
 * from programs that do not name a policy. The kernel's own scan follows all the
 * same; report.py subtracts it.
 */
#include RULE

int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task,
		      unsigned int flags) __ksym;
struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym;
void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym;

/* The process that it would have killed; bench.c compares it with the victim. */
__u32 found SEC(".data.found") = 0;

/* The verifier looks at a global function once, and not again in each turn of the loop. */
__noinline int handle(struct task_struct *task TRUSTED)
{
	struct rank r = { };
	int order;

	if (task->tgid == 1 || task->flags & PF_KTHREAD || !in_domain(task, &oom.domain) ||
	    dying(task) || rank(task, &oom.domain, &r) != BPF_EVAL_SELECT)
		return 0;
	order = compare(&r, &oom.best);
	if ((order > 0 || (!order && wins_tie(task, &r, &oom.best))) && !spared(task) &&
	    (r.named || !is_last_resort(task)))
		set_best(task, &r);
	return 0;
}

SEC("fentry/bpf_set_policy_name")
int BPF_PROG(oom_handler, struct oom_control *oc)
{
	struct task_struct *task;
	struct bpf_iter_task it;

#ifdef FLOOR
	floor_pages = 0;
#endif
	begin(oc);
	bpf_iter_task_new(&it, NULL, 0);
	while ((task = bpf_iter_task_next(&it)))
		handle(task);
	bpf_iter_task_destroy(&it);
	found = oom.best.pid;
	return 0;
}
