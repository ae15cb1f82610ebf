// SPDX-License-Identifier: GPL-2.0
/* The processes in the order in which they would be chosen, and why. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cgroup.h"
#include "cmd.h"
#include "ranking.h"
#include "say.h"
#include "show.h"
#include "unit.h"

static const struct column columns[] = {
	{ "rank", "RANK", RAW }, { "pid", "PID", RAW }, { "comm", "COMM" }, { "cgroup", "CGROUP" },
	{ "size_kib", NULL, RAW }, { "size", "SIZE" }, { "policy", "POLICY" }, { "line", NULL, RAW },
	{ "stopped_unit" }, { "why", "WHY" }, { }
};

/* Size and oom_score_adj in one, which may be less than nothing. */
static int measure(const struct ranking *r, const struct task *t, char *buf, size_t size)
{
	char text[32];

	return snprintf(buf, size, "by the kernel's measure: %s%s", t->score < 0 ? "-" : "",
			show_size(llabs(t->score) * r->kib, text, sizeof(text)));
}

/* Word @number of "A|B|C", or the last. */
static int nth_word(const char *words, unsigned long long number, char *buf, size_t size)
{
	const char *next;

	while (number-- && (next = strchr(words, '|')))
		words = next + 1;
	return snprintf(buf, size, "%.*s", (int)strcspn(words, "|"), words);
}

/* A key of a rank, in words. */
static int key_text(const struct ranking *r, const struct task *t, int i, char *buf, size_t size)
{
	const struct key *key = &r->policy[t->by]->keys[i];
	struct timespec boot;
	char text[32];

	switch (key->unit) {
	case KEY_PAGES:
		return snprintf(buf, size, "%s %s", key->text,
				show_size(t->key[i] * r->kib, text, sizeof(text)));
	case KEY_NUMBER:
		return snprintf(buf, size, "%s %llu", key->text, t->key[i]);
	case KEY_MINUS:
		return snprintf(buf, size, "%s %llu", key->text, key->minus - t->key[i]);
	case KEY_AGE:
		clock_gettime(CLOCK_BOOTTIME, &boot);
		return snprintf(buf, size, "started %llus ago",
				boot.tv_sec - t->start / 1000000000ULL);
	case KEY_SCORE:
		return measure(r, t, buf, size);
	case KEY_WORDS:
		return nth_word(key->text, t->key[i], buf, size);
	default:
		return 0;
	}
}

/* The rule that decided, as the list has it. */
static size_t line_text(const struct ranking *r, const struct task *t, char *buf, size_t size)
{
	char line[1024];

	if (!t->line || !r->text[t->by])
		return 0;
	return snprintf(buf, size, "line %u: %s", t->line,
			text_line(r->text[t->by], t->line, line, sizeof(line)));
}

/* The word behind "rank" in the list, or "". */
static void rank_word(const char *text, char *word, size_t size)
{
	const char *at = text;

	word[0] = '\0';
	for (; at && *at; at = strchr(at, '\n'), at += !!at) {
		if (strncmp(at, "rank ", 5))
			continue;
		snprintf(word, size, "%.*s", (int)strcspn(at + 5, "\n"), at + 5);
		return;
	}
}

/* A candidate of a list: the line, and what decides within its class. */
static void list_reason(const struct ranking *r, const struct task *t, char *buf, size_t size)
{
	char word[32], text[32];
	struct timespec boot;
	size_t len;

	len = line_text(r, t, buf, size);
	len += snprintf(buf + len, size - len, "%s", t->line ? ", " : "no line, ");
	rank_word(r->text[t->by], word, sizeof(word));
	if (!strcmp(word, "score")) {
		measure(r, t, buf + len, size - len);
		return;
	}
	if (!strcmp(word, "youngest") || !strcmp(word, "oldest")) {
		clock_gettime(CLOCK_BOOTTIME, &boot);
		snprintf(buf + len, size - len, "started %llus ago",
			 boot.tv_sec - t->start / 1000000000ULL);
		return;
	}
	if (!strcmp(word, "cgroup-size"))
		len += snprintf(buf + len, size - len, "cgroup %s, ",
				show_size(t->key[1] * r->kib, text, sizeof(text)));
	else if (!strcmp(word, "cgroup-tree") && t->levels)
		len += snprintf(buf + len, size - len, "cgroup %s, ",
				show_size(t->tree[0].pages * r->kib, text, sizeof(text)));
	snprintf(buf + len, size - len, "%s %s", strcmp(word, "private") ? "task" : "private",
		 show_size(t->key[2] * r->kib, text, sizeof(text)));
}

