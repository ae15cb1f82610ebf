// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "hook.h"
#include "kernel.h"
#include "pins.h"
#include "program.h"
#include "say.h"
#include "store.h"

/*
 * The kernel counts from its boot. To compare two clocks would give another second each
 * time.
 */
static int64_t since_epoch(uint64_t ns_since_boot)
{
	FILE *file = fopen("/proc/stat", "r");
	long long boot = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "btime %lld", &boot) == 1)
			break;
	}
	if (file)
		fclose(file);
	return boot + ns_since_boot / 1000000000;
}

/* Find the pin of a link, if this command made it. */
static void find_pin(struct hooked *hooked)
{
	struct dirent *entry;
	char path[512];
	DIR *dir = opendir(PINS);

	while (dir && (entry = readdir(dir))) {
		struct bpf_link_info info = { };
		uint32_t size = sizeof(info);
		int fd;

		snprintf(path, sizeof(path), PINS "/%s/oom_evaluate", entry->d_name);
		fd = bpf_obj_get(path);
		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &size) && info.id == hooked->link_id)
			snprintf(hooked->pin, sizeof(hooked->pin), "%s", entry->d_name);
		close(fd);
	}
	if (dir)
		closedir(dir);
}

/* Is this link one on the hook? If so, fill in what there is to say. */
static bool read_link(uint32_t id, int btf_id, struct hooked *hooked)
{
	struct bpf_prog_info prog = { };
	struct bpf_link_info link = { };
	struct oom_policy_stats *stats = &hooked->stats;
	uint32_t size = sizeof(link);
	int fd, map;

	fd = bpf_link_get_fd_by_id(id);
	if (fd < 0)
		return false;
	if (bpf_obj_get_info_by_fd(fd, &link, &size))
		link.type = 0;
	close(fd);
	if (link.type != BPF_LINK_TYPE_TRACING || link.tracing.attach_type != BPF_MODIFY_RETURN)
		return false;
	fd = bpf_prog_get_fd_by_id(link.prog_id);
	if (fd < 0)
		return false;
	size = sizeof(prog);
	if (bpf_obj_get_info_by_fd(fd, &prog, &size) || (int)prog.attach_btf_id != btf_id) {
		close(fd);
		return false;
	}
	*hooked = (struct hooked){ .link_id = id, .prog_id = link.prog_id,
				   .since = since_epoch(prog.load_time) };
	snprintf(hooked->program, sizeof(hooked->program), "%s", prog.name);
	map = prog_map(fd, ".data.stats");
	if (map >= 0) {
		hooked->ours = !map_read(map, &hooked->stats, sizeof(hooked->stats));
		/* Another program may have a map like this. */
		stats->label[sizeof(stats->label) - 1] = '\0';
		stats->best.comm[sizeof(stats->best.comm) - 1] = '\0';
		close(map);
	}
	close(fd);
	find_pin(hooked);
	return true;
}

static int asked_earlier(const void *a, const void *b)
{
	const struct hooked *l = a, *r = b;

	return l->link_id < r->link_id ? 1 : -1;
}

int hook_read(struct hooked **list)
{
	struct hooked one, *more;
	int btf_id, nr = 0;
	uint32_t id = 0;

	*list = NULL;
	btf_id = libbpf_find_vmlinux_btf_id(HOOK, BPF_MODIFY_RETURN);
	if (btf_id < 0)
		return -kernel_explain(-btf_id, "find the hook");
	while (!bpf_link_get_next_id(id, &id)) {
		if (!read_link(id, btf_id, &one))
			continue;
		more = realloc(*list, (nr + 1) * sizeof(one));
		if (!more)
			return -fail(FAILED, "out of memory");
		*list = more;
		more[nr++] = one;
	}
	if (errno != ENOENT)
		return -kernel_explain(errno, "list the links");
	/* The one attached last is asked first. */
	if (nr)
		qsort(*list, nr, sizeof(one), asked_earlier);
	return nr;
}
