# shellcheck shell=bash
# Runs the bench, in guests that count instructions. To be sourced.

# shellcheck source=scripts/bench-build.sh
. "$(dirname "${BASH_SOURCE[0]}")/bench-build.sh"

# bench_run VARIANT CGROUPS CPUS TASKS... - the lines of stdin in one guest.
bench_run() {
	local variant=$1 cgroups=$2 cpus=$3 console=$BUILD/log/console-bench-$1-$2-$3.log
	shift 3
	{
		echo "./bench/bench --cgroups $cgroups --cpus $cpus $* <<'END'"
		cat
		echo END
	} >"$BUILD/job"
	# In a subshell, so that the next guest of a run has its own settings.
	# shellcheck disable=SC2030
	(
		OBJ=$BENCH/$variant DIR=$BENCH ACCEL=tcg VM_MEMORY=3000 VM_SILENCE=1800
		VM_QEMU=(-smp "$cpus" -icount 'shift=0,sleep=off' -rtc 'base=2000-01-01,clock=vm')
		VM_ARGS='numa=off norandmaps'
		vm_boot run "$BUILD/job" "$console"
	) | awk -F '\t' -v OFS='\t' -v variant="$variant" -v cpus="$cpus" '
		/^(oom|worst|earlyoom)\t/ { $1 = $1 OFS variant OFS cpus; print; fflush(); next }
		{ print > "/dev/stderr" }'
}

# bench_lines REGEX - those of the ways to choose whose name it matches.
bench_lines() {
	grep -E "^($1)[[:space:]]" "$ROOT/bench/lines"
}

# bench_short - the part that the short form counts.
bench_short() {
	grep -Ev '^(#|handler|earlyoom|worst)' "$ROOT/bench/lines" | bench_run patched 1 1 500 1000 2000
	bench_lines cgroup-size | bench_run patched 64 1 500 2000
	bench_lines worst-compare | bench_run patched 1 1 1
}

# bench_long - all of it.
bench_long() {
	local tasks=(100 500 1000 2000 10000) cpus
	bench_run unpatched 1 1 "${tasks[@]}" <<<"unpatched all none"
	bench_run floor 1 1 "${tasks[@]}" <<<"floor all floor"
	grep -Ev '^(#|worst)' "$ROOT/bench/lines" | bench_run patched 1 1 "${tasks[@]}"
	bench_run unpatched 64 1 "${tasks[@]}" <<<"unpatched all none"
	grep -Ev '^(#|earlyoom|worst)' "$ROOT/bench/lines" | bench_run patched 64 1 "${tasks[@]}"
	# 64 is CONFIG_NR_CPUS.
	for cpus in 8 64; do
		bench_run unpatched 1 "$cpus" 500 2000 <<<"unpatched all none"
		bench_lines 'idle|by-pid' | bench_run patched 1 "$cpus" 500 2000
	done
	bench_lines 'worst-.*' | bench_run patched 1 1 1
	bench_lines worst-percpu_insert | bench_run patched 1 64 1
}

# bench BASE --short|--long - measure, and compare with what is recorded (--short), or
# record it (--long); of a tree of somebody's own it is printed.
bench() {
	local new=$BUILD/bench.tsv variant variants=(patched)
	local results
	[ "$2" = --short ] || variants=(unpatched floor patched)
	STAGES=$((3 + ${#variants[@]}))
	lock_build
	need "${KERNEL_NEEDS[@]}" "${GUEST_NEEDS[@]}" objdump=binutils gnuplot=gnuplot-nox
	stage "$EX_BASE" "fetching base $1" base_open "$1"
	bench_paths "$1"
	results=$ROOT/bench/results/$BASE_NAME.tsv
	[ "$2" = --long ] || [ -e "$results" ] || die $EX_USAGE "bench --short: nothing is recorded of $1"
	stage "$EX_BUILD" "laying out and configuring ${BASE_VERSION%%-*}" bench_config "$1"
	for variant in "${variants[@]}"; do
		stage "$EX_BUILD" "building the $variant kernel" bench_kernel "$variant"
	done
	stage "$EX_BUILD" "building the bench" bench_guest
	say "Counting, in guests that take $((${#variants[@]} * 2)) to $((${#variants[@]} * 8)) minutes"
	printf 'base\t%s\t%s\t%s\n' "$1" "$BASE_VERSION" "$(gcc -dumpfullversion)" >"$new"
	if [ "$2" = --short ]; then
		bench_short >>"$new"
		"$ROOT/bench/report.py" compare "$results" "$new"
		return
	fi
	{
		cat "$BENCH"/*/sizes
		bench_long
		printf 'earlyoom-version\t%s\n' "$(dpkg-deb -f "$BENCH"/deb/earlyoom_*.deb Version)"
	} >>"$new"
	# Counts that contradict each other are not recorded.
	"$ROOT/bench/report.py" show "$new"
	[ -z "$BASE_DIR" ] || return 0
	make_dirs "$ROOT/bench/results"
	mv "$new" "$results"
	"$ROOT/bench/report.py" publish "$ROOT/bench/results"
}
