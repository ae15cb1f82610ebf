// SPDX-License-Identifier: GPL-2.0
/*
 * Verdicts in the OOM of a memory cgroup where something rare is in the way: swapoff,
 * processes that share their memory, a victim that was reaped, a policy without its
 * loader, throttling; and the documentation's example. Needs more of a machine than the selftests do.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/swap.h>

#include "oom_env.h"
#include "oom_odd.h"
#include "documented.skel.h"

ENV_FIXTURE(rare)

/* The loader is gone, the link is pinned: the policy decides, until it is removed. */
TEST_F(rare, pinned_link_outlives_its_loader)
{
	static const char pin[] = "/sys/fs/bpf/oom_test_link";
	struct bpf_link *link;
	pid_t pid;
	int status;

	START_HOGS();
	unlink(pin);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		struct rules_bpf *skel = rules_bpf__open_and_load();

		if (!skel)
			_exit(1);
		rule_pid(&skel->bss->tables[0], &self->e.s.small, BPF_EVAL_SELECT);
		link = bpf_program__attach(skel->progs.first);
		_exit(!link || bpf_link__pin(link, pin));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status) TH_LOG("load, attach or pin failed");
	EXPECT_EQ(0, scene_oom(&self->e.s));
	ASSERT_EQ(0, unlink(pin));
	ASSERT_VICTIM(small);

	ASSERT_EQ(0, hog_start(&self->e.s.small, &self->e.s.cg_small, 4 * MIB, 0));
	RUN_OOM();
	ASSERT_EQ(SIGKILL, hog_killed(&self->e.s.big, PATIENCE));
}

/* The example of Documentation/bpf/oom.rst. */
TEST_F(rare, documented_example)
{
	struct documented_bpf *skel = documented_bpf__open();

	ASSERT_NE(NULL, skel) TH_LOG("%s", libbpf_log);
	START_HOGS();
	skel->rodata->target = self->e.s.small.pid;
	ASSERT_EQ(0, documented_bpf__load(skel)) TH_LOG("%s", libbpf_log);
	ASSERT_EQ(0, documented_bpf__attach(skel));
	RUN_OOM();
	documented_bpf__destroy(skel);
	ASSERT_VICTIM(small);
	ASSERT_LABEL("my_policy victim=policy");
}

/* The test that the lists' bot runs. */
TEST(selftests_bpf)
{
	char out[4096];

	if (system("echo 0 >/proc/self/oom_score_adj; ./test_progs -t oom_policy >/tmp/test_progs.out 2>&1")) {
		ASSERT_LT(0, read_file("/tmp/test_progs.out", out, sizeof(out)));
		ASSERT_TRUE(false) TH_LOG("%s", out);
	}
}

/*
 * The table of the cover letter: a database and a job of less than half its size have one
 * limit, and the job is the one that can be started again.
 */
TEST_F(rare, means_of_today)
{
	static const struct {
		const char *means, *file;
		char *value;
		int adj;	/* of the job */
		bool policy, database_dies, job_dies;
	} rows[] = {
		{ "the kernel alone", .database_dies = true },
		{ "memory.min of the database", "big/memory.min", "max", .database_dies = true },
		{ "oom_score_adj 200 on the job", .adj = 200, .database_dies = true },
		{ "oom_score_adj 500 on the job", .adj = 500, .job_dies = true },
		{ "memory.oom.group on both", "memory.oom.group", "1", .database_dies = true,
		  .job_dies = true },
		{ "a program", .policy = true, .job_dies = true },
	};
	struct scene *s = &self->e.s;
	bool database, job;
	unsigned int i;

	printf("# %-30s killed\n", "means");
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		ASSERT_EQ(0, scene_hogs(s, false, rows[i].adj));
		if (rows[i].file)
			ASSERT_EQ(0, cg_write(s->domain.path, rows[i].file, rows[i].value));
		if (rows[i].policy) {
			rule_cgroup(self->e.table, &s->cg_small, BPF_EVAL_SELECT);
			ATTACH(first);
		}
		scene_oom(s);
		database = hog_killed(&s->big, rows[i].database_dies ? PATIENCE : 100) == SIGKILL;
		job = hog_killed(&s->small, rows[i].job_dies ? PATIENCE : 100) == SIGKILL;
		printf("# %-30s %s%s\n", rows[i].means, database ? "database " : "", job ? "job" : "");
		EXPECT_EQ(rows[i].database_dies, database) TH_LOG("%s", rows[i].means);
		EXPECT_EQ(rows[i].job_dies, job) TH_LOG("%s", rows[i].means);
		scene_end(s);
		ASSERT_EQ(0, scene_memcg(s));
	}
}

