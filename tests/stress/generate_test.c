// SPDX-License-Identifier: GPL-2.0
/*
 * Random programs on the hooks. Each is refused, or a call of it is bounded:
 *
 *	- one with something in it that the documentation forbids is refused, and no
 *	  other is refused by the hook
 *	- it executes no more than the verifier followed
 *	- it takes no longer than so many of the slowest calls that are allowed
 *	- one process dies, and whoever asked for memory has it or is dead
 *
 * and after all no program, map, link or task_struct is left.
 *
 * OOM_TEST_SEED gives the seed, else the clock does, and it is printed; a failure prints
 * the number of its program, which OOM_TEST_FIRST begins with. OOM_TEST_PROGRAMS says how
 * many.
 */
#include <stdlib.h>
#include <time.h>

#include "oom_env.h"
#include "oom_generate.h"
#include "oom_odd.h"
#include "progs/xorshift.h"

#define PROGRAMS	100
/* Of 100, that must pass and that must not. */
#define MIN_LOADED	20
#define MIN_REFUSED	20
#define MIN_FORBIDDEN	5
#define MIN_RUN		80
/* Times that a call may take what as many of the slowest calls do, and at least, ns. */
#define MAX_SLOWNESS	8
#define NOISE		20000000
#define TRIES		5
#define SLOW_TIMES	1000

FIXTURE(generate)
{
	struct scene s;
	struct rules_bpf *rules;	/* for what the tracepoint says */
	struct bpf_link *links[3];
	struct program p;
	char log[LOG_SIZE];
	unsigned long long seed, rng;
	int stats;
	int dump_tasks;
	long long ns_an_insn;		/* of the slowest call */
};

/* Figures of one call: the mean of those that an OOM makes. */
struct call {
	uint64_t ns, steps, insns, calls;
};

