// SPDX-License-Identifier: GPL-2.0
/*
 * Rules, settings, objects and maps that are not as the command expects them: refused by
 * a message, or taken as they were meant.
 */
#define FAKE_BTF
#include "fake_kernel.h"
#include "cmd_set.c"
#include "watch.h"
#include "kselftest_harness.h"

static char said[8192];

int fail(int status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(said, sizeof(said), fmt, args);
	va_end(args);
	return status;
}

const char *process_start(const char *pid, unsigned long long *start)
{
	*start = 7;
	return NULL;
}

int pins_change(void)
{
	return DONE;
}

bool pins_whole(const char *name)
{
	return true;
}

int pins_replace(const struct setup *setup, const char *dir)
{
	return DONE;
}

void warn_after_load(const struct setup *setup)
{
}

static struct param params[40];
static struct policy policy;

const struct policy *policy_find(const char *name)
{
	return strcmp(name, policy.name) ? NULL : &policy;
}

/* A policy that takes a number of bytes, in a unit. */
static void unit_policy(long unit, long max)
{
	params[0] =
		(struct param){ .name = "min", .values = { .min = 0, .max = max, .unit = unit } };
	policy = (struct policy){ .name = "own", .params = params, .nr_params = 1 };
}

TEST(setting_below_a_page)
{
	struct setup setup = { .policy = &policy };
	long page = sysconf(_SC_PAGESIZE);
	char *text;

	unit_policy(1024, 1 << 20);
	ASSERT_EQ(DONE, setup_add(&setup, "min=130", "")) TH_LOG("%s", said);
	EXPECT_EQ(130 * 1024 / page, setup.vars[0].value);
	text = setup_text(&setup);
	EXPECT_STREQ("min=130\n", text);
	free(text);
	setup_free(&setup);
}

TEST(setting_of_more_bytes_than_a_long_has)
{
	struct setup setup = { .policy = &policy };

	unit_policy(1 << 30, LONG_MAX);
	EXPECT_EQ(BAD_INPUT, setup_add(&setup, "min=9223372036854775807", ""));
	EXPECT_NE(NULL, strstr(said, "min=9223372036854775807: more than"));
	setup_free(&setup);
}

TEST(settings_many)
{
	struct {
		struct setup setup;
		long beside;
	} s = { .setup.policy = &policy };
	char names[40][16], text[32];
	int i, status = DONE;

	policy = (struct policy){ .name = "own", .params = params, .nr_params = 40 };
	for (i = 0; i < 40; i++) {
		snprintf(names[i], sizeof(names[i]), "s%d", i);
		params[i] = (struct param){ .name = names[i], .values = { .max = 9 } };
	}
	for (i = 0; i < 40 && !status; i++) {
		snprintf(text, sizeof(text), "s%d=%d", i, i % 10);
		status = setup_add(&s.setup, text, "");
	}
	EXPECT_EQ(BAD_INPUT, status);
	EXPECT_NE(NULL, strstr(said, "own: s32=2: more than 32 settings"));
	EXPECT_EQ(0, s.beside);
	setup_free(&s.setup);
}

/* The rules of a policy are kept as lines. */
TEST(rule_with_a_line_feed)
{
	struct setup setup = { .policy = &policy };
	const char *set = "a\" exe=\"b=never";
	char *text;

	policy = (struct policy){ .name = "own", .subject = SUBJECT_CGROUP,
				  .rule_values = { .words = "prefer=3|never=2" } };
	EXPECT_EQ(BAD_INPUT, setup_add(&setup, "/a\n/b=never", ""));
	EXPECT_NE(NULL, strstr(said, "a line feed"));
	said[0] = '\0';
	EXPECT_EQ(NULL, changed(&policy, "", "/a=never\n/b=prefer", true));
	EXPECT_NE(NULL, strstr(said, "a line feed"));
	EXPECT_EQ(BAD_INPUT, setup_add(&setup, "/a=prefer\n", ""));
	setup_free(&setup);
	/* As a line of the list it would have another meaning. */
	text = NULL;
	EXPECT_EQ(BAD_INPUT, old_changes("name", &set, 1, &text));
	free(text);
	set = "a\nb=never";
	EXPECT_EQ(BAD_INPUT, old_changes("name", &set, 1, &text));
	free(text);
}

