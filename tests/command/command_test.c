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
	nothing_loaded(&self->said);
	ASSERT_EQ(0, group_create(&self->prod, NULL, "prod", 0));
	ASSERT_EQ(0, group_create(&self->batch, NULL, "batch", 0));
}

FIXTURE_TEARDOWN(command)
{
	run(&self->said, "oom-policy unload --all");
	group_destroy(&self->prod);
	group_destroy(&self->batch);
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
	{ "list rules", 0, "last-resort  -1000..1000" },
	{ "list rules --json", 0, "\"values\": \"-1000..1000\"" },
	{ "list pid --json", 0, "\"bad_at\": \"a process that is started anew" },
	{ "list cgroup", 0, "/CGROUP      prefer|never|none|only" },
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
	{ "rank rules pid --set order=oldest", 2, NULL, "--set needs one policy" },

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
	{ "load priority --set '/*=1'", 3, NULL, "/*=1: patterns are for the rule list" },
	{ "load priority --set '/prod =1'", 3, NULL, "blanks around" },
	{ "load cgroup /prod=never", 2, NULL, "load: --set is missing: --set '/prod=never'" },
	{ "set rules", 2, NULL, "set: a policy and a rule" },
	{ "set pid 1=never", 6, NULL, "pid is not loaded" },
	{ "unset frob x", 3, NULL, "frob: no such policy" },
	{ "unload name", 3, NULL, "name: the policy rules does this" },
	{ "load rules --set 'never frob=1'", 3, NULL, "--set:1:7: frob: no condition" },
	{ "load priority --set frob=1", 3, NULL, "frob=1: no setting and no path of a cgroup" },
	{ "load priority --set /prod=1 --set /prod/=2", 3, NULL,
	  "priority: /prod/=2: contradicts an earlier rule" },
	{ "load priority --set default=1 --set default=2", 3, NULL, "contradicts an earlier rule" },
	{ "load priority --set /prod", 3, NULL, "/prod: not of the form KEY=VALUE" },
	{ "load priority --set =1", 3, NULL, "=1: not of the form KEY=VALUE" },
	{ "load cgroup --set /prod=frob", 3, NULL, "\"frob\" is not one of prefer|never|none|only" },
	{ "load cgroup --set default=never", 3, NULL, "no setting and no path" },
	{ "load cgroup --set /prod=only --set /=prefer", 3, NULL, "only (which spares the root)" },
	{ "load cgroup --set /../../../tmp=never", 3, NULL, "no cgroup is called" },
	{ "load cgroup --set /sys/fs/cgroup/../../../tmp=never", 3, NULL, "no cgroup is called" },
	{ "load pid --set 2=first", 3, NULL, "2=first: a thread of the kernel" },
	{ "load pid --set 4000000=first", 3, NULL, "4000000=first: no such process" },
	{ "load pid --set 0=first", 3, NULL, "no such process" },
	{ "load pid --set x=first", 3, NULL, "no such process" },
	{ "load pid --set 1=first --set 1=never", 3, NULL, "1=never: contradicts an earlier rule" },
	{ "load name --set 0123456789abcdef=never", 3, NULL, "exe= takes longer ones" },
	{ "load name --set '*=maybe'", 3, NULL, "name: *=maybe: not NAME=prefer or NAME=never" },
	{ "load age --set order=middle", 3, NULL, "age: order=middle: not order=youngest" },
	{ "load age --set min=1048577", 3, NULL, "age: min=1048577: not " },
	{ "load age --set min=-1", 3, NULL, "min=-1: not " },
	{ "load rss --set /prod=1", 3, NULL, "rss: /prod=1: it has no rules" },
	{ "load rss --set unkillable=yes", 3, NULL, "unkillable=yes: spare or kill" },
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
	{ "list /oom/example/most_threads.bpf.o", 0, "min          0..4194304" },
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
	{ "unload pid", 6, NULL, "pid is not loaded" },
	{ "status pid", 6, NULL, "pid is not loaded" },
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
	{ "", "/tmp/conf: no rule in it" },
	{ "# comment\n\n", "/tmp/conf: no rule in it" },
	{ "set = /prod=1\n", "/tmp/conf:1:7: /prod: more than one word behind set" },
	{ "[rss]\nload = yes\n", "/tmp/conf:1:1: [rss]: there are no sections" },
	{ "never name=a\n\n  first nam=b\n", "/tmp/conf:3:9: nam: no condition" },
	{ "\xef\xbb\xbfnever name=a frob\n", "/tmp/conf:1:17: frob: no condition" },
	{ "never name=a\nnever uid=nobody-of-this-name\n", "/tmp/conf:2:11: uid=nobody-of-this-name: no such user" },
	{ "rank cgroup-size\nkernel name=a\n", "/tmp/conf:2:1: kernel: its score" },
};

