// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "cgroup.h"
#include "kernel.h"
#include "pins.h"
#include "policy.h"
#include "say.h"

/*
 * Attach a program that does nothing, for a moment, to a function of any kernel:
 * 0, or -errno of the first thing that failed.
 */
static int try_to_attach(void)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY);
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int btf_id = libbpf_find_vmlinux_btf_id("out_of_memory", BPF_TRACE_FENTRY), prog, link;

	if (btf_id < 0)
		return btf_id;
	opts.attach_btf_id = btf_id;
	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "probe", "GPL", insns, 2, &opts);
	if (prog < 0)
		return prog;
	link = bpf_link_create(prog, 0, BPF_TRACE_FENTRY, NULL);
	close(prog);
	if (link >= 0)
		close(link);
	return link < 0 ? link : 0;
}

/*
 * Not read from the capabilities: to have them is not enough where a container is
 * around them. For what is loaded already, it takes more than to load.
 */
static bool can_load(void)
{
	uint32_t id;

	return try_to_attach() != -EPERM && bpf_link_get_next_id(0, &id) != -EPERM;
}

/* Is this function in the kernel's own description of itself? */
static bool in_btf(const char *function)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool found = btf && btf__find_by_name_kind(btf, function, BTF_KIND_FUNC) > 0;

	btf__free(btf);
	return found;
}

static bool has_btf(void)
{
	return !access("/sys/kernel/btf/vmlinux", R_OK);
}

static bool has_hook(void)
{
	return in_btf(HOOK) && in_btf(NAME_HOOK);
}

static bool has_kfunc(void)
{
	return in_btf(KFUNC);
}

static bool has_jit(void)
{
	FILE *file = fopen("/proc/sys/net/core/bpf_jit_enable", "r");
	int value = 0;

	if (!file)
		return false;
	if (fscanf(file, "%d", &value) != 1)
		value = 0;
	fclose(file);
	return value > 0;
}

static bool has_direct_calls(void)
{
	return !try_to_attach();
}

static bool has_objects(void)
{
	return policy_find(ANY_POLICY);
}

/* Only a program that the kernel refuses counts, not a lack of memory or rights. */
static bool loads_policy(void)
{
	struct bpf_object *obj;

	if (!policy_find(ANY_POLICY))
		return false;
	obj = program_load(&(struct setup){ .policy = policy_find(ANY_POLICY) });
	if (!obj)
		return errno == ENOMEM || errno == EPERM;
	bpf_object__close(obj);
	return true;
}

static bool is_mounted(const char *path, long magic)
{
	struct statfs fs;

	return !statfs(path, &fs) && (long)fs.f_type == magic;
}

static bool has_bpffs(void)
{
	return is_mounted(BPFFS, BPF_FS_MAGIC);
}

#define MOUNT_CGROUP2	"mount -t cgroup2 cgroup2 " CGROUPS ", or boot with systemd.unified_cgroup_hierarchy=1"

static char cgroup2_remedy[512] = MOUNT_CGROUP2;

static bool has_cgroup2(void)
{
	FILE *mounts;
	struct mntent *m;

	if (is_mounted(CGROUPS, CGROUP2_SUPER_MAGIC))
		return true;
	mounts = setmntent("/proc/self/mounts", "r");
	while (mounts && (m = getmntent(mounts))) {
		if (strcmp(m->mnt_type, "cgroup2"))
			continue;
		snprintf(cgroup2_remedy, sizeof(cgroup2_remedy),
			 "it is mounted on %s: mount --bind %s " CGROUPS, m->mnt_dir, m->mnt_dir);
		break;
	}
	if (mounts)
		endmntent(mounts);
	return false;
}

static bool has_memory(void)
{
	char buf[512] = "";
	FILE *file = fopen(CGROUPS "/cgroup.controllers", "r");

	if (!file)
		return false;
	if (!fgets(buf, sizeof(buf), file))
		buf[0] = '\0';
	fclose(file);
	return strstr(buf, "memory");
}

/* Others may have made it; what is not there can be made. */
static bool has_pins(void)
{
	struct stat st;

	return lstat(PINS, &st) ? errno == ENOENT : S_ISDIR(st.st_mode) && pins_safe(&st);
}

