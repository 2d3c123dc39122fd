#!/bin/bash
# examples.sh -- what a stranger does with installed libraries: headers alone, C and C++; the engine alone, shared and
# static; a host that loads the library and closes it; and the examples: a GMS of a group of three in each language, whose
# members open what it makes, and a client.  A language whose tools are missing is skipped by name.
# usage: tests/examples.sh path/to/prefix, where make install has been.  Prints a line a case; exit 1 where one failed.
# RUN: what starts a program that was built for another machine.
set -u
prefix=$(realpath "$1")
read -ra start <<<"${RUN:-}"
root=$(pwd)
T=$(mktemp -d) || exit 1
export XDG_STATE_HOME=$T/state
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
trap 'rm -rf "$T"' EXIT
cc=${CC:-cc}
cxx=${CXX:-g++}
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

# skip NAME WHY
skip() {
	skipped=$((skipped + 1))
	echo "skipped $1: $2"
}

finish() {
	echo "# $passed passed, $failed failed, $skipped skipped"
	[ $failed = 0 ]
	exit
}

keymuster() { "${start[@]}" "$prefix/bin/keymuster" "$@"; }

warn=(-Wall -Wextra -Wpedantic -Wshadow -Werror)
for header in engine/engine.h provision/gmk.h; do
	echo "#include \"$header\"" >"$T/alone.c"
	expect "$header alone in C11" "$cc" -std=c11 "${warn[@]}" -I"$prefix/include/keymuster" -fsyntax-only "$T/alone.c"
	if command -v "$cxx" >/dev/null; then
		expect "$header alone in C++" "$cxx" -std=c++11 "${warn[@]}" -I"$prefix/include/keymuster" -x c++ \
			-fsyntax-only "$T/alone.c"
	else
		skip "$header alone in C++" "no $cxx"
	fi
done

if ! command -v pkg-config >/dev/null; then
	skip "programs that link the libraries" "no pkg-config"
	finish
fi

mode=()
[ "${MODE:-release}" = asan ] && mode=(-fsanitize=address,undefined)
[ "${MODE:-release}" = tsan ] && mode=(-fsanitize=thread)

# build FORM PACKAGE SOURCE OUTPUT flags...: as the README says, shared or static.
build() {
	local form=$1 package=$2 source=$3 output=$4 flags libs beside=()
	shift 4
	read -ra flags <<<"$(pkg-config --cflags "$package")"
	read -ra libs <<<"$(pkg-config --libs "$package")"
	if [ "$form" = static ]; then
		[ "$package" = keymuster ] && beside=(-lexpat)
		libs=(-Wl,-Bstatic "${libs[@]}" -Wl,-Bdynamic "${beside[@]}" -lsodium -lcrypto -lgmp)
	fi
	"$cc" -std=c11 -D_GNU_SOURCE "${warn[@]}" "${mode[@]}" "$@" "${flags[@]}" "$source" "${libs[@]}" -o "$output"
}

# The libraries that a program or library names itself.
needs() { "${READELF:-readelf}" -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }

# links FORM PROGRAM LIBRARY...: those of ours that it needs when it runs are these, or none.
links() {
	local form=$1 program=$2 ours
	shift 2
	ours=$(needs "$program" | grep keymuster | sort | tr '\n' ' ')
	echo "needs $ours"
	if [ "$form" = shared ]; then [ "$ours" = "$(printf '%s ' "$@")" ]; else [ -z "$ours" ]; fi
}
# run PROGRAM...: one that was built here, or a language's, ended when it takes too long.
limit=$((2 * ${KM_LIMIT:-60}))  # seconds
run() { LD_LIBRARY_PATH=$prefix/lib timeout "$limit" "${start[@]}" "$@"; }

for library in keymuster keymuster-engine; do
	for name in "lib$library.so" "lib$library.so.1"; do
		expect "$name is there" test -f "$prefix/lib/$name"
	done
done

