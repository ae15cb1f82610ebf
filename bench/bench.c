// SPDX-License-Identifier: GPL-2.0
/*
 * Counts what it costs to choose a victim, in the guest of run-vm.sh bench, where a
 * nanosecond is one instruction.
 *
 * It fills a memory cgroup with processes and, for each way to choose that it
 * reads from stdin, has one OOM of that cgroup and one of the machine. A line is
 *
 *	NAME WHEN HOW...
 *
 * WHEN: at which numbers of processes, as 500,2000; or "all" that were asked for
 * HOW: none, floor, by-pid N (N programs, the last that is asked selects),
 *	handler POLICY (a handler that goes through all processes itself),
 *	policy ARG... (the arguments of oom-policy load; BIG is the biggest process),
 *	worst PROGRAM (of worst.bpf.c), or earlyoom
 *
 * For each OOM it prints: the kind, the cgroups, the processes, the name; the
 * instructions from the call of out_of_memory() until the victim was chosen, until
 * it was sent SIGKILL, and before that call from when the limit was reached (of the
 * cgroup; of the machine, where sysrq says so, 0); its comm; who chose it: a policy,
 * of a handler that found the same "handler", or "-"; and the bytes that programs hold.
 * For a worst program: how often it did what it does, and the instructions of the
 * one call.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "count.h"
#include "oom_policy.h"
#include "oom_util.h"

#define MAX_TASKS	10000
#define MAX_CGROUPS	64
#define MAX_LINES	64
/* More than a hundredth of the guest: smaller ones a policy does not prefer. */
#define BIG_BYTES	(40 * MIB)
/* As in include/linux/oom.h. */
#define BPF_EVAL_SELECT	3
/* As BPF_COMPLEXITY_LIMIT_INSNS in the kernel. */
#define VERIFIER_LIMIT	1000000

static struct bench {
	int cgroups, cpus, rounds, tasks[16];		/* as asked for */
	struct cg domain, trigger, cg[MAX_CGROUPS];
	int cg_fd[MAX_CGROUPS], trigger_fd;
	pid_t pid[MAX_TASKS];
	int nr;
	int started, *ready;			/* how many were started, and are as they are to be */
	int order, born;			/* pipes to the forker, and from it */
	struct klog log;
	struct decision *decision;
	unsigned int *found;			/* by a handler */
	struct worst *worst;
	struct bpf_object *obj[8];		/* of the way that is measured */
	struct bpf_link *link[8];
	int nr_objs;
	bool loaded;				/* by oom-policy */
} b;

#define MUST(cond) do {								\
	if (!(cond)) {								\
		fprintf(stderr, "bench: line %d: %s: %s\n", __LINE__, #cond, strerror(errno)); \
		exit(1);							\
	}									\
} while (0)

/* A process that only exists; the first one is big. */
static void child(int i)
{
	const struct sched_param first = { .sched_priority = 1 };
	void *mem;

	if (!i) {
		prctl(PR_SET_NAME, "big");
		mem = mmap(NULL, BIG_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		MUST(mem != MAP_FAILED);
	} else {
		prctl(PR_SET_NAME, "task");
	}
	/* As in the selftests: it exits before another task is chosen. */
	MUST(!sched_setscheduler(0, SCHED_FIFO, &first));
	__atomic_add_fetch(b.ready, 1, __ATOMIC_RELEASE);
	while (1)
		pause();
}

/*
 * Forks all processes as children of the bench. The bench itself grows meanwhile, and
 * its children would: they have to be equal, or the kernel takes more time for some.
 */
static void forker(int order, int born)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP | CLONE_PARENT };
	pid_t pid;
	int i;

	while (read(order, &i, sizeof(i)) == sizeof(i)) {
		args.cgroup = b.cg_fd[i % b.cgroups];
		pid = syscall(SYS_clone3, &args, sizeof(args));
		if (!pid) {
			/* The guest's init is at -1000. */
			MUST(!write_file("/proc/self/oom_score_adj", "0"));
			child(i);
		}
		MUST(write(born, &pid, sizeof(pid)) == sizeof(pid));
	}
	_exit(0);
}

static void start_forker(void)
{
	int order[2], born[2];
	pid_t pid;

	MUST(!pipe(order) && !pipe(born));
	pid = fork();
	MUST(pid >= 0);
	if (!pid) {
		close(order[1]);
		forker(order[0], born[1]);
	}
	close(order[0]);
	close(born[1]);
	b.order = order[1];
	b.born = born[0];
}

