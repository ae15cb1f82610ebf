// SPDX-License-Identifier: GPL-2.0
/* Patterns against the matcher of slow_match.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"
#include "pattern.c"
#include "slow_match.h"

static const struct {
	enum pattern_kind kind;
	const char *pattern, *text;
	bool match;
} cases[] = {
	{ PATTERN_NAME, "sshd", "sshd", true },
	{ PATTERN_NAME, "sshd", "sshd2", false },
	{ PATTERN_NAME, "*sshd", "my-sshd", true },
	{ PATTERN_NAME, "a*b*c", "a-b-b-c", true },
	{ PATTERN_NAME, "a*b*c", "a-c-b", false },
	{ PATTERN_NAME, "*", "", true },
	{ PATTERN_NAME, "Web Content", "Web Content", true },
	{ PATTERN_NAME, "\xc3\xa4*", "\xc3\xa4rger", true },
	{ PATTERN_CGROUP, "/a", "/a", true },
	{ PATTERN_CGROUP, "/a", "/a/b", false },
	{ PATTERN_CGROUP, "/a/*", "/a/b", true },
	{ PATTERN_CGROUP, "/a/*", "/a/b/c", false },
	{ PATTERN_CGROUP, "/a/**", "/a", false },
	{ PATTERN_CGROUP, "/a/**", "/a/b/c", true },
	{ PATTERN_CGROUP, "/a*/b", "/abc/b", true },
	{ PATTERN_CGROUP, "/a*/b", "/a/x/b", false },
	{ PATTERN_CGROUP, "/a**/b", "/a/x/b", true },
	{ PATTERN_CGROUP, "/a/**/b", "/a/b", true },
	{ PATTERN_CGROUP, "/a/**/b", "/a/x/y/b", true },
	{ PATTERN_CGROUP, "/a/**/b", "/a/xb", false },
	{ PATTERN_CGROUP, "/**/b", "/b", true },
	{ PATTERN_CGROUP, "/**/db.service", "/system.slice/db.service", true },
	{ PATTERN_CGROUP, "", "", true },
	{ PATTERN_CGROUP, "", "/a", false },
	{ PATTERN_BELOW, "", "/a", true },
	{ PATTERN_BELOW, "/a", "/a", true },
	{ PATTERN_BELOW, "/a", "/a/b/c", true },
	{ PATTERN_BELOW, "/a", "/ab", false },
	{ PATTERN_BELOW, "/system.slice/dev\\x2dsda*.swap", "/system.slice/dev\\x2dsda1.swap", true },
};

static uint64_t dfa_match(const struct dfa *dfa, const char *text)
{
	return dfa->accept[dfa_run(dfa, text)][0];
}

TEST(pattern_cases)
{
	struct dfa dfa;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pattern p = { cases[i].pattern, cases[i].kind };

		ASSERT_EQ(0, dfa_compile(&dfa, &p, 1, 256, 128));
		EXPECT_EQ(cases[i].match, dfa_match(&dfa, cases[i].text))
			TH_LOG("%s on %s", cases[i].pattern, cases[i].text);
		EXPECT_EQ(cases[i].match, slow_match(p.text, cases[i].text, p.kind, false))
			TH_LOG("slow: %s on %s", cases[i].pattern, cases[i].text);
		dfa_free(&dfa);
	}
}

static void random_text(char *text, const char *bytes, int max)
{
	int len = rand() % (max + 1);

	while (len--)
		*text++ = bytes[rand() % strlen(bytes)];
	*text = '\0';
}

/* Eight patterns at a time, as one automaton and one by one. */
TEST(pattern_random)
{
	char texts[8][32], text[32];
	struct pattern patterns[8];
	struct dfa dfa;
	int round, i, j;

	srand(1);
	for (round = 0; round < 400; round++) {
		for (i = 0; i < 8; i++) {
			patterns[i] = (struct pattern){ texts[i], rand() % 3 };
			random_text(texts[i], patterns[i].kind == PATTERN_NAME ? "ab*" : "/ab/**", 8);
			if (patterns[i].kind != PATTERN_NAME && pattern_clean(texts[i]))
				strcpy(texts[i], "/a");
		}
		if (dfa_compile(&dfa, patterns, 8, 4096, 256) == -E2BIG)
			continue;
		for (j = 0; j < 200; j++) {
			uint64_t match;

			random_text(text, "/ab", 12);
			/* Not a path otherwise. */
			if (pattern_clean(text))
				random_text(text, "ab", 8);
			match = dfa_match(&dfa, text);
			for (i = 0; i < 8; i++)
				ASSERT_EQ(slow_match(texts[i], text, patterns[i].kind, false),
					  match >> i & 1)
					TH_LOG("%s (%d) on %s", texts[i], patterns[i].kind, text);
		}
		dfa_free(&dfa);
	}
}

static const struct {
	enum pattern_kind kind;
	const char *outer, *inner;
	bool includes;
} inclusions[] = {
	{ PATTERN_NAME, "*", "sshd", true },
	{ PATTERN_NAME, "s*d", "sshd", true },
	{ PATTERN_NAME, "s*d", "s*h*d", true },
	{ PATTERN_NAME, "s*h*d", "s*d", false },
	{ PATTERN_NAME, "sshd", "sshd", true },
	{ PATTERN_NAME, "sshd", "*", false },
	{ PATTERN_CGROUP, "/a/**", "/a/*", true },
	{ PATTERN_CGROUP, "/a/*", "/a/**", false },
	{ PATTERN_CGROUP, "/a/*/c", "/a/b/c", true },
	{ PATTERN_BELOW, "/a", "/a/b*", true },
	{ PATTERN_BELOW, "/a", "/a*", false },
	{ PATTERN_BELOW, "", "/a/**", true },
	{ PATTERN_BELOW, "/user.slice/**", "/user.slice/user-1000.slice", true },
};

