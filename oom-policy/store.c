// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "pins.h"
#include "program.h"
#include "store.h"

/* No program has this name. */
#define TEXT		"text"

/* The value of the map. */
struct text {
	uint64_t object;	/* hash of the bytes that the programs were loaded from */
	char text[];
};

/* The map of a program whose link is pinned here. */
static int pinned_map(const char *path, const char *name)
{
	struct bpf_link_info info = { };
	uint32_t size = sizeof(info);
	int link = bpf_obj_get(path), prog, map;

	if (link < 0)
		return -errno;
	prog = bpf_obj_get_info_by_fd(link, &info, &size) ? -1 : bpf_prog_get_fd_by_id(info.prog_id);
	close(link);
	if (prog < 0)
		return -ENOENT;
	map = prog_map(prog, name);
	close(prog);
	return map;
}

int store_map(const struct store *store, const char *name)
{
	int map = -ENOENT;
	struct dirent *entry;
	char path[1024];
	DIR *dir;

	if (store->obj) {
		map = bpf_object__find_map_fd_by_name(store->obj, name);
		return map < 0 ? map : fcntl(map, F_DUPFD_CLOEXEC, 3);
	}
	snprintf(path, sizeof(path), PINS "/%s", store->dir);
	dir = opendir(path);
	while (map < 0 && dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, TEXT))
			continue;
		snprintf(path, sizeof(path), PINS "/%s/%s", store->dir, entry->d_name);
		map = pinned_map(path, name);
	}
	if (dir)
		closedir(dir);
	return map;
}

void *store_mmap(const struct store *store, const char *name, size_t *size)
{
	long page = sysconf(_SC_PAGESIZE);
	struct bpf_map_info info = { };
	uint32_t len = sizeof(info);
	void *data = MAP_FAILED;
	int map = store_map(store, name);

	if (map < 0) {
		errno = -map;
		return NULL;
	}
	if (!bpf_obj_get_info_by_fd(map, &info, &len)) {
		*size = (info.value_size + page - 1) / page * page;
		data = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	}
	close(map);
	return data == MAP_FAILED ? NULL : data;
}

bool map_is(int map, uint32_t type, uint32_t key_size, uint32_t value_size)
{
	struct bpf_map_info info = { };
	uint32_t len = sizeof(info);

	return !bpf_obj_get_info_by_fd(map, &info, &len) && info.type == type &&
	       info.key_size == key_size && info.value_size == value_size;
}

int map_read(int map, void *value, uint32_t size)
{
	uint32_t key = 0;

	if (!map_is(map, BPF_MAP_TYPE_ARRAY, sizeof(key), size))
		return -EINVAL;
	return bpf_map_lookup_elem(map, &key, value) ? -errno : 0;
}

/* FNV-1a of a file, 0 if it cannot be read. */
static uint64_t hash_of(const char *path)
{
	uint64_t hash = 0xcbf29ce484222325ULL;
	FILE *file = fopen(path, "r");
	int c;

	if (!file)
		return 0;
	while ((c = getc(file)) != EOF)
		hash = (hash ^ c) * 0x100000001b3ULL;
	if (ferror(file))
		hash = 0;
	fclose(file);
	return hash;
}

static struct text *read_text(const char *dir)
{
	struct bpf_map_info info = { };
	uint32_t size = sizeof(info);
	struct text *text = NULL;
	char path[512];
	int map;

	snprintf(path, sizeof(path), PINS "/%s/" TEXT, dir);
	map = bpf_obj_get(path);
	if (map < 0)
		return NULL;
	if (!bpf_obj_get_info_by_fd(map, &info, &size) && info.value_size > sizeof(*text))
		text = malloc(info.value_size);
	/* One without its end was not written by this command. */
	if (text && (map_read(map, text, info.value_size) || ((char *)text)[info.value_size - 1])) {
		free(text);
		text = NULL;
	}
	close(map);
	return text;
}

char *store_text(const char *dir)
{
	struct text *text = read_text(dir);
	char *copy = text ? strdup(text->text) : NULL;

	free(text);
	return copy;
}

int store_is_of(const char *dir, const char *object)
{
	struct text *text = read_text(dir);
	int is = text && text->object && text->object == hash_of(object);

	free(text);
	return is;
}

int store_set_text(const char *dir, const char *object, const char *content)
{
	size_t size = sizeof(struct text) + strlen(content) + 1;
	char path[512], new[520];
	struct text *text;
	uint32_t key = 0;
	int map, ret;

	/* Values of arrays are rounded up to 8 bytes by the kernel. */
	size = (size + 7) / 8 * 8;
	text = calloc(1, size);
	if (!text)
		return -ENOMEM;
	text->object = hash_of(object);
	strcpy(text->text, content);
	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "oom_text", sizeof(key), size, 1, NULL);
	ret = map < 0 ? -errno : 0;
	if (!ret && bpf_map_update_elem(map, &key, text, BPF_ANY))
		ret = -errno;
	snprintf(path, sizeof(path), PINS "/%s/" TEXT, dir);
	snprintf(new, sizeof(new), "%s" NEW, path);
	unlink(new);
	if (!ret && bpf_obj_pin(map, new))
		ret = -errno;
	if (!ret && rename(new, path))
		ret = -errno;
	if (map >= 0)
		close(map);
	free(text);
	return ret;
}
