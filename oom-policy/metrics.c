// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "metrics.h"
#include "program.h"

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

/* The counts of the lines of a list of rules: how many, or 0 for another policy. */
static int read_lines(const struct hooked *h, struct oom_line_stats *lines)
{
	struct bpf_map_info info = { };
	uint32_t size = sizeof(info), key = 0;
	int prog = bpf_prog_get_fd_by_id(h->prog_id), map = -1, nr = 0;

	if (prog >= 0)
		map = prog_map(prog, LINES_MAP);
	if (map >= 0 && !bpf_obj_get_info_by_fd(map, &info, &size) &&
	    info.value_size <= MAX_LINES * sizeof(*lines) && !bpf_map_lookup_elem(map, &key, lines))
		nr = info.value_size / sizeof(*lines);
	if (map >= 0)
		close(map);
	if (prog >= 0)
		close(prog);
	return nr;
}

void metrics_print(const struct hooked *list, int nr)
{
	struct oom_line_stats lines[MAX_LINES];
	const struct metric *m;
	int i, j, of_lines = 0;

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
	head("rule_victims_total", "counter", "Processes that were killed by the line of a list of rules.");
	for (i = 0; i < nr; i++) {
		of_lines = counts(&list[i]) ? read_lines(&list[i], lines) : 0;
		for (j = 0; j < of_lines; j++) {
			if (lines[j].selected)
				printf("oom_policy_rule_victims_total{policy=\"%s\",rule=\"%d\"} %llu\n",
				       list[i].pin, j + 1, lines[j].victims);
		}
	}
}
