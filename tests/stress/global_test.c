// SPDX-License-Identifier: GPL-2.0
/*
 * The same hooks when the whole machine is out of memory. These tests are for
 * a machine that can be lost: a wrong outcome kills the wrong process or ends
 * in a panic, and some end in one on purpose. They do nothing unless
 * OOM_TEST_GLOBAL=1 says that this is such a machine, and want a boot each.
 *
 * A test that has to end in a panic prints "# expect-panic: WORDS" first; who
 * runs it has to look for these words on the console.
 */
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "oom_env.h"
#include "oom_global.h"
#include "oom_odd.h"

FIXTURE(global)
{
	struct env e;
};

FIXTURE_SETUP(global)
{
	const char *allowed = getenv("OOM_TEST_GLOBAL");

	if (!allowed || strcmp(allowed, "1"))
		SKIP(return, "OOM_TEST_GLOBAL=1 is not set: this may kill or panic the machine");
	ASSERT_EQ(0, env_start(&self->e, scene_global)) TH_LOG("%s", libbpf_log);
}

FIXTURE_TEARDOWN(global)
{
	env_end(&self->e);
}

#define PF_KTHREAD 0x00200000

TEST_F(global, no_program_biggest_dies)
{
	START_HOGS();
	RUN_OOM();
	ASSERT_VICTIM(big);
}

TEST_F(global, select_by_pid)
{
	START_HOGS();
	VERDICT(small, SELECT);
	ATTACH(first);
	ATTACH(name);
	RUN_OOM();
	ASSERT_VICTIM(small);
	ASSERT_LABEL("bpf victim=policy");
	ASSERT_EQ(1, log_count(&self->e.s.log, "constraint=CONSTRAINT_NONE"));
}

TEST_F(global, select_by_cgroup)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, true, 0));
	rule_cgroup(self->e.table, &self->e.s.cg_small, BPF_EVAL_SELECT);
	ATTACH(first);
	RUN_OOM();
	ASSERT_VICTIM(small);
}

TEST_F(global, O2_select_at_minus_1000)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, -1000));
	VERDICT(small, SELECT);
	ATTACH(first);
	RUN_OOM();
	ASSERT_VICTIM(small);
}

/* O2: a policy that would select everybody is never shown init or a kthread. */
TEST_F(global, O2_init_and_kthreads_are_not_offered)
{
	unsigned int i;

	START_HOGS();
	ATTACH(first);
	RUN_OOM();
	ASSERT_VICTIM(big);
	/* The three of the scene, and the test itself with its harness. */
	ASSERT_GE(self->e.skel->bss->nr_offered, 4);
	for (i = 0; i < self->e.skel->bss->nr_offered; i++) {
		struct offer *o = &self->e.skel->bss->offered[i];

		ASSERT_NE(1, o->pid) TH_LOG("init was offered");
		ASSERT_EQ(0, o->flags & PF_KTHREAD) TH_LOG("kthread %d was offered", o->pid);
	}
}

/*
 * O2: tasks that may not use the memory that is short are not offered.
 *	big: on node 1 only; small and trigger: on node 0 only, where the OOM is
 */
TEST_F(global, O2_other_cpuset_is_not_offered)
{
	unsigned int i, big;
	size_t share;

	ASSERT_EQ(0, write_file(CGROUP_ROOT "/cgroup.subtree_control", "+cpuset"))
		TH_LOG("the cpuset controller");
	ASSERT_EQ(0, cg_write(self->e.s.cg_big.path, "cpuset.mems", "1")) TH_LOG("a second node");
	ASSERT_EQ(0, cg_write(self->e.s.cg_small.path, "cpuset.mems", "0"));
	ASSERT_EQ(0, cg_write(self->e.s.cg_trigger.path, "cpuset.mems", "0"));
	share = node_share(0);
	ASSERT_GT(share, 0);
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_big, share * 50, 0));
	ASSERT_EQ(0, hog_start(&self->e.s.small, &self->e.s.cg_small, share * 55, 0));
	VERDICT(big, SELECT);
	VERDICT(small, SELECT);
	ATTACH(first);
	big = self->e.s.big.pid;
	self->e.s.grow = share * 60;
	RUN_OOM();
	ASSERT_VICTIM(small);
	ASSERT_EQ(1, log_count(&self->e.s.log, "constraint=CONSTRAINT_CPUSET"));
	ASSERT_GT(self->e.skel->bss->nr_offered, 0);
	for (i = 0; i < self->e.skel->bss->nr_offered; i++)
		ASSERT_NE(big, self->e.skel->bss->offered[i].pid) TH_LOG("big was offered");
}

