// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that must not load, each for one reason, and some that must. load_test
 * switches on one at a time. SEC() of a refused program begins with "?".
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kfuncs.h"

char _license[] SEC("license") = "GPL";

#define HOOK	"?fmod_ret/bpf_oom_evaluate_task"
#define NAME	"?fentry/bpf_set_policy_name"
#define PROG(section, name)	SEC(section) int name(void *ctx)

#define MAP(name, map_type, flags, key_type, value_type)	\
	struct {						\
		__uint(type, map_type);				\
		__uint(max_entries, 1);				\
		__uint(map_flags, flags);			\
		__type(key, key_type);				\
		__type(value, value_type);			\
	} name SEC(".maps")

struct key64 { char bytes[64]; };
struct key65 { char bytes[65]; };
struct value256 { char bytes[256]; };
struct value257 { char bytes[257]; };

struct list_elem { struct bpf_list_node node; };
struct list_value {
	struct bpf_spin_lock lock;
	struct bpf_list_head head __attribute__((btf_decl_tag("contains:list_elem:node")));
};

struct list_elem *in_btf;

MAP(nothing, BPF_MAP_TYPE_HASH, 0, __u32, char[16]);
MAP(fits, BPF_MAP_TYPE_HASH, 0, struct key64, struct value256);
MAP(long_key, BPF_MAP_TYPE_HASH, 0, struct key65, __u32);
MAP(long_value, BPF_MAP_TYPE_HASH, 0, __u32, struct value257);
MAP(seeded, BPF_MAP_TYPE_HASH, BPF_F_ZERO_SEED, __u32, __u32);
MAP(trie, BPF_MAP_TYPE_LPM_TRIE, BPF_F_NO_PREALLOC, struct key64, __u32);
MAP(devices, BPF_MAP_TYPE_DEVMAP_HASH, 0, __u32, __u32);
MAP(list, BPF_MAP_TYPE_HASH, 0, __u32, struct list_value);
MAP(progs, BPF_MAP_TYPE_PROG_ARRAY, 0, __u32, __u32);

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
} arena SEC(".maps");

volatile __u32 number;
char bytes[8192];
int null_ret;

static __always_inline int call_kfunc(void)
{
	char name[] = "name";

	return set_oom_policy_name(NULL, name, sizeof(name));
}

/* The kfunc, from program types that have no business with it. */
PROG("?kprobe/bpf_set_policy_name", kfunc_in_kprobe) { return call_kfunc(); }
PROG("?syscall", kfunc_in_syscall) { return call_kfunc(); }
PROG("?raw_tp/sys_enter", kfunc_in_raw_tp) { return call_kfunc(); }
PROG("?cgroup/dev", kfunc_in_cgroup) { return call_kfunc(); }
PROG("?tp_btf/mark_victim", kfunc_in_tp_btf) { return call_kfunc(); }

/* The kfunc, from the right type at another function. */
PROG("?fentry/oom_badness", kfunc_at_oom_badness) { return call_kfunc(); }
PROG("?fentry/out_of_memory", kfunc_at_out_of_memory) { return call_kfunc(); }

/* Not refused: so the refusals above have no other cause. */
PROG(NAME, kfunc_at_name_hook) { return call_kfunc() & 0; }
PROG(HOOK, kfunc_at_hook) { return call_kfunc() & 0; }
PROG("?fexit/bpf_oom_evaluate_task", kfunc_after_hook) { return call_kfunc() & 0; }

/* Hooks run under oom_lock and RCU. */
PROG("?fmod_ret.s/bpf_oom_evaluate_task", sleepable_hook) { return 0; }
PROG("?fentry.s/bpf_set_policy_name", sleepable_name) { return 0; }

/* Only the one hook can be overridden. */
PROG("?fmod_ret/oom_badness", modify_badness) { return 0; }
PROG("?fmod_ret/bpf_set_policy_name", modify_name) { return 0; }

