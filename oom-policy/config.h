/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CONFIG_H
#define CONFIG_H

#include "rules.h"

/**
 * config_read - read and resolve a whole file
 * @setups: to be freed by the caller, as many as @nr; the last is asked first
 * Return: DONE, or the status to exit with; the reason was said.
 */
int config_read(const char *path, struct setup **setups, int *nr);

#endif
