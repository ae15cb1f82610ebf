// SPDX-License-Identifier: GPL-2.0
/*
 * Verdicts in the OOM of a memory cgroup. The letters in the names of the tests are
 * those of the requirements.
 */
#include <limits.h>

#include "oom_env.h"
#include "example.skel.h"
#include "example_select.skel.h"

/*
 * One OOM, and all that is seen of it:
 *  - big, small and the trigger are in one memcg, in this order or swapped;
 *  - one program, or two, give each of them a verdict;
 *  - the trigger grows until the memcg is out of memory;
 *  - the victim, the tasks that were offered, the label and the event are compared.
 */
ENV_FIXTURE(verdict)

FIXTURE_VARIANT(verdict)
{
	long long big, small, trigger, others;
	bool two;			/* a second program is asked before this one */
	long long second_small, second_others;
	bool not_passed_on;		/* and this one is not asked */
	bool swapped;			/* the order is small, big, trigger */
	int adj;			/* oom_score_adj of small */
	bool dies_big;			/* else small */
	const char *label;		/* behind "oom_policy=test ", NULL: none */
	unsigned int offered;		/* 0: all three */
};

#define OUTCOME(name, ...) FIXTURE_VARIANT_ADD(verdict, name) { __VA_ARGS__ }
#define BIG_DIES	.dies_big = true
#define BY_POLICY	.label = "victim=policy"
#define BY_KERNEL	.label = "victim=kernel"
#define FALLBACK(why)	.dies_big = true, .label = "victim=kernel fallback=" why

OUTCOME(no_opinion, BIG_DIES);
OUTCOME(select, .small = BPF_EVAL_SELECT, BY_POLICY);
OUTCOME(next_spares, .big = BPF_EVAL_NEXT, .trigger = BPF_EVAL_NEXT, BY_KERNEL);
OUTCOME(nowait_spares, .big = BPF_EVAL_NOWAIT, .trigger = BPF_EVAL_NOWAIT, BY_KERNEL);
OUTCOME(unknown_minus_one, .others = -1, BIG_DIES);
OUTCOME(unknown_six, .others = BPF_EVAL_NOWAIT + 1, BIG_DIES);
OUTCOME(unknown_int_max, .others = INT_MAX, BIG_DIES);
OUTCOME(unknown_int_min, .others = INT_MIN, BIG_DIES);
OUTCOME(unknown_high_bits_only, .others = 3LL << 32, BIG_DIES);
/* V1: a bigger task without a verdict displaces no selection, another selection does. */
OUTCOME(V1_select_after_bigger, .small = BPF_EVAL_SELECT, BY_POLICY);
OUTCOME(V1_select_before_bigger, .swapped = true, .small = BPF_EVAL_SELECT, BY_POLICY);
OUTCOME(V1_last_select_stands, .big = BPF_EVAL_SELECT, .small = BPF_EVAL_SELECT, BY_POLICY);
OUTCOME(V1_last_select_stands_swapped, .swapped = true, .big = BPF_EVAL_SELECT,
	.small = BPF_EVAL_SELECT, BIG_DIES, BY_POLICY);
/* O2: a policy may select a task at OOM_SCORE_ADJ_MIN. */
OUTCOME(O2_select_at_minus_1000, .adj = -1000, .small = BPF_EVAL_SELECT, BY_POLICY);
/* V4: the program attached last is asked first; no opinion passes the question on. */
OUTCOME(V4_last_attached_decides, .big = BPF_EVAL_SELECT, .others = BPF_EVAL_NEXT, .two = true,
	.second_small = BPF_EVAL_SELECT, .second_others = BPF_EVAL_NEXT, .not_passed_on = true,
	BY_POLICY);
OUTCOME(V4_no_opinion_passes_on, .small = BPF_EVAL_SELECT, .two = true, BY_POLICY);
/* V4: the trampoline tests all 64 bits, so this stops the chain and is no verdict. */
OUTCOME(V4_high_bits_stop_the_chain, .small = BPF_EVAL_SELECT, .two = true,
	.second_others = 1LL << 40, .not_passed_on = true, BIG_DIES);
/* P1, P2: the kernel chooses without the policies; P3: it asks none of them again. */
OUTCOME(P1_next_for_all, .others = BPF_EVAL_NEXT, FALLBACK("none"));
OUTCOME(P1_nowait_for_all, .others = BPF_EVAL_NOWAIT, FALLBACK("none"));
OUTCOME(P2_abort_for_all, .others = BPF_EVAL_ABORT, FALLBACK("abort"), .offered = 1);
OUTCOME(P2_abort_after_select, .small = BPF_EVAL_SELECT, .trigger = BPF_EVAL_ABORT,
	FALLBACK("abort"));
