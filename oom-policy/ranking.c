// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cgroup.h"
#include "hook.h"
#include "kernel.h"
#include "pins.h"
#include "ranking.h"
#include "say.h"
#include "store.h"

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

/* "ID=PAGES" for each level from the domain down. */
static void read_tree(struct task *t, const char *text)
{
	struct tree_level *level = t->tree;
	int used;

	while (t->levels < (int)(sizeof(t->tree) / sizeof(*t->tree)) &&
	       sscanf(text, " %llu=%llu%n", &level->cgroup, &level->pages, &used) == 2) {
		text += used;
		level++;
		t->levels++;
	}
}

/* Take a policy's opinion on those that no policy before it had one on. */
static int read_lines(struct ranking *r, const struct policy *policy, FILE *lines)
{
	struct task t, *task, *more;
	int by = r->nr_policies++, used;
	char *line = NULL;
	size_t room = 0;

	r->policy[by] = policy;
	while (getline(&line, &room, lines) >= 0) {
		t = (struct task){ };
		used = 0;
		if (sscanf(line, "%d %d %d %llu %llu %llu %llu %llu %d %llu %u%n", &t.pid, &t.verdict,
			   &t.why, &t.key[0], &t.key[1], &t.key[2], &t.start, &t.pages, &t.adj,
			   &t.cgroup, &t.line, &used) < 10)
			break;
		if (used)
			read_tree(&t, line + used);
		/* Itself: when memory is short, it is gone. */
		if (t.pid == getpid())
			continue;
		t.by = t.verdict ? by : -1;
		t.score = t.pages + t.adj * (long long)(r->domain.totalpages / 1000);
		task = find(r, t.pid, t.start);
		if (task) {
			if (task->by < 0 && t.by >= 0)
				*task = t;
			continue;
		}
		more = realloc(r->tasks, (r->nr + 1) * sizeof(t));
		if (!more) {
			free(line);
			return fail(FAILED, "out of memory");
		}
		r->tasks = more;
		r->tasks[r->nr++] = t;
	}
	free(line);
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
	status = lines ? read_lines(r, policy, lines) : kernel_explain(errno, policy->name);
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
	r->text[r->nr_policies] = store_text(hooked->pin);
	status = dry_run(r, policy, link);
	close(link);
	return status;
}

/* A policy that is not loaded, with the rules given. */
static int run_setup(struct ranking *r, const struct setup *setup)
{
	struct store store = { };
	struct bpf_object *obj;
	struct bpf_link *link;
	int status = DONE, ret;

	obj = kernel_load(setup, &status);
	if (!obj)
		return status;
	store.obj = obj;
	ret = setup_rules(setup, &store, false) ?: setup_switch(setup, &store);
	if (ret)
		status = kernel_explain(-ret, setup->policy->name);
	link = ret ? NULL : pins_link(bpf_object__find_program_by_name(obj, "oom_rank"));
	if (!ret) {
		r->text[r->nr_policies] = setup_text(setup);
		status = link ? dry_run(r, setup->policy, bpf_link__fd(link)) :
			 kernel_explain(errno, setup->policy->name);
	}
	bpf_link__destroy(link);
	bpf_object__close(obj);
	return status;
}

int ranking_class(const struct task *t)
{
	if (t->by >= 0)
		return t->verdict == BPF_EVAL_SELECT ? 0 : 2;
	if (t->why == WHY_NO_MEMORY)
		return 2;
	return t->why == WHY_DYING ? 1 : t->adj == -1000 ? 2 : 1;
}

/* Siblings are compared where two ways down part; as in rules.bpf.c. */
static int by_tree(const struct task *l, const struct task *r)
{
	unsigned long long lp, rp;
	int i;

	for (i = 0; i < l->levels || i < r->levels; i++) {
		if (i < l->levels && i < r->levels && l->tree[i].cgroup == r->tree[i].cgroup)
			continue;
		lp = i < l->levels ? l->tree[i].pages : l->key[2];
		rp = i < r->levels ? r->tree[i].pages : r->key[2];
		if (lp != rp)
			return lp > rp ? -1 : 1;
		return (i < l->levels ? l->tree[i].cgroup : 0) > (i < r->levels ? r->tree[i].cgroup : 0) ? -1 : 1;
	}
	return 0;
}

/* The keys before the last, of two candidates of one policy. */
static int by_keys(const struct task *l, const struct task *r)
{
	if (l->by != r->by)
		return l->by - r->by;
	if (l->key[0] != r->key[0])
		return l->key[0] > r->key[0] ? -1 : 1;
	if (l->levels || r->levels)
		return by_tree(l, r);
	return l->key[1] == r->key[1] ? 0 : l->key[1] > r->key[1] ? -1 : 1;
}

/* In the order in which they would be chosen, but for sizes that are nearly equal. */
static int by_rank(const void *a, const void *b)
{
	const struct task *l = a, *r = b;
	int order = ranking_class(l) - ranking_class(r);

	if (order)
		return order;
	if (ranking_class(l) == 0) {
		order = by_keys(l, r);
		if (order)
			return order;
		return l->key[2] > r->key[2] ? -1 : l->key[2] < r->key[2];
	}
	return l->score > r->score ? -1 : l->score < r->score;
}

