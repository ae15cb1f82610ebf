/* SPDX-License-Identifier: GPL-2.0 */
/* The programs of a policy, and their maps. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "rules.h"

struct bpf_object;

/**
 * program_load - load the object of a policy, with rules and settings; attach nothing
 * Return: NULL and errno if it failed; refusal says why the kernel refused a program.
 */
struct bpf_object *program_load(const struct setup *setup);
extern char refusal[512];
/* The map of a loaded program, by its name: a fd or -errno. */
int prog_map(int prog_fd, const char *name);

#endif