static void start(int i)
{
	b.started++;
	MUST(write(b.order, &i, sizeof(i)) == sizeof(i));
	MUST(read(b.born, &b.pid[i], sizeof(b.pid[i])) == sizeof(b.pid[i]) && b.pid[i] > 0);
}

/* A process that has not run yet is smaller, and cheaper to score. */
static void wait_ready(void)
{
	while (__atomic_load_n(b.ready, __ATOMIC_ACQUIRE) < b.started)
		usleep(10000);
	usleep(200000);
}

static void populate(int nr)
{
	for (; b.nr < nr; b.nr++)
		start(b.nr);
	wait_ready();
	/* Replaced as after an OOM: it is the last in the list of tasks. */
	MUST(!kill(b.pid[0], SIGKILL) && waitpid(b.pid[0], NULL, 0) == b.pid[0]);
	start(0);
	wait_ready();
}

/* Replace the victim. */
static void replace(void)
{
	int i;
	pid_t pid = waitpid(-1, NULL, 0);

	for (i = 0; i < b.nr && b.pid[i] != pid; i++)
		;
	MUST(i < b.nr);
	start(i);
	wait_ready();
}

/* One section of the variables of an object that is loaded. */
static void *vars(struct bpf_object *obj, const char *section)
{
	void *mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			 bpf_object__find_map_fd_by_name(obj, section), 0);

	MUST(mem != MAP_FAILED);
	return mem;
}

/* With one of its programs, or with all: @only is NULL. */
static struct bpf_object *open_object(const char *name, const char *only)
{
	char path[128];
	struct bpf_object *obj;
	struct bpf_program *prog;

	snprintf(path, sizeof(path), "bench/%s.bpf.o", name);
	obj = bpf_object__open_file(path, NULL);
	MUST(obj);
	bpf_object__for_each_program(prog, obj)
		if (only)
			bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), only));
	return obj;
}

static void set_constant(struct bpf_object *obj, const void *value, size_t size)
{
	MUST(!bpf_map__set_initial_value(bpf_object__find_map_by_name(obj, ".rodata"), value, size));
}

static void attach(struct bpf_object *obj, const char *program)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(obj, program);

	b.obj[b.nr_objs] = obj;
	MUST((b.link[b.nr_objs++] = bpf_program__attach(prog)));
}

/* When a process started, in clock ticks. */
static unsigned long long started(pid_t pid)
{
	unsigned long long start = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	MUST(file);
	MUST(fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		    &start) == 1);
	fclose(file);
	return start;
}

/* The rules that lines/policy gives oom-policy. */
static void handler(const char *policy)
{
	struct oom_pid pid = { .start = started(b.pid[0]), .verdict = BPF_EVAL_SELECT };
	struct bpf_object *obj;
	unsigned int value;
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "handler_%s", policy);
	obj = open_object(name, "oom_handler");
	MUST(!bpf_object__load(obj));
	fd = bpf_object__find_map_fd_by_name(obj, "oom_pids");
	if (fd >= 0)
		MUST(!bpf_map_update_elem(fd, &b.pid[0], &pid, BPF_ANY));
	fd = bpf_object__find_map_fd_by_name(obj, "oom_cgroups");
	value = strcmp(policy, "priority") ? BPF_EVAL_SELECT : 5;
	if (fd >= 0)
		MUST(!bpf_map_update_elem(fd, &b.domain.id, &value, BPF_ANY));
	b.found = vars(obj, ".data.found");
	attach(obj, "oom_handler");
}

static void by_pid(int copies)
{
	const bool silent = true;
	struct bpf_object *obj;
	pid_t *target;
	int i;

	for (i = 0; i < copies; i++) {
		obj = open_object("by_pid", NULL);
		if (i)
			set_constant(obj, &silent, sizeof(silent));
		MUST(!bpf_object__load(obj));
		target = vars(obj, ".bss");
		*target = b.pid[0];
		munmap(target, 4096);
		attach(obj, "by_pid");
	}
}

/* A worst program that is loaded, or NULL where the verifier refuses the count. */
static struct bpf_object *load_worst(const char *program, unsigned int count)
{
	struct bpf_object *obj = open_object("worst", program);
	struct bpf_program *prog = bpf_object__find_program_by_name(obj, program);
	static char log[65536];

	set_constant(obj, &count, sizeof(count));
	/* Statistics only: by itself libbpf would try again, with a log of each step. */
	bpf_program__set_log_buf(prog, log, sizeof(log));
	bpf_program__set_log_level(prog, 4);
	if (!bpf_object__load(obj))
		return obj;
	bpf_object__close(obj);
	return NULL;
}