/* V2: a process whose leader has gone, and all threads with it: a zombie. */
TEST_F(global, V2_fail_select_zombie)
{
	struct hog zombie = { };

	START_HOGS();
	ASSERT_EQ(0, odd_zombie(&zombie, NULL));
	rule_pid(self->e.table, &zombie, BPF_EVAL_SELECT);
	ATTACH(first);
	RUN_OOM();
	ASSERT_VICTIM(big);
}

/* V2: a leader that has gone while a thread of it lives can be killed. */
TEST_F(global, V2_select_leader_without_mm)
{
	int status;

	ASSERT_EQ(0, scene_hogs(&self->e.s, true, 0));
	hog_stop(&self->e.s.small);
	ASSERT_EQ(0, odd_leaderless(&self->e.s.small, &self->e.s.cg_small,
				    self->e.s.share * 30));
	ASSERT_EQ(0, waitpid(self->e.s.small.pid, &status, WNOHANG)) TH_LOG("no thread lives");
	VERDICT(small, SELECT);
	ATTACH(first);
	RUN_OOM();
	ASSERT_VICTIM(small);
}

/* V3: sysrq-f does not wait for the dying: to select one counts as NOWAIT. */
TEST_F(global, V3_sysrq_goes_on_from_the_dying)
{
	int status;

	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_big, self->e.s.share * 20, 0));
	ASSERT_EQ(0, hog_start(&self->e.s.small, &self->e.s.cg_small, self->e.s.share * 10, 0));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->e.s.big.pid, 0, PTRACE_O_TRACEEXIT));
	VERDICT(big, SELECT);
	ATTACH(first);
	ASSERT_EQ(0, write_file("/proc/sysrq-trigger", "f"));
	ASSERT_EQ(self->e.s.big.pid, waitpid(self->e.s.big.pid, &status, 0));
	ASSERT_EQ(PTRACE_EVENT_EXIT, status >> 16);
	ASSERT_EQ(0, write_file("/proc/sysrq-trigger", "f"));
	EXPECT_EQ(SIGKILL, hog_killed(&self->e.s.small, PATIENCE));
	EXPECT_EQ(2, log_count(&self->e.s.log, "Killed process"));
	EXPECT_EQ(0, log_count(&self->e.s.log, "oom_reaper: reaped")) TH_LOG("too late to tell");
	let_go(self->e.s.big.pid);
}

/* V5: the obvious ranking policy kills one process, though two allocate. */
TEST_F_TIMEOUT(global, V5_ranking_kills_one_process, 120)
{
	struct scene *s = &self->e.s;

	hogs_roam = true;
	ASSERT_EQ(0, hog_start(&s->big, &s->cg_big, s->share * 55, 0));
	ASSERT_EQ(0, hog_start(&s->small, &s->cg_small, MIB, 0));
	ATTACH(ranking);
	ATTACH(name);
	ASSERT_EQ(0, hog_grow(&s->small, s->share * 35));
	ASSERT_EQ(0, hog_grow(&s->trigger, s->share * 35));
	ASSERT_EQ(0, hog_wait(&s->small, PATIENCE));
	ASSERT_EQ(0, hog_wait(&s->trigger, PATIENCE));
	ASSERT_VICTIM(big);
	ASSERT_LABEL("bpf victim=policy");
}

/* A wrong policy for the whole machine: without P1 and P2 it panics, or hangs. */
static void wrong_policy(struct __test_metadata *_metadata, struct env *e,
			 long long verdict, const char *label)
{
	ASSERT_EQ(0, scene_hogs(&e->s, false, 0));
	set_label(e, "wrong", sizeof("wrong"));
	e->table->otherwise = verdict;
	ASSERT_EQ(0, attach(e, e->skel->progs.first));
	ASSERT_EQ(0, attach(e, e->skel->progs.name));
	ASSERT_EQ(0, scene_oom(&e->s));
	ASSERT_EQ(SIGKILL, hog_killed(&e->s.big, PATIENCE));
	ASSERT_EQ(1, log_count(&e->s.log, "Killed process"));
	ASSERT_STREQ(label, label_of(&e->s.log));
}

