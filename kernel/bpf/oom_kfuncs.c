// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF programs that choose the victim of an OOM: the hooks that they attach to,
 * what they may do there, and the kfunc that names the policy. mm/oom_policy.c has
 * the meaning of a verdict.
 */

#include <linux/bitmap.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/filter.h>
#include <linux/init.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "disasm.h"

/* Bytes that one call of a helper or of the kfunc may copy or compare, or hash. */
#define MAX_COPY	256
#define MAX_KEY		64
/* Times that a program is gone through in search of the sizes of copies. */
#define MAX_PASSES	32

/*
 * The bodies below are what runs while no program is attached. A program replaces
 * the return value through the call, so the call and the test of its value must
 * survive every compiler: noinline alone lets clang drop the call, or keep it and
 * fold the value it knows. __weak tells the compiler that it does not know the
 * function.
 */
__bpf_hook_start();

/**
 * bpf_oom_evaluate_task - ask the attached programs about one task
 * @task: a task of the OOM domain; never init or a kernel thread
 * @oc: the OOM in progress
 *
 * A hook for fmod_ret programs. Several may be attached: the one attached last
 * is asked first, and the first verdict other than zero stands.
 *
 * Context: Under oom_lock, in a global OOM also under rcu_read_lock(). Must not
 * sleep.
 * Return: One of enum bpf_oom_verdict. Anything else counts as NO_BPF_POLICY.
 */
__weak noinline int bpf_oom_evaluate_task(struct task_struct *task,
					  struct oom_control *oc)
{
	/* Programs take the verdicts from BTF, where no one else puts them. */
	BTF_TYPE_EMIT_ENUM(NO_BPF_POLICY);

	return NO_BPF_POLICY;
}

/**
 * bpf_set_policy_name - the place to name the policy
 * @oc: the OOM that is about to be decided
 *
 * A hook for fentry programs, called once for each search before the first task: to
 * call set_oom_policy_name(), and to reset what a policy keeps for one search.
 *
 * Context: Under oom_lock. Must not sleep.
 */
__weak noinline void bpf_set_policy_name(struct oom_control *oc)
{
}

__bpf_hook_end();

/*
 * The bound of one call of a program
 *
 * The kernel cannot interrupt a call, and everybody who needs memory waits for it.
 * The verifier lets a program execute a million instructions: it follows plain loops
 * and static functions step by step and counts each time. Callbacks, iterators,
 * may_goto and global functions are verified once and may run any number of times,
 * and a helper counts as one instruction however long it takes. Hence the former
 * are refused, and of the latter only those pass that take constant time.
 */
static const u16 bounded_helpers[] = {
	BPF_FUNC_map_lookup_elem, BPF_FUNC_map_update_elem, BPF_FUNC_map_delete_elem,
	BPF_FUNC_map_lookup_percpu_elem, BPF_FUNC_per_cpu_ptr, BPF_FUNC_this_cpu_ptr,
	BPF_FUNC_task_storage_get, BPF_FUNC_task_storage_delete,
	BPF_FUNC_cgrp_storage_get, BPF_FUNC_cgrp_storage_delete,
	BPF_FUNC_ringbuf_reserve, BPF_FUNC_ringbuf_submit, BPF_FUNC_ringbuf_discard,
	BPF_FUNC_probe_read_kernel, BPF_FUNC_probe_read_kernel_str, BPF_FUNC_strncmp,
	BPF_FUNC_ktime_get_ns, BPF_FUNC_ktime_get_boot_ns, BPF_FUNC_ktime_get_coarse_ns,
	BPF_FUNC_jiffies64, BPF_FUNC_get_prandom_u32, BPF_FUNC_get_attach_cookie,
	BPF_FUNC_get_smp_processor_id, BPF_FUNC_get_numa_node_id,
	BPF_FUNC_get_current_task, BPF_FUNC_get_current_task_btf,
	BPF_FUNC_get_current_comm, BPF_FUNC_get_current_pid_tgid,
	BPF_FUNC_get_current_uid_gid, BPF_FUNC_get_current_cgroup_id,
	BPF_FUNC_get_current_ancestor_cgroup_id,
};

static bool helper_is_bounded(s32 id)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(bounded_helpers); i++)
		if (bounded_helpers[i] == id)
			return true;
	return false;
}

/* The helpers of that list that take a size, all of them in R2. */
static bool helper_takes_size(s32 id)
{
	return id == BPF_FUNC_probe_read_kernel || id == BPF_FUNC_probe_read_kernel_str ||
	       id == BPF_FUNC_strncmp || id == BPF_FUNC_get_current_comm;
}

