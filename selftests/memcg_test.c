// SPDX-License-Identifier: GPL-2.0
/*
 * Verdicts in the OOM of a memory cgroup. The letters are the rules of
 * Documentation/bpf/oom.rst that a test proves.
 */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "oom_env.h"
#include "oom_odd.h"

FIXTURE(memcg)
{
	struct env e;
};

FIXTURE_SETUP(memcg)
{
	ASSERT_EQ(0, env_start(&self->e, scene_memcg)) TH_LOG("%s", libbpf_log);
}

FIXTURE_TEARDOWN(memcg)
{
	env_end(&self->e);
}

TEST_F(memcg, no_program_biggest_dies)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(0, self->e.table->asked);
}

/* How often the hook was called in an OOM, by the function tracer, which is no program. */
static int hook_calls(struct scene *s)
{
	int ret;

	ret = trace_clear() ?:
	      write_file(TRACEFS "set_ftrace_filter", "bpf_oom_evaluate_task") ?:
	      write_file(TRACEFS "current_tracer", "function") ?: scene_oom(s);
	if (!ret)
		ret = trace_count("bpf_oom_evaluate_task <-");
	write_file(TRACEFS "current_tracer", "nop");
	write_file(TRACEFS "set_ftrace_filter", "");
	return ret;
}

/* Where nobody is to be asked, no task costs a question. */
TEST_F(memcg, no_program_nobody_is_asked)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, hook_calls(&self->e.s));
	ASSERT_VICTIM(big);
}

TEST_F(memcg, one_program_is_asked_about_each)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_ATTACH(first);
	ASSERT_EQ(3, hook_calls(&self->e.s));
	ASSERT_EQ(3, self->e.table->asked);
	ASSERT_VICTIM(big);
}

/* Verdicts: no opinion leaves the choice to the kernel. */
TEST_F(memcg, no_opinion_biggest_dies)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_ATTACH(first);
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_GT(self->e.table->asked, 0) TH_LOG("the program was not asked");
}

TEST_F(memcg, select_by_pid)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	ASSERT_ATTACH(first);
	ASSERT_OOM();
	ASSERT_VICTIM(small);
}

TEST_F(memcg, select_by_cgroup)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	self->e.table->rules[0] = (struct rule){
		.cgroup = self->e.s.cg_small.id, .verdict = BPF_EVAL_SELECT,
	};
	ASSERT_ATTACH(first);
	ASSERT_OOM();
	ASSERT_VICTIM(small);
	ASSERT_EQ(1, cg_event(&self->e.s.cg_small, "memory.events", "oom_kill"));
}

/*
 * The limit is at the parent, the tasks are two levels below it:
 *	domain (48M) / mid / {big, small} and domain / trigger
 */
TEST_F(memcg, select_by_cgroup_nested)
{
	struct cg mid, leaf;

	ASSERT_EQ(0, cg_create(&mid, &self->e.s.domain, "mid", 0));
	ASSERT_EQ(0, cg_write(&mid, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, cg_create(&leaf, &mid, "leaf", 0));
	ASSERT_EQ(0, hog_start(&self->e.s.small, &leaf, 10 * MB, 0));
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_big, 24 * MB, 0));
	self->e.table->rules[0] = (struct rule){
		.cgroup = leaf.id, .verdict = BPF_EVAL_SELECT,
	};
	ASSERT_ATTACH(first);
	ASSERT_OOM();
	ASSERT_VICTIM(small);
	cg_destroy(&leaf);
	cg_destroy(&mid);
}

/* NEXT: the biggest is passed over, the kernel takes the next biggest. */
TEST_F(memcg, next_spares_the_biggest)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	rule_pid(self->e.table, &self->e.s.big, BPF_EVAL_NEXT);
	rule_pid(self->e.table, &self->e.s.trigger, BPF_EVAL_NEXT);
	ASSERT_ATTACH(first);
	ASSERT_OOM();
	ASSERT_VICTIM(small);
}

/* V1: a bigger task without a verdict displaces no selection. */
TEST_F(memcg, V1_select_stands_before_bigger)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, true, 0));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	ASSERT_ATTACH(first);
	ASSERT_OOM();
	ASSERT_VICTIM(small);
}

