#!/usr/bin/env bash
# Builds a kernel with the series, boots it, and shows or tests what it does.
set -euo pipefail
# shellcheck source=scripts/vm.sh
. "$(dirname "$0")/vm.sh"
# shellcheck source=scripts/tests.sh
. "$(dirname "$0")/tests.sh"
# shellcheck source=scripts/bench.sh
. "$(dirname "$0")/bench.sh"
# shellcheck source=scripts/debian.sh
. "$(dirname "$0")/debian.sh"

base=6.12 arch=x86 accel=auto command=demo smp='' gdb=''
options=$(getopt -n run-vm.sh -o +b:vh -l base:,arch:,debug,llvm,accel:,smp:,gdb,verbose,help -- "$@") || {
	say "Try: run-vm.sh --help"
	exit $EX_USAGE
}
eval set -- "$options"
while :; do
	case $1 in
	-b | --base) base=$2; shift ;;
	--arch) arch=$2; shift ;;
	--accel) accel=$2; shift ;;
	--smp) smp=$2; shift ;;
	--debug) FLAVOUR=debug VM_MEMORY=1200 VM_SILENCE=900 VM_ARGS=OOM_TEST_PATIENCE=60000 ;;
	--llvm) FLAVOUR=llvm ;;
	--gdb) gdb=gdb ;;
	-v | --verbose) VERBOSE=1 ;;
	-h | --help) cat "$ROOT/scripts/run-vm.txt"; exit 0 ;;
	--) shift; break ;;
	esac
	shift
done
if [ -n "$smp" ]; then
	[[ $smp =~ ^[1-9][0-9]{0,2}(,maxcpus=[1-9][0-9]{0,2})?$ ]] || die $EX_USAGE "--smp $smp: N or N,maxcpus=M"
	VM_QEMU=(-smp "$smp")
fi
case $accel in auto | kvm | tcg) ;; *) die $EX_USAGE "--accel $accel: auto, kvm or tcg" ;; esac
case $arch in
x86) ;;
arm64)
	# arch/arm64/Kconfig offers no direct calls of ftrace with kCFI, and QEMU's board takes
	# eight processors.
	[ -z "$FLAVOUR$smp" ] || die $EX_USAGE "--arch arm64: not with --debug, --llvm and --smp"
	[ "$accel" != kvm ] || die $EX_USAGE "--arch arm64: not with KVM"
	accel=tcg gdb=${gdb:+gdb-multiarch}
	guest_arm64
	;;
*) die $EX_USAGE "--arch $arch: x86 or arm64" ;;
esac
if [ $# -gt 0 ]; then
	command=$1
	shift
fi
case $command:$# in
demo:0 | shell:0 | test:* | bench:0) ;;
debian:*)
	case ${1:-demo}:$# in
	demo:[01] | shell:1 | test:*) ;;
	demo:* | shell:*) die $EX_USAGE "debian $1: too many arguments; try --help" ;;
	*) die $EX_USAGE "debian: $1: demo, test or shell" ;;
	esac
	;;
bench:1)
	[ "$1" = --short ] || die $EX_USAGE "bench: $1: no such option; try --help"
	;;
exec:*)
	[ "${1:-}" != -- ] || shift
	[ $# -gt 0 ] || die $EX_USAGE "exec: which command?"
	;;
fuzz:*)
	options=$(getopt -n "run-vm.sh fuzz" -o m:s: -l minutes:,seed: -- "$@") || exit $EX_USAGE
	eval set -- "$options"
	minutes=15 seed=$(date +%s%N)
	while [ "$1" != -- ]; do
		case $1 in
		-m | --minutes) minutes=$2 ;;
		-s | --seed) seed=$2 ;;
		esac
		shift 2
	done
	[ $# -eq 1 ] || die $EX_USAGE "fuzz: too many arguments; try --help"
	[[ $minutes =~ ^[1-9][0-9]{0,3}$ ]] || die $EX_USAGE "fuzz: --minutes $minutes: 1 to 9999"
	[[ $seed =~ ^[0-9]{1,19}$ ]] || die $EX_USAGE "fuzz: --seed $seed: a number of up to 19 digits"
	set -- env OOM_TEST_SEED="$seed" OOM_FUZZ_SECONDS=$((minutes * 60)) ./fuzz_test
	;;
demo:* | shell:* | bench:*) die $EX_USAGE "$command: too many arguments; try --help" ;;
*) die $EX_USAGE "$command: no such command; try --help" ;;
esac

case ${smp:+$command} in bench | debian) die $EX_USAGE "$command: not with --smp" ;; esac
case $arch:$command in
arm64:bench | arm64:debian) die $EX_USAGE "$command: not with --arch arm64" ;;
esac
if [ "$command" = bench ]; then
	[ -z "$FLAVOUR" ] || die $EX_USAGE "bench: counts on a kernel as it is used, without --$FLAVOUR"
	bench "$base" "${1:---long}"
	exit
fi
accel_pick "$accel"
if [ "$command" = debian ]; then
	debian_build "$base"
	command=debian-${1:-demo}
	shift $(($# > 0))
else
	guest_build "$base"
fi
# shellcheck disable=SC2031  # it is bench.sh that sets another, and not here
say "Booting ${BASE_VERSION%%-*} under QEMU ($ACCEL)"
if [ -n "$gdb" ]; then
	# shellcheck disable=SC2031  # as above
	VM_QEMU+=(-s -S) VM_ARGS=nokaslr VM_SILENCE=86400
	# shellcheck disable=SC2031  # as above
	say "It waits: $gdb $OBJ/vmlinux -ex 'target remote :1234'"
fi

job=$BUILD/job console=$BUILD/log/console.log
rc=0
case $command in
test)
	[ $# -gt 0 ] || set -- '*'
	tests_run "$@" || rc=$?
	;;
debian-test)
	[ $# -gt 0 ] || set -- '*'
	debian_tests "$@" || rc=$?
	;;
shell | debian-shell)
	echo exit >"$job"
	vm_boot shell "$job" "$console" || rc=$?
	;;
*)
	echo "exec ./demo" >"$job"
	[ "$command" != exec ] && [ "$command" != fuzz ] || printf '%q ' exec "$@" >"$job"
	vm_boot run "$job" "$console" || rc=$?
	if vm_splats "$console" >&2; then
		say "The kernel's log: $console"
		rc=$EX_SPLAT
	fi
	;;
esac
exit $rc
