// SPDX-License-Identifier: GPL-2.0
/* Processes, as /proc shows them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"

/* As in the kernel's include/linux/sched.h. */
#define PF_KTHREAD	0x00200000

/* The process that a thread belongs to, or 0. */
static int process_of(const char *pid)
{
	char path[64], line[256];
	int process = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	file = fopen(path, "r");
	while (file && !process && fgets(line, sizeof(line), file))
		sscanf(line, "Tgid: %d", &process);
	if (file)
		fclose(file);
	return process;
}

const char *process_start(const char *pid, unsigned long long *start)
{
	static char thread[64];
	char path[64], buf[1024], *at, state;
	unsigned int flags;
	int process, threads;
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return "no such process";
	len = fread(buf, 1, sizeof(buf) - 1, file);
	fclose(file);
	buf[len] = '\0';
	/* Fields 3, 9, 20 and 22, behind a name that may hold anything. */
	at = strrchr(buf, ')');
	if (!at || sscanf(at, ") %c %*s %*s %*s %*s %*s %u"
			  " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %d %*s %llu",
			  &state, &flags, &threads, start) != 4)
		return "no such process";
	process = process_of(pid);
	snprintf(thread, sizeof(thread), "a thread of process %d", process);
	if (process != atoi(pid))
		return process ? thread : "no such process";
	if (flags & PF_KTHREAD)
		return "a thread of the kernel, which is never killed";
	/* If only the first thread has ended, the process lives on. */
	if (state == 'Z' && threads <= 1)
		return "a zombie: it has ended, and holds no memory";
	return NULL;
}