/* S1: STOP keeps a selection, also one that the kernel has made; nobody else is asked. */
OUTCOME(S1_stop_keeps_the_selection, .swapped = true, .small = BPF_EVAL_SELECT,
	.others = BPF_EVAL_STOP, BY_POLICY, .offered = 2);
OUTCOME(S1_stop_keeps_the_kernels_choice, .swapped = true, .big = BPF_EVAL_STOP, BY_KERNEL,
	.offered = 2);
OUTCOME(S1_stop_at_once, .others = BPF_EVAL_STOP, FALLBACK("none"), .offered = 1);

/* L3: the label says who decided. L6: so does the event, which has the OOM's data, too. */
TEST_F(verdict, L3_label_L6_event)
{
	struct rules_bpf__bss *bss = self->e.bss;
	struct table *t = &self->e.table[variant->two];
	struct scene *s = &self->e.s;
	unsigned int offered = variant->offered ?: 3;
	char label[64];

	ASSERT_EQ(0, variant->swapped ? scene_hogs_swapped(s) : scene_hogs(s, false, variant->adj));
	rule_pid(self->e.table, &s->big, variant->big ?: variant->others);
	rule_pid(self->e.table, &s->small, variant->small ?: variant->others);
	rule_pid(self->e.table, &s->trigger, variant->trigger ?: variant->others);
	set_label(&self->e, "test", sizeof("test"));
	ATTACH(first);
	if (variant->two) {
		rule_pid(t, &s->small, variant->second_small ?: variant->second_others);
		t->otherwise = variant->second_others;
		ATTACH(second);
	}
	ATTACH(name);
	ATTACH(ended);
	RUN_OOM();
	if (variant->dies_big)
		ASSERT_VICTIM(big);
	else
		ASSERT_VICTIM(small);

	ASSERT_EQ(offered, t->asked);
	if (variant->two)
		ASSERT_EQ(variant->not_passed_on ? 0 : offered, self->e.table->asked);
	ASSERT_EQ(1, bss->nr_named);
	/* P6: one report, and no OOM that was retried in vain. */
	ASSERT_EQ(1, log_count(&s->log, "invoked oom-killer"));
	ASSERT_EQ(0, log_count(&s->log, "VM_FAULT_OOM"));
	ASSERT_EQ(0, log_count(&s->log, "no killable processes"));
	if (!variant->label) {
		ASSERT_LABEL("");
		ASSERT_EQ(0, bss->outcome.count);
		return;
	}
	snprintf(label, sizeof(label), "test %s", variant->label);
	ASSERT_LABEL(label);
	ASSERT_EQ(1, bss->outcome.count);
	ASSERT_STREQ("test", bss->outcome.policy);
	ASSERT_STREQ(strrchr(label, '=') + 1, bss->outcome.outcome);
	ASSERT_EQ(offered, bss->outcome.offered);
	ASSERT_EQ(s->domain.id, bss->outcome.memcg);
	ASSERT_EQ(bss->this_oc, bss->outcome.oc);
}

/* The same scene, step by step, for all that takes more than verdicts. */
ENV_FIXTURE(memcg)

TEST_F(memcg, no_program)
{
	START_HOGS();
	ATTACH(ended);
	RUN_OOM();
	ASSERT_VICTIM(big);
	ASSERT_LABEL("");
	ASSERT_EQ(0, self->e.bss->outcome.count);
}

/* The text of the event, as scripts read it. */
TEST_F(memcg, L6_event_in_tracefs)
{
	char line[128];

	ASSERT_EQ(0, trace_on());
	START_HOGS();
	VERDICT(small, SELECT);
	ATTACH(first);
	RUN_OOM();
	ASSERT_VICTIM(small);
	snprintf(line, sizeof(line),
		 "oom_policy_outcome: policy=bpf memcg=%llu outcome=policy offered=3\n",
		 (unsigned long long)self->e.s.domain.id);
	ASSERT_EQ(1, trace_count(line)) TH_LOG("no \"%s\"", line);
	ASSERT_EQ(1, trace_count("oom_policy_outcome:"));
}

TEST_F(memcg, P1_next_for_the_only_task)
{
	self->e.table->otherwise = BPF_EVAL_NEXT;
	self->e.s.grow = 64 * MIB;
	ATTACH(first);
	ASSERT_EQ(-ECHILD, scene_oom(&self->e.s)) TH_LOG("the trigger lives");
	ASSERT_VICTIM(trigger);
	ASSERT_LABEL("bpf victim=kernel fallback=none");
}

/*
 * The limit is at the parent, the tasks are two levels below it:
 *	domain (48M) / mid / leaf: small, and domain / {big, trigger}
 */
