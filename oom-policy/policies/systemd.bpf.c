// SPDX-License-Identifier: GPL-2.0
/*
 * systemd - ManagedOOMPreference= of systemd's units
 *
 * systemd marks the cgroup of a unit with the extended attribute user.oomd_omit
 * or user.oomd_avoid, both with the value "1". The policy reads them from the
 * kernel's own copy in each OOM, so it follows each change at once and needs no
 * systemd-oomd. Processes in omitted cgroups are not chosen, those to be avoided
 * only after all others; apart from that the kernel's measure counts: size with
 * oom_score_adj. A mark applies to the cgroup and all below it; the nearest wins.
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
#define CHOOSES "obey ManagedOOMPreference= of systemd's units"
#define BAD_AT "a mark that a user set on a cgroup of their own counts as well"
#define RANK_KEYS "words to be avoided|not marked,,score"
#define TASK_KEY badness
#include "oom_policy.bpf.h"

/* Biased, so that negative scores stay in order without a sign. */
static __always_inline __u64 badness(struct task_struct *task, struct oom_domain *domain)
{
	return task_pages(task) + (1LL << 62) +
	       task->signal->oom_score_adj * (__s64)(domain->totalpages / 1000);
}

#include "cgroup.bpf.h"

/* Attributes of a cgroup that are examined: all of a list, or the depth of a tree. */
#define MAX_XATTRS	16
#define MAX_XATTR_NAME	20

/* The attributes of a cgroup are a tree on older kernels, a list on newer ones. */
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

/* Both kinds of attribute have the same fields. 0: it has the name that is wanted. */
#define COMPARE(xattr, wanted) ({						\
	char __name[MAX_XATTR_NAME];						\
	bpf_probe_read_kernel_str(__name, sizeof(__name), (xattr)->name);	\
	bpf_strncmp(__name, sizeof(__name), wanted);				\
})

#define IS_ONE(xattr)	((xattr)->size == 1 && (xattr)->value[0] == '1')

/* No lock is taken: an attribute that is set during an OOM may be missed in it. */
static __always_inline bool marked_tree(struct kernfs_iattrs *iattr, const char *wanted)
{
	struct kernfs_iattrs___tree *attrs = cast(iattr, struct kernfs_iattrs___tree);
	struct rb_node *node = attrs->xattrs.rb_root.rb_node;
	struct simple_xattr___tree *xattr;
	int i, order;

	for (i = 0; i < MAX_XATTRS && node; i++) {
		xattr = cast((void *)node - bpf_core_field_offset(xattr->rb_node),
			     struct simple_xattr___tree);
		order = COMPARE(xattr, wanted);
		if (!order)
			return IS_ONE(xattr);
		node = order < 0 ? node->rb_left : node->rb_right;
	}
	return false;
}

static __always_inline bool marked_list(struct kernfs_iattrs *iattr, const char *wanted)
{
	struct kernfs_iattrs___list *attrs = cast(iattr, struct kernfs_iattrs___list);
	struct list_head *node = attrs->xattrs.next;
	struct simple_xattr___list *xattr;
	int i;

	for (i = 0; i < MAX_XATTRS && node != &attrs->xattrs; i++) {
		xattr = cast((void *)node - bpf_core_field_offset(xattr->node),
			     struct simple_xattr___list);
		if (!COMPARE(xattr, wanted))
			return IS_ONE(xattr);
		node = node->next;
	}
	return false;
}

static __always_inline bool marked(struct cgroup *cgrp, const char *wanted)
{
	struct kernfs_iattrs *iattr = cgrp->kn->iattr;

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
