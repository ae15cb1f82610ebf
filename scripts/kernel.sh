# shellcheck shell=bash
# Builds what a guest boots: kernel, tests and initramfs of one base, all in
# build/BASE. Each function is one stage of run-vm.sh. To be sourced.

# shellcheck disable=SC2034  # the lists are for those who source this
# shellcheck source=scripts/base.sh
. "$(dirname "${BASH_SOURCE[0]}")/base.sh"

# Files that the stages need, and Debian's packages that have them.
KERNEL_NEEDS=(gcc=gcc /usr/include/stdio.h=libc6-dev make=make bc=bc bison=bison flex=flex xz=xz-utils perl=perl
	/usr/include/libelf.h=libelf-dev /usr/include/openssl/ssl.h=libssl-dev pahole=pahole
	ccache=ccache git=git dpkg-deb=dpkg cmp=diffutils python3=python3)
GUEST_NEEDS=(clang=clang /usr/include/bpf/libbpf.h=libbpf-dev /usr/include/zlib.h=zlib1g-dev
	/usr/include/json-c/json.h=libjson-c-dev
	/usr/include/libsmartcols/libsmartcols.h=libsmartcols-dev /usr/include/systemd/sd-journal.h=libsystemd-dev
	bpftool=bpftool busybox=busybox-static qemu-system-x86_64=qemu-system-x86 pkg-config=pkg-config)

# The kernel that is built: "" by gcc, as most tests want it; "debug" with checks of memory,
# locks and objects; "llvm" by clang and lld, with thin LTO and kCFI.
FLAVOUR=''
# The newest clang of Debian 12 that both bases take.
LLVM_SUFFIX=-19

# kernel_paths - where the open base is built: sets SOURCES, LINUX, DIR, OBJ and PROGS.
kernel_paths() {
	SOURCES=$BUILD/$BASE_NAME LINUX=$BUILD/$BASE_NAME/linux
	DIR=$BUILD/$BASE_NAME${FLAVOUR:+-$FLAVOUR}
	OBJ=$DIR/kernel PROGS=$DIR/progs
}

# kernel_needs - for need.
kernel_needs() {
	printf '%s\n' "${KERNEL_NEEDS[@]}"
	[ "$FLAVOUR" != llvm ] || printf '%s\n' "clang$LLVM_SUFFIX=clang$LLVM_SUFFIX" "ld.lld$LLVM_SUFFIX=lld$LLVM_SUFFIX" "llvm-ar$LLVM_SUFFIX=llvm$LLVM_SUFFIX"
}

# kernel_sources BASE - the patched tree. Only files whose bytes changed are
# written, so that make rebuilds no more than it has to.
kernel_sources() {
	local file
	base_tree "$LINUX"
	"$ROOT/scripts/series.sh" apply "$1" "$SOURCES/series"
	make_dirs "$SOURCES/orig" "$DIR"
	git -C "$SOURCES/series" diff --name-only base series >"$SOURCES/files"
	touch "$LINUX/.patched"
	sort -u "$SOURCES/files" "$LINUX/.patched" | while read -r file; do
		if [ ! -e "$SOURCES/series/$file" ]; then
			# A file that the series no longer has, or no longer edits.
			rm -f "$LINUX/$file"
			[ ! -e "$SOURCES/orig/$file" ] || (cd "$SOURCES/orig" && cp --parents "$file" "$LINUX")
		elif ! cmp -s "$SOURCES/series/$file" "$LINUX/$file"; then
			[ ! -e "$LINUX/$file" ] || [ -e "$SOURCES/orig/$file" ] || grep -qsxF "$file" "$LINUX/.patched" ||
				(cd "$LINUX" && cp --parents "$file" "$SOURCES/orig")
			(cd "$SOURCES/series" && cp --parents "$file" "$LINUX")
		fi
	done
	cp "$SOURCES/files" "$LINUX/.patched"
	# The targets of the links mm/oom_kill.c and include/linux/oom.h.
	[ "$1" != 6.12 ] || [ -e "$BUILD/series" ] || "$ROOT/scripts/series.sh" layout
}

kmake() {
	local compiler=(CC="ccache gcc")
	[ "$FLAVOUR" != llvm ] || compiler=(LLVM="$LLVM_SUFFIX" CC="ccache clang$LLVM_SUFFIX")
	make -C "$LINUX" O="$OBJ" "${compiler[@]}" KBUILD_BUILD_TIMESTAMP=1970-01-01 \
		KBUILD_BUILD_USER=oom KBUILD_BUILD_HOST=vm -j"$(nproc)" "$@"
}

