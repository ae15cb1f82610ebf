#!/usr/bin/env bash
# Takes a rule out of the kernel, or of a policy, and looks whether its tests notice.
#
#   mutants.sh [NAME...]     all of scripts/mutants, or those named, on base 6.12
#   mutants.sh --check       only whether each expression still changes something; seconds
#
# A line of scripts/mutants has four fields between " | ": a name, the file in the kernel
# tree or in this repository, a sed expression that takes the rule out, and shell patterns of tests. Each of
# these patterns has to have a test that fails then, or the test proves nothing.
#
# Exit status: 0 every mutant was noticed, 1 not so, others as of run-vm.sh.
set -euo pipefail
# shellcheck source=scripts/vm.sh
. "$(dirname "$0")/vm.sh"
# shellcheck source=scripts/tests.sh
. "$(dirname "$0")/tests.sh"

# mutant_build FILE - builds what it is part of. A policy is tried on an unbroken kernel.
mutant_build() {
	kernel_image
	case $1 in
	tools/* | oom-policy/* | policies/*) progs_build ;;
	esac
}

# mutant_file FILE - where it is.
mutant_file() {
	case $1 in
	oom-policy/* | policies/*) echo "$ROOT/$1" ;;
	*) echo "$LINUX/$1" ;;
	esac
}

# unnoticed SAYING - why a mutant has proved nothing.
unnoticed() {
	echo "$1"
	rc=1
}

# mutant_one NAME FILE SED PATTERNS - sets rc where it is not noticed. Not to be called
# in a condition: errexit would be off in all that it builds.
mutant_one() {
	local file before pattern out hit test patterns built
	printf '%-28s ' "$1"
	file=$(mutant_file "$2")
	before=$(cksum <"$file")
	sed -i "$3" "$file"
	[ "$before" != "$(cksum <"$file")" ] || { unnoticed "the expression changes nothing"; return; }
	set +e
	(set -e; mutant_build "$2"; initramfs_build) >"$BUILD/log/mutant-$1.log" 2>&1
	built=$?
	set -e
	[ $built -eq 0 ] || { unnoticed "does not build: $BUILD/log/mutant-$1.log"; return; }
	set -f
	# shellcheck disable=SC2206  # patterns, to be split but not expanded
	patterns=($4)
	set +f
	out=$(tests_run "${patterns[@]}" 2>&1) || :
	printf '%s\n' "$out" >>"$BUILD/log/mutant-$1.log"
	# A guest that does not come up notices nothing.
	! grep -q 'did not get as far' <<<"$out" || { unnoticed "the guest does not come up"; return; }
	for pattern in "${patterns[@]}"; do
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

# next_mutant - the fields of the next line on descriptor 5.
next_mutant() {
	local line
	while read -r line <&5; do
		case $line in '' | '#'*) continue ;; esac
		mapfile -t field < <(awk -F ' +[|] +' '{ for (i = 1; i <= 4; i++) print $i }' <<<"$line")
		return 0
	done
	return 1
}

check_all() {
	local file
	LINUX=$(mktemp -d "$BUILD/mutants.XXXXXX")
	trap 'rm -rf "${LINUX%/series}"' EXIT
	"$ROOT/scripts/series.sh" apply 6.12 "$LINUX/series"
	LINUX+=/series
	base_open 6.12
	while next_mutant; do
		file=$(mutant_file "${field[1]}")
		[ -e "$file" ] || base_files "$LINUX" "${field[1]}"
		[ "$(sed "${field[2]}" "$file" | cksum)" != "$(cksum <"$file")" ] ||
			unnoticed "${field[0]}: the expression changes nothing"
	done 5<"$ROOT/scripts/mutants"
}

rc=0
if [ "${1:-}" = --check ]; then
	check_all
	exit $rc
fi
# A mutant that is noticed often is so by a wait in vain.
VM_ARGS=OOM_TEST_PATIENCE=6000
accel_pick auto
guest_build 6.12
while next_mutant; do
	[ $# -eq 0 ] || [[ " $* " == *" ${field[0]} "* ]] || continue
	file=$(mutant_file "${field[1]}")
	cp "$file" "$DIR/unbroken"
	# However this ends, the next build is not to be of a broken kernel.
	trap 'cat "$DIR/unbroken" >"$file"' EXIT
	mutant_one "${field[@]}"
	cat "$DIR/unbroken" >"$file"
	trap - EXIT
	# The next mutant needs unbroken policies; the kernel is built anew.
	case ${field[1]} in
	tools/* | oom-policy/* | policies/*) progs_build >/dev/null 2>&1 ;;
	esac
done 5<"$ROOT/scripts/mutants"
exit $rc
