// SPDX-License-Identifier: GPL-2.0
/*
 * Each policy, loaded by oom-policy, where it and the kernel disagree: whom rank
 * puts first before the OOM is killed in it.
 */
#include <sys/xattr.h>

#include "command.h"
#include "oom_odd.h"

FIXTURE(rank)
{
	struct said said;
	struct scene s;
};

FIXTURE_SETUP(rank)
{
	nothing_loaded(&self->said);
	ASSERT_EQ(0, scene_memcg(&self->s));
}

FIXTURE_TEARDOWN(rank)
{
	run(&self->said, "oom-policy unload --all");
	scene_end(&self->s);
}

/* The first in the ranking is killed and, if a policy is given, by its choice. */
#define ASSERT_FIRST_DIES(hog, policy) ASSERT_FIRST_DIES_BY(hog, policy, policy)

/* The label of a list has the line that decided. */
#define ASSERT_FIRST_DIES_BY(hog, policy, label)				\
	do {									\
		ASSERT_RUN(0, "oom-policy rank --cgroup /oom_test --json");	\
		ASSERT_EQ((hog)->pid, atoi(field(&self->said, 0, "pid")))	\
			TH_LOG("%s", self->said.out);				\
		ASSERT_STREQ(policy, field(&self->said, 0, "policy"));		\
		scene_oom(&self->s);						\
		ASSERT_KILLED(hog);						\
		ASSERT_EQ(!!*(policy),						\
			  !!log_count(&self->s.log, "\noom_policy=" label " victim=policy\n")); \
	} while (0)

/* Nothing is loaded: the kernel's own choice is foretold, too. */
TEST_F(rank, kernel)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_FIRST_DIES(&self->s.big, "");
	/* Without systemd no unit is stopped. */
	ASSERT_STREQ("", field(&self->said, 0, "stopped_unit"));
}

TEST_F(rank, kernel_with_oom_score_adj)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 900));
	ASSERT_FIRST_DIES(&self->s.small, "");
}

TEST_F(rank, pid)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load pid --set %d=first", self->s.small.pid);
	ASSERT_FIRST_DIES(&self->s.small, "pid");
}

TEST_F(rank, pid_never)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load pid --set %d=never --set %d=never", self->s.big.pid,
		   self->s.trigger.pid);
	ASSERT_RUN(0, "oom-policy rank --cgroup /oom_test --json");
	ASSERT_EQ(self->s.small.pid, atoi(field(&self->said, 0, "pid")));
	ASSERT_STREQ("spared by pid", field(&self->said, 1, "why"));
	scene_oom(&self->s);
	ASSERT_KILLED(&self->s.small);
}

/* Of those without a rule none is left to the kernel, until nobody else is there. */
TEST_F(rank, pid_spares_the_others)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load pid --set %d=first --set others=spare", self->s.small.pid);
	ASSERT_RUN(0, "oom-policy rank --cgroup /oom_test --json");
	ASSERT_STREQ("spared by pid", field(&self->said, 1, "why"));
	ASSERT_FIRST_DIES(&self->s.small, "pid");
	scene_oom(&self->s);
	ASSERT_EQ(SIGKILL, hog_killed(&self->s.big, PATIENCE));
	ASSERT_EQ(1, log_count(&self->s.log, "\noom_policy=pid victim=kernel fallback=none\n"));
}

TEST_F(rank, cgroup_prefer)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load cgroup --set /oom_test/small=prefer");
	ASSERT_FIRST_DIES(&self->s.small, "cgroup");
}

TEST_F(rank, cgroup_never)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load cgroup --set /oom_test/big=never --set /oom_test/trigger=never");
	scene_oom(&self->s);
	ASSERT_KILLED(&self->s.small);
}

TEST_F(rank, cgroup_only)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load cgroup --set /oom_test/small=only");
	ASSERT_RUN(0, "oom-policy rank --cgroup /oom_test --json");
	ASSERT_EQ(self->s.small.pid, atoi(field(&self->said, 0, "pid")));
	scene_oom(&self->s);
	ASSERT_KILLED(&self->s.small);
}

