// SPDX-License-Identifier: GPL-2.0
/*
 * cgroup-size - a big process of the biggest memory cgroup
 *
 * The cgroup-aware OOM killer that was proposed in 2017: cgroups are compared,
 * not processes, so that many small processes do not hide behind a big one. The
 * victim is a big process of the biggest memory cgroup that has processes in
 * the OOM domain. With memory.oom.group, a cgroup counts as one with all below it,
 * and the kernel kills all of it.
 *
 * The size of a cgroup is what a kill of its processes frees, see memcg.bpf.h. Each
 * process of the root counts for itself. Of its processes that have at least a quarter
 * of the largest, the one with the highest oom_score_adj dies, then the youngest. At or
 * below -900 a process is no candidate.
 *
 *   oom-policy load cgroup-size
 *   bpftool prog loadall cgroup_size.bpf.o /sys/fs/bpf/cgroup_size autoattach
 *
 * Bad at: a server that is split into many cgroups, each of which is small; and many
 * small processes in the root cgroup, which are not added up.
 */
#define POLICY "cgroup-size"
#define CHOOSES "a big process of the biggest memory cgroup"
#define BAD_AT "what is split into many small cgroups hides there"
#define RANK_KEYS ",pages cgroup,pages task"
#define NEAR near_in_cgroup
#include "memcg.bpf.h"

/*
 * In a cgroup that has been chosen the youngest dies, unless it is much smaller than the
 * largest: a server goes on without a worker, and not the other way round.
 */
static __always_inline __u64 near_in_cgroup(__u64 largest)
{
	return largest / 4;
}

static __always_inline int rank_cgroup(struct cgroup *cgrp, struct css_set *set,
				       struct oom_domain *domain, struct rank *rank)
{
	rank->key[1] = memcg_pages(set, domain);
	return BPF_EVAL_SELECT;
}
