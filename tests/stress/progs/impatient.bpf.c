// SPDX-License-Identifier: GPL-2.0
/*
 * A policy that does not wait for ever: a victim that has been dying for longer
 * than it is given is passed over, and the biggest of the others goes in its
 * place. The time is known from one OOM to the next: whoever waits for a victim
 * asks again and again.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char _license[] SEC("license") = "GPL";

__u32 given;		/* milliseconds */
__u64 overdue;		/* when the first was seen that is, ns; 0: none */
__u64 biggest;		/* pages, of those selected in this OOM */
__u32 passed_over;	/* how often */

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);	/* process id */
	__type(value, __u64);	/* when it was first seen dying, ns */
} dying SEC(".maps");

SEC("fentry/bpf_set_policy_name")
int BPF_PROG(reset, struct oom_control *oc)
{
	biggest = 0;
	return 0;
}

SEC("fmod_ret/bpf_oom_evaluate_task")
int BPF_PROG(impatient, struct task_struct *task, struct oom_control *oc)
{
	__u64 now = bpf_ktime_get_ns(), *since, size;
	__u32 pid = task->tgid;

	if (task->signal->oom_mm) {
		since = bpf_map_lookup_elem(&dying, &pid);
		if (!since) {
			bpf_map_update_elem(&dying, &pid, &now, BPF_ANY);
			return NO_BPF_POLICY;
		}
		if (now - *since < given * 1000000ULL)
			return NO_BPF_POLICY;
		overdue = now;
		passed_over++;
		return BPF_EVAL_NOWAIT;
	}
	/* Somebody is late, as of this OOM or one of the last second. */
	if (!overdue || now - overdue > 1000000000ULL || task->signal->oom_score_adj == -1000)
		return NO_BPF_POLICY;
	size = task->mm->rss_stat[MM_ANONPAGES].count;
	if (size <= biggest)
		return BPF_EVAL_NEXT;
	biggest = size;
	return BPF_EVAL_SELECT;
}
