// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <string.h>

#include "oom-policy.h"

void row_text(json_object *row, const char *key, const char *value)
{
	json_object_object_add(row, key, value ? json_object_new_string(value) : NULL);
}

void row_number(json_object *row, const char *key, int64_t value)
{
	json_object_object_add(row, key, json_object_new_int64(value));
}

void row_bool(json_object *row, const char *key, bool value)
{
	json_object_object_add(row, key, json_object_new_boolean(value));
}

static const char *cell(json_object *row, const char *key)
{
	json_object *value = NULL;

	if (!json_object_object_get_ex(row, key, &value) || !value)
		return "-";
	if (json_object_is_type(value, json_type_boolean))
		return json_object_get_boolean(value) ? "yes" : "no";
	return json_object_get_string(value);
}

void show_rows(json_object *rows, const struct column *columns, bool json)
{
	size_t nr = json_object_array_length(rows), i;
	const struct column *c;
	size_t width[16] = { };

	if (json) {
		puts(json_object_to_json_string_ext(rows, JSON_C_TO_STRING_PRETTY |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(rows);
		return;
	}
	for (c = columns; c->key; c++) {
		width[c - columns] = c->title ? strlen(c->title) : 0;
		for (i = 0; i < nr; i++) {
			size_t len = strlen(cell(json_object_array_get_idx(rows, i), c->key));

			if (len > width[c - columns])
				width[c - columns] = len;
		}
	}
	for (i = 0; i <= nr; i++) {
		for (c = columns; c->key; c++) {
			const char *text = c->title;

			if (!text)
				continue;
			if (i)
				text = cell(json_object_array_get_idx(rows, i - 1), c->key);
			/* Nothing is filled up behind the last column. */
			if (c[1].key)
				printf("%-*s  ", (int)width[c - columns], text);
			else
				printf("%s\n", text);
		}
	}
	json_object_put(rows);
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
	size_t i;

	for (i = 0; name[i] && i < size - 1; i++)
		buf[i] = isprint((unsigned char)name[i]) ? name[i] : '?';
	buf[i] = '\0';
	return buf;
}