/* As in oom_policy.bpf.h; in cgroup_size.bpf.c and rules.bpf.c, if a cgroup is chosen first. */
static unsigned long long near(const struct ranking *r, const struct task *t)
{
	const char *text = r->text[t->by];
	bool cgroup = !strcmp(r->policy[t->by]->name, "cgroup-size");

	if (text && !strcmp(r->policy[t->by]->name, LIST_POLICY))
		cgroup = strstr(text, "rank cgroup-");
	return cgroup ? t->key[2] / 4 : t->key[2] - t->key[2] / 16;
}

/* Of those nearly as large as the first the higher oom_score_adj, then the younger. */
static void order_near(const struct ranking *r, struct task *tasks, int nr)
{
	struct task *best, *t, chosen;
	unsigned long long least;
	int i;

	for (i = 0; i < nr; i++) {
		best = &tasks[i];
		if (ranking_class(best))
			return;
		least = near(r, best);
		for (t = best + 1; t < tasks + nr && !ranking_class(t) && !by_keys(&tasks[i], t) &&
		     t->key[2] >= least; t++) {
			if (t->adj != best->adj ? t->adj > best->adj : t->start > best->start)
				best = t;
		}
		chosen = *best;
		memmove(&tasks[i + 1], &tasks[i], (char *)best - (char *)&tasks[i]);
		tasks[i] = chosen;
	}
}

static bool has_group(const char *path)
{
	char file[4400], value[4] = "";
	FILE *f;

	snprintf(file, sizeof(file), CGROUPS "%s/memory.oom.group", path);
	f = fopen(file, "r");
	if (!f)
		return false;
	if (!fgets(value, sizeof(value), f))
		value[0] = '\0';
	fclose(f);
	return *value == '1';
}

bool ranking_group(const struct ranking *r, const struct task *t, char *path, size_t size)
{
	char at[4096], *slash;
	unsigned int level = 0;
	bool found = false;

	cgroup_path(t->cgroup, at, sizeof(at));
	for (slash = at; *at == '/' && at[1] && *slash; slash++)
		level += *slash == '/';
	/* The highest one counts, up to the domain. */
	for (; level && level >= r->domain.level; level--) {
		if (has_group(at)) {
			snprintf(path, size, "%s", at);
			found = true;
		}
		*strrchr(at, '/') = '\0';
	}
	return found;
}

const struct task *ranking_sharer(const struct ranking *r, const struct task *t)
{
	const struct task *other;

	for (other = r->tasks; other < r->tasks + r->nr; other++) {
		/* kcmp() is not in every kernel, and then nothing is known. */
		if (other != t && other->pages == t->pages &&
		    !syscall(SYS_kcmp, t->pid, other->pid, KCMP_VM, 0, 0))
			return other;
	}
	return NULL;
}

const char *text_line(const char *text, unsigned int nr, char *buf, size_t size)
{
	const char *end;

	while (text && --nr && (end = strchr(text, '\n')))
		text = end + 1;
	snprintf(buf, size, "%.*s", text ? (int)strcspn(text, "\n") : 0, text ?: "");
	return buf;
}

static int make(struct ranking *r, const char *cgroup, struct setup *setups, int nr,
		const char *only)
{
	struct setup kernel = { .policy = policy_find(ANY_POLICY) };
	const struct policy *policy;
	struct hooked *list = NULL;
	int status, loaded, lock, i;

	*r = (struct ranking){ };
	status = set_domain(r, cgroup);
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
		status = run_setup(r, &setups[i]);
	for (i = 0; !nr && !status && i < loaded; i++) {
		if (only && strcmp(list[i].pin, only))
			continue;
		policy = list[i].pin[0] ? policy_of_program(list[i].prog_id) : NULL;
		if (policy)
			status = run_loaded(r, &list[i], policy);
		else
			say("program %u (%s) on the hook is not one of these policies; what it says is not known",
			    list[i].prog_id, list[i].program);
	}
	/* Those that no policy has an opinion on, and where there is no policy. */
	if (!status && !r->nr_policies)
		status = kernel.policy ? run_setup(r, &kernel) : no_policy(ANY_POLICY);
	/* Do not hold the lock while the output is read, which may take long. */
	if (lock)
		close(lock);
	free(list);
	if (!status && r->nr) {
		qsort(r->tasks, r->nr, sizeof(*r->tasks), by_rank);
		order_near(r, r->tasks, r->nr);
	}
	return status;
}

int ranking_make(struct ranking *r, const char *cgroup, struct setup *setups, int nr)
{
	return make(r, cgroup, setups, nr, NULL);
}

int ranking_of(struct ranking *r, const char *loaded)
{
	return make(r, NULL, NULL, 0, loaded);
}

void ranking_free(struct ranking *r)
{
	int i;

	for (i = 0; i < r->nr_policies; i++)
		free(r->text[i]);
	free(r->tasks);
}

