// SPDX-License-Identifier: GPL-2.0
/*
 * A policy describes itself by declaration tags in its BTF, so the same code reads
 * an object and what is loaded.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "old.h"
#include "policy.h"
#include "say.h"

#define TAG		"oom:"
/* The folder of installed objects, relative to that of the command. */
#define BESIDE		"../lib/oom-policy"
/* A label of an OOM report, and the name of a directory in bpffs. */
#define MAX_NAME	15
#define NAME_CHARS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

static const char * const subjects[NR_SUBJECTS] = {
	[SUBJECT_PID] = "pid", [SUBJECT_CGROUP] = "cgroup", [SUBJECT_NAME] = "name",
};

/* All that were read; they stay until the command ends. */
static struct policy *policies;

/* Split off what is before a separator; without one all of it. */
static char *split(char **rest, const char *separator)
{
	return strsep(rest, separator) ?: "";
}

static void read_values(struct values *v, char *text)
{
	char unit[8] = "";

	*v = (struct values){ };
	if (sscanf(text, "%ld..%ld %7s", &v->min, &v->max, unit) < 2) {
		v->words = text;
		return;
	}
	v->unit = !strcmp(unit, "KiB") ? 1 << 10 : !strcmp(unit, "MiB") ? 1 << 20 :
		  !strcmp(unit, "GiB") ? 1 << 30 : 0;
	snprintf(v->range, sizeof(v->range), "%ld..%ld", v->min, v->max);
}

static void read_keys(struct policy *p, char *text)
{
	size_t i;

	for (i = 0; text && i < sizeof(p->keys) / sizeof(*p->keys); i++) {
		struct key *key = &p->keys[i];
		char *one = split(&text, ","), *unit = split(&one, " "), *end;

		key->text = one ?: "";
		key->minus = strtoull(unit, &end, 10);
		key->unit = !strcmp(unit, "pages") ? KEY_PAGES : !strcmp(unit, "number") ? KEY_NUMBER :
			    !strcmp(unit, "age") ? KEY_AGE : !strcmp(unit, "score") ? KEY_SCORE :
			    !strcmp(unit, "words") ? KEY_WORDS :
			    end > unit && !strcmp(end, "-") ? KEY_MINUS : KEY_NONE;
	}
}

/* One tag of the variable @var; @text is ours to keep. */
static void read_tag(struct policy *p, char *text, const char *var)
{
	char *what = split(&text, ":"), *first;
	struct param *param;
	int i;

	text = text ?: "";
	if (!strcmp(what, "policy")) {
		p->name = text;
	} else if (!strcmp(what, "chooses")) {
		p->line = text;
	} else if (!strcmp(what, "bad at")) {
		p->limits = text;
	} else if (!strcmp(what, "keys")) {
		read_keys(p, text);
	} else if (!strcmp(what, "rules")) {
		first = split(&text, ":");
		for (i = 1; i < NR_SUBJECTS; i++) {
			if (!strcmp(subjects[i], first))
				p->subject = i;
		}
		p->map = strdup(var);
		read_values(&p->rule_values, split(&text, ":"));
		p->rule_help = text ?: "";
	} else if (!strcmp(what, "setting")) {
		p->params = realloc(p->params, (p->nr_params + 1) * sizeof(*param));
		param = &p->params[p->nr_params++];
		param->variable = strdup(var);
		param->name = split(&text, ":");
		read_values(&param->values, split(&text, ":"));
		param->help = text ?: "";
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct param *)a)->name, ((const struct param *)b)->name);
}

/* NULL and EINVAL: it is no policy. */
static struct policy *read_policy(const struct btf *btf)
{
	struct policy *p = calloc(1, sizeof(*p));
	const struct btf_type *tag, *var;
	const char *text, *name;
	bool damaged = false;
	__u32 id;

	p->line = p->limits = "";
	for (id = 1; id < btf__type_cnt(btf); id++) {
		tag = btf__type_by_id(btf, id);
		if (!btf_is_decl_tag(tag))
			continue;
		/* libbpf does not check where names and types are. */
		text = btf__name_by_offset(btf, tag->name_off);
		var = btf__type_by_id(btf, tag->type);
		name = var ? btf__name_by_offset(btf, var->name_off) : NULL;
		if (!text || !name)
			damaged = true;
		else if (!strncmp(text, TAG, strlen(TAG)))
			read_tag(p, strdup(text + strlen(TAG)), name);
	}
	/* In BTF they are in the order in which the programs use them. */
	if (p->nr_params)
		qsort(p->params, p->nr_params, sizeof(*p->params), by_name);
	if (!damaged && p->name && *p->name && strlen(p->name) <= MAX_NAME &&
	    !p->name[strspn(p->name, NAME_CHARS)])
		return p;
	free(p);
	errno = EINVAL;
	return NULL;
}

static const struct policy *read_object(const char *path)
{
	struct policy *p;
	struct btf *btf;

	for (p = policies; p; p = p->next) {
		if (!strcmp(p->path, path))
			return p;
	}
	/* libbpf's own error for a file that is not there is the same as for one without BTF. */
	if (access(path, R_OK))
		return NULL;
	btf = btf__parse(path, NULL);
	if (!btf)
		return NULL;
	p = read_policy(btf);
	btf__free(btf);
	if (!p)
		return NULL;
	p->path = strdup(path);
	p->next = policies;
	policies = p;
	return p;
}

