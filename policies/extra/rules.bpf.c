// SPDX-License-Identifier: GPL-2.0
/*
 * rules - a list of rules, of which the first that matches decides
 *
 * A line gives a class to the processes that fulfil all of its conditions: on the name,
 * the executable, the user, the cgroup, the size and more; see oom-policy(8). Those that
 * no line matches are in the middle. Classes die in order, within a class what the list
 * says: the biggest process, or that of the biggest cgroup, or the youngest.
 *
 * Conditions are sets of lines that are cut. Names and paths run through automata that
 * the command has made of all patterns, so that a task costs about the same with one rule
 * and with 64. A cgroup is matched when it is made, by a program outside of any OOM, and
 * a rule holds for what is made anew under the same path.
 *
 *   oom-policy load FILE
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "oom_rules.h"

struct path_matcher oom_path_matchers[RULE_LISTS] SEC(".bss.paths");
struct rule_list oom_lists[RULE_LISTS] SEC(".bss.lists");
struct rule_marks marks SEC(".data.marks") = { };

#define POLICY "rules"
#define CHOOSES "what a list of rules says: the first line that matches decides"
#define BAD_AT "more than 64 lines"
#define RANK_KEYS ",,pages task"
#define LINES 64
#define SET_LABEL set_label_of_line
#define AT_BEGIN at_begin
#define COMPARE_KEYS compare_rules
#define MORE_OF_RANK print_tree
#define OWN_RANK
#define FLOOR
#define NEAR near_in_list
#define ACTIVE_RANK (oom_lists[marks.active & 1].rank)
#define SUM_WANTED (ACTIVE_RANK == RANK_CGROUP_SIZE || ACTIVE_RANK == RANK_CGROUP_TREE)
#define SUM_TREE (ACTIVE_RANK == RANK_CGROUP_TREE)
#define SUM_SKIPS is_never

static __always_inline bool is_never(struct task_struct *task, __u32 of_dry_run);

#include "memcg.bpf.h"
#include "systemd.bpf.h"

/* A clock tick in /proc, whatever CONFIG_HZ is. */
#define NSEC_PER_TICK	10000000
#define MAX_EXE		256
/* Levels below the domain on which cgroups are compared; deeper down all are equal. */
#define TREE_LEVELS	10

struct {
	__uint(type, BPF_MAP_TYPE_CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct cgroup_mark);
} oom_marks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RULE_LISTS * 3 * RULE_LINES);
	__type(key, struct rule_id);
	__type(value, struct rule_id_lines);
} oom_ids SEC(".maps");

struct cgroup *bpf_cgroup_from_id(u64 id) __ksym;
void bpf_cgroup_release(struct cgroup *cgrp) __ksym;

/* The state of one search; one for OOMs, one for dry runs. */
struct view {
	__u32 list;
	__u32 domain_owner;
	__u64 scope;	/* lines that hold in this OOM */
	/* Of the last process, as the next one often has the same: user, name, executable. */
	__u32 uid, gid;
	__s32 adj;
	__u64 user_lines;
	__u64 name[2];
	__u64 name_lines;
	__u64 dentry;	/* of the executable; 0: none yet */
	__u64 exe_lines;
	char exe[MAX_EXE];
} views[2] SEC(".bss.views");

static __always_inline struct view *view_of(struct oom_domain *domain)
{
	return &views[domain == &dry];
}

static __always_inline void set_view(struct view *view, struct cgroup *cgrp)
{
	struct rule_list *list;
	struct cgroup_mark *mark;

	view->list = marks.active & 1;
	list = &oom_lists[view->list & 1];
	/* No process has these. */
	view->adj = OOM_SCORE_ADJ_MIN - 1;
	view->name[1] = ~0ULL;
	view->dentry = 0;
	view->domain_owner = 0;
	view->scope = list->global;
	if (!cgrp)
		return;
	view->domain_owner = owner(cgrp->kn);
	mark = bpf_cgrp_storage_get(&oom_marks, cgrp, 0, 0);
	view->scope = list->no_scope | (mark ? mark->scopes[view->list & 1] : 0);
}

static __always_inline void at_begin(struct oom_control *oc)
{
	set_view(&views[0], oc->memcg ? oc->memcg->css.cgroup : NULL);
}

