// SPDX-License-Identifier: GPL-2.0
/*
 * OOMs of a memory cgroup while something else goes on all the time: a CPU comes and goes,
 * the cgroup is frozen, tasks are moved and cgroups made, another program is attached,
 * processes of other namespaces come and go, allocations fail, the machine begins to
 * suspend. Each OOM ends in one kill.
 */
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include "oom_env.h"
#include "oom_odd.h"

#define ROUNDS	8

FIXTURE(faults)
{
	struct env e;
	pid_t beside;
	/* How often that process was at work, and how often it failed; shared with it. */
	struct { int done, failed; } *count;
};

FIXTURE_VARIANT(faults)
{
	/* Once; called again and again by a process outside of the domain. */
	int (*disturb)(struct scene *s);
	/* A task that is moved during the scan may be missed, and the kernel chooses. */
	bool any;
	/* Some of the calls are meant to fail. */
	bool fails;
};

#define CPU1 "/sys/devices/system/cpu/cpu1/online"

static int cpu_goes(struct scene *s)
{
	int ret = write_file(CPU1, "0");

	usleep(20000);
	return ret ?: write_file(CPU1, "1");
}

static int freezes(struct scene *s)
{
	int ret = cg_write(s->domain.path, "cgroup.freeze", "1");

	usleep(20000);
	ret = ret ?: cg_write(s->domain.path, "cgroup.freeze", "0");
	usleep(20000);
	return ret;
}

/* Comes and goes, in the domain. */
static struct cg come;

static void move_all(const struct cg *from, const struct cg *to)
{
	char path[300], pids[4096], *at = pids, *pid;

	snprintf(path, sizeof(path), "%s/cgroup.procs", from->path);
	if (read_file(path, pids, sizeof(pids)) < 0)
		return;
	/* One that is gone by now cannot be moved. */
	while ((pid = strsep(&at, "\n")) && *pid)
		cg_write(to->path, "cgroup.procs", pid);
}

static int moves(struct scene *s)
{
	int ret = group_create(&come, &s->domain, "come", 0);

	if (ret)
		return ret;
	move_all(&s->cg_small, &come);
	usleep(2000);
	move_all(&come, &s->cg_small);
	/* Whoever was about to die keeps it from being removed. */
	while (rmdir(come.path) && errno == EBUSY)
		usleep(1000);
	return 0;
}

static int attaches(struct scene *s)
{
	static struct rules_bpf *skel;
	struct bpf_link *link;

	skel = skel ?: rules_bpf__open_and_load();
	link = skel ? bpf_program__attach(skel->progs.second) : NULL;
	usleep(1000);
	return bpf_link__destroy(link) ?: link ? 0 : -errno;
}

#define DEBUGFS "/sys/kernel/debug"

/* Of the tasks that ask for it, one allocation in so many fails: 0 or -errno. */
static int fail_one_in(const char *what, int n)
{
	char path[64];
	int ret = 0, i;
	const struct {
		const char *name;
		int value;
	} settings[] = {
		{ "task-filter", 1 }, { "verbose", 0 }, { "times", -1 }, { "ignore-gfp-wait", 0 },
		{ "probability", 100 }, { "interval", n },
	};

	for (i = 0; !ret && i < (int)(sizeof(settings) / sizeof(*settings)); i++) {
		snprintf(path, sizeof(path), DEBUGFS "/%s/%s", what, settings[i].name);
		ret = write_file(path, "%d", settings[i].value);
	}
	return ret;
}

/* A policy is loaded and attached where memory fails it, and so does all that it undoes. */
static int allocations_fail(struct scene *s)
{
	static bool ready;
	struct rules_bpf *skel;
	struct bpf_link *link = NULL;
	int ret = 0;

	if (!ready) {
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
		ret = fail_one_in("failslab", 1500) ?: fail_one_in("fail_page_alloc", 1500);
		ready = true;
		return ret;
	}
	ret = write_file("/proc/self/make-it-fail", "1");
	skel = rules_bpf__open_and_load();
	if (skel)
		link = bpf_program__attach(skel->progs.second);
	ret = ret ?: link ? 0 : -ENOMEM;
	bpf_link__destroy(link);
	rules_bpf__destroy(skel);
	return ret;
}

