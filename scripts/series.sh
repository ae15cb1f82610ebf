#!/usr/bin/env bash
# The series as commits, as mail and as files: one truth in three forms.
#
#   series.sh layout [--force]   patches/ -> build/series, a git repository that
#                                holds the touched upstream files of base 6.12
#                                and the series as commits on top
#   series.sh export             build/series -> patches/ and the new files
#   series.sh fold               edits made to the new files at the top of this
#                                repository -> fixed-up commits, then export
#   series.sh add FILE...        one more upstream file to edit in build/series
#   series.sh apply BASE DIR     the series as commits on another base, in DIR
#   series.sh check              fails where patches/, files or bases disagree
#
# Exit status: 0, 1 they disagree, 2 usage, 4 base missing or does not apply.
set -euo pipefail
# shellcheck source=scripts/base.sh
. "$(dirname "$0")/base.sh"

PREFIX="PATCH bpf-next v3"
SERIES=$BUILD/series
CLEAN=()
trap 'rm -rf "${CLEAN[@]}"' EXIT
# Kernel path, and where the same bytes stand in this repository.
FILES=(kernel/bpf/oom_kfuncs.c=kernel/bpf/oom_kfuncs.c
	Documentation/bpf/oom.rst=Documentation/bpf/oom.rst
	tools/testing/selftests/oom=selftests
	tools/oom_policy=policies)

# Who the series is from and signed off by, whoever works on it.
git_in() {
	git -c user.name="OOM policy maintainers" -c user.email=maintainers@oom-policy.example \
		-c commit.gpgsign=false -C "$@"
}

patches() { find "${1:-$ROOT/patches}" -name '0*.patch' ! -name '0000-*' | sort; }

# The upstream files that the series edits, read from the mail.
touched() {
	awk '/^--- / { old = $2 } /^[+][+][+] b\// { f = substr($2, 3)
		if (old == "/dev/null") made[f]; else if (!(f in made)) print f }' "$@" </dev/null | sort -u
}

# new_repo DIR BASE FILE... - a repository with the named files of BASE.
new_repo() {
	local dir=$1
	rm -rf "$dir"
	make_dirs "$dir"
	base_open "$2"
	base_files "$dir" "${@:3}"
	git -c init.defaultBranch=series init -q "$dir"
	git_in "$dir" add -A
	git_in "$dir" commit -q -m "base $BASE_VERSION"
	git_in "$dir" tag base
}

apply() {
	local log mails
	make_dirs "$BUILD"
	mapfile -t mails < <(patches)
	# shellcheck disable=SC2046  # kernel paths have no blanks
	new_repo "$2" "$1" $(touched "${mails[@]}")
	log=$(git_in "$2" am -q --keep-non-patch "${mails[@]}" 2>&1) || {
		say "$log"
		die $EX_BASE "the series does not apply to base $1 ($BASE_VERSION)"
	}
	# Whitespace errors are reported by checkpatch, in its own words.
	[ -z "$log" ] || say "$log"
}

cover_text() {
	awk '/^$/ { exit } /^[^ ]/ { on = /^Subject: / } on { sub(/^Subject: \[[^]]*\] /, ""); printf "%s", $0 }' "$1"
	printf '\n\n'
	# Up to the list of the patches, which git makes.
	sed '1,/^$/d; /^[^ ].* ([0-9]*):$/,$d' "$1"
}

layout() {
	if [ -d "$SERIES/.git" ] && [ "${1:-}" != --force ]; then
		[ "$(git_in "$SERIES" status --porcelain; git_in "$SERIES" rev-parse HEAD)" = \
			"$(git_in "$SERIES" rev-parse -q --verify exported)" ] ||
			die $EX_FAIL "build/series holds work that was not exported; see there, or use --force"
	fi
	apply 6.12 "$SERIES"
	git_in "$SERIES" config branch.series.description "$(cover_text "$ROOT/patches/0000-cover-letter.patch")"
	git_in "$SERIES" tag -f exported >/dev/null
}

# mail DIR CONTEXT - the series as mail, with so many lines of context.
mail() {
	local who
	who=$(git_in "$SERIES" log -1 --format='GIT_COMMITTER_NAME=%an%nGIT_COMMITTER_EMAIL=%ae%nGIT_COMMITTER_DATE=%ad')
	mapfile -t who <<<"$who"
	env "${who[@]}" git -C "$SERIES" -c diff.renames=false format-patch -q -n "-U$2" --zero-commit --no-signature \
		--full-index --cover-letter --cover-from-description=subject --subject-prefix="$PREFIX" -o "$1" base..series
}

