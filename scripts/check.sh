#!/usr/bin/env bash
# The quick check: what can be said without building a kernel.
#
#   check.sh        one truth, the series applies to both bases without fuzz,
#                   checkpatch --strict is silent, shell scripts and the man
#                   page are linted, each mutant still changes something
#
# Exit status: 0, 1 something is wrong, 3 dependency missing, 4 base missing.
set -euo pipefail
# shellcheck source=scripts/base.sh
. "$(dirname "$0")/base.sh"
# shellcheck source=scripts/style.sh
. "$(dirname "$0")/style.sh"

STAGES=4

# The base's own checkpatch.
checkpatch() {
	local dir=$BUILD/checkpatch
	base_open 6.12
	make_dirs "$dir"
	base_files "$dir" scripts/checkpatch.pl scripts/spelling.txt scripts/const_structs.checkpatch
	style "$dir" "$ROOT/patches"
}

lint() {
	cd "$ROOT"
	shellcheck -x scripts/*.sh vm/init vm/debian/init vm/debian/customize tests/debian/*.sh tests/debian/bad_input tests/bisect/job .ci/run oom-policy/data/oom-policy.bash \
		tests/package/run tests/package/in-root debian/oom-policy.postrm
	mandoc -T lint -W warning oom-policy/data/oom-policy.8
}

need git=git patch=patch perl=perl shellcheck=shellcheck mandoc=mandoc xz=xz-utils dpkg-deb=dpkg
make_dirs "$BUILD" "$CACHE"
stage $EX_FAIL "one truth, on both bases" "$ROOT/scripts/series.sh" check
stage $EX_FAIL "checkpatch --strict" checkpatch
stage $EX_FAIL "shellcheck and mandoc" lint
stage $EX_FAIL "mutants apply" "$ROOT/scripts/mutants.sh" --check
