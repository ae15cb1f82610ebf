// SPDX-License-Identifier: GPL-2.0
/* Load a policy, or change what is loaded. */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd.h"
#include "pins.h"
#include "say.h"
#include "store.h"
#include "warn.h"

/* Attach it before those that are loaded, or in place of an older one from another object. */
static int load_anew(const struct setup *setup)
{
	const char *name = setup->policy->name;
	char dir[64], pinned[512], path[512];
	int status;

	snprintf(dir, sizeof(dir), "%s" NEW, name);
	/* Left by one that was killed. */
	pins_drop(dir);
	status = pins_attach(setup, dir);
	if (status) {
		pins_drop(dir);
		return status;
	}
	/* The new one is at work before the old one goes. */
	snprintf(path, sizeof(path), PINS "/%s", dir);
	snprintf(pinned, sizeof(pinned), PINS "/%s", name);
	if (pins_whole(name))
		say("%s was loaded from another object; the new one is asked before all others now",
		    name);
	if (!pins_drop(name) || rename(path, pinned))
		return fail(FAILED, "could not replace %s: %s", name, strerror(errno));
	return DONE;
}

/* One that is loaded from the same object keeps its programs, and so its place in the order. */
static int load(struct setup *setup)
{
	const char *name = setup->policy->name;
	int status = pins_change();
	char *loaded;

	if (!status && setup->changes) {
		loaded = store_text(name);
		status = setup_merge(setup, loaded);
		free(loaded);
	}
	if (status)
		return status;
	if (store_is_of(name, setup->policy->path) && pins_whole(name))
		return pins_replace(setup, name);
	return load_anew(setup);
}

/* A name of a file that is no object. */
static bool is_list(const char *name)
{
	size_t len = strlen(name), suffix = strlen(OBJECT_SUFFIX);
	char magic[SELFMAG] = "";
	struct stat st;
	FILE *file;

	if (!strchr(name, '/') && !strchr(name, '.'))
		return false;
	if (len > suffix && !strcmp(name + len - suffix, OBJECT_SUFFIX))
		return false;
	if (stat(name, &st) || S_ISDIR(st.st_mode))
		return false;
	/* A pipe is read once only. */
	file = S_ISREG(st.st_mode) ? fopen(name, "r") : NULL;
	if (file) {
		if (fread(magic, 1, SELFMAG, file) != SELFMAG)
			magic[0] = '\0';
		fclose(file);
	}
	return memcmp(magic, ELFMAG, SELFMAG);
}

int cmd_load(const struct args *args)
{
	const char *file = args->config;
	struct setup setup = { };
	int status;

	if (!file && args->nr_names && is_list(args->names[0]))
		file = args->names[0];
	if ((args->config && args->nr_names) || (!file && !args->nr_names) || (file && args->nr_sets))
		return fail(BAD_USAGE, "load: a policy with its rules, or --config; see oom-policy --help");
	if (file)
		status = setup_file(&setup, file);
	else
		status = setup_from(args->names, 1, args->sets, args->nr_sets, &setup);
	if (!status)
		status = load(&setup);
	if (!status)
		warn_after_load(&setup);
	setup_free(&setup);
	return status;
}
