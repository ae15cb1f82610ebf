// SPDX-License-Identifier: GPL-2.0
/* Unload policies: back to the kernel's own choice. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "cmd.h"
#include "kernel.h"
#include "pins.h"
#include "policy.h"
#include "say.h"

int cmd_unload(const struct args *args)
{
	const char *name = args->names[0];
	int status = DONE, dropped = 0;
	bool begun;
	struct dirent *entry;
	DIR *dir;

	if (args->all == !!name)
		return fail(BAD_USAGE, "unload: a policy, or --all; see oom-policy --help");
	dir = opendir(PINS);
	if (!dir && errno != ENOENT)
		return kernel_explain(errno, "open " PINS);
	if (dir)
		status = pins_change();
	begun = dir && !status;
	/* One that stays does not keep the others. */
	while (begun && (entry = readdir(dir))) {
		size_t len = name ? strlen(name) : 0;

		if (entry->d_name[0] == '.')
			continue;
		if (name && (strncmp(entry->d_name, name, len) ||
			     (entry->d_name[len] && strcmp(entry->d_name + len, NEW))))
			continue;
		if (!pins_drop(entry->d_name))
			status = fail(FAILED, "could not unload %s: %s", entry->d_name,
				      strerror(errno));
		dropped++;
	}
	if (dir)
		closedir(dir);
	if (!status && name && !dropped)
		status = policy_find(name) ? fail(NOT_LOADED, "%s is not loaded", name) : no_policy(name);
	return status;
}