static unsigned long number_from(const char *variable, unsigned long otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

FIXTURE_SETUP(generate)
{
	struct timespec now;

	SKIP_WITHOUT_HOOK();
	clock_gettime(CLOCK_REALTIME, &now);
	self->seed = number_from("OOM_TEST_SEED", now.tv_nsec ^ now.tv_sec << 20);
	self->rng = self->seed * 0x9e3779b97f4a7c15ULL | 1;
	printf("# seed %llu\n", self->seed);
	ASSERT_EQ(0, sysctl_set("/proc/sys/vm/oom_dump_tasks", 0, &self->dump_tasks));
	ASSERT_EQ(0, scene_memcg(&self->s));
	/* Smaller than the scene of other tests, as most of the time goes into its pages. */
	ASSERT_EQ(0, cg_write(self->s.domain.path, "memory.max", "7340032"));
	self->s.share = 5 * MIB / 100;
	self->s.grow = 2 * MIB;
	self->rules = rules_bpf__open_and_load();
	ASSERT_NE(NULL, self->rules) TH_LOG("%s", libbpf_log);
	self->links[0] = bpf_program__attach(self->rules->progs.ended);
	/* While some program stays on a function, others come and go in less time. */
	self->links[1] = bpf_program__attach(self->rules->progs.slow);
	self->links[2] = bpf_program__attach(self->rules->progs.name);
	ASSERT_TRUE(self->links[0] && self->links[1] && self->links[2])
		TH_LOG("%s", libbpf_log);
	self->stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	ASSERT_GE(self->stats, 0);
	ASSERT_EQ(0, generate_start(self->seed));
}

FIXTURE_TEARDOWN(generate)
{
	int i;

	generate_end();
	close(self->stats);
	for (i = 0; i < 3; i++)
		bpf_link__destroy(self->links[i]);
	rules_bpf__destroy(self->rules);
	scene_end(&self->s);
	sysctl_set("/proc/sys/vm/oom_dump_tasks", self->dump_tasks, &self->dump_tasks);
}

/* Start whoever is not there: 0 or -errno. */
static int refill(struct scene *s)
{
	size_t big, small;
	int ret;

	scene_sizes(s, &big, &small);
	/* It holds what it has got in the OOM before. */
	ret = scene_trigger(s);
	if (!ret && !s->big.pid)
		ret = hog_start(&s->big, &s->cg_big, big, 0);
	if (!ret && !s->small.pid)
		ret = hog_start(&s->small, &s->cg_small, small, 0);
	return ret;
}

static int dead(struct hog *hog)
{
	return hog->pid && hog_killed(hog, 0) == SIGKILL;
}

/* Run out of memory once, after refill(); NULL, or what is wrong. */
static const char *resolve(struct scene *s)
{
	long kills = cg_read_key_long(s->domain.path, "memory.events", "oom_kill "), end;
	int died = 0, ret;

	ret = hog_grow(&s->trigger, s->grow) ?: hog_wait(&s->trigger, PATIENCE);
	if (ret == -ETIMEDOUT)
		return "the OOM was not resolved";
	for (end = now_ms() + PATIENCE; !died; usleep(1000)) {
		died = dead(&s->big) + dead(&s->small) + dead(&s->trigger);
		if (now_ms() > end)
			return "nobody died";
	}
	kills = cg_read_key_long(s->domain.path, "memory.events", "oom_kill ") - kills;
	return kills == 1 && died == 1 ? NULL : "more than one died";
}

static int info_of(int prog, struct bpf_prog_info *info)
{
	__u32 len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(prog, info, &len);
}

/* An OOM in which the program is attached; NULL, or what is wrong. */
static const char *run(struct scene *s, int prog, struct call *call)
{
	struct bpf_prog_info before, after;
	uint64_t counts[NR_COUNTS] = { };
	const char *why;
	int link;

	if (refill(s))
		return "cgroups and processes";
	if (counts_set(counts) || info_of(prog, &before))
		return "the counts";
	link = bpf_raw_tracepoint_open(NULL, prog);
	if (link < 0)
		return "it was loaded, and cannot be attached";
	why = resolve(s);
	close(link);
	if (!why && (info_of(prog, &after) || counts_get(counts)))
		why = "the counts";
	if (why)
		return why;
	*call = (struct call){ .calls = after.run_cnt - before.run_cnt,
			       .insns = after.verified_insns };
	if (call->calls) {
		call->ns = (after.run_time_ns - before.run_time_ns) / call->calls;
		call->steps = counts[COUNT_STEPS] / call->calls;
	}
	return NULL;
}

/* The same, with what is said of one call of any program. */
static const char *check_call(struct scene *s, const struct program *p, int prog,
			      long long ns_an_insn, struct call *call)
{
	const char *why;
	uint64_t ns = -1;
	int tries;

	/* The machine may have stood still meanwhile. */
	for (tries = 0; tries < TRIES; tries++) {
		why = run(s, prog, call);
		if (why)
			return why;
		if (!p->damaged && call->steps * STEP_INSNS > call->insns)
			return "it executed more than the verifier followed";
		ns = call->ns < ns ? call->ns : ns;
		call->ns = ns;
		if (call->ns <= NOISE + call->insns * ns_an_insn * MAX_SLOWNESS)
			return NULL;
	}
	return "a call took too long";
}

static bool refused_by_hook(const char *log)
{
	return strstr(log, "is not modifiable") ||
		strstr(log, "calling kernel function set_oom_policy_name is not allowed");
}

static void show(const struct program *p, const struct call *call, const char *log)
{
	int i;

	printf("# attach type %d, flags %#x, forbidden: %s%s; %s\n", p->attach_type, p->flags,
	       p->forbidden ?: "nothing", p->damaged ? ", damaged" : "", log);
	printf("# %llu ns and %llu steps a call, %llu instructions verified\n",
	       (unsigned long long)call->ns, (unsigned long long)call->steps,
	       (unsigned long long)call->insns);
	for (i = 0; i < p->len; i++)
		printf("# %4d: %02x %d %d %d %d\n", i, p->insns[i].code, p->insns[i].dst_reg,
		       p->insns[i].src_reg, p->insns[i].off, p->insns[i].imm);
}

/* Programs, maps and links that are in the kernel. */
static int objects(void)
{
	int (*next[])(__u32, __u32 *) = {
		bpf_prog_get_next_id, bpf_map_get_next_id, bpf_link_get_next_id,
	};
	int i, count = 0;
	__u32 id;

	for (i = 0; i < 3; i++)
		for (id = 0; !next[i](id, &id); count++)
			;
	return count;
}

/* The slowest call that is known gives the measure for all others. */
static void measure(struct __test_metadata *_metadata, FIXTURE_DATA(generate) *self)
{
	struct call call;
	const char *why;
	int prog, i;

	generate_slow(&self->p, SLOW_TIMES);
	prog = generate_load(&self->p, self->log);
	ASSERT_GT(prog, 0) TH_LOG("%s", self->log);
	for (i = 0; i < TRIES; i++) {
		why = run(&self->s, prog, &call);
		ASSERT_EQ(NULL, why) TH_LOG("%s", why);
		ASSERT_GT(call.calls, 0);
		if (self->ns_an_insn < (long long)(call.ns / call.insns))
			self->ns_an_insn = call.ns / call.insns;
	}
	close(prog);
	printf("# an instruction of the slowest loop takes %lld ns\n", self->ns_an_insn);
}

TEST_F_TIMEOUT(generate, H8_refused_or_bounded, 1000000)
{
	unsigned int first = number_from("OOM_TEST_FIRST", 0), slowest = 0, dearest = 0, i;
	unsigned int n = number_from("OOM_TEST_PROGRAMS", PROGRAMS);
	unsigned int loaded = 0, ran = 0, by_hook = 0, refused = 0, damaged = 0, too_big = 0;
	long long dearest_ns = 0, tick = now_ms() + 10000;
	struct call call, slow = { };
	long slabs = 0, end;
	int before, prog;

	measure(_metadata, self);
	before = objects();
	for (i = first; i < first + n; i++) {
		const char *why = NULL;

		generate(&self->p, i);
		memset(&call, 0, sizeof(call));
		prog = generate_load(&self->p, self->log);
		if (prog > 0) {
			loaded++;
			damaged += self->p.damaged;
			if (self->p.forbidden && !self->p.damaged)
				why = "it was loaded";
			why = why ?: check_call(&self->s, &self->p, prog, self->ns_an_insn, &call);
			close(prog);
		} else {
			refused++;
			too_big += prog == -ENOMEM;
			if (refused_by_hook(self->log)) {
				by_hook++;
				if (!self->p.forbidden && !self->p.damaged)
					why = "the hook refused it";
			}
		}
		if (why)
			show(&self->p, &call, self->log);
		ASSERT_EQ(NULL, why) TH_LOG("seed %llu, program %u: %s", self->seed, i, why);
		ran += !!call.calls;
		if (call.ns > slow.ns) {
			slow = call;
			slowest = i;
		}
		if (call.insns && (long long)(call.ns / call.insns) > dearest_ns) {
			dearest_ns = call.ns / call.insns;
			dearest = i;
		}
		if (i == first + n / 4) {
			slabs = slab_count("task_struct");
			ASSERT_GT(slabs, 0) TH_LOG("no /proc/slabinfo");
		}
		if (now_ms() > tick) {
			printf("# %u programs, %u loaded\n", i + 1 - first, loaded);
			fflush(stdout);
			tick += 10000;
		}
	}
	printf("# seed %llu: %u programs, %u loaded, %u of them damaged, %u asked\n", self->seed, n,
	       loaded, damaged, ran);
	printf("# %u refused, %u of them by the hook, %u for want of memory\n", refused, by_hook,
	       too_big);
	printf("# slowest: program %u, %llu ns a call, %llu instructions verified\n", slowest,
	       (unsigned long long)slow.ns, (unsigned long long)slow.insns);
	printf("# slowest for its length: program %u, %lld ns an instruction\n", dearest,
	       dearest_ns);
	if (n >= PROGRAMS) {
		EXPECT_GE(loaded * 100, n * MIN_LOADED);
		EXPECT_GE(refused * 100, n * MIN_REFUSED);
		EXPECT_GE(by_hook * 100, n * MIN_FORBIDDEN);
		EXPECT_GE(ran * 100, loaded * MIN_RUN);
	}
	end = now_ms() + PATIENCE;
	while (objects() != before && now_ms() < end)
		usleep(100000);
	EXPECT_EQ(before, objects()) TH_LOG("programs, maps or links stay");
	EXPECT_LE(slab_settled("task_struct", slabs + SLAB_SLACK), slabs + SLAB_SLACK)
		TH_LOG("task_structs leak");
}

/* Any text that may be a name: @text has BUFFER_SIZE bytes, of which some follow the NUL. */
static unsigned int any_name(unsigned long long *rng, enum name_at at, char *text)
{
	static const char letters[] = "abcXYZ019_.:+-", bad[] = " /%\"\n\x7f\xe4\t,";
	unsigned int len = below(rng, 2) ? below(rng, 20) : below(rng, STACK_NAME), i;

	if (at == NAME_CONST) {
		memset(text, 'a', len);
		text[len] = '\0';
		return len;
	}
	for (i = 0; i < BUFFER_SIZE; i++)
		text[i] = letters[below(rng, sizeof(letters) - 1)];
	if (!below(rng, 4))
		text[below(rng, len + 3)] = bad[below(rng, sizeof(bad) - 1)];
	text[len] = '\0';
	return len;
}

/* L4: the label that such a call makes, or NULL where it is refused. */
static const char *label_from(const char *text, unsigned int size)
{
	static char label[16];
	unsigned int len = strnlen(text, size);

	if (size > 256 || !len || len == size ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		   "0123456789_.:+-") != len)
		return NULL;
	snprintf(label, sizeof(label), "%.15s", text);
	return label;
}

