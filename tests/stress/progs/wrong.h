/* SPDX-License-Identifier: GPL-2.0 */
/* Data between the tests and the programs of wrong.bpf.c. */
#ifndef WRONG_H
#define WRONG_H

/* The fault of the policy. */
enum wrong {
	WRONG_NEXT,		/* NEXT to everybody */
	WRONG_ABORT,		/* ABORT at once */
	WRONG_ABORT_LATER,	/* SELECT the first, then ABORT */
	WRONG_STOP,		/* STOP at once */
	WRONG_SELECT,		/* SELECT everybody */
	WRONG_SELECT_CURRENT,	/* SELECT who asks for memory, NEXT to others */
	WRONG_SELECT_TARGET,	/* SELECT one process, NEXT to others */
	WRONG_SELECT_DYING,	/* SELECT who is dying already, NEXT to others */
	WRONG_RANKING,		/* nothing: SELECT the biggest so far, NEXT to others */
	WRONG_RANDOM,		/* any verdict, by chance */
	WRONG_OUTSIDE,		/* what is no verdict: negative, too big, high bits */
};

#define WRONG_NAMES	8

/* One for each of the two programs. */
struct wrong_table {
	unsigned int what;	/* enum wrong */
	unsigned int target;	/* process id, for WRONG_SELECT_TARGET */
	unsigned int target_asked;	/* how often it was asked about that */
	unsigned int asked;	/* how often the program was asked */
};

#endif
