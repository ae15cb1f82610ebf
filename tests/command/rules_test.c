// SPDX-License-Identifier: GPL-2.0
/*
 * Rules, settings, objects and maps that are not as the command expects them: refused by
 * a message, or taken as they were meant.
 */
#define FAKE_BTF
#include "fake_kernel.h"
#include "cmd_set.c"
#include "kselftest_harness.h"

static char said[8192];

int fail(int status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(said, sizeof(said), fmt, args);
	va_end(args);
	return status;
}

const char *process_start(const char *pid, unsigned long long *start)
{
	*start = 7;
	return NULL;
}

int pins_change(void)
{
	return DONE;
}

bool pins_whole(const char *name)
{
	return true;
}

int pins_replace(const struct setup *setup, const char *dir)
{
	return DONE;
}

void warn_after_load(const struct setup *setup)
{
}

static struct param params[40];
static struct policy policy;

const struct policy *policy_find(const char *name)
{
	return strcmp(name, policy.name) ? NULL : &policy;
}

/* A policy that takes a number of bytes, in a unit. */
static void unit_policy(long unit, long max)
{
	params[0] = (struct param){ .name = "min", .values = { .min = 0, .max = max, .unit = unit } };
	policy = (struct policy){ .name = "own", .params = params, .nr_params = 1 };
}

TEST(setting_below_a_page)
{
	struct setup setup = { .policy = &policy };
	long page = sysconf(_SC_PAGESIZE);
	char *text;

	unit_policy(1024, 1 << 20);
	ASSERT_EQ(DONE, setup_add(&setup, "min=130", "")) TH_LOG("%s", said);
	EXPECT_EQ(130 * 1024 / page, setup.vars[0].value);
	text = setup_text(&setup);
	EXPECT_STREQ("min=130\n", text);
	free(text);
	setup_free(&setup);
}

TEST(setting_of_more_bytes_than_a_long_has)
{
	struct setup setup = { .policy = &policy };

	unit_policy(1 << 30, LONG_MAX);
	EXPECT_EQ(BAD_INPUT, setup_add(&setup, "min=9223372036854775807", ""));
	EXPECT_NE(NULL, strstr(said, "min=9223372036854775807: more than"));
	setup_free(&setup);
}

TEST(settings_many)
{
	struct {
		struct setup setup;
		long beside;
	} s = { .setup.policy = &policy };
	char names[40][16], text[32];
	int i, status = DONE;

	policy = (struct policy){ .name = "own", .params = params, .nr_params = 40 };
	for (i = 0; i < 40; i++) {
		snprintf(names[i], sizeof(names[i]), "s%d", i);
		params[i] = (struct param){ .name = names[i], .values = { .max = 9 } };
	}
	for (i = 0; i < 40 && !status; i++) {
		snprintf(text, sizeof(text), "s%d=%d", i, i % 10);
		status = setup_add(&s.setup, text, "");
	}
	EXPECT_EQ(BAD_INPUT, status);
	EXPECT_NE(NULL, strstr(said, "own: s32=2: more than 32 settings"));
	EXPECT_EQ(0, s.beside);
	setup_free(&s.setup);
}

/* The rules of a policy are kept as lines. */
TEST(rule_with_a_line_feed)
{
	struct setup setup = { .policy = &policy };
	const char *set = "a\" exe=\"b=never";
	char *text;

	policy = (struct policy){ .name = "own", .subject = SUBJECT_CGROUP,
				  .rule_values = { .words = "prefer=3|never=2" } };
	EXPECT_EQ(BAD_INPUT, setup_add(&setup, "/a\n/b=never", ""));
	EXPECT_NE(NULL, strstr(said, "a line feed"));
	said[0] = '\0';
	EXPECT_EQ(NULL, changed(&policy, "", "/a=never\n/b=prefer", true));
	EXPECT_NE(NULL, strstr(said, "a line feed"));
	EXPECT_EQ(BAD_INPUT, setup_add(&setup, "/a=prefer\n", ""));
	setup_free(&setup);
	/* As a line of the list it would have another meaning. */
	text = NULL;
	EXPECT_EQ(BAD_INPUT, old_changes("name", &set, 1, &text));
	free(text);
	set = "a\nb=never";
	EXPECT_EQ(BAD_INPUT, old_changes("name", &set, 1, &text));
	free(text);
}

TEST_HARNESS_MAIN
