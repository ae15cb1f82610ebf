/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A kernel that has nothing but maps, for the files of the command that read and write
 * some: they are included below, with their calls redirected. Each copy has exactly the
 * size that the kernel's would have, so that sanitizers see one that is too large.
 * fail() and process_start() are those of the includer.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "say.h"

#define FAKE_MAPS	16
#define FAKE_LINK	2000
#define FAKE_PROG	2001
#define FAKE_ITER	2002
#define FAKE_MAP	1000	/* and the number of the map */
#define FAKE_CPUS	4

struct fake_map {
	char name[16];
	__u32 type, key_size, value_size, max_entries;
	unsigned char *elems;	/* key and value, one behind the other */
	__u32 nr;
	bool mmapable;
};

static struct fake_map fake_maps[FAKE_MAPS];
static int nr_fake_maps;
/* The pin of the text: a map, a link or nothing. */
static int fake_text;
static int fake_new_text;

static inline size_t fake_elem(const struct fake_map *map)
{
	return (size_t)map->key_size + map->value_size;
}

static inline struct fake_map *fake_map_of(int fd)
{
	if (fd >= FAKE_MAP && fd < FAKE_MAP + nr_fake_maps)
		return &fake_maps[fd - FAKE_MAP];
	errno = fd < 0 ? EBADF : EINVAL;
	return NULL;
}

/* Arrays have all of their elements from the start. */
static inline int fake_create(const char *name, __u32 type, __u32 key_size, __u32 value_size,
			      __u32 max_entries)
{
	struct fake_map *map = &fake_maps[nr_fake_maps];
	__u32 i;

	if (nr_fake_maps == FAKE_MAPS || !key_size || !value_size || !max_entries ||
	    ((type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY) && key_size != 4)) {
		errno = EINVAL;
		return -1;
	}
	*map = (struct fake_map){ .type = type, .key_size = key_size, .value_size = value_size,
				  .max_entries = max_entries };
	snprintf(map->name, sizeof(map->name), "%s", name);
	map->elems = calloc(max_entries, fake_elem(map));
	if (type != BPF_MAP_TYPE_HASH) {
		for (i = 0; i < max_entries; i++)
			memcpy(map->elems + i * fake_elem(map), &i, 4);
		map->nr = max_entries;
	}
	map->mmapable = type == BPF_MAP_TYPE_ARRAY;
	return FAKE_MAP + nr_fake_maps++;
}

static inline void fake_forget(void)
{
	while (nr_fake_maps)
		free(fake_maps[--nr_fake_maps].elems);
	fake_text = fake_new_text = 0;
}

static inline unsigned char *fake_find(const struct fake_map *map, const void *key)
{
	unsigned char *copy = malloc(map->key_size), *found = NULL;
	__u32 i;

	memcpy(copy, key, map->key_size);
	for (i = 0; i < map->nr && !found; i++) {
		if (!memcmp(map->elems + i * fake_elem(map), copy, map->key_size))
			found = map->elems + i * fake_elem(map);
	}
	free(copy);
	return found;
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	const struct fake_map *map = fake_map_of(fd);
	const unsigned char *elem = map ? fake_find(map, key) : NULL;
	size_t room = map ? (map->value_size + 7) / 8 * 8 : 0;
	int i;

	if (!elem) {
		errno = map ? ENOENT : errno;
		return -errno;
	}
	if (map->type != BPF_MAP_TYPE_PERCPU_ARRAY)
		memcpy(value, elem + map->key_size, map->value_size);
	else
		for (i = 0; i < FAKE_CPUS; i++)
			memset((char *)value + i * room, 0, room);
	return 0;
}

int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	struct fake_map *map = fake_map_of(fd);
	unsigned char *elem = map ? fake_find(map, key) : NULL;

	if (!map)
		return -errno;
	if (!elem && map->nr == map->max_entries) {
		errno = E2BIG;
		return -errno;
	}
	if (!elem) {
		elem = map->elems + map->nr++ * fake_elem(map);
		memcpy(elem, key, map->key_size);
	}
	memcpy(elem + map->key_size, value, map->value_size);
	return 0;
}

int bpf_map_delete_elem(int fd, const void *key)
{
	struct fake_map *map = fake_map_of(fd);
	unsigned char *elem = map ? fake_find(map, key) : NULL;

	if (!elem || map->type != BPF_MAP_TYPE_HASH) {
		errno = !map ? errno : !elem ? ENOENT : EINVAL;
		return -errno;
	}
	map->nr--;
	memmove(elem, elem + fake_elem(map), map->elems + map->nr * fake_elem(map) - elem);
	return 0;
}

