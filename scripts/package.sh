#!/usr/bin/env bash
# Builds Debian packages of the command, its policies and their headers.
set -euo pipefail
# shellcheck source=scripts/kernel.sh
. "$(dirname "$0")/kernel.sh"

usage() {
	cat <<'END'
Usage: package.sh [-b BASE] [-v]

Builds oom-policy and oom-policy-dev with dpkg-buildpackage, and runs lintian
on them; build/packages has the result. The policies run on any kernel with
the hook; the types of one are needed to build them: VMLINUX_BTF=/path/to/vmlinux
or, without it, the kernel of the base that run-vm.sh has built.

  -b, --base BASE    6.12 (default), newest or a folder, as of run-vm.sh
  -v, --verbose      the whole output of each stage
  -h, --help         this text

Exit status: 0 built, 1 lintian has found something, 2 usage, 3 dependency
missing, 4 no kernel with the hook, 5 build failed.
END
}

base=6.12
options=$(getopt -n package.sh -o b:vh -l base:,verbose,help -- "$@") || {
	say "Try: package.sh --help"
	exit $EX_USAGE
}
eval set -- "$options"
while [ "$1" != -- ]; do
	case $1 in
	-b | --base) base=$2; shift ;;
	-v | --verbose) VERBOSE=1 ;;
	-h | --help) usage; exit 0 ;;
	esac
	shift
done
[ $# -eq 1 ] || die $EX_USAGE "$2: no such argument; try --help"

# kernel_types - sets VMLINUX_BTF.
kernel_types() {
	if [ -z "${VMLINUX_BTF:-}" ]; then
		# A tree has a name of its own; nothing is fetched for the others.
		case $base in
		newest | [0-9]*.[0-9]*) BASE_NAME=$base ;;
		*) base_open "$base" ;;
		esac
		kernel_paths
		VMLINUX_BTF=$OBJ/vmlinux
		[ -e "$VMLINUX_BTF" ] || die $EX_BASE "base $base: its kernel was not built yet: run scripts/run-vm.sh -b $base," \
			"or set VMLINUX_BTF to the vmlinux of a kernel with the series"
	fi
	[ -r "$VMLINUX_BTF" ] || die $EX_BASE "cannot read $VMLINUX_BTF"
	VMLINUX_BTF=$(realpath "$VMLINUX_BTF")
	export VMLINUX_BTF
}

# source_tree - the files of the repository as they are now, and no others.
source_tree() {
	rm -rf "$PACKAGES"
	make_dirs "$SOURCE"
	cd "$ROOT"
	if git rev-parse -q --git-dir >/dev/null; then
		git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
			[ ! -e "$file" ] && [ ! -L "$file" ] || printf '%s\0' "$file"
		done | xargs -0 cp -a --parents -t "$SOURCE"
	else
		tar -c --exclude=./build --exclude=./.git . | tar -x -C "$SOURCE"
	fi
}

build() {
	cd "$SOURCE"
	dpkg-buildpackage -us -uc
}

lint() {
	cd "$PACKAGES"
	lintian --allow-root --fail-on error,warning --tag-display-limit 0 ./*.changes
}

need bpftool=bpftool clang=clang dh=debhelper dpkg-buildpackage=dpkg-dev git=git \
	/usr/share/build-essential/essential-packages-list=build-essential lintian=lintian llvm-strip=llvm make=make pkg-config=pkg-config \
	/usr/include/bpf/libbpf.h=libbpf-dev /usr/include/libsmartcols/libsmartcols.h=libsmartcols-dev \
	/usr/include/systemd/sd-journal.h=libsystemd-dev
PACKAGES=$BUILD/packages SOURCE=$BUILD/packages/source
STAGES=3
lock_build
kernel_types
stage $EX_BUILD "copying the sources" source_tree
stage $EX_BUILD "building the packages" build
stage $EX_FAIL "lintian" lint
rm -rf "$SOURCE"
ls "$PACKAGES"/oom-policy{,-dev}_*.deb