TEST_F(memcg, V1_select_stands_after_bigger)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	ASSERT_ATTACH(first);
	ASSERT_OOM();
	ASSERT_VICTIM(small);
}

/* V1: of several selections the last one stands. */
TEST_F(memcg, V1_last_select_stands)
{
	unsigned int i, last = 0;

	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	rule_pid(self->e.table, &self->e.s.big, BPF_EVAL_SELECT);
	ASSERT_ATTACH(first);
	ASSERT_OOM();
	for (i = 0; i < self->e.skel->bss->nr_offered; i++) {
		unsigned int pid = self->e.skel->bss->offered[i].pid;

		if (pid == self->e.s.big.pid || pid == self->e.s.small.pid)
			last = pid;
	}
	if (last == self->e.s.big.pid)
		ASSERT_VICTIM(big);
	else
		ASSERT_VICTIM(small);
}

/* In one cgroup the order is that of the forks. */
TEST_F(memcg, V1_last_select_stands_in_one_cgroup)
{
	ASSERT_EQ(0, hog_start(&self->e.s.small, &self->e.s.cg_big, 10 * MB, 0));
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_big, 24 * MB, 0));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	rule_pid(self->e.table, &self->e.s.big, BPF_EVAL_SELECT);
	ASSERT_ATTACH(first);
	ASSERT_OOM();
	ASSERT_VICTIM(big);
}

/* Anything that is no verdict counts as no opinion. */
FIXTURE(unknown)
{
	struct env e;
};

FIXTURE_VARIANT(unknown)
{
	long long verdict;
};

FIXTURE_VARIANT_ADD(unknown, minus_one)
{
	.verdict = -1,
};

FIXTURE_VARIANT_ADD(unknown, too_big)
{
	.verdict = 77,
};

FIXTURE_VARIANT_ADD(unknown, int_max)
{
	.verdict = INT_MAX,
};

FIXTURE_VARIANT_ADD(unknown, int_min)
{
	.verdict = INT_MIN,
};

FIXTURE_VARIANT_ADD(unknown, high_bits_only)
{
	.verdict = 3LL << 32,
};

FIXTURE_SETUP(unknown)
{
	ASSERT_EQ(0, env_start(&self->e, scene_memcg)) TH_LOG("%s", libbpf_log);
}

FIXTURE_TEARDOWN(unknown)
{
	env_end(&self->e);
}

TEST_F(unknown, verdict_is_no_opinion)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	self->e.table->otherwise = variant->verdict;
	ASSERT_ATTACH(first);
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_GT(self->e.table->asked, 0);
	/* L2: and nobody decided anything. */
	ASSERT_EQ(0, log_count(&self->e.s.log, "oom_policy="));
}

/* O2: a policy may select what its owner put at OOM_SCORE_ADJ_MIN. */
TEST_F(memcg, O2_select_at_minus_1000)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, -1000));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	ASSERT_ATTACH(first);
	ASSERT_OOM();
	ASSERT_VICTIM(small);
}

/* O2: nobody outside the OOM domain is offered. */
TEST_F(memcg, O2_only_the_domain_is_offered)
{
	unsigned int i, pid, seen = 0;

	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_ATTACH(first);
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(3, self->e.skel->bss->nr_offered);
	for (i = 0; i < 3; i++) {
		pid = self->e.skel->bss->offered[i].pid;
		/* big is reaped by now and has left its pid in nobody's hands */
		seen += pid == self->e.s.small.pid || pid == self->e.s.trigger.pid;
		ASSERT_NE(getpid(), pid);
		ASSERT_NE(1, pid);
	}
	ASSERT_EQ(2, seen);
}

/* V4: the program attached last is asked first, and its verdict stands. */
TEST_F(memcg, V4_last_attached_decides)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	self->e.table->otherwise = BPF_EVAL_NEXT;
	rule_pid(self->e.table, &self->e.s.big, BPF_EVAL_SELECT);
	self->e.table[1].otherwise = BPF_EVAL_NEXT;
	rule_pid(&self->e.table[1], &self->e.s.small, BPF_EVAL_SELECT);
	ASSERT_ATTACH(first);
	ASSERT_ATTACH(second);
	ASSERT_OOM();
	ASSERT_VICTIM(small);
	ASSERT_EQ(0, self->e.table->asked) TH_LOG("the older program was asked");
}

