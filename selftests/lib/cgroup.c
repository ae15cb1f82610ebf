// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oom_util.h"

int cg_write(const struct cg *cg, const char *file, const char *value)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", cg->path, file);
	return write_file(path, "%s", value);
}

int cg_create(struct cg *cg, const struct cg *parent, const char *name, size_t max)
{
	char value[32];
	struct stat st;
	int ret;

	ret = snprintf(cg->path, sizeof(cg->path), "%s/%s",
		       parent ? parent->path : CGROUP_ROOT, name);
	if (ret >= (int)sizeof(cg->path))
		return -ENAMETOOLONG;
	if (mkdir(cg->path, 0755) && errno != EEXIST)
		return -errno;
	if (stat(cg->path, &st))
		return -errno;
	/* The inode number of the directory is the id that programs see. */
	cg->id = st.st_ino;
	cg_write(cg, "memory.swap.max", "0");
	/* It may be left over from a test that failed. */
	cg_write(cg, "memory.oom.group", "0");
	if (!max)
		return 0;
	snprintf(value, sizeof(value), "%zu", max);
	return cg_write(cg, "memory.max", value);
}

long cg_event(const struct cg *cg, const char *file, const char *key)
{
	char path[512], buf[1024], *at = buf;
	size_t len = strlen(key);

	snprintf(path, sizeof(path), "%s/%s", cg->path, file);
	if (read_file(path, buf, sizeof(buf)) < 0)
		return -1;
	while (at) {
		if (!strncmp(at, key, len) && at[len] == ' ')
			return atol(at + len);
		at = strchr(at, '\n');
		if (at)
			at++;
	}
	return -1;
}

void cg_destroy(const struct cg *cg)
{
	long end = now_ms() + PATIENCE;

	if (!cg->path[0])
		return;
	cg_write(cg, "cgroup.kill", "1");
	while (rmdir(cg->path) && errno == EBUSY && now_ms() < end) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		usleep(1000);
	}
}
