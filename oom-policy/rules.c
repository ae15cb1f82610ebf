// SPDX-License-Identifier: GPL-2.0
/* KEY=VALUE, as the user gives it, into what the programs look up. */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "cgroup.h"
#include "compile.h"
#include "list.h"
#include "list_store.h"
#include "old.h"
#include "oom_policy.h"
#include "pattern.h"
#include "process.h"
#include "rules.h"
#include "say.h"
#include "store.h"

#define ROOT_CGROUP	1
#define SETTINGS	".data.settings"
/* Rules on cgroups by path, for those that are made later; a key has so many bytes. */
#define PATHS		"oom_paths"
#define MAX_PATH	256

/* A whole number, or false. */
static bool number(const char *text, long min, long max, long *n)
{
	const char *digits = text + (*text == '-');
	char *end;

	errno = 0;
	*n = strtol(text, &end, 10);
	return *digits >= '0' && *digits <= '9' && !*end && !errno && *n >= min && *n <= max;
}

/* A word or number that is allowed. */
static bool value_of(const struct values *values, const char *text, long *n)
{
	if (values->words)
		return word_value(values->words, text, n);
	return number(text, values->min, values->max, n);
}

/* A number of units in pages, or false if there is no such number of bytes. */
static bool in_pages(long n, long unit, long *pages)
{
	if (__builtin_mul_overflow(n, unit, pages))
		return false;
	*pages /= sysconf(_SC_PAGESIZE);
	return true;
}

static int set_param(struct setup *setup, const struct param *param, const char *text,
		     const char *value, const char *where)
{
	const struct values *values = &param->values;
	long number_of, given;
	char buf[128];
	int i;

	if (!value_of(values, value, &given))
		return fail(BAD_INPUT, "%s%s: %s: %s%s", where, setup->policy->name, text,
			    values->words ? "" : "a number of ", values_text(values, buf, sizeof(buf)));
	number_of = given;
	if (values->unit && !in_pages(given, values->unit, &number_of))
		return fail(BAD_INPUT, "%s%s: %s: more than %ld bytes", where, setup->policy->name,
			    text, LONG_MAX);
	if (!number_of && !strcmp(param->name, "observe") && !strcmp(setup->policy->name, "observe"))
		return fail(BAD_INPUT, "%s%s: %s: this policy is there to decide nothing", where,
			    setup->policy->name, text);
	for (i = 0; i < setup->nr_vars; i++) {
		if (setup->vars[i].param != param)
			continue;
		return setup->vars[i].value == number_of ? DONE :
			fail(BAD_INPUT, "%s%s: %s: contradicts an earlier %s", where,
			     setup->policy->name, text, param->name);
	}
	if (setup->nr_vars == MAX_VARS)
		return fail(BAD_INPUT, "%s%s: %s: more than %d settings", where,
			    setup->policy->name, text, MAX_VARS);
	setup->vars[i].param = param;
	setup->vars[i].given = given;
	setup->vars[i].value = number_of;
	setup->nr_vars++;
	return DONE;
}

static bool same_subject(const struct rule *a, const struct rule *b)
{
	if (a->path || b->path)
		return a->path && b->path && !strcmp(a->path, b->path);
	return !memcmp(a->key, b->key, sizeof(a->key));
}

/* The rule becomes part of the setup, or is freed. */
static int add_rule(struct setup *setup, struct rule *rule, const char *text, const char *where)
{
	struct rule *more;
	int status = DONE, i;

	for (i = 0; i < setup->nr; i++) {
		if (!same_subject(&setup->rules[i], rule))
			continue;
		if (memcmp(setup->rules[i].value, rule->value, sizeof(rule->value)))
			status = fail(BAD_INPUT, "%s%s: %s: contradicts an earlier rule", where,
				      setup->policy->name, text);
		goto unused;
	}
	if (setup->nr == MAX_RULES) {
		status = fail(BAD_INPUT, "%s%s: %s: more than %d rules", where, setup->policy->name,
			      text, MAX_RULES);
		goto unused;
	}
	more = realloc(setup->rules, (setup->nr + 1) * sizeof(*rule));
	if (!more) {
		status = fail(FAILED, "out of memory");
		goto unused;
	}
	setup->rules = more;
	setup->rules[setup->nr++] = *rule;
	return DONE;

unused:
	free(rule->path);
	free(rule->text);
	return status;
}

