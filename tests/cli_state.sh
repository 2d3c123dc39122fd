#!/bin/bash
# cli_state.sh -- what a GMS remembers between runs: its state, its clock, its keys, and who has them.
# usage: tests/cli_state.sh path/to/keymuster.  Prints a line a case; exit 1 where one failed.
. "${0%/*}/cli_lib.sh"

group=sip:fire-1@gms-psi.example.org
gms=sip:gms@gms-psi.example.org
"$K" lab kms lab 2>err
"$K" lab user lab $gms -o gms 2>err
cp gms/*.xml gms.xml
chmod 600 ./*.xml
seq -f 'sip:u%.0f@example.org' 4 >m4
head -2 m4 >m2
echo sip:late@example.org >late
P=("$K" provision --kms lab/kms-init.xml --gms gms.xml)
G=("${P[@]}" --group $group)

echo "# one place"
expect "the first use is said" 0 "first use of this GMS on this host: a new state $XDG_STATE_HOME/keymuster/" \
	"${G[@]}" --gmk fire.gmk --members m4 -o fire.nd
state=$(ls "$XDG_STATE_HOME"/keymuster/*.state)
check "beside the keys there is none" absent "gms.xml.state"
check "the directory is private" test "$(stat -c %a "$XDG_STATE_HOME/keymuster")" = 700
mkdir elsewhere
cp gms.xml elsewhere
expect "from another directory it is the same" 0 "^key [0-9a-f]{8} of fire.gmk, 4 members had it before: 1 message" \
	"$K" provision --kms lab/kms-init.xml --gms elsewhere/gms.xml --gmk fire.gmk --members late -o late.nd
check "and there is one" test "$(ls "$XDG_STATE_HOME"/keymuster/*.state)" = "$state"
check "the summary says new or read" has fire.nd.receipt '"origin": "new"'
expect "a directory is named" 0 "a new state elsewhere/sip-gms" \
	"${G[@]}" --forget-key --members m2 --state elsewhere
expect "a file is named" 0 "a new state elsewhere/my.state" \
	"${G[@]}" --forget-key --members m2 --state elsewhere/my.state
expect "its directory must be there" 4 "its directory is not there: make it, or name another" \
	"${G[@]}" --forget-key --members m2 --state nowhere/my.state
"$K" lab user lab sip:other@gms-psi.example.org -o other 2>/dev/null
expect "that of another GMS is refused" 3 "my.state:4: the state of $gms at kms.example.org" \
	"$K" provision --kms lab/kms-init.xml --gms other/other-*.xml --group $group --forget-key \
	--members m2 --state elsewhere/my.state
ln -s ../state/keymuster/"${state##*/}" elsewhere/link.state
expect "a link is followed" 0 "" "${G[@]}" --gmk linked.gmk --members m4 --state elsewhere/link.state --partial -o linked.nd
check "and stays one" test -L elsewhere/link.state
check "what is behind it is the state" has "$state" "^gmk $(sed -n 's/^"gmk_id": "\(.*\)",/\1/p' linked.gmk) 0"

echo "# lost, damaged, old"
cp "$state" saved
rm "$state"
expect "lost" 3 "is missing, though this GMS made keys before: put the last one back" \
	"${P[@]}" --gmk fire.gmk --members late
expect "lost, with a new key" 3 "is missing" "${G[@]}" --gmk new.gmk --members m4
check "no key is made" absent new.gmk
expect "begun anew when asked" 0 "the GMK-IDs are those that journals" \
	"${P[@]}" --gmk fire.gmk --members late --new-state -o late.nd
check "with the GMK-ID of the key" has "$state" "^gmk $(sed -n 's/^"gmk_id": "\(.*\)",/\1/p' fire.gmk) 0"
: >"$state"
expect "emptied" 3 "the state is empty; put the last good one back, or see keymuster state repair" \
	"${P[@]}" --gmk fire.gmk --members late
