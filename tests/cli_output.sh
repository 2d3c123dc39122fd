#!/bin/bash
# cli_output.sh -- what a run leaves: output, receipt, and what it must never replace; verify.
# usage: tests/cli_output.sh path/to/keymuster.  Prints a line a case; exit 1 where one failed.
. "${0%/*}/cli_lib.sh"

hash_of() { sha256sum <"$1" | cut -d' ' -f1; }

group=sip:fire-1@gms-psi.example.org
gms=sip:gms@gms-psi.example.org
P=("$K" provision --kms lab/kms-init.xml --gms gms.xml --group $group)

{
	"$K" lab kms lab
	"$K" lab kms lab2 --kms-uri kms2.example.org
	"$K" lab user lab $gms -o gms
	"$K" lab user lab sip:alice@example.org -o users
	"$K" lab user lab2 sip:carol@example.net -o users2
} 2>err
cp gms/*.xml gms.xml
cp users/alice-*.xml alice.xml
cp users2/carol-*.xml carol.xml
chmod 600 ./*.xml
seq -f 'sip:u%.0f@example.org' 20 >m20

echo "# receipt and summary"
printf 'uri,kms\nsip:alice@example.org,\nsip:bob@example.org,kms2.example.org\nsip:a b@example.org,\nsip:alice@example.org,\nsip:x@example.org,kms9.example.org\n' >mixed.csv
expect "a run of two KMSs" 2 "^6 lines: 2 members \(1 at kms.example.org, 1 at kms2.example.org\), 2 rejected \(1 unknown-kms, 1 uri\), 1 repeat$" \
	"${P[@]}" --kms lab2/kms-init.xml --gmk mixed.gmk --members mixed.csv -o mixed.nd
check "the last line says who has the key" last_says "^new key [0-9a-f]{8} in mixed.gmk: 2 messages; 2 rejected: no message for them$"
check "a receipt stands beside the output" has mixed.nd.receipt '"receipt": 1'
check "it has the hash" has mixed.nd.receipt "\"sha256\": \"$(hash_of mixed.nd)\""
check "it has the octets" has mixed.nd.receipt "\"octets\": $(stat -c %s mixed.nd)\$|\"octets\": $(stat -c %s mixed.nd),"
check "it has the exit code" has mixed.nd.receipt '"exit_code": 2'
check "it has the lines" has mixed.nd.receipt '"lines": 6'
check "it has the repeats" has mixed.nd.receipt '"repeats": 1'
check "it has rejects by reason" has mixed.nd.receipt '"unknown-kms": 1'
check "it has no secret" hasnt mixed.nd.receipt "$(sed -n 's/.*"gmk": *"\([0-9a-f]*\)".*/\1/p' mixed.gmk)"
expect "a late joiner" 0 "^key [0-9a-f]{8} of mixed.gmk, 2 members had it before: 1 message$" \
	sh -c "echo sip:late@example.org | $K provision --kms lab/kms-init.xml --gms gms.xml --gmk mixed.gmk --members - --receipt late.rcp >late.nd"
check "a receipt of stdout where it is asked for" has late.rcp "\"sha256\": \"$(hash_of late.nd)\""
check "it says that the key was read" has late.rcp '"origin": "read"'
expect "stdout has none by itself" 0 "" "${P[@]}" --forget-key --members m20
check "no file of that name" absent -.receipt
expect "a device has none" 0 "" "${P[@]}" --forget-key --members m20 -o /dev/null
check "no file beside it" absent /dev/null.receipt

echo "# what an output never replaces"
cp m20 mine.txt
ln mine.txt hard
ln -s mine.txt soft
for name in mine.txt ./mine.txt hard soft; do
	expect "the list, called $name" 1 "--members and -o name the same file" \
		"${P[@]}" --forget-key --members mine.txt -o $name --force
done
expect "the list, on stdin" 1 "--members and -o name the same file" \
	sh -c "${P[*]} --forget-key --members - -o mine.txt --force <mine.txt"
check "it is all there" cmp m20 mine.txt
expect "the receipt in place of the list" 1 "--members and --receipt name the same file" \
	"${P[@]}" --forget-key --members mine.txt --receipt mine.txt
expect "the rejects in place of the keys" 1 "--rejects and --gms name the same file" \
	"${P[@]}" --forget-key --members mine.txt --rejects gms.xml
expect "the output in place of its receipt" 1 "name the same file" \
	"${P[@]}" --forget-key --members m20 -o a.nd --receipt a.nd
expect "somebody else's keys" 1 "holds keys or a state, and is not replaced" \
	"${P[@]}" --forget-key --members m20 -o alice.xml --force
