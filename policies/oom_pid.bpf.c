// SPDX-License-Identifier: GPL-2.0
/*
 * oom_pid - choose by process
 *
 * A map says of a process what is to become of it in an OOM; of processes
 * that are not in it the policy has no opinion, and the kernel goes on by
 * size. The verdict is 3 (BPF_EVAL_SELECT: kill this one first) or
 * 2 (BPF_EVAL_NEXT: do not choose this one). Of several to be killed first the
 * kernel takes the last in its list.
 *
 *   bpftool prog loadall oom_pid.bpf.o /sys/fs/bpf/oom_pid autoattach
 *   bpftool map update name oom_pids key 0x39 0x05 0 0 value 3 0 0 0
 *   rm -r /sys/fs/bpf/oom_pid
 *
 * The key is the process id in the initial pid namespace (here 1337), in the
 * byte order of the machine.
 *
 * Bad at: processes that end. The id may be given to another one.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char _license[] SEC("license") = "GPL";

extern int set_oom_policy_name(struct oom_control *oc, const char *name,
			       size_t sz) __ksym;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} oom_pids SEC(".maps");

SEC("fmod_ret/bpf_oom_evaluate_task")
int BPF_PROG(oom_pid, struct task_struct *task, struct oom_control *oc)
{
	__u32 pid = task->tgid;
	__u32 *verdict = bpf_map_lookup_elem(&oom_pids, &pid);

	return verdict ? *verdict : NO_BPF_POLICY;
}

SEC("fentry/bpf_set_policy_name")
int BPF_PROG(oom_pid_name, struct oom_control *oc)
{
	char name[] = "pid";

	set_oom_policy_name(oc, name, sizeof(name));
	return 0;
}
