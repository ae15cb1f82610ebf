// SPDX-License-Identifier: GPL-2.0
/* Which unit systemd stops with a victim, from the cgroup of that: a bus of our own answers. */
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"
#define HAVE_SYSTEMD
#include "unit.c"

#define SYSTEMD "org.freedesktop.systemd1"

struct sd_bus {
	bool open;
};

static struct sd_bus fake_bus;
static bool no_bus;
static char interface[64];

int sd_bus_open_system(sd_bus **bus)
{
	fake_bus.open = !no_bus;
	*bus = no_bus ? NULL : &fake_bus;
	return no_bus ? -ENOENT : 0;
}

int sd_bus_is_open(sd_bus *bus)
{
	return bus->open;
}

sd_bus *sd_bus_close_unref(sd_bus *bus)
{
	return NULL;
}

int sd_bus_set_method_call_timeout(sd_bus *bus, uint64_t usec)
{
	return usec == 1000000 ? 0 : -EINVAL;
}

/* The real one escapes what a path of D-Bus may not have. */
int sd_bus_path_encode(const char *prefix, const char *name, char **path)
{
	return asprintf(path, "%s/%s", prefix, name);
}

int sd_bus_get_property_string(sd_bus *bus, const char *destination, const char *path,
			       const char *of, const char *member, sd_bus_error *error, char **value)
{
	snprintf(interface, sizeof(interface), "%s", of);
	if (!bus->open || strcmp(destination, SYSTEMD) || strcmp(member, "OOMPolicy") ||
	    strncmp(path, "/org/freedesktop/systemd1/unit/", 31))
		return -ENOTCONN;
	if (strstr(path, "absent"))
		return -ENOENT;
	*value = strdup(strstr(path, "continue") ? "continue" : strstr(path, "kill") ? "kill" : "stop");
	return 0;
}

static const struct {
	const char *cgroup, *unit;	/* NULL: none is stopped */
} cgroups[] = {
	{ "/system.slice/app.service", "app.service" },
	{ "/system.slice/system-worker.slice/worker@1.service", "worker@1.service" },
	{ "/app.service", "app.service" },
	{ "/system.slice/_memory.service", "memory.service" },
	/* A part of a unit is the unit; a unit in a container is not systemd's own. */
	{ "/system.slice/app.service/part", "app.service" },
	{ "/machine.slice/pod.scope/system.slice/app.service", "pod.scope" },
	{ "/user.slice/user-0.slice/user@0.service/app.slice/continue.service", "user@0.service" },
	{ "/system.slice/continue.service", NULL },
	{ "/system.slice/kill.service", NULL },
	{ "/system.slice/absent.service", NULL },
	{ "/system.slice/continue.service/system.slice/app.service", NULL },
	{ "/system.slice", NULL },
	{ "/", NULL },
	{ "#4711", NULL },
	{ "/batch/app.service", NULL },
};

TEST(unit_of_cgroup)
{
	const char *unit;
	size_t i;

	for (i = 0; i < sizeof(cgroups) / sizeof(*cgroups); i++) {
		unit = unit_stopped(cgroups[i].cgroup);
		EXPECT_STREQ(cgroups[i].unit ?: "-", unit ?: "-") TH_LOG("%s", cgroups[i].cgroup);
	}
}

TEST(unit_has_an_interface)
{
	unit_stopped("/system.slice/app.scope.service");
	EXPECT_STREQ(SYSTEMD ".Service", interface);
	unit_stopped("/machine.slice/pod.scope");
	EXPECT_STREQ(SYSTEMD ".Scope", interface);
}

/* Without a bus nothing is said; once there is one again, it is used. */
TEST(unit_without_bus)
{
	no_bus = true;
	EXPECT_EQ(NULL, unit_stopped("/system.slice/app.service"));
	no_bus = false;
	EXPECT_STREQ("app.service", unit_stopped("/system.slice/app.service"));
	fake_bus.open = false;
	EXPECT_STREQ("app.service", unit_stopped("/system.slice/app.service"));
}

TEST_HARNESS_MAIN
