#!/bin/bash
# Restart of oom-policy.service, and an upgrade of its package: no moment without policies.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

CONF=/etc/oom-policy.conf

cleanup() { rm -f $CONF; }

loaded() { oom-policy status --json rules; }

# attached - the link of the policy: another one if it was detached meanwhile.
attached() { bpftool -j link show pinned /sys/fs/bpf/oom-policy/rules/oom_evaluate | grep -o '"id":[0-9]*'; }

start() {
	echo "first name=batch" >$CONF
	systemctl start oom-policy
	has name=batch loaded
}

test_keeps_attached() {
	local before
	start
	before=$(attached)
	echo "first name=web" >$CONF
	systemctl restart oom-policy
	alive oom-policy
	expect "$before" "$(attached)"
	has name=web loaded
	lacks name=batch loaded
}

test_stop_unloads() {
	start
	systemctl stop oom-policy
	has "No policy" oom-policy status
}

# Unit and kernel say the same: one that failed has nothing loaded.
test_wrong_unloads() {
	start
	echo "fist name=batch" >$CONF
	fails systemctl restart oom-policy
	expect failed "$(systemctl show -P ActiveState oom-policy)"
	has "No policy" oom-policy status
}

test_without_file_unloads() {
	start
	rm $CONF
	systemctl restart oom-policy
	expect inactive "$(systemctl show -P ActiveState oom-policy)"
	has "No policy" oom-policy status
}

# As dpkg calls the scripts of the package, the old version's and the new one's.
test_upgrade() {
	local before scripts=/var/lib/dpkg/info/oom-policy
	start
	oom-policy set rules "never name=hand"
	before=$(attached)
	DPKG_MAINTSCRIPT_NAME=prerm DPKG_MAINTSCRIPT_PACKAGE=oom-policy $scripts.prerm upgrade 9.0
	DPKG_MAINTSCRIPT_NAME=postinst DPKG_MAINTSCRIPT_PACKAGE=oom-policy $scripts.postinst configure 0.9
	alive oom-policy
	expect "$before" "$(attached)"
	has name=hand loaded
}

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
