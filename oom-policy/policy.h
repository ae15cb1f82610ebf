/* SPDX-License-Identifier: GPL-2.0 */
/* Policies, as their objects describe themselves; see policies/oom_policy.bpf.h. */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Objects are searched in the folders of this variable, separated by colons. */
#define POLICY_PATH	"OOM_POLICY_PATH"
#define OBJECT_SUFFIX	".bpf.o"

/* As in the kernel's include/linux/oom.h. */
enum verdict {
	NO_BPF_POLICY, BPF_EVAL_ABORT, BPF_EVAL_NEXT, BPF_EVAL_SELECT, BPF_EVAL_STOP, BPF_EVAL_NOWAIT,
};

/* The left side of a rule, before the "=". */
enum subject { SUBJECT_NONE, SUBJECT_PID, SUBJECT_CGROUP, SUBJECT_NAME, NR_SUBJECTS };

/* The values of a rule or setting: words, or a range of numbers. */
struct values {
	const char *words;		/* "A=0|B=1", or NULL; the first is the default */
	long min, max;
	long unit;			/* in bytes; 0: a plain number */
	char range[48];			/* as the user reads it */
};

/* A setting of a policy: a variable of its programs. */
struct param {
	const char *name;
	const char *variable;
	const char *help;
	struct values values;
};

/* The meaning of a key of a rank, to say why a task has it. */
struct key {
	enum unit { KEY_NONE, KEY_PAGES, KEY_NUMBER, KEY_MINUS, KEY_AGE, KEY_SCORE, KEY_WORDS } unit;
	unsigned long long minus;	/* KEY_MINUS: the key is this minus the number */
	const char *text;		/* KEY_WORDS: "A|B" */
};

struct policy {
	const char *name;
	const char *line;		/* what it chooses */
	const char *limits;		/* what it is bad at */
	const char *path;		/* of the object; NULL: read from the kernel */
	enum subject subject;
	const char *map;		/* of the rules */
	const char *rule_help;
	struct values rule_values;
	struct param *params;
	int nr_params;
	struct key keys[3];
	struct policy *next;
};

/**
 * policy_find - the policy of an object
 * @name: of an installed one, or a file: with a "/" or OBJECT_SUFFIX in it
 * Return: the same pointer for the same policy, until the command ends; or NULL.
 */
const struct policy *policy_find(const char *name);
/* Say why policy_find() found nothing: BAD_INPUT. */
int no_policy(const char *name);
/* All that are installed, as a list by next: NULL if there is none. */
const struct policy *policy_all(void);
/* The policy that a program in the kernel belongs to, or NULL. */
const struct policy *policy_of_program(uint32_t prog_id);
/* The folders that are searched, separated by colons. */
const char *policy_path(void);

/* The number of a word, or false. */
bool word_value(const char *words, const char *word, long *value);
/* The word of a number. */
void value_word(const char *words, long value, char *buf, size_t size);
/* "A|B", or "0..12". */
const char *values_text(const struct values *values, char *buf, size_t size);

#endif
