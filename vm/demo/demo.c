// SPDX-License-Identifier: GPL-2.0
/*
 * Shows what a policy does: the same OOM without one, with one by pid and with
 * one by cgroup, in a memory cgroup and in the whole machine. For a guest that
 * has nothing else to do; oom-policy loads the policies, says whom they would
 * choose, and watches.
 *
 * Exit status: 0 if each victim was the one foretold, 1 if not.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oom_global.h"
#include "oom_util.h"

#define WATCHED "/tmp/watched"

struct demo {
	const char *title;
	const char *scope;
	int (*lay_out)(struct scene *s);
	const char *policy;	/* NULL: none */
	bool by_cgroup;
	char row[256];
};

static struct demo demos[] = {
	{ "No policy: the kernel kills the biggest", "memcg", scene_memcg },
	{ "A program selects by pid", "memcg", scene_memcg, "pid" },
	{ "A program selects by cgroup", "memcg", scene_memcg, "cgroup", true },
	{ "No policy, and the whole machine is out of memory", "global", scene_global },
	{ "The same with a program that selects by pid", "global", scene_global, "pid" },
	{ "The same with a program that selects by cgroup", "global", scene_global,
	  "cgroup", true },
};

/* Run a command, and show it and what it says: its status. */
static int show(const char *cmd)
{
	char line[512];
	FILE *said;

	printf("  # %s\n", cmd);
	said = popen(cmd, "r");
	if (!said)
		return -1;
	while (fgets(line, sizeof(line), said))
		printf("  %s", line);
	return pclose(said);
}

static int load(const struct demo *d, const struct scene *s)
{
	char cmd[512];

	if (d->by_cgroup)
		snprintf(cmd, sizeof(cmd), "oom-policy load cgroup --set %s=prefer",
			 s->cg_small.path + strlen(CGROUP_ROOT));
	else
		snprintf(cmd, sizeof(cmd), "oom-policy load pid --set %d=first", s->small.pid);
	return show(cmd);
}

/* The output of oom-policy watch since the last time. */
static void print_watched(void)
{
	static size_t shown;
	char buf[8192];
	int ms, len = 0;

	for (ms = 0; ms < PATIENCE && len <= (int)shown; ms += 10) {
		usleep(10000);
		len = read_file(WATCHED, buf, sizeof(buf));
	}
	if (len <= (int)shown)
		return;
	printf("  # oom-policy watch\n  %s", buf + shown);
	shown = len;
}

static long score(const struct hog *hog)
{
	char path[64], buf[32];

	snprintf(path, sizeof(path), "/proc/%d/oom_score", hog->pid);
	return read_file(path, buf, sizeof(buf)) < 0 ? -1 : atol(buf);
}

static void print_lines(struct klog *log)
{
	static const char * const proofs[] = {
		" invoked oom-killer: ", "oom_policy=", "oom-kill:constraint=", "Killed process",
	};
	char *text = strdup(log_read(log)), *line, *rest = text;
	unsigned int i;

	while (text && (line = strsep(&rest, "\n"))) {
		for (i = 0; i < sizeof(proofs) / sizeof(*proofs); i++)
			if (strstr(line, proofs[i]))
				printf("  | %s\n", line);
	}
	free(text);
}

static bool run(struct demo *d, int nr)
{
	char sizes[64], label[32] = "(none)";
	const char *alone, *died, *at;
	struct hog big, small;
	struct scene s;
	bool right;

	printf("\n%d. %s (%s OOM)\n", nr, d->title, d->scope);
	if (d->lay_out(&s) || scene_hogs(&s, false, 0)) {
		printf("  could not start the processes\n");
		return false;
	}
	snprintf(sizes, sizeof(sizes), "big %zuM, small %zuM",
		 s.share ? s.share * 50 / MIB : 24, s.share ? s.share * 30 / MIB : 10);
	/* hog_killed() forgets the pids. */
	big = s.big;
	small = s.small;
	alone = score(&big) > score(&small) ? "big" : "small";
	if (d->policy && load(d, &s)) {
		printf("  oom-policy failed\n");
		return false;
	}
	show(s.share ? "oom-policy rank" : "oom-policy rank --cgroup /oom_test");
	scene_oom(&s);
	died = hog_killed(&s.big, 0) == SIGKILL ? "big" :
		hog_killed(&s.small, d->policy ? PATIENCE : 0) == SIGKILL ? "small" :
		hog_killed(&s.big, PATIENCE) == SIGKILL ? "big" : "nobody";
	print_lines(&s.log);
	print_watched();
	at = strstr(s.log.text, "oom_policy=");
	if (at)
		sscanf(at, "oom_policy=%31s", label);
	if (d->policy && show("oom-policy unload --all"))
		printf("  could not unload\n");
	scene_end(&s);
	right = !strcmp(died, d->policy ? "small" : alone);
	snprintf(d->row, sizeof(d->row), "%d  %-6s  %-10s  %-22s  %-13s  %-6s  %s%s", nr, d->scope,
		 d->policy ?: "-", sizes, alone, died, label, right ? "" : "  <- WRONG");
	return right;
}

int main(void)
{
	unsigned int i, nr = sizeof(demos) / sizeof(*demos), right = 0;

	if (system("oom-policy watch >" WATCHED " 2>/dev/null &"))
		return 1;
	for (i = 0; i < nr; i++)
		right += run(&demos[i], i + 1);
	printf("\n#  scope   policy      processes               kernel alone   died    label\n");
	for (i = 0; i < nr; i++)
		printf("%s\n", demos[i].row);
	return right == nr ? 0 : 1;
}
