// SPDX-License-Identifier: GPL-2.0
/* The label of the OOM report: when it is there, and what it may say. */
#include <ctype.h>
#include <stdlib.h>

#include "oom_env.h"

/*
 * A program selects small and another one names the policy, in one OOM of a memcg or in
 * two. The line in the report is compared, or all other lines of it.
 */
ENV_FIXTURE(label)

/* One OOM in which a program selects small, and another one may name it. */
#define LABEL_OOM()							\
	do {								\
		START_HOGS();						\
		VERDICT(small, SELECT);					\
		ATTACH(first);						\
		ATTACH(name);						\
		RUN_OOM();						\
		ASSERT_VICTIM(small);					\
	} while (0)

/* Another scene with the same programs. */
static int again(struct env *e)
{
	scene_end(&e->s);
	return scene_memcg(&e->s) ?: scene_hogs(&e->s, false, 0);
}

/*
 * The last OOM report in the log without stack trace, registers and label, and with "#"
 * for every number and the blanks before it: to be freed by the caller.
 */
static char *report_shape(struct klog *log)
{
	char *text = strdup(log_read(log)), *shape = calloc(1, log->len + 1);
	char *to = shape, *line, *next = NULL, *at;
	bool trace = false, report = false;

	for (line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		if (strstr(line, " invoked oom-killer: ")) {
			report = true;
			to = shape;
		}
		trace = (trace || !strncmp(line, "CPU: ", 5)) && strncmp(line, "memory: ", 8);
		for (at = line; report && !trace && strncmp(line, "oom_policy=", 11) && *at; ) {
			if (!isdigit(*at)) {
				*to++ = *at++;
				continue;
			}
			while (to > shape && to[-1] == ' ')
				to--;
			*to++ = '#';
			at += strspn(at, "0123456789abcdefx");
		}
		if (report && !trace && strncmp(line, "oom_policy=", 11))
			*to++ = '\n';
		report &= !strstr(line, "Killed process");
	}
	*to = '\0';
	if (trace)
		*shape = '\0';
	free(text);
	return shape;
}

/* L1: the same victim, chosen by the kernel and by a program: all other lines stay. */
TEST_F(label, L1_other_lines_unchanged)
{
	char *without, *with;

	START_HOGS();
	RUN_OOM();
	ASSERT_VICTIM(big);
	without = report_shape(&self->e.s.log);

	ASSERT_EQ(0, again(&self->e));
	set_label(&self->e, "my_policy", sizeof("my_policy"));
	VERDICT(big, SELECT);
	ATTACH(first);
	ATTACH(name);
	RUN_OOM();
	ASSERT_VICTIM(big);
	ASSERT_LABEL("my_policy victim=policy");
	with = report_shape(&self->e.s.log);

	ASSERT_NE(NULL, strstr(without, "oom-kill:constraint=CONSTRAINT_MEMCG"));
	ASSERT_NE(NULL, strstr(without, "Tasks state (memory values in pages):"));
	ASSERT_NE(NULL, strstr(without, "Killed process"));
	ASSERT_STREQ(without, with);
	free(without);
	free(with);
}

TEST_F(label, L2_unnamed_is_bpf)
{
	LABEL_OOM();
	ASSERT_LABEL("bpf victim=policy");
}

/* L4: the name of one OOM is not left over for the next. */
TEST_F(label, L4_gone_after_its_oom)
{
	set_label(&self->e, "once", sizeof("once"));
	LABEL_OOM();
	ASSERT_LABEL("once victim=policy");

	self->e.bss->label_size = 0;
	ASSERT_EQ(0, again(&self->e));
	self->e.table->rules[0].pid = self->e.s.small.pid;
	RUN_OOM();
	ASSERT_VICTIM(small);
	ASSERT_LABEL("bpf victim=policy");
}

/*
 * One call of the kfunc: a program names the policy "before", then calls it with the bytes,
 * the size and the OOM of the variant. Its return value is compared, and the name in the
 * report.
 */
FIXTURE_VARIANT(call)
{
	const char *shown;
	unsigned int size;
	const char *label;
	enum forged_oc oc;
};

ENV_FIXTURE(call)

