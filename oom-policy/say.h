/* SPDX-License-Identifier: GPL-2.0 */
/* Messages, and the exit statuses that go with them. */
#ifndef SAY_H
#define SAY_H

#include <stdbool.h>

/* The man page lists them. */
enum status {
	DONE = 0,
	FAILED = 1,	/* what no other status is for */
	BAD_USAGE = 2,	/* an option or a command that does not exist */
	BAD_INPUT = 3,	/* a policy, rule, cgroup, process or file that is wrong */
	NO_RIGHTS = 4,
	NO_SUPPORT = 5,	/* the kernel cannot do it */
	NOT_LOADED = 6,
};

/* Show the messages of libbpf and the verifier, too. */
extern bool verbose;

/* Called with the text of each failure, if set. */
extern void (*on_failure)(const char *text);

/**
 * fail - say on stderr what went wrong
 * Return: @status.
 */
int fail(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for what is no failure. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* libbpf's messages come here from now on. */
void say_for_libbpf(void);

#endif
