// SPDX-License-Identifier: GPL-2.0
/*
 * Patterns, by the textbook: a position in each of them makes a nondeterministic
 * automaton, and the sets of positions that texts can reach make a deterministic
 * one (Aho, Sethi, Ullman: Compilers, 3.6 and 3.7).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"

#define CGROUP_ROOT	"/sys/fs/cgroup"
#define MAX_PATTERNS	128

/* A part of a pattern. */
enum kind {
	BYTE,		/* this byte */
	ANY,		/* any bytes, or none */
	ANY_IN_LEVEL,	/* the same, but for "/" */
	LEVELS,		/* whole levels, each with its "/", or none */
	IN_LEVELS,	/* after the first byte of LEVELS */
	END,
	BELOW,		/* after a "/" behind the end */
};

struct part {
	enum kind kind;
	uint8_t byte;
	int pattern;	/* of END and BELOW */
	bool below;	/* of END: more may follow */
};

struct builder {
	struct part *parts;
	int nr_parts, words;
	uint64_t *sets;		/* the positions that each state stands for */
	uint16_t *slots;	/* state + 1 by the hash of its positions; 0: free */
	int nr_slots, max_states;
	uint64_t *set;		/* one in the making */
	struct dfa *dfa;
};

static int add_part(struct builder *b, enum kind kind, uint8_t byte, int pattern, bool below)
{
	struct part *more = realloc(b->parts, (b->nr_parts + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	b->parts = more;
	more[b->nr_parts++] = (struct part){ kind, byte, pattern, below };
	return 0;
}

static int add_pattern(struct builder *b, const struct pattern *pattern, int nr)
{
	const char *text = pattern->text, *at;
	int ret = 0;

	for (at = text; !ret && *at; at++) {
		if (*at != '*') {
			ret = add_part(b, BYTE, *at, 0, false);
			continue;
		}
		if (pattern->kind == PATTERN_NAME || at[1] == '*') {
			while (at[1] == '*')
				at++;
			/* A level of its own in the middle stands for any number of levels. */
			if (pattern->kind != PATTERN_NAME && at[1] == '/' && at - text >= 2 && at[-2] == '/') {
				ret = add_part(b, LEVELS, 0, 0, false) ?:
				      add_part(b, IN_LEVELS, 0, 0, false);
				at++;
			} else {
				ret = add_part(b, ANY, 0, 0, false);
			}
		} else {
			ret = add_part(b, ANY_IN_LEVEL, 0, 0, false);
		}
	}
	return ret ?: add_part(b, END, 0, nr, pattern->kind == PATTERN_BELOW) ?:
	       add_part(b, BELOW, 0, nr, false);
}

/* Add a position, and those that it leads to without a byte. */
static void add_position(const struct builder *b, uint64_t *set, int at)
{
	for (;;) {
		set[at / 64] |= 1ULL << at % 64;
		switch (b->parts[at].kind) {
		case ANY:
		case ANY_IN_LEVEL:
			at++;
			break;
		case LEVELS:
			at += 2;
			break;
		default:
			return;
		}
	}
}

/* The positions that a byte leads to from one. */
static void step(const struct builder *b, uint64_t *set, int at, uint8_t byte)
{
	const struct part *part = &b->parts[at];

	switch (part->kind) {
	case BYTE:
		if (part->byte == byte)
			add_position(b, set, at + 1);
		break;
	case ANY:
	case BELOW:
		add_position(b, set, at);
		break;
	case ANY_IN_LEVEL:
		if (byte != '/')
			add_position(b, set, at);
		break;
	case LEVELS:
		if (byte != '/')
			add_position(b, set, at + 1);
		break;
	case IN_LEVELS:
		add_position(b, set, at);
		if (byte == '/')
			add_position(b, set, at + 1);
		break;
	case END:
		if (part->below && byte == '/')
			add_position(b, set, at + 1);
		break;
	}
}

/* Bytes that no pattern names are one class; each of the others is one. */
static int classify(struct builder *b)
{
	struct dfa *dfa = b->dfa;
	bool named[256] = { ['/'] = true };
	int i;

	for (i = 0; i < b->nr_parts; i++) {
		if (b->parts[i].kind == BYTE)
			named[b->parts[i].byte] = true;
	}
	dfa->nr_classes = 1;
	for (i = 0; i < 256; i++)
		dfa->class[i] = named[i] ? dfa->nr_classes++ : 0;
	return dfa->nr_classes;
}

static uint64_t hash_of(const uint64_t *set, int words)
{
	uint64_t hash = 0xcbf29ce484222325ULL;
	int i;

	for (i = 0; i < words; i++) {
		hash = (hash ^ set[i]) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return hash;
}

/* The state of the positions in b->set, made if it is new: it, or -E2BIG. */
static int state_of(struct builder *b)
{
	uint64_t slot = hash_of(b->set, b->words) & (b->nr_slots - 1);
	int state, i;

	for (; b->slots[slot]; slot = (slot + 1) & (b->nr_slots - 1)) {
		state = b->slots[slot] - 1;
		if (!memcmp(b->sets + (size_t)state * b->words, b->set, b->words * sizeof(*b->set)))
			return state;
	}
	if (b->dfa->nr_states == b->max_states)
		return -E2BIG;
	state = b->dfa->nr_states++;
	b->slots[slot] = state + 1;
	memcpy(b->sets + (size_t)state * b->words, b->set, b->words * sizeof(*b->set));
	memset(b->dfa->accept[state], 0, sizeof(*b->dfa->accept));
	for (i = 0; i < b->nr_parts; i++) {
		if (b->parts[i].kind >= END && b->set[i / 64] >> i % 64 & 1)
			b->dfa->accept[state][b->parts[i].pattern / 64] |=
				1ULL << b->parts[i].pattern % 64;
	}
	return state;
}

static int follow(struct builder *b, int state, uint8_t byte)
{
	const uint64_t *from = b->sets + (size_t)state * b->words;
	uint64_t rest;
	int i;

	memset(b->set, 0, b->words * sizeof(*b->set));
	for (i = 0; i < b->words; i++) {
		for (rest = from[i]; rest; rest &= rest - 1)
			step(b, b->set, i * 64 + __builtin_ctzll(rest), byte);
	}
	return state_of(b);
}

static int allocate(struct builder *b)
{
	struct dfa *dfa = b->dfa;

	for (b->nr_slots = 16; b->nr_slots < 2 * b->max_states; b->nr_slots *= 2)
		;
	b->words = (b->nr_parts + 63) / 64 ?: 1;
	b->slots = calloc(b->nr_slots, sizeof(*b->slots));
	b->sets = malloc((size_t)b->max_states * b->words * sizeof(*b->sets));
	b->set = calloc(b->words, sizeof(*b->set));
	dfa->next = malloc((size_t)b->max_states * dfa->nr_classes * sizeof(*dfa->next));
	dfa->accept = malloc(b->max_states * sizeof(*dfa->accept));
	return b->slots && b->sets && b->set && dfa->next && dfa->accept ? 0 : -ENOMEM;
}

static int build(struct builder *b, const int *starts, int nr)
{
	uint8_t bytes[256];
	struct dfa *dfa = b->dfa;
	int i, state, to;

	/* One byte of each class; later ones stand for 0 as well as the first. */
	for (i = 0; i < 256; i++)
		bytes[dfa->class[i]] = i;
	for (i = 0; i < nr; i++) {
		if (starts[i] >= 0)
			add_position(b, b->set, starts[i]);
	}
	to = state_of(b);
	for (state = 0; to >= 0 && state < dfa->nr_states; state++) {
		for (i = 0; to >= 0 && i < dfa->nr_classes; i++) {
			to = follow(b, state, bytes[i]);
			if (to >= 0)
				dfa->next[state * dfa->nr_classes + i] = to;
		}
	}
	return to < 0 ? to : 0;
}

int dfa_compile(struct dfa *dfa, const struct pattern *patterns, int nr, int max_states,
		int max_classes)
{
	struct builder b = { .dfa = dfa, .max_states = max_states };
	int starts[MAX_PATTERNS], ret = 0, i;

	*dfa = (struct dfa){ };
	if (nr > MAX_PATTERNS || max_states > UINT16_MAX)
		return -E2BIG;
	for (i = 0; !ret && i < nr; i++) {
		starts[i] = patterns[i].text ? b.nr_parts : -1;
		if (patterns[i].text)
			ret = add_pattern(&b, &patterns[i], i);
	}
	if (!ret && classify(&b) > max_classes)
		ret = -E2BIG;
	ret = ret ?: allocate(&b) ?: build(&b, starts, nr);
	free(b.parts);
	free(b.sets);
	free(b.slots);
	free(b.set);
	if (ret)
		dfa_free(dfa);
	return ret;
}

void dfa_free(struct dfa *dfa)
{
	free(dfa->next);
	free(dfa->accept);
	dfa->next = NULL;
	dfa->accept = NULL;
}

unsigned int dfa_run(const struct dfa *dfa, const char *text)
{
	unsigned int state = 0;

	for (; *text; text++)
		state = dfa->next[state * dfa->nr_classes + dfa->class[(uint8_t)*text]];
	return state;
}

void pattern_inclusions(const struct pattern *patterns, int nr, uint64_t *by)
{
	bool told;
	struct dfa dfa;
	uint64_t rest;
	int i;

	told = !dfa_compile(&dfa, patterns, nr, 4096, 256);
	for (i = 0; i < nr; i++)
		by[i] = told ? UINT64_MAX : 1ULL << i;
	if (!told)
		return;
	/* Each state is reached by some text. */
	for (i = 0; i < dfa.nr_states; i++) {
		for (rest = dfa.accept[i][0]; rest; rest &= rest - 1)
			by[__builtin_ctzll(rest)] &= dfa.accept[i][0];
	}
	dfa_free(&dfa);
}

const char *pattern_clean(char *text)
{
	size_t root = strlen(CGROUP_ROOT), len;
	const char *from;
	char *to = text;

	if (!strncmp(text, CGROUP_ROOT, root) && (text[root] == '/' || !text[root]))
		memmove(text, text + root, strlen(text + root) + 1);
	else if (*text != '/')
		return "the path of a cgroup begins with \"/\"";
	/* Each level as "/" and its name; the root has none. */
	for (from = text; *from; from += len) {
		from += strspn(from, "/");
		len = strcspn(from, "/");
		if (!len)
			break;
		if ((len == 1 && *from == '.') || (len == 2 && !strncmp(from, "..", 2)))
			return "no cgroup is called \".\" or \"..\"";
		if (len > 255 && !memchr(from, '*', len))
			return "no cgroup has a name of more than 255 bytes";
		*to++ = '/';
		memmove(to, from, len);
		to += len;
	}
	*to = '\0';
	return NULL;
}

const char *pattern_impossible(const char *text, int size)
{
	int len = 0;

	if (!*text)
		return "an empty name matches no process";
	if (strchr(text, '/'))
		return size > 15 ? "exe= is a file name without its directory" :
		       "a name has no \"/\" in it; exe= takes the name of a file, without its directory";
	for (; *text; text++)
		len += *text != '*';
	if (len <= size)
		return NULL;
	return size > 15 ? "a file name has at most 255 bytes" :
	       "the kernel cuts names to 15 bytes; exe= takes longer ones";
}
