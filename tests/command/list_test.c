// SPDX-License-Identifier: GPL-2.0
/* The text of a rule list: what is read from it, and each error with its place. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "kselftest_harness.h"
#include "pattern.c"
#undef END
#include "list.c"

static char said[8192];

int fail(int status, const char *fmt, ...)
{
	size_t len = strlen(said);
	va_list args;

	va_start(args, fmt);
	vsnprintf(said + len, sizeof(said) - len, fmt, args);
	va_end(args);
	strncat(said, "\n", sizeof(said) - strlen(said) - 1);
	return status;
}

/* One process, which started at 4660. */
const char *process_start(const char *pid, unsigned long long *start)
{
	*start = 4660;
	return strcmp(pid, "1337") ? "no such process" : NULL;
}

/* A whole text, as from a file called F. */
static bool read_text(struct list *list, const char *text)
{
	char copy[32768], *rest = copy, *line;
	int nr = 0;

	said[0] = '\0';
	snprintf(copy, sizeof(copy), "%s", text);
	list_init(list, "F");
	while ((line = strsep(&rest, "\n")))
		list_add(list, line, ++nr);
	return list_end(list);
}

TEST(list_example)
{
	struct list list;

	ASSERT_TRUE(read_text(&list,
		"# class     conditions\n"
		"never       name=sshd\n"
		"never       cgroup=/system.slice/postgresql*.service exe=postgres\n"
		"\n"
		"last        adj<=-900\n"
		"first       cgroup=/user.slice/** name=chrome* size>=50M # browsers\n"
		"4           cgroup=/kubepods.slice/kubepods-burstable.slice/**\n"
		"kernel      cgroup=/machine.slice/**\n"
		"first\tname=\"Web Content\" age>=2h age<=7d uid=0\tmark=avoid pid=1337\n"
		"rank        private\n"
		"set         last-resort=-999\n"
		"set         unkillable=kill\n"
		"set floor=4")) TH_LOG("%s", said);
	ASSERT_EQ(7, list.nr);
	EXPECT_EQ(CLASS_NEVER, list.lines[0].class);
	EXPECT_STREQ("sshd", list.lines[0].name);
	EXPECT_EQ(3, list.lines[1].number);
	EXPECT_STREQ("/system.slice/postgresql*.service", list.lines[1].cgroup);
	EXPECT_STREQ("postgres", list.lines[1].exe);
	EXPECT_EQ(CLASS_LAST, list.lines[2].class);
	EXPECT_EQ(-1000, list.lines[2].adj.min);
	EXPECT_EQ(-900, list.lines[2].adj.max);
	EXPECT_EQ(CLASS_FIRST, list.lines[3].class);
	EXPECT_EQ(50LL << 20, list.lines[3].size.min);
	EXPECT_STREQ("first cgroup=/user.slice/** name=chrome* size>=50M", list.lines[3].text);
	EXPECT_EQ(4, list.lines[4].class);
	EXPECT_EQ(CLASS_KERNEL, list.lines[5].class);
	EXPECT_STREQ("Web Content", list.lines[6].name);
	EXPECT_EQ(7200, list.lines[6].age.min);
	EXPECT_EQ(7 * 86400, list.lines[6].age.max);
	EXPECT_TRUE(list.lines[6].has_uid);
	EXPECT_EQ(MARK_AVOID, list.lines[6].mark);
	EXPECT_EQ(4660, list.lines[6].start);
	EXPECT_STREQ("first name=\"Web Content\" age>=2h age<=7d uid=0 mark=avoid pid=1337:4660",
		     list.lines[6].text);
	EXPECT_EQ(BY_PRIVATE, list.rank);
	EXPECT_EQ(-999, list.last_resort);
	EXPECT_TRUE(list.kill_unkillable);
	EXPECT_EQ(4, list.floor);
	list_free(&list);
}

/* The text that is kept is read as the same rule. */
TEST(list_text_is_stable)
{
	char text[MAX_LINE];
	struct list list;

	ASSERT_TRUE(read_text(&list, "first pid=1337 name=\"a b#c\" cgroup=/a//b/ scope=global"));
	snprintf(text, sizeof(text), "%s", list.lines[0].text);
	list_free(&list);
	ASSERT_TRUE(read_text(&list, text)) TH_LOG("%s: %s", text, said);
	EXPECT_STREQ(text, list.lines[0].text);
	list_free(&list);
}

