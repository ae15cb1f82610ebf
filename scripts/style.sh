# shellcheck shell=bash
# Kernel style, as the base's own checkpatch knows it. To be sourced.

# The selftests declare tests and programs by macros, as the harness does, and name the
# functions that they replace.
STYLE_OF_TESTS=COMPLEX_MACRO,MULTISTATEMENT_MACRO_USE_DO_WHILE,MACRO_ARG_REUSE,MACRO_ARG_PRECEDENCE
STYLE_OF_TESTS+=,MACRO_WITH_FLOW_CONTROL,SPLIT_STRING,EMBEDDED_FUNCTION_NAME,VOLATILE

# style TREE MAIL_FOLDER [OPTION...] - checkpatch --strict, silent on each patch below a
# folder of mail; those in tools/ as tests.
style() {
	local tree=$1 folder=$2
	shift 2
	# Inside a git tree checkpatch takes a patch of this repository for a source file.
	cd "$tree" || return
	find "$folder" -name '0*.patch' ! -name '0000-*' ! -path '*/tools/*' -print0 | sort -z |
		xargs -0 scripts/checkpatch.pl --no-tree --strict --no-summary -q "$@" || return "$EX_FAIL"
	find "$folder/tools" -name '0*.patch' ! -name '0000-*' -print0 | sort -z |
		xargs -0 scripts/checkpatch.pl --no-tree --strict --no-summary -q --ignore "$STYLE_OF_TESTS" "$@" ||
		return "$EX_FAIL"
}
