/* SPDX-License-Identifier: GPL-2.0 */
/* The programs on the hook, as the kernel has them. */
#ifndef HOOK_H
#define HOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "oom_policy.h"

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

#endif
