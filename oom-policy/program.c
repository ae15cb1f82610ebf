// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "program.h"

/* As in the kernel's kernel/bpf/oom_kfuncs.c. */
#define REFUSED		"oom: BPF program"

int prog_map(int prog_fd, const char *name)
{
	struct bpf_prog_info info = { };
	uint32_t ids[64], size = sizeof(info), i;
	int fd;

	info.nr_map_ids = sizeof(ids) / sizeof(*ids);
	info.map_ids = (uintptr_t)ids;
	if (bpf_obj_get_info_by_fd(prog_fd, &info, &size))
		return -errno;
	for (i = 0; i < info.nr_map_ids && i < sizeof(ids) / sizeof(*ids); i++) {
		struct bpf_map_info map = { };

		size = sizeof(map);
		fd = bpf_map_get_fd_by_id(ids[i]);
		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &map, &size) && !strcmp(map.name, name))
			return fd;
		close(fd);
	}
	return -ENOENT;
}

char refusal[512];

/* The reason of the hook's filter is in the kernel log, unless that was rate-limited. */
static void read_refusal(int log, const char *policy)
{
	char record[2048], *text;
	ssize_t len;

	snprintf(refusal, sizeof(refusal), "%s: the kernel refused a program; see -v, and dmesg | grep '"
		 REFUSED "'", policy);
	/* A read returns one record; EPIPE: some were overwritten. */
	while ((len = read(log, record, sizeof(record) - 1)) > 0 || (len < 0 && errno == EPIPE)) {
		record[len < 0 ? 0 : len] = '\0';
		text = strchr(record, ';');
		if (!text || strncmp(text + 1, REFUSED, strlen(REFUSED)))
			continue;
		text[strcspn(text, "\n")] = '\0';
		snprintf(refusal, sizeof(refusal),
			 "%s: the kernel refused a program, as it may run for too long: %s",
			 policy, text + 1);
	}
}

struct bpf_object *program_load(const struct setup *setup)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "oom_policy");
	int ret, log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct bpf_object *obj;

	lseek(log, 0, SEEK_END);
	obj = bpf_object__open_file(setup->policy->path, &opts);
	ret = obj ? setup_vars(setup, obj) : -errno;
	ret = ret ?: bpf_object__load(obj);
	if (ret) {
		bpf_object__close(obj);
		obj = NULL;
		read_refusal(log, setup->policy->name);
	}
	close(log);
	errno = -ret;
	return obj;
}
