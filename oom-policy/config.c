// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration file: a section for each policy, in the order in which they
 * are loaded, with lines "set = KEY=VALUE".
 */
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "say.h"

#define BOM	"\xef\xbb\xbf"
#define BLANKS	" \t\v\f\r"

struct reader {
	const char *path;
	FILE *file;
	int line;
	int bare;		/* line of a section that nothing was seen of yet */
	struct setup *setups;
	int nr, status;
	int failed;		/* line of the first key that was not taken */
};

/* inih silently drops an empty section. */
static void check_bare(struct reader *r)
{
	if (r->bare)
		r->status = fail(BAD_INPUT, "%s:%d: nothing in this section; for all defaults say \"load = yes\"",
				 r->path, r->bare);
	r->bare = 0;
}

/* inih silently drops text after "]". */
static bool ends_well(const char *line)
{
	const char *end = strchr(line, ']');

	return !end || strchr("\n#;", end[1 + strspn(end + 1, BLANKS)]);
}

/*
 * inih does not say in which line it is, takes one that begins with blanks for
 * more of the one before it, and an error for the end.
 */
static char *read_line(char *buf, int size, void *stream)
{
	struct reader *r = stream;
	char *line = fgets(buf, size, r->file), *text = buf;

	r->line++;
	if (line) {
		if (r->line == 1 && !strncmp(text, BOM, strlen(BOM)))
			text += strlen(BOM);
		text += strspn(text, BLANKS);
		memmove(line, text, strlen(text) + 1);
	} else if (ferror(r->file)) {
		r->status = fail(BAD_INPUT, "%s: %s", r->path, strerror(errno));
		r->bare = 0;
	}
	if (!line || *line == '[')
		check_bare(r);
	if (line && *line == '[' && !ends_well(line))
		r->status = fail(BAD_INPUT, "%s:%d: more than a section in its line", r->path,
				 r->line);
	else if (line && *line == '[')
		r->bare = r->line;
	if (line && !strchr(line, '\n') && !feof(r->file))
		r->status = fail(BAD_INPUT, "%s:%d: longer than %d bytes", r->path, r->line,
				 size - 2);
	return line;
}

static struct setup *section(struct reader *r, const char *name, const char *where)
{
	const struct policy *policy = policy_find(name);
	struct setup *more;
	int i;

	for (i = 0; i < r->nr; i++) {
		if (r->setups[i].policy == policy)
			return &r->setups[i];
	}
	if (!policy) {
		r->status = fail(BAD_INPUT, "%s[%s]: no such policy; see oom-policy list", where, name);
		return NULL;
	}
	more = realloc(r->setups, (r->nr + 1) * sizeof(*more));
	if (!more) {
		r->status = fail(FAILED, "out of memory");
		return NULL;
	}
	r->setups = more;
	r->setups[r->nr] = (struct setup){ .policy = policy };
	return &r->setups[r->nr++];
}

static int take(void *user, const char *name_of_section, const char *name, const char *value)
{
	struct reader *r = user;
	struct setup *setup;
	char where[4200];
	int status;

	r->bare = 0;
	snprintf(where, sizeof(where), "%s:%d: ", r->path, r->line);
	setup = section(r, name_of_section, where);
	if (!setup) {
		r->failed = r->failed ?: r->line;
		return 0;
	}
	if (!strcmp(name, "load") && !strcmp(value, "yes"))
		return 1;
	if (strcmp(name, "set"))
		status = fail(BAD_INPUT, "%s%s: neither \"set = KEY=VALUE\" nor \"load = yes\"",
			      where, name);
	else
		status = setup_add(setup, value, where);
	if (!status)
		return 1;
	r->status = status;
	r->failed = r->failed ?: r->line;
	return 0;
}

int config_read(const char *path, struct setup **setups, int *nr)
{
	struct reader r = { .path = path };
	char where[4200];
	int line, i;

	r.file = fopen(path, "r");
	if (!r.file)
		return fail(BAD_INPUT, "%s: %s", path, strerror(errno));
	line = ini_parse_stream(read_line, &r, take, &r);
	fclose(r.file);
	if (line && line != r.failed)
		r.status = fail(BAD_INPUT, "%s:%d: neither a section nor \"set = KEY=VALUE\"", path,
				line < 0 ? r.line : line);
	snprintf(where, sizeof(where), "%s: ", path);
	for (i = 0; !r.status && i < r.nr; i++)
		r.status = setup_end(&r.setups[i], where);
	if (!r.status && !r.nr)
		r.status = fail(BAD_INPUT, "%s: no policy in it", path);
	*setups = r.setups;
	*nr = r.nr;
	return r.status;
}
