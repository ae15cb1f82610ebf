/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the targets, each of which includes the files of the command that it is for. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* End the run, with the input as the reproducer. */
#define MUST(condition, ...) do { \
	if (!(condition)) { \
		fprintf(stderr, "%s:%d: not so: %s: ", __FILE__, __LINE__, #condition); \
		fprintf(stderr, __VA_ARGS__); \
		fputc('\n', stderr); \
		abort(); \
	} \
} while (0)

/* The messages since this was 0. */
static int said;
static char last_said[8192];

int fail(int status, const char *fmt, ...)
{
	va_list args;

	/* Formatted in any case: its arguments are read. */
	va_start(args, fmt);
	vsnprintf(last_said, sizeof(last_said), fmt, args);
	va_end(args);
	said++;
	return status;
}

/* Numbers that depend on nothing but the input. */
static uint64_t random_state;

static inline void seed_random(const uint8_t *data, size_t size)
{
	for (random_state = 1; size--; data++)
		random_state = (random_state ^ *data) * 0x100000001b3ULL;
}

static inline unsigned int random_below(unsigned int n)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (random_state >> 33) % n;
}

static inline int count_of(const char *text, char c)
{
	int nr = 0;

	for (; text && *text; text++)
		nr += *text == c;
	return nr;
}

/* A text that a pattern may match: each run of "*" is replaced by something. */
static inline void random_member(const char *pattern, bool path, char *buf, size_t size)
{
	static const char * const in_names[] = { "", "a", "xb", "*", "\xff" };
	static const char * const in_paths[] = { "", "a", "xb", "a/b", "b/a/x", "\xff" };
	const char *more;
	size_t at = 0;

	for (; *pattern && at + 8 < size; pattern++) {
		if (*pattern != '*') {
			buf[at++] = *pattern;
			continue;
		}
		if (pattern[1] == '*' && random_below(2))
			continue;
		more = path ? in_paths[random_below(6)] : in_names[random_below(5)];
		at += snprintf(buf + at, size - at, "%s", more);
	}
	buf[at] = '\0';
}

#endif
