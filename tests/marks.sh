#!/bin/bash
# marks.sh -- what the checks of constant time are told is public: each with its reason beside it, and its file in
# SECURITY.md; and that functions which leave as those that worked on secrets have data independent timing on.
# First it shows on planted files that it can fail.
# usage: tests/marks.sh
# Ends in "N passed, N failed, N skipped"; exit 1 where one failed.
set -u
cd "${0%/*}/.." || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
. tests/verdict.sh

# Below $1: calls of ct_public without a comment that begins with "Public:" in the ten lines before, within the
# same function.
unreasoned() {
	find "$1/engine" "$1/provision" -name '*.[ch]' | sort | xargs awk '
		FNR == 1 || /^}/ { said = 0 }
		/\/\* Public:/ { said = FNR }
		/ct_public\(/ && (!said || FNR - said > 10) { print FILENAME ": " FNR ": no reason" }'
}

# Below $1: files that declassify and that SECURITY.md does not name, and files it names that do not.
unnamed() {
	comm -3 <(cd "$1" && grep -rl --include='*.c' 'ct_public(' engine provision |
			sed 's|^[a-z]*/||' | sort -u) \
		<(awk '/^## /{ in_it = $2 == "Declassified" } in_it && /^\|/' "$1/SECURITY.md" |
			grep -o '`[a-z0-9_/]*\.c`' | tr -d '`' | sort -u)
}

# Below $1: functions that call leave_secret and do not begin with DIT_WITHIN.
untimed() {
	find "$1/engine" -name '*.c' ! -name scrub.c | sort | xargs awk '
		/^{/ { getline; on = /^\tDIT_WITHIN;$/ }
		/^\t.*leave_secret\(/ && !/\/\*/ && !on { print FILENAME ": " FNR ": DIT may be off" }'
}

mkdir -p "$dir/engine/field" "$dir/provision"
printf 'int f(void)\n{\n\t/* Public: it is sent. */\n\tct_public(&a, 1);\n}\n\nint g(void)\n{\n\tct_public(&b, 1);\n}\n' \
	>"$dir/engine/field/zq.c"
printf '## Declassified\n| a | b | `curve/curve.c` |\n## Not promised\n`field/zq.c`\n' >"$dir/SECURITY.md"
[ "$(unreasoned "$dir")" = "$dir/engine/field/zq.c: 9: no reason" ]
verdict $? "a declassified value without its reason is found"
[ "$(unnamed "$dir" | tr -d '\t' | sort | tr '\n' ' ')" = "curve/curve.c field/zq.c " ]
verdict $? "a file that SECURITY.md does not name is found, and one that declassifies nothing"

printf 'int f(void)\n{\n\tDIT_WITHIN;\n\treturn leave_secret(g(), 1);\n}\n\nint g(void)\n{\n\treturn leave_secret(h(), 1);\n}\n' \
	>"$dir/engine/random.c"
[ "$(untimed "$dir")" = "$dir/engine/random.c: 9: DIT may be off" ]
verdict $? "a function that does not turn data independent timing on is found"

none "$(unreasoned .)" "each declassified value has its reason beside it"
none "$(unnamed .)" "SECURITY.md names where values are declassified"
none "$(untimed .)" "data independent timing is on wherever secrets are worked on"
verdicts
