/* SPDX-License-Identifier: GPL-2.0 */
/* Patterns of names and of cgroup paths, all of them compiled into one automaton. */
#ifndef PATTERN_H
#define PATTERN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A deterministic automaton: from a state, a byte leads to
 * next[state * nr_classes + class[byte]]. It starts in state 0.
 */
struct dfa {
	uint8_t class[256];
	int nr_classes, nr_states;
	uint16_t *next;
	uint64_t (*accept)[2];	/* bit n: the text so far matches the pattern n, or 64 + n */
};

enum pattern_kind {
	PATTERN_NAME,	/* "*" is any text */
	PATTERN_CGROUP,	/* "*" stays within a level, "**" does not; itself alone */
	PATTERN_BELOW,	/* the same, and all cgroups below those that match */
};

struct pattern {
	const char *text;	/* NULL: matches nothing */
	enum pattern_kind kind;
};

/**
 * dfa_compile - make the automaton of up to 128 patterns
 * @dfa: to be freed with dfa_free(), on success
 *
 * The root of the cgroups is the empty text; each level below adds "/" and its name.
 *
 * Return: 0, -E2BIG if it has more than @max_states states or @max_classes classes of
 * bytes, or -ENOMEM.
 */
int dfa_compile(struct dfa *dfa, const struct pattern *patterns, int nr, int max_states,
		int max_classes);
void dfa_free(struct dfa *dfa);
/* The state after a text. */
unsigned int dfa_run(const struct dfa *dfa, const char *text);

/**
 * pattern_inclusions - which patterns match each text that another one does
 * @nr: at most 64
 * @by: for each pattern the set of those that do, itself among them; only itself if that
 * cannot be told
 */
void pattern_inclusions(const struct pattern *patterns, int nr, uint64_t *by);

/**
 * pattern_clean - a cgroup pattern as the automaton takes it
 * @text: with or without /sys/fs/cgroup before it; changed in place
 * Return: NULL, or why it can never match.
 */
const char *pattern_clean(char *text);
/* Why no process can have a name (@size 15) or file name (@size 255) like this; NULL: it can. */
const char *pattern_impossible(const char *text, int size);

#endif
