#!/bin/bash
# What dies with the victim: the unit, by OOMPolicy=, or the cgroup, by memory.oom.group.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

# pair NAME [LINE...] - a service of a main process and a worker.
pair() {
	local name=$1
	shift
	printf '%s\n' '[Service]' "ExecStart=/bin/sh -c '$HERE/hog 30 worker & exec $HERE/hog 60 main'" "$@" |
		unit "$name.service"
	systemctl start "$name"
	holds "$name" 60
	wait_for pgrep -x worker
}

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

# rank says beforehand that more than the victim goes.
test_rank_names_group() {
	rules <<<"first name=worker size>=20M"
	pair app OOMPolicy=kill
	has "/system.slice/app.service" sh -c 'oom-policy rank | grep -w worker'
	has "memory.oom.group" oom-policy rank
}

# It does not say yet that systemd will stop the unit.
test_rank_names_unit() {
	rules <<<"first name=worker size>=20M"
	pair app
	oom-policy rank | grep OOMPolicy >/run/rank || skip "rank does not know OOMPolicy="
	has app.service cat /run/rank
}

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
