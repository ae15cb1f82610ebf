// SPDX-License-Identifier: GPL-2.0
/* The command line of oom-policy: exit status, stdout and stderr of each kind. */
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "command.h"
#include "oom_odd.h"

#define NOBODY 65534
#define PINS "/sys/fs/bpf/oom-policy"

/* A command line, and what it has to answer; strings are parts of it. */
struct line {
	const char *args;
	int status;
	const char *out, *err;	/* NULL: nothing at all */
};

FIXTURE(command)
{
	struct said said;
	struct cg prod, batch;
};

FIXTURE_SETUP(command)
{
	ASSERT_EQ(0, cg_create(&self->prod, NULL, "prod", 0));
	ASSERT_EQ(0, cg_create(&self->batch, NULL, "batch", 0));
}

FIXTURE_TEARDOWN(command)
{
	run(&self->said, "oom-policy unload --all");
	cg_destroy(&self->prod);
	cg_destroy(&self->batch);
}

static const char *check_line(struct said *said, const struct line *line)
{
	static char why[1024];

	run(said, "oom-policy %s", line->args);
	snprintf(why, sizeof(why), "oom-policy %s: status %d", line->args, said->status);
	if (said->status != line->status)
		return why;
	snprintf(why, sizeof(why), "oom-policy %s: stdout %.400s", line->args, said->out);
	if (line->out ? !strstr(said->out, line->out) : said->out[0])
		return why;
	snprintf(why, sizeof(why), "oom-policy %s: stderr %.400s", line->args, said->err);
	if (line->err ? !strstr(said->err, line->err) : said->err[0])
		return why;
	return NULL;
}

