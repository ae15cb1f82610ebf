// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oom_util.h"

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
		if (cg_enter_current(cg->path))
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
