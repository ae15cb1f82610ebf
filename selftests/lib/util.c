// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
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
