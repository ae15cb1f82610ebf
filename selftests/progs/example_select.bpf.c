// SPDX-License-Identifier: GPL-2.0
/* The same without a verdict on other tasks, which are left to the kernel. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char _license[] SEC("license") = "GPL";

int target;

SEC("fmod_ret/bpf_oom_evaluate_task")
int BPF_PROG(bpf_oom_evaluate_task, struct task_struct *task, struct oom_control *oc)
{
	if (task->pid == target)
		return BPF_EVAL_SELECT;
	return NO_BPF_POLICY;
}
