/* SPDX-License-Identifier: GPL-2.0 */
/* The list that is in the kernel. */
#ifndef LIST_STORE_H
#define LIST_STORE_H

#include "list.h"

struct store;

/* Write a list where it is not in use yet: 0 or -errno. */
int list_write(const struct list *list, const struct store *store);
/* Mark all cgroups for it, and use it from the next OOM on: 0 or -errno. */
int list_switch(const struct store *store);

/*
 * Mark all cgroups again, in case there was no memory for one when it was made: how many
 * are without a mark all the same, or -errno.
 */
long list_unmarked(const struct store *store);

#endif
