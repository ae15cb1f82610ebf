#!/usr/bin/env bash
# Builds Debian packages of the command, its policies and their headers, and tries them.
set -euo pipefail
# shellcheck source=scripts/kernel.sh
. "$(dirname "$0")/kernel.sh"

usage() {
	cat <<'END'
Usage: package.sh [-b BASE] [-v] [test [SUITE...]]

Builds oom-policy and oom-policy-dev with dpkg-buildpackage, and runs lintian
on them; build/packages has the result. The policies run on any kernel with
the hook; the types of one are needed to build them: VMLINUX_BTF=/path/to/vmlinux
or, without it, the kernel of the base that run-vm.sh has built.

With "test" the packages are installed, upgraded, removed and purged in a small
root of each release (trixie), which mmdebstrap makes.

  -b, --base BASE    6.12 (default), newest or a folder, as of run-vm.sh
  -v, --verbose      the whole output of each stage
  -h, --help         this text

Exit status: 0 built, 1 lintian has found something or a test failed, 2 usage,
3 dependency missing, 4 no kernel with the hook, 5 build failed.
END
}

base=6.12
options=$(getopt -n package.sh -o +b:vh -l base:,verbose,help -- "$@") || {
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
shift
if [ $# -gt 0 ]; then
	[ "$1" = test ] || die $EX_USAGE "$1: no such command; try --help"
	shift
	[ $# -gt 0 ] || set -- trixie
	need mmdebstrap=mmdebstrap
fi

# kernel_types - sets VMLINUX_BTF.
kernel_types() {
	if [ -z "${VMLINUX_BTF:-}" ]; then
		base_open "$base"
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
		tar -c --exclude=./build . | tar -x -C "$SOURCE"
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

# two_versions DIR - what was built, and the same as a later version.
two_versions() {
	local deb dir=$PACKAGES/repacked
	rm -rf "$1"
	make_dirs "$1/1" "$1/2"
	for deb in "$PACKAGES"/oom-policy{,-dev}_*.deb; do
		cp "$deb" "$1/1"
		dpkg-deb -R "$deb" "$dir"
		sed -i '/^Version:/s/$/+next/' "$dir/DEBIAN/control"
		rm "$dir/DEBIAN/md5sums"
		[ ! -e "$dir/etc/oom-policy.conf" ] || echo '# Line of the next version.' >>"$dir/etc/oom-policy.conf"
		dpkg-deb --root-owner-group -b "$dir" "$1/2"
		rm -rf "$dir"
	done
	cp "$ROOT/tests/package/in-root" "$1"
}

# try_in SUITE - a root of its own, gone with the test.
try_in() {
	local here
	# shellcheck source=/dev/null
	here=$(. /etc/os-release && echo "$VERSION_CODENAME")
	make_dirs "$CACHE/apt" "$BUILD/log"
	suites 6.12 | sed "/ $here-backports/d; s/ $here\\(-[a-z]*\\)\\? main\$/ $1\\1 main/" >"$PACKAGES/sources"
	# shellcheck disable=SC2016  # the root, in the hook's shell
	mmdebstrap --variant=apt --include=mount --format=null --customize-hook="copy-in $PACKAGES/test /opt" \
		--customize-hook='unshare -m chroot "$1" /opt/test/in-root /opt/test' "$1" /dev/null "$PACKAGES/sources" \
		2>"$BUILD/log/package-$1.log" </dev/null
}

# tests SUITE...
tests() {
	local suite rc=0
	two_versions "$PACKAGES/test" >"$BUILD/log/package-test.log"
	for suite; do
		say "Installing, upgrading and removing on $suite"
		try_in "$suite" || {
			rc=$EX_FAIL
			say "The log of mmdebstrap: $BUILD/log/package-$suite.log"
		}
	done
	rm -rf "$PACKAGES/test" "$PACKAGES/sources"
	return $rc
}

need bpftool=bpftool clang=clang dh=debhelper dpkg-buildpackage=dpkg-dev fakeroot=fakeroot file=file gcc=gcc \
	/usr/include/stdio.h=libc6-dev git=git lintian=lintian llvm-strip=llvm make=make pkg-config=pkg-config \
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

[ $# -eq 0 ] || tests "$@"
