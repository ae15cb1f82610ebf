// SPDX-License-Identifier: GPL-2.0
/*
 * The policies of tools/oom_policy, loaded as their users do it: with bpftool
 * and nothing else. OOM_POLICY_DIR says where they are built.
 */
#include <sched.h>
#include <stdlib.h>

#include "oom_env.h"
#include "oom_odd.h"
#include "oom_policy.h"

#define PIN "/sys/fs/bpf/oom_policy_test"

FIXTURE(policy)
{
	struct env e;	/* of which only the scene is used */
};

FIXTURE_SETUP(policy)
{
	libbpf_set_print(keep_log);
	ASSERT_EQ(0, scene_memcg(&self->e.s));
}

FIXTURE_TEARDOWN(policy)
{
	if (system("rm -rf " PIN))
		TH_LOG("could not remove " PIN);
	scene_end(&self->e.s);
}

static const char *policy_dir(void)
{
	return getenv("OOM_POLICY_DIR") ?: ".";
}

static int load_policy(const char *name)
{
	const char *dir = policy_dir();
	char cmd[512];

	snprintf(cmd, sizeof(cmd),
		 "bpftool prog loadall %s/%s.bpf.o " PIN " autoattach >&2", dir, name);
	return system(cmd);
}

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

/* When a process started, in clock ticks: field 22 of its stat. */
static unsigned long long started(pid_t pid)
{
	char path[64], buf[1024], *at;
	int field;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_file(path, buf, sizeof(buf)) < 0)
		return 0;
	/* The second field is in parentheses and may hold blanks. */
	at = strrchr(buf, ')');
	for (field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

static int rule_for_pid(pid_t pid, int verdict)
{
	struct oom_pid rule = { .start = started(pid), .verdict = verdict };

	return update_map("oom_pids", &pid, sizeof(pid), &rule, sizeof(rule));
}

static int rule_for_cgroup(const struct cg *cg, __u32 verdict)
{
	return update_map("oom_cgroups", &cg->id, sizeof(cg->id), &verdict, sizeof(verdict));
}

static int priority(uint64_t cgroup, __u32 value)
{
	return update_map("oom_priorities", &cgroup, sizeof(cgroup), &value, sizeof(value));
}

TEST_F(policy, pid_select)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("pid")) TH_LOG("bpftool prog loadall pid.bpf.o");
	ASSERT_EQ(0, rule_for_pid(self->e.s.small.pid, BPF_EVAL_SELECT));
	ASSERT_OOM();
	ASSERT_VICTIM(small);
	ASSERT_LABEL("pid victim=policy");
}

/* One that is not in the cgroup that is short of memory helps nobody. */
TEST_F(policy, pid_elsewhere_is_the_kernels_choice)
{
	struct cg elsewhere;
	struct hog hog = { };

	ASSERT_EQ(0, cg_create(&elsewhere, NULL, "oom_elsewhere", 0));
	ASSERT_EQ(0, hog_start(&hog, &elsewhere, 30 * MB, 0));
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("pid"));
	ASSERT_EQ(0, rule_for_pid(hog.pid, BPF_EVAL_SELECT));
	ASSERT_OOM();
	EXPECT_TRUE(hog_alive(&hog));
	hog_stop(&hog);
	cg_destroy(&elsewhere);
	ASSERT_VICTIM(big);
	ASSERT_EQ(0, log_count(&self->e.s.log, "oom_policy="));
}

TEST_F(policy, pid_spare)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("pid"));
	ASSERT_EQ(0, rule_for_pid(self->e.s.big.pid, BPF_EVAL_NEXT));
	ASSERT_EQ(0, rule_for_pid(self->e.s.trigger.pid, BPF_EVAL_NEXT));
	ASSERT_OOM();
	ASSERT_VICTIM(small);
}

/* The same id, but one that started at another time: not the one that was meant. */
TEST_F(policy, pid_of_another_is_not_hit)
{
	struct oom_pid rule = { .verdict = BPF_EVAL_SELECT };

	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("pid"));
	rule.start = started(self->e.s.small.pid) - 1;
	ASSERT_EQ(0, update_map("oom_pids", &self->e.s.small.pid, 4, &rule, sizeof(rule)));
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(0, log_count(&self->e.s.log, "oom_policy="));
}