head -n -1 saved >"$state"
expect "cut at a line end" 3 "another number of lines" "${P[@]}" --gmk fire.gmk --members late
head -c -3 saved >"$state"
expect "cut within a line" 3 "put the last good one back" "${P[@]}" --gmk fire.gmk --members late
cp saved "$state"
expect "restored" 0 "" "${P[@]}" --gmk fire.gmk --members late -o late.nd
expect "--new-state where it is whole" 0 "was not needed" \
	"${P[@]}" --gmk fire.gmk --members late --new-state -o late.nd
mkdir old
cp gms.xml old
printf 'keymuster-state 1\nt %016x\ngmk 0abcdef0 0\n' $((($(date +%s) - 100) << 32)) >"old/${state##*/}"
expect "beside the keys: taken over" 0 "the state $T/old/.* is now own/.*renamed .moved" \
	sh -c "mkdir own; ${G[*]/gms.xml/old/gms.xml} --forget-key --members m2 --state own -o own.nd"
check "with its GMK-IDs" has own/*.state "^gmk 0abcdef0 0"
check "it is not taken for live" absent "old/${state##*/}"
expect "once" 0 "" "${G[@]/gms.xml/old/gms.xml}" --forget-key --members m2 --state own -o own.nd
check "and then nothing is said" hasnt err "is now"
rm own/*.state
expect "the new one is lost then" 3 "is missing" \
	"${G[@]/gms.xml/old/gms.xml}" --forget-key --members m2 --state own -o own.nd

echo "# places that cannot be written, owners"
if mkdir readonly && mount -t tmpfs tmpfs readonly 2>/dev/null; then
	cp gms.xml fire.gmk readonly
	printf 'keymuster-state 1\nt %016x\n' $((($(date +%s) - 100) << 32)) >"readonly/${state##*/}"
	mount -o remount,ro readonly
	mkdir ro
	expect "an old state in a place that is read-only is copied" 0 "was copied to .*could not be renamed" \
		"${G[@]/gms.xml/readonly/gms.xml}" --forget-key --members m2 --state ro/ -o ro.nd
	expect "which is said once" 0 "" "${G[@]/gms.xml/readonly/gms.xml}" --forget-key --members m2 --state ro/ -o ro.nd
	check "and then nothing" hasnt err "was copied"
	expect "keys that are read-only serve a late joiner" 0 "5 members had it before: 1 message" \
		"${P[@]/gms.xml/readonly/gms.xml}" --gmk readonly/fire.gmk --members late -o late.nd
	expect "a state that cannot be written" 4 "Read-only file system \(--state FILE names another place\)" \
		"${G[@]}" --forget-key --members m2 --state readonly/
	umount readonly
	mkdir mounted
	cp saved saved2
	: >mounted/gms.state
	mount --bind saved2 mounted/gms.state
	expect "a file that is mounted by itself" 4 "mount its directory instead" \
		"${G[@]}" --gmk mounted.gmk --members m4 --state mounted/gms.state
	umount mounted/gms.state
	mkdir small
	mount -t tmpfs -o size=32k tmpfs small
	expect "a state on a small disk" 0 "first use" "${G[@]}" --gmk small.gmk --members m4 --state small/ -o small.nd
	dd if=/dev/zero of=small/fill 2>/dev/null
	seq -f 'sip:w%.0f@example.org' 400 >w400
	expect "who has the key cannot be kept" 4 "journal: No space left" "${P[@]}" --gmk small.gmk --members w400 --state small/
	check "no message leaves then" test ! -s out
	rm small/fill
	expect "once it can" 0 "4 members had it before: 400 messages" "${P[@]}" --gmk small.gmk --members w400 --state small/
	umount small
else
	skip "places that are read-only" "no right to mount"
fi
if [ "$(id -u)" = 0 ]; then
	cp saved service.state
	chown nobody service.state
	expect "root writes the state of a service" 0 "" \
		"${G[@]}" --gmk service.gmk --members m4 --state service.state --partial -o service.nd
	check "and leaves it to it" test "$(stat -c %U service.state)" = nobody
	chown nobody fire.gmk
	cp fire.gmk kept.gmk
else
	skip owners "only root gives files away"
fi

