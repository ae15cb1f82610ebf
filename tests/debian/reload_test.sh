#!/bin/bash
# systemctl reload oom-policy: what is loaded is what the file says.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

CONF=/etc/oom-policy.conf

# loaded - the classes and conditions that the kernel has, as a list.
loaded() { oom-policy status --json rules; }

test_reload() {
	printf '%s\n' "never name=db" "first name=batch" >$CONF
	systemctl start oom-policy
	has name=db loaded
	printf '%s\n' "never name=web" "first name=batch" >$CONF
	systemctl reload oom-policy
	has name=web loaded
	has name=batch loaded
	lacks name=db loaded
	rm $CONF
	systemctl stop oom-policy
	has "No policy" oom-policy status
}

# A setting that the file no longer has is at its default again.
test_reload_settings() {
	printf '%s\n' "first name=batch" "rank youngest" "set observe=yes" >$CONF
	systemctl start oom-policy
	has youngest loaded
	printf '%s\n' "first name=batch" >$CONF
	systemctl reload oom-policy
	lacks youngest loaded
	service db 120
	service batch 60
	oom
	expect_victim batch
}

# Lines added by hand are gone as well.
test_reload_by_hand() {
	echo "first name=batch" >$CONF
	systemctl start oom-policy
	oom-policy set rules "never name=hand"
	has name=hand loaded
	systemctl reload oom-policy
	lacks name=hand loaded
}

# A file that is wrong changes nothing, and the unit stays active.
test_reload_wrong() {
	echo "first name=batch" >$CONF
	systemctl start oom-policy
	echo "fist name=batch" >$CONF
	fails systemctl reload oom-policy
	has name=batch loaded
	alive oom-policy
	has "$CONF:1:1" journalctl -u oom-policy
}

# No OOM goes without the policy, whenever it is reloaded.
test_reload_under_load() {
	local n=0
	printf '%s\n' '[Slice]' 'MemoryMax=60M' 'MemorySwapMax=0' | unit app.slice
	printf '%s\n' "never name=keep" "first name=hog" >$CONF
	systemctl start oom-policy
	(
		while :; do
			printf '%s\n' "never name=keep" "first name=worker" "3 name=n$RANDOM" >$CONF
			systemctl reload oom-policy
		done
	) &
	service keep 30 Slice=app.slice
	printf '%s\n' '[Service]' "ExecStart=$HERE/hog 10 worker" Slice=app.slice | unit worker.service
	while [ $n -lt 8 ]; do
		systemctl restart worker
		oom Slice=app.slice
		expect_victim worker
		n=$((n + 1))
	done
	kill $!
	echo "# $n OOMs between $(journalctl -u oom-policy | grep -c Reloaded) reloads"
}

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
