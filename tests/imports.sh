#!/bin/bash
# imports.sh -- the functions that the engine's objects call outside of it, against
# engine/imports.txt.  First it shows on planted objects that it can fail.
# usage: tests/imports.sh build/x86_64-release      where the objects are
# Ends in "N passed, N failed, N skipped"; exit 1 where one failed.
set -u
cd "${0%/*}/.." || exit 1
objects=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
. tests/verdict.sh

# What the objects want that neither they nor the list have.  NAME.c.o stands for NAME.c; what
# sanitizers and assertions (-DKM_VERIFY) want is left out.
complaints() {
	"${NM:-nm}" -A "$@" | awk '
	FNR == NR {
		if ($1 ~ /^[^#]/)
			for (k = 2; k <= NF; k++)
				listed[$1, $k] = 1
		next
	}
	$2 == "U" { want[$1] = want[$1] " " $3; next }
	{ have[$NF] = 1 }
	END {
		for (file in want) {
			object = file
			sub(/^.*\//, "", object)
			sub(/\.o:.*$/, "", object)
			n = split(want[file], name, " ")
			for (i = 1; i <= n; i++)
				if (!(name[i] in have) && name[i] !~ /^__(asan|ubsan|tsan|sanitizer|assert)_/ && !is_listed(name[i], object)) {
					print object ": calls " name[i]
					bad = 1
				}
		}
		exit bad
	}
	function is_listed(name, object,    one, part, stem) {
		for (one in listed) {
			split(one, part, SUBSEP)
			if (part[2] != "*" && part[2] != object)
				continue
			stem = part[1]
			if (stem == name || (sub(/\*$/, "", stem) && index(name, stem) == 1))
				return 1
		}
		return 0
	}' engine/imports.txt -
}

# planted OBJECT NAME: an object of this name that calls NAME is complained of.
planted() {
	local out
	echo "void f(void); void $2(void); void f(void) { $2(); }" >"$dir/$1"
	${CC:-cc} -w -c "$dir/$1" -o "$dir/$1.o" || exit 1
	out=$(complaints "$dir/$1.o")
	[ $? = 1 ] && [ "$out" = "$1: calls $2" ]
	verdict $? "$2 in $1 is found"
}

planted zq.c __gmpn_mul_n
planted fp_c.c __gmpn_sqr
planted encap.c __gmpz_invert
planted zq.c printf
planted sakke.c memcmp
planted zq.c getenv
shopt -s nullglob
all=()
for source in engine/*.c engine/*/*.c asm/"$(arch_of "$objects")"/*.S; do all+=("$objects/$source.o"); done
complaints "${all[@]}"
verdict $? "the engine calls nothing else"
verdicts
