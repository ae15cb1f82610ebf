// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "oom_util.h"

long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int patience(void)
{
	const char *ms = getenv("OOM_TEST_PATIENCE");

	return ms ? atoi(ms) : 20000;
}

int write_file(const char *path, const char *fmt, ...)
{
	char buf[256];
	va_list args;
	int fd, len, ret = 0;

	va_start(args, fmt);
	len = vsnprintf(buf, sizeof(buf), fmt, args);
	va_end(args);

	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	if (write(fd, buf, len) != len)
		ret = -errno;
	close(fd);
	return ret;
}

int read_file(const char *path, char *buf, size_t size)
{
	ssize_t len, all = 0;
	int fd;

	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -errno;
	while ((len = read(fd, buf + all, size - 1 - all)) > 0)
		all += len;
	if (len < 0)
		all = -errno;
	else
		buf[all] = '\0';
	close(fd);
	return all;
}

int sysctl_set(const char *path, int value, int *old)
{
	char buf[32];
	int ret;

	ret = read_file(path, buf, sizeof(buf));
	if (ret < 0)
		return ret;
	*old = atoi(buf);
	return write_file(path, "%d", value);
}

int cg_write(const struct cg *cg, const char *file, const char *value)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", cg->path, file);
	return write_file(path, "%s", value);
}

int cg_create(struct cg *cg, const struct cg *parent, const char *name, size_t max)
{
	char value[32];
	struct stat st;
	int ret;

	ret = snprintf(cg->path, sizeof(cg->path), "%s/%s",
		       parent ? parent->path : CGROUP_ROOT, name);
	if (ret >= (int)sizeof(cg->path))
		return -ENAMETOOLONG;
	if (mkdir(cg->path, 0755) && errno != EEXIST)
		return -errno;
	if (stat(cg->path, &st))
		return -errno;
	/* The inode number of the directory is the id that programs see. */
	cg->id = st.st_ino;
	cg_write(cg, "memory.swap.max", "0");
	/* It may be left over from a test that failed. */
	cg_write(cg, "memory.oom.group", "0");
	if (!max)
		return 0;
	snprintf(value, sizeof(value), "%zu", max);
	return cg_write(cg, "memory.max", value);
}

long cg_event(const struct cg *cg, const char *file, const char *key)
{
	char path[512], buf[1024], *at = buf;
	size_t len = strlen(key);

	snprintf(path, sizeof(path), "%s/%s", cg->path, file);
	if (read_file(path, buf, sizeof(buf)) < 0)
		return -1;
	while (at) {
		if (!strncmp(at, key, len) && at[len] == ' ')
			return atol(at + len);
		at = strchr(at, '\n');
		if (at)
			at++;
	}
	return -1;
}

void cg_destroy(const struct cg *cg)
{
	long end = now_ms() + PATIENCE;

	if (!cg->path[0])
		return;
	cg_write(cg, "cgroup.kill", "1");
	while (rmdir(cg->path) && errno == EBUSY && now_ms() < end) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		usleep(1000);
	}
}

void hog_hold_pages(size_t bytes)
{
	char *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	if (mem == MAP_FAILED)
		_exit(1);
	for (i = 0; i < bytes; i += 4096)
		mem[i] = 1;
}

void (*hog_hold)(size_t bytes) = hog_hold_pages;
bool hogs_roam;

int pin_to(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(pid, sizeof(set), &set) ? -errno : 0;
}

/*
 * Pin to CPU 0 at SCHED_FIFO so that a victim exits before its waiter runs. A kernel
 * whose css_task_iter skips exiting processes (7.3) may kill another one while a
 * victim that is no candidate any more still holds its memory, with a policy and
 * without one.
 */
static int exit_at_once(void)
{
	struct sched_param param = { .sched_priority = 1 };

	return pin_to(0, 0) ?: sched_setscheduler(0, SCHED_FIFO, &param) ? -errno : 0;
}