int bpf_map_get_next_key(int fd, const void *key, void *next)
{
	const struct fake_map *map = fake_map_of(fd);
	const unsigned char *elem = map && key ? fake_find(map, key) : NULL;

	elem = !map ? NULL : elem ? elem + fake_elem(map) : map->elems;
	if (!elem || elem == map->elems + map->nr * fake_elem(map)) {
		errno = map ? ENOENT : errno;
		return -errno;
	}
	memcpy(next, elem, map->key_size);
	return 0;
}

int bpf_map_create(enum bpf_map_type type, const char *name, __u32 key_size, __u32 value_size,
		   __u32 max_entries, const struct bpf_map_create_opts *opts)
{
	int fd = fake_create(name, type, key_size, value_size, max_entries);

	return fd < 0 ? -errno : fd;
}

int bpf_obj_get_info_by_fd(int fd, void *info, __u32 *len)
{
	struct bpf_prog_info *prog = info;
	struct bpf_link_info *link = info;
	struct bpf_map_info *map = info;
	const struct fake_map *of;
	__u32 i;

	if (fd == FAKE_LINK) {
		link->type = BPF_LINK_TYPE_TRACING;
		link->id = link->prog_id = 1;
		link->tracing.attach_type = BPF_MODIFY_RETURN;
		/* A program's tag may stand where a map has its size. */
		if (*len == sizeof(*map))
			map->value_size = 1 << 20;
		return 0;
	}
	if (fd == FAKE_PROG) {
		for (i = 0; i < prog->nr_map_ids && i < (__u32)nr_fake_maps; i++)
			((__u32 *)(uintptr_t)prog->map_ids)[i] = i + 1;
		prog->nr_map_ids = nr_fake_maps;
		return 0;
	}
	of = fake_map_of(fd);
	if (!of)
		return -errno;
	*map = (struct bpf_map_info){ .type = of->type,
				      .id = fd - FAKE_MAP + 1,
				      .key_size = of->key_size,
				      .value_size = of->value_size,
				      .max_entries = of->max_entries };
	strcpy(map->name, of->name);
	return 0;
}

int bpf_obj_get(const char *path)
{
	bool text = strlen(path) > 5 && !strcmp(path + strlen(path) - 5, "/text");

	if (text ? fake_text : nr_fake_maps)
		return text ? fake_text : FAKE_LINK;
	errno = ENOENT;
	return -errno;
}

int bpf_obj_pin(int fd, const char *path)
{
	fake_new_text = fd;
	return 0;
}

int bpf_prog_get_fd_by_id(__u32 id)
{
	return FAKE_PROG;
}

int bpf_link_get_fd_by_id(__u32 id)
{
	return FAKE_LINK;
}

int bpf_link_get_next_id(__u32 id, __u32 *next)
{
	*next = 1;
	errno = ENOENT;
	return id ? -ENOENT : 0;
}

int libbpf_find_vmlinux_btf_id(const char *name, enum bpf_attach_type type)
{
	return 0;
}

int bpf_map_get_fd_by_id(__u32 id)
{
	return fake_map_of(FAKE_MAP + id - 1) ? (int)(FAKE_MAP + id - 1) : -errno;
}

int bpf_iter_create(int fd)
{
	return FAKE_ITER;
}

/* An object is what open_file() makes of it: its BTF and its settings. */
struct bpf_object {
	struct btf *btf;
	unsigned char *settings;
	size_t size;
};

static struct bpf_object fake_object;

struct bpf_object *bpf_object__open_file(const char *path, const struct bpf_object_open_opts *opts)
{
	return &fake_object;
}

void bpf_object__close(struct bpf_object *obj)
{
}

struct btf *bpf_object__btf(const struct bpf_object *obj)
{
	return obj->btf;
}

struct bpf_map *bpf_object__find_map_by_name(const struct bpf_object *obj, const char *name)
{
	return obj->settings ? (struct bpf_map *)obj : NULL;
}

const void *bpf_map__initial_value(struct bpf_map *map, size_t *size)
{
	*size = ((struct bpf_object *)map)->size;
	return ((struct bpf_object *)map)->settings;
}

int bpf_map__set_initial_value(struct bpf_map *map, const void *data, size_t size)
{
	struct bpf_object *obj = (struct bpf_object *)map;

	if (size != obj->size) {
		errno = EINVAL;
		return -EINVAL;
	}
	memcpy(obj->settings, data, size);
	return 0;
}

int bpf_object__find_map_fd_by_name(const struct bpf_object *obj, const char *name)
{
	return -ENOENT;
}

