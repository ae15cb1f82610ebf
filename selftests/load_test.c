// SPDX-License-Identifier: GPL-2.0
/* Which programs load, for whom, and the reason if they do not. */
#include <linux/capability.h>
#include <sys/syscall.h>

#include <bpf/btf.h>

#include "oom_env.h"
#include "example_select.skel.h"
#include "refused.skel.h"

/* Load one program of refused.bpf.c and nothing else: 0 or -errno. */
static int load_only(struct refused_bpf *skel, const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(skel->obj, name);

	if (!prog)
		return -ESRCH;
	/* Or somebody has to map it. */
	bpf_map__set_map_extra(skel->maps.arena, 1 << 30);
	bpf_program__set_autoload(prog, true);
	libbpf_log[0] = '\0';
	return refused_bpf__load(skel);
}

/*
 * One program of refused.bpf.c is loaded, and none other. It loads, or it is refused with
 * the words of the variant: those of the verifier, and in the kernel log those of the hook.
 */
FIXTURE(load)
{
	struct refused_bpf *skel;
	struct klog log;
};

FIXTURE_VARIANT(load)
{
	const char *program;
	const char *verifier;	/* in the log of libbpf and of the verifier */
	const char *kernel;	/* in the kernel log, from the hook's filter */
};

FIXTURE_SETUP(load)
{
	SKIP_WITHOUT_HOOK();
	ASSERT_EQ(0, log_open(&self->log));
}

FIXTURE_TEARDOWN(load)
{
	refused_bpf__destroy(self->skel);
	log_close(&self->log);
}

#define LOAD(name, ...) FIXTURE_VARIANT_ADD(load, name) { __VA_ARGS__ }

#define NO_KFUNC	"calling kernel function set_oom_policy_name is not allowed"
#define NOT_MODIFIABLE	"is not modifiable"

LOAD(L5_fail_kfunc_in_kprobe, "kfunc_in_kprobe", NO_KFUNC);
LOAD(L5_fail_kfunc_in_syscall, "kfunc_in_syscall", NO_KFUNC);
LOAD(L5_fail_kfunc_in_raw_tp, "kfunc_in_raw_tp", NO_KFUNC);
LOAD(L5_fail_kfunc_in_cgroup, "kfunc_in_cgroup", NO_KFUNC);
LOAD(L5_fail_kfunc_in_tp_btf, "kfunc_in_tp_btf", NO_KFUNC);
LOAD(L5_fail_kfunc_at_oom_badness, "kfunc_at_oom_badness", NO_KFUNC);
LOAD(L5_fail_kfunc_at_out_of_memory, "kfunc_at_out_of_memory", NO_KFUNC);
LOAD(L5_kfunc_at_name_hook, "kfunc_at_name_hook");
LOAD(L5_kfunc_at_hook, "kfunc_at_hook");
LOAD(L5_kfunc_after_hook, "kfunc_after_hook");
LOAD(H3_fail_sleepable_hook, "sleepable_hook", "is not sleepable");
LOAD(H3_fail_sleepable_name, "sleepable_name", "is not sleepable");
LOAD(H4_fail_task_as_trusted, "task_as_trusted", "R1 ");
LOAD(H1_fail_modify_oom_badness, "modify_badness", NOT_MODIFIABLE);
LOAD(H1_fail_modify_set_policy_name, "modify_name", NOT_MODIFIABLE);

#define H8(name, reason)	LOAD(H8_fail_##name, #name, NOT_MODIFIABLE, reason)

H8(nested_loop, "callback");
H8(nested_each, "callback");
H8(nested_for, "kfunc bpf_iter_num_new");
H8(nested_may_goto, "may_goto");
H8(task_iterator, "kfunc bpf_iter_task_new");
H8(global_function, "global function global_step");
H8(tail_call, "map progs: type");
H8(uses_arena, "arena");
H8(prints, "helper bpf_trace_printk");
H8(wide_snprintf, "helper bpf_snprintf");
H8(finds_string, "kfunc bpf_strstr");
H8(size_variable, "size of bpf_probe_read_kernel is not a constant up to 256");
H8(size_too_big, "size of bpf_probe_read_kernel is not a constant up to 256");
H8(size_of_caller, "size of bpf_probe_read_kernel is not a constant up to 256");
H8(size_one_way, "size of bpf_probe_read_kernel is not a constant up to 256");
H8(size_long_way, "size of bpf_probe_read_kernel is not a constant up to 256");
H8(map_long_key, "map long_key: key above 64 or value above 256 bytes");
H8(map_long_value, "map long_value: key above 64 or value above 256 bytes");
H8(map_seeded, "map seeded: fixed hash seed");
H8(map_trie, "map trie: type");
H8(map_devices, "map devices: type");
H8(map_list, "map list: value with special fields");
LOAD(H8_fail_loop_in_name, "loop_in_name", NO_KFUNC, "callback");
LOAD(H8_bounded_loop, "bounded_loop");
LOAD(H8_size_constant, "size_constant");
LOAD(H8_size_branch, "size_branch");
LOAD(H8_map_fits, "map_fits");

