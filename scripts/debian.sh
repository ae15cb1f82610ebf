# shellcheck shell=bash
# A guest with Debian's own user space: systemd, users, containers. To be sourced.
#
# The root is an image in the cache; what is ours is installed onto a disk over it, once
# for each build; a guest that runs anything writes to a copy of that disk, which is gone
# with the guest.

# shellcheck source=scripts/vm.sh
. "$(dirname "${BASH_SOURCE[0]}")/vm.sh"
# shellcheck source=scripts/debian-root.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian-root.sh"
# shellcheck source=scripts/tests.sh
. "$(dirname "${BASH_SOURCE[0]}")/tests.sh"

# debian_kernel - with what such a root needs, beside that of the small guest. It is
# installed from its package, and the one that is booted comes out of it.
debian_kernel() {
	kernel_config "$ROOT"/vm/configs/{vm,x86,debian}.config
	kernel_package "$DIR/linux" nokernelheaders nokerneldbg
	dpkg-deb --fsys-tarfile "$DIR"/linux/linux-image-*.deb | tar -xO --wildcards './boot/vmlinuz-*' >"$DIR/vmlinuz"
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
	cp "$out"/packages/oom-policy_*.deb "$DIR"/linux/linux-image-*.deb "$DIR/packages"
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
	VM_KERNEL=$DIR/vmlinuz VM_MEMORY=1024 VM_SILENCE=${VM_SILENCE:-600}
	# QEMU keeps there what a guest writes to a disk that is thrown away.
	export TMPDIR=$DIR
}

# debian_build BASE - all stages up to a guest that can be booted.
debian_build() {
	local version
	STAGES=7
	lock_build
	need "${KERNEL_NEEDS[@]}" "${PACKAGE_NEEDS[@]}" "${GUEST_NEEDS[@]}" "${DEBIAN_NEEDS[@]}"
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

# debian_list FILE - the names of its tests.
debian_list() { "$1" -l; }

# debian_guest FILE TEST... - a guest for each file. A file that has to do something
# before the guest boots says so by a function "before".
debian_guest() { VM_ARGS="${VM_ARGS:-} before=${1##*/}" tests_boot "$@"; }

# debian_tests PATTERN... - as tests_run, for tests/debian.
debian_tests() { tests_of "$DIR/tests" debian_list debian_guest "$@"; }