TEST_F(rank, priority)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load priority --set /oom_test/big=10 --set /oom_test/small=1");
	ASSERT_FIRST_DIES(&self->s.small, "priority");
}

/* Those without a priority have the default, which is the lowest here. */
TEST_F(rank, priority_default)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load priority --set default=1 --set /oom_test/big=12 --set /oom_test/trigger=2");
	ASSERT_FIRST_DIES(&self->s.small, "priority");
}

TEST_F(rank, cgroup_size)
{
	struct hog twin = { };

	ASSERT_EQ(0, hog_start(&self->s.big, &self->s.cg_big, 14 * MIB, 0));
	ASSERT_EQ(0, hog_start(&self->s.small, &self->s.cg_small, 12 * MIB, 0));
	ASSERT_EQ(0, hog_start(&twin, &self->s.cg_small, 8 * MIB, 0));
	ASSERT_RUN(0, "oom-policy load cgroup-size");
	/* In it the younger one, which is not much smaller. */
	ASSERT_FIRST_DIES(&twin, "cgroup-size");
	hog_stop(&twin);
}

/* The root is charged for nothing: its processes count one by one. */
TEST_F(rank, cgroup_size_of_the_root)
{
	struct hog one = { }, two = { };

	ASSERT_EQ(0, hog_start(&self->s.big, &self->s.cg_big, 24 * MIB, 0));
	ASSERT_EQ(0, hog_start(&one, NULL, 32 * MIB, 0));
	ASSERT_EQ(0, hog_start(&two, NULL, 16 * MIB, 0));
	ASSERT_RUN(0, "oom-policy rank --json");
	EXPECT_EQ(one.pid, atoi(field(&self->said, 0, "pid")));
	ASSERT_RUN(0, "oom-policy rank cgroup-size --json");
	EXPECT_EQ(one.pid, atoi(field(&self->said, 0, "pid"))) TH_LOG("%s", self->said.out);
	EXPECT_EQ(self->s.big.pid, atoi(field(&self->said, 1, "pid")));
	EXPECT_EQ(two.pid, atoi(field(&self->said, 2, "pid")));
	hog_stop(&one);
	hog_stop(&two);
}

/* The memory of a process whose first thread has ended is found at another thread. */
TEST_F(rank, first_thread_ended)
{
	ASSERT_EQ(0, hog_start(&self->s.big, &self->s.cg_big, 12 * MIB, 0));
	ASSERT_EQ(0, odd_leaderless(&self->s.small, &self->s.cg_small, 20 * MIB));
	ASSERT_RUN(0, "oom-policy load rss");
	ASSERT_RUN(0, "oom-policy rank --cgroup /oom_test --json");
	ASSERT_EQ(self->s.small.pid, atoi(field(&self->said, 0, "pid")));
	ASSERT_LE(20 * 1024, atoi(field(&self->said, 0, "size_kib")));
	scene_oom(&self->s);
	/* The kernel reports the id of the thread. */
	ASSERT_EQ(SIGKILL, hog_killed(&self->s.small, PATIENCE));
	ASSERT_TRUE(hog_alive(&self->s.big));
	ASSERT_NE(0, log_count(&self->s.log, "\noom_policy=rules victim=policy\n"));
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ("1", field(&self->said, 0, "victims"));
}

/* Decides nothing, and knows whom rss would have taken. */
TEST_F(rank, observe)
{
	char want[32];
	pid_t big;

	ASSERT_EQ(0, scene_hogs(&self->s, false, 900));
	big = self->s.big.pid;
	ASSERT_RUN(0, "oom-policy load observe");
	ASSERT_FIRST_DIES(&self->s.small, "");
	ASSERT_EQ(0, log_count(&self->s.log, "oom_policy="));
	ASSERT_RUN(0, "oom-policy status --json");
	snprintf(want, sizeof(want), "big[%d]", big);
	ASSERT_STREQ(want, field(&self->said, 0, "last_choice"));
	ASSERT_LT(0, atoi(field(&self->said, 0, "ooms")));
	ASSERT_STREQ("0", field(&self->said, 0, "victims"));
}

