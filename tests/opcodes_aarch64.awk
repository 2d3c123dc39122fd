# opcodes_aarch64.awk -- what opcodes.awk has to know of the instructions of AArch64, as objdump writes them.
#
# The registers that belong to the caller are A to L, x19 to x30, and 0 to 7, the low halves of v8 to v15; x30 within a
# part of others is R, until that returns by it.  x18 is the platform's: it is not touched.

# The operands of an instruction: what is in brackets or braces is one.
function take_apart(line, op,    n, c, k, depth) {
	n = 1
	op[1] = ""
	for (k = 1; k <= length(line); k++) {
		c = substr(line, k, 1)
		if (c ~ /[[{]/)
			depth++
		else if (c ~ /[]}]/)
			depth--
		if (c == "," && !depth)
			op[++n] = ""
		else
			op[n] = op[n] c
	}
	return line == "" ? 0 : n
}
function aim(i,    op, n) {
	n = take_apart(operands[i], op)
	return op[n]
}
function jumps(m) {
	return m ~ /^(b|b\..*|cbz|cbnz|tbz|tbnz|br)$/
}
function calls(m) {
	return m == "bl" || m == "blr"
}
# After this jump, does the next instruction come?
function may_go_on(m) {
	return m !~ /^br?$/
}
# ret with a register is another way; a part of others returns by what it was called with.
function may_return(f, n) {
	return !n && (f !~ /:/ || kind(regs, number["x30"]) == "R")
}
function when_called(regs) {
	return with(regs, number["x30"], "R")
}
function tidy(line) {
	sub(/ *\/\/.*/, "", line)
	return line == "nop" || line ~ /^(udf|\.inst)/ ? "" : line
}

