// SPDX-License-Identifier: GPL-2.0
/* The id of a cgroup is the inode number of its directory, and its file handle. */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cgroup.h"

/* Of the file systems of kernfs; not in glibc's headers. */
#define FILEID_KERNFS 0xfe

uint64_t cgroup_id(const char *path)
{
	char whole[4096];
	struct statfs fs;
	struct stat st;

	if (strncmp(path, CGROUPS, strlen(CGROUPS)))
		snprintf(whole, sizeof(whole), CGROUPS "/%s", path);
	else
		snprintf(whole, sizeof(whole), "%s", path);
	/* A path with ".." may lead out of the hierarchy. */
	if (stat(whole, &st) || !S_ISDIR(st.st_mode) || statfs(whole, &fs) ||
	    fs.f_type != CGROUP2_SUPER_MAGIC)
		return 0;
	return st.st_ino;
}

const char *cgroup_path(uint64_t id, char *buf, size_t size)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} u = { .handle = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };
	char proc[64], path[4096];
	ssize_t len = -1;
	int root, fd;

	memcpy(u.handle.f_handle, &id, sizeof(id));
	root = open(CGROUPS, O_RDONLY | O_DIRECTORY);
	fd = root < 0 ? -1 : open_by_handle_at(root, &u.handle, O_PATH);
	if (fd >= 0) {
		snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
		len = readlink(proc, path, sizeof(path) - 1);
		close(fd);
	}
	if (root >= 0)
		close(root);
	if (len < (ssize_t)strlen(CGROUPS)) {
		snprintf(buf, size, "#%llu", (unsigned long long)id);
		return buf;
	}
	path[len] = '\0';
	snprintf(buf, size, "%s", path[strlen(CGROUPS)] ? path + strlen(CGROUPS) : "/");
	return buf;
}
