// SPDX-License-Identifier: GPL-2.0
/* Change single rules and settings of a policy that is loaded, in place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "compile.h"
#include "list.h"
#include "pattern.h"
#include "pins.h"
#include "policy.h"
#include "rules.h"
#include "say.h"
#include "store.h"
#include "warn.h"

/* The left side of a rule in the form that the text has, without the start of a process. */
static char *key_of(const struct policy *policy, const char *rule, bool whole)
{
	const char *end = whole ? NULL : strrchr(rule, '=');
	char *key = strndup(rule, end ? (size_t)(end - rule) : strlen(rule));

	if (policy->subject == SUBJECT_PID)
		key[strcspn(key, ":")] = '\0';
	/* The root is "" for patterns. */
	if (policy->subject == SUBJECT_CGROUP && *key == '/' && !pattern_clean(key) && !*key) {
		free(key);
		key = strdup("/");
	}
	return key;
}

/* A text without the rules and settings for a key, to be freed. */
static char *without(const struct policy *policy, const char *text, const char *key, bool *found)
{
	char *copy = strdup(text), *rest = copy, *line, *new = NULL, *other;
	size_t size;
	FILE *out = open_memstream(&new, &size);

	*found = false;
	while ((line = strsep(&rest, "\n"))) {
		other = key_of(policy, line, false);
		if (!strcmp(other, key))
			*found = true;
		else if (*line)
			fprintf(out, "%s\n", line);
		free(other);
	}
	fclose(out);
	free(copy);
	return new;
}

/* The text after a change to it, or NULL after a message. */
static char *changed(const struct policy *policy, const char *text, const char *rule, bool set)
{
	char *key, *rest, *new = NULL;
	bool found;

	if (set && !strchr(rule, '=')) {
		fail(BAD_INPUT, "%s: %s: not of the form KEY=VALUE", policy->name, rule);
		return NULL;
	}
	if (strchr(rule, '\n')) {
		fail(BAD_INPUT, "%s: \"%s\": a line feed; a rule is one line", policy->name, rule);
		return NULL;
	}
	key = key_of(policy, rule, !set);
	rest = without(policy, text, key, &found);
	if (!set && !found)
		fail(BAD_INPUT, "%s: %s: no such rule; status %s shows them", policy->name, key,
		     policy->name);
	else if (asprintf(&new, "%s%s\n", rest, set ? rule : "") < 0)
		new = NULL;
	free(rest);
	free(key);
	return new;
}

static int change_rules(struct setup *setup, const char *text, const struct args *args, bool set)
{
	char *new = strdup(text), *next;
	int i, status;

	for (i = 1; new && i < args->nr_names; i++) {
		next = changed(setup->policy, new, args->names[i], set);
		free(new);
		new = next;
	}
	status = new ? setup_from_text(setup, new) : BAD_INPUT;
	free(new);
	return status;
}

static int change_list(struct setup *setup, const char *text, const struct args *args, bool set)
{
	int status = setup_from_text(setup, text), i;

	for (i = 1; !status && i < args->nr_names; i++) {
		if (set ? !list_put(setup->list, args->names[i], false) :
		    !list_take(setup->list, args->names[i]))
			status = BAD_INPUT;
	}
	return status ?: list_valid(setup->list) ? DONE : BAD_INPUT;
}

static int change(const struct args *args, bool set)
{
	const char *name = args->names[0];
	struct setup setup = { };
	int status;
	char *text;

	if (args->nr_names < 2)
		return fail(BAD_USAGE, "%s: a policy and a rule; see oom-policy --help", args->verb);
	setup.policy = policy_find(name);
	if (!setup.policy)
		return no_policy(name);
	name = setup.policy->name;
	status = pins_change();
	if (status)
		return status;
	if (!pins_whole(name))
		return fail(NOT_LOADED, "%s is not loaded", name);
	text = store_text(name);
	if (!text || !store_is_of(name, setup.policy->path)) {
		free(text);
		return fail(FAILED, "%s was loaded from another object; load it again", name);
	}
	if (!strcmp(name, LIST_POLICY))
		status = change_list(&setup, text, args, set);
	else
		status = change_rules(&setup, text, args, set);
	free(text);
	status = status ?: pins_replace(&setup, name);
	if (!status)
		warn_after_load(&setup);
	setup_free(&setup);
	return status;
}

int cmd_set(const struct args *args)
{
	return change(args, true);
}

int cmd_unset(const struct args *args)
{
	return change(args, false);
}
