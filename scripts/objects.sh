#!/usr/bin/env bash
# Checks of the object code, on both bases, patch by patch.
#
#   objects.sh [BASE...]
#
# For each base (6.12 and newest): every patch of the series compiles on its
# own with gcc and with clang, without a word under W=1, sparse and kernel-doc
# (B2); each hook is called and its verdict used, which clang is free to drop
# (H1); with CONFIG_BPF_SYSCALL=n mm/oom_kill.o has no new symbol and its text
# grows by at most 32 bytes, and the other options may be missing (H5).
#
# Exit status: 0, 1 one of these does not hold, 3 to 5 as of run-vm.sh.
set -euo pipefail
# shellcheck source=scripts/kernel.sh
. "$(dirname "$0")/kernel.sh"

CLANG=clang-19
OBJECTS=(mm/oom_kill.o mm/oom_policy.o kernel/bpf/oom_kfuncs.o)
# Bytes by which the text of mm/oom_kill.o may grow without BPF.
GROWTH=32

# omake NAME MAKEARGS... - make in an output folder of its own, with gcc unless
# the arguments say otherwise; the compiler's words come back on stdout.
omake() {
	local out=$BUILD/$BASE_NAME/objects/$1
	shift
	make -s -C "$TREE" O="$out" CC="ccache gcc" -j"$(nproc)" "$@"
}

# setup NAME FRAGMENT MAKEARGS... - configure, and prepare for single objects.
setup() {
	local name=$1 fragment=$2 line
	shift 2
	make_dirs "$BUILD/$BASE_NAME/objects/$name"
	omake "$name" "$@" KCONFIG_ALLCONFIG="$fragment" allnoconfig >/dev/null 2>&1
	while read -r line; do
		[ "${line#CONFIG_}" = "$line" ] || case $line in
		*=n) ! grep -q "^${line%=n}=" "$BUILD/$BASE_NAME/objects/$name/.config" || die $EX_BUILD "$name: $line is not to be had" ;;
		esac
	done <"$fragment"
	omake "$name" "$@" prepare >/dev/null 2>&1 || omake "$name" "$@" prepare
}

# objects NAME MAKEARGS... - build what there is of OBJECTS. Warnings of the compiler and
# of sparse that the base alone has (line numbers aside) are the base's affair; any other
# is ours.
objects() {
	local name=$1 object said words list=()
	shift
	for object in "${OBJECTS[@]}"; do
		[ -e "$TREE/${object%.o}.c" ] || continue
		grep -q CONFIG_BPF_SYSCALL=y "$BUILD/$BASE_NAME/objects/$name/.config" || [ "$object" = mm/oom_kill.o ] || continue
		list+=("$object")
	done
	said=$(omake "$name" "$@" W=1 "${list[@]}" 2>&1) || { echo "$said"; die $EX_FAIL "$name: does not build"; }
	words=$BUILD/$BASE_NAME/objects/$name.words
	# A kfunc has no declaration; its callers are programs.
	said=$(sed -nE '/warning|error|note/s/:[0-9]+//gp' <<<"$said" | grep -v "'set_oom_policy_name' was not declared" | sort -u) || :
	if [ "$REVISION" = base ]; then
		echo "$said" >"$words"
	else
		said=$(comm -23 <(echo "$said") <(cat "$words" 2>/dev/null || echo))
		[ -z "$said" ] || { echo "$said"; die $EX_FAIL "$name: not silent"; }
	fi
}

# put REVISION - the tree as of a revision of the series. The tree shares its
# other files with the one that kernels are built from, hence new inodes.
put() {
	local file
	REVISION=$1
	git -C "$SERIES" diff --name-only base series | while read -r file; do
		if git -C "$SERIES" cat-file -e "$1:$file" 2>/dev/null; then
			git -C "$SERIES" show "$1:$file" | cmp -s - "$TREE/$file" || {
				make_dirs "$(dirname "$TREE/$file")"
				git -C "$SERIES" show "$1:$file" >"$TREE/.new"
				mv "$TREE/.new" "$TREE/$file"
			}
		else
			rm -f "$TREE/$file"
		fi
	done
}

# calls OBJECT FUNCTION HOOK - the code of FUNCTION from the call of HOOK on.
calls() {
	objdump -dr --no-show-raw-insn "$1" | awk -v f="<$2>:" -v h="$3[-+]" '
		/^[0-9a-f]+ <.*>:$/ { on = index($0, f) > 0; left = 0 }
		on && $0 ~ h { left = 12 } left > 0 { print; left-- }'
}

# used - the first thing done to the value of a call, on stdin, is to look at it.
used() {
	awk '/(test|cmp|lea|mov|sub|add|dec)[a-z]* .*%[er]ax/ && !/,%[er]ax$/ || /(test|cmp)[a-z]* / && /%[er]ax/ { if (!lost) used = 1 }
		/,%[er]ax$/ && !/(test|cmp)[a-z]* / && !used { lost = 1 } END { exit !used }'
}

