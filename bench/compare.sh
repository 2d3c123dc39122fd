#!/bin/bash
# compare.sh -- whole runs of the command: each kernel, one thread and two, small groups and large.
# usage: bench/compare.sh path/to/keymuster path/to/bench [FILE.json]
# SIZES: members of the groups, KERNELS: which kernels; a group that would take a minute is left out.
set -euo pipefail
export LC_ALL=C
keymuster=$(realpath "$1")
bench=$(realpath "$2")
json=$(realpath -m "${3:-build/compare.json}")
sizes=${SIZES:-1 8 50 1000 100000}
kernels=${KERNELS:-$("$keymuster" --plain selftest | awk '$NF == "ok" && !seen[$1]++ {print $1}')}
command -v hyperfine >/dev/null || { echo "hyperfine is missing: apt-get install hyperfine" >&2; exit 1; }

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
"$keymuster" --plain lab kms kms 2>/dev/null
"$keymuster" --plain lab user kms sip:gms@gms-psi.example.org -o gms 2>/dev/null
for n in $sizes; do
	seq -f 'sip:member%.0f@example.org' "$n" >"members.$n"
done

# What is timed: the command as a user runs it, its messages in a file.
line() { # KERNEL JOBS MEMBERS
	echo "$keymuster --plain --kernel $1 provision --kms kms/kms-init.xml --gms $(echo gms/*.xml)" \
		"--group sip:fire-1@gms-psi.example.org --members members.$3 --forget-key --jobs $2 -o out"
}

# us a message of the library, one thread, by processor time.
library() { # KERNEL
	"$bench" --only message_batch --seconds 2 | awk -v k="$1" '$1 == "message_batch" && $2 == k {print $4}'
}

# Seconds that a run may take, from the time a member took in the run before.
per_member=0
runs_for() { # MEMBERS
	awk -v n="$1" -v t="$per_member" 'BEGIN {s = n * t; print (s > 60 ? 0 : s > 20 ? 1 : s > 2 ? 3 : 15)}'
}

rows=()
measure() { # KERNEL JOBS MEMBERS
	local runs command peak
	runs=$(runs_for "$3")
	command=$(line "$@")
	if [ "$runs" = 0 ]; then
		printf '%-6s %4s %8s   left out: more than a minute\n' "$@"
		return
	fi
	if [ "$runs" -gt 3 ]; then
		hyperfine --style none --shell none --warmup 2 --runs "$runs" --export-csv times.csv "$command" >/dev/null 2>&1
	else
		hyperfine --style none --shell none --runs "$runs" --export-csv times.csv "$command" >/dev/null 2>&1
	fi
	# shellcheck disable=SC2086
	peak=$("$bench" --peak $command 2>/dev/null)
	# command, mean, stddev, median, user, system, min, max
	tail -n 1 times.csv | awk -F, -v k="$1" -v j="$2" -v n="$3" -v runs="$runs" -v peak="$peak" '{
		printf "%-6s %4d %8d %10.1f %10.1f %10.1f %5d %9.0f %9.1f %8.1f\n", k, j, n, $4 * 1e3,
			$(NF - 1) * 1e3, $NF * 1e3, runs, n / $4, ($5 + $6) / n * 1e6, peak / 1024}' | tee row
	per_member=$(awk '{print ($3 < 1000 ? 0 : $4 / 1e3 / $3)}' row)
	rows+=("$(awk '{printf "{\"kernel\": \"%s\", \"jobs\": %d, \"members\": %d, \"median_ms\": %s, " \
		"\"min_ms\": %s, \"max_ms\": %s, \"runs\": %d, \"messages_per_second\": %s, " \
		"\"cpu_us_per_message\": %s, \"peak_mb\": %s}", $1, $2, $3, $4, $5, $6, $7, $8, $9, $10}' row)")
}

printf '%-6s %4s %8s %10s %10s %10s %5s %9s %9s %8s\n' \
	kernel jobs members 'median ms' min max runs messages/s 'cpu us' 'peak MB'
notes=()
for k in $kernels; do
	for j in 1 2; do
		per_member=0
		for n in $sizes; do
			measure "$k" "$j" "$n"
			[ -f row ] || continue
			case $j:$n in
			2:50) notes+=("$(awk '{printf "%s: 50 members from start to last message: %.3f s (target: 0.150)", $1, $4 / 1e3}' row)") ;;
			2:100000) notes+=("$(awk -v lib="$(library "$k")" '{printf "%s: 100000 members on two threads: %.0f%% of twice " \
				"the library'"'"'s one-thread rate, %.1f us a message (target: 90%%)", $1, $8 / (2e6 / lib) * 100, lib}' row)") ;;
			2:1000000) notes+=("$(awk '{printf "%s: 1000000 members on two threads: %.1f s, %.1f MB (target: 260k slots " \
				"each, 200 MB)", $1, $4 / 1e3, $10}' row)") ;;
			esac
			rm -f row
		done
	done
done
printf '\n'
printf '%s\n' "${notes[@]+"${notes[@]}"}"
printf 'cpu us: processor time of all threads, a message.  peak MB: resident, of another run.\n'

{
	printf '{"cpu": "%s", "version": "%s", "results": [\n' \
		"$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" "$("$keymuster" --version)"
	for ((i = 0; i < ${#rows[@]}; i++)); do
		printf ' %s%s\n' "${rows[i]}" "$([ $((i + 1)) = ${#rows[@]} ] || echo ,)"
	done
	printf ']}\n'
} >"$json"