/* So can any other. */
TEST_F(rank, observing)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load name --set small=prefer --set observe=yes");
	ASSERT_FIRST_DIES(&self->s.big, "");
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_EQ(0, strncmp("small[", field(&self->said, 0, "last_choice"), 6));
}

/* Each takes what is its own, the one loaded last first. */
TEST_F(rank, stacked)
{
	ASSERT_EQ(0, scene_hogs(&self->s, true, 0));
	ASSERT_RUN(0, "oom-policy load rss");
	ASSERT_RUN(0, "oom-policy load name --set small=prefer");
	ASSERT_RUN(0, "oom-policy load cgroup --set /oom_test/trigger=never");
	ASSERT_RUN(0, "oom-policy rank --cgroup /oom_test --json");
	ASSERT_EQ(self->s.small.pid, atoi(field(&self->said, 0, "pid")));
	ASSERT_EQ(self->s.big.pid, atoi(field(&self->said, 1, "pid")));
	ASSERT_STREQ("rules", field(&self->said, 1, "policy"));
	ASSERT_EQ(self->s.trigger.pid, atoi(field(&self->said, 2, "pid")));
	ASSERT_STREQ("", field(&self->said, 2, "rank"));
	scene_oom(&self->s);
	ASSERT_KILLED(&self->s.small);
}

/* Each policy counts its own choices and outcomes only. */
TEST_F(rank, counts)
{
	ASSERT_EQ(0, scene_hogs(&self->s, true, 0));
	ASSERT_RUN(0, "oom-policy load cgroup-size");
	ASSERT_RUN(0, "oom-policy load rules --set 'never name=nobody' --set 'first name=small'");
	scene_oom(&self->s);
	ASSERT_KILLED(&self->s.small);
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ("rules", field(&self->said, 0, "label"));
	ASSERT_LT(0, atoi(field(&self->said, 0, "ooms")));
	ASSERT_STREQ("1", field(&self->said, 0, "victims"));
	ASSERT_EQ(0, strncmp("{ \"policy\": 1,", field(&self->said, 0, "outcomes"), 14))
		TH_LOG("%s", self->said.out);
	ASSERT_NE(NULL, strstr(field(&self->said, 0, "rules"), "\"first name=small\", \"cgroups\": null, \"processes\": 0, \"victims\": 1"))
		TH_LOG("%s", self->said.out);
	ASSERT_LT(0, atoi(field(&self->said, 1, "ooms")));
	ASSERT_STREQ("0", field(&self->said, 1, "fallbacks"));
	ASSERT_EQ(0, strncmp("{ \"policy\": 0,", field(&self->said, 1, "outcomes"), 14));
}

/* The label of one begins with that of the other. */
TEST_F(rank, counts_of_a_longer_label)
{
	ASSERT_EQ(0, scene_hogs(&self->s, true, 0));
	ASSERT_RUN(0, "oom-policy load cgroup --set /oom_test/none=never");
	ASSERT_RUN(0, "oom-policy load cgroup-size");
	scene_oom(&self->s);
	ASSERT_KILLED(&self->s.big);
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ("cgroup-size", field(&self->said, 0, "label"));
	ASSERT_EQ(0, strncmp("{ \"policy\": 1,", field(&self->said, 0, "outcomes"), 14))
		TH_LOG("%s", self->said.out);
	ASSERT_STREQ("cgroup", field(&self->said, 1, "label"));
	ASSERT_EQ(0, strncmp("{ \"policy\": 0,", field(&self->said, 1, "outcomes"), 14))
		TH_LOG("%s", self->said.out);
}

/* All are spared: the kernel has to choose, which is a fallback. */
TEST_F(rank, fallback_is_counted)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load name --set '*=never'");
	scene_oom(&self->s);
	ASSERT_KILLED(&self->s.big);
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_LT(0, atoi(field(&self->said, 0, "fallbacks")));
	ASSERT_STREQ("0", field(&self->said, 0, "victims"));
}