static const struct line lines[] = {
	/* Output. */
	{ "list", 0, "priority     cgroups have priorities of 0 to 12, the lowest dies first\n" },
	{ "list --json", 0, "\"policy\": \"cgroup-size\"" },
	{ "list age", 0, "order       youngest|oldest" },
	{ "list age --json", 0, "\"values\": \"0..1048576\"" },
	{ "list age --json", 0, "\"bad_at\": \"a leak in an old process" },
	{ "list cgroup", 0, "/CGROUP     prefer|never|none|only" },
	{ "check", 0, "ftrace direct calls  yes    -\n" },
	{ "check", 0, "policy               yes    -\n" },
	{ "check --json", 0, "\"check\": \"kfunc\",\n      \"works\": true" },
	{ "status", 0, "No policy: the kernel chooses.\n" },
	{ "status --json", 0, "[\n]\n" },
	{ "rank", 0, "RANK  PID" },
	{ "rank rss", 0, "RANK  PID" },
	{ "rank --cgroup /prod --json", 0, "[\n]\n" },
	{ "status --openmetrics", 0, "# TYPE oom_policy_victims_total counter\n" },
	{ "--version", 0, "oom-policy " },
	{ "--help", 0, "Usage: oom-policy [OPTION...] COMMAND [ARG...]" },
	{ "unload --all", 0 },

	/* Usage. */
	{ "", 2, NULL, "oom-policy: which command?" },
	{ "frobnicate", 2, NULL, "frobnicate: no such command" },
	{ "list --frobnicate", 2, NULL, "unrecognized option" },
	{ "list --set a=b", 2, NULL, "does not know one of these options" },
	{ "status --cgroup /prod", 2, NULL, "does not know one of these options" },
	{ "list pid name", 2, NULL, "list: too many arguments" },
	{ "load", 2, NULL, "load: a policy with its rules, or --config" },
	{ "load rss --config /x", 2, NULL, "load: a policy with its rules, or --config" },
	{ "unload", 2, NULL, "unload: a policy, or --all" },
	{ "load --journal pid", 2, NULL, "does not know one of these options" },
	{ "rank --openmetrics", 2, NULL, "does not know one of these options" },
	{ "status --openmetrics --json", 2, NULL, "status: --openmetrics is for all policies" },
	{ "watch --exec /frob", 3, NULL, "/frob: No such file" },
	{ "unload rss --all", 2, NULL, "unload: a policy, or --all" },
	{ "rank rss age --set order=oldest", 2, NULL, "--set needs one policy" },

	/* Input that is wrong. */
	{ "list frob", 3, NULL, "frob: no such policy" },
	{ "load frob", 3, NULL, "frob: no such policy" },
	{ "unload frob", 3, NULL, "frob: no such policy" },
	{ "status frob", 3, NULL, "frob: no such policy" },
	{ "load priority --set /prod=13", 3, NULL,
	  "priority: /prod=13: \"13\" is not one of 0..12" },
	{ "load priority --set /prod=-1", 3, NULL, "is not one of 0..12" },
	{ "load priority --set /prod=", 3, NULL, "is not one of 0..12" },
	{ "load priority --set /prod=1x", 3, NULL, "is not one of 0..12" },
	{ "load priority --set /frob=1", 3, NULL, "/frob=1: no such cgroup below /sys/fs/cgroup" },
	{ "load priority --set frob=1", 3, NULL, "frob=1: no setting and no path of a cgroup" },
	{ "load priority --set /prod=1 --set /prod/=2", 3, NULL,
	  "priority: /prod/=2: contradicts an earlier rule" },
	{ "load priority --set default=1 --set default=2", 3, NULL, "contradicts an earlier rule" },
	{ "load priority --set /prod", 3, NULL, "/prod: not of the form KEY=VALUE" },
	{ "load priority --set =1", 3, NULL, "=1: not of the form KEY=VALUE" },
	{ "load cgroup --set /prod=frob", 3, NULL, "\"frob\" is not one of prefer|never|none|only" },
	{ "load cgroup --set default=never", 3, NULL, "no setting and no path" },
	{ "load cgroup --set /prod=only --set /=prefer", 3, NULL, "only (which spares the root)" },
	{ "load cgroup --set /../../../tmp=never", 3, NULL, "no such cgroup below /sys/fs/cgroup" },
	{ "load cgroup --set /sys/fs/cgroup/../../../tmp=never", 3, NULL, "no such cgroup below" },
	{ "load pid --set 2=first", 3, NULL, "2=first: a thread of the kernel" },
	{ "load pid --set 4000000=first", 3, NULL, "4000000=first: no such process" },
	{ "load pid --set 0=first", 3, NULL, "no such process" },
	{ "load pid --set x=first", 3, NULL, "no such process" },
	{ "load pid --set 1=first --set 1=never", 3, NULL, "1=never: contradicts an earlier rule" },
	{ "load name --set 0123456789abcdef=never", 3, NULL, "a name has 1 to 15 bytes" },
	{ "load name --set '*=maybe'", 3, NULL, "\"maybe\" is not one of prefer|never" },
	{ "load age --set order=middle", 3, NULL, "order=middle: youngest|oldest" },
	{ "load age --set min=1048577", 3, NULL, "min=1048577: a number of 0..1048576" },
	{ "load age --set min=-1", 3, NULL, "a number of 0..1048576" },
	{ "load age --set order=oldest --set order=youngest", 3, NULL, "contradicts an earlier order" },
	{ "load rss --set /prod=1", 3, NULL, "/prod=1: no such setting; see oom-policy list rss" },
	{ "load rss --set unkillable=yes", 3, NULL, "unkillable=yes: spare|kill" },
	{ "load observe --set observe=no", 3, NULL, "this policy is there to decide nothing" },
	{ "rank priority --set /prod=13", 3, NULL, "is not one of 0..12" },
	{ "rank --cgroup /frob", 3, NULL, "/frob: no such cgroup" },
	{ "rank --cgroup /../../../tmp", 3, NULL, "no such cgroup" },
	{ "check /tmp", 3, NULL, "/tmp: Is a directory" },
	{ "load --config /tmp", 3, NULL, "/tmp: Is a directory" },
	{ "check --json /frob", 3, "\"problem\": \"/frob: No such file", "/frob: No such file" },
	{ "check /frob", 3, NULL, "/frob: No such file or directory" },
	{ "load --config /frob", 3, NULL, "/frob: No such file or directory" },

	/* Objects that are none. */
	{ "load /bin/busybox", 3, NULL, "/bin/busybox: not the object of a policy" },
	{ "load /frob.bpf.o", 3, NULL, "/frob.bpf.o: No such file" },
	{ "load frob.bpf.o", 3, NULL, "frob.bpf.o: No such file" },
	{ "list /lib/oom-policy/pid.bpf.o", 0, "pid: the given processes first" },
	{ "list /oom/example/most_threads.bpf.o", 0, "min         0..4194304" },
	{ "rank /oom/example/most_threads.bpf.o", 0, "RANK  PID" },
	{ "load /oom/example/most_threads.bpf.o --set max=1", 3, NULL,
	  "most-threads: max=1: no such setting" },

	/* A disk that is full. */
	{ "status >/dev/full", 1, NULL, "stdout: No space left on device" },
	{ "list >/dev/full", 1, NULL, "stdout: No space left on device" },
	{ "list pid >/dev/full", 1, NULL, "stdout: No space left on device" },
	{ "rank >/dev/full", 1, NULL, "stdout: No space left on device" },
	{ "check >/dev/full", 1, NULL, "stdout: No space left on device" },
	{ "check --json >/dev/full", 1, NULL, "stdout: No space left on device" },
	{ "status --openmetrics >/dev/full", 1, NULL, "stdout: No space left on device" },

	/* Not there. */
	{ "unload rss", 6, NULL, "rss is not loaded" },
	{ "status rss", 6, NULL, "rss is not loaded" },
};

