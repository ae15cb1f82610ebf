/* SPDX-License-Identifier: GPL-2.0 */
/* One OOM as count.bpf.c saw it, and one call of worst.bpf.c, for bench.c. */
#ifndef COUNT_H
#define COUNT_H

/* The map .bss of count.bpf.c. */
struct decision {
	unsigned long long reached;	/* ns, when the limit of the cgroup was reached, or 0 */
	unsigned long long start;	/* ns, when out_of_memory() was called */
	unsigned long long chosen;	/* ns after that, when it had its victim */
	unsigned long long killed;	/* ns after that, when SIGKILL was sent */
	unsigned int victim;		/* pid; 0: not yet */
	unsigned int padding;
};

/* The map .data.worst of worst.bpf.c. */
struct worst {
	unsigned long long cgroup;	/* id of some cgroup */
	unsigned long long took;	/* ns, of the one call */
	unsigned int times;		/* steps of the loop, all unrolled ones counted */
	unsigned int target;		/* pid of the task for which it is slow */
};

#endif