/* Of a policy that is not loaded, with rules of its own; nothing is loaded by that. */
TEST_F(rank, what_if)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy rank --cgroup /oom_test name --set small=prefer --json");
	ASSERT_EQ(self->s.small.pid, atoi(field(&self->said, 0, "pid")));
	ASSERT_STREQ("/oom_test/small", field(&self->said, 0, "cgroup"));
	ASSERT_RUN(0, "oom-policy status");
	ASSERT_SAYS(out, "No policy");
	ASSERT_FIRST_DIES(&self->s.big, "");
}

/* Two of 12M and 8M in one part of the tree, 14M in another. */
TEST_F(rank, tree)
{
	struct cg left, right;
	struct hog twin = { };

	ASSERT_EQ(0, cg_write(self->s.cg_small.path, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, group_create(&left, &self->s.cg_small, "left", 0));
	ASSERT_EQ(0, group_create(&right, &self->s.cg_small, "right", 0));
	ASSERT_EQ(0, hog_start(&self->s.big, &self->s.cg_big, 14 * MIB, 0));
	ASSERT_EQ(0, hog_start(&self->s.small, &left, 12 * MIB, 0));
	ASSERT_EQ(0, hog_start(&twin, &right, 8 * MIB, 0));
	ASSERT_RUN(0, "oom-policy rank rules --set 'rank cgroup-size' --cgroup /oom_test --json");
	EXPECT_EQ(self->s.big.pid, atoi(field(&self->said, 0, "pid")));
	ASSERT_RUN(0, "oom-policy load rules --set 'rank cgroup-tree'");
	ASSERT_RUN(0, "oom-policy rank --cgroup /oom_test --json");
	EXPECT_EQ(self->s.small.pid, atoi(field(&self->said, 0, "pid")));
	scene_oom(&self->s);
	EXPECT_EQ(SIGKILL, hog_killed(&self->s.small, PATIENCE));
	EXPECT_TRUE(hog_alive(&self->s.big));
	hog_stop(&twin);
	group_destroy(&left);
	group_destroy(&right);
}

/*
 * Rule lists. The programs stay loaded for all that follow, as it takes seconds to verify
 * them; load replaces the list.
 */
FIXTURE(lists)
{
	struct said said;
	struct scene s;
};

static void nothing_but_an_empty_list(struct said *said)
{
	run(said, "echo 'rank score' >/tmp/rules; "
	    "if [ \"$(ls " PINS ")\" = rules ]; then oom-policy load /tmp/rules; else oom-policy unload --all; fi");
}

FIXTURE_SETUP(lists)
{
	nothing_but_an_empty_list(&self->said);
	ASSERT_EQ(0, scene_memcg(&self->s));
}

FIXTURE_TEARDOWN(lists)
{
	scene_end(&self->s);
}

/* The kernel would take the small one, for its oom_score_adj. */
TEST_F(lists, rss)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 900));
	ASSERT_RUN(0, "oom-policy load rss");
	ASSERT_FIRST_DIES(&self->s.big, "rules");
}

TEST_F(lists, age_youngest)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load age");
	ASSERT_FIRST_DIES(&self->s.small, "rules");
}

TEST_F(lists, age_oldest)
{
	ASSERT_EQ(0, scene_hogs(&self->s, true, 0));
	ASSERT_RUN(0, "oom-policy load age --set order=oldest");
	/* The trigger is older, but too small until it asks for memory. */
	ASSERT_RUN(0, "oom-policy rank --cgroup /oom_test --json");
	ASSERT_EQ(self->s.small.pid, atoi(field(&self->said, 0, "pid"))) TH_LOG("%s", self->said.out);
	ASSERT_RUN(0, "oom-policy set rules 'never name=trigger'");
	ASSERT_FIRST_DIES(&self->s.small, "rules");
}

/* The youngest is too little to be worth it, which leaves the second youngest. */
TEST_F(lists, age_min)
{
	struct hog little = { };

	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_EQ(0, hog_start(&little, &self->s.cg_small, 2 * MIB, 0));
	ASSERT_RUN(0, "oom-policy load age --set min=8");
	ASSERT_FIRST_DIES(&self->s.small, "rules");
	hog_stop(&little);
}

