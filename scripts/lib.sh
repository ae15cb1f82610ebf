# shellcheck shell=bash
# Shared by the scripts of this folder: where things are, how they fail, how
# long they take. To be sourced, not run.

# The exit statuses of every script here; README.md lists them for users.
# shellcheck disable=SC2034  # each is used by some script that sources this
EX_FAIL=1 EX_USAGE=2 EX_DEP=3 EX_BASE=4 EX_BUILD=5 EX_BOOT=6 EX_SPLAT=7

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
BUILD=${OOM_BUILD:-$ROOT/build}
CACHE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/oom-policy
export CCACHE_DIR=${CCACHE_DIR:-$CACHE/ccache}

# die STATUS MESSAGE... - one line on stderr, then out.
die() {
	local status=$1
	shift
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit "$status"
}

say() { printf '%s\n' "$*" >&2; }

# make_dirs DIR... - or say which folder cannot be written.
make_dirs() {
	local dir
	for dir; do
		mkdir -p "$dir" 2>/dev/null || :
		[ -w "$dir" ] || die $EX_USAGE "cannot write to $dir"
	done
}

# lock_build - one at a time: the folder is ours until the script ends.
lock_build() {
	make_dirs "$BUILD" "$CACHE"
	exec 9>"$BUILD/.lock"
	flock -n 9 || die "$EX_BUILD" "another run is at work in $BUILD"
}

# elapsed SECONDS - as 12s or 3m10s.
elapsed() {
	if [ "$1" -ge 60 ]; then
		printf '%dm%02ds' $(($1 / 60)) $(($1 % 60))
	else
		printf '%ds' "$1"
	fi
}

STAGE=0
STAGES=${STAGES:-0}

# stage STATUS TITLE COMMAND... - run a step of the whole: its output goes to
# a log file, its time to the terminal. A step that fails shows the end of its
# log and ends the script with STATUS, or with its own where the step told the
# two apart by an exit status of its own (2 to 7).
stage() {
	local status=$1 title=$2 log rc=0 start=$SECONDS
	shift 2
	STAGE=$((STAGE + 1))
	make_dirs "$BUILD/log"
	log=$BUILD/log/$STAGE-${1##*/}.log
	printf '[%d/%d] %s ... ' "$STAGE" "$STAGES" "$title" >&2
	# A subshell with errexit of its own: "if" and "||" would switch it off.
	set +e
	if [ -n "${VERBOSE:-}" ]; then
		(set -e; "$@") 2>&1 | tee "$log" >&2
		rc=${PIPESTATUS[0]}
	else
		(set -e; "$@") >"$log" 2>&1
		rc=$?
	fi
	set -e
	if [ "$rc" -eq 0 ]; then
		printf '%s\n' "$(elapsed $((SECONDS - start)))" >&2
		return
	fi
	printf 'failed after %s\n' "$(elapsed $((SECONDS - start)))" >&2
	[ -n "${VERBOSE:-}" ] || tail -n 15 "$log" | sed 's/^/  | /' >&2
	if df -P "$BUILD" "$CACHE" 2>/dev/null | awk 'NR > 1 && $4 < 65536 { full = 1 } END { exit !full }'; then
		say "The disk under $BUILD or $CACHE is full."
	fi
	say "The whole log: $log"
	[ "$rc" -ge 2 ] && [ "$rc" -le 7 ] && [ "$rc" -ne "$EX_USAGE" ] && status=$rc
	exit "$status"
}

# need COMMAND=PACKAGE... - a command, or a file by its absolute path, and the
# Debian package that has it. As root what is missing is installed and named;
# otherwise the command to type is printed.
need() {
	local pair missing=()
	for pair; do
		case ${pair%%=*} in
		/*) [ -e "${pair%%=*}" ] || missing+=("${pair#*=}") ;;
		*) PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}") ;;
		esac
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		die $EX_DEP "missing; install with: apt-get install --no-install-recommends ${missing[*]}"
	fi
	say "Installing ${missing[*]}"
	make_dirs "$BUILD/log"
	{
		apt-get -q update &&
			DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "${missing[@]}"
	} >"$BUILD/log/apt.log" 2>&1 </dev/null || {
		tail -n 5 "$BUILD/log/apt.log" >&2
		die $EX_DEP "could not install ${missing[*]}; the whole log: $BUILD/log/apt.log"
	}
}

PATH=$PATH:/usr/sbin:/sbin
