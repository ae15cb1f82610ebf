// SPDX-License-Identifier: GPL-2.0
/*
 * age - the youngest process, or the oldest
 *
 * The youngest has the least to lose: a job that ran for a week outlives one of
 * a minute. The age is counted from the fork; exec makes a process no younger. The
 * policy has no opinion on those that hold less than a minimum: to kill them frees
 * next to nothing.
 *
 *   oom-policy load age --set order=youngest --set min=10
 *
 * Bad at: a leak in an old process, which costs the lives of all younger ones
 * first; and processes that are forked to serve a request.
 */
#define POLICY "age"
#define CHOOSES "the youngest process first, or the oldest"
#define BAD_AT "a leak in an old process costs the lives of all younger ones first"
#define RANK_KEYS "age"
#include "oom_policy.bpf.h"

bool oldest SETTING("order", "youngest=0|oldest=1", "who dies first");
__u64 min_pages SETTING("min", "0..1048576 MiB",
			"leave alone who holds less, in MiB (default 1)") = 256;

static __always_inline int rank(struct task_struct *task, struct oom_domain *domain,
				struct rank *rank)
{
	if (task_pages(task) < min_pages)
		return NO_BPF_POLICY;
	rank->key[0] = oldest ? ~task->start_boottime : task->start_boottime;
	return BPF_EVAL_SELECT;
}