echo "# the clock"
t_of() { sed -n 's/^t \([0-9a-f]*\) .*/\1/p' "$state"; }
set_t() { printf 'keymuster-state 1\nt %016x\n' $((($(date +%s) + $1) << 32)) >"$state"; }
set_t 7200
expect "two hours ahead" 3 "is (2 h 0 min|1 h 59 min|119 min [0-9]+ s) ahead of the clock, .*keymuster state repair" \
	"${G[@]}" --gmk ahead.gmk --members m4 -o ahead.nd
check "no key is made" absent ahead.gmk
check "no output" absent ahead.nd
expect "within the tolerance that is given" 0 "the clock is [0-9]+ s behind" \
	"${P[@]}" --gmk fire.gmk --members late --clock-tolerance 8000 -o late.nd
set_t 600
expect "ten minutes are in the window of a client" 0 "" "${P[@]}" --gmk fire.gmk --members late -o late.nd
set_t $((40 * 86400))
expect "keys must be good at T, not by the clock" 3 "key set of period [0-9]+ of .* is missing" \
	"${P[@]}" --gmk fire.gmk --members late --clock-tolerance 10000000 -o late.nd
cp saved "$state"

echo "# keys from anywhere"
sed 's/"gmk": "\(.\)./"gmk": "\1x/; s/"gmk": "\(.\)x/"gmk": "\1/' fire.gmk >short.gmk
awk '/"gmk":/ { match($0, /"gmk": "/); c = substr($0, RSTART + RLENGTH, 1); sub(/"gmk": "./, "\"gmk\": \"" (c == "0" ? "1" : "0")) } 1' fire.gmk >flipped.gmk
chmod 600 short.gmk flipped.gmk
expect "a digit of the key is missing" 3 "short.gmk: gmk: not 32 hex digits" "${P[@]}" --gmk short.gmk --members late -o late.nd
expect "a digit of the key is another" 3 "flipped.gmk: gmk: not the key that members were given under this GMK-ID" \
	"${P[@]}" --gmk flipped.gmk --members late -o late.nd
expect "from a pipe" 0 "members had it before: 1 message" \
	bash -c "${P[*]} --gmk <(cat fire.gmk) --members late -o late.nd"
expect "from stdin" 0 "members had it before: 1 message" \
	sh -c "${P[*]} --gmk - --members late -o late.nd <fire.gmk"
expect "key and list cannot both be stdin" 1 "both stdin" "${P[@]}" --gmk - --members -
ln -s gone.gmk dangling.gmk
expect "a link to nothing" 4 "a link to a file that is not there" \
	"${G[@]}" --gmk dangling.gmk --members m4
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 755 .
	mkdir nobody
	chown nobody nobody
	elsewhere command
	cp fire.gmk root.gmk
	chmod 600 root.gmk
	chmod 644 gms.xml
	chmod 755 lab
	chmod 644 lab/kms-init.xml
	chown root root.gmk
	expect "a key that cannot be read" 4 "root.gmk: Permission denied" \
		setpriv --reuid nobody --clear-groups timeout "$LIMIT" ./command "${P[@]:1}" --gmk root.gmk --members late --state nobody/
	cp saved root.state
	chmod 600 root.state
	expect "a state that cannot be read" 4 "root.state: Permission denied" \
		setpriv --reuid nobody --clear-groups timeout "$LIMIT" ./command "${G[@]:1}" --forget-key --members late --state root.state
	chmod 600 gms.xml
else
	skip "keys that cannot be read" "only root becomes another"
fi

echo "# who has the key"
expect "the first key of a group" 0 "^new key [0-9a-f]{8} in a.gmk: 4 messages" \
	"${G[@]}" --gmk a.gmk --members m4 -o a.nd --state own2.state
id=$(sed -n 's/^"gmk_id": "\(.*\)",/\1/p' a.gmk)
expect "a second one for the same group is said" 2 "the group has an earlier key, $id, which stays in use" \
	"${G[@]}" --gmk b.gmk --members m2 -o b.nd --state own2.state
