/* SPDX-License-Identifier: GPL-2.0 */
/* The kfuncs that the programs call; newer vmlinux.h have them, too. */
#ifndef KFUNCS_H
#define KFUNCS_H

int set_oom_policy_name(struct oom_control *oc, const char *name, size_t sz) __ksym;
struct task_struct *bpf_task_acquire(struct task_struct *p) __ksym;
void bpf_task_release(struct task_struct *p) __ksym;

#endif