int hog_settle(const struct cg *cg, int adj)
{
	/* A test that is ended leaves nothing behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!hogs_roam && exit_at_once())
		return -EPERM;
	if (cg) {
		prctl(PR_SET_NAME, strrchr(cg->path, '/') + 1);
		if (cg_write(cg, "cgroup.procs", "0"))
			return -EIO;
	}
	return write_file("/proc/self/oom_score_adj", "%d", adj);
}

int hog_start(struct hog *hog, const struct cg *cg, size_t bytes, int adj)
{
	int cmd[2], ack[2];
	int ret;

	if (pipe(cmd) || pipe(ack))
		return -errno;
	hog->pid = fork();
	if (hog->pid < 0)
		return -errno;
	if (!hog->pid) {
		/* Do not keep the pipes of other hogs open. */
		dup2(cmd[0], 0);
		dup2(ack[1], 1);
		for (ret = 3; ret < 64; ret++)
			close(ret);
		if (hog_settle(cg, adj))
			_exit(1);
		do {
			if (bytes)
				hog_hold(bytes);
			if (write(1, "", 1) != 1)
				_exit(1);
		} while (read(0, &bytes, sizeof(bytes)) == sizeof(bytes));
		_exit(0);
	}
	close(cmd[0]);
	close(ack[1]);
	hog->cmd = cmd[1];
	hog->ack = ack[0];
	ret = hog_wait(hog, PATIENCE);
	if (ret)
		hog_stop(hog);
	return ret;
}

int hog_grow(struct hog *hog, size_t bytes)
{
	return write(hog->cmd, &bytes, sizeof(bytes)) == sizeof(bytes) ? 0 : -errno;
}

int hog_wait(struct hog *hog, int ms)
{
	struct pollfd pfd = { .fd = hog->ack, .events = POLLIN };
	char byte;

	if (poll(&pfd, 1, ms) <= 0)
		return -ETIMEDOUT;
	return read(hog->ack, &byte, 1) == 1 ? 0 : -ECHILD;
}

int hog_killed(struct hog *hog, int ms)
{
	long end = now_ms() + ms;
	int status, ret;

	for (;;) {
		ret = waitpid(hog->pid, &status, WNOHANG);
		if (ret < 0)
			return -errno;
		if (ret == hog->pid && (WIFEXITED(status) || WIFSIGNALED(status)))
			break;
		if (now_ms() >= end)
			return 0;
		usleep(1000);
	}
	if (hog->cmd) {
		close(hog->cmd);
		close(hog->ack);
	}
	hog->pid = 0;
	return WIFSIGNALED(status) ? WTERMSIG(status) : -ECHILD;
}

bool hog_alive(const struct hog *hog)
{
	char path[64], buf[512], *state;

	if (!hog->pid)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", hog->pid);
	if (read_file(path, buf, sizeof(buf)) < 0)
		return false;
	state = strrchr(buf, ')');
	return state && state[2] != 'Z' && state[2] != 'X';
}

void hog_stop(struct hog *hog)
{
	if (!hog->pid)
		return;
	kill(hog->pid, SIGKILL);
	hog_killed(hog, PATIENCE);
}

int log_open(struct klog *log)
{
	memset(log, 0, sizeof(*log));
	log->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (log->fd < 0)
		return -errno;
	lseek(log->fd, 0, SEEK_END);
	log->text = calloc(1, 1);
	return log->text ? 0 : -ENOMEM;
}

const char *log_read(struct klog *log)
{
	char rec[8192], *at, *end;
	ssize_t len;

	/* EPIPE: lines were overwritten before they were read; go on. */
	while ((len = read(log->fd, rec, sizeof(rec) - 1)) > 0 || errno == EPIPE) {
		if (len < 0)
			continue;
		rec[len] = '\0';
		/* "level,sequence,time,flags;text", then lines of key=value. */
		at = strchr(rec, ';');
		end = at ? strchr(at, '\n') : NULL;
		if (!end)
			continue;
		len = end - at;		/* without the ';', with the newline */
		log->text = realloc(log->text, log->len + len + 1);
		if (!log->text)
			abort();
		memcpy(log->text + log->len, at + 1, len);
		log->len += len;
		log->text[log->len] = '\0';
	}
	return log->text;
}

