// SPDX-License-Identifier: GPL-2.0
/*
 * Slow programs: a victim is found all the same, in time, and the report says why the
 * policy did not choose it. The programs have one second of wall time for a search.
 */
#include <pthread.h>
#include <sched.h>

#include "oom_env.h"

#define CUT_OFF "oom: BPF programs on the hook exceeded 1 s; the kernel chooses without them\n"

/*
 * A program burns time on the hook, or in the kernel's own score, while a memcg is out of
 * memory. Each test says how long and beside which policy, and looks at who dies, at how
 * often the programs were called, and at the message.
 */
ENV_FIXTURE(fallback)

static int start(struct env *e)
{
	set_label(e, "wrong", sizeof("wrong"));
	return attach(e, e->skel->progs.name) ?: attach(e, e->skel->progs.ended);
}

/* More tasks that are evaluated: at most @nr in the cgroup of small. */
static int start_more(struct scene *s, int nr)
{
	struct hog hog;
	int ret = 0;

	while (nr-- && !ret)
		ret = hog_start(&hog, &s->cg_small, 0, 0);
	return ret;
}

/*
 * P4: the second call would come after the deadline. The policy spares big, which the
 * kernel chooses then: it begins anew.
 */
TEST_F(fallback, P4_cut_off)
{
	ASSERT_EQ(0, start(&self->e));
	START_HOGS();
	ATTACH(first);
	ATTACH(slow);
	self->e.bss->burn_ms = 1200;
	self->e.table->otherwise = BPF_EVAL_NEXT;
	RUN_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(1, self->e.table->asked) TH_LOG("asked after the deadline");
	ASSERT_EQ(1, self->e.bss->burns);
	ASSERT_LABEL("wrong victim=kernel fallback=timeout");
	ASSERT_STREQ("timeout", self->e.bss->outcome.outcome);
	ASSERT_EQ(1, log_count(&self->e.s.log, CUT_OFF));
	ASSERT_EQ(1, log_count(&self->e.s.log, "invoked oom-killer"));
}

/* P4: a selection from before the deadline stands, and is no fallback. */
TEST_F(fallback, P4_selection_before_the_deadline_stands)
{
	ASSERT_EQ(0, start(&self->e));
	ASSERT_EQ(0, scene_hogs_swapped(&self->e.s));
	VERDICT(small, SELECT);
	ATTACH(first);
	ATTACH(slow);
	self->e.bss->burn_ms = 1200;
	RUN_OOM();
	ASSERT_VICTIM(small);
	ASSERT_EQ(1, self->e.table->asked);
	ASSERT_LABEL("wrong victim=policy");
	ASSERT_STREQ("policy", self->e.bss->outcome.outcome);
	ASSERT_EQ(1, log_count(&self->e.s.log, CUT_OFF));
}

/*
 * P4, L6: it does not stand where the kernel waits for a task that is dying, which is
 * behind the selected one in the list, and behind the deadline.
 */
TEST_F(fallback, L6_selection_before_the_deadline_gives_way)
{
	struct scene *s = &self->e.s;

	ASSERT_EQ(0, start(&self->e));
	ASSERT_EQ(0, scene_hogs_swapped(s));
	ASSERT_EQ(0, hold_at_exit(s->big.pid));
	ATTACH(first);
	ATTACH(slow);
	ASSERT_EQ(0, hog_grow(&s->trigger, s->grow));
	ASSERT_TRUE(held(s->big.pid, PATIENCE));
	ASSERT_EQ(0, trace_on());
	self->e.bss->burn_ms = 1200;
	rule_pid(self->e.table, &s->small, BPF_EVAL_SELECT);
	EXPECT_EQ(0, hog_wait(&s->trigger, PATIENCE));
	EXPECT_GE(trace_count("policy=wrong"), 1) TH_LOG("no event");
	EXPECT_GE(trace_count("outcome=timeout"), 1);
	EXPECT_EQ(0, trace_count("outcome=kernel"));
	let_go(s->big.pid);
}

/* P4: a slow program that is no policy counts, as the policies cannot be told from it. */
TEST_F(fallback, P4_slow_tracer_beside_a_policy)
{
	ASSERT_EQ(0, start(&self->e));
	START_HOGS();
	ASSERT_EQ(0, start_more(&self->e.s, 4));
	ATTACH(first);
	ATTACH(slow);
	self->e.bss->burn_ms = 600;
	self->e.table->otherwise = BPF_EVAL_NEXT;
	RUN_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(2, self->e.bss->burns);
	ASSERT_LABEL("wrong victim=kernel fallback=timeout");
	ASSERT_EQ(1, log_count(&self->e.s.log, CUT_OFF));
}

