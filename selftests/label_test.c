// SPDX-License-Identifier: GPL-2.0
/* The label of the OOM report: when it is there, and what it may say. */
#include <stdlib.h>

#include "oom_env.h"

FIXTURE(label)
{
	struct env e;
};

FIXTURE_SETUP(label)
{
	ASSERT_EQ(0, env_start(&self->e, scene_memcg)) TH_LOG("%s", libbpf_log);
}

FIXTURE_TEARDOWN(label)
{
	env_end(&self->e);
}

/* One OOM in which a program decides, unless it is told not to. */
#define LABEL_OOM()							\
	do {								\
		ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));		\
		rule_pid(self->e.table, &self->e.s.small,	\
			 BPF_EVAL_SELECT);				\
		ASSERT_ATTACH(first);					\
		ASSERT_ATTACH(name);					\
		ASSERT_OOM();						\
		ASSERT_VICTIM(small);					\
		ASSERT_EQ(1, self->e.skel->bss->nr_named)			\
			TH_LOG("the name hook is called once an OOM");	\
	} while (0)

TEST_F(label, L1_line_of_its_own)
{
	set_label(self->e.skel, "my_policy", sizeof("my_policy"));
	LABEL_OOM();
	ASSERT_EQ(0, self->e.skel->bss->label_ret);
	ASSERT_TRUE(has_label(&self->e.s.log, "my_policy"));
}

/*
 * L1: all other lines of the report stay as they are. The same OOM with the
 * same victim, once by the kernel's choice and once by that of a program.
 */
TEST_F(label, L1_other_lines_unchanged)
{
	char *today, *ours;

	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	today = log_shape(&self->e.s.log);

	scene_end(&self->e.s);
	ASSERT_EQ(0, scene_memcg(&self->e.s));
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	set_label(self->e.skel, "my_policy", sizeof("my_policy"));
	rule_pid(self->e.table, &self->e.s.big, BPF_EVAL_SELECT);
	ASSERT_ATTACH(first);
	ASSERT_ATTACH(name);
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_TRUE(has_label(&self->e.s.log, "my_policy"));
	ours = log_shape(&self->e.s.log);

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
	ASSERT_TRUE(has_label(&self->e.s.log, "bpf"));
}

/* L2: a policy with a name that gives no verdict is not mentioned. */
TEST_F(label, L2_absent_without_a_verdict)
{
	set_label(self->e.skel, "watcher", sizeof("watcher"));
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_ATTACH(first);
	ASSERT_ATTACH(name);
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(0, self->e.skel->bss->label_ret);
	ASSERT_EQ(0, log_count(&self->e.s.log, "oom_policy="));
}

TEST_F(label, L2_absent_without_a_program)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(0, log_count(&self->e.s.log, "oom_policy="));
}

/* L2: to spare a task is to decide, though the kernel takes the next one. */
TEST_F(label, L2_present_when_a_task_was_spared)
{
	set_label(self->e.skel, "spare", sizeof("spare"));
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_NEXT);
	ASSERT_ATTACH(first);
	ASSERT_ATTACH(name);
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_TRUE(has_label(&self->e.s.log, "spare"));
}

/* L4: the name of one OOM is not left over for the next. */
TEST_F(label, L4_gone_after_its_oom)
{
	set_label(self->e.skel, "once", sizeof("once"));
	LABEL_OOM();
	ASSERT_TRUE(has_label(&self->e.s.log, "once"));

	self->e.skel->bss->label_size = 0;
	scene_end(&self->e.s);
	ASSERT_EQ(0, scene_memcg(&self->e.s));
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	self->e.table->rules[0].pid = self->e.s.small.pid;
	ASSERT_OOM();
	ASSERT_VICTIM(small);
	ASSERT_TRUE(has_label(&self->e.s.log, "bpf"));
}

/* One call of the kfunc, what it returns, and what the report then says. */
FIXTURE(call)
{
	struct env e;
};

FIXTURE_VARIANT(call)
{
	const char *label;
	unsigned int size;
	enum forged_oc oc;
	int ret;
	const char *shown;
};

/* L4: what is taken, and as what. */
FIXTURE_VARIANT_ADD(call, L4_all_kinds_of_bytes)
{
	.label = "aZ0_.:+-", .size = 9, .shown = "aZ0_.:+-",
};

FIXTURE_VARIANT_ADD(call, L4_fifteen_bytes)
{
	.label = "123456789012345", .size = 16, .shown = "123456789012345",
};

FIXTURE_VARIANT_ADD(call, L4_sixteen_are_cut)
{
	.label = "1234567890123456", .size = 17, .shown = "123456789012345",
};

FIXTURE_VARIANT_ADD(call, L4_forty_are_cut)
{
	.label = "1234567890123456789012345678901234567890", .size = 41, .shown = "123456789012345",
};

FIXTURE_VARIANT_ADD(call, L4_size_beyond_the_nul)
{
	.label = "short\0\n\xff", .size = 9, .shown = "short",
};

/* L4: what is refused; the name given before stays. */
FIXTURE_VARIANT_ADD(call, L4_fail_empty)
{
	.label = "", .size = 1, .ret = -EINVAL, .shown = "before",
};

