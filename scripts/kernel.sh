# shellcheck shell=bash
# Builds the kernel of one base, in build/BASE. Each function is one stage of run-vm.sh.
# To be sourced.

# shellcheck disable=SC2034  # the lists are for those who source this
# shellcheck source=scripts/base.sh
. "$(dirname "${BASH_SOURCE[0]}")/base.sh"

# Files that the stages need, and Debian's packages that have them.
KERNEL_NEEDS=(gcc=gcc /usr/include/stdio.h=libc6-dev make=make bc=bc bison=bison flex=flex xz=xz-utils perl=perl
	/usr/include/libelf.h=libelf-dev /usr/include/openssl/ssl.h=libssl-dev pahole=pahole
	ccache=ccache git=git dpkg-deb=dpkg cmp=diffutils python3=python3)

# These, beside them, make packages of it.
PACKAGE_NEEDS=(dpkg-buildpackage=dpkg-dev dh=debhelper rsync=rsync cpio=cpio /sbin/depmod=kmod)

# The kernel that is built: "" by gcc, as most tests want it; "debug" with checks of memory,
# locks and objects; "llvm" by clang and lld, with thin LTO and kCFI.
FLAVOUR=''
# The newest clang of Debian 12 that both bases take.
LLVM_SUFFIX=-19

# The machine it is for, as the kernel's own make calls it, and its image there.
ARCH=x86 BOOT_IMAGE=bzImage CROSS_COMPILE=''

# kernel_paths - where the open base is built: sets SOURCES, LINUX, DIR, OBJ and PROGS.
kernel_paths() {
	SOURCES=$BUILD/$BASE_NAME LINUX=$BUILD/$BASE_NAME/linux
	DIR=$BUILD/$BASE_NAME${FLAVOUR:+-$FLAVOUR}
	[ "$ARCH" = x86 ] || DIR+=-$ARCH
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

# kernel_put TREE SERIES REVISION - TREE as of a revision of the series. It may share its
# files with another tree, hence new inodes.
kernel_put() {
	local file
	git -C "$2" diff --name-only base series | while read -r file; do
		if git -C "$2" cat-file -e "$3:$file" 2>/dev/null; then
			git -C "$2" show "$3:$file" | cmp -s - "$1/$file" || {
				make_dirs "$(dirname "$1/$file")"
				git -C "$2" show "$3:$file" >"$1/.new"
				mv "$1/.new" "$1/$file"
			}
		else
			rm -f "$1/$file"
		fi
	done
}

kmake() {
	local compiler=(CC="ccache ${CROSS_COMPILE}gcc")
	[ "$FLAVOUR" != llvm ] || compiler=(LLVM="$LLVM_SUFFIX" CC="ccache clang$LLVM_SUFFIX")
	make -C "$LINUX" O="$OBJ" "${compiler[@]}" KBUILD_BUILD_TIMESTAMP=1970-01-01 KBUILD_BUILD_VERSION=1 \
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
	local configs=("$ROOT"/vm/configs/{vm,"$ARCH",debug}.config)
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
	kmake "$BOOT_IMAGE"
}

# kernel_package DIR [PROFILE...] - the kernel as Debian packages, in DIR: made again where
# the image is newer. PROFILEs say what is left out: nokernelheaders, nokerneldbg.
kernel_package() {
	local dir=$1 deb
	shift
	kernel_image
	# DIR may have those of another base.
	for deb in "$dir/linux-image-$(<"$OBJ/include/config/kernel.release")"_*.deb; do
		[ ! "$deb" -nt "$OBJ/arch/$ARCH/boot/$BOOT_IMAGE" ] || return 0
	done
	make_dirs "$dir"
	rm -f "$dir"/linux-*.deb "$OBJ"/../linux-*.deb
	# They ask for more than the build needs, which was looked for before.
	DEB_BUILD_PROFILES="${*/#/pkg.linux-upstream.}" KDEB_CHANGELOG_DIST=unstable \
		KDEB_PKGVERSION="${BASE_VERSION%%-*}-1" kmake DPKG_FLAGS=-d bindeb-pkg
	mv "$OBJ"/../linux-*.deb "$dir"
}
