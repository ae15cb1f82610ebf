// SPDX-License-Identifier: GPL-2.0
/*
 * The text of a rule list: a file, and behind a line "--" changes to it, one a line:
 * "+LINE" as of set, "<LINE" in front of all others, "-LINE" as of unset. There the byte 1
 * stands for a line feed, which an argument may have in it.
 */
#include <grp.h>
#include <pwd.h>

#include "fuzz.h"

static const uint8_t *file;
static size_t file_size;

static FILE *open_input(void)
{
	return file_size ? fmemopen((void *)file, file_size, "r") : tmpfile();
}

/* There is one user and one group. */
static struct passwd *one_user(const char *name)
{
	static struct passwd root;

	return strcmp(name, "root") ? NULL : &root;
}

static struct group *one_group(const char *name)
{
	static struct group root;

	return strcmp(name, "root") ? NULL : &root;
}

const char *process_start(const char *pid, unsigned long long *start)
{
	*start = 7;
	return *pid == '9' ? "no such process" : NULL;
}

#include "pattern.c"
#define fopen(path, mode)	open_input()
#define getpwnam(name)		one_user(name)
#define getgrnam(name)		one_group(name)
#include "list.c"
#undef BLANKS
#define compare			compare_steps
#include "compile.c"
#include "first_line.h"

#define MAX_TASKS	24
/* As of pattern_fuzz.c. */
#define MAX_STARS	6

static struct rule_list rules;
static struct path_matcher paths;
static struct list_ids ids;

/* A list that was accepted can be written down and read again, as the same. */
static void check_text(const struct list *list)
{
	struct list again;
	char *text = list_text(list), *copy = strdup(text), *rest = copy, *line, *text_again;
	int nr = 0;

	list_init(&again, "again");
	while ((line = strsep(&rest, "\n")))
		MUST(list_add(&again, line, ++nr), "%s: %s", text, last_said);
	text_again = list_text(&again);
	MUST(!strcmp(text, text_again), "%s, but then %s", text, text_again);
	MUST(again.nr == list->nr, "%s: %d lines, but then %d", text, list->nr, again.nr);
	for (nr = 0; nr < list->nr; nr++) {
		const struct line *l = &list->lines[nr], *r = &again.lines[nr];

		MUST(l->class == r->class && l->uid == r->uid && l->gid == r->gid &&
			     l->pid == r->pid && l->start == r->start && l->mark == r->mark &&
			     l->global == r->global && l->has_uid == r->has_uid &&
			     l->has_gid == r->has_gid &&
			     !memcmp(&l->adj, &r->adj, sizeof(l->adj)) &&
			     !memcmp(&l->size, &r->size, sizeof(l->size)) &&
			     !memcmp(&l->age, &r->age, sizeof(l->age)) &&
			     !strcmp(l->name ?: "/", r->name ?: "/") &&
			     !strcmp(l->exe ?: "/", r->exe ?: "/") &&
			     !strcmp(l->cgroup ?: "-", r->cgroup ?: "-") &&
			     !strcmp(l->scope ?: "-", r->scope ?: "-"),
		     "line %d of %s", nr + 1, text);
	}
	list_free(&again);
	free(text_again);
	free(copy);
	free(text);
}

static void check_steps(const struct rule_steps *steps)
{
	int i;

	for (i = 0; i < RULE_STEPS; i++) {
		MUST(steps->from[i] >= -RULE_NO_STEP && steps->from[i] <= RULE_NO_STEP, "%lld",
		     steps->from[i]);
		MUST(!i || steps->from[i - 1] <= steps->from[i], "%lld before %lld",
		     steps->from[i - 1], steps->from[i]);
	}
}

/* A bound of a range, or a number beside it. */
static long long near_bound(const struct range *range, long long other, long long min,
			    long long max)
{
	long long n = range->given && random_below(4) ? random_below(2) ? range->min : range->max :
							other;

	n = n < min ? min : n > max ? max : n;
	return n + (n < max && !random_below(4)) - (n > min && !random_below(4));
}