/* A path that begins as that of the hierarchy does. */
TEST(cgroup_within_the_path_of_the_hierarchy)
{
	struct setup setup = { .policy = &policy }, again = { .policy = &policy };
	struct store store = { .dir = "x" };
	uint64_t id = 3;
	char *text;

	policy = (struct policy){ .name = "own", .map = "oom_cgroups", .subject = SUBJECT_CGROUP,
				  .rule_values = { .words = "first=3" } };
	ASSERT_EQ(DONE, setup_add(&setup, CGROUPS CGROUPS "/a1=first", ""));
	EXPECT_STREQ(CGROUPS "/a1", setup.rules[0].path);
	text = setup_text(&setup);
	EXPECT_STREQ(CGROUPS CGROUPS "/a1=first\n", text);
	ASSERT_EQ(DONE, setup_from_text(&again, text));
	EXPECT_STREQ(CGROUPS "/a1", again.rules[0].path);
	free(text);
	/* The id is that of the cgroup below, not of /a1. */
	fake_create("oom_cgroups", BPF_MAP_TYPE_HASH, 8, 4, 8);
	EXPECT_EQ(0, setup_rules(&setup, &store, true));
	EXPECT_STREQ(CGROUPS CGROUPS "/a1", fake_cgroup);
	EXPECT_EQ(0, memcmp(&id, fake_maps[0].elems, sizeof(id)));
	fake_forget();
	setup_free(&again);
	setup_free(&setup);
}

/* A text that is read as one, in a map of this type. */
static int text_map(__u32 type, const char *bytes, size_t size)
{
	int fd = fake_create("oom_text", type, 4, 8 + size, 1);

	memcpy(fake_map_of(fd)->elems + 12, bytes, size);
	fake_map_of(fd)->nr = 1;
	return fake_text = fd;
}

static const struct {
	const char *bytes;
	size_t size;
	__u32 type;
	bool link, taken;
} texts[] = {
	{ "5:7=first\n", 11, BPF_MAP_TYPE_ARRAY, false, true },
	/* Cut short. */
	{ "5:7=first\n", 10, BPF_MAP_TYPE_ARRAY },
	/* The kernel copies one for each CPU. */
	{ "5:7=first\n", 11, BPF_MAP_TYPE_PERCPU_ARRAY },
	{ "5:7=first\n", 11, BPF_MAP_TYPE_HASH },
	{ "5:7=first\n", 11, BPF_MAP_TYPE_ARRAY, true },
};

TEST(text_of_another)
{
	char *text;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		text_map(texts[i].type, texts[i].bytes, texts[i].size);
		if (texts[i].link)
			fake_text = FAKE_LINK;
		text = store_text("x");
		EXPECT_EQ(texts[i].taken, !!text) TH_LOG("%zu: %s", i, text);
		free(text);
		fake_forget();
	}
}

static const struct {
	const char *map;
	enum subject subject;
	__u32 type, key_size, value_size;
	int ret;
} maps[] = {
	{ "oom_pids", SUBJECT_PID, BPF_MAP_TYPE_HASH, 4, 16, 0 },
	{ "oom_pids", SUBJECT_PID, BPF_MAP_TYPE_HASH, 8, 16, -EINVAL },
	{ "oom_pids", SUBJECT_PID, BPF_MAP_TYPE_HASH, 4, 64, -EINVAL },
	{ "oom_pids", SUBJECT_PID, BPF_MAP_TYPE_ARRAY, 4, 16, -EINVAL },
	{ "oom_cgroups", SUBJECT_CGROUP, BPF_MAP_TYPE_HASH, 8, 4, 0 },
	{ "oom_cgroups", SUBJECT_CGROUP, BPF_MAP_TYPE_HASH, 256, 4, -EINVAL },
	{ "oom_names", SUBJECT_NAME, BPF_MAP_TYPE_HASH, sizeof(struct oom_name), 4, 0 },
	{ "oom_names", SUBJECT_NAME, BPF_MAP_TYPE_HASH, 64, 4, -EINVAL },
};

