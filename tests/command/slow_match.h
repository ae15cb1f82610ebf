/* SPDX-License-Identifier: GPL-2.0 */
/* A matcher of patterns that is too slow for an OOM but too simple to be wrong. */
#ifndef SLOW_MATCH_H
#define SLOW_MATCH_H

#include <stdbool.h>
#include <string.h>

#include "pattern.h"

/* The rest of a pattern against the rest of a text. */
static inline bool slow_match(const char *p, const char *t, enum pattern_kind kind, bool at_level)
{
	const char *next;

	if (!*p)
		return !*t || (kind == PATTERN_BELOW && *t == '/');
	if (*p != '*')
		return *t == *p && slow_match(p + 1, t + 1, kind, *p == '/');
	next = p + 1;
	if (kind == PATTERN_NAME || *next == '*') {
		while (*next == '*')
			next++;
		if (kind != PATTERN_NAME && next == p + 2 && *next == '/' && at_level) {
			/* Each number of whole levels; there are no empty ones. */
			for (;;) {
				if (slow_match(next + 1, t, kind, true))
					return true;
				if (*t == '/' || !strchr(t, '/'))
					return false;
				t = strchr(t, '/') + 1;
			}
		}
		for (;; t++) {
			if (slow_match(next, t, kind, false))
				return true;
			if (!*t)
				return false;
		}
	}
	for (;; t++) {
		if (slow_match(next, t, kind, false))
			return true;
		if (!*t || *t == '/')
			return false;
	}
}

#endif