#define SHOWN(name, shown, size, label) \
	FIXTURE_VARIANT_ADD(call, name) { shown, size, label }
/* Refused: -EINVAL, and the name that was given before stays. */
#define REFUSED(name, size, ...) \
	FIXTURE_VARIANT_ADD(call, name) { NULL, size, __VA_ARGS__ }

#define TEN	"1234567890"
#define HUNDRED	TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define LONG	HUNDRED HUNDRED TEN TEN TEN TEN TEN "12345"	/* 255 */

SHOWN(L4_all_kinds_of_bytes, "aZ0_.:+-", 9, "aZ0_.:+-");
SHOWN(L4_fifteen_bytes, "123456789012345", 16, TEN "12345");
SHOWN(L4_sixteen_are_cut, "123456789012345", 17, TEN "123456");
SHOWN(L4_size_256, "123456789012345", 256, LONG);
SHOWN(L4_size_beyond_the_nul, "short", 9, "short\0\n\xff");
REFUSED(L4_fail_size_257, 257, LONG "1");
REFUSED(L4_fail_size_257_with_nul, 257, "short\0" LONG);
REFUSED(L4_fail_empty, 1, "");
REFUSED(L4_fail_no_bytes, 0, "");
REFUSED(L4_fail_unterminated_256, 256, LONG "1");
REFUSED(L4_fail_unterminated_16, 16, TEN "123456");
REFUSED(L4_fail_unterminated_3, 3, "abc");
REFUSED(L4_fail_newline, 4, "a\nb");
REFUSED(L4_fail_forged_line, 17, "a\nKilled process");
REFUSED(L4_fail_blank, 4, "a b");
REFUSED(L4_fail_percent, 5, "%s%n");
REFUSED(L4_fail_equals, 4, "a=b");
REFUSED(L4_fail_escape, 7, "a\x1b[31m");
REFUSED(L4_fail_high_byte, 3, "a\x80");
REFUSED(L4_fail_latin_letter, 4, "\xe9t\xe9");
REFUSED(L4_fail_bad_byte_beyond_cut, 18, TEN "123456\n");
/* L5: an OOM that is not the one in progress. */
REFUSED(L5_fail_null, 7, "forged", OC_NULL);
REFUSED(L5_fail_inside_the_real_one, 7, "forged", OC_OFFSET);
REFUSED(L5_fail_other_object, 7, "forged", OC_TASK);

TEST_F(call, set_oom_policy_name)
{
	char label[64];

	set_label(&self->e, variant->label, variant->size);
	self->e.bss->label_oc = variant->oc;
	self->e.bss->label_twice = 1;
	LABEL_OOM();
	ASSERT_EQ(variant->shown ? 0 : -EINVAL, self->e.bss->label_ret);
	snprintf(label, sizeof(label), "%s victim=policy", variant->shown ?: "before");
	ASSERT_LABEL(label);
}

/*
 * L5: the pointer of an OOM that is over. Its stack is still that of a live task,
 * which is not the one that runs the next OOM.
 */
TEST_F(label, L5_fail_stale)
{
	struct hog before;

	set_label(&self->e, "stale", sizeof("stale"));
	LABEL_OOM();
	ASSERT_LABEL("stale victim=policy");

	before = self->e.s.trigger;
	self->e.bss->label_oc = OC_STALE;
	self->e.bss->label_ret = 1;
	ASSERT_EQ(0, hog_start(&self->e.s.trigger, &self->e.s.cg_small, MIB, 0));
	self->e.table->rules[0].pid = before.pid;
	RUN_OOM();
	ASSERT_GE(self->e.bss->nr_named, 2);
	ASSERT_NE(self->e.bss->last_oc, self->e.bss->this_oc)
		TH_LOG("the same stack: nothing was tested");
	ASSERT_EQ(-EINVAL, self->e.bss->label_ret);
	ASSERT_EQ(1, log_count(&self->e.s.log, "\noom_policy=bpf victim=policy\n"));
	ASSERT_EQ(1, log_count(&self->e.s.log, "\noom_policy=stale victim=policy\n"));
	ASSERT_EQ(SIGKILL, hog_killed(&before, PATIENCE));
}

TEST_HARNESS_MAIN