cat >"$T/engine.c" <<'END'
#include <string.h>
#include "engine/engine.h"
int main(void)
{
	static const uint8_t none[16];
	uint8_t drawn[2][16];

	if (strcmp(km_version(), KM_VERSION) != 0 || km_init(NULL) != KM_OK || !km_system_random.fill)
		return 1;
	if (km_random_bytes(drawn[0], 16, &km_system_random) != KM_OK || km_random_bytes(drawn[1], 16, NULL) != KM_OK)
		return 2;
	return km_equal(drawn[0], drawn[1], 16) || km_equal(drawn[0], none, 16) ? 3 : 0;
}
END
engine_alone() { ! needs "$1" | grep -E 'libexpat|jansson|sqlite|libkeymuster\.'; }
for form in shared static; do
	expect "the engine alone, $form" build $form keymuster-engine "$T/engine.c" "$T/engine-$form"
	expect "the engine alone, $form, links it" links $form "$T/engine-$form" libkeymuster-engine.so.1
	expect "the engine alone, $form, runs" run "$T/engine-$form"
	expect "the engine alone, $form, needs no other" engine_alone "$T/engine-$form"
done
expect "a program at a fixed place builds" build shared keymuster-engine "$T/engine.c" "$T/engine-fixed" -fno-pie -no-pie
expect "a program at a fixed place runs" run "$T/engine-fixed"

for source in "$root"/examples/*.c; do
	name=$(basename "$source" .c)
	for form in shared static; do
		expect "$name builds, $form" build $form keymuster "$source" "$T/$name-$form"
	done
	expect "$name, static, needs no library of ours" links static "$T/$name-static"
	expect "$name, shared, needs them" eval "needs '$T/$name-shared' | grep -qx 'libkeymuster.so.1'"
done
no_gmk() { ! grep -rn -E 'km_key_show_gmk|show-secrets' "$root/examples"; }
expect "no example takes a GMK out of the library" no_gmk
for program in gms client; do
	expect "the README has $program.c as it is" diff <(sed -n "/^\/\* $program\.c/,/^\`\`\`/p" "$root/README.md" | sed '$d') "$root/examples/$program.c"
done
expect "gms.c has less than 50 lines" test "$(wc -l <"$root/examples/gms.c")" -lt 50

# Threads keep what is theirs: the library stays when a host closes it.
cat >"$T/host.c" <<'END'
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include "engine/engine.h"
static km_err (*init)(const char *), (*draw)(uint8_t *, size_t, const km_random *);
static void *in_thread(void *gate)
{
	uint8_t some[16];

	if (init(NULL) != KM_OK || draw(some, sizeof some, NULL) != KM_OK)
		puts("not drawn");
	pthread_barrier_wait(gate);
	pthread_barrier_wait(gate); /* closed meanwhile */
	return NULL;
}
int main(void)
{
	void *library = dlopen("libkeymuster.so.1", RTLD_NOW | RTLD_LOCAL);
	pthread_barrier_t gate;
	pthread_t thread;

	if (!library)
		return puts(dlerror()), 1;
	*(void **)&init = dlsym(library, "km_init");
	*(void **)&draw = dlsym(library, "km_random_bytes");
	if (!init || !draw || pthread_barrier_init(&gate, NULL, 2) || pthread_create(&thread, NULL, in_thread, &gate))
		return 2;
	pthread_barrier_wait(&gate);
	dlclose(library);
	pthread_barrier_wait(&gate);
	pthread_join(thread, NULL);
	return dlopen("libkeymuster.so.1", RTLD_NOW | RTLD_NOLOAD) ? 0 : 3;
}
END
host() { "$cc" -std=c11 -D_GNU_SOURCE "${mode[@]}" -I"$prefix/include/keymuster" "$T/host.c" -o "$T/host" -lpthread -ldl; }
expect "a host that loads the library builds" host
expect "it closes the library, and threads end" run "$T/host"

