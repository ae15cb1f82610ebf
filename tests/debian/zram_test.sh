#!/bin/bash
# Swap in memory: a process counts with what it has there.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

# swap_out UNIT KIB - at least that much of its process is in swap; asked again, as zram
# takes no page while the machine has none free.
swap_out() {
	local kib
	kib=$(awk '/^VmSwap/ { print $2 }' "/proc/$(systemctl show -P MainPID "$1")/status")
	[ "$kib" -lt "$2" ] || return 0
	echo "$(($2 - kib))K" >"/sys/fs/cgroup/system.slice/$1.service/memory.reclaim"
	return 1
}

# The size in a condition and in the rank includes swap.
test_size() {
	swap_on 256M
	rules <<-'EOF'
		first name=idle size>=70M
		rank size
	EOF
	service db 100
	service idle 80
	wait_for swap_out idle 40000
	has idle sh -c 'oom-policy rank | sed -n 2p'
	oom
	expect_victim idle
}

# A cgroup that may not swap dies with swap to spare.
test_limit() {
	swap_on 256M
	rules <<<"first name=sidecar size>=20M"
	printf '%s\n' '[Slice]' 'MemoryMax=200M' 'MemorySwapMax=0' | unit app.slice
	service app 100 Slice=app.slice
	service sidecar 60 Slice=app.slice
	oom Slice=app.slice
	expect_victim sidecar
}

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
