// SPDX-License-Identifier: GPL-2.0
/*
 * The maps of a loaded policy, as they could stand behind pins: three bytes for each
 * map, then what is in the pinned text, then a byte 0 and what is in the others.
 */
#include "fuzz.h"
#include "fake_kernel.h"

const char *process_start(const char *pid, unsigned long long *start)
{
	*start = 7;
	return *pid == '9' ? "no such process" : NULL;
}

static struct param params[] = {
	{ .name = "floor",
	  .variable = "floor_pages",
	  .values = { .min = 0, .max = 1048576, .unit = 1 << 20 } },
	{ .name = "observe", .variable = "observe", .values = { .words = "no=0|yes=1" } },
};
static struct policy known_policies[] = {
	{ .name = "rules", .params = params, .nr_params = 1, .path = "/nosuchobject" },
	{ .name = "pid",
	  .subject = SUBJECT_PID,
	  .map = "oom_pids",
	  .path = "/nosuchobject",
	  .rule_values = { .words = "first=3|never=2" } },
	{ .name = "cgroup",
	  .subject = SUBJECT_CGROUP,
	  .map = "oom_cgroups",
	  .path = "/nosuchobject",
	  .params = params,
	  .nr_params = 2,
	  .rule_values = { .words = "prefer=3|never=2|none=0|only=0" } },
	{ .name = "names",
	  .subject = SUBJECT_NAME,
	  .map = "oom_names",
	  .path = "/nosuchobject",
	  .rule_values = { .words = "prefer=3|never=2" } },
};

#define NR_KNOWN (sizeof(known_policies) / sizeof(*known_policies))

const struct policy *policy_find(const char *name)
{
	size_t i;

	for (i = 0; i < NR_KNOWN; i++) {
		if (!strcmp(known_policies[i].name, name))
			return &known_policies[i];
	}
	return NULL;
}

/* As they are where nothing is wrong. */
static const struct {
	const char *name;
	__u32 type, key_size, value_size, max_entries;
} right[] = {
	{ "oom_pids", BPF_MAP_TYPE_HASH, 4, sizeof(struct oom_pid), 1024 },
	{ "oom_cgroups", BPF_MAP_TYPE_HASH, 8, 4, 1024 },
	{ "oom_paths", BPF_MAP_TYPE_HASH, 256, 4, 1024 },
	{ "oom_names", BPF_MAP_TYPE_HASH, sizeof(struct oom_name), 4, 1024 },
	{ "oom_ids", BPF_MAP_TYPE_HASH, 8, 16, RULE_LISTS * 3 * RULE_LINES },
	{ ".data.marks", BPF_MAP_TYPE_ARRAY, 4, sizeof(struct rule_marks), 1 },
	{ ".data.lines", BPF_MAP_TYPE_ARRAY, 4, MAX_LINES * sizeof(struct oom_line_stats), 1 },
	{ ".data.settings", BPF_MAP_TYPE_ARRAY, 4, 24, 1 },
	{ ".data.stats", BPF_MAP_TYPE_ARRAY, 4, sizeof(struct oom_policy_stats), 1 },
	{ ".bss.lists", BPF_MAP_TYPE_ARRAY, 4, RULE_LISTS * sizeof(struct rule_list), 1 },
	{ ".bss.paths", BPF_MAP_TYPE_ARRAY, 4, RULE_LISTS * sizeof(struct path_matcher), 1 },
};

#define NR_RIGHT	(sizeof(right) / sizeof(*right))
/* These take long to make and are copied whole. */
#define NR_SMALL	(NR_RIGHT - 2)

/* A map that is as it should be, is not there, or is another one of this name. */
static void make_map(size_t nr, const uint8_t how[3])
{
	static const __u32 types[] = { BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY,
				       BPF_MAP_TYPE_PERCPU_ARRAY };
	__u32 type = right[nr].type, key_size = right[nr].key_size,
	      value_size = right[nr].value_size;

	if (how[0] % 8 == 7)
		return;
	if (how[0] & 8)
		key_size = how[1] ?: 1024;
	if (how[0] & 16)
		value_size = how[2] & 1 ? value_size + 4 - how[2] % 8 : how[2] * 4;
	if (how[0] & 32)
		type = types[how[0] / 64 % 3];
	fake_create(right[nr].name, type, type == BPF_MAP_TYPE_HASH ? key_size : 4, value_size,
		    right[nr].max_entries == 1 ? 1 : 64);
}

