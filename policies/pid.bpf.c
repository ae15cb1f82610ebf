// SPDX-License-Identifier: GPL-2.0
/*
 * pid - choose by process
 *
 * A map says of a process what is to become of it in an OOM. The verdict is
 * 3 (BPF_EVAL_SELECT: kill this one first; of several the biggest) or
 * 2 (BPF_EVAL_NEXT: do not choose this one). On processes that are not in the
 * map the policy has no opinion.
 *
 * A process is known by its id in the initial pid namespace and by the time at
 * which it started, so one that was given the id of another is not hit.
 *
 *   oom-policy load pid --set 1337=first
 *
 * or, where there is only bpftool, with the start, field 22 of /proc/1337/stat,
 * as 8 bytes (here 4660), and the verdict, as 4 and 4 unused:
 *
 *   bpftool prog loadall pid.bpf.o /sys/fs/bpf/pid autoattach
 *   bpftool map update name oom_pids key 0x39 0x05 0 0 \
 *           value 0x34 0x12 0 0 0 0 0 0 3 0 0 0 0 0 0 0
 *   rm -r /sys/fs/bpf/pid
 *
 * Bad at: anything that forks or is started anew; that is another process.
 */
#define POLICY "pid"
#define FIND_SURE find_sure
#include "oom_policy.bpf.h"

/* What a clock tick is to user space, whatever it is to the kernel. */
#define NSEC_PER_TICK 10000000

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct oom_pid);
} oom_pids SEC(".maps");

static __always_inline bool is_known(struct task_struct *task, const struct oom_pid *known)
{
	return known->start == task->start_boottime / NSEC_PER_TICK;
}

static __always_inline int rank(struct task_struct *task, struct oom_domain *domain,
				struct rank *rank)
{
	__u32 pid = task->tgid;
	struct oom_pid *known = bpf_map_lookup_elem(&oom_pids, &pid);

	if (!known || !is_known(task, known))
		return NO_BPF_POLICY;
	rank->key[0] = task_pages(task);
	return known->verdict;
}

struct task_struct *bpf_task_from_pid(__s32 pid) __ksym;
void bpf_task_release(struct task_struct *task) __ksym;

/* Kernels without CONFIG_CPUSETS have no such field. */
struct task_struct___cpuset {
	nodemask_t mems_allowed;
} __attribute__((preserve_access_index));

/* In a global OOM those that share no node with who asks are not offered. */
static __always_inline bool shares_a_node(struct task_struct *task)
{
	struct task_struct___cpuset *asks = (void *)bpf_get_current_task(), *is = (void *)task;

	return !bpf_core_field_exists(is->mems_allowed) ||
	       BPF_CORE_READ(is, mems_allowed.bits[0]) & BPF_CORE_READ(asks, mems_allowed.bits[0]);
}

struct search {
	struct oom_control *oc;
	struct rank best;
	__u64 task;
};

/* Will it be offered, and to kill it free memory? Where in doubt, no. */
static __always_inline bool is_sure(struct task_struct *task, struct oom_control *oc)
{
	if (!task->mm || task->vfork_done || task->flags & (PF_KTHREAD | PF_EXITING) ||
	    task->tgid == 1 || task->pid != task->tgid || dying(task) || spared(task))
		return false;
	return in_domain(task, oc) &&
	       (oc->memcg || (oc->constraint == CONSTRAINT_NONE && shares_a_node(task)));
}

static long look_at(struct bpf_map *map, __u32 *pid, struct oom_pid *known, struct search *s)
{
	struct task_struct *task;
	struct rank r = { };

	if (known->verdict != BPF_EVAL_SELECT)
		return 0;
	task = bpf_task_from_pid(*pid);
	if (!task)
		return 0;
	if (is_known(task, known) && is_sure(task, s->oc)) {
		r.key[0] = task_pages(task);
		if (higher(task, &r, &s->best)) {
			r.start = task->start_boottime;
			r.pid = task->tgid;
			s->best = r;
			s->task = (__u64)task;
		}
	}
	bpf_task_release(task);
	return 0;
}

/* The biggest of those to be killed first, if there is one for certain. */
static __always_inline __u64 find_sure(struct oom_control *oc)
{
	struct search s = { .oc = oc };

	bpf_for_each_map_elem(&oom_pids, look_at, &s, 0);
	return s.task;
}