static __always_inline void before_dry_run(void)
{
	struct cgroup *cgrp = dry.cgroup ? bpf_cgroup_from_id(dry.cgroup) : NULL;

	set_view(&views[1], cgrp);
	if (cgrp)
		bpf_cgroup_release(cgrp);
	if (SUM_WANTED)
		sum_sizes(true);
}

/* The label is "rules:7": it has the line that decided. */
static __always_inline void set_label_of_line(struct oom_control *oc, __u32 line)
{
	char name[] = POLICY ":00", bare[] = POLICY;

	if (!line) {
		set_oom_policy_name(oc, bare, sizeof(bare));
		return;
	}
	name[sizeof(POLICY)] += line / 10 % 10;
	name[sizeof(POLICY) + 1] += line % 10;
	set_oom_policy_name(oc, name, sizeof(name));
}

static __always_inline __u32 next_state(const unsigned short *next, const unsigned char *class,
					__u32 state, __u32 states, unsigned char c)
{
	return next[(state & (states - 1)) * RULE_CLASSES + (class[c] & (RULE_CLASSES - 1))];
}

/* @size: a constant, of text with a NUL. */
static __always_inline __u64 match_name(const struct name_matcher *matcher, const char *text,
					int size)
{
	__u32 state = 0;
	int i;

	for (i = 0; i < size && text[i]; i++)
		state = next_state(matcher->next, matcher->class, state, NAME_STATES, text[i]);
	return matcher->accept[state & (NAME_STATES - 1)];
}

/*
 * The lowest bit of a set. Multiplied by a de Bruijn sequence, a single bit has its number
 * in the upper six bits of the product, by way of a table: Leiserson, Prokop, Randall,
 * "Using de Bruijn Sequences to Index a 1 in a Computer Word", 1998. clang 14 crashes on
 * the builtin, and branches would multiply what the verifier has to follow.
 */
#define DE_BRUIJN	0x03f79d71b4cb0a89ULL
const volatile __u8 bit_numbers[64] = {
	0, 1, 48, 2, 57, 49, 28, 3, 61, 58, 50, 42, 38, 29, 17, 4,
	62, 55, 59, 36, 53, 51, 43, 22, 45, 39, 33, 30, 24, 18, 12, 5,
	63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21, 44, 32, 23, 11,
	46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9, 13, 8, 7, 6,
};

static __always_inline __u32 lowest_bit(__u64 set)
{
	return bit_numbers[((set & -set) * DE_BRUIJN) >> 58];
}

/* Two numbers are quicker to compare than up to 16 bytes. */
static __always_inline __u64 match_comm(struct task_struct *task, struct view *view,
					const struct name_matcher *matcher)
{
	const __u64 *comm = (const __u64 *)task->comm;
	__u64 low = comm[0], high = comm[1];

	if (view->name[0] != low || view->name[1] != high) {
		view->name[0] = low;
		view->name[1] = high;
		view->name_lines = match_name(matcher, (const char *)view->name, sizeof(view->name));
	}
	return view->name_lines;
}

/* The lines that a number fulfils: a binary search, without branches as above. */
static __always_inline __u64 match_number(const struct rule_steps *steps, __s64 number)
{
	__u64 at = 0, step, below;

	/* Most are small, young and without an oom_score_adj. */
	if (number < steps->from[0])
		return steps->lines[0];
	for (step = steps->half & RULE_STEPS; step; step /= 2) {
		below = (__u64)(number - steps->from[(at + step - 1) & RULE_STEPS]) >> 63;
		at += step & (below - 1);
	}
	return steps->lines[at & RULE_STEPS];
}

static __always_inline __u64 match_id(__u32 list, enum rule_id_kind kind, __u32 id, __u64 start)
{
	struct rule_id key = { .id = id, .kind = kind, .list = list };
	struct rule_id_lines *found = bpf_map_lookup_elem(&oom_ids, &key);

	return found && found->start == start ? found->lines : 0;
}

/* The lines whose uid=, gid= and adj= a process fulfils. */
static __always_inline __u64 match_user(struct task_struct *task, struct view *view,
					struct rule_list *list)
{
	__u32 uid = task->real_cred->euid.val, gid = task->real_cred->egid.val;
	__s32 adj = task->signal->oom_score_adj;
	__u64 lines = ~0ULL;