cd "$T" || exit 1
kms=kms.example.org
gms=sip:gms@gms-psi.example.org
group=sip:fire-1@gms-psi.example.org
printf 'sip:%s@example.org\n' alice bob carol >three
printf 'sip:%s@example.org\n' alice 'b ob' carol >two
lab_users() { keymuster lab user kms - -o users <three; }
expect "a laboratory KMS" keymuster lab kms kms --kms-uri $kms
expect "keys of a GMS" keymuster lab user kms $gms -o gms
expect "keys of its members" lab_users
keys=()
for file in users/*.xml; do keys+=(--keys "$file"); done

# makes N MEMBERS PROGRAM...: a run for the members of that file, with the state and key in $at, exits N.
makes() {
	local code=$1 members=$2 exit
	shift 2
	run "$@" kms/kms-init.xml gms/gms-*.xml $gms $kms $group "$at/state" "$at/gmk" \
		<"$members" >"$at/hex" 2>"$at/err"
	exit=$?
	cat "$at/err"
	[ $exit = "$code" ] && ! grep -v -x -E '([0-9a-f]{2})+' "$at/hex"
}

# opens N: members open the N messages in $at, each its own, all with one key.  Leaves GMK-ID and T of each.
opens() {
	keymuster open --kms kms/kms-init.xml "${keys[@]}" --from $gms --group $group "$at/hex" >"$at/json" || return 1
	cat "$at/json"
	sed -n 's/.*"status":"accepted".*"T64":"\([0-9a-f]*\)","gmk_id":"\([0-9a-f]*\)".*/\2 \1/p' "$at/json" >"$at/keys"
	[ "$(wc -l <"$at/hex")" = "$1" ] && [ "$(wc -l <"$at/keys")" = "$1" ] &&
		[ "$(sed 's/.*"member":"\([^"]*\)".*/\1/' "$at/json" | sort -u | wc -l)" = "$1" ] &&
		[ "$(cut -d ' ' -f 1 "$at/keys" | uniq | wc -l)" = 1 ]
}

# The same key again, and each T later than the last before.
goes_on() {
	local key last
	read -r key last < <(tail -n 1 "$at/keys")
	makes 0 three "$@" && opens 3 && awk -v key="$key" -v last="$last" '$1 "" != key || $2 "" <= last { exit 1 }' "$at/keys"
}
refuses() { makes 2 two "$@" && grep -q 'member 1: .*URI' "$at/err" && opens 2; }
names_file() {
	! run "$@" none.xml gms/gms-*.xml $gms $kms $group "$at/none" "$at/none.gmk" <three >"$at/hex" 2>"$at/err" &&
		grep 'none\.xml' "$at/err" && [ ! -s "$at/hex" ]
}

# gms_of NAME PROGRAM...
gms_of() {
	local name=$1
	shift
	at=$(mktemp -d "$T/gms-XXXXXX")
	expect "$name makes messages for a group of three" makes 0 three "$@"
	expect "$name: its members open them" opens 3
	expect "$name, started again, goes on" goes_on "$@"
	expect "$name refuses a member, and serves the others" refuses "$@"
	expect "$name says which file is missing" names_file "$@"
}

# message FILE PROGRAM...: the message of a run for the first member, as octets.
message() {
	local file=$1
	shift
	makes 0 three "$@" && printf "$(sed -n '1{s/../\\x&/g;p}' "$at/hex")" >"$at/$file"
}

# says EXIT WORD MESSAGE: a client for each message, which knows of the others by what the last one kept.
says() {
	local code
	run "./client-$form" kms/kms-init.xml users/alice-*.xml "$at/held" "$at/seal" "$at/$3" >"$at/said" 2>&1
	code=$?
	cat "$at/said"
	[ $code = "$1" ] && grep -q "$2" "$at/said"
}

revoked() {
	head -n 1 three | keymuster provision --kms kms/kms-init.xml --gms gms/gms-*.xml --gmk "$at/gmk" --state "$at/state" \
		--members - --status revoked --partial --format raw -o "$at/revocation"
}

for form in shared static; do
	gms_of "gms.c, $form" "./gms-$form"
	expect "gms.c, $form, makes a message for a client" message first "./gms-$form"
	expect "gms.c, $form, makes another" message second "./gms-$form"
	expect "client.c, $form, accepts a message" says 0 'is held$' first
	expect "client.c, $form, started again, knows it" says 2 ': replay: ' first
	expect "the key is revoked, $form" revoked
	expect "client.c, $form, accepts that" says 0 'is revoked$' revocation
	expect "client.c, $form, takes it from nobody any more" says 2 ': revoked-before: ' second
	expect "gms.c, $form, gives it to nobody any more" makes 1 three "./gms-$form"
done

if [ "${MODE:-release}" != release ]; then
	skip "examples in other languages" "the libraries are built with a sanitizer"
	finish
fi
read -ra flags <<<"$(pkg-config --cflags keymuster)"
read -ra libs <<<"$(pkg-config --libs keymuster)"
module() { "$cc" -std=c11 "${warn[@]}" -Wno-unused-parameter -shared -fPIC "${flags[@]}" "$@" "${libs[@]}"; }

for cxx in "$cxx" $([ -n "${RUN:-}" ] || echo clang++); do
	if ! command -v "$cxx" >/dev/null; then
		skip "cxx/gms.cpp, $cxx" "no $cxx"
		continue
	fi
	expect "cxx/gms.cpp builds, $cxx" "$cxx" -std=c++11 "${warn[@]}" "${flags[@]}" "$root/examples/cxx/gms.cpp" \
		"${libs[@]}" -o "gms-$cxx"
	gms_of "cxx/gms.cpp, $cxx" "./gms-$cxx"
done

if [ -n "${RUN:-}" ]; then
	for name in python/gms.py go/gms.go java/Gms.java node/gms.js; do
		skip $name "its language has no tools here for the libraries' architecture"
	done
	finish
fi
if command -v python3 >/dev/null; then
	gms_of python/gms.py python3 "$root/examples/python/gms.py"
else
	skip python/gms.py "no python3"
fi

# Pointers to Go's memory are looked at as closely as Go can: from 1.21 on that is built in.
go_builds() { GOCACHE=$T/gocache GOPATH=$T/go go build -o gms-go "$root/examples/go/gms.go"; }
if command -v go >/dev/null; then
	case $(go version) in
	*go1.1[0-9]*|*go1.20*) export GODEBUG=cgocheck=2 ;;
	*) export GOEXPERIMENT=cgocheck2 ;;
	esac
	expect "go/gms.go builds" go_builds
	gms_of go/gms.go ./gms-go