/* PID, or PID:START as setup_text() says it. */
static int subject_pid(struct setup *setup, struct rule *rule, const char *key, const char *text,
		       const char *where)
{
	const char *start = strchr(key, ':'), *why = NULL;
	struct oom_pid pid = { };
	unsigned long long ticks = 0;
	char *digits = strndup(key, start ? (size_t)(start - key) : strlen(key));
	long nr_of, at;
	int32_t nr;

	nr = number(digits, 1, 1 << 22, &nr_of) ? nr_of : 0;
	if (start && number(start + 1, 0, LONG_MAX, &at))
		ticks = at;
	else
		why = nr ? process_start(digits, &ticks) : "no such process";
	if (!why && !nr)
		why = "no such process";
	free(digits);
	if (why)
		return fail(BAD_INPUT, "%s%s: %s: %s", where, setup->policy->name, text, why);
	pid.start = ticks;
	memcpy(rule->key, &nr, sizeof(nr));
	memcpy(rule->value, &pid, sizeof(pid));
	return DONE;
}

/* It may not be there yet; the key is set when the rule is written. */
static int subject_cgroup(struct setup *setup, struct rule *rule, const char *key,
			  const char *text, const char *where)
{
	const char *policy = setup->policy->name, *why;

	if (*key != '/' && !setup->policy->rule_values.words && !strcmp(key, "default"))
		return DONE;
	if (*key != '/')
		return fail(BAD_INPUT, "%s%s: %s: no setting and no path of a cgroup", where, policy,
			    text);
	if (strchr(key, '*'))
		return fail(BAD_INPUT, "%s%s: %s: patterns are for the rule list: load " LIST_POLICY
			    " --set 'never cgroup=%s'", where, policy, text, key);
	rule->path = strdup(key);
	why = pattern_clean(rule->path);
	if (!why && strlen(rule->path) >= MAX_PATH)
		why = "a path has at most 255 bytes here; the rule list takes longer ones";
	if (!why)
		return DONE;
	free(rule->path);
	rule->path = NULL;
	return fail(BAD_INPUT, "%s%s: %s: %s", where, policy, text, why);
}

/* The left side of a rule: its key. */
static int subject(struct setup *setup, struct rule *rule, const char *key, const char *text,
		   const char *where)
{
	const char *policy = setup->policy->name;
	struct oom_name name = { };
	size_t len = strlen(key);

	switch (setup->policy->subject) {
	case SUBJECT_PID:
		return subject_pid(setup, rule, key, text, where);
	case SUBJECT_CGROUP:
		return subject_cgroup(setup, rule, key, text, where);
	case SUBJECT_NAME:
		if (!len || (key[len - 1] == '*' ? len - 1 : len) >= sizeof(name.comm))
			return fail(BAD_INPUT, "%s%s: %s: a name has 1 to 15 bytes", where, policy,
				    text);
		/* With its NUL a name is whole, without it the beginning of one. */
		if (key[len - 1] == '*')
			name.bits = 8 * --len;
		else
			name.bits = 8 * (len + 1);
		memcpy(name.comm, key, len);
		memcpy(rule->key, &name, sizeof(name));
		return DONE;
	default:
		return fail(BAD_INPUT, "%s%s: %s: no such setting; see oom-policy list %s", where,
			    policy, text, policy);
	}
}

/* The right side of a rule: its value. */
static int outcome(struct setup *setup, struct rule *rule, const char *value, const char *text,
		   const char *where)
{
	const struct values *values = &setup->policy->rule_values;
	uint32_t verdict;
	long number_of;
	char buf[128];

	if (!value_of(values, value, &number_of))
		return fail(BAD_INPUT, "%s%s: %s: \"%s\" is not one of %s", where, setup->policy->name,
			    text, value, values_text(values, buf, sizeof(buf)));
	verdict = number_of;
	setup->only |= !strcmp(value, "only");
	if (setup->policy->subject == SUBJECT_PID)
		memcpy(rule->value + offsetof(struct oom_pid, verdict), &verdict, sizeof(verdict));
	else
		memcpy(rule->value, &verdict, sizeof(verdict));
	return DONE;
}

