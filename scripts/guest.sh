# shellcheck shell=bash
# Builds what runs in the guest of one base, on its kernel: tests, policies, command and
# initramfs. Each function is one stage of run-vm.sh. To be sourced.

# shellcheck source=scripts/kernel.sh
. "$(dirname "${BASH_SOURCE[0]}")/kernel.sh"
# shellcheck source=scripts/sysroot.sh
. "$(dirname "${BASH_SOURCE[0]}")/sysroot.sh"

# Files that these stages need, and Debian's packages that have them.
GUEST_NEEDS=(clang=clang /usr/include/bpf/libbpf.h=libbpf-dev /usr/include/zlib.h=zlib1g-dev
	/usr/include/json-c/json.h=libjson-c-dev
	/usr/include/libsmartcols/libsmartcols.h=libsmartcols-dev /usr/include/systemd/sd-journal.h=libsystemd-dev
	bpftool=bpftool busybox=busybox-static qemu-system-x86_64=qemu-system-x86 pkg-config=pkg-config)

# The guest's own folder of libraries and compiler, where this machine's are not for it, and
# how programs for it run here and show which libraries they load.
SYSROOT='' GUEST_CC=() EMULATOR=() LDD=(ldd)

# guest_arm64 - the guest is an arm64. Each make finds ARCH and CROSS_COMPILE in its environment.
guest_arm64() {
	export ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-
	BOOT_IMAGE=Image
	GUEST_NEEDS+=("${CROSS_COMPILE}gcc=gcc-aarch64-linux-gnu" qemu-system-aarch64=qemu-system-arm
		qemu-aarch64=qemu-user "${SYSROOT_NEEDS[@]}")
}

# guest_sysroot - what its programs are built with, where that is not of this machine.
guest_sysroot() {
	sysroot
	# shellcheck disable=SC2034  # EMULATOR is for tests.sh
	GUEST_CC=(CC="${CROSS_COMPILE}gcc --sysroot=$SYSROOT") EMULATOR=(qemu-aarch64)
	LDD=(qemu-aarch64 -L "$SYSROOT" -E LD_TRACE_LOADED_OBJECTS=1)
	export PKG_CONFIG_LIBDIR=$SYSROOT/usr/lib/aarch64-linux-gnu/pkgconfig PKG_CONFIG_SYSROOT_DIR=$SYSROOT
}

# bpftool_build - the guest has the bpftool of its own kernel: that of Debian 12
# cannot autoattach.
bpftool_build() {
	make -C "$LINUX/tools/bpf/bpftool" OUTPUT="$PROGS/bpftool/" EXTRA_LDFLAGS=-static \
		feature-llvm=0 feature-libbfd=0 feature-libcap=0 feature-clang-bpf-co-re=0 \
		"${GUEST_CC[@]}" -j"$(nproc)"
}

# command_build - oom-policy as it is installed, in PROGS/root, and the example of a
# policy, built with the header that was installed.
command_build() {
	local args=(VMLINUX_BTF="$OBJ/vmlinux" "${GUEST_CC[@]}")
	make_dirs "$PROGS/oom-policy" "$PROGS/example"
	rm -rf "$PROGS/root"
	make -C "$ROOT/oom-policy" install OUTPUT="$PROGS/oom-policy" POLICIES="$LINUX/tools/oom_policy" \
		DESTDIR="$PROGS/root" PREFIX= "${args[@]}"
	make -C "$PROGS/root/share/doc/oom-policy/example" OUTPUT="$PROGS/example" \
		INCLUDE="$PROGS/root/include/oom-policy" "${args[@]}"
}

