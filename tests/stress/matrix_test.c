// SPDX-License-Identifier: GPL-2.0
/*
 * Every wrong policy in every kind of OOM: P5. In each cell the same OOM is
 * made without a policy, once in a boot, and with it; then:
 *
 *	time	at most BOUND_FACTOR times what it took without the policy, and
 *		BOUND_MS, and what the rules allow a slow policy and the reaper
 *	victim	the one that the rules say, and nobody else
 *	log	at most LINES_FACTOR times the lines, and LINES_MORE
 *	label	who decided, and the reason of a fallback (L3), or none (L2)
 *	trace	an event with that outcome (L6)
 *
 * The domain is that of a scene: big, which the kernel alone would take, small
 * and trigger. Like global_test this is for a machine that can be lost, and
 * does nothing unless OOM_TEST_GLOBAL=1 says so.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

#include "oom_env.h"
#include "oom_global.h"
#include "oom_odd.h"
#include "progs/wrong.h"
#include "wrong.skel.h"

#define BOUND_FACTOR	3
#define BOUND_MS	2000
#define LINES_FACTOR	2
#define LINES_MORE	20
/* A slow program wastes that for each task, ms; the deadline of rule P4. */
#define BURN_MS		1500
#define DEADLINE_MS	1000
/* CPU time of a program for each task, ms, where the trigger has a quarter of a CPU. */
#define BURN_CPU_MS	110
#define THROTTLE	4
/* When the reaper comes to a victim that does not end, ms; OOM_REAPER_DELAY. */
#define REAPER_MS	2000

/* For the harness, seconds: an OOM that is not resolved is to be said to be so. */
#define LIMIT		120

#define DOMAINS		4	/* of several OOMs at once */
/* A memcg has half of what a scene has, as there are hundreds of them. */
#define DOMAIN		(28 * MIB)
#define DOMAIN_SHARE	(MIB / 4)
#define DOMAIN_GROW	(9 * MIB)
#define MAX_MEMBERS	24

enum kind {
	MEMCG,		/* page faults in a memcg */
	KERNEL,		/* system calls in a memcg that charge kernel memory */
	NESTED,		/* a memcg below another that has more */
	GROUP,		/* memory.oom.group on the cgroup of each */
	SINGLE,		/* a memcg with one process */
	SEVERAL,	/* memcgs at the same time */
	GLOBAL,		/* the whole machine */
	CPUSET,		/* one node of it, by cpuset */
	MEMPOLICY,	/* and by mempolicy */
	SYSRQ,		/* by hand */
};

/* The target of the policy, beside big, small and trigger. */
enum target {
	NOTHING,
	SMALL,
	ZOMBIE,		/* the process has ended */
	LEADERLESS,	/* small, whose leader has gone while a thread lives */
	REAPED,		/* a victim whose memory is gone, and who is not */
	DYING,		/* a victim that has its memory yet */
	IN_VFORK,	/* a child of small's */
	SHARING,	/* a child of small's, with the same memory */
};

/* The victim. The last is the one selected last. */
enum who { THE_BIG, THE_TARGET, THE_TRIGGER, THE_LAST, ANYBODY };

struct member {
	struct hog *hog;
	pid_t pid;
	int domain;	/* -1: outside */
	struct cg *cg;
};

struct testbed {
	enum kind kind;
	int domains;
	struct scene s[DOMAINS];
	struct cg cg_outer, cg_outside, cg_target;
	struct hog outsider, target, mates[2];
	struct member members[MAX_MEMBERS];
	int nr_members;
};

static void member(struct testbed *bed, struct hog *hog, int domain, struct cg *cg)
{
	bed->members[bed->nr_members++] = (struct member){
		.hog = hog, .pid = hog->pid, .domain = domain, .cg = cg };
}

static bool is_global(enum kind kind)
{
	return kind == GLOBAL || kind == CPUSET || kind == MEMPOLICY || kind == SYSRQ;
}

/* Bind to a node what is allocated and forked from here on; -1: to none. */
static int bind_node(int node)
{
	unsigned long mask = 1UL << node;

	if (node < 0)
		return syscall(SYS_set_mempolicy, 0, NULL, 0) ? -errno : 0;
	return syscall(SYS_set_mempolicy, 2, &mask, 8 * sizeof(mask)) ? -errno : 0;
}

static int memcg_start(struct scene *s, const struct cg *parent, const char *name)
{
	char max[32];
	int ret = scene_memcg_in(s, parent, name);

	s->share = DOMAIN_SHARE;
	s->grow = DOMAIN_GROW;
	snprintf(max, sizeof(max), "%lu", DOMAIN);
	return ret ?: cg_write(s->domain.path, "memory.max", max);
}

