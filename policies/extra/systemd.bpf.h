/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ManagedOOMPreference= of systemd's units: the extended attributes user.oomd_omit and
 * user.oomd_avoid of a cgroup, both with the value "1", from the kernel's own copy. A
 * mark applies to the cgroup and all below it; the nearest wins.
 *
 * A mark counts if the owner of the cgroup may decide there, as systemd-oomd has it:
 * root, or the owner of the cgroup that is out of memory. A mark that users set on
 * cgroups of their own does not protect these from others.
 */
#ifndef SYSTEMD_BPF_H
#define SYSTEMD_BPF_H

#include "oom_rules.h"

/* Attributes of a cgroup that are examined: all of a list, or the depth of a tree. */
#define MAX_XATTRS	10
/* Levels on which a mark is looked for, from the cgroup up. */
#define MAX_MARK_LEVELS	10
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

/* The owner of a cgroup's directory. */
static __always_inline __u32 owner(struct kernfs_node *kn)
{
	struct kernfs_iattrs *iattr = kn->iattr;

	return iattr ? iattr->ia_uid.val : 0;
}

static __always_inline enum rule_mark systemd_mark(struct cgroup *cgrp, __u32 domain_owner)
{
	__u32 uid;
	int i;

	cgrp = deepest(cgrp);
	for (i = 0; i < MAX_MARK_LEVELS && cgrp; i++) {
		uid = owner(cgrp->kn);
		if (!uid || uid == domain_owner) {
			if (marked(cgrp, "user.oomd_omit"))
				return RULE_MARK_OMIT;
			if (marked(cgrp, "user.oomd_avoid"))
				return RULE_MARK_AVOID;
		}
		cgrp = parent_cgroup(cgrp);
	}
	return RULE_MARK_NONE;
}

#endif
