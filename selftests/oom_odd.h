/* SPDX-License-Identifier: GPL-2.0 */
/* Processes that are odd to kill: what a policy may select and regret. */
#ifndef OOM_ODD_H
#define OOM_ODD_H

#include "oom_util.h"

/*
 * Each starts processes in @cg, or for NULL in the cgroup of the caller, at
 * oom_score_adj 0, and returns 0 when they are as said, or -errno. They take no
 * commands; hog_stop() ends them.
 */

/* A process that has ended and that nobody has waited for. */
int odd_zombie(struct hog *hog, const struct cg *cg);

/* The leader has gone, a thread lives on with @bytes of memory. */
int odd_leaderless(struct hog *hog, const struct cg *cg, size_t bytes);

/* A process with @bytes of memory that never sleeps. */
int odd_spinner(struct hog *hog, const struct cg *cg, size_t bytes);

/*
 * A process with @bytes of memory and a child that uses the same.
 * @child: no child of the caller's: only its pid is set
 * @flags: of clone(): CLONE_VM, or CLONE_VM | CLONE_VFORK
 */
int odd_borrower(struct hog *owner, struct hog *child, const struct cg *cg,
		 size_t bytes, int flags);

#endif
