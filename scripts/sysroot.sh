# shellcheck shell=bash
# Libraries and headers for programs of another machine's kind: a folder in the cache, made
# once of Debian's packages. To be sourced.

# shellcheck source=scripts/debian-root.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian-root.sh"

# shellcheck disable=SC2034  # for those who source this
SYSROOT_NEEDS=(mmdebstrap=mmdebstrap newuidmap=uidmap)
SYSROOT_PACKAGES=libc6-dev,linux-libc-dev,libbpf-dev,libelf-dev,zlib1g-dev
SYSROOT_PACKAGES+=,libjson-c-dev,libsmartcols-dev,libsystemd-dev,busybox-static

# sysroot - of the release that this machine has, whose cross compiler is used: sets SYSROOT.
sysroot() {
	local suite work rc=0
	# shellcheck source=/dev/null
	suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
	SYSROOT=$CACHE/debian/$suite-$ARCH-$(cksum <<<"$SYSROOT_PACKAGES" | cut -d' ' -f1)
	[ ! -d "$SYSROOT" ] || return 0
	debian_lock
	[ ! -d "$SYSROOT" ] || return 0
	work=$(mktemp -d "$CACHE/debian/part.XXXXXX")
	suites 6.12 >"$work/sources"
	bootstrap "$suite" "$work" sysroot_unpack --variant=extract --architectures="$ARCH" \
		--include="$SYSROOT_PACKAGES" --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr || rc=$?
	[ $rc -ne 0 ] || mv "$work/root" "$SYSROOT"
	rm -rf "$work"
	[ $rc -eq 0 ] || die $rc "the libraries for $ARCH could not be had"
}

# sysroot_unpack DIR - in root of DIR. Links to absolute names would lead out of it.
sysroot_unpack() {
	local link
	mkdir "$1/root" || return
	tar -xC "$1/root" --no-same-owner --exclude='./dev/*' || return
	find "$1/root/usr" -type l -lname '/*' | while read -r link; do
		ln -sfnr "$1/root$(readlink "$link")" "$link" || return
	done
}