TEST_F_TIMEOUT(command, table, 180)
{
	const char *why;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		why = check_line(&self->said, &lines[i]);
		EXPECT_EQ(NULL, why) TH_LOG("%s", why);
	}
	/* None of it has changed anything. */
	ASSERT_RUN(0, "oom-policy status");
	ASSERT_STREQ("No policy: the kernel chooses.\n", self->said.out);
}

/* Files with an error, and the message with its line. */
static const struct {
	const char *text, *err;
} files[] = {
	{ "", "/tmp/conf: no policy in it" },
	{ "set = /prod=1\n", "/tmp/conf:1: []: no such policy" },
	{ "[frob]\nload = yes\n", "/tmp/conf:2: [frob]: no such policy" },
	{ "[rss]\n", "/tmp/conf:1: nothing in this section" },
	{ "[rss]\n[age]\nload = yes\n", "/tmp/conf:1: nothing in this section" },
	{ "[rss\nload = yes\n", "/tmp/conf:1: neither a section" },
	{ "[priority]\n# comment\n\nset = /prod=1\nset = /batch=13\n",
	  "/tmp/conf:5: priority: /batch=13: \"13\" is not one of 0..12" },
	{ "[priority]\nset = /prod=1\nset = /prod=2\n", "/tmp/conf:3: priority: /prod=2: contradicts" },
	{ "[priority]\nput = /prod=1\n", "/tmp/conf:2: put: neither" },
	{ "[rss]\nload = maybe\n", "/tmp/conf:2: load: neither" },
	{ "[priority]\nset\n", "/tmp/conf:2: neither a section" },
	{ "[cgroup]\nset = /prod=only\nset = /=prefer\n", "/tmp/conf: cgroup: only" },
	{ "[name]\nset = a=never\n  set = b=maybe\n", "/tmp/conf:3: name: b=maybe" },
	{ "[name]\nset = a=never\n\t[age]\n", "/tmp/conf:3: nothing in this section" },
	{ "\xef\xbb\xbf[age]\n", "/tmp/conf:1: nothing in this section" },
	{ "[name] set = a=never\n", "/tmp/conf:1: more than a section in its line" },
	{ "[name]\nset = a=never\n[priority]\nset = /frob=1\n", "/tmp/conf:4: priority: /frob=1: no such" },
};

TEST_F(command, damaged_files)
{
	char text[1024];
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
		FILE *file = fopen("/tmp/conf", "w");

		ASSERT_NE(NULL, file);
		fputs(files[i].text, file);
		fclose(file);
		EXPECT_EQ(3, run(&self->said, "oom-policy check /tmp/conf"))
			TH_LOG("%s", files[i].text);
		EXPECT_NE(NULL, strstr(self->said.err, files[i].err))
			TH_LOG("for %s: %s", files[i].err, self->said.err);
		EXPECT_EQ(3, run(&self->said, "oom-policy load --config /tmp/conf"));
		EXPECT_EQ('\0', self->said.out[0]);
	}
	/* A line that is too long is not taken in two. */
	snprintf(text, sizeof(text), "[name]\nset = %0300d=never\n", 0);
	ASSERT_EQ(0, run(&self->said, "printf '%s' >/tmp/conf", text));
	ASSERT_RUN(3, "oom-policy check /tmp/conf");
	ASSERT_SAYS(err, "/tmp/conf:2: longer than");
	ASSERT_RUN(0, "oom-policy status");
	ASSERT_STREQ("No policy: the kernel chooses.\n", self->said.out);
}

