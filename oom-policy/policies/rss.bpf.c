// SPDX-License-Identifier: GPL-2.0
/*
 * rss - the biggest process, whatever its oom_score_adj
 *
 * Resident memory, swap and page tables count, as they do for the kernel. A high
 * oom_score_adj, which some desktops and browsers give their processes, no longer
 * picks a small one; only -1000 still spares.
 *
 *   oom-policy load rss
 *
 * Bad at: memory that processes share. Each of them counts it in full, and to
 * kill one of them does not free it.
 */
#define POLICY "rss"
#define CHOOSES "the biggest process, whatever its oom_score_adj"
#define BAD_AT "memory that processes share counts in full for each"
#define RANK_KEYS "pages task"
#include "oom_policy.bpf.h"

static __always_inline int rank(struct task_struct *task, struct oom_domain *domain,
				struct rank *rank)
{
	rank->key[0] = task_pages(task);
	return BPF_EVAL_SELECT;
}
