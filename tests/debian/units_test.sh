#!/bin/bash
# Rules name services and slices by their cgroups: those that come later, and those that
# are made anew.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

test_later() {
	rules <<<"never cgroup=/system.slice/db.service"
	service db 120
	service batch 60
	oom
	expect_victim batch
	alive db
}

# A restarted service has a new cgroup, by the same name.
test_restarted() {
	rules <<<"never cgroup=/system.slice/db.service"
	service db 120
	service batch 60
	local before
	before=$(stat -c %i /sys/fs/cgroup/system.slice/db.service)
	systemctl restart db
	holds db 120
	[ "$before" != "$(stat -c %i /sys/fs/cgroup/system.slice/db.service)" ] || skip "systemd kept the cgroup"
	oom
	expect_victim batch
	alive db
}

# Another service's restart changes nothing for the one that a rule names.
test_other_restarted() {
	rules <<<"never cgroup=/system.slice/db.service"
	service db 120
	service batch 60
	service web 10
	systemctl restart web
	oom
	expect_victim batch
}

# A slice goes with its last unit, and comes again with the next.
test_slice_again() {
	rules <<<"first cgroup=/batch.slice"
	service db 120
	service job 60 Slice=batch.slice
	systemctl stop job.service batch.slice
	wait_for test ! -e /sys/fs/cgroup/batch.slice
	systemctl start job
	holds job 60
	oom
	expect_victim job
}

test_instances() {
	rules <<<"first cgroup=/system.slice/system-worker.slice/worker@*.service size>=20M"
	printf '%s\n' '[Service]' "ExecStart=$HERE/hog 30 worker-%i" | unit worker@.service
	service db 120
	systemctl start worker@1 worker@2
	holds worker@1 30
	holds worker@2 30
	oom
	[[ $(victims) == worker-[12] ]] || { victims; dmesg; false; }
}

# In each moment of a restart, also in the one without a process, the rules hold.
test_restarted_under_load() {
	local n
	rules <<<"never cgroup=/*.slice/db.service"
	printf '%s\n' '[Slice]' 'MemoryMax=200M' 'MemorySwapMax=0' | unit app.slice
	service db 60 Slice=app.slice
	printf '%s\n' '[Service]' "ExecStart=$HERE/hog 60 worker" Slice=app.slice | unit worker.service
	(while :; do systemctl restart db; done) &
	for ((n = 0; n < 5; n++)); do
		systemctl restart worker
		oom Slice=app.slice
		expect_victim worker
	done
	kill $!
}

test_daemon_reload() {
	rules <<<"never cgroup=/system.slice/db.service"
	service db 120
	service batch 60
	systemctl daemon-reload
	systemctl daemon-reexec
	oom
	expect_victim batch
	alive db
}

# MemoryMax= of a slice: the OOM is that of the slice, and so is the choice.
test_memory_max() {
	rules <<-'EOF'
		first scope=/app.slice name=sidecar
		never name=app
	EOF
	printf '%s\n' '[Slice]' 'MemoryMax=150M' 'MemorySwapMax=0' | unit app.slice
	service db 120
	service app 60 Slice=app.slice
	service sidecar 30 Slice=app.slice
	oom Slice=app.slice
	expect_victim sidecar
	alive db
}

# MemoryMin= keeps the kernel from taking pages, and says nothing about the choice.
test_memory_min() {
	rules <<<"first cgroup=/system.slice/batch.service"
	service db 120
	service batch 60 MemoryMin=50M
	oom
	expect_victim batch
}

# ManagedOOMPreference= is what systemd-oomd goes by, and mark= reads it.
test_marks() {
	rules <<-'EOF'
		never mark=omit
		last  mark=avoid
	EOF
	service db 150 ManagedOOMPreference=omit
	service cache 120 ManagedOOMPreference=avoid
	service batch 60
	oom
	expect_victim batch
	alive db cache
}

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
