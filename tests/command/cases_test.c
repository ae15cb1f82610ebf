// SPDX-License-Identifier: GPL-2.0
/*
 * Wrong victims that somebody reported of an OOM killer, as small scenes: each names
 * who has to live. /m is the machine in small: 100 MiB, and all below it share them.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "command.h"

#define USER 1000

FIXTURE(cases)
{
	struct said said;
	struct cg m, cg[8];
	struct hog hog[8];
	struct klog log;
	int nr;
};

FIXTURE_SETUP(cases)
{
	/* A test that was ended leaves its cgroups. */
	nothing_loaded(&self->said);
	run(&self->said, "cd " CGROUP_ROOT "/m && echo 1 >cgroup.kill && sleep 1 && "
	    "find . -mindepth 1 -depth -type d -exec rmdir {} +");
	ASSERT_EQ(0, write_file(CGROUP_ROOT "/cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, group_create(&self->m, NULL, "m", 100 * MIB));
	ASSERT_EQ(0, cg_write(self->m.path, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, log_open(&self->log));
	/* The kernel reports ten OOMs in five seconds; the rest goes unreported. */
	usleep(600000);
}

FIXTURE_TEARDOWN(cases)
{
	int i;

	run(&self->said, "oom-policy unload --all");
	for (i = 0; i < self->nr; i++)
		hog_stop(&self->hog[i]);
	for (i = self->nr - 1; i >= 0; i--)
		group_destroy(&self->cg[i]);
	group_destroy(&self->m);
	log_close(&self->log);
}

/* Start a process in a cgroup of its own below @parent, which has its name: NULL if that failed. */
static struct hog *start(struct _test_data_cases *self, const struct cg *parent, const char *name,
			 size_t mib, int adj)
{
	int nr = self->nr;

	if (group_create(&self->cg[nr], parent, name, 0) ||
	    hog_start(&self->hog[nr], &self->cg[nr], mib * MIB, adj))
		return NULL;
	self->nr++;
	return &self->hog[nr];
}

#define START(name, mib, adj) ({						\
	struct hog *__hog = start(self, &self->m, name, mib, adj);		\
										\
	ASSERT_NE(NULL, __hog) TH_LOG("%s did not start", name);		\
	__hog;									\
})

/* It asks for more than there is. */
#define GROW(hog, mib)								\
	do {									\
		ASSERT_EQ(0, hog_grow(hog, (mib) * MIB));			\
		hog_wait(hog, PATIENCE);					\
	} while (0)

/* If another died, that is seen soon. */
#define ASSERT_DIES(hog)							\
	ASSERT_EQ(SIGKILL, hog_killed(hog, PATIENCE / 4)) TH_LOG("%s", log_read(&self->log))
#define ASSERT_LIVES(hog)							\
	ASSERT_TRUE(hog_alive(hog)) TH_LOG("%s", log_read(&self->log))

static int load_list(struct said *said, const char *text)
{
	return save("/tmp/case.rules", text) ?: run(said, "oom-policy load -f /tmp/case.rules");
}

#define ASSERT_LIST(text)							\
	ASSERT_EQ(0, load_list(&self->said, text)) TH_LOG("%s", self->said.err)

/* The service is restarted: its directory is made anew, and the rule holds for that, too. */
static void restart(struct _test_data_cases *self, struct hog *hog)
{
	struct cg *cg = &self->cg[hog - self->hog];

	hog_stop(hog);
	group_destroy(cg);
	group_create(cg, &self->m, "db", 0);
	hog_start(hog, cg, 60 * MIB, 0);
}

TEST_F(cases, restarted)
{
	struct hog *db = START("db", 60, 0), *t = START("t", 1, 0);

	ASSERT_RUN(0, "oom-policy load cgroup --set /m/db=never");
	restart(self, db);
	GROW(t, 50);
	ASSERT_DIES(t);
	ASSERT_LIVES(db);
}

