// SPDX-License-Identifier: GPL-2.0
/*
 * A loaded policy is a directory of pins in bpffs, and nothing else is kept: no
 * daemon, no file.
 */
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

/*
 * In the order in which they are attached: the program that names the policy
 * and starts its count before the one that is asked. The directory of a policy
 * is complete if the last is there.
 */
static const char * const programs[] = {
	"oom_begin", "oom_victim", "oom_outcome", "oom_rank", "oom_evaluate",
};

#define NR_PROGRAMS	(sizeof(programs) / sizeof(*programs))

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
	if (st.st_uid != geteuid() || st.st_mode & 0022)
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

bool pins_drop(const char *dir)
{
	struct bpf_link_info info = { };
	uint32_t size = sizeof(info);
	char path[512];
	int i, fd;

	for (i = NR_PROGRAMS - 1; i >= 0; i--) {
		snprintf(path, sizeof(path), PINS "/%s/%s", dir, programs[i]);
		fd = bpf_obj_get(path);
		if (fd >= 0 && i == NR_PROGRAMS - 1)
			bpf_obj_get_info_by_fd(fd, &info, &size);
		if (fd >= 0)
			close(fd);
		if (unlink(path) && errno != ENOENT)
			return false;
	}
	snprintf(path, sizeof(path), PINS "/%s", dir);
	if (rmdir(path) && errno != ENOENT)
		return false;
	return !info.id || link_gone(info.id);
}

int pins_attach(const struct setup *setup, const char *dir)
{
	struct bpf_object *obj;
	char path[512];
	int status = DONE;
	size_t i;

	snprintf(path, sizeof(path), PINS "/%s", dir);
	if (mkdir(path, 0700))
		return kernel_explain(errno, path);
	obj = kernel_load(setup, &status);
	for (i = 0; !status && i < NR_PROGRAMS; i++) {
		struct bpf_program *prog = bpf_object__find_program_by_name(obj, programs[i]);
		struct bpf_link *link = bpf_program__attach(prog);

		snprintf(path, sizeof(path), PINS "/%s/%s", dir, programs[i]);
		if (!link || bpf_link__pin(link, path))
			status = kernel_explain(errno, setup->policy->name);
		/* The pin holds it. */
		bpf_link__destroy(link);
	}
	bpf_object__close(obj);
	return status;
}
