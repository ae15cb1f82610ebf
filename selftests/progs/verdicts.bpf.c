// SPDX-License-Identifier: GPL-2.0
/*
 * Counts what the policies say, whoever they are: in the first OOM only, as there
 * may be more of them until a victim is gone.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char _license[] SEC("license") = "GPL";

__u32 ooms;
__u32 verdicts[BPF_EVAL_STOP + 1];

SEC("fentry/bpf_set_policy_name")
int BPF_PROG(count_oom, struct oom_control *oc)
{
	ooms++;
	return 0;
}

SEC("fexit/bpf_oom_evaluate_task")
int BPF_PROG(count_verdict, struct task_struct *task, struct oom_control *oc, int verdict)
{
	if (ooms == 1 && verdict >= 0 && verdict <= BPF_EVAL_STOP)
		verdicts[verdict]++;
	return 0;
}