TEST_F(cases, restarted_list)
{
	struct hog *db = START("db", 60, 0), *t = START("t", 1, 0);

	ASSERT_LIST("never cgroup=/m/d*\n");
	restart(self, db);
	ASSERT_RUN(0, "oom-policy rank -c /m");
	GROW(t, 50);
	ASSERT_DIES(t);
	ASSERT_LIVES(db);
}

/* At boot the services are not there yet. */
TEST_F(cases, made_later)
{
	struct hog *db, *t;

	ASSERT_RUN(0, "oom-policy load priority --set /m/db=12 --set /m/t=1");
	db = START("db", 60, 0);
	t = START("t", 1, 0);
	GROW(t, 50);
	ASSERT_DIES(t);
	ASSERT_LIVES(db);
}

TEST_F(cases, made_later_list)
{
	struct hog *db, *t;

	ASSERT_LIST("never cgroup=/m/**\nlast name=t\n");
	ASSERT_RUN(0, "oom-policy unload --all");
	ASSERT_LIST("never cgroup=/**/db\n");
	db = START("db", 60, 0);
	t = START("t", 1, 0);
	GROW(t, 50);
	ASSERT_DIES(t);
	ASSERT_LIVES(db);
}

/* One with an opinion on everybody in front of one with rules. */
TEST_F(cases, order)
{
	struct hog *db = START("db", 60, 0), *t = START("t", 1, 0);

	ASSERT_RUN(0, "oom-policy load name --set db=never");
	ASSERT_RUN(0, "oom-policy load rss");
	GROW(t, 50);
	ASSERT_DIES(t);
	ASSERT_LIVES(db);
}

TEST_F(cases, order_of_a_reload)
{
	struct hog *db = START("db", 60, 0), *t = START("t", 1, 0);

	ASSERT_RUN(0, "oom-policy load rss");
	ASSERT_RUN(0, "oom-policy load name --set db=never");
	ASSERT_RUN(0, "oom-policy load rss");
	GROW(t, 50);
	ASSERT_DIES(t);
	ASSERT_LIVES(db);
}

/* Other policies are loaded side by side: they warn, and a reload changes no order. */
TEST_F(cases, order_is_kept)
{
	struct hog *db = START("db", 60, 0), *t = START("t", 1, 0);

	ASSERT_RUN(0, "oom-policy load cgroup-size");
	ASSERT_STREQ("", self->said.err);
	ASSERT_RUN(0, "oom-policy load cgroup --set /m/db=never");
	ASSERT_STREQ("", self->said.err);
	ASSERT_RUN(0, "oom-policy load cgroup-size");
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ("cgroup", field(&self->said, 0, "policy"));
	GROW(t, 50);
	ASSERT_DIES(t);
	ASSERT_LIVES(db);
	ASSERT_RUN(0, "oom-policy unload cgroup-size; oom-policy load cgroup-size");
	ASSERT_SAYS(err, "cgroup-size has an opinion on every process");
}

/* A leak that nobody listed is in the middle, and so before what has a high priority. */
TEST_F(cases, unlisted)
{
	struct hog *prod = START("prod", 20, 0), *leak = START("leak", 1, 0);

	ASSERT_RUN(0, "oom-policy load priority --set /m/prod=10");
	GROW(leak, 90);
	ASSERT_DIES(leak);
	ASSERT_LIVES(prod);
}

TEST_F(cases, unlisted_example)
{
	struct hog *prod = START("prod", 20, 0), *batch = START("batch", 20, 0);
	struct hog *leak = START("leak", 1, 0);

	ASSERT_RUN(0, "oom-policy load priority --set /m/prod=10 --set /m/batch=1");
	GROW(leak, 75);
	ASSERT_DIES(batch);
	ASSERT_LIVES(prod);
	GROW(leak, 30);
	ASSERT_DIES(leak);
	ASSERT_LIVES(prod);
}

