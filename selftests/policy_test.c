// SPDX-License-Identifier: GPL-2.0
/*
 * The policies of tools/oom_policy, loaded as their users do it: with bpftool
 * and nothing else. OOM_POLICY_DIR says where they are built.
 */
#include <stdlib.h>

#include "oom_env.h"
#include "example.skel.h"

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

static int load_policy(const char *name)
{
	const char *dir = getenv("OOM_POLICY_DIR") ?: "../../../oom_policy";
	char cmd[512];

	snprintf(cmd, sizeof(cmd),
		 "bpftool prog loadall %s/%s.bpf.o " PIN " autoattach >&2", dir, name);
	return system(cmd);
}

/* Values as bpftool wants them: bytes, in the order of the machine. */
static int update_map(const char *map, const void *key, size_t size, unsigned int verdict)
{
	const unsigned char *byte = key;
	char cmd[512];
	size_t len, i;
	int ms;

	len = snprintf(cmd, sizeof(cmd), "bpftool map update name %s key", map);
	for (i = 0; i < size; i++)
		len += snprintf(cmd + len, sizeof(cmd) - len, " %u", byte[i]);
	snprintf(cmd + len, sizeof(cmd) - len, " value %u 0 0 0 >&2", verdict);
	/* A map of the test before may still be there: it goes after a while. */
	for (ms = 0; ms < PATIENCE; ms += 100) {
		if (!system(cmd))
			return 0;
		usleep(100000);
	}
	return -1;
}

TEST_F(policy, pid_select)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("oom_pid")) TH_LOG("bpftool prog loadall oom_pid.bpf.o");
	ASSERT_EQ(0, update_map("oom_pids", &self->e.s.small.pid, 4, BPF_EVAL_SELECT));
	ASSERT_OOM();
	ASSERT_VICTIM(small);
	ASSERT_EQ(1, log_count(&self->e.s.log, "\noom_policy=pid\n"));
}

TEST_F(policy, pid_spare)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("oom_pid"));
	ASSERT_EQ(0, update_map("oom_pids", &self->e.s.big.pid, 4, BPF_EVAL_NEXT));
	ASSERT_EQ(0, update_map("oom_pids", &self->e.s.trigger.pid, 4, BPF_EVAL_NEXT));
	ASSERT_OOM();
	ASSERT_VICTIM(small);
}

TEST_F(policy, pid_empty_is_the_kernels_choice)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("oom_pid"));
	ASSERT_OOM();
	ASSERT_VICTIM(big);
	ASSERT_EQ(0, log_count(&self->e.s.log, "oom_policy="));
}

TEST_F(policy, cgroup_select)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("oom_cgroup")) TH_LOG("bpftool prog loadall oom_cgroup.bpf.o");
	ASSERT_EQ(0, update_map("oom_cgroups", &self->e.s.cg_small.id, 8, BPF_EVAL_SELECT));
	ASSERT_OOM();
	ASSERT_VICTIM(small);
	ASSERT_EQ(1, log_count(&self->e.s.log, "\noom_policy=cgroup\n"));
}

/* The nearest cgroup counts: all of the domain is spared, but for small. */
TEST_F(policy, cgroup_nearest_ancestor_counts)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("oom_cgroup"));
	ASSERT_EQ(0, update_map("oom_cgroups", &self->e.s.domain.id, 8, BPF_EVAL_NEXT));
	ASSERT_EQ(0, update_map("oom_cgroups", &self->e.s.cg_small.id, 8, BPF_EVAL_SELECT));
	ASSERT_OOM();
	ASSERT_VICTIM(small);
}

/* All of a subtree is spared, but for a part that is left to the kernel. */
TEST_F(policy, cgroup_subtree)
{
	ASSERT_EQ(0, hog_start(&self->e.s.big, &self->e.s.cg_small, 22 * MB, 0));
	ASSERT_EQ(0, hog_start(&self->e.s.small, &self->e.s.cg_big, 12 * MB, 0));
	ASSERT_EQ(0, load_policy("oom_cgroup"));
	ASSERT_EQ(0, update_map("oom_cgroups", &self->e.s.domain.id, 8, BPF_EVAL_NEXT));
	ASSERT_EQ(0, update_map("oom_cgroups", &self->e.s.cg_big.id, 8, NO_BPF_POLICY));
	ASSERT_OOM();
	ASSERT_VICTIM(small);
}

/* As many as there are may be loaded: the one loaded last is asked first. */
TEST_F(policy, both_stack)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("oom_cgroup"));
	ASSERT_EQ(0, update_map("oom_cgroups", &self->e.s.domain.id, 8, BPF_EVAL_NEXT));
	ASSERT_EQ(0, rename(PIN, PIN "_cgroup"));
	ASSERT_EQ(0, load_policy("oom_pid"));
	ASSERT_EQ(0, update_map("oom_pids", &self->e.s.small.pid, 4, BPF_EVAL_SELECT));
	EXPECT_EQ(0, scene_oom(&self->e.s));
	ASSERT_EQ(0, system("rm -r " PIN "_cgroup"));
	ASSERT_VICTIM(small);
}

TEST_F(policy, removed_is_the_kernels_choice)
{
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	ASSERT_EQ(0, load_policy("oom_pid"));
	ASSERT_EQ(0, update_map("oom_pids", &self->e.s.small.pid, 4, BPF_EVAL_SELECT));
	ASSERT_EQ(0, system("rm -r " PIN));
	ASSERT_OOM();
	ASSERT_VICTIM(big);
}

/* The programs of the documentation of 2023, unchanged. */
TEST_F(policy, example_of_2023)
{
	struct example_bpf *skel = example_bpf__open_and_load();

	ASSERT_NE(NULL, skel) TH_LOG("%s", libbpf_log);
	ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0));
	skel->bss->target = self->e.s.small.pid;
	ASSERT_EQ(0, example_bpf__attach(skel));
	ASSERT_OOM();
	example_bpf__destroy(skel);
	ASSERT_VICTIM(small);
	ASSERT_EQ(1, log_count(&self->e.s.log, "\noom_policy=my_policy\n"));
}

TEST_HARNESS_MAIN