bool log_wait(struct klog *log, const char *line, int ms)
{
	long end = now_ms() + ms;

	while (!strstr(log_read(log), line)) {
		if (now_ms() >= end)
			return false;
		usleep(1000);
	}
	return true;
}

int log_count(struct klog *log, const char *string)
{
	const char *at = log_read(log);
	int count = 0;

	while ((at = strstr(at, string))) {
		count++;
		at += strlen(string);
	}
	return count;
}

void log_close(struct klog *log)
{
	close(log->fd);
	free(log->text);
}

/*
 * With the limit of 48 MB the OOM comes while the trigger is smaller than big, and
 * the death of any of the three frees enough for it.
 */
#define SCENE_MAX	(48 * MB)
#define SCENE_BIG	(24 * MB)
#define SCENE_SMALL	(10 * MB)
#define SCENE_GROW	(16 * MB)

static int scene_cgroups(struct scene *s, const struct cg *parent)
{
	return cg_create(&s->cg_big, parent, "big", 0) ?:
	       cg_create(&s->cg_small, parent, "small", 0) ?:
	       cg_create(&s->cg_trigger, parent, "trigger", 0);
}

static void scene_cgroups_end(struct scene *s)
{
	cg_destroy(&s->cg_trigger);
	cg_destroy(&s->cg_big);
	cg_destroy(&s->cg_small);
	cg_destroy(&s->domain);
}

int scene_start(struct scene *s, const struct cg *parent)
{
	struct sched_param param = { };
	int ret;

	ret = scene_cgroups(s, parent) ?: hog_start(&s->trigger, &s->cg_trigger, MB, 0);
	/* It must not keep the CPU from a victim. */
	return ret ?: sched_setscheduler(s->trigger.pid, SCHED_OTHER, &param) ? -errno : 0;
}

int scene_memcg_in(struct scene *s, const struct cg *parent, const char *name)
{
	int ret;

	memset(s, 0, sizeof(*s));
	s->grow = SCENE_GROW;
	ret = log_open(&s->log);
	ret = ret ?: write_file(CGROUP_ROOT "/cgroup.subtree_control", "+memory");
	/* A test that was ended leaves cgroups behind, with their counts of events. */
	if (!ret && !cg_create(&s->domain, parent, name, 0) && !scene_cgroups(s, &s->domain))
		scene_cgroups_end(s);
	ret = ret ?: cg_create(&s->domain, parent, name, SCENE_MAX);
	ret = ret ?: cg_write(&s->domain, "cgroup.subtree_control", "+memory");
	return ret ?: scene_start(s, &s->domain);
}

int scene_memcg(struct scene *s)
{
	return scene_memcg_in(s, NULL, "oom_test");
}

void scene_sizes(const struct scene *s, size_t *big, size_t *small)
{
	*big = s->share ? s->share * 50 : SCENE_BIG;
	*small = s->share ? s->share * 30 : SCENE_SMALL;
}

int scene_hogs(struct scene *s, bool small_first, int adj_small)
{
	size_t big, small;
	int ret = 0;

	scene_sizes(s, &big, &small);
	if (small_first)
		ret = hog_start(&s->small, &s->cg_small, small, adj_small);
	ret = ret ?: hog_start(&s->big, &s->cg_big, big, 0);
	if (!small_first)
		ret = ret ?: hog_start(&s->small, &s->cg_small, small, adj_small);
	return ret;
}

int scene_hogs_swapped(struct scene *s)
{
	return hog_start(&s->small, &s->cg_big, SCENE_SMALL, 0) ?:
	       hog_start(&s->big, &s->cg_small, SCENE_BIG, 0);
}

int scene_oom(struct scene *s)
{
	static long last;
	long wait = last + 600 - now_ms();

	/* The kernel reports ten OOMs in five seconds; the rest goes unreported. */
	if (last && wait > 0)
		usleep(wait * 1000);
	last = now_ms();
	return hog_grow(&s->trigger, s->grow) ?: hog_wait(&s->trigger, PATIENCE);
}

void scene_end(struct scene *s)
{
	hog_stop(&s->trigger);
	hog_stop(&s->big);
	hog_stop(&s->small);
	scene_cgroups_end(s);
	log_close(&s->log);
}
