# trace.awk -- what a kernel executes, one instruction a line: calls are followed, counted loops are run.
# usage: objdump -d --no-show-raw-insn -M att FILE.o | awk -v name=FUNCTION -f trace.awk
# A kernel has no other branch than that of a loop whose counter is loaded and decremented; exit 1 where
# this one has, or where there is no such function.  Calls, jumps and returns are left out.

function hex(s,    n, i) {
	for (i = 1; i <= length(s); i++)
		n = 16 * n + index("0123456789abcdef", substr(s, i, 1)) - 1
	return n
}

/^[0-9a-f]+ <.*>:$/ {
	entry[substr($2, 2, length($2) - 3)] = n + 1
}
/^ *[0-9a-f]+:\t/ {
	line = $0
	sub(/ *#.*/, "", line)
	n++
	match(line, /[0-9a-f]+:\t/)
	at[substr(line, RSTART, RLENGTH - 2)] = n
	callee = line
	sub(/.*</, "", callee)
	sub(/>.*/, "", callee)
	called[n] = callee
	sub(/ *<.*/, "", line)
	sub(/^ *[0-9a-f]+:\t/, "", line)
	text[n] = line
}

function fail(why) {
	print "trace.awk: " name ": " why >"/dev/stderr"
	failed = 1
	exit 1
}

END {
	if (failed || !entry[name])
		fail("no such function")
	for (i = entry[name]; i; i++) {
		split(text[i], word, /[ ,]+/)
		if (word[1] == "call") {
			back[++depth] = i
			i = entry[called[i]] - 1
		} else if (word[1] == "ret") {
			if (!depth)
				exit
			i = back[depth--]
		} else if (word[1] == "jne" && (counter in count)) {
			if (count[counter])
				i = at[word[2]] - 1
		} else if (word[1] ~ /^j/) {
			fail("a branch that is of no counted loop")
		} else if (word[1] != "endbr64") {
			print text[i]
		}
		if (word[1] == "mov" && word[2] ~ /^\$0x/)
			count[word[3]] = hex(substr(word[2], 4))
		counter = ""
		if (word[1] == "dec") {
			counter = word[2]
			count[counter]--
		}
	}
}
