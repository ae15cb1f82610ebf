// SPDX-License-Identifier: GPL-2.0
/*
 * Policies that nobody should have, for the tests that look whether an OOM is
 * resolved all the same. The test itself and what looks after it are at
 * oom_score_adj -1000: nothing here selects those, which a policy could.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "burn.h"
#include "kfuncs.h"
#include "wrong.h"
#include "xorshift.h"

char _license[] SEC("license") = "GPL";

struct wrong_table wrong[2];
unsigned long long random_state;	/* the seed; not 0 */
__u32 change_names;	/* a name of WRONG_NAMES for each OOM, or "wrong" */
__u32 named;		/* how many OOMs there were */
__u32 selected;		/* the process that was selected last in this OOM */
__u32 selected_at_first;	/* and in the first OOM of all */
__u64 best;		/* pages, of the biggest task so far in this OOM */

static __s64 select_if(bool this_one)
{
	return this_one ? BPF_EVAL_SELECT : BPF_EVAL_NEXT;
}

static __always_inline __s64 verdict(struct wrong_table *t, struct task_struct *task)
{
	bool spared = task->signal->oom_score_adj == -1000;
	__u64 x;

	t->asked++;
	if (task->tgid == t->target)
		t->target_asked++;
	switch (t->what) {
	case WRONG_NEXT:
		return BPF_EVAL_NEXT;
	case WRONG_ABORT:
		return BPF_EVAL_ABORT;
	case WRONG_ABORT_LATER:
		return selected ? BPF_EVAL_ABORT : select_if(!spared);
	case WRONG_STOP:
		return BPF_EVAL_STOP;
	case WRONG_SELECT:
		return select_if(!spared);
	case WRONG_SELECT_CURRENT:
		return select_if(task->tgid == bpf_get_current_pid_tgid() >> 32);
	case WRONG_SELECT_TARGET:
		return select_if(task->tgid == t->target);
	case WRONG_SELECT_DYING:
		return select_if(task->signal->oom_mm);
	case WRONG_RANKING:
		x = spared || !task->mm ? 0 : task->mm->rss_stat[MM_ANONPAGES].count;
		if (x <= best)
			return BPF_EVAL_NEXT;
		best = x;
		return BPF_EVAL_SELECT;
	case WRONG_RANDOM:
		x = xorshift64(&random_state) >> 32;
		/* Most of the time one of the few that do something. */
		if (x & 7)
			x = (x >> 3) % 7;
		return spared && x == BPF_EVAL_SELECT ? BPF_EVAL_NEXT : (__s32)x;
	case WRONG_OUTSIDE:
		switch (t->asked % 5) {
		case 0:
			return -1;
		case 1:
			return BPF_EVAL_NOWAIT + 1;
		case 2:
			return 0x7fffffff;
		case 3:
			return 3LL << 32;
		default:
			return -(1LL << 63);
		}
	}
	return NO_BPF_POLICY;
}

SEC("fmod_ret/bpf_oom_evaluate_task")
__s64 BPF_PROG(first, struct task_struct *task, struct oom_control *oc)
{
	__s64 ret = verdict(&wrong[0], task);

	if (ret == BPF_EVAL_SELECT)
		selected = task->tgid;
	if (named == 1)
		selected_at_first = selected;
	return ret;
}

/* Attached after the first: asked before it. */
SEC("fmod_ret/bpf_oom_evaluate_task")
__s64 BPF_PROG(second, struct task_struct *task, struct oom_control *oc)
{
	return verdict(&wrong[1], task);
}

/* Any bytes, as likely as not letters with a NUL somewhere. */
static void random_name(struct oom_control *oc)
{
	__u64 words[4], x = xorshift64(&random_state);
	char *bytes = (char *)words;
	int i;

	for (i = 0; i < 4; i++) {
		words[i] = xorshift64(&random_state);
		if (x & 1)
			words[i] = (words[i] & 0x0707070707070707) | 0x6868686868686868;
	}
	bytes[(x >> 8) & 31] = 0;
	set_oom_policy_name(oc, bytes, 1 + ((x >> 16) & 31));
}

SEC("fentry/bpf_set_policy_name")
int BPF_PROG(name, struct oom_control *oc)
{
	char fixed[] = "wrong", letter[] = "name-a";

	selected = 0;
	best = 0;
	if (change_names && wrong[0].what == WRONG_RANDOM) {
		random_name(oc);
	} else if (change_names) {
		letter[5] += named % WRONG_NAMES;
		set_oom_policy_name(oc, letter, sizeof(letter));
	} else {
		set_oom_policy_name(oc, fixed, sizeof(fixed));
	}
	named++;
	return 0;
}
