/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UNIT_H
#define UNIT_H

/**
 * unit_stopped - the unit that systemd stops when a process in it is killed
 * @cgroup: of the process, as cgroup_path() has it
 * Return: its name, until the next call; NULL if systemd leaves the others alone, does not
 * answer within a second or is not there, or if the command was built without libsystemd.
 * Units of a user's own systemd are not known.
 */
const char *unit_stopped(const char *cgroup);

#endif
