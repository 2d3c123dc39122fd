#!/bin/bash
# ctime.sh -- builds the constant-time check with some compilers and levels, runs every row of it
# under memcheck, and first shows for each build that planted faults are found.
# usage: tests/ctime.sh compiler:level...     as in gcc:-O2
# SHIPPED=DIR: the objects of the first of them, compiled to be shipped, have the same code.
# Ends in "N passed, N failed, N skipped"; exit 1 where one failed.
set -u
cd "${0%/*}/.." || exit 1
command -v valgrind >/dev/null || { echo "valgrind is missing" >&2; exit 1; }
out=build/ctime
rm -rf $out/logs && mkdir -p $out/logs

memcheck() {
	valgrind -q --suppressions=tests/ctime.supp --error-exitcode=9 "$@"
}

# plant BUILD ROW FAULT FUNCTION: found, and where it was put.
plant() {
	memcheck --exit-on-first-error=yes "$out/$1/tests/ctime" "$2" "$cpu" "$3" >"$log" 2>&1
	[ $? = 9 ] && grep -q "at .*: $4 (" "$log"
}

clean() {
	memcheck "$out/$1/tests/ctime" "$2" "$cpu" >"$log" 2>&1
}

# The marks are in what is shipped, and only what is said for debuggers differs.
same_code() {
	local object
	for object in "$SHIPPED"/{engine,engine/*,provision/{base,message,keys,gms,client,run},asm/*}/*.o; do
		[ -f "$object" ] || return 1
		cmp <(objdump -dr "$object" | tail -n +3) \
			<(objdump -dr "$out/$1${object#"$SHIPPED"}" | tail -n +3) || return 1
	done >"$log" 2>&1
}

# try NAME command...: as many at a time as there are processors.
try() {
	local log=$out/logs/${1// /_}
	while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
	{
		if "${@:2}"; then
			echo "ok $1"
		else
			echo "FAILED $1"
			head -60 "$log" >&2
		fi | tee "$log.verdict"
	} &
}

skip() {
	echo "[  SKIPPED ] $1: this processor has no ADX" | tee "$out/logs/${1// /_}.skipped"
}

for build in "$@"; do
	cc=${build%%:*} opt=${build#*:} build=${build/:/}
	${MAKE:-make} -s --no-print-directory "-j$(nproc)" MODE=ct CC="$cc" OPT="$opt" B="$out/$build" \
		"$out/$build/tests/ctime" || exit 1
	# valgrind runs ADX but reports that there is none: what there is, is asked outside.
	cpu=$("$out/$build/tests/ctime" --cpu) || exit 1
	if [ -n "${SHIPPED-}" ]; then
		try "$build has the code that is shipped" same_code "$build"
		SHIPPED=
	fi
	try "$build lookup is found" plant "$build" lookups load select_vbmi
	try "$build branch is found" plant "$build" c branch branching_add
	try "$build load is found" plant "$build" c load indexed_select
	try "$build branch256 is found" plant "$build" c branch256 branching_mul_n
	try "$build branch8 is found" plant "$build" lanes branch8 branching_mul_lanes
	try "$build load8 is found" plant "$build" lanes load8 indexed_pick
	for row in wide lanes c adx avx2 lookups; do
		if [[ $row = [aw]* ]] && [ $((cpu & 1)) = 0 ]; then
			skip "$build $row"
		else
			try "$build $row is constant time" clean "$build" $row
		fi
	done
done
wait

shopt -s nullglob
skipped=($out/logs/*.skipped)
passed=$(cat $out/logs/*.verdict | grep -c ^ok)
failed=$(cat $out/logs/*.verdict | grep -vc ^ok)
echo "# $passed passed, $failed failed, ${#skipped[@]} skipped"
[ "$failed" = 0 ]