/* A daemon of the node is a last resort; a pod at 900 is not. */
#define LAST_RESORT(command)							\
	do {									\
		struct hog *__daemon = START("kubelet", 55, -999);		\
		struct hog *__pod = START("t", 1, 900);				\
										\
		ASSERT_RUN(0, "oom-policy " command);				\
		GROW(__pod, 50);						\
		ASSERT_DIES(__pod);						\
		ASSERT_LIVES(__daemon);						\
	} while (0)

TEST_F(cases, last_resort_age)
{
	LAST_RESORT("load age --set order=oldest");
}

TEST_F(cases, last_resort_cgroup_size)
{
	LAST_RESORT("load cgroup-size");
}

TEST_F(cases, last_resort_priority)
{
	LAST_RESORT("load priority --set default=5");
}

TEST_F(cases, last_resort_rss)
{
	LAST_RESORT("load rss");
}

/* The threshold is a setting, and a line that names an oom_score_adj is meant as it is. */
TEST_F(cases, last_resort_is_a_setting)
{
	struct hog *kubelet = START("kubelet", 55, -950), *t = START("t", 1, 0);

	ASSERT_LIST("rank size\nset last-resort=-1000\n");
	GROW(t, 50);
	ASSERT_DIES(kubelet);
	ASSERT_LIVES(t);
}

TEST_F(cases, last_resort_by_a_rule)
{
	struct hog *kubelet = START("kubelet", 55, -950), *t = START("t", 1, 0);

	ASSERT_LIST("first adj<=-950\n");
	GROW(t, 50);
	ASSERT_DIES(kubelet);
	ASSERT_LIVES(t);
}

/* To kill small helpers frees nothing worth it. */
#define HELPERS(command)							\
	do {									\
		struct hog *__helpers[3], *__leak;				\
		char __name[4];							\
		int __i;							\
										\
		for (__i = 0; __i < 3; __i++) {					\
			snprintf(__name, sizeof(__name), "h%d", __i);		\
			__helpers[__i] = START(__name, 5, 0);			\
		}								\
		__leak = START("leak", 1, 0);					\
		ASSERT_RUN(0, "oom-policy " command);				\
		GROW(__leak, 97);						\
		ASSERT_DIES(__leak);						\
		for (__i = 0; __i < 3; __i++)					\
			ASSERT_LIVES(__helpers[__i]);				\
	} while (0)

TEST_F(cases, helpers_cgroup)
{
	HELPERS("load cgroup --set /m/h0=prefer --set /m/h1=prefer --set /m/h2=prefer");
}

TEST_F(cases, helpers_name)
{
	HELPERS("load name --set 'h*=prefer'");
}

/* The floor is a setting: without it even one that has next to nothing is preferred. */
#define FLOOR(command)								\
	do {									\
		struct hog *__h = START("h", 0, 0), *__leak = START("leak", 1, 0); \
										\
		command;							\
		GROW(__leak, 101);						\
		ASSERT_DIES(__h);						\
	} while (0)

TEST_F(cases, floor_cgroup)
{
	FLOOR(ASSERT_RUN(0, "oom-policy load cgroup --set /m/h=prefer --set floor=0"));
}

TEST_F(cases, floor_list)
{
	FLOOR(ASSERT_LIST("first name=h\nset floor=0\n"));
}

/* A rule with a size means what it says. */
TEST_F(cases, helpers_with_size)
{
	struct hog *h = START("h", 5, 0), *leak = START("leak", 1, 0);

	ASSERT_LIST("first name=h size>=1M\n");
	GROW(leak, 97);
	ASSERT_DIES(h);
}

/* The whole cgroup dies, whatever a rule says of a part of it. */
TEST_F(cases, oom_group)
{
	struct hog *db = START("db", 20, 0);

	ASSERT_EQ(0, cg_write(self->m.path, "memory.oom.group", "1"));
	ASSERT_RUN(0, "oom-policy load name --set db=never");
	ASSERT_SAYS(err, "memory.oom.group");
	ASSERT_SAYS(err, "/m");
	ASSERT_RUN(0, "oom-policy rank -c /m");
	ASSERT_SAYS(out, "memory.oom.group");
	ASSERT_LIVES(db);
}