/* The value of an array, and some entries of a hash, each key once. */
static void fill_map(int fd, const uint8_t **data, size_t *size)
{
	struct fake_map *map = fake_map_of(fd);
	bool hash = map->type == BPF_MAP_TYPE_HASH;
	size_t len = hash ? fake_elem(map) : map->value_size, i;

	for (i = 0; i < (hash ? 6 : 1) && len <= *size; i++) {
		if (hash)
			bpf_map_update_elem(fd, *data, *data + map->key_size, 0);
		else
			memcpy(map->elems + map->key_size, *data, len);
		*data += len;
		*size -= len;
	}
}

/* The hash may be that of the object; the end of the text may be missing. */
static void make_text(const uint8_t *how, const uint8_t *text, size_t len)
{
	int fd;

	if (how[0] % 4 == 3) {
		fake_text = how[1] & 1 ? FAKE_LINK : 0;
		return;
	}
	fd = fake_create("oom_text",
			 how[0] & 4 ? BPF_MAP_TYPE_PERCPU_ARRAY :
			 how[0] & 8 ? BPF_MAP_TYPE_HASH :
				      BPF_MAP_TYPE_ARRAY,
			 4, how[0] & 16 ? how[1] % 9 + 1 : 8 + len + !(how[0] & 32), 1);
	if (fd < 0)
		return;
	if (fake_maps[fd - FAKE_MAP].value_size >= 8 + len)
		memcpy(fake_maps[fd - FAKE_MAP].elems + 12, text, len);
	fake_maps[fd - FAKE_MAP].nr = 1;
	fake_text = fd;
}

/* An object with the settings that every policy has, and a floor. */
static void make_object(void)
{
	static const char * const names[] = {
		"page_shift", "last_resort", "observe", "kill_unkillable", "floor_pages",
	};
	static unsigned char settings[24];
	struct btf *btf = fake_object.btf;
	int i, number_id, vars[5];

	fake_object = (struct bpf_object){ btf, settings, sizeof(settings) };
	if (btf)
		return;
	btf = btf__new_empty();
	number_id = btf__add_int(btf, "int", 4, 0);
	for (i = 0; i < 5; i++)
		vars[i] = btf__add_var(btf, names[i], BTF_VAR_GLOBAL_ALLOCATED, number_id);
	btf__add_datasec(btf, SETTINGS, sizeof(settings));
	for (i = 0; i < 5; i++)
		btf__add_datasec_var_info(btf, vars[i], 4 * i, i == 4 ? 8 : 4);
	fake_object.btf = btf;
}

static void change(const struct policy *policy, const char *text)
{
	struct setup setup = { .policy = policy };
	struct store store = { .dir = "x" };
	char *new;

	if (!setup_from_text(&setup, text)) {
		new = setup_text(&setup);
		setup_rules(&setup, &store, true);
		setup_replace_vars(&setup, &store);
		setup_switch(&setup, &store);
		list_unmarked(&store);
		store_set_text("x", "/nosuchobject", new);
		free(new);
	}
	setup_free(&setup);
}

static void show(void)
{
	struct counted *counts;
	struct hooked *hooked;
	int nr, i;

	for (i = 0; i < 2; i++) {
		counts = counts_of(i ? "rules" : "pid", &nr);
		counts_free(counts, nr);
	}
	nr = hook_read(&hooked);
	for (i = 0; i < nr; i++) {
		MUST(strlen(hooked[i].stats.label) < sizeof(hooked[i].stats.label),
		     "a label without its end");
		MUST(strlen(hooked[i].stats.best.comm) < sizeof(hooked[i].stats.best.comm),
		     "a name without its end");
	}
	free(hooked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *how = data, *end;
	char *text;
	size_t i, len;

	if (size < 3 * (NR_SMALL + 1))
		return 0;
	fake_forget();
	make_object();
	data += 3 * (NR_SMALL + 1);
	size -= 3 * (NR_SMALL + 1);
	for (i = 0; i < NR_SMALL; i++)
		make_map(i, how + 3 * i);
	/* Now and then, as it is slow. */
	for (; how[2] % 4 == 1 && i < NR_RIGHT; i++)
		make_map(i, how + 3 * (i - NR_SMALL));
	end = memchr(data, 0, size);
	len = end ? (size_t)(end - data) : size;
	make_text(how + 3 * NR_SMALL, data, len);
	data += len;
	size -= len;
	for (i = 0; i < NR_SMALL && i < (size_t)nr_fake_maps; i++)
		fill_map(FAKE_MAP + i, &data, &size);
	text = store_text("x");
	show();
	store_is_of("x", "/dev/null");
	for (i = 0; text && i < NR_KNOWN; i++)
		change(&known_policies[i], text);
	free(text);
	return 0;
}
