// SPDX-License-Identifier: GPL-2.0
/*
 * The programs that most tests attach: verdicts from a table, a label from a
 * buffer, and a record of what was asked. The tests fill in the tables.
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
__u32 nr_named;

char label[MAX_LABEL];
__u32 label_size;	/* 0: do not name the policy */
__u32 label_twice;	/* name it "before" first */
__u32 label_oc;		/* enum forged_oc */
__u32 label_empty;	/* call with a size of 0 */
__s32 label_ret;	/* the tests start it at 1 */
__u64 last_oc, this_oc;

static __always_inline __s64 verdict(struct table *t, struct task_struct *task)
{
	__u64 cgroup = task->cgroups->dfl_cgrp->kn->id;
	__u32 pid = task->tgid;
	int i;

	t->asked++;
	burn(t->burn);
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
		nr_offered = i + 1;
	}
	return verdict(&tables[0], task);
}

SEC("fmod_ret/bpf_oom_evaluate_task")
long long BPF_PROG(second, struct task_struct *task, struct oom_control *oc)
{
	return verdict(&tables[1], task);
}

SEC("fentry/bpf_set_policy_name")
int BPF_PROG(name, struct oom_control *oc)
{
	char before[] = "before", buf[MAX_LABEL];
	__u64 addr = (__u64)oc;
	__u32 size = label_size;

	nr_named++;
	if (label_oc == OC_NULL)
		addr = 0;
	else if (label_oc == OC_OFFSET)
		addr += 8;
	else if (label_oc == OC_TASK)
		addr = (__u64)bpf_get_current_task();
	else if (label_oc == OC_STALE)
		addr = last_oc;
	/* Whoever waits for a victim asks again: that is no other OOM. */
	if (label_oc != OC_STALE)
		last_oc = (__u64)oc;
	this_oc = (__u64)oc;

	if (label_twice)
		set_oom_policy_name(oc, before, sizeof(before));
	if ((!size && !label_empty) || size > sizeof(buf))
		return 0;
	__builtin_memcpy(buf, label, sizeof(buf));
	label_ret = set_oom_policy_name((struct oom_control *)addr, buf, size);
	return 0;
}