TEST_F(memcg, select_by_cgroup_nested)
{
	struct cg mid, leaf;

	ASSERT_EQ(0, group_create(&mid, &self->e.s.domain, "mid", 0));
	ASSERT_EQ(0, cg_write(mid.path, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, group_create(&leaf, &mid, "leaf", 0));
	ASSERT_EQ(0, hog_start(&self->e.s.small, &leaf, 10 * MIB, 0));
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_big, 24 * MIB, 0));
	rule_cgroup(self->e.table, &leaf, BPF_EVAL_SELECT);
	ATTACH(first);
	RUN_OOM();
	ASSERT_VICTIM(small);
	ASSERT_EQ(1, cg_read_key_long(leaf.path, "memory.events", "oom_kill "));
	group_destroy(&leaf);
	group_destroy(&mid);
}

/* O2: only tasks of the OOM domain are offered. */
TEST_F(memcg, O2_only_the_domain_is_offered)
{
	unsigned int i, big;

	START_HOGS();
	big = self->e.s.big.pid;
	ATTACH(first);
	RUN_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(3, self->e.bss->nr_offered);
	for (i = 0; i < 3; i++) {
		unsigned int pid = self->e.bss->offered[i].pid;

		ASSERT_TRUE(pid == big || pid == (unsigned int)self->e.s.small.pid ||
			    pid == (unsigned int)self->e.s.trigger.pid) TH_LOG("%d", pid);
	}
}

/* Detached, it is not asked; its program can be attached again. */
TEST_F(memcg, H8_detach_and_attach_again)
{
	START_HOGS();
	VERDICT(small, SELECT);
	ATTACH(first);
	bpf_link__destroy(self->e.link[0]);
	self->e.link[0] = NULL;
	RUN_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(0, self->e.table->asked);
	ASSERT_LABEL("");

	ATTACH(first);
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_big, 24 * MIB, 0));
	RUN_OOM();
	ASSERT_EQ(SIGKILL, hog_killed(&self->e.s.small, PATIENCE));
	ASSERT_LABEL("bpf victim=policy");
}

/* O3: memory.oom.group is applied to the victim of the policy. */
TEST_F(memcg, O3_oom_group_of_the_victim)
{
	struct hog other;

	START_HOGS();
	ASSERT_EQ(0, hog_start(&other, &self->e.s.cg_small, MIB, 0));
	ASSERT_EQ(0, cg_write(self->e.s.cg_small.path, "memory.oom.group", "1"));
	VERDICT(small, SELECT);
	ATTACH(first);
	RUN_OOM();
	ASSERT_EQ(SIGKILL, hog_killed(&self->e.s.small, PATIENCE));
	ASSERT_EQ(SIGKILL, hog_killed(&other, PATIENCE)) TH_LOG("the rest of the group lives");
	ASSERT_EQ(0, cg_read_key_long(self->e.s.cg_big.path, "memory.events", "oom_kill "));
	ASSERT_EQ(1, cg_read_key_long(self->e.s.cg_small.path, "memory.events", "oom_group_kill "));
}

/*
 * big was killed and is held at its exit while the trigger needs memory. The verdict
 * on big changes then, and small is selected. Either small is killed at once, or
 * everybody waits for the reaper.
 */
FIXTURE_VARIANT(dying)
{
	long long verdict;
	bool small_dies;
	bool stopped;		/* small is the first in the list, the second gets STOP */
};

ENV_FIXTURE(dying)
FIXTURE_VARIANT_ADD(dying, V5_nowait_does_not_wait) { BPF_EVAL_NOWAIT, true };
FIXTURE_VARIANT_ADD(dying, V5_next_waits) { BPF_EVAL_NEXT };
FIXTURE_VARIANT_ADD(dying, V3_select_waits) { BPF_EVAL_SELECT };
FIXTURE_VARIANT_ADD(dying, no_opinion_waits) { NO_BPF_POLICY };
FIXTURE_VARIANT_ADD(dying, P2_abort_waits) { BPF_EVAL_ABORT };
FIXTURE_VARIANT_ADD(dying, S1_stop_waits) { BPF_EVAL_STOP };
FIXTURE_VARIANT_ADD(dying, S1_stop_before_waits) { .stopped = true };