/* How many instructions the verifier has followed. */
static unsigned int verified(struct bpf_object *obj, const char *program)
{
	int fd = bpf_program__fd(bpf_object__find_program_by_name(obj, program));
	struct bpf_prog_info info = { };
	__u32 size = sizeof(info);

	MUST(!bpf_obj_get_info_by_fd(fd, &info, &size));
	return info.verified_insns;
}

/* With the largest count that loads, which mostly is where the line of two others ends. */
static struct bpf_object *largest_worst(const char *program)
{
	unsigned int low = 100, high, middle, at[2], i;
	struct bpf_object *obj, *best = NULL;

	for (i = 0; i < 2; i++) {
		if (best)
			bpf_object__close(best);
		MUST((best = load_worst(program, (i + 1) * low)));
		at[i] = verified(best, program);
	}
	low *= 2;
	high = low + (VERIFIER_LIMIT - at[1]) / ((at[1] - at[0]) / 100) + 1;
	for (middle = high - 1; middle > low; middle = (low + high) / 2) {
		obj = load_worst(program, middle);
		if (obj) {
			bpf_object__close(best);
			best = obj;
			low = middle;
		} else {
			high = middle;
		}
	}
	return best;
}

static void worst(const char *program)
{
	struct bpf_object *obj;

	/* Nobody needs to be told of each count that does not load. */
	libbpf_set_print(NULL);
	obj = largest_worst(program);
	b.worst = vars(obj, ".data.worst");
	b.worst->target = b.pid[0];
	b.worst->cgroup = b.domain.id;
	attach(obj, program);
}

/* Bytes that programs, their machine code, maps and types hold, and that stay resident. */
static long locked(void)
{
	char buf[64] = "";
	FILE *file = popen("{ bpftool prog; bpftool map; bpftool btf; } | "
			   "grep -oE '(jited|memlock|size) [0-9]+B' | "
			   "awk '{ s += $2 } END { print s }'", "r");

	MUST(file && fgets(buf, sizeof(buf), file) && !pclose(file));
	return atol(buf);
}

static long nothing_loaded;

static void set_up(const char *how)
{
	char command[512];
	const char *big;

	if (!strncmp(how, "by-pid ", 7)) {
		by_pid(atoi(how + 7));
	} else if (!strncmp(how, "handler ", 8)) {
		handler(how + 8);
	} else if (!strncmp(how, "worst ", 6)) {
		worst(how + 6);
	} else if (!strncmp(how, "policy ", 7)) {
		how += 7;
		big = strstr(how, "BIG");
		if (big)
			snprintf(command, sizeof(command), "oom-policy load %.*s%d%s",
				 (int)(big - how), how, b.pid[0], big + 3);
		else
			snprintf(command, sizeof(command), "oom-policy load %s", how);
		MUST(!system(command));
		b.loaded = true;
	} else if (!strcmp(how, "floor")) {
		MUST(!write_file("/sys/module/oom_policy/parameters/floor", "%d", b.pid[0]));
	} else {
		MUST(!strcmp(how, "none"));
	}
}

static void clean_up(void)
{
	if (b.found)
		munmap(b.found, 4096);
	if (b.worst)
		munmap(b.worst, 4096);
	b.found = NULL;
	b.worst = NULL;
	while (b.nr_objs) {
		b.nr_objs--;
		bpf_link__destroy(b.link[b.nr_objs]);
		bpf_object__close(b.obj[b.nr_objs]);
	}
	if (b.loaded)
		MUST(!system("oom-policy unload --all"));
	b.loaded = false;
	/* Programs are freed a little later. */
	usleep(500000);
}

/* Programs write while this is read. */
#define SEEN(field) __atomic_load_n(&b.decision->field, __ATOMIC_RELAXED)

/*
 * Wait for a tick, so that there is none in what follows: 10 ms are ten million
 * instructions, and the tick takes tens of thousands of its own.
 */
static void tick(void)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &start);
	do {
		clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	} while (now.tv_nsec == start.tv_nsec);
}

/* A process in a cgroup from its first moment on. */
static pid_t fork_trigger(void)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = b.trigger_fd,
	};

	return syscall(SYS_clone3, &args, sizeof(args));
}

