// SPDX-License-Identifier: GPL-2.0
/*
 * The policies in odd cases, loaded by oom-policy; rank_test.c has the usual
 * ones. Only what bpftool can do as well is done with it.
 */
#include <sched.h>

#include "command.h"
#include "oom_odd.h"
#include "oom_policy.h"

#define PIN "/sys/fs/bpf/oom_policy_test"

FIXTURE(policy)
{
	struct said said;
	struct scene s;
};

FIXTURE_SETUP(policy)
{
	nothing_loaded(&self->said);
	ASSERT_EQ(0, scene_memcg(&self->s));
}

FIXTURE_TEARDOWN(policy)
{
	run(&self->said, "rm -rf " PIN "; oom-policy unload --all");
	scene_end(&self->s);
}

/* The OOM was resolved by one kill, of this process. */
#define ASSERT_ONE_KILLED(hog)							\
	do {									\
		ASSERT_EQ(SIGKILL, hog_killed(hog, PATIENCE))			\
			TH_LOG("the wrong process, or none, was killed");	\
		ASSERT_EQ(1, log_count(&self->s.log, "Killed process"))		\
			TH_LOG("more than one was killed");			\
	} while (0)

/* The bytes of a key or value, as bpftool wants them: in the order of the machine. */
static size_t bytes(char *cmd, size_t room, const char *what, const void *data, size_t size)
{
	const unsigned char *byte = data;
	size_t len, i;

	len = snprintf(cmd, room, " %s", what);
	for (i = 0; i < size; i++)
		len += snprintf(cmd + len, room - len, " %u", byte[i]);
	return len;
}

static int update_map(const char *map, const void *key, size_t key_size,
		      const void *value, size_t value_size)
{
	char cmd[512];
	size_t len;
	int ms;

	len = snprintf(cmd, sizeof(cmd), "bpftool map update name %s", map);
	len += bytes(cmd + len, sizeof(cmd) - len, "key", key, key_size);
	len += bytes(cmd + len, sizeof(cmd) - len, "value", value, value_size);
	snprintf(cmd + len, sizeof(cmd) - len, " >&2");
	/* A map of the test before may still be there: it goes after a while. */
	for (ms = 0; ms < PATIENCE; ms += 100) {
		if (!system(cmd))
			return 0;
		usleep(100000);
	}
	return -1;
}

/* With bpftool only, as the policies' own comments say it. */
TEST_F(policy, bpftool_alone)
{
	struct oom_pid rule = { .verdict = 3 };

	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "bpftool prog loadall ${OOM_POLICY_DIR:-.}/pid.bpf.o " PIN " autoattach");
	rule.start = start_ticks(self->s.small.pid);
	ASSERT_EQ(0, update_map("oom_pids", &self->s.small.pid, 4, &rule, sizeof(rule)));
	ASSERT_EQ(0, scene_oom(&self->s));
	ASSERT_ONE_KILLED(&self->s.small);
	ASSERT_EQ(1, log_count(&self->s.log, "\noom_policy=pid victim=policy\n"));
}

/* One that is not in the cgroup that is short of memory helps nobody. */
TEST_F(policy, pid_elsewhere_is_the_kernels_choice)
{
	struct cg elsewhere;
	struct hog hog = { };

	ASSERT_EQ(0, group_create(&elsewhere, NULL, "oom_elsewhere", 0));
	ASSERT_EQ(0, hog_start(&hog, &elsewhere, 30 * MIB, 0));
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load pid --set %d=first", hog.pid);
	ASSERT_EQ(0, scene_oom(&self->s));
	EXPECT_TRUE(hog_alive(&hog));
	hog_stop(&hog);
	group_destroy(&elsewhere);
	ASSERT_ONE_KILLED(&self->s.big);
	ASSERT_EQ(0, log_count(&self->s.log, "oom_policy="));
}

/* The same id, but one that started at another time: not the one that was meant. */
TEST_F(policy, pid_of_another_is_not_hit)
{
	struct oom_pid rule = { .verdict = 3 };

	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load pid");
	rule.start = start_ticks(self->s.small.pid) - 1;
	ASSERT_EQ(0, update_map("oom_pids", &self->s.small.pid, 4, &rule, sizeof(rule)));
	ASSERT_EQ(0, scene_oom(&self->s));
	ASSERT_ONE_KILLED(&self->s.big);
	ASSERT_EQ(0, log_count(&self->s.log, "oom_policy="));
}

TEST_F(policy, pid_empty_is_the_kernels_choice)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load pid");
	ASSERT_EQ(0, scene_oom(&self->s));
	ASSERT_ONE_KILLED(&self->s.big);
	ASSERT_EQ(0, log_count(&self->s.log, "oom_policy="));
}

/*
 * Of three the biggest cannot be had: it is in vfork(). The last in the list is
 * smaller than that one, but bigger than the first.
 */