	if (view->adj == adj && view->uid == uid && view->gid == gid)
		return view->user_lines;
	if (~list->no_uid & list->all)
		lines &= list->no_uid | match_id(view->list, RULE_UID, uid, 0);
	if (~list->no_gid & list->all)
		lines &= list->no_gid | match_id(view->list, RULE_GID, gid, 0);
	if (~list->no_adj & list->all)
		lines &= match_number(&list->adj, adj);
	view->uid = uid;
	view->gid = gid;
	view->adj = adj;
	view->user_lines = lines;
	return lines;
}

/* The lines whose exe= the file name of an executable fulfils. */
static __noinline __u64 match_dentry(struct dentry *dentry, __u32 of_dry_run)
{
	struct view *view = &views[of_dry_run & 1];

	if (!dentry || bpf_probe_read_kernel_str(view->exe, MAX_EXE, dentry->d_name.name) < 0)
		view->exe[0] = '\0';
	view->dentry = (__u64)dentry;
	view->exe_lines = match_name(&oom_lists[view->list & 1].exe, view->exe, MAX_EXE);
	return view->exe_lines;
}

static __always_inline __u64 match_exe(struct task_struct *task, struct view *view, __u32 of_dry_run)
{
	struct mm_struct *mm = task->mm;
	struct dentry *dentry;
	struct file *file;

	if (!mm)
		mm = other_mm(task);
	file = mm ? mm->exe_file : NULL;
	dentry = file ? file->f_path.dentry : NULL;
	if (dentry && view->dentry == (__u64)dentry)
		return view->exe_lines;
	return match_dentry(dentry, of_dry_run);
}

/* The lines whose cgroup= the cgroup fulfils, or that have none. */
static __always_inline __u64 match_cgroup(struct cgroup *cgrp, struct view *view)
{
	struct rule_list *list = &oom_lists[view->list & 1];
	struct cgroup_mark *mark;

	if (!(list->all & ~list->no_cgroup))
		return ~0ULL;
	mark = bpf_cgrp_storage_get(&oom_marks, cgrp, 0, 0);
	return list->no_cgroup | (mark ? mark->lines[view->list & 1] : 0);
}

static __always_inline int rank_cgroup(struct cgroup *cgrp, struct css_set *set,
				       struct oom_domain *domain, struct rank *rank)
{
	struct view *view = view_of(domain);
	struct rule_list *list = &oom_lists[view->list & 1];

	rank->key[0] = match_cgroup(cgrp, view);
	if (list->all & ~list->no_mark)
		rank->key[0] &= list->mark[systemd_mark(cgrp, view->domain_owner) % RULE_MARKS];
	if (list->rank == RANK_CGROUP_SIZE)
		rank->key[1] = memcg_pages(set, domain);
	else if (list->rank == RANK_CGROUP_TREE)
		rank->key[1] = (__u64)memcg_unit(set, domain->level)->cgroup;
	return BPF_EVAL_SELECT;
}

/* The kernel's own measure, in pages, but not below 0. */
static __always_inline __u64 score(struct task_struct *task, __u64 pages, struct oom_domain *domain)
{
	__s64 adj = task->signal->oom_score_adj, points = pages;

	if (adj)
		points += adj * (__s64)(domain->totalpages / 1000);
	return points > 0 ? points : 0;
}

/* Not inlined, so that the verifier meets the same state behind it, whatever was looked at. */
static __noinline __u64 match_task(struct task_struct *task, __u32 of_dry_run, __u64 pages)
{
	struct view *view = &views[of_dry_run & 1];
	struct rule_list *list = &oom_lists[view->list & 1];
	__u64 lines = list->all & view->scope;

	if (lines & ~(list->no_uid & list->no_gid & list->no_adj))
		lines &= match_user(task, view, list);
	if (lines & ~list->no_size)
		lines &= match_number(&list->size, pages);
	if (lines & ~list->no_name)
		lines &= match_comm(task, view, &list->name);
	if (lines & ~list->no_pid)
		lines &= list->no_pid | match_id(view->list, RULE_PID, task->tgid,
						 task->start_boottime / NSEC_PER_TICK);
	if (lines & ~list->no_age)
		lines &= match_number(&list->age, bpf_ktime_get_boot_ns() - task->start_boottime);
	if (lines & ~list->no_exe)
		lines &= match_exe(task, view, of_dry_run);
	return lines;
}