TEST_F(policy, pid_empty_is_the_kernels_choice)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("pid"));
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(0, log_count(&self->e.s.log, "oom_policy="));
}

/* At -1000 a process is spared, even if it was named. */
TEST_F(policy, unkillable_is_spared)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, -1000));
	ASSERT_EQ(0, load_policy("pid"));
	ASSERT_EQ(0, rule_for_pid(self->e.s.small.pid, BPF_EVAL_SELECT));
	ASSERT_OOM();
	ASSERT_VICTIM(big);
}

/*
 * Of three the biggest cannot be had: it is in vfork(). The last in the list is
 * smaller than that one, but bigger than the first.
 */
TEST_F(policy, refused_selection_is_forgotten)
{
	struct hog parent, child;
	char adj[64];

	ASSERT_EQ(0, hog_start(&self->e.s.small, &self->e.s.cg_big, 6 * MB, 0));
	ASSERT_EQ(0, odd_shared(&parent, &child, &self->e.s.cg_small, 26 * MB,
				CLONE_VM | CLONE_VFORK));
	/* Whose memory it is: not a fourth. */
	snprintf(adj, sizeof(adj), "/proc/%d/oom_score_adj", parent.pid);
	ASSERT_EQ(0, write_file(adj, "-1000"));
	ASSERT_EQ(0, load_policy("cgroup"));
	ASSERT_EQ(0, rule_for_cgroup(&self->e.s.domain, BPF_EVAL_SELECT));
	ASSERT_EQ(-ECHILD, scene_oom(&self->e.s)) TH_LOG("the trigger was not chosen");
	ASSERT_VICTIM(trigger);
	kill(child.pid, SIGKILL);
	hog_stop(&parent);
}

/*
 * Killed and still dying: it is waited for, though one of a higher rank has come
 * up since.
 */
TEST_F(policy, the_dying_are_waited_for)
{
	char adj[64];

	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, hold_at_exit(self->e.s.small.pid));
	ASSERT_EQ(0, load_policy("pid"));
	ASSERT_EQ(0, rule_for_pid(self->e.s.small.pid, BPF_EVAL_SELECT));
	ASSERT_EQ(0, rule_for_pid(self->e.s.big.pid, BPF_EVAL_SELECT));
	snprintf(adj, sizeof(adj), "/proc/%d/oom_score_adj", self->e.s.big.pid);
	ASSERT_EQ(0, write_file(adj, "-1000"));
	ASSERT_EQ(0, hog_grow(&self->e.s.trigger, self->e.s.grow));
	ASSERT_TRUE(held(self->e.s.small.pid, PATIENCE));
	ASSERT_EQ(0, write_file(adj, "0"));
	EXPECT_EQ(0, hog_wait(&self->e.s.trigger, PATIENCE));
	EXPECT_EQ(1, cg_event(&self->e.s.domain, "memory.events", "oom_kill"));
	EXPECT_TRUE(hog_alive(&self->e.s.big));
	let_go(self->e.s.small.pid);
}

TEST_F(policy, cgroup_select)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("cgroup")) TH_LOG("bpftool prog loadall cgroup.bpf.o");
	ASSERT_EQ(0, rule_for_cgroup(&self->e.s.cg_small, BPF_EVAL_SELECT));
	ASSERT_OOM();
	ASSERT_VICTIM(small);
	ASSERT_LABEL("cgroup victim=policy");
}

/* Of several in it the biggest, which is the first in the list. */
TEST_F(policy, cgroup_select_the_biggest)
{
	struct hog little = { };

	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, hog_start(&little, &self->e.s.cg_small, MB, 0));
	ASSERT_EQ(0, load_policy("cgroup"));
	ASSERT_EQ(0, rule_for_cgroup(&self->e.s.cg_small, BPF_EVAL_SELECT));
	ASSERT_OOM();
	ASSERT_VICTIM(small);
	hog_stop(&little);
}

/* The nearest cgroup counts: all of the domain is spared, but for small. */
TEST_F(policy, cgroup_nearest_ancestor_counts)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("cgroup"));
	ASSERT_EQ(0, rule_for_cgroup(&self->e.s.domain, BPF_EVAL_NEXT));
	ASSERT_EQ(0, rule_for_cgroup(&self->e.s.cg_small, BPF_EVAL_SELECT));
	ASSERT_OOM();
	ASSERT_VICTIM(small);
}

