#!/bin/bash
# cli_messages.sh -- messages as people have them, and as others make them: opened, refused, inspected.
# usage: tests/cli_messages.sh path/to/keymuster.  Prints a line a case; exit 1 where one failed.
. "${0%/*}/cli_lib.sh"
F=$field
cp "$F"/message-* "$F"/kms.xml "$F"/alice.xml . && chmod 600 ./*

# open [options] FILE: as alice's client, when the samples were made.
open="$K open --kms kms.xml --keys alice.xml --at 1795714200"
# opens NAME FILE [N]: N messages are accepted (1).
opens() { expect "$1" 0 "^${3:-1} messages?: ${3:-1} accepted, 0 revocations, 0 rejected" $open "$2"; }

b64=$(sed 's/mikey //' message-good.txt)
hex=$(cat message-form-hex.txt)
base64 -d <<<"$b64" >raw

echo "# forms"
opens "a line of the word and base64" message-good.txt
check "says who, where and when" has out '"gms_kms":"kms.example.org","member":"sip:alice@example.org","kms":"kms.example.org","line":1,"T":"2026-11-26T17:30:00Z","T64":"eeb2eb1800010000"'
for form in base64.txt big-number.ndjson gktp.xml hex.txt lines-76.txt sdp.txt; do
	opens "$form" message-form-$form
done
opens "raw octets" raw
tr '+/' '-_' <<<"$b64" | tr -d = >f; opens "base64url without padding" f
fold -w 64 <<<"$b64" >f; opens "base64 in lines of 64" f
fold -w 64 <<<"$b64" | sed 's/$/\r/' >f; opens "with CRLF" f
fold -w 76 <<<"mikey $b64" | cat - message-good.txt >f
expect "wrapped, and again in one line" 2 "f:13: replay" $open f
tr a-f A-F <<<"$hex" | fold -w 32 | sed 's/../& /g' >f; opens "a hex dump in capitals" f
sed 's/../&:/g; s/:$//' <<<"$hex" >f; opens "hex with colons" f
printf '0x%s\n' "$hex" >f; opens "hex behind 0x" f
printf '{"mikey":"mikey %s"}\n' "$b64" >f; opens "an object with the word too" f
printf '\xef\xbb\xbf\r\n\r\n%s\r\n' "$b64" >f; opens "a mark and empty lines before it" f
printf 'a=key-mgmt:mikey %s\n' "$b64" >f; opens "an attribute alone" f
printf 'mikey %s\tsip:alice@example.org\n' "$b64" >f; opens "text with the member behind a tab" f
printf 'sip:alice@example.org\tmikey %s\n' "$b64" >f; opens "or before it" f
sed 's/$/\r/' message-form-sdp.txt >f; opens "SDP with CRLF" f
printf '  {"x":1e999,"y":"\\ud83d","z":"\\u0000","x":[{}],"mikey":"%s"}\n' "${b64//\//\\/}" >f
opens "an object with odd fields that nobody reads" f
printf '<a:GKTPs xmlns:a="u"><!-- <GKTP>00</GKTP> --><a:GKTP id=">">\n%s\n</a:GKTP><b/></a:GKTPs>' "$hex" >f
opens "GKTP of another prefix" f
printf '<GKTPs><GKTP id="1">%s</GKTP><GKTP id="2">0</GKTP><GKTP id="3">%s</GKTP></GKTPs>' "$hex" "$hex" >f
expect "one bad element of three" 2 "f:1: unparseable: hex with an odd number of digits" $open f
check "each is answered" lines out 3
check "the first is opened" has out '^\{"status":"accepted"'

printf '<GKTPs><GKTP>&#x30;%s<!-- x -->%s<![CDATA[%s]]></GKTP></GKTPs>' "${hex:1:99}" "${hex:100:100}" "${hex:200}" >f
opens "GKTP in pieces" f

part="Content-Type: application/mikey\r\nContent-Transfer-Encoding: base64\r\n\r\n$(fold -w 76 <<<"$b64")\r\n"
printf "MIME-Version: 1.0\r\n$part" >f; opens "a MIME body in base64" f
{ printf 'NOTIFY sip:alice@example.org SIP/2.0\r\nContent-Type: application/mikey\r\nContent-Length: %d\r\n\r\n' \
	"$(stat -c %s raw)"; cat raw; } >f
opens "a SIP message with the octets" f
{ printf 'SIP/2.0 200 OK\r\nc: application/mikey\r\n\r\n'; cat raw; echo; } >f
opens "a response, a line end behind the octets" f
printf 'INVITE sip:a@b SIP/2.0\r\nContent-Type: multipart/mixed;\r\n boundary="b 1"\r\n\r\npreamble\r\n--b 1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\na=key-mgmt:mikey %s\r\n--b 1\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b 1--\r\n' "$b64" >f
opens "parts with SDP" f
printf -- "--x\r\n$part--x--\r\n" >f; opens "parts without their head" f
printf 'MESSAGE sip:a@b SIP/2.0\r\n\r\n' >f
expect "a SIP message without one" 2 "no message in it, in any form that is read" $open f

echo "# no form"
for text in 'sip:alice@example.org' 'hello, world' 'uri,kms' '%PDF-1.4' "$(printf '\xff\xfem\0i\0')"; do
	printf '%s\n%s\n' "$text" "$text" >f
	expect "refused as a whole: ${text:0:9}" 2 "f:1: unparseable: no form of message that is read: raw" $open f
	check "in one line" lines out 1
done
printf 'mikey %s\nwhat?\n%s\n' "$b64" "$hex" >f
expect "a bad line between" 2 "f:2: unparseable: neither" $open f
check "stops nobody" lines out 3
printf 'mikey %s\n' "${b64%????}A===" >f
expect "base64 padded wrongly" 2 "padded wrongly" $open f
printf '%s\n' "${hex}0" >f
expect "half an octet" 2 "odd number of digits" $open f
printf '{"mikey":"%s","mikey":"%s"}\n' "$b64" "$b64" >f
expect "two in an object" 2 "stands in the object twice" $open f

echo "# what others send"
opens "33 groups" message-33-groups.txt
opens "a group with a parameter in its user" message-group-semicolon.txt
opens "a group with user=phone" message-group-userphone.txt
opens "an expiry that has passed" message-expired.txt
check "is remarked on" has out '"remarks":\["expired"\],"remark_texts":\["the key has expired"\]'
opens "an activation after the expiry" message-activation-after-expiry.txt
check "is remarked on" has out '"remarks":\["activation-after-expiry"\]'
expect "a revocation before its key" 0 "^1 message: 0 accepted, 1 revocation, 0 rejected" $open message-status-0.txt
check "is no acceptance" has out '^\{"status":"revoked",.*"revoked":true,.*"remarks":\["revokes-unknown-key"\]'
cat message-good.txt message-status-0.txt >f
expect "a revocation behind its key" 0 "^2 messages: 1 accepted, 1 revocation" $open f
check "is an update" has out '"status":"revoked",.*"update":true,.*"remarks":\[\]'
expect "signed without the header" 2 "signature: .* only without the header .*--compat sign-without-header" \
	$open message-no-sign-payload-signed.txt
expect "accepted where that is let through" 0 "" \
	$open --compat sign-without-header message-no-sign-payload-signed.txt
check "and said" has out '"remarks":\["signature-without-header"\]'
opens "the form of the text needs no switch" message-good.txt
sed 's/D9rl/D9rm/' message-good.txt >f
expect "a bad signature is none in any form" 2 "signature: the signature does not verify" $open --compat sign-without-header f
expect "PRF func 0" 2 "unparseable: octet 3: PRF func 0" $open message-prf-0.txt
check "with what it claims" has out '"claimed":\{.*"member":"sip:alice@example.org"'
expect "let through" 0 "" $open --compat prf-0 message-prf-0.txt
check "and said" has out '"remarks":\["prf-0"\]'
expect "no such form" 1 "compat" $open --compat everything message-prf-0.txt
printf '%s\n' "${hex/011a/0106}" >f
expect "an Error message" 2 "octet 1: data type 6 \(Error\)" $open f
expect "hidden identities need the sender" 2 "did not name the sender" $open message-hidden-period-of-1970.txt
expect "a GMS and a group under an IPv6 address" 0 "" $open --window none message-psi-ipv6.txt

echo "# what signalling gives"
expect "an IPv6 address in another form" 0 "" \
	$open --window none --from 'sip:gms@[2001:DB8:0:0::7]' message-psi-ipv6.txt
for from in sip:gms@gms-psi.example.org SIP:gms@GMS-PSI.Example.ORG '<sip:gms@gms-psi.example.org>'; do
	expect "from $from" 0 "" $open --from "$from" message-good.txt
done
expect "another user" 2 "sender" $open --from sip:GMS@gms-psi.example.org message-good.txt
for group in sip:fire-1@gms-psi.example.org sip:fire-1@GMS-PSI.example.org '<sip:fire-1@gms-psi.example.org>'; do
	expect "group $group" 0 "" $open --group "$group" message-good.txt
	expect "trusted for $group" 0 "" $open --trust-gms "sip:gms@GMS-PSI.example.org=$group" message-good.txt
done
g='sip:fire-1@gms-psi.example.org;user=phone'
expect "trust in a URI that holds =" 0 "" $open --trust-gms "sip:gms@gms-psi.example.org=$g" message-group-userphone.txt
expect "and in no other" 2 "authority" \
	$open --trust-gms "sip:gms@gms-psi.example.org=${g/fire-1/fire-2}" message-group-userphone.txt
expect "a GMS that holds =" 2 "authority" $open --trust-gms 'sip:gms@other.example.org;x=y' message-good.txt

echo "# a store"
store="$open --store store --seal seal"
expect "begins, and says so" 0 "^store: a new file: nothing was accepted before" $store message-good.txt
check "seal and store are their owner's alone" [ "$(stat -c %a seal store | sort -u)" = 600 ]
expect "knows what was accepted before" 2 "message-good.txt:1: replay" $store message-good.txt
expect "a revocation of what came before" 0 "^1 message: 0 accepted, 1 revocation" $store message-status-0.txt
check "is of a key that is known" has out '"update":true'
cp store kept && head -c 300 kept >store
printf x | dd of=store bs=1 seek=40 conv=notrunc 2>/dev/null
expect "damaged" 3 "store: damaged, or not a client's file of keymuster" $store message-good.txt
cp kept store && head -c 32 /dev/urandom >other && chmod 600 other
expect "another seal" 3 "store: sealed under another key" $open --store store --seal other message-good.txt
expect "a store without a seal" 1 "belong together" $open --store store message-good.txt
expect "a seal without a store" 1 "belong together" $open --seal seal message-good.txt
expect "a store that cannot be" 4 "no/store: No such file or directory" $open --store no/store --seal seal message-good.txt
expect "a store in use" 4 "in use by another client" flock store $store message-good.txt

echo "# inspect"
expect "goes on behind PRF func 0" 2 "octet 3: PRF func 0" "$K" inspect message-prf-0.txt
check "to the signature" has out '^ +528 SIGN'
check "and marks it" has out '^refused +octet 3: PRF func 0'
# inspects NAME REGEX HEX: a line of the output that matches.
inspects() {
	printf '%s\n' "$3" >f
	timeout 60 "$K" inspect f >out 2>err
	check "$1" has out "$2"
}
inspects "a trailing octet" '^refused +octet 659: 1 octet behind the signature' "${hex}00"
inspects "ID scheme 3" '^refused +octet 138: ID scheme 3' "${hex:0:276}03${hex:278}"
inspects "a RAND that is too short" 'RAND of 1[0-9] octets|a RAND of' "${hex:0:42}0f${hex:44}"
inspects "an unknown role" 'IDR role 4' "${hex:0:78}04${hex:80}"
inspects "and what is missing then" 'neither both URIs' "${hex:0:78}04${hex:80}"
inspects "a purpose tag" '^deviates +octet 4: purpose tag 1 \(PCK\)' "${hex:0:8}1${hex:9}"
inspects "#CS with an empty map" '#CS 1 with CS ID map type 1' "${hex:0:16}01${hex:18}"
inspects "the V flag" '^deviates +octet 3: the V flag' "${hex:0:6}81${hex:8}"
inspects "an ending within SAKKE" '^refused +octet 136: SAKKE is not complete' "${hex:0:300}"
inspects "SP with #CS 0" '^deviates +octet [0-9]+: SP with #CS 0' "${hex:0:232}0a0701000f6b6d732e6578616d706c652e6f72671a00000003000106${hex:272}"
inspects "a second T" 'a second T' "${hex:0:20}0500eeb2eb1800010000${hex:20}"
for f in message-*; do "$K" inspect --json "$f" 2>/dev/null; done >out
check "an object for each" lines out "$(ls message-* | wc -l)"
if command -v python3 >/dev/null; then
	check "which are JSON" python3 -c 'import json
for line in open("out"): json.loads(line)["payloads"]'
fi
check "with deviations" has out '"deviations":\[\{"at":3,"refused":true,"text":"PRF func 0'

finish
