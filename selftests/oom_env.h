/* SPDX-License-Identifier: GPL-2.0 */
/* A fixture of one scene and the programs of rules.bpf.c, and what to assert. */
#ifndef OOM_ENV_H
#define OOM_ENV_H

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "oom_util.h"
#include "progs/rules.h"
#include "rules.skel.h"
#include "../kselftest_harness.h"

/* As in include/linux/oom.h; load_test compares them with the kernel's BTF. */
enum { NO_BPF_POLICY, BPF_EVAL_ABORT, BPF_EVAL_NEXT, BPF_EVAL_SELECT };

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

/* @start: scene_memcg or scene_global */
#define OOM_FIXTURE(name, start)					\
	FIXTURE(name)							\
	{								\
		struct scene s;						\
		struct rules_bpf *skel;					\
		struct bpf_link *link[3];				\
	};								\
	FIXTURE_SETUP(name)						\
	{								\
		libbpf_set_print(keep_log);				\
		ASSERT_EQ(0, start(&self->s))				\
			TH_LOG(#start ": cgroups and trigger");		\
		self->skel = rules_bpf__open_and_load();		\
		ASSERT_NE(NULL, self->skel) TH_LOG("%s", libbpf_log);	\
		self->skel->bss->label_ret = 1;				\
	}								\
	FIXTURE_TEARDOWN(name)						\
	{								\
		int i;							\
									\
		for (i = 0; i < 3; i++)					\
			bpf_link__destroy(self->link[i]);		\
		rules_bpf__destroy(self->skel);				\
		scene_end(&self->s);					\
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

#define ATTACH(n, prog)							\
	do {								\
		self->link[n] = bpf_program__attach(self->skel->progs.prog); \
		ASSERT_NE(NULL, self->link[n]) TH_LOG("attach %s: %m", #prog); \
	} while (0)

#define ASSERT_OOM()							\
	ASSERT_EQ(0, scene_oom(&self->s))				\
		TH_LOG("the trigger did not get its memory")

/* The OOM was resolved by one kill, and it was this one. */
#define ASSERT_VICTIM(hog)						\
	do {								\
		ASSERT_EQ(SIGKILL, hog_killed(&self->s.hog, PATIENCE))	\
			TH_LOG("%s was not killed", #hog);		\
		ASSERT_EQ(1, log_count(&self->s.log, "Killed process"))	\
			TH_LOG("not only %s was killed", #hog);		\
	} while (0)

#endif
