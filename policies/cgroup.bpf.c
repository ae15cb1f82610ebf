// SPDX-License-Identifier: GPL-2.0
/*
 * cgroup - choose by cgroup
 *
 * A map holds verdicts on cgroups, for the processes in them and below them; the
 * nearest one applies, so a part can be excepted from the whole. The verdict is
 * 3 (BPF_EVAL_SELECT: kill these first, the biggest of them before the others),
 * 2 (BPF_EVAL_NEXT: do not choose these) or 0 (NO_BPF_POLICY: as if there were no
 * policy). To choose from some cgroups only, give the root (its id is 1) a 2, and
 * these a 0.
 *
 *   oom-policy load cgroup --set /batch=prefer
 *
 * or, where there is only bpftool:
 *
 *   bpftool prog loadall cgroup.bpf.o /sys/fs/bpf/cgroup autoattach
 *   bpftool map update name oom_cgroups \
 *           key 0x2a 0x01 0 0 0 0 0 0 value 3 0 0 0
 *   rm -r /sys/fs/bpf/cgroup
 *
 * The key is the id of a directory in the cgroup v2 hierarchy, that is its
 * inode number (here 298), in the byte order of the machine.
 *
 * A rule set by oom-policy is on a path, and holds for a cgroup that is made anew. A
 * process that holds less than a hundredth of the memory is not preferred: killed one
 * by one, such processes free nothing.
 *
 * Bad at: many cgroups with names that change. A list of rules takes patterns.
 */
#define CGROUP_RULES "prefer=3|never=2|none=0|only=0"
#define FLOOR
#define TOO_SMALL NO_BPF_POLICY
#define POLICY "cgroup"
#define CHOOSES "prefer, spare or only choose from the given cgroups"
#define BAD_AT "many cgroups with names that change; a list of rules takes patterns"
#define RANK_KEYS ",,pages task"
#include "cgroup.bpf.h"

static __always_inline int rank_cgroup(struct cgroup *cgrp, struct css_set *set,
				       struct oom_domain *domain, struct rank *rank)
{
	__u32 *verdict;
	__u64 id;
	int i;

	cgrp = deepest(cgrp);
	for (i = 0; i < MAX_LEVELS && cgrp; i++) {
		id = cgrp->kn->id;
		verdict = bpf_map_lookup_elem(&oom_cgroups, &id);
		if (verdict)
			return *verdict;
		cgrp = parent_cgroup(cgrp);
	}
	return NO_BPF_POLICY;
}
