// SPDX-License-Identifier: GPL-2.0
/* A policy that selects one process, and a program that the hook refuses. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_misc.h"

char _license[] SEC("license") = "GPL";
int target, named;

int set_oom_policy_name(struct oom_control *oc, const char *name, size_t name__sz) __ksym;

SEC("fmod_ret/bpf_oom_evaluate_task") __success
int BPF_PROG(select_target, struct task_struct *task, struct oom_control *oc)
{
	return task->tgid == target ? BPF_EVAL_SELECT : NO_BPF_POLICY;
}

SEC("fentry/bpf_set_policy_name") __success
int BPF_PROG(set_name, struct oom_control *oc)
{
	char name[] = "prog_tests";

	named = !set_oom_policy_name(oc, name, sizeof(name));
	return 0;
}

static long callback(__u32 i, void *ctx)
{
	return 0;
}

SEC("?fmod_ret/bpf_oom_evaluate_task")
__failure __msg("bpf_oom_evaluate_task() is not modifiable")
int BPF_PROG(has_callback, struct task_struct *task, struct oom_control *oc)
{
	return bpf_loop(1, callback, NULL, 0);
}
