// SPDX-License-Identifier: GPL-2.0
/*
 * A program is a list of statements, each of which leaves these registers as they are:
 *
 *	R6	the context; a number in callbacks and in global functions
 *	R7	a number that all statements have a part in
 *	R8	a task
 *	R9	the counts
 *
 * A step is counted at the beginning of each function and of each round of each loop, by
 * STEP_INSNS instructions or more. A path through a program has none of the instructions
 * that the verifier followed twice, unless the verifier did not follow a loop to its end.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "oom_generate.h"
#include "oom_util.h"
#include "progs/xorshift.h"

/* The headers of the machine may be older than the kernel. */
#define MAP_TYPE_CGRP_STORAGE	32
#define FUNC_CGRP_STORAGE_GET	210
#define FUNC_CGRP_STORAGE_DELETE 211
#define NR_HELPERS		212
#define NR_MAP_TYPES		36
#define FLAG_REG_INVARIANTS	(1U << 7)

/* As Documentation/bpf/oom.rst has them. */
#define MAX_COPY	256
#define MAX_KEY		64

#define NR_MAPS		32
#define MAX_KFUNCS	4096
#define MAX_NAME	48
#define MAX_DEPTH	3
#define MAX_LOOP	256
/* Rounds of all loops around a statement. */
#define MAX_ROUNDS	256

struct map {
	int fd;
	uint32_t type, key, value, flags;
	const char *forbidden;
};

/* One of the functions of the program that is made. */
enum kind { MAIN, STATIC, CALLBACK, GLOBAL };

/* Kinds of what the hook refuses: a rule is proved by a program that only it refuses. */
enum wild {
	WILD_MAP, WILD_SIZE, WILD_HELPER, WILD_KFUNC, WILD_ITERATOR, WILD_MAY_GOTO, WILD_CALLBACK,
	WILD_GLOBAL, WILD_JUMP, NR_WILD,
};

struct func {
	enum kind kind;
	int calls[64], nr_calls;	/* instructions that want its address */
};

static struct {
	unsigned long long seed, rng;
	struct map maps[NR_MAPS];
	int buffer, constant, counts, prog_btf, inner;
	int id_key, id_lock, id_timer, id_array[4];
	int id_main, id_static, id_global;
	struct btf *kernel;
	int evaluate, set_name, badness, task;
	int cgroups_off, cgroup_off;	/* of task->cgroups->dfl_cgrp */
	struct { int id; char name[MAX_NAME]; } kfuncs[MAX_KFUNCS];
	int nr_kfuncs;

	struct program *p;
	struct func funcs[MAX_FUNCS];
	enum kind kind;
	int nr;		/* of the function; those before it are complete */
	unsigned int wild;	/* bits: what the hook refuses, and is to be in it */
	int rounds;
} g;

static const uint32_t array_sizes[] = { 8, 64, 256, 300 };

static unsigned int any(unsigned int n)
{
	return below(&g.rng, n);
}

/* Seeds that are near each other begin with numbers that are not. A state is never 0. */
static void set_seed(unsigned long long seed)
{
	int i;

	g.rng = seed * 0x9e3779b97f4a7c15ULL | 1;
	for (i = 0; i < 4; i++)
		any(2);
}

static bool one_in(unsigned int n)
{
	return !any(n);
}

/* Small ones are as likely as big ones. */
static unsigned int any_size(unsigned int max)
{
	unsigned int size = any(2U << any(20));

	return size < max ? size : any(max);
}

static bool is_wild(enum wild kind)
{
	return g.wild & 1U << kind;
}

static void forbid(const char *reason)
{
	g.p->forbidden = g.p->forbidden ?: reason;
}

static int emit(uint8_t code, int dst, int src, int off, int32_t imm)
{
	if (g.p->len < MAX_INSNS)
		g.p->insns[g.p->len++] = (struct bpf_insn){
			.code = code, .dst_reg = dst, .src_reg = src, .off = off, .imm = imm };
	return g.p->len - 1;
}

static void set(int reg, int32_t imm)
{
	emit(BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, imm);
}

static void copy(int reg, int from)
{
	emit(BPF_ALU64 | BPF_MOV | BPF_X, reg, from, 0, 0);
}

static void add(int reg, int32_t imm)
{
	emit(BPF_ALU64 | BPF_ADD | BPF_K, reg, 0, 0, imm);
}

static void load(int reg, int from, int off)
{
	emit(BPF_LDX | BPF_MEM | BPF_DW, reg, from, off, 0);
}

static void store(int to, int off, int reg)
{
	emit(BPF_STX | BPF_MEM | BPF_DW, to, reg, off, 0);
}

static void wide(int reg, int pseudo, int32_t low, int32_t high)
{
	emit(BPF_LD | BPF_IMM | BPF_DW, reg, pseudo, 0, low);
	emit(0, 0, 0, 0, high);
}

static void helper(int id)
{
	emit(BPF_JMP | BPF_CALL, 0, 0, 0, id);
}

/* A jump to be aimed at what is emitted next by here(). */
static int jump(int op, int reg, int32_t imm)
{
	return emit(BPF_JMP | op | BPF_K, reg, 0, 0, imm);
}

static void here(int jump)
{
	g.p->insns[jump].off = g.p->len - jump - 1;
}

static void jump_back(int op, int reg, int32_t imm, int to)
{
	emit(BPF_JMP | op | BPF_K, reg, 0, to - g.p->len - 1, imm);
}

/* With the jump that follows, or the exit of its function, STEP_INSNS instructions. */
static void step(void)
{
	set(0, 1);
	emit(BPF_STX | BPF_ATOMIC | BPF_DW, 9, 0, COUNT_STEPS * 8, BPF_ADD);
}

static void mix(void)
{
	emit(BPF_ALU | BPF_XOR | BPF_X, 7, 0, 0, 0);
}

/* R0 may be a pointer, or not. */
static void mix_pointer(void)
{
	int over = jump(BPF_JEQ, 0, 0);

	add(7, any(1000));
	here(over);
}

static void use_map(int reg, const struct map *map)
{
	wide(reg, BPF_PSEUDO_MAP_FD, map->fd, 0);
	if (map->forbidden)
		forbid(map->forbidden);
}

