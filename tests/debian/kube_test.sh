#!/bin/bash
# A Kubernetes node: slices by class of service, pods, containers as scopes, and the
# oom_score_adj that kubelet gives; with the list of the example.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317,SC2329  # the library calls the tests; other shells expand

LIST=/run/oom/tests/kubernetes.rules

# pod SLICE NAME ADJ SIZE - a pod of two containers: pause, and NAME with SIZE MiB.
pod() {
	local slice=$1 name=$2 adj=$3 size=$4
	scope "$slice" pause -998 "$HERE/hog 0 pause"
	scope "$slice" "$name" "$adj" "$HERE/hog $size $name"
	settled "$name" "$size"
}

scope() {
	systemd-run -q --scope --collect --slice="$1" --unit="cri-containerd-$2-$RANDOM$RANDOM" \
		sh -c "echo $3 >/proc/self/oom_score_adj; exec $4" &
}

# node - what a node runs: kubelet, its runtime, and a pod of each class.
node() {
	oom-policy load -f $LIST
	service kubelet 80 OOMScoreAdjust=-999
	service containerd 40 OOMScoreAdjust=-999
	service node-exporter 20
	pod kubepods-podaaaa.slice guaranteed -997 120
	pod kubepods-burstable-podbbbb.slice burst-much 2 90
	pod kubepods-burstable-podcccc.slice burst-little 950 60
	pod kubepods-besteffort-poddddd.slice besteffort 1000 60
}

cleanup() { systemctl stop kubepods.slice; }

test_list_is_valid() {
	oom-policy check $LIST
}

# One class after the other, with an OOM each.
test_order() {
	local name
	node
	for name in besteffort burst-little burst-much; do
		oom
		expect_victim $name
	done
	alive kubelet containerd
}

# The middle goes first, then guaranteed pods: the node itself is left.
test_guaranteed_at_last() {
	node
	pkill -9 -x 'besteffort|burst-.*'
	sleep 2
	oom
	[[ $(victims) != kubelet && $(victims) != containerd && $(victims) != pause ]] || { victims; dmesg; false; }
	alive kubelet containerd
}

# A container at its limit does not touch its neighbours, whatever their class.
test_limit() {
	node
	systemctl set-property --runtime kubepods-burstable-podbbbb.slice MemoryMax=130M
	dmesg -C
	scope kubepods-burstable-podbbbb.slice trigger -1000 "$HERE/hog until-kill"
	wait_for sh -c 'dmesg | grep -q "Killed process"'
	expect_victim burst-much kernel
	pgrep -x besteffort
	pgrep -x burst-little
}

# A new pod has a slice and a scope of its own, and the list is for it as well.
test_new_pod() {
	node
	pkill -9 -x besteffort
	pod kubepods-besteffort-podeeee.slice later 1000 60
	oom
	expect_victim later
}

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
