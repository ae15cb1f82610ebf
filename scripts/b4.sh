# shellcheck shell=bash
# The series as b4 sees it. To be sourced.

# shellcheck source=scripts/debian-root.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian-root.sh"
# shellcheck source=scripts/style.sh
. "$(dirname "${BASH_SOURCE[0]}")/style.sh"

SERIES=$BUILD/series

# b4_own - b4 with "prep --check" on PYTHONPATH. Debian 12's has none; that of Debian 13, in
# Python alone, runs with its libraries.
b4_own() {
	local own=$CACHE/b4 work deb
	! b4 prep --help | grep -q -- --check || return 0
	if [ ! -e "$own" ]; then
		work=$(mktemp -d "$CACHE/part.XXXXXX")
		BASE=b4
		make_dirs "$CACHE/apt/b4/partial" "$CACHE/apt/cache/archives/partial"
		debian_suite "$work" && cp "$work/sources" "$CACHE/apt/b4.list" && apt_own apt-get update &&
			(cd "$work" && apt_own apt-get download b4 python3-patatt) || return "$EX_BASE"
		for deb in "$work"/*.deb; do
			dpkg-deb -x "$deb" "$work/root"
		done
		mv "$work/root" "$own"
		rm -rf "$work"
	fi
	export PYTHONPATH=$own/usr/lib/python3/dist-packages
}

# b4_check BRANCH BELOW [OPTION...] - b4 has no complaint about a posting, enrolled in a
# copy of the series; OPTIONs are for checkpatch.
b4_check() {
	local repo=$RFC/b4-$1 said
	git -c advice.detachedHead=false clone -q "$SERIES" "$repo" -b "$1"
	cd "$repo"
	git branch -q below "$(git -C "$SERIES" rev-parse "$2")"
	git remote remove origin
	git config b4.prep-cover-strategy branch-description
	git config "branch.$1.description" "$(git -C "$SERIES" config "branch.$1.description")"
	git config b4.prep-perpatch-check-cmd \
		"$LINUX/scripts/checkpatch.pl -q --terse --strict --no-summary --mailback --showfile --no-tree ${*:3}"
	b4 prep -e below >/dev/null
	said=$(b4 prep --check 2>&1)
	grep -q '^Success: [1-9][0-9]*, Warning: 0, Error: 0$' <<<"$said" || { say "$said"; return "$EX_FAIL"; }
	cd "$RFC"
	rm -rf "$repo"
}

# b4_checks - of both postings.
b4_checks() {
	b4_own || return
	"$ROOT/scripts/series.sh" layout
	b4_check core base
	b4_check series core --ignore "$STYLE_OF_TESTS"
}
