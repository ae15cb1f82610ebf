// SPDX-License-Identifier: GPL-2.0
/*
 * OOMs without end in random trees of memcgs, under random verdicts and names,
 * while programs come and go. After each one:
 *
 *	- who asked for memory has it or is dead, and somebody in the tree died
 *	- processes outside the tree are as they were
 *	- init, kernel threads and tasks outside the domain were neither offered
 *	  nor killed: fuzz.bpf.c
 *
 * and after all: every process could be reaped, every cgroup removed, and there
 * are no more task_structs than before.
 *
 * OOM_TEST_SEED gives the seed, else the clock does, and it is printed. The
 * kernel and the scheduler have a say, so that a seed repeats the trees and
 * verdicts and not the run to the letter. OOM_FUZZ_SECONDS says how long; without it
 * there are FUZZ_SHORT rounds. Like global_test it wants OOM_TEST_GLOBAL=1.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "oom_env.h"
#include "oom_odd.h"
#include "progs/wrong.h"
#include "progs/xorshift.h"
#include "fuzz.skel.h"
#include "wrong.skel.h"

#define FUZZ_SHORT	150
#define WARM_UP		30	/* rounds, until the count of task_structs is taken */
#define MAX_NODES	8
#define MAX_HOGS	8

struct fuzz {
	struct wrong_bpf *wrong;
	struct fuzz_bpf *watch;
	struct bpf_link *links[3], *watches[3];
	unsigned long long rng, rng_attach;
	struct hog outside[2];
	struct cg nodes[MAX_NODES];
	int nr_nodes;
	struct hog hogs[MAX_HOGS];
	int nr_hogs;
	pthread_t thread;
	pthread_mutex_t coming;	/* held: programs stay as they are */
	struct klog log;
	bool stop;
	unsigned int rounds, by_hand, attached;
};

/* Attaches and detaches the programs all the time, in OOMs and between them. */
static void *come_and_go(void *data)
{
	struct fuzz *f = data;
	int i;

	while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED)) {
		struct bpf_program *progs[] = { f->wrong->progs.first,
			f->wrong->progs.second, f->wrong->progs.name };

		i = below(&f->rng_attach, 3);
		pthread_mutex_lock(&f->coming);
		if (f->links[i]) {
			bpf_link__destroy(f->links[i]);
			f->links[i] = NULL;
		} else {
			f->links[i] = bpf_program__attach(progs[i]);
			f->attached += !!f->links[i];
		}
		pthread_mutex_unlock(&f->coming);
		usleep(1000 * below(&f->rng_attach, 100));
	}
	return NULL;
}

/* A tree of up to three levels, with limits at random; nodes[0] has the least. */
static int plant(struct fuzz *f, size_t max)
{
	int i, ret, children = 1 + below(&f->rng, 3);
	char name[16];

	f->nr_nodes = 0;
	ret = group_create(&f->nodes[f->nr_nodes++], NULL, "oom_fuzz", max);
	ret = ret ?: cg_write(f->nodes[0].path, "cgroup.subtree_control", "+memory");
	for (i = 0; i < children && !ret; i++) {
		struct cg *child = &f->nodes[f->nr_nodes++];

		snprintf(name, sizeof(name), "child%d", i);
		ret = group_create(child, &f->nodes[0], name,
				below(&f->rng, 4) ? 0 : max + MIB * below(&f->rng, 8));
		if (!ret && !below(&f->rng, 8))
			ret = cg_write(child->path, "memory.oom.group", "1");
		if (ret || below(&f->rng, 2))
			continue;
		ret = cg_write(child->path, "cgroup.subtree_control", "+memory");
		ret = ret ?: group_create(&f->nodes[f->nr_nodes++], child, "leaf", 0);
	}
	if (!ret && !below(&f->rng, 16))
		ret = cg_write(f->nodes[0].path, "memory.oom.group", "1");
	return ret;
}

/* A cgroup of the tree that may have processes. */
static struct cg *any_leaf(struct fuzz *f)
{
	char path[300];
	int i;

	for (;;) {
		i = 1 + below(&f->rng, f->nr_nodes - 1);
		snprintf(path, sizeof(path), "%s/leaf", f->nodes[i].path);
		if (access(path, F_OK))
			return &f->nodes[i];
	}
}

