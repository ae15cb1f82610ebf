#!/bin/bash
# systemd-oomd, earlyoom and sysrq-f decide when; beside a policy, each does its own.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

cleanup() { systemctl stop systemd-oomd earlyoom; }

# systemd-oomd kills by pressure, long before the kernel, and asks no policy. Without swap
# there is nothing to reclaim from the process, and it waits for reclaim.
test_oomd_kills() {
	swap_on 200M
	rules <<<"never name=busy"
	mkdir -p /run/systemd/oomd.conf.d
	printf '%s\n' '[OOM]' DefaultMemoryPressureDurationSec=2s >/run/systemd/oomd.conf.d/test.conf
	systemctl start systemd-oomd
	printf '%s\n' '[Slice]' ManagedOOMMemoryPressure=kill ManagedOOMMemoryPressureLimit=5% | unit app.slice
	dmesg -C
	printf '%s\n' '[Service]' "ExecStart=$HERE/hog 80 busy" Slice=app.slice MemoryHigh=20M | unit busy.service
	systemctl start busy
	wait_for fails systemctl -q is-active busy
	has "Killed" journalctl -q -u systemd-oomd
	expect "" "$(victims)"
	expect oom-kill "$(systemctl show -P Result busy)"
}

# While it runs, an OOM that is too quick for it is the policy's.
test_oomd_leaves_ooms() {
	systemctl start systemd-oomd
	rules <<<"first cgroup=/system.slice/batch.service"
	service db 120
	service batch 60
	oom
	expect_victim batch
	alive db systemd-oomd
}

# earlyoom comes first where memory goes slowly, and takes its own victim.
test_earlyoom_first() {
	rules <<<"first name=batch"
	echo 'EARLYOOM_ARGS="-m 20 -s 100 -r 0"' >/etc/default/earlyoom
	systemctl start earlyoom
	service batch 60
	dmesg -C
	systemd-run -q --unit=leak $HERE/hog slowly 1000 5
	wait_for fails pgrep -x hog
	expect "" "$(victims)"
	wait_for has "sending SIGTERM to process" journalctl -q -u earlyoom
	alive batch earlyoom
}

# Where it is late, or does not run, the kernel asks the policy.
test_earlyoom_late() {
	rules <<-'EOF'
		never name=earlyoom
		first name=batch size>=20M
	EOF
	echo 'EARLYOOM_ARGS="-m 1 -s 100 -r 0"' >/etc/default/earlyoom
	systemctl start earlyoom
	service db 120
	service batch 60
	systemctl kill -s STOP earlyoom
	oom
	expect_victim batch
	systemctl kill -s CONT earlyoom
	alive db earlyoom
}

# Whoever has the key pressed decides when; the policy decides the rest.
test_sysrq() {
	rules <<<"first name=batch size>=20M"
	service db 120
	service batch 60
	dmesg -C
	echo f >/proc/sysrq-trigger
	wait_for sh -c 'dmesg | grep -q "Killed process"'
	expect_victim batch
	alive db
}

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