else
	skip go/gms.go "no go (golang-go)"
fi

java_home=$(realpath "$(command -v javac)" 2>/dev/null)
java_home=${java_home%/bin/javac}
java_builds() {
	mkdir java && "$java_home/bin/javac" --release 17 -Xlint:all -Werror -d java "$root/examples/java/Gms.java" &&
		module -I"$java_home/include" -I"$java_home/include/linux" "$root/examples/java/keymuster_jni.c" \
			-o java/libkeymuster_jni.so
}
if [ ! -f "$java_home/include/jni.h" ] || ! "$java_home/bin/javac" --release 17 -version >/dev/null 2>&1; then
	skip java/Gms.java "no javac for Java 17, or no jni.h beside it (default-jdk-headless)"
else
	expect "java/Gms.java builds" java_builds
	gms_of java/Gms.java "$java_home/bin/java" -Xcheck:jni -Djava.library.path=java -cp java Gms
fi

node_headers=$(realpath "$(command -v node)" 2>/dev/null)
node_headers=${node_headers%/bin/node}/include/node
[ -f "$node_headers/node_api.h" ] || node_headers=/usr/include/node
node_builds() {
	mkdir node && cp "$root/examples/node/gms.js" node/ &&
		module -isystem "$node_headers" "$root/examples/node/addon.c" -o node/addon.node
}
cat >worker.js <<'END'
const { Worker } = require('worker_threads');
const [gms, ...argv] = process.argv.slice(2);
new Worker(gms, { argv }).on('exit', (code) => { process.exitCode = code; });
END
if ! command -v node >/dev/null; then
	skip node/gms.js "no node (nodejs)"
elif [ ! -f "$node_headers/node_api.h" ]; then
	skip node/gms.js "no node_api.h (libnode-dev)"
else
	expect "node/gms.js builds" node_builds
	gms_of node/gms.js node node/gms.js
	gms_of "node/gms.js in a Worker" node worker.js ./node/gms.js
fi
finish