/* Marks of systemd are left out, as a walk up the tree for each process is too much. */
static __always_inline bool is_never(struct task_struct *task, __u32 of_dry_run)
{
	struct view *view = &views[of_dry_run & 1];
	struct rule_list *list = &oom_lists[view->list & 1];
	__u64 lines;

	if (!list->has_never)
		return false;
	lines = match_task(task, of_dry_run, task_pages(task)) &
		match_cgroup(task->cgroups->dfl_cgrp, view) & list->mark[RULE_MARK_NONE];
	return lines && list->class[lowest_bit(lines) & (RULE_LINES - 1)] == RULE_NEVER;
}

static __always_inline int rank(struct task_struct *task, struct oom_domain *domain,
				struct rank *rank)
{
	struct view *view = view_of(domain);
	struct rule_list *list = &oom_lists[view->list & 1];
	__u32 class = RULE_MIDDLE, line = 0;
	__u64 lines, pages;
	bool by_score;

	/* Before the paths through rank_by_cgroup(), each of which would follow it again. */
	pages = task_pages(task);
	lines = match_task(task, domain == &dry, pages);
	if (rank_by_cgroup(task, domain, rank) != BPF_EVAL_SELECT)
		return NO_BPF_POLICY;
	lines &= rank->key[0];
	by_score = list->rank == RANK_SCORE;
	if (lines) {
		line = lowest_bit(lines);
		class = list->class[line & (RULE_LINES - 1)];
		/* Small ones before others free nothing, unless they are meant. */
		if (class < RULE_MIDDLE && small(pages, domain) && !(list->sized >> line & 1)) {
			class = RULE_MIDDLE;
		} else {
			rank->line = line + 1;
			rank->named = list->adj_given >> line & 1;
			by_score |= list->by_score >> line & 1;
		}
	}
	if (class == RULE_NEVER)
		return BPF_EVAL_NEXT;
	rank->key[0] = RULE_NEVER - class;
	rank->key[KEYS - 1] = pages;
	switch (list->rank) {
	case RANK_PRIVATE:
		rank->key[KEYS - 1] = private_pages(task);
		break;
	case RANK_CGROUP_SIZE:
		if (rank->key[1] == OWN_SIZE)
			rank->key[1] = pages;
		break;
	case RANK_YOUNGEST:
		rank->key[1] = small(pages, domain) ? 0 : task->start_boottime;
		break;
	case RANK_OLDEST:
		rank->key[1] = small(pages, domain) ? 0 : ~task->start_boottime;
		break;
	}
	if (by_score)
		rank->key[KEYS - 1] = score(task, pages, domain);
	return BPF_EVAL_SELECT;
}

/*
 * The place of a process in the tree, on one level: cgroup and size. One that is in a
 * cgroup above that level, such as the root, is its own sibling.
 */
static __always_inline __u64 on_level(__u64 cgroup, __u32 level, __u64 *pages)
{
	struct cgroup *cgrp = cast((void *)cgroup, struct cgroup);
	__u64 id;

	if (cgrp->level < (int)level)
		return 0;
	id = BPF_CORE_READ(cgrp, ancestors[level & 0xffff], kn, id);
	*pages = sum_of(id, &oom.domain);
	return id;
}

/* By value: a structure whose address is taken would be in memory for each task. */
static __noinline int compare_trees(__u64 cgroup, __u64 size, __u64 best_cgroup, __u64 best_size)
{
	__u64 id, best_id, pages, best_pages;
	__u32 level = oom.domain.level;
	int i;

	for (i = 0; i < TREE_LEVELS; i++) {
		level++;
		pages = size;
		best_pages = best_size;
		id = on_level(cgroup, level, &pages);
		best_id = on_level(best_cgroup, level, &best_pages);
		if (id == best_id && id)
			continue;
		if (!id && !best_id)
			return 0;
		if (pages != best_pages)
			return pages > best_pages ? 1 : -1;
		return id > best_id ? 1 : -1;
	}
	return 0;
}

