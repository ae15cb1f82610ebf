// SPDX-License-Identifier: GPL-2.0
/* Load policies: all of them, or none. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "config.h"
#include "kernel.h"
#include "pins.h"
#include "say.h"

static int load(struct setup *setups, int nr)
{
	char dir[64], pinned[512], path[512];
	int status = pins_change(), i;

	/* All of them are at work before one of the old goes. */
	for (i = 0; !status && i < nr; i++) {
		snprintf(dir, sizeof(dir), "%s" NEW, setups[i].policy->name);
		/* Left by one that was killed. */
		pins_drop(dir);
		status = pins_attach(&setups[i], dir);
		if (status)
			nr = i + 1;
	}
	for (i = 0; i < nr; i++) {
		const char *name = setups[i].policy->name;

		snprintf(dir, sizeof(dir), "%s" NEW, name);
		if (status) {
			pins_drop(dir);
			continue;
		}
		snprintf(path, sizeof(path), PINS "/%s", dir);
		snprintf(pinned, sizeof(pinned), PINS "/%s", name);
		if (!pins_drop(name) || rename(path, pinned))
			status = fail(FAILED, "could not replace %s: %s", name, strerror(errno));
	}
	return status;
}

int cmd_load(const struct args *args)
{
	struct setup one = { }, *setups = &one;
	int nr = 1, status, i;

	if (!args->config == !args->nr_names || (args->config && args->nr_sets))
		return fail(BAD_USAGE, "load: a policy with its rules, or --config; see oom-policy --help");
	if (args->config)
		status = config_read(args->config, &setups, &nr);
	else
		status = setup_from(args->names, 1, args->sets, args->nr_sets, &one);
	if (!status)
		status = load(setups, nr);
	if (!status)
		kernel_warn();
	for (i = 0; i < nr; i++)
		setup_free(&setups[i]);
	if (setups != &one)
		free(setups);
	return status;
}
