// SPDX-License-Identifier: GPL-2.0
/*
 * A line for each OOM as it happens. With a journal or a program to tell, nothing is
 * to be missed while the command does not run: its BPF programs stay, and the next
 * one begins with what they have reported meanwhile.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "cgroup.h"
#include "cmd.h"
#include "kernel.h"
#include "pins.h"
#include "say.h"
#include "show.h"
#include "sink.h"
#include "unit.h"
#include "watch.h"
#include "watch.skel.h"

struct watch {
	const struct args *args;
	unsigned long kib;	/* of a page */
	int events, lost, state;	/* maps */
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
	if (e->with)
		return e->with == WITH_GROUP ? "with the victim, for memory.oom.group" :
		       "with the victim, whose memory it shares";
	if (!e->searched)
		return "no search: it is exiting, or has to pay for its own request";
	return e->outcome < 0 ? "the kernel's own choice" : reasons[e->outcome];
}

/* The fields of a report; "victim_pid" and those behind it only if there is a victim. */
static const struct column columns[] = {
	{ "time" }, { "scope" }, { "trigger_pid", NULL, RAW }, { "trigger" }, { "policy" },
	{ "rule" }, { "outcome" }, { "why" }, { "offered", NULL, RAW },
	{ "microseconds", NULL, RAW }, { "victim_pid", NULL, RAW }, { "victim" }, { "cgroup" },
	{ "uid", NULL, RAW }, { "oom_score_adj", NULL, RAW }, { "size_kib", NULL, RAW },
	{ "stopped_unit" }, { }
};

#define NR_FIELDS	(sizeof(columns) / sizeof(*columns) - 1)

struct report {
	char time[40], scope[4096], cgroup[4096], policy[16], line[12288];
	const char *stopped_unit;	/* or NULL */
	char numbers[NR_FIELDS][24];
	struct report_field fields[NR_FIELDS];
};

static void set_text(struct report *r, const char *key, const char *value)
{
	const struct column *c;

	for (c = columns; c->key; c++) {
		if (!strcmp(c->key, key))
			r->fields[c - columns] = (struct report_field){ key, value };
	}
}

static void set_number(struct report *r, const char *key, long long value)
{
	const struct column *c;

	for (c = columns; c->key; c++) {
		if (strcmp(c->key, key))
			continue;
		snprintf(r->numbers[c - columns], sizeof(r->numbers[0]), "%lld", value);
		r->fields[c - columns] = (struct report_field){ key, r->numbers[c - columns] };
	}
}

/* The kernel counts from its boot. */
static time_t time_of(const struct event *e)
{
	struct timespec boot, now;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec * 1000000000LL + now.tv_nsec - boot.tv_sec * 1000000000LL -
		boot.tv_nsec + (long long)e->since_boot) / 1000000000;
}

static void make_report(const struct watch *w, const struct event *e, struct report *r)
{
	static const char * const outcomes[] = OUTCOMES;
	char *rule;

	memset(r->fields, 0, sizeof(r->fields));
	set_text(r, "time", show_time(time_of(e), r->time, sizeof(r->time)));
	if (e->scope)
		cgroup_path(e->scope, r->scope, sizeof(r->scope));
	else
		snprintf(r->scope, sizeof(r->scope), e->sysrq ? "sysrq" : "global");
	set_text(r, "scope", r->scope);
	set_number(r, "trigger_pid", e->trigger);
	set_text(r, "trigger", e->trigger_comm);
	/* The label of a list of rules ends with the line that decided, in two digits. */
	snprintf(r->policy, sizeof(r->policy), "%s", e->policy);
	rule = strchr(r->policy, ':');
	if (rule) {
		*rule++ = '\0';
		rule += *rule == '0';
	}
	set_text(r, "policy", r->policy[0] ? r->policy : NULL);
	set_text(r, "rule", rule);
	set_text(r, "outcome", e->outcome < 0 ? NULL : outcomes[e->outcome]);
	set_text(r, "why", why(e));
	set_number(r, "offered", e->offered);
	set_number(r, "microseconds", e->ns / 1000);
	if (!e->victim)
		return;
	set_number(r, "victim_pid", e->victim);
	set_text(r, "victim", e->victim_comm);
	set_text(r, "cgroup", cgroup_path(e->cgroup, r->cgroup, sizeof(r->cgroup)));
	set_number(r, "uid", e->uid);
	set_number(r, "oom_score_adj", e->adj);
	set_number(r, "size_kib", e->pages * w->kib);
	r->stopped_unit = unit_stopped(r->cgroup);
	set_text(r, "stopped_unit", r->stopped_unit);
}

