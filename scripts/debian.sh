# shellcheck shell=bash
# A guest with Debian's own user space: systemd, users, containers. To be sourced.
#
# The root is made once of Debian's packages and kept in the cache; what is ours is
# installed onto a disk over it, once for each build; a guest that runs anything writes
# to a copy of that disk, which is gone with the guest.

# shellcheck source=scripts/vm.sh
. "$(dirname "${BASH_SOURCE[0]}")/vm.sh"
# shellcheck source=scripts/tests.sh
. "$(dirname "${BASH_SOURCE[0]}")/tests.sh"

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

# debian_root - the root as a read-only image: sets IMAGE. A root that was made once is
# taken without asking a mirror.
debian_root() {
	local key suite work rc=0
	key=$(debian_key)
	! debian_image "$key" || return 0
	make_dirs "$CACHE/debian" "$CACHE/apt"
	# A run in another build folder may be making it.
	exec 6>"$CACHE/debian/.lock"
	flock 6
	! debian_image "$key" || return 0
	# An interrupted run may have left something behind, of users of its own namespace.
	rm -rf "$CACHE"/debian/part.* 2>/dev/null ||
		unshare --map-auto --map-root-user rm -rf "$CACHE"/debian/part.*
	work=$(mktemp -d "$CACHE/debian/part.XXXXXX")
	debian_suite "$work" ||
		die $EX_BASE "the Debian mirror of this machine does not answer, or has neither 13 nor 12"
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
	local suite=$1 work=$2 packages mode=unshare
	packages=$(sed '/^#/d; /^$/d' "$ROOT/vm/debian/packages" | paste -sd,)
	tar -C "$ROOT/vm/debian/etc" --owner=0 --group=0 -cf "$work/etc.tar" .
	if [ "$(id -u)" -eq 0 ]; then
		mode=root
		mkdir "$work/tmp"
		chmod 755 "$work" "$work/tmp"
		export TMPDIR=$work/tmp
	fi
	# A session of its own: when the pipe breaks, it sends SIGHUP to all of its group.
	if setsid -w mmdebstrap --mode="$mode" --variant=essential --format=tar --include="$packages" \
		--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "2"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --customize-hook="tar-in $work/etc.tar /etc" \
		--customize-hook="$(<"$ROOT/vm/debian/customize")" "$suite" - "$work/sources" \
		</dev/null 2>>"$work/said" 6>&- 9>&- |
		sqfstar -quiet -no-progress -comp lz4 "$work/image" 2>>"$work/said"; then
		return
	fi
	cat "$work/said"
	if grep -qi 'no space left on device' "$work/said"; then
		say "no space left in $CACHE/debian or /tmp: the root takes 1 GiB while it is made"
		return $EX_BUILD
	fi
	! grep -q '^E: Failed to fetch' "$work/said" || return $EX_BASE
	return $EX_BUILD
}

# debian_kernel - with what such a root needs, beside that of the small guest.
debian_kernel() {
	kernel_config "$ROOT/vm/configs/vm.config" "$ROOT/vm/configs/debian.config"
	kernel_image
}

# debian_packages - our own, built once for all bases, with the kernel that comes first.
debian_packages() {
	local out=$BUILD/debian key
	key=$(cd "$ROOT" && find oom-policy policies debian scripts/bpf.mk scripts/package.sh -type f | LC_ALL=C sort |
		xargs cksum | cksum | cut -d' ' -f1)
	make_dirs "$out"
	if [ "$(cat "$out/key" 2>/dev/null)" != "$key" ]; then
		rm -f "$out/key"
		# What lintian finds is for package.sh to say.
		OOM_BUILD=$out VMLINUX_BTF=$OBJ/vmlinux "$ROOT/scripts/package.sh" 9>&- || [ $? -eq $EX_FAIL ]
		echo "$key" >"$out/key"
	fi
	rm -rf "$DIR/packages"
	make_dirs "$DIR/packages" "$DIR/tests"
	cp "$out"/packages/oom-policy_*.deb "$DIR/packages"
	make -C "$ROOT/tests/debian" OUTPUT="$DIR/tests"
}

