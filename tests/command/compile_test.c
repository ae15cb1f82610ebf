// SPDX-License-Identifier: GPL-2.0
/* A compiled list against the lines that it was made of, for tasks by chance. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"
#include "pattern.c"
#include "list.c"
#undef BLANKS
#define compare compare_steps
#include "compile.c"

#define PAGE 4096

int fail(int status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	return status;
}

const char *process_start(const char *pid, unsigned long long *start)
{
	*start = 7;
	return NULL;
}

struct task {
	const char *name, *exe, *cgroup, *scope;	/* scope NULL: global */
	unsigned int uid, gid, pid, start;
	long long adj, pages, age;
	int mark;
};

static bool fits(const char *pattern, const char *text, enum pattern_kind kind)
{
	struct pattern p = { pattern, kind };
	struct dfa dfa;
	bool fit;

	if (!pattern)
		return true;
	if (dfa_compile(&dfa, &p, 1, 4096, 256))
		return false;
	fit = dfa.accept[dfa_run(&dfa, text)][0];
	dfa_free(&dfa);
	return fit;
}

static bool in(const struct range *range, long long value)
{
	return !range->given || (value >= range->min && value <= range->max);
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

static const char * const conditions_for_test[] = {
	"name=a", "name=b*", "name=*c", "exe=a*", "exe=postgres", "cgroup=/a", "cgroup=/a/**", "cgroup=/*/b",
	"cgroup=/**/c", "scope=global", "scope=/a", "scope=/**", "uid=0", "uid=7", "gid=7", "pid=5", "pid=6:9",
	"adj<=-900", "adj>=0", "adj=5", "size>=1M", "size<=5K", "size>=4097K", "age<=1h", "age>=10s", "age<=10s",
	"mark=avoid", "mark=omit", "mark=none",
};
static const char * const texts[] = { "a", "b", "bc", "c", "postgres", "axc" };
static const char * const paths_for_test[] = { "", "/a", "/a/b", "/b", "/x/b/c", "/a/c", "/ab" };

#define ANY_OF(array) ((array)[rand() % (sizeof(array) / sizeof(*(array)))])

TEST(compile_random)
{
	static const long long adjs[] = { -1000, -901, -900, -899, -1, 0, 5, 6, 1000 };
	static const long long sizes[] = { 0, 1, 2, 255, 256, 257, 1024, 1025 };
	static const long long ages[] = { 0, 9, 10, 11, 3599, 3600, 3601 };
	struct rule_list *rules = malloc(sizeof(*rules));
	struct path_matcher *paths = malloc(sizeof(*paths));
	struct list_ids ids;
	struct list list;
	char text[256];
	int round, i, j;

	srand(1);
	for (round = 0; round < 60; round++) {
		list_init(&list, "F");
		for (i = 0; i < 1 + rand() % 20; i++) {
			strcpy(text, "first");
			for (j = 0; j < 1 + rand() % 3; j++)
				sprintf(text + strlen(text), " %s", ANY_OF(conditions_for_test));
			/* Some are given twice. */
			list.errors = 0;
			list_add(&list, text, i + 1);
		}
		ASSERT_TRUE(list_compile(&list, PAGE, rules, paths));
		list_compile_ids(&list, 0, &ids);
		for (i = 0; i < 300; i++) {
			struct task t = {
				.name = ANY_OF(texts), .exe = ANY_OF(texts),
				.cgroup = ANY_OF(paths_for_test),
				.scope = rand() % 2 ? NULL : ANY_OF(paths_for_test),
				.uid = rand() % 2 * 7, .gid = rand() % 2 * 7, .pid = 5 + rand() % 2,
				.start = 7 + rand() % 2 * 2, .adj = ANY_OF(adjs), .pages = ANY_OF(sizes),
				.age = ANY_OF(ages) * NS_PER_S + rand() % NS_PER_S, .mark = rand() % 3,
			};

			/* The root is never out of memory by itself. */
			if (t.scope && !*t.scope)
				t.scope = NULL;
			ASSERT_EQ(first_line(&list, &t), first_compiled(rules, paths, &ids, &t));
		}
		list_free(&list);
	}
	free(rules);
	free(paths);
}

TEST(compile_classes)
{
	static char text[] = "first name=a|0 name=b|12 name=c|last name=d|never name=e|kernel name=f|6 size>=1M pid=5";
	struct rule_list *rules = malloc(sizeof(*rules));
	struct path_matcher *paths = malloc(sizeof(*paths));
	char *rest = text, *line;
	struct list list;
	int nr = 0;

	list_init(&list, "F");
	while ((line = strsep(&rest, "|")))
		ASSERT_TRUE(list_add(&list, line, ++nr));
	ASSERT_TRUE(list_compile(&list, PAGE, rules, paths));
	EXPECT_EQ(RULE_FIRST, rules->class[0]);
	EXPECT_EQ(1, rules->class[1]);
	EXPECT_EQ(13, rules->class[2]);
	EXPECT_EQ(RULE_LAST, rules->class[3]);
	EXPECT_EQ(RULE_NEVER, rules->class[4]);
	EXPECT_EQ(RULE_MIDDLE, rules->class[5]);
	EXPECT_EQ(RULE_MIDDLE, rules->class[6]);
	EXPECT_EQ(1ULL << 5, rules->by_score);
	EXPECT_EQ(1ULL << 6, rules->sized);
	EXPECT_EQ(1ULL << 6, rules->adj_given);
	EXPECT_EQ(RANK_SCORE, rules->rank);
	list_free(&list);
	free(rules);
	free(paths);
}

TEST_HARNESS_MAIN