static const struct {
	const char *text, *error;
} errors[] = {
	{ "frob name=x", "F:1:1: frob: a line begins with first" },
	{ "[name]", "F:1:1: [name]: there are no sections" },
	{ "13 name=x", "F:1:1: 13: a line begins with" },
	{ "never", "F:1:1: never: without a condition" },
	{ "\n  never  name", "F:2:10: name: without a value" },
	{ "never name=", "F:1:12: name=: an empty name" },
	{ "never db =x", "F:1:7: db: no condition; there are name," },
	{ "never name =x", "F:1:7: name: without a value" },
	{ "never name=/bin/x", "F:1:12: name=/bin/x: a name has no \"/\" in it; exe=" },
	{ "never exe=/bin/x", "F:1:11: exe=/bin/x: exe= is a file name without its directory" },
	{ "never name=0123456789abcdef", "the kernel cuts names to 15 bytes; exe= takes longer ones" },
	{ "never name=\"a", "F:1:7: a quote without its end" },
	{ "never name=a name=b", "F:1:14: name: given twice" },
	{ "never name<=a", "F:1:7: name<=: it can only be equal: name=a" },
	{ "never size>5M", "F:1:7: size>: there are only <=, >= and =" },
	{ "never size>=5", "F:1:13: size: a number and K, M, G or T" },
	{ "never size>=5x", "F:1:13: size: a number and K, M, G or T" },
	{ "never size>=99999999999T", "F:1:13: size: a number and K" },
	{ "never size=5M", "F:1:7: size=: sizes are compared" },
	{ "never size>=5M size<=4M", "F:1:16: size: no number is at least 5242880 and at most 4194304" },
	{ "never size>=5M size>=6M", "F:1:16: size: given twice" },
	{ "never age>=5", "F:1:12: age: a number and s, m, h or d" },
	{ "never adj>=1001", "F:1:12: adj: an oom_score_adj" },
	{ "never adj=0 adj>=0", "F:1:13: adj: given twice" },
	{ "never uid=nosuchuser", "F:1:11: uid=nosuchuser: no such user" },
	{ "never gid=nosuchgroup", "F:1:11: gid=nosuchgroup: no such group" },
	{ "never uid=4294967295", "no such user" },
	{ "never pid=1", "F:1:11: pid=1: no such process" },
	{ "never pid=x", "F:1:11: pid=x: no such process" },
	{ "never mark=maybe", "F:1:12: mark=maybe: none, avoid or omit" },
	{ "never cgroup=m/db", "F:1:14: cgroup=m/db: the path of a cgroup begins with" },
	{ "never cgroup=/a/../b", "F:1:14: cgroup=/a/../b: no cgroup is called" },
	{ "never scope=here", "F:1:13: scope=here: the path of a cgroup begins with \"/\", or it is \"global\"" },
	{ "never scope=/", "scope=global" },
	{ "never scope=global scope=/a", "F:1:20: scope: given twice" },
	{ "rank", "F:1:1: rank: without a word" },
	{ "rank frob", "F:1:6: frob: no rank; there are size," },
	{ "rank size oldest", "F:1:11: oldest: more than one word behind rank" },
	{ "rank size\nrank size", "F:2:1: rank: said before, in line 1" },
	{ "kernel name=a\nrank cgroup-size", "F:1:1: kernel: its score cannot be compared" },
	{ "set frob=1", "F:1:5: frob: no setting; there are last-resort" },
	{ "set floor=-1", "F:1:11: floor: a number of 0 to 1048576" },
	{ "set observe", "F:1:5: observe: not of the form KEY=VALUE" },
	{ "set observe=maybe", "F:1:13: observe=maybe: no or yes" },
	{ "set last-resort=-1001", "F:1:17: last-resort: a number" },
	{ "never name=x\nfirst name=y frob\n4 size>=1", "F:2:14: frob: no condition" },
	{ "never name=x\nfirst name=y frob\n4 size>=1", "F:3:9: size: a number and" },
};

TEST(list_errors)
{
	struct list list;
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		EXPECT_FALSE(read_text(&list, errors[i].text)) TH_LOG("%s", errors[i].text);
		EXPECT_NE(NULL, strstr(said, errors[i].error))
			TH_LOG("for %s: %s", errors[i].text, said);
		list_free(&list);
	}
}