/* By name, since a kernel need not have all of them. */
static const char * const bounded_kfuncs[] = {
	"bpf_cast_to_kern_ctx", "bpf_rdonly_cast", "bpf_rcu_read_lock", "bpf_rcu_read_unlock",
	"bpf_task_from_pid", "bpf_task_acquire", "bpf_task_release", "bpf_task_under_cgroup",
	"bpf_cgroup_from_id", "bpf_cgroup_acquire", "bpf_cgroup_release", "bpf_cgroup_ancestor",
	"bpf_get_mem_cgroup", "bpf_get_root_mem_cgroup", "bpf_put_mem_cgroup",
	"bpf_mem_cgroup_usage", "bpf_mem_cgroup_page_state", "bpf_mem_cgroup_vm_events",
	"bpf_mem_cgroup_memory_events",
	"set_oom_policy_name",
};

/* The name of a kfunc or of a program's function, for a message. */
static const char *func_name(const struct btf *btf, u32 id)
{
	return btf_name_by_offset(btf, btf_type_by_id(btf, id)->name_off);
}

static int refuse(const struct bpf_prog *prog, int insn, const char *before,
		  const char *name, const char *after)
{
	pr_warn_ratelimited("oom: BPF program %s refused, instruction %d: %s%s%s; see Documentation/bpf/oom.rst\n",
			    prog->aux->name, insn, before, name, after);
	return -EACCES;
}

/* Others are searched from end to end, by bits, or by a hash that is no secret. */
#define BOUNDED_MAPS							\
	(BIT_ULL(BPF_MAP_TYPE_ARRAY) | BIT_ULL(BPF_MAP_TYPE_PERCPU_ARRAY) |	\
	 BIT_ULL(BPF_MAP_TYPE_HASH) | BIT_ULL(BPF_MAP_TYPE_PERCPU_HASH) |	\
	 BIT_ULL(BPF_MAP_TYPE_LRU_HASH) | BIT_ULL(BPF_MAP_TYPE_LRU_PERCPU_HASH) | \
	 BIT_ULL(BPF_MAP_TYPE_ARRAY_OF_MAPS) | BIT_ULL(BPF_MAP_TYPE_HASH_OF_MAPS) | \
	 BIT_ULL(BPF_MAP_TYPE_TASK_STORAGE) | BIT_ULL(BPF_MAP_TYPE_CGRP_STORAGE) | \
	 BIT_ULL(BPF_MAP_TYPE_RINGBUF))

static int check_map(const struct bpf_prog *prog, int i, const struct bpf_map *map)
{
	const char *name = map->name;

	for (; map; map = map->inner_map_meta) {
		if (map->key_size > MAX_KEY || map->value_size > MAX_COPY)
			return refuse(prog, i, "map ", name, ": key above " __stringify(MAX_KEY)
				      " or value above " __stringify(MAX_COPY) " bytes");
		if (!(BIT_ULL(map->map_type) & BOUNDED_MAPS))
			return refuse(prog, i, "map ", name, ": type");
		/* A list in a value is emptied with it. */
		if (!IS_ERR_OR_NULL(map->record))
			return refuse(prog, i, "map ", name, ": value with special fields");
		/* With a known seed all keys can be made to fall into one bucket. */
		if (map->map_flags & BPF_F_ZERO_SEED)
			return refuse(prog, i, "map ", name, ": fixed hash seed");
	}
	return 0;
}

static bool falls_through(const struct bpf_insn *insn)
{
	u8 class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	return (class != BPF_JMP && class != BPF_JMP32) || (op != BPF_JA && op != BPF_EXIT);
}

/* Where @insn, at @i, may jump to; -1 if it does not. */
static int jump_target(const struct bpf_insn *insn, int i)
{
	u8 class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	if ((class != BPF_JMP && class != BPF_JMP32) || op == BPF_CALL || op == BPF_EXIT)
		return -1;
	return i + 1 + (insn->code == (BPF_JMP32 | BPF_JA) ? insn->imm : insn->off);
}

/* Does R2 hold a constant up to MAX_COPY behind @insn, if it did before? */
static bool size_after(const struct bpf_insn *insn, bool before)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		if (insn->dst_reg != BPF_REG_2)
			return before;
		return BPF_OP(insn->code) == BPF_MOV && BPF_SRC(insn->code) == BPF_K &&
		       insn->imm >= 0 && insn->imm <= MAX_COPY;
	case BPF_LD:
	case BPF_LDX:
		return before && insn->dst_reg != BPF_REG_2;
	case BPF_STX:
		/* An atomic operation may fetch into either of its registers. */
		return before && (BPF_MODE(insn->code) != BPF_ATOMIC ||
				  (insn->src_reg != BPF_REG_2 && insn->dst_reg != BPF_REG_2));
	case BPF_JMP:
		return before && BPF_OP(insn->code) != BPF_CALL;
	}
	return before;
}