/* V2: a child in vfork() has no memory of its own. P1: somebody is killed all the same. */
TEST_F(rare, V2_P1_fail_select_in_vfork)
{
	struct hog child;

	ASSERT_EQ(0, odd_shared(&self->e.s.small, &child, &self->e.s.cg_small, 10 * MIB,
				CLONE_VM | CLONE_VFORK));
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_big, 24 * MIB, 0));
	self->e.table->otherwise = BPF_EVAL_NEXT;
	rule_pid(self->e.table, &child, BPF_EVAL_SELECT);
	ATTACH(first);
	EXPECT_EQ(0, scene_oom(&self->e.s));
	EXPECT_TRUE(hog_alive(&child));
	kill(child.pid, SIGKILL);
	ASSERT_VICTIM(big);
	ASSERT_LABEL("bpf victim=kernel fallback=none");
}

/*
 * V2: a process whose memory was reaped is not chosen again, neither the victim nor
 * one that shared its memory and was no victim itself.
 */
TEST_F(rare, V2_fail_select_reaped)
{
	struct scene *s = &self->e.s;
	struct hog child;

	ASSERT_EQ(0, odd_shared(&s->small, &child, &s->cg_small, 10 * MIB, CLONE_VM));
	ASSERT_EQ(0, hog_start(&s->big, &s->cg_big, 24 * MIB, 0));
	ASSERT_EQ(0, hold_at_exit(s->small.pid));
	ASSERT_EQ(0, hold_at_exit(child.pid));
	rule_pid(self->e.table, &s->small, BPF_EVAL_SELECT);
	rule_pid(self->e.table, &child, BPF_EVAL_SELECT);
	ATTACH(first);
	RUN_OOM();
	ASSERT_TRUE(log_wait(&s->log, "oom_reaper: reaped", PATIENCE));
	ASSERT_EQ(1, log_count(&s->log, "Killed process"));

	/* Both exist, and are selected; the kernel has to decide. */
	ASSERT_TRUE(hog_alive(&s->small) && hog_alive(&child));
	RUN_OOM();
	ASSERT_EQ(SIGKILL, hog_killed(&s->big, PATIENCE));
	ASSERT_EQ(2, log_count(&s->log, "Killed process"));
	let_go(s->small.pid);
	let_go(child.pid);
}

/*
 * V5: the leader of big exits and has no mm any more; a thread of it is held, with the
 * mm. The ranking policy says NEXT to it, and it is waited for.
 */
TEST_F(rare, V5_slow_victim_is_waited_for)
{
	struct scene *s = &self->e.s;
	pid_t tid;

	ASSERT_EQ(0, cg_write(s->domain.path, "memory.max", "209715200"));
	ATTACH(ranking);
	ATTACH(name);
	ASSERT_EQ(0, odd_threads(&s->big, &tid, &s->cg_big, 110 * MIB));
	ASSERT_EQ(0, hog_start(&s->small, &s->cg_small, MIB, 0));
	ASSERT_EQ(0, hold_at_exit(tid));
	usleep(600000);
	EXPECT_EQ(0, hog_grow(&s->small, 70 * MIB));
	EXPECT_EQ(0, hog_grow(&s->trigger, 70 * MIB));
	EXPECT_EQ(0, hog_wait(&s->small, PATIENCE)) TH_LOG("one that allocates died");
	EXPECT_EQ(0, hog_wait(&s->trigger, PATIENCE)) TH_LOG("one that allocates died");
	EXPECT_TRUE(held(tid, PATIENCE)) TH_LOG("big was not killed");
	EXPECT_TRUE(log_wait(&s->log, "oom_reaper: reaped", PATIENCE));
	EXPECT_EQ(1, cg_read_key_long(s->domain.path, "memory.events", "oom_kill "));
	let_go(tid);
	ASSERT_EQ(SIGKILL, hog_killed(&s->big, PATIENCE));
}

/*
 * P5: a search keeps no reference to a task that it chose and dropped. small is the first
 * in the list and survives each time: dropped by ABORT, displaced by another SELECT, or
 * displaced as the kernel's own choice.
 */
FIXTURE_VARIANT(reference)
{
	long long small, big, trigger;
};

ENV_FIXTURE(reference)
FIXTURE_VARIANT_ADD(reference, abort) { .small = BPF_EVAL_SELECT, .trigger = BPF_EVAL_ABORT };
FIXTURE_VARIANT_ADD(reference, select) { .small = BPF_EVAL_SELECT, .big = BPF_EVAL_SELECT };
FIXTURE_VARIANT_ADD(reference, kernel) { .big = BPF_EVAL_SELECT };