static void text_is(struct __test_metadata *_metadata, struct list *list, const char *want)
{
	char *text = list_text(list);

	EXPECT_STREQ(want, text);
	free(text);
}

/* In place: what set and unset do. */
TEST(list_changes)
{
	struct list list;

	ASSERT_TRUE(read_text(&list, "never name=a\nfirst name=b\nrank size"));
	ASSERT_TRUE(list_put(&list, "4 name=c", false));
	ASSERT_TRUE(list_put(&list, "last  name=a", false));
	ASSERT_TRUE(list_put(&list, "rank private", false));
	ASSERT_TRUE(list_put(&list, "set observe=yes", false));
	text_is(_metadata, &list, "last name=a\nfirst name=b\n4 name=c\nrank private\nset observe=yes\n");
	ASSERT_TRUE(list_put(&list, "first name=d", true));
	ASSERT_TRUE(list_put(&list, "2: never name=e", false));
	ASSERT_TRUE(list_put(&list, "1: last name=a", false));
	text_is(_metadata, &list,
		"last name=a\nfirst name=d\nnever name=e\nfirst name=b\n4 name=c\nrank private\nset observe=yes\n");
	ASSERT_TRUE(list_take(&list, "2"));
	ASSERT_TRUE(list_take(&list, "first   name=b"));
	ASSERT_TRUE(list_take(&list, "rank"));
	ASSERT_TRUE(list_take(&list, "observe"));
	text_is(_metadata, &list, "last name=a\nnever name=e\n4 name=c\nrank score\n");
	said[0] = '\0';
	EXPECT_FALSE(list_take(&list, "4"));
	EXPECT_FALSE(list_take(&list, "never name=x"));
	EXPECT_NE(NULL, strstr(said, "never name=x: no such rule"));
	EXPECT_FALSE(list_put(&list, "never frob=x", false));
	/* The list is kept as lines. */
	said[0] = '\0';
	EXPECT_FALSE(list_put(&list, "never name=\"x\ny\"", false));
	EXPECT_NE(NULL, strstr(said, "F:1:7: a line feed in quotes"));
	text_is(_metadata, &list, "last name=a\nnever name=e\n4 name=c\nrank score\n");
	list_free(&list);
}

TEST(list_many_lines)
{
	char text[8192] = "";
	struct list list;
	int i;

	for (i = 0; i < 64; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "never name=n%d\n", i);
	EXPECT_TRUE(read_text(&list, text));
	EXPECT_EQ(64, list.nr);
	list_free(&list);
	strcat(text, "never name=more");
	EXPECT_FALSE(read_text(&list, text));
	EXPECT_STREQ("F:65:1: more than 64 rules\n", said);
	list_free(&list);
}

/* A full list takes a rule in place of one of its own, and no other. */
TEST(list_full)
{
	char text[8192] = "";
	struct list list;
	int i;

	for (i = 0; i < 64; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "never name=n%d\n", i);
	ASSERT_TRUE(read_text(&list, text));
	ASSERT_TRUE(list_put(&list, "first name=n5", false)) TH_LOG("%s", said);
	EXPECT_STREQ("first name=n5", list.lines[5].text);
	ASSERT_TRUE(list_put(&list, "1: last name=n63", false)) TH_LOG("%s", said);
	EXPECT_STREQ("last name=n63", list.lines[0].text);
	EXPECT_STREQ("never name=n62", list.lines[63].text);
	ASSERT_TRUE(list_put(&list, "set floor=4", false)) TH_LOG("%s", said);
	ASSERT_TRUE(list_put(&list, "rank size", false)) TH_LOG("%s", said);
	EXPECT_TRUE(list_end(&list));
	EXPECT_FALSE(list_put(&list, "first name=more", false));
	EXPECT_STREQ("F: first name=more: more than 64 rules\n", said);
	EXPECT_FALSE(list_end(&list));
	EXPECT_EQ(64, list.nr);
	EXPECT_EQ(4, list.floor);
	EXPECT_EQ(BY_SIZE, list.rank);
	list_free(&list);
}