# A number as an operand, #16 or 16; "" for anything else.
function number_of(s) {
	sub(/^#/, "", s)
	return constant(s) ? (s ~ /x/ ? hex(s) : s + 0) : ""
}
function is_memory(op) {
	return op ~ /^\[/
}
# Of [x0], [x0,#16]!, [x0,x1,lsl #3]: the parts; the number of them, 0 where one is a vector.
function address(op, part,    n, k) {
	gsub(/[][!]/, "", op)
	n = split(op, part, ",")
	for (k = 1; k <= n; k++)
		if (number_of(part[k]) == "" && part[k] !~ /^(lsl|sxtw|uxtw)/ && !(part[k] ~ /^[xws]/ && register(part[k])))
			return 0
	return n
}
function address_kind(op, regs,    part, n, k, out) {
	n = address(op, part)
	if (!n)
		return ""
	out = "p"
	for (k = 1; k <= n; k++)
		if (register(part[k]))
			out = worse(out, kind(regs, register(part[k])))
	return out
}
function source_kind(op, regs) {
	if (number_of(op) != "" || op ~ /^(lsl|lsr|asr|ror|sxtw|uxtw)/)
		return "p"
	return op ~ /^(x|w|sp)/ && register(op) ? kind(regs, register(op)) : "s"
}
# Whether instruction i sets the flags for a branch from public values.
function decides(i, regs,    op, n, k) {
	if (mnemonic[i] !~ /^(subs|adds|cmp|cmn|tst|ands)$/ || i + 1 in aimed_at)
		return 0
	n = take_apart(operands[i], op)
	for (k = 1; k <= n; k++)
		if (source_kind(op[k], regs) != "p")
			return 0
	return 1
}

# Everything about one instruction that is checked; complaints once a place.
function check(i, regs,    m, n, op, k, a) {
	m = mnemonic[i]
	if (!(m in allowed)) {
		complaint[i] = "not an allowed instruction"
		return
	}
	n = take_apart(operands[i], op)
	for (k = 1; k <= n; k++) {
		if (op[k] ~ /^[xw]18$/)
			complaint[i] = "the platform's register"
		if (!is_memory(op[k]))
			continue
		a = address_kind(op[k], regs)
		if (a == "")
			complaint[i] = "an address of another kind"
		else if (a != "p")
			complaint[i] = "a secret address"
	}
	if (m ~ /^(b\..*|bc\..*)$/ && !decides(i - 1, regs) ||
	    m ~ /^(cbz|cbnz|tbz|tbnz)$/ && source_kind(op[1], regs) != "p")
		complaint[i] = "a branch on what may be secret"
}

# Octets that a register holds, as an operand of a load or a store.
function width(op) {
	return op ~ /^[xd]/ ? 8 : op ~ /^[ws]/ ? 4 : 16
}
# The places from at, so many octets, hold something else now: one with a kind, if they are one.
function overwritten(slots, at, octets, k,    one, n, j, place, keep) {
	n = split(slots, one, ";")
	for (j = 2; j <= n; j++) {
		place = one[j]
		sub(/=.*/, "", place)
		place += 0
		if (place + 8 <= at || place >= at + octets)
			keep = keep ";" one[j]
	}
	return octets == 8 ? keep ";" at "=" k : keep
}
# Loads and stores of registers, single and in pairs.  Addresses on the stack are octets above the entry's stack
# pointer, so below 0.
function moves_memory(m, n,    k, mem, part, parts, at, r, is_load) {
	is_load = m ~ /^ld/
	for (mem = 1; mem <= n && !is_memory(op[mem]); mem++)
		;
	parts = address(op[mem], part)
	at = "?"
	if (part[1] == "sp" && depth != "?") {
		at = -depth
		if (parts == 2 && number_of(part[2]) != "" && (op[mem] ~ /!$/ || mem == n))
			at += number_of(part[2])
		else if (parts > 1 && number_of(part[2]) == "")
			at = "?"
		if (op[mem] ~ /!$/)
			depth = -at
		else if (mem < n)
			depth -= number_of(op[n])
	} else if (part[1] == "sp" && (op[mem] ~ /!$/ || mem < n))
		depth = "?"
	for (k = 1; k < mem; k++) {
		r = register(op[k])
		if (is_load && r)
			regs = with(regs, r, at != "?" && width(op[k]) == 8 ? pushed(slots, at) : "s")
		else if (is_load && op[k] ~ /^{/)
			regs = lost(regs, op[k])
		else if (!is_load && at != "?")
			slots = overwritten(slots, at, width(op[k]), r ? kind(regs, r) : "s")
		if (at != "?")
			at += width(op[k])
	}
}
# After a load of {v8.2d,v9.2d} or {v8.2d-v11.2d}.
function lost(regs, list,    k) {
	for (k = 8; k < 16; k++)
		if (list ~ "v" k "\\." || list ~ /-/)
			regs = with(regs, number["d" k], "s")
	return regs
}

# What an instruction does that goes on: see opcodes.awk.
function act(m, n,    d, k, out) {
	if (m ~ /^(ld|st)/) {
		moves_memory(m, n)
	} else if (op[1] == "sp") {
		d = n > 2 ? number_of(op[3]) : ""
		if (n == 4)
			d = op[4] == "lsl #12" ? 4096 * d : ""
		if (m !~ /^(add|sub)$/ || op[2] != "sp" || d == "" || depth == "?")
			depth = "?"
		else
			depth += m == "sub" ? d : -d
	} else if (m == "fmov" && op[1] == op[2]) {
		; # the low half is as it was
	} else if ((d = register(op[1])) && m !~ /^(cmp|cmn|tst|prfm)$/) {
		if (m ~ /^(mov|movz|movn|movk|add|sub|adds|subs|and|ands|orr|eor|bic|lsl|lsr|asr|neg|mvn|mul|madd|adr|adrp)$/) {
			out = m == "movk" ? kind(regs, d) : "p"
			for (k = 2; k <= n; k++)
				out = m ~ /^adrp?$/ ? "p" : k == 2 && m == "mov" ? source_kind(op[k], regs) : worse(out, source_kind(op[k], regs))
		} else
			out = "s" # carries, flags and vectors
		if (out != "p" && !(m == "mov" && op[1] ~ /^x/ && op[2] ~ /^x/))
			out = "s"
		if (d != number["xzr"])
			regs = with(regs, d, out)
	}
}

BEGIN {
	for (r = 0; r <= 30; r++)
		number["x" r] = number["w" r] = r + 1
	number["sp"] = 32
	for (r = 8; r < 16; r++) {
		number["d" r] = number["q" r] = number["s" r] = 33 + r - 8
		n = split("2d 4s 8h 16b 1d 2s 4h 8b", shape, " ")
		for (k = 1; k <= n; k++)
			number["v" r "." shape[k]] = 33 + r - 8
		n = split("d s h b", shape, " ")
		for (k = 1; k <= n; k++)
			for (lane = 0; lane < 16; lane++)
				number["v" r "." shape[k] "[" lane "]"] = 33 + r - 8
	}
	number["xzr"] = number["wzr"] = 41 # public, whatever is written
	# x0 to x7, to x17, x18, x19 to x30, sp, v8 to v15, xzr
	arguments = "pppppppp" "ssssssssss" "s" "ABCDEFGHIJKL" "p" "01234567" "p"
}