TEST_F(command, damaged_files)
{
	char text[2048];
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
	snprintf(text, sizeof(text), "never cgroup=/%0900d/%0300d", 0, 0);
	ASSERT_EQ(0, save("/tmp/conf", text));
	ASSERT_RUN(3, "oom-policy check /tmp/conf");
	ASSERT_SAYS(err, "/tmp/conf:1:");
	/* One that another makes useless is an error of the file, but loads. */
	ASSERT_RUN(0, "printf 'never name=a*\\nfirst name=ab\\n' >/tmp/conf");
	ASSERT_RUN(3, "oom-policy check /tmp/conf");
	ASSERT_SAYS(err, "/tmp/conf:2:1: never matches: line 1 before it (never name=a*)");
	ASSERT_RUN(0, "oom-policy status");
	ASSERT_STREQ("No policy: the kernel chooses.\n", self->said.out);
}

TEST_F(command, file_is_loaded)
{
	ASSERT_RUN(0, "printf '# a\\n4 cgroup=/batch\\nlast cgroup=/p* # b\\nrank size\\n' >/tmp/conf");
	ASSERT_RUN(0, "oom-policy check /tmp/conf");
	ASSERT_STREQ("", self->said.err);
	ASSERT_RUN(0, "oom-policy status");
	ASSERT_SAYS(out, "No policy");
	ASSERT_RUN(0, "oom-policy load --config /tmp/conf");
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ("rules", field(&self->said, 0, "policy"));
	ASSERT_STREQ("", field(&self->said, 1, "policy"));
	ASSERT_SAYS(out, "\"rule\": \"4 cgroup=/batch\", \"cgroups\": 1, \"processes\": 0");
	ASSERT_SAYS(out, "\"rule\": \"last cgroup=/p*\", \"cgroups\": 1, \"processes\": 0");
	/* The list of the file is the whole list. */
	ASSERT_RUN(0, "echo 'never name=a' >/tmp/conf; oom-policy load /tmp/conf; oom-policy status");
	ASSERT_SAYS(out, "never name=a");
	ASSERT_EQ(NULL, strstr(self->said.out, "batch"));
}

/* Blanks and a mark of the byte order, as editors leave them, change nothing. */
TEST_F(command, file_with_blanks)
{
	ASSERT_RUN(0, "printf '\\357\\273\\277  never\\tname=a # a\\r\\n\\t first  name=\"b c\"\\n' >/tmp/conf");
	ASSERT_RUN(0, "oom-policy check --json /tmp/conf");
	ASSERT_STREQ("[\n]\n", self->said.out);
	ASSERT_RUN(0, "oom-policy load --config /tmp/conf && oom-policy status rules");
	ASSERT_SAYS(out, "never name=a\n");
	ASSERT_SAYS(out, "first name=\"b c\"\n");
}

/* Rules and settings of a policy that is loaded change in place. */
TEST_F(command, set_and_unset)
{
	char link[32];

	ASSERT_RUN(0, "oom-policy load priority --set /prod=10 --set default=3");
	ASSERT_RUN(0, "oom-policy status --json");
	snprintf(link, sizeof(link), "%s", field(&self->said, 0, "link_id"));
	ASSERT_RUN(0, "oom-policy set priority /batch/=1 /prod=9 unkillable=kill");
	ASSERT_RUN(0, "oom-policy unset priority default");
	ASSERT_RUN(3, "oom-policy unset priority /frob");
	ASSERT_SAYS(err, "priority: /frob: no such rule");
	ASSERT_RUN(3, "oom-policy set priority /batch=13");
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ(link, field(&self->said, 0, "link_id"));
	ASSERT_SAYS(out, "\"/batch=1\", \"cgroups\": 1");
	ASSERT_SAYS(out, "\"/prod=9\", \"cgroups\": 1");
	ASSERT_SAYS(out, "\"unkillable=kill\"");
	ASSERT_EQ(NULL, strstr(self->said.out, "default"));
}

/* A pin that somebody removed: the policy does not work, and status says so. */
TEST_F(command, lost_pin)
{
	ASSERT_RUN(0, "oom-policy load pid && rm " PINS "/pid/oom_begin");
	ASSERT_RUN(1, "oom-policy status");
	ASSERT_SAYS(err, "pid: its pin oom_begin was removed");
	ASSERT_RUN(0, "oom-policy load pid && oom-policy status");
	ASSERT_RUN(0, "rm " PINS "/pid/oom_evaluate");
	ASSERT_RUN(1, "oom-policy status pid");
	ASSERT_RUN(0, "oom-policy unload pid && oom-policy status");
}

/* As load would, check looks who made the directory of the pins. */
TEST_F(command, check_looks_at_the_pins)
{
	ASSERT_RUN(0, "oom-policy load pid && chmod 777 " PINS);
	ASSERT_RUN(4, "oom-policy check");
	ASSERT_SAYS(out, "is owned or writable by others");
	ASSERT_RUN(0, "chmod 700 " PINS " && oom-policy check");
}

