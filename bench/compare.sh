#!/bin/bash
# compare.sh -- whole runs of the command: each kernel, one thread and two, small groups and large.
# usage: bench/compare.sh path/to/keymuster path/to/bench [FILE.json]
# SIZES: members of the groups.  MANY: N:SIZE, groups of one run against one (10000:20; 0: none).  KMSS: N:SIZE, KMSs of so many members each against one KMS
# (40:500; 0: none).  KERNELS: which kernels.  LIMIT: what would take longer than so many seconds (60) is left out.
set -euo pipefail
export LC_ALL=C
keymuster=$(realpath "$1")
bench=$(realpath "$2")
json=$(realpath -m "${3:-build/compare.json}")
sizes=${SIZES:-1 8 50 1000 100000}
limit=${LIMIT:-60}
known=$("$keymuster" --plain selftest | awk '$NF == "ok" && !seen[$1]++ {print $1}')
kernels=${KERNELS:-$known}
if ! command -v hyperfine >/dev/null; then
	echo "hyperfine is missing: apt-get install hyperfine" >&2
	exit 1
fi

dir=$(mktemp -d)
export XDG_STATE_HOME=$dir/state
trap 'rm -rf "$dir"' EXIT
cd "$dir"
"$keymuster" --plain lab kms kms 2>/dev/null
"$keymuster" --plain lab user kms sip:gms@gms-psi.example.org -o gms 2>/dev/null
for n in $sizes; do
	seq -f 'sip:member%.0f@example.org' "$n" >"members.$n"
done

# What is timed: the command as a user runs it, its messages in a file.
line() { # KERNEL JOBS MEMBERS
	echo "$keymuster --plain --kernel $1 provision --kms kms/kms-init.xml" \
		"--gms $(echo gms/*.xml) --group sip:fire-1@gms-psi.example.org" \
		"--members members.$3 --forget-key --jobs $2 -o out"
}

# us a message of the library, one thread, by processor time.
library() { # KERNEL
	"$bench" --only message_batch@512 --seconds 2 |
		awk -v k="$1" '$1 == "message_batch" && $2 == k {print $4}'
}

# Runs of a group, by the time that a member took in the group before; 0: it takes too long.
per_member=0
runs_for() { # MEMBERS
	awk -v n="$1" -v t="$per_member" -v limit="$limit" 'BEGIN {
		s = n * t
		print (s > limit ? 0 : s > 20 ? 1 : s > 2 ? 3 : 15)
	}'
}

# From the line of hyperfine (command, mean, stddev, median, user, system, min, max) to ours.
as_row() { # KERNEL JOBS MEMBERS RUNS PEAK
	awk -F, -v k="$1" -v j="$2" -v n="$3" -v runs="$4" -v peak="$5" '{
		printf "%-6s %4d %8d %10.1f %10.1f %10.1f %5d %10.0f %9.1f %8.1f\n", k, j, n,
			$4 * 1e3, $(NF - 1) * 1e3, $NF * 1e3, runs, n / $4,
			($5 + $6) / n * 1e6, peak / 1024
	}'
}

as_json() {
	awk '{
		printf "{\"kernel\": \"%s\", \"jobs\": %d, \"members\": %d, ", $1, $2, $3
		printf "\"median_ms\": %s, \"min_ms\": %s, \"max_ms\": %s, \"runs\": %d, ",
			$4, $5, $6, $7
		printf "\"messages_per_second\": %s, \"cpu_us_per_message\": %s, ", $8, $9
		printf "\"peak_mb\": %s}", $10
	}'
}

rows=()
measure() { # KERNEL JOBS MEMBERS
	local runs warmup=0 command peak
	runs=$(runs_for "$3")
	command=$(line "$@")
	if [ "$runs" = 0 ]; then
		printf '%-6s %4s %8s   left out: more than %s s\n' "$@" "$limit"
		return
	fi
	[ "$runs" -le 3 ] || warmup=2
	hyperfine --style none --shell none --warmup "$warmup" --runs "$runs" \
		--export-csv times.csv "$command" >/dev/null 2>err || { cat err >&2; exit 1; }
	# shellcheck disable=SC2086
	peak=$("$bench" --peak $command 2>/dev/null)
	tail -n 1 times.csv | as_row "$@" "$runs" "$peak" | tee row
	per_member=$(awk '{print ($3 < 1000 ? 0 : $4 / 1e3 / $3)}' row)
	rows+=("$(as_json <row)")
}

# What the targets ask for, of a row.
note() { # KERNEL JOBS:MEMBERS
	case $2 in
	2:50)
		awk '{printf "%s: 50 members from start to last message in %.3f s; ", $1, $4 / 1e3
			print "target: 0.150 s"}' row ;;
	2:100000)
		awk -v lib="$(library "$1")" '{
			printf "%s: 100000 members on two threads at %.0f%% of ", $1, $8 * lib / 2e4
			printf "twice the library'"'"'s rate of one (%.1f us a message), ", lib
			printf "%.0f%% by processor time; target: 90%%\n", lib / $9 * 100}' row ;;
	2:1000000)
		awk '{printf "%s: 1000000 members on two threads in %.1f s, ", $1, $4 / 1e3
			printf "%.1f MB; targets: 260k slots each, 200 MB\n", $10}' row ;;
	esac
}