TEST_F(policy, refused_selection_is_forgotten)
{
	struct hog parent, child;
	char adj[64];

	ASSERT_EQ(0, hog_start(&self->s.small, &self->s.cg_big, 6 * MIB, 0));
	ASSERT_EQ(0, odd_shared(&parent, &child, &self->s.cg_small, 26 * MIB,
				      CLONE_VM | CLONE_VFORK));
	/* The owner of the memory cannot be chosen, so this is not a fourth choice. */
	snprintf(adj, sizeof(adj), "/proc/%d/oom_score_adj", parent.pid);
	ASSERT_EQ(0, write_file(adj, "-1000"));
	ASSERT_RUN(0, "oom-policy load cgroup --set /oom_test=prefer");
	ASSERT_EQ(-ECHILD, scene_oom(&self->s)) TH_LOG("the trigger was not chosen");
	ASSERT_ONE_KILLED(&self->s.trigger);
	kill(child.pid, SIGKILL);
	hog_stop(&parent);
}

/* Of several in it the biggest, which is the first in the list. */
TEST_F(policy, cgroup_select_the_biggest)
{
	struct hog little = { };

	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_EQ(0, hog_start(&little, &self->s.cg_small, MIB, 0));
	ASSERT_RUN(0, "oom-policy load cgroup --set /oom_test/small=prefer");
	ASSERT_EQ(0, scene_oom(&self->s));
	ASSERT_ONE_KILLED(&self->s.small);
	hog_stop(&little);
}

/* The nearest cgroup counts: all of the domain is spared, but for small. */
TEST_F(policy, cgroup_nearest_ancestor_counts)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load cgroup --set /oom_test=never --set /oom_test/small=prefer");
	ASSERT_EQ(0, scene_oom(&self->s));
	ASSERT_ONE_KILLED(&self->s.small);
}

/* All of a subtree is spared, but for a part that is left to the kernel. */
TEST_F(policy, cgroup_subtree)
{
	ASSERT_EQ(0, hog_start(&self->s.big, &self->s.cg_small, 22 * MIB, 0));
	ASSERT_EQ(0, hog_start(&self->s.small, &self->s.cg_big, 12 * MIB, 0));
	ASSERT_RUN(0, "oom-policy load cgroup --set /oom_test=never --set /oom_test/big=none");
	ASSERT_EQ(0, scene_oom(&self->s));
	ASSERT_ONE_KILLED(&self->s.small);
}

/* A cgroup that was given little cannot give a part of itself more. */
TEST_F(policy, priority_child_not_above_parent)
{
	struct cg child;

	ASSERT_EQ(0, cg_write(self->s.cg_small.path, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, group_create(&child, &self->s.cg_small, "child", 0));
	ASSERT_EQ(0, hog_start(&self->s.big, &self->s.cg_big, 24 * MIB, 0));
	ASSERT_EQ(0, hog_start(&self->s.small, &child, 10 * MIB, 0));
	ASSERT_RUN(0, "oom-policy load priority --set default=5 --set /oom_test/small=1 --set /oom_test/small/child=12");
	ASSERT_EQ(0, scene_oom(&self->s));
	EXPECT_EQ(SIGKILL, hog_killed(&self->s.small, PATIENCE));
	EXPECT_EQ(1, log_count(&self->s.log, "Killed process"));
	group_destroy(&child);
}

/* Equal priorities: the bigger cgroup, though its processes are smaller. */
TEST_F(policy, priority_tie_by_cgroup)
{
	struct hog twin = { };

	ASSERT_EQ(0, hog_start(&self->s.big, &self->s.cg_big, 14 * MIB, 0));
	ASSERT_EQ(0, hog_start(&self->s.small, &self->s.cg_small, 12 * MIB, 0));
	ASSERT_EQ(0, hog_start(&twin, &self->s.cg_small, 8 * MIB, 0));
	ASSERT_RUN(0, "oom-policy load priority --set /oom_test/big=3 --set /oom_test/small=3");
	ASSERT_EQ(0, scene_oom(&self->s));
	ASSERT_ONE_KILLED(&self->s.small);
	hog_stop(&twin);
}

/* Without a priority anywhere all are in the middle, and the size of cgroups decides. */
TEST_F(policy, priority_empty_is_by_size)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load priority");
	ASSERT_EQ(0, scene_oom(&self->s));
	ASSERT_ONE_KILLED(&self->s.big);
	ASSERT_EQ(1, log_count(&self->s.log, "oom_policy=priority victim=policy"));
}