/* The cgroups and the trigger. */
static int testbed_start(struct testbed *bed, enum kind kind)
{
	static const char * const names[DOMAINS] = {
		"oom_test", "oom_test1", "oom_test2", "oom_test3" };
	int i, ret = 0;

	memset(bed, 0, sizeof(*bed));
	odd_can_hold_pipes();
	bed->kind = kind;
	bed->domains = kind == SEVERAL ? DOMAINS : 1;
	if (kind == NESTED) {
		ret = group_create(&bed->cg_outer, NULL, "oom_outer", 128 * MIB);
		ret = ret ?: cg_write(bed->cg_outer.path, "cgroup.subtree_control", "+memory");
	}
	if (kind == MEMPOLICY)
		ret = bind_node(0);
	for (i = 0; i < bed->domains && !ret; i++) {
		if (kind == SYSRQ || !is_global(kind))
			ret = memcg_start(&bed->s[i], kind == NESTED ? &bed->cg_outer : NULL, names[i]);
		else
			ret = scene_global(&bed->s[i]);
	}
	if (kind == CPUSET) {
		ret = ret ?: write_file(CGROUP_ROOT "/cgroup.subtree_control", "+cpuset");
		ret = ret ?: cg_write(bed->s[0].cg_big.path, "cpuset.mems", "0");
		ret = ret ?: cg_write(bed->s[0].cg_small.path, "cpuset.mems", "0");
		ret = ret ?: cg_write(bed->s[0].cg_trigger.path, "cpuset.mems", "0");
	}
	return ret ?: group_create(&bed->cg_outside, kind == NESTED ? &bed->cg_outer : NULL,
				"outside", 0);
}

/* A victim that does not end: its tracer holds it at its exit. */
static int start_doomed(struct testbed *bed, struct cg *cg, size_t size, bool reaped)
{
	char max[32];
	int ret;

	ret = hog_start(&bed->target, cg, size, 0);
	ret = ret ?: hold_at_exit(bed->target.pid);
	snprintf(max, sizeof(max), "%zu", size + MIB);
	ret = ret ?: cg_write(cg->path, "memory.max", max);
	ret = ret ?: hog_grow(&bed->target, 8 * MIB);
	if (!ret && !held(bed->target.pid, PATIENCE))
		return -ETIMEDOUT;
	/* Its memory comes from the domain, which is to be as it was. */
	ret = ret ?: cg_write(cg->path, "memory.max", "max");
	if (!ret && reaped && !log_wait(&bed->s[0].log, "oom_reaper: reaped", PATIENCE))
		return -ETIMEDOUT;
	return ret;
}

/* The processes. Messages that were logged on the way are forgotten. */
static int testbed_fill(struct testbed *bed, enum target target)
{
	size_t small, big;
	struct cg *cg;
	int i, ret = 0;

	/* Reports: ten in five seconds, and no more. One may be for the target. */
	usleep(600000 * (bed->domains + (target == REAPED || target == DYING)));
	for (i = 0; i < bed->domains && !ret; i++) {
		struct scene *s = &bed->s[i];

		if (bed->kind == CPUSET || bed->kind == MEMPOLICY) {
			s->share = node_share(0);
			/* More than the kernel can find beside what was free. */
			s->grow = s->share * 40;
		}
		member(bed, &s->trigger, i, &s->cg_trigger);
		if (bed->kind == SINGLE) {
			s->grow = 64 * MIB;
			continue;
		}
		scene_sizes(s, &big, &small);
		if (i || (target != LEADERLESS && target != IN_VFORK && target != SHARING))
			ret = hog_start(&s->small, &s->cg_small, small, 0);
		else if (target == LEADERLESS)
			ret = odd_leaderless(&s->small, &s->cg_small, small);
		else
			ret = odd_shared(&s->small, &bed->target, &s->cg_small, small,
					 CLONE_VM | (target == IN_VFORK ? CLONE_VFORK : 0));
		ret = ret ?: hog_start(&s->big, &s->cg_big, big, 0);
		member(bed, &s->small, i, &s->cg_small);
		member(bed, &s->big, i, &s->cg_big);
	}
	scene_sizes(&bed->s[0], &big, &small);
	if (bed->kind == GROUP) {
		ret = ret ?: hog_start(&bed->mates[0], &bed->s[0].cg_big, MIB / 2, 0);
		ret = ret ?: hog_start(&bed->mates[1], &bed->s[0].cg_small, MIB / 2, 0);
		ret = ret ?: cg_write(bed->s[0].cg_big.path, "memory.oom.group", "1");
		ret = ret ?: cg_write(bed->s[0].cg_small.path, "memory.oom.group", "1");
		member(bed, &bed->mates[0], 0, &bed->s[0].cg_big);
		member(bed, &bed->mates[1], 0, &bed->s[0].cg_small);
	}
	/* The biggest of all, where it is not to be had. */
	if (bed->kind == CPUSET)
		ret = ret ?: cg_write(bed->cg_outside.path, "cpuset.mems", "1");
	if (bed->kind == MEMPOLICY)
		ret = ret ?: bind_node(1);
	if (bed->kind != GLOBAL && bed->kind != SYSRQ) {
		ret = ret ?: hog_start(&bed->outsider, &bed->cg_outside, big + 2 * MIB, 0);
		member(bed, &bed->outsider, -1, &bed->cg_outside);
	}
	if (bed->kind == MEMPOLICY)
		ret = ret ?: bind_node(0);

	/* The target of a memcg with one process is not in it. */
	cg = &bed->cg_target;
	ret = ret ?: group_create(cg, bed->kind == SINGLE ? NULL :
			       bed->s[0].domain.path[0] ? &bed->s[0].domain : NULL, "target", 0);
	if (bed->kind == CPUSET)
		ret = ret ?: cg_write(cg->path, "cpuset.mems", "0");
	if (bed->kind == SINGLE && target == LEADERLESS)
		ret = ret ?: odd_leaderless(&bed->target, cg, small);
	else if (bed->kind == SINGLE && (target == IN_VFORK || target == SHARING))
		ret = ret ?: odd_shared(&bed->mates[0], &bed->target, cg, small,
					CLONE_VM | (target == IN_VFORK ? CLONE_VFORK : 0));
	else if (bed->kind == SINGLE && target == SMALL)
		ret = ret ?: hog_start(&bed->target, cg, small, 0);
	else if (target == ZOMBIE)
		ret = ret ?: odd_zombie(&bed->target, cg);
	else if (target == REAPED || target == DYING)
		ret = ret ?: start_doomed(bed, cg, small / 6, target == REAPED);
	else if (!bed->target.pid)
		bed->target = (struct hog){ .pid = bed->s[0].small.pid };
	if (bed->kind == MEMPOLICY)
		ret = ret ?: bind_node(-1);
	/* Domains at once: on different CPUs. */
	for (i = 0; i < bed->nr_members && !ret; i++)
		if (bed->members[i].domain > 0)
			ret = pin_to(bed->members[i].pid,
				     bed->members[i].domain % sysconf(_SC_NPROCESSORS_ONLN));
	log_close(&bed->s[0].log);
	return ret ?: log_open(&bed->s[0].log);
}