/* The report as a line, without the time. */
static void make_line(const struct watch *w, const struct event *e, struct report *r)
{
	char trigger[80], victim[80], cgroup[4096], scope[4096], size[32], policy[80];

	show_name(e->trigger_comm, trigger, sizeof(trigger));
	show_name(e->victim_comm, victim, sizeof(victim));
	show_name(r->scope, scope, sizeof(scope));
	show_name(r->cgroup, cgroup, sizeof(cgroup));
	show_name(e->policy[0] ? e->policy : "-", policy, sizeof(policy));
	if (e->victim)
		snprintf(r->line, sizeof(r->line), "%s  %s[%u] -> %s[%u] %s %s  policy %s  %s%s%s  (%u offered, %llu us)",
			 scope, trigger, e->trigger, victim, e->victim, cgroup,
			 show_size(e->pages * w->kib, size, sizeof(size)), policy, why(e),
			 r->stopped_unit ? "; OOMPolicy=stop ends " : "",
			 r->stopped_unit ?: "", e->offered, e->ns / 1000);
	else
		snprintf(r->line, sizeof(r->line), "%s  %s[%u] -> nobody  policy %s  %s  (%u offered, %llu us)",
			 scope, trigger, e->trigger, policy, why(e), e->offered, e->ns / 1000);
}

static void print_json(const struct report *r)
{
	struct table *table = table_new(columns, true);
	size_t i;

	table_row(table);
	for (i = 0; i < NR_FIELDS; i++) {
		if (columns[i].type == RAW)
			cell_raw(table, columns[i].key, r->fields[i].value);
		else
			cell_text(table, columns[i].key, r->fields[i].value);
	}
	table_show_lines(table);
}

/* Kills that nobody has seen, or will. */
static void tell_missed(const struct watch *w, unsigned long long nr, const char *reason)
{
	char message[256], number[24];
	struct report_field field = { "missed", number };

	if (!nr)
		return;
	snprintf(number, sizeof(number), "%llu", nr);
	snprintf(message, sizeof(message), "%llu events were lost: %s", nr, reason);
	if (!w->args->journal || !sink_journal(message, &field, 1))
		say("%s", message);
	if (w->args->exec)
		sink_exec(w->args->exec, &field, 1);
}

static void tell_lost(struct watch *w)
{
	struct watch_state state = { .all = w->args->all };
	unsigned long long lost = 0;
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(w->state, &zero, &state) ||
	    bpf_map_lookup_elem(w->lost, &zero, &lost) || lost == state.shown)
		return;
	tell_missed(w, lost - state.shown, "they came faster than they were read");
	state.shown = lost;
	bpf_map_update_elem(w->state, &zero, &state, BPF_ANY);
}

static int take_event(void *ctx, void *data, size_t size)
{
	const struct event *e = data;
	struct watch *w = ctx;
	struct report r;

	if (!event_is_known(e, size)) {
		tell_missed(w, 1, "it was reported by another version of oom-policy");
		return 0;
	}
	if (!e->victim && !w->args->all)
		return 0;
	make_report(w, e, &r);
	make_line(w, e, &r);
	if (w->args->journal && sink_journal(r.line, r.fields, NR_FIELDS))
		;
	else if (w->args->json)
		print_json(&r);
	else
		printf("%s  %s\n", r.time, r.line);
	if (w->args->exec && e->victim)
		sink_exec(w->args->exec, r.fields, NR_FIELDS);
	return 0;
}

/* Kills since boot, as the kernel counts them. */
static unsigned long long kills_since_boot(void)
{
	FILE *file = fopen("/proc/vmstat", "r");
	unsigned long long nr = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "oom_kill %llu", &nr) == 1)
			break;
	}
	if (file)
		fclose(file);
	return nr;
}

/* The tag of a program: that of its instructions. */
static bool tag_of(int prog_fd, unsigned char *tag)
{
	struct bpf_prog_info info = { };
	uint32_t size = sizeof(info);

	if (prog_fd < 0 || bpf_obj_get_info_by_fd(prog_fd, &info, &size))
		return false;
	memcpy(tag, info.tag, sizeof(info.tag));
	return true;
}

#define PIN(name)	(WATCH_PINS "/" name)
static const char * const pins[] = {
	"events", "lost", "state", "oom_start", "oom_search", "oom_outcome", "oom_signal", "oom_victim",
	"oom_end",
};

/* Are the programs that are pinned those of this command? */
static bool same_programs(struct watch_bpf *skel)
{
	unsigned char pinned[BPF_TAG_SIZE], own[BPF_TAG_SIZE];
	struct bpf_link_info info = { };
	uint32_t size = sizeof(info);
	char path[128];
	size_t i;
	int link, prog;
	bool same;

	for (i = 0; i < sizeof(pins) / sizeof(*pins); i++) {
		snprintf(path, sizeof(path), WATCH_PINS "/%s", pins[i]);
		if (access(path, F_OK))
			return false;
	}
	link = bpf_obj_get(PIN("oom_victim"));
	if (link < 0)
		return false;
	prog = bpf_obj_get_info_by_fd(link, &info, &size) ? -1 : bpf_prog_get_fd_by_id(info.prog_id);
	close(link);
	same = tag_of(prog, pinned) && tag_of(bpf_program__fd(skel->progs.oom_victim), own) &&
	       !memcmp(pinned, own, sizeof(own));
	if (prog >= 0)
		close(prog);
	return same;
}

