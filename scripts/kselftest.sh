# shellcheck shell=bash
# Runs tests of the kernel's own that meet the OOM killer or fmod_ret on the unpatched
# kernel, on the patched one, and there with a policy that observes: they have to say the
# same. To be sourced.

# shellcheck source=scripts/bench-build.sh
. "$(dirname "${BASH_SOURCE[0]}")/bench-build.sh"

# Below tools/testing/selftests; test_progs has those of tests/bpf.
KSELFTESTS=(cgroup/test_core cgroup/test_freezer cgroup/test_kill cgroup/test_kmem cgroup/test_memcontrol
	cgroup/test_pids mm/mrelease_test)
# Stressors of Debian's stress-ng that run out of memory, and for how many seconds each.
STRESSORS=(bigheap brk stack vm mmapfork malloc)
STRESS_SECONDS=${OOM_STRESS_SECONDS:-100}

kselftest_programs() {
	local test out=$BENCH/tests dir
	PROGS=$BENCH/progs
	make_dirs "$PROGS/bpftool" "$PROGS/bpf" "$out"
	bpftool_build
	command_build
	make -C "$ROOT/tests/bpf" OUTPUT="$PROGS/bpf" KERNEL="$LINUX" VMLINUX_BTF="$OBJ/vmlinux" TESTS="$(bpf_tests)"
	for test in "${KSELFTESTS[@]}"; do
		dir=$out/${test%/*}
		make_dirs "$dir"
		CFLAGS=-static make -C "$LINUX/tools/testing/selftests/${test%/*}" OUTPUT="$dir" "$dir/${test#*/}"
	done
	{
		initramfs_common
		for test in "${KSELFTESTS[@]}"; do
			echo "file /oom/${test#*/} $out/$test 755 0 0"
		done
		for test in "$PROGS"/bpf/*.bpf.o "$PROGS/bpf/test_progs"; do
			echo "file /oom/${test##*/} $test 755 0 0"
		done
		kselftest_stress
	} | awk '!seen[$2]++' >"$PROGS/initramfs.list"
	"$OBJ/usr/gen_init_cpio" "$PROGS/initramfs.list" | gzip -1 >"$BENCH/initramfs"
}

# kselftest_stress - the lines of the initramfs for stress-ng, which is installed here.
kselftest_stress() {
	local file libs
	mapfile -t libs < <(ldd "$(command -v stress-ng)" | awk '/\// { print $(NF - 1) }')
	dirname "${libs[@]}" | awk '{ print "dir", $1, "755 0 0" }'
	for file in "${libs[@]}"; do
		echo "file $file $file 755 0 0"
	done
	echo "file /bin/stress-ng $(command -v stress-ng) 755 0 0"
}

# bpf_tests - those of tests/bpf and the base's own that attach to what fmod_ret uses.
bpf_tests() { echo modify_return trampoline_count; }

# kselftest_job [POLICY] - what a guest does.
kselftest_job() {
	local test
	[ -z "${1:-}" ] || echo "oom-policy load $1 >/dev/null || exit"
	for test in "${KSELFTESTS[@]}"; do
		echo "echo '@ ${test#*/}'; ./${test#*/} 2>&1"
	done
	echo "echo '@ test_progs'; ./test_progs 2>&1"
	for test in "${STRESSORS[@]}"; do
		echo "echo '@ stress-ng $test'"
		echo "stress-ng --oomable --$test 2 -t $STRESS_SECONDS 2>&1"
	done
	[ -z "${1:-}" ] || echo "echo '@ policy'; oom-policy status --json | grep -c '\"name\":\"$1\"'"
}

# kselftest_results - of the output of a guest on stdin: a line for each test.
kselftest_results() {
	awk '/^@ / { program = substr($0, 3); next }
		/^(not )?ok [0-9]+ / { ok = $1; sub(/^(not )?ok [0-9]+ (selftests: )?/, ""); print program ": " ok " " $0; next }
		/^#[0-9]+ .*:(OK|FAIL|SKIP)/ { sub(/^#[0-9.]+ */, ""); print program ": " $0; next }
		/(successful|unsuccessful) run completed/ { print program ": " ($0 ~ /unsuccessful/ ? "not ok" : "ok") }'
}

# kselftest BASE - build, run, and compare.
kselftest() {
	local variant
	STAGES=5
	lock_build
	need "${KERNEL_NEEDS[@]}" "${GUEST_NEEDS[@]}" objdump=binutils stress-ng=stress-ng
	stage "$EX_BASE" "fetching base $1" base_open "$1"
	bench_paths "$1" kselftest
	stage "$EX_BUILD" "laying out and configuring ${BASE_VERSION%%-*}" bench_config "$1" kselftest
	for variant in unpatched patched; do
		stage "$EX_BUILD" "building the $variant kernel" bench_kernel "$variant"
	done
	stage "$EX_BUILD" "building the tests" kselftest_programs
	kselftest_guests
}

# kselftest_guests - a guest for each kernel, and what they disagree on.
kselftest_guests() {
	local variant kernel policy bad=0 out=$BENCH/tests rc
	for variant in unpatched patched observed; do
		kernel=$variant policy=''
		[ "$variant" != observed ] || kernel=patched policy=observe
		kselftest_job "$policy" >"$BUILD/job"
		rc=0
		# shellcheck disable=SC2030,SC2034  # settings of this guest alone
		(
			OBJ=$BENCH/$kernel DIR=$BENCH ACCEL=tcg VM_MEMORY=1024 VM_SILENCE=600
			vm_boot run "$BUILD/job" "$BUILD/log/console-kselftest-$variant.log"
		) >"$out/$variant.log" || rc=$?
		[ $rc -lt $EX_BOOT ] || die "$rc" "the $variant kernel was lost; see $BUILD/log/console-kselftest-$variant.log"
		kselftest_results <"$out/$variant.log" >"$out/$variant"
		[ -s "$out/$variant" ] || die $EX_FAIL "nothing was said on the $variant kernel; see $out/$variant.log"
		say "$variant: $(grep -c ': ok\|:OK' "$out/$variant") of $(wc -l <"$out/$variant") pass"
	done
	for variant in patched observed; do
		diff -U0 "$out/unpatched" "$out/$variant" || bad=$EX_FAIL
	done
	return "$bad"
}
