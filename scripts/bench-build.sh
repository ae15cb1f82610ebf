# shellcheck shell=bash
# Builds the kernels of the bench and what runs in its guests. To be sourced.

# shellcheck source=scripts/vm.sh
. "$(dirname "${BASH_SOURCE[0]}")/vm.sh"

# bench_paths BASE - as kernel_paths, for the kernels of the bench.
bench_paths() {
	base_open "$1"
	kernel_paths
	BENCH=$DIR/bench OBJ=$DIR/bench/kernel
}

bench_config() {
	kernel_sources "$1"
	kernel_config "$ROOT"/vm/configs/{vm,x86,bench}.config
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
			die "$EX_BUILD" "bench/floor.sed does not fit the series"
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
