#!/bin/bash
# check.sh -- runs test programs and the command's tests, and adds up what they said.
# usage: tests/check.sh path/to/objects path/to/keymuster path/to/installed path/to/test...
# RUN: what starts a program that was built for another machine; the command is then a script that does it.
# Each program's lines go through as they are.  One that takes longer than its limit is ended, named,
# and has failed.  Ends in "N passed, N failed, N skipped"; exit 1 where one failed.
set -u
objects=$1
command=$2
installed=$3
shift 3
read -ra run <<<"${RUN:-}"
tests=${0%/*}
limit=600               # seconds; sanitizers and emulators are slower
if [ "${MODE:-release}" != release ] || [ -n "${RUN:-}" ]; then
	limit=2400
	export KM_SLOW=1                # fewer rounds of the same: see tests/util.h
fi
[ -z "${RUN:-}" ] || export KM_EMULATED=1
export KM_LIMIT=$((limit / 10))         # for one command within tests/cli*.sh
logs=$(mktemp -d) || exit 1
export XDG_STATE_HOME=$logs/state     # no test is to touch what a GMS of this machine remembers
trap 'rm -rf "$logs"' EXIT
trap 'kill $(cat "$logs"/*.pid) 2>/dev/null; exit 130' INT TERM HUP
names=()
before=$(ls)

# start NAME program...: as many at a time as there are processors.
start() {
	local name=$1 began
	shift
	while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
	names+=("$name")
	began=$SECONDS
	{
		timeout -k 10 $limit "$@" >"$logs/$name" 2>&1 </dev/null &
		echo $! >"$logs/$name.pid"
		wait $!
		echo $? $((SECONDS - began)) >"$logs/$name.code"
	} &
}

# The longest first, so that none of them runs alone in the end.
is_long() { [[ ${1##*/} =~ ^test_(wrong_tables|pairing|sakke_batch|widen|tables)$ ]]; }
for test in "$@"; do is_long "$test" && start "${test##*/}" "${run[@]}" "$test"; done
start cli.sh bash "$tests/cli.sh" "$command"
for test in "$tests"/cli_*.sh; do
	[ "$test" = "$tests/cli_lib.sh" ] || start "${test##*/}" bash "$test" "$command"
done
start opcodes.sh bash "$tests/opcodes.sh" "$objects"
start imports.sh bash "$tests/imports.sh" "$objects"
start objects.sh bash "$tests/objects.sh" "$objects"
# Assembly is the same for a sanitizer.
[ "${MODE:-release}" != release ] || start bounds.sh bash "$tests/bounds.sh" "$objects"
start rooms.sh bash "$tests/rooms.sh"
start marks.sh bash "$tests/marks.sh"
start header.sh bash "$tests/header.sh"
start man3.sh bash "$tests/man3.sh"
start bench.sh bash "$tests/bench.sh" "$objects"
start examples.sh bash "$tests/examples.sh" "$installed"
for test in "$@"; do is_long "$test" || start "${test##*/}" "${run[@]}" "$test"; done
# What the emulator's own processor has and an older one lacks: DIT.
[ "${run[0]:-}" != qemu-aarch64 ] || start test_dit-n1 env QEMU_CPU=neoverse-n1 "${run[@]}" "$objects/tests/test_dit"
wait

passed=0 failed=0 skipped=0 broken=
for name in "${names[@]}"; do
	log=$logs/$name code= took=
	read -r code took <"$logs/$name.code"
	echo "== $name, $took s"
	cat "$log"
	# Totals of cmocka and of cli*.sh; "[  SKIPPED ] name: why" is a program's own line.
	read -r p f s < <(sed -nE \
		-e 's/^\[  PASSED  \] ([0-9]+) test.*/\1 0 0/p' \
		-e 's/^\[  FAILED  \] ([0-9]+) test.*/0 \1 0/p' \
		-e 's/^\[  SKIPPED \] ([0-9]+) test.*/0 0 \1/p' \
		-e 's/^\[  SKIPPED \] .*: .*/0 0 1/p' \
		-e 's/^# ([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p' "$log" |
		awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')
	if [ "$code" = 124 ]; then
		echo "$name: took longer than $limit s and was ended"
		f=$((f + 1))
	elif [ "$code" = 137 ]; then
		echo "$name: was killed, by its limit of $limit s or by the system"
		f=$((f + 1))
	# One that died, or said nothing, has failed too.
	elif [ "$code" != 0 ] && [ "$f" = 0 ] || [ $((p + f + s)) = 0 ]; then
		echo "$name: exit $code"
		f=$((f + 1))
	fi
	[ "$f" = 0 ] || broken+=" $name"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done

# What a test writes stands in a directory of its own.
left=$(comm -13 <(echo "$before") <(ls))
if [ -n "$left" ]; then
	echo "left in $PWD:" $left
	failed=$((failed + 1)) broken+=" what is left here"
fi

echo
[ -z "$broken" ] || echo "failed in:$broken"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