printf '%-6s %4s %8s %10s %10s %10s %5s %10s %9s %8s\n' \
	kernel jobs members 'median ms' min max runs messages/s 'cpu us' 'peak MB'
for k in $kernels; do
	for j in 1 2; do
		per_member=0
		for n in $sizes; do
			measure "$k" "$j" "$n"
			[ ! -f row ] || note "$k" "$j:$n" >>notes
			rm -f row
		done
	done
done
# The same members in many groups, N of SIZE each, and in one group, in turn, at a GMS that begins and again when each
# group has a key already; the middle of three by processor time, which others on the machine change least.  Key files
# are made in each run, and left: a file system may make the next ones slowly where many were just removed.
many=${MANY:-10000:20}
# By processor time, and by the clock.
seconds() { # WORD...
	local TIMEFORMAT='%U %S %R'
	{ time "$@" >/dev/null 2>&1; } 2>&1 | awk '{print $1 + $2, $3}'
}
many_against_one() { # KERNEL
	local round when command=("$keymuster" --plain --kernel "$1" provision --kms kms/kms-init.xml --gms gms/*.xml
		--partial -o out)
	for round in 1 2 3; do
		for when in new again; do
			mkdir "keys.$round.$when"
			sed "s,keys/,keys.$round.$when/," many.csv >many.now.csv
			XDG_STATE_HOME=$dir/state.$round seconds "${command[@]}" \
				--groups many.now.csv --members many.members >>"many.$when"
			XDG_STATE_HOME=$dir/state.$round seconds "${command[@]}" \
				--group sip:fire-1@gms-psi.example.org --gmk "one.$round.$when.gmk" \
				--members many.one >>"one.$when"
		done
	done
	for when in new again; do
		echo "$when $(sort -n "many.$when" | sed -n 2p) $(sort -n "one.$when" | sed -n 2p)"
	done | awk -v k="$1" -v n="${many%:*}" -v size="${many#*:}" '{
		printf "%s: %d groups of %d, %s, at %.0f%% of the rate of one group of them all by processor time, %.0f%% by the clock; target: 90%%\n",
			k, n, size, $1 == "new" ? "new" : "each with an earlier key", 100 * $4 / $2, 100 * $5 / $3 }'
}
if [ "$many" != 0 ]; then
	awk -v n="${many%:*}" -v size="${many#*:}" 'BEGIN {
		print "group,gmk" >"many.csv"
		print "uri,group" >"many.members"
		for (i = 0; i < n; i++) {
			g = "sip:group" i "@gms-psi.example.org"
			print g ",keys/" i ".gmk" >"many.csv"
			for (k = 0; k < size; k++) {
				print "sip:member" i "-" k "@example.org," g >"many.members"
				print "sip:member" i "-" k "@example.org" >"many.one"
			}
		}
	}'
	many_against_one "${kernels%% *}" >>notes
fi

# The same members at one KMS, and at many, whose documents are loaded in both: one KMS after the other in the list, and
# in turn.  The least of five by processor time, and peaks.
kmss=${KMSS:-40:500}
kmss_against_one() { # KERNEL JOBS
	local list command=("$keymuster" --plain --kernel "$1" provision "${documents[@]}" --gms gms/*.xml
		--group sip:fire-1@gms-psi.example.org --forget-key --jobs "$2" -o out)
	rm -f times.*
	for _ in 1 2 3 4 5; do
		for list in one ordered mixed; do
			seconds "${command[@]}" --members "kmss.$list" >>"times.$list"
		done
	done
	for list in one ordered mixed; do
		echo "$list $(sort -n "times.$list" | head -n 1) $("$bench" --peak "${command[@]}" --members "kmss.$list" 2>/dev/null)"
	done | awk -v k="$1" -v j="$2" -v n="${kmss%:*}" -v size="${kmss#*:}" '
		NR == 1 { time = $2; peak = $4; next }
		{ printf "%s: %d KMSs of %d members each, %s, %d thread%s: %.2f times the processor time of one KMS, %.2f times its memory; targets: 1.15, 1.5\n",
			k, n, size, $1, j, j == 1 ? "" : "s", $2 / time, $4 / peak }'
}
if [ "$kmss" != 0 ]; then
	documents=(--kms kms/kms-init.xml)
	for ((i = 0; i < ${kmss%:*}; i++)); do
		"$keymuster" --plain lab kms --kms-uri "kms$i.example.org" --domain "d$i.example.org" "kms$i" 2>/dev/null
		documents+=(--kms "kms$i/kms-init.xml")
	done
	awk -v n="${kmss%:*}" -v size="${kmss#*:}" 'BEGIN {
		for (i = 0; i < n * size; i++) {
			print "sip:member" i "@example.org" >"kmss.one"
			print "sip:member" i "@d" int(i / size) ".example.org" >"kmss.ordered"
			print "sip:member" i "@d" i % n ".example.org" >"kmss.mixed"
		}
	}'
	for j in 1 2; do kmss_against_one "${kernels%% *}" "$j" >>notes; done
fi
echo
[ ! -f notes ] || cat notes
echo "cpu us: processor time of all threads, a message.  peak MB: resident, of another run."

{
	printf '{"cpu": "%s", "version": "%s", "results": [\n' \
		"$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" "$("$keymuster" --version)"
	printf '%s\n' "${rows[@]}" | sed '$!s/$/,/'
	printf ']}\n'
} >"$json"
