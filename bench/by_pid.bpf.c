// SPDX-License-Identifier: GPL-2.0
/* The smallest policy there is: one process dies, all others are spared. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char _license[] SEC("license") = "GPL";

__u32 target;
/* The program has no opinion: for the cost of each further one in a chain. */
const volatile bool silent;

SEC("fmod_ret/bpf_oom_evaluate_task")
int BPF_PROG(by_pid, struct task_struct *task, struct oom_control *oc)
{
	if (task->tgid == target)
		return silent ? NO_BPF_POLICY : BPF_EVAL_SELECT;
	return silent ? NO_BPF_POLICY : BPF_EVAL_NEXT;
}
