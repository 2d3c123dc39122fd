#!/bin/bash
# objects.sh -- the objects as a distribution wants them: each carries the note that it may run where
# indirect branches and returns are checked, and all code of a kernel file has a name, so that profilers
# and debuggers tell one part from another.  And the libraries: what they show, need and hold.  First it shows that
# it can fail.
# usage: tests/objects.sh build/x86_64-release      where the objects are
# Ends in "N passed, N failed, N skipped"; exit 1 where one failed.
set -u
cd "${0%/*}/.." || exit 1
objects=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
. tests/verdict.sh

arch=$(arch_of "$objects")
case $arch in
x86_64) note='x86 feature: IBT, SHSTK' harden=-fcf-protection call=call ;;
aarch64) note='AArch64 feature: BTI, PAC' harden=-mbranch-protection=standard call=bl ;;
*) skip_all "objects" "no note is known for this architecture" ;;
esac
readelf() { command "${READELF:-readelf}" "$@"; }
nm() { command "${NM:-nm}" "$@"; }

# Objects without the note.
unmarked() {
	local object
	for object; do
		readelf -n "$object" | grep -q "$note" || echo "${object##*/}: no note"
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

# Names in static or shared libraries that no program is to see.
outside() {
	local library
	for library; do
		case $library in
		*.so*) nm -D --defined-only "$library" | awk '$2 != "A" { print $3 }' ;;
		*) nm -g --defined-only "$library" | awk 'NF == 3 { print $3 }' ;;
		esac | grep -v -E '^(__odr_asan\.)?km_' | sed "s|^|${library##*/}: shows |"
	done
}

