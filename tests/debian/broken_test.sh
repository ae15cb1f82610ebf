#!/bin/bash
# A list that is wrong at boot: the machine boots, and the unit says which line.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

before() {
	cat >/etc/oom-policy.conf <<-'EOF'
		never name=sshd
		nver cgroup=/system.slice/db.service
	EOF
}

# The tests go on from what was there at boot, and from one to the next.
KEEP=1

test_machine_boots() {
	alive multi-user.target oom-policy-watch.service
}

test_unit_says_which_line() {
	expect failed "$(systemctl show -P ActiveState oom-policy)"
	has "/etc/oom-policy.conf:2:1: nver" journalctl -u oom-policy
	has "/etc/oom-policy.conf:2:1: nver" systemctl status oom-policy
	expect 3 "$(systemctl show -P ExecMainStatus oom-policy)"
	has "No policy" oom-policy status
}

test_repaired() {
	echo "never name=db" >/etc/oom-policy.conf
	systemctl restart oom-policy
	has "name=db" oom-policy status rules
}

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
