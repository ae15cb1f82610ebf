// SPDX-License-Identifier: GPL-2.0
/*
 * Reports each victim and, if asked to, each search without one. oom_lock is held
 * from the start of an OOM to its end, so its state is in variables.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "watch.h"

char _license[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

/* Events that did not fit into the ring buffer. */
__u64 lost SEC(".data.lost");
/* Written by the command. */
struct watch_state state SEC(".data.state") = { };

static struct {
	struct oom_control *oc;
	__u64 task;	/* the task that is out of memory */
	__u64 start;
	bool searched;	/* not decided before a search for the victim */
	int outcome;	/* -1: no policy gave a verdict */
	char policy[16];
	__u32 offered;
	__u32 victims;
	struct mm_struct *mm;	/* of the last victim */
	bool dying;	/* before the last signal */
} oom;

/* As in the kernel's include/linux/sched/signal.h. */
#define SIGNAL_GROUP_EXIT	4

static __always_inline void report(struct task_struct *victim, enum event_with with)
{
	struct oom_control *oc = oom.oc;
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
	e->since_boot = bpf_ktime_get_boot_ns();
	e->trigger = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(e->trigger_comm, sizeof(e->trigger_comm));
	e->searched = oom.searched;
	e->with = with;
	e->outcome = oom.outcome;
	e->offered = oom.offered;
	__builtin_memcpy(e->policy, oom.policy, sizeof(e->policy));
	if (victim) {
		e->victim = BPF_CORE_READ(victim, tgid);
		e->uid = BPF_CORE_READ(victim, real_cred, uid.val);
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
	__builtin_memset(&oom, 0, sizeof(oom));
	oom.oc = oc;
	oom.task = bpf_get_current_task();
	oom.start = bpf_ktime_get_ns();
	oom.outcome = -1;
	return 0;
}

SEC("fentry/bpf_set_policy_name")
int BPF_PROG(oom_search, struct oom_control *oc)
{
	oom.searched = true;
	return 0;
}

/* Before the victim is killed, and only if a policy gave a verdict. */
SEC("tp_btf/oom_policy_outcome")
int BPF_PROG(oom_outcome, struct oom_control *oc, const char *policy, __u64 memcg,
	     const char *outcome, unsigned int offered)
{
	char letter = 0;
	int i;

	bpf_probe_read_kernel(&letter, sizeof(letter), outcome);
	for (i = 0; i < NR_OUTCOMES; i++) {
		if (letter == OUTCOME_LETTERS[i])
			oom.outcome = i;
	}
	bpf_probe_read_kernel_str(oom.policy, sizeof(oom.policy), policy);
	oom.offered = offered;
	return 0;
}

/* A victim gets its signal before it is marked, and those that share its memory after that. */
SEC("fentry/do_send_sig_info")
int BPF_PROG(oom_signal, int sig, struct kernel_siginfo *info, struct task_struct *task)
{
	if (!oom.oc || oom.task != bpf_get_current_task())
		return 0;
	oom.dying = BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT;
	if (!oom.dying && oom.mm && oom.mm == BPF_CORE_READ(task, mm))
		report(task, WITH_MEMORY);
	return 0;
}

SEC("tp_btf/mark_victim")
int BPF_PROG(oom_victim, struct task_struct *task)
{
	/* Tasks that are exiting are marked outside of an OOM, too. */
	if (!oom.oc || oom.task != bpf_get_current_task())
		return 0;
	oom.mm = BPF_CORE_READ(task, mm);
	/* Of a memory.oom.group, one that shares memory was reported for that. */
	if (!oom.victims || !oom.dying)
		report(task, oom.victims ? WITH_GROUP : WITH_NOBODY);
	oom.victims++;
	return 0;
}

SEC("fexit/out_of_memory")
int BPF_PROG(oom_end, struct oom_control *oc)
{
	if (oom.oc && oom.searched && !oom.victims && state.all)
		report(NULL, WITH_NOBODY);
	oom.oc = NULL;
	return 0;
}
