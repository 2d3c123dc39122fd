#!/bin/bash
# instructions.sh -- instructions an operation takes by the scalar rows, counted by callgrind.
# usage: bench/instructions.sh path/to/bench
# The processor that valgrind shows has no ADX, though it runs it: so rows are named, not chosen.
set -euo pipefail
bench=$(realpath "$1")
if ! command -v valgrind >/dev/null; then
	echo "valgrind is missing: apt-get install valgrind" >&2
	exit 1
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# Instructions within worker_turn, by the items of a turn.
count() { # ROW OPERATION [BATCH]
	local items total
	items=$(valgrind --tool=callgrind --toggle-collect=worker_turn \
		--callgrind-out-file="$dir/out" "$bench" --count "$@" 2>"$dir/err") ||
		{ cat "$dir/err" >&2; exit 1; }
	total=$(awk '/^(summary|totals):/ {print $2; exit}' "$dir/out")
	printf '%-14s %-4s %5s %14s\n' "$2" "$1" "${3:-1}" "$((total / items))"
}

printf '%-14s %-4s %5s %14s\n' operation row 'at a' instructions
for row in c adx; do
	for op in fp_mul fp_sqr fp_select encap_one; do
		count "$row" "$op"
	done
	count "$row" encap_fresh 64
done
echo "An operation: what is called and returns, once."
