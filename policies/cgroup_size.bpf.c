// SPDX-License-Identifier: GPL-2.0
/*
 * cgroup-size - the biggest process of the biggest memory cgroup
 *
 * The cgroup-aware OOM killer that was proposed in 2017: cgroups are compared,
 * not processes, so that many small processes do not hide behind a big one. Of
 * the memory cgroups with processes in the OOM domain the biggest one is taken,
 * and in it the biggest process. Where memory.oom.group is set, the cgroup with
 * all below it counts as one, and the kernel kills all of it.
 *
 * The size of a cgroup is memory.current and memory.swap.current. The root has
 * neither, and counts as the sum of its processes. oom_score_adj does not count,
 * but for -1000.
 *
 *   oom-policy load cgroup-size
 *   bpftool prog loadall cgroup_size.bpf.o /sys/fs/bpf/cgroup_size autoattach
 *
 * Bad at: page cache, which makes a cgroup big and goes without a kill.
 */
#define POLICY "cgroup-size"
#include "cgroup.bpf.h"
#include "memcg.bpf.h"

static __always_inline int rank_cgroup(struct cgroup *cgrp, struct css_set *set,
				       struct oom_domain *domain, struct rank *rank)
{
	rank->key[0] = memcg_pages(set, domain);
	return BPF_EVAL_SELECT;
}
