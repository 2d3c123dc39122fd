# instructions.awk -- the table of instructions.sh: what was counted, beside row c, the targets and the peers.
# usage: awk -f bench/instructions.awk bench/instructions.txt COUNTED      lines of ARCH ROW NAME BATCH INSTRUCTIONS
function put(x) {
	if (x == "" || x == "-") printf " %9s", ""
	else printf " %9.0f", x
}
function verdict(got, most, stretch) {
	if (most == "" || most == "-") return ""
	if (got <= stretch) return "stretch reached"
	return got <= most ? "reached" : sprintf("not reached: %.2f of it", got / most)
}
/^#/ { next }
NR == FNR {
	most[$1, $2] = $3
	stretch[$1, $2] = $4
	best[$1, $2] = $5
	of[$1, $2] = $6 == "-" ? "" : $6
	next
}
{
	line[++n] = $0
	if ($2 == "c") c[$1, $3, $4] = $5
}
END {
	printf "%-8s %-4s %-14s %5s %12s %5s %9s %9s %9s\n", "arch", "row", "operation", "at a", "instructions",
		"of c", "at most", "stretch", "best peer"
	for (i = 1; i <= n; i++) {
		$0 = line[i]
		printf "%-8s %-4s %-14s %5d %12.0f", $1, $2, $3, $4, $5
		beside = c[$1, $3, $4]
		if ($2 != "c" && beside) printf " %5.2f", $5 / beside
		if ($2 == "a64") {
			put(most[$3, $4])
			put(stretch[$3, $4])
			put(best[$3, $4])
			printf " %-10s  %s", of[$3, $4], verdict($5, most[$3, $4], stretch[$3, $4])
		}
		print ""
	}
}
