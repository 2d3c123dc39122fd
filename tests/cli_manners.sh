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
for s in INT TERM HUP; do
	"${run[@]}" --members one --gmk $s.gmk >/dev/null 2>&1
	"${default[@]}" "${run[@]}" --members fifo --gmk $s.gmk --jobs 1 -o out.nd >/dev/null 2>err &
	exec 9>fifo
	cat many >&9
	printf 'sip:half-a-line' >&9
	check "SIG$s: it waits for the rest of a line" until_true begun out.nd
	ended_by $s waits $!
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
	ended_by INT waits $!
	check "$what: a FIFO that nobody opens: exit 6" [ $code = 6 ]
	check "one line" lines err 1
	check "says that it starts anew" has err "interrupted: nothing was put in place, and (no key was made: the same command starts anew|the key was kept nowhere: the same command makes another)$"
done
for what in "open --kms lab/kms-init.xml --keys alice.xml" inspect; do
	"${default[@]}" "$R" $what fifo >/dev/null 2>err &
	ended_by INT waits $!
	check "$what: a FIFO that nobody opens: exit 6" [ $code = 6 ]
	check "interrupted is said once" says_once "error: interrupted"
	check "and nothing else" lines err 1
done
"${default[@]}" "$R" lab user lab - <>fifo -o more >/dev/null 2>err &
ended_by INT waits $!
check "lab user -: exit 6" [ $code = 6 ]
check "one line" lines err 1

"${run[@]}" --members fifo --forget-key --jobs 1 >other 2>err &
exec 8<>other 9>fifo
cat many many many many >&9
ended_by TERM waits $!
exec 8>&- 9>&-
check "an output that nobody reads on: exit 6" [ $code = 6 ]

# verify reads a file twice: all of it for its hash, which of a hole as long as this takes minutes, then by messages.
verifying() {
	"${default[@]}" "$R" verify --kernel c --kms lab/kms-init.xml "$@" >/dev/null 2>err &
	ended_by INT watches $!
}
interrupted_alone() {
	check "$1: exit 6" [ $code = 6 ]
	check "interrupted is all that is said" has err "^keymuster: error: interrupted$"
	check "once" lines err 1
}
if truncate -s 1T hole.nd 2>/dev/null; then
	echo '{"receipt":1,"made":{},"output":{"format":"ndjson"}}' >hole.nd.receipt
	verifying hole.nd
	interrupted_alone "verify of a long file"
	rm hole.nd*
else
	skip "verify of a long file" "this file system has none as long as 1 TB"
fi
for n in 700 5600 44800; do     # as many as it takes to find it at work
	seq -f 'sip:v%.0f@example.org' $n >verified
	"${run[@]}" --members verified --forget-key -o large.nd 2>/dev/null
	verifying large.nd
	[ $code = 0 ] || break
done
interrupted_alone "verify in the midst of a file"

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

