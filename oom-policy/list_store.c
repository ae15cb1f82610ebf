// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "compile.h"
#include "list_store.h"
#include "pins.h"
#include "say.h"
#include "store.h"

/* As in rules.bpf.c. */
#define LISTS		".bss.lists"	/* struct rule_list [RULE_LISTS] */
#define PATHS		".bss.paths"	/* struct path_matcher [RULE_LISTS] */
#define MARKS		".data.marks"	/* struct rule_marks */
#define IDS		"oom_ids"
#define MARK_ALL	"oom_mark_all"

/* Which of the two is not in use, or -errno. */
static int spare_list(const struct store *store)
{
	struct rule_marks *marks;
	size_t size;
	int spare;

	marks = store_mmap(store, MARKS, &size);
	if (!marks)
		return -errno;
	spare = !marks->active;
	munmap(marks, size);
	return spare;
}

/* Copy an element of an array that is a map. */
static int copy_in(const struct store *store, const char *name, const void *from, size_t len, int nr)
{
	size_t size;
	char *data = store_mmap(store, name, &size);

	if (!data)
		return -errno;
	if (size < (nr + 1) * len) {
		munmap(data, size);
		return -EINVAL;
	}
	memcpy(data + nr * len, from, len);
	munmap(data, size);
	return 0;
}

/* The ids of the last list but one go. */
static int write_ids(const struct list *list, const struct store *store, int which)
{
	struct rule_id key, next, *at = NULL;
	struct list_ids *ids = malloc(sizeof(*ids));
	int map = store_map(store, IDS), ret = map < 0 ? map : 0, i;

	if (!ids)
		ret = -ENOMEM;
	if (!ret && !map_is(map, BPF_MAP_TYPE_HASH, sizeof(struct rule_id),
			     sizeof(struct rule_id_lines)))
		ret = -EINVAL;
	while (!ret && !bpf_map_get_next_key(map, at, &next)) {
		if (next.list == which && !bpf_map_delete_elem(map, &next))
			continue;
		key = next;
		at = &key;
	}
	if (!ret)
		list_compile_ids(list, which, ids);
	for (i = 0; !ret && i < ids->nr; i++)
		ret = bpf_map_update_elem(map, &ids->ids[i], &ids->lines[i], BPF_ANY);
	free(ids);
	if (map >= 0)
		close(map);
	return ret;
}

int list_write(const struct list *list, const struct store *store)
{
	struct rule_list *rules = malloc(sizeof(*rules));
	struct path_matcher *paths = malloc(sizeof(*paths));
	int which = spare_list(store), ret = which < 0 ? which : 0;

	if (!ret && (!rules || !paths))
		ret = -ENOMEM;
	if (!ret && !list_compile(list, sysconf(_SC_PAGESIZE), rules, paths))
		ret = -E2BIG;
	ret = ret ?: copy_in(store, LISTS, rules, sizeof(*rules), which);
	ret = ret ?: copy_in(store, PATHS, paths, sizeof(*paths), which);
	ret = ret ?: write_ids(list, store, which);
	free(rules);
	free(paths);
	return ret;
}

/* The iterator that marks all cgroups: a fd, or -errno. */
static int mark_all(const struct store *store)
{
	struct bpf_link *link;
	char path[512], buf[64];
	int fd = -1, iter;
	ssize_t len;

	if (store->obj) {
		link = pins_link(bpf_object__find_program_by_name(store->obj, MARK_ALL));
		iter = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
		/* The iterator holds the link. */
		if (iter < 0)
			iter = -errno;
		bpf_link__destroy(link);
	} else {
		snprintf(path, sizeof(path), PINS "/%s/" MARK_ALL, store->dir);
		fd = bpf_obj_get(path);
		iter = fd < 0 ? -errno : bpf_iter_create(fd);
		if (fd >= 0)
			close(fd);
	}
	if (iter < 0)
		return iter;
	while ((len = read(iter, buf, sizeof(buf))) > 0)
		;
	if (len < 0)
		len = -errno;
	close(iter);
	return len;
}

int list_switch(const struct store *store)
{
	struct rule_marks *marks;
	size_t size;
	int ret;

	ret = mark_all(store);
	if (ret)
		return ret;
	marks = store_mmap(store, MARKS, &size);
	if (!marks)
		return -errno;
	__atomic_store_n(&marks->active, !marks->active, __ATOMIC_RELEASE);
	munmap(marks, size);
	return 0;
}

long list_unmarked(const struct store *store)
{
	struct rule_marks *marks;
	unsigned long long missed;
	size_t size;
	long ret;

	marks = store_mmap(store, MARKS, &size);
	if (!marks)
		return -errno;
	missed = marks->missed;
	ret = mark_all(store);
	if (!ret)
		ret = marks->missed - missed;
	munmap(marks, size);
	return ret;
}