/* The arguments of the hooks are not trusted. */
SEC(HOOK)
int BPF_PROG(task_as_trusted, struct task_struct *task, struct oom_control *oc)
{
	struct task_struct *p;

	/* Without a use of its members the type is not in this object's BTF. */
	p = task->pid ? bpf_task_acquire(task) : NULL;
	if (p)
		bpf_task_release(p);
	return 0;
}

/* Refused by newer verifiers; on older ones the kfunc has to see it. */
SEC(NAME)
int BPF_PROG(null_name, struct oom_control *oc)
{
	__u32 key = 0;
	char *name = bpf_map_lookup_elem(&nothing, &key);

	null_ret = set_oom_policy_name(oc, name, 16);
	return 0;
}

/* H8: the verifier does not follow callbacks, iterators and may_goto to their end. */
static int inner_step(__u32 i, void *unused)
{
	number++;
	return 0;
}

static int outer_step(__u32 i, void *unused)
{
	bpf_loop(1000000, inner_step, NULL, 0);
	return 0;
}

static int each(struct bpf_map *map, void *key, void *value, void *unused)
{
	bpf_loop(1000000, inner_step, NULL, 0);
	return 0;
}

PROG(HOOK, nested_loop) { return bpf_loop(1000000, outer_step, NULL, 0) & 0; }
PROG(HOOK, nested_each) { return bpf_for_each_map_elem(&nothing, each, NULL, 0) & 0; }
PROG(NAME, loop_in_name) { return call_kfunc() & bpf_loop(9, inner_step, NULL, 0) & 0; }

PROG(HOOK, nested_for)
{
	struct bpf_iter_num outer, inner;

	bpf_iter_num_new(&outer, 0, 1000000);
	while (bpf_iter_num_next(&outer)) {
		bpf_iter_num_new(&inner, 0, 1000000);
		while (bpf_iter_num_next(&inner))
			number++;
		bpf_iter_num_destroy(&inner);
	}
	bpf_iter_num_destroy(&outer);
	return 0;
}

PROG(HOOK, task_iterator)
{
	struct bpf_iter_task it;

	bpf_iter_task_new(&it, NULL, BPF_TASK_ITER_ALL_PROCS);
	while (bpf_iter_task_next(&it))
		number++;
	bpf_iter_task_destroy(&it);
	return 0;
}

/* BPF_JMP | BPF_JCOND, source register 0: older compilers do not know it. */
#define MAY_GOTO(over)	".8byte 0xe5 | (" #over " << 16);"

PROG(HOOK, nested_may_goto)
{
	asm volatile ("outer_%=:" MAY_GOTO(4)
		      "inner_%=:" MAY_GOTO(2)
		      "r0 += 1;"
		      "goto inner_%=;"
		      "goto outer_%=;"
		      ::: "r0");
	return 0;
}

__noinline int global_step(int x)
{
	asm volatile ("" : "+r"(x));
	return x + 1;
}

PROG(HOOK, global_function) { return global_step(number) & 0; }

PROG(HOOK, tail_call)
{
	bpf_tail_call(ctx, &progs, 0);
	return 0;
}

PROG(HOOK, uses_arena)
{
	asm volatile ("" :: "r"(&arena));
	return 0;
}

/* H8: helpers that take long, or as long as their argument is. */
PROG(HOOK, prints)
{
	bpf_printk("%d", number);
	return 0;
}

PROG(HOOK, wide_snprintf)
{
	static const char fmt[] = "%4000d";
	__u64 arg = number;

	return bpf_snprintf(bytes, sizeof(bytes), fmt, &arg, sizeof(arg)) & 0;
}

PROG(HOOK, finds_string)
{
	return bpf_strstr ? bpf_strstr(bytes, bytes) & 0 : 0;
}

PROG(HOOK, size_variable)
{
	return bpf_probe_read_kernel(bytes, number & 127, NULL) & 0;
}

PROG(HOOK, size_too_big)
{
	return bpf_probe_read_kernel(bytes, 257, NULL) & 0;
}

