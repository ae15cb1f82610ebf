/* SPDX-License-Identifier: GPL-2.0 */
/* Output: tables and JSON, of the same rows. */
#ifndef SHOW_H
#define SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Text that is put into JSON as it is is RAW: a number, an object. */
enum cell_type { TEXT, RAW };

struct column {
	const char *key;	/* in JSON; NULL: the end */
	const char *title;	/* in the table; NULL: not there */
	enum cell_type type;
};

struct table;

/**
 * table_new - begin a table
 * @columns: at most 24; to be there as long as the table
 */
struct table *table_new(const struct column *columns, bool json);
/* Begin a row; its cells are empty: null, or "-" in the table. */
void table_row(struct table *table);
/* Cells of the row that was begun last; a column that is not there is no error. */
void cell_text(struct table *table, const char *key, const char *value);
void cell_raw(struct table *table, const char *key, const char *value);
void cell_number(struct table *table, const char *key, int64_t value);
void cell_bool(struct table *table, const char *key, bool value);
/* Print it, and free it. */
void table_show(struct table *table);
/* As table_show(), but JSON in one line, an object for each row. */
void table_show_lines(struct table *table);
void table_free(struct table *table);

/* A time with its zone: 2026-11-25 12:30:11+01:00. */
const char *show_time(time_t t, char *buf, size_t size);
/* Kibibytes with a unit: 24M. */
const char *show_size(uint64_t kib, char *buf, size_t size);
/* Text for a terminal: bytes that it would obey, or not understand, are shown as \xNN. */
const char *show_name(const char *name, char *buf, size_t size);

#endif
