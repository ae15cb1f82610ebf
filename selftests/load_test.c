// SPDX-License-Identifier: GPL-2.0
/* What may be loaded and attached, by whom, and what the verifier says. */
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <bpf/btf.h>

#include "oom_env.h"
#include "refused.skel.h"

/* Load one of the programs, and nothing else: 0 or -errno. */
static int load_only(struct refused_bpf *skel, const char *name)
{
	struct bpf_program *prog;

	prog = bpf_object__find_program_by_name(skel->obj, name);
	if (!prog)
		return -ESRCH;
	bpf_program__set_autoload(prog, true);
	return refused_bpf__load(skel);
}

FIXTURE(load)
{
	struct refused_bpf *skel;
};

FIXTURE_VARIANT(load)
{
	const char *program;
	const char *reason;	/* what the verifier has to say; NULL: nothing */
};

#define NO_KFUNC "calling kernel function set_oom_policy_name is not allowed"

FIXTURE_VARIANT_ADD(load, L5_fail_kfunc_in_kprobe)
{
	.program = "kfunc_in_kprobe", .reason = NO_KFUNC,
};

FIXTURE_VARIANT_ADD(load, L5_fail_kfunc_in_syscall)
{
	.program = "kfunc_in_syscall", .reason = NO_KFUNC,
};

FIXTURE_VARIANT_ADD(load, L5_fail_kfunc_in_raw_tp)
{
	.program = "kfunc_in_raw_tp", .reason = NO_KFUNC,
};

FIXTURE_VARIANT_ADD(load, L5_fail_kfunc_in_cgroup)
{
	.program = "kfunc_in_cgroup", .reason = NO_KFUNC,
};

FIXTURE_VARIANT_ADD(load, L5_fail_kfunc_in_tp_btf)
{
	.program = "kfunc_in_tp_btf", .reason = NO_KFUNC,
};

FIXTURE_VARIANT_ADD(load, L5_fail_kfunc_at_oom_badness)
{
	.program = "kfunc_at_oom_badness", .reason = NO_KFUNC,
};

FIXTURE_VARIANT_ADD(load, L5_fail_kfunc_at_out_of_memory)
{
	.program = "kfunc_at_out_of_memory", .reason = NO_KFUNC,
};

FIXTURE_VARIANT_ADD(load, H3_fail_sleepable_verdict)
{
	.program = "sleepable_verdict", .reason = "is not sleepable",
};

FIXTURE_VARIANT_ADD(load, H3_fail_sleepable_name)
{
	.program = "sleepable_name", .reason = "is not sleepable",
};

FIXTURE_VARIANT_ADD(load, H4_fail_task_as_trusted)
{
	.program = "task_as_trusted", .reason = "R1 ",
};

FIXTURE_VARIANT_ADD(load, H1_fail_modify_oom_badness)
{
	.program = "modify_oom_badness", .reason = "is not modifiable",
};

FIXTURE_VARIANT_ADD(load, H1_fail_modify_set_policy_name)
{
	.program = "modify_set_policy_name", .reason = "is not modifiable",
};

FIXTURE_VARIANT_ADD(load, L5_kfunc_at_name_hook)
{
	.program = "kfunc_at_name_hook",
};

FIXTURE_VARIANT_ADD(load, L5_kfunc_at_verdict_hook)
{
	.program = "kfunc_at_verdict_hook",
};

FIXTURE_VARIANT_ADD(load, L5_kfunc_after_verdict_hook)
{
	.program = "kfunc_after_verdict_hook",
};

FIXTURE_SETUP(load)
{
	libbpf_set_print(keep_log);
	self->skel = refused_bpf__open();
	ASSERT_NE(NULL, self->skel) TH_LOG("%s", libbpf_log);
}

FIXTURE_TEARDOWN(load)
{
	refused_bpf__destroy(self->skel);
}

TEST_F(load, verifier)
{
	int ret = load_only(self->skel, variant->program);

	if (!variant->reason) {
		ASSERT_EQ(0, ret) TH_LOG("%s", libbpf_log);
		return;
	}
	ASSERT_GT(0, ret) TH_LOG("%s was loaded", variant->program);
	ASSERT_NE(NULL, strstr(libbpf_log, variant->reason))
		TH_LOG("not \"%s\" but: %s", variant->reason, libbpf_log);
}

