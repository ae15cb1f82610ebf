// SPDX-License-Identifier: GPL-2.0
/*
 * The programs that most tests attach: policies with verdicts from a table, a
 * program that names the policy, the ranking policy, and two that only look on.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "burn.h"
#include "kfuncs.h"
#include "rules.h"

char _license[] SEC("license") = "GPL";

struct table tables[2];
struct offer offered[MAX_OFFERED];
__u32 nr_offered;

char label[MAX_LABEL];
__u32 label_size;	/* 0: do not name the policy */
__u32 label_twice;	/* name it "before" first */
__u32 label_oc;		/* enum forged_oc */
__u32 label_empty;	/* call with a size of 0 */
__s32 label_ret;	/* the tests start it at 1 */
__u32 nr_named;
__u64 last_oc, this_oc, began;
struct oom_event outcome;
__u64 best;

static __always_inline __s64 verdict(struct table *t, struct task_struct *task)
{
	__u64 cgroup = task->cgroups->dfl_cgrp->kn->id;
	__u32 pid = task->tgid;
	int i;

	t->asked++;
	for (i = 0; i < MAX_RULES; i++) {
		struct rule *r = &t->rules[i];

		if ((r->pid && r->pid == pid) || (r->cgroup && r->cgroup == cgroup))
			return r->verdict;
	}
	return t->otherwise;
}

SEC("fmod_ret/bpf_oom_evaluate_task")
long long BPF_PROG(first, struct task_struct *task, struct oom_control *oc)
{
	__u32 i = nr_offered;

	if (i < MAX_OFFERED) {
		offered[i].pid = task->pid;
		offered[i].flags = task->flags;
		offered[i].usage = task->usage.refs.counter;
		nr_offered = i + 1;
	}
	return verdict(&tables[0], task);
}

SEC("fmod_ret/bpf_oom_evaluate_task")
long long BPF_PROG(second, struct task_struct *task, struct oom_control *oc)
{
	return verdict(&tables[1], task);
}

/* The obvious policy: the biggest so far. One that exits has no mm any more. */
SEC("fmod_ret/bpf_oom_evaluate_task")
int BPF_PROG(ranking, struct task_struct *task, struct oom_control *oc)
{
	struct mm_struct *mm = task->mm;
	__u64 rss = mm ? mm->rss_stat[MM_ANONPAGES].count : 0;

	if (rss <= best)
		return BPF_EVAL_NEXT;
	best = rss;
	return BPF_EVAL_SELECT;
}

SEC("fentry/bpf_set_policy_name")
int BPF_PROG(name, struct oom_control *oc)
{
	__u64 addr = (__u64)oc;
	char before[] = "before";
	__u32 size = label_size;

	best = 0;
	nr_named++;
	if (label_oc == OC_NULL)
		addr = 0;
	else if (label_oc == OC_OFFSET)
		addr += 8;
	else if (label_oc == OC_TASK)
		addr = (__u64)bpf_get_current_task();
	else if (label_oc == OC_STALE)
		addr = last_oc;
	/* A task that waits for a victim is in a new OOM each time, at one address. */
	if (label_oc != OC_STALE)
		last_oc = (__u64)oc;
	this_oc = (__u64)oc;
	began = bpf_ktime_get_ns();

	if (label_twice)
		set_oom_policy_name(oc, before, sizeof(before));
	if ((size || label_empty) && size <= sizeof(label))
		label_ret = set_oom_policy_name((struct oom_control *)addr, label, size);
	return 0;
}

SEC("tp_btf/oom_policy_outcome")
int BPF_PROG(ended, struct oom_control *oc, const char *policy, __u64 memcg,
	     const char *word, unsigned int offered)
{
	outcome.oc = (__u64)oc;
	outcome.memcg = memcg;
	outcome.offered = offered;
	outcome.count++;
	bpf_probe_read_kernel_str(outcome.policy, sizeof(outcome.policy), policy);
	bpf_probe_read_kernel_str(outcome.outcome, sizeof(outcome.outcome), word);
	outcome.ns = bpf_ktime_get_ns() - began;
	return 0;
}

/* Makes a scan slow that no program takes part in. */
SEC("fentry/oom_badness")
int BPF_PROG(slow_kernel, struct task_struct *task, unsigned long pages)
{
	return burn();
}