/* With memory.oom.group a tree counts as one, and all of it dies. */
TEST_F(policy, cgroup_size_group_counts_as_one)
{
	struct hog twin = { };
	struct cg left, right;

	ASSERT_EQ(0, cg_write(self->s.cg_small.path, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, cg_write(self->s.cg_small.path, "memory.oom.group", "1"));
	ASSERT_EQ(0, group_create(&left, &self->s.cg_small, "left", 0));
	ASSERT_EQ(0, group_create(&right, &self->s.cg_small, "right", 0));
	ASSERT_EQ(0, hog_start(&self->s.big, &self->s.cg_big, 14 * MIB, 0));
	ASSERT_EQ(0, hog_start(&self->s.small, &left, 12 * MIB, 0));
	ASSERT_EQ(0, hog_start(&twin, &right, 8 * MIB, 0));
	ASSERT_RUN(0, "oom-policy load cgroup-size");
	ASSERT_EQ(0, scene_oom(&self->s));
	EXPECT_EQ(SIGKILL, hog_killed(&self->s.small, PATIENCE));
	EXPECT_EQ(SIGKILL, hog_killed(&twin, PATIENCE));
	EXPECT_TRUE(hog_alive(&self->s.big));
	group_destroy(&left);
	group_destroy(&right);
}

/* As many as there are may be loaded: the one loaded last is asked first. */
TEST_F(policy, stacked_the_last_is_asked_first)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load cgroup --set /oom_test=never");
	ASSERT_RUN(0, "oom-policy load pid --set %d=first", self->s.small.pid);
	EXPECT_EQ(0, scene_oom(&self->s));
	ASSERT_ONE_KILLED(&self->s.small);
	ASSERT_EQ(1, log_count(&self->s.log, "\noom_policy=pid victim=policy\n"));
}

/* The target of one policy may be spared by another: then it has no say in the OOM. */
TEST_F(policy, stacked_the_target_is_spared)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load pid --set %d=first", self->s.small.pid);
	ASSERT_RUN(0, "oom-policy load cgroup --set /oom_test/small=never --set /oom_test/big=never");
	EXPECT_EQ(-ECHILD, scene_oom(&self->s));
	ASSERT_ONE_KILLED(&self->s.trigger);
	ASSERT_EQ(0, log_count(&self->s.log, "fallback="));
}

/*
 * Both have a candidate, and the one of the policy that is asked later comes
 * later in the list: it does not displace the other.
 */
TEST_F(policy, stacked_the_first_asked_wins)
{
	ASSERT_EQ(0, hog_start(&self->s.small, &self->s.cg_big, 10 * MIB, 0));
	ASSERT_EQ(0, hog_start(&self->s.big, &self->s.cg_small, 24 * MIB, 0));
	ASSERT_RUN(0, "oom-policy load cgroup-size");
	ASSERT_RUN(0, "oom-policy load cgroup --set /oom_test/big=prefer");
	EXPECT_EQ(0, scene_oom(&self->s));
	ASSERT_ONE_KILLED(&self->s.small);
}

TEST_F(policy, removed_is_the_kernels_choice)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load pid --set %d=first", self->s.small.pid);
	ASSERT_RUN(0, "oom-policy unload pid");
	ASSERT_EQ(0, scene_oom(&self->s));
	ASSERT_ONE_KILLED(&self->s.big);
}

/* Cgroups nested deeply, to get away from the rules of an ancestor. */
static int deep(struct cg *levels, int nr, struct cg *at)
{
	char name[16];
	int i, ret = 0;

	for (i = 0; i < nr && !ret; i++) {
		snprintf(name, sizeof(name), "%d", i);
		ret = group_create(&levels[i], i ? &levels[i - 1] : at, name, 0);
	}
	return ret;
}

static void deep_end(struct cg *levels, int nr)
{
	while (nr--)
		group_destroy(&levels[nr]);
}

TEST_F(policy, cgroup_deep)
{
	struct cg levels[40] = { };

	ASSERT_EQ(0, deep(levels, 40, &self->s.cg_small));
	EXPECT_EQ(0, hog_start(&self->s.small, &levels[39], 10 * MIB, 0));
	EXPECT_EQ(0, hog_start(&self->s.big, &self->s.cg_big, 24 * MIB, 0));
	ASSERT_RUN(0, "oom-policy load cgroup --set /oom_test/small=prefer");
	EXPECT_EQ(0, scene_oom(&self->s));
	EXPECT_EQ(SIGKILL, hog_killed(&self->s.small, PATIENCE));
	deep_end(levels, 40);
}

TEST_F(policy, priority_deep)
{
	struct cg levels[40] = { };

	ASSERT_EQ(0, deep(levels, 40, &self->s.cg_small));
	EXPECT_EQ(0, hog_start(&self->s.small, &levels[39], 10 * MIB, 0));
	EXPECT_EQ(0, hog_start(&self->s.big, &self->s.cg_big, 24 * MIB, 0));
	ASSERT_RUN(0, "oom-policy load priority --set /oom_test/small=1 --set default=5");
	EXPECT_EQ(0, scene_oom(&self->s));
	EXPECT_EQ(SIGKILL, hog_killed(&self->s.small, PATIENCE));
	deep_end(levels, 40);
}

TEST_HARNESS_MAIN
