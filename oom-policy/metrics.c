// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "metrics.h"
#include "pins.h"
#include "store.h"

#define LINES_MAP	".data.lines"
#define MAX_LINES	64

static const char * const outcomes[] = OUTCOMES;

static unsigned long long searches(const struct hooked *h)
{
	return h->stats.ooms;
}

static unsigned long long selections(const struct hooked *h)
{
	return h->stats.selected;
}

static unsigned long long refused(const struct hooked *h)
{
	return h->stats.refused;
}

static unsigned long long victims(const struct hooked *h)
{
	return h->stats.victims;
}

static unsigned long long loaded(const struct hooked *h)
{
	return h->since;
}

/* One counter of each policy. */
static const struct metric {
	const char *name, *type, *help;
	unsigned long long (*value)(const struct hooked *h);
} metrics[] = {
	{ "searches_total", "counter", "Searches for an OOM victim that the policy has seen.", searches },
	{ "selections_total", "counter", "Processes that the policy selected; each displaces the one before.",
	  selections },
	{ "refused_selections_total", "counter", "Selections that would have freed nothing.", refused },
	{ "victims_total", "counter", "Selected processes that were killed.", victims },
	{ "loaded_timestamp_seconds", "gauge", "When the policy was loaded.", loaded },
	{ }
};

static bool counts(const struct hooked *h)
{
	return h->ours && h->pin[0];
}

static void head(const char *name, const char *type, const char *help)
{
	printf("# HELP oom_policy_%s %s\n# TYPE oom_policy_%s %s\n", name, help, name, type);
}

/* Text between quotation marks. */
static void print_quoted(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (strchr("\"\\", *text))
			putchar('\\');
		putchar(*text);
	}
	putchar('"');
}

/* The victims of each line of a list of rules. */
static void print_lines(const char *policy)
{
	struct oom_line_stats lines[MAX_LINES];
	int map = store_map(&(struct store){ .dir = policy }, LINES_MAP), i;
	char *text, *rest, *line;

	if (map < 0)
		return;
	text = rest = store_text(policy);
	if (map_read(map, lines, sizeof(lines)))
		rest = NULL;
	for (i = 0; i < MAX_LINES && (line = strsep(&rest, "\n")); i++) {
		/* They are behind the lines. */
		if (!*line || !strncmp(line, "rank ", 5) || !strncmp(line, "set ", 4))
			break;
		printf("oom_policy_rule_victims_total{policy=\"%s\",rule=\"%d\",line=", policy, i + 1);
		print_quoted(line);
		printf("} %llu\n", lines[i].victims);
	}
	free(text);
	close(map);
}

/* Events that no watch will show. */
static void print_watch(void)
{
	int map = bpf_obj_get(WATCH_PINS "/lost");
	unsigned long long lost;

	if (map < 0)
		return;
	head("watch_lost_events_total", "counter", "Reports that did not fit into the buffer of watch.");
	if (!map_read(map, &lost, sizeof(lost)))
		printf("oom_policy_watch_lost_events_total %llu\n", lost);
	close(map);
}

void metrics_print(const struct hooked *list, int nr)
{
	const struct metric *m;
	int i, j;

	for (m = metrics; m->name; m++) {
		head(m->name, m->type, m->help);
		for (i = 0; i < nr; i++) {
			if (counts(&list[i]))
				printf("oom_policy_%s{policy=\"%s\"} %llu\n", m->name, list[i].pin,
				       m->value(&list[i]));
		}
	}
	head("outcomes_total", "counter", "Searches under the label of the policy, by outcome.");
	for (i = 0; i < nr; i++) {
		for (j = 0; counts(&list[i]) && j < NR_OUTCOMES; j++)
			printf("oom_policy_outcomes_total{policy=\"%s\",outcome=\"%s\"} %llu\n",
			       list[i].pin, outcomes[j], list[i].stats.outcomes[j]);
	}
	head("rule_victims_total", "counter", "Processes that were killed by a line of a list of rules.");
	for (i = 0; i < nr; i++) {
		if (counts(&list[i]))
			print_lines(list[i].pin);
	}
	print_watch();
}
