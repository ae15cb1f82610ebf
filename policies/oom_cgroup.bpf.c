// SPDX-License-Identifier: GPL-2.0
/*
 * oom_cgroup - choose by cgroup
 *
 * A map says of a cgroup what is to become of the processes in it and below
 * it; the nearest one counts, so a part can be excepted from the whole. The
 * verdict is 3 (BPF_EVAL_SELECT: kill these first), 2 (BPF_EVAL_NEXT: do not
 * choose these) or 0 (NO_BPF_POLICY: as if there were no policy). Of several to
 * be killed first the kernel takes the last in its list.
 *
 *   bpftool prog loadall oom_cgroup.bpf.o /sys/fs/bpf/oom_cgroup autoattach
 *   bpftool map update name oom_cgroups \
 *           key 0x2a 0x01 0 0 0 0 0 0 value 3 0 0 0
 *   rm -r /sys/fs/bpf/oom_cgroup
 *
 * The key is the id of a directory in the cgroup v2 hierarchy, that is its
 * inode number (here 298), in the byte order of the machine.
 *
 * Bad at: a cgroup of many processes to be killed first. Which of them dies
 * is left to the order of the list; memory.oom.group kills them all.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char _license[] SEC("license") = "GPL";

/* Levels looked at, from the process up; cgroups beyond are not seen. */
#define MAX_LEVELS 32

extern int set_oom_policy_name(struct oom_control *oc, const char *name,
			       size_t sz) __ksym;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u32);
} oom_cgroups SEC(".maps");

SEC("fmod_ret/bpf_oom_evaluate_task")
int BPF_PROG(oom_cgroup, struct task_struct *task, struct oom_control *oc)
{
	/* Not sched_task_group: that is the cgroup of the cpu controller. */
	struct cgroup *cgrp = task->cgroups->dfl_cgrp;
	struct cgroup_subsys_state *parent;
	__u32 *verdict;
	__u64 id;
	int i;

	for (i = 0; i < MAX_LEVELS; i++) {
		id = cgrp->kn->id;
		verdict = bpf_map_lookup_elem(&oom_cgroups, &id);
		if (verdict)
			return *verdict;
		parent = cgrp->self.parent;
		if (!parent)
			break;
		cgrp = parent->cgroup;
	}
	return NO_BPF_POLICY;
}

SEC("fentry/bpf_set_policy_name")
int BPF_PROG(oom_cgroup_name, struct oom_control *oc)
{
	char name[] = "cgroup";

	set_oom_policy_name(oc, name, sizeof(name));
	return 0;
}
