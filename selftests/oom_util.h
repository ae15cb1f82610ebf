/* SPDX-License-Identifier: GPL-2.0 */
/* Processes of known size, OOMs on demand, and what the kernel said of them. */
#ifndef OOM_UTIL_H
#define OOM_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MB		1048576UL
#define CGROUP_ROOT	"/sys/fs/cgroup"
/*
 * How long to wait, in ms, for what has to happen: emulated guests are slow.
 * OOM_TEST_PATIENCE in the environment says otherwise.
 */
#define PATIENCE	patience()

int patience(void);

/* The time in ms, from some start on. */
long now_ms(void);

/**
 * write_file - write a string to a file
 * Return: 0 or -errno.
 */
int write_file(const char *path, const char *fmt, ...);

/**
 * read_file - read a file, with a NUL after it
 * Return: the number of bytes or -errno.
 */
int read_file(const char *path, char *buf, size_t size);

/* A cgroup v2 directory; path is absolute. */
struct cg {
	char path[256];
	uint64_t id;
};

/**
 * cg_create - make a cgroup with the memory controller on for its children
 * @parent: NULL for the root
 * @max: memory.max in bytes, 0 for no limit; swap is not allowed
 * Return: 0 or -errno.
 */
int cg_create(struct cg *cg, const struct cg *parent, const char *name, size_t max);
int cg_write(const struct cg *cg, const char *file, const char *value);
/* The value behind a key of a flat keyed file, such as memory.events, or -1. */
long cg_event(const struct cg *cg, const char *file, const char *key);
/* Kill what is inside, wait until it is gone, and remove the directory. */
void cg_destroy(const struct cg *cg);

/* A process that holds memory, and waits to be told more. */
struct hog {
	pid_t pid;
	int cmd;	/* pipe to it: a size to add; 0 if it has none */
	int ack;	/* pipe from it: a byte for each size that it holds */
};

/**
 * hog_start - start a process in a cgroup and let it hold memory
 * @cg: NULL for the cgroup of the caller
 * @bytes: resident, private, anonymous
 * @adj: oom_score_adj
 * Return: 0 or -errno; the memory is resident when it returns.
 */
int hog_start(struct hog *hog, const struct cg *cg, size_t bytes, int adj);
/* Make it add memory without waiting for it. */
int hog_grow(struct hog *hog, size_t bytes);
/* The same with memory of the kernel, which its system calls are charged for. */
int hog_grow_pipes(struct hog *hog, size_t bytes);
/*
 * For a child: go to a cgroup, unless NULL, and take a score; and to the first
 * place in line on CPU 0, so that a victim exits at one go, unless hogs_roam.
 * 0 or -errno.
 */
int hog_settle(const struct cg *cg, int adj);
extern bool hogs_roam;
/* Run on this CPU only; pid 0 is the caller. 0 or -errno. */
int pin_to(pid_t pid, int cpu);
/* Wait for the memory of one hog_grow(): 0, -ECHILD if it died, -ETIMEDOUT. */
int hog_wait(struct hog *hog, int ms);
/* Wait until it was killed: the signal, 0 if it lives on after @ms, -errno. */
int hog_killed(struct hog *hog, int ms);
/* Is it there, and not a zombie? */
bool hog_alive(const struct hog *hog);
/* Kill and reap it. */
void hog_stop(struct hog *hog);

/* Lines of the kernel log, from log_open() on. */
struct klog {
	int fd;
	char *text;
	size_t len;
};

int log_open(struct klog *log);
/* Read what came since; the text has no prefixes, and grows. */
const char *log_read(struct klog *log);
/* Read until @line, whole or a part of one, is there: true, or false after @ms. */
bool log_wait(struct klog *log, const char *line, int ms);
/* How often a string is in the text read so far. */
int log_count(struct klog *log, const char *string);
/*
 * The last OOM report in the log without its stack trace, registers and
 * label, and with every number made the same: to be freed by the caller.
 */
char *log_shape(struct klog *log);
void log_close(struct klog *log);

/* Write a sysctl; *old gets what it was. 0 or -errno. */
int sysctl_set(const char *path, int value, int *old);

/*
 * What most tests need: one big process, a smaller one, and one that asks for
 * more until the memory is gone. Each in a cgroup of its own:
 *
 *	domain		memory.max, where the OOM is (memcg scenes)
 *	|-- big		the one that the kernel alone would kill
 *	|-- small	the one that a policy would
 *	`-- trigger	grows; smaller than big at the OOM
 *
 * In a global scene the three are below the root.
 */
struct scene {
	struct cg domain, cg_big, cg_small, cg_trigger;
	struct hog big, small, trigger;
	struct klog log;
	size_t share;	/* global: a hundredth of the available memory, bytes */
	size_t grow;	/* how much the trigger asks for, bytes */
};

/* Lay out the cgroups and start the trigger: 0 or -errno. */
int scene_memcg(struct scene *s);
/* The same in a domain of that name below @parent, NULL for the root. */
int scene_memcg_in(struct scene *s, const struct cg *parent, const char *name);
int scene_global(struct scene *s);
/* A hundredth of what is free on a node, bytes, or 0. */
size_t node_share(int node);
/* How much memory the big and the small one are to hold, bytes. */
void scene_sizes(const struct scene *s, size_t *big, size_t *small);
/* Start the big and the small one, in either order: 0 or -errno. */
int scene_hogs(struct scene *s, bool small_first, int adj_small);
/* Run out of memory once: 0 if the trigger got its memory, else as hog_wait() */
int scene_oom(struct scene *s);
void scene_end(struct scene *s);

#endif
