// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <bpf/libbpf.h>

#include "say.h"

bool verbose;
void (*on_failure)(const char *text);

int fail(int status, const char *fmt, ...)
{
	char text[8192];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fprintf(stderr, "oom-policy: %s\n", text);
	if (on_failure)
		on_failure(text);
	return status;
}

void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("oom-policy: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
}

static int print(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return verbose && level != LIBBPF_DEBUG ? vfprintf(stderr, fmt, args) : 0;
}

void say_for_libbpf(void)
{
	libbpf_set_print(print);
}