/* The others have helpers of their own. */
static bool has_keys(const struct map *map)
{
	return map->type != BPF_MAP_TYPE_RINGBUF && map->type != BPF_MAP_TYPE_TASK_STORAGE &&
		map->type != MAP_TYPE_CGRP_STORAGE;
}

/* Any map of this type, 0: with keys. It is one that the hook takes, if there is a choice. */
static const struct map *any_map(uint32_t type)
{
	const struct map *map;
	int tries;

	for (tries = 0; tries < 1000; tries++) {
		map = &g.maps[any(NR_MAPS)];
		if (map->fd > 0 && (type ? map->type == type : has_keys(map)) &&
		    (!map->forbidden || is_wild(WILD_MAP)))
			return map;
	}
	return &g.maps[0];
}

static int kernel_func(const char *name)
{
	return btf__find_by_name_kind(g.kernel, name, BTF_KIND_FUNC);
}

/* The offset of a member of a struct of the kernel, or 0. */
static int kernel_member(const char *name, const char *member)
{
	int i, id = btf__find_by_name_kind(g.kernel, name, BTF_KIND_STRUCT);
	const struct btf_type *t = btf__type_by_id(g.kernel, id < 0 ? 0 : id);

	for (i = 0; i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(g.kernel, btf_members(t)[i].name_off), member))
			return btf_member_bit_offset(t, i) / 8;
	return 0;
}

/* Those that the hook takes. */
static const char * const allowed_kfuncs[] = {
	"set_oom_policy_name", "bpf_task_from_pid", "bpf_task_acquire", "bpf_task_release",
	"bpf_cgroup_from_id", "bpf_cgroup_acquire", "bpf_cgroup_release", "bpf_cgroup_ancestor",
	"bpf_rcu_read_lock", "bpf_rcu_read_unlock", "bpf_rdonly_cast", "bpf_task_under_cgroup",
	"bpf_cast_to_kern_ctx", "bpf_get_mem_cgroup", "bpf_get_root_mem_cgroup",
	"bpf_put_mem_cgroup", "bpf_mem_cgroup_usage", "bpf_mem_cgroup_page_state",
	"bpf_mem_cgroup_vm_events", "bpf_mem_cgroup_memory_events",
};

static bool is_allowed_kfunc(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(allowed_kfuncs) / sizeof(*allowed_kfuncs); i++)
		if (!strcmp(allowed_kfuncs[i], name))
			return true;
	return false;
}

static int kfunc_id(const char *name)
{
	int i;

	for (i = 0; i < g.nr_kfuncs; i++)
		if (!strcmp(g.kfuncs[i].name, name))
			return g.kfuncs[i].id;
	return 0;
}

/* Call it. False: this kernel does not have it. */
static bool kfunc(const char *name)
{
	int id = kfunc_id(name);

	if (!id)
		return false;
	emit(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, id);
	if (!is_allowed_kfunc(name))
		forbid("a kfunc");
	return true;
}

/* A pointer to @size bytes in a register. */
static void buffer(int reg, unsigned int size)
{
	int off, i;

	switch (any(size <= 64 ? 3 : 1)) {
	case 2:
		off = -64 - 8 * ((size + 7) / 8);
		for (i = off; i < -64; i += 8)
			emit(BPF_ST | BPF_MEM | BPF_DW, 10, 0, i, any(1 << 30));
		copy(reg, 10);
		add(reg, off);
		return;
	default:
		wide(reg, BPF_PSEUDO_MAP_VALUE, g.buffer, 8 * any((BUFFER_SIZE - size) / 8));
	}
}

/* The size of a copy in R2; it stays below BUFFER_SIZE. */
static void copy_size(void)
{
	int over;

	switch (any(is_wild(WILD_SIZE) ? 6 : 3)) {
	case 0:
		set(2, 1 + any(MAX_COPY));
		return;
	case 1:
		emit(BPF_ALU | BPF_MOV | BPF_K, 2, 0, 0, 1 + any(MAX_COPY));
		return;
	case 2:
		set(2, 1 + any(MAX_COPY));
		over = jump(BPF_JSGT, 7, any(1000));
		set(2, 1 + any(MAX_COPY));
		here(over);
		return;
	case 3:
		set(2, MAX_COPY + 1 + any_size(BUFFER_SIZE / 2));
		break;
	case 4:
		copy(2, 7);
		emit(BPF_ALU64 | BPF_AND | BPF_K, 2, 0, 0, (1 << any(15)) - 1);
		break;
	case 5:
		copy(2, 7);
		emit(BPF_ALU64 | BPF_AND | BPF_K, 2, 0, 0, 127);
		over = jump(BPF_JSGT, 7, any(1000));
		set(2, 1 + any(MAX_COPY));
		here(over);
		break;
	}
	forbid("a size");
}

/* Any number, or an address that need not be one. */
static void number(int reg)
{
	switch (any(6)) {
	case 0:
		set(reg, 0);
		break;
	case 1:
		copy(reg, 7);
		break;
	case 2:
		copy(reg, 8);
		break;
	case 3:
		wide(reg, 0, any(~0U), any(~0U));
		break;
	default:
		set(reg, any_size(1 << 20));
	}
}

static void alu(void)
{
	static const uint8_t ops[] = {
		BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_OR, BPF_AND, BPF_LSH, BPF_RSH, BPF_MOD,
		BPF_XOR, BPF_MOV, BPF_ARSH, BPF_NEG,
	};
	uint8_t op = ops[any(sizeof(ops))], class = one_in(2) ? BPF_ALU : BPF_ALU64;
	bool shift = op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH;

	if (op == BPF_NEG) {
		emit(class | BPF_NEG, 7, 0, 0, 0);
	} else if (shift || one_in(2)) {
		/* The signed kinds of division have an offset. */
		emit(class | op | BPF_K, 7, 0, (op == BPF_DIV || op == BPF_MOD) && one_in(2),
		     shift ? any(32) : 1 + any_size(1 << 30));
	} else {
		set(1, any_size(1 << 20));
		emit(class | op | BPF_X, 7, 1, 0, 0);
	}
}

