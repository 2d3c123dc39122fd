#!/bin/bash
# cli_lists.sh -- lists of members as people have them: what is read, what is refused, and what is said.
# usage: tests/cli_lists.sh path/to/keymuster.  Prints a line a case; exit 1 where one failed.
. "${0%/*}/cli_lib.sh"

install -m 600 "$field/kms.xml" "$field/gms.xml" .
cat >provision <<END
#!/bin/sh
exec "$K" --plain provision --kms kms.xml --gms gms.xml --group sip:fire-1@gms-psi.example.org "\$@"
END
chmod +x provision

# served NAME CODE MEMBERS SAYS [option...]: the list called list; MEMBERS are the URIs in the output.
served() {
	local name=$1 code=$2 members=$3 says=$4
	shift 4
	rm -f o.nd
	expect "$name" "$code" "$says" ./provision --forget-key --members list -o o.nd "$@"
	check "... serves ${members:-nobody}" [ "$(sed 's/^{"uri":"\([^"]*\)".*/\1/' o.nd 2>/dev/null | tr '\n' ' ')" = "$members" ]
}
alice='sip:alice@example.org '
bob='sip:bob@example.org '

echo "# samples of the field"
sample() {
	cp "$field/members-$1" list
	shift
	served "$@"
}
sample alice.txt "a good list" 0 "$alice" "1 member, 0 rejected"
sample commented-row.csv "a row that is commented out" 0 "$bob" "commented out: 1"
sample cut-emoji.ndjson "what nobody reads is not sound" 0 "$alice$bob" ""
sample excel-long-rows.csv "empty fields at row ends" 0 "$alice$bob" ""
sample excel-text.txt "text of a spreadsheet" 2 "" "list:1: .*in quotes"
check "... names each" [ "$(grep -c '^list:[1-4]: ' err)" = 4 ]
sample json-strings.txt "strings of JSON" 4 "" "list:1: quoted strings"
sample key-file.txt "a file of keys" 4 "" "list:1: PEM"
check "... none of it is shown" [ "$(grep -c QUJD err)" = 0 ]
sample name-addr.txt "an address in angle brackets" 2 "$alice" "list:2: <sip:bob@example.org>: uri: in angle brackets"
sample one-line.txt "addresses on one line" 2 "" "list:1: .*more than one @"
sample partner.txt "members of two domains" 0 "${alice}sip:carol@example.net " ""
sample quoted.csv "quoted strings without a header" 4 "" "list:1: quoted strings"
sample semicolon.csv "separated by semicolons" 4 "" "list:1: columns separated by ';'"
sample twins.txt "one user in four ways" 0 "${alice}sip:alice@EXAMPLE.org SIP:alice@example.org sip:%61lice@example.org " \
	"3 members are written in two ways, lines 1 and 2 first"
check "... is said once" [ "$(grep -c 'two ways' err)" = 1 ]
sample utf16.txt "UTF-16" 4 "" "list:1: UTF-16: save it as UTF-8"
check "... in one line" lines err 1

echo "# other lists of these kinds"
list() { printf "$1" >list; }
list 'id,uri\n1,sip:alice@example.org\n'
served "CSV" 0 "$alice" ""
list 'MCPTT ID,KMS\nsip:alice@example.org,\n'
served "unknown columns" 4 "" "list:1: a first line \(MCPTT ID,KMS\) that is no URI and names no column uri.*--column uri=NAME"
served "that are named" 0 "$alice" "" --column 'uri=mcptt id'
served "a column that is not there" 4 "" "without the column that --column uri= names" --column uri=user
expect "a column of another name" 1 "--column user=x: uri=NAME, kms=NAME or group=NAME" \
	./provision --forget-key --members list --column user=x
list '[{"uri":"sip:alice@example.org"}]\n'
served "a JSON array" 4 "" "list:1: a JSON array \(jq -c"
list '{\n "uri": "sip:alice@example.org"\n}\n'
served "a JSON document" 4 "" "list:1: a JSON document over several lines"
list '{"id":"sip:alice@example.org"}\n'
served "JSON of other names" 4 "" "has no name uri"
served "that are named" 0 "$alice" "" --column uri=id
list '\n \n{"uri":"sip:alice@example.org","kms":null,"n":99999999999999999999}\n'
served "JSON behind blanks" 0 "$alice" ""
list 'sip:b\xc3\xb6b@example.org\nsip:bob@example.org\nsip:\xd0\xb0lice@example.org\n'
served "letters beyond ASCII" 0 "$(printf 'sip:b\xc3\xb6b@example.org sip:bob@example.org sip:\xd0\xb0lice@example.org ')" \
	"2 members hold letters beyond ASCII, line 1 first"
list '# members\n- sip:alice@example.org\n- sip:bob@example.org\n'
served "a list of YAML" 4 "" "list:2: a list of YAML or Markdown; a list is a URI a line"
check "... in one line" lines err 1
list 'sep=;\nuri;kms\n'
served "sep=;" 4 "" "separated by ';'"
list 'sip:alice@example.org\rsip:bob@example.org\r'
served "line ends of CR" 4 "" "CR alone"
list '\357\273\277sip:alice@example.org\r\nsip:bob@example.org'
served "a byte order mark, CR LF, no last line end" 0 "$alice$bob" ""
list '# nobody\n\n'
served "comments only" 2 "" "no member to provision"
list 'sip:ali\342\200\213ce@example.org\nsip:bob@example.org\n'
served "an invisible character" 2 "$bob" 'list:1: sip:ali\\xe2\\x80\\x8bce@example.org: uri: holds a character that cannot be seen'
list 'alice@org.example\nsip:bob@example.org\n'
served "an identity without a scheme" 2 "$bob" "list:1: alice@org.example: uri: begins with none"
served "that is asked for" 0 "alice@org.example $bob" "" --any-id
list 'sip:alice@example.org\nsip:bob@example.org\nsip:alice@example.org\n'
served "a repeat" 0 "$alice$bob" "1 repeat was left out, lines 1 and 3"
list 'uri,kms\nsip:alice@example.org,\nsip:alice@example.org,kms.example.org\nsip:bob@example.org,nowhere\n'
served "two KMSs for one member" 2 "$alice" "list:3: .*line 2 gives this member another KMS"
mkfifo pipe
(cat "$field/members-alice.txt" >pipe &)
expect "a FIFO" 0 "1 member" ./provision --forget-key --members pipe -o o.nd
expect "a directory" 4 "Is a directory" ./provision --forget-key --members . -o none.nd
check "... leaves no output" absent none.nd

echo "# quotes that swallow lines"
{ echo uri,name; seq -f 'sip:u%.0f@example.org,N' 5000 | sed '100s/,N/,"N/'; } >list
served "a stray quote" 4 "" "list:101: a quote opened in line 101 .*: lines 101 to 5001 were one record"
served "that is let through" 2 "$(seq -f 'sip:u%.0f@example.org' 99 | tr '\n' ' ')" "lines 101 to 5001 were one" --keep-going
{ echo uri,name; seq -f 'sip:u%.0f@example.org,N' 9 | sed '3s/,N/,"N/; 6s/N$/N"/'; } >list
served "two stray quotes" 4 "" "list:4: a quote opened in line 4 holds lines that are members: lines 4 to 7"
served "that are let through" 2 "$(seq -f 'sip:u%.0f@example.org' 9 | sed 3,6d | tr '\n' ' ')" "" --keep-going
list 'uri,note\nsip:alice@example.org,"one\ntwo, three"\nsip:bob@example.org,\n'
served "an address over two lines" 0 "$alice$bob" ""

echo "# the KMS of a member, by the domain lists"
install -m 600 "$field/kms2.xml" .
list 'uri,kms\nsip:alice@example.org,\nsip:carol@example.net,\nsip:dave@example.net,kms2.example.net\nsip:eve@example.net,kms.example.org\n'
served "domains" 2 "${alice}sip:carol@example.net sip:dave@example.net " \
	"list:5: sip:eve@example.net: unknown-kms: the list gives it the KMS kms.example.org, but the domain list of kms2.example.net claims its host" --kms kms2.xml
check "... are of their KMS" [ "$(grep -c '"kms":"kms2.example.net"' o.nd)" = 2 ]
sed 's|</KmsCertificate>|<KmsDomainList><KmsDomain>example.net</KmsDomain></KmsDomainList>&|' kms.xml >both.xml
sed 's/--kms kms.xml/--kms both.xml/' provision >provision-both
chmod +x provision-both
expect "two that claim one domain" 2 "list:3: sip:carol@example.net: unknown-kms: the domain lists of .* both claim its host" \
	./provision-both --forget-key --members list --kms kms2.xml -o o.nd
check "... each serves whom the list gives it" lines o.nd 3

echo "# rejects, to be fed in again"
list 'uri,kms\nsip:alice@example.org,\nsip:b ob@example.org,\nsip:carol@example.net,kms2.example.net\n'
served "CSV" 2 "$alice" "rejects.csv: 2 rejected lines" --rejects rejects.csv
check "... who has the key is the last line" [ "$(grep -c rejects.csv <<<"$(tail -1 err)")" = 0 ]
check "... with its header" [ "$(cat rejects.csv)" = $'uri,kms\nsip:b ob@example.org,\nsip:carol@example.net,kms2.example.net' ]
sed -i 's/b ob/bob/; s/,kms2.*/,/' rejects.csv
cp rejects.csv list
served "fed in again" 0 "${bob}sip:carol@example.net " "rejects.csv: empty, for nothing was rejected" --rejects rejects.csv
check "... leaves the header" [ "$(cat rejects.csv)" = uri,kms ]
list '{"uri":"sip:alice@example.org"}\n{"uri":7, "x":"\\ud83d"}\n'
served "JSON" 2 "$alice" "" --rejects rejects.json
check "... as it stood there" [ "$(cat rejects.json)" = '{"uri":7, "x":"\ud83d"}' ]
list 'sip:alice@example.org\nbob@example.org\n'
served "lines" 2 "$alice" "" --rejects rejects.txt
check "... as they stood there" [ "$(cat rejects.txt)" = bob@example.org ]
list 'bob@example.org\n'
served "all of them" 2 "" "no member" --rejects rejects.txt
check "... are kept" [ "$(cat rejects.txt)" = bob@example.org ]
list 'uri\nsip:alice@example.org\n"sip:bob@example.org\nsip:carol@example.org\n'
served "a list that breaks off" 4 "" "" --rejects none.csv
check "... leaves none" absent none.csv

cp "$field/members-alice.txt" list
for o in list kms.xml gms.xml o.nd -; do
	expect "--rejects $o" 1 "--rejects (and -.* name the same file|needs the name)" \
		./provision --forget-key --members list -o o.nd --rejects $o
done
ln -s list link
expect "the list by another name" 1 "--rejects and --members" ./provision --forget-key --members list --rejects link
check "the list is as it was" cmp list "$field/members-alice.txt"
./provision --members list --gmk one.gmk >/dev/null 2>err
list 'uri,group\nsip:alice@example.org,sip:police@x.example\nsip:bob@example.org,\n'
expect "a member of another group" 2 "list:2: sip:alice@example.org: group: " \
	"$K" provision --kms kms.xml --gms gms.xml --gmk one.gmk --members list --rejects rejects.csv
check "... is a reject" has rejects.csv police

seq -f 'sip:u%.0f@example.org' 1200 >many
seq -f 'sip:u%.0f@EXAMPLE.org' 1200 >>many
expect "many users in two ways" 0 "1200 members are written in two ways" ./provision --forget-key --members many -o many.nd
check "the receipt has them all" [ "$(tr -d ' \n' <many.nd.receipt | sed 's/.*"twin_lines":\[\(.*\)\],*}.*"made".*/\1/' | grep -o '\[' | wc -l)" = 1200 ]

echo "# groups"
for g in '<sip:fire-2@gms-psi.example.org>' fire-2@gms-psi.example.org 'sip:fire 2@x' 'sip:fire@2@x' sip:; do
	expect "--group $g" 1 "--group .*: " ./provision --forget-key --members "$field/members-alice.txt" --group "$g"
done
for o in --from --group --trust-gms; do
	for u in 'sip:gms @x' gms@x sip: 'sip:gms@x>' ''; do
		expect "open $o '$u'" 1 "$o .*: |$o: " "$K" open --kms kms.xml --keys gms.xml $o "$u" list
	done
done
expect "one group in two ways" 1 "stands there twice" ./provision --forget-key --members "$field/members-alice.txt" --group SIP:fire-1@GMS-psi.example.org
expect "a group without a user part" 0 "" ./provision --forget-key --members "$field/members-alice.txt" --group sip:gms-psi.example.org
expect "an identity of a vendor" 0 "" ./provision --forget-key --members "$field/members-alice.txt" --group fire-2@gms-psi.example.org --any-id

echo
finish