# passed_on - the value of a call, on stdin, is returned as it is.
passed_on() {
	awk '/ret/ { exit } /,%[er]ax$/ { lost = 1 } { seen = 1 } END { exit !seen || lost }'
}

hooks() {
	local name=$1 dir=$BUILD/$BASE_NAME/objects/$1
	calls "$dir/mm/oom_policy.o" oom_policy_ask bpf_oom_evaluate_task | passed_on ||
		die $EX_FAIL "$name: the verdict of bpf_oom_evaluate_task() is not passed on"
	calls "$dir/mm/oom_kill.o" oom_evaluate_task oom_policy_ask | used ||
		die $EX_FAIL "$name: the verdict of oom_policy_ask() is not used"
	[ -n "$(calls "$dir/mm/oom_policy.o" oom_policy_begin bpf_set_policy_name)" ] ||
		die $EX_FAIL "$name: bpf_set_policy_name() is not called"
}

# text_size OBJECT - bytes of code in all its sections.
text_size() { size -A -d "$1" | awk '$1 ~ /text/ { sum += $2 } END { print sum }'; }

symbols() { nm --defined-only -g -f posix "$1" | cut -d' ' -f1,2; }

# docs FILE... - kernel-doc comments of the series, read by the base's own tool.
docs() {
	local said
	said=$(cd "$TREE" && scripts/kernel-doc -none "$@" 2>&1) || :
	[ -z "$said" ] || { echo "$said"; die $EX_FAIL "kernel-doc is not silent"; }
}

# no_bpf PATCH - nothing but a few bytes where there is no BPF.
no_bpf() {
	local object=$BUILD/$BASE_NAME/objects/no-bpf/mm/oom_kill.o growth
	growth=$(($(text_size "$object") - $2))
	echo "CONFIG_BPF_SYSCALL=n: $growth bytes of text"
	[ $growth -le $GROWTH ] || die $EX_FAIL "patch $1: mm/oom_kill.o grows by $growth bytes though CONFIG_BPF_SYSCALL=n"
	symbols "$object" | cmp - "$BUILD/$BASE_NAME/objects/symbols" ||
		die $EX_FAIL "patch $1: mm/oom_kill.o has other symbols though CONFIG_BPF_SYSCALL=n"
}

# The kinds of build: configuration fragments, and arguments to make.
declare -A KINDS=(
	[gcc]="vm.config C=2"
	[clang]="vm.config CC=ccache\ $CLANG"
	[no-bpf]="vm.config no-bpf.config"
	[no-memcg]="vm.config no-memcg.config"
	[no-cgroups]="vm.config no-cgroups.config"
	[no-numa]="vm.config no-numa.config"
	[no-mmu]="no-mmu.config ARCH=riscv LLVM=-19 CC=ccache\ $CLANG"
)

# kind setup|objects NAME
kind() {
	local word words=() configs=() args=()
	eval "words=(${KINDS[$2]})"
	for word in "${words[@]}"; do
		case $word in
		*.config) configs+=("$ROOT/vm/configs/$word") ;;
		*) args+=("$word") ;;
		esac
	done
	echo "$1 $2"
	if [ "$1" = setup ]; then
		cat "${configs[@]}" >"$BUILD/$BASE_NAME/objects/$2.config"
		setup "$2" "$BUILD/$BASE_NAME/objects/$2.config" "${args[@]}"
	else
		objects "$2" "${args[@]}"
	fi
}

base_objects() {
	local patch name n=0 dir size
	make_dirs "$BUILD/$BASE_NAME"
	TREE=$BUILD/$BASE_NAME/objects/linux SERIES=$BUILD/$BASE_NAME/series
	dir=$BUILD/$BASE_NAME/objects
	kernel_sources "$BASE"
	rm -rf "$TREE"
	make_dirs "$dir"
	cp -al "$LINUX" "$TREE"

	rm -f "$dir"/*.words
	put base
	for name in "${!KINDS[@]}"; do
		kind setup "$name"
		kind objects "$name"
	done
	size=$(text_size "$dir/no-bpf/mm/oom_kill.o")
	symbols "$dir/no-bpf/mm/oom_kill.o" >"$dir/symbols"
	for patch in $(git -C "$SERIES" rev-list --reverse base..core); do
		n=$((n + 1))
		echo "patch $n"
		put "$patch"
		for name in gcc clang no-bpf; do
			kind objects "$name"
		done
		no_bpf $n "$size"
	done
	docs mm/oom_policy.c kernel/bpf/oom_kfuncs.c include/linux/oom.h
	hooks gcc
	hooks clang
	for name in no-memcg no-cgroups no-numa no-mmu; do
		kind objects "$name"
	done
}

[ $# -gt 0 ] || set -- 6.12 newest
need "${KERNEL_NEEDS[@]}" sparse=sparse $CLANG=$CLANG ld.lld-19=lld-19 llvm-nm-19=llvm-19 objdump=binutils
STAGES=$#
lock_build
for base; do
	base_open "$base"
	kernel_paths
	stage $EX_BUILD "objects on ${BASE_VERSION%%-*}" base_objects
done