/* Two lines: does the second never match? */
static const struct {
	const char *first, *second;
	bool shadowed;
} pairs[] = {
	{ "never name=sshd", "first name=sshd", true },
	{ "never name=s*", "first name=sshd uid=0", true },
	{ "never name=sshd uid=0", "first name=sshd", false },
	{ "never name=sshd", "first name=s*", false },
	{ "never name=*", "first cgroup=/a", true },
	{ "never exe=*", "first cgroup=/a", false },
	{ "never exe=*", "first exe=x", true },
	{ "never cgroup=/a", "first cgroup=/a/b*", true },
	{ "never cgroup=/a/**", "first cgroup=/a", false },
	{ "never cgroup=/", "first name=a", true },
	{ "never scope=/a", "first scope=/a/b", false },
	{ "never scope=/a/**", "first scope=/a/b name=x", true },
	{ "never scope=global", "first scope=global", true },
	{ "never scope=global", "first name=a", false },
	{ "never scope=/**", "first scope=global", false },
	{ "never size>=5M", "first size>=6M", true },
	{ "never size>=5M", "first size>=4M", false },
	{ "never size>=5M", "first size>=6M size<=7M", true },
	{ "never size>=5M size<=6M", "first size>=5M", false },
	{ "last adj<=-900", "first adj=-950", true },
	{ "last adj<=-900", "first name=x", false },
	{ "last age>=1h", "first age>=1d", true },
	{ "last age<=60m", "first age<=1h", true },
	{ "last mark=omit", "first mark=omit name=a", true },
	{ "last mark=omit", "first mark=avoid", false },
	{ "last uid=0", "first uid=0 gid=0", true },
	{ "last uid=0", "first gid=0", false },
	{ "last pid=1337", "first pid=1337", true },
	{ "last pid=1337", "first pid=1337:1", false },
};

TEST(list_shadowed)
{
	struct list list;
	int by[MAX_LINES];
	char text[256];
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		snprintf(text, sizeof(text), "first name=zz\n%s\n%s", pairs[i].first, pairs[i].second);
		ASSERT_TRUE(read_text(&list, text)) TH_LOG("%s", said);
		list_find_shadowed(&list, by);
		EXPECT_EQ(pairs[i].shadowed ? 1 : -1, by[2]) TH_LOG("%s", text);
		EXPECT_EQ(pairs[i].shadowed, list_warn_shadowed(&list));
		if (pairs[i].shadowed) {
			EXPECT_EQ(0, strncmp(said, "F:3:1: never matches: line 2 before it (", 40))
				TH_LOG("%s", said);
		}
		list_free(&list);
	}
}

/* Patterns that take all the room there is: compiled at once, not pair by pair. */
TEST(list_shadowed_in_time)
{
	char text[64 * 256] = "", pattern[2][256] = { "/", "/" };
	struct pattern patterns[MAX_LINES];
	clock_t before, once;
	struct list list;
	struct dfa dfa;
	int i;

	for (i = 0; i < 60; i++) {
		strcat(pattern[0], "**a");
		strcat(pattern[1], "**b");
	}
	for (i = 0; i < 64; i++)
		sprintf(text + strlen(text), "first cgroup=%s uid=%d\n", pattern[i % 2], i);
	ASSERT_TRUE(read_text(&list, text)) TH_LOG("%s", said);
	for (i = 0; i < list.nr; i++)
		patterns[i] = (struct pattern){ list.lines[i].cgroup, PATTERN_BELOW };
	before = clock();
	ASSERT_EQ(0, dfa_compile(&dfa, patterns, list.nr, 4096, 256));
	dfa_free(&dfa);
	once = clock() - before;
	before = clock();
	EXPECT_EQ(0, list_warn_shadowed(&list));
	/* Pair by pair it took forty times as long. */
	EXPECT_LT(clock() - before, 8 * once);
	list_free(&list);
}

TEST(list_users)
{
	struct list list;

	/* A guest has no users. */
	if (!getpwuid(0)) {
		mkdir("/etc", 0755);
		ASSERT_EQ(0, system("echo root:x:0:0::/:/bin/sh >/etc/passwd; echo root:x:0: >/etc/group"));
	}
	ASSERT_TRUE(read_text(&list, "never uid=root gid=root"));
	EXPECT_EQ(0, list.lines[0].uid);
	EXPECT_EQ(0, list.lines[0].gid);
	list_free(&list);
}

TEST_HARNESS_MAIN
