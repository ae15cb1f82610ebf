/* SPDX-License-Identifier: GPL-2.0 */
/* A fixture of one scene and the programs of rules.bpf.c, and its assertions. */
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

/* A test may wait for PATIENCE more than once. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	120

/* As in include/linux/oom.h; load_test compares them with the kernel's BTF. */
enum {
	NO_BPF_POLICY, BPF_EVAL_ABORT, BPF_EVAL_NEXT, BPF_EVAL_SELECT, BPF_EVAL_STOP,
	BPF_EVAL_NOWAIT,
};

/* The words of libbpf and of the verifier, shown if a load fails unexpectedly. */
static char libbpf_log[64 * 1024];

static inline int keep_log(enum libbpf_print_level level, const char *fmt, va_list args)
{
	size_t len = strlen(libbpf_log);

	if (level != LIBBPF_DEBUG)
		vsnprintf(libbpf_log + len, sizeof(libbpf_log) - len, fmt, args);
	return 0;
}

/* The reason to skip all tests, or NULL. */
static inline const char *skip_reason(void)
{
	if (geteuid())
		return "needs root";
	libbpf_set_print(keep_log);
	if (libbpf_find_vmlinux_btf_id("bpf_oom_evaluate_task", BPF_MODIFY_RETURN) <= 0)
		return "this kernel has no OOM policy hook";
	return NULL;
}

#define SKIP_WITHOUT_HOOK()								\
	do {										\
		const char *reason = skip_reason();					\
											\
		if (reason)								\
			SKIP(return, "%s", reason);					\
	} while (0)

struct env {
	struct scene s;
	struct rules_bpf *skel;
	struct rules_bpf__bss *bss;
	struct table *table;	/* of the first policy */
	struct bpf_link *link[6];
};

/* @start: makes the scene. 0, or the error, which is in libbpf_log. */
static inline int env_start(struct env *e, int (*start)(struct scene *s))
{
	int ret;

	libbpf_set_print(keep_log);
	ret = start(&e->s);
	if (ret) {
		snprintf(libbpf_log, sizeof(libbpf_log), "cgroups and trigger: %s", strerror(-ret));
		return ret;
	}
	e->skel = rules_bpf__open_and_load();
	if (!e->skel)
		return -errno;
	e->bss = e->skel->bss;
	e->bss->label_ret = 1;
	e->table = e->bss->tables;
	return 0;
}

static inline void env_end(struct env *e)
{
	unsigned int i;

	for (i = 0; i < sizeof(e->link) / sizeof(*e->link); i++)
		bpf_link__destroy(e->link[i]);
	rules_bpf__destroy(e->skel);
	scene_end(&e->s);
}

#define ENV_FIXTURE(name)								\
	FIXTURE(name)									\
	{										\
		struct env e;								\
	};										\
	FIXTURE_SETUP(name)								\
	{										\
		SKIP_WITHOUT_HOOK();							\
		ASSERT_EQ(0, env_start(&self->e, scene_memcg)) TH_LOG("%s", libbpf_log);	\
	}										\
	FIXTURE_TEARDOWN(name)								\
	{										\
		env_end(&self->e);							\
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
static inline void rule_pid(struct table *t, const struct hog *hog, long long verdict)
{
	int i = 0;

	while (t->rules[i].pid || t->rules[i].cgroup)
		i++;
	t->rules[i] = (struct rule){ .pid = hog->pid, .verdict = verdict };
}

static inline void rule_cgroup(struct table *t, const struct cg *cg, long long verdict)
{
	t->rules[0] = (struct rule){ .cgroup = cg->id, .verdict = verdict };
}

/* Name the policy as @text, of which @size bytes are handed to the kernel. */
static inline void set_label(struct env *e, const char *text, unsigned int size)
{
	memcpy(e->bss->label, text, size);
	e->bss->label_size = size;
	e->bss->label_empty = !size;
}

/* The text of the only label line in the log; "" without one. */
static inline const char *label_of(struct klog *log)
{
	static char text[64];
	const char *at = strstr(log_read(log), "\noom_policy=");

	if (!at)
		return "";
	if (log_count(log, "oom_policy=") != 1)
		return "more than one label";
	return sscanf(at, "\noom_policy=%63[^\n]", text) == 1 ? text : "";
}

/*
 * Let a victim die slowly, with its memory: this process traces @tid, is told of its
 * exit and does not answer. The reaper comes after two seconds.
 */
static inline int hold_at_exit(pid_t tid)
{
	return ptrace(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACEEXIT) ? -errno : 0;
}

/* Wait until it is held. */
static inline bool held(pid_t tid, int ms)
{
	int status;

	for (; ms > 0; ms--) {
		if (waitpid(tid, &status, WNOHANG | __WALL) == tid)
			return WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_EXIT;
		usleep(1000);
	}
	return false;
}

static inline void let_go(pid_t tid)
{
	ptrace(PTRACE_DETACH, tid, 0, 0);
}

#define TRACEFS "/sys/kernel/tracing/"

/* Record oom_policy_outcome events, beginning with none: 0 or -errno. */
static inline int trace_on(void)
{
	FILE *file = fopen(TRACEFS "trace", "w");

	if (!file || fclose(file))
		return -errno;
	return write_file(TRACEFS "events/oom/oom_policy_outcome/enable", "1");
}

/* How often a string is in the trace. */
static inline int trace_count(const char *string)
{
	static char buf[256 * 1024];
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

#define START_HOGS() ASSERT_EQ(0, scene_hogs(&self->e.s, false, 0))

/* The verdict of the first policy on big, small or the trigger. */
#define VERDICT(hog, verdict) \
	rule_pid(self->e.table, &self->e.s.hog, BPF_EVAL_##verdict)

#define ATTACH(prog)								\
	ASSERT_EQ(0, attach(&self->e, self->e.skel->progs.prog)) TH_LOG("%s", libbpf_log)

/* Out of memory, and the trigger gets its memory. */
#define RUN_OOM() ASSERT_EQ(0, scene_oom(&self->e.s))

/* The OOM was resolved by one kill, of this process. */
#define ASSERT_VICTIM(hog)							\
	do {									\
		ASSERT_EQ(SIGKILL, hog_killed(&self->e.s.hog, PATIENCE))	\
			TH_LOG("the wrong process, or none, was killed");	\
		ASSERT_EQ(1, log_count(&self->e.s.log, "Killed process"))	\
			TH_LOG("more than one was killed");			\
	} while (0)

#define ASSERT_LABEL(text) ASSERT_STREQ(text, label_of(&self->e.s.log))

#endif
