// SPDX-License-Identifier: GPL-2.0
/* OOMPolicy=stop, the default: systemd stops the whole unit of a victim. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-bus.h>
#endif

#include "unit.h"

#ifdef HAVE_SYSTEMD
/* Of a path, the first part that is no slice: what is below it is not systemd's own. */
static const char *unit_of(const char *cgroup)
{
	static char unit[256];
	const char *suffix;

	do {
		cgroup += *cgroup == '/';
		snprintf(unit, sizeof(unit), "%.*s", (int)strcspn(cgroup, "/"), cgroup);
		cgroup += strlen(unit);
		suffix = strrchr(unit, '.');
	} while (suffix && !strcmp(suffix, ".slice"));
	if (!suffix)
		return NULL;
	/* There is a "_" before a name that could be that of a file of the kernel. */
	return unit + (*unit == '_');
}

const char *unit_stopped(const char *cgroup)
{
	const char *unit = unit_of(cgroup);
	char *path = NULL, *policy = NULL;
	static sd_bus *bus;
	bool stopped;

	if (!unit)
		return NULL;
	/* A bus that went away may be back. */
	if (bus && sd_bus_is_open(bus) <= 0)
		bus = sd_bus_close_unref(bus);
	if (!bus && sd_bus_open_system(&bus) < 0)
		return NULL;
	sd_bus_set_method_call_timeout(bus, 1000000);
	/* By its name: the cgroup of one that is being stopped may be gone. */
	stopped = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path) >= 0 &&
		  sd_bus_get_property_string(bus, "org.freedesktop.systemd1", path,
					     !strcmp(strrchr(unit, '.'), ".scope") ?
					     "org.freedesktop.systemd1.Scope" :
					     "org.freedesktop.systemd1.Service",
					     "OOMPolicy", NULL, &policy) >= 0 &&
		  !strcmp(policy, "stop");
	free(policy);
	free(path);
	return stopped ? unit : NULL;
}
#else
const char *unit_stopped(const char *cgroup)
{
	return NULL;
}
#endif