static __always_inline int compare_rules(const struct rank *r, const struct rank *best)
{
	if (r->key[0] != best->key[0])
		return r->key[0] > best->key[0] ? 1 : -1;
	if (r->key[1] == best->key[1])
		return 0;
	if (oom_lists[views[0].list & 1].rank == RANK_CGROUP_TREE)
		return compare_trees(r->key[1], r->key[KEYS - 1], best->key[1], best->key[KEYS - 1]);
	return r->key[1] > best->key[1] ? 1 : -1;
}

/* As in cgroup_size.bpf.c, if a cgroup is chosen first. */
static __always_inline __u64 near_in_list(__u64 largest)
{
	__u32 rank = oom_lists[views[0].list & 1].rank;

	if (rank == RANK_CGROUP_SIZE || rank == RANK_CGROUP_TREE)
		return largest / 4;
	return largest - largest / 16;
}

/* For a rank by the tree: the sizes of the cgroup and of those above it, from the top. */
static __always_inline void print_tree(struct seq_file *seq, struct task_struct *task)
{
	struct cgroup *cgrp;
	__u32 level, i;
	__u64 id;

	if (oom_lists[views[1].list & 1].rank != RANK_CGROUP_TREE)
		return;
	cgrp = memcg_unit(task->cgroups, dry.level)->cgroup;
	for (i = 1; i < MAX_LEVELS; i++) {
		level = dry.level + i;
		if (cgrp->level < (int)level)
			break;
		id = BPF_CORE_READ(cgrp, ancestors[level & 0xffff], kn, id);
		BPF_SEQ_PRINTF(seq, " %llu=%llu", id, sum_of(id, &dry));
	}
}

/*
 * The marks of cgroups. Both programs run under cgroup_mutex, one at a time, and not in
 * an OOM: they may use what the hook does not take.
 */
struct walk {
	struct cgroup *cgrp;
	__u32 state[RULE_LISTS];
	char name[MAX_EXE];
} walk SEC(".bss.walk");

static long walk_byte(__u32 i, void *unused)
{
	unsigned char c = walk.name[i & (MAX_EXE - 1)];
	int n;

	if (!c)
		return 1;
	for (n = 0; n < RULE_LISTS; n++)
		walk.state[n] = next_state(oom_path_matchers[n].next, oom_path_matchers[n].class,
					   walk.state[n], PATH_STATES, c);
	return 0;
}

static long walk_level(__u32 i, struct cgroup **cgrp)
{
	const char *name = BPF_CORE_READ(*cgrp, ancestors[(i + 1) & 0xffff], kn, name);
	int n;

	for (n = 0; n < RULE_LISTS; n++)
		walk.state[n] = next_state(oom_path_matchers[n].next, oom_path_matchers[n].class,
					   walk.state[n], PATH_STATES, '/');
	if (bpf_probe_read_kernel_str(walk.name, MAX_EXE, name) > 0)
		bpf_loop(MAX_EXE - 1, walk_byte, NULL, 0);
	return 0;
}

static __always_inline void mark_cgroup(struct cgroup *cgrp)
{
	struct cgroup_mark *mark;
	struct cgroup *from = cgrp;
	int n;

	mark = bpf_cgrp_storage_get(&oom_marks, cgrp, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!mark) {
		__sync_fetch_and_add(&marks.missed, 1);
		return;
	}
	for (n = 0; n < RULE_LISTS; n++)
		walk.state[n] = 0;
	bpf_loop(cgrp->level, walk_level, &from, 0);
	for (n = 0; n < RULE_LISTS; n++) {
		mark->lines[n] = oom_path_matchers[n].accept[walk.state[n] & (PATH_STATES - 1)][0];
		mark->scopes[n] = oom_path_matchers[n].accept[walk.state[n] & (PATH_STATES - 1)][1];
	}
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(oom_mkdir, struct cgroup *cgrp)
{
	/* 0 is cgroup v2. */
	if (!cgrp->root->hierarchy_id)
		mark_cgroup(cgrp);
	return 0;
}

SEC("iter/cgroup")
int oom_mark_all(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *cgrp = ctx->cgroup;

	if (cgrp)
		mark_cgroup(cgrp);
	return 0;
}
