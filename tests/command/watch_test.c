// SPDX-License-Identifier: GPL-2.0
/* The output of watch, the journal and the program that it runs, and what it missed. */
#include <sched.h>

#include "command.h"
#include "oom_odd.h"

#define SOCKET "/run/systemd/journal/socket"
#define WATCH_PINS "/sys/fs/bpf/oom-policy-watch"

FIXTURE(watch)
{
	struct said said;
	struct scene s;
	pid_t helper;
};

FIXTURE_SETUP(watch)
{
	nothing_loaded(&self->said);
	ASSERT_EQ(0, scene_memcg(&self->s));
}

FIXTURE_TEARDOWN(watch)
{
	stop_helper(&self->helper, SIGKILL);
	run(&self->said, "oom-policy unload --all; rm -rf " WATCH_PINS " " SOCKET " /tmp/journal /tmp/told*");
	unsetenv("LD_PRELOAD");
	scene_end(&self->s);
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

TEST_F(watch, says_what_a_policy_did)
{
	json_object *event;
	char text[4096], pid[16], trigger[16];

	ASSERT_EQ(0, scene_hogs(&self->s, false, 7));
	snprintf(pid, sizeof(pid), "%d", self->s.small.pid);
	snprintf(trigger, sizeof(trigger), "%d", self->s.trigger.pid);
	ASSERT_RUN(0, "oom-policy load cgroup --set /oom_test/small=prefer");
	WATCH_OOM("--json");
	ASSERT_WATCHED("scope", "/oom_test");
	ASSERT_WATCHED("trigger", "trigger");
	ASSERT_WATCHED("trigger_pid", trigger);
	ASSERT_WATCHED("victim", "small");
	ASSERT_WATCHED("victim_pid", pid);
	ASSERT_WATCHED("cgroup", "/oom_test/small");
	ASSERT_WATCHED("oom_score_adj", "7");
	ASSERT_WATCHED("policy", "cgroup");
	ASSERT_WATCHED("outcome", "policy");
	ASSERT_WATCHED("why", "selected by the policy");
	ASSERT_WATCHED("offered", "3");
}

TEST_F(watch, says_what_the_kernel_did)
{
	json_object *event;
	char text[4096];

	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	WATCH_OOM("--json");
	ASSERT_WATCHED("victim", "big");
	ASSERT_EQ(NULL, json_object_object_get(event, "policy"));
	ASSERT_EQ(NULL, json_object_object_get(event, "outcome"));
	ASSERT_WATCHED("why", "the kernel's own choice");
	/* There is no systemd that could stop a unit. */
	ASSERT_EQ(NULL, json_object_object_get(event, "stopped_unit"));
}

TEST_F(watch, says_what_was_spared)
{
	json_object *event;
	char text[4096];

	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load cgroup --set /oom_test/big=never --set /oom_test/trigger=never");
	WATCH_OOM("--json");
	ASSERT_WATCHED("victim", "small");
	ASSERT_WATCHED("outcome", "kernel");
	ASSERT_WATCHED("why", "the kernel's choice of those that the policy left");
}

TEST_F(watch, says_what_a_fallback_did)
{
	json_object *event;
	char text[4096];

	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "oom-policy load cgroup --set /oom_test=never");
	WATCH_OOM("--json");
	ASSERT_WATCHED("victim", "big");
	ASSERT_WATCHED("policy", "cgroup");
	ASSERT_WATCHED("outcome", "none");
	ASSERT_WATCHED("why", "the kernel's choice, as the policy chose nobody");
}

/* All that die with the victim have a line of their own. */
TEST_F(watch, says_who_died_with_it)
{
	struct hog twin = { };
	char text[4096];
	json_object *event;

	ASSERT_EQ(0, cg_write(self->s.cg_big.path, "memory.oom.group", "1"));
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_EQ(0, hog_start(&twin, &self->s.cg_big, 2 * MIB, 0));
	WATCH_OOM("--json");
	ASSERT_WATCHED("victim", "big");
	ASSERT_NE(NULL, strstr(text, "\"why\": \"with the victim, for memory.oom.group\""))
		TH_LOG("%s", text);
	hog_stop(&twin);
}