/* Loads, stores and atomic operations on an array. */
static void memory(void)
{
	static const int atomics[] = {
		BPF_ADD, BPF_OR, BPF_AND, BPF_XOR, BPF_ADD | BPF_FETCH, BPF_OR | BPF_FETCH,
		BPF_AND | BPF_FETCH, BPF_XOR | BPF_FETCH, BPF_XCHG,
	};
	int i;

	buffer(1, 64);
	for (i = 1 + any(4); i > 0; i--) {
		int off = 8 * any(8);

		switch (any(4)) {
		case 0:
			load(0, 1, off);
			mix();
			break;
		case 1:
			store(1, off, 7);
			break;
		case 2:
			emit(BPF_ST | BPF_MEM | BPF_W, 1, 0, off, any(1 << 30));
			break;
		case 3:
			copy(0, 7);
			emit(BPF_STX | BPF_ATOMIC | (one_in(2) ? BPF_W : BPF_DW), 1, 0, off,
			     atomics[any(sizeof(atomics) / sizeof(*atomics))]);
			break;
		}
	}
}

/* A member of a struct, by the kernel's BTF; *to is what it points to, or 0. */
static bool any_member(int id, int *off, int *size, int *to)
{
	const struct btf_type *t = btf__type_by_id(g.kernel, id);
	const struct btf_member *m;
	int i, type;

	*to = 0;
	if (!btf_is_struct(t) || !btf_vlen(t))
		return false;
	i = any(btf_vlen(t));
	m = &btf_members(t)[i];
	if (btf_member_bitfield_size(t, i))
		return false;
	*off = btf_member_bit_offset(t, i) / 8;
	type = btf__resolve_type(g.kernel, m->type);
	t = btf__type_by_id(g.kernel, type);
	if (*off > 16384)
		return false;
	if (btf_is_ptr(t)) {
		type = btf__resolve_type(g.kernel, t->type);
		if (type > 0 && btf_is_struct(btf__type_by_id(g.kernel, type)))
			*to = type;
		*size = BPF_DW;
		return true;
	}
	*size = t->size == 1 ? BPF_B : t->size == 2 ? BPF_H : t->size == 4 ? BPF_W : BPF_DW;
	return btf_is_int(t) || btf_is_any_enum(t);
}

/* From the struct at R1 from pointer to pointer. */
static void walk(int id)
{
	int hops, off, size, to, tries;

	for (hops = any(4); hops >= 0; hops--) {
		for (tries = 100; tries; tries--)
			if (any_member(id, &off, &size, &to) && (!hops || to))
				break;
		if (!tries)
			return;
		if (hops) {
			load(1, 1, off);
			id = to;
			continue;
		}
		emit(BPF_LDX | BPF_MEM | size, 0, 1, off, 0);
		mix_pointer();
	}
}

static void walk_task(void)
{
	copy(1, 8);
	walk(g.task);
}

/* Behind a helper that returns a pointer to @size bytes, or NULL. */
static void found(unsigned int size)
{
	int over = jump(BPF_JEQ, 0, 0);

	if (size >= 8) {
		load(1, 0, 8 * any(size / 8));
		if (one_in(2))
			store(0, 8 * any(size / 8), 7);
		emit(BPF_ALU | BPF_XOR | BPF_X, 7, 1, 0, 0);
	}
	add(7, 1);
	here(over);
}

static void map_helper(void)
{
	const struct map *map = any_map(0);
	unsigned int value = map->value;
	bool of_maps, percpu;

	buffer(3, value ?: 1);
	buffer(2, map->key ?: 1);
	/* The stack has room for one of them. */
	if (one_in(2))
		wide(3, BPF_PSEUDO_MAP_VALUE, g.buffer, any(BUFFER_SIZE - value));
	use_map(1, map);
	of_maps = map->type == BPF_MAP_TYPE_ARRAY_OF_MAPS || map->type == BPF_MAP_TYPE_HASH_OF_MAPS;
	percpu = map->type == BPF_MAP_TYPE_PERCPU_ARRAY || map->type == BPF_MAP_TYPE_PERCPU_HASH;
	switch (any(5)) {
	case 0:
		set(4, any(4));
		helper(BPF_FUNC_map_update_elem);
		mix();
		return;
	case 1:
		helper(BPF_FUNC_map_delete_elem);
		mix();
		return;
	case 2:
		if (percpu) {
			set(3, any(4));
			helper(BPF_FUNC_map_lookup_percpu_elem);
			found(value);
			return;
		}
		/* fall through */
	default:
		helper(BPF_FUNC_map_lookup_elem);
		found(of_maps ? 0 : value);
	}
}

static void storage_helper(void)
{
	bool cgroup = one_in(2), delete = one_in(4);
	const struct map *map = any_map(cgroup ? MAP_TYPE_CGRP_STORAGE : BPF_MAP_TYPE_TASK_STORAGE);

	use_map(1, map);
	copy(2, 8);
	if (cgroup) {
		load(2, 2, g.cgroups_off);
		load(2, 2, g.cgroup_off);
	}
	set(3, 0);
	set(4, any(2));
	if (delete) {
		helper(cgroup ? FUNC_CGRP_STORAGE_DELETE : BPF_FUNC_task_storage_delete);
		mix();
	} else {
		helper(cgroup ? FUNC_CGRP_STORAGE_GET : BPF_FUNC_task_storage_get);
		found(map->value);
	}
}

static void ringbuf_helper(void)
{
	unsigned int size = 8 * (1 + any_size(128));
	int over;

	use_map(1, any_map(BPF_MAP_TYPE_RINGBUF));
	set(2, size);
	set(3, 0);
	helper(BPF_FUNC_ringbuf_reserve);
	over = jump(BPF_JEQ, 0, 0);
	store(0, 8 * any(size / 8), 7);
	copy(1, 0);
	set(2, any(3));
	helper(one_in(2) ? BPF_FUNC_ringbuf_submit : BPF_FUNC_ringbuf_discard);
	here(over);
}

