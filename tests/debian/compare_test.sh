#!/bin/bash
# The same ten troubles with the kernel alone, with rules, with earlyoom and with
# systemd-oomd: each test prints a line of who died, what was lost, and the longest time
# that the machine needed to start a program. None of them is a reason to fail.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

TOOLS="kernel rules earlyoom oomd"
# What is worth most, in each of the scenarios that has it.
KEEP_UNITS="db editor"

cleanup() {
	systemctl stop earlyoom systemd-oomd beat '*-trouble' batch.slice app.slice
	rm -f /dev/shm/fill
	swapoff -a
}

tool_kernel() { :; }

tool_rules() {
	rules <<-'EOF'
		never cgroup=/system.slice/db.service
		never cgroup=/system.slice/editor.service
		never cgroup=/system.slice/beat.service
		first cgroup=/batch.slice
		rank cgroup-tree
	EOF
}

# The same wishes, as far as names can say them.
tool_earlyoom() {
	echo "EARLYOOM_ARGS=\"-r 0 --avoid '^(db|editor|beat)\$' --prefer '^(leak|worker|tab|cc|small)\$'\"" >/etc/default/earlyoom
	systemctl start earlyoom
}

# As distributions that have it on: half a minute's pressure less a third, and swap.
tool_oomd() {
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

many_of() { echo "for i in {1..$1}; do $HERE/hog $2 $3 & $4 done; wait"; }

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
	trouble build batch.slice "$(many_of 8 100 cc)"
}
scene_tmpfs() {
	service db 100
	mount -o remount,size=100% /dev/shm
	trouble tmpfs batch.slice "exec dd if=/dev/zero of=/dev/shm/fill bs=1M count=1200"
}
scene_limit() {
	service db 200
	printf '%s\n' '[Slice]' MemoryMax=150M | unit app.slice
	service editor 80 Slice=app.slice
	trouble limit app.slice "exec -a leak $HERE/hog slowly 600 4"
}
# The daemons get little of the processor, and what grows grows quickly.
scene_stalled() {
	service db 200
	systemctl set-property --runtime earlyoom.service CPUQuota=1% 2>/dev/null
	systemctl set-property --runtime systemd-oomd.service CPUQuota=1% 2>/dev/null
	trouble stalled batch.slice "$(many_of 3 600 leak)"
}
scene_small() {
	service db 200
	trouble small batch.slice "$(many_of 200 6 small 'sleep 0.02;')"
}
scene_zram() {
	echo 1 >/sys/block/zram0/reset
	echo 200M >/sys/block/zram0/disksize
	mkswap -q /dev/zram0
	swapon /dev/zram0
	service db 200
	trouble zram batch.slice "exec -a leak $HERE/hog slowly 2000 4"
}

# over - the trouble has ended, or nothing grows any more.
over() {
	! systemctl -q is-active "$1-trouble"
}

# play SCENE TOOL - the scene, and a line of what became of it.
play() {
	local scene=$1 tool=$2 start i died lost='' unit ended='still there'
	"tool_$tool"
	rm -f /run/beat
	systemd-run -q --unit=beat $HERE/hog beat /run/beat
	sleep 2
	dmesg -C
	"scene_$scene"
	start=$SECONDS
	for ((i = 0; i < 180; i++)); do
		sleep 0.5
		! over $scene || { ended="over after $((SECONDS - start)) s"; break; }
	done
	died=$(victims | sort | uniq -c | awk '{ printf "%s%s x%d", n++ ? ", " : "", $2, $1 }')
	died+=$(journalctl -q -o cat -u earlyoom -u systemd-oomd --since "-$((SECONDS - start + 5))s" |
		sed -n 's/.*sending SIG\([A-Z]*\) to process.*"\(.*\)".*/ \2 (by SIG\1)/p; s/^Killed \(\S*\) due.*/ \1 (oomd)/p' | sort | uniq -c |
		awk '{ n = $1; $1 = ""; printf ",%s x%d", $0, n }')
	for unit in $KEEP_UNITS; do
		[ ! -e $UNITS/$unit.service ] || systemctl -q is-active $unit || lost+="$unit "
	done
	printf '# %-9s %-9s died: %s; lost: %s; silent: %s ms; trouble %s\n' "$scene" "$tool" \
		"${died:-nobody}" "${lost:-nothing}" "$(cat /run/beat)" "$ended"
}

for scene in leak workers tabs database build tmpfs limit stalled small zram; do
	for tool in $TOOLS; do
		eval "test_${scene}_$tool() { play $scene $tool; }"
	done
done

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
