# shellcheck shell=bash
# For the tests of the Debian guest. A test is a function test_NAME, run by bash -e in a
# shell of its own; the first command that fails ends it, and is printed with what the
# test had seen. To be sourced at the end of a file of tests, which run-vm.sh calls with
#
#   -l        print the names of the tests, in the order of the file
#   -b        do what has to be done before the guest boots: function before
#   -r NAME   run a test, and print its result as the harness of the selftests does
set -u

HERE=/run/oom/tests
UNITS=/run/systemd/system
SUITE=$(basename "$0")
SUITE=${SUITE%_test}
export SYSTEMD_PAGER='' SYSTEMD_COLORS=0 LC_ALL=C

# unit NAME < FILE - a unit file, in effect at once. A unit that systemd has not loaded
# needs no daemon-reload, which takes twenty seconds under emulation.
unit() {
	local state
	state=$(systemctl show -P LoadState "$1" 2>/dev/null || :)
	mkdir -p $UNITS
	cat >"$UNITS/$1"
	[ "$state" = not-found ] || systemctl daemon-reload
}

# service NAME SIZE [LINE...] - start a service whose process NAME holds SIZE MiB. LINEs
# go into its [Service].
service() {
	local name=$1 size=$2
	shift 2
	printf '%s\n' '[Unit]' StartLimitIntervalSec=0 '[Service]' "ExecStart=$HERE/hog $size $name" "$@" |
		unit "$name.service"
	systemctl start "$name"
	holds "$name" "$size"
}

# has_memory SIZE COMMAND... - wait until the process whose pid COMMAND prints has SIZE MiB.
has_memory() {
	local size=$1 kib end=$((SECONDS + 120))
	shift
	until
		kib=$(awk '/^VmRSS/ { print $2 }' "/proc/$("$@")/status" 2>/dev/null) || kib=0
		[ "${kib:-0}" -ge $((size * 1024)) ]
	do
		[ $SECONDS -lt $end ] || { echo "the process of $* has ${kib:-0} KiB, not $size MiB"; return 1; }
		sleep 0.1
	done
}

# pair NAME [LINE...] - a service of a process main and a worker, which is the victim.
pair() {
	local name=$1
	shift
	printf '%s\n' '[Service]' "ExecStart=/bin/sh -c '$HERE/hog 80 worker & exec $HERE/hog 60 main'" "$@" |
		unit "$name.service"
	systemctl restart "$name"
	holds "$name" 60
	wait_for pgrep -x worker
}

# holds UNIT SIZE - wait until a unit's process has its memory.
holds() { has_memory "$2" systemctl show -P MainPID "$1"; }

# settled NAME SIZE - the same of the oldest process of a name.
settled() { has_memory "$2" pgrep -o -x "$1"; }

# oom [PROPERTY...] - run the whole machine out of memory, or what the properties given
# to systemd-run say; returns when a process has been killed.
oom() {
	local property args=()
	[[ $* == *Slice=* ]] || args=(-p Slice=trigger.slice)
	for property; do args+=(-p "$property"); done
	dmesg -C
	systemd-run -q --wait --collect --unit="oom-trigger-$RANDOM" -p OOMScoreAdjust=-1000 \
		"${args[@]}" "$HERE/hog" until-kill || {
		echo "nothing was killed"
		dmesg
		return 1
	}
}

# victims - the names of the processes killed in the last oom, as they died.
victims() {
	dmesg | sed -n 's/.*Killed process [0-9]* (\(.*\)) total-vm.*/\1/p'
}

# label - of the first report, without the number of the line.
label() {
	dmesg | sed -n 's/.*\(oom_policy=[^ :]*\)[^ ]*/\1/p' | head -n 1
}

# expect WANTED GOT - two texts are the same.
expect() {
	[ "$1" != "$2" ] || return 0
	printf 'expected: %s\nis:       %s\n' "$1" "$2"
	return 1
}

# fails COMMAND... - a command that has to fail.
fails() {
	! "$@" || { echo "did not fail: $*"; return 1; }
}

# has TEXT COMMAND... - the output of a command has a text in it.
has() {
	local text=$1 out
	shift
	out=$("$@" 2>&1) || :
	[[ $out != *"$text"* ]] || return 0
	printf 'no "%s" in the output of %s, which ends with:\n' "$text" "$*"
	tail -n 25 <<<"$out"
	return 1
}