const char *policy_path(void)
{
	static char path[PATH_MAX + sizeof("/" BESIDE)];
	const char *given = secure_getenv(POLICY_PATH);
	ssize_t len;

	if (given && *given)
		return given;
	if (path[0])
		return path;
	len = readlink("/proc/self/exe", path, PATH_MAX);
	path[len > 0 ? len : 0] = '\0';
	strcpy(strrchr(path, '/') ?: path, "/" BESIDE);
	return path;
}

/* The next folder of policy_path(), or false. */
static bool next_folder(const char **rest, char *folder, size_t size)
{
	size_t len = strcspn(*rest, ":");

	if (!**rest)
		return false;
	snprintf(folder, size, "%.*s", (int)len, *rest);
	*rest += len + ((*rest)[len] == ':');
	return true;
}

static bool is_file(const char *name)
{
	size_t len = strlen(name), suffix = strlen(OBJECT_SUFFIX);

	return strchr(name, '/') || (len > suffix && !strcmp(name + len - suffix, OBJECT_SUFFIX));
}

const struct policy *policy_find(const char *name)
{
	const char *rest = policy_path();
	const struct policy *p;
	char folder[PATH_MAX], path[2 * PATH_MAX], file[64], *at;

	if (is_file(name))
		return read_object(name);
	/* As C files are named. */
	snprintf(file, sizeof(file), "%s", name);
	for (at = file; *at; at++)
		*at = *at == '-' ? '_' : *at;
	while (next_folder(&rest, folder, sizeof(folder))) {
		snprintf(path, sizeof(path), "%s/%s" OBJECT_SUFFIX, folder, file);
		p = read_object(path);
		if (p && !strcmp(p->name, name))
			return p;
	}
	return NULL;
}

int no_policy(const char *name)
{
	if (old_policy(name))
		return fail(BAD_INPUT, "%s: the policy rules does this: see oom-policy status rules, set and unset",
			    name);
	if (!is_file(name))
		return fail(BAD_INPUT, "%s: no such policy; see oom-policy list", name);
	if (access(name, R_OK))
		return fail(BAD_INPUT, "%s: %s", name, strerror(errno));
	return fail(BAD_INPUT, "%s: not the object of a policy made with oom_policy.bpf.h", name);
}

const struct policy *policy_all(void)
{
	struct policy *sorted = NULL, **at, *p, *next;
	const char *rest = policy_path();
	char folder[PATH_MAX], path[2 * PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	while (next_folder(&rest, folder, sizeof(folder))) {
		dir = opendir(folder);
		while (dir && (entry = readdir(dir))) {
			snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
			if (entry->d_name[0] != '.' && is_file(entry->d_name))
				read_object(path);
		}
		if (dir)
			closedir(dir);
	}
	for (p = policies; p; p = next) {
		next = p->next;
		for (at = &sorted; *at && strcmp((*at)->name, p->name) < 0; at = &(*at)->next)
			;
		p->next = *at;
		*at = p;
	}
	return policies = sorted;
}

const struct policy *policy_of_program(uint32_t prog_id)
{
	struct bpf_prog_info info = { };
	uint32_t size = sizeof(info);
	struct policy *p = NULL;
	struct btf *btf = NULL;
	int fd;

	fd = bpf_prog_get_fd_by_id(prog_id);
	if (fd < 0)
		return NULL;
	if (!bpf_obj_get_info_by_fd(fd, &info, &size) && info.btf_id)
		btf = btf__load_from_kernel_by_id(info.btf_id);
	close(fd);
	if (btf)
		p = read_policy(btf);
	btf__free(btf);
	return p;
}

/* The length of a word in "A=0|B=1". */
static size_t word_len(const char *words)
{
	return strcspn(words, "=|");
}

bool word_value(const char *words, const char *word, long *value)
{
	size_t len;

	for (; *words; words += strcspn(words, "|"), words += *words == '|') {
		len = word_len(words);
		if (len == strlen(word) && !strncmp(words, word, len)) {
			*value = words[len] == '=' ? atol(words + len + 1) : 0;
			return true;
		}
	}
	return false;
}

void value_word(const char *words, long value, char *buf, size_t size)
{
	size_t len;

	for (; *words; words += strcspn(words, "|"), words += *words == '|') {
		len = word_len(words);
		if ((words[len] == '=' ? atol(words + len + 1) : 0) == value)
			break;
	}
	snprintf(buf, size, "%.*s", (int)word_len(words), words);
}

const char *values_text(const struct values *v, char *buf, size_t size)
{
	const char *words = v->words;
	size_t at = 0;

	if (!words)
		return v->range;
	buf[0] = '\0';
	for (; *words && at < size; words += strcspn(words, "|"), words += *words == '|')
		at += snprintf(buf + at, size - at, "%s%.*s", at ? "|" : "", (int)word_len(words), words);
	return buf;
}