check "and who has the first alone" has err "2 who were given key $id, .*: sip:u3@example.org, sip:u4@example.org \(--partial"
check "the receipt has them" has b.nd.receipt '"sip:u4@example.org"'
check "and the exit code" has b.nd.receipt '"exit_code": 2'
expect "a leaver is left out on purpose" 0 "2 who were given key $id" \
	"${G[@]}" --gmk c.gmk --members m2 --partial -o c.nd --state own2.state
expect "a key for another group is another thing" 0 "" \
	"${P[@]}" --group sip:fire-2@gms-psi.example.org --gmk d.gmk --members m2 -o d.nd --state own2.state
check "nothing is said of the first" hasnt err "earlier key"
cp a.gmk backup.gmk
ln a.gmk hard.gmk
expect "a revocation that leaves members out" 2 "2 who were given key $id got no message of this run: they keep it: sip:u3@example.org, sip:u4@example.org" \
	"${P[@]}" --gmk a.gmk --members m2 --status revoked -o r.nd --state own2.state
check "its output is in place" test -s r.nd
check "the state knows" has own2.state "^revoked $id 0"
check "the key file too" has a.gmk '"revoked": true'
for copy in backup hard; do
	expect "a $copy does not bring it back" 3 "revoked" \
		"${P[@]}" --gmk $copy.gmk --members m2 -o x.nd --state own2.state
done
tail -2 m4 >rest
expect "the rest is told" 0 "^key $id of /dev/fd/[0-9]+, 4 members had it before: 2 messages that revoke it" \
	bash -c "${P[*]} --gmk <(cat backup.gmk) --members rest --status revoked -o r.nd --state own2.state"
expect "a revoked key is no earlier one" 0 "earlier key" \
	"${G[@]}" --gmk e.gmk --members m2 -o e.nd --state own2.state
check "of those that are" hasnt err "$id"
printf 'sip:u3@example.org\nsip:u 4@example.org\n' >rejects
expect "who is rejected was not reached" 2 "1 who were given key .* keep it: sip:u2@example.org" \
	sh -c "head -2 m4 >two; ${P[*]} --group sip:fire-3@gms-psi.example.org --gmk f.gmk --members two -o f.nd --state own2.state &&
	printf 'sip:u1@example.org\nsip:u 2@example.org\n' | ${P[*]} --gmk f.gmk --members - --status revoked -o f.nd --state own2.state"

cp own2.state damaged.state
head -c 30 "own2.$id.journal" >"damaged.$id.journal"
expect "a damaged journal" 3 "damaged.$id.journal: .*move it away: who was given the key is unknown then" \
	"${P[@]}" --gmk backup.gmk --members m2 --status revoked --state damaged.state
rm "damaged.$id.journal"
expect "moved away" 0 "^key $id of backup.gmk, which is older than its journal here: 2 messages that revoke it" \
	"${P[@]}" --gmk backup.gmk --members m2 --status revoked --state damaged.state

echo "# who"
W=("$K" who --gmk c.gmk --state own2.state)
expect "all have it" 0 "m2: 2 have key [0-9a-f]{8}, 0 may have it" "${W[@]}" --members m2
check "each is said" has out '^\{"uri":"sip:u2@example.org","key":"has"\}$'
expect "two have not" 2 "m4: 2 have key [0-9a-f]{8}, 0 may have it \(their run broke off\), 2 do not have it" \
	"${W[@]}" --members m4 --format text
check "as text" has out "^none	sip:u4@example.org$"
echo sip:u1@example.org >one
expect "who is missing in a list" 2 "in all 2 were given it and 0 may have been; 1 who keep it are not in this list" \
	"${W[@]}" --members one --missing --format text
check "and they alone" test "$(cat out)" = "has	sip:u2@example.org"
expect "who was told" 2 "4 were told that it is revoked" "$K" who --gmk a.gmk --state own2.state --members m4
check "is said" has out '"key":"revoked"'
expect "the key from a pipe" 0 "" bash -c "$K who --gmk <(cat c.gmk) --state own2.state --members m2"
expect "no journal" 3 "who was given key [0-9a-f]{8} is not known here" "$K" who --gmk c.gmk --members m2
expect "a list that is none" 4 "fire.gmk:1: " "${W[@]}" --members fire.gmk
printf 'sip:u1@example.org\nsip:u 1@example.org\n' >odd
expect "what is no member" 2 "1 is no member" "${W[@]}" --members odd

