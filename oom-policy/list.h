/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rule list, as its text says it: lines "CLASS CONDITION...", of which the first
 * whose conditions all hold decides, and "rank WORD", "set KEY=VALUE", comments.
 */
#ifndef LIST_H
#define LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_LINES	64
/* Of a line without comments and superfluous blanks. */
#define MAX_LINE	1024

/* In the order in which they die; 0 to 12 are the numbers between. */
enum line_class { CLASS_FIRST = -1, CLASS_MIDDLE = 6, CLASS_LAST = 13, CLASS_NEVER, CLASS_KERNEL };

enum line_mark { MARK_ANY, MARK_NONE, MARK_AVOID, MARK_OMIT };

enum list_rank {
	BY_SIZE, BY_PRIVATE, BY_CGROUP_SIZE, BY_CGROUP_TREE, BY_YOUNGEST, BY_OLDEST, BY_SCORE,
	NR_RANKS,
};
extern const char * const rank_words[NR_RANKS];

/* Bounds of a number, both included. */
struct range {
	long long min, max;
	bool given;
};

struct line {
	int number;		/* in its file, from 1 */
	char *text;		/* the class and the conditions, one blank between them */
	enum line_class class;
	/* Conditions; NULL, 0 and false: none of this kind. */
	char *name, *exe;
	char *cgroup;		/* as pattern_clean() made it: "" is the root */
	char *scope;		/* the same */
	bool global;		/* scope=global */
	bool has_uid, has_gid;
	uint32_t uid, gid;
	int pid;
	unsigned long long start;	/* of the process, in clock ticks */
	struct range adj;
	struct range size;	/* bytes */
	struct range age;	/* seconds */
	enum line_mark mark;
};

struct list {
	const char *source;	/* the name of the file */
	struct line lines[MAX_LINES];
	int nr;
	enum list_rank rank;
	int rank_line;		/* where it is said; 0: nowhere */
	int last_resort;	/* at and below this oom_score_adj: class last */
	bool observe, kill_unkillable;
	int floor;		/* MiB; -1: the default of the programs */
	int errors;
};

/* An empty list, with the defaults. */
void list_init(struct list *list, const char *source);
/**
 * list_add - take one line of text, which is changed
 * @number: of the line in its file
 * Return: false if it is wrong; the reason was said.
 */
bool list_add(struct list *list, char *text, int number);
/* Errors that show only at the end; as list_add(). */
bool list_end(struct list *list);
/**
 * list_read - read a whole file, "-" for stdin
 * Return: DONE, or the status to exit with; the reasons were said.
 */
int list_read(struct list *list, const char *path);
/**
 * list_put - change a list as "set" does
 * @text: a line; one with the same conditions is replaced, another one is added. "N: "
 * before it puts it in front of rule N, from 1
 * @front: where to add it, without a number: before all others
 * Return: false if it is wrong; the reason was said.
 */
bool list_put(struct list *list, const char *text, bool front);
/* Take a rule, given as text or by its number, or "rank" or a setting, out of a list; as list_put(). */
bool list_take(struct list *list, const char *text);
/* The whole list as text, to be freed by the caller; NULL if there is no memory. */
char *list_text(const struct list *list);
void list_free(struct list *list);

/* For each line the first one before it that matches all that it does, or -1. */
void list_find_shadowed(const struct list *list, int *by);
/* Say which lines can never match: how many. */
int list_warn_shadowed(const struct list *list);

#endif
