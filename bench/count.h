/* SPDX-License-Identifier: GPL-2.0 */
/* What count.bpf.c saw of one OOM: the map .bss, shared with bench.c. */
#ifndef COUNT_H
#define COUNT_H

struct decision {
	unsigned long long reached;	/* ns, when the limit of the cgroup was; 0: it was not */
	unsigned long long start;	/* ns, when out_of_memory() was called */
	unsigned long long chosen;	/* ns after that, when it had its victim */
	unsigned long long killed;	/* ns after that, when SIGKILL was sent */
	unsigned int victim;		/* pid; 0: not yet */
	unsigned int unused;
};

#endif
