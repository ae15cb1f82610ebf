#!/bin/bash
# The rest that dies with the victim: the unit, by OOMPolicy=, or the cgroup, by memory.oom.group.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

# systemd stops the whole unit for one process of it; the log says why.
test_policy_stop() {
	rules <<<"first name=worker size>=20M"
	service db 120
	pair app
	oom
	expect_victim worker
	wait_for fails systemctl -q is-active app
	expect oom-kill "$(systemctl show -P Result app)"
	alive db
}

test_policy_continue() {
	rules <<<"first name=worker size>=20M"
	pair app OOMPolicy=continue
	oom
	expect_victim worker
	sleep 2
	alive app
}

# OOMPolicy=kill is memory.oom.group: the kernel kills all, and watch has a line for each.
test_policy_kill() {
	rules <<<"first name=worker size>=20M"
	pair app OOMPolicy=kill
	expect 1 "$(cat /sys/fs/cgroup/system.slice/app.service/memory.oom.group)"
	oom-policy watch >/run/watch &
	sleep 6
	oom
	expect "main worker" "$(victims | sort | paste -sd' ')"
	wait_for grep -q main /run/watch
	has worker cat /run/watch
}

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
