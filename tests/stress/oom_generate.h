/* SPDX-License-Identifier: GPL-2.0 */
/* Random BPF programs for the hook, most of them valid; a seed repeats each. */
#ifndef OOM_GENERATE_H
#define OOM_GENERATE_H

#include <stdbool.h>
#include <stdint.h>

#include <bpf/bpf.h>

#define MAX_INSNS	4096
#define MAX_FUNCS	6
/* The arrays that programs use by address: what they count, read and write. */
#define BUFFER_SIZE	65536
#define COUNT_STEPS	0
#define COUNT_RET	1
#define COUNT_SIZE	2
#define NR_COUNTS	3
/* Instructions that each step takes, at least. */
#define STEP_INSNS	6

struct program {
	struct bpf_insn insns[MAX_INSNS];
	int len;
	struct bpf_func_info funcs[MAX_FUNCS];
	int nr_funcs;
	enum bpf_attach_type attach_type;
	int attach_id;			/* of the function, in the kernel's BTF */
	uint32_t flags;
	const char *forbidden;		/* a reason for which the hook must refuse it */
	bool damaged;			/* so that nobody knows */
};

/* Look up types, and make the maps and the BTF that all programs of a seed use. */
int generate_start(unsigned long long seed);
void generate_end(void);

/* The program @number of the seed. */
void generate(struct program *p, unsigned int number);

/*
 * A call of the kfunc that stores what it returns. @text has STACK_NAME bytes for a name on
 * the stack; a constant one is of letters "a". Variable sizes come from the counts.
 */
#define STACK_NAME	256
enum name_at { NAME_STACK, NAME_BUFFER, NAME_CONST, NAME_NULL, NAME_NOT_FOUND, NAME_SCALAR };
void generate_name(struct program *p, enum name_at at, const char *text, unsigned int size,
		   bool variable);

/* A loop of the slowest call that the hook is known to take. */
void generate_slow(struct program *p, unsigned int times);

/*
 * Load it: a file descriptor or -errno. @log gets the words of the verifier, LOG_SIZE bytes.
 * The verifier may take all memory that there is for one program: a child loads it, and is
 * the first that an OOM kills, which makes it -ENOMEM.
 */
#define LOG_SIZE	65536
int generate_load(const struct program *p, char *log);

/* Maps that programs share with the test; @text has BUFFER_SIZE bytes. */
int generate_buffer(const char *text);
int counts_get(uint64_t *counts);
int counts_set(const uint64_t *counts);

#endif
