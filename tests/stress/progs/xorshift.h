/* SPDX-License-Identifier: GPL-2.0 */
/* Chance that a seed repeats, for programs and tests alike. */
#ifndef XORSHIFT_H
#define XORSHIFT_H

/* The next of 2^64 - 1 values; *state is the seed, and not 0. Marsaglia 2003. */
static inline unsigned long long xorshift64(unsigned long long *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Any of the numbers below @n. */
static inline unsigned int below(unsigned long long *state, unsigned int n)
{
	return (xorshift64(state) >> 32) % n;
}

#endif
