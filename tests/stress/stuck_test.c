// SPDX-License-Identifier: GPL-2.0
/*
 * A victim that cannot run: at idle priority, on a CPU that a realtime task
 * keeps busy. It gets no time to exit, and who waits for its memory waits until
 * the reaper comes; shown on the list in 2018 by Tetsuo Handa. A policy can
 * choose another one before that. Both times are printed.
 */
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "oom_env.h"
#include "oom_odd.h"
#include "impatient.skel.h"

/* How long the policy gives a victim, ms, and when the reaper comes. */
#define GIVEN_MS	300
#define REAPER_MS	2000

FIXTURE(stuck)
{
	struct scene s;
	struct impatient_bpf *skel;
	struct bpf_link *links[2];
	pid_t busy[2];
	int runtime, console, unused;
};

/* A child that uses up its CPU: its pid or -errno. */
static pid_t start_busy(int policy, int priority, int nice)
{
	struct sched_param param = { .sched_priority = priority };
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			;
	}
	if (pid < 0 || pin_to(pid, 1) || setpriority(PRIO_PROCESS, pid, nice) ||
	    sched_setscheduler(pid, policy, &param))
		return -errno;
	return pid;
}

FIXTURE_SETUP(stuck)
{
	struct sched_param idle = { };

	const char *allowed = getenv("OOM_TEST_GLOBAL");

	if (!allowed || strcmp(allowed, "1"))
		SKIP(return, "OOM_TEST_GLOBAL=1 is not set: this takes a CPU away");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "it takes two CPUs");
	libbpf_set_print(keep_log);
	self->skel = impatient_bpf__open_and_load();
	ASSERT_NE(NULL, self->skel) TH_LOG("%s", libbpf_log);
	self->skel->bss->given = GIVEN_MS;
	hogs_roam = true;
	ASSERT_EQ(0, pin_to(0, 0));
	/* A report on a serial console can take longer than the policy gives. */
	ASSERT_EQ(0, sysctl_set("/proc/sys/kernel/printk", 1, &self->console));
	ASSERT_EQ(0, scene_memcg(&self->s));
	/* A sleeper would get a turn when it wakes up to die. */
	ASSERT_EQ(0, odd_spinner(&self->s.big, &self->s.cg_big, 24 * MIB));
	/* The second, so that it is not the trigger that goes in place of big. */
	ASSERT_EQ(0, hog_start(&self->s.small, &self->s.cg_small, 14 * MIB, 0));
	ASSERT_EQ(0, sysctl_set("/proc/sys/kernel/sched_rt_runtime_us", -1, &self->runtime));
	ASSERT_EQ(0, pin_to(self->s.big.pid, 1));
	ASSERT_EQ(0, sched_setscheduler(self->s.big.pid, SCHED_IDLE, &idle));
	/*
	 * Since 6.12 a twentieth of a CPU that a realtime task keeps goes to other
	 * tasks: to that with the best nice value.
	 */
	self->busy[0] = start_busy(SCHED_OTHER, 0, -20);
	self->busy[1] = start_busy(SCHED_FIFO, 1, 0);
	ASSERT_TRUE(self->busy[0] > 0 && self->busy[1] > 0);
}

FIXTURE_TEARDOWN(stuck)
{
	int i;

	for (i = 0; i < 2; i++) {
		kill(self->busy[i], SIGKILL);
		waitpid(self->busy[i], NULL, 0);
	}
	sysctl_set("/proc/sys/kernel/sched_rt_runtime_us", self->runtime, &self->unused);
	sysctl_set("/proc/sys/kernel/printk", self->console, &self->unused);
	bpf_link__destroy(self->links[0]);
	bpf_link__destroy(self->links[1]);
	impatient_bpf__destroy(self->skel);
	scene_end(&self->s);
}

/* How long the trigger has to wait for its memory, ms. */
static long stuck_oom(struct scene *s)
{
	long start = now_ms();

	return hog_grow(&s->trigger, s->grow) ?: hog_wait(&s->trigger, PATIENCE) ?:
		now_ms() - start;
}

/* It is stuck, or the test shows nothing: big was killed and is there. */
#define ASSERT_STUCK()								\
	do {									\
		ASSERT_TRUE(log_wait(&self->s.log, "(big)", PATIENCE));		\
		ASSERT_TRUE(hog_alive(&self->s.big)) TH_LOG("big could run");	\
	} while (0)

/* With no policy everybody waits for the reaper. */
TEST_F(stuck, victim_at_idle_priority_without_policy)
{
	long ms = stuck_oom(&self->s);

	printf("# waited %ld ms for a victim that cannot run, without a policy\n", ms);
	ASSERT_GT(ms, 0);
	ASSERT_STUCK();
	EXPECT_GE(ms, REAPER_MS - 100);
	EXPECT_TRUE(hog_alive(&self->s.small));
	EXPECT_EQ(1, cg_read_key_long(self->s.domain.path, "memory.events", "oom_kill "));
}

/* With one, for as long as the policy gives it. The price is a second victim. */
TEST_F(stuck, victim_at_idle_priority_with_impatient_policy)
{
	long ms;

	self->links[0] = bpf_program__attach(self->skel->progs.reset);
	self->links[1] = bpf_program__attach(self->skel->progs.impatient);
	ASSERT_TRUE(self->links[0] && self->links[1]);
	ms = stuck_oom(&self->s);
	printf("# waited %ld ms for a victim that cannot run, with a policy that gives it %d ms\n",
	       ms, GIVEN_MS);
	EXPECT_GT(ms, 0) TH_LOG("the trigger died");
	ASSERT_STUCK();
	EXPECT_GE(ms, GIVEN_MS);
	EXPECT_EQ(SIGKILL, hog_killed(&self->s.small, PATIENCE));
	/* Once the reaper has come, small is not needed. A slow guest keeps no times. */
	EXPECT_EQ(2, cg_read_key_long(self->s.domain.path, "memory.events", "oom_kill "));
	EXPECT_GT(self->skel->bss->passed_over, 0);
}

TEST_HARNESS_MAIN
