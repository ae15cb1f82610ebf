// SPDX-License-Identifier: GPL-2.0
/* Reads a rule list. */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"
#include "pattern.h"
#include "process.h"
#include "say.h"

#define BLANKS		" \t\v\f\r\n"
#define BOM		"\xef\xbb\xbf"
#define MAX_PID		(1 << 22)

const char * const rank_words[NR_RANKS] = {
	[BY_SIZE] = "size", [BY_PRIVATE] = "private", [BY_CGROUP_SIZE] = "cgroup-size",
	[BY_CGROUP_TREE] = "cgroup-tree", [BY_YOUNGEST] = "youngest", [BY_OLDEST] = "oldest",
	[BY_SCORE] = "score",
};

/* One word of a line: a class, "rank", or a condition. */
struct token {
	char *key;		/* or the whole word */
	char *value;		/* NULL: there is no operator */
	char op;		/* '=', '<' for "<=", '>' for ">=" */
	int column, value_column;
};

/* A line while it is read. */
struct parser {
	struct list *list;
	int number;
	char *at, *begin;
	int skipped;		/* bytes before the line */
};

static bool wrong(const struct parser *p, int column, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static bool wrong(const struct parser *p, int column, const char *fmt, ...)
{
	char text[4096];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	p->list->errors++;
	fail(BAD_INPUT, "%s:%d:%d: %s", p->list->source, p->number, column, text);
	return false;
}

/* Take the quotes out of a word and end it: where it ended, or NULL for a missing quote. */
static char *unquote(char *from)
{
	char *to = from;
	bool quoted = false;

	for (; *from && (quoted || !strchr(BLANKS, *from)); from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	if (quoted)
		return NULL;
	from += !!*from;
	*to = '\0';
	return from;
}

/* The next word: 1, 0 at the end, or -1 after an error. */
static int next_token(struct parser *p, struct token *t)
{
	size_t key;

	p->at += strspn(p->at, BLANKS);
	if (!*p->at || *p->at == '#')
		return 0;
	*t = (struct token){ .key = p->at, .column = p->skipped + (p->at - p->begin) + 1 };
	key = strcspn(p->at, "=<>" BLANKS);
	if (p->at[key] && strchr("=<>", p->at[key])) {
		t->op = p->at[key];
		t->value = p->at + key + 1;
		if (t->op != '=' && *t->value != '=') {
			wrong(p, t->column, "%.*s%c: there are only <=, >= and =", (int)key, t->key, t->op);
			return -1;
		}
		t->value += t->op != '=';
		t->value_column = p->skipped + (t->value - p->begin) + 1;
		p->at[key] = '\0';
		p->at = unquote(t->value);
	} else {
		p->at = unquote(t->key);
	}
	if (!p->at) {
		wrong(p, t->column, "a quote without its end");
		return -1;
	}
	/* Only an argument can have one; the list is kept as lines. */
	if (strchr(t->value ?: t->key, '\n')) {
		wrong(p, t->column, "a line feed in quotes; a rule is one line");
		return -1;
	}
	return 1;
}

static bool number(const char *text, long long min, long long max, long long *n)
{
	const char *digits = text + (*text == '-');
	char *end;

	errno = 0;
	*n = strtoll(text, &end, 10);
	return *digits >= '0' && *digits <= '9' && !*end && !errno && *n >= min && *n <= max;
}

/* A whole number and the unit behind it, one letter of @units. */
static bool with_unit(const char *text, const char *units, const long long *factors, long long *n)
{
	const char *unit;
	char *end;

	errno = 0;
	*n = strtoll(text, &end, 10);
	if (*text < '0' || *text > '9' || errno || !*end || end[1])
		return false;
	unit = strchr(units, *end);
	return unit && !__builtin_mul_overflow(*n, factors[unit - units], n);
}

static bool repeated(const struct parser *p, const struct token *t)
{
	return wrong(p, t->column, "%s: given twice; a process would have to be both", t->key);
}

static bool add_bound(const struct parser *p, struct range *range, const struct token *t,
		      long long n, long long min, long long max)
{
	if (!range->given)
		*range = (struct range){ min, max, true };
	else if (t->op == '=' || (t->op == '<' ? range->max < max : range->min > min))
		return repeated(p, t);
	if (t->op != '<')
		range->min = n;
	if (t->op != '>')
		range->max = n;
	return range->min <= range->max ||
	       wrong(p, t->column, "%s: no number is at least %lld and at most %lld", t->key,
		     range->min, range->max);
}

static bool only_equals(const struct parser *p, const struct token *t)
{
	return t->op == '=' || wrong(p, t->column, "%s%c=: it can only be equal: %s=%s", t->key,
				     t->op, t->key, t->value);
}

static bool read_name(struct parser *p, struct line *line, const struct token *t)
{
	bool exe = !strcmp(t->key, "exe");
	char **at = exe ? &line->exe : &line->name;
	const char *why = pattern_impossible(t->value, exe ? 255 : 15);

	if (*at)
		return repeated(p, t);
	if (why)
		return wrong(p, t->value_column, "%s=%s: %s", t->key, t->value, why);
	*at = strdup(t->value);
	return true;
}

static bool read_cgroup(struct parser *p, struct line *line, const struct token *t)
{
	bool scope = !strcmp(t->key, "scope");
	char **at = scope ? &line->scope : &line->cgroup;
	const char *why;
	char *clean;

	if (*at || (scope && line->global))
		return repeated(p, t);
	if (scope && !strcmp(t->value, "global")) {
		line->global = true;
		return true;
	}
	clean = strdup(t->value);
	why = pattern_clean(clean);
	if (!why && scope && !*clean)
		why = "the root is never out of memory by itself: scope=global";
	if (why) {
		free(clean);
		return wrong(p, t->value_column, "%s=%s: %s%s", t->key, t->value, why,
			     scope && *t->value != '/' ? ", or it is \"global\"" : "");
	}
	*at = clean;
	return true;
}

static bool read_uid(struct parser *p, struct line *line, const struct token *t)
{
	struct passwd *user = getpwnam(t->value);
	long long n;

	if (line->has_uid)
		return repeated(p, t);
	if (!user && !number(t->value, 0, UINT32_MAX - 1LL, &n))
		return wrong(p, t->value_column, "uid=%s: no such user", t->value);
	line->has_uid = true;
	line->uid = user ? user->pw_uid : n;
	return true;
}

static bool read_gid(struct parser *p, struct line *line, const struct token *t)
{
	struct group *group = getgrnam(t->value);
	long long n;

	if (line->has_gid)
		return repeated(p, t);
	if (!group && !number(t->value, 0, UINT32_MAX - 1LL, &n))
		return wrong(p, t->value_column, "gid=%s: no such group", t->value);
	line->has_gid = true;
	line->gid = group ? group->gr_gid : n;
	return true;
}

/* PID, or PID:START, as it stands in a list that is loaded already. */
static bool read_pid(struct parser *p, struct line *line, const struct token *t)
{
	char *start = strchr(t->value, ':');
	const char *why = NULL;
	long long n, ticks = 0;

	if (line->pid)
		return repeated(p, t);
	if (start)
		*start++ = '\0';
	if (!number(t->value, 1, MAX_PID, &n) || (start && !number(start, 0, LLONG_MAX, &ticks)))
		return wrong(p, t->value_column, "pid=%s: no such process", t->value);
	line->start = ticks;
	if (!start)
		why = process_start(t->value, &line->start);
	if (why)
		return wrong(p, t->value_column, "pid=%s: %s", t->value, why);
	line->pid = n;
	return true;
}

static bool read_adj(struct parser *p, struct line *line, const struct token *t)
{
	long long n;

	if (!number(t->value, -1000, 1000, &n))
		return wrong(p, t->value_column, "adj: an oom_score_adj is a number of -1000 to 1000");
	return add_bound(p, &line->adj, t, n, -1000, 1000);
}

static bool read_size(struct parser *p, struct line *line, const struct token *t)
{
	static const long long factors[] = { 1LL << 10, 1LL << 20, 1LL << 30, 1LL << 40 };
	long long n;

	if (t->op == '=')
		return wrong(p, t->column, "size=: sizes are compared with <= and >=");
	if (!with_unit(t->value, "KMGT", factors, &n))
		return wrong(p, t->value_column, "size: a number and K, M, G or T behind it");
	return add_bound(p, &line->size, t, n, 0, LLONG_MAX);
}

static bool read_age(struct parser *p, struct line *line, const struct token *t)
{
	static const long long factors[] = { 1, 60, 60 * 60, 24 * 60 * 60 };
	long long n;

	if (t->op == '=')
		return wrong(p, t->column, "age=: ages are compared with <= and >=");
	if (!with_unit(t->value, "smhd", factors, &n) || n > LLONG_MAX / 1000000000)
		return wrong(p, t->value_column, "age: a number and s, m, h or d behind it");
	return add_bound(p, &line->age, t, n, 0, LLONG_MAX / 1000000000);
}

static bool read_mark(struct parser *p, struct line *line, const struct token *t)
{
	static const char * const words[] = {
		[MARK_NONE] = "none", [MARK_AVOID] = "avoid", [MARK_OMIT] = "omit",
	};
	int i;

	if (line->mark)
		return repeated(p, t);
	for (i = MARK_NONE; i <= MARK_OMIT; i++) {
		if (!strcmp(words[i], t->value))
			line->mark = i;
	}
	return line->mark || wrong(p, t->value_column, "mark=%s: none, avoid or omit", t->value);
}

static const struct condition {
	const char *key;
	bool (*read)(struct parser *p, struct line *line, const struct token *t);
	bool compared;
} conditions[] = {
	{ "name", read_name }, { "exe", read_name }, { "cgroup", read_cgroup },
	{ "scope", read_cgroup }, { "uid", read_uid }, { "gid", read_gid }, { "pid", read_pid },
	{ "adj", read_adj, true }, { "size", read_size, true }, { "age", read_age, true },
	{ "mark", read_mark }, { }
};

static bool read_condition(struct parser *p, struct line *line, const struct token *t)
{
	const struct condition *c;

	for (c = conditions; c->key; c++) {
		if (strcmp(c->key, t->key))
			continue;
		if (!t->value)
			return wrong(p, t->column, "%s: without a value: %s=...", t->key, t->key);
		return (c->compared || only_equals(p, t)) && c->read(p, line, t);
	}
	return wrong(p, t->column,
		     "%s: no condition; there are name, exe, cgroup, scope, uid, gid, pid, adj, size, age and mark",
		     t->key);
}

static bool read_class(const char *word, enum line_class *class)
{
	long long n;

	if (!strcmp(word, "first"))
		*class = CLASS_FIRST;
	else if (!strcmp(word, "last"))
		*class = CLASS_LAST;
	else if (!strcmp(word, "never"))
		*class = CLASS_NEVER;
	else if (!strcmp(word, "kernel"))
		*class = CLASS_KERNEL;
	else if (number(word, 0, 12, &n))
		*class = n;
	else
		return false;
	return true;
}

/* The text of a condition, so that the same is read from it. */
static void add_text(char *text, size_t size, const struct line *line, const struct token *t)
{
	size_t len = strlen(text);
	const char *quote = strpbrk(t->value, BLANKS "#\"") || !*t->value ? "\"" : "";

	if (!strcmp(t->key, "pid"))
		snprintf(text + len, size - len, " pid=%d:%llu", line->pid, line->start);
	else
		snprintf(text + len, size - len, " %s%s%s%s%s", t->key,
			 t->op == '=' ? "=" : t->op == '<' ? "<=" : ">=", quote, t->value, quote);
}

static void free_line(struct line *line)
{
	free(line->text);
	free(line->name);
	free(line->exe);
	free(line->cgroup);
	free(line->scope);
}

static bool read_rule(struct parser *p, enum line_class class, const struct token *first)
{
	struct line line = { .number = p->number, .class = class };
	char text[2 * MAX_LINE];
	struct token t;
	int more, nr = 0;
	bool ok = true;

	snprintf(text, sizeof(text), "%s", first->key);
	while (ok && (more = next_token(p, &t))) {
		ok = more > 0 && read_condition(p, &line, &t);
		if (ok)
			add_text(text, sizeof(text), &line, &t);
		nr++;
	}
	if (ok && !nr)
		ok = wrong(p, first->column, "%s: without a condition it is for every process; say which, or name=*",
			   first->key);
	if (ok && strlen(text) >= MAX_LINE)
		ok = wrong(p, first->column, "longer than %d bytes", MAX_LINE - 1);
	if (ok && p->list->nr == MAX_LINES)
		ok = wrong(p, first->column, "more than %d rules", MAX_LINES);
	if (ok)
		line.text = strdup(text);
	if (!ok)
		free_line(&line);
	else
		p->list->lines[p->list->nr++] = line;
	return ok;
}

/* The one word behind another, and nothing else. */
static bool one_word(struct parser *p, const struct token *first, struct token *t)
{
	struct token more;
	int ret = next_token(p, t);

	if (!ret)
		return wrong(p, first->column, "%s: without a word behind it", first->key);
	if (ret < 0)
		return false;
	ret = next_token(p, &more);
	return !ret || (ret > 0 && wrong(p, more.column, "%s: more than one word behind %s", more.key,
					 first->key));
}

static bool read_rank(struct parser *p, const struct token *first)
{
	struct token t;
	int i;

	if (!one_word(p, first, &t))
		return false;
	if (p->list->rank_line)
		return wrong(p, first->column, "rank: said before, in line %d", p->list->rank_line);
	for (i = 0; i < NR_RANKS && (t.value || strcmp(rank_words[i], t.key)); i++)
		;
	if (i == NR_RANKS)
		return wrong(p, t.column,
			     "%s: no rank; there are size, private, cgroup-size, cgroup-tree, youngest, oldest and score",
			     t.key);
	p->list->rank = i;
	p->list->rank_line = p->number;
	return true;
}

static bool two_words(const char *value, const char *no, const char *yes, bool *flag)
{
	*flag = !strcmp(value, yes);
	return *flag || !strcmp(value, no);
}

static bool read_setting(struct parser *p, const struct token *first)
{
	struct list *list = p->list;
	struct token t;
	long long n;

	if (!one_word(p, first, &t))
		return false;
	if (!t.value || t.op != '=')
		return wrong(p, t.column, "%s: not of the form KEY=VALUE", t.key);
	if (!strcmp(t.key, "last-resort")) {
		if (!number(t.value, -1000, 1000, &n))
			return wrong(p, t.value_column, "last-resort: a number of -1000 to 1000");
		list->last_resort = n;
		return true;
	}
	if (!strcmp(t.key, "floor")) {
		if (!number(t.value, 0, 1 << 20, &n))
			return wrong(p, t.value_column, "floor: a number of 0 to 1048576, in MiB");
		list->floor = n;
		return true;
	}
	if (!strcmp(t.key, "observe"))
		return two_words(t.value, "no", "yes", &list->observe) ||
		       wrong(p, t.value_column, "observe=%s: no or yes", t.value);
	if (!strcmp(t.key, "unkillable"))
		return two_words(t.value, "spare", "kill", &list->kill_unkillable) ||
		       wrong(p, t.value_column, "unkillable=%s: spare or kill", t.value);
	return wrong(p, t.column, "%s: no setting; there are last-resort, floor, observe and unkillable", t.key);
}

void list_init(struct list *list, const char *source)
{
	*list = (struct list){ .source = source, .rank = BY_SCORE, .last_resort = -900, .floor = -1 };
}

bool list_add(struct list *list, char *text, int number)
{
	struct parser p = { .list = list, .number = number, .at = text, .begin = text };
	enum line_class class;
	struct token t;
	int ret;

	if (number == 1 && !strncmp(text, BOM, strlen(BOM)))
		p.at += strlen(BOM);
	ret = next_token(&p, &t);
	if (ret <= 0)
		return !ret;
	if (*t.key == '[')
		return wrong(&p, t.column, "%s: there are no sections; the file is one list of rules", t.key);
	if (!strcmp(t.key, "rank") && !t.value)
		return read_rank(&p, &t);
	if (!strcmp(t.key, "set") && !t.value)
		return read_setting(&p, &t);
	if (!t.value && read_class(t.key, &class))
		return read_rule(&p, class, &t);
	return wrong(&p, t.column,
		     "%s: a line begins with first, a number of 0 to 12, last, never, kernel, rank or set",
		     t.key);
}

bool list_end(struct list *list)
{
	struct parser p = { .list = list };
	int i;

	for (i = 0; i < list->nr; i++) {
		p.number = list->lines[i].number;
		if (list->lines[i].class == CLASS_KERNEL && list->rank != BY_SIZE &&
		    list->rank != BY_PRIVATE && list->rank != BY_SCORE)
			wrong(&p, 1, "kernel: its score cannot be compared with rank %s; use size, private or score",
			      rank_words[list->rank]);
	}
	return !list->errors;
}

int list_read(struct list *list, const char *path)
{
	bool is_stdin = !strcmp(path, "-");
	FILE *file = is_stdin ? stdin : fopen(path, "r");
	char *text = NULL;
	size_t room = 0;
	ssize_t len;
	int nr = 0;

	list_init(list, path);
	if (!file)
		return fail(BAD_INPUT, "%s: %s", path, strerror(errno));
	errno = 0;
	while ((len = getline(&text, &room, file)) >= 0) {
		nr++;
		if (strlen(text) != (size_t)len) {
			list->errors++;
			fail(BAD_INPUT, "%s:%d:%zu: a NUL byte", path, nr, strlen(text) + 1);
			break;
		}
		list_add(list, text, nr);
	}
	if (ferror(file)) {
		list->errors++;
		fail(BAD_INPUT, "%s: %s", path, strerror(errno));
	}
	free(text);
	if (!is_stdin)
		fclose(file);
	if (!list->errors && !list->nr && !list->rank_line) {
		list->errors++;
		fail(BAD_INPUT, "%s: no rule in it", path);
	}
	return list_end(list) ? DONE : BAD_INPUT;
}

static void list_remove(struct list *list, int nr)
{
	free_line(&list->lines[nr]);
	list->nr--;
	memmove(&list->lines[nr], &list->lines[nr + 1], (list->nr - nr) * sizeof(*list->lines));
}

void list_free(struct list *list)
{
	while (list->nr)
		list_remove(list, list->nr - 1);
}

/* The conditions of a rule. */
static const char *conditions_of(const struct line *line)
{
	return strchr(line->text, ' ') ?: "";
}

/* "N: " before a line: N, and *text is behind it; 0: there is none. */
static int position(const char **text)
{
	char *end;
	long n = strtol(*text, &end, 10);

	if (end == *text || *end != ':' || n < 1 || n > MAX_LINES)
		return 0;
	*text = end + 1;
	return n;
}

bool list_put(struct list *list, const char *text, bool front)
{
	int at = position(&text), i;
	/* Read by itself: it may replace a rule of a full list, or the rank. */
	struct list new = *list;
	char *copy = strdup(text);
	bool ok;

	new.nr = new.rank_line = 0;
	ok = copy && list_add(&new, copy, 1);
	free(copy);
	if (!new.nr) {
		new.nr = list->nr;
		new.rank_line = new.rank_line ?: list->rank_line;
		*list = new;
		return ok;
	}
	for (i = 0; i < list->nr && strcmp(conditions_of(&list->lines[i]), conditions_of(new.lines)); i++)
		;
	if (i == MAX_LINES) {
		free_line(new.lines);
		list->errors++;
		fail(BAD_INPUT, "%s: %s: more than %d rules", list->source, text, MAX_LINES);
		return false;
	}
	if (i < list->nr && !at)
		at = i + 1;
	if (i < list->nr)
		list_remove(list, i);
	if (!at)
		at = front ? 1 : list->nr + 1;
	at = at > list->nr + 1 ? list->nr : at - 1;
	memmove(&list->lines[at + 1], &list->lines[at], (list->nr - at) * sizeof(*list->lines));
	list->lines[at] = new.lines[0];
	list->nr++;
	return true;
}

bool list_take(struct list *list, const char *text)
{
	struct list one, defaults;
	const char *setting = strncmp(text, "set ", 4) ? text : text + 4;
	size_t key = strcspn(setting, "=");
	long long n;
	int i;

	list_init(&defaults, list->source);
	if (!strncmp(text, "rank", 4) && (!text[4] || text[4] == ' ')) {
		list->rank = defaults.rank;
		list->rank_line = 0;
		return true;
	}
	if (key == strlen("last-resort") && !strncmp(setting, "last-resort", key)) {
		list->last_resort = defaults.last_resort;
		return true;
	}
	if (key == strlen("floor") && !strncmp(setting, "floor", key)) {
		list->floor = defaults.floor;
		return true;
	}
	if (key == strlen("observe") && !strncmp(setting, "observe", key)) {
		list->observe = false;
		return true;
	}
	if (key == strlen("unkillable") && !strncmp(setting, "unkillable", key)) {
		list->kill_unkillable = false;
		return true;
	}
	if (number(text, 1, list->nr, &n)) {
		list_remove(list, n - 1);
		return true;
	}
	/* Its text may be written in another way. */
	list_init(&one, list->source);
	if (strchr(text, ' ')) {
		char *copy = strdup(text);

		list_add(&one, copy, 1);
		free(copy);
	}
	for (i = 0; i < list->nr; i++) {
		if (!strcmp(one.nr ? one.lines[0].text : text, list->lines[i].text))
			break;
	}
	n = one.errors;
	list_free(&one);
	if (i < list->nr) {
		list_remove(list, i);
		return true;
	}
	if (!n)
		fail(BAD_INPUT, "%s: %s: no such rule; status shows them with their numbers",
		     list->source, text);
	return false;
}

char *list_text(const struct list *list)
{
	struct list defaults;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int i;

	if (!out)
		return NULL;
	list_init(&defaults, NULL);
	for (i = 0; i < list->nr; i++)
		fprintf(out, "%s\n", list->lines[i].text);
	fprintf(out, "rank %s\n", rank_words[list->rank]);
	if (list->last_resort != defaults.last_resort)
		fprintf(out, "set last-resort=%d\n", list->last_resort);
	if (list->floor >= 0)
		fprintf(out, "set floor=%d\n", list->floor);
	if (list->observe)
		fprintf(out, "set observe=yes\n");
	if (list->kill_unkillable)
		fprintf(out, "set unkillable=kill\n");
	fclose(out);
	return text;
}

/* For the pattern of each line the lines whose pattern matches all that it does. */
struct inclusions {
	uint64_t name[MAX_LINES], exe[MAX_LINES], cgroup[MAX_LINES], scope[MAX_LINES];
};

/* All lines at once: pairs of them would take seconds. */
static void find_inclusions(const struct list *list, struct inclusions *by)
{
	struct pattern name[MAX_LINES], exe[MAX_LINES], cgroup[MAX_LINES], scope[MAX_LINES];
	const struct line *line;
	int i;

	for (i = 0; i < list->nr; i++) {
		line = &list->lines[i];
		name[i] = (struct pattern){ line->name ?: "*", PATTERN_NAME };
		exe[i] = (struct pattern){ line->exe, PATTERN_NAME };
		cgroup[i] = (struct pattern){ line->cgroup ?: "", PATTERN_BELOW };
		scope[i] = (struct pattern){ line->scope, PATTERN_CGROUP };
	}
	pattern_inclusions(name, list->nr, by->name);
	pattern_inclusions(exe, list->nr, by->exe);
	pattern_inclusions(cgroup, list->nr, by->cgroup);
	pattern_inclusions(scope, list->nr, by->scope);
}

static bool includes_range(const struct range *outer, const struct range *inner)
{
	return !outer->given || (inner->given && outer->min <= inner->min && outer->max >= inner->max);
}

/* Does a line match whatever another one does? */
static bool includes(const struct list *list, const struct inclusions *by, int o, int i)
{
	const struct line *outer = &list->lines[o], *inner = &list->lines[i];

	/* A process has a name and a cgroup, but maybe no file, and no scope in a global OOM. */
	return (!outer->name || by->name[i] >> o & 1) &&
	       (!outer->exe || (inner->exe && by->exe[i] >> o & 1)) &&
	       (!outer->cgroup || by->cgroup[i] >> o & 1) &&
	       (!outer->scope || (inner->scope && by->scope[i] >> o & 1)) &&
	       (!outer->global || inner->global) &&
	       (!outer->has_uid || (inner->has_uid && inner->uid == outer->uid)) &&
	       (!outer->has_gid || (inner->has_gid && inner->gid == outer->gid)) &&
	       (!outer->pid || (inner->pid == outer->pid && inner->start == outer->start)) &&
	       includes_range(&outer->adj, &inner->adj) && includes_range(&outer->size, &inner->size) &&
	       includes_range(&outer->age, &inner->age) &&
	       (!outer->mark || outer->mark == inner->mark);
}

void list_find_shadowed(const struct list *list, int *by)
{
	struct inclusions inclusions;
	int nr;

	find_inclusions(list, &inclusions);
	for (nr = 0; nr < list->nr; nr++) {
		for (by[nr] = 0; by[nr] < nr && !includes(list, &inclusions, by[nr], nr); by[nr]++)
			;
		if (by[nr] == nr)
			by[nr] = -1;
	}
}

int list_warn_shadowed(const struct list *list)
{
	int nr, shadowed = 0, by[MAX_LINES];

	list_find_shadowed(list, by);
	for (nr = 0; nr < list->nr; nr++) {
		if (by[nr] < 0)
			continue;
		shadowed++;
		fail(BAD_INPUT, "%s:%d:1: never matches: line %d before it (%s) matches all that it does",
		     list->source, list->lines[nr].number, list->lines[by[nr]].number,
		     list->lines[by[nr]].text);
	}
	return shadowed;
}
