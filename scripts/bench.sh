# shellcheck shell=bash
# Builds the kernels of the bench, and runs it in guests that count instructions.
# To be sourced.

# shellcheck source=scripts/vm.sh
. "$(dirname "${BASH_SOURCE[0]}")/vm.sh"

# bench_paths BASE - as kernel_paths, for the kernels of the bench.
bench_paths() {
	base_open "$1"
	kernel_paths
	BENCH=$DIR/bench OBJ=$DIR/bench/kernel
}

# bench_kernel VARIANT - unpatched, patched or floor, in $BENCH/VARIANT. The tree is
# the one that the tests are built of: kernel_sources mends it, however this ends.
bench_kernel() {
	local out=$BENCH/$1 file
	kernel_sources "$BASE"
	case $1 in
	unpatched)
		while read -r file; do
			if [ -e "$SOURCES/orig/$file" ]; then
				cp "$SOURCES/orig/$file" "$LINUX/$file"
			else
				rm "$LINUX/$file"
			fi
		done <"$LINUX/.patched"
		rm -f "$OBJ/kernel/bpf/oom_kfuncs.o" "$OBJ/mm/oom_policy.o"
		;;
	floor)
		sed -i -f "$ROOT/bench/floor.sed" "$LINUX/mm/oom_policy.c"
		# Each line of the script has to have found its place.
		[ "$(grep -cE 'oom_floor|moduleparam\.h' "$LINUX/mm/oom_policy.c")" -eq 4 ] ||
			die $EX_BUILD "bench/floor.sed does not fit the series"
		;;
	esac
	kernel_image
	make_dirs "$out/arch/x86/boot" "$out/usr"
	cp "$OBJ/arch/x86/boot/bzImage" "$out/arch/x86/boot/"
	cp "$OBJ/usr/gen_init_cpio" "$out/usr/"
	bench_sizes "$1" >"$out/sizes"
	kernel_sources "$BASE"
}

# bench_sizes VARIANT - the size of the kernel, before the linker pads it, and a sum of
# the code that the series must not change.
bench_sizes() {
	local file what
	size "$OBJ/vmlinux.o" | awk -v k="$1" 'NR == 2 { printf "size\t%s\ttext\t%d\nsize\t%s\tdata\t%d\n", k, $1, k, $2 + $3 }'
	what=$(objdump -h -j .BTF "$OBJ/vmlinux" | awk '$2 == ".BTF" { print $3 }')
	printf 'size\t%s\tBTF\t%d\n' "$1" "0x$what"
	for file in page_alloc memcontrol; do
		what=$(objdump -dr --no-show-raw-insn "$OBJ/mm/$file.o" | sed '1,/^Disassembly/d' | cksum)
		printf 'code\t%s\tmm/%s.o\t%s\n' "$1" "$file" "${what%% *}"
	done
	# The stack frames of the search, in as far as this kernel has them.
	for file in "$OBJ/mm/oom_kill.o" "$OBJ/mm/oom_policy.o"; do
		[ ! -e "$file" ] || objdump -d --no-show-raw-insn "$file"
	done | awk -v k="$1" '
		function hex(s, i, n) {
			for (i = 1; i <= length(s); i++) n = n * 16 + index("123456789abcdef", substr(s, i, 1))
			return n
		}
		/>:$/ { name = $2; gsub(/[<>:]/, "", name); s[name] = 0 }
		/push/ { s[name] += 8 }
		/sub +[$]0x[0-9a-f]+,%rsp/ { match($0, /0x[0-9a-f]+/); s[name] += hex(substr($0, RSTART + 2, RLENGTH - 2)) }
		END {
			n = split("out_of_memory oom_evaluate_task oom_policy_begin oom_policy_ask oom_policy_rescan", wanted, " ")
			for (i = 1; i <= n; i++) if (wanted[i] in s) printf "stack\t%s\t%s\t%d\n", k, wanted[i], s[wanted[i]]
		}'
}

# bench_guest - the programs of the guests, for the patched kernel's BTF; and earlyoom,
# from its package, which needs no library that oom-policy does not.
bench_guest() {
	local args=(VMLINUX_BTF="$OBJ/vmlinux" STATIC=1) file
	PROGS=$BENCH/progs
	make_dirs "$PROGS/bpftool" "$PROGS/bench" "$BENCH/deb"
	bpftool_build
	command_build
	make -C "$ROOT/bench" OUTPUT="$PROGS/bench" POLICIES="$LINUX/tools/oom_policy" \
		SELFTESTS="$LINUX/tools/testing/selftests/oom" "${args[@]}"
	if [ ! -e "$BENCH/deb/usr/bin/earlyoom" ]; then
		(cd "$BENCH/deb" && apt-get -q download earlyoom && dpkg-deb -x earlyoom_*.deb .)
	fi
	{
		initramfs_common
		echo "dir /oom/bench 755 0 0"
		for file in "$PROGS"/bench/*.bpf.o "$PROGS"/bench/bench "$ROOT"/bench/*.rules; do
			echo "file /oom/bench/${file##*/} $file 755 0 0"
		done
		echo "file /bin/earlyoom $BENCH/deb/usr/bin/earlyoom 755 0 0"
	} >"$PROGS/initramfs.list"
	"$OBJ/usr/gen_init_cpio" "$PROGS/initramfs.list" | gzip -1 >"$BENCH/initramfs"
}

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

bench_config() {
	kernel_sources "$1"
	kernel_config "$ROOT/vm/configs/vm.config" "$ROOT/vm/configs/bench.config"
}
