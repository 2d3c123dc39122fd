#!/bin/bash
# cli.sh -- the command as people run it: every way through, and every way to go wrong.
# usage: tests/cli.sh path/to/keymuster.  Prints a line a case; exit 1 where one failed.
. "${0%/*}/cli_lib.sh"

group=sip:fire-1@gms-psi.example.org
gms=sip:gms@gms-psi.example.org
provision() { "$K" provision --kms lab/kms-init.xml --gms gms.xml "$@"; }
open() { "$K" open --kms lab/kms-init.xml "$@"; }

echo "# help and usage"
expect "help" 0 "" "$K" --help
check "help shows an example" has out "^Example"
for c in "lab kms" "lab user" provision open inspect selftest; do
	expect "help of $c" 0 "" "$K" $c --help
	check "help of $c shows an example" has out "^Example"
done
expect "version" 0 "" "$K" --version
expect "no command" 1 "command is missing" "$K"
expect "no such command" 1 "no such command: frobnicate" "$K" frobnicate
expect "no such option" 1 "no such option: --frob" "$K" provision --frob
expect "an option escaped where it is shown" 1 'x1b' "$K" provision $'--\e[31m'
expect "a mark that turns text too" 1 'xd8.x9c' "$K" provision $'--\xd8\x9c'
expect "no such kernel" 1 "kernel" "$K" --kernel vax selftest
expect "selftest" 0 "" "$K" selftest
check "selftest names the portable kernel" has out "^c .*ok$"
expect "selftest of a named kernel" 0 "" "$K" selftest --kernel c
expect "selftest to a full disk" 4 "stdout" sh -c "$K selftest >/dev/full"

