// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libsmartcols/libsmartcols.h>

#include "show.h"

#define MAX_COLUMNS 24

struct table {
	const struct column *columns;
	struct libscols_table *rows;
	struct libscols_line *row;
	bool json;
};

/* The length of a character in UTF-8 that is no control character, or 0. */
static int utf8_len(const unsigned char *s)
{
	static const unsigned int least[] = { 0, 0, 0xa0, 0x800, 0x10000 };
	int len = *s < 0x80 ? 1 : *s >> 5 == 6 ? 2 : *s >> 4 == 14 ? 3 : *s >> 3 == 30 ? 4 : 0;
	unsigned int c = len > 1 ? *s & (0x7f >> len) : *s;
	int i;

	if (len == 1)
		return c >= 0x20 && c != 0x7f;
	for (i = 1; i < len; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : len;
}

/* @utf8: what is valid stays; @control: so do control characters of ASCII. */
static const char *escape(const char *text, char *buf, size_t size, bool utf8, bool control)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t at = 0;
	int len;

	for (; *s && at + 5 < size; s += len) {
		len = utf8_len(s);
		if ((len == 1 || (len > 1 && utf8)) || (control && *s < 0x80)) {
			len = len ?: 1;
			memcpy(buf + at, s, len);
			at += len;
		} else {
			len = 1;
			at += snprintf(buf + at, size - at, "\\x%02x", *s);
		}
	}
	buf[at] = '\0';
	return buf;
}

struct table *table_new(const struct column *columns, bool json)
{
	struct table *t = calloc(1, sizeof(*t));
	const struct column *c;

	t->columns = columns;
	t->json = json;
	t->rows = scols_new_table();
	scols_table_set_name(t->rows, "rows");
	scols_table_enable_json(t->rows, json);
	scols_table_set_column_separator(t->rows, "  ");
	/* Nothing is cut to the width of a terminal. */
	scols_table_set_termforce(t->rows, SCOLS_TERMFORCE_NEVER);
	for (c = columns; c->key; c++) {
		struct libscols_column *column = scols_table_new_column(t->rows,
			json ? c->key : c->title ?: "", 0, c->title || json ? 0 : SCOLS_FL_HIDDEN);

		if (c->type == RAW)
			scols_column_set_json_type(column, SCOLS_JSON_NUMBER);
	}
	return t;
}

void table_row(struct table *t)
{
	const struct column *c;

	t->row = scols_table_new_line(t->rows, NULL);
	for (c = t->columns; c->key && !t->json; c++)
		scols_line_set_data(t->row, c - t->columns, "-");
}

void cell_raw(struct table *t, const char *key, const char *value)
{
	const struct column *c;

	for (c = t->columns; c->key; c++) {
		if (!strcmp(c->key, key))
			scols_line_set_data(t->row, c - t->columns, value ?: t->json ? NULL : "-");
	}
}

void cell_text(struct table *t, const char *key, const char *value)
{
	char buf[16384];

	/* In a table the library escapes. */
	cell_raw(t, key, value && t->json ? escape(value, buf, sizeof(buf), true, true) : value);
}

void cell_number(struct table *t, const char *key, int64_t value)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%" PRId64, value);
	cell_raw(t, key, buf);
}

void cell_bool(struct table *t, const char *key, bool value)
{
	if (t->json)
		cell_raw(t, key, value ? "true" : "false");
	else
		cell_raw(t, key, value ? "yes" : "no");
}

void table_free(struct table *t)
{
	scols_unref_table(t->rows);
	free(t);
}

/*
 * The library writes an array in an object, and a line feed only between the parts:
 * those of a text are escaped.
 */
static void print_json(struct table *t, bool lines)
{
	char *text = NULL, *array, *line;

	scols_print_table_to_string(t->rows, &text);
	array = strchr(text, '[') + 1;
	*strrchr(array, ']') = '\0';
	if (!lines)
		puts("[");
	for (line = strtok(array, "\n"); line; line = strtok(NULL, "\n")) {
		size_t blanks = strspn(line, " ");

		if (!line[blanks])
			continue;
		if (!lines)
			puts(line + (blanks < 3 ? blanks : 3));
		else if (!strcmp(line + blanks, "},{"))
			fputs("}\n{", stdout);
		else
			printf("%s%s", line + blanks, line[blanks] == '}' ? "\n" : "");
	}
	if (!lines)
		puts("]");
	free(text);
}

void table_show(struct table *t)
{
	if (t->json)
		print_json(t, false);
	else
		scols_print_table(t->rows);
	table_free(t);
}

void table_show_lines(struct table *t)
{
	print_json(t, true);
	table_free(t);
}

const char *show_time(time_t t, char *buf, size_t size)
{
	char zone[8] = "";
	struct tm tm;
	size_t len;

	localtime_r(&t, &tm);
	len = strftime(buf, size, "%F %T", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	snprintf(buf + len, size - len, "%.3s:%s", zone, zone + 3);
	return buf;
}

const char *show_size(uint64_t kib, char *buf, size_t size)
{
	if (kib >= 10 << 10)
		snprintf(buf, size, "%lluM", (unsigned long long)kib >> 10);
	else
		snprintf(buf, size, "%lluK", (unsigned long long)kib);
	return buf;
}

const char *show_name(const char *name, char *buf, size_t size)
{
	return escape(name, buf, size, MB_CUR_MAX > 1, false);
}