/* How often watch has written a text. */
static int watched(const char *part)
{
	char text[8192];
	const char *at = text;
	int nr = 0;

	if (read_file("/tmp/watch", text, sizeof(text)) < 0)
		return -1;
	while ((at = strstr(at, part))) {
		at++;
		nr++;
	}
	return nr;
}

/* A victim and a process with the same memory: both of them, once each, also in a group. */
static void watch_shared(struct __test_metadata *_metadata, struct scene *s, pid_t *helper)
{
	char owner[32], child[32];
	struct hog shared = { };

	ASSERT_EQ(0, odd_shared(&s->big, &shared, &s->cg_big, 34 * MIB, CLONE_VM));
	snprintf(owner, sizeof(owner), "\"victim_pid\": %d,", s->big.pid);
	snprintf(child, sizeof(child), "\"victim_pid\": %d,", shared.pid);
	ASSERT_EQ(0, start_watch(helper, "--json"));
	ASSERT_EQ(0, scene_oom(s));
	stop_helper(helper, SIGTERM);
	EXPECT_EQ(1, watched(owner));
	EXPECT_EQ(1, watched(child));
	EXPECT_EQ(2, watched("victim_pid"));
	EXPECT_EQ(1, watched("\"why\": \"with the victim, whose memory it shares\""));
}

TEST_F(watch, says_who_shared_its_memory)
{
	watch_shared(_metadata, &self->s, &self->helper);
}

TEST_F(watch, says_once_who_shared_its_memory_in_a_group)
{
	/* They may not exit before the kernel kills the group. */
	hogs_roam = true;
	ASSERT_EQ(0, cg_write(self->s.cg_big.path, "memory.oom.group", "1"));
	watch_shared(_metadata, &self->s, &self->helper);
}

/* A signal outside of an OOM is no kill. */
TEST_F(watch, says_nothing_of_other_signals)
{
	struct hog other = { };

	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_EQ(0, hog_start(&other, &self->s.cg_small, MIB, 0));
	ASSERT_EQ(0, start_watch(&self->helper, "--json"));
	hog_stop(&other);
	ASSERT_EQ(0, scene_oom(&self->s));
	stop_helper(&self->helper, SIGTERM);
	EXPECT_EQ(1, watched("victim_pid"));
}

/* A limit below the memory of a process at -1000: there is nobody to kill. */
TEST_F(watch, shows_searches_without_victim_with_all)
{
	json_object *event;
	char text[4096];

	ASSERT_EQ(0, hog_start(&self->s.small, &self->s.cg_small, 8 * MIB, -1000));
	ASSERT_EQ(0, start_watch(&self->helper, "--json"));
	ASSERT_EQ(0, cg_write(self->s.cg_small.path, "memory.max", "4194304"));
	stop_helper(&self->helper, SIGTERM);
	ASSERT_EQ(0, read_file("/tmp/watch", text, sizeof(text))) TH_LOG("%s", text);
	ASSERT_EQ(0, start_watch(&self->helper, "--json --all"));
	ASSERT_EQ(0, cg_write(self->s.cg_small.path, "memory.max", "4194304"));
	stop_helper(&self->helper, SIGTERM);
	ASSERT_GT(read_file("/tmp/watch", text, sizeof(text)), 0);
	event = json_tokener_parse(text);
	ASSERT_NE(NULL, event) TH_LOG("%s", text);
	ASSERT_WATCHED("scope", "/oom_test/small");
	ASSERT_EQ(NULL, json_object_object_get(event, "victim"));
	ASSERT_EQ(NULL, json_object_object_get(event, "outcome"));
	ASSERT_WATCHED("why", "no victim: one is dying already, or there is none");
}


