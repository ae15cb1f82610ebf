/* SPDX-License-Identifier: GPL-2.0 */
/* A rule list as the programs read it. */
#ifndef COMPILE_H
#define COMPILE_H

#include <stdbool.h>

#include "list.h"
#include "oom_rules.h"

/**
 * list_compile - all of a list but its ids
 * @page: bytes of a page
 * Return: false if it needs more room than there is; that was said.
 */
bool list_compile(const struct list *list, long page, struct rule_list *rules,
		  struct path_matcher *paths);

/* Is it complete, and is there room for it? As list_end(). */
bool list_valid(struct list *list);

/* The users, groups and processes of a list, each once. */
struct list_ids {
	struct rule_id ids[3 * MAX_LINES];
	struct rule_id_lines lines[3 * MAX_LINES];
	int nr;
};

void list_compile_ids(const struct list *list, int which, struct list_ids *ids);

#endif
