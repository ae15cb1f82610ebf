/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WARN_H
#define WARN_H

#include "rules.h"

/* Say what keeps a policy that was loaded just now from doing what its rules say. */
void warn_after_load(const struct setup *setup);

#endif