/* V4: no opinion passes the question on. */
TEST_F(memcg, V4_no_opinion_passes_on)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	ASSERT_ATTACH(first);
	ASSERT_ATTACH(second);
	ASSERT_OOM();
	ASSERT_VICTIM(small);
	ASSERT_EQ(self->e.table->asked, self->e.table[1].asked);
}

/* V4: all 64 bits are looked at, so this stops the chain yet is no verdict. */
TEST_F(memcg, V4_high_bits_stop_the_chain)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	self->e.table[1].otherwise = 1LL << 40;
	ASSERT_ATTACH(first);
	ASSERT_ATTACH(second);
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(0, self->e.table->asked);
}

TEST_F(memcg, detach_brings_back_the_kernels_choice)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	ASSERT_ATTACH(first);
	bpf_link__destroy(self->e.link[0]);
	self->e.link[0] = NULL;
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(0, self->e.table->asked);
}

/* The loader is gone, the link stays: the policy decides, until it is removed. */
TEST_F(memcg, pinned_link_outlives_its_loader)
{
	static const char pin[] = "/sys/fs/bpf/oom_test_link";
	struct bpf_link *link;
	pid_t pid;
	int status;

	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
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

	/* And with the pin went the policy. */
	ASSERT_EQ(0, hog_start(&self->e.s.small, &self->e.s.cg_small, 4 * MB, 0));
	ASSERT_OOM();
	ASSERT_EQ(SIGKILL, hog_killed(&self->e.s.big, PATIENCE));
}

/* O3: memory.oom.group works after the policy: the cgroup of the victim dies. */
TEST_F(memcg, O3_oom_group_of_the_victim)
{
	struct hog other;

	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, hog_start(&other, &self->e.s.cg_small, MB, 0));
	ASSERT_EQ(0, cg_write(&self->e.s.cg_small, "memory.oom.group", "1"));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	ASSERT_ATTACH(first);
	ASSERT_OOM();
	ASSERT_EQ(SIGKILL, hog_killed(&self->e.s.small, PATIENCE));
	ASSERT_EQ(SIGKILL, hog_killed(&other, PATIENCE)) TH_LOG("the rest of the group lives");
	ASSERT_EQ(0, cg_event(&self->e.s.cg_big, "memory.events", "oom_kill"));
	ASSERT_EQ(1, cg_event(&self->e.s.cg_small, "memory.events", "oom_group_kill"));
}

/*
 * O3: panic_on_oom == 1 is about the whole machine: in the OOM of a cgroup a
 * policy decides as ever. (2 means panic: global_test.)
 */
TEST_F(memcg, O3_panic_on_oom_1_spares_memcgs)
{
	int old;

	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	ASSERT_ATTACH(first);
	ASSERT_EQ(0, sysctl_set("/proc/sys/vm/panic_on_oom", 1, &old));
	EXPECT_EQ(0, scene_oom(&self->e.s));
	ASSERT_EQ(0, sysctl_set("/proc/sys/vm/panic_on_oom", old, &old));
	ASSERT_VICTIM(small);
}

/* O3: oom_kill_allocating_task is about the whole machine, too. */
TEST_F(memcg, O3_oom_kill_allocating_task_spares_memcgs)
{
	int old;

	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	ASSERT_ATTACH(first);
	ASSERT_EQ(0, sysctl_set("/proc/sys/vm/oom_kill_allocating_task", 1, &old));
	EXPECT_EQ(0, scene_oom(&self->e.s));
	ASSERT_EQ(0, sysctl_set("/proc/sys/vm/oom_kill_allocating_task", old, &old));
	ASSERT_VICTIM(small);
}

/* A swap area on a RAM disk; without a header tool: page size 4096, version 1. */
#define SWAP_DEV "/dev/ram0"

static int make_swap(const char *dev, unsigned int pages)
{
	char header[4096] = { };
	unsigned int *info = (unsigned int *)(header + 1024);
	int fd = open(dev, O_WRONLY);

	if (fd < 0)
		return -errno;
	info[0] = 1;
	info[1] = pages - 1;
	memcpy(header + sizeof(header) - 10, "SWAPSPACE2", 10);
	if (write(fd, header, sizeof(header)) != sizeof(header) || fsync(fd)) {
		close(fd);
		return -errno;
	}
	close(fd);
	return swapon(dev, 0) ? -errno : 0;
}

