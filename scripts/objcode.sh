# shellcheck shell=bash
# Reads object code: whether the hooks are called and their verdicts used, and what is
# there without BPF. To be sourced.

# Bytes by which the text of mm/oom_kill.o may grow without BPF.
GROWTH=32

# calls OBJECT FUNCTION HOOK - the code of FUNCTION from the call of HOOK on.
calls() {
	objdump -dr --no-show-raw-insn "$1" | awk -v f="<$2>:" -v h="$3[-+]" '
		/^[0-9a-f]+ <.*>:$/ { on = index($0, f) > 0; left = 0 }
		on && $0 ~ h { left = 12 } left > 0 { print; left-- }'
}

# used - the first thing done to the value of a call, on stdin, is to look at it.
used() {
	awk '/(test|cmp|lea|mov|sub|add|dec)[a-z]* .*%[er]ax/ && !/,%[er]ax$/ || /(test|cmp)[a-z]* / && /%[er]ax/ { if (!lost) used = 1 }
		/,%[er]ax$/ && !/(test|cmp)[a-z]* / && !used { lost = 1 } END { exit !used }'
}

# passed_on - the value of a call, on stdin, is returned as it is.
passed_on() {
	awk '/ret/ { exit } /,%[er]ax$/ { lost = 1 } { seen = 1 } END { exit !seen || lost }'
}

hooks() {
	local name=$1 dir=$BUILD/$BASE_NAME/objects/$1
	calls "$dir/mm/oom_policy.o" oom_policy_ask bpf_oom_evaluate_task | passed_on ||
		die "$EX_FAIL" "$name: the verdict of bpf_oom_evaluate_task() is not passed on"
	calls "$dir/mm/oom_kill.o" oom_evaluate_task oom_policy_ask | used ||
		die "$EX_FAIL" "$name: the verdict of oom_policy_ask() is not used"
	[ -n "$(calls "$dir/mm/oom_policy.o" oom_policy_begin bpf_set_policy_name)" ] ||
		die "$EX_FAIL" "$name: bpf_set_policy_name() is not called"
}

# text_size OBJECT - bytes of code in all its sections.
text_size() { size -A -d "$1" | awk '$1 ~ /text/ { sum += $2 } END { print sum }'; }

symbols() { nm --defined-only -g -f posix "$1" | cut -d' ' -f1,2; }

# docs FILE... - kernel-doc comments of the series, read by the base's own tool.
docs() {
	local said
	said=$(cd "$TREE" && scripts/kernel-doc -none "$@" 2>&1) || :
	[ -z "$said" ] || { echo "$said"; die "$EX_FAIL" "kernel-doc is not silent"; }
}

# no_bpf PATCH - nothing but a few bytes where there is no BPF.
no_bpf() {
	local object=$BUILD/$BASE_NAME/objects/no-bpf/mm/oom_kill.o growth
	growth=$(($(text_size "$object") - $2))
	echo "CONFIG_BPF_SYSCALL=n: $growth bytes of text"
	[ "$growth" -le "$GROWTH" ] || die "$EX_FAIL" "patch $1: mm/oom_kill.o grows by $growth bytes though CONFIG_BPF_SYSCALL=n"
	symbols "$object" | cmp - "$BUILD/$BASE_NAME/objects/symbols" ||
		die "$EX_FAIL" "patch $1: mm/oom_kill.o has other symbols though CONFIG_BPF_SYSCALL=n"
}
