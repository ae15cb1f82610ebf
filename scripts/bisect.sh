#!/usr/bin/env bash
# Builds and boots the kernel after each patch of the series, and runs it out of memory:
# no bisection ends at a patch of ours for another reason.
#
#   bisect.sh [BASE...]     6.12 and newest, unless given
#
# tests/bisect/job is run in each guest, and the test of selftests/bpf from the patch on
# that adds it. In the end, or with the next build of any kind, the tree has the whole
# series again.
#
# Exit status: 0, 1 a kernel did not do what it should, others as of run-vm.sh.
set -euo pipefail
# shellcheck source=scripts/vm.sh
. "$(dirname "$0")/vm.sh"

# extend_initramfs - by what is run here.
extend_initramfs() {
	make_dirs "$PROGS/bisect"
	make -C "$ROOT/tests/bisect" OUTPUT="$PROGS/bisect" VMLINUX_BTF="$OBJ/vmlinux"
	{
		echo "file /oom/next.bpf.o $PROGS/bisect/next.bpf.o 644 0 0"
		echo "file /oom/bisect $ROOT/tests/bisect/job 755 0 0"
	} >"$PROGS/bisect/list"
	"$OBJ/usr/gen_init_cpio" "$PROGS/bisect/list" | gzip -1 >>"$DIR/initramfs"
}

# built PATCH - its kernel.
built() {
	kernel_put "$LINUX" "$SOURCES/series" "$1"
	kernel_image
}

# base_bisect BASE
base_bisect() {
	local patch patches n=0 what console
	STAGE=0
	guest_build "$1"
	mapfile -t patches < <(git -C "$SOURCES/series" rev-list --reverse base..series)
	STAGES=$((STAGE + ${#patches[@]} + 2))
	stage "$EX_BUILD" "adding what is run" extend_initramfs
	for patch in "${patches[@]}"; do
		n=$((n + 1)) what='' console=$BUILD/log/console-bisect-$BASE_NAME-$n.log
		stage "$EX_BUILD" "building ${BASE_VERSION%%-*} with $n of ${#patches[@]} patches" built "$patch"
		! git -C "$SOURCES/series" grep -q bpf_oom_evaluate_task "$patch" -- mm || what=hook
		! git -C "$SOURCES/series" cat-file -e "$patch:tools/testing/selftests/bpf/prog_tests/oom_policy.c" 2>/dev/null ||
			what='hook selftest'
		echo "exec ./bisect $what" >"$BUILD/job"
		vm_boot run "$BUILD/job" "$console" || die $? "patch $n is wrong; the kernel's log: $console"
		! vm_splats "$console" || die "$EX_SPLAT" "patch $n prints a splat: $console"
		echo "ok $n $(git -C "$SOURCES/series" log -1 --format=%s "$patch")"
	done
	stage "$EX_BUILD" "putting back the series" kernel_sources "$1"
	echo "each of $n patches boots, and kills"
}

[ $# -gt 0 ] || set -- 6.12 newest
accel_pick auto
for base; do
	base_bisect "$base"
done