/*
 * Sets one bit for each instruction before which R2 holds a constant up to MAX_COPY
 * on every path: a data flow analysis that begins with "everywhere" and clears bits
 * until nothing changes. A program that takes too many passes has no such place.
 */
static void find_sizes(const struct bpf_prog *prog, unsigned long *known)
{
	const struct bpf_insn *insn = prog->insnsi;
	bool changed = true;
	int i, pass, target;

	bitmap_fill(known, prog->len);
	__clear_bit(0, known);
	/* R2 is an argument there. */
	for (i = 0; i < prog->len; i++)
		if (insn[i].code == (BPF_JMP | BPF_CALL) && insn[i].src_reg == BPF_PSEUDO_CALL)
			__clear_bit(i + 1 + insn[i].imm, known);
	for (pass = 0; changed && pass < MAX_PASSES; pass++) {
		changed = false;
		for (i = 0; i < prog->len; i++) {
			if (size_after(&insn[i], test_bit(i, known)))
				continue;
			/* An indirect jump may be the last one. It is refused later. */
			target = jump_target(&insn[i], i);
			if (target >= 0 && target < prog->len)
				changed |= __test_and_clear_bit(target, known);
			if (falls_through(&insn[i]) && i + 1 < prog->len)
				changed |= __test_and_clear_bit(i + 1, known);
		}
	}
	if (changed)
		bitmap_zero(known, prog->len);
}

static int check_call(const struct bpf_prog *prog, int i, bool size_known)
{
	const struct bpf_insn *insn = &prog->insnsi[i];
	const char *name;

	switch (insn->src_reg) {
	case BPF_PSEUDO_CALL:
		return 0;
	case BPF_PSEUDO_KFUNC_CALL:
		/* libbpf leaves this where a weak kfunc is missing: dead code. */
		if (!insn->imm && !insn->off)
			return 0;
		if (insn->off)
			return refuse(prog, i, "kfunc of a module", "", "");
		name = func_name(bpf_get_btf_vmlinux(), insn->imm);
		if (match_string(bounded_kfuncs, ARRAY_SIZE(bounded_kfuncs), name) < 0)
			return refuse(prog, i, "kfunc ", name, "");
		return 0;
	}
	/* Or this, where a CO-RE relocation failed. */
	if (insn->imm < 0 || insn->imm >= __BPF_FUNC_MAX_ID)
		return 0;
	name = func_id_name(insn->imm);
	if (!helper_is_bounded(insn->imm))
		return refuse(prog, i, "helper ", name, "");
	if (helper_takes_size(insn->imm) && !size_known)
		return refuse(prog, i, "size of ", name,
			      " is not a constant up to " __stringify(MAX_COPY));
	return 0;
}

static int check_insn(const struct bpf_prog *prog, int i, bool size_known)
{
	const struct bpf_insn *insn = &prog->insnsi[i];

	switch (insn->code) {
	case BPF_JMP | BPF_CALL:
		return check_call(prog, i, size_known);
	case BPF_JMP | BPF_JCOND:
		return refuse(prog, i, "may_goto", "", "");
	case BPF_JMP | BPF_JA | BPF_X:
		return refuse(prog, i, "indirect jump", "", "");
	case BPF_LD | BPF_IMM | BPF_DW:
		if (insn->src_reg == BPF_PSEUDO_FUNC)
			return refuse(prog, i, "callback", "", "");
		/* The verifier has put the address of the map here. */
		if (insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_IDX)
			return check_map(prog, i, (void *)(unsigned long)
					 ((u64)insn[1].imm << 32 | (u32)insn->imm));
	}
	return 0;
}

/* Is one call of @prog bounded? */
static int check_new_program(const struct bpf_prog *prog)
{
	const struct bpf_prog_aux *aux = prog->aux;
	unsigned long *known;
	int i, ret = 0;

	if (aux->arena)
		return refuse(prog, 0, "arena", "", "");
	/* Without BTF all functions but the main one are static. */
	for (i = 1; aux->func_info_aux && i < aux->func_info_cnt; i++)
		if (aux->func_info_aux[i].linkage != BTF_FUNC_STATIC)
			return refuse(prog, aux->func_info[i].insn_off, "global function ",
				      func_name(aux->btf, aux->func_info[i].type_id), "");

	known = kvcalloc(BITS_TO_LONGS(prog->len), sizeof(*known), GFP_KERNEL);
	if (!known)
		return -ENOMEM;
	find_sizes(prog, known);
	for (i = 0; i < prog->len && !ret; i++)
		ret = check_insn(prog, i, test_bit(i, known));
	kvfree(known);
	return ret;
}

