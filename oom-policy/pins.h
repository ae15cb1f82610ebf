/* SPDX-License-Identifier: GPL-2.0 */
/* Loaded policies, each a directory of pins. */
#ifndef PINS_H
#define PINS_H

#include <stdbool.h>

#include "rules.h"

#define PINS		"/sys/fs/bpf/oom-policy"
/* Suffix of a policy that is about to replace an older one; bpffs allows no dot. */
#define NEW		"+new"

/* Of a watch that goes on while no command shows what it reports. */
#define WATCH_PINS	"/sys/fs/bpf/oom-policy-watch"

struct stat;

/* Nobody else can change what is in this directory. */
bool pins_safe(const struct stat *st);
/**
 * pins_lock - one command at a time, until the lock is closed or the process ends
 * @dir: PINS or WATCH_PINS
 * @make: make it if it is not there
 * @wait: for a command that has it
 * Return: the lock, 0 if there is no such directory, or minus the status to exit with;
 * the reason was said.
 */
int pins_lock(const char *dir, bool make, bool wait);
/**
 * pins_change - before pins change: lock them until the process ends, make sure of the
 * right to see it through, and do not be stopped halfway
 * Return: DONE, or the status to exit with; the reason was said.
 */
int pins_change(void);
/* Attach and pin one policy below PINS/dir: DONE, or as pins_change(). */
int pins_attach(const struct setup *setup, const char *dir);
/* Replace rules and settings of a policy that is loaded from the same object; as pins_attach(). */
int pins_replace(const struct setup *setup, const char *dir);
struct bpf_program;
/* Attach a program, which may be an iterator; NULL and errno, also for none. */
struct bpf_link *pins_link(struct bpf_program *prog);
/* Has it all of its pins? */
bool pins_whole(const char *name);
/* Is no pin of a policy, or of all (NULL), missing? Says so otherwise. */
bool pins_complete(const char *name);
/* Drop a directory of pins, the program that is asked first: false if it stays. */
bool pins_drop(const char *dir);

#endif
