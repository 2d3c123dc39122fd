# opcodes.awk -- reads allowed.txt and the disassembly of a kernel file, and complains of what could
# make its time or its addresses depend on a secret.  See opcodes.sh, which calls it.
#
# Every way through the file is followed, with what each general register holds at each place: public
# (p) or secret (s).  Public are, at the entry of a function, the stack pointer and the registers of
# arguments, but for those that allowed.txt calls secret; constants of the file; and what is computed
# from public values alone.  Everything that is loaded, and all that vector and mask registers and
# flags hold, is secret.  Then
#   - every instruction is in the list, and is reached;
#   - an address is made of public registers and a constant, never of a vector (gather, scatter);
#   - a branch follows the comparison or the counting of public values that decides it;
#   - calls and jumps go to places in the file, and returns nowhere else than to them;
#   - nothing is stored under a mask: what is masked away may take no time (a load is made in full).
#   - the registers that belong to the caller (BP2345: rbx, rbp, r12 to r15, as it left them) and the
#     stack pointer are what they were when a function returns.
# What a function pushes keeps its kind until it is popped or read again.

function complain(i, why) {
	if (++bad <= 10)
		print file ": " where[i] ": " text[i] ": " why
}
function register(name) {
	return name in number ? number[name] : 0
}
function kind(regs, r) {
	return substr(regs, r, 1)
}
function with(regs, r, k) {
	return substr(regs, 1, r - 1) k substr(regs, r + 1)
}
# Of what is made from two, or may be either.
function worse(a, b) {
	return a == b ? a : "s"
}
function worse_all(a, b,    r, out) {
	if (a == b)
		return a
	for (r = 1; r <= 16; r++)
		out = out worse(kind(a, r), kind(b, r))
	return out
}
function constant(s) {
	return s ~ /^-?(0x)?[0-9a-f]+$/
}
function hex(s,    n, k, minus) {
	minus = sub(/^-/, "", s)
	sub(/^0x/, "", s)
	for (k = 1; k <= length(s); k++)
		n = n * 16 + index("0123456789abcdef", substr(s, k, 1)) - 1
	return minus ? -n : n
}
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
function pushed(slots, at,    p) {
	p = index(slots, ";" at "=")
	return p ? substr(slots, p + length(at) + 2, 1) : "s"
}
function source_kind(op, regs, depth, slots) {
	if (op ~ /\[rip/ || constant(op))
		return "p"
	if (op ~ /\[/)
		return pushed(slots, slot_of(op, depth))
	return register(op) ? kind(regs, register(op)) : "s"
}

# What is known at instruction i when it is reached within function f; queues it where that is new.
function arrive(f, i, regs, depth, slots,    key, was, one, n, k, keep) {
	if (i == "" || !(i in text)) {
		complain(from, "leads out of the file")
		return
	}
	key = f SUBSEP i
	if (key in regs_at) {
		was = regs_at[key] depth_at[key] slots_at[key]
		regs_at[key] = worse_all(regs_at[key], regs)
		if (depth_at[key] != depth)
			depth_at[key] = "?"
		n = split(slots_at[key], one, ";")
		for (k = 2; k <= n; k++)
			if (index(slots ";", ";" one[k] ";"))
				keep = keep ";" one[k]
		slots_at[key] = keep
		if (was == regs_at[key] depth_at[key] slots_at[key])
			return
	} else {
		regs_at[key] = regs
		depth_at[key] = depth
		slots_at[key] = slots
	}
	if (!(key in queued)) {
		queued[key] = 1
		queue[last++] = key
	}
}
function target(i,    t) {
	t = i in relocated ? relocated[i] : operands[i]
	sub(/ .*$/, "", t)
	if (t in entry)
		return entry[t]
	return constant(t) ? place["x" hex(t)] : ""
}
# The caller g goes on after its call at i, once it is known how f returns.  A function is named by
# its first instruction and, where it was called from within the file, by what registers held then.
function come_back(g, i, f,    key) {
	key = g SUBSEP i
	if (f in regs_out)
		arrive(g, i + 1, regs_out[f], depth_at[key], slots_at[key])
}
function leave_function(f, regs,    n, k, caller, part) {
	if (f in regs_out)
		regs = worse_all(regs_out[f], regs)
	if (regs_out[f] == regs)
		return
	regs_out[f] = regs
	n = split(callers[f], caller, " ")
	for (k = 1; k <= n; k++) {
		split(caller[k], part, "|")
		come_back(part[1], part[2] + 0, f)
	}
}

# Everything about one instruction that is checked; complaints once a place.
function check(i, regs,    m, n, op, k, a) {
	m = mnemonic[i]
	if (!(m in allowed)) {
		complaint[i] = "not an allowed instruction"
		return
	}
	n = split(operands[i], op, ",")
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
	n = split(operands[i], op, ",")
	for (k = 1; k <= n; k++)
		if (op[k] ~ /\[/ || source_kind(op[k], regs, "?", "") != "p")
			return 0
	return !(i + 1 in aimed_at)
}

# One step: check instruction i of function f, and pass on what holds after it.
function step(f, i,    key, regs, depth, slots, m, n, op, d, k, out) {
	key = f SUBSEP i
	regs = regs_at[key]
	depth = depth_at[key]
	slots = slots_at[key]
	from = i
	reached[i] = 1
	check(i, regs)
	m = mnemonic[i]
	n = split(operands[i], op, ",")
	if (m == "ret") {
		if (depth != 0)
			complaint[i] = "returns with a stack that is not as it was"
		for (k = 1; f !~ /:/ && k <= 16; k++)
			if (kind(arguments, k) ~ /[0-9A-Z]/ && kind(regs, k) != kind(arguments, k))
				complaint[i] = "returns with a register that is not as it was"
		leave_function(f, regs)
		return
	}
	if (m == "call") {
		k = target(i)
		if (k == "") {
			complaint[i] = "calls out of the file"
			return
		}
		d = k ":" regs # what a function does is followed for each way of being called
		if (index(callers[d] " ", " " f "|" i " ") == 0)
			callers[d] = callers[d] " " f "|" i
		arrive(d, k, regs, 0, "")
		come_back(f, i, d)
		return
	}
	if (m ~ /^j/) {
		arrive(f, target(i), regs, depth, slots)
		if (m == "jmp")
			return
	} else if (m == "push") {
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
	arrive(f, i + 1, regs, depth, slots)
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

# allowed.txt
FNR == NR {
	if ($1 == "secret")
		for (k = 3; k <= NF; k++)
			hidden[$2] = hidden[$2] " " $k
	else if ($1 !~ /^#/)
		for (k = 1; k <= NF; k++)
			allowed[$k] = 1
	next
}
# the disassembly
/^[0-9a-f]+ <.*>:$/ {
	symbol = $2
	gsub(/[<>:]/, "", symbol)
	entry[symbol] = count + 1
	next
}
/^ *[0-9a-f]+:\t/ {
	line = $0
	at = line
	sub(/:.*/, "", at)
	gsub(/ /, "", at)
	sub(/^[^\t]*\t/, "", line)
	sub(/ *#.*/, "", line)
	sub(/ +$/, "", line)
	if (line ~ /(^| )nop( |$)|^xchg +ax,ax$|^data16$|^int3$/)
		next # filling
	count++
	place["x" hex(at)] = count
	where[count] = symbol "+" count - entry[symbol]
	text[count] = line
	mnemonic[count] = line
	sub(/ .*/, "", mnemonic[count])
	sub(/^[^ ]+ */, "", line)
	gsub(/(BYTE|[A-Z]*WORD) (PTR|BCST) /, "", line)
	gsub(/, /, ",", line)
	operands[count] = line
	next
}
/R_X86_64_(PLT32|PC32)/ {
	relocation = $3
	sub(/[-+]0x[0-9a-f]+$/, "", relocation)
	if (mnemonic[count] == "call" || mnemonic[count] ~ /^j/)
		relocated[count] = relocation
}

END {
	if (!count)
		complain(0, "nothing to look at")
	for (i = 1; i <= count; i++)
		if (mnemonic[i] ~ /^j/ && target(i) != "")
			aimed_at[target(i)] = 1
		else if (mnemonic[i] == "call" && target(i) != "")
			called[target(i)] = 1
	for (symbol in entry) {
		i = entry[symbol]
		if (i in called)
			continue # a part of others
		regs = arguments
		n = split(hidden[symbol], op, " ")
		for (k = 1; k <= n; k++)
			regs = with(regs, number[op[k]], "s")
		arrive(i, i, regs, 0, "")
	}
	for (first = 0; first < last; first++) {
		key = queue[first]
		delete queued[key]
		split(key, part, SUBSEP)
		step(part[1], part[2] + 0)
	}
	for (i = 1; i <= count; i++)
		if (i in complaint)
			complain(i, complaint[i])
		else if (!(i in reached))
			complain(i, "never reached")
	if (!bad)
		print file ": " count " instructions"
	else if (bad > 10)
		print file ": and " bad - 10 " more"
	exit bad > 0
}
