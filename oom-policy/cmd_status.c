// SPDX-License-Identifier: GPL-2.0
/* The policies that are loaded, in the order asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd.h"
#include "counts.h"
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
	{ "outcomes", NULL, RAW }, { "last_choice", "LAST CHOICE" }, { "rules", NULL, RAW }, { }
};

static const struct column rule_columns[] = {
	{ "line", "LINE", RAW }, { "cgroups", "CGROUPS", RAW }, { "processes", "PROCESSES", RAW },
	{ "victims", "VICTIMS", RAW }, { "rule", "RULE" }, { }
};

/* More than a function can have. */
#define MAX_HOOKED 64

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

/* As JSON; the text is in UTF-8 already, or escaped. */
static void print_string(FILE *out, const char *text)
{
	char safe[4 * 1024];

	fputc('"', out);
	for (text = show_name(text, safe, sizeof(safe)); *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void print_count(FILE *out, const char *key, long long count)
{
	if (count < 0)
		fprintf(out, ", \"%s\": null", key);
	else
		fprintf(out, ", \"%s\": %lld", key, count);
}

/* "rank" and "set" of a list are no rules, and no line decides by them. */
static bool is_rule(const struct counted *c)
{
	return strncmp(c->text, "rank ", 5) && strncmp(c->text, "set ", 4);
}

static void add_rules(struct table *table, const struct counted *counts, int nr)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int i;

	if (!out)
		return;
	fputc('[', out);
	for (i = 0; i < nr; i++) {
		fprintf(out, is_rule(&counts[i]) ? "%s{\"line\": %d, \"rule\": " :
			"%s{\"line\": null, \"rule\": ", i ? ", " : "", i + 1);
		print_string(out, counts[i].text);
		print_count(out, "cgroups", counts[i].cgroups);
		print_count(out, "processes", counts[i].processes);
		print_count(out, "victims", counts[i].victims);
		fputc('}', out);
	}
	fputc(']', out);
	fclose(out);
	cell_raw(table, "rules", text);
	free(text);
}

/* Below the table of the policies, the rules of each that has some. */
static void show_rules(const char *name, const struct counted *counts, int nr)
{
	struct table *table = table_new(rule_columns, false);
	int i;

	for (i = 0; i < nr; i++) {
		table_row(table);
		if (is_rule(&counts[i]))
			cell_number(table, "line", i + 1);
		if (counts[i].cgroups >= 0)
			cell_number(table, "cgroups", counts[i].cgroups);
		if (counts[i].processes >= 0)
			cell_number(table, "processes", counts[i].processes);
		if (counts[i].victims >= 0)
			cell_number(table, "victims", counts[i].victims);
		cell_text(table, "rule", counts[i].text);
	}
	printf("\nRules of %s, and what each matches now:\n", name);
	table_show(table);
}

int cmd_status(const struct args *args)
{
	const char *name = args->names[0];
	struct hooked *list = NULL;
	struct table *table;
	struct counted *counts[MAX_HOOKED] = { };
	int nr, i, status, shown = 0, nr_counts[MAX_HOOKED] = { };
	bool complete;

	if (args->openmetrics && (name || args->json))
		return fail(BAD_USAGE, "status: --openmetrics is for all policies, and no JSON");
	nr = hook_read(&list);
	if (nr < 0)
		return -nr;
	if (nr > MAX_HOOKED)
		nr = MAX_HOOKED;
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
		if (!list[i].pin[0])
			continue;
		counts[i] = counts_of(list[i].pin, &nr_counts[i]);
		if (nr_counts[i])
			add_rules(table, counts[i], nr_counts[i]);
	}
	status = complete ? DONE : FAILED;
	if (name && !shown) {
		table_free(table);
		if (status)
			goto out;
		status = policy_find(name) ? fail(NOT_LOADED, "%s is not loaded", name) : no_policy(name);
		goto out;
	}
	if (!shown && !args->json) {
		table_free(table);
		puts("No policy: the kernel chooses.");
		goto out;
	}
	table_show(table);
	for (i = 0; !args->json && i < nr; i++) {
		if (nr_counts[i])
			show_rules(list[i].pin, counts[i], nr_counts[i]);
	}
out:
	for (i = 0; i < nr; i++)
		counts_free(counts[i], nr_counts[i]);
	free(list);
	return status;
}
