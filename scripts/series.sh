#!/usr/bin/env bash
# The series as commits, as mail and as files: one truth in three forms.
#
#   series.sh layout [--force]   patches/ -> build/series, a git repository that
#                                holds the touched upstream files of base newest
#                                and the series as commits on top
#   series.sh export             build/series -> patches/ and the new files
#   series.sh fold               edits made to the new files at the top of this
#                                repository -> fixed-up commits, then export
#   series.sh add FILE...        one more upstream file to edit in build/series
#   series.sh list BASE          the patch files for a base, in order
#   series.sh apply BASE DIR     the series as commits on a base, in DIR
#   series.sh overlay DIR N      commit N of DIR, from 1 -> the overlay of that base
#   series.sh check              fails where patches/, files or bases disagree
#
# There are two postings: the hook in patches/, and in patches/tools/ policies
# and selftests, which need the first. A patch that does not apply to an older
# base has an overlay of the same name in patches/VERSION/.
#
# Exit status: 0, 1 they disagree, 2 usage, 4 base missing or does not apply.
set -euo pipefail
# shellcheck source=scripts/patches.sh
. "$(dirname "$0")/patches.sh"

layout() {
	if [ -d "$SERIES/.git" ] && [ "${1:-}" != --force ]; then
		[ "$(git_in "$SERIES" status --porcelain; git_in "$SERIES" rev-parse HEAD)" = \
			"$(git_in "$SERIES" rev-parse -q --verify exported)" ] ||
			die $EX_FAIL "build/series holds work that was not exported; see there, or use --force"
	fi
	apply newest "$SERIES"
	git_in "$SERIES" config branch.core.description "$(cover_text "$ROOT/patches/0000-cover-letter.patch")"
	git_in "$SERIES" config branch.series.description "$(cover_text "$ROOT/patches/tools/0000-cover-letter.patch")"
	git_in "$SERIES" tag -f exported >/dev/null
}

export_series() {
	[ -z "$(git_in "$SERIES" status --porcelain)" ] || die $EX_FAIL "build/series has changes that are not committed"
	export_to "$ROOT"
	git_in "$SERIES" tag -f exported >/dev/null
}

# fold - each file edited at the top goes into the last commit that touched it.
fold() {
	local pair path above commit
	for pair in "${FILES[@]}"; do
		[ -e "$ROOT/${pair#*=}" ] || continue
		rm -rf "${SERIES:?}/${pair%%=*}"
		make_dirs "$(dirname "$SERIES/${pair%%=*}")"
		cp -r "$ROOT/${pair#*=}" "$SERIES/${pair%%=*}"
		rm -rf "${SERIES:?}/${pair%%=*}/$UNMAILED"
	done
	git_in "$SERIES" add -A
	git_in "$SERIES" diff --cached --name-only --no-renames | while read -r path; do
		# A new file joins the last commit that touched its folder, or one above that.
		above=$path/
		until commit=$(git_in "$SERIES" log -1 --format=%H base..series -- "${above%/*}") && [ -n "$commit" ]; do
			above=${above%/*}
			[[ $above = */* ]] || die $EX_FAIL "$path belongs to no commit: commit it in build/series"
		done
		git_in "$SERIES" commit -q --fixup="$commit" -- "$path"
	done
	GIT_SEQUENCE_EDITOR=: git_in "$SERIES" rebase -q -i --autosquash --update-refs base
	export_series
}

check() {
	local tmp bad=0 pair
	make_dirs "$BUILD"
	tmp=$(mktemp -d "$BUILD/check.XXXXXX")
	CLEAN+=("$tmp")
	SERIES=$tmp/series
	layout
	export_to "$tmp/out"
	for pair in patches=patches "${FILES[@]}"; do
		diff -r -x $UNMAILED "$ROOT/${pair#*=}" "$tmp/out/${pair#*=}" || bad=1
	done
	[ $bad -eq 0 ] || die $EX_FAIL "patches/ and the files disagree: series.sh fold takes the files, series.sh layout and export the patches"
	apply 6.12 "$tmp/old"
	for pair in "${FILES[@]}"; do
		diff -r -x $UNMAILED "$ROOT/${pair#*=}" "$tmp/old/${pair%%=*}" || die $EX_FAIL "the bases disagree on ${pair#*=}"
	done
	check_overlays "$ROOT/patches"
}

# add FILE... - take more upstream files into build/series, below the series.
add() {
	local old
	old=$(git_in "$SERIES" rev-parse base)
	git_in "$SERIES" checkout -q --detach base
	base_open newest
	base_files "$SERIES" "$@"
	git_in "$SERIES" add -A
	git_in "$SERIES" commit -q --amend --no-edit
	git_in "$SERIES" tag -f base >/dev/null
	git_in "$SERIES" rebase -q --update-refs --onto base "$old" series
}

# overlay DIR N - of a repository that "apply" has made and that was edited.
overlay() {
	local dir=$1 commit folder name tmp
	commit=$(git_in "$dir" rev-list --reverse base..series | sed -n "$2p")
	[ -n "$commit" ] || die $EX_USAGE "overlay: $dir has no commit $2"
	folder=$ROOT/patches/$(git_in "$dir" log -1 --format=%s base | sed -E 's/^base ([0-9]+\.[0-9]+).*/\1/')
	name=$(patches "$ROOT/patches" | sed -n "$2p")
	name=${name#"$ROOT/patches/"}
	tmp=$(mktemp -d "$BUILD/overlay.XXXXXX")
	CLEAN+=("$tmp")
	mail "$dir" "$tmp" --start-number="$(sed -E 's,^(.*/)?0*([0-9]+)-.*,\2,' <<<"$name")" -1 "$commit"
	make_dirs "$(dirname "$folder/$name")"
	cp "$tmp"/*.patch "$folder/$name"
}

case ${1:-} in
layout) layout "${2:-}" ;;
export) export_series ;;
fold) fold ;;
add) [ $# -ge 2 ] || die $EX_USAGE "add FILE..."; add "${@:2}" ;;
list) [ $# -eq 2 ] || die $EX_USAGE "list BASE"; base_open "$2"; patches "$ROOT/patches" "$(version)" ;;
apply) [ $# -eq 3 ] || die $EX_USAGE "apply BASE DIR"; apply "$2" "$3" ;;
overlay) [ $# -eq 3 ] || die $EX_USAGE "overlay DIR N"; overlay "$2" "$3" ;;
check) check ;;
*) sed -n '2,/^set/ { /^#/ s/^# \{0,1\}//p; }' "$0"; exit $EX_USAGE ;;
esac
