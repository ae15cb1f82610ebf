#!/bin/bash
# Restart of oom-policy.service, and upgrade and removal of its package: no moment without
# policies, and no trace.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

CONF=/etc/oom-policy.conf
PACKAGE=$(echo /run/oom/packages/oom-policy_*.deb)

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

# dpkg puts a newer package in the place of the one that is loaded.
test_upgrade() {
	local before version new=/run/newer
	start
	oom-policy set rules "never name=hand"
	before=$(attached)
	rm -rf $new
	dpkg-deb -R $PACKAGE $new
	sed -i 's/^Version: .*/&+1/' $new/DEBIAN/control
	dpkg-deb -Znone -b $new $new.deb
	dpkg --force-confold -i $new.deb
	version=$(dpkg-query -W -f '${Version}' oom-policy)
	[[ $version == *+1 ]] || { echo "the version is $version"; false; }
	alive oom-policy
	expect "$before" "$(attached)"
	has name=hand loaded
}

# dpkg does not call all scripts of a package that it has not configured.
test_remove_unpacked() {
	start
	dpkg --unpack $PACKAGE
	dpkg -r oom-policy
	fails test -e /sys/fs/bpf/oom-policy
	dpkg --force-confold -i $PACKAGE
}

# Removed, it chooses no more; purged, it leaves no file.
test_purge() {
	local files left
	start
	mapfile -t files < <(dpkg -L oom-policy | xargs -d '\n' -I{} sh -c '[ -d "{}" ] || echo "{}"')
	[ ${#files[@]} -gt 10 ]
	dpkg -r oom-policy
	fails test -e /sys/fs/bpf/oom-policy
	test -e $CONF
	dpkg -P oom-policy
	left=$(ls -d "${files[@]}" $CONF /etc/systemd/system/*/oom-policy*.service 2>/dev/null || :)
	expect "" "$left"
	dpkg -i $PACKAGE
}

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
