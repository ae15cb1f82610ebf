/* SPDX-License-Identifier: GPL-2.0 */
/* A fixture of one scene and the programs of rules.bpf.c, and what to assert. */
#ifndef OOM_ENV_H
#define OOM_ENV_H

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "oom_util.h"
#include "progs/rules.h"
#include "rules.skel.h"
#include "../kselftest_harness.h"

/* As in include/linux/oom.h; load_test compares them with the kernel's BTF. */
enum { NO_BPF_POLICY, BPF_EVAL_ABORT, BPF_EVAL_NEXT, BPF_EVAL_SELECT, BPF_EVAL_STOP };

/* What libbpf and the verifier said: shown where a load fails that should not. */
static char libbpf_log[64 * 1024];

static int keep_log(enum libbpf_print_level level, const char *fmt, va_list args)
{
	size_t len = strlen(libbpf_log);

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(libbpf_log + len, sizeof(libbpf_log) - len, fmt, args);
	return 0;
}

/* One scene, the programs of rules.bpf.c, and what is attached of them. */
struct env {
	struct scene s;
	struct rules_bpf *skel;
	struct table *table;	/* of the first program */
	struct bpf_link *link[3];
};

/* @start: scene_memcg or scene_global. 0, or what went wrong in libbpf_log. */
static inline int env_start(struct env *e, int (*start)(struct scene *s))
{
	int ret;

	libbpf_set_print(keep_log);
	ret = start(&e->s);
	if (ret) {
		snprintf(libbpf_log, sizeof(libbpf_log), "cgroups and trigger: %s",
			 strerror(-ret));
		return ret;
	}
	e->skel = rules_bpf__open_and_load();
	if (!e->skel)
		return -errno;
	e->skel->bss->label_ret = 1;
	e->table = e->skel->bss->tables;
	return 0;
}

static inline void env_end(struct env *e)
{
	int i;

	for (i = 0; i < 3; i++)
		bpf_link__destroy(e->link[i]);
	rules_bpf__destroy(e->skel);
	scene_end(&e->s);
}

/* Attach a program of the skeleton, after those attached before: 0 or -errno. */
static inline int attach(struct env *e, struct bpf_program *prog)
{
	int i = 0;

	while (e->link[i])
		i++;
	e->link[i] = bpf_program__attach(prog);
	return e->link[i] ? 0 : -errno;
}

/* The verdict on a process, after those given before. */
static inline void rule_pid(struct table *t, const struct hog *hog,
			    long long verdict)
{
	int i = 0;

	while (t->rules[i].pid || t->rules[i].cgroup)
		i++;
	t->rules[i] = (struct rule){ .pid = hog->pid, .verdict = verdict };
}

/* Name the policy as @text, of which @size bytes are handed to the kernel. */
static inline void set_label(struct rules_bpf *skel, const char *text, unsigned int size)
{
	memcpy(skel->bss->label, text, size);
	skel->bss->label_size = size;
	skel->bss->label_empty = !size;
}

/* The log has this label, as a line of its own, and no other. */
static inline bool has_label(struct klog *log, const char *label)
{
	char line[64];

	snprintf(line, sizeof(line), "\noom_policy=%s\n", label);
	return log_count(log, line) == 1 && log_count(log, "oom_policy=") == 1;
}

/*
 * A victim that is dying for a while, with its memory: its tracer is told of
 * the exit and does not answer, and the reaper comes after two seconds.
 */
static inline int hold_at_exit(struct hog *hog)
{
	int status;

	if (ptrace(PTRACE_SEIZE, hog->pid, 0, PTRACE_O_TRACEEXIT))
		return -errno;
	/* Nothing to wait for: it runs on. */
	return waitpid(hog->pid, &status, WNOHANG) < 0 ? -errno : 0;
}

static inline bool held(struct hog *hog, int ms)
{
	int status;

	for (; ms > 0; ms--) {
		if (waitpid(hog->pid, &status, WNOHANG) == hog->pid)
			return WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_EXIT;
		usleep(1000);
	}
	return false;
}

#define TRACEFS "/sys/kernel/tracing/"

/* Forget what was traced: 0 or -errno. */
static inline int trace_clear(void)
{
	FILE *file = fopen(TRACEFS "trace", "w");

	return file && !fclose(file) ? 0 : -errno;
}

/* Record oom_policy_fallback events, from none on: 0 or -errno. */
static inline int trace_on(void)
{
	return trace_clear() ?:
	       write_file(TRACEFS "events/oom/oom_policy_fallback/enable", "1");
}

/* How often a string is in the trace. */
static inline int trace_count(const char *string)
{
	static char buf[64 * 1024];
	char *at = buf;
	int count = 0;

	if (read_file(TRACEFS "trace", buf, sizeof(buf)) < 0)
		return -1;
	while ((at = strstr(at, string))) {
		count++;
		at++;
	}
	return count;
}

#define ASSERT_ATTACH(prog) ASSERT_EQ(0, attach(&self->e, self->e.skel->progs.prog))

/* Out of memory, and after that the trigger has what it asked for. */
#define ASSERT_OOM() ASSERT_EQ(0, scene_oom(&self->e.s))

/* The OOM was resolved by one kill, and it was this one. */
#define ASSERT_VICTIM(hog)						\
	do {								\
		ASSERT_EQ(SIGKILL, hog_killed(&self->e.s.hog, PATIENCE)) \
			TH_LOG("the wrong process, or none, was killed"); \
		ASSERT_EQ(1, log_count(&self->e.s.log, "Killed process")) \
			TH_LOG("more than one was killed");		\
	} while (0)

#endif
