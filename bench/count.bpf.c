// SPDX-License-Identifier: GPL-2.0
/*
 * Takes the time of one OOM: the limit of the cgroup is reached, which is when the
 * kernel begins to reclaim; out_of_memory() is called; it has a victim; the victim is
 * sent SIGKILL. Nothing of it runs for each task. In a guest that counts instructions
 * a nanosecond is one instruction.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "count.h"

char _license[] SEC("license") = "GPL";

#define SIGKILL 9

struct decision decision;

SEC("fentry/try_to_free_mem_cgroup_pages")
int BPF_PROG(count_reached)
{
	if (!decision.victim && !decision.reached)
		decision.reached = bpf_ktime_get_ns();
	return 0;
}

SEC("fentry/out_of_memory")
int BPF_PROG(count_start, struct oom_control *oc)
{
	if (!decision.victim)
		decision.start = bpf_ktime_get_ns();
	return 0;
}

SEC("fentry/oom_kill_process")
int BPF_PROG(count_chosen, struct oom_control *oc, const char *message)
{
	if (!decision.victim) {
		decision.chosen = bpf_ktime_get_ns() - decision.start;
		decision.victim = oc->chosen->tgid;
	}
	return 0;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(count_killed, int sig, struct kernel_siginfo *info, struct task_struct *task)
{
	if (sig == SIGKILL && decision.victim && !decision.killed &&
	    task->tgid == decision.victim)
		decision.killed = bpf_ktime_get_ns() - decision.start;
	return 0;
}