TEST_F(load, verifier)
{
	long end = now_ms() + PATIENCE;
	char line[128], reason[128];
	bool dead_code = false;

	/* On a kernel without the kfunc its call is dead code, and no reason to refuse. */
	if (!strcmp(variant->program, "finds_string")) {
		struct btf *btf = btf__load_vmlinux_btf();

		dead_code = btf__find_by_name_kind(btf, "bpf_strstr", BTF_KIND_FUNC) < 0;
		btf__free(btf);
	}
	/* The kernel prints ten reasons in five seconds: repeated until it does. */
	snprintf(line, sizeof(line), "oom: BPF program %.15s refused, instruction ",
		 variant->program);
	snprintf(reason, sizeof(reason), ": %s; see Documentation/bpf/oom.rst\n", variant->kernel);
	do {
		int ret;

		refused_bpf__destroy(self->skel);
		self->skel = refused_bpf__open();
		ASSERT_NE(NULL, self->skel) TH_LOG("%s", libbpf_log);
		ret = load_only(self->skel, variant->program);
		if (!variant->verifier || dead_code) {
			ASSERT_EQ(0, ret) TH_LOG("%s", libbpf_log);
			ASSERT_EQ(0, log_count(&self->log, "refused, instruction"));
			return;
		}
		ASSERT_GT(0, ret) TH_LOG("%s was loaded", variant->program);
		ASSERT_NE(NULL, strstr(libbpf_log, variant->verifier))
			TH_LOG("not \"%s\" but: %s", variant->verifier, libbpf_log);
		if (!variant->kernel)
			return;
	} while (!log_wait(&self->log, line, 500) && now_ms() < end);
	ASSERT_GT(log_count(&self->log, line), 0) TH_LOG("no \"%s\"", line);
	ASSERT_EQ(log_count(&self->log, line), log_count(&self->log, reason))
		TH_LOG("not \"%s\" but: %s", reason, log_read(&self->log));
}

/*
 * H8: attached again, a program has instructions that were rewritten, such as its calls of
 * kfuncs. Another one is loaded meanwhile, as the filter keeps its last answer.
 */
TEST(H8_attached_again)
{
	struct refused_bpf *skel = refused_bpf__open(), *other = refused_bpf__open();
	struct bpf_link *link;

	SKIP_WITHOUT_HOOK();
	ASSERT_EQ(0, load_only(skel, "kfunc_at_hook")) TH_LOG("%s", libbpf_log);
	link = bpf_program__attach(skel->progs.kfunc_at_hook);
	ASSERT_NE(NULL, link);
	bpf_link__destroy(link);
	ASSERT_EQ(0, load_only(other, "bounded_loop")) TH_LOG("%s", libbpf_log);
	refused_bpf__destroy(other);
	link = bpf_program__attach(skel->progs.kfunc_at_hook);
	ASSERT_NE(NULL, link) TH_LOG("%s", libbpf_log);
	bpf_link__destroy(link);
	refused_bpf__destroy(skel);
}

/* H8: an extension would run without the hook's filter having seen it. */
FIXTURE(extension)
{
};

FIXTURE_VARIANT(extension)
{
	const char *program, *target, *verifier;
};

FIXTURE_SETUP(extension)
{
	SKIP_WITHOUT_HOOK();
}

FIXTURE_TEARDOWN(extension)
{
}

FIXTURE_VARIANT_ADD(extension, H8_fail_main) {
	"replace_main", "target_policy", "Cannot "
};

FIXTURE_VARIANT_ADD(extension, H8_fail_static) {
	"replace_static", "static_step", "Cannot extend fmod_ret"
};

TEST_F(extension, verifier)
{
	struct refused_bpf *policy = refused_bpf__open(), *skel = refused_bpf__open();
	struct bpf_program *prog;

	ASSERT_TRUE(policy && skel);
	ASSERT_EQ(0, load_only(policy, "target_policy")) TH_LOG("%s", libbpf_log);
	prog = bpf_object__find_program_by_name(skel->obj, variant->program);
	ASSERT_EQ(0, bpf_program__set_attach_target(prog,
						    bpf_program__fd(policy->progs.target_policy),
						    variant->target));
	ASSERT_GT(0, load_only(skel, variant->program)) TH_LOG("it was loaded");
	ASSERT_NE(NULL, strstr(libbpf_log, variant->verifier)) TH_LOG("%s", libbpf_log);
	refused_bpf__destroy(skel);
	refused_bpf__destroy(policy);
}

/* L4: a name that was looked up in a map and is not there. */
ENV_FIXTURE(null)