TEST_F(command, file_is_loaded_in_its_order)
{
	ASSERT_RUN(0, "printf '[rss]\\nload = yes\\n[priority]\\nset = /prod=10\\nset = /batch=1\\n' >/tmp/conf");
	ASSERT_RUN(0, "oom-policy check /tmp/conf");
	ASSERT_RUN(0, "oom-policy status");
	ASSERT_SAYS(out, "No policy");
	ASSERT_RUN(0, "oom-policy load --config /tmp/conf");
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ("priority", field(&self->said, 0, "policy"));
	ASSERT_STREQ("rss", field(&self->said, 1, "policy"));
	ASSERT_STREQ("", field(&self->said, 2, "policy"));
}

/* Blanks and a mark of the byte order, as editors leave them, change nothing. */
TEST_F(command, file_with_blanks)
{
	ASSERT_RUN(0, "printf '\\357\\273\\277 [name] # a\\n set = a=never\\n' >/tmp/conf");
	ASSERT_RUN(0, "printf '\\tset = b=never\\n' >>/tmp/conf");
	ASSERT_RUN(0, "oom-policy check --json /tmp/conf");
	ASSERT_STREQ("[\n]\n", self->said.out);
	ASSERT_RUN(0, "oom-policy load --config /tmp/conf && bpftool map dump name oom_names");
	ASSERT_EQ(NULL, strstr(self->said.out, "set"));
}

/* Somebody without the capabilities that it takes: with none, or without the last. */
TEST_F(command, without_capabilities)
{
	static const char * const commands[] = {
		"load age", "unload rss", "status", "rank", "check", "watch",
	};
	int status, nobody;
	char command[64];
	size_t i;
	pid_t pid;

	ASSERT_RUN(0, "oom-policy load rss");
	for (nobody = 0; nobody < 2; nobody++) {
		pid = fork();
		if (!pid) {
			if (nobody ? setgid(NOBODY) || setuid(NOBODY) :
			    prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN))
				_exit(99);
			/* To watch, CAP_BPF and CAP_PERFMON are enough. */
			for (i = 0; i < sizeof(commands) / sizeof(*commands) - !nobody; i++) {
				snprintf(command, sizeof(command), "oom-policy %s >&2", commands[i]);
				if (WEXITSTATUS(system(command)) != 4)
					_exit(i + 1);
			}
			_exit(0);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, WEXITSTATUS(status)) TH_LOG("nobody %d, command %d", nobody,
							 WEXITSTATUS(status));
	}
	ASSERT_RUN(0, "oom-policy status rss");
}

/* Pins that others may have made are not used. */
TEST_F(command, pins_of_others)
{
	static const char * const damages[] = { "chmod 777 " PINS, "chown 65534 " PINS };
	static const char * const commands[] = { "load age", "unload --all", "rank" };
	size_t i, j;

	ASSERT_RUN(0, "oom-policy load rss");
	for (i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		ASSERT_RUN(0, "%s", damages[i]);
		for (j = 0; j < sizeof(commands) / sizeof(*commands); j++) {
			EXPECT_EQ(4, run(&self->said, "oom-policy %s", commands[j]))
				TH_LOG("%s, %s", damages[i], commands[j]);
			EXPECT_NE(NULL, strstr(self->said.err, "is owned or writable by others"));
		}
		ASSERT_RUN(0, "chmod 700 " PINS " && chown 0 " PINS);
	}
	ASSERT_RUN(0, "oom-policy status rss");
}

/* One that stays does not keep the others. */
TEST_F(command, unload_goes_on)
{
	ASSERT_RUN(0, "mkdir -p " PINS "/a/a && oom-policy load rss && mkdir -p " PINS "/b/b");
	EXPECT_EQ(1, run(&self->said, "oom-policy unload --all"));
	EXPECT_NE(NULL, strstr(self->said.err, "could not unload a: "));
	EXPECT_NE(NULL, strstr(self->said.err, "could not unload b: "));
	ASSERT_RUN(0, "rmdir " PINS "/a/a " PINS "/b/b");
	ASSERT_RUN(6, "oom-policy status rss");
	ASSERT_RUN(0, "oom-policy unload --all");
}

