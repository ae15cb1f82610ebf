// SPDX-License-Identifier: GPL-2.0
/* No task may be chosen: the kernel has to go on alone, after each patch of the series. */
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>

char _license[] SEC("license") = "GPL";

SEC("fmod_ret/bpf_oom_evaluate_task")
int BPF_PROG(next, struct task_struct *task, struct oom_control *oc)
{
	return BPF_EVAL_NEXT;
}
