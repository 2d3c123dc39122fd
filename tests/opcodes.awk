# opcodes.awk -- reads allowed.txt and the disassembly of a kernel file, and complains of what could
# make its time or its addresses depend on a secret.  See opcodes.sh, which calls it with what knows the
# instructions of an architecture, opcodes_x86_64.awk or opcodes_aarch64.awk.
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
#   - the registers that belong to the caller (other letters, as it left them) and the stack pointer are
#     what they were when a function returns.
# What a function pushes or keeps on the stack keeps its kind until it is popped, read again or overwritten.
#
# The other file has: arguments (the kinds at an entry, a letter a register) and number (registers by name);
# tidy, a line of the disassembly without what is not looked at, "" for filling; take_apart, its operands; jumps,
# calls and aim, the ways, with may_go_on, may_return and when_called; check, which says what is wrong with an
# instruction; and act, which changes regs, depth and slots, and reads op, as an instruction does that goes on.

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
	for (r = 1; r <= length(arguments); r++)
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
# Of something kept on the stack: its kind; slots are the places below the entry's stack pointer.
function pushed(slots, at,    p) {
	p = index(slots, ";" at "=")
	return p ? substr(slots, p + length(at) + 2, 1) : "s"
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
	t = i in relocated ? relocated[i] : aim(i)
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

# Function f returns at i.
function leave(f, i, regs, depth,    k) {
	if (depth != 0)
		complaint[i] = "returns with a stack that is not as it was"
	for (k = 1; f !~ /:/ && k <= length(arguments); k++)
		if (kind(arguments, k) ~ /[0-9A-Z]/ && kind(regs, k) != kind(arguments, k))
			complaint[i] = "returns with a register that is not as it was"
	leave_function(f, regs)
}
# Function f calls at i.  What a function does is followed for each way of being called.
function enter(f, i, regs,    k, d) {
	k = target(i)
	if (k == "") {
		complaint[i] = "calls out of the file"
		return
	}
	d = k ":" regs
	if (index(callers[d] " ", " " f "|" i " ") == 0)
		callers[d] = callers[d] " " f "|" i
	arrive(d, k, regs, 0, "")
	come_back(f, i, d)
}

# One step: check instruction i of function f, and pass on what holds after it.
function step(f, i,    key, m, n) {
	key = f SUBSEP i
	regs = regs_at[key]
	depth = depth_at[key]
	slots = slots_at[key]
	from = i
	reached[i] = 1
	check(i, regs)
	m = mnemonic[i]
	n = take_apart(operands[i], op)
	if (m == "ret") {
		if (!may_return(f, n))
			complaint[i] = "returns with a register that is not as it was"
		leave(f, i, regs, depth)
		return
	}
	if (calls(m)) {
		enter(f, i, when_called(regs))
		return
	}
	if (jumps(m)) {
		arrive(f, target(i), regs, depth, slots)
		if (!may_go_on(m))
			return
	} else {
		act(m, n)
	}
	arrive(f, i + 1, regs, depth, slots)
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
	line = at = $0
	sub(/:.*/, "", at)
	gsub(/ /, "", at)
	sub(/^[^\t]*\t/, "", line)
	gsub(/\t/, " ", line)
	line = tidy(line)
	sub(/ +$/, "", line)
	if (line == "")
		next
	count++
	place["x" hex(at)] = count
	where[count] = symbol "+" count - entry[symbol]
	text[count] = mnemonic[count] = line
	sub(/ .*/, "", mnemonic[count])
	sub(/^[^ ]+ */, "", line)
	gsub(/, /, ",", line)
	operands[count] = line
	next
}
/R_X86_64_(PLT32|PC32)|R_AARCH64_(CALL26|JUMP26|CONDBR19)/ {
	relocation = $3
	sub(/[-+]0x[0-9a-f]+$/, "", relocation)
	if (calls(mnemonic[count]) || jumps(mnemonic[count]))
		relocated[count] = relocation
}

END {
	if (!count)
		complain(0, "nothing to look at")
	for (i = 1; i <= count; i++)
		if (jumps(mnemonic[i]) && target(i) != "")
			aimed_at[target(i)] = 1
		else if (calls(mnemonic[i]) && target(i) != "")
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
