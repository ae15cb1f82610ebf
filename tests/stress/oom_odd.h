/* SPDX-License-Identifier: GPL-2.0 */
/* Processes that are odd to kill: what a policy may select and regret. */
#ifndef OOM_ODD_H
#define OOM_ODD_H

#include "oom_util.h"

/*
 * Each starts a process in @cg, or for NULL in the cgroup of the caller, at
 * oom_score_adj 0, and returns 0 when it is as said, or -errno. They take no commands;
 * hog_stop() ends them.
 */

/* A process that has ended and was not waited for. */
int odd_zombie(struct hog *hog, const struct cg *cg);

/* The leader has exited, a thread lives on with @bytes of memory. */
int odd_leaderless(struct hog *hog, const struct cg *cg, size_t bytes);

/* A process with @bytes of memory that never sleeps. */
int odd_spinner(struct hog *hog, const struct cg *cg, size_t bytes);

/*
 * A process with @bytes of memory and a child that uses the same: @flags of clone(),
 * CLONE_VM or CLONE_VM | CLONE_VFORK. Of the child only the pid is set.
 */
int odd_shared(struct hog *owner, struct hog *child, const struct cg *cg,
	       size_t bytes, int flags);

/*
 * A process with @bytes of memory and a second thread. The id of that thread is in
 * *tid. Killed, the leader exits at once, while a tracer can hold the thread.
 */
int odd_threads(struct hog *hog, pid_t *tid, const struct cg *cg, size_t bytes);

/* Hogs started from here on can also hold memory of the kernel. */
void odd_can_hold_pipes(void);
/* The same as hog_grow() with such memory, which system calls are charged for. */
int odd_grow_pipes(struct hog *hog, size_t bytes);

/* When a process started, in clock ticks: field 22 of its stat; 0: it is gone. */
unsigned long long start_ticks(pid_t pid);

/* The objects of a slab cache that are in use, or -1. */
long slab_count(const char *name);
/* The same once it is at most MOST, or after PATIENCE: the reaper and RCU hold some for a
 * moment.
 */
long slab_settled(const char *name, long most);
/* task_structs that the allocator still counts on either CPU, or frees late. */
#define SLAB_SLACK	25

/* A hundredth of the free memory of a node, bytes, or 0. */
size_t node_share(int node);

#endif
