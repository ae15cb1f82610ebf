#!/usr/bin/env bash
# Both postings as they are mailed, and the checks that come before that.
#
#   rfc.sh [COMMIT]     COMMIT: the upstream commit that the series was made on, for
#                       the base-commit line
#
# Author and sign-off are git's user.name and user.email. Without them, or with the
# placeholder of patches/, nothing is made. The mail is patches/ with this name and
# the recipients of scripts/recipients, in build/rfc. It is held against checkpatch with
# codespell, b4 prep --check, get_maintainer, send-email --dry-run and, on both bases,
# htmldocs; nothing is sent.
#
# Exit status: 0, 1 a check has found something, 2 no identity, 3 dependency
# missing, 4 base missing.
set -euo pipefail
# shellcheck source=scripts/base.sh
. "$(dirname "$0")/base.sh"
# shellcheck source=scripts/kernel.sh
. "$(dirname "$0")/kernel.sh"
# shellcheck source=scripts/b4.sh
. "$(dirname "$0")/b4.sh"

PLACEHOLDER='OOM policy maintainers <maintainers@oom-policy.example>'
RFC=$BUILD/rfc
COMMIT=${1:-}
STAGES=9

# identity - who signs off, as in a mail; or stop.
identity() {
	local name email
	name=$(git config user.name || :)
	email=$(git config user.email || :)
	case $email in
	*?@?*.?*) ;;
	*) die $EX_USAGE "git config user.email: \"$email\" is nobody's address" ;;
	esac
	case "$name <$email>" in
	" <"* | "${PLACEHOLDER% *}"* | *.example">" | *".invalid>" | *localdomain*)
		die $EX_USAGE "git config user.name and user.email: \"$name <$email>\" is no person" ;;
	esac
	echo "$name <$email>"
}

# posting FOLDER - the mail of one, as it is in patches/.
posting() {
	local who mail folder=$ROOT/patches/$1
	who=$(identity)
	make_dirs "$RFC/$1"
	for mail in "$folder"/0*.patch; do
		awk -v placeholder="$PLACEHOLDER" -v who="$who" -v commit="$COMMIT" \
			-v recipients="$ROOT/scripts/recipients" -f "$ROOT/scripts/mail.awk" \
			"$mail" >"$RFC/$1/${mail##*/}"
	done
	! grep -rF "${PLACEHOLDER#* }" "$RFC/$1" || return $EX_FAIL
}

mail_files() {
	rm -rf "$RFC"
	posting .
	posting tools
}

# The folders of the patches, but not their cover letters.
patches_of() { find "$RFC" -name '0*.patch' ! -name '0000-*' | sort; }

# recipients - each patch goes to a list and to a maintainer, by get_maintainer.pl.
recipients() {
	local mail whom
	cd "$LINUX"
	for mail in $(patches_of); do
		whom=$(scripts/get_maintainer.pl --no-git --no-git-fallback --norolestats "$mail")
		printf '%s\n%s\n' "${mail#"$RFC/"}" "$whom"
		grep -q 'linux-mm@kvack.org\|bpf@vger.kernel.org' <<<"$whom" || return $EX_FAIL
	done
}

send_dry() {
	local name
	for name in . tools; do
		git send-email --dry-run --quiet --confirm=never --thread --no-chain-reply-to \
			--to-cover --cc-cover --suppress-cc=self "$RFC/$name"/*.patch
	done
}

htmldocs() {
	local log
	cd "$LINUX"
	log=$(make htmldocs SPHINXDIRS=bpf 2>&1) || { say "$log"; return $EX_FAIL; }
	! grep 'oom' <<<"$(grep -i 'warning\|error' <<<"$log")" || return $EX_FAIL
}

[ $# -le 1 ] || die $EX_USAGE "rfc.sh [COMMIT]"
identity >/dev/null
need git=git perl=perl codespell=codespell b4=b4 /usr/lib/git-core/git-send-email=git-email \
	/usr/share/perl5/Mail/Address.pm=libmailtools-perl sphinx-build=python3-sphinx "${KERNEL_NEEDS[@]}"
lock_build
base_open newest
kernel_paths
stage $EX_FAIL "the mail of both postings" mail_files
stage $EX_BASE "laying out ${BASE_VERSION%%-*} with the series" kernel_sources newest
stage $EX_FAIL "checkpatch --strict --codespell" style "$LINUX" "$RFC" --codespell
stage $EX_FAIL "b4 prep --check" b4_checks
stage $EX_FAIL "get_maintainer" recipients
stage $EX_FAIL "send-email --dry-run" send_dry
stage $EX_FAIL "htmldocs" htmldocs
base_open 6.12
kernel_paths
stage $EX_BASE "laying out ${BASE_VERSION%%-*} with the series" kernel_sources 6.12
stage $EX_FAIL "htmldocs" htmldocs
say "To be read once more, and then sent:"
for name in '' tools/; do
	say "  git send-email --to-cover --cc-cover --cc-cmd='scripts/get_maintainer.pl --norolestats' $RFC/$name*.patch"
done
[ -n "$COMMIT" ] || say "Without a COMMIT the cover letters have no base-commit line."
