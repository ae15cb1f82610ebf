// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oom_util.h"

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
