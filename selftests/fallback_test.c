// SPDX-License-Identifier: GPL-2.0
/*
 * Policies that are wrong: somebody dies all the same, soon, and the report
 * says why it was not the policy that chose. In every OOM here the kernel alone
 * would take big.
 */
#include <pthread.h>

#include "oom_env.h"

FIXTURE(fallback)
{
	struct env e;
};

FIXTURE_SETUP(fallback)
{
	ASSERT_EQ(0, env_start(&self->e, scene_memcg)) TH_LOG("%s", libbpf_log);
	set_label(self->e.skel, "wrong", sizeof("wrong"));
	ASSERT_EQ(0, attach(&self->e, self->e.skel->progs.first)) TH_LOG("%s", libbpf_log);
	ASSERT_EQ(0, attach(&self->e, self->e.skel->progs.name)) TH_LOG("%s", libbpf_log);
}

FIXTURE_TEARDOWN(fallback)
{
	env_end(&self->e);
}

/*
 * P6: one report, and no more lines than one OOM without a policy has: neither
 * a second report nor "Huh VM_FAULT_OOM leaked out".
 */
#define ASSERT_NO_FLOOD()						\
	do {								\
		ASSERT_EQ(1, log_count(&self->e.s.log, "invoked oom-killer")); \
		ASSERT_EQ(0, log_count(&self->e.s.log, "VM_FAULT_OOM"));	\
		ASSERT_EQ(0, log_count(&self->e.s.log, "no killable processes")); \
	} while (0)

/* P1: NEXT to everybody. P3: the second scan asks nobody. */
TEST_F(fallback, P1_next_for_all)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	self->e.table->otherwise = BPF_EVAL_NEXT;
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_TRUE(has_label(&self->e.s.log, "wrong fallback=none"));
	ASSERT_EQ(3, self->e.table->asked) TH_LOG("P3: asked in the second scan, too");
	ASSERT_EQ(1, self->e.skel->bss->nr_named);
	ASSERT_NO_FLOOD();
}

TEST_F(fallback, P1_next_for_the_only_task)
{
	self->e.table->otherwise = BPF_EVAL_NEXT;
	self->e.s.grow = 64 * MB;
	ASSERT_EQ(-ECHILD, scene_oom(&self->e.s)) TH_LOG("the trigger lives");
	ASSERT_VICTIM(trigger);
	ASSERT_TRUE(has_label(&self->e.s.log, "wrong fallback=none"));
	ASSERT_NO_FLOOD();
}

TEST_F(fallback, P2_abort_for_all)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	self->e.table->otherwise = BPF_EVAL_ABORT;
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_TRUE(has_label(&self->e.s.log, "wrong fallback=abort"));
	ASSERT_EQ(1, self->e.table->asked) TH_LOG("asked after it had aborted");
	ASSERT_NO_FLOOD();
}

/* P2: what was selected before is dropped. */
TEST_F(fallback, P2_abort_after_select)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	rule_pid(self->e.table, &self->e.s.trigger, BPF_EVAL_ABORT);
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_TRUE(has_label(&self->e.s.log, "wrong fallback=abort"));
}

/* P2: ABORT waits where a victim really is dying. */
TEST_F(fallback, P2_abort_waits_for_the_dying)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, hold_at_exit(&self->e.s.big));
	ASSERT_EQ(0, hog_grow(&self->e.s.trigger, self->e.s.grow));
	ASSERT_TRUE(held(&self->e.s.big, PATIENCE));
	self->e.table->asked = 0;
	self->e.table->otherwise = BPF_EVAL_ABORT;
	EXPECT_EQ(0, hog_wait(&self->e.s.trigger, PATIENCE));
	EXPECT_TRUE(log_wait(&self->e.s.log, "oom_reaper: reaped", PATIENCE));
	EXPECT_EQ(1, log_count(&self->e.s.log, "Killed process"));
	EXPECT_TRUE(hog_alive(&self->e.s.small));
	EXPECT_GT(self->e.table->asked, 0) TH_LOG("nobody was asked while it was dying");
	ptrace(PTRACE_DETACH, self->e.s.big.pid, 0, 0);
}

/*
 * P4: a program that needs long for each task is asked until its second is
 * over, and said to be cut off once. The bound is a second and one call; so that
 * there is something to cut, one call takes longer than that here. It spares the
 * big one, which is in the first cgroup of the list, and which the kernel then
 * takes: it begins anew.
 */
TEST_F(fallback, P4_burns_time)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	self->e.table->burn = 1500;
	self->e.table->otherwise = BPF_EVAL_NEXT;
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(1, self->e.table->asked) TH_LOG("asked after the time was up");
	ASSERT_TRUE(has_label(&self->e.s.log, "wrong fallback=timeout"));
	ASSERT_EQ(1, log_count(&self->e.s.log, "took more than 1 s"));
	ASSERT_NO_FLOOD();
}

/*
 * P4: a selection from before the second was over stands, and is no fallback.
 */
TEST_F(fallback, P4_selection_before_the_cut_stands)
{
	ASSERT_EQ(0, hog_start(&self->e.s.small, &self->e.s.cg_big, 10 * MB, 0));
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_small, 24 * MB, 0));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	self->e.table->burn = 1500;
	ASSERT_OOM();
	ASSERT_VICTIM(small);
	ASSERT_EQ(1, self->e.table->asked);
	ASSERT_TRUE(has_label(&self->e.s.log, "wrong"));
}

