// SPDX-License-Identifier: GPL-2.0
/*
 * The BTF of an object, by lines:
 *
 *	VARIABLE TAG		a variable, in the settings, with a tag, "oom:" before it
 *	@VARIABLE OFFSET SIZE	one in the settings without a tag, at a place of its own
 *	%SIZE			of the settings
 *	!OFFSET=BYTE		a byte of the BTF that is another one
 *	=KEY=VALUE		given to the policy
 */
#include "fuzz.h"
#include "fake_kernel.h"

#define MAX_TYPES	64

const char *process_start(const char *pid, unsigned long long *start)
{
	*start = 7;
	return NULL;
}

const struct policy *policy_find(const char *name)
{
	return NULL;
}

struct at {
	int id;
	unsigned int offset, size;
};

/* The variables that lines name. */
static struct btf *make_btf(char *text, struct at *vars, int *nr, size_t *size)
{
	char *line, *rest = text, *tag, name[64], oom_tag[512];
	struct btf *btf = btf__new_empty();
	int type = btf__add_int(btf, "int", 4, 0), i;
	unsigned int offset = 0, len;

	*size = 32;
	while ((line = strsep(&rest, "\n")) && *nr < MAX_TYPES) {
		if (sscanf(line, "%%%zu", size) == 1)
			*size %= 4096;
		else if (sscanf(line, "@%60s %u %u", name, &offset, &len) == 3)
			vars[*nr] = (struct at){ btf__add_var(btf, name, BTF_VAR_STATIC, type),
						 offset, len };
		else if (*line && !strchr("!=%@", *line) && (tag = strchr(line, ' '))) {
			snprintf(name, sizeof(name), "%.*s", (int)(tag - line), line);
			snprintf(oom_tag, sizeof(oom_tag), "oom:%s", tag + 1);
			vars[*nr] = (struct at){ btf__add_var(btf, name, BTF_VAR_STATIC, type),
						 4 * *nr, 4 };
			if (vars[*nr].id > 0)
				btf__add_decl_tag(btf, oom_tag, vars[*nr].id, -1);
		} else {
			continue;
		}
		*nr += vars[*nr].id > 0;
	}
	btf__add_datasec(btf, SETTINGS, *size);
	for (i = 0; i < *nr; i++)
		btf__add_datasec_var_info(btf, vars[i].id, vars[i].offset, vars[i].size);
	return btf;
}

/* The same with other bytes, behind the header; NULL if libbpf does not take it. */
static struct btf *damaged(struct btf *btf, char *text)
{
	char *line, *rest = text;
	unsigned int at, byte;
	unsigned char *copy;
	struct btf *other;
	__u32 size;
	const void *raw = btf__raw_data(btf, &size);

	copy = malloc(size);
	memcpy(copy, raw, size);
	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, "!%u=%u", &at, &byte) == 2)
			copy[sizeof(struct btf_header) + at % (size - sizeof(struct btf_header))] =
				byte;
	}
	other = btf__new(copy, size);
	free(copy);
	return other;
}

/* As list, load and status do with a policy. */
static void use(const struct policy *p, char *text, size_t size)
{
	struct setup setup = { .policy = p };
	char *line, *rest = text, *kept, buf[64];
	int status = DONE, i;
	long n;

	MUST(strlen(p->name) <= MAX_NAME && *p->name, "%s", p->name);
	values_text(&p->rule_values, buf, sizeof(buf));
	for (i = 0; i < p->nr_params; i++) {
		values_text(&p->params[i].values, buf, sizeof(buf));
		if (p->params[i].values.words && word_value(p->params[i].values.words, buf, &n))
			value_word(p->params[i].values.words, n, buf, sizeof(buf));
	}
	fake_object.settings = size ? calloc(1, size) : NULL;
	fake_object.size = size;
	said = 0;
	while (!status && (line = strsep(&rest, "\n"))) {
		if (*line == '=')
			status = setup_add(&setup, line + 1, "");
	}
	status = status ?: setup_end(&setup, "");
	MUST((status == DONE) == !said, "status %d, but %s", status,
	     said ? last_said : "not a word");
	kept = setup_text(&setup);
	if (!status)
		setup_vars(&setup, &fake_object);
	free(kept);
	setup_free(&setup);
	free(fake_object.settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *copy = strdup(text);
	struct at vars[MAX_TYPES];
	struct btf *whole, *btf;
	const struct policy *p;
	size_t settings = 0;
	int nr = 0;

	libbpf_set_print(NULL);
	whole = make_btf(copy, vars, &nr, &settings);
	strcpy(copy, text);
	btf = damaged(whole, copy);
	if (btf) {
		p = read_policy(btf);
		fake_object.btf = btf;
		strcpy(copy, text);
		if (p)
			use(p, copy, settings);
		fake_free_kept();
	}
	btf__free(btf);
	btf__free(whole);
	free(copy);
	free(text);
	return 0;
}