#define ASSERT_IN(text, part)							\
	ASSERT_NE(NULL, strstr(text, part)) TH_LOG("not in it: %s\n%s", part, text)

/* Which line of a list decided, in watch and in the metrics. */
TEST_F(watch, says_which_line_decided)
{
	json_object *event;
	char text[4096];

	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_RUN(0, "printf 'never name=big\nfirst name=small\n' >/tmp/list.rules; oom-policy load /tmp/list.rules");
	WATCH_OOM("--json");
	ASSERT_WATCHED("victim", "small");
	ASSERT_WATCHED("policy", "rules");
	ASSERT_WATCHED("rule", "2");
	ASSERT_EQ(1, log_count(&self->s.log, "\noom_policy=rules:02 victim=policy\n"));
	ASSERT_RUN(0, "oom-policy status --openmetrics");
	ASSERT_SAYS(out, "oom_policy_rule_victims_total{policy=\"rules\",rule=\"1\",line=\"never name=big\"} 0\n");
	ASSERT_SAYS(out, "oom_policy_rule_victims_total{policy=\"rules\",rule=\"2\",line=\"first name=small\"} 1\n");
}

TEST_F(watch, journal_has_fields)
{
	char text[8192], pid[64];

	ASSERT_RUN(0, "mkdir -p /run/systemd/journal && touch " SOCKET);
	ASSERT_EQ(0, scene_hogs(&self->s, false, 7));
	snprintf(pid, sizeof(pid), "\nOOM_VICTIM_PID=%d\n", self->s.small.pid);
	ASSERT_RUN(0, "oom-policy load cgroup --set /oom_test/small=prefer");
	setenv("LD_PRELOAD", "/oom/journal.so", 1);
	ASSERT_EQ(0, start_watch(&self->helper, "--journal"));
	scene_oom(&self->s);
	stop_helper(&self->helper, SIGTERM);
	ASSERT_LT(0, read_file("/tmp/journal", text, sizeof(text)));
	ASSERT_IN(text, "MESSAGE=/oom_test  trigger[");
	ASSERT_IN(text, "\nPRIORITY=4\n");
	ASSERT_IN(text, "\nMESSAGE_ID=");
	ASSERT_IN(text, "\nOOM_VICTIM=small\n");
	ASSERT_IN(text, pid);
	ASSERT_IN(text, "\nOOM_CGROUP=/oom_test/small\n");
	ASSERT_IN(text, "\nOOM_POLICY=cgroup\n");
	ASSERT_IN(text, "\nOOM_OUTCOME=policy\n");
	ASSERT_IN(text, "\nOOM_TRIGGER=trigger\n");
	ASSERT_IN(text, "\nOOM_SIZE_KIB=");
	ASSERT_IN(text, "\nOOM_TIME=20");
	ASSERT_IN(text, "\nSYSLOG_IDENTIFIER=oom-policy\n");
	/* Kills that the journal has are not printed as well. */
	ASSERT_EQ(0, read_file("/tmp/watch", text, sizeof(text))) TH_LOG("%s", text);
}

TEST_F(watch, program_is_run)
{
	char text[8192] = "";
	int ms;

	ASSERT_RUN(0, "printf '#!/bin/sh\nenv >/tmp/told.new\nmv /tmp/told.new /tmp/told.$OOM_VICTIM\n' >/tmp/tell; chmod 755 /tmp/tell");
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_EQ(0, start_watch(&self->helper, "--exec /tmp/tell"));
	scene_oom(&self->s);
	for (ms = 0; ms < PATIENCE && access("/tmp/told.big", F_OK); ms += 10)
		usleep(10000);
	ASSERT_LT(0, read_file("/tmp/told.big", text, sizeof(text)));
	ASSERT_IN(text, "OOM_CGROUP=/oom_test/big\n");
	ASSERT_IN(text, "OOM_TRIGGER=trigger\n");
	ASSERT_EQ(NULL, strstr(text, "OOM_POLICY=")) TH_LOG("%s", text);
	stop_helper(&self->helper, SIGTERM);
	ASSERT_LT(0, read_file("/tmp/watch", text, sizeof(text)));
	ASSERT_IN(text, "-> big[");
}

