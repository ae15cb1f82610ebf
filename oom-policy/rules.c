// SPDX-License-Identifier: GPL-2.0
/* KEY=VALUE, as the user gives it, into what the programs look up. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "oom-policy.h"

#define ROOT_CGROUP	1
/* As in the kernel's include/linux/sched.h. */
#define PF_KTHREAD	0x00200000
#define SETTINGS	".data.settings"

/* A whole number of 0 to @max, or -1. */
static long number(const char *text, long max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	return *text < '0' || *text > '9' || *end || errno || n > max ? -1 : n;
}

/* The process that a thread belongs to, or 0. */
static int process_of(const char *pid)
{
	char path[64], line[256];
	int process = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	file = fopen(path, "r");
	while (file && !process && fgets(line, sizeof(line), file))
		sscanf(line, "Tgid: %d", &process);
	if (file)
		fclose(file);
	return process;
}

/* When a process started, in ticks: NULL, or why no rule can apply to it. */
static const char *started(const char *pid, unsigned long long *start)
{
	static char thread[64];
	char path[64], buf[1024], *at, state;
	unsigned int flags;
	int process, threads;
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return "no such process";
	len = fread(buf, 1, sizeof(buf) - 1, file);
	fclose(file);
	buf[len] = '\0';
	/* Fields 3, 9, 20 and 22, behind a name that may hold anything. */
	at = strrchr(buf, ')');
	if (!at || sscanf(at, ") %c %*s %*s %*s %*s %*s %u"
			  " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %d %*s %llu",
			  &state, &flags, &threads, start) != 4)
		return "no such process";
	process = process_of(pid);
	snprintf(thread, sizeof(thread), "a thread of process %d", process);
	if (process != atoi(pid))
		return process ? thread : "no such process";
	if (flags & PF_KTHREAD)
		return "a thread of the kernel, which is never killed";
	/* If only the first thread has ended, the process lives on. */
	if (state == 'Z' && threads <= 1)
		return "a zombie: it has ended, and holds no memory";
	return NULL;
}

static int set_param(struct setup *setup, const struct param *param, const char *text,
		     const char *value, const char *where)
{
	const struct word *word;
	long number_of = -1;
	int i;

	for (word = param->words; word && word->word; word++) {
		if (!strcmp(word->word, value))
			number_of = word->value;
	}
	if (!param->words)
		number_of = number(value, param->max);
	if (number_of < 0 && !param->words)
		return fail(BAD_INPUT, "%s%s: %s: a number of 0 to %ld", where,
			    setup->policy->name, text, param->max);
	if (number_of < 0)
		return fail(BAD_INPUT, "%s%s: %s: %s or %s", where, setup->policy->name, text,
			    param->words[0].word, param->words[1].word);
	if (!param->words)
		number_of *= param->unit / sysconf(_SC_PAGESIZE);
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
	setup->vars[i].param = param;
	setup->vars[i].value = number_of;
	setup->nr_vars++;
	return DONE;
}

static int add_rule(struct setup *setup, const struct rule *rule, const char *text,
		    const char *where)
{
	struct rule *more;
	int i;

	for (i = 0; i < setup->nr; i++) {
		if (memcmp(setup->rules[i].key, rule->key, sizeof(rule->key)))
			continue;
		return !memcmp(setup->rules[i].value, rule->value, sizeof(rule->value)) ? DONE :
			fail(BAD_INPUT, "%s%s: %s: contradicts an earlier rule", where,
			     setup->policy->name, text);
	}
	if (setup->nr == MAX_RULES)
		return fail(BAD_INPUT, "%s%s: %s: more than %d rules", where, setup->policy->name,
			    text, MAX_RULES);
	more = realloc(setup->rules, (setup->nr + 1) * sizeof(*rule));
	if (!more)
		return fail(FAILED, "out of memory");
	setup->rules = more;
	setup->rules[setup->nr++] = *rule;
	return DONE;
}