/* Loaded policies are asked for one domain at a time. */
TEST_F(command, rank_waits)
{
	int fd;

	ASSERT_RUN(0, "oom-policy load rss");
	fd = open(PINS, O_RDONLY | O_CLOEXEC);
	ASSERT_EQ(0, flock(fd, LOCK_EX));
	EXPECT_NE(0, run(&self->said, "timeout 1 oom-policy rank"));
	EXPECT_EQ(0, run(&self->said, "oom-policy rank rss"));
	close(fd);
	ASSERT_RUN(0, "oom-policy rank");
}

static pid_t thread_id;

static void *wait_for_end(void *arg)
{
	__atomic_store_n(&thread_id, gettid(), __ATOMIC_RELEASE);
	pause();
	return NULL;
}

/* Ids that no rule can apply to. */
TEST_F(command, thread_and_zombie)
{
	pthread_t thread;
	char text[64];
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(0);
	ASSERT_EQ(0, waitid(P_PID, pid, NULL, WEXITED | WNOWAIT));
	ASSERT_RUN(3, "oom-policy load pid --set %d=first", pid);
	ASSERT_SAYS(err, "=first: a zombie");
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_end, NULL));
	while (!__atomic_load_n(&thread_id, __ATOMIC_ACQUIRE))
		usleep(1000);
	ASSERT_RUN(3, "oom-policy load pid --set %d=first", thread_id);
	snprintf(text, sizeof(text), "=first: a thread of process %d\n", getpid());
	ASSERT_SAYS(err, text);
}

/* A load that does not come to its end leaves nothing, and what was there. */
TEST_F(command, failed_load_changes_nothing)
{
	char link[32];

	ASSERT_RUN(0, "oom-policy load rss");
	ASSERT_RUN(0, "oom-policy status --json");
	snprintf(link, sizeof(link), "%s", field(&self->said, 0, "link_id"));
	ASSERT_RUN(3, "oom-policy load rss --set unkillable=maybe");
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ(link, field(&self->said, 0, "link_id"));
	ASSERT_RUN(0, "mount --bind /sys/fs/bpf /sys/fs/bpf && mount -o remount,ro,bind /sys/fs/bpf");
	run(&self->said, "oom-policy load age");
	EXPECT_NE(0, self->said.status);
	EXPECT_NE(NULL, strstr(self->said.err, "age"));
	ASSERT_RUN(0, "umount /sys/fs/bpf");
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ("rss", field(&self->said, 0, "policy"));
	ASSERT_STREQ("", field(&self->said, 1, "policy"));
}

/* As many programs as a function can have: said in words, and nothing is left. */
TEST_F_TIMEOUT(command, too_many_programs, 120)
{
	int i, nr = 0;

	for (i = 0; i < 50; i++) {
		run(&self->said, "bpftool prog loadall policies/cgroup.bpf.o /sys/fs/bpf/many%d autoattach", i);
		if (self->said.status)
			break;
		nr++;
	}
	EXPECT_GT(nr, 30);
	EXPECT_LT(nr, 50);
	EXPECT_EQ(1, run(&self->said, "oom-policy load rss"));
	EXPECT_NE(NULL, strstr(self->said.err, "too many programs on the hook")) TH_LOG("%s", self->said.err);
	EXPECT_EQ(0, run(&self->said, "rm -rf /sys/fs/bpf/many*"));
	ASSERT_RUN(6, "oom-policy status rss");
}