/*
 * O1, O2: swapoff needs more than the cgroup may have, and dies for it, as
 * without a policy: it is not offered, and no selection displaces it, be it of
 * a task before it in the list or after it.
 *	domain (48M) / big: 24M + 34M, the rest in swap; domain / small: 10M
 */
FIXTURE(swapoff)
{
	struct env e;
};

FIXTURE_VARIANT(swapoff)
{
	bool first;	/* in the list of tasks: it is in big, else in trigger */
	bool stop;	/* the policy says STOP to whoever comes after the selected */
};

FIXTURE_VARIANT_ADD(swapoff, O2_before_the_selected)
{
	.first = true,
};

FIXTURE_VARIANT_ADD(swapoff, O2_after_the_selected)
{
	.first = false,
};

/* S1: to stop ends the questions, not the way of swapoff. */
FIXTURE_VARIANT_ADD(swapoff, S1_after_stop)
{
	.stop = true,
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

TEST_F(swapoff, goes_first)
{
	struct cg *cg = variant->first ? &self->e.s.cg_big : &self->e.s.cg_trigger;
	unsigned int i;
	pid_t pid;
	int status;

	ASSERT_EQ(0, make_swap(SWAP_DEV, 64 * MB / 4096)) TH_LOG("swap on %s", SWAP_DEV);
	ASSERT_EQ(0, cg_write(&self->e.s.domain, "memory.swap.max", "max"));
	ASSERT_EQ(0, cg_write(&self->e.s.cg_big, "memory.swap.max", "max"));
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, hog_grow(&self->e.s.big, 34 * MB));
	ASSERT_EQ(0, hog_wait(&self->e.s.big, PATIENCE)) TH_LOG("big did not get into swap");
	ASSERT_EQ(0, cg_event(&self->e.s.domain, "memory.events", "oom_kill"));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	if (variant->stop)
		rule_pid(self->e.table, &self->e.s.trigger, BPF_EVAL_STOP);
	ASSERT_ATTACH(first);

	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		if (cg_write(cg, "cgroup.procs", "0"))
			_exit(1);
		_exit(swapoff(SWAP_DEV) ? 2 : 3);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(hog_alive(&self->e.s.small)) TH_LOG("the selected task went before swapoff");
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		TH_LOG("swapoff: status %#x", status);
	EXPECT_EQ(1, cg_event(cg, "memory.events", "oom_kill"));
	EXPECT_GT(self->e.table->asked, 0);
	for (i = 0; i < self->e.skel->bss->nr_offered; i++)
		EXPECT_NE(pid, self->e.skel->bss->offered[i].pid) TH_LOG("swapoff was offered");
}

/* O2: a policy may choose a new victim while another is dying. */
TEST_F(memcg, O2_second_victim_while_one_is_dying)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, hold_at_exit(&self->e.s.big));
	ASSERT_ATTACH(first);
	/* The first OOM takes the biggest and waits for it. */
	ASSERT_EQ(0, hog_grow(&self->e.s.trigger, self->e.s.grow));
	ASSERT_TRUE(held(&self->e.s.big, PATIENCE)) TH_LOG("big is not being killed");
	/* The policy sees no end of it. */
	self->e.table->rules[1] = (struct rule){
		.pid = self->e.s.small.pid, .verdict = BPF_EVAL_SELECT };
	self->e.table->rules[0] = (struct rule){
		.pid = self->e.s.big.pid, .verdict = BPF_EVAL_NEXT };
	EXPECT_EQ(SIGKILL, hog_killed(&self->e.s.small, PATIENCE));
	EXPECT_EQ(0, log_count(&self->e.s.log, "oom_reaper: reaped")) TH_LOG("it had to wait");
	EXPECT_EQ(0, hog_wait(&self->e.s.trigger, PATIENCE));
	EXPECT_EQ(2, cg_event(&self->e.s.domain, "memory.events", "oom_kill"));
	ptrace(PTRACE_DETACH, self->e.s.big.pid, 0, 0);
}

