/* SPDX-License-Identifier: GPL-2.0 */
/* Policies that the rule list has replaced: what was said to them, as lines of it. */
#ifndef OLD_H
#define OLD_H

#include <stdbool.h>

bool old_policy(const char *name);
/**
 * old_changes - the lines that say the same as KEY=VALUE... to an old policy
 * @changes: one a line, to be freed
 * Return: DONE, or the status to exit with; the reason was said.
 */
int old_changes(const char *name, const char * const *sets, int nr_sets, char **changes);

#endif