/* Kills while it is not running are reported by the next one, with their time. */
TEST_F(watch, missed_nothing_in_between)
{
	char text[8192], before[64], *at;

	ASSERT_EQ(0, start_watch(&self->helper, "--journal"));
	stop_helper(&self->helper, SIGTERM);
	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	scene_oom(&self->s);
	ASSERT_KILLED(&self->s.big);
	ASSERT_RUN(0, "date '+%%F %%T'; sleep 2");
	snprintf(before, sizeof(before), "%.19s", self->said.out);
	ASSERT_EQ(0, start_watch(&self->helper, "--journal"));
	stop_helper(&self->helper, SIGTERM);
	ASSERT_LT(0, read_file("/tmp/watch", text, sizeof(text)));
	at = strstr(text, "-> big[");
	ASSERT_NE(NULL, at) TH_LOG("%s", text);
	ASSERT_EQ(NULL, strstr(at + 1, "-> ")) TH_LOG("%s", text);
	ASSERT_GE(0, strncmp(text, before, 19)) TH_LOG("%s, and that was before %s", text, before);
	/* The zone. */
	ASSERT_EQ(0, strncmp(text + 19, "+00:00  /oom_test  ", 19)) TH_LOG("%s", text);
	ASSERT_LE(0, read_file("/tmp/watch.err", text, sizeof(text)));
	ASSERT_EQ(NULL, strstr(text, "they came faster")) TH_LOG("%s", text);
	/* And only once. */
	ASSERT_EQ(0, start_watch(&self->helper, "--journal"));
	stop_helper(&self->helper, SIGTERM);
	ASSERT_EQ(0, read_file("/tmp/watch", text, sizeof(text))) TH_LOG("%s", text);
}

/* Before the first one begins, the kernel has counted. */
TEST_F(watch, missed_since_boot)
{
	char text[8192];

	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	scene_oom(&self->s);
	ASSERT_KILLED(&self->s.big);
	ASSERT_RUN(0, "sed -n 's/^oom_kill //p' /proc/vmstat");
	ASSERT_EQ(0, start_watch(&self->helper, "--journal"));
	stop_helper(&self->helper, SIGTERM);
	ASSERT_LT(0, read_file("/tmp/watch.err", text, sizeof(text)));
	self->said.out[strcspn(self->said.out, "\n")] = '\0';
	ASSERT_EQ(0, strncmp(text, "oom-policy: ", 12));
	ASSERT_EQ(atoi(self->said.out), atoi(text + 12)) TH_LOG("%s", text);
	ASSERT_IN(text, "killed since boot, before anybody watched");
}

/* Kills that did not fit into the buffer are counted, and reported once. */
TEST_F(watch, missed_is_counted)
{
	char text[8192];
	int i;

	ASSERT_EQ(0, start_watch(&self->helper, "--journal"));
	stop_helper(&self->helper, SIGTERM);
	ASSERT_RUN(0, "bpftool map update pinned " WATCH_PINS "/lost key 0 0 0 0 value 5 0 0 0 0 0 0 0");
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, start_watch(&self->helper, "--journal"));
		stop_helper(&self->helper, SIGTERM);
		ASSERT_LT(0, read_file("/tmp/watch.err", text, sizeof(text)));
		ASSERT_EQ(!i, !!strstr(text, "5 events were lost")) TH_LOG("%s", text);
	}
}

/* Two would take each other's reports. */
TEST_F(watch, one_at_a_time)
{
	ASSERT_EQ(0, start_watch(&self->helper, "--journal"));
	ASSERT_RUN(1, "oom-policy watch --journal");
	ASSERT_SAYS(err, "in use by another command");
}

TEST_HARNESS_MAIN
