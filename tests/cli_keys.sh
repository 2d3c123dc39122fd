#!/bin/bash
# cli_keys.sh -- KMS documents and the keys of a GMS as KMSs make them and people hand them over.
# usage: tests/cli_keys.sh path/to/keymuster.  Prints a line a case; exit 1 where one failed.
. "${0%/*}/cli_lib.sh"
D=$sources/tests
F=$field
cp "$F"/*.xml "$F"/members-alice.txt "$F"/members-partner.txt "$F"/message-hidden-period-of-1970.txt . && cp "$F"/message-good.txt good.txt && chmod 600 ./*

group=sip:fire-1@gms-psi.example.org
gms=sip:gms@gms-psi.example.org
list=members-alice.txt
provision() { "$K" --plain provision --group $group --members "$list" --forget-key "$@"; }
# given CODE REGEX options...: how provision ends with these documents.
given() { local c=$1 r=$2; shift 2; expect "provision $*" "$c" "$r" run provision "$@"; }
run() { "$@"; }

echo "# documents that are read"
for f in kms kms-1252 kms-24h kms-base64 kms-cache-validto kms-certupdateind kms-plus kms-year-9999-west; do
	given 0 "1 member" --kms $f.xml --gms gms.xml
	check "without a warning" hasnt err warning
	check "and alice opens it" "$K" open --kms kms.xml --keys alice.xml out
done
for f in gms gms-base64 gms-ssk-31-octets-padded; do
	given 0 "1 member" --kms kms.xml --gms $f.xml
	check "without a warning" hasnt err warning
	check "and alice opens it" "$K" open --kms kms.xml --keys alice.xml out
done
given 0 "gms-userid-empty.xml:12: UserID: not 32 octets" --kms kms.xml --gms gms-userid-empty.xml
given 0 "gms-userid-16-octets.xml:12: UserID: not 32 octets" --kms kms.xml --gms gms-userid-16-octets.xml
given 0 "carry the host of the GMS" --kms kms.xml --gms gms-psi-ipv6.xml
given 3 "--lax-ns" --kms kms-vendor-namespace.xml --gms gms.xml
given 0 "" --lax-ns --kms kms-vendor-namespace.xml --gms gms.xml
sed 's/<ParameterSet>/<Newer><Part>1<\/Part><\/Newer>&/' kms.xml >newer.xml
given 0 "newer.xml:16: Newer: not an element of KmsCertificate that is known" --kms newer.xml --gms gms.xml
sed '/<UserDecryptKey>/d' gms.xml >sign.xml
given 0 "" --kms kms.xml --gms sign.xml
sed 's/<UserDecryptKey>.*/<UserDecryptKey><e:EncryptedKey xmlns:e="http:\/\/www.w3.org\/2001\/04\/xmlenc#"\/><\/UserDecryptKey>/' \
	gms.xml >encrypted.xml
given 3 "encrypted.xml:14: UserDecryptKey: encrypted key content" --kms kms.xml --gms encrypted.xml
given 3 "gms-ssk-63-digits.xml:15: UserSigningKeySSK: .* 63 hex digits, an odd number: a digit is missing" \
	--kms kms.xml --gms gms-ssk-63-digits.xml
expect "keys from a pipe" 0 "" "$K" open --at 1795714200 --kms <(cat kms.xml) --keys <(cat alice.xml) good.txt
expect "keys from stdin" 0 "" run eval "$K open --at 1795714200 --kms kms.xml --keys - good.txt <alice.xml"

echo "# what is bad stops nobody else"
given 0 "kms-cache-annex-partner.xml:23: PubEncKey" --kms kms-cache-annex-partner.xml --gms gms.xml
given 0 "gms-next-damaged.xml:24: UserSigningKeySSK" --kms kms.xml --gms gms-next-damaged.xml
sed 's/<KeyPeriodNo>4/<KeyPeriodNo>9/; s/<KeyPeriodNo>5/<KeyPeriodNo>4/' gms-next-damaged.xml >this-damaged.xml
cat gms-next-period.xml | sed '1,/<KmsKeyProv/d; /<\/KmsKeyProv>/,$d' >next.set
sed '/<KmsKeyProv/r next.set' this-damaged.xml >both.xml
given 3 "error: both.xml:[0-9]+: UserSigningKeySSK" --kms kms.xml --gms both.xml
given 3 "the key set of period 4 of $gms is missing: the last one held is of period 5" \
	--kms kms.xml --gms gms-next-period.xml
