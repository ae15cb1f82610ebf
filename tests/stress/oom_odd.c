// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oom_odd.h"

static void *wait_for_ever(void *tid)
{
	if (tid)
		__atomic_store_n((pid_t *)tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	for (;;)
		pause();
	return NULL;
}

static int borrow(void *pid)
{
	*(pid_t *)pid = syscall(SYS_getpid);
	wait_for_ever(NULL);
	return 0;
}

/* Fork a process that reports one id as soon as it is as it should be. */
static int start_odd(struct hog *hog, pid_t *id, const struct cg *cg, size_t bytes, int flags)
{
	/* Also the stack of a child of the process. */
	char *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile pid_t *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long end = now_ms() + PATIENCE;
	pthread_t thread;

	*hog = (struct hog){ .pid = fork() };
	if (hog->pid < 0)
		return -errno;
	if (!hog->pid) {
		if (hog_settle(cg, 0))
			_exit(1);
		memset(mem, 1, bytes);
		if (flags)
			clone(borrow, mem + bytes, flags | SIGCHLD, (void *)shared);
		else
			pthread_create(&thread, NULL, wait_for_ever, (void *)shared);
		wait_for_ever(NULL);
	}
	munmap(mem, bytes);
	while (!*shared && now_ms() < end)
		usleep(1000);
	*id = *shared;
	munmap((void *)shared, 4096);
	return *id ? 0 : -ETIMEDOUT;
}

int odd_shared(struct hog *owner, struct hog *child, const struct cg *cg,
	       size_t bytes, int flags)
{
	*child = (struct hog){ };
	return start_odd(owner, &child->pid, cg, bytes, flags);
}

int odd_threads(struct hog *hog, pid_t *tid, const struct cg *cg, size_t bytes)
{
	return start_odd(hog, tid, cg, bytes, 0);
}

static char *resident(size_t bytes)
{
	char *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		_exit(1);
	memset(mem, 1, bytes);
	return mem;
}

/* Wait until the leader has gone: 0 or -errno. */
static int leader_gone(struct hog *hog)
{
	long end = now_ms() + PATIENCE;

	while (hog_alive(hog)) {
		if (now_ms() > end)
			return -ETIMEDOUT;
		usleep(1000);
	}
	return 0;
}

int odd_zombie(struct hog *hog, const struct cg *cg)
{
	siginfo_t info;

	*hog = (struct hog){ .pid = fork() };
	if (hog->pid < 0)
		return -errno;
	if (!hog->pid)
		_exit(hog_settle(cg, 0) ? 1 : 0);
	/* It is left to be waited for. */
	if (waitid(P_PID, hog->pid, &info, WEXITED | WNOWAIT))
		return -errno;
	return info.si_status ? -EIO : 0;
}

int odd_leaderless(struct hog *hog, const struct cg *cg, size_t bytes)
{
	int status;

	*hog = (struct hog){ .pid = fork() };
	if (hog->pid < 0)
		return -errno;
	if (!hog->pid) {
		pthread_t thread;

		if (hog_settle(cg, 0))
			_exit(1);
		resident(bytes);
		if (pthread_create(&thread, NULL, wait_for_ever, NULL))
			_exit(1);
		/* Not exit(): that would end the thread, too. */
		pthread_exit(NULL);
	}
	/* With a thread left there is nothing to wait for. */
	return leader_gone(hog) ?: waitpid(hog->pid, &status, WNOHANG) ? -ECHILD : 0;
}

/* Tell by a pipe that the process is ready, and its pid. */
static void report(int up)
{
	pid_t pid = syscall(SYS_getpid);

	if (write(up, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
}

static int read_report(int up[2], pid_t *pid)
{
	int ret;

	close(up[1]);
	ret = read(up[0], pid, sizeof(*pid)) == sizeof(*pid) ? 0 : -EIO;
	close(up[0]);
	return ret;
}

int odd_spinner(struct hog *hog, const struct cg *cg, size_t bytes)
{
	int up[2];

	if (pipe(up))
		return -errno;
	*hog = (struct hog){ .pid = fork() };
	if (hog->pid < 0)
		return -errno;
	if (!hog->pid) {
		if (hog_settle(cg, 0))
			_exit(1);
		resident(bytes);
		report(up[1]);
		for (;;)
			;
	}
	return read_report(up, &hog->pid);
}

/* Memory of the kernel, charged to the process that makes it: a pipe holds 64 KB. */
static void hold_pipes(size_t bytes)
{
	static const char buf[65536];
	int end[2];

	for (; bytes >= sizeof(buf); bytes -= sizeof(buf))
		if (pipe(end) || write(end[1], buf, sizeof(buf)) != sizeof(buf))
			_exit(1);
}

/* The top bit of a size tells the two kinds of memory apart. */
#define PIPES	0x8000000000000000UL

static void hold_either(size_t bytes)
{
	if (bytes & PIPES)
		hold_pipes(bytes & ~PIPES);
	else
		hog_hold_pages(bytes);
}

void odd_can_hold_pipes(void)
{
	hog_hold = hold_either;
}

int odd_grow_pipes(struct hog *hog, size_t bytes)
{
	return hog_grow(hog, bytes | PIPES);
}

size_t node_share(int node)
{
	char path[64], buf[4096], *at;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo", node);
	if (read_file(path, buf, sizeof(buf)) < 0)
		return 0;
	at = strstr(buf, "MemFree:");
	return at ? strtoul(at + strlen("MemFree:"), NULL, 10) * 1024 / 100 : 0;
}

unsigned long long start_ticks(pid_t pid)
{
	char path[64], buf[1024], *at;
	int field;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_file(path, buf, sizeof(buf)) < 0)
		return 0;
	/* The second field is in parentheses and may hold blanks. */
	at = strrchr(buf, ')');
	for (field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

long slab_count(const char *name)
{
	static char buf[256 * 1024];
	char line[64], *at;

	if (write_file("/sys/kernel/slab/task_struct/shrink", "1") ||
	    read_file("/proc/slabinfo", buf, sizeof(buf)) < 0)
		return -1;
	snprintf(line, sizeof(line), "\n%s ", name);
	at = strstr(buf, line);
	return at ? atol(at + strlen(line)) : -1;
}

long slab_settled(const char *name, long most)
{
	long end = now_ms() + PATIENCE, count;

	while ((count = slab_count(name)) > most && now_ms() < end)
		usleep(100000);
	return count;
}
