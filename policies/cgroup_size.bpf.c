// SPDX-License-Identifier: GPL-2.0
/*
 * cgroup-size - the biggest process of the biggest memory cgroup
 *
 * The cgroup-aware OOM killer that was proposed in 2017: cgroups are compared,
 * not processes, so that many small processes do not hide behind a big one. The
 * victim is the biggest process of the biggest memory cgroup that has processes in
 * the OOM domain. With memory.oom.group, a cgroup counts as one with all below it,
 * and the kernel kills all of it.
 *
 * The size of a cgroup is memory.current and memory.swap.current. The root has
 * neither, so each of its processes is compared with the cgroups by its own size.
 * oom_score_adj is ignored, except -1000.
 *
 *   oom-policy load cgroup-size
 *   bpftool prog loadall cgroup_size.bpf.o /sys/fs/bpf/cgroup_size autoattach
 *
 * Bad at: page cache, which makes a cgroup big and goes without a kill; and many
 * small processes in the root cgroup, which are not added up.
 */
#define POLICY "cgroup-size"
#define CHOOSES "the biggest process of the biggest memory cgroup"
#define BAD_AT "page cache makes a cgroup big, and goes without a kill"
#define RANK_KEYS ",pages cgroup,pages task"
#include "cgroup.bpf.h"
#include "memcg.bpf.h"

static __always_inline int rank_cgroup(struct cgroup *cgrp, struct css_set *set,
				       struct oom_domain *domain, struct rank *rank)
{
	rank->key[1] = memcg_pages(set, domain);
	return BPF_EVAL_SELECT;
}
