// SPDX-License-Identifier: GPL-2.0
/*
 * A process that holds memory, for tests in shell.
 *
 *   hog SIZE [NAME]       hold SIZE MiB until a signal
 *   hog until-kill [MAX]  take memory, at most MAX MiB, until the OOM killer has killed
 *                         any process; 0 if it has
 *   hog slowly SIZE MS    take SIZE MiB, one every MS milliseconds, and hold them
 *   hog threads N KIB     N threads that take KIB each, all at once, and hold them
 *   hog beat FILE         start a program ten times a second, and add to FILE when each has
 *                         ended, in ms since boot
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define MIB (1UL << 20)

static unsigned long kills(void)
{
	char line[128];
	unsigned long n = 0;
	FILE *f = fopen("/proc/vmstat", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "oom_kill %lu", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

static unsigned long x;

/*
 * @full: no two pages are alike, or zram would make nothing of them. MAP_POPULATE, as
 * emulated page faults are slow.
 */
static void take(bool full)
{
	unsigned long *mem = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	unsigned long i;

	if (mem == MAP_FAILED) {
		perror("hog: mmap");
		exit(1);
	}
	/* Again, where a page could not be had. */
	for (i = 0; i < MIB / sizeof(*mem); i += full ? 1 : 512) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		mem[i] = x;
	}
}

static void *thread(void *size)
{
	char *mem = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem != MAP_FAILED)
		memset(mem, 1, (size_t)size);
	return mem;
}

static void threads(unsigned long n, size_t size)
{
	pthread_attr_t attr;
	pthread_t id;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	while (n--)
		if (pthread_create(&id, &attr, thread, (void *)size))
			exit(1);
}

static void beat(const char *path)
{
	struct timespec now;
	FILE *f = fopen(path, "a");

	while (f) {
		if (!system("/bin/true")) {
			clock_gettime(CLOCK_MONOTONIC, &now);
			fprintf(f, "%lu\n", now.tv_sec * 1000UL + now.tv_nsec / 1000000);
			fflush(f);
		}
		usleep(100000);
	}
}

int main(int argc, char **argv)
{
	unsigned long before = kills(), size, ms = 0, i;

	x = getpid();
	prctl(PR_SET_NAME, basename(argv[0]));
	if (argc > 1 && !strcmp(argv[1], "until-kill")) {
		size = argc > 2 ? strtoul(argv[2], NULL, 0) : 1UL << 20;
		for (i = 0; i < size && kills() == before; i++)
			take(false);
		return kills() == before;
	}
	if (argc == 3 && !strcmp(argv[1], "beat"))
		beat(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "threads")) {
		threads(strtoul(argv[2], NULL, 0), strtoul(argv[3], NULL, 0) << 10);
		argv[1] = "0";
	} else if (argc == 4 && !strcmp(argv[1], "slowly")) {
		argv++;
		ms = strtoul(argv[2], NULL, 0);
	} else if (argc == 3) {
		prctl(PR_SET_NAME, argv[2]);
	} else if (argc != 2) {
		fprintf(stderr, "usage: hog SIZE [NAME] | until-kill [MAX] | slowly SIZE MS |\n"
			"       threads N KIB | beat FILE\n");
		return 2;
	}
	size = strtoul(argv[1], NULL, 0);
	for (i = 0; i < size; i++) {
		take(true);
		usleep(ms * 1000);
	}
	for (;;)
		pause();
}
