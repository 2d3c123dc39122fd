#!/bin/bash
# opcodes.sh -- the kernels as they were assembled, against asm/ARCH/allowed.txt: which instructions,
# no branch and no address that may depend on a secret, the caller's registers kept.  It covers what
# memcheck cannot run.  First it shows on planted faults that it can fail.
# usage: tests/opcodes.sh build/x86_64-release      where the objects are
# Every asm/ARCH/*.S is checked.  Ends in "N passed, N failed, N skipped"; exit 1 where one failed.
set -u
cd "${0%/*}/.." || exit 1
objects=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
. tests/verdict.sh
arch=$(arch_of "$objects")
allowed=asm/$arch/allowed.txt

if ! compgen -G "asm/$arch/*.S" >/dev/null; then
	skip_all "opcodes" "no kernels for $arch"
fi

syntax=
[ "$arch" != x86_64 ] || syntax="-M intel"
complaints() {
	${OBJDUMP:-objdump} -dr $syntax --no-show-raw-insn "$1" | awk -v file="$2" -f tests/opcodes.awk -f "tests/opcodes_$arch.awk" "$allowed" -
}

# assemble NAME FUNCTION: the code on stdin, as that function.
assemble() {
	{ printf '#include "asm/asm.h"\nFUNC %s\n' "$2"; cat; echo "ENDFUNC $2"; } >"$dir/$1.S"
	${CC:-cc} -I. -DARCH_$arch -c "$dir/$1.S" -o "$dir/$1.o" || exit 1
}

# planted NAME COMPLAINT [FUNCTION]: the code on stdin is complained of, and with these words.
planted() {
	local out
	assemble "$1" "${3:-planted}"
	out=$(complaints "$dir/$1.o" planted)
	[ $? = 1 ] && grep -q ": $2\$" <<<"$out"
	verdict $? "$1 is found"
}

# harmless NAME: and this one is not.
harmless() {
	assemble "$1" planted
	complaints "$dir/$1.o" "$1"
	verdict $? "$1 is let through"
}

. "tests/opcodes_$arch.sh"

for source in asm/"$arch"/*.S; do
	complaints "$objects/$source.o" "${source##*/}"
	verdict $? "${source##*/}"
done
verdicts
