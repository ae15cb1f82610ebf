#!/bin/bash
# rank and watch say which unit systemd will stop for a victim, by its OOMPolicy=.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

# limited - a slice for OOMs of its own, which leave the rest of the machine its memory.
limited() { printf '%s\n' '[Slice]' MemoryMax=150M MemorySwapMax=0 | unit app.slice; }

# watching - by the unit, which reports to the journal.
watching() {
	systemctl start oom-policy-watch
	wait_for has watching journalctl -b -u oom-policy-watch
}

rank_of() { oom-policy rank | grep -w "$1"; }

test_rank() {
	pair app
	has "OOMPolicy=stop ends app.service" rank_of worker
	has "OOMPolicy=stop ends app.service" rank_of main
	has '"stopped_unit": "app.service"' oom-policy rank --json
}

test_rank_of_others() {
	pair app OOMPolicy=continue
	lacks OOMPolicy rank_of worker
	pair app OOMPolicy=kill
	lacks OOMPolicy rank_of worker
	has "memory.oom.group of /system.slice/app.service" rank_of worker
	pair app Delegate=yes
	lacks OOMPolicy rank_of worker
}

test_rank_of_a_scope() {
	systemd-run -q --scope --unit=job "$HERE/hog" 30 worker &
	wait_for pgrep -x worker
	has "OOMPolicy=stop ends job.scope" rank_of worker
	systemctl stop job.scope
}

# The unit takes its time to stop, so that its cgroup is there when it is asked for.
test_watch() {
	rules <<<"first name=worker size>=20M"
	limited
	pair app Slice=app.slice KillSignal=SIGCONT TimeoutStopSec=20
	watching
	oom Slice=app.slice
	expect_victim worker
	wait_for has "; OOMPolicy=stop ends app.service" journalctl -b OOM_VICTIM=worker
	has "-> worker" journalctl -b OOM_STOPPED_UNIT=app.service
	wait_for fails systemctl -q is-active app
	expect oom-kill "$(systemctl show -P Result app)"
}

test_watch_of_others() {
	rules <<<"first name=lone size>=20M"
	limited
	service lone 30 Slice=app.slice OOMPolicy=continue
	watching
	oom Slice=app.slice
	expect_victim lone
	wait_for has "-> lone" journalctl -b OOM_VICTIM=lone
	lacks OOMPolicy journalctl -b OOM_VICTIM=lone
}

# Without a bus nothing is known, and nothing is said; a watch goes on when it is back.
test_bus_away() {
	pair app
	systemctl stop dbus.socket dbus.service
	lacks OOMPolicy oom-policy rank
	has worker oom-policy rank
	systemctl start dbus.socket
	has "OOMPolicy=stop ends app.service" rank_of worker
}

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