/* It has no programs, and libbpf looks into the one that it is given. */
struct bpf_program {
	const char *name, *section;
};

const char *bpf_program__name(const struct bpf_program *prog)
{
	return prog->name;
}

const char *bpf_program__section_name(const struct bpf_program *prog)
{
	return prog->section;
}

struct bpf_link *bpf_program__attach(const struct bpf_program *prog)
{
	errno = *prog->section ? EINVAL : ENOENT;
	return NULL;
}

struct bpf_link *bpf_program__attach_iter(const struct bpf_program *prog,
					  const struct bpf_iter_attach_opts *opts)
{
	return bpf_program__attach(prog);
}

struct bpf_program *bpf_object__next_program(const struct bpf_object *obj, struct bpf_program *prog)
{
	return NULL;
}

int bpf_link__pin(struct bpf_link *link, const char *path)
{
	return -EINVAL;
}

struct bpf_program *bpf_object__find_program_by_name(const struct bpf_object *obj, const char *name)
{
	return NULL;
}

int bpf_link__fd(const struct bpf_link *link)
{
	return -1;
}

int bpf_link__destroy(struct bpf_link *link)
{
	return 0;
}

#ifdef FAKE_BTF
/* Types by number, from 1, where a name is the offset of its text. */
struct btf {
	const struct btf_type *types[32];
	const char *names;
	__u32 size;		/* of the names */
	__u32 nr;
};

__u32 btf__type_cnt(const struct btf *btf)
{
	return btf->nr + 1;
}

const struct btf_type *btf__type_by_id(const struct btf *btf, __u32 id)
{
	static const struct btf_type none;

	return !id ? &none : id <= btf->nr ? btf->types[id - 1] : NULL;
}

const char *btf__name_by_offset(const struct btf *btf, __u32 offset)
{
	return offset < btf->size ? btf->names + offset : NULL;
}

__s32 btf__find_by_name_kind(const struct btf *btf, const char *name, __u32 kind)
{
	__u32 id;

	for (id = 1; id <= btf->nr; id++) {
		if (btf_kind(btf->types[id - 1]) == kind &&
		    !strcmp(btf__name_by_offset(btf, btf->types[id - 1]->name_off) ?: "", name))
			return id;
	}
	return -ENOENT;
}

struct btf *btf__parse(const char *path, struct btf_ext **ext)
{
	return NULL;
}

struct btf *btf__load_from_kernel_by_id(__u32 id)
{
	return NULL;
}

void btf__free(struct btf *btf)
{
}
#endif

/* The calls of the C library that would meet the kernel. */
static inline DIR *fake_opendir(const char *path)
{
	return nr_fake_maps ? (DIR *)calloc(1, sizeof(int)) : NULL;
}

/* The text, which no program is pinned as, and one program. */
static inline struct dirent *fake_readdir(DIR *dir)
{
	static struct dirent entry;
	int *at = (int *)dir;

	if (*at == 2)
		return NULL;
	strcpy(entry.d_name, (*at)++ ? "oom_evaluate" : "text");
	return &entry;
}

static inline int fake_closedir(DIR *dir)
{
	free(dir);
	return 0;
}

static inline int fake_rename(const char *from, const char *to)
{
	fake_text = fake_new_text;
	return 0;
}

static inline int fake_unlink(const char *path)
{
	return 0;
}

/* As array_map_mmap() does: not for other types, and not more than there is. */
static inline void *fake_mmap(size_t size, int fd)
{
	const struct fake_map *map = fake_map_of(fd);
	size_t values = map ? (size_t)map->value_size * map->max_entries : 0, page = 4096;
	char *data;

	if (!map || !map->mmapable || size > (values + page - 1) / page * page ||
	    map->max_entries != 1) {
		errno = map ? EINVAL : errno;
		return MAP_FAILED;
	}
	/* The first bytes say where it belongs. */
	data = malloc(size + 16);
	memset(data, 0, size + 16);
	memcpy(data, &fd, sizeof(fd));
	memcpy(data + 16, map->elems + map->key_size, values);
	return data + 16;
}

static inline int fake_munmap(void *at, size_t size)
{
	const struct fake_map *map;
	int fd;

	memcpy(&fd, (char *)at - 16, sizeof(fd));
	map = fake_map_of(fd);
	memcpy(map->elems + map->key_size, at, map->value_size);
	free((char *)at - 16);
	return 0;
}

/* A cgroup has the id that its path says, if it has one: /a7 is there, /a is not. */
static char fake_cgroup[4096];

