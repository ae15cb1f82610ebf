// SPDX-License-Identifier: GPL-2.0
/* Many OOMs in a row, and the output of watch. */
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
	ASSERT_EQ(0, scene_memcg(&self->s));
}

static void stop_helper(pid_t *helper, int sig)
{
	if (!*helper)
		return;
	kill(-*helper, sig);
	waitpid(*helper, NULL, 0);
	*helper = 0;
}

FIXTURE_TEARDOWN(storm)
{
	stop_helper(&self->helper, SIGKILL);
	run(&self->said, "oom-policy unload --all");
	scene_end(&self->s);
}

/* Start a shell command in the background, in a group of its own. */
static pid_t start_helper(const char *command)
{
	pid_t pid = fork();

	if (!pid) {
		setpgid(0, 0);
		execlp("sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	setpgid(pid, pid);
	return pid;
}

/* Start watch, and wait until it does. */
static int start_watch(pid_t *helper, const char *options)
{
	char command[128], text[256] = "";
	int ms;

	unlink("/tmp/watch.err");
	snprintf(command, sizeof(command), "exec oom-policy watch %s >/tmp/watch 2>/tmp/watch.err",
		 options);
	*helper = start_helper(command);
	for (ms = 0; ms < PATIENCE; ms += 10) {
		usleep(10000);
		read_file("/tmp/watch.err", text, sizeof(text));
		if (strstr(text, "watching"))
			return 0;
	}
	return -1;
}

/* A process that takes all there is until it is killed: true if it was. */
static bool sacrifice(const struct cg *cg, size_t bytes)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		char *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (mem == MAP_FAILED || cg_write(cg, "cgroup.procs", "0") ||
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

#define RELOAD "while :; do oom-policy load name --set victim=prefer || echo failed >>/tmp/failed; done"

/*
 * At each OOM the kernel alone would take big. The policy is loaded anew over
 * and over; were there a moment without one, big would be dead.
 */
TEST_F_TIMEOUT(storm, reload_leaves_no_gap, 300)
{
	char before[32];
	int i;

	unlink("/tmp/failed");
	ASSERT_EQ(0, hog_start(&self->s.big, &self->s.cg_big, 30 * MB, 0));
	ASSERT_RUN(0, "oom-policy load name --set victim=prefer");
	ASSERT_RUN(0, "oom-policy status --json");
	snprintf(before, sizeof(before), "%s", field(&self->said, 0, "link_id"));
	self->helper = start_helper(RELOAD);
	for (i = 0; i < 60; i++) {
		ASSERT_TRUE(sacrifice(&self->s.cg_small, 30 * MB)) TH_LOG("OOM %d", i);
		ASSERT_TRUE(hog_alive(&self->s.big)) TH_LOG("OOM %d", i);
		still_here(i);
	}
	stop_helper(&self->helper, SIGTERM);
	ASSERT_EQ(0, cg_event(&self->s.cg_big, "memory.events", "oom_kill"));
	ASSERT_EQ(60, cg_event(&self->s.cg_small, "memory.events", "oom_kill"));
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

	ASSERT_EQ(0, cg_write(&self->s.cg_small, "memory.max", "2097152"));
	ASSERT_EQ(0, start_watch(&self->helper, ""));
	for (i = 0; i < 1000; i++) {
		ASSERT_TRUE(sacrifice(&self->s.cg_small, 4 * MB)) TH_LOG("OOM %d", i);
		still_here(i);
	}
	ASSERT_EQ(1000, cg_event(&self->s.cg_small, "memory.events", "oom_kill"));
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

/* One line of watch, as JSON, of an OOM that it has seen. */
#define ASSERT_WATCHED(key, value)						\
	ASSERT_STREQ(value, json_object_get_string(json_object_object_get(event, key))) \
		TH_LOG("%s in %s", key, json_object_to_json_string(event))

#define WATCH_OOM(options)							\
	do {									\
		ASSERT_EQ(0, start_watch(&self->helper, options));		\
		scene_oom(&self->s);						\
		/* All that there is, is shown before it ends. */		\
		stop_helper(&self->helper, SIGTERM);				\
		ASSERT_GT(read_file("/tmp/watch", text, sizeof(text)), 0);	\
		event = json_tokener_parse(text);				\
		ASSERT_NE(NULL, event) TH_LOG("%s", text);			\
	} while (0)

TEST_F(storm, watch_says_what_a_policy_did)
{
	json_object *event;
	char text[4096], pid[16], trigger[16];

	ASSERT_EQ(0, scene_hogs(&self->s, false, 7));
	snprintf(pid, sizeof(pid), "%d", self->s.small.pid);
	snprintf(trigger, sizeof(trigger), "%d", self->s.trigger.pid);
	ASSERT_RUN(0, "oom-policy load name --set small=prefer");
	WATCH_OOM("--json");
	ASSERT_WATCHED("scope", "/oom_test");
	ASSERT_WATCHED("trigger", "trigger");
	ASSERT_WATCHED("trigger_pid", trigger);
	ASSERT_WATCHED("victim", "small");
	ASSERT_WATCHED("victim_pid", pid);
	ASSERT_WATCHED("cgroup", "/oom_test/small");
	ASSERT_WATCHED("oom_score_adj", "7");
	ASSERT_WATCHED("policy", "name");
	ASSERT_WATCHED("outcome", "policy");
	ASSERT_WATCHED("why", "selected by the policy");
	ASSERT_WATCHED("offered", "3");
}

TEST_F(storm, watch_says_what_the_kernel_did)
{
	json_object *event;
	char text[4096];

	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	WATCH_OOM("--json");
	ASSERT_WATCHED("victim", "big");
	ASSERT_EQ(NULL, json_object_object_get(event, "policy"));
	ASSERT_EQ(NULL, json_object_object_get(event, "outcome"));
	ASSERT_WATCHED("why", "the kernel's own choice");
}

TEST_F(storm, watch_says_what_was_spared)
{
	json_object *event;
	char text[4096];

	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load name --set big=never --set trigger=never");
	WATCH_OOM("--json");
	ASSERT_WATCHED("victim", "small");
	ASSERT_WATCHED("outcome", "kernel");
	ASSERT_WATCHED("why", "the kernel's choice of those that the policy left");
}

TEST_F(storm, watch_says_what_a_fallback_did)
{
	json_object *event;
	char text[4096];

	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load name --set '*=never'");
	WATCH_OOM("--json");
	ASSERT_WATCHED("victim", "big");
	ASSERT_WATCHED("policy", "name");
	ASSERT_WATCHED("outcome", "none");
	ASSERT_WATCHED("why", "the kernel's choice, as the policy chose nobody");
}

/* All that die with the victim have a line of their own. */
TEST_F(storm, watch_says_who_died_with_it)
{
	struct hog twin = { };
	char text[4096];
	json_object *event;

	ASSERT_EQ(0, cg_write(&self->s.cg_big, "memory.oom.group", "1"));
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_EQ(0, hog_start(&twin, &self->s.cg_big, 2 * MB, 0));
	WATCH_OOM("--json");
	ASSERT_WATCHED("victim", "big");
	ASSERT_NE(NULL, strstr(text, "\"why\":\"with the victim, for memory.oom.group\""))
		TH_LOG("%s", text);
	hog_stop(&twin);
}

/* A limit below the memory of a process at -1000: there is nobody to kill. */
TEST_F(storm, watch_shows_searches_without_victim_with_all)
{
	json_object *event;
	char text[4096];

	ASSERT_EQ(0, hog_start(&self->s.small, &self->s.cg_small, 8 * MB, -1000));
	ASSERT_EQ(0, start_watch(&self->helper, "--json"));
	ASSERT_EQ(0, cg_write(&self->s.cg_small, "memory.max", "4194304"));
	stop_helper(&self->helper, SIGTERM);
	ASSERT_EQ(0, read_file("/tmp/watch", text, sizeof(text))) TH_LOG("%s", text);
	ASSERT_EQ(0, start_watch(&self->helper, "--json --all"));
	ASSERT_EQ(0, cg_write(&self->s.cg_small, "memory.max", "4194304"));
	stop_helper(&self->helper, SIGTERM);
	ASSERT_GT(read_file("/tmp/watch", text, sizeof(text)), 0);
	event = json_tokener_parse(text);
	ASSERT_NE(NULL, event) TH_LOG("%s", text);
	ASSERT_WATCHED("scope", "/oom_test/small");
	ASSERT_EQ(NULL, json_object_object_get(event, "victim"));
	ASSERT_EQ(NULL, json_object_object_get(event, "outcome"));
	ASSERT_WATCHED("why", "no victim: one is dying already, or there is none");
}

TEST_HARNESS_MAIN