cat >empty-cache.xml <<'X'
<KmsCertCache xmlns="urn:3gpp:ns:mcsecKMSInterface:1.0"/>
X
given 0 "" --kms kms.xml --kms empty-cache.xml --gms gms.xml
given 3 "gms.xml:10: KmsUri: the certificate of this KMS, kms.example.org, is not loaded: .*--kms" \
	--kms kms2.xml --gms gms.xml

echo "# several files, identities, KMSs"
mkdir gms && cp gms.xml gms-next-period.xml gms/
given 0 "1 member" --kms kms.xml --gms gms/*.xml
given 0 "1 member" --kms kms.xml --gms gms-next-period.xml --gms gms.xml
given 0 "1 member" --kms kms.xml --gms gms.xml gms.xml
given 1 "choose by --gms-uri.* $gms at kms.example.org, sip:gms-video@" --kms kms.xml --gms gms-two-identities.xml
given 0 "" --kms kms.xml --gms gms-two-identities.xml --gms-uri sip:gms-video@gms-psi.example.org
check "the other one signs" run eval "$K open --kms kms.xml --keys alice.xml out | grep -q gms-video@"
given 1 "no keys of the identity chosen; there are" --kms kms.xml --gms gms.xml --gms-uri sip:x@y.example.org
given 1 "at kms.example.org, $gms at kms2" --kms kms.xml --kms kms2.xml --gms gms-two-kms.xml
given 0 "" --kms kms.xml --kms kms2.xml --gms gms-two-kms.xml --gms-kms kms.example.org
given 0 "gms-two-kms.xml:19: KmsUri: .*kms2.example.net, is not loaded" --kms kms.xml --gms gms-two-kms.xml
expect "no files without --gms" 1 "no operands but files behind --gms" provision --kms kms.xml gms.xml

echo "# domains"
list=members-partner.txt
given 0 "2 members" --kms kms.xml --kms kms2.xml --gms gms.xml
check "carol by her domain" has out '"uri":"sip:carol@example.net".*'
"$K" inspect out >seen
check "at her KMS" has seen kms2.example.net
printf 'uri,kms\nsip:carol@example.net,kms.example.org\nsip:alice@example.org,\n' >list.csv
list=list.csv
given 2 "list.csv:2: .*unknown-kms: the list gives it the KMS kms.example.org, but the domain list of kms2" --kms kms.xml --kms kms2.xml \
	--gms gms.xml
printf 'sip:a@sub.EXAMPLE.net\nsip:b@notexample.net\n' >list.txt
list=list.txt
given 0 "2 members" --kms kms.xml --kms kms2.xml --gms gms.xml
"$K" inspect out >seen
check "a part of a label is no domain" has seen kms.example.org
sed 's/kms2.example.net/kms3.example.net/g' kms2.xml >kms3.xml
given 2 "the domain lists of kms2.example.net and kms3.example.net both claim" --kms kms.xml --kms kms2.xml --kms kms3.xml \
	--gms gms.xml
sed 's#</ParameterSet>#&<KmsDomainList><KmsDomain>example.org</KmsDomain></KmsDomainList>#' kms.xml >own.xml
sed '/<KmsDomainList/,/<\/KmsDomainList/d' kms3.xml >silent.xml
given 0 "2 members" --kms own.xml --kms kms2.xml --gms gms.xml
given 2 "no domain list claims notexample.net" --kms own.xml --kms kms2.xml --kms silent.xml --gms gms.xml
sed 's#<UserIdFormat>#<ValidTo>2020-01-01T00:00:00Z</ValidTo>&#' kms2.xml >old2.xml
list=members-partner.txt
given 2 "expired: old2.xml:9: the certificate of the KMS kms2.example.net has expired: it ended 2020-01-01" \
	--kms kms.xml --kms old2.xml --gms gms.xml
given 0 "2 members" --kms kms.xml --kms old2.xml --kms kms2.xml --gms gms.xml
list=members-alice.txt
sed 's#<UserIdFormat>#<ValidTo>2020-01-01T00:00:00Z</ValidTo>&#' kms.xml >old.xml
given 3 "old.xml:9: the certificate of the KMS kms.example.org has expired: it ended 2020" --kms old.xml --gms gms.xml
given 0 "1 member" --kms old.xml --kms kms.xml --gms gms.xml
check "a renewed certificate opens" "$K" open --kms kms.xml --kms old.xml --keys alice.xml out

echo "# periods numbered otherwise"
given 3 "KeyPeriodNo [0-9]+ is that of periods counted from 1970; expected [0-9]+ \(--any-period" \
	--kms kms-30-days.xml --gms gms-period-of-1970.xml
given 0 "1 member" --any-period --kms kms-30-days.xml --gms gms-period-of-1970.xml
cp out otherwise
check "opened" "$K" open --any-period --kms kms-30-days.xml --keys alice-period-of-1970.xml otherwise
expect "not without it" 2 "no-key-for-period" "$K" open --kms kms-30-days.xml --keys alice-period-of-1970.xml otherwise
hidden() { "$K" open --kms kms-30-days.xml --keys alice-period-of-1970.xml --at 1795714200 --from $gms "$@" \
	message-hidden-period-of-1970.txt; }
expect "hidden identities" 0 "" hidden --any-period
expect "hidden, not without it" 2 "--any-period" hidden
expect "the rule is right with it too" 0 "" provision --any-period --kms kms.xml --gms gms.xml
check "and opens" "$K" open --any-period --kms kms.xml --keys alice.xml out

echo "# a rollover"
expect "lab kms" 0 "" "$K" lab kms lab --period 100000 --domain example.org --domain example.net \
	--valid-from 2020-01-01T00:00:00Z --valid-to 2040-01-01T00:00:00Z
expect "lab user" 0 "" "$K" lab user lab $gms --periods 3 -o labgms
check "three periods" test "$(grep -c KmsKeySet labgms/*.xml)" = 6
given 0 "1 member" --kms lab/kms-init.xml --gms labgms/*.xml
expect "lab kms of 600 s" 0 "" "$K" lab kms short --period 600
expect "its GMS" 0 "" "$K" lab user short $gms -o shortgms
given 0 "warning: the key set of period [0-9]+ ends in .* and that of [0-9]+ is missing: this run needs about 1 s" \
	--kms short/kms-init.xml --gms shortgms/*.xml
expect "its GMS for longer" 0 "" "$K" lab user short $gms --periods 2 -o longgms
given 0 "1 member" --kms short/kms-init.xml --gms longgms/*.xml
check "nothing to say" hasnt err "is missing"
if command -v xmllint >/dev/null; then
	for f in lab/kms-init.xml labgms/*.xml short/kms-init.xml; do
		check "the schema of Annex D holds for $f" xmllint --noout --schema "$D/kms.xsd" "$f"
	done
else
	echo "skipped the schema of Annex D: no xmllint"
	skipped=$((skipped + 1))
fi

echo "# show"
expect "show" 0 "" "$K" show kms.xml kms2.xml gms-two-kms.xml gms-next-damaged.xml
check "a domain" has out "^domains +example.net"
check "dates of a period" has out "^period_from +2015-12-04T00:00:00Z"
check "what fits" has out "^verifies +yes"
check "what does not" has out "^verifies +no"
expect "show --json" 0 "" "$K" show --json --kms kms.xml gms.xml
check "an object a line" has out '^\{"file":"gms.xml",.*"verifies":true\}$'
check "no secret" hasnt out "$(sed -n 's/.*<UserSigningKeySSK>\(................\).*/\1/p' gms.xml)"
expect "show a group key" 0 "" run eval "provision --kms kms.xml --gms gms.xml >/dev/null; \
	$K provision --group $group --members $list --gmk f.gmk --kms kms.xml --gms gms.xml -o f.nd && $K show f.gmk"
check "its group" has out "^groups +$group"
check "no key" hasnt out "[0-9a-f]{32}"
expect "show a list" 3 "members-alice.txt: neither" "$K" show members-alice.txt
expect "show messages" 3 "f.nd: messages: keymuster inspect" "$K" show f.nd

finish
