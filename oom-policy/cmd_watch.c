// SPDX-License-Identifier: GPL-2.0
/* A line for each OOM as it happens. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "cmd.h"
#include "kernel.h"
#include "say.h"
#include "show.h"
#include "watch.h"
#include "watch.skel.h"

struct watch {
	bool all, json;
	unsigned long kib;	/* of a page */
};

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	stopped = sig;
}

static const char *why(const struct event *e)
{
	static const char * const reasons[] = {
		[OUTCOME_POLICY] = "selected by the policy",
		[OUTCOME_KERNEL] = "the kernel's choice of those that the policy left",
		[OUTCOME_NONE] = "the kernel's choice, as the policy chose nobody",
		[OUTCOME_ABORT] = "the kernel's choice, as the policy gave up",
		[OUTCOME_TIMEOUT] = "the kernel's choice, as the policy took too long",
		[OUTCOME_WAITING] = "the victim is dying already",
	};

	if (!e->victim)
		return e->outcome == OUTCOME_WAITING ? "no victim: one is dying already" :
		       e->outcome < 0 ? "no victim: one is dying already, or there is none" :
		       "no victim: there is none";
	if (e->group)
		return "with the victim, for memory.oom.group";
	if (!e->searched)
		return "no search: it is exiting, or has to pay for its own request";
	return e->outcome < 0 ? "the kernel's own choice" : reasons[e->outcome];
}

static const struct column columns[] = {
	{ "time" }, { "scope" }, { "trigger_pid", NULL, RAW }, { "trigger" },
	{ "victim_pid", NULL, RAW }, { "victim" }, { "cgroup" }, { "uid", NULL, RAW },
	{ "oom_score_adj", NULL, RAW }, { "size_kib", NULL, RAW }, { "policy" }, { "outcome" },
	{ "why" }, { "offered", NULL, RAW }, { "microseconds", NULL, RAW }, { }
};

static void show_json(const struct watch *w, const struct event *e, const char *time,
		      const char *scope, const char *cgroup)
{
	static const char * const outcomes[] = OUTCOMES;
	struct table *table = table_new(columns, true);

	table_row(table);
	cell_text(table, "time", time);
	cell_text(table, "scope", scope);
	cell_number(table, "trigger_pid", e->trigger);
	cell_text(table, "trigger", e->trigger_comm);
	if (e->victim) {
		cell_number(table, "victim_pid", e->victim);
		cell_text(table, "victim", e->victim_comm);
		cell_text(table, "cgroup", cgroup);
		cell_number(table, "uid", e->uid);
		cell_number(table, "oom_score_adj", e->adj);
		cell_number(table, "size_kib", e->pages * w->kib);
	}
	cell_text(table, "policy", e->policy[0] ? e->policy : NULL);
	cell_text(table, "outcome", e->outcome < 0 ? NULL : outcomes[e->outcome]);
	cell_text(table, "why", why(e));
	cell_number(table, "offered", e->offered);
	cell_number(table, "microseconds", e->ns / 1000);
	table_show_lines(table);
}

static int show_event(void *ctx, void *data, size_t size)
{
	char now[32], scope[4096], cgroup[4096], victim[32], trigger[32], kib[32];
	const struct watch *w = ctx;
	const struct event *e = data;
	time_t t = time(NULL);
	struct tm tm;

	if (!e->victim && !w->all)
		return 0;
	localtime_r(&t, &tm);
	strftime(now, sizeof(now), "%F %T", &tm);
	if (e->scope)
		cgroup_path(e->scope, scope, sizeof(scope));
	else
		snprintf(scope, sizeof(scope), e->sysrq ? "sysrq" : "global");
	cgroup_path(e->cgroup, cgroup, sizeof(cgroup));
	if (w->json) {
		show_json(w, e, now, scope, cgroup);
	} else if (!e->victim) {
		printf("%s  %s  %s[%u] -> nobody  policy %s  %s  (%u offered, %llu us)\n", now, scope,
		       show_name(e->trigger_comm, trigger, sizeof(trigger)), e->trigger,
		       e->policy[0] ? e->policy : "-", why(e), e->offered, e->ns / 1000);
	} else {
		printf("%s  %s  %s[%u] -> %s[%u] %s %s  policy %s  %s  (%u offered, %llu us)\n", now,
		       scope, show_name(e->trigger_comm, trigger, sizeof(trigger)), e->trigger,
		       show_name(e->victim_comm, victim, sizeof(victim)), e->victim, cgroup,
		       show_size(e->pages * w->kib, kib, sizeof(kib)),
		       e->policy[0] ? e->policy : "-", why(e), e->offered, e->ns / 1000);
	}
	return 0;
}

int cmd_watch(const struct args *args)
{
	struct watch w = { .all = args->all, .json = args->json, .kib = sysconf(_SC_PAGESIZE) / 1024 };
	struct sigaction action = { .sa_handler = stop };
	struct ring_buffer *ring = NULL;
	unsigned long long lost = 0;
	struct watch_bpf *skel;
	int ret;

	skel = watch_bpf__open_and_load();
	ret = skel ? watch_bpf__attach(skel) : -errno;
	if (!ret)
		ring = ring_buffer__new(bpf_map__fd(skel->maps.events), show_event, &w, NULL);
	if (!ring) {
		ret = kernel_explain(ret ? -ret : errno, "watch");
		watch_bpf__destroy(skel);
		return ret;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	say("watching");
	while (!stopped && !ferror(stdout)) {
		ret = ring_buffer__poll(ring, 200);
		if (ret < 0 && ret != -EINTR)
			break;
		if (skel->bss->lost != lost) {
			say("%llu events were lost", skel->bss->lost - lost);
			lost = skel->bss->lost;
		}
	}
	/* Show all that was reported until now. */
	ring_buffer__consume(ring);
	ring_buffer__free(ring);
	watch_bpf__destroy(skel);
	return stopped ? DONE : fail(FAILED, "watch: %s", strerror(errno));
}