expect "another group's key" 1 "holds keys or a state" \
	"${P[@]}" --forget-key --members m20 -o mixed.gmk --force
for name in mixed.nd mixed.nd.receipt; do
	cp $name kept
	expect "the rejects in place of $name" 1 "--rejects kept: is the output or the receipt of a run" \
		"${P[@]}" --forget-key --members m20 --rejects kept
	check "it is as it was" cmp $name kept
done
echo 'Dear all' >letter.txt
expect "a file of another kind" 1 "no output of keymuster: name another file, or say --force" \
	"${P[@]}" --forget-key --members m20 -o letter.txt
check "it is as it was" has letter.txt "^Dear all$"
expect "--force replaces it" 0 "" "${P[@]}" --forget-key --members m20 -o letter.txt --force
check "by messages" lines letter.txt 20
expect "an output of ours is replaced" 0 "" "${P[@]}" --forget-key --members m20 -o letter.txt
: >empty
expect "and an empty file" 0 "" "${P[@]}" --forget-key --members m20 -o empty

echo "# links, and what dead runs left"
mkdir there
ln -s there/target link
expect "a dangling link" 0 "" "${P[@]}" --forget-key --members m20 -o link
check "its target is made" lines there/target 20
check "the link stays" test -L link
check "the receipt stands beside the target" test -f there/target.receipt
expect "a link to an output" 0 "" "${P[@]}" --forget-key --members m20 -o link
check "the link still stays" test -L link
touch "there/target.tmp-0123456789abcdef" there/target.tmp-mine
expect "a run where one died" 0 "" "${P[@]}" --forget-key --members m20 -o there/target
check "what it left is taken away" absent there/target.tmp-0123456789abcdef
check "but nothing else" test -e there/target.tmp-mine
touch held.tmp-0123456789abcdef
expect "a run beside one that lives" 0 "" \
	flock held.tmp-0123456789abcdef "${P[@]}" --forget-key --members m20 -o held
check "its file stays" test -e held.tmp-0123456789abcdef

echo "# broken off"
cat >fail.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
static unsigned char first[4096];
void *calloc(size_t n, size_t s)
{
	static void *(*next)(size_t, size_t);
	static int busy;
	if (n >= 128 && n < 300 && s == 24) { errno = ENOMEM; return NULL; }
	if (next == NULL) {
		if (busy) return first;
		busy = 1;
		next = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
	}
	return next(n, s);
}
END
seq -f 'sip:u%.0f@example.org' 60000 >m60k
# A library for the command, not for what starts it: its script knows PRELOAD.
preload() { if [ -n "${RUN:-}" ]; then PRELOAD=$1 "${@:2}"; else LD_PRELOAD=$1 "${@:2}"; fi; }
if ${CC:-cc} -shared -fPIC -o fail.so fail.c -ldl 2>err && ! ldd "$R" | grep -q asan; then
	echo '{"uri":"sip:old@example.org","uid":"' >old.nd
	expect "the list breaks off" 4 "" \
		preload "$PWD/fail.so" "${P[@]}" --forget-key --members m60k -o old.nd
	check "the cause is said" has err "m60k:[0-9]+: Cannot allocate"
	check "the older output is said to be one" has err "old.nd is of an earlier run \(20"
	check "and stays" lines old.nd 1
	check "no receipt says that it is complete" absent old.nd.receipt
	check "no file is left" test -z "$(ls ./*.tmp-* 2>/dev/null | grep -v held)"
fi
printf 'sip:a b@example.org\n' >none.txt
expect "a list of rejects only" 2 "no member to provision" \
	"${P[@]}" --gmk n.gmk --members none.txt -o none.nd
check "leaves no output" absent none.nd
check "and no receipt" absent none.nd.receipt
expect "a full disk" 4 "" sh -c "${P[*]} --forget-key --members m20 >/dev/full"
check "is said once" test "$(grep -c 'No space' err)" = 1

echo "# verify"
V=("$K" verify --kms lab/kms-init.xml)
seq -f 'sip:u%.0f@example.org' 700 >m700
expect "a run" 0 "" "${P[@]}" --gmk v.gmk --partial --members m700 -o v.nd
expect "its output" 0 "^v.nd: 700 messages, all signatures verified, as the receipt says$" "${V[@]}" v.nd
expect "a sample" 0 "^v.nd: 700 messages, 50 signatures verified" "${V[@]}" v.nd --sample 50
expect "with the portable kernel" 0 "" "${V[@]}" v.nd --sample 9 --kernel c
head -699 v.nd >cut.nd
expect "one that was cut" 2 "cut.nd: [0-9]+ octets, where the receipt says [0-9]+: it was cut" \
	"${V[@]}" cut.nd --receipt v.nd.receipt
