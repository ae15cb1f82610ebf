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
# shellcheck source=scripts/objcode.sh
. "$(dirname "$0")/objcode.sh"

CLANG=clang-19
OBJECTS=(mm/oom_kill.o mm/oom_policy.o kernel/bpf/oom_kfuncs.o)

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

# The kinds of build: configuration fragments, and arguments to make.
declare -A KINDS=(
	[gcc]="vm.config x86.config C=2"
	[clang]="vm.config x86.config CC=ccache\ $CLANG"
	[no-bpf]="vm.config x86.config no-bpf.config"
	[no-memcg]="vm.config x86.config no-memcg.config"
	[no-cgroups]="vm.config x86.config no-cgroups.config"
	[no-numa]="vm.config x86.config no-numa.config"
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

# put REVISION - the tree as of a revision of the series.
put() {
	REVISION=$1
	kernel_put "$TREE" "$SERIES" "$1"
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