/* The prefix of a path that would be taken for one with it. */
static const char *path_prefix(const char *path)
{
	return strncmp(path, CGROUPS, strlen(CGROUPS)) ? "" : CGROUPS;
}

static char *rule_text(const struct setup *setup, const struct rule *rule, const char *key,
		       const char *value)
{
	const struct oom_pid *pid = (const void *)rule->value;
	char *text = NULL;
	int ret;

	if (setup->policy->subject == SUBJECT_PID)
		ret = asprintf(&text, "%.*s:%llu=%s", (int)strcspn(key, ":"), key, pid->start, value);
	else
		ret = asprintf(&text, "%s%s=%s", rule->path ? path_prefix(rule->path) : "",
			       rule->path && !*rule->path ? "/" : rule->path ?: key, value);
	return ret < 0 ? NULL : text;
}

int setup_add(struct setup *setup, const char *text, const char *where)
{
	const struct param *param = setup->policy->params;
	const char *value = strrchr(text, '=');
	struct rule rule = { };
	char key[4096];
	int status, i;

	if (!value || value == text || value - text >= (long)sizeof(key))
		return fail(BAD_INPUT, "%s%s: %s: not of the form KEY=VALUE", where,
			    setup->policy->name, text);
	/* The rules are kept as lines. */
	if (strchr(text, '\n'))
		return fail(BAD_INPUT, "%s%s: \"%s\": a line feed; a rule is one line", where,
			    setup->policy->name, text);
	memcpy(key, text, value - text);
	key[value++ - text] = '\0';
	for (i = 0; i < setup->policy->nr_params; i++, param++) {
		if (!strcmp(param->name, key))
			return set_param(setup, param, text, value, where);
	}
	if (*key == ' ' || *key == '\t' || key[strlen(key) - 1] == ' ' || key[strlen(key) - 1] == '\t')
		return fail(BAD_INPUT, "%s%s: \"%s\": blanks around \"%s\"", where, setup->policy->name,
			    text, key);
	status = subject(setup, &rule, key, text, where);
	if (!status)
		status = outcome(setup, &rule, value, text, where);
	if (status) {
		free(rule.path);
		return status;
	}
	rule.text = rule_text(setup, &rule, key, value);
	return add_rule(setup, &rule, text, where);
}

int setup_end(struct setup *setup, const char *where)
{
	uint32_t never = BPF_EVAL_NEXT;
	struct rule rule = { };

	/* To choose from some only is not to choose from all the others. */
	if (!setup->only)
		return DONE;
	setup->only = false;
	rule.path = strdup("");
	memcpy(rule.value, &never, sizeof(never));
	return add_rule(setup, &rule, "only (which spares the root)", where);
}

static struct list *new_list(const char *source)
{
	struct list *list = malloc(sizeof(*list));

	if (list)
		list_init(list, source);
	return list;
}

/* All that can be wrong with a list; an object may be older than the command. */
static int check_list(const struct setup *setup)
{
	int i;

	if (!list_valid(setup->list))
		return BAD_INPUT;
	for (i = 0; i < setup->policy->nr_params; i++) {
		if (!strcmp(setup->policy->params[i].name, "floor"))
			return DONE;
	}
	return setup->list->floor < 0 ? DONE :
	       fail(BAD_INPUT, "%s: floor: no setting of %s", setup->list->source, setup->policy->path);
}

/* A list from the command line: each --set is a line of it. */
static int list_from(struct setup *setup, const char * const *sets, int nr_sets)
{
	char *copy;
	int i;

	setup->list = new_list("--set");
	for (i = 0; setup->list && i < nr_sets; i++) {
		copy = strdup(sets[i]);
		if (copy)
			list_add(setup->list, copy, i + 1);
		free(copy);
	}
	if (!setup->list)
		return fail(FAILED, "out of memory");
	return check_list(setup);
}

int setup_file(struct setup *setup, const char *path)
{
	*setup = (struct setup){ .policy = policy_find(LIST_POLICY) };
	if (!setup->policy)
		return no_policy(LIST_POLICY);
	setup->list = new_list(path);
	if (!setup->list)
		return fail(FAILED, "out of memory");
	return list_read(setup->list, path) ?: check_list(setup);
}