# debian_initramfs - mounts the root; it carries what is not in it.
debian_initramfs() {
	local file list=$DIR/initramfs.list
	{
		for file in bin dev proc sys lower disk new oom oom/tests oom/packages; do
			echo "dir /$file 755 0 0"
		done
		echo "nod /dev/console 600 0 0 c 5 1"
		echo "file /bin/busybox $(command -v busybox) 755 0 0"
		echo "slink /bin/sh busybox 777 0 0"
		echo "file /init $ROOT/vm/debian/init 755 0 0"
		for file in "$DIR"/tests/*; do
			echo "file /oom/tests/${file##*/} $file 755 0 0"
		done
		for file in "$DIR"/packages/*; do
			echo "file /oom/packages/${file##*/} $file 644 0 0"
		done
	} >"$list"
	"$OBJ/usr/gen_init_cpio" "$list" | gzip -1 >"$DIR/initramfs.new"
	mv "$DIR/initramfs.new" "$DIR/initramfs"
}

# debian_disk - the disk over the root, with what is ours installed.
debian_disk() {
	local key console=$BUILD/log/console-debian-install.log
	key=$(cat "$DIR"/packages/* "$ROOT/vm/debian/init" | cksum | cut -d' ' -f1)-${IMAGE##*/}
	[ "$(cat "$DIR/disk.key" 2>/dev/null)" != "$key" ] || return 0
	rm -f "$DIR/disk.key" "$DIR/disk"
	truncate -s 4G "$DIR/disk"
	mke2fs -q -t ext4 -O ^has_journal -E root_owner=0:0 "$DIR/disk"
	debian_qemu snapshot=off
	echo : >"$BUILD/job"
	vm_boot install "$BUILD/job" "$console" || {
		tail -n 5 "$console"
		die $EX_BUILD "what is ours could not be installed; the kernel's log: $console"
	}
	echo "$key" >"$DIR/disk.key"
}

# debian_qemu SNAPSHOT - the disks, and time for what takes its time without KVM.
debian_qemu() {
	VM_QEMU=(-smp 2 -drive "file=$IMAGE,if=virtio,format=raw,readonly=on"
		-drive "file=$DIR/disk,if=virtio,format=raw,cache=unsafe,$1")
	VM_MEMORY=1024 VM_SILENCE=${VM_SILENCE:-600}
	# QEMU keeps there what a guest writes to a disk that is thrown away.
	export TMPDIR=$DIR
}

# debian_build BASE - all stages up to a guest that can be booted.
debian_build() {
	local version
	STAGES=7
	lock_build
	need "${KERNEL_NEEDS[@]}" "${GUEST_NEEDS[@]}" "${DEBIAN_NEEDS[@]}"
	stage "$EX_BASE" "fetching base $1" base_open "$1"
	base_open "$1"
	kernel_paths
	version=${BASE_VERSION%%-*}
	stage "$EX_BASE" "laying out $version with the series" kernel_sources "$1"
	DIR=$DIR/debian
	OBJ=$DIR/kernel
	make_dirs "$DIR"
	stage "$EX_BUILD" "making Debian's root" debian_root
	debian_root
	stage "$EX_BUILD" "building $version for Debian" debian_kernel
	stage "$EX_BUILD" "building packages and tests" debian_packages
	stage "$EX_BUILD" "building the initramfs" debian_initramfs
	stage "$EX_BUILD" "installing onto the disk" debian_disk
	debian_qemu snapshot=on
}

# debian_tests PATTERN... - as tests_run, with a guest for each file of tests/debian. A
# file that has to do something before the guest boots says so by a function "before".
debian_tests() {
	local file names pattern name all=()
	NUMBER=0 PASSED=0 FAILED=0 SKIPPED=0 WORST=0
	for file in "$DIR"/tests/*_test; do
		while read -r name; do
			for pattern; do
				# shellcheck disable=SC2053  # the right side is a pattern
				[[ $name != $pattern ]] || { all+=("$file $name"); break; }
			done
		done < <("$file" -l)
	done
	[ ${#all[@]} -gt 0 ] || die "$EX_USAGE" "no test is called $*"
	echo "KTAP version 1"
	echo "1..${#all[@]}"
	for file in "$DIR"/tests/*_test; do
		mapfile -t names < <(printf '%s\n' "${all[@]}" | awk -v f="$file" '$1 == f { print $2 }')
		while [ ${#names[@]} -gt 0 ]; do
			VM_ARGS="${VM_ARGS:-} before=${file##*/}" tests_boot "$file" "${names[@]}"
			names=("${names[@]:DONE}")
		done
	done
	[ "$WORST" -ne 0 ] || [ $FAILED -eq 0 ] || WORST=$EX_FAIL
	echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	return "$WORST"
}
