# shellcheck shell=bash
# Bases: the kernel sources that the series is put on. To be sourced.
#
# A base is "6.12" (Debian's linux-source-6.12, from the suites that this
# machine uses), "newest" (the newest linux-source of Debian's backports and
# unstable suites) or the path of a kernel tree. The package lists and the
# downloads are our own, in the cache: the machine's apt is left alone.

# shellcheck disable=SC2034  # what base_open sets is for those who source this
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# suites NAME - lines for a sources.list, from the mirrors that apt knows here.
suites() {
	local codename key='' mirror
	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] &&
		key='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] '
	# shellcheck disable=SC2016  # apt's own variables
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		sort -u | awk -v key="$key" -v name="$codename" \
		'($2 == name || index($2, name "-") == 1) && $3 == "main" { print "deb " key $1, $2, $3 }' >"$CACHE/apt/here"
	[ -s "$CACHE/apt/here" ] || die $EX_BASE "apt knows no Debian mirror here; give a kernel tree: --base DIR"
	if [ "$1" = newest ]; then
		mirror=$(awk -v name="$codename" '$(NF - 1) == name { print $(NF - 2); exit }' "$CACHE/apt/here")
		printf "deb $key$mirror %s main\n" "$codename-backports" stable-backports unstable
	else
		cat "$CACHE/apt/here"
	fi
}

# apt_own COMMAND... - apt-get or apt-cache with lists of our own.
apt_own() {
	local tool=$1
	shift
	"$tool" -q -o Dir::Etc::sourcelist="$CACHE/apt/$BASE.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State::Lists="$CACHE/apt/$BASE" -o Dir::Cache="$CACHE/apt/cache" \
		-o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=1 -o Acquire::Retries=2 "$@"
}

# newest_package - "package version" of the highest linux-source on offer that
# BASE allows. Backports rank low in apt's own choice, so all are looked at.
newest_package() {
	local pattern='^linux-source-[0-9.]+$'
	[ "$BASE" = newest ] || pattern="^linux-source-${BASE//./\\.}$"
	apt_own apt-cache pkgnames linux-source- | { grep -E "$pattern" || true; } |
		while read -r package; do apt_own apt-cache madison "$package"; done |
		awk '{ print $1, $3 }' | sort -V -k2,2 | tail -n 1
}

# update - our own package lists. Mirrors may serve what an alias such as
# "unstable" means later than the same suite by its codename: both are read.
update() {
	local list=$CACHE/apt/$BASE.list
	suites "$BASE" >"$list"
	apt_own apt-get update >&2 || return
	[ "$BASE" = newest ] || return 0
	sed -n 's/^Codename: //p' "$CACHE/apt/$BASE"/*InRelease | sort -u >"$CACHE/apt/codenames"
	awk 'NR == FNR { name[++n] = $1; next } { $(NF - 1) = name[++i]; if (i <= n) print }' \
		"$CACHE/apt/codenames" "$list" >"$list.more"
	cat "$list.more" >>"$list"
	sort -u -o "$list" "$list"
	apt_own apt-get update >&2
}

# resolve - which package BASE means today; asked of the mirror once a day.
resolve() {
	local memo=$CACHE/apt/$BASE.is found
	make_dirs "$CACHE/apt/$BASE/partial" "$CACHE/apt/cache/archives/partial" "$CACHE/src"
	if [ -z "$(find "$memo" -mmin -1440 2>/dev/null)" ]; then
		if update && found=$(newest_package) && [ -n "$found" ]; then
			echo "$found" >"$memo"
		elif [ -s "$memo" ]; then
			say "The mirror does not answer: going on with what was fetched before."
		else
			die $EX_BASE "base $BASE: the mirror does not answer, or has no linux-source for it"
		fi
	fi
	cat "$memo"
}

# fetch PACKAGE VERSION FILE - the tar.xz out of the package. apt checks the
# signature; a download cut short goes on where it stopped.
fetch() {
	local part=$CACHE/src/.$1_$2
	make_dirs "$part"
	(cd "$part" && apt_own apt-get download "$1=$2" >&2) ||
		die $EX_BASE "base $BASE: could not download $1 $2"
	dpkg-deb --fsys-tarfile "$part"/*.deb | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' >"$part/tar" ||
		die $EX_BASE "base $BASE: $1 $2 could not be unpacked (is the disk full?)"
	mv "$part/tar" "$3"
	rm -rf "$part"
}

# base_open BASE - sets BASE, BASE_NAME (a file name for it), BASE_VERSION and
# BASE_TAR (packaged) or BASE_DIR (a tree).
base_open() {
	local what
	BASE=$1 BASE_TAR='' BASE_DIR=''
	case $BASE in
	newest | [0-9]*.[0-9]*)
		what=$(resolve) || exit $EX_BASE
		BASE_NAME=$BASE BASE_PREFIX=${what% *} BASE_VERSION=${what#* }
		BASE_TAR=$CACHE/src/${what% *}_$BASE_VERSION.tar.xz
		[ -s "$BASE_TAR" ] || fetch "${what% *}" "$BASE_VERSION" "$BASE_TAR"
		;;
	*)
		[ -f "$BASE/mm/oom_kill.c" ] ||
			die $EX_BASE "base $BASE: neither 6.12, newest nor a kernel tree"
		need rsync=rsync
		BASE_DIR=$(cd "$BASE" && pwd -P)
		BASE_NAME=tree-$(printf '%s' "$BASE_DIR" | cksum | cut -d' ' -f1)
		BASE_VERSION=$(make -s -C "$BASE_DIR" kernelversion)
		;;
	esac
}

# base_tree DIR - the whole tree of the open base, pristine, in DIR.
base_tree() {
	if [ -n "$BASE_DIR" ]; then
		# As it is now; but for the files that the series has put there.
		make_dirs "$1"
		touch "$1/.patched"
		sed 's|^|/|' "$1/.patched" | rsync -a --delete --exclude-from=- --exclude=/.git --exclude=/.patched \
			"$BASE_DIR/" "$1/"
		make -s -C "$1" mrproper
		return
	fi
	[ -e "$1/.complete-$BASE_VERSION" ] && return
	rm -rf "$1"
	make_dirs "$1"
	tar -xf "$BASE_TAR" -C "$1" --strip-components=1
	touch "$1/.complete-$BASE_VERSION"
}

# base_files DIR FILE... - the named files of the open base, pristine, in DIR.
# A small copy in the cache spares reading the whole archive again.
base_files() {
	local dir=$1 store=$CACHE/src/files-$BASE_VERSION file missing=()
	shift
	if [ -n "$BASE_DIR" ]; then
		(cd "$BASE_DIR" && cp --parents -- "$@" "$dir")
		return
	fi
	make_dirs "$store"
	for file; do
		[ -e "$store/$file" ] || missing+=("$file")
	done
	if [ ${#missing[@]} -gt 0 ]; then
		make_dirs "$store.part"
		tar -xf "$BASE_TAR" -C "$store.part" --strip-components=1 "${missing[@]/#/$BASE_PREFIX/}" ||
			die $EX_BASE "base $BASE: not in its sources: ${missing[*]}"
		cp -a "$store.part/." "$store/"
		rm -rf "$store.part"
	fi
	(cd "$store" && cp --parents -- "$@" "$dir")
}