int setup_from(const char * const *names, int nr_names, const char * const *sets, int nr_sets,
	       struct setup *setups)
{
	int status = DONE, i, nr;

	for (i = 0; !status && i < nr_names; i++) {
		nr = i ? 0 : nr_sets;
		setups[i] = (struct setup){ .policy = policy_find(names[i]) };
		if (!setups[i].policy && old_policy(names[i])) {
			setups[i].policy = policy_find(LIST_POLICY);
			status = setups[i].policy ? old_changes(names[i], sets, nr, &setups[i].changes) :
				 no_policy(LIST_POLICY);
			continue;
		}
		if (!setups[i].policy)
			return no_policy(names[i]);
		if (!strcmp(setups[i].policy->name, LIST_POLICY)) {
			status = list_from(&setups[i], sets, nr);
			continue;
		}
		for (; !status && nr; nr--)
			status = setup_add(&setups[i], *sets++, "");
		status = status ?: setup_end(&setups[i], "");
	}
	return status;
}

/* Each line of a text; the text is changed. */
static char *next_line(char **rest)
{
	char *line;

	do
		line = strsep(rest, "\n");
	while (line && !*line);
	return line;
}

int setup_from_text(struct setup *setup, const char *text)
{
	char *copy = strdup(text), *rest = copy, *line;
	int status = copy ? DONE : fail(FAILED, "out of memory"), nr = 0;

	if (copy && !strcmp(setup->policy->name, LIST_POLICY)) {
		setup->list = new_list(LIST_POLICY);
		while (setup->list && (line = next_line(&rest)))
			list_add(setup->list, line, ++nr);
		/* It was valid when it was loaded; a user may have gone. */
		status = setup->list && list_end(setup->list) ? DONE : BAD_INPUT;
	} else {
		while (!status && (line = next_line(&rest)))
			status = setup_add(setup, line, "");
		status = status ?: setup_end(setup, "");
	}
	free(copy);
	return status;
}

char *setup_text(const struct setup *setup)
{
	const struct values *values;
	char *text = NULL, word[64];
	size_t size;
	FILE *out;
	int i;

	if (setup->list)
		return list_text(setup->list);
	out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	/* Those without a text of their own follow from the others. */
	for (i = 0; i < setup->nr; i++) {
		if (setup->rules[i].text)
			fprintf(out, "%s\n", setup->rules[i].text);
	}
	for (i = 0; i < setup->nr_vars; i++) {
		values = &setup->vars[i].param->values;
		if (values->words)
			value_word(values->words, setup->vars[i].value, word, sizeof(word));
		else
			snprintf(word, sizeof(word), "%ld", setup->vars[i].given);
		fprintf(out, "%s=%s\n", setup->vars[i].param->name, word);
	}
	fclose(out);
	return text;
}

int setup_merge(struct setup *setup, const char *loaded)
{
	char *copy = strdup(setup->changes), *rest = copy, *line;
	int status = copy ? setup_from_text(setup, loaded ?: "") : fail(FAILED, "out of memory");
	bool rule;

	while (!status && (line = next_line(&rest))) {
		rule = strncmp(line, "rank ", 5) && strncmp(line, "set ", 4);
		if (!list_put(setup->list, line, rule))
			status = BAD_INPUT;
	}
	status = status ?: check_list(setup);
	free(copy);
	return status;
}

void setup_free(struct setup *setup)
{
	int i;

	for (i = 0; i < setup->nr; i++) {
		free(setup->rules[i].path);
		free(setup->rules[i].text);
	}
	free(setup->rules);
	if (setup->list)
		list_free(setup->list);
	free(setup->list);
	free(setup->changes);
	*setup = (struct setup){ };
}

