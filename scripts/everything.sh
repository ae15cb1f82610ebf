#!/usr/bin/env bash
# Runs what the table "Everything" of HACKING.md names, and writes the results there.
#
#   everything.sh [ROW...]     all rows in their order, or those named; hours
#
# A row that succeeds gets the commit, the day, how long it took and what it said last; one
# that fails stays as it was. Its output is build/log/everything-ROW.log.
#
# Exit status: 0, 1 a row failed, 2 no such row, or changes that have no commit to be named.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

# rows - "NAME COMMAND" of each.
rows() {
	awk -F ' *[|] *' '/^## / { on = $0 == "## Everything" }
		on && $3 ~ /^`/ { gsub(/`/, "", $3); print $2, $3 }' HACKING.md
}

# last_words LOG - the counts of a run, or else its last line; no bar would end its cell.
last_words() {
	local words
	words=$(grep -E '[0-9]+ (passed|pass$|pass,|runs|processes)' "$1" | tail -n 1) || words=$(tail -n 1 "$1")
	tr '|' '/' <<<"${words:-silent}"
}

# record NAME COMMIT SECONDS WORDS - in the row.
record() {
	awk -v name="$1" -v run="$2, $(date -u +%F) | $(elapsed "$3") | $4" '/^## / { on = $0 == "## Everything" }
		on { n = split($0, cell, / *[|] */) }
		on && n > 4 && cell[2] == name && cell[3] ~ /^`/ { $0 = "| " name " | " cell[3] " | " cell[4] " | " run " |" }
		{ print }' HACKING.md >"$BUILD/HACKING.md"
	cat "$BUILD/HACKING.md" >HACKING.md
	rm "$BUILD/HACKING.md"
}

[ $# -gt 0 ] || mapfile -t names < <(rows | cut -d' ' -f1)
[ $# -eq 0 ] || names=("$@")
for name in "${names[@]}"; do
	rows | grep -q "^$name " || die $EX_USAGE "no row $name in HACKING.md"
done
make_dirs "$BUILD/log"
bad=0
for name in "${names[@]}"; do
	git diff --quiet HEAD -- . ':!HACKING.md' ':!tests/debian/COMPARED.md' || die $EX_USAGE "commit first: a row names what it ran on"
	commit=$(git rev-parse --short HEAD) command=$(rows | sed -n "s/^$name //p")
	log=$BUILD/log/everything-$name.log start=$SECONDS
	say "$name: $command"
	if bash -c "$command" >"$log" 2>&1; then
		record "$name" "$commit" $((SECONDS - start)) "$(last_words "$log")"
	else
		bad=$EX_FAIL
		tail -n 15 "$log" | sed 's/^/  | /' >&2
		say "$name failed; its output: $log"
	fi
done
exit $bad
