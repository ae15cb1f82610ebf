// SPDX-License-Identifier: GPL-2.0
/* The ranking: dry runs of the policies, combined as the hook combines verdicts. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cgroup.h"
#include "cmd.h"
#include "hook.h"
#include "kernel.h"
#include "pins.h"
#include "policy.h"
#include "say.h"
#include "show.h"

static const struct column columns[] = {
	{ "rank", "RANK", RAW }, { "pid", "PID", RAW }, { "comm", "COMM" }, { "cgroup", "CGROUP" },
	{ "size_kib", NULL, RAW }, { "size", "SIZE" }, { "policy", "POLICY" }, { "why", "WHY" }, { }
};

struct task {
	int pid, verdict, why, adj;
	unsigned long long key[3], start, pages, cgroup;
	int by;		/* which policy has an opinion, in the order asked; -1: the kernel */
	long long score;	/* the kernel's measure, in pages */
};

struct ranking {
	const struct policy *policy[64];
	int nr_policies;
	struct task *tasks;
	int nr;
	struct oom_domain domain;
	unsigned long kib;	/* of a page */
};

/* The limit in a file of a cgroup, in pages; @all if it is "max" or missing. */
static uint64_t limit(const char *cgroup, const char *name, uint64_t all, unsigned long page)
{
	unsigned long long bytes;
	char path[4200];
	FILE *file;

	snprintf(path, sizeof(path), "%s%s/%s",
		 strncmp(cgroup, CGROUPS, strlen(CGROUPS)) ? CGROUPS "/" : "", cgroup, name);
	file = fopen(path, "r");
	if (!file)
		return all;
	if (fscanf(file, "%llu", &bytes) == 1 && bytes / page < all)
		all = bytes / page;
	fclose(file);
	return all;
}

static int set_domain(struct ranking *r, const char *cgroup)
{
	unsigned long page = sysconf(_SC_PAGESIZE);
	uint64_t ram, swap;
	struct sysinfo info;
	char buf[4096];
	const char *at;

	sysinfo(&info);
	r->kib = page / 1024;
	ram = (uint64_t)info.totalram * info.mem_unit / page;
	swap = (uint64_t)info.totalswap * info.mem_unit / page;
	r->domain.totalpages = ram + swap;
	if (!cgroup)
		return DONE;
	r->domain.cgroup = cgroup_id(cgroup);
	if (!r->domain.cgroup)
		return fail(BAD_INPUT, "%s: no such cgroup below " CGROUPS, cgroup);
	r->domain.totalpages = limit(cgroup, "memory.max", ram, page) +
			       limit(cgroup, "memory.swap.max", swap, page);
	at = cgroup_path(r->domain.cgroup, buf, sizeof(buf));
	/* The root is level 0, and no OOM of a cgroup. */
	if (!strcmp(at, "/"))
		r->domain.cgroup = 0;
	else
		while ((at = strchr(at, '/'))) {
			r->domain.level++;
			at++;
		}
	return DONE;
}

static struct task *find(struct ranking *r, int pid, unsigned long long start)
{
	struct task *t;

	for (t = r->tasks; t < r->tasks + r->nr; t++) {
		if (t->pid == pid && t->start == start)
			return t;
	}
	return NULL;
}

/* Take a policy's opinion on those that no policy before it had one on. */
static int take(struct ranking *r, const struct policy *policy, FILE *lines)
{
	struct task t = { }, *known, *more;
	int by = r->nr_policies++;

	r->policy[by] = policy;
	while (fscanf(lines, "%d %d %d %llu %llu %llu %llu %llu %d %llu", &t.pid, &t.verdict, &t.why,
		      &t.key[0], &t.key[1], &t.key[2], &t.start, &t.pages, &t.adj, &t.cgroup) == 10) {
		/* Itself: when memory is short, it is gone. */
		if (t.pid == getpid())
			continue;
		t.by = t.verdict ? by : -1;
		t.score = t.pages + t.adj * (long long)(r->domain.totalpages / 1000);
		known = find(r, t.pid, t.start);
		if (known) {
			if (known->by < 0 && t.by >= 0)
				*known = t;
			continue;
		}
		more = realloc(r->tasks, (r->nr + 1) * sizeof(t));
		if (!more)
			return fail(FAILED, "out of memory");
		r->tasks = more;
		r->tasks[r->nr++] = t;
	}
	return ferror(lines) ? fail(FAILED, "%s: dry run: %s", policy->name, strerror(errno)) : DONE;
}

