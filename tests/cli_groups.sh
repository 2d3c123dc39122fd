#!/bin/bash
# cli_groups.sh -- many groups in one run: keys by a file of groups, members by theirs, and who fails alone.
# usage: tests/cli_groups.sh path/to/keymuster.  Prints a line a case; exit 1 where one failed.
. "${0%/*}/cli_lib.sh"

gms=sip:gms@gms-psi.example.org
"$K" lab kms lab 2>err
"$K" lab user lab $gms -o gms 2>err
for u in alice bob carol; do "$K" lab user lab sip:$u@example.org -o users 2>err; done
cp gms/*.xml gms.xml
chmod 600 ./*.xml
mkdir keys
P=("$K" provision --kms lab/kms-init.xml --gms gms.xml)

# group N: its URI.  member NAME GROUP...: lines of the list.
group() { echo "sip:fire-$1@gms-psi.example.org"; }
member() {
	local who=$1 g
	shift
	for g; do echo "sip:$who@example.org,$(group "$g")"; done
}
# rows FIRST LAST: of a file of groups.
rows() { for ((i = $1; i <= $2; i++)); do echo "$(group $i),keys/$i.gmk"; done; }
# of FILE LINE: the row of a receipt for that line of the file of groups.
of() { grep "\"line\":$2," "$1"; }
# opened NAME FILE: how many groups' keys that user's client gets out of an output.
opened() { grep -F "sip:$1@" "$2" | "$K" open --kms lab/kms-init.xml --keys users/"$1"-*.xml 2>/dev/null | grep -c '"status":"'"$3"; }

echo "# both forms"
cat >groups.csv <<END2
group,note,gmk,text,activate,expire,status
$(group 1),x,keys/1.gmk,"Fire, ground 1",,2100-01-01T00:00:00Z,active
$(group 2),,keys/2.gmk,,,,
$(group 3),,keys/3.gmk
$(group 4),,keys/45.gmk
$(group 5),,./keys/45.gmk
$(group 6),,keys/6.gmk
END2
(echo uri,group; member alice 1 2 3; member bob 1 4 5; member carol 6; member alice 1) >members.csv
expect "six groups, five keys" 0 "^6 groups \(6 served, 0 failed, 0 without members\): 6 messages" \
	"${P[@]}" --groups groups.csv --members members.csv -o all.nd
check "a repeat is one of member and key" has all.nd.receipt '"repeats": 2'
check "rows of one file have one key" test "$(ls keys)" = "$(printf '%s\n' 1.gmk 2.gmk 3.gmk 45.gmk 6.gmk)"
check "each line has its group" test "$(grep -c '"group":"sip:fire-1@' all.nd)" = 2
check "a member of three groups opens three" test "$(opened alice all.nd accepted)" = 3
check "the key says its groups" test "$(grep -F sip:bob@ all.nd | tail -1 | "$K" open --kms lab/kms-init.xml \
	--keys users/bob-*.xml 2>err | grep -c "$(group 4)\",\"$(group 5)")" = 1
check "a receipt of version 2" has all.nd.receipt '"receipt": 2'
check "with a row a group" test "$(grep -c '^    {"group":' all.nd.receipt)" = 6
expect "which verify adds up" 0 "6 messages, all signatures verified, as the receipt says" \
	"$K" verify all.nd --kms lab/kms-init.xml
sed '/fire-2/s/"members":1/"members":2/' all.nd.receipt >wrong
expect "and finds one that is wrong" 2 "fire-2@gms-psi.example.org: 1 message, where the receipt says 2" \
	"$K" verify all.nd --receipt wrong --kms lab/kms-init.xml
sed 's/"group":"sip:fire-2@/"group":"sip:fire-3@/' all.nd >swapped
expect "a line with another's group is found" 2 "gmk_id is of another key than that of its group" \
	"$K" verify swapped --receipt all.nd.receipt --kms lab/kms-init.xml
expect "text has a third column" 0 "" "${P[@]}" --groups groups.csv --members members.csv --format text -o all.txt
check "which is the group" test "$(cut -f3 all.txt | sort -u | grep -c sip:fire)" = 5
expect "and verify reads it" 0 "as the receipt says" "$K" verify all.txt --kms lab/kms-init.xml
cat >groups.nd <<END2
{"group":"$(group 1)","gmk":"keys/1.gmk","text":"Fire, ground 1","expire":"2100-01-01T00:00:00Z"}
{"group":"$(group 2)","gmk":"keys/2.gmk","note":[1]}
{"group":"$(group 3)","gmk":"keys/3.gmk","status":"active"}
{"group":"$(group 4)","gmk":"keys/45.gmk"}
{"group":"$(group 5)","gmk":"keys/45.gmk"}
{"group":"$(group 6)","gmk":"keys/6.gmk"}
END2
sed '1d; s/\(.*\),\(.*\)/{"uri":"\1","group":"\2"}/' members.csv >members.nd
expect "NDJSON" 0 "6 messages" "${P[@]}" --groups groups.nd --members members.nd -o nd.nd
expect "CSV again" 0 "6 messages" "${P[@]}" --groups groups.csv --members members.csv -o csv.nd
normal() { sed -n 's/"line":[0-9]*,//; s/"first_t":{[^}]*},"last_t":{[^}]*},//; /^    {"group"/p' "$1"; }
sed -i 's|"\./keys/45|"keys/45|' csv.nd.receipt
check "the rows of both receipts are the same" test "$(normal nd.nd.receipt)" = "$(normal csv.nd.receipt)"
expect "from stdin, members by another column" 0 "6 messages" bash -c \
	'sed "s/,group/,talkgroup/;1s/uri,group/uri,talkgroup/" members.csv >m2; "$@" <groups.csv' - \
	"${P[@]}" --groups - --members m2 --column group=talkgroup -o stdin.nd

echo "# who has which"
expect "all keys of the state" 0 "5 keys: given 6 times, and 0 times perhaps" "$K" who --groups
check "a line a group and member" lines out 7
check "is an object" has out "^\{\"group\":\"$(group 2)\",\"gmk_id\":\"[0-9a-f]{8}\",\"status\":\"active\",\"uri\":\"sip:alice@example.org\",\"key\":\"has\"\}$"
expect "as a table" 0 "" "$K" who --groups --format text
check "with its columns" test "$(awk -F '\t' '$3 == "active" && $4 == "has" { print $1, $5 }' out | sort)" = \
	"$( (member alice 1 2 3; member bob 1 4 5; member carol 6) | sed 's/\(.*\),\(.*\)/\2 \1/' | sort)"
expect "of one GMS" 0 "" "$K" who --groups --gms-uri $gms --gms-kms kms.example.org
expect "where there is none" 3 "no state of a GMS: who was given a key is not known here" "$K" who --groups --state keys
expect "about all" 1 "do not go with it" "$K" who --groups --gmk keys/1.gmk

echo "# words that exclude each other"
for o in "--group x" "--gmk x" "--text x" "--activate 2100-01-01T00:00:00Z" "--expire 2100-01-01T00:00:00Z" \
		"--status active"; do
	expect "$o" 1 "--groups and ${o%% *} exclude each other" "${P[@]}" --groups groups.csv --members members.csv $o
done
expect "raw" 1 "--format raw" "${P[@]}" --groups groups.csv --members members.csv --format raw
expect "stdin twice" 1 "both stdin" "${P[@]}" --groups - --members -
expect "an output that is a key's file" 1 "same file" "${P[@]}" --groups <(rows 9 9 | sed "1i group,gmk") \
	--members members.csv -o keys/../keys/9.gmk
expect "an output that is the file of groups" 1 "--groups and -o name the same file" \
	"${P[@]}" --groups groups.csv --members members.csv -o ./groups.csv

echo "# a group fails alone"
cp keys/1.gmk copy.gmk
"$K" lab user lab sip:other@gms-psi.example.org -o other 2>err
echo sip:alice@example.org >one
"$K" provision --kms lab/kms-init.xml --gms other/*.xml --group "$(group 20)" --gmk other.gmk --members one -q >/dev/null 2>err
echo no key >bad.gmk
cat >fail.csv <<END2
group,gmk,text,activate,expire,status
$(group 2),keys/2.gmk
$(group 20),other.gmk
$(group 21),bad.gmk
$(group 22),nodir/22.gmk
$(group 23),keys/23.gmk,,,2001-01-01T00:00:00Z
$(group 24),keys/24.gmk,,,,revoked
$(group 25),keys/25.gmk,A
$(group 26),keys/25.gmk,B
$(group 27),keys/27.gmk
$(group 27),keys/28.gmk
$(group 3),keys/3.gmk,another text
$(group 1),copy.gmk,,soon
not a uri,keys/x.gmk
END2
(echo uri,group; for g in 2 20 21 22 23 24 25 26 27 3 1 99; do member alice $g; done; echo sip:alice@example.org,) >fail.m
expect "others are served" 2 "^13 groups \(1 served, 12 failed, 0 without members\): 1 message; 11 rejected" \
	"${P[@]}" --groups fail.csv --members fail.m -o fail.nd --rejects fail.rej
cp err said
for w in "3: .*gms: the key of another GMS" "4: .*bad.gmk" "5: .*nodir/22.gmk: No such file" "6: .*expiry: not after now" \
		"7: .*status: revoked needs the file" "8: .*text: differs in lines 8 and 9" "9: .*differs" \
		"10: .*group: stands there twice, in lines 10 and 11" "11: .*twice" "12: .*text: .*differs from what the file" \
		"13: .*activate: neither" "14: not a uri: group: "; do
	check "line ${w%%:*} is said once" test "$(grep -Ec "^keymuster: error: fail.csv:$w" said)" = 1
done
check "members have the reason key" has fail.nd.receipt '"key": 9'
check "or that of their group" has fail.nd.receipt '"group": 2'
check "no file is made for one that fails" absent keys/23.gmk
check "nor for one that is there twice" absent keys/27.gmk
check "the receipt says why" has <(of fail.nd.receipt 6) '"failed":"expiry: not after now"'
expect "verify says so too" 2 "12 groups had no key" "$K" verify fail.nd --kms lab/kms-init.xml
sed 's/^"gmk": "./"gmk": "z/; /^"gmk":/y/z/7/' keys/1.gmk >twin.gmk
cmp -s keys/1.gmk twin.gmk && sed -i 's/^"gmk": "7/"gmk": "8/' twin.gmk
chmod 600 twin.gmk
(echo group,gmk; echo "$(group 1),keys/1.gmk"; echo "$(group 1 | sed s/fire/twin/),twin.gmk") >twins.csv
sed 's|\[[^]]*\]|["sip:twin-1@gms-psi.example.org"]|' twin.gmk >t && cat t >twin.gmk
(echo uri,group; member alice 1) >twins.m
expect "one GMK-ID and two keys" 2 "another file has another key with this GMK-ID" \
	"${P[@]}" --groups twins.csv --members twins.m -o twins.nd
mkdir nodir
(echo group,gmk; for g in 22 23; do echo "$(group $g),nodir/$g.gmk"; done) >mended.csv
expect "what was rejected is fed in again" 2 "^2 groups \(2 served, 0 failed.*: 2 messages; 9 rejected" \
	"${P[@]}" --groups mended.csv --members fail.rej -o again.nd
echo group >none.csv
expect "no list of groups" 4 "none.csv:1: a first line that names no column gmk" \
	"${P[@]}" --groups none.csv --members members.csv
expect "of members without a group" 2 "names no group" "${P[@]}" --groups groups.csv --members one -o none.nd
check "nothing is put in place" absent none.nd

echo "# --check, --forget-key, --canary"
(echo group,gmk; rows 30 33; echo "$(group 34),nowhere/34.gmk") >new.csv
(echo uri,group; member alice 30 31 34; member bob 32) >new.m
ls -lR keys "$XDG_STATE_HOME" >before
expect "--check says what a run would" 2 \
	"^check: 5 groups \(3 served, 1 failed, 1 without members\): 3 messages, 0 of them .*; nothing was written" \
	"${P[@]}" --groups new.csv --members new.m --check
check "and writes nothing" test "$(ls -lR keys "$XDG_STATE_HOME")" = "$(cat before)"
expect "--forget-key" 0 "^2 groups .*: 3 messages" "${P[@]}" --forget-key --groups <(printf 'group\n%s\n%s\n' \
	"$(group 40)" "$(group 41)") --members <(echo uri,group; member alice 40 41; member bob 40) -o forget.nd
check "keeps no key" has forget.nd.receipt '"file":null'
expect "--canary" 0 "canary" "${P[@]}" --groups groups.csv --members members.csv -o canary.nd --canary users/alice-*.xml
check "and its group of many" test -s canary.nd

echo "# late joiners, new keys, revocation"
expect "a late joiner, by row" 0 "1 message$" "${P[@]}" --groups groups.csv --members <(echo uri,group; member carol 1) -o late.nd
check "the key is read, and had members" has <(of late.nd.receipt 2) '"origin":"read","members_before":2'
sed '/fire-2/s/keys.2/keys\/2new/' groups.csv >second.csv
expect "a new key that leaves one out" 2 "fire-2@.*: 1 who were given key [0-9a-f]{8}, which is in use until it is revoked, got no message of this run: sip:alice@" \
	"${P[@]}" --groups second.csv --members <(echo uri,group; member bob 2) -o second.nd
check "by row" has <(of second.nd.receipt 3) '"left_out":1'
expect "on purpose" 0 "" "${P[@]}" --partial --groups <(printf 'group,gmk\n%s,keys/2third.gmk\n' "$(group 2)") \
	--members <(echo uri,group; member carol 2) -o third.nd
(echo group,gmk,status; echo "$(group 1),keys/1.gmk"; echo "$(group 3),keys/3.gmk,revoked"; echo "$(group 6),keys/6.gmk") >rev.csv
expect "one of three is revoked" 0 "3 groups \(3 served" "${P[@]}" --groups rev.csv \
	--members <(echo uri,group; member alice 1 3; member carol 6) -o rev.nd
check "its client sees one revocation" test "$(cat all.nd rev.nd | grep -F sip:alice@ |
	"$K" open --kms lab/kms-init.xml --keys users/alice-*.xml 2>/dev/null | grep -c '"status":"revoked"')" = 1
check "the file says so" has keys/3.gmk '"revoked": true'
expect "and the key is not given any more" 2 "fire-3@.*: revoked: key [0-9a-f]{8}: this key was revoked" \
	"${P[@]}" --groups groups.csv --members members.csv -o after.nd
expect "a revocation that leaves one out" 2 "1: sip:fire-1@.*|2 who were given key .* got no message of this run: " \
	"${P[@]}" --groups <(printf 'group,gmk,status\n%s,keys/1.gmk,revoked\n' "$(group 1)") \
	--members <(echo uri,group; member alice 1) -o rev1.nd
check "and counts them" has rev1.nd.receipt '"count": 2'
expect "who knows of it" 0 "1 have key" "$K" who --gmk keys/6.gmk --members <(echo sip:carol@example.org)

echo "# several KMSs"
"$K" lab kms far --kms-uri far.example.org 2>err
"$K" lab user far sip:dora@far.example.org -o users 2>err
(echo uri,group,kms; echo "sip:dora@far.example.org,$(group 1),far.example.org"; for g in 50 60; do
	echo "sip:alice@example.org,$(group $g),"; echo "sip:dora@far.example.org,$(group $g),far.example.org"; done) >far.m
(echo group,gmk; rows 50 50; rows 60 60) >far.csv
expect "members of two KMSs in each group" 2 "2 groups \(2 served.*: 4 messages; 1 rejected" \
	"${P[@]}" --kms far/kms-init.xml --groups far.csv --members far.m -o far.nd
check "each opens both" test "$(grep -F sip:dora@ far.nd | "$K" open --kms far/kms-init.xml --kms lab/kms-init.xml \
	--keys users/dora-*.xml 2>err | grep -c '"status":"accepted"')" = 2
expect "verify knows both" 2 "4 messages, all signatures verified, as the receipt says, but .* rejected 1 of" \
	"$K" verify far.nd --kms far/kms-init.xml --kms lab/kms-init.xml

echo "# killed"
(echo group,gmk; rows 100 299) >many.csv
(echo uri,group; for ((g = 100; g < 300; g++)); do for u in a b c d e; do member "$u" $g; done; done) >many.m
Q=("$R" provision --kms lab/kms-init.xml --gms gms.xml --groups many.csv --members many.m -o many.nd)
for n in ${KM_KILLS:-1 3 5 8 12}; do
	"${Q[@]}" >/dev/null 2>&1 &
	sleep "$(printf '0.%02d' $n)"
	kill -KILL $! 2>/dev/null
	wait $! 2>/dev/null
	sha256sum keys/[12]??.gmk >>sums 2>/dev/null
done
expect "the same command goes on" 0 "200 groups \(200 served.*: 1000 messages" "${Q[@]}"
check "with the keys that were made" sh -c 'test ! -s sums || sort -u sums | sha256sum -c --quiet'
check "which differ" test "$(sed -n 's/.*"gmk_id":"\([0-9a-f]*\)","guk.*/\1/p' many.nd | sort -u | wc -l)" = 200
expect "verify" 0 "1000 messages, all signatures verified" "$K" verify many.nd --kms lab/kms-init.xml
check "nothing is left beside the keys" test -z "$(find keys -name "*tmp*")"

finish
