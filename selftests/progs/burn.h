/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A tracing program that wastes time at the hook. The hook refuses bpf_loop() in
 * policies; fentry programs are not filtered and run before the policies do.
 */
#ifndef BURN_H
#define BURN_H

__u32 burn_ms;		/* wall time for each task */
__u32 burn_cpu_ms;	/* CPU time for each task */
__u32 burns;		/* how often it did */

struct burn {
	__u64 end;
	bool cpu;
};

static __u64 burn_clock(bool cpu)
{
	return cpu ? bpf_get_current_task_btf()->se.sum_exec_runtime : bpf_ktime_get_ns();
}

static int burn_inner(__u32 i, struct burn *b)
{
	return burn_clock(b->cpu) > b->end;
}

static int burn_outer(__u32 i, struct burn *b)
{
	bpf_loop(10000, burn_inner, b, 0);
	return burn_clock(b->cpu) > b->end;
}

static int burn(void)
{
	struct burn b = { .cpu = burn_cpu_ms };

	b.end = burn_clock(b.cpu) + (burn_ms + burn_cpu_ms) * 1000000ULL;
	burns++;
	if (burn_ms || burn_cpu_ms)
		bpf_loop(1000000, burn_outer, &b, 0);
	return 0;
}

SEC("fentry/bpf_oom_evaluate_task")
int BPF_PROG(slow, struct task_struct *task, struct oom_control *oc)
{
	return burn();
}

#endif
