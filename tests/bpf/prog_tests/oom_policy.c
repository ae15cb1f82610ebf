// SPDX-License-Identifier: GPL-2.0
/* When a memory cgroup is out of memory, the process dies that a program selects. */
#include <sys/mman.h>
#include <sys/wait.h>
#include <test_progs.h>
#include "cgroup_helpers.h"
#include "oom_policy.skel.h"

#define CGROUP	"/oom_policy"

/* A process in the cgroup: its pid, once it has its memory or is dead. */
static pid_t start_hog(size_t mib)
{
	int ready[2];
	pid_t pid;
	char byte;

	if (!ASSERT_OK(pipe(ready), "pipe"))
		return -1;
	pid = fork();
	if (!pid) {
		if (join_parent_cgroup(CGROUP) ||
		    mmap(NULL, mib << 20, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
			 -1, 0) == MAP_FAILED || write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	close(ready[1]);
	pid = read(ready[0], &byte, 1) < 0 ? -1 : pid;
	close(ready[0]);
	return pid;
}

static void test_select(struct oom_policy *skel)
{
	/* Without the program big would die, for the last one to get its memory. */
	pid_t big = start_hog(24), small = start_hog(8), last;
	int status = 0;

	skel->bss->target = small;
	last = start_hog(18);
	if (!ASSERT_TRUE(big > 0 && small > 0 && last > 0, "processes"))
		return;
	kill(small, SIGTERM);
	waitpid(small, &status, 0);
	ASSERT_EQ(status, SIGKILL, "small was killed");
	ASSERT_TRUE(skel->bss->named, "the name was taken");
	kill(big, SIGKILL);
	kill(last, SIGKILL);
	waitpid(big, NULL, 0);
	waitpid(last, NULL, 0);
}

void test_oom_policy(void)
{
	struct oom_policy *skel;
	int cgroup;

	RUN_TESTS(oom_policy);
	skel = oom_policy__open_and_load();
	if (!ASSERT_OK_PTR(skel, "load"))
		return;
	cgroup = cgroup_setup_and_join(CGROUP);
	if (ASSERT_OK_FD(cgroup, "cgroup") && ASSERT_OK(join_root_cgroup(), "leave it") &&
	    ASSERT_OK(write_cgroup_file(CGROUP, "memory.max", "48M"), "memory.max") &&
	    ASSERT_OK(oom_policy__attach(skel), "attach")) {
		write_cgroup_file(CGROUP, "memory.swap.max", "0");
		test_select(skel);
	}
	close(cgroup);
	cleanup_cgroup_environment();
	oom_policy__destroy(skel);
}
