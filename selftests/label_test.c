// SPDX-License-Identifier: GPL-2.0
/* The label of the OOM report: when it is there, and what it may say. */
#include <stdlib.h>

#include "oom_env.h"

OOM_FIXTURE(label, scene_memcg)

/* Name the policy as @text, of which @size bytes are handed to the kernel. */
static void set_label(struct rules_bpf *skel, const char *text, unsigned int size)
{
	memcpy(skel->bss->label, text, size);
	skel->bss->label_size = size;
	skel->bss->label_empty = !size;
}

/* One OOM in which a program decides, unless it is told not to. */
#define LABEL_OOM()							\
	do {								\
		ASSERT_EQ(0, scene_hogs(&self->s, false, 0));		\
		rule_pid(&self->skel->bss->tables[0], &self->s.small,	\
			 BPF_EVAL_SELECT);				\
		ATTACH(0, first);					\
		ATTACH(1, name);					\
		ASSERT_OOM();						\
		ASSERT_VICTIM(small);					\
		ASSERT_EQ(1, self->skel->bss->nr_named)			\
			TH_LOG("the name hook is called once an OOM");	\
	} while (0)

/* The report has this label, whole, and no other. */
#define ASSERT_LABEL(text)						\
	do {								\
		ASSERT_EQ(1, log_count(&self->s.log, "\noom_policy=" text "\n")) \
			TH_LOG("no such line: oom_policy=%s", text);	\
		ASSERT_EQ(1, log_count(&self->s.log, "oom_policy="))	\
			TH_LOG("more than one label");			\
	} while (0)

TEST_F(label, L1_line_of_its_own)
{
	set_label(self->skel, "my_policy", sizeof("my_policy"));
	LABEL_OOM();
	ASSERT_EQ(0, self->skel->bss->label_ret);
	ASSERT_LABEL("my_policy");
}

/*
 * L1: all other lines of the report stay as they are. The same OOM with the
 * same victim, once by the kernel's choice and once by that of a program.
 */
TEST_F(label, L1_other_lines_unchanged)
{
	char *today, *ours;

	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	today = log_shape(&self->s.log);

	scene_end(&self->s);
	ASSERT_EQ(0, scene_memcg(&self->s));
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	set_label(self->skel, "my_policy", sizeof("my_policy"));
	rule_pid(&self->skel->bss->tables[0], &self->s.big, BPF_EVAL_SELECT);
	ATTACH(0, first);
	ATTACH(1, name);
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_LABEL("my_policy");
	ours = log_shape(&self->s.log);

	ASSERT_NE(NULL, strstr(today, "oom-kill:constraint=CONSTRAINT_MEMCG"));
	ASSERT_NE(NULL, strstr(today, "Tasks state (memory values in pages):"));
	ASSERT_NE(NULL, strstr(today, "Killed process"));
	ASSERT_STREQ(today, ours);
	free(today);
	free(ours);
}

TEST_F(label, L2_unnamed_is_bpf)
{
	LABEL_OOM();
	ASSERT_LABEL("bpf");
}

/* L2: a policy with a name that gives no verdict is not mentioned. */
TEST_F(label, L2_absent_without_a_verdict)
{
	set_label(self->skel, "watcher", sizeof("watcher"));
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ATTACH(0, first);
	ATTACH(1, name);
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(0, self->skel->bss->label_ret);
	ASSERT_EQ(0, log_count(&self->s.log, "oom_policy="));
}

TEST_F(label, L2_absent_without_a_program)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(0, log_count(&self->s.log, "oom_policy="));
}

/* L2: to spare a task is to decide, though the kernel takes the next one. */
TEST_F(label, L2_present_when_a_task_was_spared)
{
	set_label(self->skel, "spare", sizeof("spare"));
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	rule_pid(&self->skel->bss->tables[0], &self->s.small, BPF_EVAL_NEXT);
	ATTACH(0, first);
	ATTACH(1, name);
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_LABEL("spare");
}

/* L4: the name of one OOM is not left over for the next. */
TEST_F(label, L4_gone_after_its_oom)
{
	set_label(self->skel, "once", sizeof("once"));
	LABEL_OOM();
	ASSERT_LABEL("once");

	self->skel->bss->label_size = 0;
	scene_end(&self->s);
	ASSERT_EQ(0, scene_memcg(&self->s));
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	self->skel->bss->tables[0].rules[0].pid = self->s.small.pid;
	ASSERT_OOM();
	ASSERT_VICTIM(small);
	ASSERT_LABEL("bpf");
}

