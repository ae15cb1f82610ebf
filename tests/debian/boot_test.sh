#!/bin/bash
# The list of /etc/oom-policy.conf is loaded at boot, before the services that it names.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

before() {
	cat >/etc/oom-policy.conf <<-'EOF'
		never cgroup=/system.slice/db.service
		first cgroup=/batch.slice
	EOF
	cat >/etc/systemd/system/db.service <<-'EOF'
		[Service]
		ExecStart=/run/oom/tests/hog 150 db
		[Install]
		WantedBy=multi-user.target
	EOF
	cat >/etc/systemd/system/job.service <<-'EOF'
		[Service]
		ExecStart=/run/oom/tests/hog 60 job
		Slice=batch.slice
		[Install]
		WantedBy=multi-user.target
	EOF
	# Our own units are enabled by the package.
	systemctl -q enable db.service job.service
}

# The tests go on from what was there at boot, and from one to the next.
KEEP=1

test_loaded() {
	alive oom-policy.service oom-policy-watch.service
	has "never" oom-policy status rules
	has "/batch.slice" oom-policy status rules
}

test_chooses() {
	holds db 150
	holds job 60
	oom
	expect_victim job
	alive db
}

# The watch of boot has told the journal, with fields.
test_journal() {
	wait_for sh -c 'journalctl -q -o cat OOM_POLICY=rules OOM_VICTIM=job | grep -q .'
	has "OOM_RULE" journalctl -o verbose OOM_VICTIM=job
	has "OOM_CGROUP=/batch.slice/job.service" journalctl -o verbose OOM_VICTIM=job
	has "OOM_OUTCOME=policy" journalctl -o verbose OOM_VICTIM=job
	has "oom_policy=rules:02 victim=policy" journalctl -k
}

# The next watch tells of the time when none ran.
test_journal_later() {
	systemctl stop oom-policy-watch
	systemctl restart job
	holds job 60
	oom
	expect_victim job
	systemctl start oom-policy-watch
	wait_for sh -c 'test "$(journalctl -q -o cat OOM_VICTIM=job | grep -c .)" = 2'
}

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
