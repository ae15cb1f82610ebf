/* SPDX-License-Identifier: GPL-2.0 */
/* Processes of known size, OOMs on demand, and what the kernel says about them. */
#ifndef OOM_UTIL_H
#define OOM_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

#include "cgroup_util.h"

#define MIB		1048576UL
#define CGROUP_ROOT	"/sys/fs/cgroup"
/*
 * The longest wait for an event, in ms: emulated guests are slow.
 * OOM_TEST_PATIENCE in the environment overrides it.
 */
#define PATIENCE	patience()

int patience(void);

/* Monotonic time, ms. */
long now_ms(void);

/* Functions that return int return 0 or -errno unless they say otherwise. */
int write_file(const char *path, const char *fmt, ...);
/* The number of bytes or -errno; a NUL is added. */
int read_file(const char *path, char *buf, size_t size);
/* Write a sysctl; *old gets the value before. */
int sysctl_set(const char *path, int value, int *old);

/* A cgroup v2 directory; path is absolute, id is what programs see. */
struct cg {
	char path[256];
	uint64_t id;
};

/* @parent: NULL for the root; @max: memory.max in bytes, 0 for no limit; no swap. */
int group_create(struct cg *cg, const struct cg *parent, const char *name, size_t max);
/* Kill all processes in it, wait until they are gone, and remove the directory. */
void group_destroy(const struct cg *cg);

/* A process that holds memory, and waits to be told to hold more. */
struct hog {
	pid_t pid;
	int cmd;	/* pipe to it: a size to add; 0 if it has none */
	int ack;	/* pipe from it: a byte for each size that it holds */
};

/*
 * Start a process in @cg (NULL: that of the caller) with @bytes of resident memory
 * and the oom_score_adj @adj.
 */
int hog_start(struct hog *hog, const struct cg *cg, size_t bytes, int adj);
/* How a child gets its memory: hog_hold_pages() unless a test has set another. */
extern void (*hog_hold)(size_t bytes);
void hog_hold_pages(size_t bytes);
/* Add memory, without waiting for it. */
int hog_grow(struct hog *hog, size_t bytes);
/* Wait for the memory of one hog_grow(): 0, -ECHILD if it died, -ETIMEDOUT. */
int hog_wait(struct hog *hog, int ms);
/* Wait until it was killed: the signal, 0 if it is alive after @ms, -errno. */
int hog_killed(struct hog *hog, int ms);
/* Does it exist, and is it no zombie? */
bool hog_alive(const struct hog *hog);
/* Kill and reap it. */
void hog_stop(struct hog *hog);
/*
 * For a child: go to a cgroup, unless NULL, and take a score; and go to CPU 0 at
 * SCHED_FIFO, so that a victim exits before its waiter runs, unless hogs_roam.
 */
int hog_settle(const struct cg *cg, int adj);
extern bool hogs_roam;
/* Run on this CPU only; pid 0 is the caller. */
int pin_to(pid_t pid, int cpu);

/* Lines of the kernel log, from log_open() on. */
struct klog {
	int fd;
	char *text;
	size_t len;
};

int log_open(struct klog *log);
/* Read the lines that came since; the text has no prefixes, and grows. */
const char *log_read(struct klog *log);
/* Read until @string is in the text: true, or false after @ms. */
bool log_wait(struct klog *log, const char *string, int ms);
/* How often a string is in the text. */
int log_count(struct klog *log, const char *string);
void log_close(struct klog *log);

/*
 * Most tests need one big process, a smaller one, and one that allocates until the
 * memory is gone. Each is in a cgroup of its own, and the tasks of a memory cgroup
 * are evaluated in this order:
 *
 *	domain		memory.max, 48M
 *	|-- big		24M: the victim that the kernel alone chooses
 *	|-- small	10M: the victim that a policy chooses
 *	`-- trigger	grows by 16M; smaller than big at the OOM
 */
struct scene {
	struct cg domain, cg_big, cg_small, cg_trigger;
	struct hog big, small, trigger;
	struct klog log;
	size_t share;	/* a hundredth of the memory, if that is not 48M */
	size_t grow;	/* bytes that the trigger asks for */
};

/* Make the cgroups and start the trigger, in a new domain @name below @parent. */
int scene_memcg_in(struct scene *s, const struct cg *parent, const char *name);
int scene_memcg(struct scene *s);
/* The same without a domain: the cgroups are below @parent. */
int scene_start(struct scene *s, const struct cg *parent);
/* Start the trigger, small again if there was one. */
int scene_trigger(struct scene *s);
void scene_sizes(const struct scene *s, size_t *big, size_t *small);
/* Start the big and the small one, in either order. */
int scene_hogs(struct scene *s, bool small_first, int adj_small);
/* The small one in the cgroup of the big one and vice versa: it is evaluated first. */
int scene_hogs_swapped(struct scene *s);
/* Run out of memory once: 0 if the trigger got its memory, else as hog_wait(). */
int scene_oom(struct scene *s);
void scene_end(struct scene *s);

#endif
