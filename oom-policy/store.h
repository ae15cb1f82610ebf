/* SPDX-License-Identifier: GPL-2.0 */
/* The maps of a policy, loaded or pinned, and the text that its rules were made of. */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_object;

struct store {
	struct bpf_object *obj;	/* one that is loaded, or */
	const char *dir;	/* a directory below PINS */
};

/* A map by its name: a fd to be closed, or -errno. */
int store_map(const struct store *store, const char *name);
/* The same, in memory: NULL and errno if it fails; to be unmapped with its @size. */
void *store_mmap(const struct store *store, const char *name, size_t *size);

/*
 * Is it a map of this type and these sizes? A pin may be of an older or a foreign policy,
 * and the kernel copies as many bytes as its map has.
 */
bool map_is(int map, uint32_t type, uint32_t key_size, uint32_t value_size);
/* The value of an array of one, of this size: 0 or -errno. */
int map_read(int map, void *value, uint32_t size);

/*
 * The text of the rules and settings of a pinned policy, so that they can be shown and
 * changed, is a map beside the pins of its programs.
 */
/* To be freed; NULL if there is none. */
char *store_text(const char *dir);
/* Was it loaded from this object? */
int store_is_of(const char *dir, const char *object);
/* 0 or -errno. */
int store_set_text(const char *dir, const char *object, const char *text);

#endif
