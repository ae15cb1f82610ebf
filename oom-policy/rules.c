// SPDX-License-Identifier: GPL-2.0
/* KEY=VALUE, as the user gives it, into what the programs look up. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "cgroup.h"
#include "oom_policy.h"
#include "process.h"
#include "rules.h"
#include "say.h"

#define ROOT_CGROUP	1
#define SETTINGS	".data.settings"

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

static int set_param(struct setup *setup, const struct param *param, const char *text,
		     const char *value, const char *where)
{
	const struct values *values = &param->values;
	long number_of;
	char buf[128];
	int i;

	if (!value_of(values, value, &number_of))
		return fail(BAD_INPUT, "%s%s: %s: %s%s", where, setup->policy->name, text,
			    values->words ? "" : "a number of ", values_text(values, buf, sizeof(buf)));
	if (values->unit)
		number_of *= values->unit / sysconf(_SC_PAGESIZE);
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
	long nr_of;
	int32_t nr;

	switch (setup->policy->subject) {
	case SUBJECT_PID:
		nr = number(key, 1, 1 << 22, &nr_of) ? nr_of : 0;
		why = nr ? process_start(key, &start) : "no such process";
		if (why)
			return fail(BAD_INPUT, "%s%s: %s: %s", where, policy, text, why);
		pid.start = start;
		memcpy(rule->key, &nr, sizeof(nr));
		memcpy(rule->value, &pid, sizeof(pid));
		return DONE;
	case SUBJECT_CGROUP:
		if (*key == '/')
			id = cgroup_id(key);
		else if (setup->policy->rule_values.words || strcmp(key, "default"))
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
	memcpy(key, text, value - text);
	key[value++ - text] = '\0';
	for (i = 0; i < setup->policy->nr_params; i++, param++) {
		if (!strcmp(param->name, key))
			return set_param(setup, param, text, value, where);
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

int setup_from(const char * const *names, int nr_names, const char * const *sets, int nr_sets,
	       struct setup *setups)
{
	int status = DONE, i;

	for (i = 0; i < nr_names; i++) {
		setups[i] = (struct setup){ .policy = policy_find(names[i]) };
		if (!setups[i].policy)
			return no_policy(names[i]);
	}
	for (i = 0; !status && i < nr_sets; i++)
		status = setup_add(&setups[0], sets[i], "");
	return status ?: nr_names ? setup_end(&setups[0], "") : DONE;
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

/*
 * Set a variable before the object is loaded. With @shift its default, one in pages of
 * 4K, becomes one in pages of 4K << @shift.
 */
static int set_variable(struct bpf_object *obj, const char *name, uint64_t value, int shift)
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
	if (shift) {
		memcpy(&value, data + at, var_size < sizeof(value) ? var_size : sizeof(value));
		value >>= shift;
	}
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
	int shift = __builtin_ctzl(sysconf(_SC_PAGESIZE));
	const struct param *param = setup->policy->params;
	int ret = set_variable(obj, "page_shift", shift, 0);
	int i;

	for (i = 0; !ret && i < setup->policy->nr_params; i++, param++) {
		if (param->values.unit)
			ret = set_variable(obj, param->variable, 0, shift - 12);
	}
	for (i = 0; !ret && i < setup->nr_vars; i++)
		ret = set_variable(obj, setup->vars[i].param->variable, setup->vars[i].value, 0);
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
