/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the parts of the command. */
#ifndef OOM_POLICY_CMD_H
#define OOM_POLICY_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <bpf/libbpf.h>
#include <json-c/json.h>

#include "oom_policy.h"

#define HOOK		"bpf_oom_evaluate_task"
#define NAME_HOOK	"bpf_set_policy_name"
#define KFUNC		"set_oom_policy_name"
#define BPFFS		"/sys/fs/bpf"
#define MOUNT_BPFFS	"mount -t bpf -o mode=700 bpf " BPFFS
#define PINS		BPFFS "/oom-policy"
#define CGROUPS		"/sys/fs/cgroup"

/* As in the kernel's include/linux/oom.h. */
enum verdict {
	NO_BPF_POLICY, BPF_EVAL_ABORT, BPF_EVAL_NEXT, BPF_EVAL_SELECT, BPF_EVAL_STOP, BPF_EVAL_NOWAIT,
};

/* Exit statuses; the man page lists them. */
enum status {
	DONE = 0,
	FAILED = 1,	/* what no other status is for */
	BAD_USAGE = 2,	/* an option or a command that does not exist */
	BAD_INPUT = 3,	/* a policy, rule, cgroup, process or file that is wrong */
	NO_RIGHTS = 4,
	NO_SUPPORT = 5,	/* the kernel cannot do it */
	NOT_LOADED = 6,
};

/* main.c */

extern bool verbose;

/**
 * fail - say on stderr what went wrong
 * Return: @status.
 */
int fail(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for a policy that does not exist. */
int no_policy(const char *name);

/* catalog.c: what there is */

/* The left side of a rule, before the "=". */
enum subject { SUBJECT_NONE, SUBJECT_PID, SUBJECT_CGROUP, SUBJECT_NAME };

/* A word that may stand behind the "=", and what it is for the program. */
struct word {
	const char *word;
	long value;
};

/* A setting of a policy: a variable of the program. */
struct param {
	const char *name;
	const char *variable;
	const struct word *words;	/* the first is the default; NULL: a number */
	long max, unit;			/* of a number of @unit bytes; the default is 1 */
	const char *help;
};

/* The meaning of a key of a rank, to say why a task has it. */
enum key { KEY_NONE, KEY_PRIORITY, KEY_CGROUP, KEY_TASK, KEY_AGE, KEY_LAST, KEY_SCORE };

struct policy {
	const char *name;
	const char *line;		/* what it chooses */
	const char *limits;		/* what it is bad at */
	const void *(*elf)(size_t *size);
	enum subject subject;
	const char *map;		/* of the rules */
	const struct word *words;	/* NULL: a priority */
	const struct param *params;	/* besides those that all have */
	enum key keys[3];
};

extern const struct policy policies[];
extern const struct param common_params[];

/* NULL: there is none of this name. */
const struct policy *policy_find(const char *name);
int command_list(const char *name, bool json);

/* rules.c: what is to become of whom, as the user says it */

#define MAX_RULES 1024

struct rule {
	unsigned char key[24];
	unsigned char value[16];
};

/* A policy with its rules and settings, resolved: what loads it cannot fail for them. */
struct setup {
	const struct policy *policy;
	struct rule *rules;
	int nr;
	bool only;			/* some cgroup is to be chosen from only */
	struct {
		const struct param *param;
		long value;
	} vars[8];
	int nr_vars;
};

/**
 * setup_add - take one KEY=VALUE
 * @where: put before an error message, or ""
 * Return: DONE, or the status to exit with; the reason was said.
 */
int setup_add(struct setup *setup, const char *text, const char *where);
/* Contradictions that only show at the end. As setup_add(). */
int setup_end(struct setup *setup, const char *where);
void setup_free(struct setup *setup);
/* Before and after bpf_object__load(): 0 or -errno. */
int setup_vars(const struct setup *setup, struct bpf_object *obj);
int setup_rules(const struct setup *setup, struct bpf_object *obj);

/* config.c */

/**
 * config_read - read and resolve a whole file
 * @setups: to be freed by the caller, as many as @nr; the last is asked first
 * Return: DONE, or the status to exit with; the reason was said.
 */
int config_read(const char *path, struct setup **setups, int *nr);

/* load.c */

/* Load an object but attach nothing: NULL and errno if it failed. */
struct bpf_object *policy_load(const struct setup *setup);
/* Why the kernel refused a program in the last policy_load() that failed. */
extern char refusal[512];
/* As policy_load(), but on failure it says the reason and sets @status. */
struct bpf_object *policy_open(const struct setup *setup, int *status);
/**
 * lock_pins - one command at a time, until the lock is closed or the process ends
 * @make: make PINS if it is not there
 * Return: the lock, 0 if there is no PINS, or minus the status to exit with; the
 * reason was said.
 */
int lock_pins(bool make);
int command_load(struct setup *setups, int nr);
int command_unload(const char *name);
/* The map of a loaded program or object, by its name: a fd or -errno. */
int prog_map(int prog_fd, const char *name);

/* hook.c: what the kernel says */

/* One program on the hook. */
struct hooked {
	uint32_t link_id, prog_id;
	char program[16];
	char pin[64];			/* below PINS; "" if it is not there */
	bool ours;
	int64_t since;			/* seconds since 1970 */
	struct oom_policy_stats stats;	/* if ours */
};

/**
 * hook_read - the programs on the hook, those asked first at first
 * @list: to be freed by the caller
 * Return: how many, or minus the status to exit with; the reason was said.
 */
int hook_read(struct hooked **list);
int command_status(const char *name, bool json);

/* rank.c */
int command_rank(const char *cgroup, struct setup *setups, int nr, bool json);

/* watch.c */
int command_watch(bool all, bool json);

/* check.c */
int command_check(bool json);
/**
 * check_explain - why something failed that should not have
 * @errnum: the error
 * @what: what was tried
 * Return: NO_RIGHTS, NO_SUPPORT or FAILED; the reason was said.
 */
int check_explain(int errnum, const char *what);

/* cgroup.c */

/* The id of a cgroup, given with or without CGROUPS before it; 0: there is none. */
uint64_t cgroup_id(const char *path);
/* Its path below CGROUPS, "/" for the root, or "#id" if it is gone. */
const char *cgroup_path(uint64_t id, char *buf, size_t size);

/* show.c: tables and JSON, of the same rows */

struct column {
	const char *key;	/* in JSON */
	const char *title;	/* in the table; NULL: not there */
};

/* Fields of a row; a text that is NULL is null. */
void row_text(json_object *row, const char *key, const char *value);
void row_number(json_object *row, const char *key, int64_t value);
void row_bool(json_object *row, const char *key, bool value);
/* Print an array of objects, one row each, as a table or as JSON; frees it. */
void show_rows(json_object *rows, const struct column *columns, bool json);
/* Kibibytes with a unit: 24M. */
const char *show_size(uint64_t kib, char *buf, size_t size);
/* A name from a process, without bytes that a terminal would obey. */
const char *show_name(const char *name, char *buf, size_t size);

#endif
