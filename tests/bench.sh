#!/bin/bash
# bench.sh -- the benchmark: what it is asked for it measures, and it says what of and how surely.
# usage: tests/bench.sh build/x86_64-release      where the objects are
# Ends in "N passed, N failed, N skipped"; exit 1 where one failed.
set -u
cd "${0%/*}/.." || exit 1
objects=$1
bench=$objects/bench/bench
dir=$(mktemp -d) || exit 1
spinner=
trap '[ -z "$spinner" ] || kill "$spinner" 2>/dev/null; rm -rf "$dir"' EXIT
passed=0 failed=0 skipped=0

verdict() {
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
		echo "ok $2"
	else
		failed=$((failed + 1))
		echo "FAILED $2"
	fi
}
skip() {
	skipped=$((skipped + 1))
	echo "skipped $1"
}
measure() { "$bench" --seconds 0 --json "$dir/json" "$@" >"$dir/table" 2>"$dir/err" || cat "$dir/err"; }

measuring() {
	measure --only "fp_mul verify_one" --commit abc --flags "cc -O9"
	rows=$(grep -c '^{"name"' "$dir/json")
	[ "$rows" -gt 0 ] && [ "$(grep -cE '^\{"name": "(fp_mul|verify_one)"' "$dir/json")" = "$rows" ]
	verdict $? "what is named is measured, and nothing else"
	missing=
	for field in cpu cpu_id processors virtualisation governor system date compiler flags libraries load_before \
		load_after waited stolen others busy commit clock slot_ns cycle_ns ifma_a_cycle make results; do
		head -n 3 "$dir/json" | grep -q "\"$field\": " || missing+=" $field"
	done
	[ -z "$missing" ] || echo "missing:$missing"
	[ -z "$missing" ]
	verdict $? "the JSON says of which machine, build and moment it is"
	grep '^{"name"' "$dir/json" | awk -F'"n": |"samples": \\[|\\]' '{ if (split($3, s, ",") != $2 + 0) exit 1 }'
	verdict $? "it holds every sample"
	grep -q 'CLOCK_THREAD_CPUTIME_ID' "$dir/table" && grep -q 'built by: cc -O9' "$dir/table" &&
		grep -qE 'a cycle [0-9.]+ ns: (no IFMA|(one|two) IFMA a cycle \(measured: [0-9.]+\))$' "$dir/table"
	verdict $? "the head names clock, flags, and how many IFMA issue a cycle"
	grep -q '^target' "$dir/table"
	[ $? = 1 ]
	verdict $? "nobody is judged who did not ask"
	measure --only fp_mul --targets
	grep -q '^target' "$dir/table"
	verdict $? "and who asks is"
	measure --only encap_fresh@8
	[ "$(grep '^{"name"' "$dir/json" | grep -vc '"batch": 8,')" = 0 ] && grep -q '"name": "encap_fresh"' "$dir/json"
	verdict $? "one size of a batch can be named"

	# Beside another program on the only processor it may use.
	if cpu=$(taskset -cp $$ 2>/dev/null | sed -nE 's/.*: ([0-9]+).*/\1/p') && [ -n "$cpu" ]; then
		taskset -c "$cpu" bash -c 'while :; do :; done' &
		spinner=$!
		taskset -c "$cpu" "$bench" --seconds 0 --only fp_mul --json "$dir/json" >"$dir/table"
		grep -q '^WARNING: this machine was busy' "$dir/table" && grep -q '"busy": true' "$dir/json"
		verdict $? "a run beside another program is marked"
	else
		skip "no taskset, to make a processor busy"
	fi
}
if [ -z "${RUN:-}" ]; then
	measuring
else
	skip "what is measured: the time of an emulator is not that of a machine"
fi

if [ -f "$objects/asm/x86_64/fp8_ifma.S.o" ]; then
	"${OBJDUMP:-objdump}" -d --no-show-raw-insn -M att "$objects/asm/x86_64/fp8_ifma.S.o" >"$dir/code"
	[ "$(awk -v name=fp8_mul_ifma -f bench/trace.awk "$dir/code" | grep -c vpmadd52)" = 1600 ]
	verdict $? "the trace of a product has all its turns: 1600 vpmadd52"
	! awk -v name=fp8_none -f bench/trace.awk "$dir/code" 2>/dev/null
	verdict $? "there is no trace of what is not there"
else
	skip "traces are of kernels for x86_64"
fi

# What counts instructions, on a program whose instructions are known.
a64=aarch64-linux-gnu-
if command -v "${a64}gcc" "${a64}objdump" qemu-aarch64 >"$dir/tools" && [ "$(wc -l <"$dir/tools")" = 3 ]; then
	make -s build/qemu/count.so >/dev/null && "${a64}gcc" -static -nostdlib tests/qemu/counted.S -o "$dir/counted"
	count() { # FUNCTION
		rm -f "$dir/count"
		qemu-aarch64 -plugin "build/qemu/count.so,function=$1,out=$dir/count,profile=on,trace=${2:-0}" \
			"$dir/counted" 2>"$dir/err"
	}
	length() { # FUNCTION
		"${a64}objdump" -d --no-show-raw-insn --disassemble="$1" "$dir/counted" | grep -cE '^ +[0-9a-f]+:'
	}
	must=$(($(length counted) + 3 * $(length straight)))
	count counted && [ "$(sed -n 's/^total //p' "$dir/count")" = "$must" ] &&
		[ "$(sed -n 's/ straight$//p' "$dir/count")" = "$((3 * $(length straight)))" ]
	verdict $? "instructions of a function are those of the disassembly, with what it calls, also at its end"
	cp "$dir/count" "$dir/first" && count counted && cmp -s "$dir/first" "$dir/count"
	verdict $? "and the same every time"
	[ "$(wc -l <"$dir/count.s")" = "$must" ] && [[ $(tail -n 1 "$dir/count.s") = ret* ]] &&
		count counted 1 && [ "$(wc -l <"$dir/count.s")" = "$((2 * $(length straight)))" ]
	verdict $? "a trace has each of them, or those of what is called"
	count straight && [ "$(sed -n 's/^total //p' "$dir/count")" = "$((4 * $(length straight)))" ]
	verdict $? "all calls of a function are counted, whoever calls"
	count nothing && ! grep -q total "$dir/count" && grep -q 'was not called' "$dir/err"
	verdict $? "of what was not called there is no count"
else
	skip "counted instructions: no ${a64}gcc, or no qemu-aarch64"
fi

echo "# $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