TEST_F(reference, P5_is_dropped)
{
	struct scene *s = &self->e.s;
	struct rules_bpf__bss *bss = self->e.bss;
	int round, usage = 0;

	ASSERT_EQ(0, scene_hogs_swapped(s));
	ATTACH(first);
	for (round = 0; round < 4; round++) {
		if (round) {
			ASSERT_EQ(0, scene_trigger(s));
			ASSERT_EQ(0, hog_start(&s->big, &s->cg_small, 24 * MIB, 0));
			memset(self->e.table->rules, 0, sizeof(self->e.table->rules));
			rule_pid(self->e.table, &s->small, variant->small);
			rule_pid(self->e.table, &s->big, variant->big);
			rule_pid(self->e.table, &s->trigger, variant->trigger);
		}
		bss->nr_offered = 0;
		RUN_OOM();
		ASSERT_EQ(SIGKILL, hog_killed(&s->big, PATIENCE));
		ASSERT_EQ((unsigned int)s->small.pid, bss->offered[0].pid);
		if (!round)
			usage = bss->offered[0].usage;
		ASSERT_EQ(usage, bss->offered[0].usage) TH_LOG("round %d", round);
	}
}

/* O3: these two are about the whole machine. A policy decides in a memory cgroup. */
FIXTURE_VARIANT(sysctl)
{
	const char *path;
};

ENV_FIXTURE(sysctl)
FIXTURE_VARIANT_ADD(sysctl, panic_on_oom) { "/proc/sys/vm/panic_on_oom" };
FIXTURE_VARIANT_ADD(sysctl, oom_kill_allocating_task) { "/proc/sys/vm/oom_kill_allocating_task" };

TEST_F(sysctl, O3_spares_memcgs)
{
	int old;

	START_HOGS();
	VERDICT(small, SELECT);
	ATTACH(first);
	ASSERT_EQ(0, sysctl_set(variant->path, 1, &old));
	EXPECT_EQ(0, scene_oom(&self->e.s));
	ASSERT_EQ(0, sysctl_set(variant->path, old, &old));
	ASSERT_VICTIM(small);
}

/* A swap area on a RAM disk; without a header tool: page size 4096, version 1. */
#define SWAP_DEV "/dev/ram0"

static int make_swap(const char *dev, unsigned int pages)
{
	unsigned int header[1024] = { [256] = 1, [257] = pages - 1 };
	int fd = open(dev, O_WRONLY), ret;

	memcpy((char *)header + sizeof(header) - 10, "SWAPSPACE2", 10);
	ret = write(fd, header, sizeof(header)) != sizeof(header) || fsync(fd);
	close(fd);
	return ret || swapon(dev, 0) ? -errno : 0;
}

/*
 * O1, O2: swapoff needs more than the cgroup may have, and dies for it, as without a
 * policy: it is not offered, and no selection displaces it. S1: nor does STOP.
 *	domain (48M) / big: 24M + 34M, the rest in swap; domain / small: 10M
 */
FIXTURE_VARIANT(swapoff)
{
	bool first;	/* swapoff is in big and evaluated first, else in trigger */
	bool stop;	/* STOP on the task behind the selected one */
};

FIXTURE(swapoff)
{
	struct env e;
};

FIXTURE_SETUP(swapoff)
{
	ASSERT_EQ(0, env_start(&self->e, scene_memcg)) TH_LOG("%s", libbpf_log);
}

FIXTURE_TEARDOWN(swapoff)
{
	env_end(&self->e);
	swapoff(SWAP_DEV);
}

FIXTURE_VARIANT_ADD(swapoff, O2_before_the_selected) { .first = true };
FIXTURE_VARIANT_ADD(swapoff, O2_after_the_selected) { };
FIXTURE_VARIANT_ADD(swapoff, S1_after_stop) { .stop = true };

TEST_F(swapoff, is_killed)
{
	struct cg *cg = variant->first ? &self->e.s.cg_big : &self->e.s.cg_trigger;
	unsigned int i;
	pid_t pid;
	int status;

	ASSERT_EQ(0, make_swap(SWAP_DEV, 64 * MIB / 4096)) TH_LOG("swap on %s", SWAP_DEV);
	ASSERT_EQ(0, cg_write(self->e.s.domain.path, "memory.swap.max", "max"));
	ASSERT_EQ(0, cg_write(self->e.s.cg_big.path, "memory.swap.max", "max"));
	START_HOGS();
	ASSERT_EQ(0, hog_grow(&self->e.s.big, 34 * MIB));
	ASSERT_EQ(0, hog_wait(&self->e.s.big, PATIENCE)) TH_LOG("big did not get into swap");
	ASSERT_EQ(0, cg_read_key_long(self->e.s.domain.path, "memory.events", "oom_kill "));
	VERDICT(small, SELECT);
	if (variant->stop)
		VERDICT(trigger, STOP);
	ATTACH(first);

	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		if (cg_write(cg->path, "cgroup.procs", "0"))
			_exit(1);
		_exit(swapoff(SWAP_DEV) ? 2 : 3);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(hog_alive(&self->e.s.small)) TH_LOG("the selected task was killed");
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		TH_LOG("swapoff: status %#x", status);
	EXPECT_EQ(1, cg_read_key_long(cg->path, "memory.events", "oom_kill "));
	EXPECT_GT(self->e.table->asked, 0);
	for (i = 0; i < self->e.bss->nr_offered; i++)
		EXPECT_NE(pid, self->e.bss->offered[i].pid) TH_LOG("swapoff was offered");
}

