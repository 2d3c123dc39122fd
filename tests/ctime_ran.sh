#!/bin/bash
# ctime_ran.sh -- which functions of engine/ and provision/ the rows of the constant-time check run,
# by gcov: all of them, but for those that tests/ctime_unrun.txt names.  First it shows that it can
# fail.
# usage: tests/ctime_ran.sh     CC: a gcc, whose gcov is there
# Ends in "N passed, N failed, N skipped"; exit 1 where one failed.
set -u
cd "${0%/*}/.." || exit 1
out=build/ctime/ran
named=tests/ctime_unrun.txt
. tests/verdict.sh

if ! command -v gcov >/dev/null || ! ${CC:-cc} --version | grep -q 'Free Software Foundation'; then
	skip_all "functions that are run" "neither gcc nor its gcov"
fi
rm -rf $out
${MAKE:-make} -s --no-print-directory "-j$(nproc)" MODE=ct CC="${CC:-cc}" OPT=-O1 CFLAGS=--coverage \
	LDFLAGS=--coverage WERROR= B=$out $out/tests/ctime || exit 1
cpu=$($out/tests/ctime --cpu)
for row in c lanes lookups adx avx2 wide; do
	[[ $row = [aw]* ]] && [ $((cpu & 1)) = 0 ] && continue
	$out/tests/ctime --unmarked $row "$cpu" >$out/log 2>&1 || { cat $out/log; exit 1; }
done

# COUNT FILE FUNCTION, a line for each; those of headers are added up.
counts() {
	for data in $out/{engine,engine/*,provision/*}/*.gcno; do
		gcov -j -t "$data" 2>/dev/null
	done | tr '{' '\n' | awk '
	function value(key,    at) {
		if (!match($0, "\"" key "\": (\"[^\"]*\"|[0-9]+)"))
			return ""
		at = substr($0, RSTART, RLENGTH)
		sub(/^"[a-z_]*": "?/, "", at)
		sub(/"$/, "", at)
		return at
	}
	/"execution_count"/ { function_name[++n] = value("name"); count[n] = value("execution_count") }
	/"file": / {
		file = value("file")
		for (i = 1; i <= n; i++)
			all[file " " function_name[i]] += count[i]
		n = 0
	}
	END { for (one in all) print all[one], one }' | grep -E '^[0-9]+ (engine|provision)/'
}

# On stdin what counts gave: what is neither run nor named, and names of what there is not.
complaints() {
	awk -v named=$named '
	BEGIN {
		while ((getline line <named) > 0) {
			if (line ~ /^(#|$)/)
				continue
			sub(/ *:.*$/, "", line)
			n = split(line, word, " ")
			for (i = 2; i <= n; i++)
				is_named[word[1], word[i]] = 1
		}
	}
	# the words that name this function: itself, its file, files that begin so
	function names_of(file, one,    k) {
		n_words = 0
		words[++n_words] = file SUBSEP one
		words[++n_words] = file SUBSEP "*"
		for (k = 1; k <= length(file); k++)
			words[++n_words] = substr(file, 1, k) "*" SUBSEP "*"
	}
	{
		names_of($2, $3)
		is_known = 0
		for (i = 1; i <= n_words; i++) {
			there[words[i]] = 1
			is_known = is_known || words[i] in is_named
		}
		if ($1 == 0 && !is_known) {
			print $2 ": " $3 " is not run"
			bad = 1
		}
	}
	END {
		for (one in is_named)
			if (!(one in there)) {
				split(one, word, SUBSEP)
				print named ": " word[1] ": there is no " word[2]
				bad = 1
			}
		exit bad
	}'
}

counts >$out/counts
said=$({ cat $out/counts; echo "0 engine/field/zq.c planted"; } | complaints)
[ $? = 1 ] && grep -q '^engine/field/zq.c: planted is not run$' <<<"$said"
verdict $? "a function that is not run is found"
said=$(grep -v ' engine/sakke/kms.c km_kms_public_widen$' $out/counts | complaints)
[ $? = 1 ] && grep -q ': engine/sakke/kms.c: there is no km_kms_public_widen$' <<<"$said"
verdict $? "a name too many is found"
complaints <$out/counts
verdict $? "$(grep -vc '^0 ' $out/counts) of $(wc -l <$out/counts) functions are run, the others named"
verdicts
