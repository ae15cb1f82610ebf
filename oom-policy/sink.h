/* SPDX-License-Identifier: GPL-2.0 */
/* Receivers of reports beside the output: the journal, a program. */
#ifndef SINK_H
#define SINK_H

#include <stdbool.h>

/* A field of a report; the name in the journal and the environment is OOM_ and the key. */
struct report_field {
	const char *key;	/* as in JSON */
	const char *value;	/* NULL: there is none */
	bool number;
};

/**
 * sink_journal - a message for the journal, with its fields
 * Return: false if the command was built without libsystemd, or nothing takes it.
 */
bool sink_journal(const char *message, const struct report_field *fields, int nr);
/* Run a program with the fields in its environment, and do not wait for its end. */
void sink_exec(const char *program, const struct report_field *fields, int nr);

#endif
