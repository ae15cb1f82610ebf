// SPDX-License-Identifier: GPL-2.0
/*
 * The same choice as a policy makes, made as a handler that is called once from
 * out_of_memory() has to make it: it goes through all processes itself, with the
 * open-coded iterator, leaves out those that the kernel would not offer, and
 * ranks the others by the very function that the policy uses. RULE is the policy's
 * source file. The kernel's own scan comes after it all the same; report.py takes
 * it off.
 */
#include RULE

int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task,
		      unsigned int flags) __ksym;
struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym;
void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym;

/* Is the task in what is out of memory: in the memcg, or anywhere? */
static __always_inline bool in_domain(struct task_struct *task, struct oom_control *oc)
{
	struct cgroup *cgrp = task->cgroups->dfl_cgrp;
	__u32 level = oom.domain.level;

	if (!oc->memcg)
		return true;
	/* The mask is for the verifier, which wants a bound. */
	return cgrp->level >= (int)level &&
	       BPF_CORE_READ(cgrp, ancestors[level & 0xffff]) == oc->memcg->css.cgroup;
}

/* Whom it would have killed; bench.c compares that with who was. */
__u32 found SEC(".data.found") = 0;

SEC("fentry/bpf_set_policy_name")
int BPF_PROG(oom_handler, struct oom_control *oc)
{
	struct task_struct *task;
	struct bpf_iter_task it;

	begin(oc);
	bpf_iter_task_new(&it, NULL, 0);
	while ((task = bpf_iter_task_next(&it))) {
		struct rank r = { };

		if (task->tgid == 1 || task->flags & PF_KTHREAD || !in_domain(task, oc))
			continue;
		if (!dying(task) && rank(task, &oom.domain, &r) == BPF_EVAL_SELECT &&
		    higher(task, &r, &oom.best) && !spared(task))
			take(task, &r);
	}
	bpf_iter_task_destroy(&it);
	found = oom.best.pid;
	return 0;
}
