// SPDX-License-Identifier: GPL-2.0
/* Many OOMs in a row. */
#include <signal.h>
#include <sys/mman.h>

#include "command.h"

FIXTURE(storm)
{
	struct said said;
	struct scene s;
	pid_t helper;	/* a shell in the background */
};

FIXTURE_SETUP(storm)
{
	nothing_loaded(&self->said);
	ASSERT_EQ(0, scene_memcg(&self->s));
}

FIXTURE_TEARDOWN(storm)
{
	stop_helper(&self->helper, SIGKILL);
	run(&self->said, "oom-policy unload --all");
	scene_end(&self->s);
}

/* A process that takes all there is until it is killed: true if it was. */
static bool sacrifice(const struct cg *cg, size_t bytes)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		char *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (mem == MAP_FAILED || cg_write(cg->path, "cgroup.procs", "0") ||
		    write_file("/proc/self/oom_score_adj", "0") ||
		    write_file("/proc/self/comm", "victim"))
			_exit(1);
		memset(mem, 1, bytes);
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGKILL;
}

/* run-vm.sh takes a long silence for the end of the guest. */
static void still_here(int i)
{
	if (i % 10)
		return;
	printf("# OOM %d\n", i);
	fflush(stdout);
}

/* In turn from two objects, so that programs are attached anew, as after an update. */
#define LOAD(policy)	"oom-policy load " policy " --set /oom_test/small=prefer"
#define RELOAD		"while " LOAD("/tmp/cgroup.bpf.o") " && " LOAD("cgroup") "; do :; done; echo failed >/tmp/failed"

/*
 * At each OOM the kernel alone would take big. The policy is loaded anew over
 * and over; were there a moment without one, big would be dead.
 */
TEST_F_TIMEOUT(storm, reload_leaves_no_gap, 300)
{
	char before[32];
	int i;

	unlink("/tmp/failed");
	ASSERT_EQ(0, cg_write(self->s.domain.path, "memory.max", "24M"));
	ASSERT_EQ(0, hog_start(&self->s.big, &self->s.cg_big, 13 * MIB, 0));
	ASSERT_RUN(0, "cp /lib/oom-policy/cgroup.bpf.o /tmp && echo >>/tmp/cgroup.bpf.o");
	ASSERT_RUN(0, LOAD("cgroup"));
	ASSERT_RUN(0, "oom-policy status --json");
	snprintf(before, sizeof(before), "%s", field(&self->said, 0, "link_id"));
	self->helper = start_helper(RELOAD);
	for (i = 0; i < 60; i++) {
		ASSERT_TRUE(sacrifice(&self->s.cg_small, 24 * MIB)) TH_LOG("OOM %d", i);
		ASSERT_TRUE(hog_alive(&self->s.big)) TH_LOG("OOM %d", i);
		still_here(i);
	}
	stop_helper(&self->helper, SIGTERM);
	ASSERT_EQ(0, cg_read_key_long(self->s.cg_big.path, "memory.events", "oom_kill "));
	ASSERT_EQ(60, cg_read_key_long(self->s.cg_small.path, "memory.events", "oom_kill "));
	/* Several reloads have happened, and none has failed. */
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_GT(atoi(field(&self->said, 0, "link_id")), atoi(before) + 5);
	ASSERT_NE(0, access("/tmp/failed", F_OK));
}

/* As many lines as the kernel counts kills. */
TEST_F_TIMEOUT(storm, watch_misses_no_kill_in_1000, 600)
{
	static char text[1024 * 1024];
	char *at = text;
	int i, lines = 0;

	ASSERT_EQ(0, cg_write(self->s.cg_small.path, "memory.max", "1M"));
	ASSERT_EQ(0, start_watch(&self->helper, ""));
	for (i = 0; i < 1000; i++) {
		ASSERT_TRUE(sacrifice(&self->s.cg_small, 2 * MIB)) TH_LOG("OOM %d", i);
		still_here(i);
	}
	ASSERT_EQ(1000, cg_read_key_long(self->s.cg_small.path, "memory.events", "oom_kill "));
	stop_helper(&self->helper, SIGTERM);
	ASSERT_GT(read_file("/tmp/watch", text, sizeof(text)), 0);
	while ((at = strstr(at, "-> victim["))) {
		lines++;
		at++;
	}
	ASSERT_EQ(1000, lines);
	ASSERT_GT(read_file("/tmp/watch.err", text, sizeof(text)), 0);
	ASSERT_EQ(NULL, strstr(text, "lost")) TH_LOG("%s", text);
}

TEST_HARNESS_MAIN