TEST(map_of_another_size)
{
	struct store store = { .dir = "x" };
	struct setup setup = { };
	size_t i;

	for (i = 0; i < sizeof(maps) / sizeof(*maps); i++) {
		policy = (struct policy){ .name = "own",
					  .map = maps[i].map,
					  .subject = maps[i].subject,
					  .rule_values = { .words = "first=3" } };
		setup.policy = &policy;
		ASSERT_EQ(DONE,
			  setup_add(&setup,
				    maps[i].subject == SUBJECT_CGROUP ? "/a1=first" : "5=first",
				    ""));
		fake_create(maps[i].map, maps[i].type, maps[i].key_size, maps[i].value_size, 8);
		EXPECT_EQ(maps[i].ret, setup_rules(&setup, &store, true)) TH_LOG("%zu", i);
		fake_forget();
		setup_free(&setup);
	}
}

TEST(ids_of_another_size)
{
	struct store store = { .dir = "x" };
	char line[] = "never uid=0";
	struct list list;

	list_init(&list, "F");
	ASSERT_TRUE(list_add(&list, line, 1));
	fake_create("oom_ids", BPF_MAP_TYPE_HASH, 8, 16, 8);
	EXPECT_EQ(0, write_ids(&list, &store, 0));
	EXPECT_EQ(1, fake_maps[0].nr);
	fake_forget();
	fake_create("oom_ids", BPF_MAP_TYPE_HASH, 48, 64, 8);
	fake_maps[0].nr = 8;
	EXPECT_EQ(-EINVAL, write_ids(&list, &store, 0));
	fake_forget();
	list_free(&list);
}

/* Counters of a line for each CPU are not those of this command. */
TEST(counts_of_another_type)
{
	struct counted counts[MAX_LINES] = { };

	counts[0].victims = -1;
	fake_create(".data.lines", BPF_MAP_TYPE_PERCPU_ARRAY, 4,
		    MAX_LINES * sizeof(struct oom_line_stats), 1);
	count_victims("x", counts, 1);
	EXPECT_EQ(-1, counts[0].victims);
	fake_forget();
}

/* Another program on the hook may have a map that looks like that of a policy. */
TEST(label_without_its_end)
{
	struct hooked *hooked;

	fake_create(".data.stats", BPF_MAP_TYPE_ARRAY, 4, sizeof(struct oom_policy_stats), 1);
	memset(fake_maps[0].elems + 4, 'x', sizeof(struct oom_policy_stats));
	ASSERT_EQ(1, hook_read(&hooked));
	EXPECT_EQ(15, strlen(hooked->stats.label));
	EXPECT_EQ(15, strlen(hooked->stats.best.comm));
	free(hooked);
	fake_forget();
}

/* Offsets in the names of the BTF below. */
static const char names[] = "\0own\0oom:policy:own\0" SETTINGS
			    "\0floor_pages\0oom:setting:min:0..9 KiB:x";

enum { OWN = 1, TAG_POLICY = 5, SECTION = 20, FLOOR = 35, TAG_SETTING = 47, NOWHERE = 4711 };

/* A policy "own" with a setting, and its section of settings. */
struct own_btf {
	struct btf btf;
	struct btf_type var, policy, floor, setting;
	struct {
		struct btf_type type;
		struct btf_var_secinfo info;
	} section;
};

static void make_btf(struct own_btf *own)
{
	*own = (struct own_btf){
		.btf = { .names = names, .size = sizeof(names), .nr = 5 },
		.var = { .name_off = OWN, .info = BTF_KIND_VAR << 24 },
		.policy = { .name_off = TAG_POLICY, .info = BTF_KIND_DECL_TAG << 24, .type = 1 },
		.floor = { .name_off = FLOOR, .info = BTF_KIND_VAR << 24 },
		.setting = { .name_off = TAG_SETTING, .info = BTF_KIND_DECL_TAG << 24, .type = 3 },
		.section = { { .name_off = SECTION, .info = BTF_KIND_DATASEC << 24 | 1 },
			     { .type = 3, .offset = 8, .size = 8 } },
	};
	own->btf.types[0] = &own->var;
	own->btf.types[1] = &own->policy;
	own->btf.types[2] = &own->floor;
	own->btf.types[3] = &own->setting;
	own->btf.types[4] = &own->section.type;
}

