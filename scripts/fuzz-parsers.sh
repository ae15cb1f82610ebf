#!/usr/bin/env bash
# Fuzzes what oom-policy reads: lists, patterns, arguments, maps, objects.
#
#   fuzz-parsers.sh [SECONDS [TARGET...]]    each target for so long (60), one by one
#
# OOM_FUZZ_SEED makes a run like another one. Inputs that reach new code are kept in
# build/fuzz/TARGET, and later runs begin with them. It needs no kernel and no root.
#
# Exit status: 0, 1 a target failed (its output and its reproducer are named), 2 usage,
# 3 dependency missing, 5 build failed.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

TARGETS=(pattern list setup store object)
FUZZ=$ROOT/tests/fuzz

# fuzz TARGET SECONDS SEED
fuzz() {
	local target=$1 out=$BUILD/fuzz log=$BUILD/fuzz/$1.log options=()
	make_dirs "$out/$target"
	if [ -e "$FUZZ/$target.dict" ]; then
		options+=("-dict=$FUZZ/$target.dict")
	fi
	# The time of a call is that of the clock: it is generous, for a machine that is busy.
	"$out/${target}_fuzz" "$out/$target" "$FUZZ/seeds/$target" -seed="$3" -max_total_time="$2" \
		-max_len=2048 -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$out/$target-" "${options[@]}" >"$log" 2>&1 || {
		tail -n 30 "$log"
		sed -n "s/.*Test unit written to /reproducer: /p" "$log"
		return 1
	}
	awk -v name="$target" '/^stat::number_of_executed_units/ { runs = $2 } END { print name ": " runs " runs" }' "$log"
}

seconds=${1:-60}
[ $# -eq 0 ] || shift
if [[ ! $seconds =~ ^[1-9][0-9]*$ ]]; then
	die $EX_USAGE "usage: ${0##*/} [SECONDS [TARGET...]]"
fi
[ $# -eq 0 ] || TARGETS=("$@")
need clang=clang pkg-config=pkg-config /usr/include/bpf/libbpf.h=libbpf-dev
need "$(clang -print-runtime-dir)/libclang_rt.fuzzer-$(uname -m).a=libclang-rt-dev"
make_dirs "$BUILD/fuzz"
make -s -C "$FUZZ" OUTPUT="$BUILD/fuzz" || die $EX_BUILD "the targets do not build"
seed=${OOM_FUZZ_SEED:-$((RANDOM << 15 | RANDOM | 1))}
echo "seed: OOM_FUZZ_SEED=$seed"
failed=0
for target in "${TARGETS[@]}"; do
	[ -e "$FUZZ/${target}_fuzz.c" ] || die $EX_USAGE "$target: no target; there are those of tests/fuzz"
	fuzz "$target" "$seconds" "$seed" || failed=1
done
[ "$failed" -eq 0 ] || die $EX_FAIL "a target failed; run it with its reproducer: build/fuzz/TARGET_fuzz FILE"
