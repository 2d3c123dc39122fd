#!/bin/bash
# instructions.sh -- instructions that operations take by the scalar rows, on x86-64 and on AArch64.
# usage: bench/instructions.sh JSON ARCH=BENCH...     BENCH: the benchmark, built for ARCH
# ONLY="NAME NAME@BATCH ...": these alone.  COUNT: the plugin of qemu, where one of aarch64 is named.  PROFILE: a
# directory where each of aarch64 leaves its instructions by function.
#
# What worker_turn takes is counted, by callgrind or by a plugin of qemu (tests/qemu/count.c), and divided by the items
# of the turn; a turn before it, where tables are made, is not; of a kernel what its call takes is left out.  The
# processor that valgrind shows has no ADX, though it runs it: so rows are named, not chosen.  instructions.txt says
# what is counted, and what is held against it.
set -euo pipefail
export LC_ALL=C
here=$(dirname "$(realpath "$0")")

# Instructions within worker_turn, to OUT.total, and the items, to OUT.items.
count_x86_64() { # BENCH ROW NAME BATCH OUT
	valgrind --tool=callgrind --instr-atstart=no --toggle-collect=worker_turn \
		--callgrind-out-file="$5.cg" "$1" --count "$2" "$3" "$4" >"$5.items" 2>"$5.err" && awk '/^(summary|totals):/ { print $2; exit }' "$5.cg" >"$5.total"
}
count_aarch64() {
	local plugin=$COUNT,function=worker_turn,out=$5.list${PROFILE:+,profile=on}

	qemu-aarch64 -plugin "$plugin" "$1" --count "$2" "$3" "$4" >"$5.items" 2>"$5.err" && awk '$1 == "total" { print $2 }' "$5.list" >"$5.total"
}

kernel() { # NAME
	[[ $1 = fp_* || ($1 = p256_* && $1 != p256_inv) ]]
}

# One of the list, for xargs: a line into OUT.
if [ "${1:-}" = --one ]; then
	read -r arch bench row name batch out <<<"$2"
	if ! "count_$arch" "$bench" "$row" "$name" "$batch" "$out" || [ ! -s "$out.total" ]; then
		echo "$arch $row $name@$batch was not counted:" >&2
		cat "$out.err" >&2
		exit 255
	fi
	total=$(cat "$out.total")
	[ -z "${PROFILE:-}" ] || [ "$arch" != aarch64 ] || cp "$out.list" "$PROFILE/$row-$name-$batch"
	if kernel "$name"; then
		"count_$arch" "$bench" none "$name" "$batch" "$out"
		total=$((total - $(cat "$out.total")))
	fi
	echo "$arch $row $name $batch $((total / $(cat "$out.items")))" >"$out"
	exit 0
fi

json=$1
shift
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$(dirname "$json")" ${PROFILE:+"$PROFILE"}

wanted() { # NAME BATCH
	[ -z "${ONLY:-}" ] || [[ " $ONLY " = *" $1 "* || " $ONLY " = *" $1@$2 "* ]]
}
# A line for each that is counted, by each row that there is.
list() { # ARCH BENCH ROWS
	local row name batch
	for row in $3; do
		while read -r name batch _; do
			wanted "$name" "$batch" || continue
			n=$((n + 1))
			printf '%s %s %s %s %s %s/%06d\n' "$1" "$2" "$row" "$name" "$batch" "$dir" "$n"
		done < <(grep -v '^#' "$here/instructions.txt")
	done >>"$dir/list"
}

n=0
for pair in "$@"; do
	arch=${pair%%=*} bench=$(realpath "${pair#*=}") tool=qemu-$arch run=qemu-$arch
	[ "$arch" != x86_64 ] || tool=valgrind run=
	if command -v "$tool" >/dev/null; then
		list "$arch" "$bench" "$($run "$bench" --rows)"
	else
		echo "skipped: $arch, for which $tool is not installed"
	fi
done
[ "$n" -gt 0 ] || exit 0

# The largest batches first, as many at once as there are processors: no count depends on it.
export COUNT=${COUNT:-} PROFILE=${PROFILE:-}
sort -s -k 5,5nr "$dir/list" | xargs -d '\n' -P "$(nproc)" -n 1 bash "$0" --one
cat "$dir"/[0-9][0-9][0-9][0-9][0-9][0-9] >"$dir/counted"

awk 'BEGIN { printf "[" }
	{ printf "%s\n{\"arch\": \"%s\", \"row\": \"%s\", \"name\": \"%s\", \"batch\": %d, \"instructions\": %.0f}",
		(NR > 1 ? "," : ""), $1, $2, $3, $4, $5 }
	END { print "\n]" }' "$dir/counted" >"$json"
awk -f "$here/instructions.awk" "$here/instructions.txt" "$dir/counted"
echo "An item of a turn: what is called and returns.  Some vary by a thousandth: they draw again, or invert what is
blinded."