/* One OOM of the cgroup: take pages until there has been one. */
static void memcg_oom(void)
{
	char path[512], text[64];
	pid_t pid;
	char *mem;

	snprintf(path, sizeof(path), "%s/memory.current", b.domain.path);
	MUST(read_file(path, text, sizeof(text)) > 0);
	snprintf(text, sizeof(text), "%lu", strtoul(text, NULL, 10) + 64 * 4096);
	MUST(!cg_write(b.domain.path, "memory.max", text));
	pid = fork_trigger();
	if (!pid) {
		mem = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		MUST(mem != MAP_FAILED);
		tick();
		for (; !SEEN(victim); mem += 4096)
			*mem = 1;
		_exit(0);
	}
	MUST(waitpid(pid, NULL, 0) == pid);
	MUST(!cg_write(b.domain.path, "memory.max", "max"));
}

/* The label of who chose the victim: a policy, "handler" if one found the same, or "-". */
static void chosen_by(char *label, size_t size)
{
	static const char by_policy[] = " victim=policy";
	const char *text = log_read(&b.log), *at = strstr(text, "\noom_policy=");
	char *end;

	MUST(strstr(text, "invoked oom-killer"));
	if (at) {
		snprintf(label, size, "%.*s", (int)strcspn(at + 12, "\n"), at + 12);
		end = strstr(label, by_policy);
		if (end && !end[strlen(by_policy)])
			*end = '\0';
	} else if (b.found && *b.found == b.decision->victim)
		snprintf(label, size, "handler");
	else
		snprintf(label, size, "-");
}

/*
 * One OOM that is not counted. The first one after new processes finds all their pages
 * active: reclaim takes several ticks, and the search would pay for whatever the
 * scheduler owes to others by then.
 */
static void warm_up(void)
{
	memset(b.decision, 0, sizeof(*b.decision));
	memcg_oom();
	replace();
}

static void measure(const char *scope, const char *name, const char *how)
{
	char comm[32] = "", path[64], label[64];
	struct decision *d = b.decision;
	long bytes;
	int ms;

	set_up(how);
	bytes = locked() - nothing_loaded;
	memset(d, 0, sizeof(*d));
	MUST(!log_open(&b.log));
	if (!strcmp(scope, "memcg")) {
		memcg_oom();
	} else {
		tick();
		MUST(!write_file("/proc/sysrq-trigger", "f"));
	}
	for (ms = 0; ms < 10000 && !SEEN(killed); ms++)
		usleep(1000);
	MUST(SEEN(killed));
	snprintf(path, sizeof(path), "/proc/%d/comm", d->victim);
	if (read_file(path, comm, sizeof(comm)) <= 0)
		strcpy(comm, d->victim == (unsigned int)b.pid[0] ? "big" : "task");
	comm[strcspn(comm, "\n")] = '\0';
	replace();
	chosen_by(label, sizeof(label));
	log_close(&b.log);
	if (b.worst)
		printf("worst\t%s\t%u\t%llu\n", name, b.worst->times, b.worst->took);
	else
		printf("oom\t%s\t%d\t%d\t%s\t%llu\t%llu\t%llu\t%s\t%s\t%ld\n", scope, b.cgroups, b.nr,
	       name, d->chosen, d->killed, d->reached ? d->start - d->reached : 0, comm, label, bytes);
	fflush(stdout);
	clean_up();
}

/*
 * earlyoom's CPU time for one decision: from its start, and after that from one kill
 * that it only announces to the next; and its resident bytes. It has to choose the
 * same victim.
 */
static void earlyoom(void)
{
	char line[512], path[64], text[4096], *at;
	struct timespec before = { }, now;
	int out[2], seen = 0;
	clockid_t clock;
	long kb = 0;
	pid_t pid;
	FILE *from;

	MUST(!pipe(out));
	pid = fork();
	if (!pid) {
		dup2(out[1], 1);
		dup2(out[1], 2);
		/* Memory is always low. */
		execl("/bin/earlyoom", "earlyoom", "--dryrun", "-r", "0", "-m", "99,98",
		      "-s", "99,98", NULL);
		_exit(127);
	}
	close(out[1]);
	from = fdopen(out[0], "r");
	MUST(from && !clock_getcpuclockid(pid, &clock));
	while (seen < 3 && fgets(line, sizeof(line), from)) {
		if (!strstr(line, "sending SIG") || !strstr(line, " to process "))
			continue;
		MUST(!clock_gettime(clock, &now));
		MUST(strstr(line, "\"big\""));
		printf("earlyoom\t%d\t%s\t%lld\n", b.nr, seen++ ? "later" : "first",
		       (now.tv_sec - before.tv_sec) * 1000000000LL + now.tv_nsec - before.tv_nsec);
		before = now;
	}
	MUST(seen == 3);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	MUST(read_file(path, text, sizeof(text)) > 0);
	at = strstr(text, "VmRSS:");
	MUST(at && sscanf(at, "VmRSS: %ld kB", &kb) == 1);
	printf("earlyoom\t%d\tbytes\t%ld\n", b.nr, kb * 1024);
	kill(pid, SIGKILL);
	MUST(waitpid(pid, NULL, 0) == pid);
	fclose(from);
}

