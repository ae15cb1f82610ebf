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

STAGES=4

# Kernel style as the base's own checkpatch knows it. The selftests declare tests and
# programs by macros, as the harness does, and name the functions they replace.
style() {
	local dir=$BUILD/checkpatch
	local declares=COMPLEX_MACRO,MULTISTATEMENT_MACRO_USE_DO_WHILE,MACRO_ARG_REUSE,MACRO_ARG_PRECEDENCE
	declares+=,MACRO_WITH_FLOW_CONTROL,SPLIT_STRING,EMBEDDED_FUNCTION_NAME,VOLATILE
	base_open 6.12
	make_dirs "$dir"
	base_files "$dir" scripts/checkpatch.pl scripts/spelling.txt scripts/const_structs.checkpatch
	# Inside a git tree checkpatch takes a patch of this repository for a source file.
	cd "$dir"
	find "$ROOT/patches" -name '0*.patch' ! -name '0000-*' ! -path '*/tools/*' -print0 | sort -z |
		xargs -0 scripts/checkpatch.pl --no-tree --strict --no-summary -q ||
		return $EX_FAIL
	find "$ROOT/patches/tools" -name '0*.patch' ! -name '0000-*' -print0 | sort -z |
		xargs -0 scripts/checkpatch.pl --no-tree --strict --no-summary -q --ignore "$declares" ||
		return $EX_FAIL
}

lint() {
	cd "$ROOT"
	shellcheck -x scripts/*.sh guest/init .ci/run oom-policy/data/oom-policy.bash
	mandoc -T lint -W warning oom-policy/data/oom-policy.8
}

need git=git perl=perl shellcheck=shellcheck mandoc=mandoc xz=xz-utils dpkg-deb=dpkg
make_dirs "$BUILD" "$CACHE"
stage $EX_FAIL "one truth, on both bases" "$ROOT/scripts/series.sh" check
stage $EX_FAIL "checkpatch --strict" style
stage $EX_FAIL "shellcheck and mandoc" lint
stage $EX_FAIL "mutants apply" "$ROOT/scripts/mutants.sh" --check