/* A process that fulfils some conditions of some line. */
static void random_task(const struct list *list, struct task *t, char text[4][256])
{
	const struct line *l;
	const char *pattern;
	int i;

	*t = (struct task){ .mark = random_below(3),
			    .uid = random_below(2),
			    .gid = random_below(2) };
	for (i = 0; i < 4; i++) {
		l = &list->lines[random_below(list->nr)];
		pattern = i == 0 ? l->name : i == 1 ? l->exe : i == 2 ? l->cgroup : l->scope;
		random_member(pattern ?: i < 2 ? "a" : "/a", i > 1, text[i], 256);
	}
	/* No cgroup has such a path. */
	for (i = 2; i < 4; i++) {
		if (strstr(text[i], CGROUP_ROOT) || pattern_clean(text[i]))
			text[i][0] = '\0';
	}
	l = &list->lines[random_below(list->nr)];
	t->name = text[0];
	t->exe = text[1];
	t->cgroup = text[2];
	/* The root is never out of memory by itself. */
	t->scope = text[3][0] && random_below(2) ? text[3] : NULL;
	t->uid = l->has_uid ? l->uid : t->uid;
	t->gid = l->has_gid ? l->gid : t->gid;
	t->pid = l->pid ? l->pid : 5;
	t->start = l->pid ? l->start : 7;
	t->mark = l->mark ? (int)l->mark - MARK_NONE : t->mark;
	t->adj = near_bound(&l->adj, 0, -1000, 1000);
	/* Within 64 bits as bytes and as ns, and below RULE_NO_STEP. */
	t->pages = near_bound(&l->size, 1 << 20, 0, LLONG_MAX - PAGE) / PAGE;
	t->age = near_bound(&l->age, 3600, 0, RULE_NO_STEP / NS_PER_S - 1) * NS_PER_S +
		 random_below(NS_PER_S);
}

/* The programs find the line that the text says, and none that is said to be shadowed. */
static void check_lines(struct list *list)
{
	char text[4][256];
	struct task t;
	int i, line, shadowed[MAX_LINES];

	if (!list_compile(list, PAGE, &rules, &paths)) {
		MUST(said, "refused without a word");
		return;
	}
	check_steps(&rules.adj);
	check_steps(&rules.size);
	check_steps(&rules.age);
	list_compile_ids(list, 1, &ids);
	list_find_shadowed(list, shadowed);
	list_warn_shadowed(list);
	for (i = 0; i < list->nr; i++) {
		if (count_of(list->lines[i].name, '*') > MAX_STARS ||
		    count_of(list->lines[i].exe, '*') > MAX_STARS ||
		    count_of(list->lines[i].cgroup, '*') > MAX_STARS ||
		    count_of(list->lines[i].scope, '*') > MAX_STARS ||
		    strlen(list->lines[i].text) > 200)
			return;
	}
	for (i = 0; list->nr && i < MAX_TASKS; i++) {
		random_task(list, &t, text);
		line = first_line(list, &t);
		MUST(line == first_compiled(&rules, &paths, &ids, &t),
		     "line %d by the text, for name %s exe %s cgroup %s scope %s uid %u gid %u pid %u:%llu adj %lld pages %lld age %lld mark %d",
		     line, t.name, t.exe, t.cgroup, t.scope ?: "global", t.uid, t.gid, t.pid,
		     t.start, t.adj, t.pages, t.age, t.mark);
		MUST(line < 0 || shadowed[line] < 0, "line %d is said to be shadowed", line);
	}
}

/* As of set and unset. */
static void change(struct list *list, const char *text, size_t len)
{
	char *copy = strndup(text, len), *at;
	bool done;

	for (at = copy; *at; at++)
		*at = *at == 1 ? '\n' : *at;
	said = 0;
	if (*copy == '-')
		done = list_take(list, copy + 1);
	else if (*copy == '+' || *copy == '<')
		done = list_put(list, copy + 1, *copy == '<');
	else
		done = true;
	MUST(done == !said, "%s: %d, but %s", copy, done, said ? last_said : "not a word");
	MUST(list->nr <= MAX_LINES, "%d lines", list->nr);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memmem(data, size, "\n--\n", 4);
	const uint8_t *changes = end ? end + 4 : NULL;
	struct list list;
	int status;

	seed_random(data, size);
	file = data;
	file_size = end ? (size_t)(end - data) : size;
	said = 0;
	status = list_read(&list, "F");
	MUST((status == DONE) == !said, "status %d, but %s", status,
	     said ? last_said : "not a word");
	if (status) {
		list_free(&list);
		return 0;
	}
	check_text(&list);
	check_lines(&list);
	while (changes && changes < data + size) {
		end = memchr(changes, '\n', data + size - changes) ?: data + size;
		change(&list, (const char *)changes, end - changes);
		changes = end + 1;
		check_text(&list);
	}
	check_lines(&list);
	list_free(&list);
	return 0;
}