echo "# laboratory KMS"
expect "lab kms" 0 "" "$K" lab kms lab
check "its secret is private" mode lab/kms.secret 600
expect "lab kms never overwrites a secret" 4 "kms.secret: File exists" "$K" lab kms lab
expect "a second KMS" 0 "" "$K" lab kms lab2 --kms-uri kms2.example.org --period 604800 --offset 7
expect "lab kms with a period of 0" 1 "--period" "$K" lab kms lab3 --period 0
expect "lab user" 0 "" "$K" lab user lab $gms -o gms
cp gms/*.xml gms.xml
check "its keys are private" mode gms.xml 600
expect "lab user with bad URIs" 2 "holds a space" "$K" lab user lab "sip:a b@c" "" -o none
printf 'sip:alice@example.org\nsip:bob@example.org\n' >members.txt
expect "lab user from stdin" 0 "2 users" sh -c "$K lab user lab - <members.txt"
cp lab/users/alice-*.xml alice.xml
cp lab/users/bob-*.xml bob.xml
"$K" lab user lab 'sip:../../e t'  2>/dev/null
expect "a user part that is no file name" 0 "" "$K" lab user lab 'sip:../../etc/x@h' -o odd
check "stays in its directory" test "$(ls odd | wc -l)" = 1
"$K" lab user lab2 sip:carol@example.net -o carol 2>/dev/null
cp carol/*.xml carol.xml
expect "lab user without a KMS" 3 "kms.secret" "$K" lab user nowhere sip:a@b

echo "# what provision needs"
expect "no --kms" 1 "--kms" "$K" provision --gms gms.xml --members members.txt --forget-key
expect "no --gms" 1 "--gms" "$K" provision --kms lab/kms-init.xml --members members.txt --forget-key
expect "no --members" 1 "--members" provision --group $group --forget-key
expect "neither --gmk nor --forget-key" 1 "the group key is lost" \
	provision --group $group --members members.txt
expect "both of them" 1 "exclude" provision --group $group --members members.txt --gmk a --forget-key
expect "no --group" 1 "--group" provision --members members.txt --forget-key
expect "revoked without a key" 1 "revoked" \
	provision --members members.txt --gmk none.gmk --status revoked
expect "a bad word" 1 "--format: xml is none of" \
	provision --group $group --members members.txt --forget-key --format xml
expect "a bad time" 1 "--expire: soon" \
	provision --group $group --members members.txt --forget-key --expire soon
expect "a time that has passed" 1 "never be of use" \
	provision --group $group --members members.txt --forget-key --expire 2020-01-01T00:00:00Z
expect "a bad group" 1 "--group" provision --group "a b" --members members.txt --forget-key
expect "a service without a map" 1 "--service" \
	provision --group $group --members members.txt --forget-key --service mcvideo
expect "0 threads" 1 "--jobs" provision --group $group --members members.txt --forget-key --jobs 0

long=$(printf 'x%0989d' 0)
long_groups=() long_list=
for i in {1..17}; do long_groups+=(--group "sip:$i@$long") long_list+=",\"sip:$i@$long\""; done
expect "groups too long together" 1 "too long together" provision --members members.txt --gmk long.gmk \
	"${long_groups[@]}"
check "no key is made for them" absent long.gmk

echo "# a key to a group, opened"
expect "provision" 0 "2 members, 0 rejected" provision --group $group --members members.txt \
	--gmk fire.gmk --text 'Feuer "1" \ ü' --activate 2026-01-01T00:00:00Z --expire 4000000000 -o fire.ndjson
check "the key file is private" mode fire.gmk 600
check "a line for each member" lines fire.ndjson 2
check "the first is alice's" has fire.ndjson '^\{"uri":"sip:alice@example.org","uid":"[0-9a-f]{64}","kms":"kms.example.org","key_period":[0-9]+,"gmk_id":"0[0-9a-f]{7}","guk_id":"0[0-9a-f]{7}","mikey":"[A-Za-z0-9+/]+=*"\}$'
head -1 fire.ndjson >alice.ndjson
tail -1 fire.ndjson >bob.ndjson
expect "open" 0 "" open --keys alice.xml alice.ndjson
check "it is accepted" has out '^\{"status":"accepted","gms":"sip:gms@gms-psi.example.org",.*"groups":\["sip:fire-1@gms-psi.example.org"\],"text":"Feuer \\"1\\" \\\\ ü","activation":1767225600,"expiry":4000000000,"revoked":false,"update":false,"to_self":false,"remarks":\[\],"remark_texts":\[\]\}$'
check "no key is shown" hasnt out gmk\"
cp out opened
check "GMK-ID as made" same_field opened alice.ndjson gmk_id
check "GUK-ID as made" same_field opened alice.ndjson guk_id
expect "open with --show-secrets" 0 "" open --keys alice.xml --show-secrets alice.ndjson
check "the key is that of the file" has out "\"gmk\":\"$(sed -n 's/^"gmk": "\(.*\)",/\1/p' fire.gmk)\"\}"
expect "bob cannot open alice's" 2 "not-for-me" open --keys bob.xml alice.ndjson
check "and is told so" has out '^\{"status":"rejected","error":"not-for-me","text":".*","line":1,"claimed":\{.*"member":"sip:alice@example.org".*\}\}$'
expect "both with both keys" 0 "2 messages: 2 accepted, 0 revocations, 0 rejected" open --keys alice.xml --keys bob.xml fire.ndjson
cat alice.ndjson alice.ndjson >twice
expect "a replay" 2 "twice:2: replay" open --keys alice.xml twice
expect "the group that was named" 0 "" open --keys alice.xml --group $group alice.ndjson
expect "another group" 2 "group" open --keys alice.xml --group sip:other@gms-psi.example.org alice.ndjson
expect "another sender" 2 "sender" open --keys alice.xml --from sip:x@y alice.ndjson
expect "a clock that is late" 2 "time" open --keys alice.xml --at 2030-01-01T00:00:00Z alice.ndjson
expect "a clock that is late, no window" 0 "" \
	open --keys alice.xml --at 2030-01-01T00:00:00Z --window none alice.ndjson
expect "stdin" 0 "" sh -c "$K open --kms lab/kms-init.xml --keys alice.xml <alice.ndjson"
expect "a trusted GMS" 0 "" open --keys alice.xml --trust-gms $gms alice.ndjson
expect "for this group" 0 "" open --keys alice.xml --trust-gms $gms=$group alice.ndjson
expect "for another group" 2 "authority" open --keys alice.xml --trust-gms $gms=sip:o@h alice.ndjson
expect "another trusted GMS" 2 "authority" open --keys alice.xml --trust-gms sip:o@h alice.ndjson
expect "inspect" 0 "" "$K" inspect alice.ndjson
check "shows the receiver" has out "sip:alice@example.org"
expect "every kernel makes what any opens" 0 "" \
	provision --kernel c --group $group --members members.txt --forget-key -o c.ndjson
expect "open with c" 0 "" open --kernel c --keys alice.xml --keys bob.xml c.ndjson

echo "# late joiners, formats, options"
printf 'sip:dora@example.org\n' >late.txt
"$K" lab user lab sip:dora@example.org -o dora 2>/dev/null
expect "a late joiner" 0 "1 member" provision --members late.txt --gmk fire.gmk -o late.ndjson
check "the same GMK-ID" same_field late.ndjson fire.ndjson gmk_id
expect "opened" 0 "" open --keys dora/*.xml late.ndjson
check "with the same text" has out 'Feuer'
expect "again for a member who has it" 0 "3 members had it before" provision --members late.txt --gmk fire.gmk -o again.ndjson
expect "is no member more" 0 "3 members had it before" provision --members late.txt --gmk fire.gmk -o again.ndjson
expect "another text than the file's" 1 "--text differs" \
	provision --members late.txt --gmk fire.gmk --text other
expect "text" 0 "" provision --members members.txt --gmk fire.gmk --format text -o fire.text
check "its form" has fire.text $'^mikey [A-Za-z0-9+/]+=*\tsip:alice@example.org$'
expect "opened" 0 "" open --keys alice.xml --keys bob.xml fire.text
expect "raw" 0 "" provision --members late.txt --gmk fire.gmk --format raw -o late.mikey
expect "opened" 0 "" open --keys dora/*.xml late.mikey
expect "inspected" 0 "" "$K" inspect late.mikey
expect "raw for two" 1 "exactly one" provision --members members.txt --gmk fire.gmk --format raw -o two.raw
check "nothing is written" absent two.raw
expect "hidden identities" 0 "" provision --members late.txt --gmk fire.gmk --identity uid -o hidden
expect "need the sender" 2 "sender" open --keys dora/*.xml hidden
expect "opened with it" 0 "" open --keys dora/*.xml --from $gms hidden
check "no URI of a user in the message" test "$(field hidden mikey | base64 -d | grep -c 'dora@')" = 0
expect "the generic map" 0 "" provision --members late.txt --gmk fire.gmk --map generic \
	--service mcptt --service mcvideo --format raw -o generic
expect "opened" 0 "" open --keys dora/*.xml generic
expect "SAKKE-to-self" 0 "" provision --members late.txt --gmk fire.gmk --sakke-to-self --format raw -o self
expect "opened by the GMS" 0 "" open --keys gms.xml self
expect "and by the member" 0 "" open --keys dora/*.xml self
expect "without it the GMS cannot" 2 "not-for-me" open --keys gms.xml late.mikey
printf 'uri,kms\nsip:alice@example.org,\nsip:carol@example.net,kms2.example.org\n"sip:x@y",kms9\n' >two.csv
expect "two KMSs, one unknown" 2 "two.csv:4: sip:x@y: unknown-kms" \
	provision --kms lab2/kms-init.xml --members two.csv --gmk fire.gmk -o two.ndjson
expect "opened at the other KMS" 0 "" sh -c \
	"tail -1 two.ndjson | $K open --kms lab/kms-init.xml --kms lab2/kms-init.xml --keys carol.xml"
expect "its KMS must be known" 3 "KmsUri" open --keys carol.xml two.ndjson
printf '{"uri":"sip:alice@example.org"}\n{"uri":"sip:carol@example.net","kms":"kms2.example.org"}\n' >two.json
expect "NDJSON members" 0 "2 members" \
	provision --kms lab2/kms-init.xml --members two.json --gmk fire.gmk -o two.ndjson
for i in $(seq 700); do echo "sip:u$i@example.org"; done >many
expect "many, on three threads" 0 "700 members" \
	provision --group $group --members many --forget-key --jobs 3 -o many.ndjson
check "in the order they came" cmp many <(field many.ndjson uri)
check "all GUK-IDs differ" test "$(field many.ndjson guk_id | sort -u | wc -l)" = 700
expect "from a pipe to a pipe" 0 "" sh -c \
	"cat many | $K provision --kms lab/kms-init.xml --gms gms.xml --group $group --members - --forget-key | wc -l >n"
check "none lost" test "$(cat n)" = 700
expect "a group under another host" 0 "warning: the group sip:g@else" \
	provision --group sip:g@else.example.org --members late.txt --forget-key

echo "# revocation"
expect "revoke" 0 "2 members" provision --members members.txt --gmk fire.gmk --status revoked --partial -o revoke.ndjson
check "the same GMK-ID" same_field revoke.ndjson fire.ndjson gmk_id
head -1 revoke.ndjson | cat alice.ndjson - >key-and-end
expect "opened after the key" 0 "2 messages: 1 accepted, 1 revocation, 0 rejected" open --keys alice.xml key-and-end
check "is a revocation" test "$(grep -c '"revoked":true' out)" = 1
head -1 revoke.ndjson | cat - alice.ndjson >end-and-key
expect "before the key: the key is refused" 2 "end-and-key:2: (revoked-before|duplicate)" \
	open --keys alice.xml end-and-key
expect "nobody gets a revoked key" 3 "revoked" provision --members late.txt --gmk fire.gmk
expect "but it can be revoked again" 0 "" \
	provision --members late.txt --gmk fire.gmk --status revoked --partial -o revoke2.ndjson

expect "a key to be revoked through a link" 0 "" \
	provision --group $group --members members.txt --gmk far.gmk -o far.ndjson
ln -s far.gmk near.gmk
expect "is revoked" 0 "" provision --members members.txt --gmk near.gmk --status revoked -o far.ndjson
check "the link stays one" test -L near.gmk
expect "and the file behind it says so" 3 "revoked" provision --members late.txt --gmk far.gmk
sed 's/^"revoked": true/"revoked": false/' far.gmk >copy.gmk
expect "and a copy from before does not bring it back" 3 "was revoked by this GMS" \
	provision --members late.txt --gmk copy.gmk
for f in slow race; do
	provision --group $group --members members.txt --gmk $f.gmk --partial -o far.ndjson 2>/dev/null
done
mkfifo late
provision --members late --gmk slow.gmk --status revoked >/dev/null 2>&1 &
exec 9>late # which the other opens once it has read the key
expect "a late joiner while the revocation waits" 0 "" provision --members late.txt --gmk slow.gmk
cat members.txt >&9
exec 9>&-
wait $!
provision --members late --gmk race.gmk >/dev/null 2>race &
exec 9>late
expect "a revocation while late joiners wait" 0 "" \
	provision --members members.txt --gmk race.gmk --status revoked -o far.ndjson
printf 'sip:later@example.org\n' >&9
exec 9>&-
wait $!
check "which is no success for them" [ $? != 0 ]
check "they are said to need it, or get nothing" has race "revoked during this run|was revoked by this GMS"
check "and their salts do not take it back" has race.gmk '"revoked": true'
check "it is revoked" has slow.gmk '"revoked": true'

echo "# members that are refused"
{
	printf 'sip:alice@example.org\n'
	printf 'sip:a b@example.org\n'
	printf 'sip:bob@example.org\nsip:alice@example.org\n'
	printf 'sip:ctl\001@example.org\n'
	printf 'sip:nul\000@example.org\n'
	printf 'sip:\377@example.org\n'
	printf 'sip:%01024d@example.org\n' 0
	printf 'sip:e\033[31m@example.org\r\n'
} >bad.txt
expect "exit 2" 2 "2 members, 6 rejected" \
	provision --group $group --members bad.txt --forget-key -o bad.ndjson
check "the good ones are made" lines bad.ndjson 2
for l in "2: sip:a b@example.org: uri" "5: .*: uri" "6: .*: uri" \
	"7: .*: uri" "8: .*: uri" "9: .*: uri"; do
	check "line $l" has err "bad.txt:$l"
done
check "no control character is shown" hasnt err $'\001|\033|\377'
: >empty
expect "no members" 2 "no member" provision --group $group --members empty --gmk e.gmk -o e.ndjson
check "no key is made for them" absent e.gmk
check "no output" absent e.ndjson
expect "a document of keys for a list" 4 "gms.xml:1: an XML or HTML document; a list is" \
	provision --group $group --members gms.xml --forget-key -o keys.ndjson
check "none of its keys are shown" hasnt err "[0-9a-f]{32}"
expect "no such list" 4 "gone.txt: No such file" provision --group $group --members gone.txt --forget-key
printf '{"uri":"sip:a@b"}\n{"uri":7}\nnot json\n' >bad.json
expect "bad NDJSON" 2 "bad.json:3: unparseable" \
	provision --group $group --members bad.json --forget-key -o bad.ndjson
check "its other line" has err "bad.json:2: unparseable"

echo "# key material that is refused"
flip() { # flip ELEMENT FILE: another last digit in the element
	sed "s#[0-9a-eA-E]</$1>#f</$1>#; t; s#[fF]</$1>#0</$1>#" "$2"
}
for e in PubEncKey PubAuthKey; do
	flip $e lab/kms-init.xml >bad.xml
	expect "a wrong $e" 3 "bad.xml:[0-9]+: $e" "$K" provision --kms bad.xml --gms gms.xml \
		--group $group --members members.txt --forget-key
done
for e in UserDecryptKey UserSigningKeySSK UserPubTokenPVT; do
	flip $e gms.xml >bad.xml
	expect "a wrong $e" 3 "bad.xml:[0-9]+: (UserPubTokenPVT|UserSigningKeySSK|$e)" "$K" provision \
		--kms lab/kms-init.xml --gms bad.xml --group $group --members members.txt --forget-key
	flip $e alice.xml >bad.xml
	expect "a wrong $e of a member" 3 "bad.xml:[0-9]+: " open --keys bad.xml alice.ndjson
done
head -c 700 lab/kms-init.xml >bad.xml
expect "half a document" 3 "bad.xml:[0-9]+" open --kms bad.xml --keys alice.xml alice.ndjson
expect "keys where the certificate is needed" 3 "error: alice.xml: no KmsCertificate" \
	"$K" open --kms alice.xml --keys alice.xml alice.ndjson
expect "a certificate where the keys are needed" 3 "error: lab/kms-init.xml: no KmsKeySet" \
	open --keys lab/kms-init.xml alice.ndjson
expect "no such document" 3 "gone.xml: No such file" open --kms gone.xml --keys alice.xml alice.ndjson
echo '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>' >bad.xml
expect "a document with entities" 3 "bad.xml" open --keys bad.xml alice.ndjson
until_2020='s#<UserIdFormat>#<ValidTo>2020-01-01T00:00:00Z</ValidTo>&#'
sed "$until_2020" lab/kms-init.xml >old.xml
expect "an expired KMS" 3 "kms.example.org has expired" "$K" provision --kms old.xml --gms gms.xml \
	--group $group --members members.txt --gmk x.gmk -o x.ndjson
check "no key is made" absent x.gmk
check "nothing is written" absent x.ndjson
sed "$until_2020" lab2/kms-init.xml >old2.xml
expect "an expired KMS of a member" 2 "kms2.example.org has expired" \
	provision --kms old2.xml --group $group --members two.json --forget-key
expect "an expired KMS where messages are opened" 3 "has expired" \
	"$K" open --kms old.xml --keys alice.xml alice.ndjson
sed 's#<UserIdFormat>#<Revoked>true</Revoked>&#' lab/kms-init.xml >revoked.xml
expect "a revoked KMS" 3 "is revoked" "$K" provision --kms revoked.xml --gms gms.xml \
	--group $group --members members.txt --forget-key
sed 's#<KeyPeriodNo>#<ValidTo>2020-01-01T00:00:00Z</ValidTo>&#' gms.xml >old.xml
expect "an expired key set" 3 "key set .* has expired" "$K" provision --kms lab/kms-init.xml \
	--gms old.xml --group $group --members members.txt --forget-key
"$K" lab user lab $gms -o past --at 2020-01-01T00:00:00Z 2>/dev/null
expect "keys of another period alone" 3 "key set of period [0-9]+ .* is missing" "$K" provision \
	--kms lab/kms-init.xml --gms past/*.xml --group $group --members members.txt --forget-key
chmod 644 gms.xml
expect "keys that others may read" 0 "warning: gms.xml: others" \
	provision --group $group --members members.txt --forget-key
chmod 600 gms.xml

echo "# the group key file"
provision --group $group --members members.txt --gmk g.gmk >/dev/null 2>&1
for e in gmk gmk_id rand gms expiry groups; do
	sed "s/^\"$e\": .*/\"$e\": \"x\",/" g.gmk >bad.gmk
	expect "a bad $e" 3 "bad.gmk: $e: " provision --members late.txt --gmk bad.gmk
	grep -v "^\"$e\": " g.gmk >bad.gmk
	expect "no $e" 3 "bad.gmk: $e: is missing" provision --members late.txt --gmk bad.gmk