# lacks TEXT COMMAND... - the output of a command does not have it.
lacks() {
	local text=$1 out
	shift
	out=$("$@" 2>&1) || :
	[[ $out == *"$text"* ]] || return 0
	printf '"%s" in the output of %s:\n' "$text" "$*"
	grep -F -- "$text" <<<"$out"
	return 1
}

# expect_victim NAME [kernel] - of the last oom: this one, alone, and chosen by a policy or
# by the kernel. In a cgroup of Linux 7 others may follow: there a task that exits is
# hidden from the search (css_task_iter_advance), while its memory is not yet free.
expect_victim() {
	local seen
	seen=$(victims | paste -sd' ')
	[[ $(uname -r) == 6.* ]] || ! dmesg | grep -q CONSTRAINT_MEMCG || seen=${seen%% *}
	[ "$seen" = "$1" ] || {
		echo "expected to die: $1; died: $seen"
		dmesg | grep -A 100 'Tasks state'
		return 1
	}
	[ "${2:-}" = kernel ] || expect "oom_policy=rules victim=policy" "$(label)"
}

# alive NAME... - units that are active.
alive() {
	local name
	for name; do
		systemctl -q is-active "$name" || { echo "$name is not active"; systemctl status "$name"; return 1; }
	done
}

# wait_for COMMAND... - until it succeeds, two minutes at most.
wait_for() {
	local end=$((SECONDS + 120))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { echo "did not come true: $*"; return 1; }
		sleep 0.1
	done
}

# swap_on SIZE - swap in memory; clean takes it away.
swap_on() {
	echo "$1" >/sys/block/zram0/disksize
	mkswap -q /dev/zram0
	swapon /dev/zram0
}

# beat - from here on, a program is started all the time.
beat() {
	systemctl stop beat 2>/dev/null || :
	rm -f /run/beat
	systemd-run -q --unit=beat -p OOMScoreAdjust=-1000 "$HERE/hog" beat /run/beat
	wait_for test -s /run/beat
}

# silence - the longest time since then in which none could be started, in ms.
silence() {
	awk 'NR > 1 && $1 - last > longest { longest = $1 - last } { last = $1 } END { print longest + 0 }' /run/beat
}

# rules < LIST - load it.
rules() {
	cat >/run/rules
	oom-policy load -f /run/rules
}

# clean - as if no test had been before, except that a policy stays loaded: "rules"
# replaces its list, and to load it again takes half a minute under emulation.
clean() {
	local file units=()
	! declare -F cleanup || cleanup
	systemctl stop oom-policy
	for file in "$UNITS"/*.service "$UNITS"/*.slice; do
		[ -e "$file" ] || continue
		# All instances of a template.
		file=${file##*/}
		units+=("${file/@./@*.}")
	done
	systemctl stop "${units[@]}"
	rm -rf "${UNITS:?}"/*
	swapoff -a
	echo 1 >/sys/block/zram0/reset
	systemctl reset-failed
} >/dev/null 2>&1

run_test() {
	local rc
	echo "TAP version 13"
	[ -n "${KEEP:-}" ] || clean
	(
		set -eE
		# shellcheck disable=SC2046  # one word each
		trap 'kill $(jobs -p) 2>/dev/null || :' EXIT
		trap 'echo "${BASH_SOURCE[0]##*/}:${BASH_LINENO[*]}: $BASH_COMMAND: status $?"' ERR
		"test_${1#*.}"
	) 2>&1
	rc=$?
	if [ $rc -eq 0 ]; then
		echo "ok 1 $1"
	elif [ $rc -eq 77 ]; then
		echo "ok 1 $1 # SKIP $(cat /run/skip)"
	else
		echo "not ok 1 $1"
	fi
	echo "# Totals: 1"
}

# skip WHY - what this test needs is not there.
skip() {
	echo "$*" >/run/skip
	exit 77
}

case ${1:-} in
-l)
	# With extdebug, declare -F prints the line as well.
	shopt -s extdebug
	compgen -A function test_ | while read -r name; do declare -F "$name"; done | sort -s -n -k2,2 |
		sed "s/^test_\([a-z_]*\) .*/$SUITE.\1/"
	;;
-b) ! declare -F before >/dev/null || before ;;
-r) run_test "$2" ;;
*) echo "usage: $0 -l | -b | -r NAME" >&2; exit 2 ;;
esac
