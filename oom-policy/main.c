// SPDX-License-Identifier: GPL-2.0
/* The command line: verbs and their options. */
#include <argp.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "say.h"

enum { KEY_JOURNAL = 256, KEY_OPENMETRICS };

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
	case 'x':
		a->exec = arg;
		break;
	case KEY_JOURNAL:
		a->journal = true;
		break;
	case KEY_OPENMETRICS:
		a->openmetrics = true;
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
	{ "config", 'f', "FILE", 0, "Take the rule list from a file (load)", 0 },
	{ "cgroup", 'c', "DIR", 0, "As if this cgroup were out of memory (rank)", 0 },
	{ "all", 'a', NULL, 0, "All policies (unload); also searches without a victim (watch)", 0 },
	{ "journal", KEY_JOURNAL, NULL, 0, "Report to the journal, with fields (watch)", 0 },
	{ "exec", 'x', "PROGRAM", 0, "Run it for each kill, with the fields as environment (watch)", 0 },
	{ "openmetrics", KEY_OPENMETRICS, NULL, 0, "Counters for Prometheus (status)", 0 },
	{ "json", 'j', NULL, 0, "JSON instead of a table", 0 },
	{ "verbose", 'v', NULL, 0, "Show the messages of libbpf and the verifier", 0 },
	{ }
};

const char *argp_program_version = "oom-policy " VERSION;

static const struct argp argp = {
	options, parse, "COMMAND [ARG...]",
	"Loads BPF policies that choose the victim when memory runs out.\v"
	"Commands:\n"
	"  list [POLICY]          the policies, or the settings of one\n"
	"  load POLICY [-s ...]   load or replace it; the last is asked first\n"
	"  load -f FILE           load the rule list in a file\n"
	"  set POLICY RULE...     add or change single rules, in place\n"
	"  unset POLICY RULE...   take single rules away\n"
	"  status [POLICY]        what is loaded, in the order asked\n"
	"  rank [POLICY...]       the processes in the order in which they would be chosen\n"
	"  watch                  a line for each OOM\n"
	"  unload POLICY          or --all: back to the kernel's own choice\n"
	"  check [FILE]           can this kernel run policies? or: is this file valid?\n"
	"\nExit status: 0 done, 1 failed, 2 usage, 3 bad input, 4 no permission, "
	"5 not with this kernel, 6 not loaded.",
};

/* Reject options that a command does not use. */
static const struct verb {
	const char *name;
	int (*run)(const struct args *args);
	int max_names;
	bool set, config, cgroup, all, json, sinks, openmetrics;
} verbs[] = {
	{ "list", cmd_list, 1, .json = true },
	{ "load", cmd_load, 1, .set = true, .config = true },
	{ "status", cmd_status, 1, .json = true, .openmetrics = true },
	{ "rank", cmd_rank, 16, .set = true, .cgroup = true, .json = true },
	{ "watch", cmd_watch, 0, .all = true, .json = true, .sinks = true },
	{ "set", cmd_set, MAX_ARGS },
	{ "unset", cmd_unset, MAX_ARGS },
	{ "unload", cmd_unload, 1, .all = true },
	{ "check", cmd_check, 1, .json = true },
	{ }
};

static int usage(const char *verb, const char *problem)
{
	return fail(BAD_USAGE, "%s: %s; see oom-policy --help", verb, problem);
}

int main(int argc, char **argv)
{
	struct args args = { };
	const struct verb *v;
	int status;

	setlocale(LC_CTYPE, "");
	argp_err_exit_status = BAD_USAGE;
	say_for_libbpf();
	argp_parse(&argp, argc, argv, 0, NULL, &args);
	for (v = verbs; v->name; v++) {
		if (!strcmp(v->name, args.verb))
			break;
	}
	if (!v->name)
		return usage(args.verb, "no such command");
	if (args.nr_names > v->max_names && v->set && strchr(args.names[args.nr_names - 1], '='))
		return fail(BAD_USAGE, "%s: --set is missing: --set '%s'", args.verb,
			    args.names[args.nr_names - 1]);
	if (args.nr_names > v->max_names)
		return usage(args.verb, "too many arguments");
	if ((args.nr_sets && !v->set) || (args.config && !v->config) ||
	    (args.cgroup && !v->cgroup) || (args.all && !v->all) || (args.json && !v->json) ||
	    ((args.journal || args.exec) && !v->sinks) || (args.openmetrics && !v->openmetrics))
		return usage(args.verb, "it does not know one of these options");
	status = v->run(&args);
	/* A full disk, for one. */
	if (fflush(stdout) || ferror(stdout))
		return status ?: fail(FAILED, "stdout: %s", strerror(errno));
	return status;
}