static void write_tmpfs(const struct cg *cg, size_t mib)
{
	static char block[MIB];
	pid_t pid = fork();
	int fd;

	if (pid) {
		waitpid(pid, NULL, 0);
		return;
	}
	cg_write(cg->path, "cgroup.procs", "0");
	fd = open("/tmp/big", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	while (mib--) {
		if (write(fd, block, sizeof(block)) != sizeof(block))
			break;
	}
	_exit(0);
}

/* Files in memory are not freed by a kill. */
TEST_F(cases, tmpfs)
{
	struct hog *p = START("a", 2, 0), *leak = START("b", 1, 0);

	write_tmpfs(&self->cg[0], 60);
	ASSERT_RUN(0, "oom-policy load cgroup-size");
	GROW(leak, 39);
	unlink("/tmp/big");
	ASSERT_DIES(leak);
	ASSERT_LIVES(p);
}

static pid_t *snapshot;

/* A database, and the child that writes its snapshot, which is as big, at 800. */
static void hold_with_snapshot(size_t bytes)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	memset(memory, 'a', bytes);
	pid = fork();
	if (!pid) {
		write_file("/proc/self/oom_score_adj", "800");
		for (;;)
			pause();
	}
	*snapshot = pid;
	memset(memory, 'b', bytes);
}

