// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "old.h"
#include "say.h"

/* One KEY=VALUE to a line, or NULL if it is wrong. */
typedef const char *translate(const char *key, const char *value, char *buf, size_t size);

static const char *of_name(const char *key, const char *value, char *buf, size_t size)
{
	bool prefer = !strcmp(value, "prefer");

	/* The list cannot hold such a name. */
	if ((!prefer && strcmp(value, "never")) || strpbrk(key, "\"\n"))
		return NULL;
	snprintf(buf, size, "%s name=\"%s\"", prefer ? "first" : "never", key);
	return buf;
}

static const char *of_age(const char *key, const char *value, char *buf, size_t size)
{
	char *end;
	long min;

	if (!strcmp(key, "order") && (!strcmp(value, "youngest") || !strcmp(value, "oldest"))) {
		snprintf(buf, size, "rank %s", value);
		return buf;
	}
	min = strtol(value, &end, 10);
	if (strcmp(key, "min") || end == value || *end || min < 0 || min > 1 << 20)
		return NULL;
	/* Those that hold less die after all others. */
	snprintf(buf, size, min ? "last size<=%ldK" : "", (min << 10) - 1);
	return buf;
}

static const char *of_none(const char *key, const char *value, char *buf, size_t size)
{
	return NULL;
}

static const struct old {
	const char *name;
	const char *lines;	/* without any KEY=VALUE */
	translate *translate;
	const char *values;
} olds[] = {
	{ "name", "", of_name, "NAME=prefer or NAME=never" },
	{ "age", "rank youngest\n", of_age, "order=youngest, order=oldest or min=0..1048576" },
	{ "rss", "rank size\n", of_none, NULL },
	{ "systemd", "last mark=avoid\nnever mark=omit\nrank score\n", of_none, NULL },
};

static const struct old *find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(olds) / sizeof(*olds); i++) {
		if (!strcmp(olds[i].name, name))
			return &olds[i];
	}
	return NULL;
}

bool old_policy(const char *name)
{
	return find(name);
}

static const char *translate_one(const struct old *old, const char *key, const char *value, char *buf,
				 size_t size)
{
	if (!strcmp(key, "observe") || !strcmp(key, "unkillable") || !strcmp(key, "last-resort")) {
		snprintf(buf, size, "set %s=%s", key, value);
		return buf;
	}
	return old->translate(key, value, buf, size);
}

static int by_length(const void *a, const void *b)
{
	const char *l = *(const char * const *)a, *r = *(const char * const *)b;

	return (int)strcspn(l, "=") - (int)strcspn(r, "=");
}

int old_changes(const char *name, const char * const *sets, int nr_sets, char **changes)
{
	const struct old *old = find(name);
	char key[256], line[512];
	const char *value, **sorted;
	size_t size;
	FILE *out;
	int i, status;

	out = open_memstream(changes, &size);
	sorted = calloc(nr_sets + 1, sizeof(*sorted));
	if (!out || !sorted)
		return fail(FAILED, "out of memory");
	fputs(old->lines, out);
	/* Of several that match the longest counted; each new line goes before the others. */
	memcpy(sorted, sets, nr_sets * sizeof(*sorted));
	qsort(sorted, nr_sets, sizeof(*sorted), by_length);
	for (i = 0; i < nr_sets; i++) {
		value = strrchr(sorted[i], '=');
		snprintf(key, sizeof(key), "%.*s", (int)(value ? value - sorted[i] : 0), sorted[i]);
		if (value && translate_one(old, key, value + 1, line, sizeof(line))) {
			fprintf(out, "%s\n", line);
			continue;
		}
		fclose(out);
		status = fail(BAD_INPUT, "%s: %s: %s%s", name, sorted[i], old->values ? "not " : "it has no rules",
			      old->values ?: "");
		free(sorted);
		return status;
	}
	fclose(out);
	free(sorted);
	return DONE;
}
