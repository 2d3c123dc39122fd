#!/bin/bash
# mca_a64.sh -- cycles of AArch64's kernels by models of four cores, by llvm-mca: no such core was at hand.
# usage: bench/mca_a64.sh path/to/count.so path/to/bench      bench: built for aarch64
# LLVM_MCA: which llvm-mca, of version 19 or later; else llvm-mca-19.
#
# What runs of a kernel, with what it calls, is traced (tests/qemu/count.c) and given to llvm-mca as a block that
# follows itself.  How many instructions a core takes in a cycle is said here, for not all models do.  They know nothing
# of loads that wait for stores: real cores take longer.
set -euo pipefail
export LC_ALL=C
count=$1 bench=$2
models=(neoverse-n1:4 neoverse-n2:5 neoverse-v1:8 neoverse-v2:8)
kernels=(fp_mul fp_sqr fp_add fp_sub fp_select p256_mul p256_sqr p256_mul_n)
turns=4
mca=${LLVM_MCA:-llvm-mca-19}
for tool in "$mca" qemu-aarch64; do
	if ! command -v "$tool" >/dev/null; then
		echo "skipped: models of AArch64, for which $tool is not installed"
		exit 0
	fi
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# Where a jump leads, or an address, does not matter, but must be said in a way that is understood.
trace() { # ROW KERNEL
	qemu-aarch64 -plugin "$count,function=worker_turn,out=$dir/out,trace=2" "$bench" --count "$1" "$2" >/dev/null
	sed -E '/^(b|bl|b\.[a-z]+|cbn?z|tbn?z|adrp?) /s/#0x[0-9a-f]+$/there/' "$dir/out.s" >"$dir/trace.s"
}

cycles() { # MODEL:WIDTH
	"$mca" -mtriple=aarch64 -mcpu="${1%:*}" -dispatch="${1#*:}" -iterations="$turns" -instruction-info=0 \
		-resource-pressure=0 "$dir/trace.s" 2>"$dir/err" | awk -v n="$turns" '/^Total Cycles:/ { printf " %12.0f", $3 / n }'
}

"$mca" --version | sed -n 's/.*LLVM version /llvm-mca /p'
printf '%-12s %-5s %12s' kernel row instructions
printf ' %12s' "${models[@]%:*}"
echo
for kernel in "${kernels[@]}"; do
	qemu-aarch64 "$bench" --rows | while read -r row; do
		trace "$row" "$kernel"
		printf '%-12s %-5s %12d' "$kernel" "$row" "$(wc -l <"$dir/trace.s")"
		for model in "${models[@]}"; do cycles "$model"; done
		echo
	done
done
