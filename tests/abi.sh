#!/bin/bash
# abi.sh -- what programs that link the shared libraries rely on, against abi/: functions, structs and enumerations of
# the public headers by abidiff, and the list of names by nm.  What is gone or other is a fault: such a library has
# another SONAME (SO in the Makefile).  What was added is written down by "make abi", and so is a struct that has grown
# behind its struct_size, which abidiff cannot know to be right.  First it shows on planted libraries that it can fail.
# usage: tests/abi.sh [--write] build/x86_64-release      where the libraries are
# Ends in "N passed, N failed, N skipped"; exit 1 where one failed.
set -u
cd "${0%/*}/.." || exit 1
write=
[ "$1" != --write ] || { write=yes && shift; }
objects=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
. tests/verdict.sh

libraries=(libkeymuster-engine libkeymuster)
kept=abi
mkdir -p "$dir/headers/engine" "$dir/headers/provision"
cp engine/engine.h "$dir/headers/engine/"
cp provision/gmk.h "$dir/headers/provision/"

# dump LIBRARY HEADERS: types that the headers of that directory show, and nothing of where they were built.
dump() {
	abidw --exported-interfaces-only --headers-dir "$2" --drop-private-types --no-corpus-path --no-comp-dir-path \
		--no-show-locs --type-id-style hash "$1"
}
list() { "${NM:-nm}" -D --defined-only "$1" | awk '$2 != "A" { print $2, $3 }' | LC_ALL=C sort; }

# differ OLD NEW, dumps both: says what is other.  0 nothing, 1 more is there, 2 what was there is gone or other.
differ() {
	abidiff --no-added-syms "$1" "$2" || return 2
	abidiff "$1" "$2" || return 1
}
# The same of two lists.
differ_list() {
	LC_ALL=C comm -23 "$1" "$2" | sed 's/^/gone: /' | grep . && return 2
	LC_ALL=C comm -13 "$1" "$2" | sed 's/^/added: /' | grep . && return 1
	return 0
}

if [ -n "$write" ]; then
	command -v abidw >/dev/null || { echo "abidw is missing: apt-get install abigail-tools" >&2; exit 1; }
	mkdir -p "$kept"
	for library in "${libraries[@]}"; do
		list "$objects/$library.so.1.0.0" >"$kept/$library.names" &&
			dump "$objects/$library.so.1.0.0" "$dir/headers" >"$kept/$library.abi" || exit 1
	done
	wc -l "$kept"/*
	exit 0
fi

skipped=0
skip() {
	skipped=$((skipped + 1))
	echo "skipped $1: $2"
}

# plant NAME MEMBERS CODE: a library whose public struct has these members, built and dumped.
plant() {
	mkdir -p "$dir/$1"
	printf 'typedef struct { %s } km_said;\ntypedef struct km_hidden km_hidden;\nenum { KM_A = 1 };\n' "$2" >"$dir/$1/said.h"
	printf '#include "said.h"\nint km_say(km_said *said, km_hidden *hidden);\n%s\n' "$3" >"$dir/$1/said.c"
	${CC:-cc} -g -w -shared -fPIC "$dir/$1/said.c" -o "$dir/$1/libsaid.so" || exit 1
	list "$dir/$1/libsaid.so" >"$dir/$1/names"
	[ -z "$tool" ] || { mkdir "$dir/$1/h" && cp "$dir/$1/said.h" "$dir/$1/h/" &&
		dump "$dir/$1/libsaid.so" "$dir/$1/h" >"$dir/$1/abi"; } || exit 1
}
# planted HOW WANTED NEW FILE TEXT: a planted library's dump or list against that of the first one.
planted() {
	"$1" "$dir/was/$4" "$dir/$3/$4" >"$dir/said"
	[ $? = "$2" ]
	verdict $? "$5"
}
tool=$(command -v abidw)
say='int km_say(km_said *said, km_hidden *hidden) { return said->a; }'
hidden='struct km_hidden { int a; };'
plant was 'int a, b;' "$hidden $say"
plant same 'int a, b;' "struct km_hidden { long c; int a; }; $say"
plant inserted 'int a, c, b;' "$hidden $say"
plant type 'int a; unsigned short b;' "$hidden $say"
plant added 'int a, b;' "$hidden $say void km_more(void) { }"
plant gone 'int a, b;' "$hidden int km_other(km_said *said) { return said->b; }"
planted differ_list 0 same names "the same names are the same"
planted differ_list 1 added names "a name that was added is found"
planted differ_list 2 gone names "a name that is gone is found"
if [ -z "$tool" ]; then
	skip "structs and functions" "abidiff is not installed (abigail-tools)"
else
	planted differ 0 same abi "what is opaque may be other"
	planted differ 2 inserted abi "a field inserted into a struct is found"
	planted differ 2 type abi "a field of another type is found"
	planted differ 1 added abi "a function that was added is found"
	planted differ 2 gone abi "a function that is gone is found"
fi

# against HOW LIBRARY FILE: the library's own, in $dir/now, against what is kept.
against() {
	local code
	if [ ! -e "$kept/$2.$3" ]; then
		skip "$2.$3" "$kept/$2.$3 is not there; make abi writes it"
		return
	fi
	"$1" "$kept/$2.$3" "$dir/now" >"$dir/said"
	code=$?
	[ $code = 0 ] || cat "$dir/said"
	[ $code != 1 ] || echo "$2: more than is written in $kept/$2.$3: make abi"
	[ $code != 2 ] || echo "$2: a program built with it as $kept/$2.$3 has it may fail"
	verdict $code "$2 is as $kept/$2.$3 has it"
}
for library in "${libraries[@]}"; do
	list "$objects/$library.so.1.0.0" >"$dir/now"
	against differ_list "$library" names
	[ -n "$tool" ] || continue
	if [ "$(arch_of "$objects")" != x86_64 ]; then
		skip "$library.abi" "it is of x86_64"
		continue
	fi
	dump "$objects/$library.so.1.0.0" "$dir/headers" >"$dir/now" || exit 1
	against differ "$library" abi
done
echo "# $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
