// SPDX-License-Identifier: GPL-2.0
/* Things that test_progs begins with, and that our guest does not have or need. */
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>

long __real_syscall(long number, ...);
int __real_open(const char *path, int flags, ...);

/* The key that programs are signed with is added to a keyring. */
long __wrap_syscall(long number, ...)
{
	long arg[6];
	va_list args;
	int i;

	va_start(args, number);
	for (i = 0; i < 6; i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_add_key)
		return 1;
	return __real_syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

/* The network namespace is kept, and restored after each test. */
int __wrap_open(const char *path, int flags, ...)
{
	va_list args;
	int mode;

	va_start(args, flags);
	mode = va_arg(args, int);
	va_end(args);
	return __real_open(strcmp(path, "/proc/self/ns/net") ? path : "/dev/null", flags, mode);
}

int __wrap_setns(int fd, int type)
{
	return 0;
}