/* The dry run of one policy; @link is its iterator. */
static int dry_run(struct ranking *r, const struct policy *policy, int link)
{
	struct bpf_link_info info = { };
	uint32_t size = sizeof(info), key = 0;
	int prog = -1, map = -1, iter = -1, status;
	FILE *lines = NULL;

	if (!bpf_obj_get_info_by_fd(link, &info, &size))
		prog = bpf_prog_get_fd_by_id(info.prog_id);
	if (prog >= 0)
		map = prog_map(prog, ".data.dry");
	if (map >= 0 && !bpf_map_update_elem(map, &key, &r->domain, BPF_ANY))
		iter = bpf_iter_create(link);
	if (iter >= 0)
		lines = fdopen(iter, "r");
	status = lines ? take(r, policy, lines) : kernel_explain(errno, policy->name);
	if (lines)
		fclose(lines);
	if (map >= 0)
		close(map);
	if (prog >= 0)
		close(prog);
	return status;
}

/* A policy that is loaded, with its rules. */
static int run_loaded(struct ranking *r, const struct hooked *hooked, const struct policy *policy)
{
	char path[512];
	int link, status;

	snprintf(path, sizeof(path), PINS "/%s/oom_rank", hooked->pin);
	link = bpf_obj_get(path);
	if (link < 0)
		return kernel_explain(errno, hooked->pin);
	status = dry_run(r, policy, link);
	close(link);
	return status;
}

/* A policy that is not loaded, with the rules given. */
static int run_setup(struct ranking *r, const struct setup *setup)
{
	struct bpf_object *obj;
	struct bpf_link *link;
	int status = DONE;

	obj = kernel_load(setup, &status);
	if (!obj)
		return status;
	link = bpf_program__attach(bpf_object__find_program_by_name(obj, "oom_rank"));
	status = link ? dry_run(r, setup->policy, bpf_link__fd(link)) :
		 kernel_explain(errno, setup->policy->name);
	bpf_link__destroy(link);
	bpf_object__close(obj);
	return status;
}

/* 0: a candidate of a policy; 1: of the kernel; 2: is not chosen. */
static int class_of(const struct task *t)
{
	if (t->by >= 0)
		return t->verdict == BPF_EVAL_SELECT ? 0 : 2;
	if (t->why == WHY_NO_MEMORY)
		return 2;
	return t->why == WHY_DYING ? 1 : t->adj == -1000 ? 2 : 1;
}

/* In the order in which they would be chosen. */
static int by_rank(const void *a, const void *b)
{
	const struct task *l = a, *r = b;
	int i;

	if (class_of(l) != class_of(r))
		return class_of(l) - class_of(r);
	if (class_of(l) == 0) {
		if (l->by != r->by)
			return l->by - r->by;
		for (i = 0; i < 3; i++) {
			if (l->key[i] != r->key[i])
				return l->key[i] > r->key[i] ? -1 : 1;
		}
		return l->start < r->start ? -1 : 1;
	}
	return l->score > r->score ? -1 : l->score < r->score;
}

/* Size and oom_score_adj in one, which may be less than nothing. */
static int measure(const struct ranking *r, const struct task *t, char *buf, size_t size)
{
	char text[32];

	return snprintf(buf, size, "by the kernel's measure: %s%s", t->score < 0 ? "-" : "",
			show_size(llabs(t->score) * r->kib, text, sizeof(text)));
}

/* Word @number of "A|B|C", or the last. */
static int nth_word(const char *words, unsigned long long number, char *buf, size_t size)
{
	const char *next;

	while (number-- && (next = strchr(words, '|')))
		words = next + 1;
	return snprintf(buf, size, "%.*s", (int)strcspn(words, "|"), words);
}

/* A key of a rank, in words. */
static int key_text(const struct ranking *r, const struct task *t, int i, char *buf, size_t size)
{
	const struct key *key = &r->policy[t->by]->keys[i];
	struct timespec boot;
	char text[32];

	switch (key->unit) {
	case KEY_PAGES:
		return snprintf(buf, size, "%s %s", key->text,
				show_size(t->key[i] * r->kib, text, sizeof(text)));
	case KEY_NUMBER:
		return snprintf(buf, size, "%s %llu", key->text, t->key[i]);
	case KEY_MINUS:
		return snprintf(buf, size, "%s %llu", key->text, key->minus - t->key[i]);
	case KEY_AGE:
		clock_gettime(CLOCK_BOOTTIME, &boot);
		return snprintf(buf, size, "started %llus ago",
				boot.tv_sec - t->start / 1000000000ULL);
	case KEY_SCORE:
		return measure(r, t, buf, size);
	case KEY_WORDS:
		return nth_word(key->text, t->key[i], buf, size);
	default:
		return 0;
	}
}

