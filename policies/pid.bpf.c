// SPDX-License-Identifier: GPL-2.0
/*
 * pid - choose by process
 *
 * A map holds verdicts on processes: 3 (BPF_EVAL_SELECT: kill this one first; of
 * several the biggest) or 2 (BPF_EVAL_NEXT: do not choose this one). On processes
 * that are not in the map the policy has no opinion, or with --set others=spare it
 * spares them: the kernel then computes no score for them, which is cheaper on newer
 * kernels; if none of the given processes exists, the kernel chooses and the report
 * has fallback=none.
 *
 * A process is identified by its id in the initial pid namespace and by its start, so
 * a later process with the same id is not affected.
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
#define CHOOSES "the given processes first, or never"
#define BAD_AT "a process that is started anew is another one"
#define RANK_KEYS ",,pages task"
#include "oom_policy.bpf.h"

/* A clock tick in /proc, whatever CONFIG_HZ is. */
#define NSEC_PER_TICK 10000000

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct oom_pid);
} oom_pids SEC(".maps") RULES("pid", "first=3|never=2", "a rule; at most 1024");

/* The verdict on processes that are not in the map: 0, or BPF_EVAL_NEXT. */
__u32 others SETTING("others", "kernel=0|spare=2", "processes that no rule is for") =
	NO_BPF_POLICY;

static __always_inline int rank(struct task_struct *task, struct oom_domain *domain,
				struct rank *rank)
{
	__u32 pid = task->tgid;
	struct oom_pid *rule = bpf_map_lookup_elem(&oom_pids, &pid);

	if (!rule || rule->start != task->start_boottime / NSEC_PER_TICK)
		return others;
	rank->key[KEYS - 1] = task_pages(task);
	rank->named = true;
	return rule->verdict;
}
