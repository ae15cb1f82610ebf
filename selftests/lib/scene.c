// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "oom_util.h"

/*
 * With the limit of 48 MIB the OOM comes while the trigger is smaller than big, and
 * the death of any of the three frees enough for it.
 */
#define SCENE_MAX	(48 * MIB)
#define SCENE_BIG	(24 * MIB)
#define SCENE_SMALL	(10 * MIB)
#define SCENE_GROW	(16 * MIB)

static int scene_cgroups(struct scene *s, const struct cg *parent)
{
	return group_create(&s->cg_big, parent, "big", 0) ?:
	       group_create(&s->cg_small, parent, "small", 0) ?:
	       group_create(&s->cg_trigger, parent, "trigger", 0);
}

static void scene_cgroups_end(struct scene *s)
{
	group_destroy(&s->cg_trigger);
	group_destroy(&s->cg_big);
	group_destroy(&s->cg_small);
	group_destroy(&s->domain);
}

int scene_trigger(struct scene *s)
{
	struct sched_param param = { };
	int ret;

	hog_stop(&s->trigger);
	ret = hog_start(&s->trigger, &s->cg_trigger, MIB, 0);
	/* It must not keep the CPU from a victim. */
	return ret ?: sched_setscheduler(s->trigger.pid, SCHED_OTHER, &param) ? -errno : 0;
}

int scene_start(struct scene *s, const struct cg *parent)
{
	return scene_cgroups(s, parent) ?: scene_trigger(s);
}

int scene_memcg_in(struct scene *s, const struct cg *parent, const char *name)
{
	int ret;

	memset(s, 0, sizeof(*s));
	s->grow = SCENE_GROW;
	ret = log_open(&s->log);
	ret = ret ?: write_file(CGROUP_ROOT "/cgroup.subtree_control", "+memory");
	/* A test that was ended leaves cgroups behind, with their counts of events. */
	if (!ret && !group_create(&s->domain, parent, name, 0) && !scene_cgroups(s, &s->domain))
		scene_cgroups_end(s);
	ret = ret ?: group_create(&s->domain, parent, name, SCENE_MAX);
	ret = ret ?: cg_write(s->domain.path, "cgroup.subtree_control", "+memory");
	return ret ?: scene_start(s, &s->domain);
}

int scene_memcg(struct scene *s)
{
	return scene_memcg_in(s, NULL, "oom_test");
}

void scene_sizes(const struct scene *s, size_t *big, size_t *small)
{
	*big = s->share ? s->share * 50 : SCENE_BIG;
	*small = s->share ? s->share * 30 : SCENE_SMALL;
}

int scene_hogs(struct scene *s, bool small_first, int adj_small)
{
	size_t big, small;
	int ret = 0;

	scene_sizes(s, &big, &small);
	if (small_first)
		ret = hog_start(&s->small, &s->cg_small, small, adj_small);
	ret = ret ?: hog_start(&s->big, &s->cg_big, big, 0);
	if (!small_first)
		ret = ret ?: hog_start(&s->small, &s->cg_small, small, adj_small);
	return ret;
}

int scene_hogs_swapped(struct scene *s)
{
	return hog_start(&s->small, &s->cg_big, SCENE_SMALL, 0) ?:
	       hog_start(&s->big, &s->cg_small, SCENE_BIG, 0);
}

int scene_oom(struct scene *s)
{
	static long last;
	long wait = last + 600 - now_ms();

	/* The kernel reports ten OOMs in five seconds; the rest goes unreported. */
	if (last && wait > 0)
		usleep(wait * 1000);
	last = now_ms();
	return hog_grow(&s->trigger, s->grow) ?: hog_wait(&s->trigger, PATIENCE);
}

void scene_end(struct scene *s)
{
	hog_stop(&s->trigger);
	hog_stop(&s->big);
	hog_stop(&s->small);
	scene_cgroups_end(s);
	log_close(&s->log);
}