static void copy_helper(void)
{
	switch (any(4)) {
	case 0:
	case 1:
		if (one_in(2))
			number(3);
		else
			buffer(3, 1);
		wide(1, BPF_PSEUDO_MAP_VALUE, g.buffer, any(BUFFER_SIZE / 4));
		copy_size();
		helper(one_in(2) ? BPF_FUNC_probe_read_kernel : BPF_FUNC_probe_read_kernel_str);
		break;
	case 2:
		wide(3, BPF_PSEUDO_MAP_VALUE, g.constant, any(MAX_COPY));
		wide(1, BPF_PSEUDO_MAP_VALUE, g.buffer, any(BUFFER_SIZE / 4));
		copy_size();
		helper(BPF_FUNC_strncmp);
		break;
	case 3:
		wide(1, BPF_PSEUDO_MAP_VALUE, g.buffer, any(BUFFER_SIZE / 4));
		copy_size();
		helper(BPF_FUNC_get_current_comm);
		break;
	}
	mix();
}

static void plain_helper(void)
{
	static const uint8_t plain[] = {
		BPF_FUNC_ktime_get_ns, BPF_FUNC_ktime_get_boot_ns, BPF_FUNC_jiffies64,
		BPF_FUNC_get_prandom_u32, BPF_FUNC_get_smp_processor_id,
		BPF_FUNC_get_numa_node_id, BPF_FUNC_get_current_task,
		BPF_FUNC_get_current_pid_tgid, BPF_FUNC_get_current_uid_gid,
		BPF_FUNC_get_current_cgroup_id, BPF_FUNC_get_current_ancestor_cgroup_id,
	};

	set(1, any(8));
	helper(plain[any(sizeof(plain))]);
	mix();
}

static bool takes_helper(int id)
{
	switch (id) {
	case BPF_FUNC_map_lookup_elem ... BPF_FUNC_map_delete_elem:
	case BPF_FUNC_map_lookup_percpu_elem:
	case BPF_FUNC_per_cpu_ptr:
	case BPF_FUNC_this_cpu_ptr:
	case BPF_FUNC_task_storage_get:
	case BPF_FUNC_task_storage_delete:
	case FUNC_CGRP_STORAGE_GET:
	case FUNC_CGRP_STORAGE_DELETE:
	case BPF_FUNC_ringbuf_reserve ... BPF_FUNC_ringbuf_discard:
	case BPF_FUNC_ktime_get_ns:
	case BPF_FUNC_ktime_get_boot_ns:
	case BPF_FUNC_ktime_get_coarse_ns:
	case BPF_FUNC_jiffies64:
	case BPF_FUNC_get_prandom_u32:
	case BPF_FUNC_get_attach_cookie:
	case BPF_FUNC_get_smp_processor_id:
	case BPF_FUNC_get_numa_node_id:
	case BPF_FUNC_get_current_task:
	case BPF_FUNC_get_current_task_btf:
	case BPF_FUNC_get_current_pid_tgid:
	case BPF_FUNC_get_current_uid_gid:
	case BPF_FUNC_get_current_cgroup_id:
	case BPF_FUNC_get_current_ancestor_cgroup_id:
		return true;
	}
	return false;
}

/* The four that take a size are allowed, too, with the right one. */
static bool takes_size(int id)
{
	return id == BPF_FUNC_probe_read_kernel || id == BPF_FUNC_probe_read_kernel_str ||
		id == BPF_FUNC_strncmp || id == BPF_FUNC_get_current_comm;
}

static void func_address(int reg, int func)
{
	g.funcs[func].calls[g.funcs[func].nr_calls++] = g.p->len;
	wide(reg, BPF_PSEUDO_FUNC, 0, 0);
	forbid("a callback");
}

/* The number of a function of this kind, or -1 if it can have no more callers. */
static int any_func(enum kind kind)
{
	int i, tries;

	for (tries = 0; tries < 20; tries++) {
		i = 1 + any(MAX_FUNCS - 1);
		if (g.funcs[i].kind == kind && i > g.nr &&
		    g.funcs[i].nr_calls < (int)(sizeof(g.funcs[i].calls) / sizeof(int)))
			return i;
	}
	return -1;
}

/* Anything at all in R1 to R5. */
static void any_arguments(void)
{
	const struct map *map = any_map(0);
	int reg, func;

	for (reg = 5; reg >= 1; reg--) {
		switch (any(8)) {
		case 0:
			use_map(reg, map);
			break;
		case 1:
			buffer(reg, any(256));
			break;
		case 2:
			copy(reg, 6);
			break;
		case 3:
			func = is_wild(WILD_CALLBACK) ? any_func(CALLBACK) : -1;
			if (func >= 0)
				func_address(reg, func);
			else
				copy(reg, 10);
			break;
		case 4:
			wide(reg, BPF_PSEUDO_MAP_VALUE, g.constant, 0);
			break;
		default:
			number(reg);
		}
	}
	if (one_in(2))
		use_map(1, map);
}

static void any_helper(void)
{
	int id = 1 + any(NR_HELPERS + 8), size = 1 + any(MAX_COPY);

	/* Anything does not fit most of the others. */
	if (one_in(2)) {
		wide(1, BPF_PSEUDO_MAP_VALUE, g.constant, 2 * MAX_COPY - size);
		set(2, size);
		id = BPF_FUNC_trace_printk;
	} else {
		any_arguments();
	}
	if (takes_size(id))
		id = BPF_FUNC_get_prandom_u32;
	helper(id);
	if (id < NR_HELPERS && !takes_helper(id))
		forbid("a helper");
	mix_pointer();
}

/* @oc in R1. */
static void set_name(void)
{
	if (g.kind == MAIN || g.kind == STATIC)
		load(1, 6, g.p->attach_id == g.evaluate ? 8 : 0);
	else
		number(1);
	if (one_in(3))
		number(1);
	switch (any(4)) {
	case 0:
		buffer(2, MAX_COPY);
		set(3, any(MAX_COPY));
		break;
	case 1:
		wide(2, BPF_PSEUDO_MAP_VALUE, one_in(3) ? g.constant : g.buffer, any(MAX_COPY));
		set(3, any(MAX_COPY));
		break;
	case 2:
		wide(2, BPF_PSEUDO_MAP_VALUE, g.buffer, 0);
		copy(3, 7);
		emit(BPF_ALU64 | BPF_AND | BPF_K, 3, 0, 0, BUFFER_SIZE / 2 - 1);
		break;
	case 3:
		buffer(2, 64);
		set(3, one_in(4) ? any_size(BUFFER_SIZE) : any(64));
		break;
	}
	kfunc("set_oom_policy_name");
	mix();
}