# What a shared library is not and ought to be: known by NAME.so.1, bound at the start, kept, of code that is as it was.
unlike() {
	local library=$1 name=${1##*/} dynamic
	dynamic=$(readelf -dW "$library")
	grep -q "(SONAME).*\[${name%%.*}\.so\.1\]" <<<"$dynamic" || echo "$name: no SONAME, or another"
	grep -q 'FLAGS_1.*NOW.*NODELETE' <<<"$dynamic" || echo "$name: bound later, or unloaded"
	! grep -q 'TEXTREL' <<<"$dynamic" || echo "$name: code is written to"
	readelf -lW "$library" | grep -q 'GNU_STACK.* RW ' || echo "$name: a stack that is run"
	readelf -VW "$library" | grep -q 'Name: KM_1.0$' || echo "$name: no version of names"
}

# needed LIBRARY ALLOWED: what it needs that does not fit.
needed() {
	readelf -dW "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v -E "^($2)\.so" | sed "s|^|${1##*/}: needs |"
}

# within LIBRARY OBJECT...: what of these objects is in it.
within() {
	local library=$1
	shift
	nm -g --defined-only "$@" | awk 'NF == 3 { print $3 }' | sort -u >"$dir/theirs"
	nm --defined-only "$library" | awk 'NF == 3 { print $3 }' | sort -u | comm -12 - "$dir/theirs" | sed "s|^|${library##*/}: holds |"
}

# What of the C library is called that takes a lock which no fork sets free: a child may then wait for ever.
locking() {
	nm -D --undefined-only "$1" | awk '{ sub(/@.*/, "", $NF); print $NF }' | grep -E "^_*(gm|local|mk)time(64)?(_r)?$|^_*(timegm|\
ctime|ctime_r|strftime|strptime|tzset|strerror|strerror_r|strerror_l|xpg_strerror_r|perror|iconv_open|iconv_close|dlopen|dlsym|setlocale|newlocale|\
d?c?gettext|textdomain|bindtextdomain|getpw.*|getgr.*|gethost.*|getaddrinfo|getservby.*|syslog|openlog|random|rand|setenv|putenv|atexit|exit|popen|\
system|backtrace)(_chk)?$" | sed "s|^|${1##*/}: calls |"
}

printf '\t.text\nf:\n\tret\n' >"$dir/plain.S"
printf '#include "asm/asm.h"\nFUNC f\n\t%s .Lpart\n\tret\nENDFUNC f\n\t.balign 64\n.Lpart:\n%s\n\tret\n' \
	$call "$(printf '\tnop\n%.0s' {1..70})" >"$dir/nameless.S"
printf '#include "asm/asm.h"\nPART part\n\tret\nENDFUNC part\nFUNC f\n\t%s part\n\tret\nENDFUNC f\n' $call >"$dir/good.S"
for name in plain nameless good; do
	${CC:-cc} $harden -I. -DARCH_$arch -c "$dir/$name.S" -o "$dir/$name.o" || exit 1
done
[ -n "$(unmarked "$dir/plain.o")" ]
verdict $? "an object without the note is found"
[ -n "$(unnamed "$dir/nameless.o")" ]
verdict $? "code without a name is found"
[ -z "$(unmarked "$dir/good.o")$(unnamed "$dir/good.o")" ]
verdict $? "an object with both is not"

printf '#include <time.h>\nint XML_ParserFree(void *);\nvoid km_f(time_t *, struct tm *);\nvoid helper(void);\nvoid helper(void) { }\n%s\n' \
	'void km_f(time_t *t, struct tm *tm) { XML_ParserFree(gmtime_r(t, tm)); }' >"$dir/other.c"
${CC:-cc} -fPIC -c "$dir/other.c" -o "$dir/other.o" &&
	${CC:-cc} -shared -Wl,-z,lazy,-z,execstack "$dir/other.o" -o "$dir/libother.so.1.0.0" -lexpat || exit 1
[ "$(outside "$dir/other.o" "$dir/libother.so.1.0.0")" = "other.o: shows helper
libother.so.1.0.0: shows helper" ]
verdict $? "a name outside km_ is found, static and shared"
[ "$(unlike "$dir/libother.so.1.0.0" | wc -l)" = 4 ]
verdict $? "a shared library of another name, bound late, with a stack that is run, without versions is found"
[ "$(needed "$dir/libother.so.1.0.0" libc)" = "libother.so.1.0.0: needs libexpat.so.1" ]
verdict $? "a library that needs more than it may is found"
[ "$(locking "$dir/libother.so.1.0.0")" = "libother.so.1.0.0: calls gmtime_r" ]
verdict $? "a library that takes a lock of the C library is found"
[ "$(within "$dir/libother.so.1.0.0" "$dir/other.o" | tr '\n' ' ')" = "libother.so.1.0.0: holds helper libother.so.1.0.0: holds km_f " ]
verdict $? "a library that holds more than it may is found"

shopt -s nullglob
all=() kernels=()
for source in engine/*.c engine/*/*.c provision/*/*.c asm/"$arch"/*.S; do all+=("$objects/$source.o"); done
for source in asm/"$arch"/*.S; do kernels+=("$objects/$source.o"); done
none "$(unmarked "${all[@]}" "$objects"/libkeymuster{-engine,}.o)" "all objects carry the note"
none "$(unnamed "${kernels[@]}")" "all code of kernels has a name"

usual='libc|libsodium|libcrypto|ld-linux-x86-64|ld-linux-aarch64|lib[atu][sb]*san'
engine=$objects/libkeymuster-engine library=$objects/libkeymuster
none "$(outside "$engine".{a,so.1.0.0} "$library".{a,so.1.0.0})" "names of km_ alone, static and shared"
none "$(unlike "$engine.so.1.0.0"; unlike "$library.so.1.0.0")" "shared libraries are as they ought to be"
none "$(needed "$engine.so.1.0.0" "libgmp|$usual")" "the engine needs GMP, libsodium, libcrypto"
none "$(needed "$library.so.1.0.0" "libkeymuster-engine|libexpat|$usual")" "the library needs the engine, libexpat, libsodium, libcrypto"
none "$(locking "$engine.so.1.0.0"; locking "$library.so.1.0.0")" "neither takes a lock of the C library that a fork leaves taken"
none "$(within "$library.o" "$objects"/{engine,engine/*,asm/*,provision/run,provision/cli}/*.o)" \
	"the library holds nothing of the engine, nor of the command"
none "$(within "$engine.o" "$objects"/provision/*/*.o)" "the engine holds nothing of provision"
verdicts