FIXTURE_VARIANT_ADD(call, L4_fail_no_bytes)
{
	.label = "", .size = 0, .ret = -EINVAL, .shown = "before",
};

FIXTURE_VARIANT_ADD(call, L4_fail_unterminated)
{
	.label = "1234567890123456789012345678901234567890", .size = 40,
	.ret = -EINVAL, .shown = "before",
};

FIXTURE_VARIANT_ADD(call, L4_fail_unterminated_16)
{
	.label = "1234567890123456", .size = 16, .ret = -EINVAL, .shown = "before",
};

FIXTURE_VARIANT_ADD(call, L4_fail_unterminated_3)
{
	.label = "abc", .size = 3, .ret = -EINVAL, .shown = "before",
};

FIXTURE_VARIANT_ADD(call, L4_fail_newline)
{
	.label = "a\nb", .size = 4, .ret = -EINVAL, .shown = "before",
};

FIXTURE_VARIANT_ADD(call, L4_fail_forged_line)
{
	.label = "a\nKilled process", .size = 17, .ret = -EINVAL, .shown = "before",
};

FIXTURE_VARIANT_ADD(call, L4_fail_blank)
{
	.label = "a b", .size = 4, .ret = -EINVAL, .shown = "before",
};

FIXTURE_VARIANT_ADD(call, L4_fail_percent)
{
	.label = "%s%n", .size = 5, .ret = -EINVAL, .shown = "before",
};

FIXTURE_VARIANT_ADD(call, L4_fail_equals)
{
	.label = "a=b", .size = 4, .ret = -EINVAL, .shown = "before",
};

FIXTURE_VARIANT_ADD(call, L4_fail_escape)
{
	.label = "a\x1b[31m", .size = 7, .ret = -EINVAL, .shown = "before",
};

FIXTURE_VARIANT_ADD(call, L4_fail_high_byte)
{
	.label = "a\x80", .size = 3, .ret = -EINVAL, .shown = "before",
};

FIXTURE_VARIANT_ADD(call, L4_fail_latin_letter)
{
	.label = "\xe9t\xe9", .size = 4, .ret = -EINVAL, .shown = "before",
};

FIXTURE_VARIANT_ADD(call, L4_fail_bad_byte_beyond_cut)
{
	.label = "1234567890123456\n", .size = 18, .ret = -EINVAL, .shown = "before",
};

/* L5: an OOM that is not the one in progress is refused. */
FIXTURE_VARIANT_ADD(call, L5_fail_null)
{
	.label = "forged", .size = 7, .oc = OC_NULL, .ret = -EINVAL, .shown = "before",
};

FIXTURE_VARIANT_ADD(call, L5_fail_inside_the_real_one)
{
	.label = "forged", .size = 7, .oc = OC_OFFSET, .ret = -EINVAL, .shown = "before",
};

FIXTURE_VARIANT_ADD(call, L5_fail_other_object)
{
	.label = "forged", .size = 7, .oc = OC_TASK, .ret = -EINVAL, .shown = "before",
};

FIXTURE_SETUP(call)
{
	ASSERT_EQ(0, env_start(&self->e, scene_memcg)) TH_LOG("%s", libbpf_log);
}

FIXTURE_TEARDOWN(call)
{
	env_end(&self->e);
}

TEST_F(call, set_oom_policy_name)
{
	set_label(self->e.skel, variant->label, variant->size);
	self->e.skel->bss->label_oc = variant->oc;
	self->e.skel->bss->label_twice = 1;
	LABEL_OOM();
	ASSERT_EQ(variant->ret, self->e.skel->bss->label_ret);
	ASSERT_TRUE(has_label(&self->e.s.log, variant->shown));
}

/*
 * L5: the pointer of an OOM that is over. Its stack is still that of a live
 * task, which is not the one that runs the next OOM.
 */
TEST_F(label, L5_fail_stale)
{
	struct hog before;

	set_label(self->e.skel, "stale", sizeof("stale"));
	LABEL_OOM();
	ASSERT_TRUE(has_label(&self->e.s.log, "stale"));

	before = self->e.s.trigger;
	self->e.skel->bss->label_oc = OC_STALE;
	self->e.skel->bss->label_ret = 1;
	ASSERT_EQ(0, hog_start(&self->e.s.trigger, &self->e.s.cg_small, MB, 0));
	self->e.table->rules[0].pid = before.pid;
	ASSERT_OOM();
	ASSERT_GE(self->e.skel->bss->nr_named, 2);
	ASSERT_NE(self->e.skel->bss->last_oc, self->e.skel->bss->this_oc)
		TH_LOG("the same stack: nothing was tested");
	ASSERT_EQ(-EINVAL, self->e.skel->bss->label_ret);
	ASSERT_EQ(1, log_count(&self->e.s.log, "\noom_policy=bpf\n"));
	ASSERT_EQ(1, log_count(&self->e.s.log, "\noom_policy=stale\n"));
	ASSERT_EQ(SIGKILL, hog_killed(&before, PATIENCE));
}

TEST_HARNESS_MAIN
