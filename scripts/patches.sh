# shellcheck shell=bash
# The series: patches/ -> commits on a base, and commits -> patches/ and files. To be
# sourced.

# shellcheck source=scripts/base.sh
. "$(dirname "${BASH_SOURCE[0]}")/base.sh"

PREFIX="RFC PATCH bpf-next"
SERIES=$BUILD/series
# At most so many patches may need an overlay for one base.
MAX_OVERLAYS=3
CLEAN=()
trap 'rm -rf "${CLEAN[@]}"' EXIT
# Kernel path, and where the same bytes stand in this repository.
FILES=(mm/oom_policy.c=mm/oom_policy.c
	kernel/bpf/oom_kfuncs.c=kernel/bpf/oom_kfuncs.c
	Documentation/bpf/oom.rst=Documentation/bpf/oom.rst
	tools/testing/selftests/bpf/prog_tests/oom_policy.c=tests/bpf/prog_tests/oom_policy.c
	tools/testing/selftests/bpf/progs/oom_policy.c=tests/bpf/progs/oom_policy.c
	tools/testing/selftests/oom=selftests
	tools/oom_policy=policies)
# A folder in one of these that is not mailed.
UNMAILED=extra

# Author and sign-off of the series are fixed, so that its bytes do not depend on the user.
git_in() {
	git -c user.name="OOM policy maintainers" -c user.email=maintainers@oom-policy.example \
		-c commit.gpgsign=false -C "$@"
}

# patches DIR [VERSION] - both postings in order, with the overlays of a version.
patches() {
	local dir=$1 overlays=$1/${2:-none} patch
	find "$dir" "$dir/tools" -maxdepth 1 -name '0*.patch' ! -name '0000-*' | sort |
		awk -F/ '{ print (/\/tools\//), $0 }' | sort -s -k1,1n | cut -d' ' -f2- |
		while read -r patch; do
			[ ! -e "$overlays/${patch#"$dir/"}" ] || patch=$overlays/${patch#"$dir/"}
			echo "$patch"
		done
}

# version - of the open base, as the folders of overlays are called: 6.12
version() { sed -E 's/^([0-9]+\.[0-9]+).*/\1/' <<<"$BASE_VERSION"; }

# The upstream files that the series edits, read from the mail.
touched() {
	awk '/^--- / { old = $2 } /^[+][+][+] b\// { f = substr($2, 3)
		if (old == "/dev/null") made[f]; else if (!(f in made)) print f }' "$@" </dev/null | sort -u
}

# new_repo DIR FILE... - a repository with the named files of the open base.
new_repo() {
	local dir=$1
	rm -rf "$dir"
	make_dirs "$dir"
	base_files "$dir" "${@:2}"
	git -c init.defaultBranch=series init -q "$dir"
	git_in "$dir" add -A
	git_in "$dir" commit -q -m "base $BASE_VERSION"
	git_in "$dir" tag base
}

# apply BASE DIR [PATCHES] - branch core is the first posting, series is both.
apply() {
	local log mails core from=${3:-$ROOT/patches}
	make_dirs "$BUILD"
	base_open "$1"
	mapfile -t mails < <(patches "$from" "$(version)")
	mapfile -t core < <(printf '%s\n' "${mails[@]}" | grep -v /tools/)
	# shellcheck disable=SC2046  # kernel paths have no blanks
	new_repo "$2" $(touched "${mails[@]}")
	log=$(git_in "$2" am -q --keep-non-patch "${mails[@]}" 2>&1) || {
		say "$log"
		die "$EX_BASE" "the series does not apply to base $1 ($BASE_VERSION)"
	}
	git_in "$2" branch -f core "series~$((${#mails[@]} - ${#core[@]}))"
	# Whitespace errors are reported by checkpatch, in its own words.
	[ -z "$log" ] || say "$log"
}

# mail REPO DIR ARGS... - commits as mail.
mail() {
	local who repo=$1
	who=$(git_in "$repo" log -1 --format='GIT_COMMITTER_NAME=%an%nGIT_COMMITTER_EMAIL=%ae%nGIT_COMMITTER_DATE=%ad')
	mapfile -t who <<<"$who"
	env "${who[@]}" git -C "$repo" -c diff.renames=false format-patch -q -n --zero-commit --no-signature \
		--full-index --subject-prefix="$PREFIX" -o "$2" "${@:3}"
}

cover_text() {
	awk '/^$/ { exit } /^[^ ]/ { on = /^Subject: / } on { sub(/^Subject: \[[^]]*\] /, ""); printf "%s", $0 }' "$1"
	printf '\n\n'
	# Up to the list of the patches, which git makes.
	sed '1,/^$/d; /^[^ ].* ([0-9]*):$/,$d' "$1"
}

# check_overlays DIR - no overlay that its base does not need, and few of them.
check_overlays() {
	local dir=$1 overlay folder repo name number
	for folder in "$dir"/[0-9]*.[0-9]*/; do
		[ -d "$folder" ] || continue
		[ "$(find "$folder" -name '*.patch' | wc -l)" -le $MAX_OVERLAYS ] ||
			die "$EX_FAIL" "more than $MAX_OVERLAYS overlays in ${folder#"$dir/"}"
		repo=$(mktemp -d "$BUILD/overlay.XXXXXX")
		CLEAN+=("$repo")
		apply "$(basename "$folder")" "$repo/git" "$dir"
		while read -r overlay; do
			name=${overlay#"$folder"}
			[ -e "$dir/$name" ] || die "$EX_FAIL" "${overlay#"$dir/"} is the overlay of no patch"
			number=$(patches "$dir" | grep -nxF "$dir/$name" | cut -d: -f1)
			git_in "$repo/git" checkout -q --detach "series~$(($(git_in "$repo/git" rev-list --count base..series) - number + 1))"
			! git_in "$repo/git" apply --check "$dir/$name" 2>/dev/null ||
				die "$EX_FAIL" "${overlay#"$dir/"} is not needed: the patch applies as it is"
			git_in "$repo/git" checkout -q series
		done < <(find "$folder" -name '*.patch')
	done
}

# export_to DIR - patches and files below DIR; the overlays are taken as they are.
export_to() {
	local out=$1 tmp pair
	tmp=$(mktemp -d "$BUILD/export.XXXXXX")
	CLEAN+=("$tmp")
	make_dirs "$out" "$tmp/patches"
	mail "$SERIES" "$tmp/patches" --cover-letter --cover-from-description=subject base..core
	mail "$SERIES" "$tmp/patches/tools" --cover-letter --cover-from-description=subject core..series
	for pair in "$ROOT"/patches/[0-9]*.[0-9]*/; do
		[ ! -d "$pair" ] || cp -r "$pair" "$tmp/patches"
	done
	rm -rf "$out/patches"
	mv "$tmp/patches" "$out/patches"
	for pair in "${FILES[@]}"; do
		git_in "$SERIES" cat-file -e "series:${pair%%=*}" 2>/dev/null || continue
		git_in "$SERIES" archive series "${pair%%=*}" | tar -x -C "$tmp"
		if [ -d "$tmp/${pair%%=*}" ]; then
			make_dirs "$out/${pair#*=}"
			find "$out/${pair#*=}" -mindepth 1 -maxdepth 1 ! -name $UNMAILED -exec rm -rf {} +
			cp -r "$tmp/${pair%%=*}/." "$out/${pair#*=}"
		else
			make_dirs "$(dirname "$out/${pair#*=}")"
			cp "$tmp/${pair%%=*}" "$out/${pair#*=}"
		fi
	done
}
