# cli_lib.sh -- what the tests of the command share: a directory of their own, limits, checks, counts.
# Read by tests/cli*.sh, whose first argument is the command: . "${0%/*}/cli_lib.sh"
# RUN: what the command starts where that is a script, for a program of another machine.
# $K is the command with a time limit, $R without one: for what is sent signals.  At the end: finish.
set -u
R=$(realpath "$1")
sources=$(realpath "${0%/*}/..")
field=$sources/tests/field
T=$(mktemp -d) || exit 1
# In this shell alone: a job that is killed before it has become another program would do it too.
clean_up() {
	[ "$BASHPID" = $$ ] || return
	cd /
	sed -n "s|^[^ ]* \($T/[^ ]*\) .*|\1|p" /proc/mounts | xargs -r umount 2>/dev/null
	rm -rf "$T" "$T.km"
}
trap clean_up EXIT
cd "$T" || exit 1
unset NO_COLOR
export XDG_STATE_HOME=$T/state
LIMIT=${KM_LIMIT:-60}   # seconds a command may take
# many N: where everything takes many times as long (check.sh says so), a fifth of it.
many() { echo $(($1 / (${KM_SLOW:+4} + 1))); }
passed=0
failed=0
skipped=0

# Through a shell in between, so that the one that is ended is named.
K=$T.km
cat >"$K" <<END
#!/bin/bash
timeout -k 5 $LIMIT "$R" "\$@"
code=\$?
[ \$code != 124 ] || echo "keymuster \$*: took longer than $LIMIT s and was ended" >&2
exit \$code
END
chmod +x "$K"

ok() {
	passed=$((passed + 1))
	echo "ok      $1"
}

# bad NAME text...: a failure, with what was said on stderr.
bad() {
	failed=$((failed + 1))
	echo "FAILED  $1"
	shift
	printf '        %s\n' "$@"
	sed 's/^/        | /' err
}

# skip NAME WHY
skip() {
	skipped=$((skipped + 1))
	echo "skipped $1: $2"
}

# expect NAME CODE REGEX command...: the exit code, and a line of stderr that matches.
expect() {
	local name=$1 want=$2 regex=$3 code
	shift 3
	"$@" >out 2>err
	code=$?
	if [ $code != "$want" ]; then
		bad "$name" "exit $code, not $want: $*"
	elif [ -n "$regex" ] && ! grep -Eq -- "$regex" err; then
		bad "$name" "stderr does not say $regex: $*"
	else
		ok "$name"
	fi
}

# check NAME command...: must succeed.
check() {
	local name=$1
	shift
	if "$@" >/dev/null 2>>err; then ok "$name"; else bad "$name" "$*"; fi
}

has() { grep -Eq -- "$2" "$1"; }
hasnt() { ! grep -Eq -- "$2" "$1"; }
lines() { [ "$(wc -l <"$1")" = "$2" ]; }
mode() { [ "$(stat -c %a "$1")" = "$2" ]; }
absent() { [ ! -e "$1" ]; }
only() { [ "$(ls "$1")" = "$2" ]; }
says_once() { [ "$(grep -Ec -- "$1" err)" = 1 ]; }
last_says() { tail -1 err | grep -Eq -- "$1"; }
field() { sed -n "s/.*\"$2\":\"\([^\"]*\)\".*/\1/p" "$1"; }
same_field() { [ -n "$(field "$1" "$3")" ] && [ "$(field "$1" "$3" | sort -u)" = "$(field "$2" "$3" | sort -u)" ]; }

# until_true command...: again and again until it succeeds; false once the limit is over.
until_true() {
	local end=$((SECONDS + LIMIT))
	until "$@" 2>/dev/null; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}

# elsewhere FILE: a copy of the command there, for users who may not come where it was built.
elsewhere() {
	if [ -z "${RUN:-}" ]; then
		install -m 755 "$R" "$1"
	else
		install -m 755 "$(sed -n 's/^exec .*"\(.*\)" "$@"$/\1/p' "$R")" "$1.program"
		printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$RUN" "$(realpath "$1.program")" >"$1"
		chmod 755 "$1"
	fi
}

is_gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status"; }

# code_of PID: waits for a job of this shell; its code is in $code, and 124 where it had to be ended.
code_of() {
	if until_true is_gone "$1"; then
		wait "$1"
		code=$?
	else
		echo "took longer than $LIMIT s and was ended" >>err
		kill -KILL "$1"
		code=124
	fi
}

# watches PID: it is the command, no longer this shell's copy, and its handler of SIGTERM stands.
watches() { grep -qx "$(basename "$R" | cut -c1-15)" "/proc/$1/comm" && ((0x$(sed -n 's/^SigCgt:\s*//p' "/proc/$1/status") & 0x4000)); }
waits() { watches "$1" && grep -q '^State:.S' "/proc/$1/status"; }
# begun OUTPUT: a run that makes it has read its options and its key, and has a place for its messages.
begun() { ls "$1".tmp-* >/dev/null; }

# ended_by SIGNAL WHEN PID: sends it once the job waits, or watches; its code is in $code, and its own where it has ended before.
reached() { is_gone "$2" || "$1" "$2"; }
ended_by() {
	until_true reached "$2" "$3" && kill -"$1" "$3" 2>/dev/null
	code_of "$3"
}

finish() {
	echo "# $passed passed, $failed failed, $skipped skipped"
	[ $failed = 0 ]
}
