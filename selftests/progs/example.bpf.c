// SPDX-License-Identifier: GPL-2.0
/*
 * The two programs of the documentation that was posted in 2023: its calls,
 * sections and types, which have to go on working.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char _license[] SEC("license") = "GPL";

extern int set_oom_policy_name(struct oom_control *oc, const char *name,
			       size_t sz) __ksym;

int target;

SEC("fmod_ret/bpf_oom_evaluate_task")
int BPF_PROG(bpf_oom_evaluate_task, struct task_struct *task, struct oom_control *oc)
{
	if (task->pid == target)
		return BPF_EVAL_SELECT;
	return BPF_EVAL_NEXT;
}

SEC("fentry/bpf_set_policy_name")
int BPF_PROG(set_police_name_k, struct oom_control *oc)
{
	char name[] = "my_policy";

	set_oom_policy_name(oc, name, sizeof(name));
	return 0;
}