static void reason(const struct ranking *r, const struct task *t, char *buf, size_t size)
{
	const struct policy *p = t->by < 0 ? NULL : r->policy[t->by];
	size_t len = 0;
	int i;

	if (!p && t->why == WHY_DYING)
		snprintf(buf, size, "dying: it is waited for");
	else if (!p && t->why == WHY_NO_MEMORY)
		snprintf(buf, size, "has ended: nothing to free");
	else if (!p && t->adj == -1000)
		snprintf(buf, size, "spared: oom_score_adj -1000");
	else if (!p)
		measure(r, t, buf, size);
	else if (t->verdict != BPF_EVAL_SELECT)
		snprintf(buf, size, "spared by %s", p->name);
	else
		for (i = 0; i < 3; i++) {
			if (!p->keys[i].unit)
				continue;
			len += snprintf(buf + len, size - len, "%s", len ? ", " : "");
			len += key_text(r, t, i, buf + len, size - len);
		}
}

static void add_row(struct table *table, const struct ranking *r, const struct task *t, int rank)
{
	char path[64], comm[17] = "", buf[4096];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", t->pid);
	file = fopen(path, "r");
	if (file) {
		comm[fread(comm, 1, sizeof(comm) - 1, file)] = '\0';
		fclose(file);
	}
	/* The last byte is the newline of the file. */
	if (comm[0])
		comm[strlen(comm) - 1] = '\0';
	table_row(table);
	if (rank)
		cell_number(table, "rank", rank);
	cell_number(table, "pid", t->pid);
	cell_text(table, "comm", comm);
	cell_text(table, "cgroup", cgroup_path(t->cgroup, buf, sizeof(buf)));
	cell_number(table, "size_kib", t->pages * r->kib);
	cell_text(table, "size", show_size(t->pages * r->kib, buf, sizeof(buf)));
	cell_text(table, "policy", t->by < 0 ? NULL : r->policy[t->by]->name);
	reason(r, t, buf, sizeof(buf));
	cell_text(table, "why", buf);
}

static void show(struct ranking *r, bool json)
{
	struct table *table = table_new(columns, json);
	int i, rank = 0;

	if (r->nr)
		qsort(r->tasks, r->nr, sizeof(*r->tasks), by_rank);
	for (i = 0; i < r->nr; i++)
		add_row(table, r, &r->tasks[i], class_of(&r->tasks[i]) == 2 ? 0 : ++rank);
	table_show(table);
}

static int rank(const char *cgroup, struct setup *setups, int nr, bool json)
{
	struct setup kernel = { .policy = policy_find(ANY_POLICY) };
	struct ranking r = { };
	const struct policy *policy;
	struct hooked *list = NULL;
	int status, loaded, lock, i;

	status = set_domain(&r, cgroup);
	if (status)
		return status;
	/* The domain is given to what is loaded, and two commands may not do so at once. */
	lock = nr ? 0 : pins_lock(PINS, false, true);
	if (lock < 0)
		return -lock;
	loaded = hook_read(&list);
	if (loaded < 0)
		return -loaded;
	/* As if they were loaded in this order: the last is asked first. */
	for (i = nr - 1; !status && i >= 0; i--)
		status = run_setup(&r, &setups[i]);
	for (i = 0; !nr && !status && i < loaded; i++) {
		policy = list[i].pin[0] ? policy_of_program(list[i].prog_id) : NULL;
		if (policy)
			status = run_loaded(&r, &list[i], policy);
		else
			say("program %u (%s) on the hook is not one of these policies; what it says is not known",
			    list[i].prog_id, list[i].program);
	}
	/* Those that no policy has an opinion on, and where there is no policy. */
	if (!status && !r.nr_policies)
		status = kernel.policy ? run_setup(&r, &kernel) : no_policy(ANY_POLICY);
	/* Do not hold the lock while the output is read, which may take long. */
	if (lock)
		close(lock);
	if (!status)
		show(&r, json);
	free(r.tasks);
	free(list);
	return status;
}

int cmd_rank(const struct args *args)
{
	struct setup setups[MAX_POLICIES] = { };
	int status, i;

	if (args->nr_sets && args->nr_names != 1)
		return fail(BAD_USAGE, "rank: --set needs one policy; see oom-policy --help");
	status = setup_from(args->names, args->nr_names, args->sets, args->nr_sets, setups);
	if (!status)
		status = rank(args->cgroup, setups, args->nr_names, args->json);
	for (i = 0; i < args->nr_names; i++)
		setup_free(&setups[i]);
	return status;
}