# kernel_config FRAGMENT... - on top of allnoconfig; every line must hold.
kernel_config() {
	local line lost=0
	make_dirs "$OBJ"
	cat "$@" >"$OBJ/wanted"
	kmake KCONFIG_ALLCONFIG="$OBJ/wanted" KCONFIG_CONFIG=.config.new allnoconfig
	while read -r line; do
		case $line in
		CONFIG_*=y) grep -qxF "$line" "$OBJ/.config.new" || { say "not to be had: $line"; lost=1; } ;;
		CONFIG_*=n) ! grep -q "^${line%=n}=" "$OBJ/.config.new" || { say "not to be had: $line"; lost=1; } ;;
		esac
	done <"$OBJ/wanted"
	[ $lost -eq 0 ] || return $EX_BUILD
	cmp -s "$OBJ/.config.new" "$OBJ/.config" || mv "$OBJ/.config.new" "$OBJ/.config"
}

# kernel_flavour - the configuration of the guest's kernel.
kernel_flavour() {
	local configs=("$ROOT/vm/configs/vm.config" "$ROOT/vm/configs/debug.config")
	case $FLAVOUR in
	debug) configs+=("$ROOT/vm/configs/hard.config") ;;
	llvm)
		make_dirs "$DIR"
		sed -nE 's/^config (CFI|CFI_CLANG)$/CONFIG_\1=y/p' "$LINUX/arch/Kconfig" | head -n 1 >"$DIR/cfi.config"
		configs+=("$ROOT/vm/configs/llvm.config" "$DIR/cfi.config")
		;;
	esac
	kernel_config "${configs[@]}"
}

kernel_image() {
	kmake bzImage
}

# bpftool_build - the guest has the bpftool of its own kernel: that of Debian 12
# cannot autoattach.
bpftool_build() {
	make -C "$LINUX/tools/bpf/bpftool" OUTPUT="$PROGS/bpftool/" EXTRA_LDFLAGS=-static \
		feature-llvm=0 feature-libbfd=0 feature-libcap=0 feature-clang-bpf-co-re=0 -j"$(nproc)"
}

# command_build - oom-policy as it is installed, in PROGS/root, and the example of a
# policy, built with the header that was installed.
command_build() {
	local args=(VMLINUX_BTF="$OBJ/vmlinux")
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
	local args=(VMLINUX_BTF="$OBJ/vmlinux" STATIC=1)
	make_dirs "$PROGS/selftests" "$PROGS/policies" "$PROGS/bpf" "$PROGS/demo" "$PROGS/bpftool"
	bpftool_build
	make -C "$LINUX/tools/oom_policy" OUTPUT="$PROGS/policies" "${args[@]}"
	make -C "$LINUX/tools/testing/selftests/oom" OUTPUT="$PROGS/selftests" "${args[@]}"
	command_build
	make -C "$ROOT/tests/command" OUTPUT="$PROGS/selftests" SELFTESTS="$LINUX/tools/testing/selftests/oom" \
		POLICIES="$LINUX/tools/oom_policy" "${args[@]}"
	make -C "$ROOT/tests/stress" OUTPUT="$PROGS/selftests" SELFTESTS="$LINUX/tools/testing/selftests/oom" \
		POLICIES="$LINUX/tools/oom_policy" "${args[@]}"
	make -C "$ROOT/tests/bpf" OUTPUT="$PROGS/bpf" KERNEL="$LINUX" VMLINUX_BTF="$OBJ/vmlinux"
	make -C "$ROOT/vm/demo" OUTPUT="$PROGS/demo" SELFTESTS="$LINUX/tools/testing/selftests/oom" "${args[@]}"
}

# initramfs_common - the lines that every guest's initramfs has.
initramfs_common() {
	local dir file libs
	mapfile -t libs < <(ldd "$PROGS/root/sbin/oom-policy" | awk '/\// { print $(NF - 1) }')
	for dir in bin dev proc sys tmp oom oom/policies oom/example lib lib/oom-policy; do
		echo "dir /$dir 755 0 0"
	done
	dirname "${libs[@]}" | sort -u | awk '$1 != "/lib" { print "dir", $1, "755 0 0" }'
	for file in "${libs[@]}"; do
		echo "file $file $file 755 0 0"
	done
	for file in "$PROGS"/root/lib/oom-policy/*.bpf.o; do
		echo "file /lib/oom-policy/${file##*/} $file 644 0 0"
	done
	echo "file /oom/example/most_threads.bpf.o $PROGS/example/most_threads.bpf.o 644 0 0"
	echo "nod /dev/console 600 0 0 c 5 1"
	echo "file /init $ROOT/vm/init 755 0 0"
	echo "file /bin/busybox $(command -v busybox) 755 0 0"
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