TEST_F(lists, name)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load name --set small=prefer");
	ASSERT_FIRST_DIES_BY(&self->s.small, "rules", "rules:01");
}

/* A name is whole, if there is no * behind it. */
TEST_F(lists, name_is_whole)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load name --set smal=prefer --set smaller=prefer");
	ASSERT_FIRST_DIES(&self->s.big, "rules");
}

/* The longest that fits counts: all are spared, but for one. */
TEST_F(lists, name_prefix)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load name --set '*=never' --set 'sma*=prefer'");
	ASSERT_FIRST_DIES_BY(&self->s.small, "rules", "rules:01");
}

/* Marks are followed as they change, without a reload. */
TEST_F(lists, systemd_omit)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load systemd");
	ASSERT_RUN(0, "oom-policy rank --cgroup /oom_test --json");
	ASSERT_EQ(self->s.big.pid, atoi(field(&self->said, 0, "pid")));
	/* Others beside them, that mean nothing. */
	ASSERT_EQ(0, setxattr(self->s.cg_big.path, "user.a", "1", 1, 0));
	ASSERT_EQ(0, setxattr(self->s.cg_big.path, "user.zzz", "1", 1, 0));
	ASSERT_EQ(0, setxattr(self->s.cg_big.path, "user.oomd_omit", "1", 1, 0));
	ASSERT_EQ(0, setxattr(self->s.cg_trigger.path, "user.oomd_omit", "1", 1, 0));
	ASSERT_EQ(0, setxattr(self->s.cg_small.path, "user.oomd_omit", "0", 1, 0));
	ASSERT_FIRST_DIES(&self->s.small, "rules");
}

TEST_F(lists, systemd_mark_taken_away)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_EQ(0, setxattr(self->s.cg_big.path, "user.oomd_omit", "1", 1, 0));
	ASSERT_RUN(0, "oom-policy load systemd");
	ASSERT_RUN(0, "oom-policy rank --cgroup /oom_test --json");
	ASSERT_EQ(self->s.small.pid, atoi(field(&self->said, 0, "pid")));
	ASSERT_EQ(0, removexattr(self->s.cg_big.path, "user.oomd_omit"));
	ASSERT_FIRST_DIES(&self->s.big, "rules");
}

/* To be avoided: after all others, but before those that are omitted. */
TEST_F(lists, systemd_avoid)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_EQ(0, setxattr(self->s.cg_big.path, "user.oomd_omit", "1", 1, 0));
	ASSERT_EQ(0, setxattr(self->s.cg_small.path, "user.oomd_avoid", "1", 1, 0));
	ASSERT_EQ(0, setxattr(self->s.cg_trigger.path, "user.oomd_avoid", "1", 1, 0));
	ASSERT_RUN(0, "oom-policy load systemd");
	ASSERT_RUN(0, "oom-policy rank --cgroup /oom_test --json");
	ASSERT_EQ(self->s.small.pid, atoi(field(&self->said, 0, "pid")));
	/* One that is not marked goes before it, however small. */
	ASSERT_EQ(0, removexattr(self->s.cg_trigger.path, "user.oomd_avoid"));
	ASSERT_FIRST_DIES(&self->s.trigger, "rules");
}

/* The marks of a cgroup are those of what is below it, too. */
TEST_F(lists, systemd_below)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_EQ(0, setxattr(self->s.domain.path, "user.oomd_avoid", "1", 1, 0));
	ASSERT_EQ(0, setxattr(self->s.cg_big.path, "user.oomd_omit", "1", 1, 0));
	ASSERT_EQ(0, setxattr(self->s.cg_trigger.path, "user.oomd_omit", "1", 1, 0));
	ASSERT_RUN(0, "oom-policy load systemd");
	ASSERT_FIRST_DIES_BY(&self->s.small, "rules", "rules:02");
}

TEST_F(lists, unkillable_spared)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, -1000));
	/* Named by its oom_score_adj, so that it is no last resort. */
	ASSERT_RUN(0, "echo 'first name=small adj<=-1000' >/tmp/rules; oom-policy load /tmp/rules");
	ASSERT_FIRST_DIES(&self->s.big, "rules");
}