uint64_t cgroup_id(const char *path)
{
	size_t len = strlen(path);

	snprintf(fake_cgroup, sizeof(fake_cgroup), "%s", path);
	return len && isdigit((unsigned char)path[len - 1]) ?
		       strtoull(path + len - 1, NULL, 10) + 2 :
		       0;
}

const char *cgroup_path(uint64_t id, char *buf, size_t size)
{
	snprintf(buf, size, "/a%llu", (unsigned long long)id - 2);
	return buf;
}

int kernel_explain(int errnum, const char *what)
{
	return fail(1, "%s: %s", what, strerror(errnum));
}

/* Users and groups: there is root. */
static inline struct passwd *fake_user(const char *name)
{
	static struct passwd root;

	return strcmp(name, "root") ? NULL : &root;
}

static inline struct group *fake_group(const char *name)
{
	static struct group root;

	return strcmp(name, "root") ? NULL : &root;
}

/* Memory that the command does not give back before it ends. */
static void **fake_kept;
static size_t nr_fake_kept;

static inline void *fake_keep(void *old, void *new)
{
	size_t i;

	for (i = 0; old && i < nr_fake_kept && fake_kept[i] != old; i++)
		;
	if (!old || i == nr_fake_kept) {
		i = nr_fake_kept++;
		fake_kept = realloc(fake_kept, nr_fake_kept * sizeof(*fake_kept));
	}
	fake_kept[i] = new;
	return new;
}

static inline void fake_free_kept(void)
{
	while (nr_fake_kept)
		free(fake_kept[--nr_fake_kept]);
	free(fake_kept);
	fake_kept = NULL;
}

static inline void fake_free(void *old)
{
	free(old);
	if (old)
		fake_keep(old, NULL);
}

#include "pattern.c"
#undef END
#define hash_of		hash_of_file

#define getpwnam(name)	fake_user(name)
#define getgrnam(name)	fake_group(name)
#include "list.c"
#undef BLANKS
#define compare		compare_steps
#include "compile.c"
#define find		find_old
#include "old.c"
#undef find

#define policy_find	policy_find_on_disk
#define strdup(text)	fake_keep(NULL, strdup(text))
#define calloc(nr, size) fake_keep(NULL, calloc(nr, size))
#define realloc(old, size) fake_keep(old, realloc(old, size))
#define free(old)	fake_free(old)
#include "policy.c"
#undef policy_find
/* That of the includer knows its policies without files. */
const struct policy *policy_find(const char *name);
#undef strdup
#undef calloc
#undef realloc
#undef free

#define close(fd)	((void)(fd))
#define fcntl(fd, ...)	(fd)
#define opendir(path)	fake_opendir(path)
#define readdir(dir)	fake_readdir(dir)
#define closedir(dir)	fake_closedir(dir)
#define rename(from, to) fake_rename(from, to)
#define unlink(path)	fake_unlink(path)
#define mmap(at, size, prot, flags, fd, offset)	fake_mmap(size, fd)
#define munmap(at, size) fake_munmap(at, size)
#define read(fd, buf, size) ((void)(buf), 0)
#include "store.c"
#include "program.h"
/* As in program.c, whose other half loads programs. */
int prog_map(int prog_fd, const char *name)
{
	int i;

	for (i = 0; i < nr_fake_maps; i++) {
		if (!strcmp(fake_maps[i].name, name))
			return FAKE_MAP + i;
	}
	return -ENOENT;
}

#include "list_store.c"
#undef PATHS
#define number		number_of_rule
#include "rules.c"
#undef number
#undef TAG
#define fopen(path, mode) ((FILE *)NULL)
#include "hook.c"
#undef fopen

/* Locks, and what follows from them, are not for tests. */
#define pins_change	pins_change_locked
#define pins_whole	pins_whole_on_disk
#define pins_replace	pins_replace_loaded
struct bpf_object *kernel_load(const struct setup *setup, int *status)
{
	*status = FAILED;
	return NULL;
}

#include "pins.c"
#undef pins_change
#undef pins_whole
#undef pins_replace
int pins_change(void);
bool pins_whole(const char *name);
int pins_replace(const struct setup *setup, const char *dir);

/* There is one cgroup, and no dry run. */
#define nftw(path, call, nr, flags) call(path "/a1", NULL, FTW_D, NULL)
#include "counts.c"
#undef nftw

int ranking_of(struct ranking *r, const char *loaded)
{
	*r = (struct ranking){ };
	return FAILED;
}

void ranking_free(struct ranking *r)
{
}

void say(const char *fmt, ...)
{
}

#undef close
#undef fcntl
#undef opendir
#undef readdir
#undef closedir
#undef rename
#undef unlink
#undef mmap
#undef munmap
#undef read

#endif
