// SPDX-License-Identifier: GPL-2.0
/* The programs on the hook, as the kernel has them. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "oom-policy.h"

/* The kernel counts from its boot. */
static int64_t since_epoch(uint64_t ns_since_boot)
{
	struct timespec boot, now;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec - (boot.tv_sec - (int64_t)(ns_since_boot / 1000000000));
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
	uint32_t size = sizeof(link), key = 0;
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
		struct bpf_map_info info = { };

		size = sizeof(info);
		hooked->ours = !bpf_obj_get_info_by_fd(map, &info, &size) &&
			       info.value_size == sizeof(hooked->stats) &&
			       !bpf_map_lookup_elem(map, &key, &hooked->stats);
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
		return -check_explain(-btf_id, "find the hook");
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
		return -check_explain(errno, "list the links");
	/* The one attached last is asked first. */
	if (nr)
		qsort(*list, nr, sizeof(one), asked_earlier);
	return nr;
}

static json_object *row_of(const struct hooked *h, int order)
{
	static const char * const names[] = OUTCOMES;
	json_object *row = json_object_new_object(), *outcomes;
	const unsigned long long *nr = h->stats.outcomes;
	int i;
	struct tm tm;
	char since[32];

	row_number(row, "asked", order);
	row_text(row, "policy", h->pin[0] ? h->pin : h->program);
	row_bool(row, "pinned", h->pin[0]);
	row_number(row, "program_id", h->prog_id);
	row_number(row, "link_id", h->link_id);
	localtime_r(&(time_t){ h->since }, &tm);
	strftime(since, sizeof(since), "%F %T", &tm);
	row_text(row, "since", since);
	if (!h->ours)
		return row;
	row_text(row, "label", h->stats.label);
	row_number(row, "ooms", h->stats.ooms);
	row_number(row, "selected", h->stats.selected);
	row_number(row, "refused", h->stats.refused);
	row_number(row, "victims", h->stats.victims);
	row_number(row, "fallbacks", nr[OUTCOME_NONE] + nr[OUTCOME_ABORT] + nr[OUTCOME_TIMEOUT]);
	outcomes = json_object_new_object();
	for (i = 0; i < NR_OUTCOMES; i++)
		row_number(outcomes, names[i], nr[i]);
	json_object_object_add(row, "outcomes", outcomes);
	if (h->stats.best.pid) {
		char comm[16], last[64];

		snprintf(last, sizeof(last), "%s[%u]",
			 show_name(h->stats.best.comm, comm, sizeof(comm)), h->stats.best.pid);
		row_text(row, "last_choice", last);
	}
	return row;
}

int command_status(const char *name, bool json)
{
	json_object *rows = json_object_new_array();
	struct hooked *list = NULL;
	int nr, i, shown = 0;

	if (name && !policy_find(name)) {
		json_object_put(rows);
		return no_policy(name);
	}
	nr = hook_read(&list);
	for (i = 0; i < nr; i++) {
		if (name && strcmp(list[i].pin, name))
			continue;
		json_object_array_add(rows, row_of(&list[i], i + 1));
		shown++;
	}
	free(list);
	if (nr < 0 || (name && !shown)) {
		json_object_put(rows);
		return nr < 0 ? -nr : fail(NOT_LOADED, "%s is not loaded", name);
	}
	if (!shown && !json) {
		json_object_put(rows);
		puts("No policy: the kernel chooses.");
		return DONE;
	}
	show_rows(rows, (struct column []){ { "asked", "ASKED" }, { "policy", "POLICY" },
		  { "label", "LABEL" }, { "since", "SINCE" }, { "ooms", "OOMS" },
		  { "victims", "VICTIMS" }, { "fallbacks", "FALLBACKS" },
		  { "last_choice", "LAST CHOICE" }, { } }, json);
	return DONE;
}