TEST_F(lists, unkillable_killed)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, -1000));
	ASSERT_RUN(0, "oom-policy load name --set small=prefer --set unkillable=kill");
	ASSERT_FIRST_DIES_BY(&self->s.small, "rules", "rules:01");
}

/* A zombie is not chosen. */
TEST_F(lists, ended)
{
	struct hog zombie = { };
	int i;

	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_EQ(0, odd_zombie(&zombie, &self->s.cg_small));
	ASSERT_RUN(0, "oom-policy load name --set '*=prefer'");
	ASSERT_RUN(0, "oom-policy rank --json");
	for (i = 0; strcmp(field(&self->said, i, "pid"), "") &&
	     atoi(field(&self->said, i, "pid")) != zombie.pid; i++)
		;
	EXPECT_STREQ("", field(&self->said, i, "rank"));
	EXPECT_STREQ("has ended: nothing to free", field(&self->said, i, "why"));
	waitpid(zombie.pid, NULL, 0);
}

/* In place: the process of a line changes its class while the list is at work. */
TEST_F(lists, set_and_unset)
{
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load rules --set 'rank size'");
	ASSERT_RUN(0, "oom-policy set rules 'never name=big' 'first cgroup=/oom_test/small'");
	ASSERT_RUN(0, "oom-policy rank --cgroup /oom_test --json");
	ASSERT_EQ(self->s.small.pid, atoi(field(&self->said, 0, "pid")));
	ASSERT_STREQ("2", field(&self->said, 0, "line"));
	ASSERT_RUN(0, "oom-policy status rules");
	ASSERT_SAYS(out, "never name=big");
	ASSERT_RUN(0, "oom-policy unset rules 'never name=big'");
	ASSERT_RUN(0, "oom-policy set rules 'last cgroup=/oom_test/small'");
	ASSERT_FIRST_DIES(&self->s.big, "rules");
}

/* Each kind of condition. */
FIXTURE(conditions)
{
	struct said said;
	struct scene s;
};

FIXTURE_VARIANT(conditions)
{
	const char *list;
	bool big;
};

FIXTURE_SETUP(conditions)
{
	nothing_but_an_empty_list(&self->said);
	ASSERT_EQ(0, scene_memcg(&self->s));
}

FIXTURE_TEARDOWN(conditions)
{
	scene_end(&self->s);
}

#define CONDITION(variant, text)						\
	FIXTURE_VARIANT_ADD(conditions, variant) { .list = text }
#define CONDITION_OF_BIG(variant, text)						\
	FIXTURE_VARIANT_ADD(conditions, variant) { .list = text, .big = true }

CONDITION(name, "first name=sm*ll");
CONDITION(exe, "first exe=rank_test name=small");
CONDITION_OF_BIG(exe_of_another, "first exe=busybox");
CONDITION(uid, "never uid=0 name=big\nlast name=trigger");
CONDITION_OF_BIG(uid_of_another, "first uid=1 name=small");
CONDITION(gid, "first gid=0 name=small");
CONDITION(cgroup, "first cgroup=/oom_test/small");
CONDITION(cgroup_pattern, "first cgroup=/*/s*l");
CONDITION(cgroup_depth, "first cgroup=/**/small");
CONDITION_OF_BIG(cgroup_below, "first cgroup=/oom_test/small/**");
CONDITION(scope, "first scope=/oom_test name=small");
CONDITION_OF_BIG(scope_of_another, "first scope=/oom_test/** name=small");
CONDITION_OF_BIG(scope_global, "first scope=global name=small");
CONDITION(adj, "first adj=0 name=small");
CONDITION_OF_BIG(adj_of_another, "first adj>=1 name=small");
CONDITION(size, "first size<=11M size>=9M");
CONDITION(age, "first age<=1h name=small");
CONDITION_OF_BIG(age_of_another, "first age>=1h name=small");
CONDITION(mark, "first mark=none name=small");
CONDITION_OF_BIG(mark_of_another, "first mark=omit name=small");
CONDITION(number, "3 name=small");
CONDITION_OF_BIG(number_in_the_middle, "6 name=small");
CONDITION(last, "last name=big\nlast name=trigger");
CONDITION(never, "never name=big\nnever name=trigger");
CONDITION(first_match, "first name=small\nnever name=*");
CONDITION_OF_BIG(kernel, "kernel name=*");
CONDITION_OF_BIG(private, "rank private");
CONDITION_OF_BIG(cgroup_size, "rank cgroup-size");
CONDITION_OF_BIG(cgroup_tree, "rank cgroup-tree");
CONDITION(youngest, "rank youngest");