/* In a copy of a policy replace a helper that its programs call by one that is refused. */
static int make_wrong_policy(void)
{
	static const unsigned char allowed[8] = { 0x85, [4] = 115 };	/* bpf_probe_read_kernel_str() */
	static const unsigned char refused[8] = { 0x85, [4] = 114 };	/* bpf_probe_read_user_str() */
	char *bytes, *at;
	struct stat st;
	int fd, nr = 0;

	if (system("mkdir -p /tmp/wrong && cp /lib/oom-policy/pid.bpf.o /tmp/wrong"))
		return -1;
	fd = open("/tmp/wrong/pid.bpf.o", O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return -1;
	bytes = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (bytes == MAP_FAILED)
		return -1;
	for (at = bytes; (at = memmem(at, bytes + st.st_size - at, allowed, sizeof(allowed))); nr++)
		memcpy(at, refused, sizeof(refused));
	munmap(bytes, st.st_size);
	return nr;
}

/* The message has the reason, with the line of the kernel log. */
TEST_F(command, refused_program)
{
	ASSERT_GT(make_wrong_policy(), 0);
	ASSERT_RUN(5, "OOM_POLICY_PATH=/tmp/wrong oom-policy load pid");
	ASSERT_SAYS(err, "pid: the kernel refused a program, as it may run for too long: "
		    "oom: BPF program oom_evaluate refused, instruction ");
	ASSERT_SAYS(err, ": helper bpf_probe_read_user_str; see Documentation/bpf/oom.rst\n");
	ASSERT_RUN(5, "OOM_POLICY_PATH=/frob:/tmp/wrong oom-policy check");
	ASSERT_SAYS(out, "policy               no     pid: the kernel refused a program");
	ASSERT_RUN(0, "rm -r /tmp/wrong; oom-policy status");
	ASSERT_SAYS(out, "No policy");
}

TEST_F(command, survives_the_shell)
{
	ASSERT_RUN(0, "sh -c 'setsid sh -c \"oom-policy load priority --set /prod=3\"; kill -9 $$' || true");
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ("priority", field(&self->said, 0, "policy"));
	ASSERT_RUN(0, "oom-policy unload priority");
	ASSERT_RUN(0, "oom-policy status");
	ASSERT_SAYS(out, "No policy");
}

/* The last one loaded is asked first; a reload is a load. */
TEST_F(command, order)
{
	ASSERT_RUN(0, "oom-policy load rss && oom-policy load age");
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ("age", field(&self->said, 0, "policy"));
	ASSERT_STREQ("rss", field(&self->said, 1, "policy"));
	ASSERT_RUN(0, "oom-policy load rss");
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ("rss", field(&self->said, 0, "policy"));
	ASSERT_STREQ("age", field(&self->said, 1, "policy"));
	ASSERT_STREQ("", field(&self->said, 2, "policy"));
	ASSERT_RUN(0, "oom-policy unload rss");
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ("age", field(&self->said, 0, "policy"));
	ASSERT_STREQ("", field(&self->said, 1, "policy"));
}

/*
 * A policy of one's own, made with the installed header: it takes the one with the
 * most threads, which is the small one, and describes itself where it is loaded.
 */
TEST_F(command, own_object)
{
	struct hog many = { };

	ASSERT_EQ(0, odd_leaderless(&many, &self->prod, 4 * MB));
	ASSERT_RUN(0, "cp /oom/example/most_threads.bpf.o /tmp && oom-policy load /tmp/most_threads.bpf.o --set min=2 && rm /tmp/most_threads.bpf.o");
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ("most-threads", field(&self->said, 0, "policy"));
	ASSERT_RUN(0, "oom-policy rank --json");
	ASSERT_EQ(many.pid, atoi(field(&self->said, 0, "pid"))) TH_LOG("%s", self->said.out);
	ASSERT_STREQ("most-threads", field(&self->said, 0, "policy"));
	ASSERT_STREQ("threads 2", field(&self->said, 0, "why"));
	ASSERT_RUN(0, "oom-policy unload most-threads");
	hog_stop(&many);
}

/* Names in a cgroup's path: valid UTF-8 stays, other bytes can be told. */
TEST_F(command, bytes_outside_ascii)
{
	struct cg cg;
	struct hog hog = { };
	int row;

	ASSERT_EQ(0, cg_create(&cg, &self->prod, "h\xc3\xbc\xff", 0));
	ASSERT_EQ(0, hog_start(&hog, &cg, 4 * MB, 0));
	ASSERT_RUN(0, "oom-policy rank --cgroup /prod --json");
	for (row = 0; strcmp(field(&self->said, row, "cgroup"), ""); row++) {
		if (atoi(field(&self->said, row, "pid")) == hog.pid)
			break;
	}
	ASSERT_STREQ("/prod/h\xc3\xbc\\xff", field(&self->said, row, "cgroup"));
	ASSERT_RUN(0, "LC_ALL=C oom-policy rank --cgroup /prod");
	ASSERT_SAYS(out, "/prod/h\\xc3\\xbc\\xff");
	hog_stop(&hog);
	cg_destroy(&cg);
}

TEST_HARNESS_MAIN
