/* SPDX-License-Identifier: GPL-2.0 */
/* The line that decides on a task, by the list and by the compiled list: behind compile.c. */
#ifndef FIRST_LINE_H
#define FIRST_LINE_H

#include "slow_match.h"

#define PAGE 4096

struct task {
	const char *name, *exe, *cgroup, *scope;	/* scope NULL: global */
	unsigned int uid, gid, pid;
	unsigned long long start;
	long long adj, pages, age;
	int mark;
};

static bool fits(const char *pattern, const char *text, enum pattern_kind kind)
{
	return !pattern || slow_match(pattern, text, kind, false);
}

static bool in(const struct range *range, long long value)
{
	return !range->given || (value >= range->min && value <= range->max);
}

/* A process id with two starts is that of the later process; the other one has ended. */
static bool has_ended(const struct list *list, const struct line *line)
{
	int i;

	for (i = 0; i < list->nr; i++) {
		if (line->pid && list->lines[i].pid == line->pid &&
		    list->lines[i].start > line->start)
			return true;
	}
	return false;
}

/* By the text, or -1. */
static int first_line(const struct list *list, const struct task *t)
{
	int i;

	for (i = 0; i < list->nr; i++) {
		const struct line *l = &list->lines[i];

		if (fits(l->name, t->name, PATTERN_NAME) && fits(l->exe, t->exe, PATTERN_NAME) &&
		    fits(l->cgroup, t->cgroup, PATTERN_BELOW) &&
		    (!l->scope || (t->scope && fits(l->scope, t->scope, PATTERN_CGROUP))) &&
		    (!l->global || !t->scope) && (!l->has_uid || l->uid == t->uid) &&
		    (!l->has_gid || l->gid == t->gid) &&
		    (!l->pid || (l->pid == (int)t->pid && l->start == t->start)) &&
		    !has_ended(list, l) &&
		    in(&l->adj, t->adj) && in(&l->size, t->pages * PAGE) &&
		    in(&l->age, t->age / NS_PER_S) && (!l->mark || (int)l->mark - MARK_NONE == t->mark))
			return i;
	}
	return -1;
}

static lines_t step_lines(const struct rule_steps *steps, long long value)
{
	unsigned int at = 0, step;

	for (step = steps->half; step; step /= 2)
		at += value >= steps->from[at + step - 1] ? step : 0;
	return steps->lines[at];
}

static lines_t name_lines(const struct name_matcher *names, const char *text)
{
	unsigned int state = 0;

	for (; *text; text++)
		state = names->next[state * RULE_CLASSES + names->class[(unsigned char)*text]];
	return names->accept[state];
}

static const unsigned long long *path_lines(const struct path_matcher *paths, const char *text)
{
	unsigned int state = 0;

	for (; *text; text++)
		state = paths->next[state * RULE_CLASSES + paths->class[(unsigned char)*text]];
	return paths->accept[state];
}

static lines_t id_lines(const struct list_ids *ids, int kind, unsigned int id, unsigned long long start)
{
	int i;

	for (i = 0; i < ids->nr; i++) {
		if (ids->ids[i].kind == kind && ids->ids[i].id == id)
			return kind == RULE_PID && ids->lines[i].start != start ? 0 : ids->lines[i].lines;
	}
	return 0;
}

/* By the layout, as oom_rules.h says it. */
static int first_compiled(const struct rule_list *r, const struct path_matcher *paths,
			  const struct list_ids *ids, const struct task *t)
{
	lines_t lines = r->all;

	lines &= t->scope ? r->no_scope | path_lines(paths, t->scope)[1] : r->global;
	if (lines & ~r->no_cgroup)
		lines &= r->no_cgroup | path_lines(paths, t->cgroup)[0];
	if (lines & ~r->no_mark)
		lines &= r->mark[t->mark];
	if (lines & ~r->no_uid)
		lines &= r->no_uid | id_lines(ids, RULE_UID, t->uid, 0);
	if (lines & ~r->no_gid)
		lines &= r->no_gid | id_lines(ids, RULE_GID, t->gid, 0);
	if (lines & ~r->no_pid)
		lines &= r->no_pid | id_lines(ids, RULE_PID, t->pid, t->start);
	if (lines & ~r->no_name)
		lines &= name_lines(&r->name, t->name);
	if (lines & ~r->no_exe)
		lines &= name_lines(&r->exe, t->exe);
	if (lines & ~r->no_adj)
		lines &= step_lines(&r->adj, t->adj);
	if (lines & ~r->no_size)
		lines &= step_lines(&r->size, t->pages);
	if (lines & ~r->no_age)
		lines &= step_lines(&r->age, t->age);
	return lines ? __builtin_ctzll(lines) : -1;
}

#endif
