/* SPDX-License-Identifier: GPL-2.0 */
/* The maps of a policy, loaded or pinned, and the text that its rules were made of. */
#ifndef STORE_H
#define STORE_H

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
