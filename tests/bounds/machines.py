"""machines.py -- the instructions of the scalar kernels of asm/, on the sums of symbols of words.py."""
import re

from sums import add, times
from walk import Complaint, placed
from words import Words, const, number

ONES = (1 << 64) - 1
POINTERS = [("r", 0), ("a", 0), ("b", 0)]     # what a kernel is given


class Machine(Words):
    """What both have: registers, memory in limbs, and the way from a function's entry to its return."""

    def __init__(self, code, constants, modulus, cases):
        super().__init__(modulus, cases)
        self.code, self.constants = code, constants
        self.registers, self.memory, self.back = {}, {}, []
        self.flags = {}

    def get(self, name):
        if name not in self.registers:
            raise Complaint("reads %s, which was not written" % name)
        v = self.registers[name]
        return self.now(v) if isinstance(v, dict) else v

    def load(self, place):
        name, at = place
        if at % 8:
            raise Complaint("an address that is no limb's")
        if place in self.memory:
            v = self.memory[place]
            return self.now(v) if isinstance(v, dict) else v
        if name in self.constants and at // 8 < len(self.constants[name]):
            return const(self.constants[name][at // 8])
        raise Complaint("reads what was not written: %s, %d" % place)

    def store(self, place, v):
        if place[0] in self.constants:
            raise Complaint("writes a constant")
        self.memory[place] = v

    def set_flag(self, name, v):
        """A carry that nothing has read is lost: it has to be one number."""
        old = self.flags.get(name)
        if old is not None and not old[1]:
            for m in old[0]:
                for s in m:
                    self.settle(s)
        self.flags[name] = (v, False)

    def flag(self, name):
        v = self.flags.get(name)
        if v is None:
            raise Complaint("reads a flag that was not written")
        self.flags[name] = (v[0], True)
        return self.now(v[0])

    def joined(self, x, y, n):
        """Bits n to n + 63 of x, y above one another."""
        up = const(1 << 64 - n)
        return self.split(add(dict(self.product(x, up)[0]), self.product(y, up)[1]), True)[0]

    def masked(self, x, y):
        if number(x) is not None:
            x, y = y, x
        if number(y) is None:
            for t in (y, x):
                if self.is_mask(t):
                    y, x = const(self.decided(t) % (1 << 64)), x if t is y else y
                    break
            else:
                raise Complaint("bits of two values are mixed")
        n = number(y)
        if n == 0:
            return {}
        if n == ONES:
            return x
        if number(x) is not None:
            return const(number(x) & n)
        if self.is_mask(x):
            return const(self.decided(x) & n)
        raise Complaint("a mask that is not all ones")

    def is_mask(self, t):
        """All ones or 0, or a small sum that is."""
        if number(t) is not None:
            return True
        if all(abs(f) == ONES or m == () for m, f in t.items()):
            return True
        (m, f), = list(t.items())[:1]
        e = self.symbols[m[0]].exact if len(t) == 1 and len(m) == 1 and f == 1 else None
        if e is None:
            return False
        low, high = self.plain(self.now(e))
        return high - low < 4

    def turned(self, x, y):
        """Exclusive or with a mask."""
        for a, b in ((x, y), (y, x)):
            if self.is_mask(b):
                n = self.decided(b)
                return a if n == 0 else add(const(ONES), a, -1) if n == ONES else self.wrong()
        return self.wrong()

    def wrong(self):
        raise Complaint("bits of two values are mixed")

    def run(self, entry):
        at = self.code.entry[entry]
        while True:
            line = self.code.lines[at]
            self.where, m, op = line
            at += 1
            try:
                if m == "ret" and not self.back:
                    for name in list(self.flags):
                        self.set_flag(name, {})
                    return
                at = self.step(m, op, at)
            except Complaint as e:
                raise placed(line, e) from None


class X86(Machine):
    """Flags: c, o, and z, the sum that was compared with 0."""
    WIDE = {n: "r" + n[-2:] for n in ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp")}
    WIDE.update({"r%dd" % i: "r%d" % i for i in range(8, 16)})
    WIDE.update({"al": "rax"})
    CARRY = {"cmovb": 1, "cmovc": 1, "cmovae": 0, "cmovnc": 0}

    def __init__(self, code, constants, modulus, cases):
        super().__init__(code, constants, modulus, cases)
        self.registers["rsp"] = ("stack", 0)
        for r, v in zip(("rdi", "rsi", "rdx"), POINTERS):
            self.registers[r] = v
        for r in ("rax", "rbx", "rbp", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"):
            self.registers[r] = ("caller's " + r, 0)

    def place(self, text):
        m = re.match(r"\w* ?\[(\w+)(?:([+-])0x([0-9a-f]+))?\]$", text)
        base = self.registers.get(m and m.group(1))
        if not isinstance(base, tuple):
            raise Complaint("an address of another kind: " + text)
        return base[0], base[1] + (int(m.group(3), 16) * (1 if m.group(2) == "+" else -1) if m.group(3) else 0)

    def read(self, op):
        if "[" in op:
            return self.load(self.place(op))
        if re.match(r"0x|\d", op):
            return const(int(op, 16))
        return self.get(self.WIDE.get(op, op))

    def write(self, op, v):
        if "[" in op:
            self.store(self.place(op), v)
        else:
            self.registers[self.WIDE.get(op, op)] = v

    def words(self, *ops):
        out = [self.read(op) for op in ops]
        if not all(isinstance(v, dict) for v in out):
            raise Complaint("an address is reckoned with")
        return out

    def step(self, m, op, at):
        if m in ("mov", "movabs", "movzx"):
            self.write(op[0], self.read(op[1]))
        elif m in ("add", "sub", "lea") and (m == "lea" or isinstance(self.read(op[0]), tuple)):
            self.address(m, op)
        elif m in ("add", "adc", "adcx", "adox"):
            x, y = self.words(*op)
            name = "o" if m == "adox" else "c"
            exact = add(add(dict(x), y), self.flag(name) if m != "add" else {})
            self.result(op[0], exact, name, 1, m)
        elif m in ("sub", "sbb"):
            if m == "sbb" and op[0] == op[1]:
                x = y = {}
            else:
                x, y = self.words(*op)
            exact = add(add(dict(x), y, -1), self.flag("c") if m != "sub" else {}, -1)
            self.result(op[0], exact, "c", -1, m)
        elif m == "mulx":
            x, y = self.words(op[2], "rdx")
            low, high = self.product(x, y)
            self.write(op[1], low)
            self.write(op[0], high)
        elif m == "imul":
            x, y = self.words(*op)
            self.write(op[0], self.product(x, y)[0])
            self.unset("co")
        elif m == "xor":
            if op[0] != op[1]:
                self.wrong()
            self.write(op[0], {})
            self.all_flags({})
        elif m == "not":
            self.write(op[0], add(const(ONES), self.words(op[0])[0], -1))
        elif m == "and" and op[1] == "0x1":
            self.write(op[0], const(self.halve(self.words(op[0])[0])))
            self.all_flags({})
        elif m == "neg":
            self.write(op[0], const(-number(self.words(op[0])[0]) % (1 << 64)))
            self.unset("co")
        elif m == "shrd":
            self.write(op[0], self.joined(*self.words(op[1], op[0]), int(op[2], 16)))
            self.unset("co")
        elif m == "and":
            self.write(op[0], self.masked(*self.words(*op)))
            self.all_flags({})
        elif m in ("shl", "shr"):
            n = int(op[1], 16)
            low, high = self.product(self.words(op[0])[0], const(1 << (n if m == "shl" else 64 - n)))
            self.write(op[0], low if m == "shl" else high)
            self.unset("co")
        elif m in ("stc", "clc"):
            self.set_flag("c", const(int(m == "stc")))
        elif m == "bt":
            (x,) = self.words(op[0])
            if op[1] != "0x0" or any(abs(f) != ONES for f in x.values()):
                raise Complaint("a bit of something else than a mask")
            self.set_flag("c", {k: abs(f) // ONES for k, f in x.items()})
        elif m in ("setb", "setc", "seto"):
            self.write(op[0], self.flag("o" if m == "seto" else "c"))
        elif m in self.CARRY:
            if self.decided(self.flag("c")) == self.CARRY[m]:
                self.write(op[0], self.read(op[1]))
        elif m in ("cmove", "cmovz"):
            if self.decided(self.flag("z")) == 0:
                self.write(op[0], self.read(op[1]))
        elif m == "push":
            self.move(-8)
            self.store(self.registers["rsp"], self.read(op[0]))
        elif m == "pop":
            self.write(op[0], self.load(self.registers["rsp"]))
            self.move(8)
        elif m == "call":
            self.move(-8)
            self.back.append(at)
            return self.code.target(op)
        elif m == "ret":
            self.move(8)
            return self.back.pop()
        elif m == "jmp":
            return self.code.target(op)
        elif m not in ("endbr64", "nop", "cs", "data16"):
            raise Complaint("an instruction that is not known here")
        return at

    def result(self, to, exact, name, sign, m):
        r, q = self.split(exact)
        self.set_flag(name, {k: f * sign for k, f in q.items()})
        if m not in ("adcx", "adox"):
            self.unset("o")
            self.flags["z"] = (r, True)
        self.write(to, r)

    def all_flags(self, v):
        for name in "co":
            self.set_flag(name, v)

    def unset(self, names):
        for name in names:
            self.set_flag(name, {})
            del self.flags[name]

    def move(self, n):
        name, at = self.registers["rsp"]
        self.registers["rsp"] = (name, at + n)

    def address(self, m, op):
        if m == "lea":
            self.registers[op[0]] = (op[2], 0) if "rip" in op[1] else self.place(op[1])
        else:
            name, at = self.registers[op[0]]
            n = int(op[1], 16)
            n -= (n >> 63) << 64
            self.registers[op[0]] = (name, at + (n if m == "add" else -n))
            self.unset("co")


class A64(Machine):
    """Flag c, which is 1 - the borrow of a difference."""

    def __init__(self, code, constants, modulus, cases):
        super().__init__(code, constants, modulus, cases)
        self.registers.update({"x%d" % i: ("caller's x%d" % i, 0) for i in range(31)})
        self.registers["sp"] = ("stack", 0)
        for r, v in zip(("x0", "x1", "x2"), POINTERS):
            self.registers[r] = v

    def place(self, text, after=None):
        m = re.match(r"\[(\w+)(?:, #(-?\w+))?\](!?)$", text)
        base = self.registers.get(m and m.group(1))
        if not isinstance(base, tuple):
            raise Complaint("an address of another kind: " + text)
        n = int(m.group(2), 0) if m.group(2) else 0
        if m.group(3):
            self.registers[m.group(1)] = (base[0], base[1] + n)
        if after:
            self.registers[m.group(1)] = (base[0], base[1] + int(after[1:], 0))
        return base[0], base[1] + n

    def read(self, op):
        if op == "xzr":
            return {}
        if op[0] == "#":
            return const(int(op[1:], 0) % (1 << 64))
        return self.get(op)

    def words(self, ops):
        """Operands; the last may be one that is shifted."""
        ops = list(ops)
        left = 0
        if ops[-1].startswith("lsl #"):
            left = int(ops.pop()[5:], 0)
        out = [self.read(op) for op in ops]
        if not all(isinstance(v, dict) for v in out):
            raise Complaint("an address is reckoned with")
        if left:
            out[-1] = self.product(out[-1], const(1 << left))[0]
        return out

    def write(self, op, v):
        if op != "xzr":
            self.registers[op] = v

    def sum(self, m, to, x, y):
        """add, sub, with a carry in, and keeping the carry, as m says."""
        minus, taking, keeping = m.startswith("s"), "c" in m[:3], m.endswith("s")
        exact = add(dict(x), y, -1 if minus else 1)
        if taking:
            add(exact, add(self.flag("c"), const(1), -1) if minus else self.flag("c"))
        r, q = self.split(exact, not keeping)
        if keeping:
            self.set_flag("c", add(dict(q), const(1)) if minus else q)
        self.write(to, r)

    def step(self, m, op, at):
        if m in ("add", "sub") and isinstance(self.registers.get(op[1]), tuple):
            self.address(m, op)
        elif m in ("add", "adds", "adc", "adcs", "sub", "subs", "sbc", "sbcs"):
            self.sum({"add": "add", "sub": "sub"}.get(m, m), op[0], *self.words(op[1:]))
        elif m in ("ngc", "ngcs"):
            self.sum(m.replace("ng", "sb"), op[0], {}, *self.words(op[1:]))
        elif m == "cmn":
            self.sum("adds", "xzr", *self.words(op))
        elif m == "cmp":
            x, y = self.words(op)
            if number(y) == 1 and number(x) is None and self.inverse:
                self.set_flag("c", self.not_zero(x))
            else:
                self.sum("subs", "xzr", x, y)
        elif m in ("mul", "umulh"):
            self.write(op[0], self.product(*self.words(op[1:]))[m == "umulh"])
        elif m == "mov":
            self.write(op[0], self.read(op[1]))
        elif m == "mvn":
            self.write(op[0], add(const(ONES), self.words(op[1:])[0], -1))
        elif m == "eor":
            self.write(op[0], self.turned(*self.words(op[1:])))
        elif m == "and":
            self.write(op[0], self.masked(*self.words(op[1:])))
        elif m in ("lsl", "lsr"):
            x, n = self.words(op[1:])
            n = number(n)
            self.write(op[0], self.product(x, const(1 << (n if m == "lsl" else 64 - n)))[m == "lsr"])
        elif m == "extr":
            x, y, n = self.words(op[1:])
            self.write(op[0], self.joined(x, y, number(n)))
        elif m == "sbfx" and op[2:] == ["#0", "#1"]:
            self.write(op[0], const(self.halve(self.words(op[1:2])[0]) * ONES))
        elif m == "csel":
            c = self.decided(self.flag("c"))
            self.write(op[0], self.read(op[1 if c == {"cs": 1, "hs": 1, "cc": 0, "lo": 0}[op[3]] else 2]))
        elif m == "csetm":
            c = self.flag("c")
            if op[1] in ("lo", "cc"):
                c = add(const(1), c, -1)
            self.write(op[0], times(c, const(ONES)))
        elif m in ("ldp", "ldr"):
            two = m == "ldp"
            name, n = self.place(op[1 + two], op[2 + two] if len(op) > 2 + two else None)
            got = [self.load((name, n + 8 * i)) for i in range(1 + two)]
            for to, v in zip(op, got):
                self.write(to, v)
        elif m in ("stp", "str"):
            two = m == "stp"
            v = [self.read(op[i]) for i in range(1 + two)]
            name, n = self.place(op[1 + two], op[2 + two] if len(op) > 2 + two else None)
            for i, x in enumerate(v):
                self.store((name, n + 8 * i), x)
        elif m == "adrp":
            name, _, n = op[-1].partition("+")
            self.write(op[0], (name, 0))
        elif m == "ret":
            return self.back.pop()
        elif m == "b":
            return self.code.target(op)
        elif m not in ("bti", "nop", "paciasp", "autiasp"):
            raise Complaint("an instruction that is not known here")
        return at

    def address(self, m, op):
        name, at = self.registers[op[1]]
        if ":" in op[-1] or not op[2].startswith("#") or len(op) > 3:
            n = int(op[3].partition("+")[2] or "0", 16)     # the lower half of a constant's address
        else:
            n = int(op[2][1:], 0)
        self.write(op[0], (name, at + (n if m == "add" else -n)))