static void block(int depth);

/* A reference to what R1 says, and its end. */
static void get_and_put(const char *get, const char *put)
{
	int over;

	if (!kfunc(get))
		return;
	over = jump(BPF_JEQ, 0, 0);
	copy(1, 0);
	kfunc(put);
	here(over);
}

static void any_kfunc(void)
{
	int over, i;

	switch (any(is_wild(WILD_KFUNC) ? 8 : 6)) {
	case 0:
		set(1, any(200));
		get_and_put("bpf_task_from_pid", "bpf_task_release");
		return;
	case 1:
		set(1, any(100));
		get_and_put("bpf_cgroup_from_id", "bpf_cgroup_release");
		return;
	case 2:
		if (!kfunc_id("bpf_rcu_read_lock"))
			return;
		kfunc("bpf_rcu_read_lock");
		walk_task();
		kfunc("bpf_rcu_read_unlock");
		return;
	case 3:
		number(1);
		set(2, g.task);
		if (!kfunc("bpf_rdonly_cast"))
			return;
		copy(1, 0);
		walk(g.task);
		return;
	case 4:
		helper(BPF_FUNC_get_current_task_btf);
		copy(1, 0);
		get_and_put("bpf_task_acquire", "bpf_task_release");
		return;
	case 5:
		if (!kfunc("bpf_get_root_mem_cgroup"))
			return;
		over = jump(BPF_JEQ, 0, 0);
		/* At the end of the stack, apart from loops and buffers. */
		store(10, -160, 0);
		copy(1, 0);
		set(2, any(40));
		kfunc(one_in(2) ? "bpf_mem_cgroup_page_state" : "bpf_mem_cgroup_usage");
		mix();
		load(1, 10, -160);
		kfunc("bpf_put_mem_cgroup");
		here(over);
		return;
	default:
		any_arguments();
		i = any(g.nr_kfuncs);
		if (is_allowed_kfunc(g.kfuncs[i].name))
			return;
		kfunc(g.kfuncs[i].name);
		mix_pointer();
	}
}

/* Rounds of a loop, such that the verifier can follow all that are around. */
static int any_rounds(void)
{
	int n = 2 + any_size(MAX_LOOP);

	if (n * g.rounds <= MAX_ROUNDS)
		return n;
	/* Or the verifier gives up. */
	return g.rounds <= MAX_ROUNDS && one_in(100) ? 16 * n : 2;
}

static void loop(int depth)
{
	int n = any_rounds(), slot = -8 * (1 + depth), head, outer = g.rounds;

	g.rounds *= n;
	emit(BPF_ST | BPF_MEM | BPF_DW, 10, 0, slot, 0);
	head = g.p->len;
	step();
	/* Any number: the ways to here are one to the verifier, or there were too many. */
	load(7, 9, COUNT_SIZE * 8);
	block(depth + 1);
	load(0, 10, slot);
	add(0, 1);
	store(10, slot, 0);
	jump_back(BPF_JLT, 0, n, head);
	g.rounds = outer;
}

/* The verifier looks at one round of each of these. */
static void endless(int depth, enum wild kind)
{
	int slot = -8 * (1 + depth), head, end, func;
	bool each = one_in(3);

	switch (kind) {
	case WILD_MAY_GOTO:
		head = emit(BPF_JMP | 0xe0, 0, 0, 0, 0);
		step();
		block(depth + 1);
		jump_back(BPF_JA, 0, 0, head);
		here(head);
		forbid("may_goto");
		return;
	case WILD_ITERATOR:
		copy(1, 10);
		add(1, slot);
		set(2, 0);
		set(3, any_size(1 << 22));
		kfunc("bpf_iter_num_new");
		head = g.p->len;
		copy(1, 10);
		add(1, slot);
		kfunc("bpf_iter_num_next");
		end = jump(BPF_JEQ, 0, 0);
		step();
		block(depth + 1);
		jump_back(BPF_JA, 0, 0, head);
		here(end);
		copy(1, 10);
		add(1, slot);
		kfunc("bpf_iter_num_destroy");
		return;
	case WILD_CALLBACK:
		func = any_func(CALLBACK);
		if (func < 0)
			return;
		if (each)
			use_map(1, any_map(0));
		else
			set(1, any_size(1 << 22));
		func_address(2, func);
		set(3, 0);
		set(4, 0);
		helper(each ? BPF_FUNC_for_each_map_elem : BPF_FUNC_loop);
		forbid("a helper");
		mix();
		return;
	default:
		func = any_func(GLOBAL);
		if (func < 0)
			return;
		set(1, any(100));
		g.funcs[func].calls[g.funcs[func].nr_calls++] =
			emit(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 0);
		forbid("a global function");
		mix();
	}
}

static void call(void)
{
	int func = any_func(STATIC);

	/* Callbacks have no context to hand on. */
	if (func < 0 || g.kind == CALLBACK || g.kind == GLOBAL)
		return;
	copy(1, 6);
	g.funcs[func].calls[g.funcs[func].nr_calls++] =
		emit(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 0);
	mix();
}

static void tail_call(void)
{
	if (one_in(4)) {
		emit(BPF_JMP | BPF_JA | BPF_X, 7, 0, 0, 0);
		forbid("an indirect jump");
		return;
	}
	if (g.kind != MAIN)
		return;
	copy(1, 6);
	use_map(2, any_map(is_wild(WILD_MAP) ? BPF_MAP_TYPE_PROG_ARRAY : 0));
	set(3, any(4));
	helper(BPF_FUNC_tail_call);
	forbid("a helper");
}

static void branch(int depth)
{
	static const uint8_t ops[] = {
		BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET, BPF_JNE, BPF_JSGT, BPF_JSGE, BPF_JLT, BPF_JLE,
		BPF_JSLT, BPF_JSLE,
	};
	int over = emit((one_in(2) ? BPF_JMP : BPF_JMP32) | ops[any(sizeof(ops))] | BPF_K, 7, 0, 0,
			any_size(1 << 20));

	block(depth);
	here(over);
}

