#!/bin/bash
# Containers of podman, without a network: with and without a limit, and started anew.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

# image - of the static busybox and hog.
image() {
	podman image exists box && return
	mkdir -p /run/image/bin
	cp /bin/busybox $HERE/hog /run/image/bin/
	ln -sf busybox /run/image/bin/sh
	tar -C /run/image -c . | podman import -q - box
}

# run NAME [OPTION...] COMMAND... - a container; it would have the oom_score_adj of this shell.
run() { podman run -q -d --network none --oom-score-adj 0 --name "$@"; }

# container NAME SIZE [OPTION...] - one whose process NAME holds SIZE MiB.
container() {
	local name=$1 size=$2
	shift 2
	run "$name" "$@" box /bin/hog "$size" "$name"
	settled "$name" "$size"
}

cleanup() { podman rm -fa -t 0; }

test_scope() {
	image
	rules <<<"first cgroup=/machine.slice/libpod-*.scope size>=20M"
	service db 120
	container web 60
	oom
	expect_victim web
	wait_for sh -c '[ "$(podman inspect -f {{.State.Running}} web)" = false ]'
	alive db
}

# A container at its own limit: the OOM is in it, and so is the choice.
test_limit() {
	image
	rules <<<"first cgroup=/machine.slice/** name=worker"
	service db 60
	run web --memory 100m --memory-swap 100m box /bin/sh -c \
		'/bin/hog 30 worker & /bin/hog 40 server & busybox sleep 8; /bin/hog until-kill; exec busybox sleep 1000'
	dmesg -C
	wait_for sh -c 'dmesg | grep -q "Killed process"'
	expect_victim worker
	expect true "$(podman inspect -f '{{.State.Running}}' web)"
}

# Restarted it has another cgroup; its slice is the name that stays.
test_restarted() {
	image
	rules <<-'EOF'
		never cgroup=/machine.slice/machine-db.slice
		first cgroup=/machine.slice
	EOF
	container db 100 --cgroup-parent machine-db.slice
	container web 60
	podman restart -t 0 db
	settled db 100
	oom
	expect_victim web
	expect true "$(podman inspect -f '{{.State.Running}}' db)"
}

# --restart=always: it comes back, and dies again the next time.
test_restart_always() {
	image
	rules <<<"first cgroup=/machine.slice size>=20M"
	service db 120
	container web 60 --restart always
	oom
	expect_victim web
	settled web 60
	oom
	expect_victim web
	alive db
}

# A quadlet is a service, and its rule that of a service.
test_quadlet() {
	image
	mkdir -p /run/containers/systemd
	printf '%s\n' '[Container]' 'Image=localhost/box:latest' 'Network=none' 'Pull=never' \
		'Exec=/bin/hog 100 shop' >/run/containers/systemd/shop.container
	systemctl daemon-reload
	rules <<<"never cgroup=/system.slice/shop.service"
	systemctl start shop
	settled shop 100
	service batch 60
	oom
	expect_victim batch
	alive shop
	systemctl stop shop
	rm /run/containers/systemd/shop.container
}

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
