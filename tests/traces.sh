#!/bin/bash
# traces.sh -- whether operations on several secrets leave the same trace of instructions and of addresses, by a plugin
# of qemu (tests/qemu/trace.c).  First it shows that a planted branch and a planted lookup are found, and that a branch
# in a function whose name ends in _var is left out.
# usage: tests/traces.sh PLUGIN SECRETS ARCH=PROGRAM...     PROGRAM: tests/traces.c, built for ARCH
# ONLY="rsk sign": these operations alone.
# Where traces differ, the first lines that do are shown, with the functions where they do.
# Ends in "N passed, N failed, N skipped"; exit 1 where one failed.
set -u
export LC_ALL=C

# qemu OUT PROGRAM...: with a trace to OUT, or without where it is -.
qemu() {
	local plugin=$PLUGIN,function=watched cpu=max

	[ "$1" = - ] || plugin+=,trace=$1
	[ "$arch" != aarch64 ] || cpu+=,pauth-impdef=on # signs return addresses by a cheap hash
	"qemu-$arch" -cpu $cpu -seed 1 -plugin "$plugin" "${@:2}"
}

# first_difference ROW OPERATION A B [PLANT]: of the traces of two secrets.
first_difference() {
	awk '
	BEGIN {
		while (1) {
			a = (getline x <"/dev/fd/5") > 0
			b = (getline y <"/dev/fd/6") > 0
			if (!a && !b)
				exit
			if (!a || !b || x != y)
				break
			before = x
		}
		print "\tafter " before "\n\teither " x "\n\tor " y
	}' 5< <(qemu /dev/fd/4 "$program" "$1" "$2" "$3" $(($3 + 1)) ${5:-} 4>&1 >/dev/null) \
		6< <(qemu /dev/fd/4 "$program" "$1" "$2" "$4" $(($4 + 1)) ${5:-} 4>&1 >/dev/null)
}

# same ROW OPERATION [PLANT]: says what was the same, or which two secrets were not.
same() {
	local lines

	lines=$(qemu - "$program" "$1" "$2" 0 "$SECRETS" ${3:-}) && awk -v want="$SECRETS" '
		$3 == NR - 1 && NF == 11 { n++ }
		NR == 1 { hash = $4; said = $5 " " $6 ", " $7 " " $8 }
		$4 != hash && !other { other = $3 }
		END {
			if (n != want || NR != n)
				exit 2
			print other ? other : said
			exit other > 0
		}' <<<"$lines"
}

# One for xargs: ARCH PROGRAM ROW OPERATION [PLANT].
if [ "${1:-}" = --one ]; then
	read -r arch program row operation plant <<<"$2"
	what="$arch $row $operation${plant:+, planted: $plant}"
	said=$(same "$row" "$operation" "$plant")
	case $?-$plant in
	0- | 0-var) echo "ok $what: $SECRETS traces are the same: $said" ;;
	1-branch | 1-lookup)
		shown=$(first_difference "$row" "$operation" 0 "$said" "$plant")
		if grep -q 'planted_' <<<"$shown"; then
			echo "ok $what: is found"
		else
			printf 'FAILED %s: is not where it is found:\n%s\n' "$what" "$shown"
		fi
		;;
	1-*)
		printf 'FAILED %s: traces of secrets 0 and %s differ:\n%s\n' "$what" "$said" \
			"$(first_difference "$row" "$operation" 0 "$said" "$plant")"
		;;
	0-*) echo "FAILED $what: is not found" ;;
	*) echo "FAILED $what: it did not run" ;;
	esac
	exit 0
fi

export PLUGIN=$1 SECRETS=$2
shift 2
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
skipped=0
for pair in "$@"; do
	arch=${pair%%=*} program=${pair#*=}
	if ! command -v "qemu-$arch" >/dev/null; then
		echo "[  SKIPPED ] traces of $arch: qemu-$arch is not installed"
		skipped=$((skipped + 1))
		continue
	fi
	for row in $(qemu - "$program" --rows); do
		# Lookups of an SSK's sums are fp's in every row.
		for plant in "rsk branch" "ssk lookup" "rsk var"; do
			echo "$arch $program $row $plant"
		done
		for operation in $(qemu - "$program" --operations); do
			[[ -z ${ONLY:-} || " $ONLY " = *" $operation "* ]] && echo "$arch $program $row $operation"
		done
	done >>"$out/list"
done
[ ! -s "$out/list" ] || xargs -d '\n' -P "$(nproc)" -n 1 bash "$0" --one <"$out/list" | tee "$out/said"
[ -e "$out/said" ] || : >"$out/said"
failed=$(grep -c ^FAILED "$out/said")
passed=$(grep -c ^ok "$out/said")
# Nothing looked at is no success, but where it was skipped.
[ "$((passed + failed))" = "$([ ! -e "$out/list" ] && echo 0 || wc -l <"$out/list")" ] || failed=$((failed + 1))
echo "# $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$((passed + skipped))" != 0 ]
