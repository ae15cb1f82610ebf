/* SPDX-License-Identifier: GPL-2.0 */
/* The scene of oom_util.h where the whole machine is out of memory. */
#ifndef OOM_GLOBAL_H
#define OOM_GLOBAL_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "oom_util.h"

/* big, small and trigger are below the root, with parts of the available memory. */
static inline int scene_global(struct scene *s)
{
	char buf[4096], *at;
	int ret;

	memset(s, 0, sizeof(*s));
	if (read_file("/proc/meminfo", buf, sizeof(buf)) < 0)
		return -EIO;
	at = strstr(buf, "MemAvailable:");
	if (!at)
		return -EIO;
	s->share = strtoul(at + strlen("MemAvailable:"), NULL, 10) * 1024 / 100;
	s->grow = s->share * 30;
	ret = log_open(&s->log);
	ret = ret ?: write_file(CGROUP_ROOT "/cgroup.subtree_control", "+memory");
	return ret ?: scene_start(s, NULL);
}

#endif
