#!/bin/bash
# rooms.sh -- includes go down only: from provision to engine/engine.h, within engine/ and provision/ from room to
# room as below, and each room's map names its files.  And one macro names an architecture: ARCH_x86_64, ARCH_aarch64 of
# the Makefile, not a compiler's.  First it shows on planted files that it can fail.
# usage: tests/rooms.sh
# Ends in "N passed, N failed, N skipped"; exit 1 where one failed.
set -u
cd "${0%/*}/.." || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
. tests/verdict.sh

# What stands on what; on engine/ itself all its rooms do, and on provision/gmk.h all of provision's.
below() {
	case $1 in
	base) echo ;;
	message) echo base ;;
	keys) echo base message ;;
	gms | client) echo base message keys ;;
	run) echo base message keys gms ;;
	cli) echo base message keys gms client run ;;
	field) echo . ;;
	curve) echo . field ;;
	table) echo . field curve ;;
	eccsi) echo . field ;;
	sakke) echo . field curve table eccsi ;;
	esac
}
main_header=(engine/{field/fp,curve/curve,table/table,sakke/sakke,eccsi/eccsi}.h
	provision/{base/complain,message/mikey,keys/keyring,gms/gms,run/members,cli/cli}.h
	provision/client/client.h)

# Below $1: what a file includes that does not lie below it.  init.c alone stands on all rooms, whose kernels
# it chooses and proves.
upward() {
	local file name room
	grep -r --include='*.[ch]' '^#include "' "$1/engine" "$1/provision" | grep -v '^[^:]*/engine/init\.c:' |
	while IFS=: read -r file name; do
		file=${file#"$1/"} name=${name#*\"} name=${name%\"*}
		case $file in
		provision/gmk.h)
			[ "$name" = ../engine/engine.h ] ;;
		provision/*)
			room=${file#provision/} room=${room%%/*}
			case $name in
			gmk.h | engine/engine.h | asm/marks.h | asm/dit.h) ;;
			*/*) [[ " $(below "$room") " = *" $(dirname "$name") "* ]] ;;
			*) [ -f "$1/provision/$room/$name" ] ;;
			esac ;;
		engine/*/*)
			room=${file#engine/} room=${room%%/*}
			if [ -f "$1/engine/$room/$name" ]; then
				[[ $name != */* ]]
			else
				[[ " $(below "$room") " = *" $(dirname "$name") "* ]]
			fi ;;
		*)
			[[ $name != */* || $name = ../asm/marks.h || $name = ../asm/dit.h ]] ;;
		esac || echo "$file: includes $name"
	done
}

# Below $1: files that the map at the head of their room's main header does not name, and rooms without one.
unmapped() {
	local room file stem header
	for room in "$1"/{engine,provision}/*/; do
		room=${room%/} room=${room#"$1"/} header=
		for file in "${main_header[@]}"; do [[ $file = "$room"/* ]] && header=$1/$file; done
		[ -f "$header" ] || { echo "$room has no map"; continue; }
		for file in "$1/$room"/*; do
			stem=${file##*/} stem=${stem%.*}
			[[ $stem = provision_* ]] && stem='provision_*'
			awk '1; /\*\//{ exit }' "$header" | grep -qwF -- "$stem" || echo "$header: $stem is not named"
		done
	done
}

# planted FILE INCLUDED: in a tree by itself this is complained of, or where a third word is there is not.
planted() {
	local out
	rm -rf "$dir"/*
	mkdir -p "$dir/engine"/{field,curve,table,sakke,eccsi} "$dir/provision"/{base,message,keys,gms,client,run,cli}
	touch "$dir/engine/field/fp.h" "$dir/engine/curve/curve.h" "$dir/provision/keys/load.h"
	echo "#include \"$2\"" >"$dir/$1"
	out=$(upward "$dir")
	[ "$out" = "${3-$1: includes $2}" ]
	verdict $? "$2 in $1 is ${3+not }found"
}

planted engine/hash.c field/params.h
planted engine/field/fp8.c curve/curve.h
planted engine/curve/curve8.c ../table/table.h
planted engine/table/table_members.c sakke/encap.h
planted engine/eccsi/eccsi.c sakke/sakke.h
planted engine/curve/edwards.c curve/curve.h
planted engine/sakke/kms.c provision/gmk.h
planted provision/client/open.c engine/sakke/sakke.h
planted provision/gms/make.c ../engine/secret.h
planted provision/base/file.c keys/keyring.h
planted provision/message/mikey.c gms/state.h
planted provision/keys/keyring.c client/open.h
planted provision/gms/state.c client/client.h
planted provision/client/open.c run/pool.h
planted provision/run/pool.c cli/cli.h
planted provision/gmk.h engine/secret.h
planted engine/sakke/sakke.c curve/curve.h ''
planted engine/curve/edwards.c curve.h ''
planted provision/cli/lab.c run/members.h ''
planted provision/keys/keyring.c load.h ''
# Below $1: other names of architectures.
compilers_macros() {
	(cd "$1" && grep -rnE --include='*.[chS]' '\b_*(x86_64|amd64|aarch64|AARCH64EL)__\b' asm engine provision tests bench)
}
mkdir -p "$dir"/{asm,tests,bench}
printf '#ifdef ARCH_x86_64\n#elif defined(__aarch64__)\n' >"$dir/asm/asm.h"
[ "$(compilers_macros "$dir")" = 'asm/asm.h:2:#elif defined(__aarch64__)' ]
verdict $? "another macro for an architecture is found"
rm -rf "$dir"/*
mkdir -p "$dir/engine/field" "$dir/provision/run"
touch "$dir/provision/run/pool.c"
printf '/* fp.h -- the room: fp; zq. */\nint fp8_later;\n' >"$dir/engine/field/fp.h"
touch "$dir/engine/field"/{zq.c,fp8.c}
out=$(unmapped "$dir")
[ "$out" = "$dir/engine/field/fp.h: fp8 is not named
provision/run has no map" ]
verdict $? "a file that the map does not name is found, and a room without one"

# Below $1: strings of the library that name an option of the command, whose names hint.h has.  The command itself may
# be named, with what it is given.
options() {
	local room
	for room in base message keys gms client; do
		grep -nE '"[^"]*--[a-z]' "$1/provision/$room"/*.[ch]
	done | grep -vE '/base/hint\.h:|keymuster [a-z ]+ --[a-z]'
}
rm -rf "$dir"/*
mkdir -p "$dir/provision"/{base,message,keys,gms,client}
touch "$dir/provision"/{base,message,keys,gms,client}/a.{c,h}
echo 'say("rebuild it (keymuster state repair --gmk FILE)");' >"$dir/provision/gms/a.c"
[ "$(options "$dir" | wc -l)" = 0 ]
verdict $? "the command may be named"
echo 'say("it is missing: --lax-ns");' >"$dir/provision/gms/a.c"
[ "$(options "$dir" | wc -l)" = 1 ]
verdict $? "an option that the library names is found"

none "$(options .)" "the library names no option of the command"
none "$(upward .)" "includes go down only"
none "$(unmapped .)" "the maps name all files"
none "$(compilers_macros .)" "one macro names an architecture"
verdicts
