// SPDX-License-Identifier: GPL-2.0
/*
 * A loaded policy is a directory of pins in bpffs, and nothing else is kept: no
 * daemon, no file.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel.h"
#include "pins.h"
#include "say.h"

/* The program that is asked: attached last, and dropped first. */
#define ASKED		"oom_evaluate"

bool pins_safe(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & 0022);
}

int pins_lock(const char *dir, bool make, bool wait)
{
	struct stat st;
	int fd;

	if (make && mkdir(dir, 0700) && errno != EEXIST)
		return -kernel_explain(errno, dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && !make)
		return 0;
	if (fd < 0 || fstat(fd, &st))
		return -kernel_explain(errno, dir);
	/* bpffs is mounted with mode 1777 by default, so anybody may make it. */
	if (!pins_safe(&st))
		return -fail(NO_RIGHTS, "%s is owned or writable by others; remove it and remount bpffs with mode=700",
			     dir);
	if (!flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)))
		return fd;
	if (errno == EWOULDBLOCK)
		return -fail(FAILED, "%s is in use by another command", dir);
	return -kernel_explain(errno, dir);
}

int pins_change(void)
{
	int fd = pins_lock(PINS, true, true);
	sigset_t signals;
	uint32_t id;

	if (fd < 0)
		return -fd;
	if (bpf_link_get_next_id(0, &id) == -EPERM)
		return kernel_explain(EPERM, PINS);
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	return DONE;
}

/* Wait until a link that was let go is gone: the kernel does it a little later. */
static bool link_gone(uint32_t id)
{
	struct timespec ms = { .tv_nsec = 1000000 };
	int i, fd;

	for (i = 0; i < 10000; i++) {
		fd = bpf_link_get_fd_by_id(id);
		if (fd < 0)
			return fd == -ENOENT;
		close(fd);
		nanosleep(&ms, NULL);
	}
	errno = ETIMEDOUT;
	return false;
}

/* The id of a pinned link, or 0. */
static uint32_t pinned_link(const char *path)
{
	struct bpf_link_info info = { };
	uint32_t size = sizeof(info);
	int fd = bpf_obj_get(path);

	if (fd < 0)
		return 0;
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		info.id = 0;
	close(fd);
	return info.id;
}

bool pins_drop(const char *dir)
{
	char path[1024], asked[512];
	struct dirent *entry;
	bool dropped = true;
	uint32_t id;
	DIR *pins;

	snprintf(asked, sizeof(asked), PINS "/%s/" ASKED, dir);
	id = pinned_link(asked);
	if (unlink(asked) && errno != ENOENT)
		return false;
	snprintf(path, sizeof(path), PINS "/%s", dir);
	pins = opendir(path);
	if (!pins)
		return errno == ENOENT;
	while ((entry = readdir(pins))) {
		snprintf(path, sizeof(path), PINS "/%s/%s", dir, entry->d_name);
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
		    unlink(path) && errno != ENOENT)
			dropped = false;
	}
	closedir(pins);
	snprintf(path, sizeof(path), PINS "/%s", dir);
	if (!dropped || (rmdir(path) && errno != ENOENT))
		return false;
	return !id || link_gone(id);
}

/* Those that each policy has, whatever else is in its object. */
static const char * const needed[] = {
	"oom_begin", "oom_victim", "oom_outcome", "oom_rank", ASKED,
};

bool pins_complete(const char *name)
{
	char path[512];
	struct dirent *entry;
	bool complete = true;
	size_t i;
	DIR *dir;

	dir = opendir(PINS);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || strchr(entry->d_name, '+') ||
		    (name && strcmp(entry->d_name, name)))
			continue;
		for (i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
			snprintf(path, sizeof(path), PINS "/%s/%s", entry->d_name, needed[i]);
			if (!access(path, F_OK))
				continue;
			complete = false;
			fail(FAILED, "%s: its pin %s was removed, so it does not work; load or unload it",
			     entry->d_name, needed[i]);
			break;
		}
	}
	if (dir)
		closedir(dir);
	return complete;
}

/* Attach and pin one program; iterators are pinned as well. */
static bool attach(struct bpf_program *prog, const char *dir)
{
	union bpf_iter_link_info cgroups = { .cgroup.order = BPF_CGROUP_ITER_DESCENDANTS_PRE };
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &cgroups,
		    .link_info_len = sizeof(cgroups));
	struct bpf_link *link;
	char path[512];
	int ret;

	/* Without a cgroup of its own it goes through all of them. */
	if (!strcmp(bpf_program__section_name(prog), "iter/cgroup"))
		link = bpf_program__attach_iter(prog, &opts);
	else
		link = bpf_program__attach(prog);
	if (!link)
		return false;
	snprintf(path, sizeof(path), PINS "/%s/%s", dir, bpf_program__name(prog));
	ret = bpf_link__pin(link, path);
	/* The pin holds it. */
	bpf_link__destroy(link);
	errno = -ret;
	return !ret;
}

int pins_attach(const struct setup *setup, const char *dir)
{
	struct bpf_program *prog;
	struct bpf_object *obj;
	char path[512];
	int status = DONE;

	snprintf(path, sizeof(path), PINS "/%s", dir);
	if (mkdir(path, 0700))
		return kernel_explain(errno, path);
	obj = kernel_load(setup, &status);
	if (!obj)
		return status;
	/* In the order of the object: the one that begins an OOM comes before the others. */
	bpf_object__for_each_program(prog, obj) {
		if (!status && strcmp(bpf_program__name(prog), ASKED) && !attach(prog, dir))
			status = kernel_explain(errno, setup->policy->name);
	}
	prog = bpf_object__find_program_by_name(obj, ASKED);
	if (!status && !attach(prog, dir))
		status = kernel_explain(errno, setup->policy->name);
	bpf_object__close(obj);
	return status;
}