state=$(ls "$XDG_STATE_HOME"/keymuster/*.state)
exec 7<>"$state"
flock 7
"${run[@]}" --members one --gmk waits.gmk -o waits.nd >/dev/null 2>err 7>&- &
check "a lock that lasts is said, and who has it" until_true has err "waiting for .*state, locked by process [0-9]+"
kill -TERM $!
code_of $!
exec 7>&-
check "a signal ends the wait: exit 6" [ $code = 6 ]
check "in one line more" lines err 2
for i in 1 2 3; do      # unless a second passes in which it was not run at all
	exec 7<>"$state"
	flock 7
	"${run[@]}" --members one --gmk waits.gmk -o waits.nd >/dev/null 2>err 7>&- &
	until_true waits $!
	kill -TERM $!
	perl -e 'select undef, undef, undef, 0.2'
	kill -TERM $! 2>/dev/null
	code_of $!
	exec 7>&-
	[ $code != 143 ] || break
done
check "a second signal ends it at once" [ $code = 143 ]

# At any moment from the start on: before the handlers stand it dies of it, then it ends by itself.
# Not from this shell, whose children may lose a signal before they are another program.
exec 9<>other
wrong=$(perl -e 'for my $i (1 .. 40) {
		my $pid = fork // die;
		$pid or exec @ARGV or die;
		select undef, undef, undef, $i / 1000;
		kill "TERM", $pid;
		local $SIG{ALRM} = sub { kill "KILL", $pid };
		alarm 60;
		1 while waitpid($pid, 0) < 0 && $!{EINTR};
		alarm 0;
		print " $?" if $? != 6 << 8 && $? != 15;
	}' "${run[@]}" --members - --forget-key -o out.nd <&9 2>err)
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

echo "# words"
expect "a command nearly right" 1 "no such command: provison; did you mean provision\?" "$K" provison
expect "two letters the wrong way round" 1 "no such command: opne; did you mean open\?" "$K" opne
expect "a command of two words" 1 "no such command: lab usr; did you mean lab user\?" "$K" lab usr x
expect "a command far from all" 1 "no such command: frobnicate \(see" "$K" frobnicate
expect "a long command" 1 "no such command" "$K" "$(printf '%05000d' 0)"
expect "an option nearly right" 1 "no such option: --member; did you mean --members\?" provision --member one
expect "with its value behind =" 1 "no such option: --menbers=one; did you mean --members\?" \
	provision --menbers=one
expect "the beginning of an option is no option" 1 "no such option: --identi; did you mean --identity\?" \
	provision --identi uid
expect "an option for all commands" 1 "no such option: --pain; did you mean --plain\?" "$K" inspect --pain
expect "an option far from all" 1 "no such option: --xyzzy \(see" provision --xyzzy
expect "a short option" 1 "no such option: -x \(see" provision -x
expect "twice" 1 "^keymuster: error: --members was given twice" provision --members one --members one
expect "help of a command" 0 "" "$K" help lab user
check "is that command's" has out "^usage: keymuster lab user"
expect "help" 0 "" "$K" help
check "is an overview, in groups" has out "^Laboratory:"
expect "help of what is none" 1 "did you mean provision" "$K" help provisoin
expect "short help" 0 "" "$K" provision -h
check "is short" hasnt out "^Example"
check "names the long one" has out "keymuster provision --help says more"
expect "version" 0 "" "$K" --version
check "names the kernels" has out "^kernels: .*c$"
"$K" --help >/dev/null && for c in $("$K" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
	expect "help of $c fits a screen of 100 columns" 0 "" "$K" help $c
	check "... in width" hasnt out ".{101}"
done
for c in $("$K" help | sed -n '/^Everywhere/,$d; s/^  \([a-z]*\( [a-z][a-z]*\)\{0,1\}\) .*/\1/p' | tr ' ' _); do
	"$K" help ${c/_/ }
done >helps
cat "$sources"/provision/cli/*.c | grep -o '{ "[a-z-]*", [^}]*CLI_[A-Z]*, &' |
	sed 's/{ "\([a-z-]*\)".*/\1/' | sort -u >options
check "options are found in the sources" test "$(wc -l <options)" -gt 40
while read -r o; do grep -q -- "--$o\>" helps || echo "--$o"; done <options >unsaid
check "each has its line in a help ($(tr '\n' ' ' <unsaid))" test ! -s unsaid
run=("$K" "${run[@]:1}")
expect "--opt=value" 0 "" "${run[@]}" --members=one --forget-key --output=eq.nd
check "is taken" lines eq.nd 1
expect "-oVALUE" 0 "" "${run[@]}" --members one --forget-key -oeq2.nd
check "is taken" lines eq2.nd 1
cp eq.nd ./--odd
expect "behind -- all are operands" 0 "" "$K" inspect -- --odd
printf 'sip:alice@example.org\nsip:a b@example.org\n' >bad
expect "quiet" 2 "bad:2: sip:a b@example.org: uri" "${run[@]}" -q --members bad --forget-key -o quiet.nd
check "says rejects only" lines err 1
expect "quiet where all is well" 0 "" "${run[@]}" --quiet --members one --forget-key -o quiet2.nd
check "says nothing" lines err 0
expect "verbose" 0 "^state .*/keymuster/.*state$" "${run[@]}" -v --members one --forget-key -o verbose.nd

# completed WORD...: what the last word becomes.
completed() {
	PATH="$T/bin:$PATH" bash -c '. "$0/provision/cli/keymuster.bash"; COMP_WORDS=(keymuster "$@") COMP_CWORD=$#
		_keymuster; echo "${COMPREPLY[*]}"' "$sources" "$@"
}
mkdir bin
ln -s "$R" bin/keymuster
check "a command is completed" [ "$(completed ins)" = inspect ]
check "its second word too" [ "$(completed lab k)" = kms ]
check "and its options" [ "$(completed lab kms --off)" = --offset ]
check "the manual page has each command" [ "$(sh "$sources/provision/cli/man.sh" "$R" | grep -c '^\.SH KEYMUSTER')" = \
	"$("$R" help | sed -n '/^Everywhere/,$d; /^  help/d; /^  [a-z]/p' | wc -l)" ]
for mode in release tsan; do
	env -u MAKEFLAGS -u MAKELEVEL -u CC -u CROSS -u RUN make -n -C "$sources" MODE=$mode all 2>/dev/null |
		grep -c 'for name in keymuster .*ln -sf .* build/$name' >links.$mode
done
check "build/keymuster is the release build" grep -q 1 links.release
check "and no other" grep -q 0 links.tsan

if script -qec true /dev/null >/dev/null 2>&1; then
	TERM=xterm script -qec "${run[*]} --kernel c --jobs 1 --members many --forget-key -o seen.nd" \
		/dev/null </dev/null 2>&1 >shown
	check "progress from the start, with the total" has shown "K0 of 700 members \(0 %\), 0 a second"
	check "then percent and the time left" has shown "of 700 members \([0-9]+ %\), [0-9]+ a second, [0-9]+ s left"
	TERM=dumb script -qec "${run[*]} --members many --forget-key -o seen.nd" /dev/null </dev/null >shown 2>&1
	check "none on a dumb terminal" hasnt shown "a second"
	TERM=xterm script -qec "${run[*]} -q --members many --forget-key -o seen.nd" /dev/null </dev/null >shown 2>&1
	check "none in quiet runs" test ! -s shown
	TERM=xterm script -qec "$K verify --kms lab/kms-init.xml seen.nd" /dev/null </dev/null >shown 2>&1
	check "verify shows it too" has shown "[0-9]+ of 700 messages \([0-9]+ %\), [0-9]+ a second"
else
	skip "progress" "no script(1)"
fi
expect "a limit on files" 4 "big.nd: File too large" bash -c \
	"ulimit -f 1; exec ${run[*]} --members many --forget-key -o big.nd"
check "leaves nothing" test -z "$(ls big.nd* 2>/dev/null)"
expect "a list without a name" 4 "an empty name: No such file" "${run[@]}" --forget-key --members ""
expect "a document without a name" 3 "an empty name: No such file" "${run[@]}" --members one --forget-key --kms ""

echo "# crowds, and runs that die"
ln -s nowhere dangling.gmk
expect "a key file behind a dangling link" 4 "dangling.gmk: a link to a file that is not there" \
	"${run[@]}" --members one --gmk dangling.gmk -o out.nd
: >left.nd.tmp-0123456789abcdef
expect "what a dead run left is removed" 0 "^left.nd.tmp-0123456789abcdef: removed" \
	"${run[@]}" -v --members one --forget-key -o left.nd
check "it is gone" absent left.nd.tmp-0123456789abcdef
for i in {1..12}; do
	"$R" "${run[@]:1}" --members many --gmk dies.gmk --jobs 1 -o dies.nd >/dev/null 2>&1 &
	perl -e "select undef, undef, undef, $i / 150"
	kill -KILL $!
	wait $!
done 2>/dev/null
expect "killed at any moment, the same command goes on" 0 "700 members, 0 rejected" \
	"${run[@]}" --partial --members many --gmk dies.gmk -o dies.nd
check "for all" lines dies.nd 700
check "with one key" [ "$(field dies.nd gmk_id | sort -u | wc -l)" = 1 ]
check "and nothing is left" test -z "$(ls dies.nd.tmp-* dies.gmk.tmp-* 2>/dev/null)"
jobs=()
for i in 1 2 3 4; do
	"$R" "${run[@]:1}" --partial --members one --gmk race.gmk -o race$i.nd >/dev/null 2>race$i &
	jobs+=($!)
done
codes=
for j in "${jobs[@]}"; do
	code_of $j
	codes+=$code
done
check "of runs that make one key at once none makes another ($codes)" \
	[ "$(cat race?.nd 2>/dev/null | sed -n 's/.*"gmk_id":"\([^"]*\)".*/\1/p' | sort -u | wc -l)" = 1 ]
check "and none breaks otherwise" test -z "${codes//[04]/}"
for i in 1 2 3 4; do [ -e race$i.nd ] || cat race$i; done >err
check "who came too late is told to run again" test "$(wc -l <err)" = "$(grep -c "race.gmk: another run has made it meanwhile: run again" err)"
jobs=()
for i in {1..6}; do
	echo "sip:late$i@example.org" >late$i
	"$R" "${run[@]:1}" --members late$i --gmk race.gmk -o late$i.nd >/dev/null 2>&1 &
	jobs+=($!)
done
codes=
for j in "${jobs[@]}"; do
	code_of $j
	codes+=$code
done
check "late joiners at once" [ "$codes" = 000000 ]

echo "# a limit on locked memory"
# As a user whom the limit binds.
bound() {
	local kb=$1
	shift
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all \
			bash -c "ulimit -l $kb && exec \"\$@\"" - "$@"
	else
		bash -c "ulimit -l $kb && exec \"\$@\"" - "$@"
	fi
}
mkdir bound
cp gms.xml alice.xml one lab/kms-init.xml lab/kms.secret bound
chmod -R go+rX bound "$T"
[ "$(id -u)" != 0 ] || chown -R 65534:65534 bound
export XDG_STATE_HOME=$T/bound/state
cd bound || exit 1
if bound 64 "$R" --version >/dev/null 2>&1 && ! ldd "$R" | grep -q asan; then
	expect "no memory can be locked for the keys of the GMS" 3 \
		"gms.xml:[0-9]+: KmsKeySet: locked memory: the limit is 0 KB, of which 0 KB are in use; raise it \(ulimit -l, LimitMEMLOCK=\)$" \
		bound 0 "$R" provision --kms kms-init.xml --gms gms.xml --group $group --members one --forget-key
	check "said once" lines err 1
	expect "too little for the keys of a member" 3 \
		"alice.xml:[0-9]+: .*: locked memory: the limit is 16 KB, of which [0-9]+ KB are in use" \
		bound 16 "$R" open --kms kms-init.xml --keys alice.xml /dev/null
	expect "--check says that the limit is reached" 0 \
		"locked memory: the limit is 64 KB, .*: a run of [0-9]+ threads cannot keep all its secrets out of swap" \
		bound 64 "$R" provision --kms kms-init.xml --gms gms.xml --group $group --members one \
		--forget-key --check
	expect "none for a laboratory" 4 "no master keys could be drawn: locked memory: the limit is 0 KB" \
		bound 0 "$R" lab kms new
	expect "enough" 0 "" bound 8192 "$R" provision --kms kms-init.xml --gms gms.xml --group $group \
		--members one --forget-key
else
	skip "a limit on locked memory" "no user whom it binds"
fi
cd ..

finish
