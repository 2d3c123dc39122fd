#!/bin/bash
# cli_year.sh -- a year of a group: after each step, exit code, last line and receipt tell who has the key.
# usage: tests/cli_year.sh path/to/keymuster.  Prints a line a case; exit 1 where one failed.
. "${0%/*}/cli_lib.sh"

group=sip:fire-1@gms-psi.example.org
gms=sip:gms@gms-psi.example.org
"$K" lab kms lab --period 600 2>err
"$K" lab kms lab2 --kms-uri kms2.example.net --period 600 2>err
"$K" lab user lab $gms --periods 6 -o gms 2>err
"$K" lab user lab sip:u1@example.org sip:u2@example.org --periods 6 -o users 2>err
"$K" lab user lab2 sip:n1@example.net --periods 6 -o users 2>err
mv gms/*.xml gms.xml
chmod 600 ./*.xml users/*.xml
seq -f 'sip:u%.0f@example.org' 8 >home
{ echo uri,kms; sed 's/$/,/' home; seq -f 'sip:n%.0f@example.net,kms2.example.net' 4; } >both.csv
echo sip:late@example.org >late
P=("$K" provision --kms lab/kms-init.xml --kms lab2/kms-init.xml --gms gms.xml)
G=("${P[@]}" --group $group)
OPEN=("$K" open --kms lab/kms-init.xml --kms lab2/kms-init.xml)
id_of() { sed -n 's/^"gmk_id": "\(.*\)",/\1/p' "$1"; }

# told OUT CODE MEMBERS LEFT: what the receipt says, and the signatures.
told() {
	local r=$1.receipt
	[ "$(sed -n 's/^  "exit_code": \(.*\),/\1/p' "$r")" = "$2" ] &&
		[ "$(sed -n 's/^    "members": \(.*\),/\1/p' "$r")" = "$3" ] &&
		[ "$(sed -n '/^  "left_out"/,/^  }/s/^    "count": \(.*\),/\1/p' "$r")" = "$4" ] &&
		[ "$(wc -l <"$1")" = "$3" ]
}

echo "# a group at two KMSs"
expect "--check says who would be reached" 0 "^13 lines: 12 members \(8 at kms.example.org, 4 at kms2.example.net\)" \
	"${G[@]}" --gmk fire.gmk --members both.csv -o fire.nd --check
check "nothing is made" absent fire.gmk
check "no state either" test -z "$(find state -type f)"
expect "made" 0 "^13 lines: 12 members \(8 at kms.example.org, 4 at kms2.example.net\), 0 rejected" \
	"${G[@]}" --gmk fire.gmk --members both.csv -o fire.nd
fire=$(id_of fire.gmk)
check "the last line" last_says "^new key $fire in fire.gmk: 12 messages$"
check "the receipt" told fire.nd 0 12 0
check "whose KMS nothing names" has err "8 members were taken for those of kms.example.org, the KMS of the GMS"
expect "a member of each opens it" 0 "" "${OPEN[@]}" --keys users/u1-*.xml --keys users/n1-*.xml \
	<(grep -E '"sip:(u1@example.org|n1@example.net)"' fire.nd)
check "both" lines out 2
expect "late joiner" 0 "" "${P[@]}" --gmk fire.gmk --members late -o late.nd
check "the last line" last_says "^key $fire of fire.gmk, 12 members had it before: 1 message$"
check "the receipt" told late.nd 0 1 0

echo "# a leaver"
{ head -1 both.csv; sed -n '3,$p' both.csv; echo sip:late@example.org,; } >stay.csv
expect "--check says who would be left out" 2 "1 who were given key $fire, .* would get no message with the new one: sip:u1@example.org" \
	"${G[@]}" --gmk next.gmk --members stay.csv -o next.nd --check
check "the last line" last_says "^check: a new key would be made in next.gmk; 1 who were given an earlier key of the group would be left out; nothing was written$"
cp both.csv wrong.csv
expect "by the wrong list, another is missed" 2 "1 who were given key $fire, .*: sip:late@example.org" \
	"${G[@]}" --gmk next.gmk --members wrong.csv -o next.nd --check
expect "the new key" 2 "the group has an earlier key, $fire, which stays in use until it is revoked" \
	"${G[@]}" --gmk next.gmk --members stay.csv -o next.nd
next=$(id_of next.gmk)
check "the last line" last_says "^new key $next in next.gmk: 12 messages; 1 who were given an earlier key of the group are left out$"
check "the receipt" told next.nd 2 12 1
check "names the leaver" has next.nd.receipt '"sip:u1@example.org"'
expect "a late joiner who is given the one that was left" 0 \
	"the group has another key, $next, which was given to 12 members, last at 20.*, after this one" \
	"${P[@]}" --gmk fire.gmk --members late -o late.nd
expect "or the new one" 0 "^key $next of next.gmk, 12 members had it before: 1 message$" \
	"${P[@]}" --gmk next.gmk --members late -o late.nd
check "of which nothing is said" hasnt err "another key"
expect "revoked with a short list" 2 "warning: 2 who were given key $fire got no message of this run: they keep it: sip:u1@example.org, sip:u2@example.org" \
	"${P[@]}" --gmk fire.gmk --members <(grep -v sip:u2@ stay.csv) --status revoked -o short.nd
check "the last line" last_says "^key $fire of fire.gmk, 13 members had it before: 11 messages that revoke it; 2 who were given it are left out and keep it$"
check "the receipt" told short.nd 2 11 2
check "its kind" has short.nd.receipt '"kind": "revoked"'
expect "it is not given out any more" 3 "fire.gmk: revoked: this key was revoked" \
	"${P[@]}" --gmk fire.gmk --members late -o late.nd
check "the last line says that an output is older" last_says "late.nd is of an earlier run"
expect "--check of the rest" 0 "check: key $fire of fire.gmk would be revoked, 13 members had it before, 2 of them are in the list" \
	"${P[@]}" --gmk fire.gmk --members <(head -2 home) --status revoked -o rest.nd --check
expect "with those who were missed" 0 "" \
	"${P[@]}" --gmk fire.gmk --members <(head -2 home) --status revoked -o rest.nd
check "the last line" last_says "^key $fire of fire.gmk, 13 members had it before: 2 messages that revoke it$"
check "the receipt" told rest.nd 0 2 0
expect "nobody of the list can be reached" 2 "no member to provision" \
	"${P[@]}" --gmk fire.gmk --members <(echo sip:@) --status revoked -o none.nd
check "no output" absent none.nd

cp "$(ls "$XDG_STATE_HOME"/keymuster/*."$next".journal)" journal.kept
: >"$(ls "$XDG_STATE_HOME"/keymuster/*."$next".journal)"
expect "a journal that is damaged is not passed over" 0 "$next.journal: .*: so it is not known whether key $next is of this group" \
	"${G[@]}" --gmk other.gmk --members home --check --partial
cp journal.kept "$(ls "$XDG_STATE_HOME"/keymuster/*."$next".journal)"

echo "# key periods"
state=$(ls "$XDG_STATE_HOME"/keymuster/*.state)
NTP=2208988800
period() { echo $((($(date +%s) + NTP) / 600)); }
# before_end N: the last T is 20 messages before the end of the Nth period from now.
before_end() {
	end=$((($(period) + $1) * 600 - NTP))
	cp "$state" kept.state
	printf 'keymuster-state 1\nt %016x\n' $(((end << 32) - 21)) >"$state"
	sed -n 's/^revoked/gmk/; /^gmk/p' kept.state >>"$state"
}
seq -f 'sip:u%.0f@example.org' 100 >m100
before_end 1
expect "across a boundary" 0 "100 members \([0-9]+ at kms.example.org in period [0-9]+, [0-9]+ at kms.example.org in period [0-9]+\)" \
	"${G[@]}" --gmk roll.gmk --members m100 -o roll.nd --partial -j 1 --flush
check "two periods in the receipt" test "$(sed -n '/"made"/,/^  }/p' roll.nd.receipt | grep -c '^      "[0-9]*": ')" = 2
expect "members open both" 0 "" "${OPEN[@]}" --keys users/u1-*.xml --keys users/u2-*.xml --at $end \
	<(grep -E '"sip:u[12]@' roll.nd)
expect "the receipt holds" 0 "" "$K" verify roll.nd --kms lab/kms-init.xml
"$K" lab user lab $gms --periods 1 -o one 2>err
before_end 1
seq -f 'sip:u%.0f@example.org' 100000 >m100k
expect "--check: a key set that ends within the run, with the next one missing" 2 \
	"the period ends within the run: the members behind it would be rejected" \
	"${G[@]/gms.xml/$(echo one/*.xml)}" --gmk edge.gmk --members m100k -o edge.nd --partial --check -j 1
check "also on its line" has err "the keys of the next one are not there"
expect "a run into it" 2 "ends in .* and that of [0-9]+ is missing" \
	"${G[@]/gms.xml/$(echo one/*.xml)}" --gmk edge.gmk --members m100 -o edge.nd --rejects edge.rest --partial -j 1 --flush
made=$(wc -l <edge.nd)
check "the last line" last_says "^new key $(id_of edge.gmk) in edge.gmk: $made messages; $((100 - made)) rejected: no message for them"
check "the receipt" told edge.nd 2 "$made" 85
check "the others are kept" lines edge.rest $((100 - made))
expect "fed in again with the next set" 0 "^key $(id_of edge.gmk) of edge.gmk, $made members had it before: $((100 - made)) messages$" \
	"${P[@]}" --gmk edge.gmk --members edge.rest -o edge2.nd
expect "all have it" 0 "would be given out, 100 members had it before, 100 of them are in the list" \
	"${P[@]}" --gmk edge.gmk --members m100 -o edge3.nd --check

echo "# certificates"
cert() { sed "s|<KmsUri>kms2.example.net</KmsUri>\n*<UserIdFormat>|&|; s|<KmsCertificate Version=\"1.1.0\" Role=\"Root\">|&|; s|<UserIdFormat>|<ValidTo>$1</ValidTo>&|" "$2"; }
cert 2020-01-01T00:00:00Z lab2/kms-init.xml >old2.xml
cert 2099-01-01T00:00:00Z lab2/kms-init.xml >new2.xml
E=("${P[@]/lab2\/kms-init.xml/old2.xml}")
more=$(many 3000)
{ cat m100; seq -f 'sip:m%.0f@example.org' "$more"; } | sed 's/$/,/' >mixed.csv
seq -f 'sip:x%.0f@example.net,kms2.example.net' 3 >>mixed.csv
sed -i '1i uri,kms' mixed.csv
cp "$state" before.state
expect "an expired partner loses its own members alone" 2 "$((more + 100)) members, 3 rejected \(3 expired" \
	"${E[@]}" --group sip:fire-9@gms-psi.example.org --gmk p.gmk --members mixed.csv -o p.nd --check
check "--check counts those far down" has err "mixed.csv:$((more + 104)): sip:x3@example.net"
expect "in the run too" 2 "$((more + 100)) members, 3 rejected \(3 expired" \
	"${E[@]}" --group sip:fire-9@gms-psi.example.org --gmk p.gmk --members mixed.csv -o p.nd --rejects p.rest
check "the last line" last_says "^new key $(id_of p.gmk) in p.gmk: $((more + 100)) messages; 3 rejected: no message for them$"
expect "renewed beside the old one" 0 "3 messages$" \
	"${E[@]}" --kms new2.xml --gmk p.gmk --members p.rest -o p2.nd
check "the receipt" told p2.nd 0 3 0
expect "the GMS's own certificate has expired" 3 "the certificate of the KMS kms.example.org has expired: it ended 2020" \
	"$K" provision --kms <(cert 2020-01-01T00:00:00Z lab/kms-init.xml) --gms gms.xml --gmk p.gmk --members late -o late.nd

echo "# backups, another host"
"${P[@]}" --group sip:fire-3@gms-psi.example.org --gmk b.gmk --members home -o b.nd 2>err
cp b.gmk b.backup
cp "$state" backup.state
expect "revoked" 0 "8 messages that revoke it$" "${P[@]}" --gmk b.gmk --members home --status revoked -o b.nd
expect "the key file of a backup" 3 "b.backup: key $(id_of b.gmk) was revoked by this GMS" \
	"${P[@]}" --gmk b.backup --members late -o late.nd
cp "$state" after.state
cp backup.state "$state"
expect "and the state of a backup" 3 "b.backup: key $(id_of b.gmk) was revoked by this GMS" \
	"${P[@]}" --gmk b.backup --members late -o late.nd
check "which knows it again" has "$state" "^revoked $(id_of b.gmk)"
cp after.state "$state"
mkdir host2
cp -r p.gmk gms.xml lab lab2 host2
expect "another host without the state" 3 "is missing, though this GMS made keys before" \
	env XDG_STATE_HOME="$T/host2/state" "${P[@]}" --gmk host2/p.gmk --members late -o late.nd
expect "with it" 0 "^key $(id_of p.gmk) of host2/p.gmk, $((more + 103)) members had it before: 1 message$" \
	sh -c "cp -a state host2; XDG_STATE_HOME=$T/host2/state ${P[*]} --gmk host2/p.gmk --members late -o late.nd"

echo "# keys from pipes"
expect "all of them" 0 "^key $(id_of p.gmk) of /dev/fd/[0-9]+, $((more + 103)) members had it before: 1 message$" \
	bash -c "$K provision --kms <(cat lab/kms-init.xml) --gms <(cat gms.xml) --gmk <(cat p.gmk) --members <(cat late) -o late.nd"
check "the receipt" told late.nd 0 1 0
expect "a revocation leaves the file, and the state knows" 2 "the state knows|$((more + 104)) members had it before: 1 message that revokes it; $((more + 103)) who were given it are left out" \
	bash -c "${P[*]} --gmk <(cat p.gmk) --members late --status revoked -o late.nd"
expect "so that the file is of no use" 3 "was revoked by this GMS" "${P[@]}" --gmk p.gmk --members late -o late.nd

echo "# at once, killed, interrupted"
U=("$R" "${P[@]:1}")
jobs=()
for i in 1 2 3 4; do
	"${U[@]}" --group sip:fire-5@gms-psi.example.org --gmk r.gmk --members home -o r$i.nd 2>r$i.err &
	jobs+=($!)
done
codes=
for j in "${jobs[@]}"; do code_of "$j"; codes+=$code; done
check "four runs that make one key ($codes)" test -z "${codes//[04]/}"
for i in 1 2 3 4; do
	if [ -e r$i.nd ]; then
		check "one that gives it says so" has r$i.err "key $(id_of r.gmk) (in|of) r.gmk.*: 8 messages$"
	else
		check "one that does not says so" has r$i.err "another run has made it meanwhile: run again"
	fi
done
many=$(many 3000)
seq -f 'sip:k%.0f@example.org' "$many" >crowd
rm -f k.nd
for i in {1..10}; do
	"${U[@]}" --group sip:fire-6@gms-psi.example.org --gmk k.gmk --members crowd -o k.nd -j 1 2>/dev/null &
	perl -e "select undef, undef, undef, (rand 2) ** 2 / 6"
	kill -KILL $! 2>/dev/null
	wait $! 2>/dev/null
	[ ! -e k.nd ] || [ ! -e k.nd.receipt ] || told k.nd 0 "$many" 0 || bad "killed: what is in place is whole"
	[ -e k.nd ] || [ ! -e k.nd.receipt ] || bad "killed: no receipt stands alone"
done
expect "after ten kills, the same command goes on" 0 "key $(id_of k.gmk 2>/dev/null)[0-9a-f]* (in|of) k.gmk.*: $many messages$" \
	"${P[@]}" --group sip:fire-6@gms-psi.example.org --gmk k.gmk --members crowd -o k.nd
check "the receipt" told k.nd 0 "$many" 0
expect "and all have it" 0 "$many members had it before, $many of them are in the list" \
	"${P[@]}" --gmk k.gmk --members crowd --check

# sent PID: SIGINT, once the process waits.
sent() {
	ended_by INT waits "$1"
	[ "$code" = 6 ]
}
# A shell's background jobs ignore SIGINT.
D=(exec perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "${U[@]}")
mkfifo list
seq -f 'sip:k%.0f@example.org' 3000 >m3000
: >err
start() { ("${D[@]}" "$@" >out 2>err) & job=$!; exec 7>list; }
start --group sip:fire-7@gms-psi.example.org --gmk i.gmk --members list -o i.nd
echo sip:i1@example.org >&7
check "interrupted before the key: exit 6" sent $job
exec 7>&-
check "says so" last_says "^keymuster: error: interrupted: nothing was put in place, and no key was made: the same command starts anew$"
check "no key" absent i.gmk
"${P[@]}" --group sip:fire-7@gms-psi.example.org --gmk i.gmk --members home -o i.nd 2>err
start --gmk i.gmk --members list -o i.nd -j 1
cat m3000 >&7
until_true begun i.nd
check "interrupted while it waits for more: exit 6" sent $job
exec 7>&-
check "says so" has err "interrupted: nothing was put in place; the key is kept in i.gmk: the same command goes on$"
check "the last line says that an output is older" last_says "i.nd is of an earlier run"
start --gmk i.gmk --members list -j 1
cat m3000 >&7
until_true test -s out
check "to stdout: exit 6" sent $job
exec 7>&-
check "says what has gone" last_says "interrupted: (some messages may have been|[0-9]+ messages or more were) written, the last perhaps not whole; the key is kept in i.gmk"
expect "they may have it" 0 "8 members had it before and [0-9]+ may have it from runs that broke off: 1 message$" \
	"${P[@]}" --gmk i.gmk --members late -o late.nd
start --gmk i.gmk --members list --status revoked -o i.nd -j 1
cat m3000 >&7
until_true grep -q '"revoked": true' i.gmk
check "a revocation: exit 6" sent $job
exec 7>&-
check "says so" has err "interrupted: nothing was put in place; the key of i.gmk is revoked, and its members are not told: the same command goes on$"
expect "to a pipe whose reader ends" 4 "stdout is not complete: (some messages may have been|[0-9]+ messages or more were) written, the last perhaps not whole" \
	bash -c "set -o pipefail; ${P[*]} --group sip:fire-8@gms-psi.example.org --gmk e.gmk --members m3000 | head -2 >/dev/null"

finish