/*
 * V3: to select the dying victim is to wait for it: nobody else is killed, not
 * even one that is selected, too, and asked about later.
 */
TEST_F(memcg, V3_select_of_the_dying_waits)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, hold_at_exit(&self->e.s.big));
	rule_pid(self->e.table, &self->e.s.big, BPF_EVAL_SELECT);
	ASSERT_ATTACH(first);
	ASSERT_EQ(0, hog_grow(&self->e.s.trigger, self->e.s.grow));
	ASSERT_TRUE(held(&self->e.s.big, PATIENCE));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	/* The reaper ends the wait: the memory is there, the task still is, too. */
	EXPECT_EQ(0, hog_wait(&self->e.s.trigger, PATIENCE));
	EXPECT_TRUE(log_wait(&self->e.s.log, "oom_reaper: reaped", PATIENCE));
	EXPECT_EQ(1, cg_event(&self->e.s.domain, "memory.events", "oom_kill"));
	EXPECT_EQ(1, log_count(&self->e.s.log, "Killed process"));
	EXPECT_TRUE(hog_alive(&self->e.s.small));
	EXPECT_GT(self->e.table->asked, 3) TH_LOG("asked in one OOM only");
	ptrace(PTRACE_DETACH, self->e.s.big.pid, 0, 0);
}

/* V2: a child in vfork() has no memory of its own. */
TEST_F(memcg, V2_fail_select_in_vfork)
{
	struct hog child = { };

	ASSERT_EQ(0, odd_borrower(&self->e.s.small, &child, &self->e.s.cg_small, 10 * MB,
				  CLONE_VM | CLONE_VFORK));
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_big, 24 * MB, 0));
	rule_pid(self->e.table, &child, BPF_EVAL_SELECT);
	ASSERT_ATTACH(first);
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_TRUE(hog_alive(&child));
	kill(child.pid, SIGKILL);
}

/* P1: a selection that is refused chooses nobody; the kernel has to. */
TEST_F(memcg, P1_refused_selection)
{
	struct hog child = { };

	ASSERT_EQ(0, odd_borrower(&self->e.s.small, &child, &self->e.s.cg_small, 10 * MB,
				  CLONE_VM | CLONE_VFORK));
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_big, 24 * MB, 0));
	self->e.table->otherwise = BPF_EVAL_NEXT;
	rule_pid(self->e.table, &child, BPF_EVAL_SELECT);
	ASSERT_ATTACH(first);
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_TRUE(has_label(&self->e.s.log, "bpf fallback=none"));
	kill(child.pid, SIGKILL);
}

/*
 * V2: what the reaper has been at is not chosen again, neither the victim nor
 * one that shared its memory and was no victim itself.
 */
TEST_F(memcg, V2_fail_select_reaped)
{
	struct hog child = { };

	ASSERT_EQ(0, odd_borrower(&self->e.s.small, &child, &self->e.s.cg_small, 10 * MB,
				  CLONE_VM));
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_big, 24 * MB, 0));
	ASSERT_EQ(0, hold_at_exit(&self->e.s.small));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, child.pid, 0, PTRACE_O_TRACEEXIT));
	rule_pid(self->e.table, &self->e.s.small, BPF_EVAL_SELECT);
	rule_pid(self->e.table, &child, BPF_EVAL_SELECT);
	ASSERT_ATTACH(first);
	ASSERT_OOM();
	ASSERT_TRUE(log_wait(&self->e.s.log, "oom_reaper: reaped", PATIENCE));
	ASSERT_EQ(1, log_count(&self->e.s.log, "Killed process"));

	/* Both are still there, and selected; the kernel has to decide. */
	ASSERT_TRUE(hog_alive(&self->e.s.small) && hog_alive(&child));
	ASSERT_OOM();
	ASSERT_EQ(SIGKILL, hog_killed(&self->e.s.big, PATIENCE));
	ASSERT_EQ(2, log_count(&self->e.s.log, "Killed process"));
	ptrace(PTRACE_DETACH, self->e.s.small.pid, 0, 0);
	ptrace(PTRACE_DETACH, child.pid, 0, 0);
}

TEST_HARNESS_MAIN