done
head -c 100 g.gmk >bad.gmk
expect "half a file" 3 "bad.gmk:[0-9]+: not JSON" provision --members late.txt --gmk bad.gmk
check "it is not overwritten" test "$(wc -c <bad.gmk)" = 100
sed 's/^"gms": .*/"gms": "sip:other@gms-psi.example.org",/' g.gmk >bad.gmk
expect "the key of another GMS" 3 "belongs to sip:other" provision --members late.txt --gmk bad.gmk
sed 's/^"expiry": .*/"expiry": 1600000000,/' g.gmk >bad.gmk
expect "a key that has expired" 3 "has expired" provision --members late.txt --gmk bad.gmk

sed 's/^"groups": .*/"groups": ['"${long_list#,}"'],/' g.gmk >bad.gmk
expect "groups too long together in it" 3 "bad.gmk: groups: too long together" \
	provision --members late.txt --gmk bad.gmk

echo "# the state of the GMS"
state=$(ls state/keymuster/*.state)
check "it is private" mode "$state" 600
check "GMK-IDs are kept" has "$state" "^gmk 0[0-9a-f]{7} [0-9]+$"
cp "$state" saved
echo junk >>"$state"
expect "a damaged state" 3 "state:[0-9]+" provision --members late.txt --gmk g.gmk
t_is() { printf 'keymuster-state 1\nt %016x\n' "$1" >"$state"; }
t_is $((($(date +%s) + 100) << 32))
expect "a T that is ahead of the clock" 0 "the clock is [0-9]+ s behind" \
	provision --members late.txt --gmk g.gmk --format raw -o ahead
check "stays ahead" has "$state" "^t [0-9a-f]{8}00000001 "
epoch=2208988800
period=2592000
next=$(((($(date +%s) + epoch) / period + 1) * period - epoch))
t_is $(((next << 32) - 600))
expect "a period that ends within the run" 2 "512 members, 188 rejected" \
	provision --members many --gmk g.gmk --jobs 1 --clock-tolerance $((2 * period)) -o ends
check "the rest has no keys" has err "many:513: sip:u513@example.org: no-key-for-period"
check "the first ones are made" lines ends 512
"$K" lab user lab $gms -o both --at $next 2>/dev/null
cat gms.xml both/*.xml | sed -n '/<KmsKeySet/,/<\/KmsKeySet>/p' >sets
{
	sed '/<KmsKeySet/,$d' gms.xml
	cat sets
	sed '1,/<\/KmsKeySet>/d' gms.xml
} >two-sets.xml
chmod 600 two-sets.xml
t_is $(((next << 32) - 600))
expect "and with the next key set" 0 "^700 lines: 700 members \(512 at kms.example.org in period [0-9]+, 188 at kms.example.org in period [0-9]+\), 0 rejected" "$K" provision --kms lab/kms-init.xml \
	--gms two-sets.xml --members many --gmk g.gmk --jobs 1 --clock-tolerance $((2 * period)) -o follows
check "key periods follow T" test "$(sed 's/.*"key_period":\([0-9]*\).*/\1/' follows | uniq -c | wc -l)" = 2
cp saved "$state"

echo "# damaged messages"
field alice.ndjson mikey >b64
m=$(cat b64)
for ((i = 0; i < ${#m}; i += 4)); do echo "mikey ${m:0:i}"; done >cut
expect "cut anywhere" 2 "unparseable" open --keys alice.xml cut
check "nothing is accepted" hasnt out accepted
check "each has its line" lines out $(((${#m} + 3) / 4))
for ((i = 0; i < ${#m}; i++)); do
	[ "${m:i:1}" = A ] && c=B || c=A
	echo "mikey ${m:0:i}$c${m:i+1}"
done >changed
echo "mikey $m" >>changed
expect "changed anywhere" 2 "signature" open --keys alice.xml changed
check "only the last, which is whole, is accepted" test "$(grep -n accepted out | cut -d: -f1)" = $((${#m} + 1))
head -c 70000 /dev/urandom >noise
expect "noise" 2 "unparseable" open --keys alice.xml noise
expect "noise inspected" 2 "unparseable" "$K" inspect noise
printf '{"mikey":7}\n{}\n{\nmikey !!\nmikey\n' >lines.txt
expect "odd lines" 2 "lines.txt:4: unparseable" open --keys alice.xml lines.txt
check "each is answered" lines out 5
expect "nothing to open" 2 "" open --keys alice.xml /dev/null
expect "no such file" 4 "gone: No such file" open --keys alice.xml gone
expect "a directory" 4 "directory" open --keys alice.xml .

echo "# output that fails"
for f in fresh.gmk g.gmk; do
	expect "the output is $f by another name" 1 "--gmk and -o name the same file" \
		provision --group $group --members members.txt --gmk $f -o ./$f
done
check "nothing is made of it" absent fresh.gmk
ln -s g.gmk linked.gmk
expect "or behind a link" 1 "--gmk and -o name the same file" \
	provision --members members.txt --gmk g.gmk -o linked.gmk
expect "the output is the keys of the GMS" 1 "--gms and -o name the same file" \
	provision --group $group --members members.txt --forget-key -o ./gms.xml
expect "the output is the certificate" 1 "--kms and -o name the same file" \
	provision --group $group --members members.txt --forget-key -o lab/../lab/kms-init.xml
cp "$state" saved
echo before >appended
expect "the output is stdout by another name" 0 "" sh -c \
	"$K provision --kms lab/kms-init.xml --gms gms.xml --group $group --members members.txt --forget-key -o /dev/fd/1 >>appended"
check "what stood there stays" lines appended 3
expect "a closed stdout" 4 "stdout: Bad file" sh -c \
	"$K provision --kms lab/kms-init.xml --gms gms.xml --group $group --members - --forget-key <members.txt >&-"
expect "a closed stderr" 0 "" sh -c \
	"$K provision --kms lab/kms-init.xml --gms gms.xml --group $group --members - --forget-key -o closed <members.txt 2>&-"
check "gets no messages into the output" lines closed 2
expect "a closed stdin" 4 "stdin:1: Bad file" sh -c \
	"$K provision --kms lab/kms-init.xml --gms gms.xml --group $group --members - --forget-key -o closed <&-"
check "and none into the state" hasnt "$state" "mikey|members"
cp saved "$state"
expect "a full device" 4 "/dev/full: No space" \
	provision --group $group --members members.txt --forget-key -o /dev/full
expect "a full stdout" 4 "stdout: No space" sh -c \
	"$K provision --kms lab/kms-init.xml --gms gms.xml --group $group --members many --forget-key >/dev/full"
expect "a full stdout of open" 4 "stdout: No space" sh -c \
	"$K open --kms lab/kms-init.xml --keys alice.xml alice.ndjson >/dev/full"
expect "a directory that is not there" 4 "gone/x: No such file" \
	provision --group $group --members members.txt --forget-key -o gone/x
expect "a pipe that breaks" 0 "" sh -c \
	"{ $K provision --kms lab/kms-init.xml --gms gms.xml --group $group --members many --forget-key; echo \$? >code; } | true"
check "is exit 4" test "$(cat code)" = 4
mkdir small
if mount -t tmpfs -o size=64k tmpfs small 2>/dev/null; then
	expect "a full disk" 4 "small/out: No space" \
		provision --group $group --members many --forget-key -o small/out
	check "leaves nothing behind" only small ""
	head -c 65000 /dev/zero >small/fill
	expect "a full disk for the key" 4 "small/new.gmk: No space" \
		provision --group $group --members many --gmk small/new.gmk -o out2
	check "no key, no messages" only small fill
	check "no output either" absent out2
	umount small
else
	skip "a full disk" "no right to mount one"
fi
echo 'mikey old' >kept
mkfifo fifo
"$R" provision --kms lab/kms-init.xml --gms gms.xml --members - --gmk g.gmk --jobs 1 -o kept \
	<fifo >/dev/null 2>err &
exec 9>fifo
cat many >&9
until_true begun kept
kill -TERM $!
code_of $!
exec 9>&-
check "an interrupted run is exit 6" test $code = 6
check "says how to go on" says_once "interrupted: nothing was put in place; the key is kept in g.gmk: the same command goes on"
check "an interrupted run leaves the old file" test "$(cat kept)" = 'mikey old'
check "and nothing beside it" test "$(ls | grep -c 'kept.tmp')" = 0

finish