echo "# state show, state repair"
expect "shown" 0 "" "$K" state show --state own2.state
check "the GMS" has out "^  GMS +$gms$"
check "T" has out "^  last T +20[0-9-]+T"
check "a key in use" has out "^  [0-9a-f]{8}  in use, expires never, 2 have it, $group$"
check "a key that is revoked" has out "^  $id  revoked, expires never, 4 have it, 4 told of the revocation"
expect "all of the usual directory" 0 "" "$K" state show
check "by file" has out "^$state$"
expect "that of one GMS" 0 "" "$K" state show --gms-uri $gms --gms-kms kms.example.org
check "by URI" has out "^$state$"
expect "half of whose it is" 1 "belong together" "$K" state show --gms-uri $gms
expect "nothing to repair" 0 "nothing to repair" "$K" state repair --state own2.state
cp own2.state whole
sed 's/^kms .*/kms other/' whole >own2.state
expect "a damaged one is shown as far as it goes" 3 "own2.state:3: the check does not fit" "$K" state show --state own2.state
sed 's/^gmk \(.......\)/gmk \1x/' whole >own2.state
expect "and repaired" 0 "lines could not be read and are lost, the file is kept as .damaged" \
	"$K" state repair --state own2.state
check "with what journals know" has own2.state "^gmk $(sed -n 's/^"gmk_id": "\(.*\)",/\1/p' c.gmk) 0"
check "and what is revoked" has own2.state "^revoked $id 0"
check "the same T" test "$(sed -n 2p own2.state)" = "$(sed -n 2p whole)"
check "it is of use" "$K" state show --state own2.state
rm own2.state
expect "a lost one is rebuilt from journals" 0 "there was no state: its GMK-IDs are those of [0-9]+ journals" \
	"$K" state repair --state own2.state
check "with what is revoked" has own2.state "^revoked $id 0"
expect "a revoked key stays it" 3 "revoked" "${P[@]}" --gmk backup.gmk --members m2 -o x.nd --state own2.state
rm -f bare.state
expect "and from key files" 0 "0 journals and 1 key files" "$K" state repair --state bare.state --gmk c.gmk
check "with their GMK-IDs" has bare.state "^gmk $(sed -n 's/^"gmk_id": "\(.*\)",/\1/p' c.gmk) 0"
expect "whose it is must be known" 3 "whose state it is is not known" "$K" state repair --state nobodys.state
check "nothing is made then" absent nobodys.state
set_t 7200
echo sip:ahead@example.org >ahead
expect "a member whom a clock ahead served" 0 "" "${P[@]}" --gmk fire.gmk --members ahead -o ahead.nd --clock-tolerance 9999
expect "has the key, as far as is known" 0 "" "$K" who --gmk fire.gmk --members ahead
expect "T ahead of the clock is said" 0 "T is ahead of the clock" "$K" state repair --state "$state" --gmk fire.gmk
expect "and set back when asked" 0 "T goes back from 20" "$K" state repair --gmk fire.gmk --t now
expect "who was served by it is unsure then" 2 "" "$K" who --gmk fire.gmk --members ahead
check "and is said to be" has out '"unsure"'
expect "and the GMS goes on" 0 "" "${P[@]}" --gmk fire.gmk --members late -o late.nd
expect "and serves again" 0 "" "${P[@]}" --gmk fire.gmk --members ahead -o ahead.nd
expect "who has it then" 0 "" "$K" who --gmk fire.gmk --members ahead
rm -f ahead.nd ahead.nd.receipt
expect "not to any word" 1 "neither Unix seconds" "$K" state repair --gmk fire.gmk --t soon
cp saved "$state"

