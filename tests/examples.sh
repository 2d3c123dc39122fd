#!/bin/bash
# examples.sh -- what a stranger does with an installed library: headers alone, C and C++, one message.
# usage: tests/examples.sh path/to/prefix, where make install has been.  Prints a line a case; exit 1 where one failed.
set -u
prefix=$(realpath "$1")
keymuster=$prefix/bin/keymuster
root=$(pwd)
T=$(mktemp -d) || exit 1
export XDG_STATE_HOME=$T/state
trap 'rm -rf "$T"' EXIT
cc=${CC:-cc}
passed=0
failed=0
skipped=0

expect() {
	local name=$1
	shift
	if "$@" >"$T/out" 2>&1; then
		passed=$((passed + 1))
		echo "ok      $name"
	else
		failed=$((failed + 1))
		echo "FAILED  $name"
		sed 's/^/        | /' "$T/out"
	fi
}

pc() { sed -n "s|\${prefix}|$prefix|g; s/^$1: //p" "$prefix/lib/pkgconfig/keymuster.pc"; }
read -ra flags < <(pc Cflags)
read -ra libs < <(pc Libs)
warn=(-Wall -Wextra -Wpedantic -Wshadow -Werror)

for header in engine/engine.h provision/gmk.h; do
	echo "#include \"$header\"" >"$T/alone.c"
	expect "$header alone in C11" "$cc" -std=c11 "${warn[@]}" "${flags[@]}" -fsyntax-only "$T/alone.c"
	if command -v g++ >/dev/null; then
		expect "$header alone in C++" g++ -std=c++11 "${warn[@]}" "${flags[@]}" -x c++ \
			-fsyntax-only "$T/alone.c"
	else
		skipped=$((skipped + 1))
		echo "skipped $header alone in C++: no g++"
	fi
done

asan=()
[ "${MODE:-release}" = asan ] && asan=(-fsanitize=address,undefined)
expect "one_message builds against what was installed" "$cc" -std=c11 -D_GNU_SOURCE "${warn[@]}" \
	"${flags[@]}" "${asan[@]}" "$root/examples/one_message.c" "${libs[@]}" -o "$T/one_message"
cd "$T" || exit 1
expect "a laboratory KMS" "$keymuster" lab kms kms
expect "keys of a GMS" "$keymuster" lab user kms sip:gms@gms-psi.example.org -o gms
expect "keys of a member" "$keymuster" lab user kms sip:alice@example.org -o users
one() {
	./one_message kms/kms-init.xml gms/gms-*.xml sip:fire-1@gms-psi.example.org "$1" >one.mikey
}
opens() { "$keymuster" open --kms kms/kms-init.xml --keys users/alice-*.xml one.mikey; }
expect "one_message makes a message" one sip:alice@example.org
expect "which its member opens" opens
refused() { ! one "sip:al ice@example.org"; }
expect "a bad URI is refused" refused

echo "# $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