/*
 * Keeps the CPU of the processes of the tests from them, all but 50 ms of every 750.
 * The throttling of realtime tasks leaves that alone.
 */
static void *rival(void *stop)
{
	const struct sched_param param = { .sched_priority = 2 };
	long end;

	if (pin_to(0, 0) || pthread_setschedparam(pthread_self(), SCHED_FIFO, &param))
		return NULL;
	while (!__atomic_load_n((bool *)stop, __ATOMIC_RELAXED)) {
		for (end = now_ms() + 700; now_ms() < end; )
			;
		usleep(50000);
	}
	return stop;
}

/*
 * P4: a policy that is fast on a CPU that is busy. Each call takes 100 ms by the
 * clock, so the rival comes into each, and two of three take more than a second.
 */
TEST_F(fallback, P4_preempted_is_not_slow)
{
	bool stop = false;
	pthread_t thread;
	void *started;
	long ms;

	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	self->e.table->burn = 100;
	ASSERT_EQ(0, pthread_create(&thread, NULL, rival, &stop));
	ms = now_ms();
	EXPECT_EQ(0, scene_oom(&self->e.s));
	ms = now_ms() - ms;
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, &started);
	ASSERT_NE(NULL, started) TH_LOG("no rival");
	ASSERT_VICTIM(small);
	ASSERT_EQ(3, self->e.table->asked);
	ASSERT_TRUE(has_label(&self->e.s.log, "wrong"));
	ASSERT_EQ(0, log_count(&self->e.s.log, "took more than 1 s"));
	ASSERT_GT(ms, 1400) TH_LOG("nothing was tested: is this kernel preemptible?");
}

/*
 * L6: a selection that gives way to the wait for one who is dying does not stand.
 * The first in the list is selected, the dying is behind it, after the cut.
 */
TEST_F(fallback, L6_selection_before_the_cut_gives_way)
{
	ASSERT_EQ(0, hog_start(&self->e.s.small, &self->e.s.cg_big, 10 * MB, 0));
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_small, 24 * MB, 0));
	ASSERT_EQ(0, hold_at_exit(&self->e.s.big));
	ASSERT_EQ(0, hog_grow(&self->e.s.trigger, self->e.s.grow));
	ASSERT_TRUE(held(&self->e.s.big, PATIENCE));
	ASSERT_EQ(0, trace_on());
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	self->e.table->burn = 1200;
	EXPECT_EQ(0, hog_wait(&self->e.s.trigger, PATIENCE));
	EXPECT_GE(trace_count("policy=wrong"), 1) TH_LOG("no event");
	EXPECT_EQ(trace_count("policy=wrong"), trace_count("reason=timeout"));
	/* Once the reaper has been at the dying one, the selection stands. */
	ptrace(PTRACE_DETACH, self->e.s.big.pid, 0, 0);
}

/* L6: each fallback can be counted. */
TEST_F(fallback, L6_tracepoint)
{
	char line[128];

	ASSERT_EQ(0, trace_on());
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	self->e.table->otherwise = BPF_EVAL_NEXT;
	EXPECT_EQ(0, scene_oom(&self->e.s));
	ASSERT_VICTIM(big);
	snprintf(line, sizeof(line), "policy=wrong memcg=%llu reason=none offered=3\n",
		 (unsigned long long)self->e.s.domain.id);
	ASSERT_EQ(1, trace_count(line)) TH_LOG("no \"%s\"", line);
	ASSERT_EQ(1, trace_count("oom_policy_fallback:"));
}

/* L6: and where the policy had its way, there is no event. */
TEST_F(fallback, L6_silent_without_fallback)
{
	ASSERT_EQ(0, trace_on());
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	EXPECT_EQ(0, scene_oom(&self->e.s));
	ASSERT_VICTIM(small);
	ASSERT_EQ(0, trace_count("oom_policy_fallback:"));
}

/* S1: STOP keeps a selection, and nobody else is asked about. */
TEST_F(fallback, S1_stop_keeps_the_selection)
{
	ASSERT_EQ(0, hog_start(&self->e.s.small, &self->e.s.cg_big, 10 * MB, 0));
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_small, 24 * MB, 0));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	self->e.table->otherwise = BPF_EVAL_STOP;
	ASSERT_OOM();
	ASSERT_VICTIM(small);
	ASSERT_EQ(2, self->e.table->asked);
	ASSERT_TRUE(has_label(&self->e.s.log, "wrong"));
}

/* S1: it also keeps what the kernel has chosen so far: the bigger one is last. */
TEST_F(fallback, S1_stop_keeps_the_kernels_choice)
{
	ASSERT_EQ(0, hog_start(&self->e.s.small, &self->e.s.cg_big, 10 * MB, 0));
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_small, 24 * MB, 0));
	rule_pid(self->e.table, &self->e.s.big, BPF_EVAL_STOP);
	ASSERT_OOM();
	ASSERT_VICTIM(small);
	ASSERT_EQ(2, self->e.table->asked);
	ASSERT_TRUE(has_label(&self->e.s.log, "wrong"));
}

/* S1: with nobody chosen it is as any scan without an outcome. */
TEST_F(fallback, S1_stop_at_once)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	self->e.table->otherwise = BPF_EVAL_STOP;
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(1, self->e.table->asked);
	ASSERT_TRUE(has_label(&self->e.s.log, "wrong fallback=none"));
}

TEST_HARNESS_MAIN
