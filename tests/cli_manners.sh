#!/bin/bash
# cli_manners.sh -- how the command behaves towards people: signals, limits, words.
# usage: tests/cli_manners.sh path/to/keymuster.  Prints a line a case; exit 1 where one failed.
. "${0%/*}/cli_lib.sh"

group=sip:fire-1@gms-psi.example.org
{
	"$K" lab kms lab
	"$K" lab user lab sip:gms@gms-psi.example.org -o gms
	"$K" lab user lab sip:alice@example.org -o users
} >/dev/null 2>&1
cp gms/*.xml gms.xml
cp users/*.xml alice.xml
echo sip:alice@example.org >one
seq -f 'sip:u%.0f@example.org' 700 >many
provision() { "$K" provision --kms lab/kms-init.xml --gms gms.xml "$@"; }
run=("$R" provision --kms lab/kms-init.xml --gms gms.xml --group $group)
# As a terminal starts it: a shell without one starts its jobs with SIGINT ignored.
default=(env --default-signal=INT,HUP,TERM)
mkfifo fifo other

echo "# signals"
started() { ls out.nd.tmp-* >/dev/null; }
for s in INT TERM HUP; do
	"${run[@]}" --members one --gmk $s.gmk >/dev/null 2>&1
	"${default[@]}" "${run[@]}" --members fifo --gmk $s.gmk --jobs 1 -o out.nd >/dev/null 2>err &
	exec 9>fifo
	cat many >&9
	printf 'sip:half-a-line' >&9
	check "SIG$s: it waits for the rest of a line" until_true started
	until_true waits $!
	kill -$s $!
	code_of $!
	exec 9>&-
	check "SIG$s ends it with 6" [ $code = 6 ]
	check "one line says what is left and how to go on" lines err 1
	check "in these words" has err "^keymuster: error: interrupted: nothing was put in place; the key is kept in $s.gmk: the same command goes on$"
	check "nothing is put in place" test -z "$(ls out.nd* 2>/dev/null)"
	expect "the same command goes on" 0 "key [0-9a-f]{8} of $s.gmk" "${run[@]}" --members one \
		--gmk $s.gmk --jobs 1 -o out.nd
	rm -f out.nd*
done

# What is waited for: a writer of the list, the certificate, the keys, a reader of the output.
for what in "--kms fifo --gms gms.xml --members one" "--kms lab/kms-init.xml --gms fifo --members one" \
	"--kms lab/kms-init.xml --gms gms.xml --members fifo" \
	"--kms lab/kms-init.xml --gms gms.xml --members one -o fifo"; do
	"${default[@]}" "$R" provision $what --forget-key --group $group >/dev/null 2>err &
	until_true waits $!
	kill -INT $!
	code_of $!
	check "$what: a FIFO that nobody opens: exit 6" [ $code = 6 ]
	check "one line" lines err 1
	check "says that it starts anew" has err "interrupted: nothing was put in place, and (no key was made: the same command starts anew|the key was kept nowhere: the same command makes another)$"
done
for what in "open --kms lab/kms-init.xml --keys alice.xml" inspect; do
	"${default[@]}" "$R" $what fifo >/dev/null 2>err &
	until_true waits $!
	kill -INT $!
	code_of $!
	check "$what: a FIFO that nobody opens: exit 6" [ $code = 6 ]
	check "interrupted is said once" says_once "error: interrupted"
	check "and nothing else" lines err 1
done
"${default[@]}" "$R" lab user lab - <>fifo -o more >/dev/null 2>err &
until_true waits $!
kill -INT $!
code_of $!
check "lab user -: exit 6" [ $code = 6 ]
check "one line" lines err 1

"${run[@]}" --members fifo --forget-key --jobs 1 >other 2>err &
exec 8<>other 9>fifo
cat many many many many >&9
until_true waits $!
kill -TERM $!
code_of $!
exec 8>&- 9>&-
check "an output that nobody reads on: exit 6" [ $code = 6 ]

"${run[@]}" --members one --forget-key -o first.nd 2>/dev/null
"${run[@]}" --members fifo --gmk ignored.gmk -o out.nd >/dev/null 2>err &
exec 9>fifo
until_true watches $!
kill -INT $!
cat one >&9
exec 9>&-
code_of $!
check "a job of a shell ignores SIGINT, and goes on doing so" [ $code = 0 ]
(trap '' HUP; exec "${run[@]}" --members fifo --forget-key -o out.nd) >/dev/null 2>err &
exec 9>fifo
until_true watches $!
kill -HUP $!
cat one >&9
exec 9>&-
code_of $!
check "nohup: SIGHUP stays ignored" [ $code = 0 ]

# At any moment from the start on: before the handlers stand it dies of it, then it ends by itself.
wrong=
for i in {1..40}; do
	"${run[@]}" --members - --forget-key -o out.nd <other >/dev/null 2>err &
	exec 9<>other
	perl -e "select undef, undef, undef, $i / 1000"
	kill -TERM $!
	code_of $!
	[ $code = 6 ] || [ $code = 143 ] || wrong+=" $code"
done
exec 9>&-
check "no signal is lost, whenever it comes" [ -z "$wrong" ]
check "and nothing is left" test -z "$(ls out.nd.tmp* 2>/dev/null)"

expect "a reader that ends" 0 "" sh -c "{ $K provision --kms lab/kms-init.xml --gms gms.xml \
	--group $group --members many --forget-key; echo \$? >code; } | true"
check "is exit 4" [ "$(cat code)" = 4 ]
check "said once" says_once "stdout: Broken pipe"
expect "a full stdout" 4 "stdout: No space" sh -c "$K provision --kms lab/kms-init.xml --gms gms.xml \
	--group $group --members many --forget-key >/dev/full"
check "said once" says_once "No space"

finish
