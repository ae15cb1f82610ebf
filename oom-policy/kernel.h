/* SPDX-License-Identifier: GPL-2.0 */
/* Can this kernel do it, and if not, what is to be done? */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>

#include "program.h"

#define HOOK		"bpf_oom_evaluate_task"
#define NAME_HOOK	"bpf_set_policy_name"
#define KFUNC		"set_oom_policy_name"
#define BPFFS		"/sys/fs/bpf"
#define MOUNT_BPFFS	"mount -t bpf -o mode=700 bpf " BPFFS
/* Without rules it has no opinion on anybody. */
#define ANY_POLICY	"pid"

/* The result of a check; remedy is NULL if it works. */
struct kernel_check {
	const char *name, *remedy;
	bool works, unknown;
	int status;
};

/**
 * kernel_check - make one check; each may fail because an earlier one does
 * Return: false if there is no check of this number.
 */
bool kernel_check(int number, struct kernel_check *check);
/* Say what switches policies off that are loaded, or are about to be. */
void kernel_warn(void);
/**
 * kernel_explain - why something failed that should not have
 * @errnum: the error
 * @what: what was tried
 * Return: NO_RIGHTS, NO_SUPPORT or FAILED; the reason was said.
 */
int kernel_explain(int errnum, const char *what);
/* As program_load(), but on failure it says the reason and sets @status. */
struct bpf_object *kernel_load(const struct setup *setup, int *status);

#endif
