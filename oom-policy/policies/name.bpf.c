// SPDX-License-Identifier: GPL-2.0
/*
 * name - choose by the name of the process
 *
 * The name is that of its first thread as in /proc/PID/comm, at most 15 bytes.
 * A rule has a whole name, or the beginning of one and a *; of several that match
 * the longest counts. Preferred processes are killed first, the biggest of them
 * before the others; protected ones are not chosen.
 *
 *   oom-policy load name --set 'chrom*=prefer' --set sshd=never
 *
 * Bad at: security. A process gives itself the name that it wants.
 */
#define POLICY "name"
#define CHOOSES "prefer or spare processes by name"
#define BAD_AT "a process gives itself the name that it wants"
#define RANK_KEYS "pages task"
#include "oom_policy.bpf.h"

/* A lookup finds the longest prefix. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, struct oom_name);
	__type(value, __u32);
} oom_names SEC(".maps") RULES("name", "prefer=3|never=2", "a rule; at most 1024");

static __always_inline int rank(struct task_struct *task, struct oom_domain *domain,
				struct rank *rank)
{
	struct oom_name name = { .bits = 8 * sizeof(name.comm) };
	__u32 *verdict;

	bpf_probe_read_kernel_str(name.comm, sizeof(name.comm), task->comm);
	verdict = bpf_map_lookup_elem(&oom_names, &name);
	if (!verdict)
		return NO_BPF_POLICY;
	rank->key[0] = task_pages(task);
	return *verdict;
}