/* Somebody without the capabilities that it takes: with none, or without the last. */
TEST_F(command, without_capabilities)
{
	static const char * const commands[] = {
		"load age", "unload cgroup-size", "status", "rank", "check", "watch",
	};
	int status, nobody;
	char command[64];
	size_t i;
	pid_t pid;

	ASSERT_RUN(0, "oom-policy load cgroup-size");
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
	ASSERT_RUN(0, "oom-policy status cgroup-size");
}

/* Pins that others may have made are not used. */
TEST_F(command, pins_of_others)
{
	static const char * const damages[] = { "chmod 777 " PINS, "chown 65534 " PINS };
	static const char * const commands[] = { "load age", "unload --all", "rank" };
	size_t i, j;

	ASSERT_RUN(0, "oom-policy load cgroup-size");
	for (i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		ASSERT_RUN(0, "%s", damages[i]);
		for (j = 0; j < sizeof(commands) / sizeof(*commands); j++) {
			EXPECT_EQ(4, run(&self->said, "oom-policy %s", commands[j]))
				TH_LOG("%s, %s", damages[i], commands[j]);
			EXPECT_NE(NULL, strstr(self->said.err, "is owned or writable by others"));
		}
		ASSERT_RUN(0, "chmod 700 " PINS " && chown 0 " PINS);
	}
	ASSERT_RUN(0, "oom-policy status cgroup-size");
}

/* One that stays does not keep the others. */
TEST_F(command, unload_goes_on)
{
	ASSERT_RUN(0, "mkdir -p " PINS "/a/a && oom-policy load cgroup-size && mkdir -p " PINS "/b/b");
	EXPECT_EQ(1, run(&self->said, "oom-policy unload --all"));
	EXPECT_NE(NULL, strstr(self->said.err, "could not unload a: "));
	EXPECT_NE(NULL, strstr(self->said.err, "could not unload b: "));
	ASSERT_RUN(0, "rmdir " PINS "/a/a " PINS "/b/b");
	ASSERT_RUN(6, "oom-policy status cgroup-size");
	ASSERT_RUN(0, "oom-policy unload --all");
}

/* Loaded policies are asked for one domain at a time. */
TEST_F(command, rank_waits)
{
	int fd;

	ASSERT_RUN(0, "oom-policy load cgroup-size");
	fd = open(PINS, O_RDONLY | O_CLOEXEC);
	ASSERT_EQ(0, flock(fd, LOCK_EX));
	EXPECT_NE(0, run(&self->said, "timeout 1 oom-policy rank"));
	EXPECT_EQ(0, run(&self->said, "oom-policy rank cgroup-size"));
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

	ASSERT_RUN(0, "oom-policy load cgroup-size");
	ASSERT_RUN(0, "oom-policy status --json");
	snprintf(link, sizeof(link), "%s", field(&self->said, 0, "link_id"));
	ASSERT_RUN(3, "oom-policy load cgroup-size --set unkillable=maybe");
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ(link, field(&self->said, 0, "link_id"));
	ASSERT_RUN(0, "mount --bind /sys/fs/bpf /sys/fs/bpf && mount -o remount,ro,bind /sys/fs/bpf");
	run(&self->said, "oom-policy load age");
	EXPECT_NE(0, self->said.status);
	EXPECT_NE(NULL, strstr(self->said.err, "rules"));
	ASSERT_RUN(0, "umount /sys/fs/bpf");
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ("cgroup-size", field(&self->said, 0, "policy"));
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
	EXPECT_EQ(1, run(&self->said, "oom-policy load cgroup-size"));
	EXPECT_NE(NULL, strstr(self->said.err, "too many programs on the hook")) TH_LOG("%s", self->said.err);
	EXPECT_EQ(0, run(&self->said, "rm -rf /sys/fs/bpf/many*"));
	ASSERT_RUN(6, "oom-policy status cgroup-size");
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

/* The last one loaded is asked first; one that is loaded again keeps its place. */
TEST_F(command, order)
{
	ASSERT_RUN(0, "oom-policy load cgroup-size && oom-policy load pid");
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ("pid", field(&self->said, 0, "policy"));
	ASSERT_STREQ("cgroup-size", field(&self->said, 1, "policy"));
	ASSERT_RUN(0, "oom-policy load cgroup-size --set observe=yes");
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ("pid", field(&self->said, 0, "policy"));
	ASSERT_STREQ("cgroup-size", field(&self->said, 1, "policy"));
	ASSERT_STREQ("", field(&self->said, 2, "policy"));
	ASSERT_RUN(0, "oom-policy unload pid");
	ASSERT_RUN(0, "oom-policy status --json");
	ASSERT_STREQ("cgroup-size", field(&self->said, 0, "policy"));
	ASSERT_STREQ("", field(&self->said, 1, "policy"));
}

TEST_HARNESS_MAIN