/* L4: what is taken, and as what. */
#define ACCEPT(test, text, size, shown)					\
	TEST_F(label, test)						\
	{								\
		set_label(self->skel, text, size);			\
		LABEL_OOM();						\
		ASSERT_EQ(0, self->skel->bss->label_ret);		\
		ASSERT_LABEL(shown);					\
	}

ACCEPT(L4_all_kinds_of_bytes, "aZ0_.:+-", 9, "aZ0_.:+-")
ACCEPT(L4_fifteen_bytes, "123456789012345", 16, "123456789012345")
ACCEPT(L4_sixteen_are_cut, "1234567890123456", 17, "123456789012345")
ACCEPT(L4_forty_are_cut, "1234567890123456789012345678901234567890", 41, "123456789012345")
ACCEPT(L4_size_beyond_the_nul, "short\0\n\xff", 9, "short")

/* L4: what is refused, and the name given before stays. */
#define REFUSE(test, text, size)					\
	TEST_F(label, test)						\
	{								\
		set_label(self->skel, text, size);			\
		self->skel->bss->label_twice = 1;			\
		LABEL_OOM();						\
		ASSERT_EQ(-EINVAL, self->skel->bss->label_ret);		\
		ASSERT_LABEL("before");					\
	}

REFUSE(L4_fail_empty, "", 1)
REFUSE(L4_fail_no_bytes, "", 0)
REFUSE(L4_fail_unterminated, "1234567890123456789012345678901234567890", 40)
REFUSE(L4_fail_unterminated_sixteen, "1234567890123456", 16)
REFUSE(L4_fail_unterminated_short, "abc", 3)
REFUSE(L4_fail_newline, "a\nb", 4)
REFUSE(L4_fail_forged_line, "a\nKilled process", 17)
REFUSE(L4_fail_blank, "a b", 4)
REFUSE(L4_fail_percent, "%s%n", 5)
REFUSE(L4_fail_equals, "a=b", 4)
REFUSE(L4_fail_escape, "a\x1b[31m", 7)
REFUSE(L4_fail_high_byte, "a\x80", 3)
REFUSE(L4_fail_latin_letter, "\xe9t\xe9", 4)
REFUSE(L4_fail_bytes_that_would_be_cut, "1234567890123456\n", 18)

/* L5: an OOM that is not the one in progress is refused, and nothing written. */
#define FORGE(test, oc)							\
	TEST_F(label, test)						\
	{								\
		set_label(self->skel, "forged", sizeof("forged"));	\
		self->skel->bss->label_oc = oc;				\
		LABEL_OOM();						\
		ASSERT_EQ(-EINVAL, self->skel->bss->label_ret);		\
		ASSERT_LABEL("bpf");					\
	}

FORGE(L5_fail_null, OC_NULL)
FORGE(L5_fail_inside_the_real_one, OC_OFFSET)
FORGE(L5_fail_other_object, OC_TASK)

/*
 * L5: the pointer of an OOM that is over. Its stack is still that of a live
 * task, which is not the one that runs the next OOM.
 */
TEST_F(label, L5_fail_stale)
{
	struct hog before;
	unsigned long long oc;

	set_label(self->skel, "stale", sizeof("stale"));
	LABEL_OOM();
	ASSERT_LABEL("stale");
	oc = self->skel->bss->last_oc;

	before = self->s.trigger;
	self->skel->bss->label_oc = OC_STALE;
	self->skel->bss->label_ret = 1;
	ASSERT_EQ(0, hog_start(&self->s.trigger, &self->s.cg_small, MB, 0));
	self->skel->bss->tables[0].rules[0].pid = before.pid;
	ASSERT_OOM();
	ASSERT_EQ(2, self->skel->bss->nr_named);
	ASSERT_NE(oc, self->skel->bss->last_oc) TH_LOG("the same stack: nothing was tested");
	ASSERT_EQ(-EINVAL, self->skel->bss->label_ret);
	ASSERT_EQ(1, log_count(&self->s.log, "\noom_policy=bpf\n"));
	ASSERT_EQ(1, log_count(&self->s.log, "\noom_policy=stale\n"));
	ASSERT_EQ(SIGKILL, hog_killed(&before, PATIENCE));
}

TEST_HARNESS_MAIN
