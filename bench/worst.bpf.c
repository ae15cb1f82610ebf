// SPDX-License-Identifier: GPL-2.0
/*
 * The slowest programs that the hook takes, one for each thing that a program may
 * spend its time on. bench.c loads one of them, with the largest count that the
 * verifier accepts, and has one OOM in which it runs once.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "count.h"

char _license[] SEC("license") = "GPL";

struct worst worst SEC(".data.worst") = { };
/* The verifier knows its value, and follows the loop to its end. */
const volatile __u32 count = 1;

#define KEY_SIZE	64
#define VALUE_SIZE	256
#define LETTERS		{ [0 ... VALUE_SIZE - 2] = 'a' }

/* Equal up to the NUL at the end of both. */
const char text[VALUE_SIZE] SEC(".rodata.text") = LETTERS;
char same[VALUE_SIZE] SEC(".data.same") = LETTERS;
char copy[VALUE_SIZE];
char key[KEY_SIZE];

#define MAP(name, kind, entries, flags)			\
	struct {					\
		__uint(type, kind);			\
		__uint(max_entries, entries);		\
		__uint(map_flags, flags);		\
		__uint(key_size, KEY_SIZE);		\
		__uint(value_size, VALUE_SIZE);		\
	} name SEC(".maps")

MAP(hash, BPF_MAP_TYPE_HASH, 1, 0);
MAP(percpu_hash, BPF_MAP_TYPE_PERCPU_HASH, 1, 0);
MAP(lru_hash, BPF_MAP_TYPE_LRU_HASH, 4096, 0);

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} storage SEC(".maps");

struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
void bpf_task_release(struct task_struct *task) __ksym;
struct cgroup *bpf_cgroup_from_id(u64 id) __ksym;
void bpf_cgroup_release(struct cgroup *cgrp) __ksym;
void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym;

/* Most of what is verified is to be what takes the time, and not the loop. */
#define UNROLLED	16
#define REPEAT4(...)	__VA_ARGS__ __VA_ARGS__ __VA_ARGS__ __VA_ARGS__
#define REPEAT(...)	REPEAT4(REPEAT4(__VA_ARGS__))

#define WORST_AFTER(name, before, ...)						\
SEC("?fmod_ret/bpf_oom_evaluate_task")						\
int BPF_PROG(name, struct task_struct *task, struct oom_control *oc)		\
{										\
	__attribute__((unused)) __u64 number = 1;				\
	__u32 i, end = count;							\
	__u64 start;								\
										\
	if (task->tgid != worst.target)						\
		return BPF_EVAL_NEXT;						\
	before;									\
	start = bpf_ktime_get_ns();						\
	for (i = 0; i < end; i++) {						\
		REPEAT({ __VA_ARGS__ })						\
	}									\
	worst.took = bpf_ktime_get_ns() - start;				\
	worst.times = end * UNROLLED;						\
	return BPF_EVAL_SELECT;							\
}

#define WORST(name, ...)	WORST_AFTER(name, , __VA_ARGS__)

/*
 * A test for NULL is two ways to go. The verifier goes on at once, and keeps the
 * other for later; it keeps 8192 at most, so the short way is to come first.
 */
#define OR_RETURN(pointer) ({							\
	__label__ found;							\
	asm volatile goto("if %0 != 0 goto %l[found]" : : "r"(pointer) : : found); \
	return BPF_EVAL_SELECT;							\
found:	;									\
})

WORST(add, asm volatile("%0 += %0" : "+r"(number));)
WORST(divide, asm volatile("%0 /= %0" : "+r"(number));)
/* x86: an address in the guard hole, where each load is a page fault that is fixed up. */
WORST_AFTER(fault, struct seqcount *bad = bpf_rdonly_cast((void *)0xffff800000000000,
							  bpf_core_type_id_kernel(struct seqcount)),
	    asm volatile("%0 = *(u32 *)(%1 + 0)" : "=r"(number) : "r"(bad));)
WORST(prandom, bpf_get_prandom_u32();)
WORST(comm, bpf_get_current_comm(copy, sizeof(copy));)
WORST(probe_read, bpf_probe_read_kernel(copy, sizeof(copy), same);)
WORST(probe_read_str, bpf_probe_read_kernel_str(copy, sizeof(copy), same);)
WORST(compare, bpf_strncmp(same, sizeof(same), text);)
WORST(hash_update, bpf_map_update_elem(&hash, key, copy, BPF_ANY);)
WORST(percpu_insert, bpf_map_update_elem(&percpu_hash, key, copy, BPF_ANY);
      bpf_map_delete_elem(&percpu_hash, key);)
WORST(lru_insert, *(__u32 *)key = bpf_get_prandom_u32();
      bpf_map_update_elem(&lru_hash, key, copy, BPF_ANY);)
WORST(task_storage, bpf_task_storage_get(&storage, bpf_get_current_task_btf(), NULL,
					 BPF_LOCAL_STORAGE_GET_F_CREATE);)
WORST(task_from_pid,
      struct task_struct *t = bpf_task_from_pid(worst.target); OR_RETURN(t); bpf_task_release(t);)
WORST(cgroup_from_id,
      struct cgroup *c = bpf_cgroup_from_id(worst.cgroup); OR_RETURN(c); bpf_cgroup_release(c);)
