// SPDX-License-Identifier: GPL-2.0
/* The policies, and what can be said to them. */
#include <stdio.h>

#include "cmd.h"
#include "policy.h"
#include "say.h"
#include "show.h"

static const struct column of_policies[] = {
	{ "policy", "POLICY" }, { "chooses", "CHOOSES" }, { }
};

static const struct column of_settings[] = {
	{ "policy" }, { "chooses" }, { "bad_at" },
	{ "setting", "SETTING" }, { "values", "VALUES" }, { "meaning", "MEANING" }, { }
};

static void add_setting(struct table *table, const char *name, const struct values *values,
			const char *help)
{
	char buf[256];

	table_row(table);
	cell_text(table, "setting", name);
	cell_text(table, "values", values_text(values, buf, sizeof(buf)));
	cell_text(table, "meaning", help);
}

static void list_settings(const struct policy *p, bool json)
{
	static const char * const subjects[NR_SUBJECTS] = {
		[SUBJECT_PID] = "PID", [SUBJECT_CGROUP] = "/CGROUP", [SUBJECT_NAME] = "NAME[*]",
	};
	struct table *table = table_new(of_settings, json);
	int i;

	if (json) {
		table_row(table);
		cell_text(table, "policy", p->name);
		cell_text(table, "chooses", p->line);
		cell_text(table, "bad_at", p->limits);
	} else {
		printf("%s: %s\nBad at: %s\n\n", p->name, p->line, p->limits);
	}
	if (p->subject)
		add_setting(table, subjects[p->subject], &p->rule_values, p->rule_help);
	if (p->subject == SUBJECT_CGROUP && !p->rule_values.words)
		add_setting(table, "default", &p->rule_values, "for cgroups without a priority above them");
	for (i = 0; i < p->nr_params; i++)
		add_setting(table, p->params[i].name, &p->params[i].values, p->params[i].help);
	table_show(table);
}

int cmd_list(const struct args *args)
{
	const char *name = args->names[0];
	const struct policy *p;
	struct table *table;

	if (name) {
		p = policy_find(name);
		if (!p)
			return no_policy(name);
		list_settings(p, args->json);
		return DONE;
	}
	p = policy_all();
	if (!p)
		return fail(FAILED, "no policies in %s; set " POLICY_PATH " to their folder",
			    policy_path());
	table = table_new(of_policies, args->json);
	for (; p; p = p->next) {
		/* Another of its name may come earlier in the path. */
		if (policy_find(p->name) != p)
			continue;
		table_row(table);
		cell_text(table, "policy", p->name);
		cell_text(table, "chooses", p->line);
	}
	table_show(table);
	return DONE;
}
