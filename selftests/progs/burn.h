/* SPDX-License-Identifier: GPL-2.0 */
/* A way to waste time in a program that the verifier lets pass. */
#ifndef BURN_H
#define BURN_H

/* Loops until a time: by the clock, as guests and machines differ in speed. */
static int burn_inner(__u32 i, __u64 *end)
{
	return bpf_ktime_get_ns() > *end;
}

static int burn_outer(__u32 i, __u64 *end)
{
	bpf_loop(100000, burn_inner, end, 0);
	return bpf_ktime_get_ns() > *end;
}

static __always_inline void burn(__u32 ms)
{
	__u64 end;

	if (!ms)
		return;
	end = bpf_ktime_get_ns() + ms * 1000000ULL;
	bpf_loop(100000, burn_outer, &end, 0);
}

#endif
