#!/usr/bin/env bash
# Takes a rule out of the kernel, or of a policy, and looks whether its tests notice.
#
#   mutants.sh [NAME...]     all of tests/mutants, or those named, on base 6.12
#   mutants.sh --check       only whether each still applies; seconds
#
# A file of tests/mutants has shell patterns of tests, one a line, and below them a diff
# that takes the rule out, of the kernel tree or of this repository. Each of the patterns
# has to have a test that fails then, or the test proves nothing.
#
# Exit status: 0 every mutant was noticed, 1 not so, others as of run-vm.sh.
set -euo pipefail
# shellcheck source=scripts/vm.sh
. "$(dirname "$0")/vm.sh"
# shellcheck source=scripts/tests.sh
. "$(dirname "$0")/tests.sh"

MUTANTS=$ROOT/tests/mutants

# mutant_file DIFF - what it changes.
mutant_file() { sed -n 's,^+++ b/,,p' "$1"; }

# mutate DIFF [OPTION] - with -R, back. Without fuzz: it is to fit.
mutate() {
	local diff=$1 tree=$LINUX
	shift
	case $(mutant_file "$diff") in
	oom-policy/* | policies/*) tree=$ROOT ;;
	esac
	patch -d "$tree" -p1 -s -F0 --no-backup-if-mismatch -r - "$@" <"$diff"
}

# mutant_build FILE - builds what it is part of. A policy is tried on an unbroken kernel.
mutant_build() {
	kernel_image
	case $1 in
	tools/* | oom-policy/* | policies/*) progs_build ;;
	esac
}

# unnoticed SAYING - why a mutant has proved nothing.
unnoticed() {
	echo "$1"
	rc=1
}

# mutant_tests NAME PATTERN... - of a mutant that is in place: sets rc where it is not
# noticed. Not to be called in a condition: errexit would be off in all that it builds.
mutant_tests() {
	local name=$1 out hit test pattern built
	shift
	set +e
	(set -e; mutant_build "$(mutant_file "$MUTANTS/$name.diff")"; initramfs_build) >"$BUILD/log/mutant-$name.log" 2>&1
	built=$?
	set -e
	[ $built -eq 0 ] || { unnoticed "does not build: $BUILD/log/mutant-$name.log"; return; }
	out=$(tests_run "$@" 2>&1) || :
	printf '%s\n' "$out" >>"$BUILD/log/mutant-$name.log"
	# A guest that does not come up notices nothing.
	! grep -q 'did not get as far' <<<"$out" || { unnoticed "the guest does not come up"; return; }
	for pattern; do
		hit=''
		while read -r _ _ _ test; do
			# shellcheck disable=SC2053  # the right side is a pattern
			[[ $test != $pattern ]] || hit=$test
		done < <(grep '^not ok' <<<"$out")
		printf '%s ' "${hit:-NOT NOTICED BY $pattern}"
		[ -n "$hit" ] || rc=1
	done
	echo
}

# mutant NAME - put it in place, test, and put back what was there, however this ends.
mutant() {
	local diff=$MUTANTS/$1.diff patterns
	mapfile -t patterns < <(sed '/^--- /,$d' "$diff")
	printf '%-28s ' "$1"
	mutate "$diff"
	# shellcheck disable=SC2064  # this diff
	trap "mutate '$diff' -R" EXIT
	mutant_tests "$1" "${patterns[@]}"
	trap - EXIT
	mutate "$diff" -R
	# The next mutant needs unbroken policies; the kernel is built anew.
	case $(mutant_file "$diff") in
	tools/* | oom-policy/* | policies/*) progs_build >/dev/null 2>&1 ;;
	esac
}

check_all() {
	local name file
	LINUX=$(mktemp -d "$BUILD/mutants.XXXXXX")
	trap 'rm -rf "${LINUX%/series}"' EXIT
	"$ROOT/scripts/series.sh" apply 6.12 "$LINUX/series"
	LINUX+=/series
	base_open 6.12
	for name; do
		file=$(mutant_file "$MUTANTS/$name.diff")
		[ -e "$LINUX/$file" ] || [ -e "$ROOT/$file" ] || base_files "$LINUX" "$file"
		mutate "$MUTANTS/$name.diff" --dry-run || unnoticed "$name does not apply"
	done
}

rc=0
mapfile -t names < <(cd "$MUTANTS" && printf '%s\n' *.diff | sed 's/\.diff$//')
if [ "${1:-}" = --check ]; then
	check_all "${names[@]}"
	exit $rc
fi
[ $# -eq 0 ] || names=("$@")
for name in "${names[@]}"; do
	[ -e "$MUTANTS/$name.diff" ] || die $EX_USAGE "there is no mutant $name"
done
# A mutant that is noticed often is so by a wait in vain, or not by the first programs.
VM_ARGS="OOM_TEST_PATIENCE=6000 OOM_TEST_PROGRAMS=500"
accel_pick auto
guest_build 6.12
for name in "${names[@]}"; do
	mutant "$name"
done
exit $rc
