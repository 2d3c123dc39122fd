#!/bin/bash
# steps_places.sh -- the instructions of the engine in a program, for faults at single ones (steps.c).
# usage: tests/steps_places.sh program program.map >places
# From the linker's map, which octets came from the engine's objects; from objdump, where instructions begin.
# A line F names a function, its file, and whether it is a kernel; each line I under it is an instruction:
# its place, its length, what it does, and an operand.
#   c  a call             j TO  a conditional jump     b  any other transfer
#   s OPERAND  writes to memory, as far as the operand tells        o  all else
set -euo pipefail
program=$1 map=$2

# Sections of code of the engine's objects: start, octets, file.  A long name has a line of its own.
sections() {
	awk '$1 ~ /^\.text/ && NF == 1 { getline rest; $0 = $0 " " rest }
		$1 ~ /^\.text/ && $4 ~ /\/(engine|asm)\/.*\.o$/ && $3 != "0x0" {
			file = $4; sub(/^build\/[^\/]*\//, "", file); sub(/\.o$/, "", file)
			print substr($2, 3), substr($3, 3), file }' "$map"
}

awk '
	function hex(s,  v, i) {
		v = 0
		for (i = 1; i <= length(s); i++)
			v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
		return v
	}
	# The section of a place; places come in order, and so do sections.
	function file_of(at) {
		while (now <= n && at >= last[now])
			now++
		return now <= n && at >= first[now] ? file[now] : ""
	}
	# The last operand, where it is memory and is written to.
	function written(text,  mnemonic, operand) {
		mnemonic = text
		sub(/^((rep|repz|repnz|lock|data16|notrack|bnd|cs) )*/, "", mnemonic)
		operand = mnemonic
		sub(/ .*/, "", mnemonic)
		if (mnemonic ~ /^push/)
			return "-0x8(%rsp)"
		if (mnemonic ~ /^(cmp|test|bt[bwlq]?$|nop|lea|prefetch|mul|imul|div|idiv|call|jmp|j|ud)/)
			return ""
		sub(/\{%k[0-7]\}(\{z\})?$/, "", operand)
		if (operand !~ /\(%[a-z0-9,%]*\)$/)
			return ""
		match(operand, /-?(0x[0-9a-f]+)?\([^()]*\)$/)
		return substr(operand, RSTART, RLENGTH)
	}
	FNR == NR {
		n++
		first[n] = hex($1); last[n] = first[n] + hex($2); file[n] = $3
		next
	}
	FNR == 1 { now = 1 }
	/^[0-9a-f]+ <.*>:$/ {
		name = $2
		gsub(/[<>:]/, "", name)
		of = file_of(hex($1))
		if (of != "")
			print "F", name, of, of ~ /^asm\// ? 1 : 0
		next
	}
	of != "" && /^ *[0-9a-f]+:\t/ {
		split($0, part, "\t")
		at = part[1]; gsub(/[ :]/, "", at)
		octets = gsub(/[0-9a-f][0-9a-f] */, "", part[2])
		text = part[3]; sub(/ *(#|<).*$/, "", text); gsub(/  +/, " ", text); sub(/ $/, "", text)
		kind = "o"; operand = ""
		if (text ~ /^((notrack|bnd|data16) )*call/)
			kind = "c"
		else if (text ~ /^((notrack|bnd|data16) )*(jmp|ret|leaveret|hlt|ud2|int3)/)
			kind = "b"
		else if (text ~ /^(bnd )?j/) {
			kind = "j"
			operand = text; sub(/^.* /, "", operand)
		} else if ((operand = written(text)) != "")
			kind = "s"
		print "I", at, octets, kind, operand
	}
' <(sections | sort) <(objdump -d --insn-width=16 "$program")
