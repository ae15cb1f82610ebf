// SPDX-License-Identifier: GPL-2.0
/*
 * systemd - ManagedOOMPreference= of systemd's units
 *
 * systemd marks the cgroup of a unit with the extended attribute user.oomd_omit
 * or user.oomd_avoid, both with the value "1". The policy reads them from the
 * kernel's own copy in each OOM, so it knows of each change at once and needs no
 * systemd-oomd. Processes in omitted cgroups are not chosen; those to be avoided
 * only after all others; all else goes by the kernel's measure: size with
 * oom_score_adj. A mark counts for the cgroup and what is below it, the nearest
 * one first.
 *
 *   oom-policy load systemd
 *
 * It has an opinion on every process: load it first, so that it is asked last.
 *
 * Bad at: trust. systemd-oomd obeys a mark if the owner of the cgroup is root,
 * or owns the parent; here each mark counts, also one that a user set on a
 * cgroup of their own.
 */
#define POLICY "systemd"
#define TASK_KEY badness
#include "oom_policy.bpf.h"

/* Biased, so that a negative one is lower than all others without a sign. */
static __always_inline __u64 badness(struct task_struct *task, struct oom_domain *domain)
{
	return task_pages(task) + (1LL << 62) +
	       task->signal->oom_score_adj * (__s64)(domain->totalpages / 1000);
}

#include "cgroup.bpf.h"

/* Attributes looked at for a cgroup: all of a list, or the depth of a tree. */
#define MAX_XATTRS	16
#define MAX_XATTR_NAME	20

/* The attributes of a cgroup are in a tree on older kernels, in a list on newer. */
struct simple_xattr___tree {
	struct rb_node rb_node;
	char *name;
	size_t size;
	char value[];
} __attribute__((preserve_access_index));

struct simple_xattr___list {
	struct list_head node;
	char *name;
	size_t size;
	char value[];
} __attribute__((preserve_access_index));

struct simple_xattrs___tree {
	struct rb_root rb_root;
} __attribute__((preserve_access_index));

struct kernfs_iattrs___tree {
	struct simple_xattrs___tree xattrs;
} __attribute__((preserve_access_index));

struct kernfs_iattrs___list {
	struct list_head xattrs;
} __attribute__((preserve_access_index));

/* Both kinds of attribute have the same fields: 0 is for the one looked for. */
#define COMPARE(xattr, wanted) ({						\
	char __name[MAX_XATTR_NAME];						\
	bpf_probe_read_kernel_str(__name, sizeof(__name), BPF_CORE_READ(xattr, name)); \
	bpf_strncmp(__name, sizeof(__name), wanted);				\
})

#define IS_ONE(xattr) ({							\
	char __value = 0;							\
	bpf_core_read(&__value, 1, &(xattr)->value);				\
	BPF_CORE_READ(xattr, size) == 1 && __value == '1';			\
})

/*
 * No lock is taken. An attribute that is being set while memory is short may be
 * missed in that OOM.
 */
static __always_inline bool marked_tree(struct kernfs_iattrs *iattr, const char *wanted)
{
	struct kernfs_iattrs___tree *attrs = (void *)iattr;
	struct simple_xattr___tree *xattr;
	struct rb_node *node;
	int i, order;

	node = BPF_CORE_READ(attrs, xattrs.rb_root.rb_node);
	for (i = 0; i < MAX_XATTRS && node; i++) {
		xattr = (void *)node - bpf_core_field_offset(struct simple_xattr___tree, rb_node);
		order = COMPARE(xattr, wanted);
		if (!order)
			return IS_ONE(xattr);
		node = order < 0 ? BPF_CORE_READ(node, rb_left) : BPF_CORE_READ(node, rb_right);
	}
	return false;
}

static __always_inline bool marked_list(struct kernfs_iattrs *iattr, const char *wanted)
{
	struct kernfs_iattrs___list *attrs = (void *)iattr;
	struct simple_xattr___list *xattr;
	struct list_head *node;
	int i;

	node = BPF_CORE_READ(attrs, xattrs.next);
	for (i = 0; i < MAX_XATTRS && node != &attrs->xattrs; i++) {
		xattr = (void *)node - bpf_core_field_offset(struct simple_xattr___list, node);
		if (!COMPARE(xattr, wanted))
			return IS_ONE(xattr);
		node = BPF_CORE_READ(node, next);
	}
	return false;
}

static __always_inline bool marked(struct cgroup *cgrp, const char *wanted)
{
	struct kernfs_iattrs *iattr = BPF_CORE_READ(cgrp, kn, iattr);

	if (!iattr)
		return false;
	if (bpf_core_field_exists(struct simple_xattr___tree, rb_node))
		return marked_tree(iattr, wanted);
	return marked_list(iattr, wanted);
}

static __always_inline int rank_cgroup(struct cgroup *cgrp, struct css_set *set,
				       struct oom_domain *domain, struct rank *rank)
{
	bool avoid = false;
	int i;

	cgrp = deepest(cgrp);
	for (i = 0; i < MAX_LEVELS && cgrp && !avoid; i++) {
		if (marked(cgrp, "user.oomd_omit"))
			return BPF_EVAL_NEXT;
		avoid = marked(cgrp, "user.oomd_avoid");
		cgrp = parent_cgroup(cgrp);
	}
	rank->key[0] = !avoid;
	return BPF_EVAL_SELECT;
}