TEST(pattern_inclusion)
{
	struct pattern both[2];
	uint64_t by[2];
	size_t i;

	for (i = 0; i < sizeof(inclusions) / sizeof(*inclusions); i++) {
		both[0] = (struct pattern){ inclusions[i].outer, inclusions[i].kind };
		both[1] = (struct pattern){ inclusions[i].inner, inclusions[i].kind };
		pattern_inclusions(both, 2, by);
		EXPECT_EQ(inclusions[i].includes, by[1] & 1)
			TH_LOG("%s in %s", inclusions[i].inner, inclusions[i].outer);
		EXPECT_EQ(2, by[1] & 2);
	}
}

/* Sixty-four of them, as a large machine may have; and more states than there is room for. */
TEST(pattern_limits)
{
	struct pattern patterns[64];
	char texts[64][128];
	struct dfa dfa;
	int i;

	for (i = 0; i < 64; i++) {
		snprintf(texts[i], sizeof(texts[i]), "/kubepods.slice/kubepods-burstable.slice/pod%d*/**", i);
		patterns[i] = (struct pattern){ texts[i], PATTERN_BELOW };
	}
	ASSERT_EQ(0, dfa_compile(&dfa, patterns, 64, 1024, 64));
	EXPECT_EQ(1ULL << 7, dfa_match(&dfa, "/kubepods.slice/kubepods-burstable.slice/pod7a/b/c"));
	EXPECT_EQ(1ULL << 6 | 1ULL << 63, dfa_match(&dfa, "/kubepods.slice/kubepods-burstable.slice/pod63/x"));
	TH_LOG("%d states, %d classes", dfa.nr_states, dfa.nr_classes);
	dfa_free(&dfa);
	ASSERT_EQ(-E2BIG, dfa_compile(&dfa, patterns, 64, 64, 64));
	ASSERT_EQ(-E2BIG, dfa_compile(&dfa, patterns, 64, 1024, 8));
	for (i = 0; i < 64; i++) {
		snprintf(texts[i], sizeof(texts[i]), "*%c*%c*", 'a' + i % 26, 'a' + i / 26);
		patterns[i] = (struct pattern){ texts[i], PATTERN_NAME };
	}
	ASSERT_EQ(-E2BIG, dfa_compile(&dfa, patterns, 64, 1024, 64));
	for (i = 0; i < 64; i++)
		patterns[i].text = "x";
	patterns[63].text = "y";
	ASSERT_EQ(0, dfa_compile(&dfa, patterns, 64, 1024, 64));
	EXPECT_EQ(1ULL << 63, dfa_match(&dfa, "y"));
	dfa_free(&dfa);
	/* A pattern that is not there matches nothing, and keeps its number. */
	patterns[0].text = NULL;
	patterns[1].text = "*b*a*";
	ASSERT_EQ(0, dfa_compile(&dfa, patterns, 2, 1024, 64));
	EXPECT_EQ(2ULL, dfa_match(&dfa, "xbxa"));
	dfa_free(&dfa);
}

TEST(pattern_refused)
{
	char text[600];

	EXPECT_EQ(NULL, pattern_impossible("*sshd", 15));
	EXPECT_EQ(NULL, pattern_impossible("0123456789abcde", 15));
	EXPECT_NE(NULL, strstr(pattern_impossible("0123456789abcdef", 15), "exe="));
	EXPECT_NE(NULL, strstr(pattern_impossible("*0123456789abcdef", 15), "exe="));
	EXPECT_EQ(NULL, pattern_impossible("0123456789abcdef", 255));
	EXPECT_NE(NULL, strstr(pattern_impossible("/bin/x", 15), "exe="));
	EXPECT_NE(NULL, pattern_impossible("/bin/x", 255));
	EXPECT_NE(NULL, pattern_impossible("", 15));
	EXPECT_NE(NULL, pattern_clean(strcpy(text, "m/db")));
	EXPECT_NE(NULL, pattern_clean(strcpy(text, "")));
	EXPECT_NE(NULL, pattern_clean(strcpy(text, "/a/../b")));
	EXPECT_EQ(NULL, pattern_clean(strcpy(text, "/sys/fs/cgroup//a///b/")));
	EXPECT_STREQ("/a/b", text);
	EXPECT_EQ(NULL, pattern_clean(strcpy(text, "/")));
	EXPECT_STREQ("", text);
	EXPECT_EQ(NULL, pattern_clean(strcpy(text, "/sys/fs/cgroup")));
	EXPECT_STREQ("", text);
	EXPECT_EQ(NULL, pattern_clean(strcpy(text, "/sys/fs/cgroupies")));
	EXPECT_STREQ("/sys/fs/cgroupies", text);
	text[0] = '/';
	memset(text + 1, 'a', 256);
	text[257] = '\0';
	EXPECT_NE(NULL, pattern_clean(text));
}

TEST_HARNESS_MAIN
