#!/bin/bash
# A machine at its worst: after the kill it answers again within seconds, with each of the
# policies that are ready as soon as with the kernel alone. Each test prints the seconds.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

cleanup() {
	systemctl stop beat threads worst.slice
	systemctl revert system.slice worst.slice
	oom-policy unload --all
}

policy_kernel() { :; }
policy_pid() { oom-policy load pid -s "$(pgrep -x worst1)=first"; }
policy_cgroup() { oom-policy load cgroup -s /worst.slice=prefer; }
policy_priority() { oom-policy load priority -s /worst.slice=1; }
policy_rules() { rules <<<"first cgroup=/worst.slice"; }

# worst SIZE... - units in worst.slice, whose processes hold SIZE MiB each.
worst() {
	local size n=0
	for size; do
		n=$((n + 1))
		systemd-run -q --collect --unit="worst-$RANDOM$RANDOM" --slice=worst.slice "$HERE/hog" "$size" "worst$n"
		settled "worst$n" "$size"
	done
}

# more N SIZE - as many processes that take SIZE MiB at once.
more() {
	systemd-run -q --collect --unit="more-$RANDOM$RANDOM" --slice=worst.slice bash -c \
		"for ((i = 0; i < $1; i++)); do $HERE/hog $2 more & done; wait"
}

# answered - seconds from the first kill to the first program that was started after it.
answered() {
	local killed
	killed=$(dmesg | sed -n 's/^\[ *\([0-9.]*\)\].*Killed process.*/\1/p' | head -n 1)
	wait_for awk -v killed="$killed" '$1 > killed * 1000 + 100 { ok = 1 } END { exit !ok }' /run/beat
	awk -v killed="$killed" '$1 > killed * 1000 { printf "%.1f\n", $1 / 1000 - killed; exit }' /run/beat
}

# once SCENE POLICY - prints how it went, and sets TOOK.
once() {
	cleanup 2>/dev/null || :
	systemctl reset-failed
	"prepare_$1"
	policy_$2
	beat
	dmesg -C
	"scene_$1"
	wait_for sh -c 'dmesg | grep -q "Killed process"'
	TOOK=$(answered)
	echo "# $1 $2: died: $(victims | sort | uniq -c | awk '{ printf "%s x%s ", $2, $1 }')answers after $TOOK s"
	[ "$2" = kernel ] || has "victim=policy" dmesg
}

# as_soon SCENE - with each policy: no later than 10 s after it would be without, once of
# three times, as under emulation the same run differs by seconds.
as_soon() {
	local policy alone n
	once "$1" kernel
	alone=$TOOK
	for policy in pid cgroup priority rules; do
		for n in 1 2 3 late; do
			[ $n != late ] || return 1
			once "$1" $policy
			awk -v took="$TOOK" -v alone="$alone" 'BEGIN { exit took > alone + 10 }' || continue
			break
		done
	done
}

# All memory in one cgroup.
prepare_full() { worst 90 90 90 90; }
scene_full() { more 6 120; }
test_full() { as_soon full; }

# Two thousand threads wait for memory, beside one that has most of it.
prepare_threads() { worst 500; }
scene_threads() {
	systemd-run -q --collect --unit=threads -p TasksMax=3000 -p OOMScoreAdjust=-1000 "$HERE/hog" threads 2000 300
}
test_threads() { as_soon threads; }

# The disk gives 2 MB/s, and the programs that are started are on it.
prepare_disk() {
	worst 300
	systemctl set-property --runtime system.slice "IOReadBandwidthMax=/dev/vda 2M" "IOReadBandwidthMax=/dev/vdb 2M"
}
scene_disk() { more 4 200; }
test_disk() { as_soon disk; }

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
