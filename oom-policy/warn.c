// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hook.h"
#include "kernel.h"
#include "list.h"
#include "ranking.h"
#include "say.h"
#include "store.h"
#include "warn.h"

#define MAX_GROUPS	16

/* Its place among the policies that were asked in a ranking, or -1. */
static int place(const struct ranking *r, const char *name)
{
	int i;

	for (i = 0; i < r->nr_policies; i++) {
		if (!strcmp(r->policy[i]->name, name))
			return i;
	}
	return -1;
}

/* By what it is; the ranking tells whether it is so. */
static bool may_be_on_all(const struct setup *setup)
{
	int i;

	for (i = 0; i < setup->nr; i++) {
		if (setup->rules[i].path && !*setup->rules[i].path)
			return true;
	}
	return setup->list || setup->nr_vars || setup->policy->subject == SUBJECT_NONE ||
	       !setup->policy->rule_values.words;
}

/* No policy that is asked later has a say. */
static void warn_of_order(const struct setup *setup, const struct ranking *r)
{
	const char *name = setup->policy->name;
	int at = place(r, name), i;

	if (at < 0 || at == r->nr_policies - 1 || !may_be_on_all(setup))
		return;
	for (i = 0; i < r->nr; i++) {
		const struct task *t = &r->tasks[i];

		if (t->why == WHY_POLICY && t->adj > -900 && (t->by < 0 || t->by > at))
			return;
	}
	for (i = at + 1; i < r->nr_policies; i++) {
		if (r->text[i] && *r->text[i])
			say("warning: %s has an opinion on every process and is asked before %s, whose rules have no effect; unload %s and load it again to have it asked first",
			    name, r->policy[i]->name, r->policy[i]->name);
	}
}

/* A process that is never chosen can die with a victim. */
static void warn_of_groups(const struct setup *setup, const struct ranking *r)
{
	char path[4096], *said[MAX_GROUPS];
	const struct task *sharer;
	int at = place(r, setup->policy->name), nr = 0, i, j;

	for (i = 0; i < r->nr && nr < MAX_GROUPS; i++) {
		const struct task *t = &r->tasks[i];

		if (t->by != at || t->verdict != BPF_EVAL_NEXT)
			continue;
		sharer = ranking_sharer(r, t);
		if (sharer && sharer->verdict != BPF_EVAL_NEXT)
			say("warning: process %d is never chosen, but dies with process %d, which shares its memory",
			    t->pid, sharer->pid);
		if (!ranking_group(r, t, path, sizeof(path)))
			continue;
		for (j = 0; j < nr && strcmp(said[j], path); j++)
			;
		if (j < nr)
			continue;
		said[nr++] = strdup(path);
		say("warning: process %d is never chosen, but memory.oom.group of %s kills it with any other there; set it to 0, or spare all of the cgroup",
		    t->pid, path);
	}
	while (nr)
		free(said[--nr]);
}

void warn_after_load(const struct setup *setup)
{
	struct ranking r;

	if (setup->list)
		list_warn_shadowed(setup->list);
	if (ranking_make(&r, NULL, NULL, 0) == DONE) {
		warn_of_order(setup, &r);
		warn_of_groups(setup, &r);
	}
	ranking_free(&r);
	kernel_warn();
}
