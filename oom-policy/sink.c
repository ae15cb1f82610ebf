// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-journal.h>
#endif

#include "say.h"
#include "sink.h"

#define SOCKET		"/run/systemd/journal/socket"
#define MAX_FIELDS	32
/* Programs that run at the same time: with more, one is waited for. */
#define MAX_RUNNING	8
/* Of a kill, made with systemd-id128 new. */
#define MESSAGE_ID	"4f0c1b2e6d7a4c6c9d8a7be0f3c25a91"

/* OOM_KEY=VALUE: to be freed by the caller. */
static char *assignment(const struct report_field *field)
{
	char *text = NULL, *at;

	if (asprintf(&text, "OOM_%s=%s", field->key, field->value) < 0)
		return NULL;
	for (at = text; *at != '='; at++)
		*at = toupper((unsigned char)*at);
	return text;
}

#ifdef HAVE_SYSTEMD
bool sink_journal(const char *message, const struct report_field *fields, int nr)
{
	struct iovec iov[MAX_FIELDS + 3];
	char *text, priority[16];
	int n = 0, i, ret;

	/* Without a journal the library says nothing and returns 0. */
	if (access(SOCKET, F_OK))
		return false;
	snprintf(priority, sizeof(priority), "PRIORITY=%d", LOG_WARNING);
	if (asprintf(&text, "MESSAGE=%s", message) < 0)
		return false;
	iov[n++] = (struct iovec){ text, strlen(text) };
	iov[n++] = (struct iovec){ priority, strlen(priority) };
	iov[n++] = (struct iovec){ "MESSAGE_ID=" MESSAGE_ID, strlen("MESSAGE_ID=" MESSAGE_ID) };
	for (i = 0; i < nr; i++) {
		text = fields[i].value && n < MAX_FIELDS + 3 ? assignment(&fields[i]) : NULL;
		if (text)
			iov[n++] = (struct iovec){ text, strlen(text) };
	}
	ret = sd_journal_sendv(iov, n);
	free(iov[0].iov_base);
	for (i = 3; i < n; i++)
		free(iov[i].iov_base);
	return !ret;
}
#else
bool sink_journal(const char *message, const struct report_field *fields, int nr)
{
	return false;
}
#endif

void sink_exec(const char *program, const struct report_field *fields, int nr)
{
	char *env[MAX_FIELDS + 2] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
	static int running;
	posix_spawnattr_t attr;
	sigset_t none;
	int n = 1, i, ret;

	while (running && waitpid(-1, NULL, running < MAX_RUNNING ? WNOHANG : 0) > 0)
		running--;
	for (i = 0; i < nr && n <= MAX_FIELDS; i++) {
		env[n] = fields[i].value ? assignment(&fields[i]) : NULL;
		n += !!env[n];
	}
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	ret = posix_spawn(&(pid_t){ 0 }, program, NULL, &attr,
			  (char *[]){ (char *)program, NULL }, env);
	posix_spawnattr_destroy(&attr);
	if (ret)
		fail(FAILED, "%s: %s", program, strerror(ret));
	else
		running++;
	for (i = 1; i < n; i++)
		free(env[i]);
}