static void testbed_end(struct testbed *bed)
{
	int i;

	bind_node(-1);
	hog_stop(&bed->outsider);
	hog_stop(&bed->mates[0]);
	hog_stop(&bed->mates[1]);
	/* It may be held at its exit. */
	if (bed->target.pid)
		let_go(bed->target.pid);
	group_destroy(&bed->cg_target);
	for (i = 0; i < bed->domains; i++)
		scene_end(&bed->s[i]);
	group_destroy(&bed->cg_outside);
	group_destroy(&bed->cg_outer);
	memset(bed, 0, sizeof(*bed));
}

/*
 * Run out of memory in every domain: how long it took, ms, until each trigger
 * had what it asked for or was dead, or -errno.
 */
static long testbed_oom(struct testbed *bed)
{
	long start, end;
	int i, ret = 0;

	start = now_ms();
	end = start + PATIENCE * 2;
	if (bed->kind == SYSRQ) {
		ret = write_file("/proc/sysrq-trigger", "f");
		if (!ret && !log_wait(&bed->s[0].log, "Killed process", PATIENCE))
			return -ETIMEDOUT;
		return ret ?: now_ms() - start;
	}
	for (i = 0; i < bed->domains && !ret; i++) {
		if (bed->kind == KERNEL)
			ret = odd_grow_pipes(&bed->s[i].trigger, bed->s[i].grow);
		else
			ret = hog_grow(&bed->s[i].trigger, bed->s[i].grow);
	}
	for (i = 0; i < bed->domains && !ret; i++) {
		ret = hog_wait(&bed->s[i].trigger, end - now_ms());
		if (ret == -ECHILD)
			ret = 0;
	}
	return ret ?: now_ms() - start;
}

/* Is it dead, or soon will be? */
static bool dies(struct member *m, int ms)
{
	long end = now_ms() + ms;
	int ret;

	/*
	 * A child is dead when it can be waited for, a zombie leader with threads
	 * cannot. For what is no child of the test there is only its state.
	 */
	do {
		ret = m->hog->pid ? hog_killed(m->hog, 0) : 1;
		if (ret > 0 || (ret < 0 && !hog_alive(m->hog)))
			return true;
		usleep(1000);
	} while (now_ms() < end);
	return false;
}