/* All of a subtree is spared, but for a part that is left to the kernel. */
TEST_F(policy, cgroup_subtree)
{
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_small, 22 * MB, 0));
	ASSERT_EQ(0, hog_start(&self->e.s.small, &self->e.s.cg_big, 12 * MB, 0));
	ASSERT_EQ(0, load_policy("cgroup"));
	ASSERT_EQ(0, rule_for_cgroup(&self->e.s.domain, BPF_EVAL_NEXT));
	ASSERT_EQ(0, rule_for_cgroup(&self->e.s.cg_big, NO_BPF_POLICY));
	ASSERT_OOM();
	ASSERT_VICTIM(small);
}

TEST_F(policy, priority_lowest_dies)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("priority")) TH_LOG("bpftool prog loadall priority.bpf.o");
	ASSERT_EQ(0, priority(self->e.s.cg_big.id, 10));
	ASSERT_EQ(0, priority(self->e.s.cg_small.id, 1));
	ASSERT_EQ(0, priority(0, 5));
	ASSERT_OOM();
	ASSERT_VICTIM(small);
	ASSERT_LABEL("priority victim=policy");
}

/* A cgroup that was given little cannot give a part of itself more. */
TEST_F(policy, priority_child_not_above_parent)
{
	struct cg child;

	ASSERT_EQ(0, cg_write(&self->e.s.cg_small, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, cg_create(&child, &self->e.s.cg_small, "child", 0));
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_big, 24 * MB, 0));
	ASSERT_EQ(0, hog_start(&self->e.s.small, &child, 10 * MB, 0));
	ASSERT_EQ(0, load_policy("priority"));
	ASSERT_EQ(0, priority(0, 5));
	ASSERT_EQ(0, priority(self->e.s.cg_small.id, 1));
	ASSERT_EQ(0, priority(child.id, 12));
	ASSERT_OOM();
	EXPECT_EQ(SIGKILL, hog_killed(&self->e.s.small, PATIENCE));
	EXPECT_EQ(1, log_count(&self->e.s.log, "Killed process"));
	cg_destroy(&child);
}

/* Equal priorities: the bigger cgroup, though its processes are smaller. */
TEST_F(policy, priority_tie_by_cgroup)
{
	struct hog twin = { };

	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_big, 14 * MB, 0));
	ASSERT_EQ(0, hog_start(&self->e.s.small, &self->e.s.cg_small, 12 * MB, 0));
	ASSERT_EQ(0, hog_start(&twin, &self->e.s.cg_small, 8 * MB, 0));
	ASSERT_EQ(0, load_policy("priority"));
	ASSERT_EQ(0, priority(self->e.s.cg_big.id, 3));
	ASSERT_EQ(0, priority(self->e.s.cg_small.id, 3));
	ASSERT_OOM();
	ASSERT_VICTIM(small);
	hog_stop(&twin);
}

/* Without a priority anywhere: no opinion. */
TEST_F(policy, priority_empty_is_the_kernels_choice)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("priority"));
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(0, log_count(&self->e.s.log, "oom_policy="));
}

/* Two of 12M and 8M are the biggest cgroup, though one of 14M is the biggest process. */
TEST_F(policy, cgroup_size_biggest_cgroup)
{
	struct hog twin = { };

	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_big, 14 * MB, 0));
	ASSERT_EQ(0, hog_start(&self->e.s.small, &self->e.s.cg_small, 12 * MB, 0));
	ASSERT_EQ(0, hog_start(&twin, &self->e.s.cg_small, 8 * MB, 0));
	ASSERT_EQ(0, load_policy("cgroup_size")) TH_LOG("bpftool prog loadall cgroup_size.bpf.o");
	ASSERT_OOM();
	ASSERT_VICTIM(small);
	ASSERT_LABEL("cgroup-size victim=policy");
	hog_stop(&twin);
}