check "the count is said too" has err "699 messages, where the receipt says 700"
head -c 300000 v.nd >torn.nd
expect "one torn within a line" 2 "torn.nd:[0-9]+: the last line is cut" "${V[@]}" torn.nd --receipt v.nd.receipt
sed '5s/"uri":"sip:u5@/"uri":"sip:u6@/' v.nd >changed.nd
expect "one that was changed" 2 "changed.nd:5: the message is for another member" \
	"${V[@]}" changed.nd --receipt v.nd.receipt
check "the hash tells too" has err "SHA-256 is not that of the receipt"
sed '7s/"key_period":[0-9]*/"key_period":7/' v.nd >period.nd
expect "another period" 2 "period.nd:7: (uid|the message)" "${V[@]}" period.nd --receipt v.nd.receipt
sed '9s/"guk_id":"0....../"guk_id":"0000000/' v.nd >guk.nd
expect "another GUK-ID" 2 "guk.nd:9: guk_id is not that of the message" "${V[@]}" guk.nd --receipt v.nd.receipt
sed '1{h;d};2{G}' v.nd >order.nd
expect "two lines in the other order" 2 "order.nd:2: its T is not later" "${V[@]}" order.nd --receipt v.nd.receipt
# One octet of a signature, whose base64 is the last of the line.
sed '11s/....\(....\)=*"}$/AAAA\1"}/' v.nd >forged.nd
expect "a signature of somebody else" 2 "forged.nd:11: the signature does not verify" \
	"${V[@]}" forged.nd --receipt v.nd.receipt
expect "another run's output" 2 "is of another run" "${V[@]}" letter.txt --receipt v.nd.receipt
cp v.nd alone.nd
expect "no receipt" 2 "no receipt: alone.nd.receipt is not there" "${V[@]}" alone.nd
check "what could be verified was" has err "alone.nd: 700 messages, all signatures verified, 1 fault:"
echo '{}' >bad.receipt
expect "no receipt of ours" 2 "bad.receipt is no receipt" "${V[@]}" v.nd --receipt bad.receipt
expect "a run that rejected" 2 "as the receipt says, but the run ended with exit 2: it rejected 2 of 6" \
	"${V[@]}" --kms lab2/kms-init.xml mixed.nd
expect "a KMS that is missing" 2 "mixed.nd:2: the certificate of its KMS is missing" "${V[@]}" mixed.nd
# The KMS has other keys from the year 2100 on: T says which certificate it was.
"$K" -q lab kms renewed --valid-from 2100-01-01T00:00:00Z
certificate() { sed -n '/<KmsCertificate/,/<\/KmsCertificate>/p' "$1"; }
{
	sed '/<KmsInit/,$d' lab/kms-init.xml
	echo '<KmsCertCache Version="1.0.0">'
	certificate lab/kms-init.xml | sed 's|</KmsUri>|&<ValidTo>2099-12-31T23:59:59Z</ValidTo>|'
	certificate renewed/kms-init.xml
	echo '</KmsCertCache></KmsMessage></KmsResponse>'
} >renewed.xml
expect "after the KMS has other keys" 0 "all signatures verified" "$K" verify --kms renewed.xml v.nd
sed 's/urn:3gpp:ns:mcsecKMSInterface:1.0/urn:vendor/' lab/kms-init.xml >vendor.xml
expect "another namespace" 3 "--lax-ns takes it" "$K" verify --kms vendor.xml v.nd
expect "where it is admitted" 0 "all signatures verified" "$K" verify --kms vendor.xml --lax-ns v.nd
expect "no --kms" 1 "--kms FILE is missing" "$K" verify v.nd
expect "a KMS document that is none" 3 "m20" "$K" verify --kms m20 v.nd
expect "no output" 4 "nothing.nd: No such file" "${V[@]}" nothing.nd
expect "hidden identities" 0 "" "${P[@]}" --gmk v.gmk --members m20 --identity uid -o hidden.nd
expect "verified by their UIDs" 0 "20 messages, all" "${V[@]}" hidden.nd
expect "text" 0 "" "${P[@]}" --gmk v.gmk --members m20 --format text -o v.text
expect "verified" 0 "20 messages, all" "${V[@]}" v.text
expect "text with a reject" 2 "" "${P[@]}" --kms lab2/kms-init.xml --gmk mixed.gmk --members mixed.csv \
	--identity uid --format text -o mixed.text
