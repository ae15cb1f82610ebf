// SPDX-License-Identifier: GPL-2.0
/*
 * The loader of a policy may die at any time, of an OOM at that, and a program may
 * go while it is asked. The OOM is resolved, and what was not pinned leaves
 * nothing behind.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "oom_env.h"
#include "oom_odd.h"
#include "oom_policy.h"

#define PIN "/sys/fs/bpf/oom_test_link"

FIXTURE(loader)
{
	struct scene s;
};

FIXTURE_SETUP(loader)
{
	libbpf_set_print(keep_log);
	unlink(PIN);
	ASSERT_EQ(0, scene_memcg(&self->s));
}

FIXTURE_TEARDOWN(loader)
{
	unlink(PIN);
	scene_end(&self->s);
}

enum loads { LOADS, ATTACHES, PINS };

/*
 * A process in big with @bytes of memory that loads rules.bpf.c, with @verdict
 * on everybody. Its first program is the one that is attached, and pinned.
 */
static int start_loader(struct scene *s, size_t bytes, enum loads how, long long verdict)
{
	int up[2];
	char byte;

	if (pipe(up))
		return -errno;
	s->big = (struct hog){ .pid = fork() };
	if (s->big.pid < 0)
		return -errno;
	if (!s->big.pid) {
		struct rules_bpf *skel;
		struct bpf_link *link = NULL;
		char *mem = malloc(bytes);

		if (!mem || hog_settle(&s->cg_big, 0))
			_exit(1);
		memset(mem, 1, bytes);
		skel = rules_bpf__open_and_load();
		if (!skel)
			_exit(1);
		skel->bss->tables[0].otherwise = verdict;
		if (how >= ATTACHES)
			link = bpf_program__attach(skel->progs.first);
		if ((how >= ATTACHES && !link) || (how == PINS && bpf_link__pin(link, PIN)))
			_exit(1);
		if (write(up[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(up[1]);
	if (read(up[0], &byte, 1) != 1)
		return -ECHILD;
	close(up[0]);
	return 0;
}

/* How often the program of rules.bpf.c ran, if it is in the kernel, or -1. */
static long runs(void)
{
	struct bpf_prog_info info;
	__u32 id = 0, len;
	long found = -1;
	int fd;

	while (found < 0 && !bpf_prog_get_next_id(id, &id)) {
		fd = bpf_prog_get_fd_by_id(id);
		if (fd < 0)
			continue;
		memset(&info, 0, sizeof(info));
		len = sizeof(info);
		if (!bpf_obj_get_info_by_fd(fd, &info, &len) && !strcmp(info.name, "first"))
			found = info.run_cnt;
		close(fd);
	}
	return found;
}

static bool unloads(void)
{
	long end = now_ms() + PATIENCE;

	while (runs() >= 0) {
		if (now_ms() > end)
			return false;
		usleep(10000);
	}
	return true;
}

/* Another OOM, in which no policy has a say. */
static void then_the_kernel(struct __test_metadata *_metadata, struct scene *s)
{
	struct klog log;

	ASSERT_EQ(0, log_open(&log));
	/* The trigger holds what it got; the limit is 48 MIB. */
	hog_stop(&s->small);
	ASSERT_EQ(0, hog_start(&s->big, &s->cg_big, 26 * MIB, 0));
	usleep(600000);
	ASSERT_EQ(0, hog_grow(&s->trigger, 8 * MIB));
	ASSERT_EQ(0, hog_wait(&s->trigger, PATIENCE));
	ASSERT_EQ(SIGKILL, hog_killed(&s->big, PATIENCE));
	EXPECT_EQ(1, log_count(&log, "Killed process"));
	EXPECT_EQ(0, log_count(&log, "oom_policy="));
	log_close(&log);
}

/* The kernel, in place of a wrong policy, chooses the loader of it. */
TEST_F(loader, is_the_victim)
{
	ASSERT_EQ(0, hog_start(&self->s.small, &self->s.cg_small, 10 * MIB, 0));
	ASSERT_EQ(0, start_loader(&self->s, 24 * MIB, ATTACHES, BPF_EVAL_NEXT))
		TH_LOG("%s", libbpf_log);
	ASSERT_EQ(0, runs());
	ASSERT_EQ(0, scene_oom(&self->s));
	ASSERT_EQ(SIGKILL, hog_killed(&self->s.big, PATIENCE));
	EXPECT_EQ(1, log_count(&self->s.log, "Killed process"));
	EXPECT_STREQ("bpf victim=kernel fallback=none", label_of(&self->s.log));
	EXPECT_TRUE(unloads()) TH_LOG("the program outlives its loader");
	then_the_kernel(_metadata, &self->s);
}

/* Nothing is attached yet, and nothing stays. */
TEST_F(loader, dies_between_load_and_attach)
{
	ASSERT_EQ(0, hog_start(&self->s.small, &self->s.cg_small, 10 * MIB, 0));
	ASSERT_EQ(0, start_loader(&self->s, 24 * MIB, LOADS, BPF_EVAL_NEXT));
	ASSERT_EQ(0, runs());
	ASSERT_EQ(0, scene_oom(&self->s));
	ASSERT_EQ(SIGKILL, hog_killed(&self->s.big, PATIENCE));
	EXPECT_EQ(0, log_count(&self->s.log, "oom_policy="));
	EXPECT_TRUE(unloads()) TH_LOG("the program outlives its loader");
	then_the_kernel(_metadata, &self->s);
}

/* A program that burns 300 ms for each task, and nothing else of rules.bpf.c. */
static struct rules_bpf *attach_slow(void)
{
	struct rules_bpf *skel = rules_bpf__open();
	struct bpf_program *prog;

	if (!skel)
		return NULL;
	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_autoload(prog, prog == skel->progs.slow);
	if (rules_bpf__load(skel))
		return NULL;
	skel->bss->burn_ms = 300;
	skel->links.slow = bpf_program__attach(skel->progs.slow);
	return skel->links.slow ? skel : NULL;
}

/* After the first of three tasks. */
static void *unpin_in_the_scan(void *killed)
{
	long end = now_ms() + PATIENCE;
	struct klog log;

	if (log_open(&log))
		return NULL;
	while (!runs() && now_ms() < end)
		usleep(1000);
	unlink(PIN);
	*(int *)killed = log_count(&log, "Killed process");
	log_close(&log);
	return NULL;
}

/*
 * The last reference to a program goes while it runs: its loader is dead, its
 * pin is removed. The scan goes on, with it or without.
 */
TEST_F(loader, last_reference_goes_in_the_scan)
{
	struct rules_bpf *slow;
	pthread_t thread;
	int killed = -1, old;

	ASSERT_EQ(0, sysctl_set("/proc/sys/kernel/bpf_stats_enabled", 1, &old));

	ASSERT_EQ(0, hog_start(&self->s.small, &self->s.cg_small, 10 * MIB, 0));
	ASSERT_EQ(0, start_loader(&self->s, MIB, PINS, BPF_EVAL_NEXT));
	hog_stop(&self->s.big);
	ASSERT_EQ(0, runs());
	slow = attach_slow();
	ASSERT_NE(NULL, slow) TH_LOG("%s", libbpf_log);
	ASSERT_EQ(0, hog_start(&self->s.big, &self->s.cg_big, 24 * MIB, 0));
	usleep(600000);
	ASSERT_EQ(0, hog_grow(&self->s.trigger, self->s.grow));
	ASSERT_EQ(0, pthread_create(&thread, NULL, unpin_in_the_scan, &killed));
	EXPECT_NE(-ETIMEDOUT, hog_wait(&self->s.trigger, PATIENCE));
	pthread_join(thread, NULL);
	rules_bpf__destroy(slow);
	EXPECT_EQ(0, killed) TH_LOG("the scan was over when the pin went");
	EXPECT_GT(log_count(&self->s.log, "Killed process"), 0);
	EXPECT_TRUE(log_count(&self->s.log, "oom_policy=bpf") > 0);
	EXPECT_TRUE(unloads()) TH_LOG("the program stays without a reference");
	EXPECT_EQ(0, sysctl_set("/proc/sys/kernel/bpf_stats_enabled", old, &old));
}

/* The policy pid, loaded without a command, to be exact about when. */
struct copy {
	struct bpf_object *obj;
	struct bpf_link *begin, *evaluate;
};

/* Select a process: 0 or -errno. */
static int copy_rule(struct copy *copy, const struct hog *hog)
{
	struct oom_pid rule = { .start = start_ticks(hog->pid), .verdict = BPF_EVAL_SELECT };

	return bpf_map_update_elem(bpf_object__find_map_fd_by_name(copy->obj, "oom_pids"),
				   &hog->pid, &rule, BPF_ANY);
}

/* Load it, to select one process: 0 or -errno. */
static int copy_load(struct copy *copy, const struct hog *hog)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/pid.bpf.o", getenv("OOM_POLICY_DIR") ?: ".");
	copy->obj = bpf_object__open_file(path, NULL);
	if (!copy->obj || bpf_object__load(copy->obj))
		return -errno;
	return copy_rule(copy, hog);
}

static struct bpf_link *attach_program(struct bpf_object *obj, const char *name)
{
	return bpf_program__attach(bpf_object__find_program_by_name(obj, name));
}

static int copy_attach(struct copy *copy)
{
	if (!copy->begin)
		copy->begin = attach_program(copy->obj, "oom_begin");
	copy->evaluate = attach_program(copy->obj, "oom_evaluate");
	return copy->begin && copy->evaluate ? 0 : -errno;
}

static void copy_drop(struct copy *copy)
{
	bpf_link__destroy(copy->evaluate);
	bpf_link__destroy(copy->begin);
	bpf_object__close(copy->obj);
	memset(copy, 0, sizeof(*copy));
}

/*
 * Killed and still dying: it is waited for, though one of a higher rank has come
 * up since.
 */
TEST_F(loader, the_dying_are_waited_for)
{
	struct copy policy = { };
	char adj[64];

	ASSERT_EQ(0, scene_hogs(&self->s, false, 0));
	ASSERT_EQ(0, hold_at_exit(self->s.small.pid));
	ASSERT_EQ(0, copy_load(&policy, &self->s.small));
	ASSERT_EQ(0, copy_rule(&policy, &self->s.big));
	ASSERT_EQ(0, copy_attach(&policy));
	snprintf(adj, sizeof(adj), "/proc/%d/oom_score_adj", self->s.big.pid);
	ASSERT_EQ(0, write_file(adj, "-1000"));
	ASSERT_EQ(0, hog_grow(&self->s.trigger, self->s.grow));
	ASSERT_TRUE(held(self->s.small.pid, PATIENCE));
	ASSERT_EQ(0, write_file(adj, "0"));
	EXPECT_EQ(0, hog_wait(&self->s.trigger, PATIENCE));
	EXPECT_EQ(1, cg_read_key_long(self->s.domain.path, "memory.events", "oom_kill "));
	EXPECT_TRUE(hog_alive(&self->s.big));
	let_go(self->s.small.pid);
	copy_drop(&policy);
}

/*
 * One that is attached while tasks are asked about, after the kernel has taken the
 * big one, takes over where the one before it is dropped. @early: the program that
 * names it is there when the search begins.
 */
static void replaced_in_the_scan(struct __test_metadata *_metadata, struct scene *s, bool early)
{
	struct copy old = { }, new = { };
	struct rules_bpf *slow;
	struct bpf_link *link;
	int ms;

	ASSERT_EQ(0, scene_hogs(s, false, 0));
	ASSERT_EQ(0, copy_load(&old, &s->small));
	ASSERT_EQ(0, copy_load(&new, &s->small));
	ASSERT_EQ(0, copy_attach(&old));
	if (early)
		new.begin = attach_program(new.obj, "oom_begin");
	/* It runs before the policies, and takes its time over each task. */
	slow = rules_bpf__open_and_load();
	ASSERT_NE(NULL, slow) TH_LOG("%s", libbpf_log);
	/* The first two are asked about within the second that there is. */
	slow->bss->burn_ms = 700;
	link = bpf_program__attach(slow->progs.slow);
	ASSERT_NE(NULL, link);

	ASSERT_EQ(0, hog_grow(&s->trigger, s->grow));
	for (ms = 0; ms < PATIENCE && !slow->bss->burns; ms++)
		usleep(1000);
	/* The old one is asked about big yet. Before small the kernel takes that. */
	ASSERT_EQ(0, copy_attach(&new));
	copy_drop(&old);
	EXPECT_EQ(1, slow->bss->burns) TH_LOG("the scan went on");
	EXPECT_EQ(0, hog_wait(&s->trigger, PATIENCE));
	bpf_link__destroy(link);
	rules_bpf__destroy(slow);
	copy_drop(&new);
	ASSERT_EQ(SIGKILL, hog_killed(&s->small, PATIENCE));
}

TEST_F(loader, replaced_in_the_scan)
{
	replaced_in_the_scan(_metadata, &self->s, false);
	ASSERT_EQ(1, log_count(&self->s.log, "Killed process"));
}

TEST_F(loader, replaced_in_the_scan_named_before)
{
	replaced_in_the_scan(_metadata, &self->s, true);
	ASSERT_EQ(1, log_count(&self->s.log, "Killed process"));
}

TEST_HARNESS_MAIN
