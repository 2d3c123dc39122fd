# opcodes_x86_64.awk -- what opcodes.awk has to know of the instructions of x86-64, as objdump -M intel writes them.
#
# The registers that belong to the caller are BP2345: rbx, rbp, r12 to r15.

# The kind of an address, "" where there is a vector or a segment in it.
function address_kind(op, regs,    inner, n, part, k, out) {
	if (op ~ /[a-z]s:/)
		return ""
	inner = op
	sub(/^[^[]*\[/, "", inner)
	sub(/\].*$/, "", inner)
	n = split(inner, part, /[-+*]/)
	out = "p"
	for (k = 1; k <= n; k++) {
		if (part[k] == "rip" || constant(part[k]))
			continue
		if (!register(part[k]))
			return ""
		out = worse(out, kind(regs, register(part[k])))
	}
	return out
}
# Of something pushed that [rsp + n] is: where it lies below the entry's stack pointer, else "".
function slot_of(op, depth,    inner) {
	if (depth == "?" || op !~ /\[rsp(\+0x[0-9a-f]+)?\]/)
		return ""
	inner = op
	sub(/^.*\[rsp\+?/, "", inner)
	sub(/\].*$/, "", inner)
	return depth - (inner == "" ? 0 : hex(inner))
}
function source_kind(op, regs, depth, slots) {
	if (op ~ /\[rip/ || constant(op))
		return "p"
	if (op ~ /\[/)
		return pushed(slots, slot_of(op, depth))
	return register(op) ? kind(regs, register(op)) : "s"
}

# Of a branch, a call: the operand that says where to.
function aim(i) {
	return operands[i]
}
function jumps(m) {
	return m ~ /^j/
}
function calls(m) {
	return m == "call"
}
function take_apart(line, op) {
	return split(line, op, ",")
}
function may_go_on(m) {
	return m != "jmp"
}
function may_return(f, n) {
	return 1
}
function when_called(regs) {
	return regs
}
function tidy(line) {
	sub(/ *#.*/, "", line)
	if (line ~ /(^| )nop( |$)|^xchg +ax,ax$|^data16$|^int3$/)
		return "" # filling
	gsub(/(BYTE|[A-Z]*WORD) (PTR|BCST) /, "", line)
	return line
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
		if (op[k] !~ /\[/)
			continue
		a = address_kind(op[k], regs)
		if (a == "")
			complaint[i] = "an address of another kind"
		else if (a != "p")
			complaint[i] = "a secret address"
		if (k == 1 && op[k] ~ /\{k[0-7]\}/)
			complaint[i] = "a store under a mask"
	}
	if (m ~ /^j/ && m != "jmp" && !decides(i - 1, m, regs))
		complaint[i] = "a branch on what may be secret"
}
# Whether instruction i sets the flags for a branch from public values.  regs: what holds after it.
function decides(i, branch, regs,    op, n, k) {
	if (mnemonic[i] !~ /^(dec|inc|sub|add|cmp|test)$/)
		return 0
	if (mnemonic[i] ~ /^(dec|inc)$/ && branch !~ /^jn?e$/)
		return 0 # the carry is an older one
	n = take_apart(operands[i], op)
	for (k = 1; k <= n; k++)
		if (op[k] ~ /\[/ || source_kind(op[k], regs, "?", "") != "p")
			return 0
	return !(i + 1 in aimed_at)
}

# What an instruction does that goes on: see opcodes.awk.
function act(m, n,    d, k, out) {
	if (m == "push") {
		depth = depth == "?" ? "?" : depth + 8
		slots = slots ";" depth "=" source_kind(op[1], regs, "?", "")
	} else if (m == "pop") {
		regs = with(regs, register(op[1]), depth == "?" ? "s" : pushed(slots, depth))
		sub(";" depth "=[0-9a-zA-Z]", "", slots)
		depth = depth == "?" ? "?" : depth - 8
	} else if (m == "leave") { # only at the end of a frame that push rbp began
		regs = with(regs, number["rbp"], pushed(slots, 8))
		depth = 0
		slots = ""
	} else if (op[1] == "rsp") {
		if (m == "sub" && constant(op[2]) && depth != "?")
			depth += hex(op[2])
		else if (m == "add" && constant(op[2]) && depth != "?")
			depth -= hex(op[2])
		else if (m != "cmp")
			depth = "?"
		if (n > 1 && source_kind(op[2], regs, "?", "") != "p")
			regs = with(regs, number["rsp"], "s")
	} else if (m == "mulx") {
		out = worse(kind(regs, number["rdx"]), source_kind(op[3], regs, depth, slots))
		regs = with(with(regs, register(op[1]), out), register(op[2]), out)
	} else if (m == "mul" || (m == "imul" && n == 1)) {
		regs = with(with(regs, number["rax"], "s"), number["rdx"], "s")
	} else if ((d = register(op[1])) && m !~ /^(cmp|test|bt|prefetch.*)$/) {
		if (m == "lea")
			out = address_kind(op[2], regs)
		else if (m ~ /^(mov|movabs|movzx)$/)
			out = source_kind(op[2], regs, depth, slots)
		else if (m ~ /^(xor|sub)$/ && op[1] == op[2])
			out = "p"
		else if (m ~ /^(add|sub|inc|dec|neg|not|and|or|xor|shl|shr|sar|imul)$/) {
			out = kind(regs, d)
			for (k = 2; k <= n; k++)
				out = worse(out, source_kind(op[k], regs, depth, slots))
		} else
			out = "s" # flags, masks and vectors
		if (out != "p" && (m != "mov" || op[1] !~ /^r(..|1[0-5])$/))
			out = "s"
		regs = with(regs, d, out)
	} else if (m == "mov" && op[1] ~ /\[rsp/) {
		k = slot_of(op[1], depth)
		if (k != "" && sub(";" k "=[0-9a-zA-Z]", "", slots))
			slots = slots ";" k "=" source_kind(op[2], regs, depth, slots)
	}
}

BEGIN {
	n = split("rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15", name, " ")
	for (r = 1; r <= n; r++) {
		number[name[r]] = r
		if (name[r] ~ /^r[0-9]/) {
			number[name[r] "d"] = number[name[r] "w"] = number[name[r] "b"] = r
		} else {
			short = substr(name[r], 2)
			number["e" short] = number[short] = r
			number[short ~ /x$/ ? substr(short, 1, 1) "l" : short "l"] = r
		}
	}
	# in the order of the names
	arguments = "sppBpPppppss2345"
}