/* In assembly, as a compiler may make a new value of R2 for an argument of 32 bits. */
#define in_assembly __attribute__((naked)) __attribute__((used))
static __noinline in_assembly void read_some(void)
{
	asm volatile ("r3 = 0;"
		      "call %[read];"
		      "exit;"
		      :: [read]"i"(BPF_FUNC_probe_read_kernel));
}

PROG(HOOK, size_of_caller)
{
	asm volatile ("r1 = %[bytes] ll;"
		      "r2 = 16;"
		      "call read_some;"
		      :: [bytes]"i"(bytes)
		      : "r0", "r1", "r2", "r3", "r4", "r5");
	return 0;
}

#define READ_PROG(name, code)								\
	PROG(HOOK, name)								\
	{										\
		asm volatile (code							\
			      :: [bytes]"i"(bytes), [number]"r"(number),		\
				 [read]"i"(BPF_FUNC_probe_read_kernel)			\
			      : "r0", "r1", "r2", "r3", "r4", "r5");			\
		return 0;								\
	}

/* One of the ways to the call has no constant. */
READ_PROG(size_one_way,
	  "r1 = %[bytes] ll;"
	  "r2 = %[number];"
	  "r2 &= 127;"
	  "if r2 > 64 goto read_%=;"
	  "r2 = 8;"
	  "read_%=:"
	  "r3 = 0;"
	  "call %[read];")

/* The same by a way that is found out in more passes than the filter makes. */
READ_PROG(size_long_way,
	  "r1 = %[bytes] ll;"
	  "r2 = %[number];"
	  "r2 &= 127;"
	  "goto last_%=;"
	  "read_%=:"
	  "r3 = 0;"
	  "call %[read];"
	  "goto end_%=;"
	  "goto read_%=;"
	  ".rept 40\n"
	  "goto -2\n"
	  ".endr\n"
	  "last_%=:"
	  "goto -2;"
	  "end_%=:")

#define MAP_PROG(name, map, key_type)				\
	PROG(HOOK, name)					\
	{							\
		key_type key = { 0 };				\
								\
		return bpf_map_delete_elem(&map, &key) & 0;	\
	}

MAP_PROG(map_long_key, long_key, struct key65)
MAP_PROG(map_long_value, long_value, __u32)
MAP_PROG(map_seeded, seeded, __u32)
MAP_PROG(map_trie, trie, struct key64)
MAP_PROG(map_list, list, __u32)

/* Its hash has no seed. */
PROG(HOOK, map_devices)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&devices, &key) && !ctx;
}

/* H8: none of that is to keep these out. */
MAP_PROG(map_fits, fits, struct key64)

static __noinline __u32 static_step(__u32 x)
{
	return x * 7 + number;
}

static __always_inline __u32 inline_step(__u32 x)
{
	return x ^ number;
}

PROG(HOOK, bounded_loop)
{
	__u32 i, x = 0;

	for (i = 0; i < 50000; i++)
		x = inline_step(static_step(x));
	number = x;
	return 0;
}

PROG(HOOK, size_constant)
{
	return bpf_probe_read_kernel(bytes, 256, NULL) & 0;
}

PROG(HOOK, size_branch)
{
	asm volatile ("r1 = %[bytes] ll;"
		      "r2 = 16;"
		      "if %[number] > 64 goto read_%=;"
		      "r2 = 8;"
		      "read_%=:"
		      "r3 = 0;"
		      "call %[read];"
		      :: [bytes]"i"(bytes), [number]"r"(number),
			 [read]"i"(BPF_FUNC_probe_read_kernel)
		      : "r0", "r1", "r2", "r3", "r4", "r5");
	return 0;
}

/* A policy for freplace, and what tries to replace parts of it. */
SEC(HOOK)
int target_policy(unsigned long long *ctx) { return static_step(number) & 0; }

SEC("?freplace/target_policy")
int replace_main(unsigned long long *ctx) { return 0; }

SEC("?freplace/static_step")
int replace_static(int x) { return 0; }