/* The OOM of a kind without a policy, measured in the first cell of a boot. */
static int baseline(enum kind kind, long *ms, int *lines)
{
	char path[128], boot[64], text[64];
	struct testbed *bed;
	int ret;

	ret = read_file("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), "/tmp/oom_matrix-%.8s-%d", boot, kind);
	if (read_file(path, text, sizeof(text)) > 0)
		return sscanf(text, "%ld %d", ms, lines) == 2 ? 0 : -EINVAL;

	bed = calloc(1, sizeof(*bed));
	if (!bed)
		return -ENOMEM;
	ret = testbed_start(bed, kind);
	ret = ret ?: testbed_fill(bed, NOTHING);
	*ms = ret ?: testbed_oom(bed);
	*lines = log_count(&bed->s[0].log, "\n");
	testbed_end(bed);
	free(bed);
	if (*ms < 0)
		return *ms;
	ret = creat(path, 0600);
	if (ret < 0)
		return -errno;
	close(ret);
	return write_file(path, "%ld %d", *ms, *lines);
}

/* The programs, and what is attached of them. */
struct run {
	struct testbed bed;
	struct wrong_bpf *skel;
	struct bpf_link *links[4];
};

/* A wrong policy, and its expected outcome. */
struct policy {
	enum wrong what;
	enum target target;
	enum who who;
	const char *fallback;	/* NULL: the policy has its way */
	bool no_label;		/* it gave no verdict */
	bool contradicted;	/* an older program selects who is asking */
	bool alternate;		/* ABORT in the second OOM */
	bool names;		/* another name in each */
	unsigned int burn;	/* ms */
	bool detach;		/* while it burns */
	bool throttled;		/* and burns CPU time; cut off or not: kernels differ */
};

FIXTURE(matrix)
{
	struct run run;
};

FIXTURE_VARIANT(matrix)
{
	struct policy policy;
};

/* P1 */
FIXTURE_VARIANT_ADD(matrix, always_next)
{
	.policy = { .what = WRONG_NEXT, .fallback = "none" },
};

/* P2 */
FIXTURE_VARIANT_ADD(matrix, always_abort)
{
	.policy = { .what = WRONG_ABORT, .fallback = "abort" },
};

FIXTURE_VARIANT_ADD(matrix, abort_after_select)
{
	.policy = { .what = WRONG_ABORT_LATER, .fallback = "abort" },
};

/* S1 */
FIXTURE_VARIANT_ADD(matrix, always_stop)
{
	.policy = { .what = WRONG_STOP, .fallback = "none" },
};

FIXTURE_VARIANT_ADD(matrix, select_everybody)
{
	.policy = { .what = WRONG_SELECT, .who = THE_LAST },
};

FIXTURE_VARIANT_ADD(matrix, select_current)
{
	.policy = { .what = WRONG_SELECT_CURRENT, .who = THE_TRIGGER },
};

/* V2 */
FIXTURE_VARIANT_ADD(matrix, select_zombie)
{
	.policy = { .what = WRONG_SELECT_TARGET, .target = ZOMBIE, .fallback = "none" },
};

FIXTURE_VARIANT_ADD(matrix, select_leader_without_mm)
{
	.policy = { .what = WRONG_SELECT_TARGET, .target = LEADERLESS, .who = THE_TARGET },
};

FIXTURE_VARIANT_ADD(matrix, select_reaped)
{
	.policy = { .what = WRONG_SELECT_TARGET, .target = REAPED, .fallback = "none" },
};

/* V3, then V2 */
FIXTURE_VARIANT_ADD(matrix, select_dying_again)
{
	.policy = { .what = WRONG_SELECT_DYING, .target = DYING, .fallback = "none" },
};

FIXTURE_VARIANT_ADD(matrix, select_in_vfork)
{
	.policy = { .what = WRONG_SELECT_TARGET, .target = IN_VFORK, .fallback = "none" },
};

FIXTURE_VARIANT_ADD(matrix, select_sharing)
{
	.policy = { .what = WRONG_SELECT_TARGET, .target = SHARING, .who = THE_TARGET },
};

FIXTURE_VARIANT_ADD(matrix, random)
{
	.policy = { .what = WRONG_RANDOM, .who = ANYBODY },
};

FIXTURE_VARIANT_ADD(matrix, outside_the_enum)
{
	.policy = { .what = WRONG_OUTSIDE, .no_label = true },
};

FIXTURE_VARIANT_ADD(matrix, next_then_abort)
{
	.policy = { .what = WRONG_NEXT, .alternate = true, .fallback = "none" },
};

/* P4 */
FIXTURE_VARIANT_ADD(matrix, burns_time)
{
	.policy = { .what = WRONG_NEXT, .burn = BURN_MS, .fallback = "timeout" },
};

FIXTURE_VARIANT_ADD(matrix, throttled)
{
	.policy = { .what = WRONG_NEXT, .fallback = "timeout", .throttled = true },
};

/* V5: nothing is wrong with this one, and one process dies. */
FIXTURE_VARIANT_ADD(matrix, ranking)
{
	.policy = { .what = WRONG_RANKING },
};

/* V4 */
FIXTURE_VARIANT_ADD(matrix, contradiction)
{
	.policy = { .what = WRONG_SELECT_TARGET, .target = SMALL, .who = THE_TARGET,
		    .contradicted = true },
};

FIXTURE_VARIANT_ADD(matrix, detached_in_the_scan)
{
	.policy = { .what = WRONG_NEXT, .who = ANYBODY, .burn = 450, .detach = true },
};

/* L4 */
FIXTURE_VARIANT_ADD(matrix, names_change)
{
	.policy = { .what = WRONG_NEXT, .names = true, .fallback = "none" },
};

FIXTURE_SETUP(matrix)
{
	const char *allowed = getenv("OOM_TEST_GLOBAL");

	if (!allowed || strcmp(allowed, "1"))
		SKIP(return, "OOM_TEST_GLOBAL=1 is not set: this may kill or panic the machine");
	libbpf_set_print(keep_log);
	self->run.skel = wrong_bpf__open_and_load();
	ASSERT_NE(NULL, self->run.skel) TH_LOG("%s", libbpf_log);
}

static void links_destroy(struct bpf_link **links)
{
	/*
	 * The policy that is asked first goes first, as to detach may wait for the scan to
	 * end; the slow program goes last, as it gives the others the time.
	 */
	static const int order[] = { 2, 1, 0, 3 };
	int i;

	for (i = 0; i < 4; i++) {
		bpf_link__destroy(links[order[i]]);
		links[order[i]] = NULL;
	}
}

FIXTURE_TEARDOWN(matrix)
{
	links_destroy(self->run.links);
	testbed_end(&self->run.bed);
	wrong_bpf__destroy(self->run.skel);
}

/* All triggers get a quarter of a CPU. */
static int throttle(struct testbed *bed)
{
	char max[32];
	int i, ret;

	snprintf(max, sizeof(max), "%d 100000", 100000 / THROTTLE);
	ret = write_file(CGROUP_ROOT "/cgroup.subtree_control", "+cpu");
	if (bed->cg_outer.path[0])
		ret = ret ?: cg_write(bed->cg_outer.path, "cgroup.subtree_control", "+cpu");
	for (i = 0; i < bed->domains && !ret; i++) {
		if (bed->s[i].domain.path[0])
			ret = cg_write(bed->s[i].domain.path, "cgroup.subtree_control", "+cpu");
		ret = ret ?: cg_write(bed->s[i].cg_trigger.path, "cpu.max", max);
	}
	return ret;
}

static void *detach_when_asked(void *data)
{
	struct run *run = data;
	long end = now_ms() + PATIENCE;

	while (!run->skel->bss->wrong[0].asked && now_ms() < end)
		usleep(1000);
	links_destroy(run->links);
	return NULL;
}

/* Text that only the report of an OOM of this kind has. */
static const char *const kind_in_log[] = {
	[MEMCG] = "\n handle_mm_fault+",	/* of the page, or of a table for it */
	[KERNEL] = "oom_memcg=/oom_test,",
	[NESTED] = "oom_memcg=/oom_outer/oom_test,",
	[GROUP] = "constraint=CONSTRAINT_MEMCG",
	[SINGLE] = "oom_memcg=/oom_test,",
	[SEVERAL] = "oom_memcg=/oom_test3,",
	[GLOBAL] = "constraint=CONSTRAINT_NONE",
	[CPUSET] = "constraint=CONSTRAINT_CPUSET",
	[MEMPOLICY] = "constraint=CONSTRAINT_MEMORY_POLICY",
	[SYSRQ] = "order=-1",
};

/*
 * Did it happen while a pipe was filled? The mask in the report does not tell, as
 * caches may be charged without being asked to, nor do the memcg's statistics, which
 * may be seconds old; the trace does. (What it is not sure of has a "?".)
 */
static bool in_a_pipe(struct klog *log)
{
	return log_count(log, "\n do_pipe2+") || log_count(log, "\n create_pipe_files+") ||
	       log_count(log, "\n pipe_write+") || log_count(log, "\n anon_pipe_write+");
}

/* Can the policy be asked about its target? */
static bool is_offered(enum kind kind, const struct policy *policy)
{
	/* The list of a memcg has no process that has ended with all its threads. */
	return kind != SINGLE && (policy->target != ZOMBIE || is_global(kind));
}

/* The expected outcome, which depends on the kind of OOM, too. */
static void expectation(enum kind kind, const struct policy *policy,
			enum who *who, const char **fallback)
{
	*who = policy->who;
	*fallback = policy->fallback;
	switch (kind) {
	case SINGLE:
		/* There is nobody but the trigger to kill. */
		if (policy->what == WRONG_ABORT_LATER)
			*fallback = NULL;
		if (policy->what == WRONG_SELECT_TARGET || policy->burn || policy->throttled)
			*fallback = "none";
		*who = *who == ANYBODY ? ANYBODY : THE_TRIGGER;
		break;
	case SYSRQ:
		/* The allocating task is a kernel thread. */
		if (policy->what == WRONG_SELECT_CURRENT) {
			*who = THE_BIG;
			*fallback = "none";
		}
		break;
	default:
		break;
	}
}

/* A round: one OOM with a policy. */
struct round {
	struct run *run;
	const struct policy *policy;
	enum kind kind;
	enum who who;			/* the expected victim, */
	const char *fallback;		/* and reason of a fallback, or NULL */
	long base_ms;			/* the same OOM without a policy */
	int base_lines;
	long ms;			/* how long this one took */
	__u32 named;			/* names before it */
};

static bool is_slow(const struct round *r)
{
	return r->policy->burn || r->policy->throttled;
}

static void attach_all(struct __test_metadata *_metadata, struct round *r)
{
	struct run *run = r->run;
	struct wrong_table *wrong = run->skel->bss->wrong;

	r->named = run->skel->bss->named;
	wrong[0].target = run->bed.target.pid;
	wrong[0].target_asked = 0;
	wrong[0].asked = 0;
	if (r->policy->contradicted) {
		wrong[1] = wrong[0];
		wrong[0].what = WRONG_SELECT_CURRENT;
	}
	run->links[0] = bpf_program__attach(run->skel->progs.name);
	run->links[1] = bpf_program__attach(run->skel->progs.first);
	ASSERT_TRUE(run->links[0] && run->links[1]) TH_LOG("%s", libbpf_log);
	if (r->policy->contradicted) {
		run->links[2] = bpf_program__attach(run->skel->progs.second);
		ASSERT_NE(NULL, run->links[2]);
	}
	if (is_slow(r)) {
		run->links[3] = bpf_program__attach(run->skel->progs.slow);
		ASSERT_NE(NULL, run->links[3]) TH_LOG("%s", libbpf_log);
	}
}

/* The OOM was of this kind, and the policy took part. */
static void check_asked(struct __test_metadata *_metadata, struct round *r)
{
	struct wrong_table *asked = &r->run->skel->bss->wrong[r->policy->contradicted];
	struct klog *log = &r->run->bed.s[0].log;

	/*
	 * Of three tasks at least, unless there is one. A global scan is an RCU read-side
	 * section, which detaching may wait for; of several OOMs others begin meanwhile.
	 */
	if (r->policy->detach && r->kind != SINGLE && r->kind != SEVERAL && !is_global(r->kind))
		EXPECT_LE(asked->asked, 2) TH_LOG("the scan was over when it was detached");
	EXPECT_GT(asked->asked, 0) TH_LOG("the policy was not asked");
	if (r->policy->target)
		EXPECT_EQ(is_offered(r->kind, r->policy), asked->target_asked > 0)
			TH_LOG("asked %d times about the target", asked->target_asked);
	EXPECT_GT(log_count(log, kind_in_log[r->kind]), 0) TH_LOG("no %s", kind_in_log[r->kind]);
	if (r->kind == KERNEL)
		EXPECT_TRUE(in_a_pipe(log)) TH_LOG("the trace of the report");
}

/* A member of domain @d: must it die, and may it? */
static void expected(const struct round *r, const struct member *m, int d, bool *must, bool *may)
{
	const struct testbed *bed = &r->run->bed;
	bool mate = m->hog == &bed->mates[0] || m->hog == &bed->mates[1];

	*must = *may = false;
	/* Outside of all domains. */
	if (m->domain < 0)
		return;
	*may = r->who == ANYBODY || (r->who == THE_LAST && bed->domains > 1);
	if (r->who == THE_LAST && bed->domains == 1)
		*must = m->pid == (pid_t)r->run->skel->bss->selected_at_first;
	else if (r->who == THE_TRIGGER)
		*must = m->hog == &bed->s[d].trigger;
	else if (r->who == THE_TARGET && !d)
		*must = m->hog == &bed->s[0].small;
	else if (r->who == THE_BIG || r->who == THE_TARGET)
		*must = m->hog == &bed->s[d].big;
	/* The mate of a victim goes with it. */
	if (mate || (r->kind == GROUP && r->who == THE_LAST)) {
		*may = true;
		*must = *must && r->who == THE_LAST;
	}
	/* P4: a slow policy may cost a second one. */
	*may |= is_slow(r) && is_global(r->kind);
}

static void check_victims_of(struct __test_metadata *_metadata, struct round *r, int d)
{
	struct testbed *bed = &r->run->bed;
	bool must, may;
	int i, died = 0;

	for (i = 0; i < bed->nr_members; i++) {
		struct member *m = &bed->members[i];
		pid_t pid = m->pid;

		if (m->domain >= 0 && m->domain != d)
			continue;
		expected(r, m, d, &must, &may);
		if (must) {
			EXPECT_TRUE(dies(m, PATIENCE)) TH_LOG("%s, %d, lives", m->cg->path, pid);
		} else if (!may) {
			EXPECT_FALSE(dies(m, 0)) TH_LOG("%s, %d, died", m->cg->path, pid);
		}
		died += m->domain >= 0 && dies(m, 0);
	}
	for (i = 0; !died && i < bed->nr_members; i++)
		if (bed->members[i].domain == d)
			died += dies(&bed->members[i], PATIENCE / bed->nr_members);
	EXPECT_GT(died, 0) TH_LOG("nobody died in domain %d", d);
	if (r->kind != GROUP && !(is_slow(r) && is_global(r->kind)))
		EXPECT_EQ(1, died) TH_LOG("more than one died in domain %d", d);
}

static void check_victims(struct __test_metadata *_metadata, struct round *r)
{
	struct testbed *bed = &r->run->bed;
	int d;

	for (d = 0; d < bed->domains; d++)
		check_victims_of(_metadata, r, d);
	/* In the order in which they were noted down. */
	if (r->kind == GROUP) {
		EXPECT_EQ(dies(&bed->members[2], 0), dies(&bed->members[3], 1000))
			TH_LOG("the group of big did not go as one");
		EXPECT_EQ(dies(&bed->members[1], 0), dies(&bed->members[4], 1000))
			TH_LOG("the group of small did not go as one");
	}
	if (r->who == THE_TARGET && r->policy->target == SHARING && r->kind != SINGLE)
		EXPECT_TRUE(dies(&(struct member){ .hog = &bed->target }, PATIENCE))
			TH_LOG("the process that shared the memory lives");
}

/* Time, and length of the log. */
static void check_bounds(struct __test_metadata *_metadata, struct round *r)
{
	struct testbed *bed = &r->run->bed;
	struct klog *log = &bed->s[0].log;
	long bound = BOUND_FACTOR * r->base_ms + BOUND_MS;

	if (r->policy->burn)
		bound += (DEADLINE_MS + r->policy->burn) * (bed->domains + is_global(r->kind));
	if (r->policy->throttled)
		bound += (BOUND_FACTOR * r->base_ms + BURN_CPU_MS + DEADLINE_MS) * THROTTLE;
	if (r->policy->target == DYING)
		bound += REAPER_MS;
	EXPECT_LE(r->ms, bound);
	EXPECT_LE(log_count(log, "\n"), LINES_FACTOR * r->base_lines + LINES_MORE)
		TH_LOG("P6: a flood");
	EXPECT_LE(log_count(log, "exceeded 1 s"), 10) TH_LOG("P6: a flood");
	EXPECT_EQ(0, log_count(log, "VM_FAULT_OOM"));
	EXPECT_EQ(0, log_count(log, "no killable processes"));
	EXPECT_GT(log_count(log, "Killed process"), 0);
	if (r->policy->burn && r->fallback && !strcmp(r->fallback, "timeout"))
		EXPECT_GT(log_count(log, "exceeded 1 s"), 0);
}

/* L4: one of the names that were given in this OOM. */
static void check_name(struct __test_metadata *_metadata, struct round *r)
{
	__u32 named = r->named;
	bool of_this_oom = false;
	char text[64];

	for (; named < r->run->skel->bss->named; named++) {
		snprintf(text, sizeof(text), "\noom_policy=name-%c victim=kernel fallback=none\n",
			 'a' + named % WRONG_NAMES);
		of_this_oom |= log_count(&r->run->bed.s[0].log, text) > 0;
	}
	EXPECT_TRUE(of_this_oom) TH_LOG("L4: another OOM's name");
}

/* L3, L6: label and event say who decided. */
static void check_report(struct __test_metadata *_metadata, struct round *r)
{
	const char *fallback = r->fallback, *outcome;
	struct testbed *bed = &r->run->bed;
	struct klog *log = &bed->s[0].log;
	int labels = log_count(log, "\noom_policy="), d;
	char text[128];

	EXPECT_EQ(log_count(log, " invoked oom-killer: "), labels);
	EXPECT_GE(labels, bed->domains);
	if (r->policy->names) {
		check_name(_metadata, r);
	} else {
		snprintf(text, sizeof(text), "\noom_policy=wrong victim=%s%s%s%s",
			 fallback ? "kernel" : "policy", fallback ? " fallback=" : "",
			 r->policy->throttled ? "" : fallback ?: "", r->policy->throttled ? "" : "\n");
		EXPECT_GT(log_count(log, text), 0) TH_LOG("no label: %s", text + 1);
		/* Several domains: only one has the target. */
		if (r->policy->what != WRONG_SELECT_TARGET && !is_slow(r))
			EXPECT_EQ(labels, log_count(log, text));
	}
	for (d = 0; d < bed->domains; d++) {
		/* The domain with the target has its way, the others have none. */
		outcome = d && r->policy->what == WRONG_SELECT_TARGET ? "none" : fallback ?: "policy";
		snprintf(text, sizeof(text), " memcg=%llu outcome=%s",
			 (unsigned long long)bed->s[d].domain.id * !is_global(r->kind),
			 r->policy->throttled ? "" : outcome);
		EXPECT_GT(trace_count(text), 0) TH_LOG("L6: no event with%s", text);
	}
}

static void round_of(struct __test_metadata *_metadata, struct round *r)
{
	struct testbed *bed = &r->run->bed;
	pthread_t thread;

	ASSERT_EQ(0, testbed_start(bed, r->kind));
	ASSERT_EQ(0, testbed_fill(bed, r->policy->target)) TH_LOG("processes of the OOM");
	ASSERT_EQ(0, trace_on());
	attach_all(_metadata, r);
	if (r->policy->throttled)
		ASSERT_EQ(0, throttle(bed)) TH_LOG("the cpu controller");
	if (r->policy->detach)
		ASSERT_EQ(0, pthread_create(&thread, NULL, detach_when_asked, r->run));
	ASSERT_EQ(0, log_count(&bed->s[0].log, "reaped process")) TH_LOG("too late");
	r->ms = testbed_oom(bed);
	TH_LOG("%ld ms, without a policy %ld ms", r->ms, r->base_ms);
	EXPECT_GE(r->ms, 0) TH_LOG("not resolved: %s", strerror(-r->ms));
	if (r->policy->detach)
		pthread_join(thread, NULL);

	check_asked(_metadata, r);
	check_victims(_metadata, r);
	check_bounds(_metadata, r);
	if (r->policy->no_label) {
		EXPECT_EQ(0, log_count(&bed->s[0].log, "\noom_policy="));
		EXPECT_EQ(0, trace_count("oom_policy_outcome:")) TH_LOG("L6: an event");
	} else if (r->who != ANYBODY) {
		check_report(_metadata, r);
	}
	links_destroy(r->run->links);
	testbed_end(bed);
}

static void cell(struct __test_metadata *_metadata, struct run *run,
		 const struct policy *policy, enum kind kind)
{
	struct round round = { .run = run, .policy = policy, .kind = kind };
	const char *seed = getenv("OOM_TEST_SEED");
	struct timespec now;

	ASSERT_EQ(0, baseline(kind, &round.base_ms, &round.base_lines))
		TH_LOG("the OOM without a policy");
	expectation(kind, policy, &round.who, &round.fallback);
	run->skel->bss->wrong[0].what = policy->what;
	run->skel->bss->burn_ms = policy->burn;
	run->skel->bss->burn_cpu_ms = policy->throttled ? BURN_CPU_MS : 0;
	run->skel->bss->change_names = policy->names;
	clock_gettime(CLOCK_REALTIME, &now);
	run->skel->bss->random_state = seed ? strtoull(seed, NULL, 10) :
		(now.tv_nsec ^ (unsigned long long)now.tv_sec << 20) | 1;
	if (policy->what == WRONG_RANDOM)
		TH_LOG("OOM_TEST_SEED=%llu", (unsigned long long)run->skel->bss->random_state);

	round_of(_metadata, &round);
	if (policy->names)
		round_of(_metadata, &round);
	if (policy->alternate) {
		run->skel->bss->wrong[0].what = WRONG_ABORT;
		round.fallback = "abort";
		round_of(_metadata, &round);
	}
}

TEST_F_TIMEOUT(matrix, memcg_page_fault, LIMIT)
{
	cell(_metadata, &self->run, &variant->policy, MEMCG);
}

TEST_F_TIMEOUT(matrix, memcg_system_call, LIMIT)
{
	cell(_metadata, &self->run, &variant->policy, KERNEL);
}

TEST_F_TIMEOUT(matrix, memcg_nested, LIMIT)
{
	cell(_metadata, &self->run, &variant->policy, NESTED);
}

TEST_F_TIMEOUT(matrix, memcg_oom_group, LIMIT)
{
	cell(_metadata, &self->run, &variant->policy, GROUP);
}

TEST_F_TIMEOUT(matrix, memcg_one_process, LIMIT)
{
	cell(_metadata, &self->run, &variant->policy, SINGLE);
}

TEST_F_TIMEOUT(matrix, memcgs_at_once, LIMIT)
{
	cell(_metadata, &self->run, &variant->policy, SEVERAL);
}

TEST_F_TIMEOUT(matrix, global, LIMIT)
{
	cell(_metadata, &self->run, &variant->policy, GLOBAL);
}

TEST_F_TIMEOUT(matrix, global_cpuset, LIMIT)
{
	cell(_metadata, &self->run, &variant->policy, CPUSET);
}

TEST_F_TIMEOUT(matrix, global_mempolicy, LIMIT)
{
	cell(_metadata, &self->run, &variant->policy, MEMPOLICY);
}

TEST_F_TIMEOUT(matrix, sysrq, LIMIT)
{
	cell(_metadata, &self->run, &variant->policy, SYSRQ);
}

TEST_HARNESS_MAIN
