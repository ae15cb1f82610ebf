#!/bin/bash
# Users' sessions: systemd --user has a subtree of its own, with root's rules over it.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

# session - a user manager, as after a login.
session() {
	loginctl enable-linger user
	wait_for systemctl -q is-active user@1000.service
}

# as_1000 COMMAND... - of the user.
as_1000() {
	runuser -u user -- env XDG_RUNTIME_DIR=/run/user/1000 "$@"
}

# as_user UNIT SIZE [PROPERTY...] - a service of the user's own manager.
as_user() {
	local unit=$1 size=$2 property args=()
	shift 2
	for property; do args+=(-p "$property"); done
	as_1000 systemd-run -q --user --unit="$unit" "${args[@]}" $HERE/hog "$size" "$unit"
	settled "$unit" "$size"
}

cleanup() {
	loginctl disable-linger user
	systemctl stop user@1000.service user-1000.slice
}

test_user_slice() {
	session
	rules <<<"first cgroup=/user.slice/** size>=20M"
	service db 120
	as_user game 60
	oom
	expect_victim game
	alive db
}

test_user_unit() {
	session
	rules <<-'EOF'
		never cgroup=/user.slice/user-*.slice/user@*.service/app.slice/editor.service
		first cgroup=/user.slice
	EOF
	as_user editor 100
	as_user game 60
	oom
	expect_victim game
	as_1000 systemctl -q --user is-active editor
}

# A user may delegate further, and may move processes: root's rule holds below, too.
test_delegated() {
	session
	rules <<<"first cgroup=/user.slice/** name=deep"
	service db 120
	# In a file, as systemd-run expands variables itself.
	cat >/run/deep <<-EOF
		d=/sys/fs/cgroup\$(cut -d: -f3 /proc/self/cgroup)/a
		mkdir -p \$d/b && echo \$\$ >\$d/b/cgroup.procs && exec $HERE/hog 60 deep
	EOF
	as_1000 systemd-run -q --user --unit=tree -p Delegate=yes sh /run/deep
	settled deep 60
	has tree.service/a/b cat "/proc/$(pgrep -x deep)/cgroup"
	oom
	expect_victim deep
}

# A user's own mark on a unit does not protect it from the machine's OOM.
test_user_mark() {
	session
	rules <<-'EOF'
		never mark=omit
		first cgroup=/user.slice size>=20M
	EOF
	service db 120
	as_user game 60 ManagedOOMPreference=omit
	oom
	expect_victim game
}

# It does in an OOM of a cgroup that is the user's own.
test_user_mark_own() {
	session
	rules <<<"never mark=omit"
	systemctl set-property --runtime user@1000.service MemoryMax=200M
	as_user keep 80 ManagedOOMPreference=omit
	as_user game 40
	dmesg -C
	as_1000 systemd-run -q --user --unit=trigger $HERE/hog until-kill
	wait_for sh -c 'dmesg | grep -q "Killed process"'
	[[ $(victims) != *keep* ]] || { victims; dmesg; false; }
	as_1000 systemctl -q --user is-active keep
}

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
