/* SPDX-License-Identifier: GPL-2.0 */
/* The rules of a loaded policy, and how much each matches now. */
#ifndef COUNTS_H
#define COUNTS_H

/* A rule, setting or rank; a count that does not apply to it is -1. */
struct counted {
	char *text;
	long cgroups, processes;
	long long victims;
};

/* To be freed with counts_free(), NULL if there is no text: @nr of them. */
struct counted *counts_of(const char *loaded, int *nr);
void counts_free(struct counted *counts, int nr);

#endif
