/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROCESS_H
#define PROCESS_H

/**
 * process_start - when a process started, in clock ticks
 * Return: NULL, or why no rule can apply to it.
 */
const char *process_start(const char *pid, unsigned long long *start);

#endif
