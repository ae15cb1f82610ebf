/* SPDX-License-Identifier: GPL-2.0 */
/* The kfuncs that the programs call; newer vmlinux.h have them, too. */
#ifndef KFUNCS_H
#define KFUNCS_H

int set_oom_policy_name(struct oom_control *oc, const char *name, size_t sz) __ksym;
struct task_struct *bpf_task_acquire(struct task_struct *p) __ksym;
void bpf_task_release(struct task_struct *p) __ksym;
int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task,
		      unsigned int flags) __ksym;
struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym;
void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym;
/* Only newer kernels have this one. */
int bpf_strstr(const char *s1, const char *s2) __ksym __weak;

#endif
