/* SPDX-License-Identifier: GPL-2.0 */
/* Run oom-policy as its users do, and look at what it says. */
#ifndef COMMAND_H
#define COMMAND_H

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <json-c/json.h>

#include "oom_util.h"
#include "kselftest_harness.h"

/* Seconds: an emulated guest may take fifteen to verify the programs of a list. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 180

/* The output of a command, and its exit status. */
struct said {
	int status;
	char out[32 * 1024];
	char err[16 * 1024];
};

/* Run a shell command: its exit status, or -1. */
static inline int run(struct said *said, const char *fmt, ...)
{
	char command[2048], line[2200];
	va_list args;
	int ret;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	snprintf(line, sizeof(line), "{ %s; } >/tmp/out 2>/tmp/err", command);
	ret = system(line);
	said->out[0] = said->err[0] = '\0';
	read_file("/tmp/out", said->out, sizeof(said->out));
	read_file("/tmp/err", said->err, sizeof(said->err));
	said->status = WIFEXITED(ret) ? WEXITSTATUS(ret) : -1;
	return said->status;
}

#define PINS "/sys/fs/bpf/oom-policy"

/* A test that was ended may have left policies; some versions of the harness then skip its teardown. */
static inline void nothing_loaded(struct said *said)
{
	if (rmdir(PINS) && errno == ENOTEMPTY)
		run(said, "oom-policy unload --all");
}

/* Make a file with one text and a newline in it: 0 or -1. */
static inline int save(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	int ret = file ? fprintf(file, "%s\n", text) : -1;

	return file && !fclose(file) && ret > 0 ? 0 : -1;
}

/* A field of a row of JSON output, as text that lives until the next call. */
static inline const char *field(const struct said *said, int row, const char *key)
{
	static json_object *rows;
	json_object *value;

	json_object_put(rows);
	rows = json_tokener_parse(said->out);
	value = rows ? json_object_array_get_idx(rows, row) : NULL;
	if (!value || !json_object_object_get_ex(value, key, &value) || !value)
		return "";
	return json_object_get_string(value);
}

#define ASSERT_RUN(expected, ...)						\
	do {									\
		ASSERT_EQ(expected, run(&self->said, __VA_ARGS__))		\
			TH_LOG("%s%s", self->said.out, self->said.err);		\
	} while (0)

#define ASSERT_SAYS(stream, text)						\
	do {									\
		ASSERT_NE(NULL, strstr(self->said.stream, text))		\
			TH_LOG("not in it: %s\n%s", text, self->said.stream);	\
	} while (0)

/* Stop a command in the background. */
static inline void stop_helper(pid_t *helper, int sig)
{
	if (!*helper)
		return;
	kill(-*helper, sig);
	waitpid(*helper, NULL, 0);
	*helper = 0;
}

/* Start a shell command in the background, in a group of its own. */
static inline pid_t start_helper(const char *command)
{
	pid_t pid = fork();

	if (!pid) {
		setpgid(0, 0);
		execlp("sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	setpgid(pid, pid);
	return pid;
}

/* Start watch, and wait until it does. */
static inline int start_watch(pid_t *helper, const char *options)
{
	char command[128], text[256] = "";
	int ms;

	unlink("/tmp/watch.err");
	snprintf(command, sizeof(command), "exec oom-policy watch %s >/tmp/watch 2>/tmp/watch.err",
		 options);
	*helper = start_helper(command);
	for (ms = 0; ms < PATIENCE; ms += 10) {
		usleep(10000);
		read_file("/tmp/watch.err", text, sizeof(text));
		if (strstr(text, "watching"))
			return 0;
	}
	return -1;
}

/* The pid of whom the kernel has killed first, or 0. */
static inline pid_t first_killed(struct klog *log)
{
	const char *at = strstr(log_read(log), "Killed process ");

	return at ? atoi(at + strlen("Killed process ")) : 0;
}

/*
 * It was killed, and before all others. There may be others: where a victim is
 * slow to give its memory back, the kernel takes another, with and without
 * policies.
 */
#define ASSERT_KILLED(hog)							\
	do {									\
		pid_t __pid = (hog)->pid;					\
										\
		ASSERT_EQ(SIGKILL, hog_killed(hog, PATIENCE))			\
			TH_LOG("the wrong process, or none, was killed");	\
		ASSERT_EQ(__pid, first_killed(&self->s.log))			\
			TH_LOG("another was killed first");			\
	} while (0)

#endif
