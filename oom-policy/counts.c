// SPDX-License-Identifier: GPL-2.0
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "cgroup.h"
#include "counts.h"
#include "list.h"
#include "list_store.h"
#include "pattern.h"
#include "process.h"
#include "ranking.h"
#include "say.h"
#include "store.h"

#define LINES_MAP	".data.lines"

/* nftw() has no argument for these. */
static struct dfa paths;
static struct counted *counted;
static uint64_t scopes;

/* A cgroup: count it for the lines that name it, or else whose scope it is. */
static int count_cgroup(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const uint64_t *accept;
	uint64_t lines;

	if (type != FTW_D)
		return 0;
	accept = paths.accept[dfa_run(&paths, path + strlen(CGROUPS))];
	for (lines = accept[0] | (accept[1] & scopes); lines; lines &= lines - 1)
		counted[__builtin_ctzll(lines)].cgroups++;
	return 0;
}

static void count_cgroups(const struct list *list, struct counted *counts)
{
	struct pattern patterns[2 * MAX_LINES] = { };
	int i;

	scopes = 0;
	for (i = 0; i < list->nr; i++) {
		patterns[i] = (struct pattern){ list->lines[i].cgroup, PATTERN_BELOW };
		patterns[MAX_LINES + i] = (struct pattern){ list->lines[i].scope, PATTERN_CGROUP };
		if (!list->lines[i].cgroup && list->lines[i].scope)
			scopes |= 1ULL << i;
		if (list->lines[i].cgroup || list->lines[i].scope)
			counts[i].cgroups = 0;
	}
	if (dfa_compile(&paths, patterns, 2 * MAX_LINES, 4096, 256))
		return;
	counted = counts;
	nftw(CGROUPS, count_cgroup, 16, FTW_PHYS | FTW_MOUNT);
	dfa_free(&paths);
}

static void count_victims(const char *loaded, struct counted *counts, int nr)
{
	struct store store = { .dir = loaded };
	struct oom_line_stats lines[MAX_LINES];
	int map = store_map(&store, LINES_MAP), i;

	if (map < 0)
		return;
	if (!map_read(map, lines, sizeof(lines))) {
		for (i = 0; i < nr; i++)
			counts[i].victims = lines[i].victims;
	}
	close(map);
}

/* The lines of a list; in an OOM of the whole machine each process is that of one line. */
static void count_lines(const char *loaded, const char *text, struct counted *counts)
{
	struct setup setup = { .policy = policy_find(LIST_POLICY) };
	struct store store = { .dir = loaded };
	struct ranking r;
	long unmarked;
	int i;

	if (!setup.policy || setup_from_text(&setup, text) || !setup.list)
		goto out;
	count_cgroups(setup.list, counts);
	unmarked = list_unmarked(&store);
	if (unmarked > 0)
		say("%s: %ld cgroups without a mark, so no line with a cgroup is for them: there is no memory; status tries again",
		    loaded, unmarked);
	count_victims(loaded, counts, setup.list->nr);
	if (!ranking_of(&r, loaded)) {
		/* A line for the OOM of a cgroup matches none here. */
		for (i = 0; i < setup.list->nr; i++)
			counts[i].processes = setup.list->lines[i].scope ? -1 : 0;
		for (i = 0; i < r.nr; i++) {
			if (r.tasks[i].line && (int)r.tasks[i].line <= setup.list->nr)
				counts[r.tasks[i].line - 1].processes++;
		}
	}
	ranking_free(&r);
out:
	setup_free(&setup);
}

/* PID:START=VALUE or /PATH=VALUE; others are settings. */
static void count_rule(struct counted *c)
{
	unsigned long long start, now;
	char key[4096], pid[32];

	snprintf(key, sizeof(key), "%.*s", (int)(strrchr(c->text, '=') - c->text), c->text);
	if (*key == '/')
		c->cgroups = !!cgroup_id(key);
	else if (sscanf(key, "%31[0-9]:%llu", pid, &start) == 2)
		c->processes = !process_start(pid, &now) && now == start;
}

struct counted *counts_of(const char *loaded, int *nr)
{
	char *text = store_text(loaded), *copy = text ? strdup(text) : NULL, *rest = copy, *line;
	struct counted *counts = NULL, *more;

	*nr = 0;
	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		more = realloc(counts, (*nr + 1) * sizeof(*more));
		if (!more)
			break;
		counts = more;
		counts[(*nr)++] = (struct counted){ strdup(line), -1, -1, -1 };
		if (strcmp(loaded, LIST_POLICY) && strchr(line, '='))
			count_rule(&counts[*nr - 1]);
	}
	if (*nr && !strcmp(loaded, LIST_POLICY))
		count_lines(loaded, text, counts);
	free(copy);
	free(text);
	return counts;
}

void counts_free(struct counted *counts, int nr)
{
	while (nr--)
		free(counts[nr].text);
	free(counts);
}