/* The process that rank puts first dies. */
TEST_F(conditions, die)
{
	struct hog *victim = variant->big ? &self->s.big : &self->s.small;

	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_EQ(0, save("/tmp/rules", variant->list));
	ASSERT_RUN(0, "oom-policy load /tmp/rules");
	ASSERT_RUN(0, "oom-policy rank --cgroup /oom_test --json");
	ASSERT_EQ(victim->pid, atoi(field(&self->said, 0, "pid"))) TH_LOG("%s", self->said.out);
	ASSERT_STREQ("rules", field(&self->said, 0, "policy"));
	scene_oom(&self->s);
	ASSERT_KILLED(victim);
	ASSERT_LT(0, log_count(&self->s.log, "\noom_policy=rules"));
	ASSERT_LT(0, log_count(&self->s.log, " victim=policy\n"));
}

/* Small differs in one thing from big, which is evaluated before it. */
FIXTURE(another)
{
	struct said said;
	struct scene s;
};

FIXTURE_VARIANT(another)
{
	const char *list;
	uid_t uid;
	gid_t gid;
	int adj;
	bool exe;
};

FIXTURE_VARIANT_ADD(another, uid) { .list = "first uid=1000", .uid = 1000 };
FIXTURE_VARIANT_ADD(another, gid) { .list = "first gid=1000", .gid = 1000 };
FIXTURE_VARIANT_ADD(another, adj) { .list = "first adj=7", .adj = 7 };
FIXTURE_VARIANT_ADD(another, exe) { .list = "first exe=busybox size>=1K", .exe = true };

FIXTURE_SETUP(another)
{
	nothing_but_an_empty_list(&self->said);
	ASSERT_EQ(0, scene_memcg(&self->s));
}

FIXTURE_TEARDOWN(another)
{
	hog_hold = hog_hold_pages;
	scene_end(&self->s);
}

static uid_t hold_as_uid;
static gid_t hold_as_gid;

static void hold_as(size_t bytes)
{
	if (setregid(hold_as_gid, hold_as_gid) || setreuid(hold_as_uid, hold_as_uid))
		_exit(1);
	hog_hold_pages(bytes);
}

/* A process of another executable, once it is one: 0 or -errno. */
static int start_busybox(struct hog *hog, const struct cg *cg)
{
	char path[64], comm[32] = "";
	long end = now_ms() + PATIENCE;

	*hog = (struct hog){ .pid = fork() };
	if (!hog->pid) {
		if (!hog_settle(cg, 0))
			execl("/bin/busybox", "busybox", "sleep", "1000", NULL);
		_exit(1);
	}
	snprintf(path, sizeof(path), "/proc/%d/comm", hog->pid);
	while (strcmp(comm, "busybox\n") && now_ms() < end) {
		usleep(1000);
		if (read_file(path, comm, sizeof(comm)) < 0)
			return -ECHILD;
	}
	return 0;
}

TEST_F(another, dies)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, hog_start(&s->big, &s->cg_big, 34 * MIB, 0));
	hold_as_uid = variant->uid;
	hold_as_gid = variant->gid;
	hog_hold = hold_as;
	ASSERT_EQ(0, variant->exe ? start_busybox(&s->small, &s->cg_small) :
		     hog_start(&s->small, &s->cg_small, 10 * MIB, variant->adj));
	ASSERT_EQ(0, save("/tmp/rules", variant->list));
	ASSERT_RUN(0, "oom-policy load /tmp/rules");
	scene_oom(s);
	ASSERT_KILLED(&s->small);
}

TEST_HARNESS_MAIN