TEST_F(dying, victim)
{
	struct scene *s = &self->e.s;
	bool waits = variant->verdict != BPF_EVAL_ABORT;
	struct hog other;

	ASSERT_EQ(0, variant->stopped ? scene_hogs_swapped(s) : scene_hogs(s, false, 0));
	ASSERT_EQ(0, hog_start(&other, &s->cg_big, 0, 0));
	ASSERT_EQ(0, hold_at_exit(s->big.pid));
	ATTACH(first);
	ASSERT_EQ(0, hog_grow(&s->trigger, s->grow));
	ASSERT_TRUE(held(s->big.pid, PATIENCE)) TH_LOG("big is not being killed");
	ASSERT_EQ(0, trace_on());
	self->e.table->asked = 0;
	if (variant->stopped)
		rule_pid(self->e.table, &other, BPF_EVAL_STOP);
	else
		rule_pid(self->e.table, &s->big, variant->verdict);
	VERDICT(small, SELECT);
	EXPECT_EQ(0, hog_wait(&s->trigger, PATIENCE));
	EXPECT_GT(self->e.table->asked, 0) TH_LOG("nobody was asked while big was dying");
	if (variant->small_dies) {
		EXPECT_EQ(SIGKILL, hog_killed(&s->small, PATIENCE));
		EXPECT_EQ(0, log_count(&s->log, "oom_reaper: reaped")) TH_LOG("it had to wait");
		EXPECT_EQ(2, cg_read_key_long(s->domain.path, "memory.events", "oom_kill "));
		EXPECT_EQ(1, trace_count("outcome=policy"));
	} else {
		EXPECT_TRUE(log_wait(&s->log, "oom_reaper: reaped", PATIENCE));
		EXPECT_EQ(1, cg_read_key_long(s->domain.path, "memory.events", "oom_kill "));
		EXPECT_TRUE(hog_alive(&s->small));
		/* L6: waiting is an outcome; the reason of a fallback is said instead of it. */
		if (variant->verdict || variant->stopped)
			EXPECT_GT(trace_count(waits ? "outcome=waiting" : "outcome=abort"), 0);
		EXPECT_EQ(0, trace_count("outcome=kernel"));
	}
	let_go(s->big.pid);
}

/*
 * V5: the obvious policy, that selects the biggest task and says NEXT to all others,
 * kills one process, as the kernel does: a dying one without an mm is waited for.
 *	domain (200M) / big: 110M; domain / {small, trigger}: 1M, and grow by 70M
 */
FIXTURE(ranking)
{
	struct env e;
};

FIXTURE_SETUP(ranking)
{
	SKIP_WITHOUT_HOOK();
	ASSERT_EQ(0, env_start(&self->e, scene_memcg)) TH_LOG("%s", libbpf_log);
	ASSERT_EQ(0, cg_write(self->e.s.domain.path, "memory.max", "209715200"));
	ATTACH(ranking);
	ATTACH(name);
}

FIXTURE_TEARDOWN(ranking)
{
	env_end(&self->e);
}

static int both_allocate(struct scene *s)
{
	usleep(600000);
	return hog_grow(&s->small, 70 * MIB) ?: hog_grow(&s->trigger, 70 * MIB) ?:
	       hog_wait(&s->small, PATIENCE) ?: hog_wait(&s->trigger, PATIENCE);
}

TEST_F_TIMEOUT(ranking, V5_one_process_is_killed, 180)
{
	struct scene *s = &self->e.s;
	int round;

	for (round = 1; round <= 3; round++) {
		ASSERT_EQ(0, hog_start(&s->big, &s->cg_big, 110 * MIB, 0));
		ASSERT_EQ(0, hog_start(&s->small, &s->cg_small, MIB, 0));
		ASSERT_EQ(0, both_allocate(s)) TH_LOG("round %d: one that allocates died", round);
		ASSERT_EQ(SIGKILL, hog_killed(&s->big, PATIENCE));
		ASSERT_EQ(round, cg_read_key_long(s->domain.path, "memory.events", "oom_kill "));
		hog_stop(&s->small);
		ASSERT_EQ(0, scene_trigger(s));
	}
}

/* The programs of the documentation of 2023, as they were written. */
TEST_F(memcg, example_of_2023)
{
	struct example_bpf *skel = example_bpf__open_and_load();

	ASSERT_NE(NULL, skel) TH_LOG("%s", libbpf_log);
	START_HOGS();
	skel->bss->target = self->e.s.small.pid;
	ASSERT_EQ(0, example_bpf__attach(skel));
	RUN_OOM();
	example_bpf__destroy(skel);
	ASSERT_VICTIM(small);
	ASSERT_LABEL("my_policy victim=policy");
}

TEST_F(memcg, example_of_2023_select_only)
{
	struct example_select_bpf *skel = example_select_bpf__open_and_load();

	ASSERT_NE(NULL, skel) TH_LOG("%s", libbpf_log);
	START_HOGS();
	skel->bss->target = self->e.s.small.pid;
	ASSERT_EQ(0, example_select_bpf__attach(skel));
	RUN_OOM();
	example_select_bpf__destroy(skel);
	ASSERT_VICTIM(small);
	ASSERT_LABEL("bpf victim=policy");
}

TEST_HARNESS_MAIN