/* The verifier asks at each call of the kfunc that it follows: an answer is kept. */
static int check_program(const struct bpf_prog *prog)
{
	static const struct bpf_prog_aux *last;
	static u64 last_time;
	static int last_ret;
	static DEFINE_MUTEX(lock);

	/* Attached again, it has instructions that were rewritten. */
	if (prog->aux->verified_insns)
		return 0;
	guard(mutex)(&lock);
	if (last != prog->aux || last_time != prog->aux->load_time) {
		last = prog->aux;
		last_time = prog->aux->load_time;
		last_ret = check_new_program(prog);
	}
	return last_ret;
}

__bpf_kfunc_start_defs();

/**
 * set_oom_policy_name - name the policy in the report of the OOM in progress
 * @oc__ign: the OOM, as the program got it from its hook. The suffix makes the
 *	verifier take any value, because arguments of fmod_ret and fentry programs
 *	are not trusted; it is only compared.
 * @name: letters, digits and any of "_.:+-", with a NUL after them. Beyond
 *	OOM_POLICY_NAME_LEN - 1 bytes it is cut.
 * @name__sz: size of the memory at @name in bytes, at most 256
 *
 * Several programs may give a name; the last one stands. The report shows it only
 * if some program gave a verdict.
 *
 * Context: Under oom_lock, in a program on one of the two hooks. Does not sleep.
 * Return: 0, or -EINVAL if @name is NULL or empty, has no NUL or other bytes, if
 * @name__sz is too big, or if @oc__ign is not the OOM that this task evaluates. The
 * name is then as it was.
 */
__bpf_kfunc int set_oom_policy_name(struct oom_control *oc__ign,
				    const char *name, size_t name__sz)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:+-";
	char label[OOM_POLICY_NAME_LEN] = { };
	size_t i;

	/* 6.12's verifier accepts a map value that was not NULL-checked. */
	if (!name || name__sz > MAX_COPY)
		return -EINVAL;
	/* Each byte is read once: it may be in a map that others write to. */
	for (i = 0; i < name__sz; i++) {
		char c = READ_ONCE(name[i]);

		if (!c)
			break;
		if (!strchr(allowed, c))
			return -EINVAL;
		if (i < sizeof(label) - 1)
			label[i] = c;
	}
	if (!i || i == name__sz)
		return -EINVAL;
	return oom_policy_set_name(oc__ign, label);
}

__bpf_kfunc_end_defs();

BTF_SET8_START(oom_fmodret_ids)
BTF_ID_FLAGS(func, bpf_oom_evaluate_task)
BTF_SET8_END(oom_fmodret_ids)

BTF_SET_START(oom_hook_ids)
BTF_ID(func, bpf_oom_evaluate_task)
BTF_ID(func, bpf_set_policy_name)
BTF_SET_END(oom_hook_ids)

BTF_KFUNCS_START(oom_kfunc_ids)
BTF_ID_FLAGS(func, set_oom_policy_name)
BTF_KFUNCS_END(oom_kfunc_ids)

/* The filter of a set is asked about the functions of all sets. */
static int oom_fmodret_filter(const struct bpf_prog *prog, u32 id)
{
	if (!btf_id_set8_contains(&oom_fmodret_ids, id) ||
	    prog->expected_attach_type != BPF_MODIFY_RETURN)
		return 0;
	return check_program(prog);
}

/*
 * A program on another program has a type id that belongs to that program's BTF and
 * may equal one of ours by chance. fmod_ret programs have been through the other
 * filter.
 */
static int oom_kfunc_filter(const struct bpf_prog *prog, u32 id)
{
	if (!btf_id_set8_contains(&oom_kfunc_ids, id))
		return 0;
	if (prog->type != BPF_PROG_TYPE_TRACING || prog->aux->dst_prog ||
	    !btf_id_set_contains(&oom_hook_ids, prog->aux->attach_btf_id))
		return -EACCES;
	return prog->expected_attach_type == BPF_MODIFY_RETURN ? 0 : check_program(prog);
}

static const struct btf_kfunc_id_set oom_fmodret_set = {
	.owner = THIS_MODULE,
	.set = &oom_fmodret_ids,
	.filter = oom_fmodret_filter,
};

static const struct btf_kfunc_id_set oom_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &oom_kfunc_ids,
	.filter = oom_kfunc_filter,
};

static int __init oom_kfuncs_init(void)
{
	int ret;

	ret = register_btf_fmodret_id_set(&oom_fmodret_set);
	ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &oom_kfunc_set);
	if (ret)
		pr_err("oom: cannot register the hooks for BPF programs: %d\n", ret);
	return ret;
}
late_initcall(oom_kfuncs_init);
