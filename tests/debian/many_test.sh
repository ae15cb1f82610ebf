#!/bin/bash
# A thousand processes in two hundred cgroups, a rule for one of them.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

cleanup() { systemctl stop many; }

# many - 200 cgroups below one service, with five processes each.
many() {
	unit many.service <<-EOF
		[Service]
		Delegate=yes
		TasksMax=2000
		ExecStart=/bin/bash -c 'd=/sys/fs/cgroup/system.slice/many.service; mkdir \$\$d/top; \
			echo \$\$\$\$ >\$\$d/top/cgroup.procs; echo +memory >\$\$d/cgroup.subtree_control; \
			for i in {1..200}; do mkdir \$\$d/g\$\$i; \
			(echo \$\$BASHPID >\$\$d/g\$\$i/cgroup.procs; for j in 1 2 3 4; do $HERE/hog 0 m\$\$i & done; exec $HERE/hog 0 m\$\$i) & done; wait'
	EOF
	systemctl start many
	wait_for sh -c '[ "$(cat /sys/fs/cgroup/system.slice/many.service/g*/cgroup.procs | wc -l)" -ge 1000 ]'
}

test_chooses() {
	rules <<-'EOF'
		never cgroup=/system.slice/many.service/g1*
		first cgroup=/system.slice/many.service/g77
		never name=db
	EOF
	many
	service db 120
	service rest 60
	oom-policy watch --json >/run/watch &
	sleep 5
	oom
	# A process that frees next to nothing does not die first, and g77 is one.
	expect_victim rest
	alive db many
	wait_for grep -q rest /run/watch
	sed 's/^/# /' /run/watch
}

test_rank() {
	local start=$SECONDS
	many
	rules <<<"first cgroup=/system.slice/many.service/g77"
	[ "$(oom-policy rank | wc -l)" -ge 1000 ]
	has m77 oom-policy rank
	[ $((SECONDS - start)) -lt 120 ]
}

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
