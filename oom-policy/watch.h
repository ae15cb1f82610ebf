/* SPDX-License-Identifier: GPL-2.0 */
/* The events that the programs of watch report: one for each OOM and each victim. */
#ifndef WATCH_H
#define WATCH_H

#ifndef __bpf__
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#endif

#include "oom_policy.h"

/* In the map .data.state. */
struct watch_state {
	unsigned long long shown;	/* of the events that were lost, those said so far */
	unsigned long long all;		/* report searches without a victim, too */
};

/* Why a process dies with the victim. */
enum event_with { WITH_NOBODY, WITH_GROUP, WITH_MEMORY, NR_WITH };

struct event {
	unsigned long long since_boot;	/* when, in ns */
	unsigned long long scope;	/* id of the cgroup that is out of memory, or 0 */
	unsigned long long cgroup;	/* id of the victim's cgroup */
	unsigned long long pages;	/* the victim's memory */
	unsigned long long ns;		/* from the start of the OOM */
	unsigned int trigger, offered;
	unsigned int victim, uid;	/* victim is 0: there is none */
	int adj;
	int outcome;			/* enum oom_outcome; -1: no policy gave a verdict */
	bool sysrq;
	bool searched;			/* the victim was searched for */
	unsigned char with;		/* enum event_with */
	char trigger_comm[16], victim_comm[16];
	char policy[16];		/* its label; empty: no policy gave a verdict */
};

#ifndef __bpf__
static inline bool event_has_end(const char *text)
{
	return memchr(text, 0, sizeof(((struct event *)NULL)->policy));
}

/*
 * Is it one of this version? A buffer that stays may have those of a later one, which
 * knows more outcomes.
 */
static inline bool event_is_known(const struct event *e, size_t size)
{
	unsigned char flags[3];

	if (size != sizeof(*e))
		return false;
	memcpy(flags, (const char *)e + offsetof(struct event, sysrq), sizeof(flags));
	return e->outcome >= -1 && e->outcome < NR_OUTCOMES && flags[0] <= 1 && flags[1] <= 1 &&
	       flags[2] < NR_WITH && event_has_end(e->trigger_comm) && event_has_end(e->victim_comm) &&
	       event_has_end(e->policy);
}
#endif

#endif
