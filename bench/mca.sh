#!/bin/bash
# mca.sh -- the kernels of eight lanes beside models of two makes of core, by llvm-mca.
# usage: bench/mca.sh path/to/fp8_ifma.S.o path/to/bench
# LLVM_MCA: which llvm-mca; else the newest at hand.  What it does not know is named and left out.
#
# A kernel's trace (trace.awk) is counted, and given to llvm-mca as a block that follows itself.
set -euo pipefail
export LC_ALL=C
object=$1 bench=$2
here=$(dirname "$(realpath "$0")")
models=("icelake-server ICXPort0 ICXPort5" "znver4 Zn4FP0 Zn4FP1")
turns=20
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

version() { "$1" --version | sed -n 's/.*LLVM version //p'; }
newest() {
	compgen -c llvm-mca | grep -xE 'llvm-mca(-[0-9]+)?' | sort -u | while read -r mca; do
		echo "$(version "$mca") $mca"
	done | sort -V | tail -n 1 | cut -d ' ' -f 2
}
mca=${LLVM_MCA:-$(newest)}
if [ -z "$mca" ]; then
	echo "skipped: llvm-mca is not installed: apt-get install llvm-19, or llvm, which knows no znver4"
	exit 0
fi

# Those that this llvm-mca knows, with AVX-512.
known=()
printf 'vpmadd52luq %%zmm0, %%zmm1, %%zmm2\n' >"$dir/probe.s"
for model in "${models[@]}"; do
	if ! "$mca" -mcpu="${model%% *}" "$dir/probe.s" >/dev/null 2>"$dir/said" || [ -s "$dir/said" ]; then
		echo "skipped: ${model%% *}, which llvm-mca $(version "$mca") does not know"
	else
		known+=("$model")
	fi
done

# Of a trace: vpmadd52; moves between registers, which are renamed; and what else of 512 bits takes a port
# of the vector unit, so neither loads, nor stores, nor what clears a register.
count() {
	awk '/vpmadd52/ { ifma++; next }
		!/zmm/ { next }
		/^vmovdq[au]64/ && !/\{%k/ { moves += !/\(/; next }
		/^vpbroadcastq/ && /\(/ { next }
		/^vpxor/ { split($2, reg, ","); if (reg[1] == reg[2]) next }
		{ others++ }
		END { printf " %6d %6d %6d", ifma, moves, others }' "$1"
}

# Of a report: uops, the least cycles of its ports, the cycles that it simulates, and the pressure on two.
model() { # TRACE CPU PORT PORT
	"$mca" -mcpu="$2" -iterations="$turns" -instruction-info=0 "$1" >"$dir/report"
	awk -v turns="$turns" -v first="$3" -v second="$4" '
		/^Total uOps:/ { uops = $3 / turns }
		/^Total Cycles:/ { cycles = $3 / turns }
		/^Block RThroughput:/ { least = $3 }
		/^\[[0-9.]+\] +- / { port[++n] = $3 }
		/^Resource pressure per iteration:/ { getline; getline
			for (i = 1; i <= n; i++) pressure[port[i]] += $i
			exit }
		END {
			printf "  %6.0f %6.0f %6.0f", uops, least, cycles
			printf " %6.0f %6.0f", pressure[first], pressure[second]
		}' "$dir/report"
}

objdump -d --no-show-raw-insn -M att "$object" >"$dir/code"
kernels=$(sed -nE 's/^[0-9a-f]+ <(fp8_.*)_ifma>:$/\1/p' "$dir/code" | grep -vx fp8_scrub)
"$bench" --seconds 0.2 --only "${kernels//$'\n'/ }" >"$dir/measured"

echo "llvm-mca $(version "$mca"); measured here, slots: $(grep -m 1 'a slot' "$dir/measured" || echo "no IFMA")"
printf '%-16s %8s %6s %6s %6s' '' '' '' '' ''
for model in "${known[@]}"; do printf '  %-34s' "${model%% *}"; done
printf '\n%-16s %8s %6s %6s %6s' kernel measured ifma moves others
for model in "${known[@]}"; do
	read -r _ first second <<<"$model"
	printf '  %6s %6s %6s %6s %6s' uops least cycles "${first#???}" "${second#???}"
done
echo
for kernel in $kernels; do
	awk -v name="${kernel}_ifma" -f "$here/trace.awk" "$dir/code" >"$dir/trace.s"
	awk -v kernel="$kernel" '$1 == kernel && $2 == "ifma" { slots = $8 }
		END { printf "%-16s %8s", kernel, slots ? slots : "-" }' "$dir/measured"
	count "$dir/trace.s"
	# shellcheck disable=SC2086
	for model in "${known[@]}"; do model "$dir/trace.s" $model; done
	echo
done
cat <<END
ifma: vpmadd52, so the least slots.  others: 512-bit instructions that take a port of the vector unit; where two
IFMA issue a cycle these are their two ports, and ifma + others the least slots.  moves are renamed away.
uops, least (cycles by the ports), cycles (simulated) and the uops on two ports are llvm-mca's.
END