TEST_F(null, L4_name)
{
	struct refused_bpf *skel = refused_bpf__open();
	struct bpf_link *link;

	ASSERT_NE(NULL, skel) TH_LOG("%s", libbpf_log);
	if (load_only(skel, "null_name")) {
		ASSERT_NE(NULL, strstr(libbpf_log, "Possibly NULL pointer"))
			TH_LOG("%s", libbpf_log);
		return;
	}
	link = bpf_program__attach(skel->progs.null_name);
	ASSERT_NE(NULL, link);
	ATTACH(first);
	START_HOGS();
	VERDICT(small, SELECT);
	RUN_OOM();
	ASSERT_VICTIM(small);
	ASSERT_EQ(-EINVAL, skel->bss->null_ret);
	ASSERT_LABEL("bpf victim=policy");
	bpf_link__destroy(link);
	refused_bpf__destroy(skel);
}

/* H2: the verdicts are in BTF under their names, with their values. */
TEST(H2_verdicts_in_btf)
{
	static const char * const names[] = {
		"NO_BPF_POLICY", "BPF_EVAL_ABORT", "BPF_EVAL_NEXT", "BPF_EVAL_SELECT",
		"BPF_EVAL_STOP", "BPF_EVAL_NOWAIT",
	};
	struct btf *btf = btf__load_vmlinux_btf();
	const struct btf_type *t;
	int i, id;

	SKIP_WITHOUT_HOOK();
	ASSERT_NE(NULL, btf);
	id = btf__find_by_name_kind(btf, "bpf_oom_verdict", BTF_KIND_ENUM);
	ASSERT_GT(id, 0) TH_LOG("no enum bpf_oom_verdict in BTF");
	t = btf__type_by_id(btf, id);
	ASSERT_EQ(6, btf_vlen(t));
	for (i = 0; i < 6; i++) {
		ASSERT_STREQ(names[i], btf__name_by_offset(btf, btf_enum(t)[i].name_off));
		ASSERT_EQ(i, btf_enum(t)[i].val);
	}
	btf__free(btf);
}

/* The interface: names, and order of the arguments. */
TEST(H1_hooks_in_btf)
{
	static const struct {
		const char *name;
		int nr;
		const char *args[2];	/* structs pointed to */
	} funcs[] = {
		{ "bpf_oom_evaluate_task", 2, { "task_struct", "oom_control" } },
		{ "bpf_set_policy_name", 1, { "oom_control" } },
		{ "set_oom_policy_name", 3, { "oom_control" } },
	};
	struct btf *btf = btf__load_vmlinux_btf();
	const struct btf_type *t, *arg;
	int f, i, id;

	SKIP_WITHOUT_HOOK();
	ASSERT_NE(NULL, btf);
	for (f = 0; f < 3; f++) {
		id = btf__find_by_name_kind(btf, funcs[f].name, BTF_KIND_FUNC);
		ASSERT_GT(id, 0) TH_LOG("no function %s in BTF", funcs[f].name);
		t = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
		ASSERT_EQ(funcs[f].nr, btf_vlen(t)) TH_LOG("%s", funcs[f].name);
		for (i = 0; i < 2 && funcs[f].args[i]; i++) {
			arg = btf__type_by_id(btf, btf_params(t)[i].type);
			ASSERT_TRUE(btf_is_ptr(arg));
			arg = btf__type_by_id(btf, arg->type);
			ASSERT_STREQ(funcs[f].args[i], btf__name_by_offset(btf, arg->name_off));
		}
	}
	btf__free(btf);
}

/* To load a program takes both capabilities, so to attach one does, too. */
FIXTURE(caps)
{
};

FIXTURE_VARIANT(caps)
{
	int cap;
};

FIXTURE_VARIANT_ADD(caps, no_bpf) { CAP_BPF };
FIXTURE_VARIANT_ADD(caps, no_perfmon) { CAP_PERFMON };

FIXTURE_SETUP(caps)
{
	SKIP_WITHOUT_HOOK();
}

FIXTURE_TEARDOWN(caps)
{
}

static int drop_caps(int one)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	int caps[] = { CAP_SYS_ADMIN, one }, i;

	if (syscall(SYS_capget, &hdr, data))
		return -errno;
	/* CAP_SYS_ADMIN includes both. */
	for (i = 0; i < 2; i++) {
		data[caps[i] / 32].effective &= ~(1U << caps[i] % 32);
		data[caps[i] / 32].permitted &= ~(1U << caps[i] % 32);
	}
	return syscall(SYS_capset, &hdr, data) ? -errno : 0;
}

TEST_F(caps, fail_load)
{
	struct example_select_bpf *skel = example_select_bpf__open_and_load();

	ASSERT_NE(NULL, skel) TH_LOG("%s", libbpf_log);
	example_select_bpf__destroy(skel);
	ASSERT_EQ(0, drop_caps(variant->cap));
	ASSERT_EQ(NULL, example_select_bpf__open_and_load());
	ASSERT_EQ(EPERM, errno) TH_LOG("%s", libbpf_log);
}

TEST_HARNESS_MAIN
