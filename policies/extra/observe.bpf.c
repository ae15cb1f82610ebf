// SPDX-License-Identifier: GPL-2.0
/*
 * observe - no opinion, but a record of each OOM
 *
 * Leaves all to the other policies and the kernel, counts the OOMs and remembers
 * the biggest process: the one that the policy rss would have killed. oom-policy
 * status shows it. Any other policy can be loaded like this with --set observe=yes.
 *
 *   oom-policy load observe
 *
 * Bad at: nothing it does, as it does nothing.
 */
#define POLICY "observe"
#define CHOOSES "decide nothing, but count each OOM and who was the biggest"
#define BAD_AT "nothing it does, as it does nothing"
#define RANK_KEYS "pages task"
#define OBSERVE true
#include "oom_policy.bpf.h"

static __always_inline int rank(struct task_struct *task, struct oom_domain *domain,
				struct rank *rank)
{
	rank->key[0] = task_pages(task);
	return BPF_EVAL_SELECT;
}