/* An object may be cut short, or from a compiler that this command does not know. */
TEST(object_with_damaged_tags)
{
	struct own_btf own;
	struct policy *p;

	make_btf(&own);
	ASSERT_STREQ("own", names + OWN);
	ASSERT_STREQ("oom:policy:own", names + TAG_POLICY);
	ASSERT_STREQ(SETTINGS, names + SECTION);
	ASSERT_STREQ("floor_pages", names + FLOOR);
	p = read_policy(&own.btf);
	ASSERT_NE(NULL, p);
	EXPECT_STREQ("own", p->name);
	EXPECT_EQ(1, p->nr_params);
	EXPECT_STREQ("floor_pages", p->params[0].variable);
	own.setting.type = NOWHERE;
	EXPECT_EQ(NULL, read_policy(&own.btf));
	make_btf(&own);
	own.setting.name_off = NOWHERE;
	EXPECT_EQ(NULL, read_policy(&own.btf));
	make_btf(&own);
	own.floor.name_off = NOWHERE;
	EXPECT_EQ(NULL, read_policy(&own.btf));
	EXPECT_EQ(EINVAL, errno);
	fake_free_kept();
}

static const struct {
	__u32 offset, size;
	int ret;
} places[] = {
	{ 8, 8, 0 }, { 8, 4, 0 }, { 14, 2, 0 }, { 15, 1, 0 },
	/* Beyond the end of the settings, and of no size that a number has. */
	{ 9, 8, -EINVAL }, { 13, 4, -EINVAL }, { 16, 1, -EINVAL }, { 0xfffffff8, 8, -EINVAL },
	{ 8, 3, -EINVAL }, { 0, 16, -EINVAL },
};

TEST(object_with_a_setting_elsewhere)
{
	unsigned char settings[32];
	struct own_btf own;
	size_t i;

	make_btf(&own);
	fake_object = (struct bpf_object){ &own.btf, settings, 16 };
	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		memset(settings, 0xff, sizeof(settings));
		own.section.info.offset = places[i].offset;
		own.section.info.size = places[i].size;
		EXPECT_EQ(places[i].ret,
			  set_variable(&fake_object, "floor_pages", 0x0102030405060708ULL, 0))
		TH_LOG("%zu", i);
		EXPECT_EQ(0xff, settings[16]);
		if (!places[i].ret)
			EXPECT_EQ(0xff, settings[places[i].offset - 1]);
		if (places[i].ret || places[i].size < 8)
			EXPECT_EQ(0xff, settings[places[i].offset < 16 && !places[i].ret ?
						 places[i].offset + places[i].size : 16]);
	}
	own.section.info.type = NOWHERE;
	EXPECT_EQ(-ENOENT, set_variable(&fake_object, "floor_pages", 1, 0));
	own.section.info.type = 3;
	own.floor.name_off = NOWHERE;
	EXPECT_EQ(-ENOENT, set_variable(&fake_object, "floor_pages", 1, 0));
}

/* One that describes itself as a policy does, but has none of its programs. */
TEST(object_without_programs)
{
	struct setup setup = { .policy = &policy };

	policy = (struct policy){ .name = "own", .path = "/nosuchobject" };
	fake_object = (struct bpf_object){ };
	EXPECT_EQ(-ENOENT, attach_all(&setup, &fake_object, "own"));
	fake_forget();
}

/* Reports that another version of watch left in its buffer. */
TEST(event_of_another_version)
{
	struct event e = { .outcome = OUTCOME_WAITING, .policy = "own" };

	EXPECT_TRUE(event_is_known(&e, sizeof(e)));
	EXPECT_FALSE(event_is_known(&e, sizeof(e) - 8));
	e.outcome = NR_OUTCOMES;
	EXPECT_FALSE(event_is_known(&e, sizeof(e)));
	e.outcome = -2;
	EXPECT_FALSE(event_is_known(&e, sizeof(e)));
	e.outcome = -1;
	memset(e.victim_comm, 'x', sizeof(e.victim_comm));
	EXPECT_FALSE(event_is_known(&e, sizeof(e)));
	e.victim_comm[15] = '\0';
	EXPECT_TRUE(event_is_known(&e, sizeof(e)));
	e.with = WITH_MEMORY;
	EXPECT_TRUE(event_is_known(&e, sizeof(e)));
	e.with = NR_WITH;
	EXPECT_FALSE(event_is_known(&e, sizeof(e)));
}

TEST_HARNESS_MAIN