/* A number in a file of /proc/sys, 0 if it is not there. */
static long sysctl(const char *name)
{
	char path[128];
	long value = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%ld", &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

static bool does_not_panic(void)
{
	return !sysctl("vm/panic_on_oom");
}

static bool does_not_kill_current(void)
{
	return !sysctl("vm/oom_kill_allocating_task");
}

static bool runs_programs(void)
{
	return access("/proc/sys/kernel/ftrace_enabled", F_OK) || sysctl("kernel/ftrace_enabled");
}

/*
 * In this order: each may fail because an earlier one does. Those that switch loaded
 * policies off do not keep one from being loaded.
 */
static const struct check {
	const char *name;
	bool (*works)(void);
	int status;
	const char *remedy;
	const char *warning;
} checks[] = {
	{ "capabilities", can_load, NO_RIGHTS,
	  "run it as root, or with CAP_SYS_ADMIN, and not in a container" },
	{ "BTF", has_btf, NO_SUPPORT,
	  "use a kernel with CONFIG_DEBUG_INFO_BTF=y: /sys/kernel/btf/vmlinux is not there" },
	{ "hook", has_hook, NO_SUPPORT,
	  "use a kernel with the OOM policy series: " HOOK "() is not in this one" },
	{ "kfunc", has_kfunc, NO_SUPPORT,
	  "use a kernel with the whole series: " KFUNC "() is not in this one" },
	{ "JIT", has_jit, NO_SUPPORT,
	  "use a kernel with CONFIG_BPF_JIT=y, and sysctl net.core.bpf_jit_enable=1" },
	{ "ftrace direct calls", has_direct_calls, NO_SUPPORT,
	  "use a kernel with CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y and CONFIG_FUNCTION_TRACER=y" },
	{ "objects", has_objects, FAILED,
	  "make install, or set " POLICY_PATH " to the folder of the policies" },
	{ "policy", loads_policy, NO_SUPPORT, refusal },
	{ "bpffs", has_bpffs, FAILED, MOUNT_BPFFS },
	{ "pins", has_pins, NO_RIGHTS,
	  PINS " is owned or writable by others; remove it and remount bpffs with mode=700" },
	{ "cgroup2", has_cgroup2, FAILED, cgroup2_remedy },
	{ "memory controller", has_memory, FAILED,
	  "use a kernel with CONFIG_MEMCG=y, booted without cgroup_disable=memory" },
	{ "panic_on_oom", does_not_panic, FAILED, "sysctl vm.panic_on_oom=0",
	  "vm.panic_on_oom is set: the kernel panics before it asks a policy" },
	{ "allocating task", does_not_kill_current, FAILED, "sysctl vm.oom_kill_allocating_task=0",
	  "vm.oom_kill_allocating_task is set: if the whole machine is out of memory, the kernel kills whoever asks for some, and asks no policy" },
	{ "ftrace", runs_programs, FAILED, "sysctl kernel.ftrace_enabled=1",
	  "kernel.ftrace_enabled is 0: the kernel does not call the programs of policies" },
};

#define UNKNOWN		"cannot be checked without the capabilities"
#define NOT_MOUNTED	"cannot be checked without cgroup2"
#define NR_CHECKS (sizeof(checks) / sizeof(*checks))

bool kernel_check(int number, struct kernel_check *result)
{
	const struct check *c = &checks[number];

	if (number >= (int)NR_CHECKS)
		return false;
	*result = (struct kernel_check){ .name = c->name, .works = c->works(), .status = c->status };
	/* Without the right to load a program, a failure to load one says nothing. */
	result->unknown = (c->works == has_direct_calls || c->works == loads_policy) && !can_load();
	result->remedy = result->works ? NULL : result->unknown ? UNKNOWN : c->remedy;
	if (!result->works && c->works == has_memory && !has_cgroup2()) {
		result->unknown = true;
		result->remedy = NOT_MOUNTED;
	}
	return true;
}

void kernel_warn(void)
{
	size_t i;

	for (i = 0; i < NR_CHECKS; i++) {
		if (checks[i].warning && !checks[i].works())
			say("warning: %s; %s", checks[i].warning, checks[i].remedy);
	}
}

int kernel_explain(int errnum, const char *what)
{
	size_t i;

	/* The trampoline of a function is full: no fault of the kernel's. */
	if (errnum == E2BIG)
		return fail(FAILED, "%s: too many programs on the hook; unload some", what);
	for (i = 0; i < NR_CHECKS; i++) {
		if (!checks[i].warning && !checks[i].works())
			return fail(checks[i].status, "%s: %s: %s", what, checks[i].name,
				    checks[i].remedy);
	}
	return fail(FAILED, "%s: %s; all checks are passed%s", what, strerror(errnum),
		    verbose ? "" : ", -v shows what the kernel said");
}

struct bpf_object *kernel_load(const struct setup *setup, int *status)
{
	struct bpf_object *obj = program_load(setup);

	if (!obj)
		*status = errno == EINVAL || errno == EACCES ? fail(NO_SUPPORT, "%s", refusal) :
			  kernel_explain(errno, setup->policy->name);
	return obj;
}
