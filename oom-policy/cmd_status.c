// SPDX-License-Identifier: GPL-2.0
/* What is loaded, in the order asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd.h"
#include "hook.h"
#include "metrics.h"
#include "pins.h"
#include "policy.h"
#include "say.h"
#include "show.h"

static const struct column columns[] = {
	{ "asked", "ASKED", RAW }, { "policy", "POLICY" }, { "pinned", NULL, RAW },
	{ "program_id", NULL, RAW }, { "link_id", NULL, RAW }, { "label", "LABEL" },
	{ "since", "SINCE" }, { "ooms", "OOMS", RAW }, { "selected", NULL, RAW },
	{ "refused", NULL, RAW }, { "victims", "VICTIMS", RAW }, { "fallbacks", "FALLBACKS", RAW },
	{ "outcomes", NULL, RAW }, { "last_choice", "LAST CHOICE" }, { }
};

static const char * const outcomes[] = OUTCOMES;

static void add_row(struct table *table, const struct hooked *h, int order)
{
	const unsigned long long *nr = h->stats.outcomes;
	char since[32], counts[512], last[64];
	int i, at = 0;

	table_row(table);
	cell_number(table, "asked", order);
	cell_text(table, "policy", h->pin[0] ? h->pin : h->program);
	cell_bool(table, "pinned", h->pin[0]);
	cell_number(table, "program_id", h->prog_id);
	cell_number(table, "link_id", h->link_id);
	cell_text(table, "since", show_time(h->since, since, sizeof(since)));
	if (!h->ours)
		return;
	cell_text(table, "label", h->stats.label);
	cell_number(table, "ooms", h->stats.ooms);
	cell_number(table, "selected", h->stats.selected);
	cell_number(table, "refused", h->stats.refused);
	cell_number(table, "victims", h->stats.victims);
	cell_number(table, "fallbacks", nr[OUTCOME_NONE] + nr[OUTCOME_ABORT] + nr[OUTCOME_TIMEOUT]);
	for (i = 0; i < NR_OUTCOMES; i++)
		at += snprintf(counts + at, sizeof(counts) - at, "%s\"%s\": %llu", i ? ", " : "{",
			       outcomes[i], nr[i]);
	snprintf(counts + at, sizeof(counts) - at, "}");
	cell_raw(table, "outcomes", counts);
	if (h->stats.best.pid) {
		snprintf(last, sizeof(last), "%s[%u]", h->stats.best.comm, h->stats.best.pid);
		cell_text(table, "last_choice", last);
	}
}

int cmd_status(const struct args *args)
{
	const char *name = args->names[0];
	struct hooked *list = NULL;
	struct table *table;
	int nr, i, shown = 0;
	bool complete;

	if (args->openmetrics && (name || args->json))
		return fail(BAD_USAGE, "status: --openmetrics is for all policies, and no JSON");
	nr = hook_read(&list);
	if (nr < 0)
		return -nr;
	if (args->openmetrics) {
		metrics_print(list, nr);
		free(list);
		return DONE;
	}
	complete = pins_complete(name);
	table = table_new(columns, args->json);
	for (i = 0; i < nr; i++) {
		if (name && strcmp(list[i].pin, name))
			continue;
		add_row(table, &list[i], i + 1);
		shown++;
	}
	free(list);
	if (name && !shown) {
		table_free(table);
		if (!complete)
			return FAILED;
		return policy_find(name) ? fail(NOT_LOADED, "%s is not loaded", name) : no_policy(name);
	}
	if (!shown && !args->json) {
		table_free(table);
		puts("No policy: the kernel chooses.");
		return complete ? DONE : FAILED;
	}
	table_show(table);
	return complete ? DONE : FAILED;
}
