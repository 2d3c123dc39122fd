#!/bin/bash
# fuzz.sh -- each fuzz target for FUZZ_SECONDS under libFuzzer, from seeds that the tests make.
# usage: tests/fuzz.sh DIR-OF-REPLAYS DIR-OF-FUZZERS TARGET...
# What it learns stays in build/fuzz; an input that breaks something is left there too.
set -eu
replays=$1 fuzzers=$2
shift 2
for target in "$@"; do
	corpus=build/fuzz/$target
	mkdir -p "$corpus"
	"$replays/$target" -w "$corpus"
	echo "  FUZZ  $target"
	"$fuzzers/$target" -max_total_time="${FUZZ_SECONDS:-20}" -max_len=65536 -timeout=20 \
		-print_final_stats=1 -artifact_prefix="$corpus-" "$corpus" >"$corpus.log" 2>&1 ||
		{ tail -40 "$corpus.log"; exit 1; }
	sed -n 's/^stat::number_of_executed_units: */        runs: /p' "$corpus.log"
done