static int namespaces(struct scene *s)
{
	pid_t pid = fork(), inner;
	int status;

	if (!pid) {
		if (cg_write(s->cg_small.path, "cgroup.procs", "0") ||
		    unshare(CLONE_NEWUSER | CLONE_NEWPID))
			_exit(1);
		inner = fork();
		if (!inner)
			_exit(!!usleep(1000));
		_exit(inner < 0 || waitpid(inner, &status, 0) != inner);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;
	/* An OOM may have come to it, where it is the kernel that chooses. */
	return WIFEXITED(status) && WEXITSTATUS(status) ? -ENOSYS : 0;
}

/* As far as to frozen tasks, after which there is no OOM killer, and back. */
static int suspends(struct scene *s)
{
	int ret = write_file("/sys/power/pm_test", "freezer");

	ret = ret ?: write_file("/sys/module/suspend/parameters/pm_test_delay", "0");
	ret = ret ?: write_file("/sys/power/state", "freeze");
	usleep(50000);
	return ret;
}

FIXTURE_SETUP(faults)
{
	struct scene *s = &self->e.s;

	SKIP_WITHOUT_HOOK();
	ASSERT_EQ(0, env_start(&self->e, scene_memcg)) TH_LOG("%s", libbpf_log);
	/* Once here, where a failure is seen. */
	ASSERT_EQ(0, variant->disturb(s));
	self->count = mmap(NULL, sizeof(*self->count), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->count);
	self->beside = fork();
	ASSERT_GE(self->beside, 0);
	if (!self->beside) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;; self->count->done++)
			self->count->failed += !!variant->disturb(s);
	}
}

FIXTURE_TEARDOWN(faults)
{
	kill(self->beside, SIGKILL);
	waitpid(self->beside, NULL, 0);
	write_file(CPU1, "1");
	write_file("/sys/power/pm_test", "none");
	rmdir(come.path);
	cg_write(self->e.s.domain.path, "cgroup.freeze", "0");
	env_end(&self->e);
}

FIXTURE_VARIANT_ADD(faults, cpu_hotplug) { cpu_goes };
FIXTURE_VARIANT_ADD(faults, freezer) { freezes };
FIXTURE_VARIANT_ADD(faults, cgroups_move) { moves, .any = true };
FIXTURE_VARIANT_ADD(faults, programs_attach) { attaches };
FIXTURE_VARIANT_ADD(faults, allocations_fail) { allocations_fail, .fails = true };
FIXTURE_VARIANT_ADD(faults, namespaces) { namespaces };
FIXTURE_VARIANT_ADD(faults, suspend) { suspends };

TEST_F_TIMEOUT(faults, P5_one_kill_each, 300)
{
	struct scene *s = &self->e.s;
	long before = slab_count("task_struct");
	int round, sig, fell_back = 0;

	ASSERT_GT(before, 0) TH_LOG("no /proc/slabinfo");
	ATTACH(first);
	for (round = 1; round <= ROUNDS; round++) {
		ASSERT_EQ(0, scene_trigger(s));
		if (!hog_alive(&s->big))
			ASSERT_EQ(0, hog_start(&s->big, &s->cg_big, 24 * MIB, 0));
		if (!hog_alive(&s->small))
			ASSERT_EQ(0, hog_start(&s->small, &s->cg_small, 10 * MIB, 0));
		memset(self->e.table->rules, 0, sizeof(self->e.table->rules));
		VERDICT(small, SELECT);
		RUN_OOM();
		sig = hog_killed(&s->small, variant->any ? 100 : PATIENCE);
		if (variant->any && !sig) {
			fell_back++;
			ASSERT_EQ(SIGKILL, hog_killed(&s->big, PATIENCE)) TH_LOG("nobody was killed");
		} else {
			ASSERT_EQ(SIGKILL, sig) TH_LOG("round %d", round);
			ASSERT_TRUE(hog_alive(&s->big)) TH_LOG("round %d: one more was killed", round);
		}
	}
	printf("# %d OOMs, %d of them by the kernel; beside them %d times, of which %d failed\n",
	       ROUNDS, fell_back, self->count->done, self->count->failed);
	EXPECT_GT(self->count->done, 0);
	EXPECT_LT(self->count->failed, self->count->done);
	EXPECT_EQ(variant->fails, self->count->failed > 0);
	EXPECT_LT(fell_back, ROUNDS);
	EXPECT_EQ(ROUNDS, cg_read_key_long(s->domain.path, "memory.events", "oom_kill "));
	/* Both hogs may be alive again, which they were not. */
	EXPECT_LE(slab_settled("task_struct", before + SLAB_SLACK + 2), before + SLAB_SLACK + 2)
		TH_LOG("task_structs leak");
}

TEST_HARNESS_MAIN
