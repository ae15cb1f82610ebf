/* SPDX-License-Identifier: GPL-2.0 */
/* Counters in the text format of Prometheus. */
#ifndef METRICS_H
#define METRICS_H

#include "hook.h"

/* Of the policies among the programs on the hook that are pinned: their names are unique. */
void metrics_print(const struct hooked *list, int nr);

#endif