# export_to DIR - patches and files below DIR. A patch quotes three lines of
# context, or as many fewer as every base shares: told by applying it to newest.
export_to() {
	local out=$1 tmp n patch pair
	tmp=$(mktemp -d "$BUILD/export.XXXXXX")
	CLEAN+=("$tmp")
	for n in 3 2 1; do
		mail "$tmp/$n" $n
	done
	# shellcheck disable=SC2046
	new_repo "$tmp/newest" newest $(touched "$tmp"/3/*.patch)
	make_dirs "$out" "$tmp/patches"
	cp "$tmp/3/0000-cover-letter.patch" "$tmp/patches"
	patches "$tmp/3" | while read -r patch; do
		patch=${patch##*/}
		for n in 3 2 1 0; do
			[ $n -gt 0 ] || die $EX_BASE "$patch does not apply to newest ($BASE_VERSION)"
			git_in "$tmp/newest" am -q "$tmp/$n/$patch" >/dev/null 2>&1 && break
			git_in "$tmp/newest" am --abort
		done
		cp "$tmp/$n/$patch" "$tmp/patches"
	done
	rm -rf "$out/patches"
	mv "$tmp/patches" "$out/patches"
	for pair in "${FILES[@]}"; do
		[ -e "$SERIES/${pair%%=*}" ] || continue
		make_dirs "$(dirname "$out/${pair#*=}")"
		rm -rf "${out:?}/${pair#*=}"
		git_in "$SERIES" archive series "${pair%%=*}" | tar -x -C "$tmp"
		cp -r "$tmp/${pair%%=*}" "$out/${pair#*=}"
	done
}

export_series() {
	[ -z "$(git_in "$SERIES" status --porcelain)" ] || die $EX_FAIL "build/series has changes that are not committed"
	export_to "$ROOT"
	git_in "$SERIES" tag -f exported >/dev/null
}

# fold - each file edited at the top goes into the last commit that touched it.
fold() {
	local pair path commit
	for pair in "${FILES[@]}"; do
		[ -e "$ROOT/${pair#*=}" ] || continue
		rm -rf "${SERIES:?}/${pair%%=*}"
		make_dirs "$(dirname "$SERIES/${pair%%=*}")"
		cp -r "$ROOT/${pair#*=}" "$SERIES/${pair%%=*}"
	done
	git_in "$SERIES" add -A
	git_in "$SERIES" diff --cached --name-only | while read -r path; do
		# A new file joins the last commit that touched its folder.
		commit=$(git_in "$SERIES" log -1 --format=%H base..series -- "$path")
		[ -n "$commit" ] || commit=$(git_in "$SERIES" log -1 --format=%H base..series -- "${path%/*}")
		[ -n "$commit" ] || die $EX_FAIL "$path belongs to no commit: commit it in build/series"
		git_in "$SERIES" commit -q --fixup="$commit" -- "$path"
	done
	GIT_SEQUENCE_EDITOR=: git_in "$SERIES" rebase -q -i --autosquash base
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
		diff -r "$ROOT/${pair#*=}" "$tmp/out/${pair#*=}" || bad=1
	done
	[ $bad -eq 0 ] || die $EX_FAIL "patches/ and the files disagree: series.sh fold takes the files, series.sh layout and export the patches"
}

# add FILE... - take more upstream files into build/series, below the series.
add() {
	local old
	old=$(git_in "$SERIES" rev-parse base)
	git_in "$SERIES" checkout -q --detach base
	base_open 6.12
	base_files "$SERIES" "$@"
	git_in "$SERIES" add -A
	git_in "$SERIES" commit -q --amend --no-edit
	git_in "$SERIES" tag -f base >/dev/null
	git_in "$SERIES" rebase -q --onto base "$old" series
}

case ${1:-} in
layout) layout "${2:-}" ;;
export) export_series ;;
fold) fold ;;
add) [ $# -ge 2 ] || die $EX_USAGE "add FILE..."; add "${@:2}" ;;
apply) [ $# -eq 3 ] || die $EX_USAGE "apply BASE DIR"; apply "$2" "$3" ;;
check) check ;;
*) sed -n '2,/^set/ { /^#/ s/^# \{0,1\}//p; }' "$0"; exit $EX_USAGE ;;
esac