/* P4: alone it is cut off, too. It gave no verdict, so there is no label. */
TEST_F(fallback, P4_slow_tracer_alone)
{
	ASSERT_EQ(0, start(&self->e));
	START_HOGS();
	ASSERT_EQ(0, start_more(&self->e.s, 4));
	ATTACH(slow);
	self->e.bss->burn_ms = 600;
	RUN_OOM();
	ASSERT_VICTIM(big);
	/* The last call shows that there is a program, and a slow one. */
	ASSERT_EQ(3, self->e.bss->burns);
	ASSERT_LABEL("");
	ASSERT_EQ(0, self->e.bss->outcome.count);
	ASSERT_EQ(1, log_count(&self->e.s.log, CUT_OFF));
}

/* P4: without a program the deadline means nothing, however slow the kernel is. */
TEST_F(fallback, P4_slow_kernel_without_a_program)
{
	ASSERT_EQ(0, start(&self->e));
	START_HOGS();
	ASSERT_EQ(0, start_more(&self->e.s, 4));
	ATTACH(slow_kernel);
	self->e.bss->burn_ms = 300;
	RUN_OOM();
	ASSERT_VICTIM(big);
	ASSERT_GE(self->e.bss->burns, 4) TH_LOG("the scan was not slow");
	ASSERT_LABEL("");
	ASSERT_EQ(0, self->e.bss->outcome.count);
	ASSERT_EQ(0, log_count(&self->e.s.log, "exceeded 1 s"));
}

/* P4: the policy has its say too late. That is said, though it takes no time itself. */
TEST_F(fallback, P4_first_verdict_past_the_deadline)
{
	int i;

	ASSERT_EQ(0, start(&self->e));
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	for (i = 0; i < 4; i++) {
		struct hog hog;

		ASSERT_EQ(0, hog_start(&hog, &self->e.s.cg_small, 0, 0));
		rule_pid(self->e.table, &hog, BPF_EVAL_NEXT);
	}
	ATTACH(first);
	ATTACH(slow_kernel);
	/* One second is over behind small. */
	self->e.bss->burn_ms = 550;
	RUN_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(3, self->e.table->asked);
	ASSERT_LABEL("wrong victim=kernel fallback=timeout");
	ASSERT_STREQ("timeout", self->e.bss->outcome.outcome);
	ASSERT_EQ(1, log_count(&self->e.s.log, CUT_OFF));
}

/*
 * Keeps CPU 0 from the trigger, all but 50 ms of every 750 ms. That is below the limit
 * of the throttling of realtime tasks. It ends with the search, as the victim has to exit
 * before the trigger goes on: see exit_at_once().
 */
static void *rival(void *outcomes)
{
	const struct sched_param param = { .sched_priority = 2 };
	long end;

	if (pin_to(0, 0) || pthread_setschedparam(pthread_self(), SCHED_FIFO, &param))
		return NULL;
	while (!__atomic_load_n((__u32 *)outcomes, __ATOMIC_RELAXED)) {
		for (end = now_ms() + 700; now_ms() < end; )
			;
		usleep(50000);
	}
	return outcomes;
}

/* P4: preempted for a second, a policy is cut off, as everybody waits for oom_lock. */
TEST_F(fallback, P4_preempted_is_cut_off)
{
	__u32 *outcomes = &self->e.bss->outcome.count;
	pthread_t thread;
	void *started;

	ASSERT_EQ(0, start(&self->e));
	START_HOGS();
	ASSERT_EQ(0, start_more(&self->e.s, 4));
	ATTACH(first);
	ATTACH(slow);
	self->e.table->otherwise = BPF_EVAL_NEXT;
	/* More than the rival leaves: each call takes 0.7 s. */
	self->e.bss->burn_cpu_ms = 60;
	ASSERT_EQ(0, pthread_create(&thread, NULL, rival, outcomes));
	EXPECT_EQ(0, scene_oom(&self->e.s));
	__atomic_store_n(outcomes, 1, __ATOMIC_RELAXED);
	pthread_join(thread, &started);
	ASSERT_NE(NULL, started) TH_LOG("no rival");
	ASSERT_VICTIM(big);
	ASSERT_LT(self->e.table->asked, 7) TH_LOG("is this kernel preemptible?");
	ASSERT_LABEL("wrong victim=kernel fallback=timeout");
	ASSERT_EQ(1, log_count(&self->e.s.log, CUT_OFF));
}

TEST_HARNESS_MAIN