/* A variable in the settings of an object, or NULL. */
static const struct btf_var_secinfo *find_variable(const struct btf *btf, const char *variable)
{
	int id = btf ? btf__find_by_name_kind(btf, SETTINGS, BTF_KIND_DATASEC) : -1, i;
	const struct btf_type *sec, *var;
	struct btf_var_secinfo *info;
	const char *name;

	sec = id < 0 ? NULL : btf__type_by_id(btf, id);
	for (i = 0; sec && i < btf_vlen(sec); i++) {
		info = btf_var_secinfos(sec) + i;
		var = btf__type_by_id(btf, info->type);
		name = var ? btf__name_by_offset(btf, var->name_off) : NULL;
		if (name && !strcmp(name, variable))
			return info;
	}
	return NULL;
}

/* A variable that is a number, with all of it in the settings. */
static bool is_number(const struct btf_var_secinfo *info, size_t settings)
{
	return (info->size == 1 || info->size == 2 || info->size == 4 || info->size == 8) &&
	       info->size <= settings && info->offset <= settings - info->size;
}

/*
 * Set a variable before the object is loaded. With @shift its default, one in pages of
 * 4K, becomes one in pages of 4K << @shift.
 */
static int set_variable(struct bpf_object *obj, const char *name, uint64_t value, int shift)
{
	const struct btf_var_secinfo *info = find_variable(bpf_object__btf(obj), name);
	struct bpf_map *map = bpf_object__find_map_by_name(obj, SETTINGS);
	uint32_t four;
	uint16_t two;
	uint8_t one;
	const void *from;
	size_t size;
	char *data;
	int ret;

	if (!info || !map || !bpf_map__initial_value(map, &size))
		return -ENOENT;
	if (!is_number(info, size))
		return -EINVAL;
	data = malloc(size);
	if (!data)
		return -ENOMEM;
	memcpy(data, bpf_map__initial_value(map, &size), size);
	if (shift) {
		memcpy(&value, data + info->offset, info->size);
		value >>= shift;
	}
	four = value;
	two = value;
	one = value;
	from = info->size == 1 ? (void *)&one : info->size == 2 ? (void *)&two :
	       info->size == 4 ? (void *)&four : (void *)&value;
	memcpy(data + info->offset, from, info->size);
	ret = bpf_map__set_initial_value(map, data, size);
	free(data);
	return ret;
}

/* The settings of a list are those of its policy. */
static int list_vars(const struct setup *setup, struct bpf_object *obj)
{
	const struct list *list = setup->list;
	int ret = 0;

	if (list->floor >= 0)
		ret = set_variable(obj, "floor_pages", list->floor * (0x100000 / sysconf(_SC_PAGESIZE)), 0);
	return ret ?:
	       set_variable(obj, "last_resort", list->last_resort, 0) ?:
	       set_variable(obj, "observe", list->observe, 0) ?:
	       set_variable(obj, "kill_unkillable", list->kill_unkillable, 0);
}

int setup_vars(const struct setup *setup, struct bpf_object *obj)
{
	int shift = __builtin_ctzl(sysconf(_SC_PAGESIZE));
	const struct param *param = setup->policy->params;
	int ret = set_variable(obj, "page_shift", shift, 0);
	int i;

	for (i = 0; !ret && i < setup->policy->nr_params; i++, param++) {
		if (param->values.unit && shift != 12)
			ret = set_variable(obj, param->variable, 0, shift - 12);
	}
	for (i = 0; !ret && i < setup->nr_vars; i++)
		ret = set_variable(obj, setup->vars[i].param->variable, setup->vars[i].value, 0);
	return ret ?: setup->list ? list_vars(setup, obj) : ret;
}

int setup_replace_vars(const struct setup *setup, const struct store *store)
{
	struct bpf_object *obj = bpf_object__open_file(setup->policy->path, NULL);
	int ret = obj ? setup_vars(setup, obj) : -errno, map;
	struct bpf_map *settings;
	const void *value;
	uint32_t key = 0;
	size_t size;

	map = ret ? -1 : store_map(store, SETTINGS);
	if (!ret && map < 0)
		ret = map;
	if (!ret) {
		settings = bpf_object__find_map_by_name(obj, SETTINGS);
		value = bpf_map__initial_value(settings, &size);
		if (!map_is(map, BPF_MAP_TYPE_ARRAY, sizeof(key), size))
			ret = -EINVAL;
		else if (bpf_map_update_elem(map, &key, value, BPF_ANY))
			ret = -errno;
		close(map);
	}
	bpf_object__close(obj);
	return ret;
}