/* With memory.oom.group a tree counts as one, and all of it dies. */
TEST_F(policy, cgroup_size_group_counts_as_one)
{
	struct hog twin = { };
	struct cg left, right;

	ASSERT_EQ(0, cg_write(&self->e.s.cg_small, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, cg_write(&self->e.s.cg_small, "memory.oom.group", "1"));
	ASSERT_EQ(0, cg_create(&left, &self->e.s.cg_small, "left", 0));
	ASSERT_EQ(0, cg_create(&right, &self->e.s.cg_small, "right", 0));
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_big, 14 * MB, 0));
	ASSERT_EQ(0, hog_start(&self->e.s.small, &left, 12 * MB, 0));
	ASSERT_EQ(0, hog_start(&twin, &right, 8 * MB, 0));
	ASSERT_EQ(0, load_policy("cgroup_size"));
	ASSERT_OOM();
	EXPECT_EQ(SIGKILL, hog_killed(&self->e.s.small, PATIENCE));
	EXPECT_EQ(SIGKILL, hog_killed(&twin, PATIENCE));
	EXPECT_TRUE(hog_alive(&self->e.s.big));
	cg_destroy(&left);
	cg_destroy(&right);
}

/* As many as there are may be loaded: the one loaded last is asked first. */
TEST_F(policy, stacked_the_last_is_asked_first)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("cgroup"));
	ASSERT_EQ(0, rule_for_cgroup(&self->e.s.domain, BPF_EVAL_NEXT));
	ASSERT_EQ(0, rename(PIN, PIN "_cgroup"));
	ASSERT_EQ(0, load_policy("pid"));
	ASSERT_EQ(0, rule_for_pid(self->e.s.small.pid, BPF_EVAL_SELECT));
	EXPECT_EQ(0, scene_oom(&self->e.s));
	ASSERT_EQ(0, system("rm -r " PIN "_cgroup"));
	ASSERT_VICTIM(small);
	ASSERT_LABEL("pid victim=policy");
}

/* Whom a policy is for may be spared by another: then it has no say in the OOM. */
TEST_F(policy, stacked_the_target_is_spared)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("pid"));
	ASSERT_EQ(0, rule_for_pid(self->e.s.small.pid, BPF_EVAL_SELECT));
	ASSERT_EQ(0, rename(PIN, PIN "_pid"));
	ASSERT_EQ(0, load_policy("cgroup"));
	ASSERT_EQ(0, rule_for_cgroup(&self->e.s.cg_small, BPF_EVAL_NEXT));
	ASSERT_EQ(0, rule_for_cgroup(&self->e.s.cg_big, BPF_EVAL_NEXT));
	EXPECT_EQ(-ECHILD, scene_oom(&self->e.s));
	ASSERT_EQ(0, system("rm -r " PIN "_pid"));
	ASSERT_VICTIM(trigger);
	ASSERT_EQ(0, log_count(&self->e.s.log, "fallback="));
}

/*
 * Both have a candidate, and the one of the policy that is asked later comes
 * later in the list: it does not displace the other.
 */
TEST_F(policy, stacked_the_first_asked_wins)
{
	ASSERT_EQ(0, hog_start(&self->e.s.small, &self->e.s.cg_big, 10 * MB, 0));
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_small, 24 * MB, 0));
	ASSERT_EQ(0, load_policy("cgroup_size"));
	ASSERT_EQ(0, rename(PIN, PIN "_size"));
	ASSERT_EQ(0, load_policy("cgroup"));
	ASSERT_EQ(0, rule_for_cgroup(&self->e.s.cg_big, BPF_EVAL_SELECT));
	EXPECT_EQ(0, scene_oom(&self->e.s));
	ASSERT_EQ(0, system("rm -r " PIN "_size"));
	ASSERT_VICTIM(small);
}

TEST_F(policy, removed_is_the_kernels_choice)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("pid"));
	ASSERT_EQ(0, rule_for_pid(self->e.s.small.pid, BPF_EVAL_SELECT));
	ASSERT_EQ(0, system("rm -r " PIN));
	ASSERT_OOM();
	ASSERT_VICTIM(big);
}

/* Who may make cgroups below one makes them deep, to get away from its rules. */
static int deep(struct cg *levels, int nr, struct cg *at)
{
	char name[16];
	int i, ret = 0;

	for (i = 0; i < nr && !ret; i++) {
		snprintf(name, sizeof(name), "%d", i);
		ret = cg_create(&levels[i], i ? &levels[i - 1] : at, name, 0);
	}
	return ret;
}

static void deep_end(struct cg *levels, int nr)
{
	while (nr--)
		cg_destroy(&levels[nr]);
}

