# shellcheck shell=bash
# Runs the selftests in guests and reports them as one KTAP stream: a test
# that takes the guest down fails, and those behind it get another guest. To
# be sourced.

# tests_list PROGRAM - the names of its tests, as fixture[.variant].test. The
# harness lists variants and tests of a fixture in two columns side by side.
tests_list() {
	"${EMULATOR[@]}" "$1" -l 2>&1 | awk '
		function flush(v, t) {
			for (t = 1; t <= nt; t++) {
				if (!nv) print fixture "." tests[t]
				for (v = 1; v <= nv; v++) print fixture "." variants[v] "." tests[t]
			}
			nt = nv = 0
		}
		/^# FIXTURE/ { next }
		/^---/ { flush(); next }
		{
			# Columns of 20 and 25, pushed aside by longer names.
			n = split($0, word); i = 1
			if ($0 !~ /^ /) fixture = word[i++]
			if (substr($0, 22, 1) != " " && i <= n) variants[++nv] = word[i++]
			if (i <= n) tests[++nt] = word[i]
		}
		END { flush() }'
}

# result WORD NAME DETAIL - one line of KTAP, after what the test said: all of it
# if it failed, else its figures, without the words of the harness.
result() {
	NUMBER=$((NUMBER + 1))
	case $1 in
	ok)
		PASSED=$((PASSED + 1))
		printf '%s\n' "$3" | grep '^# [^ ]' || :
		echo "ok $NUMBER $2"
		;;
	skip) SKIPPED=$((SKIPPED + 1)); echo "ok $NUMBER $2 # SKIP $3" ;;
	*)
		FAILED=$((FAILED + 1))
		[ -z "$3" ] || printf '%s\n' "$3" | sed '/^#/! s/^/# /'
		echo "not ok $NUMBER $2"
		;;
	esac
}

# worse STATUS - a guest that was lost counts for the whole run: as a panic or
# splat if it was one, or else as no boot.
worse() {
	if [ "$1" -eq "$EX_SPLAT" ]; then
		WORST=$EX_SPLAT
	elif [ "$WORST" -eq 0 ]; then
		WORST=$EX_BOOT
	fi
}

# tests_boot PROGRAM TEST... - run them in one guest until one takes it down.
# Sets DONE to how many have a result.
tests_boot() {
	local program=$1 test line said='' word='' why='' panic='' rc=0 console
	shift
	console=$BUILD/log/console-${program##*/}-$NUMBER.log
	for test; do
		echo "echo '@test $test'; ./${program##*/} -r '$test'"
	done >"$BUILD/job"
	DONE=0 test=''
	exec 7< <(vm_boot run "$BUILD/job" "$console" && echo "@boot 0" || echo "@boot $?")
	while IFS= read -r line <&7; do
		[ -z "${VERBOSE:-}" ] || say "$line"
		case $line in
		"@test "*)
			# The one before ended without a result: its process died.
			[ -z "$test" ] || { result fail "$test" "$said"; DONE=$((DONE + 1)); }
			test=${line#* } said='' word='' panic=''
			;;
		"# expect-panic: "*) panic=${line#*: } ;;
		"ok 1 "*SKIP*) word=skip why=${line##*SKIP} ;;
		"ok 1 "*) word=ok ;;
		"not ok 1 "*) word=fail ;;
		"# Totals:"*)
			result "${word:-fail}" "$test" "${why:-$said}"
			DONE=$((DONE + 1)) test='' why=''
			;;
		"@boot "*) rc=${line#* } ;;
		"TAP version"* | 1..1 | "# Starting"* | "# PASSED"* | "# FAILED"*) ;;
		*) said+="${said:+$'\n'}$line" ;;
		esac
	done
	exec 7<&-
	if [ -n "$panic" ] && [ -n "$test" ] && grep -qF "Kernel panic - not syncing: $panic" "$console" &&
		! grep -q 'oom_policy=' "$console"; then
		result ok "$test" ''
		DONE=$((DONE + 1))
		panic="Kernel panic - not syncing: $panic"
	elif [ -n "$test" ]; then
		said+=$'\n'$(tail -n 12 "$console")
		case $rc in
		"$EX_SPLAT") result fail "$test" "the guest panicked:$said" ;;
		*) result fail "$test" "the guest was lost:$said" ;;
		esac
		DONE=$((DONE + 1))
		worse "$rc"
		panic=''
	elif [ "$DONE" -lt $# ]; then
		say "The guest ended before its tests; its log: $console"
		[ "$DONE" -gt 0 ] || { result fail "$1" "the guest did not get as far as this test"; DONE=1; }
		worse "$rc"
	fi
	if vm_splats "$console" "${panic:-}" >"$console.splats"; then
		sed 's/^/# splat: /' "$console.splats"
		say "The kernel printed a splat: $console"
		worse "$EX_SPLAT"
	fi
	rm "$console.splats"
}

# tests_guest PROGRAM TEST... - as tests_boot. Out of memory can mean the whole guest: then
# it is one for each test.
tests_guest() {
	case $1 in
	*/global_test) tests_boot "$1" "$2" ;;
	*) tests_boot "$@" ;;
	esac
}

# tests_run PATTERN... - all tests of C whose names match.
tests_run() { tests_of "$PROGS/selftests" tests_list tests_guest "$@"; }

# tests_of DIR LIST GUEST PATTERN... - all tests of DIR whose names match: LIST FILE prints
# the names, GUEST FILE TEST... runs them; ends with the counts alone on a line. Returns 0,
# EX_FAIL, EX_BOOT or EX_SPLAT.
tests_of() {
	local dir=$1 list=$2 guest=$3 file names pattern all=()
	shift 3
	NUMBER=0 PASSED=0 FAILED=0 SKIPPED=0 WORST=0
	for file in "$dir"/*_test; do
		while read -r names; do
			for pattern; do
				# shellcheck disable=SC2053  # the right side is a pattern
				[[ $names != $pattern ]] || { all+=("$file $names"); break; }
			done
		done < <("$list" "$file")
	done
	[ ${#all[@]} -gt 0 ] || die "$EX_USAGE" "no test is called $*"
	echo "KTAP version 1"
	echo "1..${#all[@]}"
	for file in "$dir"/*_test; do
		mapfile -t names < <(printf '%s\n' "${all[@]}" | awk -v f="$file" '$1 == f { print $2 }')
		while [ ${#names[@]} -gt 0 ]; do
			"$guest" "$file" "${names[@]}"
			names=("${names[@]:DONE}")
		done
	done
	[ "$WORST" -ne 0 ] || [ $FAILED -eq 0 ] || WORST=$EX_FAIL
	echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	return "$WORST"
}