/* The size of a key of the rules. */
static uint32_t key_size(enum subject subject)
{
	return subject == SUBJECT_PID ? sizeof(uint32_t) :
	       subject == SUBJECT_CGROUP ? sizeof(uint64_t) : sizeof(struct oom_name);
}

/* Is it a map for rules? A value may be smaller than that of a rule. */
static bool takes_rules(int map, uint32_t key_size)
{
	struct bpf_map_info info = { };
	uint32_t len = sizeof(info);

	return !bpf_obj_get_info_by_fd(map, &info, &len) && info.type == BPF_MAP_TYPE_HASH &&
	       info.key_size == key_size && info.value_size <= sizeof(((struct rule *)NULL)->value);
}

/* Key and value of one rule, now that the cgroup is there, or is not. */
static int write_rule(const struct rule *rule, int map, int paths)
{
	char path[MAX_PATH] = "", whole[MAX_PATH + sizeof(CGROUPS)];
	uint64_t id = ROOT_CGROUP;

	if (!rule->path)
		return bpf_map_update_elem(map, rule->key, rule->value, BPF_ANY);
	/* The path first: a cgroup that is made in between is found by one of the two. */
	snprintf(path, sizeof(path), "%s", rule->path);
	if (*path && paths >= 0 && bpf_map_update_elem(paths, path, rule->value, BPF_ANY))
		return -errno;
	snprintf(whole, sizeof(whole), CGROUPS "%s", path);
	if (*path)
		id = cgroup_id(whole);
	return id ? bpf_map_update_elem(map, &id, rule->value, BPF_ANY) : 0;
}

/* The rules name this key of the map, which for cgroups is an id. */
static bool named(const struct setup *setup, const void *key, size_t size)
{
	char path[4096];
	uint64_t id;
	int i;

	if (setup->policy->subject == SUBJECT_CGROUP) {
		memcpy(&id, key, sizeof(id));
		cgroup_path(id, path, sizeof(path));
		if (id == ROOT_CGROUP)
			path[0] = '\0';
	}
	for (i = 0; i < setup->nr; i++) {
		if (setup->rules[i].path ? !strcmp(setup->rules[i].path, path) :
		    !memcmp(setup->rules[i].key, key, size))
			return true;
	}
	return false;
}

static bool named_path(const struct setup *setup, const void *key, size_t size)
{
	int i;

	for (i = 0; i < setup->nr; i++) {
		if (setup->rules[i].path && !strncmp(setup->rules[i].path, key, size))
			return true;
	}
	return false;
}

/* Delete the keys that no rule names. */
static void delete_others(const struct setup *setup, int map, size_t size,
			  bool (*keep)(const struct setup *setup, const void *key, size_t size))
{
	char key[MAX_PATH], next[MAX_PATH], *at = NULL;

	while (!bpf_map_get_next_key(map, at, next)) {
		if (keep(setup, next, size)) {
			at = memcpy(key, next, size);
			continue;
		}
		if (bpf_map_delete_elem(map, next))
			return;
		/* From the last one that stays. */
	}
}

int setup_rules(const struct setup *setup, const struct store *store, bool replace)
{
	uint32_t size = key_size(setup->policy->subject);
	int map, paths, i, ret = 0;

	if (setup->list)
		return list_write(setup->list, store);
	if (!setup->policy->map)
		return 0;
	map = store_map(store, setup->policy->map);
	if (map < 0)
		return map;
	paths = store_map(store, PATHS);
	if (!takes_rules(map, size) || (paths >= 0 && !takes_rules(paths, MAX_PATH)))
		ret = -EINVAL;
	for (i = 0; !ret && i < setup->nr; i++)
		ret = write_rule(&setup->rules[i], map, paths);
	if (!ret && replace && paths >= 0)
		delete_others(setup, paths, MAX_PATH, named_path);
	if (!ret && replace)
		delete_others(setup, map, size, named);
	if (paths >= 0)
		close(paths);
	close(map);
	return ret;
}

int setup_switch(const struct setup *setup, const struct store *store)
{
	return setup->list ? list_switch(store) : 0;
}