/* The left side of a rule: its key. */
static int subject(struct setup *setup, struct rule *rule, const char *key, const char *text,
		   const char *where)
{
	const char *policy = setup->policy->name, *why;
	struct oom_name name = { };
	struct oom_pid pid = { };
	size_t len = strlen(key);
	unsigned long long start;
	uint64_t id = 0;
	int32_t nr;

	switch (setup->policy->subject) {
	case SUBJECT_PID:
		nr = number(key, 1 << 22);
		why = nr > 0 ? started(key, &start) : "no such process";
		if (why)
			return fail(BAD_INPUT, "%s%s: %s: %s", where, policy, text, why);
		pid.start = start;
		memcpy(rule->key, &nr, sizeof(nr));
		memcpy(rule->value, &pid, sizeof(pid));
		return DONE;
	case SUBJECT_CGROUP:
		if (*key == '/')
			id = cgroup_id(key);
		else if (setup->policy->words || strcmp(key, "default"))
			return fail(BAD_INPUT, "%s%s: %s: no setting and no path of a cgroup",
				    where, policy, text);
		if (*key == '/' && !id)
			return fail(BAD_INPUT, "%s%s: %s: no such cgroup below " CGROUPS, where,
				    policy, text);
		memcpy(rule->key, &id, sizeof(id));
		return DONE;
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
	const struct word *word = setup->policy->words;
	uint32_t verdict = number(value, MAX_PRIORITY);

	if (!word && (int32_t)verdict < 0)
		return fail(BAD_INPUT, "%s%s: %s: a priority is a number of 0 to %d", where,
			    setup->policy->name, text, MAX_PRIORITY);
	for (; word && strcmp(word->word, value); word++) {
		if (!word[1].word)
			return fail(BAD_INPUT, "%s%s: %s: \"%s\" is not one of those that list %s names",
				    where, setup->policy->name, text, value, setup->policy->name);
	}
	if (word) {
		verdict = word->value;
		setup->only |= !strcmp(word->word, "only");
	}
	if (setup->policy->subject == SUBJECT_PID)
		memcpy(rule->value + offsetof(struct oom_pid, verdict), &verdict, sizeof(verdict));
	else
		memcpy(rule->value, &verdict, sizeof(verdict));
	return DONE;
}

int setup_add(struct setup *setup, const char *text, const char *where)
{
	const struct param *lists[] = { setup->policy->params, common_params }, *param;
	const char *value = strrchr(text, '=');
	struct rule rule = { };
	char key[4096];
	int status, i;

	if (!value || value == text || value - text >= (long)sizeof(key))
		return fail(BAD_INPUT, "%s%s: %s: not of the form KEY=VALUE", where,
			    setup->policy->name, text);
	memcpy(key, text, value - text);
	key[value++ - text] = '\0';
	for (i = 0; i < 2; i++) {
		for (param = lists[i]; param && param->name; param++) {
			if (!strcmp(param->name, key))
				return set_param(setup, param, text, value, where);
		}
	}
	status = subject(setup, &rule, key, text, where);
	if (!status)
		status = outcome(setup, &rule, value, text, where);
	return status ?: add_rule(setup, &rule, text, where);
}

int setup_end(struct setup *setup, const char *where)
{
	uint32_t never = BPF_EVAL_NEXT;
	uint64_t root = ROOT_CGROUP;
	struct rule rule = { };

	/* To choose from some only is not to choose from all the others. */
	if (!setup->only)
		return DONE;
	setup->only = false;
	memcpy(rule.key, &root, sizeof(root));
	memcpy(rule.value, &never, sizeof(never));
	return add_rule(setup, &rule, "only (which spares the root)", where);
}

void setup_free(struct setup *setup)
{
	free(setup->rules);
	setup->rules = NULL;
}

/* The offset of a variable in the settings of an object, or -ENOENT. */
static int find_variable(const struct btf *btf, const char *name, unsigned int *size)
{
	int id = btf__find_by_name_kind(btf, SETTINGS, BTF_KIND_DATASEC), i;
	const struct btf_type *sec, *var;
	struct btf_var_secinfo *info;

	sec = id < 0 ? NULL : btf__type_by_id(btf, id);
	for (i = 0; sec && i < btf_vlen(sec); i++) {
		info = btf_var_secinfos(sec) + i;
		var = btf__type_by_id(btf, info->type);
		*size = info->size;
		if (!strcmp(btf__name_by_offset(btf, var->name_off), name))
			return info->offset;
	}
	return -ENOENT;
}

/* Set a variable, before the object is loaded. */
static int set_variable(struct bpf_object *obj, const char *name, uint64_t value)
{
	unsigned int var_size = 0;
	int at = find_variable(bpf_object__btf(obj), name, &var_size), ret;
	struct bpf_map *map;
	size_t size;
	char *data;

	if (at < 0)
		return at;
	map = bpf_object__find_map_by_name(obj, SETTINGS);
	if (!map || !bpf_map__initial_value(map, &size))
		return -ENOENT;
	data = malloc(size);
	if (!data)
		return -ENOMEM;
	memcpy(data, bpf_map__initial_value(map, &size), size);
	if (var_size == 1)
		*(uint8_t *)(data + at) = value;
	else if (var_size == 4)
		*(uint32_t *)(data + at) = value;
	else
		memcpy(data + at, &value, sizeof(value));
	ret = bpf_map__set_initial_value(map, data, size);
	free(data);
	return ret;
}

int setup_vars(const struct setup *setup, struct bpf_object *obj)
{
	long page = sysconf(_SC_PAGESIZE);
	const struct param *param = setup->policy->params;
	int ret = set_variable(obj, "page_shift", __builtin_ctzl(page));
	int i;

	/* The defaults in the programs are for pages of 4K. */
	for (; !ret && param && param->name; param++) {
		if (!param->words)
			ret = set_variable(obj, param->variable, param->unit / page);
	}
	for (i = 0; !ret && i < setup->nr_vars; i++)
		ret = set_variable(obj, setup->vars[i].param->variable, setup->vars[i].value);
	return ret;
}

int setup_rules(const struct setup *setup, struct bpf_object *obj)
{
	int fd, i, ret = 0;

	if (!setup->nr)
		return 0;
	fd = bpf_object__find_map_fd_by_name(obj, setup->policy->map);
	for (i = 0; !ret && i < setup->nr; i++)
		ret = bpf_map_update_elem(fd, setup->rules[i].key, setup->rules[i].value, BPF_ANY);
	return ret;
}
