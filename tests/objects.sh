#!/bin/bash
# objects.sh -- the objects as a distribution wants them: each carries the note that it may run where
# indirect branches and returns are checked, and all code of a kernel file has a name, so that profilers
# and debuggers tell one part from another.  First it shows that it can fail.
# usage: tests/objects.sh build/x86_64-release      where the objects are
# Ends in "N passed, N failed, N skipped"; exit 1 where one failed.
set -u
cd "${0%/*}/.." || exit 1
objects=$1
arch=$(uname -m)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
. tests/verdict.sh

if [ "$arch" != x86_64 ]; then
	skip_all "objects" "the note is one of x86_64"
fi

# Objects without the note.
unmarked() {
	local object
	for object; do
		readelf -n "$object" | grep -q 'x86 feature: IBT, SHSTK' || echo "${object##*/}: no note"
	done
}

# Octets of code that no function covers, but for filling: where a function ends the next one begins at
# the next multiple of 64.
unnamed() {
	local object
	for object; do
		readelf -sW "$object" | awk -v file="${object##*/}" -v size="$(
			readelf -SW "$object" | sed -nE 's/.* \.text +PROGBITS +[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+) .*/\1/p')" '
			function hex(s,    n, k) {
				for (k = 1; k <= length(s); k++)
					n = n * 16 + index("0123456789abcdef", substr(s, k, 1)) - 1
				return n
			}
			$4 == "FUNC" { at[hex($2)] = $3 }
			END {
				end = 0
				for (i = 0; i < hex(size); i += 64)
					if (i in at) {
						if (i - end >= 64)
							print file ": " i - end " octets before " i
						end = i + at[i]
					}
				if (hex(size) - end >= 64)
					print file ": " hex(size) - end " octets at the end"
			}'
	done
}

printf '\t.text\nf:\n\tret\n' >"$dir/plain.S"
printf '#include "asm/asm.h"\nFUNC f\n\tcall .Lpart\n\tret\nENDFUNC f\n\t.balign 64\n.Lpart:\n%s\n\tret\n' \
	"$(printf '\tnop\n%.0s' {1..70})" >"$dir/nameless.S"
printf '#include "asm/asm.h"\nPART part\n\tret\nENDFUNC part\nFUNC f\n\tcall part\n\tret\nENDFUNC f\n' >"$dir/good.S"
for name in plain nameless good; do
	${CC:-cc} -fcf-protection -I. -c "$dir/$name.S" -o "$dir/$name.o" || exit 1
done
[ -n "$(unmarked "$dir/plain.o")" ]
verdict $? "an object without the note is found"
[ -n "$(unnamed "$dir/nameless.o")" ]
verdict $? "code without a name is found"
[ -z "$(unmarked "$dir/good.o")$(unnamed "$dir/good.o")" ]
verdict $? "an object with both is not"

shopt -s nullglob
all=() kernels=()
for source in engine/*.c engine/*/*.c provision/*/*.c asm/"$arch"/*.S; do all+=("$objects/$source.o"); done
for source in asm/"$arch"/*.S; do kernels+=("$objects/$source.o"); done
out=$(unmarked "${all[@]}" "$objects/libkeymuster.o")
[ -z "$out" ] || echo "$out"
[ -z "$out" ]
verdict $? "all objects carry the note"
out=$(unnamed "${kernels[@]}")
[ -z "$out" ] || echo "$out"
[ -z "$out" ]
verdict $? "all code of kernels has a name"
verdicts