TEST_F(policy, cgroup_deep)
{
	struct cg levels[40] = { };

	ASSERT_EQ(0, deep(levels, 40, &self->e.s.cg_small));
	EXPECT_EQ(0, hog_start(&self->e.s.small, &levels[39], 10 * MB, 0));
	EXPECT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_big, 24 * MB, 0));
	EXPECT_EQ(0, load_policy("cgroup"));
	EXPECT_EQ(0, rule_for_cgroup(&self->e.s.cg_small, BPF_EVAL_SELECT));
	EXPECT_EQ(0, scene_oom(&self->e.s));
	EXPECT_EQ(SIGKILL, hog_killed(&self->e.s.small, PATIENCE));
	deep_end(levels, 40);
}

TEST_F(policy, priority_deep)
{
	struct cg levels[40] = { };

	ASSERT_EQ(0, deep(levels, 40, &self->e.s.cg_small));
	EXPECT_EQ(0, hog_start(&self->e.s.small, &levels[39], 10 * MB, 0));
	EXPECT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_big, 24 * MB, 0));
	EXPECT_EQ(0, load_policy("priority"));
	EXPECT_EQ(0, priority(self->e.s.cg_small.id, 1));
	EXPECT_EQ(0, priority(0, 5));
	EXPECT_EQ(0, scene_oom(&self->e.s));
	EXPECT_EQ(SIGKILL, hog_killed(&self->e.s.small, PATIENCE));
	deep_end(levels, 40);
}

/* The policy cgroup, once more: loaded without bpftool, to be exact about when. */
struct copy {
	struct bpf_object *obj;
	struct bpf_link *begin, *evaluate;
};

/* Load it, to select what is in one cgroup: 0 or -errno. */
static int copy_load(struct copy *copy, const struct cg *cg)
{
	__u32 verdict = BPF_EVAL_SELECT;
	char path[512];

	snprintf(path, sizeof(path), "%s/cgroup.bpf.o", policy_dir());
	copy->obj = bpf_object__open_file(path, NULL);
	if (!copy->obj || bpf_object__load(copy->obj))
		return -errno;
	return bpf_map_update_elem(bpf_object__find_map_fd_by_name(copy->obj, "oom_cgroups"),
				   &cg->id, &verdict, BPF_ANY);
}

static struct bpf_link *attach_program(struct bpf_object *obj, const char *name)
{
	return bpf_program__attach(bpf_object__find_program_by_name(obj, name));
}

static int copy_attach(struct copy *copy)
{
	copy->begin = attach_program(copy->obj, "oom_begin");
	copy->evaluate = attach_program(copy->obj, "oom_evaluate");
	return copy->begin && copy->evaluate ? 0 : -errno;
}

static void copy_drop(struct copy *copy)
{
	bpf_link__destroy(copy->evaluate);
	bpf_link__destroy(copy->begin);
	bpf_object__close(copy->obj);
	memset(copy, 0, sizeof(*copy));
}

/*
 * One that is attached while tasks are asked about, after the kernel has taken the
 * big one, takes over where the one before it is dropped.
 */
TEST_F(policy, replaced_in_the_scan)
{
	struct copy old = { }, new = { };
	struct rules_bpf *slow;
	struct bpf_link *link;
	int ms;

	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, copy_load(&old, &self->e.s.cg_small));
	ASSERT_EQ(0, copy_load(&new, &self->e.s.cg_small));
	ASSERT_EQ(0, copy_attach(&old));
	/* It runs before the policies, and takes its time over each task. */
	slow = rules_bpf__open_and_load();
	ASSERT_NE(NULL, slow) TH_LOG("%s", libbpf_log);
	/* The first two are asked about within the second that there is. */
	slow->bss->burn_ms = 700;
	link = bpf_program__attach(slow->progs.slow);
	ASSERT_NE(NULL, link);

	ASSERT_EQ(0, hog_grow(&self->e.s.trigger, self->e.s.grow));
	for (ms = 0; ms < PATIENCE && !slow->bss->burns; ms++)
		usleep(1000);
	/* The old one is asked about big yet. Before small the kernel takes that. */
	ASSERT_EQ(0, copy_attach(&new));
	copy_drop(&old);
	EXPECT_EQ(1, slow->bss->burns) TH_LOG("the scan went on");
	EXPECT_EQ(0, hog_wait(&self->e.s.trigger, PATIENCE));
	bpf_link__destroy(link);
	rules_bpf__destroy(slow);
	copy_drop(&new);
	ASSERT_VICTIM(small);
}

TEST_HARNESS_MAIN
