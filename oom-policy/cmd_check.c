// SPDX-License-Identifier: GPL-2.0
/* Can this kernel run policies? Or: is this file valid? */
#include <stdlib.h>

#include "cmd.h"
#include "compile.h"
#include "kernel.h"
#include "list.h"
#include "say.h"
#include "show.h"

static const struct column of_checks[] = {
	{ "check", "CHECK" }, { "works", "WORKS", RAW }, { "remedy", "WHAT TO DO" }, { }
};

static const struct column of_problems[] = { { "problem", "PROBLEM" }, { } };

static struct table *problems;

static void add_problem(const char *text)
{
	table_row(problems);
	cell_text(problems, "problem", text);
}

static int check_file(const char *path, bool json)
{
	struct list list;
	int status;

	if (json) {
		problems = table_new(of_problems, true);
		on_failure = add_problem;
	}
	status = list_read(&list, path);
	if (!status && (!list_valid(&list) || list_warn_shadowed(&list)))
		status = BAD_INPUT;
	on_failure = NULL;
	if (json)
		table_show(problems);
	list_free(&list);
	return status;
}

int cmd_check(const struct args *args)
{
	struct kernel_check check;
	struct table *table;
	int status = DONE, i;

	if (args->nr_names)
		return check_file(args->names[0], args->json);
	table = table_new(of_checks, args->json);
	for (i = 0; kernel_check(i, &check); i++) {
		table_row(table);
		cell_text(table, "check", check.name);
		if (!check.unknown)
			cell_bool(table, "works", check.works);
		cell_text(table, "remedy", check.remedy);
		if (!check.works && !status)
			status = check.status;
	}
	table_show(table);
	return status;
}
