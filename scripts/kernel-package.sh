#!/usr/bin/env bash
# Debian packages of a kernel with the series, for one's own machine.
#
#   kernel-package.sh [-b BASE] [CONFIG]
#
# CONFIG is a configuration, by default that of the running kernel. What it does not know
# is as the base has it by default, and what the policies need is turned on. The packages
# come to build/packages and are installed as any other:
#
#   apt install ./build/packages/linux-image-*-oom_*.deb
#
# A configuration of Debian has thousands of modules, and takes its time. BASE: as of
# run-vm.sh.
#
# Exit status: 0 built, 2 usage, 3 dependency missing, 4 base missing, 5 build failed.
set -euo pipefail
# shellcheck source=scripts/kernel.sh
. "$(dirname "$0")/kernel.sh"

# Options without which no program chooses, and their types cannot be built.
WANTED=(BPF_SYSCALL BPF_JIT BPF_EVENTS FUNCTION_TRACER DYNAMIC_FTRACE DEBUG_INFO_BTF MEMCG CGROUPS)

# own_config CONFIG - in OBJ.
own_config() {
	local option set=("$LINUX/scripts/config" --file "$OBJ/.config")
	make_dirs "$OBJ"
	cp "$1" "$OBJ/.config"
	# Keys that sign a distribution's modules are not here.
	"${set[@]}" --set-str LOCALVERSION -oom --set-str SYSTEM_TRUSTED_KEYS '' --set-str SYSTEM_REVOCATION_KEYS ''
	"${set[@]}" -e DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT
	for option in "${WANTED[@]}"; do "${set[@]}" -e "$option"; done
	kmake olddefconfig
	for option in "${WANTED[@]}"; do
		grep -qx "CONFIG_$option=y" "$OBJ/.config" || { say "not to be had with $1: CONFIG_$option"; return "$EX_BUILD"; }
	done
}

base=6.12
options=$(getopt -n kernel-package.sh -o b:h -l base:,help -- "$@") || exit $EX_USAGE
eval set -- "$options"
while [ "$1" != -- ]; do
	case $1 in
	-b | --base) base=$2; shift ;;
	-h | --help) sed -n '2,/^set/ { /^#/ s/^# \{0,1\}//p; }' "$0"; exit 0 ;;
	esac
	shift
done
config=${2:-/boot/config-$(uname -r)}
[ $# -le 2 ] || die $EX_USAGE "$3: no such argument; try --help"
[ -r "$config" ] || die $EX_USAGE "$config: no configuration to be read"
STAGES=4
lock_build
need "${KERNEL_NEEDS[@]}" "${PACKAGE_NEEDS[@]}"
stage $EX_BASE "fetching base $base" base_open "$base"
base_open "$base"
kernel_paths
OBJ=$DIR/own/kernel
stage $EX_BASE "laying out ${BASE_VERSION%%-*} with the series" kernel_sources "$base"
stage $EX_BUILD "configuring as $config" own_config "$config"
stage $EX_BUILD "building the packages" kernel_package "$BUILD/packages"
ls "$BUILD"/packages/linux-*.deb