/* Is a number in a list of them? */
static bool listed(const char *list, int nr)
{
	char *end;

	if (!strcmp(list, "all"))
		return true;
	while (strtol(list, &end, 10) != nr) {
		if (*end != ',')
			return false;
		list = end + 1;
	}
	return true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'c':
		b.cgroups = atoi(arg);
		if (b.cgroups < 1 || b.cgroups > MAX_CGROUPS)
			argp_error(state, "--cgroups %s: 1 to %d", arg, MAX_CGROUPS);
		break;
	case 'n':
		b.cpus = atoi(arg);
		break;
	case ARGP_KEY_ARG:
		if (b.rounds == 16 || atoi(arg) < 1 || atoi(arg) > MAX_TASKS)
			argp_error(state, "%s: up to 16 numbers of 1 to %d", arg, MAX_TASKS);
		b.tasks[b.rounds++] = atoi(arg);
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "how many processes?");
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option options[] = {
	{ "cgroups", 'c', "N", 0, "spread the processes over so many cgroups (1)" },
	{ "cpus", 'n', "N", 0, "fail unless the kernel has so many CPUs (1)" },
	{ }
};

static const struct argp argp = { options, parse, "TASKS...", "Counts what an OOM costs." };

int main(int argc, char **argv)
{
	static char lines[MAX_LINES][256];
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	char name[64], when[64], leaf[16];
	struct bpf_program *prog;
	struct bpf_object *count;
	int i, round, nr = 0, at;
	cpu_set_t cpu = { };

	b.cgroups = 1;
	b.cpus = 1;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	while (nr < MAX_LINES && fgets(lines[nr], sizeof(lines[nr]), stdin)) {
		lines[nr][strcspn(lines[nr], "\n")] = '\0';
		if (lines[nr][0] && lines[nr][0] != '#')
			nr++;
	}
	MUST(libbpf_num_possible_cpus() == b.cpus && sysconf(_SC_NPROCESSORS_ONLN) == b.cpus);
	/* All other CPUs are idle: nothing runs beside the search that is counted. */
	CPU_SET(0, &cpu);
	MUST(!sched_setaffinity(0, sizeof(cpu), &cpu));
	b.ready = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST((void *)b.ready != MAP_FAILED);
	setrlimit(RLIMIT_NPROC, &limit);
	MUST(!write_file("/proc/sys/kernel/threads-max", "65536"));
	MUST(!write_file("/proc/sys/kernel/pid_max", "65536"));
	MUST(!write_file("/proc/sys/vm/oom_dump_tasks", "0"));
	MUST(!write_file(CGROUP_ROOT "/cgroup.subtree_control", "+memory"));
	MUST(!group_create(&b.domain, NULL, "bench", 0));
	MUST(!cg_write(b.domain.path, "cgroup.subtree_control", "+memory"));
	MUST(!group_create(&b.trigger, &b.domain, "trigger", 0));
	MUST((b.trigger_fd = open(b.trigger.path, O_PATH | O_CLOEXEC)) >= 0);
	for (i = 0; i < b.cgroups; i++) {
		snprintf(leaf, sizeof(leaf), "c%d", i);
		MUST(!group_create(&b.cg[i], &b.domain, leaf, 0));
		MUST((b.cg_fd[i] = open(b.cg[i].path, O_PATH | O_CLOEXEC)) >= 0);
	}
	start_forker();
	count = open_object("count", NULL);
	MUST(!bpf_object__load(count));
	bpf_object__for_each_program(prog, count)
		MUST(bpf_program__attach(prog));
	b.decision = vars(count, ".bss");
	b.decision->victim = 1;
	nothing_loaded = locked();
	for (round = 0; round < b.rounds; round++) {
		populate(b.tasks[round]);
		warm_up();
		for (i = 0; i < nr; i++) {
			MUST(sscanf(lines[i], "%63s %63s %n", name, when, &at) == 2);
			if (!listed(when, b.nr))
				continue;
			if (!strcmp(lines[i] + at, "earlyoom")) {
				earlyoom();
				continue;
			}
			measure("memcg", name, lines[i] + at);
			/* One call of it is all that is counted. */
			if (!strncmp(lines[i] + at, "worst ", 6))
				continue;
			measure("global", name, lines[i] + at);
		}
	}
	return 0;
}