static void wild_statement(int depth)
{
	enum wild kind;

	do
		kind = any(NR_WILD);
	while (!is_wild(kind));
	switch (kind) {
	case WILD_MAP:
		map_helper();
		break;
	case WILD_SIZE:
		copy_helper();
		break;
	case WILD_HELPER:
		any_helper();
		break;
	case WILD_KFUNC:
		any_kfunc();
		break;
	case WILD_JUMP:
		tail_call();
		break;
	default:
		if (depth < MAX_DEPTH)
			endless(depth, kind);
	}
}

static void statement(int depth)
{
	/* Any jump has to reach the end. */
	if (g.p->len > MAX_INSNS / (g.kind == MAIN ? 2 : 1) - 600)
		return;
	switch (any(g.wild ? 24 : 18)) {
	case 0 ... 1:
		memory();
		break;
	case 2:
		walk_task();
		break;
	case 3 ... 4:
		map_helper();
		break;
	case 5:
		storage_helper();
		break;
	case 6:
		ringbuf_helper();
		break;
	case 7 ... 8:
		copy_helper();
		break;
	case 9:
		plain_helper();
		break;
	case 10:
		set_name();
		break;
	case 11:
		any_kfunc();
		break;
	case 12:
		if (depth < MAX_DEPTH)
			branch(depth + 1);
		break;
	case 13:
		call();
		break;
	case 14 ... 15:
		if (depth < MAX_DEPTH)
			loop(depth);
		break;
	case 18 ... 23:
		wild_statement(depth);
		break;
	default:
		alu();
	}
}

static void block(int depth)
{
	int n;

	for (n = 1 + any(depth ? 4 : 10); n > 0; n--)
		statement(depth);
}

static void begin_func(int nr)
{
	struct func *func = &g.funcs[nr];
	int i;

	g.kind = func->kind;
	g.nr = nr;
	g.rounds = 1;
	for (i = 0; i < func->nr_calls; i++)
		g.p->insns[func->calls[i]].imm = g.p->len - func->calls[i] - 1;
	g.p->funcs[g.p->nr_funcs++] = (struct bpf_func_info){
		.insn_off = g.p->len,
		.type_id = !nr ? g.id_main : func->kind == GLOBAL ? g.id_global : g.id_static,
	};
	if (func->kind == MAIN || func->kind == STATIC)
		copy(6, 1);
	else
		set(6, 0);
	if (g.kind <= STATIC && g.p->attach_id != g.set_name) {
		load(8, 6, 0);
	} else {
		helper(BPF_FUNC_get_current_task_btf);
		copy(8, 0);
	}
	set(7, any(100));
	wide(9, BPF_PSEUDO_MAP_VALUE, g.counts, 0);
	step();
}

static void new_program(struct program *p)
{
	memset(p, 0, sizeof(*p));
	memset(g.funcs, 0, sizeof(g.funcs));
	g.p = p;
	g.wild = 0;
	p->attach_type = BPF_MODIFY_RETURN;
	p->attach_id = g.evaluate;
}

/* Or what is none. */
static void any_hook(void)
{
	struct program *p = g.p;

	switch (any(12)) {
	case 0:
		p->attach_id = g.set_name;
		p->attach_type = BPF_TRACE_FENTRY;
		return;
	case 1:
		p->attach_type = one_in(2) ? BPF_TRACE_FENTRY : BPF_TRACE_FEXIT;
		return;
	case 2:
		if (!one_in(3))
			return;
		p->attach_id = one_in(2) ? g.set_name : g.badness;
		forbid("the function");
	}
}

static void damage(struct program *p)
{
	int n;

	for (n = 1 + any(2); n > 0; n--) {
		struct bpf_insn *insn = &p->insns[any(p->len)];

		switch (any(12)) {
		case 0:
			insn->off += any(16) - 8;
			break;
		case 1:
			insn->dst_reg = any(11);
			break;
		case 2:
			insn->src_reg = any(11);
			break;
		case 3:
			insn->code ^= 1 << any(8);
			break;
		case 4:
			*insn = p->insns[any(p->len)];
			break;
		case 5 ... 8:
			insn->imm = any_size(1U << 31);
			break;
		default:
			insn->imm ^= 1U << any(32);
		}
	}
	p->damaged = true;
}

