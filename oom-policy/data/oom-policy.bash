# shellcheck shell=bash
# Completion for oom-policy(8): commands, policies and options.

_oom_policy() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local verb=${COMP_WORDS[1]} words=''
	case $before in
	-f | --config) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
	-x | --exec) mapfile -t COMPREPLY < <(compgen -c -- "$word"); return ;;
	-c | --cgroup) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
	esac
	if [ "$COMP_CWORD" -eq 1 ]; then
		words='list load set unset status rank watch unload check'
	else
		case $verb in
		list) words='--json' ;;
		status) words='--json --openmetrics' ;;
		load) words='--set --config --verbose' ;;
		rank) words='--set --cgroup --json' ;;
		watch) words='--all --json --journal --exec' ;;
		unload) words='--all' ;;
		check) words='--json'; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
		esac
		case $verb in
		list | status | load | rank | unload | set | unset)
			words+=" $(oom-policy list 2>/dev/null | awk 'NR > 1 { print $1 }')" ;;
		esac
	fi
	# Rule lists, and objects of policies of one's own.
	case $verb:$COMP_CWORD in
	load:2) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word") ;;
	list:2 | rank:*) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -X '!*.bpf.o' -- "$word") ;;
	esac
	mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o filenames -F _oom_policy oom-policy