TEST_F(cases, snapshot)
{
	struct hog *parent, *t;
	struct hog child = { };
	int ms;

	snapshot = mmap(NULL, sizeof(*snapshot), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	ASSERT_NE(MAP_FAILED, snapshot);
	hog_hold = hold_with_snapshot;
	parent = START("r", 30, 0);
	hog_hold = hog_hold_pages;
	child.pid = *snapshot;
	t = START("t", 1, 0);
	ASSERT_EQ(0, cg_write(self->m.path, "memory.max", "80M"));
	ASSERT_RUN(0, "oom-policy load rss");
	GROW(t, 30);
	ASSERT_LIVES(parent);
	ASSERT_LIVES(t);
	for (ms = 0; ms < PATIENCE && hog_alive(&child); ms += 100)
		usleep(100000);
	ASSERT_FALSE(hog_alive(&child)) TH_LOG("%s", log_read(&self->log));
}

/* A mark that its owner may not set on others does not shift the choice to them. */
TEST_F(cases, mark_of_a_user)
{
	struct hog *alice = START("alice", 60, 0), *bob = START("bob", 25, 0), *t = START("t", 1, 0);
	int status;
	pid_t pid;

	ASSERT_EQ(0, chown(self->cg[0].path, USER, USER));
	pid = fork();
	if (!pid)
		_exit(setuid(USER) || setxattr(self->cg[0].path, "user.oomd_omit", "1", 1, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_RUN(0, "oom-policy load systemd");
	GROW(t, 30);
	ASSERT_DIES(alice);
	ASSERT_LIVES(bob);
	ASSERT_LIVES(t);
}

/* The same mark, set by root, counts. */
TEST_F(cases, mark_of_root)
{
	struct hog *alice = START("alice", 60, 0), *bob = START("bob", 25, 0), *t = START("t", 1, 0);

	ASSERT_EQ(0, setxattr(self->cg[0].path, "user.oomd_omit", "1", 1, 0));
	ASSERT_RUN(0, "oom-policy load systemd");
	GROW(t, 30);
	ASSERT_LIVES(alice);
	ASSERT_DIES(bob);
}

/* The administrator logs in while an old process leaks. */
TEST_F(cases, youngest)
{
	struct hog *leak = START("leak", 1, 0), *shell = START("ssh", 2, 0);

	ASSERT_RUN(0, "oom-policy load age");
	GROW(leak, 98);
	ASSERT_DIES(leak);
	ASSERT_LIVES(shell);
}

/* Another process of @hog's cgroup. */
static int start_beside(struct _test_data_cases *self, const struct hog *hog, size_t mib)
{
	int nr = self->nr, ret;

	/* They share the cgroup; the directory is removed last. */
	self->cg[nr] = self->cg[hog - self->hog];
	ret = hog_start(&self->hog[nr], &self->cg[nr], mib * MIB, 0);
	if (!ret)
		self->nr++;
	return ret;
}

/* Memory that no kill frees is no reason to kill its neighbours. */
#define NEIGHBOUR(adj, command)							\
	do {									\
		struct hog *__spared = START("sys", 55, adj), *__leak;		\
										\
		ASSERT_EQ(0, start_beside(self, __spared, 2));			\
		__leak = START("leak", 1, 0);					\
		command;							\
		GROW(__leak, 45);						\
		ASSERT_DIES(__leak);						\
		ASSERT_LIVES(__spared);						\
		ASSERT_LIVES(__spared + 1);					\
	} while (0)

TEST_F(cases, neighbour_of_a_last_resort)
{
	NEIGHBOUR(-999, ASSERT_RUN(0, "oom-policy load cgroup-size"));
}

TEST_F(cases, neighbour_of_a_last_resort_priority)
{
	NEIGHBOUR(-999, ASSERT_RUN(0, "oom-policy load priority"));
}

TEST_F(cases, neighbour_of_never)
{
	NEIGHBOUR(-500, ASSERT_LIST("never adj<=-500\nrank cgroup-size\n"));
}

TEST_F(cases, neighbour_of_never_in_the_tree)
{
	NEIGHBOUR(-500, ASSERT_LIST("never adj<=-500\nrank cgroup-tree\n"));
}

/* A server and its workers in one cgroup: the service goes on without a worker. */
TEST_F(cases, server_and_workers)
{
	struct hog *server = START("c", 25, 0);
	int i;

	ASSERT_EQ(0, cg_write(self->m.path, "memory.max", "60M"));
	for (i = 1; i <= 5; i++)
		ASSERT_EQ(0, start_beside(self, server, i == 5 ? 1 : 7));
	ASSERT_RUN(0, "oom-policy load cgroup-size");
	GROW(&self->hog[5], 9);
	ASSERT_NE(NULL, strstr(log_read(&self->log), "Killed process"));
	ASSERT_LIVES(server);
}

/* The kernel kills whoever asks, and asks no policy: load and check say so. */
TEST_F(cases, allocating_task)
{
	int old;

	ASSERT_EQ(0, sysctl_set("/proc/sys/vm/oom_kill_allocating_task", 1, &old));
	run(&self->said, "oom-policy load name --set db=never");
	EXPECT_EQ(0, self->said.status);
	EXPECT_NE(NULL, strstr(self->said.err, "vm.oom_kill_allocating_task")) TH_LOG("%s", self->said.err);
	run(&self->said, "oom-policy check");
	EXPECT_EQ(1, self->said.status);
	EXPECT_NE(NULL, strstr(self->said.out, "vm.oom_kill_allocating_task=0"));
	EXPECT_EQ(0, sysctl_set("/proc/sys/vm/oom_kill_allocating_task", old, &old));
	ASSERT_RUN(0, "oom-policy check");
}

TEST_F(cases, panic_on_oom)
{
	int old;

	ASSERT_EQ(0, sysctl_set("/proc/sys/vm/panic_on_oom", 1, &old));
	run(&self->said, "oom-policy load pid");
	EXPECT_NE(NULL, strstr(self->said.err, "vm.panic_on_oom")) TH_LOG("%s", self->said.err);
	EXPECT_EQ(1, run(&self->said, "oom-policy check"));
	EXPECT_EQ(0, sysctl_set("/proc/sys/vm/panic_on_oom", old, &old));
}

TEST_HARNESS_MAIN