void generate(struct program *p, unsigned int number)
{
	int nr;

	set_seed((g.seed << 20) + number);
	new_program(p);
	if (number % 2)
		g.wild = one_in(8) ? -1 : 1U << number / 2 % NR_WILD;
	any_hook();
	for (nr = 1; nr < MAX_FUNCS; nr++)
		g.funcs[nr].kind = nr <= 2 ? STATIC : nr == 3 ? GLOBAL : CALLBACK;
	for (nr = 0; nr < MAX_FUNCS; nr++) {
		if (nr && !g.funcs[nr].nr_calls)
			continue;
		begin_func(nr);
		/* The filter is asked about these for this call only. */
		if (!nr && p->attach_type != BPF_MODIFY_RETURN)
			set_name();
		if (!nr && g.wild)
			wild_statement(0);
		block(0);
		if (nr && g.kind != STATIC)
			set(0, 0);
		else if (nr || (p->attach_type == BPF_MODIFY_RETURN && one_in(3)))
			copy(0, 7);
		else
			set(0, p->attach_type == BPF_MODIFY_RETURN ? any(7) : 0);
		emit(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	}
	if (one_in(8))
		p->flags |= 1U << any(8);
	if (p->flags & BPF_F_SLEEPABLE)
		forbid("a flag");
	if (one_in(5))
		damage(p);
}

void generate_slow(struct program *p, unsigned int times)
{
	int head;

	new_program(p);
	begin_func(0);
	emit(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, 0);
	head = g.p->len;
	wide(1, BPF_PSEUDO_MAP_VALUE, g.buffer, 0);
	wide(3, BPF_PSEUDO_MAP_VALUE, g.buffer, 0);
	set(2, MAX_COPY);
	helper(BPF_FUNC_probe_read_kernel_str);
	load(0, 10, -8);
	add(0, 1);
	store(10, -8, 0);
	jump_back(BPF_JLT, 0, times, head);
	set(0, 0);
	emit(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

void generate_name(struct program *p, enum name_at at, const char *text, unsigned int size,
		   bool variable)
{
	int i, off = -STACK_NAME;

	new_program(p);
	begin_func(0);
	switch (at) {
	case NAME_STACK:
		for (i = 0; i < STACK_NAME; i++)
			emit(BPF_ST | BPF_MEM | BPF_B, 10, 0, off + i, text[i]);
		copy(2, 10);
		add(2, off);
		break;
	case NAME_BUFFER:
		wide(2, BPF_PSEUDO_MAP_VALUE, g.buffer, 0);
		break;
	case NAME_CONST:
		wide(2, BPF_PSEUDO_MAP_VALUE, g.constant, 2 * MAX_COPY - 1 - strlen(text));
		break;
	case NAME_NULL:
		set(2, 0);
		break;
	case NAME_NOT_FOUND:
		copy(2, 10);
		add(2, -8);
		emit(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, 0);
		use_map(1, &g.maps[0]);
		helper(BPF_FUNC_map_lookup_elem);
		copy(2, 0);
		break;
	case NAME_SCALAR:
		set(2, 1 + any(1 << 30));
		break;
	}
	if (variable) {
		load(3, 9, COUNT_SIZE * 8);
		emit(BPF_ALU64 | BPF_AND | BPF_K, 3, 0, 0, 511);
	} else {
		set(3, size);
	}
	load(1, 6, 8);
	kfunc("set_oom_policy_name");
	store(9, COUNT_RET * 8, 0);
	/* Every task: the last one that is asked about dies. */
	set(0, 3);
	emit(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

int generate_buffer(const char *text)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(g.buffer, &zero, text, 0);
}

int counts_get(uint64_t *counts)
{
	uint32_t zero = 0;

	return bpf_map_lookup_elem(g.counts, &zero, counts);
}

int counts_set(const uint64_t *counts)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(g.counts, &zero, counts, 0);
}

static int load_here(const struct program *p, char *log)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = p->attach_type, .attach_btf_id = p->attach_id,
		    .prog_flags = p->flags, .prog_btf_fd = g.prog_btf,
		    .func_info = p->funcs, .func_info_cnt = p->nr_funcs,
		    .func_info_rec_size = sizeof(*p->funcs),
		    /* The reason, and not each instruction. */
		    .log_level = 4, .log_buf = log, .log_size = LOG_SIZE);

	return bpf_prog_load(BPF_PROG_TYPE_TRACING, "generated", "GPL", p->insns, p->len, &opts);
}

int generate_load(const struct program *p, char *log)
{
	static struct {
		int prog;
		char log[LOG_SIZE];
	} *result;
	pid_t child;

	if (!result)
		result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (result == MAP_FAILED)
		return -errno;
	result->prog = -ENOMEM;
	result->log[0] = '\0';
	/* As the files are shared, what the child loads is ours. */
	child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (!child) {
		write_file("/proc/self/oom_score_adj", "1000");
		result->prog = load_here(p, result->log);
		_exit(0);
	}
	if (child < 0 || waitpid(child, NULL, 0) < 0)
		return -errno;
	memcpy(log, result->log, LOG_SIZE);
	return result->prog;
}

/* A map of any kind, or 0. */
static int any_kind(struct map *map, unsigned int nr)
{
	static const uint32_t first[] = {
		BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PERCPU_HASH,
		BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH,
		BPF_MAP_TYPE_RINGBUF, BPF_MAP_TYPE_TASK_STORAGE, MAP_TYPE_CGRP_STORAGE,
		BPF_MAP_TYPE_HASH_OF_MAPS, BPF_MAP_TYPE_ARRAY_OF_MAPS, BPF_MAP_TYPE_PROG_ARRAY,
		BPF_MAP_TYPE_LPM_TRIE,
	};
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	uint32_t type, entries = 1 + any_size(4096), array = any(4);
	bool plain = nr < 6;

	type = nr < sizeof(first) / sizeof(*first) ? first[nr] :
		one_in(2) ? first[any(6)] : 1 + any(NR_MAP_TYPES);
	*map = (struct map){ .type = type, .key = 1 + any(plain ? MAX_KEY : 2 * MAX_KEY),
			     .value = 8 * (1 + any(plain ? 32 : 48)) };
	if (!plain && one_in(4))
		map->flags = 1U << any(14);
	switch (type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		map->key = 4;
		break;
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		if (!plain && one_in(3))
			map->flags |= BPF_F_ZERO_SEED;
		break;
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
		map->key = map->value = 0;
		entries = 4096U << any(4);
		break;
	case BPF_MAP_TYPE_TASK_STORAGE:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case MAP_TYPE_CGRP_STORAGE:
		map->key = 4;
		map->value = array_sizes[array];
		map->flags = BPF_F_NO_PREALLOC;
		entries = 0;
		opts.btf_fd = g.prog_btf;
		opts.btf_key_type_id = g.id_key;
		opts.btf_value_type_id = g.id_array[array];
		break;
	case BPF_MAP_TYPE_LPM_TRIE:
		map->key = 8 + any(80);
		map->flags |= BPF_F_NO_PREALLOC;
		break;
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case BPF_MAP_TYPE_BLOOM_FILTER:
		map->key = 0;
		break;
	case 33: /* an arena */
		map->key = map->value = 0;
		map->flags = BPF_F_MMAPABLE;
		opts.map_extra = 1 << 30;
		break;
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		opts.inner_map_fd = g.inner;
		/* fall through */
	default:
		map->key = 4;
		map->value = 4;
	}
	if ((type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_ARRAY) && !plain && one_in(3)) {
		bool lock = one_in(2);

		map->key = map->value = lock ? 4 : 16;
		map->key = 4;
		opts.btf_fd = g.prog_btf;
		opts.btf_key_type_id = g.id_key;
		opts.btf_value_type_id = lock ? g.id_lock : g.id_timer;
		map->forbidden = "a map's special fields";
	}
	if (map->flags & BPF_F_ZERO_SEED)
		map->forbidden = "a map's seed";
	if (map->key > MAX_KEY || map->value > MAX_COPY)
		map->forbidden = "a map's sizes";
	if (type > BPF_MAP_TYPE_ARRAY && type != BPF_MAP_TYPE_PERCPU_HASH &&
	    type != BPF_MAP_TYPE_PERCPU_ARRAY && type != BPF_MAP_TYPE_LRU_HASH &&
	    type != BPF_MAP_TYPE_LRU_PERCPU_HASH && type != BPF_MAP_TYPE_ARRAY_OF_MAPS &&
	    type != BPF_MAP_TYPE_HASH_OF_MAPS && type != BPF_MAP_TYPE_TASK_STORAGE &&
	    type != MAP_TYPE_CGRP_STORAGE && type != BPF_MAP_TYPE_RINGBUF)
		map->forbidden = "a map's type";
	opts.map_flags = map->flags;
	return bpf_map_create(type, "generated", map->key, map->value, entries, &opts);
}

static int make_btf(void)
{
	struct btf *btf = btf__new_empty();
	LIBBPF_OPTS(bpf_btf_load_opts, opts);
	const void *data;
	int i, proto, number, byte, wide_number, opaque;
	uint32_t size;

	if (!btf)
		return -errno;
	number = g.id_key = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	byte = btf__add_int(btf, "char", 1, BTF_INT_SIGNED);
	wide_number = btf__add_int(btf, "unsigned long long", 8, 0);
	for (i = 0; i < 4; i++)
		g.id_array[i] = btf__add_array(btf, number, byte, array_sizes[i]);
	i = btf__add_struct(btf, "bpf_spin_lock", 4);
	btf__add_field(btf, "val", number, 0, 0);
	g.id_lock = btf__add_struct(btf, "lock_value", 4);
	btf__add_field(btf, "lock", i, 0, 0);
	opaque = btf__add_array(btf, number, wide_number, 2);
	i = btf__add_struct(btf, "bpf_timer", 16);
	btf__add_field(btf, "__opaque", opaque, 0, 0);
	g.id_timer = btf__add_struct(btf, "timer_value", 16);
	btf__add_field(btf, "timer", i, 0, 0);
	proto = btf__add_func_proto(btf, number);
	btf__add_func_param(btf, "x", number);
	g.id_main = btf__add_func(btf, "generated", BTF_FUNC_GLOBAL, proto);
	g.id_static = btf__add_func(btf, "static_func", BTF_FUNC_STATIC, proto);
	g.id_global = btf__add_func(btf, "global_func", BTF_FUNC_GLOBAL, proto);
	data = btf__raw_data(btf, &size);
	g.prog_btf = data ? bpf_btf_load(data, size, &opts) : -ENOMEM;
	btf__free(btf);
	return g.prog_btf < 0 ? g.prog_btf : 0;
}

/* The functions that may be kfuncs: most of them are none. */
static void find_kfuncs(void)
{
	int id, n = btf__type_cnt(g.kernel);

	g.nr_kfuncs = 0;
	for (id = 1; id < n && g.nr_kfuncs < MAX_KFUNCS; id++) {
		const struct btf_type *t = btf__type_by_id(g.kernel, id);
		const char *name = btf__name_by_offset(g.kernel, t->name_off);

		if (!btf_is_func(t) || strlen(name) >= MAX_NAME)
			continue;
		/* Of those of BPF itself, by the decl tags of newer kernels or without. */
		if (strncmp(name, "bpf_", 4) && strcmp(name, "set_oom_policy_name"))
			continue;
		g.kfuncs[g.nr_kfuncs].id = id;
		strcpy(g.kfuncs[g.nr_kfuncs++].name, name);
	}
}

static int make_array(const char *name, uint32_t value, uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);

	return bpf_map_create(BPF_MAP_TYPE_ARRAY, name, 4, value, 1, &opts);
}