TEST_F(global, P1_next_for_all)
{
	wrong_policy(_metadata, &self->e, BPF_EVAL_NEXT, "wrong victim=kernel fallback=none");
}

TEST_F(global, P2_abort_for_all)
{
	ASSERT_EQ(0, trace_on());
	wrong_policy(_metadata, &self->e, BPF_EVAL_ABORT, "wrong victim=kernel fallback=abort");
	/* L6: the whole machine is memcg 0. */
	ASSERT_GE(trace_count("policy=wrong memcg=0 outcome=abort offered=1\n"), 1);
	/* A slow victim means more than one OOM. */
	ASSERT_EQ(self->e.skel->bss->nr_named, self->e.table->asked)
		TH_LOG("asked after it had aborted");
}

/*
 * P4: the memory of the first victim may be free again before a slow policy is
 * cut off in the next OOM, and that one then costs another victim. The machine
 * goes on, which is all that can be said for such a policy.
 */
TEST_F(global, P4_burns_time)
{
	START_HOGS();
	set_label(&self->e, "slow", sizeof("slow"));
	self->e.bss->burn_ms = 1500;
	ATTACH(slow);
	self->e.table->otherwise = BPF_EVAL_NEXT;
	ATTACH(first);
	ATTACH(name);
	RUN_OOM();
	ASSERT_EQ(SIGKILL, hog_killed(&self->e.s.big, PATIENCE));
	ASSERT_GE(log_count(&self->e.s.log, "\noom_policy=slow victim=kernel fallback=timeout\n"), 1);
	ASSERT_EQ(self->e.skel->bss->nr_named, self->e.table->asked)
		TH_LOG("asked after the time was up");
}

/* P1: sysrq-f kills, whatever a policy says. */
TEST_F(global, P1_sysrq_next_for_all)
{
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_big, self->e.s.share * 20, 0));
	self->e.table->otherwise = BPF_EVAL_NEXT;
	ATTACH(first);
	ASSERT_EQ(0, write_file("/proc/sysrq-trigger", "f"));
	ASSERT_VICTIM(big);
	ASSERT_LABEL("bpf victim=kernel fallback=none");
}

/* O3: oom_kill_allocating_task decides before any policy is asked. */
TEST_F(global, O3_oom_kill_allocating_task)
{
	int old;

	START_HOGS();
	VERDICT(small, SELECT);
	ATTACH(first);
	ATTACH(name);
	ASSERT_EQ(0, sysctl_set("/proc/sys/vm/oom_kill_allocating_task", 1, &old));
	EXPECT_EQ(-ECHILD, scene_oom(&self->e.s)) TH_LOG("the trigger lives");
	ASSERT_VICTIM(trigger);
	ASSERT_EQ(0, self->e.table->asked);
	ASSERT_EQ(0, self->e.skel->bss->nr_named);
	ASSERT_EQ(0, log_count(&self->e.s.log, "oom_policy="));
}

/*
 * O3: so does panic_on_oom. The report before the panic has no label: a
 * policy that had been asked would have set one.
 */
static void expect_panic(struct __test_metadata *_metadata, int value, const char *words)
{
	int old;

	printf("# expect-panic: %s\n", words);
	fflush(stdout);
	ASSERT_EQ(0, sysctl_set("/proc/sys/vm/panic_on_oom", value, &old));
}

TEST_F(global, O3_panic_on_oom)
{
	START_HOGS();
	VERDICT(small, SELECT);
	ATTACH(first);
	ATTACH(name);
	expect_panic(_metadata, 1, "Out of memory: system-wide panic_on_oom is enabled");
	scene_oom(&self->e.s);
	ASSERT_TRUE(false) TH_LOG("the machine did not panic");
}

/* The same for a cgroup, with the value that makes the panic compulsory. */
TEST_F(global, O3_panic_on_oom_2_in_memcg)
{
	scene_end(&self->e.s);
	ASSERT_EQ(0, scene_memcg(&self->e.s));
	START_HOGS();
	VERDICT(small, SELECT);
	ATTACH(first);
	ATTACH(name);
	expect_panic(_metadata, 2, "Out of memory: compulsory panic_on_oom is enabled");
	scene_oom(&self->e.s);
	ASSERT_TRUE(false) TH_LOG("the machine did not panic");
}

TEST_HARNESS_MAIN