# progs_build - selftests, stress tests, policies, oom-policy and the demo, for this
# kernel's BTF; static but for oom-policy, as Debian has no static libsmartcols.
progs_build() {
	local args=(VMLINUX_BTF="$OBJ/vmlinux" STATIC=1 "${GUEST_CC[@]}")
	make_dirs "$PROGS/selftests" "$PROGS/policies" "$PROGS/bpf" "$PROGS/demo" "$PROGS/bpftool"
	bpftool_build
	make -C "$LINUX/tools/oom_policy" OUTPUT="$PROGS/policies" "${args[@]}"
	make -C "$LINUX/tools/testing/selftests/oom" OUTPUT="$PROGS/selftests" "${args[@]}"
	command_build
	make -C "$ROOT/tests/command" OUTPUT="$PROGS/selftests" SELFTESTS="$LINUX/tools/testing/selftests/oom" \
		POLICIES="$LINUX/tools/oom_policy" "${args[@]}"
	make -C "$ROOT/tests/stress" OUTPUT="$PROGS/selftests" SELFTESTS="$LINUX/tools/testing/selftests/oom" \
		POLICIES="$LINUX/tools/oom_policy" "${args[@]}"
	make -C "$ROOT/tests/bpf" OUTPUT="$PROGS/bpf" KERNEL="$LINUX" "${args[@]}"
	make -C "$ROOT/vm/demo" OUTPUT="$PROGS/demo" SELFTESTS="$LINUX/tools/testing/selftests/oom" "${args[@]}"
}

# initramfs_common - the lines that every guest's initramfs has.
initramfs_common() {
	local dir file libs busybox
	busybox=${SYSROOT:+$SYSROOT/bin/busybox}
	mapfile -t libs < <("${LDD[@]}" "$PROGS/root/sbin/oom-policy" | awk '/\// { print $(NF - 1) }')
	for dir in bin dev proc sys tmp oom oom/policies oom/example lib lib/oom-policy; do
		echo "dir /$dir 755 0 0"
	done
	dirname "${libs[@]}" | sort -u | awk '$1 != "/lib" { print "dir", $1, "755 0 0" }'
	for file in "${libs[@]}"; do
		echo "file $file $SYSROOT$file 755 0 0"
	done
	for file in "$PROGS"/root/lib/oom-policy/*.bpf.o; do
		echo "file /lib/oom-policy/${file##*/} $file 644 0 0"
	done
	echo "file /oom/example/most_threads.bpf.o $PROGS/example/most_threads.bpf.o 644 0 0"
	echo "nod /dev/console 600 0 0 c 5 1"
	echo "file /init $ROOT/vm/init 755 0 0"
	echo "file /bin/busybox ${busybox:-$(command -v busybox)} 755 0 0"
	echo "slink /bin/sh busybox 777 0 0"
	echo "file /bin/bpftool $PROGS/bpftool/bpftool 755 0 0"
	echo "file /bin/oom-policy $PROGS/root/sbin/oom-policy 755 0 0"
}

# initramfs_build - busybox, bpftool and the programs, all static.
initramfs_build() {
	local file list=$PROGS/initramfs.list
	{
		initramfs_common
		for file in "$PROGS"/selftests/*_test "$PROGS"/bpf/test_progs "$PROGS"/demo/demo; do
			echo "file /oom/${file##*/} $file 755 0 0"
		done
		echo "file /oom/journal.so $PROGS/selftests/journal.so 755 0 0"
		for file in "$PROGS"/policies/*.bpf.o; do
			echo "file /oom/policies/${file##*/} $file 644 0 0"
		done
	} >"$list"
	"$OBJ/usr/gen_init_cpio" "$list" | gzip -1 >"$DIR/initramfs.new"
	mv "$DIR/initramfs.new" "$DIR/initramfs"
}

# guest_build BASE - all stages up to a guest that can be booted.
guest_build() {
	local version needs
	STAGES=6
	[ "$ARCH" = x86 ] || STAGES=7
	lock_build
	mapfile -t needs < <(kernel_needs)
	need "${needs[@]}" "${GUEST_NEEDS[@]}"
	# The stages run in subshells: what this one finds out is found again.
	stage "$EX_BASE" "fetching base $1" base_open "$1"
	base_open "$1"
	kernel_paths
	version=${BASE_VERSION%%-*}
	stage "$EX_BASE" "laying out $version with the series" kernel_sources "$1"
	stage "$EX_BUILD" "configuring $version" kernel_flavour
	stage "$EX_BUILD" "building $version" kernel_image
	if [ "$ARCH" != x86 ]; then
		stage "$EX_BUILD" "fetching libraries for $ARCH" guest_sysroot
		guest_sysroot
	fi
	stage "$EX_BUILD" "building tests and policies" progs_build
	stage "$EX_BUILD" "building the initramfs" initramfs_build
}
