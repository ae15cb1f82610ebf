/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rule list as rules.bpf.c reads it and the command writes it. Bit n of a set of
 * lines is line n, from 0. All of it is there twice: the command fills the one that is
 * not in use, marks the cgroups for it, and switches; an OOM sees one of the two.
 */
#ifndef OOM_RULES_H
#define OOM_RULES_H

#define RULE_LINES	64
#define RULE_LISTS	2

/* Deterministic automata: from state s a byte c leads to next[s * RULE_CLASSES + class[c]]. */
#define RULE_CLASSES	64
#define PATH_STATES	4096
#define NAME_STATES	1024

/* Paths of cgroups; the text of the root is empty, each level below adds "/" and its name. */
struct path_matcher {
	unsigned char class[256];
	unsigned short next[PATH_STATES * RULE_CLASSES];
	/* By the state at the end: lines whose cgroup= holds, lines whose scope= holds. */
	unsigned long long accept[PATH_STATES][2];
};

/* Names of at most 255 bytes: comm of the first thread, or file name of the executable. */
struct name_matcher {
	unsigned char class[256];
	unsigned short next[NAME_STATES * RULE_CLASSES];
	unsigned long long accept[NAME_STATES];
};

/*
 * The lines that a number fulfils: lines[0] below from[0], lines[n] from from[n - 1] on. from[] is
 * sorted; entries that are not needed are RULE_NO_STEP and repeat the last set. All
 * numbers are within plus and minus RULE_NO_STEP, so that differences do not overflow.
 */
#define RULE_STEPS	127
#define RULE_NO_STEP	(1LL << 62)
struct rule_steps {
	unsigned long long half;	/* the first step of a search: of n steps the highest bit of n */
	long long from[RULE_STEPS];
	unsigned long long lines[RULE_STEPS + 1];
};

/* In the order in which they die; number n is class n + 1. */
enum rule_class { RULE_FIRST, RULE_MIDDLE = 7, RULE_LAST = 14, RULE_NEVER };

/* The order within a class. */
enum rule_rank {
	RANK_SIZE, RANK_PRIVATE, RANK_CGROUP_SIZE, RANK_CGROUP_TREE, RANK_YOUNGEST, RANK_OLDEST,
	RANK_SCORE,
};

enum rule_mark { RULE_MARK_NONE, RULE_MARK_AVOID, RULE_MARK_OMIT, RULE_MARKS };

/*
 * Sets of lines: a line holds if it is in the set of each condition. A line without a
 * condition of a kind is in each set of this kind.
 */
struct rule_list {
	unsigned long long all;			/* there are so many lines */
	unsigned long long global;		/* hold in a global OOM: scope=global, or no scope */
	unsigned long long no_scope;		/* no scope; in a memcg mark.scopes is added */
	unsigned long long mark[RULE_MARKS];	/* hold for a cgroup with this mark of systemd's */
	/*
	 * Without a condition of a kind: for a cgroup mark.lines, for ids oom_ids is added.
	 * A condition that no remaining line has is not evaluated.
	 */
	unsigned long long no_cgroup, no_mark, no_uid, no_gid, no_pid, no_name, no_exe, no_adj,
		no_size, no_age;
	unsigned long long sized;		/* name a size or a pid: obeyed for small ones, too */
	unsigned long long adj_given;		/* name an oom_score_adj or a pid: last_resort is not asked */
	unsigned long long by_score;		/* class "kernel": by the kernel's score, in the middle */
	unsigned char rank;			/* enum rule_rank */
	unsigned char has_never;		/* some line has the class RULE_NEVER */
	unsigned char unused[6];
	unsigned char class[RULE_LINES];	/* enum rule_class, by line */
	struct rule_steps adj;			/* oom_score_adj */
	struct rule_steps size;			/* pages */
	struct rule_steps age;			/* ns */
	struct name_matcher name, exe;
};

/* Key and value of the map oom_ids. */
enum rule_id_kind { RULE_UID, RULE_GID, RULE_PID };
struct rule_id {
	unsigned int id;	/* in the initial namespaces */
	unsigned short kind;	/* enum rule_id_kind */
	unsigned short list;	/* 0 or 1 */
};
struct rule_id_lines {
	unsigned long long start;	/* of a process, in clock ticks, as in /proc/PID/stat; else 0 */
	unsigned long long lines;
};

/*
 * The mark of a cgroup, in the map oom_marks (BPF_MAP_TYPE_CGRP_STORAGE): sets of lines
 * for both lists. Made by the program oom_mkdir for new cgroups and by the iterator
 * oom_mark_all (link of iter/cgroup, order BPF_CGROUP_ITER_DESCENDANTS_PRE, of the root),
 * which the command reads whenever it has filled a list.
 */
struct cgroup_mark {
	unsigned long long lines[RULE_LISTS];
	unsigned long long scopes[RULE_LISTS];
};

/* Counts, of the map .data.marks. */
struct rule_marks {
	unsigned int active;		/* 0 or 1: the list in use */
	unsigned int unused;
	unsigned long long missed;	/* cgroups that could not be marked: no memory */
};

#endif
