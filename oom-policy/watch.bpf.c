// SPDX-License-Identifier: GPL-2.0
/*
 * Reports each OOM and each victim. An OOM happens under oom_lock from its first
 * to its last line, so what is known of it is in variables.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "watch.h"

char _license[] SEC("license") = "GPL";

/* What the programs have done in the OOM at hand: a variable of the kernel. */
extern const void oom_policy __ksym;

/* What the kernel stores as the points of a victim that a program selected. */
#define POLICY_POINTS (__LONG_MAX__ - 1)

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

/* Events that found no room. */
__u64 lost;

static struct {
	struct oom_control *oc;
	__u64 task;	/* the one that the OOM runs in */
	__u64 start;
	bool searched;	/* not decided before a search for the victim */
	__u32 victims;
} oom;

static __always_inline void report(struct oom_control *oc, struct task_struct *victim, __u32 uid)
{
	const struct oom_policy *policy = &oom_policy;
	const char *fallback = BPF_CORE_READ(policy, fallback);
	struct mem_cgroup *memcg = BPF_CORE_READ(oc, memcg);
	struct task_struct *leader;
	struct event *e;

	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	__builtin_memset(e, 0, sizeof(*e));
	if (memcg)
		e->scope = BPF_CORE_READ(memcg, css.cgroup, kn, id);
	e->sysrq = BPF_CORE_READ(oc, order) == -1;
	e->ns = bpf_ktime_get_ns() - oom.start;
	e->trigger = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(e->trigger_comm, sizeof(e->trigger_comm));
	e->offered = BPF_CORE_READ(policy, offered);
	if (BPF_CORE_READ(policy, decided)) {
		bpf_core_read_str(e->policy, sizeof(e->policy), &policy->name);
		if (!e->policy[0])
			__builtin_memcpy(e->policy, "bpf", 4);
		e->by = BY_SPARING;
	}
	if (BPF_CORE_READ(oc, chosen_points) == POLICY_POINTS && oom.searched)
		e->by = BY_POLICY;
	if (fallback) {
		bpf_probe_read_kernel_str(e->fallback, sizeof(e->fallback), fallback);
		e->by = BY_FALLBACK;
	}
	if (!oom.searched)
		e->by = BY_ITSELF;
	if (!victim) {
		e->by = BY_NOBODY;
	} else {
		if (oom.victims)
			e->by = BY_GROUP;
		e->victim = BPF_CORE_READ(victim, tgid);
		e->uid = uid;
		e->adj = BPF_CORE_READ(victim, signal, oom_score_adj);
		e->cgroup = BPF_CORE_READ(victim, cgroups, dfl_cgrp, kn, id);
		leader = BPF_CORE_READ(victim, group_leader);
		bpf_core_read_str(e->victim_comm, sizeof(e->victim_comm), &leader->comm);
		e->pages = BPF_CORE_READ(victim, mm, rss_stat[MM_ANONPAGES].count) +
			   BPF_CORE_READ(victim, mm, rss_stat[MM_FILEPAGES].count) +
			   BPF_CORE_READ(victim, mm, rss_stat[MM_SHMEMPAGES].count);
	}
	bpf_ringbuf_submit(e, 0);
}

SEC("fentry/out_of_memory")
int BPF_PROG(oom_start, struct oom_control *oc)
{
	oom.oc = oc;
	oom.task = bpf_get_current_task();
	oom.start = bpf_ktime_get_ns();
	oom.searched = false;
	oom.victims = 0;
	return 0;
}

SEC("fentry/bpf_set_policy_name")
int BPF_PROG(oom_search, struct oom_control *oc)
{
	oom.searched = true;
	return 0;
}

SEC("tp_btf/mark_victim")
int BPF_PROG(oom_victim, struct task_struct *task, __u32 uid)
{
	/* Marked outside of an OOM: while it is exiting, for others. */
	if (!oom.oc || oom.task != bpf_get_current_task())
		return 0;
	report(oom.oc, task, uid);
	oom.victims++;
	return 0;
}

SEC("fentry/oom_policy_end")
int BPF_PROG(oom_nobody)
{
	if (!oom.victims)
		report(oom.oc, NULL, 0);
	return 0;
}

SEC("fexit/out_of_memory")
int BPF_PROG(oom_end, struct oom_control *oc)
{
	oom.oc = NULL;
	return 0;
}
