#!/bin/bash
# man3.sh -- pages of section 3 from the public headers: made without a complaint, read without a warning, and each page
# that one names is there.  First it shows on planted headers that each can fail.
# usage: tests/man3.sh
# Ends in "N passed, N failed, N skipped"; exit 1 where one failed.
set -u
cd "${0%/*}/.." || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
. tests/verdict.sh

pages() { sh docs/man3.sh "$@" 2>"$dir/said"; }

# planted NAME WANTED TEXT [HEAD]: of a header with this text it is said what is WANTED, or nothing where that is empty.
planted() {
	local code
	cat >"$dir/engine.h" <<END
/* engine.h -- a header.
 *
 * Conventions:
 *   - ${4:-None.}
 */
#define KM_VERSION "1.2.3"
/* Errors. */
#define KM_ERRORS(X) \\
	X(KM_OK, 0, "done") \\
	X(KM_EARG, 1, "wrong")

/* ---- a section --- */

$3
END
	pages "$dir/out" "$dir/engine.h"
	code=$?
	if [ -z "$2" ]; then [ $code = 0 ] && [ ! -s "$dir/said" ]; else [ $code = 1 ] && grep -q ":[0-9]*: $2" "$dir/said"; fi
	verdict $? "$1"
}
two='/* Why: KM_EARG. */
KM_API KM_MUST km_err km_one(int a);'
planted "a header that is as it ought to be" '' "$two
KM_API void km_two(void);
/* Three. */
typedef struct km_three km_three;

KM_API void km_three_free(km_three *three);

typedef struct {
	int a;  /* a number */
} km_four;
KM_API void km_four_tell(km_four *four);"
[ "$(cat "$dir/out/km_two.3" "$dir/out/km_three.3")" = ".so man3/km_one.3
.so man3/km_three_free.3" ]
verdict $? "other names and types are links"
planted "a function without a comment is found" 'km_two: no comment' "$two

KM_API void km_two(void);"
planted "below a type without comments too" 'km_two: no comment' "$two

typedef struct { int a; } km_four;
KM_API void km_two(km_four *four);"
planted "one that can fail and names no error is found" 'km_two: can fail, and no error is named' "$two
/* Fails. */
KM_API km_err km_two(void);"
planted "but where the head names one for all" '' '/* Fails. */
KM_API km_err km_two(void);' 'Errors that any function may return: KM_EARG.  Others stand beside it.'
said='one that takes a km_random or makes an object may return KM_EARG.'
planted "or for those with randomness, and new objects" '' '/* Fails. */
KM_API km_err km_two_new(void);
/* Fails. */
KM_API km_err km_three(const km_random *rnd);' "$said"
planted "and for these alone" 'km_two: can fail' '/* Fails. */
KM_API km_err km_two(void);' "$said"
planted "an error that is not in the list is found" 'KM_ENONE is not in the list of errors' "$two
/* KM_ENONE. */
KM_API km_err km_two(void);"
planted "in a type's comments too" 'KM_ENONE is not in the list of errors' "$two
typedef enum {
	KM_A = 1,  /* as KM_ENONE */
} km_a;"

# Warnings of what reads them.  A page has no date: it is as new as the header that it was made of.
warnings() { { man -l --warnings -Tutf8 "$@" 2>&1 >/dev/null </dev/null; } 2>&1; }
lint() { mandoc -Tlint "$@" 2>&1 | grep -v 'missing date, using ""'; }
# Pages that are named or linked to in a directory, and are not there.
missing() {
	(cd "$1" && grep -oh '\\fB[a-z0-9_-]*\\fP(3)' ./*.3 | sed 's/\\fB//; s/\\fP(3)//' | sort -u; sed -n 's|^\.so man3/\(.*\)\.3$|\1|p' "$1"/*.3) |
		while read -r name; do [ -f "$1/$name.3" ] || echo "no page $name"; done
}
real() { grep -L '^\.so ' "$1"/*.3; }

mkdir "$dir/bad"
printf '.TH BAD 3 "" "" ""\n.SH NAME\nbad \\- see \\fBkm_none\\fP(3)\n.nosuch\n.SH\n\\fZx\n' >"$dir/bad/bad.3"
[ "$(missing "$dir/bad")" = "no page km_none" ]
verdict $? "a page that is not there is found"
pages "$dir/out" engine/engine.h provision/gmk.h
code=$?
cat "$dir/said"
verdict $code "pages of both headers"
[ -f "$dir/out/keymuster.3" ] && [ -f "$dir/out/keymuster-engine.3" ] &&
	[ "$(grep -c '^KM_API' engine/engine.h provision/gmk.h | awk -F: '{ n += $2 } END { print n }')" -le "$(ls "$dir/out" | wc -l)" ]
verdict $? "one for each function, and for each header"
none "$(missing "$dir/out")" "pages that are named are there"

mapfile -t all < <(real "$dir/out")
skipped=0
for reader in man:warnings mandoc:lint; do
	if ! command -v "${reader%:*}" >/dev/null; then
		skipped=$((skipped + 1))
		echo "skipped ${reader%:*} reads them: not installed"
		continue
	fi
	[ -n "$("${reader#*:}" "$dir/bad/bad.3")" ]
	verdict $? "${reader%:*} says what is wrong with a page"
	out=$("${reader#*:}" "${all[@]}")
	[ -z "$out" ] || head -20 <<<"$out"
	[ -z "$out" ]
	verdict $? "${reader%:*} reads them all without a warning"
done
echo "# $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