static int fill(struct fuzz *f)
{
	int i, ret = 0;

	f->nr_hogs = 0;
	/* The first is the one that asks; the kernel alone must find somebody. */
	for (i = 1 + below(&f->rng, MAX_HOGS - 1); i >= 0 && !ret; i--) {
		int adj = below(&f->rng, 6) ? below(&f->rng, 1001) :
			below(&f->rng, 2) ? -1000 : -500;

		ret = hog_start(&f->hogs[f->nr_hogs], any_leaf(f), MIB * below(&f->rng, 5),
				f->nr_hogs ? adj : 0);
		f->nr_hogs++;
	}
	return ret;
}

static void clear(struct fuzz *f)
{
	while (f->nr_hogs)
		hog_stop(&f->hogs[--f->nr_hogs]);
	while (f->nr_nodes)
		group_destroy(&f->nodes[--f->nr_nodes]);
}

static int dead(struct fuzz *f)
{
	int i, count = 0;

	for (i = 0; i < f->nr_hogs; i++)
		count += !f->hogs[i].pid || hog_killed(&f->hogs[i], 0) || !hog_alive(&f->hogs[i]);
	return count;
}

static int outside_start(struct fuzz *f)
{
	int i, ret = 0;

	for (i = 0; i < 2; i++)
		if (!ret && !f->outside[i].pid)
			ret = hog_start(&f->outside[i], NULL, 2 * MIB, 500);
	return ret;
}

/* Run out of memory; false with the reason in *why. */
static bool fuzz_oom(struct fuzz *f, bool by_hand, const char **why)
{
	if (by_hand) {
		*why = "sysrq-f";
		return !write_file("/proc/sysrq-trigger", "f");
	}
	/* All that there is, and more. */
	*why = "limit";
	if (cg_write(f->nodes[0].path, "memory.max", "8388608") && !dead(f))
		return false;
	*why = "the OOM was not resolved";
	/* To lower the limit has killed some; this may have been one. */
	return !f->hogs[0].pid || hog_grow(&f->hogs[0], 12 * MIB) ||
		hog_wait(&f->hogs[0], PATIENCE) != -ETIMEDOUT;
}

/* One round; false with the reason in *why. */
static bool fuzz_round(struct fuzz *f, const char **why)
{
	bool stay, done;
	bool by_hand = !below(&f->rng, 40);
	long end;
	int i;

	/* Every kind of policy, but no program that burns time. */
	for (i = 0; i < 2; i++)
		f->wrong->bss->wrong[i].what = below(&f->rng, 2) ? WRONG_RANDOM :
			below(&f->rng, WRONG_OUTSIDE + 1);
	f->wrong->bss->change_names = below(&f->rng, 4);

	*why = "cgroups and processes";
	if (plant(f, 64 * MIB) || fill(f) || outside_start(f))
		return false;
	f->wrong->bss->wrong[0].target = f->hogs[below(&f->rng, f->nr_hogs)].pid;
	f->wrong->bss->wrong[1].target = f->hogs[below(&f->rng, f->nr_hogs)].pid;
	f->rounds++;
	f->by_hand += by_hand;
	/* A policy that goes may end what it would have hung. */
	stay = below(&f->rng, 2);
	if (stay)
		pthread_mutex_lock(&f->coming);
	done = fuzz_oom(f, by_hand, why);
	if (stay)
		pthread_mutex_unlock(&f->coming);
	if (!done)
		return false;
	*why = "the OOM was retried in vain";
	if (log_count(&f->log, "VM_FAULT_OOM"))
		return false;
	log_close(&f->log);
	*why = "/dev/kmsg";
	if (log_open(&f->log))
		return false;
	*why = "nobody died";
	end = now_ms() + PATIENCE;
	while (!dead(f) && (!by_hand || (hog_alive(&f->outside[0]) && hog_alive(&f->outside[1])))) {
		if (now_ms() > end)
			return false;
		usleep(1000);
	}
	for (i = 0; i < 2; i++) {
		*why = "a process outside the domain died";
		if (!hog_alive(&f->outside[i]) && !by_hand)
			return false;
		if (by_hand)
			hog_stop(&f->outside[i]);
	}
	*why = "init, a kernel thread or a task outside the domain was offered";
	if (f->watch->bss->bad_offers)
		return false;
	*why = "init, a kernel thread or a task outside the domain was killed";
	if (f->watch->bss->bad_victims)
		return false;
	*why = "a process or cgroup stays";
	clear(f);
	return access(CGROUP_ROOT "/oom_fuzz", F_OK) && errno == ENOENT;
}

FIXTURE(fuzz)
{
	struct fuzz f;
	int dump_tasks;
};

