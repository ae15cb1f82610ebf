// SPDX-License-Identifier: GPL-2.0
/* The policies: what they choose, and what can be said to them. */
#include <string.h>

#include "oom-policy.h"
#include "age.skel.h"
#include "cgroup.skel.h"
#include "cgroup_size.skel.h"
#include "name.skel.h"
#include "observe.skel.h"
#include "pid.skel.h"
#include "priority.skel.h"
#include "rss.skel.h"
#include "systemd.skel.h"

static const struct word yes_no[] = { { "no", 0 }, { "yes", 1 }, { } };
static const struct word spare_kill[] = { { "spare", 0 }, { "kill", 1 }, { } };
static const struct word age_order[] = { { "youngest", 0 }, { "oldest", 1 }, { } };
static const struct word first_never[] = {
	{ "first", BPF_EVAL_SELECT }, { "never", BPF_EVAL_NEXT }, { }
};
static const struct word others_words[] = {
	{ "kernel", NO_BPF_POLICY }, { "spare", BPF_EVAL_NEXT }, { }
};
static const struct word prefer_never[] = {
	{ "prefer", BPF_EVAL_SELECT }, { "never", BPF_EVAL_NEXT }, { }
};
static const struct word cgroup_words[] = {
	{ "prefer", BPF_EVAL_SELECT }, { "never", BPF_EVAL_NEXT },
	{ "none", NO_BPF_POLICY }, { "only", NO_BPF_POLICY }, { }
};

static const struct param pid_params[] = {
	{ "others", "others", others_words, .help = "processes that no rule is for" },
	{ }
};

static const struct param age_params[] = {
	{ "order", "oldest", age_order, .help = "who dies first" },
	{ "min", "min_pages", .max = 1 << 20, .unit = 1 << 20,
	  .help = "leave alone who holds less, in MiB (default 1)" },
	{ }
};

const struct param common_params[] = {
	{ "unkillable", "kill_unkillable", spare_kill,
	  .help = "processes at an oom_score_adj of -1000" },
	{ "observe", "observe", yes_no, .help = "decide nothing, only count" },
	{ }
};

const struct policy policies[] = {
	{ "pid", "the given processes first, or never",
	  "a process that is started anew is another one",
	  pid_bpf__elf_bytes, SUBJECT_PID, "oom_pids", first_never, pid_params, { KEY_TASK } },
	{ "cgroup", "prefer, spare or only choose from the given cgroups",
	  "a directory that is made anew is another one",
	  cgroup_bpf__elf_bytes, SUBJECT_CGROUP, "oom_cgroups", cgroup_words, NULL,
	  { KEY_NONE, KEY_NONE, KEY_TASK } },
	{ "priority", "cgroups have priorities of 0 to 12, the lowest dies first",
	  "a small process of low priority dies while a big one of high priority leaks",
	  priority_bpf__elf_bytes, SUBJECT_CGROUP, "oom_priorities", NULL, NULL,
	  { KEY_PRIORITY, KEY_CGROUP, KEY_TASK } },
	{ "cgroup-size", "the biggest process of the biggest memory cgroup",
	  "page cache makes a cgroup big, and goes without a kill",
	  cgroup_size_bpf__elf_bytes, .keys = { KEY_NONE, KEY_CGROUP, KEY_TASK } },
	{ "rss", "the biggest process, whatever its oom_score_adj",
	  "memory that processes share counts in full for each",
	  rss_bpf__elf_bytes, .keys = { KEY_TASK } },
	{ "age", "the youngest process first, or the oldest",
	  "a leak in an old process costs the lives of all younger ones first",
	  age_bpf__elf_bytes, .params = age_params, .keys = { KEY_AGE } },
	{ "name", "prefer or spare processes by name",
	  "a process gives itself the name that it wants",
	  name_bpf__elf_bytes, SUBJECT_NAME, "oom_names", prefer_never, NULL, { KEY_TASK } },
	{ "systemd", "obey ManagedOOMPreference= of systemd's units",
	  "a mark that a user set on a cgroup of their own counts as well",
	  systemd_bpf__elf_bytes, .keys = { KEY_LAST, KEY_NONE, KEY_SCORE } },
	{ "observe", "decide nothing, but count each OOM and who was the biggest",
	  "nothing it does, as it does nothing",
	  observe_bpf__elf_bytes, .keys = { KEY_TASK } },
	{ }
};

const struct policy *policy_find(const char *name)
{
	const struct policy *p;

	for (p = policies; p->name; p++) {
		if (!strcmp(p->name, name))
			return p;
	}
	return NULL;
}

static json_object *setting(const char *name, const char *values, const char *help)
{
	json_object *row = json_object_new_object();

	row_text(row, "setting", name);
	row_text(row, "values", values);
	row_text(row, "meaning", help);
	return row;
}

static const char *all_words(const struct word *words, char *buf, size_t size)
{
	size_t len = 0;

	for (; words->word; words++)
		len += snprintf(buf + len, size - len, "%s%s", len ? "|" : "", words->word);
	return buf;
}

static void add_params(json_object *rows, const struct param *params)
{
	char buf[128];

	for (; params && params->name; params++) {
		if (params->words)
			all_words(params->words, buf, sizeof(buf));
		else
			snprintf(buf, sizeof(buf), "0..%ld", params->max);
		json_object_array_add(rows, setting(params->name, buf, params->help));
	}
}

int command_list(const char *name, bool json)
{
	static const char * const subjects[] = {
		[SUBJECT_PID] = "PID", [SUBJECT_CGROUP] = "/CGROUP", [SUBJECT_NAME] = "NAME[*]",
	};
	json_object *rows = json_object_new_array(), *row;
	const struct policy *p;
	char buf[128];

	for (p = policies; !name && p->name; p++) {
		row = json_object_new_object();
		row_text(row, "policy", p->name);
		row_text(row, "chooses", p->line);
		json_object_array_add(rows, row);
	}
	if (!name) {
		show_rows(rows, (struct column []){ { "policy", "POLICY" },
			  { "chooses", "CHOOSES" }, { } }, json);
		return DONE;
	}
	p = policy_find(name);
	if (!p) {
		json_object_put(rows);
		return no_policy(name);
	}
	if (json) {
		row = json_object_new_object();
		row_text(row, "policy", p->name);
		row_text(row, "chooses", p->line);
		row_text(row, "bad_at", p->limits);
		json_object_array_add(rows, row);
	} else {
		printf("%s: %s\nBad at: %s\n\n", p->name, p->line, p->limits);
	}
	if (p->subject)
		json_object_array_add(rows, setting(subjects[p->subject], p->words ?
			all_words(p->words, buf, sizeof(buf)) : "0..12", "a rule; at most 1024"));
	if (p->subject && !p->words)
		json_object_array_add(rows, setting("default", "0..12",
						    "for cgroups without a priority above them"));
	add_params(rows, p->params);
	add_params(rows, common_params);
	show_rows(rows, (struct column []){ { "setting", "SETTING" }, { "values", "VALUES" },
		  { "meaning", "MEANING" }, { } }, json);
	return DONE;
}
