// SPDX-License-Identifier: GPL-2.0
/* Sets of lines for each condition; a task is in the first line that is in all of them. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compile.h"
#include "pattern.h"
#include "say.h"

#define NS_PER_S	1000000000LL

typedef unsigned long long lines_t;

static const enum rule_rank ranks[NR_RANKS] = {
	[BY_SIZE] = RANK_SIZE, [BY_PRIVATE] = RANK_PRIVATE, [BY_CGROUP_SIZE] = RANK_CGROUP_SIZE,
	[BY_CGROUP_TREE] = RANK_CGROUP_TREE, [BY_YOUNGEST] = RANK_YOUNGEST,
	[BY_OLDEST] = RANK_OLDEST, [BY_SCORE] = RANK_SCORE,
};

static enum rule_class class_of(enum line_class class)
{
	switch (class) {
	case CLASS_FIRST:
		return RULE_FIRST;
	case CLASS_LAST:
		return RULE_LAST;
	case CLASS_NEVER:
		return RULE_NEVER;
	case CLASS_KERNEL:
		return RULE_MIDDLE;
	default:
		return RULE_FIRST + 1 + class;
	}
}

static long long within_steps(long long n)
{
	return n < -RULE_NO_STEP ? -RULE_NO_STEP : n > RULE_NO_STEP ? RULE_NO_STEP : n;
}

/* The bounds of a line in the unit of the programs. */
static struct range scaled(const struct range *range, long long unit, bool multiply)
{
	struct range r = *range;

	if (!r.given)
		return (struct range){ -RULE_NO_STEP, RULE_NO_STEP, false };
	if (multiply) {
		r.min *= unit;
		/* The whole of the last second counts. */
		r.max = r.max > LLONG_MAX / unit - 1 ? LLONG_MAX : (r.max + 1) * unit - 1;
	} else {
		r.min = r.min / unit + !!(r.min % unit);
		r.max = r.max == LLONG_MAX ? LLONG_MAX : r.max / unit;
	}
	r.min = within_steps(r.min);
	r.max = within_steps(r.max);
	return r;
}

static int compare(const void *a, const void *b)
{
	long long l = *(const long long *)a, r = *(const long long *)b;

	return l < r ? -1 : l > r;
}

/* The lines whose range has a value. */
static lines_t lines_at(const struct range *ranges, int nr, long long value)
{
	lines_t lines = 0;
	int i;

	for (i = 0; i < nr; i++) {
		if (value >= ranges[i].min && value <= ranges[i].max)
			lines |= 1ULL << i;
	}
	return lines;
}

static bool make_steps(const struct list *list, const char *key, const struct range *ranges,
		       struct rule_steps *steps)
{
	long long from[2 * MAX_LINES];
	int nr = 0, unique = 0, i;

	for (i = 0; i < list->nr; i++) {
		if (!ranges[i].given)
			continue;
		from[nr++] = ranges[i].min;
		if (ranges[i].max < RULE_NO_STEP)
			from[nr++] = ranges[i].max + 1;
	}
	qsort(from, nr, sizeof(*from), compare);
	for (i = 0; i < nr; i++) {
		if (!i || from[i] != from[i - 1])
			from[unique++] = from[i];
	}
	if (unique > RULE_STEPS) {
		fail(BAD_INPUT, "%s: more than %d different bounds of %s", list->source, RULE_STEPS, key);
		return false;
	}
	while (steps->half * 2 <= (unsigned int)unique)
		steps->half = steps->half ? steps->half * 2 : 1;
	steps->lines[0] = lines_at(ranges, list->nr, unique ? from[0] - 1 : 0);
	for (i = 0; i < RULE_STEPS; i++) {
		steps->from[i] = i < unique ? from[i] : RULE_NO_STEP;
		steps->lines[i + 1] = i < unique ? lines_at(ranges, list->nr, from[i]) : steps->lines[i];
	}
	return true;
}

static bool all_steps(const struct list *list, long page, struct rule_list *rules)
{
	struct range adj[MAX_LINES], size[MAX_LINES], age[MAX_LINES];
	const struct line *line;
	int i;

	for (i = 0; i < list->nr; i++) {
		line = &list->lines[i];
		adj[i] = scaled(&line->adj, 1, false);
		size[i] = scaled(&line->size, page, false);
		age[i] = scaled(&line->age, NS_PER_S, true);
	}
	return make_steps(list, "adj", adj, &rules->adj) &&
	       make_steps(list, "size", size, &rules->size) &&
	       make_steps(list, "age", age, &rules->age);
}

/* Compile patterns, and give them the layout of the programs. */
static bool match(const struct list *list, const char *what, const struct pattern *patterns, int nr,
		  int max_states, unsigned char *class, unsigned short *next, struct dfa *dfa)
{
	int ret = dfa_compile(dfa, patterns, nr, max_states, RULE_CLASSES), s, c;

	if (ret) {
		fail(ret == -E2BIG ? BAD_INPUT : FAILED,
		     "%s: the patterns of %s take too much room together; use fewer with more than one \"*\"",
		     list->source, what);
		return false;
	}
	memcpy(class, dfa->class, sizeof(dfa->class));
	for (s = 0; s < dfa->nr_states; s++) {
		for (c = 0; c < dfa->nr_classes; c++)
			next[s * RULE_CLASSES + c] = dfa->next[s * dfa->nr_classes + c];
	}
	return true;
}

