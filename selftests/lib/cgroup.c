// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "oom_util.h"

int group_create(struct cg *cg, const struct cg *parent, const char *name, size_t max)
{
	struct stat st;
	int ret;

	ret = snprintf(cg->path, sizeof(cg->path), "%s/%s",
		       parent ? parent->path : CGROUP_ROOT, name);
	if (ret >= (int)sizeof(cg->path))
		return -ENAMETOOLONG;
	if ((cg_create(cg->path) && errno != EEXIST) || stat(cg->path, &st))
		return -errno;
	/* The inode number of the directory is the id that programs see. */
	cg->id = st.st_ino;
	cg_write(cg->path, "memory.swap.max", "0");
	/* It may be left over from a test that failed. */
	cg_write(cg->path, "memory.oom.group", "0");
	return max ? cg_write_numeric(cg->path, "memory.max", max) : 0;
}

void group_destroy(const struct cg *cg)
{
	if (cg->path[0])
		cg_destroy(cg->path);
}