/*
 * The trigger gets 1 % of a CPU for its last megabyte. A kernel that throttles a task
 * in kernel mode (6.12) makes 20 s of a policy that takes 0.2 s.
 */
FIXTURE(throttled)
{
	struct env e;
	int console;
};

FIXTURE_SETUP(throttled)
{
	struct scene *s = &self->e.s;
	char path[300], used[32];
	struct hog more;
	int i;

	ASSERT_EQ(0, env_start(&self->e, scene_memcg)) TH_LOG("%s", libbpf_log);
	/* The report on a serial console takes longer than the search. */
	ASSERT_EQ(0, sysctl_set("/proc/sys/kernel/printk", 1, &self->console));
	ASSERT_EQ(0, scene_hogs(s, false, 0));
	for (i = 0; i < 17; i++)
		ASSERT_EQ(0, hog_start(&more, &s->cg_small, 0, 0));
	snprintf(path, sizeof(path), "%s/memory.current", s->domain.path);
	ASSERT_GT(read_file(path, used, sizeof(used)), 0);
	ASSERT_EQ(0, hog_grow(&s->trigger, 47 * MIB - strtoul(used, NULL, 10)));
	ASSERT_EQ(0, hog_wait(&s->trigger, PATIENCE));
	s->grow = 3 * MIB;
	ASSERT_EQ(0, write_file(CGROUP_ROOT "/cgroup.subtree_control", "+cpu"));
	ASSERT_EQ(0, cg_write(s->domain.path, "cgroup.subtree_control", "+cpu"));
}

FIXTURE_TEARDOWN(throttled)
{
	int unused;

	sysctl_set("/proc/sys/kernel/printk", self->console, &unused);
	env_end(&self->e);
}

/* The throttling ends with the search: the report follows it. */
static int throttled_oom(struct scene *s)
{
	int ret;

	ret = cg_write(s->cg_trigger.path, "cpu.max", "1000 100000") ?: hog_grow(&s->trigger, s->grow);
	if (!ret && !log_wait(&s->log, "invoked oom-killer", 4 * PATIENCE))
		ret = -ETIMEDOUT;
	return ret ?: cg_write(s->cg_trigger.path, "cpu.max", "max 100000") ?:
	       hog_wait(&s->trigger, PATIENCE);
}

TEST_F_TIMEOUT(throttled, P4_policy_does_not_hold_oom_lock, 180)
{
	long ms;

	set_label(&self->e, "wrong", sizeof("wrong"));
	ATTACH(name);
	ATTACH(ended);
	ATTACH(first);
	ATTACH(slow);
	self->e.table->otherwise = BPF_EVAL_NEXT;
	self->e.bss->burn_cpu_ms = 10;
	ASSERT_EQ(0, throttled_oom(&self->e.s));
	ASSERT_VICTIM(big);
	ms = self->e.bss->outcome.ns / 1000000;
	printf("# the search took %ld ms, the policy was asked %u times\n", ms,
	       self->e.table->asked);
	ASSERT_GT(cg_read_key_long(self->e.s.cg_trigger.path, "cpu.stat", "nr_throttled "), 0);
	ASSERT_LT(ms, 8000);
	ASSERT_STREQ(self->e.table->asked < 3 + 17 ? "timeout" : "none",
		     self->e.bss->outcome.outcome);
}

TEST_F_TIMEOUT(throttled, P4_silent_without_a_program, 180)
{
	ASSERT_EQ(0, throttled_oom(&self->e.s));
	ASSERT_VICTIM(big);
	ASSERT_GT(cg_read_key_long(self->e.s.cg_trigger.path, "cpu.stat", "nr_throttled "), 0);
	ASSERT_LABEL("");
	ASSERT_EQ(0, log_count(&self->e.s.log, "exceeded 1 s"));
}

TEST_HARNESS_MAIN
