// SPDX-License-Identifier: GPL-2.0
/*
 * most-threads - the process with the most threads
 *
 * An example of a policy of your own. Built with the header that make install puts
 * into PREFIX/include/oom-policy, see the Makefile beside this file:
 *
 *   oom-policy rank ./most_threads.bpf.o
 *   oom-policy load ./most_threads.bpf.o --set min=50
 *
 * Bad at: programs that have many threads for good reason.
 */
#define POLICY		"most-threads"
#define CHOOSES		"the process with the most threads"
#define BAD_AT		"programs that have many threads for good reason"
#define RANK_KEYS	"number threads"
#include <oom_policy.bpf.h>

__u32 min_threads SETTING("min", "0..4194304", "leave alone who has fewer (default 2)") = 2;

static __always_inline int rank(struct task_struct *task, struct oom_domain *domain,
				struct rank *rank)
{
	__u32 threads = task->signal->nr_threads;

	if (threads < min_threads)
		return NO_BPF_POLICY;
	rank->key[0] = threads;
	return BPF_EVAL_SELECT;
}
