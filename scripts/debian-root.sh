# shellcheck shell=bash
# Makes the root of the Debian guest, once, of Debian's packages: a read-only image in the
# cache. To be sourced.

# shellcheck source=scripts/base.sh
. "$(dirname "${BASH_SOURCE[0]}")/base.sh"

# shellcheck disable=SC2034  # for those who source this
DEBIAN_NEEDS=(mmdebstrap=mmdebstrap newuidmap=uidmap sqfstar=squashfs-tools mke2fs=e2fsprogs)

# debian_suite DIR - the release that the mirrors here have, 13 before 12, and its lines
# for a sources.list, in the files suite and sources of DIR.
debian_suite() {
	local here suite uri
	suites 6.12 >"$1/here"
	# shellcheck source=/dev/null
	here=$(. /etc/os-release && echo "$VERSION_CODENAME")
	uri=$(awk -v name="$here" '$(NF - 1) == name { print $(NF - 2); exit }' "$1/here")
	for suite in trixie bookworm; do
		rm -f "$1/InRelease"
		if /usr/lib/apt/apt-helper -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=2 \
			-o Acquire::http::Timeout=30 download-file "${uri%/}/dists/$suite/InRelease" "$1/InRelease"; then
			echo "$suite" >"$1/suite"
			# Backports are not for this root.
			sed "/ $here-backports/d; s/ $here\\(-[a-z]*\\)\\? main\$/ $suite\\1 main/" "$1/here" >"$1/sources"
			return
		fi
	done
	return 1
}

# debian_key - a checksum of all that decides what is in the root.
debian_key() {
	find "$ROOT/vm/debian/packages" "$ROOT/vm/debian/customize" "$ROOT/vm/debian/etc" -type f |
		LC_ALL=C sort | xargs cat | cksum | cut -d' ' -f1
}

# debian_image KEY - the file of a root that was made before, in IMAGE; false if there is none.
debian_image() {
	local suite
	for suite in trixie bookworm; do
		IMAGE=$CACHE/debian/$suite-$1.squashfs
		[ ! -s "$IMAGE" ] || return 0
	done
	return 1
}

# debian_lock - the cache of what is made of Debian's packages, until the script ends.
debian_lock() {
	make_dirs "$CACHE/debian" "$CACHE/apt"
	# A run in another build folder may be making it.
	exec 6>"$CACHE/debian/.lock"
	flock 6
	# An interrupted run may have left something behind, of users of its own namespace.
	rm -rf "$CACHE"/debian/part.* 2>/dev/null ||
		unshare --map-auto --map-root-user rm -rf "$CACHE"/debian/part.*
}

# debian_root - the root as a read-only image: sets IMAGE. A root that was made once is
# taken without asking a mirror.
debian_root() {
	local key suite work rc=0
	key=$(debian_key)
	! debian_image "$key" || return 0
	debian_lock
	! debian_image "$key" || return 0
	work=$(mktemp -d "$CACHE/debian/part.XXXXXX")
	debian_suite "$work" ||
		die "$EX_BASE" "the Debian mirror of this machine does not answer, or has neither 13 nor 12"
	suite=$(<"$work/suite")
	debian_bootstrap "$suite" "$work" || rc=$?
	[ $rc -ne 0 ] || mv "$work/image" "$CACHE/debian/$suite-$key.squashfs"
	rm -rf "$work"
	find "$CACHE/debian" -name '*.squashfs' -mtime +30 -delete
	[ $rc -eq 0 ] || die $rc "Debian's root could not be made"
	IMAGE=$CACHE/debian/$suite-$key.squashfs
}

# debian_bootstrap SUITE DIR - the file image of DIR. The hooks are given as text, as
# mmdebstrap's own users cannot read files of a home.
debian_bootstrap() {
	local packages
	packages=$(sed '/^#/d; /^$/d' "$ROOT/vm/debian/packages" | paste -sd,)
	tar -C "$ROOT/vm/debian/etc" --owner=0 --group=0 -cf "$2/etc.tar" .
	bootstrap "$1" "$2" debian_squash --variant=essential --include="$packages" \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --customize-hook="tar-in $2/etc.tar /etc" \
		--customize-hook="$(<"$ROOT/vm/debian/customize")"
}

debian_squash() { sqfstar -quiet -no-progress -comp lz4 "$1/image"; }

# bootstrap SUITE DIR READER OPTION... - mmdebstrap's root of the mirrors in the file sources
# of DIR, as a tar that the function READER is given, with DIR.
bootstrap() {
	local suite=$1 work=$2 reader=$3 mode=unshare bootstrap rc=0
	shift 3
	if [ "$(id -u)" -eq 0 ]; then
		mode=root
		mkdir "$work/tmp"
		chmod 755 "$work" "$work/tmp"
		export TMPDIR=$work/tmp
	fi
	# A session of its own: when the pipe breaks, it sends SIGHUP to all of its group. So
	# an interrupt reaches READER alone.
	exec 7< <(exec setsid mmdebstrap --mode="$mode" --format=tar "$@" \
		--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "2"' "$suite" - "$work/sources" \
		</dev/null 2>>"$work/said" 6>&- 9>&-)
	bootstrap=$!
	"$reader" "$work" 2>>"$work/said" <&7 || rc=$?
	exec 7<&-
	[ $rc -eq 0 ] || kill "$bootstrap" 2>/dev/null || :
	! wait "$bootstrap" || [ $rc -ne 0 ] || return 0
	cat "$work/said"
	if grep -qi 'no space left on device' "$work/said"; then
		say "no space left in $CACHE/debian or /tmp: a Debian root takes 1 GiB while it is made"
		return "$EX_BUILD"
	fi
	! grep -q '^E: Failed to fetch' "$work/said" || return "$EX_BASE"
	return "$EX_BUILD"
}
