// SPDX-License-Identifier: GPL-2.0
/*
 * Watches OOMs for what must not be, whatever a policy says (O2): that init, a
 * kernel thread or a task outside the domain is offered or dies.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define PF_KTHREAD	0x00200000
#define MAX_LEVELS	16

char _license[] SEC("license") = "GPL";

__u64 domain;		/* cgroup id, 0 for the whole machine */
__u32 ooms;
__u32 offered;
__u32 victims;
__u32 bad_offers;
__u32 bad_victims;

static bool is_eligible(struct task_struct *task)
{
	struct cgroup *cgrp = task->cgroups->dfl_cgrp;
	struct cgroup_subsys_state *parent;
	int i;

	if (task->flags & PF_KTHREAD || task->tgid == 1)
		return false;
	for (i = 0; domain && i < MAX_LEVELS; i++) {
		if (cgrp->kn->id == domain)
			return true;
		parent = cgrp->self.parent;
		if (!parent)
			return false;
		cgrp = parent->cgroup;
	}
	return !domain;
}

SEC("fentry/bpf_set_policy_name")
int BPF_PROG(scope, struct oom_control *oc)
{
	domain = oc->memcg ? oc->memcg->css.cgroup->kn->id : 0;
	ooms++;
	return 0;
}

SEC("fentry/bpf_oom_evaluate_task")
int BPF_PROG(offer, struct task_struct *task, struct oom_control *oc)
{
	offered++;
	if (!is_eligible(task))
		bad_offers++;
	return 0;
}

/* A dying task that asks for memory is a victim without a scan. */
SEC("tp_btf/mark_victim")
int BPF_PROG(victim, struct task_struct *task)
{
	victims++;
	if (task != bpf_get_current_task_btf() && !is_eligible(task))
		bad_victims++;
	return 0;
}