static bool match_names(const struct list *list, bool exe, struct name_matcher *names)
{
	struct pattern patterns[MAX_LINES];
	struct dfa dfa;
	int i;

	for (i = 0; i < list->nr; i++) {
		patterns[i].kind = PATTERN_NAME;
		patterns[i].text = exe ? list->lines[i].exe : list->lines[i].name;
	}
	if (!match(list, exe ? "exe" : "name", patterns, list->nr, NAME_STATES, names->class, names->next,
		   &dfa))
		return false;
	for (i = 0; i < dfa.nr_states; i++)
		names->accept[i] = dfa.accept[i][0];
	/* Lines without a name hold in any state. */
	for (i = 0; i < list->nr * dfa.nr_states; i++) {
		if (!patterns[i / dfa.nr_states].text)
			names->accept[i % dfa.nr_states] |= 1ULL << i / dfa.nr_states;
	}
	dfa_free(&dfa);
	return true;
}

static bool match_paths(const struct list *list, struct path_matcher *paths)
{
	struct pattern patterns[2 * MAX_LINES] = { };
	struct dfa dfa;
	int i;

	for (i = 0; i < list->nr; i++) {
		patterns[i] = (struct pattern){ list->lines[i].cgroup, PATTERN_BELOW };
		patterns[MAX_LINES + i] = (struct pattern){ list->lines[i].scope, PATTERN_CGROUP };
	}
	if (!match(list, "cgroup and scope", patterns, 2 * MAX_LINES, PATH_STATES, paths->class,
		   paths->next, &dfa))
		return false;
	for (i = 0; i < dfa.nr_states; i++)
		memcpy(paths->accept[i], dfa.accept[i], sizeof(paths->accept[i]));
	dfa_free(&dfa);
	return true;
}

bool list_compile(const struct list *list, long page, struct rule_list *rules,
		  struct path_matcher *paths)
{
	int i, mark;

	memset(rules, 0, sizeof(*rules));
	memset(paths, 0, sizeof(*paths));
	rules->rank = ranks[list->rank];
	for (i = 0; i < list->nr; i++) {
		const struct line *line = &list->lines[i];
		lines_t bit = 1ULL << i;

		rules->all |= bit;
		rules->class[i] = class_of(line->class);
		rules->by_score |= line->class == CLASS_KERNEL ? bit : 0;
		rules->global |= line->global || !line->scope ? bit : 0;
		rules->no_scope |= !line->global && !line->scope ? bit : 0;
		rules->no_cgroup |= line->cgroup ? 0 : bit;
		rules->no_uid |= line->has_uid ? 0 : bit;
		rules->no_gid |= line->has_gid ? 0 : bit;
		rules->no_pid |= line->pid ? 0 : bit;
		rules->no_name |= line->name ? 0 : bit;
		rules->no_exe |= line->exe ? 0 : bit;
		rules->no_mark |= line->mark ? 0 : bit;
		rules->no_adj |= line->adj.given ? 0 : bit;
		rules->no_size |= line->size.given ? 0 : bit;
		rules->no_age |= line->age.given ? 0 : bit;
		rules->sized |= line->size.given || line->pid ? bit : 0;
		rules->adj_given |= line->adj.given || line->pid ? bit : 0;
		for (mark = 0; mark < RULE_MARKS; mark++)
			rules->mark[mark] |= !line->mark || (int)line->mark - MARK_NONE == mark ? bit : 0;
		rules->has_never |= line->class == CLASS_NEVER;
	}
	return all_steps(list, page, rules) && match_names(list, false, &rules->name) &&
	       match_names(list, true, &rules->exe) && match_paths(list, paths);
}

bool list_valid(struct list *list)
{
	struct rule_list *rules = malloc(sizeof(*rules));
	struct path_matcher *paths = malloc(sizeof(*paths));
	bool valid = list_end(list);

	if (valid && rules && paths)
		valid = list_compile(list, sysconf(_SC_PAGESIZE), rules, paths);
	free(rules);
	free(paths);
	return valid;
}

static void add_id(struct list_ids *ids, int which, enum rule_id_kind kind, unsigned int id,
		   unsigned long long start, int line)
{
	int i;

	for (i = 0; i < ids->nr; i++) {
		if (ids->ids[i].id == id && ids->ids[i].kind == kind)
			break;
	}
	if (i == ids->nr) {
		ids->ids[i] = (struct rule_id){ id, kind, which };
		ids->lines[i] = (struct rule_id_lines){ start };
		ids->nr++;
	}
	/* A process with the id of one that has ended: the later one is meant. */
	if (start > ids->lines[i].start)
		ids->lines[i] = (struct rule_id_lines){ start };
	if (start == ids->lines[i].start)
		ids->lines[i].lines |= 1ULL << line;
}

void list_compile_ids(const struct list *list, int which, struct list_ids *ids)
{
	int i;

	ids->nr = 0;
	for (i = 0; i < list->nr; i++) {
		const struct line *line = &list->lines[i];

		if (line->has_uid)
			add_id(ids, which, RULE_UID, line->uid, 0, i);
		if (line->has_gid)
			add_id(ids, which, RULE_GID, line->gid, 0, i);
		if (line->pid)
			add_id(ids, which, RULE_PID, line->pid, line->start, i);
	}
}