echo "# state prune"
mkdir pruned
O=("${P[@]}" --state pruned/s.state)
journals() { ls pruned/*.journal 2>/dev/null | wc -l; }
"${O[@]}" --group sip:fire-8@gms-psi.example.org --gmk use.gmk --members m4 -o p.nd 2>err
began=$SECONDS
"${O[@]}" --group sip:fire-9@gms-psi.example.org --gmk told.gmk --members m4 -o p.nd 2>err
"${O[@]}" --gmk told.gmk --members m2 --status revoked --partial -o p.nd 2>err
soon=$(($(date +%s) + 12 + 4 * (SECONDS - began)))        # three runs and a few words from now
"${O[@]}" --group sip:fire-10@gms-psi.example.org --gmk over.gmk --members m4 --expire $soon -o p.nd 2>err
for i in 1 2; do        # a run for many: both keys end; one of them stays
	printf 'group,gmk,expire\nsip:f%d@gms-psi.example.org,f%d.gmk,%d\nsip:g%d@gms-psi.example.org,g%d.gmk,%s\n' \
		$i $i $soon $i $i "$([ $i = 2 ] || echo $soon)" >two.csv
	printf 'uri,group\nsip:u1@example.org,sip:f%d@gms-psi.example.org\nsip:u1@example.org,sip:g%d@gms-psi.example.org\n' \
		$i $i >two.m
	"${O[@]}" --groups two.csv --members two.m -o p.nd 2>err
done
check "five journals" test "$(journals)" = 5
expect "nothing is over" 0 "s.state: 0 journals of keys that ended before .* would be removed, 5 stay" \
	"$K" state prune --state pruned/s.state --keep 0
sleep $((soon + 1 - $(date +%s)))
expect "nor by a clock alone: T is not so far" 0 "0 journals .* would be removed, 5 stay" \
	"$K" state prune --state pruned/s.state --keep 0
"${O[@]}" --gmk use.gmk --members late -o p.nd 2>err
expect "what would go is named" 0 "2 journals .* would be removed, 3 stay \(--remove removes\)" \
	"$K" state prune --state pruned/s.state --keep 0
check "a line each" test "$(grep -c '^would be removed	[12] keys*	' out)" = 2
check "of the run for many with both its keys" has out "	2 keys	.*/s.run-"
check "nothing has gone" test "$(journals)" = 5
expect "by default a key stays 400 days" 0 "0 journals" "$K" state prune --state pruned/s.state --remove
expect "they are removed" 0 "2 journals .* were removed, 3 stay" "$K" state prune --state pruned/s.state --keep 0 --remove
check "and they alone" test "$(journals)" = 3
expect "a key that was revoked goes when all were told" 0 "" "${O[@]}" --gmk told.gmk --members m4 --status revoked -o p.nd
sleep 1.1
"${O[@]}" --gmk use.gmk --members m2 -o p.nd 2>err
expect "then" 0 "1 journal .* was removed, 2 stay" "$K" state prune --state pruned --keep 0 --remove
expect "and stays revoked" 3 "was revoked by this GMS|revoked: this key was revoked" "${O[@]}" --gmk told.gmk --members m2 -o p.nd
echo something else, as long as one >"$(ls pruned/s.run-*.journal)"
expect "nothing beside what is damaged" 3 "cannot be read" "$K" state prune --state pruned/s.state --keep 0 --remove

echo "# keys of an older version"
sed -e 's/"version": 2/"version": 1/' -e 's/^"gmk_id": .*/"gmk_id": "0a0a0a0a",/' \
	-e 's/^"revoked": false/&,\n"salts": "D\/\/\/\/wECAwQ="/' fire.gmk >v1.gmk
cp v1.gmk v1.before
expect "a key that the state does not know" 0 "warning: .*v1.gmk: the state did not know key 0a0a0a0a: whether it was revoked" \
	"${P[@]}" --gmk v1.gmk --members late --check --state own2.state
expect "its members are taken over" 0 "^key 0a0a0a0a of v1.gmk, 1 member had it before: 1 message" \
	"${P[@]}" --gmk v1.gmk --members late -o late.nd --state own2.state
expect "once" 0 "^key 0a0a0a0a of v1.gmk, 2 members had it before: 2 messages" \
	"${P[@]}" --gmk v1.gmk --members m2 -o late.nd --state own2.state
check "the key file stays as it is" cmp v1.gmk v1.before
expect "it can be revoked" 2 "1 who were given key 0a0a0a0a got no message of this run: they keep it \(names are not known\)" \
	sh -c "cat late m2 | ${P[*]} --gmk v1.gmk --members - --status revoked -o r.nd --state own2.state"

echo "# killed, and at once"
many=$(many 3000)
seq -f 'sip:u%.0f@example.org' "$many" >crowd
"${P[@]}" --group sip:fire-4@gms-psi.example.org --gmk k.gmk --members late -o k.nd 2>err
{ # a list that breaks off after some members have been served: 20 000 are held back, for user salts that differ
	echo uri,note
	seq -f 'sip:u%.0f@example.org,x' $((20000 + $(many 2000)))
	echo 'sip:bad@example.org,"never closed'
	seq -f 'sip:v%.0f@example.org,x' 3000
} >swallowed
for i in 1 2 3 4 5 6; do
	"$R" "${P[@]:1}" --gmk k.gmk --members crowd -o k.nd -j 1 2>/dev/null &
	sleep 0.0$i
	kill -KILL $! 2>/dev/null
	wait $! 2>/dev/null
done
expect "after kills, the same command goes on" 0 "$many messages$" "${P[@]}" --gmk k.gmk --members crowd -o k.nd
expect "and all have it then" 0 "^.* ($many|$((many + 1))) members had it before" "${P[@]}" --gmk k.gmk --members late -o late.nd
expect "a run that is broken off with its output taken away" 4 "" "${P[@]}" --group sip:fire-6@gms-psi.example.org \
	--gmk v.gmk --members swallowed -o v.nd
expect "gave the key to nobody" 2 "0 have key [0-9a-f]{8}, 0 may have it" "$K" who --gmk v.gmk --members m4
expect "to stdout it may have" 4 "" "${P[@]}" --gmk v.gmk --members swallowed
expect "which is said" 2 "m4: 0 have key [0-9a-f]{8}, 4 may have it" "$K" who --gmk v.gmk --members m4
check "of each" has out '"key":"unsure"'
expect "and then done" 0 "0 members had it before and [0-9]+ may have it from runs that broke off: 4 messages" "${P[@]}" --gmk v.gmk --members m4 -o v.nd
expect "for sure" 0 "4 have key" "$K" who --gmk v.gmk --members m4
for i in 1 2 3; do
	"${P[@]}" --group sip:fire-5@gms-psi.example.org --gmk p.gmk --members m4 -o p$i.nd 2>p$i.err &
done
wait
check "of three that make one key, one does" test "$(cat p?.err | grep -c '^new key .* in p.gmk')" = 1
check "the others say why not, or give it too" test "$(cat p?.err | grep -cE 'another run has made it meanwhile|^key .* of p.gmk')" = 2
for i in 1 2 3 4; do
	echo "sip:late$i@example.org" >late$i
	"${P[@]}" --gmk p.gmk --members late$i -o l$i.nd 2>l$i.err &
done
wait
expect "late joiners at once are all kept, and each counts once" 0 " 8 members had it before: 1 message" \
	"${P[@]}" --gmk p.gmk --members late -o late.nd
# The journal of two runs that served the same four, neither of which knew of the other.
"${P[@]}" --group sip:fire-7@gms-psi.example.org --gmk t.gmk --members late --state twice.state -o t.nd 2>err
j=$(ls twice.*.journal)
cp "$j" before.journal
"${P[@]}" --gmk t.gmk --members m4 --state twice.state -o t.nd 2>err
cp "$j" one.journal
cp before.journal "$j"
"${P[@]}" --gmk t.gmk --members m4 --state twice.state -o t.nd 2>err
tail -c +$(($(stat -c %s before.journal) + 1)) one.journal >>"$j"
expect "members whom two runs served at once count once" 0 " 5 members had it before: 1 message" \
	"${P[@]}" --gmk t.gmk --members late --state twice.state -o t.nd
check "state show counts so too" sh -c "'$K' state show --state twice.state | grep -q ' 5 have it,'"

finish
