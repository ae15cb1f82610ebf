/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of watch report: one event for each OOM and each victim. */
#ifndef WATCH_H
#define WATCH_H

/* Who decided. */
enum by {
	BY_KERNEL,	/* no program had a say */
	BY_POLICY,	/* a program selected the victim */
	BY_SPARING,	/* programs spared others; the kernel chose among the rest */
	BY_FALLBACK,	/* the programs chose nobody; the kernel had to */
	BY_ITSELF,	/* it was exiting already, or asked for memory and has to die */
	BY_GROUP,	/* with the victim, for memory.oom.group */
	BY_NOBODY,	/* no victim in this search: one is dying already, or there is none */
};

struct event {
	unsigned long long scope;	/* id of the cgroup that is out of memory, or 0 */
	unsigned long long cgroup;	/* id of the victim's cgroup */
	unsigned long long pages;	/* the victim's memory */
	unsigned long long ns;		/* from the start of the OOM to here */
	unsigned int trigger, victim, uid, offered;
	int adj;
	int by;				/* enum by */
	int sysrq;
	unsigned int unused;
	char trigger_comm[16], victim_comm[16];
	char policy[16];		/* its label; empty if it had no say */
	char fallback[8];		/* why the kernel had to decide */
};

#endif
