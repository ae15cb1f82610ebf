/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CGROUP_H
#define CGROUP_H

#include <stddef.h>
#include <stdint.h>

#define CGROUPS		"/sys/fs/cgroup"

/* The id of a cgroup, given with or without CGROUPS before it; 0: there is none. */
uint64_t cgroup_id(const char *path);
/* Its path below CGROUPS, "/" for the root, or "#id" if it is gone. */
const char *cgroup_path(uint64_t id, char *buf, size_t size);

#endif