enum load { LOADS, REFUSED, EITHER };

/* Does the verifier take it? Memory must have the size, and a kernel may know of NULL. */
static enum load expect_load(enum name_at at, unsigned int len, unsigned int size, bool variable)
{
	unsigned int max = variable ? 511 : size;

	switch (at) {
	case NAME_STACK:
		return max <= STACK_NAME ? LOADS : REFUSED;
	case NAME_BUFFER:
		return LOADS;
	case NAME_CONST:
		/* Older verifiers want memory that can be written. */
		return max <= len + 1 ? EITHER : REFUSED;
	case NAME_SCALAR:
		return REFUSED;
	default:
		return EITHER;
	}
}

#define WHAT_SIZE	100

/*
 * One call of the kfunc, which goes to @what. @counts: of names that were taken, of those
 * that were not, and of programs that were refused. NULL, or what is wrong.
 */
static const char *check_name(FIXTURE_DATA(generate) *self, unsigned int *counts, char *what)
{
	static char text[BUFFER_SIZE];
	unsigned int len, size, sizes[6];
	enum name_at at = below(&self->rng, below(&self->rng, 4) ? NAME_CONST : NAME_SCALAR + 1);
	bool variable = !below(&self->rng, 3);
	const char *label, *why;
	uint64_t values[NR_COUNTS] = { };
	enum load expected;
	int prog, link;

	len = any_name(&self->rng, at, text);
	sizes[0] = sizes[1] = len + 1;
	sizes[2] = len;
	sizes[3] = below(&self->rng, 20);
	sizes[4] = 256 + below(&self->rng, 2);
	sizes[5] = below(&self->rng, 512);
	size = sizes[below(&self->rng, 6)];
	values[COUNT_SIZE] = size;
	values[COUNT_RET] = 1;
	expected = expect_load(at, len, size, variable);
	label = at >= NAME_NULL ? NULL : label_from(text, size);
	snprintf(what, WHAT_SIZE, "pointer %d, %u letters, %s size %u", at, len,
		 variable ? "variable" : "constant", size);
	if (generate_buffer(text) || counts_set(values))
		return "the arrays";

	generate_name(&self->p, at, text, size, variable);
	prog = generate_load(&self->p, self->log);
	if (prog < 0) {
		counts[2]++;
		return expected != LOADS ? NULL : "it was refused";
	}
	why = expected != REFUSED ? NULL : "it was loaded";
	why = why ?: refill(&self->s) ? "cgroups and processes" : NULL;
	link = bpf_raw_tracepoint_open(NULL, prog);
	why = why ?: link < 0 ? "it cannot be attached" : resolve(&self->s);
	close(link);
	close(prog);
	if (why)
		return why;
	if (counts_get(values))
		return "the arrays";
	counts[!label]++;
	if ((int)values[COUNT_RET] != (label ? 0 : -EINVAL))
		return "what it returned";
	if (strcmp(self->rules->bss->outcome.policy, label ?: "bpf"))
		return "the label";
	return NULL;
}

TEST_F_TIMEOUT(generate, L4_any_arguments, 1000000)
{
	unsigned int n = number_from("OOM_TEST_PROGRAMS", PROGRAMS) / 3 + 1, i;
	unsigned int counts[3] = { };
	char what[WHAT_SIZE];

	for (i = 0; i < n; i++) {
		const char *why = check_name(self, counts, what);

		ASSERT_EQ(NULL, why) TH_LOG("seed %llu, %s: %s; %s; label %s", self->seed, what,
					    why, self->log, self->rules->bss->outcome.policy);
	}
	printf("# %u names taken, %u not, %u programs refused\n", counts[0], counts[1], counts[2]);
	EXPECT_GT(counts[0], n / 20);
	EXPECT_GT(counts[1], n / 20);
	EXPECT_GT(counts[2], n / 20);
}

TEST_HARNESS_MAIN
