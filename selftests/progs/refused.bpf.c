// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that must not load, each for one reason. load_test switches on one
 * at a time and looks for the verifier's words.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kfuncs.h"

char _license[] SEC("license") = "GPL";

static __always_inline int call_kfunc(void)
{
	char name[] = "name";

	return set_oom_policy_name(NULL, name, sizeof(name));
}

/* The kfunc, from types of programs that have no business with it. */
SEC("?kprobe/bpf_set_policy_name")
int kfunc_in_kprobe(void *ctx)
{
	return call_kfunc();
}

SEC("?syscall")
int kfunc_in_syscall(void *ctx)
{
	return call_kfunc();
}

SEC("?raw_tp/sys_enter")
int kfunc_in_raw_tp(void *ctx)
{
	return call_kfunc();
}

SEC("?cgroup/dev")
int kfunc_in_cgroup(void *ctx)
{
	return call_kfunc();
}

SEC("?tp_btf/mark_victim")
int kfunc_in_tp_btf(void *ctx)
{
	return call_kfunc();
}

/* The kfunc, from the right type at another function. */
SEC("?fentry/oom_badness")
int kfunc_at_oom_badness(void *ctx)
{
	return call_kfunc();
}

SEC("?fentry/out_of_memory")
int kfunc_at_out_of_memory(void *ctx)
{
	return call_kfunc();
}

/* Hooks run under oom_lock and RCU. */
SEC("?fmod_ret.s/bpf_oom_evaluate_task")
int sleepable_verdict(void *ctx)
{
	return 0;
}

SEC("?fentry.s/bpf_set_policy_name")
int sleepable_name(void *ctx)
{
	return 0;
}

/* Only the one hook can be overridden. */
SEC("?fmod_ret/oom_badness")
int modify_oom_badness(void *ctx)
{
	return 0;
}

SEC("?fmod_ret/bpf_set_policy_name")
int modify_set_policy_name(void *ctx)
{
	return 0;
}

/* The arguments of the hooks are not trusted. */
SEC("?fmod_ret/bpf_oom_evaluate_task")
int BPF_PROG(task_as_trusted, struct task_struct *task, struct oom_control *oc)
{
	struct task_struct *p;

	/* Without a use of its members the type is not in this object's BTF. */
	p = task->pid ? bpf_task_acquire(task) : NULL;
	if (p)
		bpf_task_release(p);
	return 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, char[16]);
} nothing SEC(".maps");

int null_ret;

/* Refused by newer kernels; on older ones the kfunc has to see it. */
SEC("?fentry/bpf_set_policy_name")
int BPF_PROG(null_name, struct oom_control *oc)
{
	__u32 key = 0;
	char *name = bpf_map_lookup_elem(&nothing, &key);

	null_ret = set_oom_policy_name(oc, name, 16);
	return 0;
}

/* Not refused: that what precedes is, is not for want of anything else. */
SEC("?fentry/bpf_set_policy_name")
int kfunc_at_name_hook(void *ctx)
{
	call_kfunc();
	return 0;
}

SEC("?fmod_ret/bpf_oom_evaluate_task")
int kfunc_at_verdict_hook(void *ctx)
{
	call_kfunc();
	return 0;
}

SEC("?fexit/bpf_oom_evaluate_task")
int kfunc_after_verdict_hook(void *ctx)
{
	call_kfunc();
	return 0;
}