check "has each URI beside its message" test "$(cut -f2 mixed.text | tr '\n' ' ')" = "sip:alice@example.org sip:bob@example.org "
expect "raw" 0 "" sh -c "head -1 m20 | ${P[*]} --gmk v.gmk --members - --format raw -o v.raw"
expect "verified too" 0 "1 message, all" "${V[@]}" v.raw
expect "a revocation" 0 "" "$K" provision --kms lab/kms-init.xml --gms gms.xml --gmk v.gmk --members m700 --status revoked -o r.nd
expect "verified as well" 0 "700 messages, all" "${V[@]}" r.nd

echo "# canary"
"$K" lab kms other 2>err
"$K" lab user other sip:alice@example.org -o users3 2>err
cp users3/*.xml stranger.xml
chmod 600 stranger.xml
expect "a canary that opens" 0 "^canary sip:alice@example.org: opened its message with kernel" \
	"${P[@]}" --gmk x.gmk --partial --members m20 -o c.nd --canary alice.xml
check "its message is not in the output" lines c.nd 20
expect "of a hidden run" 0 "opened its message" \
	"${P[@]}" --gmk x.gmk --members m20 -o c.nd --canary alice.xml --identity uid
expect "of a run with the portable kernel" 0 "opened its message" \
	"${P[@]}" --gmk x.gmk --members m20 -o c.nd --canary alice.xml --kernel c
expect "of a revocation" 0 "opened its message" "$K" provision --kms lab/kms-init.xml --gms gms.xml \
	--gmk mixed.gmk --members m20 --status revoked --partial -o c.nd --canary alice.xml
expect "keys of another KMS of that name" 3 "" \
	"${P[@]}" --forget-key --members m20 -o no.nd --canary stranger.xml
# The KMS document is changed for another one while the run waits for its list: the canary's client
# then has other public keys than the run, as if the run's had gone bad.
cp lab/kms-init.xml bad.xml
mkfifo list
timeout 60 "$K" provision --kms bad.xml --gms gms.xml --group $group --gmk v2.gmk --members list --flush \
	-o bad.nd --canary alice.xml 2>err &
exec 8<>list
echo sip:u1@example.org >&8
until_true begun bad.nd
cp other/kms-init.xml bad.xml
exec 8>&-
wait $!
check "a canary that does not open is exit 5" test $? = 5
check "and says so" has err "canary sip:alice@example.org: .*: no output was put in place"
check "no output" absent bad.nd
check "no receipt" absent bad.nd.receipt

echo "# co-process"
mkfifo ask answer
timeout 60 "${P[@]}" --gmk x.gmk --members ask --flush >answer 2>err &
exec 8<>ask 9<>answer
echo sip:one@example.org >&8
check "a message comes before the next member is there" read -r -t 30 -u 9 line
echo sip:two@example.org >&8
check "and the next" read -r -t 30 -u 9 line
exec 8>&- 9<&-
wait $!
check "it ends well" test $? = 0

echo "# --check"
mkdir fresh
cp gms.xml fresh/
expect "before the first run" 0 "check: a new key would be made in fresh/new.gmk; 2 who were given an earlier key of the group would be left out; nothing was written" \
	"$K" provision --kms lab/kms-init.xml --gms fresh/gms.xml --group $group --members m700 \
	--gmk fresh/new.gmk -o fresh/out.nd --rejects fresh/rejects --check --partial
check "the members are counted" has err "^700 lines: 700 members, 0 rejected$"
check "the period is told" has err "key period [0-9]+ of the GMS ends at 20"
check "nothing is written" test "$(ls fresh)" = gms.xml
expect "with a key" 0 "check: key [0-9a-f]{8} of x.gmk would be given out, [0-9]+ members had it before, 20 of them" \
	"${P[@]}" --members m20 --gmk x.gmk --check
expect "rejects" 2 "2 rejected" "${P[@]}" --members mixed.csv --gmk x.gmk --kms lab2/kms-init.xml --check
expect "a place that cannot be written" 4 "nowhere/x: No such file" \
	"${P[@]}" --members m20 --gmk x.gmk --check -o nowhere/x
"${P[@]}" --gmk w.gmk --members m700 -o w.nd 2>err
expect "a revocation that leaves members out" 2 "680 who were given key [0-9a-f]{8} would get no message of this run" \
	"$K" provision --kms lab/kms-init.xml --gms gms.xml --members m20 --gmk w.gmk --status revoked --check
expect "the key is not revoked by it" 0 "" "${P[@]}" --gmk w.gmk --members m20 -o w.nd

echo
finish
