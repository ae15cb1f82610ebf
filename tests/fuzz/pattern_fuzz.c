// SPDX-License-Identifier: GPL-2.0
/*
 * Patterns against the slow matcher, and inclusion against texts. The input: a byte for
 * the kind, two patterns and some texts, one a line.
 */
#include "fuzz.h"
#include "pattern.c"
#include "slow_match.h"

#define MAX_TEXT	40
#define MAX_TEXTS	24
#define MAX_STATES	512
/* The slow matcher takes exponential time. */
#define MAX_STARS	6

static char texts[MAX_TEXTS][MAX_TEXT + 1];
static enum pattern_kind kind;

/* No process and no cgroup is called like this. */
static bool impossible_text(char *text)
{
	if (kind == PATTERN_NAME)
		return false;
	return strstr(text, CGROUP_ROOT) || pattern_clean(text);
}

static bool clean(char *pattern)
{
	char again[MAX_TEXT + 1];

	if (kind == PATTERN_NAME)
		return true;
	if (pattern_clean(pattern))
		return false;
	MUST(!*pattern || *pattern == '/', "%s", pattern);
	MUST(!strstr(pattern, "//"), "%s", pattern);
	snprintf(again, sizeof(again), "%s", pattern);
	if (*pattern && strncmp(pattern, CGROUP_ROOT, strlen(CGROUP_ROOT)))
		MUST(!pattern_clean(again) && !strcmp(again, pattern), "%s", pattern);
	return true;
}

static void check_length(const char *pattern, const char *text, int size)
{
	if (*text && strlen(text) <= (size_t)size && !strchr(text, '/'))
		MUST(!pattern_impossible(pattern, size), "%s on %s", pattern, text);
}

/* One automaton of both patterns, and one of each; the other 126 are not there. */
static void check(struct pattern outer, struct pattern inner, int nr)
{
	struct pattern both[MAX_PATTERNS] = { [3] = outer, [MAX_PATTERNS - 1] = inner };
	struct pattern pair[] = { outer, inner };
	bool includes, in_outer, in_inner;
	struct dfa one, all;
	uint64_t *accept, by[2];
	int i;

	pattern_inclusions(pair, 2, by);
	includes = by[1] & 1;
	MUST(by[0] & 1 && by[1] & 2, "%s, %s in themselves", outer.text, inner.text);
	if (dfa_compile(&all, both, MAX_PATTERNS, MAX_STATES, 256))
		return;
	if (dfa_compile(&one, &outer, 1, MAX_STATES, 256))
		MUST(false, "%s alone, but not both", outer.text);
	for (i = 0; i < nr; i++) {
		in_outer = slow_match(outer.text, texts[i], kind, false);
		in_inner = slow_match(inner.text, texts[i], kind, false);
		accept = all.accept[dfa_run(&all, texts[i])];
		MUST(accept[0] == (uint64_t)in_outer << 3 && accept[1] == (uint64_t)in_inner << 63,
		     "%s, %s on %s", outer.text, inner.text, texts[i]);
		MUST(one.accept[dfa_run(&one, texts[i])][0] == in_outer, "%s on %s", outer.text,
		     texts[i]);
		MUST(!includes || !in_inner || in_outer, "%s in %s, but %s", inner.text, outer.text,
		     texts[i]);
		if (kind == PATTERN_NAME && in_outer) {
			check_length(outer.text, texts[i], 15);
			check_length(outer.text, texts[i], 255);
		}
	}
	dfa_free(&one);
	dfa_free(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char input[2][MAX_TEXT + 1] = { };
	size_t len;
	int nr = 0, i;

	if (size < 2)
		return 0;
	seed_random(data, size);
	kind = data[0] % 3;
	for (data++, size--; size && nr < MAX_TEXTS / 2 + 2; data += len, size -= len, nr++) {
		const uint8_t *end = memchr(data, '\n', size);
		char *to = nr < 2 ? input[nr] : texts[nr - 2];

		len = end ? (size_t)(end - data) : size;
		memset(to, 0, MAX_TEXT + 1);
		memcpy(to, data, len < MAX_TEXT ? len : MAX_TEXT);
		len += !!end;
	}
	if (count_of(input[0], '*') > MAX_STARS || count_of(input[1], '*') > MAX_STARS ||
	    !clean(input[0]) || !clean(input[1]))
		return 0;
	nr = nr < 2 ? 0 : nr - 2;
	for (; nr < MAX_TEXTS; nr++)
		random_member(input[nr % 2], kind != PATTERN_NAME, texts[nr], sizeof(texts[nr]));
	for (i = 0; i < nr; i++) {
		if (impossible_text(texts[i]))
			texts[i][0] = '\0';
	}
	check((struct pattern){ input[0], kind }, (struct pattern){ input[1], kind }, nr);
	check((struct pattern){ input[1], kind }, (struct pattern){ input[0], kind }, nr);
	return 0;
}
