/* SPDX-License-Identifier: GPL-2.0 */
/* The command line, as each command has it; each is a file cmd_NAME.c. */
#ifndef CMD_H
#define CMD_H

#include <stdbool.h>

#define MAX_ARGS 256

struct args {
	const char *verb, *cgroup, *config, *exec;
	const char *names[MAX_ARGS], *sets[MAX_ARGS];
	int nr_names, nr_sets;
	bool json, all, journal, openmetrics;
};

/* Return: the status to exit with; the reason was said. */
int cmd_check(const struct args *args);
int cmd_list(const struct args *args);
int cmd_load(const struct args *args);
int cmd_rank(const struct args *args);
int cmd_set(const struct args *args);
int cmd_status(const struct args *args);
int cmd_unload(const struct args *args);
int cmd_unset(const struct args *args);
int cmd_watch(const struct args *args);

#endif