/* L4: a name that was looked up in a map and is not there. */
TEST(L4_null_name)
{
	struct refused_bpf *skel;
	struct bpf_link *link;
	struct env e = { };

	libbpf_set_print(keep_log);
	skel = refused_bpf__open();
	ASSERT_NE(NULL, skel) TH_LOG("%s", libbpf_log);
	if (load_only(skel, "null_name")) {
		ASSERT_NE(NULL, strstr(libbpf_log, "Possibly NULL pointer"))
			TH_LOG("%s", libbpf_log);
		return;
	}
	ASSERT_EQ(0, env_start(&e, scene_memcg)) TH_LOG("%s", libbpf_log);
	link = bpf_program__attach(skel->progs.null_name);
	EXPECT_NE(NULL, link);
	EXPECT_EQ(0, attach(&e, e.skel->progs.first));
	EXPECT_EQ(0, scene_hogs(&e.s, false, 0));
	rule_pid(e.table, &e.s.small, BPF_EVAL_SELECT);
	EXPECT_EQ(0, scene_oom(&e.s));
	EXPECT_EQ(SIGKILL, hog_killed(&e.s.small, PATIENCE));
	EXPECT_EQ(-EINVAL, skel->bss->null_ret);
	EXPECT_TRUE(has_label(&e.s.log, "bpf"));
	bpf_link__destroy(link);
	env_end(&e);
	refused_bpf__destroy(skel);
}

/* H2: the verdicts are in BTF under their names, with their values. */
TEST(H2_verdicts_in_btf)
{
	static const char * const names[] = {
		"NO_BPF_POLICY", "BPF_EVAL_ABORT", "BPF_EVAL_NEXT", "BPF_EVAL_SELECT",
		"BPF_EVAL_STOP",
	};
	struct btf *btf = btf__load_vmlinux_btf();
	const struct btf_type *t;
	unsigned int i;
	int id;

	ASSERT_NE(NULL, btf);
	id = btf__find_by_name_kind(btf, "bpf_oom_verdict", BTF_KIND_ENUM);
	ASSERT_GT(id, 0) TH_LOG("no enum bpf_oom_verdict in BTF");
	t = btf__type_by_id(btf, id);
	ASSERT_GE(btf_vlen(t), 5);
	for (i = 0; i < 5; i++) {
		ASSERT_STREQ(names[i], btf__name_by_offset(btf, btf_enum(t)[i].name_off));
		ASSERT_EQ((int)i, btf_enum(t)[i].val);
	}
	btf__free(btf);
}

/* The interface: names and order of the arguments. */
static void check_func(struct __test_metadata *_metadata, struct btf *btf,
		       const char *func, int nr, const char * const *structs)
{
	const struct btf_type *t;
	int i, id;

	id = btf__find_by_name_kind(btf, func, BTF_KIND_FUNC);
	ASSERT_GT(id, 0) TH_LOG("no function %s in BTF", func);
	t = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	ASSERT_EQ(nr, btf_vlen(t)) TH_LOG("%s", func);
	for (i = 0; i < nr && structs[i]; i++) {
		const struct btf_type *arg = btf__type_by_id(btf, btf_params(t)[i].type);

		ASSERT_TRUE(btf_is_ptr(arg));
		arg = btf__type_by_id(btf, arg->type);
		ASSERT_STREQ(structs[i], btf__name_by_offset(btf, arg->name_off));
	}
}

TEST(H1_hooks_in_btf)
{
	static const char * const evaluate[] = { "task_struct", "oom_control" };
	static const char * const name[] = { "oom_control", NULL, NULL };
	struct btf *btf = btf__load_vmlinux_btf();

	ASSERT_NE(NULL, btf);
	check_func(_metadata, btf, "bpf_oom_evaluate_task", 2, evaluate);
	check_func(_metadata, btf, "bpf_set_policy_name", 1, name);
	check_func(_metadata, btf, "set_oom_policy_name", 3, name);
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

FIXTURE_VARIANT_ADD(caps, no_bpf)
{
	.cap = CAP_BPF,
};

FIXTURE_VARIANT_ADD(caps, no_perfmon)
{
	.cap = CAP_PERFMON,
};

FIXTURE_SETUP(caps)
{
	libbpf_set_print(keep_log);
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
	/* CAP_SYS_ADMIN holds both. */
	for (i = 0; i < 2; i++) {
		data[caps[i] / 32].effective &= ~(1U << caps[i] % 32);
		data[caps[i] / 32].permitted &= ~(1U << caps[i] % 32);
	}
	return syscall(SYS_capset, &hdr, data) ? -errno : 0;
}

TEST_F(caps, fail_load)
{
	struct refused_bpf *skel = refused_bpf__open();

	/* With them it can be loaded. */
	ASSERT_NE(NULL, skel);
	ASSERT_EQ(0, load_only(skel, "kfunc_at_verdict_hook")) TH_LOG("%s", libbpf_log);
	refused_bpf__destroy(skel);

	ASSERT_EQ(0, drop_caps(variant->cap));
	skel = refused_bpf__open();
	ASSERT_NE(NULL, skel);
	ASSERT_EQ(-EPERM, load_only(skel, "kfunc_at_verdict_hook")) TH_LOG("%s", libbpf_log);
	refused_bpf__destroy(skel);
}

TEST_HARNESS_MAIN