int generate_start(unsigned long long seed)
{
	static char text[BUFFER_SIZE];
	unsigned int nr, tries;
	uint32_t zero = 0;
	int ret;

	g.seed = seed;
	set_seed(seed);
	g.kernel = btf__load_vmlinux_btf();
	if (!g.kernel)
		return -errno;
	find_kfuncs();
	g.evaluate = kernel_func("bpf_oom_evaluate_task");
	g.set_name = kernel_func("bpf_set_policy_name");
	g.badness = kernel_func("oom_badness");
	g.task = btf__find_by_name_kind(g.kernel, "task_struct", BTF_KIND_STRUCT);
	g.cgroups_off = kernel_member("task_struct", "cgroups");
	g.cgroup_off = kernel_member("css_set", "dfl_cgrp");
	ret = make_btf();
	if (ret)
		return ret;
	g.buffer = make_array("buffer", BUFFER_SIZE, 0);
	g.constant = make_array("constant", 2 * MAX_COPY, BPF_F_RDONLY_PROG);
	g.counts = make_array("counts", NR_COUNTS * 8, 0);
	g.inner = make_array("inner", 8, 0);
	if (g.buffer < 0 || g.constant < 0 || g.counts < 0 || g.inner < 0)
		return -errno;
	memset(text, 'a', sizeof(text) - 1);
	if (generate_buffer(text))
		return -errno;
	text[2 * MAX_COPY - 1] = '\0';
	if (bpf_map_update_elem(g.constant, &zero, text, 0) || bpf_map_freeze(g.constant))
		return -errno;
	for (nr = 0; nr < NR_MAPS; nr++) {
		g.maps[nr].fd = 0;
		for (tries = 0; tries < 20 && g.maps[nr].fd <= 0; tries++)
			g.maps[nr].fd = any_kind(&g.maps[nr], nr);
	}
	return g.maps[0].fd > 0 ? 0 : -errno;
}

void generate_end(void)
{
	int nr;

	for (nr = 0; nr < NR_MAPS; nr++)
		if (g.maps[nr].fd > 0)
			close(g.maps[nr].fd);
	close(g.buffer);
	close(g.constant);
	close(g.counts);
	close(g.inner);
	close(g.prog_btf);
	btf__free(g.kernel);
	memset(&g, 0, sizeof(g));
}
