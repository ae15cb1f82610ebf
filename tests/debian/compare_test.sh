#!/bin/bash
# The same ten troubles with the kernel alone, with rules, with earlyoom and with
# systemd-oomd: each test prints a line of who died, what was lost, and the longest time
# that the machine needed to start a program. A test fails if its trouble ends without a
# death. The kernel alone may thrash for minutes before it kills.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

TOOLS="kernel rules earlyoom oomd"
# The units that are worth most, in each of the scenarios that has them.
KEEP_UNITS="db editor"

cleanup() {
	systemctl stop earlyoom systemd-oomd beat '*-trouble' batch.slice app.slice
	! compgen -G '/run/systemd/system.control/*.d' || systemctl revert earlyoom systemd-oomd app.slice
	rm -f /dev/shm/fill
}

tool_kernel() { oom-policy unload --all; }

tool_rules() {
	rules <<-'EOF'
		never cgroup=/system.slice/db.service
		never cgroup=/*.slice/editor.service
		never cgroup=/system.slice/beat.service
		first cgroup=/batch.slice
		rank cgroup-tree
	EOF
}

# The same wishes, as far as names can say them.
tool_earlyoom() {
	tool_kernel
	echo "EARLYOOM_ARGS=\"-r 0 --avoid '^(db|editor|beat)\$' --prefer '^(leak|worker|tab|cc|small)\$'\"" >/etc/default/earlyoom
	systemctl start earlyoom
}

# As distributions that have it on: half a minute's pressure less a third, and swap.
tool_oomd() {
	tool_kernel
	mkdir -p /run/systemd/oomd.conf.d
	printf '%s\n' '[OOM]' DefaultMemoryPressureDurationSec=20s >/run/systemd/oomd.conf.d/test.conf
	systemctl start systemd-oomd
	printf '%s\n' '[Slice]' ManagedOOMMemoryPressure=kill ManagedOOMMemoryPressureLimit=50% |
		tee $UNITS/batch.slice | unit app.slice
}

# trouble NAME SLICE COMMAND - a unit that makes it.
trouble() {
	printf '%s\n' '[Service]' "Slice=$2" 'TasksMax=500' "ExecStart=/bin/bash -c '$3'" | unit "$1-trouble.service"
	systemctl start "$1-trouble"
}

many_of() { echo "for i in {1..$1}; do $HERE/hog $2 $3 & ${4:-} done; wait"; }

scene_leak() {
	service db 200
	trouble leak batch.slice "exec -a leak $HERE/hog slowly 2000 4"
}
scene_workers() {
	service db 200
	trouble workers batch.slice "$(many_of 40 30 worker 'sleep 0.2;')"
}
scene_tabs() {
	service db 100
	service editor 150
	trouble tabs app.slice "$(many_of 25 40 tab 'echo 300 >/proc/$$!/oom_score_adj; sleep 0.5;')"
}
scene_database() {
	service db 450
	trouble database batch.slice "exec -a leak $HERE/hog slowly 600 4"
}
scene_build() {
	service editor 250
	trouble build batch.slice "$(many_of 12 100 cc)"
}
scene_tmpfs() {
	service db 180
	mount -o remount,size=80% /dev/shm
	trouble tmpfs batch.slice "exec dd if=/dev/zero of=/dev/shm/fill bs=1M count=1200"
}
scene_limit() {
	service db 200
	systemctl set-property --runtime app.slice MemoryMax=150M
	service editor 80 Slice=app.slice
	trouble limit app.slice "exec -a leak $HERE/hog slowly 600 4"
}
# The daemons get little of the processor, and what grows grows quickly.
scene_stalled() {
	service db 200
	systemctl set-property --runtime earlyoom.service CPUQuota=1%
	systemctl set-property --runtime systemd-oomd.service CPUQuota=1%
	trouble stalled batch.slice "$(many_of 3 600 leak)"
}
scene_small() {
	service db 200
	trouble small batch.slice "$(many_of 150 6 small)"
}
scene_zram() {
	swap_on 200M
	service db 200
	trouble zram batch.slice "exec -a leak $HERE/hog slowly 2000 4"
}

# over UNIT - it has ended, or has used no processor time for five seconds. systemd may be
# too slow to be asked.
over() {
	local used
	used=$(grep -s usage_usec /sys/fs/cgroup/*.slice/"$1".service/cpu.stat) || return 0
	sleep 5
	[ "$used" = "$(grep -s usage_usec /sys/fs/cgroup/*.slice/"$1".service/cpu.stat)" ]
}

# join WORD... - with commas.
join() {
	printf '%s' "$1"
	shift
	[ $# -eq 0 ] || printf ', %s' "$@"
}

# counted - "NAME, NAME x2" of lines with names.
counted() {
	sort | uniq -c | awk '{ n = $1; sub(/^ *[0-9]+ /, ""); printf "%s%s%s", s, $0, (n > 1 ? " x" n : ""); s = ", " }'
}

# play SCENE TOOL - the scene, and a line of what became of it.
play() {
	local scene=$1 tool=$2 start died lost=() unit limit
	# A machine that thrashes is a result here.
	echo 0 >/proc/sys/kernel/hung_task_timeout_secs
	echo 0 >/proc/sys/kernel/watchdog
	"tool_$tool"
	beat
	dmesg -C
	start=@$(date +%s)
	"scene_$scene"
	limit=$((SECONDS + 120))
	until over "$scene-trouble" || [ $SECONDS -gt $limit ]; do :; done
	died=$({
		victims
		journalctl -q -o cat -u earlyoom -u systemd-oomd --since "$start" |
			sed -n 's/.*sending \(SIG[A-Z]*\) to process [^"]*"\([^"]*\)".*/\2 (\1)/p
				s/^Killed \(\S*\) due.*/\1 (oomd)/p'
	} | counted)
	for unit in $KEEP_UNITS; do
		[ ! -e $UNITS/$unit.service ] || systemctl -q is-active $unit || lost+=("$unit")
	done
	# The unit is stopped for one of its processes, by OOMPolicy=.
	case $scene in
	workers | tabs | build | small) systemctl -q is-active "$scene-trouble" || lost+=("all of $scene") ;;
	esac
	if [ -z "$died" ]; then
		[ $SECONDS -gt $limit ] || { echo "nobody died"; journalctl -b -n 30; return 1; }
		died="nobody in two minutes"
	fi
	echo "# compare: | $scene | $tool | $died | $(join "${lost[@]:-nothing}") | $(silence) | $(uname -r)"
}

for tool in $TOOLS; do
	for scene in leak workers tabs database build tmpfs limit stalled small zram; do
		eval "test_${tool}_$scene() { play $scene $tool; }"
	done
done

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