static void reason(const struct ranking *r, const struct task *t, char *buf, size_t size)
{
	const struct policy *p = t->by < 0 ? NULL : r->policy[t->by];
	size_t len = 0;
	int i;

	if (!p && t->why == WHY_DYING)
		snprintf(buf, size, "dying: it is waited for");
	else if (!p && t->why == WHY_NO_MEMORY)
		snprintf(buf, size, "has ended: nothing to free");
	else if (!p && t->adj == -1000)
		snprintf(buf, size, "spared: oom_score_adj -1000");
	else if (!p)
		measure(r, t, buf, size);
	else if (t->verdict != BPF_EVAL_SELECT) {
		len = snprintf(buf, size, "spared by %s", p->name);
		if (t->line)
			len += snprintf(buf + len, size - len, ", ");
		line_text(r, t, buf + len, size - len);
	} else if (r->text[t->by] && !strcmp(p->name, LIST_POLICY)) {
		list_reason(r, t, buf, size);
	} else {
		for (i = 0; i < 3; i++) {
			if (!p->keys[i].unit)
				continue;
			len += snprintf(buf + len, size - len, "%s", len ? ", " : "");
			len += key_text(r, t, i, buf + len, size - len);
		}
	}
}

/* Systemd is asked once for a cgroup. */
static void find_unit(const struct ranking *r, struct task *t)
{
	const struct task *other = r->tasks;
	char path[4096];

	while (other->cgroup != t->cgroup)
		other++;
	strcpy(t->stopped_unit, other < t ? other->stopped_unit :
	       unit_stopped(cgroup_path(t->cgroup, path, sizeof(path))) ?: "");
}

/* The others that die with it. */
static void add_others(const struct ranking *r, const struct task *t, char *buf, size_t size)
{
	const struct task *sharer = ranking_sharer(r, t);
	char path[4096], other[4096];
	size_t len = strlen(buf);
	int i, others = 0;

	if (sharer)
		len += snprintf(buf + len, size - len, "; shares its memory with process %d, which dies with it",
				sharer->pid);
	if (*t->stopped_unit)
		len += snprintf(buf + len, size - len, "; OOMPolicy=stop ends %s", t->stopped_unit);
	if (!ranking_group(r, t, path, sizeof(path)))
		return;
	for (i = 0; i < r->nr; i++) {
		if (&r->tasks[i] != t && r->tasks[i].adj != -1000 &&
		    ranking_group(r, &r->tasks[i], other, sizeof(other)) && !strcmp(path, other))
			others++;
	}
	snprintf(buf + len, size - len, "; memory.oom.group of %s kills it with %d other%s", path, others,
		 others == 1 ? "" : "s");
}

static void add_row(struct table *table, const struct ranking *r, const struct task *t, int rank)
{
	char path[64], comm[17] = "", buf[4096];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", t->pid);
	file = fopen(path, "r");
	if (file) {
		comm[fread(comm, 1, sizeof(comm) - 1, file)] = '\0';
		fclose(file);
	}
	/* The last byte is the newline of the file. */
	if (comm[0])
		comm[strlen(comm) - 1] = '\0';
	table_row(table);
	if (rank)
		cell_number(table, "rank", rank);
	cell_number(table, "pid", t->pid);
	cell_text(table, "comm", comm);
	cell_text(table, "cgroup", cgroup_path(t->cgroup, buf, sizeof(buf)));
	cell_number(table, "size_kib", t->pages * r->kib);
	cell_text(table, "size", show_size(t->pages * r->kib, buf, sizeof(buf)));
	cell_text(table, "policy", t->by < 0 ? NULL : r->policy[t->by]->name);
	reason(r, t, buf, sizeof(buf));
	add_others(r, t, buf, sizeof(buf));
	cell_text(table, "why", buf);
	cell_text(table, "stopped_unit", *t->stopped_unit ? t->stopped_unit : NULL);
	if (t->by >= 0 && t->line)
		cell_number(table, "line", t->line);
}

static void show(struct ranking *r, bool json)
{
	struct table *table = table_new(columns, json);
	int i, rank = 0;

	for (i = 0; i < r->nr; i++) {
		find_unit(r, &r->tasks[i]);
		add_row(table, r, &r->tasks[i], ranking_class(&r->tasks[i]) == 2 ? 0 : ++rank);
	}
	table_show(table);
}

int cmd_rank(const struct args *args)
{
	struct setup setups[MAX_POLICIES] = { };
	struct ranking r = { };
	int status, i;

	if (args->nr_sets && args->nr_names != 1)
		return fail(BAD_USAGE, "rank: --set needs one policy; see oom-policy --help");
	status = setup_from(args->names, args->nr_names, args->sets, args->nr_sets, setups);
	/* On top of no list. */
	for (i = 0; !status && i < args->nr_names; i++) {
		if (setups[i].changes)
			status = setup_merge(&setups[i], NULL);
	}
	if (!status) {
		status = ranking_make(&r, args->cgroup, setups, args->nr_names);
		if (!status)
			show(&r, args->json);
		ranking_free(&r);
	}
	for (i = 0; i < args->nr_names; i++)
		setup_free(&setups[i]);
	return status;
}
