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
#include <stdlib.h>
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
#include "store.h"

/* The program that is asked: attached last, and dropped first. */
#define ASKED		"oom_evaluate"

bool pins_safe(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & 0022);
}

/* This command holds the lock until it ends. */
static bool changing;

int pins_lock(const char *dir, bool make, bool wait)
{
	struct stat st;
	int fd;

	if (changing && !strcmp(dir, PINS))
		return 0;

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
	changing = true;
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

/* The first pin that is missing, or NULL. */
static const char *missing_pin(const char *name)
{
	char path[512];
	size_t i;

	for (i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		snprintf(path, sizeof(path), PINS "/%s/%s", name, needed[i]);
		if (access(path, F_OK))
			return needed[i];
	}
	return NULL;
}

bool pins_whole(const char *name)
{
	return !missing_pin(name);
}

bool pins_complete(const char *name)
{
	struct dirent *entry;
	const char *missing;
	bool complete = true;
	DIR *dir;

	dir = opendir(PINS);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || strchr(entry->d_name, '+') ||
		    (name && strcmp(entry->d_name, name)))
			continue;
		missing = missing_pin(entry->d_name);
		if (!missing)
			continue;
		complete = false;
		fail(FAILED, "%s: its pin %s was removed, so it does not work; load or unload it",
		     entry->d_name, missing);
	}
	if (dir)
		closedir(dir);
	return complete;
}

struct bpf_link *pins_link(struct bpf_program *prog)
{
	union bpf_iter_link_info cgroups = { .cgroup.order = BPF_CGROUP_ITER_DESCENDANTS_PRE };
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &cgroups,
		    .link_info_len = sizeof(cgroups));

	/* The object is not one of oom_policy.bpf.h, or an older one. */
	if (!prog) {
		errno = ENOENT;
		return NULL;
	}
	/* Without a cgroup of its own it goes through all of them. */
	if (!strcmp(bpf_program__section_name(prog), "iter/cgroup"))
		return bpf_program__attach_iter(prog, &opts);
	return bpf_program__attach(prog);
}

/* Attach and pin one program; iterators are pinned as well. */
static int attach(struct bpf_program *prog, const char *dir)
{
	struct bpf_link *link = pins_link(prog);
	char path[512];
	int ret;

	if (!link)
		return -errno;
	snprintf(path, sizeof(path), PINS "/%s/%s", dir, bpf_program__name(prog));
	ret = bpf_link__pin(link, path);
	/* The pin holds it. */
	bpf_link__destroy(link);
	return ret;
}

/* In the order of the object: the one that begins an OOM comes before the others. */
static int attach_all(const struct setup *setup, struct bpf_object *obj, const char *dir)
{
	struct store store = { .obj = obj };
	struct bpf_program *prog;
	char *text;
	int ret = 0;

	bpf_object__for_each_program(prog, obj) {
		if (!ret && strcmp(bpf_program__name(prog), ASKED))
			ret = attach(prog, dir);
	}
	/* Cgroups that are made from now on are seen. */
	if (!ret)
		ret = setup_rules(setup, &store, false) ?: setup_switch(setup, &store);
	text = setup_text(setup);
	if (!ret)
		ret = text ? store_set_text(dir, setup->policy->path, text) : -ENOMEM;
	free(text);
	return ret ?: attach(bpf_object__find_program_by_name(obj, ASKED), dir);
}

int pins_attach(const struct setup *setup, const char *dir)
{
	struct bpf_object *obj;
	char path[512];
	int status = DONE, ret;

	snprintf(path, sizeof(path), PINS "/%s", dir);
	if (mkdir(path, 0700))
		return kernel_explain(errno, path);
	obj = kernel_load(setup, &status);
	if (!obj)
		return status;
	ret = attach_all(setup, obj, dir);
	bpf_object__close(obj);
	return ret ? kernel_explain(-ret, setup->policy->name) : DONE;
}

int pins_replace(const struct setup *setup, const char *dir)
{
	struct store store = { .dir = dir };
	char *text = setup_text(setup);
	int ret;

	ret = text ? setup_rules(setup, &store, true) : -ENOMEM;
	ret = ret ?: setup_replace_vars(setup, &store);
	ret = ret ?: setup_switch(setup, &store);
	ret = ret ?: store_set_text(dir, setup->policy->path, text);
	free(text);
	return ret ? kernel_explain(-ret, setup->policy->name) : DONE;
}
