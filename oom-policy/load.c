// SPDX-License-Identifier: GPL-2.0
/*
 * Loading and unloading. A policy is pinned in a directory of its own, and nothing
 * else is kept: no daemon, no file.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "oom-policy.h"

/*
 * In the order in which they are attached: the program that names the policy
 * and starts its count before the one that is asked. The directory of a policy
 * is complete if the last is there.
 */
static const char * const programs[] = {
	"oom_begin", "oom_victim", "oom_outcome", "oom_rank", "oom_evaluate",
};

/* As in the kernel's kernel/bpf/oom_kfuncs.c. */
#define REFUSED		"oom: BPF program"
#define NR_PROGRAMS	(sizeof(programs) / sizeof(*programs))
/* Suffix of a policy that is about to replace an older one; bpffs allows no dot. */
#define NEW		"+new"

int lock_pins(bool make)
{
	struct stat st;
	int fd;

	if (make && mkdir(PINS, 0700) && errno != EEXIST)
		return -check_explain(errno, "make " PINS);
	fd = open(PINS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT && !make)
		return 0;
	if (fd < 0 || fstat(fd, &st))
		return -check_explain(errno, "open " PINS);
	/* bpffs is mounted with mode 1777 by default, so anybody may make it. */
	if (st.st_uid != geteuid() || st.st_mode & 0022)
		return -fail(NO_RIGHTS, PINS " is owned or writable by others; remove it and remount bpffs with mode=700");
	return flock(fd, LOCK_EX) ? -check_explain(errno, "lock " PINS) : fd;
}

/* Before pins change: alone, with the right to see it through, and not to be stopped halfway. */
static int begin_change(void)
{
	int fd = lock_pins(true);
	sigset_t signals;
	uint32_t id;

	if (fd < 0)
		return -fd;
	if (bpf_link_get_next_id(0, &id) == -EPERM)
		return check_explain(EPERM, PINS);
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

/* Drop a directory of pins, the program that is asked first: false if it stays. */
static bool drop(const char *dir)
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

int prog_map(int prog_fd, const char *name)
{
	struct bpf_prog_info info = { };
	uint32_t ids[16], size = sizeof(info), i;
	int fd;

	info.nr_map_ids = sizeof(ids) / sizeof(*ids);
	info.map_ids = (uintptr_t)ids;
	if (bpf_obj_get_info_by_fd(prog_fd, &info, &size))
		return -errno;
	for (i = 0; i < info.nr_map_ids && i < sizeof(ids) / sizeof(*ids); i++) {
		struct bpf_map_info map = { };

		size = sizeof(map);
		fd = bpf_map_get_fd_by_id(ids[i]);
		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &map, &size) && !strcmp(map.name, name))
			return fd;
		close(fd);
	}
	return -ENOENT;
}

char refusal[512];

/* The reason of the hook's filter is in the kernel log, unless that was rate-limited. */
static void read_refusal(int log, const char *policy)
{
	char record[2048], *text;
	ssize_t len;

	snprintf(refusal, sizeof(refusal), "%s: the kernel refused a program; see -v, and dmesg | grep '"
		 REFUSED "'", policy);
	/* A read returns one record; EPIPE: some were overwritten. */
	while ((len = read(log, record, sizeof(record) - 1)) > 0 || (len < 0 && errno == EPIPE)) {
		record[len < 0 ? 0 : len] = '\0';
		text = strchr(record, ';');
		if (!text || strncmp(text + 1, REFUSED, strlen(REFUSED)))
			continue;
		text[strcspn(text, "\n")] = '\0';
		snprintf(refusal, sizeof(refusal),
			 "%s: the kernel refused a program, as it may run for too long: %s",
			 policy, text + 1);
	}
}

struct bpf_object *policy_load(const struct setup *setup)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "oom_policy");
	int ret, log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct bpf_object *obj;
	const void *elf;
	size_t size;

	lseek(log, 0, SEEK_END);
	elf = setup->policy->elf(&size);
	obj = bpf_object__open_mem(elf, size, &opts);
	ret = obj ? setup_vars(setup, obj) : -errno;
	ret = ret ?: bpf_object__load(obj);
	ret = ret ?: setup_rules(setup, obj);
	if (ret) {
		bpf_object__close(obj);
		obj = NULL;
		read_refusal(log, setup->policy->name);
	}
	close(log);
	errno = -ret;
	return obj;
}

struct bpf_object *policy_open(const struct setup *setup, int *status)
{
	struct bpf_object *obj = policy_load(setup);

	if (!obj)
		*status = errno == EINVAL || errno == EACCES ? fail(NO_SUPPORT, "%s", refusal) :
			  check_explain(errno, setup->policy->name);
	return obj;
}

/* Attach and pin one policy below PINS/dir. */
static int attach(const struct setup *setup, const char *dir)
{
	struct bpf_object *obj;
	char path[512];
	int status = DONE;
	size_t i;

	snprintf(path, sizeof(path), PINS "/%s", dir);
	if (mkdir(path, 0700))
		return check_explain(errno, path);
	obj = policy_open(setup, &status);
	for (i = 0; !status && i < NR_PROGRAMS; i++) {
		struct bpf_program *prog = bpf_object__find_program_by_name(obj, programs[i]);
		struct bpf_link *link = bpf_program__attach(prog);

		snprintf(path, sizeof(path), PINS "/%s/%s", dir, programs[i]);
		if (!link || bpf_link__pin(link, path))
			status = check_explain(errno, setup->policy->name);
		/* The pin holds it. */
		bpf_link__destroy(link);
	}
	bpf_object__close(obj);
	return status;
}

int command_load(struct setup *setups, int nr)
{
	char dir[64], pinned[512], path[512];
	int status = begin_change(), i;

	/* All of them are at work before one of the old goes. */
	for (i = 0; !status && i < nr; i++) {
		snprintf(dir, sizeof(dir), "%s" NEW, setups[i].policy->name);
		/* Left by one that was killed. */
		drop(dir);
		status = attach(&setups[i], dir);
		if (status)
			nr = i + 1;
	}
	for (i = 0; i < nr; i++) {
		const char *name = setups[i].policy->name;

		snprintf(dir, sizeof(dir), "%s" NEW, name);
		if (status) {
			drop(dir);
			continue;
		}
		snprintf(path, sizeof(path), PINS "/%s", dir);
		snprintf(pinned, sizeof(pinned), PINS "/%s", name);
		if (!drop(name) || rename(path, pinned))
			status = fail(FAILED, "could not replace %s: %s", name, strerror(errno));
	}
	return status;
}

int command_unload(const char *name)
{
	int status = DONE, dropped = 0;
	bool begun;
	struct dirent *entry;
	DIR *dir;

	if (name && !policy_find(name))
		return no_policy(name);
	dir = opendir(PINS);
	if (!dir && errno != ENOENT)
		return check_explain(errno, "open " PINS);
	if (dir)
		status = begin_change();
	begun = dir && !status;
	/* One that stays does not keep the others. */
	while (begun && (entry = readdir(dir))) {
		size_t len = name ? strlen(name) : 0;

		if (entry->d_name[0] == '.')
			continue;
		if (name && (strncmp(entry->d_name, name, len) ||
			     (entry->d_name[len] && strcmp(entry->d_name + len, NEW))))
			continue;
		if (!drop(entry->d_name))
			status = fail(FAILED, "could not unload %s: %s", entry->d_name,
				      strerror(errno));
		dropped++;
	}
	if (dir)
		closedir(dir);
	if (!status && name && !dropped)
		status = fail(NOT_LOADED, "%s is not loaded", name);
	return status;
}
