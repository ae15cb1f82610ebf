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
#include "first_line.h"

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

/* Bounds that no process reaches stay in order, and where differences do not overflow. */
TEST(compile_far_bounds)
{
	static char text[] = "first age>=4611686019s|last age>=9223372036s|"
			     "never age<=4611686019s|4 size>=8388607T";
	struct rule_list *rules = malloc(sizeof(*rules));
	struct path_matcher *paths = malloc(sizeof(*paths));
	char *rest = text, *line;
	struct list list;
	int nr = 0, i;

	list_init(&list, "F");
	while ((line = strsep(&rest, "|")))
		ASSERT_TRUE(list_add(&list, line, ++nr));
	ASSERT_TRUE(list_compile(&list, PAGE, rules, paths));
	for (i = 0; i < RULE_STEPS; i++) {
		EXPECT_LE(rules->age.from[i], RULE_NO_STEP);
		if (i)
			EXPECT_LE(rules->age.from[i - 1], rules->age.from[i]);
	}
	EXPECT_EQ(1ULL << 2 | 1ULL << 3, step_lines(&rules->age, RULE_NO_STEP - 1));
	list_free(&list);
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
