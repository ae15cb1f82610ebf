/* SPDX-License-Identifier: GPL-2.0 */
/* Loaded policies, each a directory of pins. */
#ifndef PINS_H
#define PINS_H

#include <stdbool.h>

#include "rules.h"

#define PINS		"/sys/fs/bpf/oom-policy"
/* Suffix of a policy that is about to replace an older one; bpffs allows no dot. */
#define NEW		"+new"

/**
 * pins_lock - one command at a time, until the lock is closed or the process ends
 * @make: make PINS if it is not there
 * Return: the lock, 0 if there is no PINS, or minus the status to exit with; the
 * reason was said.
 */
int pins_lock(bool make);
/**
 * pins_change - before pins change: lock them until the process ends, make sure of the
 * right to see it through, and do not be stopped halfway
 * Return: DONE, or the status to exit with; the reason was said.
 */
int pins_change(void);
/* Attach and pin one policy below PINS/dir: DONE, or as pins_change(). */
int pins_attach(const struct setup *setup, const char *dir);
/* Drop a directory of pins, the program that is asked first: false if it stays. */
bool pins_drop(const char *dir);

#endif
