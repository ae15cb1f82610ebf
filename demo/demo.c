// SPDX-License-Identifier: GPL-2.0
/*
 * Shows what a policy does: the same OOM without one, with one by pid and with
 * one by cgroup, in a memory cgroup and in the whole machine. For a guest that
 * has nothing else to do; the policies are loaded with bpftool.
 *
 * Exit status: 0 if each victim was the one foretold, 1 if not.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oom_util.h"

#define PIN "/sys/fs/bpf/demo"

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
	{ "A program selects by pid", "memcg", scene_memcg, "oom_pid" },
	{ "A program selects by cgroup", "memcg", scene_memcg, "oom_cgroup", true },
	{ "No policy, and the whole machine is out of memory", "global", scene_global },
	{ "The same with a program that selects by pid", "global", scene_global, "oom_pid" },
	{ "The same with a program that selects by cgroup", "global", scene_global,
	  "oom_cgroup", true },
};

static int load(const struct demo *d, const struct scene *s)
{
	const char *dir = getenv("OOM_POLICY_DIR") ?: "policies";
	uint64_t id = s->cg_small.id;
	uint32_t pid = s->small.pid;
	const unsigned char *byte = d->by_cgroup ? (void *)&id : (void *)&pid;
	size_t i, len, size = d->by_cgroup ? sizeof(id) : sizeof(pid);
	char cmd[512];

	snprintf(cmd, sizeof(cmd), "bpftool prog loadall %s/%s.bpf.o " PIN " autoattach",
		 dir, d->policy);
	printf("  # %s\n", cmd);
	if (system(cmd))
		return -1;
	len = snprintf(cmd, sizeof(cmd), "bpftool map update name %ss key", d->policy);
	for (i = 0; i < size; i++)
		len += snprintf(cmd + len, sizeof(cmd) - len, " %u", byte[i]);
	/* BPF_EVAL_SELECT */
	snprintf(cmd + len, sizeof(cmd) - len, " value 3 0 0 0");
	printf("  # %s\n", cmd);
	return system(cmd);
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
		 s.share ? s.share * 50 / MB : 24, s.share ? s.share * 30 / MB : 10);
	/* hog_killed() forgets the pids. */
	big = s.big;
	small = s.small;
	alone = score(&big) > score(&small) ? "big" : "small";
	if (d->policy && load(d, &s)) {
		printf("  bpftool failed\n");
		return false;
	}
	fflush(stdout);
	scene_oom(&s);
	died = hog_killed(&s.big, 0) == SIGKILL ? "big" :
		hog_killed(&s.small, d->policy ? PATIENCE : 0) == SIGKILL ? "small" :
		hog_killed(&s.big, PATIENCE) == SIGKILL ? "big" : "nobody";
	print_lines(&s.log);
	at = strstr(s.log.text, "oom_policy=");
	if (at)
		sscanf(at, "oom_policy=%31s", label);
	if (d->policy && system("rm -r " PIN))
		printf("  could not remove " PIN "\n");
	scene_end(&s);
	right = !strcmp(died, d->policy ? "small" : alone);
	snprintf(d->row, sizeof(d->row), "%d  %-6s  %-10s  %-22s  %-13s  %-6s  %s%s", nr, d->scope,
		 d->policy ?: "-", sizes, alone, died, label, right ? "" : "  <- WRONG");
	return right;
}

int main(void)
{
	unsigned int i, nr = sizeof(demos) / sizeof(*demos), right = 0;

	for (i = 0; i < nr; i++)
		right += run(&demos[i], i + 1);
	printf("\n#  scope   policy      processes               kernel alone   died    label\n");
	for (i = 0; i < nr; i++)
		printf("%s\n", demos[i].row);
	return right == nr ? 0 : 1;
}