static int pin_all(struct watch_bpf *skel)
{
	char path[128];
	size_t i;
	int ret;

	for (i = 0; i < sizeof(pins) / sizeof(*pins); i++) {
		snprintf(path, sizeof(path), WATCH_PINS "/%s", pins[i]);
		if (unlink(path) && errno != ENOENT)
			return -errno;
	}
	ret = bpf_map__pin(skel->maps.events, PIN("events"));
	ret = ret ?: bpf_map__pin(skel->maps.data_lost, PIN("lost"));
	ret = ret ?: bpf_map__pin(skel->maps.data_state, PIN("state"));
	ret = ret ?: bpf_link__pin(skel->links.oom_start, PIN("oom_start"));
	ret = ret ?: bpf_link__pin(skel->links.oom_search, PIN("oom_search"));
	ret = ret ?: bpf_link__pin(skel->links.oom_outcome, PIN("oom_outcome"));
	ret = ret ?: bpf_link__pin(skel->links.oom_signal, PIN("oom_signal"));
	ret = ret ?: bpf_link__pin(skel->links.oom_victim, PIN("oom_victim"));
	return ret ?: bpf_link__pin(skel->links.oom_end, PIN("oom_end"));
}

/* Read all that has been reported. */
static int drain(struct watch *w)
{
	struct ring_buffer *ring = ring_buffer__new(w->events, take_event, w, NULL);

	if (!ring)
		return -errno;
	tell_lost(w);
	ring_buffer__consume(ring);
	ring_buffer__free(ring);
	return 0;
}

/* Go on with the programs that are pinned, or pin these. */
static int go_on(struct watch *w, struct watch_bpf *skel)
{
	int own_events = w->events, own_lost = w->lost, own_state = w->state, ret;

	w->events = bpf_obj_get(PIN("events"));
	w->lost = bpf_obj_get(PIN("lost"));
	w->state = bpf_obj_get(PIN("state"));
	if (same_programs(skel))
		return 0;
	ret = watch_bpf__attach(skel);
	if (ret)
		return ret;
	if (w->events >= 0)
		ret = drain(w);
	else
		tell_missed(w, kills_since_boot(), "killed since boot, before anybody watched");
	w->events = own_events;
	w->lost = own_lost;
	w->state = own_state;
	return ret ?: pin_all(skel);
}

static int watch(struct watch *w, struct ring_buffer *ring)
{
	struct pollfd fd = { .fd = ring_buffer__epoll_fd(ring), .events = POLLIN };
	struct sigaction action = { .sa_handler = stop };
	sigset_t blocked, before;
	int ret = 0;

	/* Signals are only taken while there is nothing to do. */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Connects to the bus, as that may take long when memory is short. */
	unit_stopped("/init.scope");
	say("watching");
	do {
		tell_lost(w);
		/* The first time, too: what was reported earlier wakes nobody up. */
		ret = ring_buffer__consume(ring);
		if (ret < 0 || ferror(stdout))
			break;
		if (ppoll(&fd, 1, NULL, &before) < 0 && errno != EINTR)
			ret = -errno;
	} while (!stopped && ret >= 0);
	/* Show all that was reported until now. */
	ring_buffer__consume(ring);
	tell_lost(w);
	if (ret < 0)
		return fail(FAILED, "watch: %s", strerror(-ret));
	return DONE;
}

int cmd_watch(const struct args *args)
{
	struct watch w = { .args = args, .kib = sysconf(_SC_PAGESIZE) / 1024 };
	bool stay = args->journal || args->exec;
	struct watch_state state = { };
	struct ring_buffer *ring = NULL;
	struct watch_bpf *skel;
	uint32_t zero = 0;
	int ret, lock = 0;

	if (args->exec && access(args->exec, X_OK))
		return fail(BAD_INPUT, "%s: %s", args->exec, strerror(errno));
	skel = watch_bpf__open_and_load();
	if (!skel)
		return kernel_explain(errno, "watch");
	w.events = bpf_map__fd(skel->maps.events);
	w.lost = bpf_map__fd(skel->maps.data_lost);
	w.state = bpf_map__fd(skel->maps.data_state);
	if (stay)
		lock = pins_lock(WATCH_PINS, true, false);
	if (lock < 0) {
		watch_bpf__destroy(skel);
		return -lock;
	}
	ret = stay ? go_on(&w, skel) : watch_bpf__attach(skel);
	if (!ret) {
		bpf_map_lookup_elem(w.state, &zero, &state);
		state.all = args->all;
		bpf_map_update_elem(w.state, &zero, &state, BPF_ANY);
		ring = ring_buffer__new(w.events, take_event, &w, NULL);
	}
	ret = ring ? watch(&w, ring) : kernel_explain(ret ? -ret : errno, "watch");
	ring_buffer__free(ring);
	watch_bpf__destroy(skel);
	return ret;
}
