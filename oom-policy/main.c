// SPDX-License-Identifier: GPL-2.0
/* The command line: verbs and their options. */
#include <argp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "oom-policy.h"

#define MAX_ARGS 256

bool verbose;

/* Problems of a file that is checked, for JSON. */
static json_object *problems;

int fail(int status, const char *fmt, ...)
{
	char text[8192], safe[8192];
	json_object *row;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fprintf(stderr, "oom-policy: %s\n", text);
	if (problems) {
		row = json_object_new_object();
		row_text(row, "problem", show_name(text, safe, sizeof(safe)));
		json_object_array_add(problems, row);
	}
	return status;
}

/* libbpf's messages, with the verifier's log in them, are shown with -v only. */
static int say(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return verbose && level != LIBBPF_DEBUG ? vfprintf(stderr, fmt, args) : 0;
}

struct args {
	const char *verb, *cgroup, *config;
	const char *names[MAX_ARGS], *sets[MAX_ARGS];
	int nr_names, nr_sets;
	bool json, all;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case 'c':
		a->cgroup = arg;
		break;
	case 'f':
		a->config = arg;
		break;
	case 's':
		if (a->nr_sets == MAX_ARGS)
			argp_error(state, "more than %d --set", MAX_ARGS);
		a->sets[a->nr_sets++] = arg;
		break;
	case 'j':
		a->json = true;
		break;
	case 'a':
		a->all = true;
		break;
	case 'v':
		verbose = true;
		break;
	case ARGP_KEY_ARG:
		if (!a->verb)
			a->verb = arg;
		else if (a->nr_names < MAX_ARGS)
			a->names[a->nr_names++] = arg;
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which command?");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option options[] = {
	{ "set", 's', "KEY=VALUE", 0, "A rule or setting (load, rank)", 0 },
	{ "config", 'f', "FILE", 0, "Take policies and rules from a file (load)", 0 },
	{ "cgroup", 'c', "DIR", 0, "As if this cgroup were out of memory (rank)", 0 },
	{ "all", 'a', NULL, 0, "All policies (unload); also searches without a victim (watch)", 0 },
	{ "json", 'j', NULL, 0, "JSON instead of a table", 0 },
	{ "verbose", 'v', NULL, 0, "Show the messages of libbpf and the verifier", 0 },
	{ }
};

static const struct argp argp = {
	options, parse, "COMMAND [ARG...]",
	"Loads BPF policies that choose the victim when memory runs out.\v"
	"Commands:\n"
	"  list [POLICY]          the policies, or the settings of one\n"
	"  load POLICY [-s ...]   load or replace it; the last is asked first\n"
	"  load -f FILE           load those of a file\n"
	"  status [POLICY]        what is loaded, in the order asked\n"
	"  rank [POLICY...]       the processes in the order in which they would be chosen\n"
	"  watch                  a line for each OOM\n"
	"  unload POLICY          or --all: back to the kernel's own choice\n"
	"  check [FILE]           can this kernel run policies? or: is this file valid?\n"
	"\nExit status: 0 done, 1 failed, 2 usage, 3 bad input, 4 no permission, "
	"5 not with this kernel, 6 not loaded.",
};

static int usage(const char *verb, const char *what)
{
	return fail(BAD_USAGE, "%s: %s; see oom-policy --help", verb, what);
}

int no_policy(const char *name)
{
	return fail(BAD_INPUT, "%s: no such policy; see oom-policy list", name);
}

/* The policies that are named, with the rules that are given. */
static int named(const struct args *a, struct setup *setups)
{
	int status = DONE, i;

	for (i = 0; i < a->nr_names; i++) {
		setups[i] = (struct setup){ .policy = policy_find(a->names[i]) };
		if (!setups[i].policy)
			return no_policy(a->names[i]);
	}
	for (i = 0; !status && i < a->nr_sets; i++)
		status = setup_add(&setups[0], a->sets[i], "");
	return status ?: a->nr_names ? setup_end(&setups[0], "") : DONE;
}

static int do_list(const struct args *a)
{
	return command_list(a->names[0], a->json);
}

static int do_status(const struct args *a)
{
	return command_status(a->names[0], a->json);
}

static int do_watch(const struct args *a)
{
	return command_watch(a->all, a->json);
}

static int do_unload(const struct args *a)
{
	if (a->all == !!a->nr_names)
		return usage(a->verb, "a policy, or --all");
	return command_unload(a->names[0]);
}

static int do_load(const struct args *a)
{
	struct setup one = { }, *setups = &one;
	int nr = 1, status, i;

	if (!a->config == !a->nr_names || (a->config && a->nr_sets))
		return usage(a->verb, "a policy with its rules, or --config");
	status = a->config ? config_read(a->config, &setups, &nr) : named(a, setups);
	if (!status)
		status = command_load(setups, nr);
	for (i = 0; i < nr; i++)
		setup_free(&setups[i]);
	if (setups != &one)
		free(setups);
	return status;
}

static int do_rank(const struct args *a)
{
	struct setup setups[16] = { };
	int status, i;

	if (a->nr_sets && a->nr_names != 1)
		return usage(a->verb, "--set needs one policy");
	status = named(a, setups);
	if (!status)
		status = command_rank(a->cgroup, setups, a->nr_names, a->json);
	for (i = 0; i < a->nr_names; i++)
		setup_free(&setups[i]);
	return status;
}

static int do_check(const struct args *a)
{
	struct setup *setups = NULL;
	int nr = 0, status, i;

	if (!a->nr_names)
		return command_check(a->json);
	if (a->json)
		problems = json_object_new_array();
	status = config_read(a->names[0], &setups, &nr);
	if (a->json)
		show_rows(problems, NULL, true);
	for (i = 0; i < nr; i++)
		setup_free(&setups[i]);
	free(setups);
	return status;
}

/* Reject options that a command does not use. */
static const struct verb {
	const char *name;
	int (*run)(const struct args *args);
	int max_names;
	bool set, config, cgroup, all, json;
} verbs[] = {
	{ "list", do_list, 1, .json = true },
	{ "load", do_load, 1, .set = true, .config = true },
	{ "status", do_status, 1, .json = true },
	{ "rank", do_rank, 16, .set = true, .cgroup = true, .json = true },
	{ "watch", do_watch, 0, .all = true, .json = true },
	{ "unload", do_unload, 1, .all = true },
	{ "check", do_check, 1, .json = true },
	{ }
};

int main(int argc, char **argv)
{
	struct args args = { };
	const struct verb *v;

	argp_err_exit_status = BAD_USAGE;
	libbpf_set_print(say);
	argp_parse(&argp, argc, argv, 0, NULL, &args);
	for (v = verbs; v->name; v++) {
		if (!strcmp(v->name, args.verb))
			break;
	}
	if (!v->name)
		return usage(args.verb, "no such command");
	if (args.nr_names > v->max_names)
		return usage(args.verb, "too many arguments");
	if ((args.nr_sets && !v->set) || (args.config && !v->config) ||
	    (args.cgroup && !v->cgroup) || (args.all && !v->all) || (args.json && !v->json))
		return usage(args.verb, "it does not know one of these options");
	return v->run(&args);
}