FIXTURE_SETUP(fuzz)
{
	const char *allowed = getenv("OOM_TEST_GLOBAL");

	if (!allowed || strcmp(allowed, "1"))
		SKIP(return, "OOM_TEST_GLOBAL=1 is not set: this may kill or panic the machine");
	libbpf_set_print(keep_log);
	hogs_roam = true;
	/* To be told by a return value that a process is gone. */
	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, write_file(CGROUP_ROOT "/cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, sysctl_set("/proc/sys/vm/oom_dump_tasks", 0, &self->dump_tasks));
	self->f.wrong = wrong_bpf__open_and_load();
	self->f.watch = fuzz_bpf__open_and_load();
	ASSERT_TRUE(self->f.wrong && self->f.watch) TH_LOG("%s", libbpf_log);
	self->f.watches[0] = bpf_program__attach(self->f.watch->progs.scope);
	self->f.watches[1] = bpf_program__attach(self->f.watch->progs.offer);
	self->f.watches[2] = bpf_program__attach(self->f.watch->progs.victim);
	ASSERT_TRUE(self->f.watches[0] && self->f.watches[1] && self->f.watches[2])
		TH_LOG("%s", libbpf_log);
}

FIXTURE_TEARDOWN(fuzz)
{
	int i;

	for (i = 0; i < 3; i++) {
		bpf_link__destroy(self->f.links[i]);
		bpf_link__destroy(self->f.watches[i]);
	}
	wrong_bpf__destroy(self->f.wrong);
	fuzz_bpf__destroy(self->f.watch);
	clear(&self->f);
	hog_stop(&self->f.outside[0]);
	hog_stop(&self->f.outside[1]);
	sysctl_set("/proc/sys/vm/oom_dump_tasks", self->dump_tasks, &i);
}

/* A long run ends by its own clock. */
TEST_F_TIMEOUT(fuzz, P5_random_policies, 1000000)
{
	const char *seed_text = getenv("OOM_TEST_SEED"), *seconds = getenv("OOM_FUZZ_SECONDS");
	struct fuzz *f = &self->f;
	unsigned long long seed;
	long end, tick, left, slabs = 0;
	struct timespec now;
	const char *why;

	clock_gettime(CLOCK_REALTIME, &now);
	seed = seed_text ? strtoull(seed_text, NULL, 10) :
		now.tv_nsec ^ (unsigned long long)now.tv_sec << 20;
	/* A state is never 0. */
	f->rng = seed ?: 1;
	f->rng_attach = f->rng * 3;
	f->wrong->bss->random_state = f->rng * 5;
	printf("# seed %llu\n", seed);
	end = now_ms() + (seconds ? atol(seconds) * 1000 : 0);
	tick = now_ms() + 10000;

	ASSERT_EQ(0, pthread_mutex_init(&f->coming, NULL));
	ASSERT_EQ(0, log_open(&f->log));
	ASSERT_EQ(0, pthread_create(&f->thread, NULL, come_and_go, f));
	while (seconds ? now_ms() < end : f->rounds < FUZZ_SHORT) {
		if (!fuzz_round(f, &why)) {
			__atomic_store_n(&f->stop, true, __ATOMIC_RELAXED);
			pthread_join(f->thread, NULL);
			ASSERT_TRUE(false) TH_LOG("round %u: %s", f->rounds, why);
		}
		if (f->rounds == WARM_UP) {
			slabs = slab_count("task_struct");
			ASSERT_GT(slabs, 0) TH_LOG("no /proc/slabinfo");
		}
		if (now_ms() > tick) {
			printf("# %u rounds, %u victims\n", f->rounds, f->watch->bss->victims);
			fflush(stdout);
			tick += 10000;
		}
	}
	__atomic_store_n(&f->stop, true, __ATOMIC_RELAXED);
	pthread_join(f->thread, NULL);

	left = slab_settled("task_struct", slabs + SLAB_SLACK);
	printf("# seed %llu: %u rounds, %u by sysrq\n", seed, f->rounds, f->by_hand);
	printf("# %u scans, %u tasks offered, %u victims, %u times a program was attached\n",
	       f->watch->bss->ooms, f->watch->bss->offered, f->watch->bss->victims,
	       f->attached);
	printf("# task_structs: %ld, then %ld\n", slabs, left);
	EXPECT_LE(left, slabs + SLAB_SLACK) TH_LOG("task_structs leak");
	EXPECT_GE(f->watch->bss->victims, f->rounds) TH_LOG("rounds without an OOM");
	EXPECT_GT(f->wrong->bss->wrong[0].asked, f->rounds / 4) TH_LOG("no policy took part");
	EXPECT_GT(f->wrong->bss->wrong[1].asked, f->rounds / 4) TH_LOG("no second one did");
	log_close(&f->log);
}

TEST_HARNESS_MAIN
