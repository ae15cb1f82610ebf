// SPDX-License-Identifier: GPL-2.0
/*
 * The arguments of load, set and unset, separated by "|": a policy, KEY=VALUE for load,
 * and behind an argument "set" or "unset" those of that command. The byte 1 stands for a
 * line feed.
 */
#include "fuzz.h"
#include "fake_kernel.h"
#include "cmd_set.c"

#define MAX_ARG_NR	24

const char *process_start(const char *pid, unsigned long long *start)
{
	*start = 7;
	return *pid == '9' ? "no such process" : NULL;
}

#define WORDS(text)	{ .words = text }
#define NUMBERS(a, b, of) { .min = a, .max = b, .unit = of, .range = #a ".." #b }

static struct param of_list[] = { { .name = "floor" } };
static struct param of_pid[] = {
	{ .name = "others", .values = WORDS("kernel=0|spare=2") },
	{ .name = "last-resort", .values = NUMBERS(-1000, 1000, 0) },
	{ .name = "observe", .values = WORDS("no=0|yes=1") },
};
static struct param of_cgroup[] = {
	{ .name = "floor", .values = NUMBERS(0, 1048576, 1 << 20) },
	{ .name = "kib", .values = NUMBERS(0, 9223372036854775807, 1 << 10) },
	{ .name = "gib", .values = NUMBERS(-5, 9223372036854775807, 1 << 30) },
};
static struct policy known_policies[] = {
	{ .name = "rules", .params = of_list, .nr_params = 1, .path = "R" },
	{ .name = "pid",
	  .subject = SUBJECT_PID,
	  .map = "oom_pids",
	  .path = "P",
	  .rule_values = WORDS("first=3|never=2"),
	  .params = of_pid,
	  .nr_params = 3 },
	{ .name = "cgroup",
	  .subject = SUBJECT_CGROUP,
	  .map = "oom_cgroups",
	  .path = "C",
	  .rule_values = WORDS("prefer=3|never=2|none=0|only=0"),
	  .params = of_cgroup,
	  .nr_params = 3 },
	{ .name = "priority",
	  .subject = SUBJECT_CGROUP,
	  .map = "oom_cgroups",
	  .path = "C",
	  .rule_values = NUMBERS(0, 12, 0) },
	{ .name = "names",
	  .subject = SUBJECT_NAME,
	  .map = "oom_names",
	  .path = "N",
	  .rule_values = WORDS("prefer=3|never=2") },
	{ .name = "observe", .path = "O", .params = of_pid, .nr_params = 3 },
};

const struct policy *policy_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(known_policies) / sizeof(*known_policies); i++) {
		if (!strcmp(known_policies[i].name, name))
			return &known_policies[i];
	}
	return NULL;
}

static void make_maps(void)
{
	fake_create("oom_pids", BPF_MAP_TYPE_HASH, 4, sizeof(struct oom_pid), 1024);
	fake_create("oom_cgroups", BPF_MAP_TYPE_HASH, 8, 4, 1024);
	fake_create("oom_paths", BPF_MAP_TYPE_HASH, 256, 4, 1024);
	fake_create("oom_names", BPF_MAP_TYPE_HASH, sizeof(struct oom_name), 4, 1024);
	fake_create("oom_ids", BPF_MAP_TYPE_HASH, 8, 16, RULE_LISTS * 3 * RULE_LINES);
}

/* The parts of pins.c that cmd_set.c needs. */
int pins_change(void)
{
	return DONE;
}

bool pins_whole(const char *name)
{
	return true;
}

void warn_after_load(const struct setup *setup)
{
}

/* The same follows from the text as from the setup. */
static void check_text(const struct setup *setup, const char *text)
{
	struct setup again = { .policy = setup->policy };
	char *text_again;
	int i;

	MUST(!setup_from_text(&again, text), "%s: %s", text, last_said);
	text_again = setup_text(&again);
	MUST(!strcmp(text, text_again), "%s, but then %s", text, text_again);
	MUST(again.nr == setup->nr && again.nr_vars == setup->nr_vars, "%s", text);
	for (i = 0; i < setup->nr; i++)
		MUST(!memcmp(again.rules[i].key, setup->rules[i].key, sizeof(again.rules[i].key)) &&
			     !memcmp(again.rules[i].value, setup->rules[i].value,
				     sizeof(again.rules[i].value)) &&
			     !strcmp(again.rules[i].path ?: "-", setup->rules[i].path ?: "-"),
		     "%s", text);
	for (i = 0; i < setup->nr_vars; i++)
		MUST(again.vars[i].value == setup->vars[i].value, "%s: %ld", text,
		     again.vars[i].value);
	free(text_again);
	setup_free(&again);
}

/* The maps have what the text says: rules that were replaced are gone. */
int pins_replace(const struct setup *setup, const char *dir)
{
	struct store store = { .dir = "x" };
	char *text = setup_text(setup);
	int ret = 0;

	check_text(setup, text);
	if (!setup->list) {
		ret = setup_rules(setup, &store, true);
		MUST(!ret, "%s: %d", text, ret);
	}
	if (!setup->list && setup->policy->subject == SUBJECT_PID)
		MUST((int)fake_map_of(store_map(&store, "oom_pids"))->nr == setup->nr, "%s", text);
	ret = store_set_text(dir, setup->policy->path, text);
	/* As many as there are maps. */
	MUST(!ret || nr_fake_maps == FAKE_MAPS, "%s: %d", text, ret);
	free(text);
	return DONE;
}

static int load(const char *name, const char * const *sets, int nr)
{
	struct setup setup = { };
	int status = setup_from(&name, 1, sets, nr, &setup);

	if (!status && setup.changes)
		status = setup_merge(&setup, NULL);
	if (!status)
		pins_replace(&setup, name);
	setup_free(&setup);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1), *rest = copy, *args[MAX_ARG_NR], *at;
	int nr = 0, from, to, status;
	struct args of_set = { };
	bool set;

	for (at = copy; size--; data++)
		*at++ = *data == 1 ? '\n' : *data ?: ' ';
	*at = '\0';
	while (nr < MAX_ARG_NR && (at = strsep(&rest, "|")))
		args[nr++] = at;
	for (to = 1; to < nr && strcmp(args[to], "set") && strcmp(args[to], "unset"); to++)
		;
	fake_forget();
	make_maps();
	said = 0;
	status = load(args[0], (const char * const *)args + 1, to - 1);
	MUST((status == DONE) == !said, "status %d, but %s", status,
	     said ? last_said : "not a word");
	/* A policy that the list has replaced is none that could be set. */
	for (; !status && to < nr && policy_find(args[0]); to = from) {
		set = !strcmp(args[to], "set");
		of_set = (struct args){ .verb = args[to], .names = { args[0] }, .nr_names = 1 };
		for (from = to + 1;
		     from < nr && strcmp(args[from], "set") && strcmp(args[from], "unset"); from++)
			of_set.names[of_set.nr_names++] = args[from];
		said = 0;
		status = set ? cmd_set(&of_set) : cmd_unset(&of_set);
		MUST((status == DONE) == !said, "status %d, but %s", status,
		     said ? last_said : "not a word");
	}
	free(copy);
	return 0;
}
