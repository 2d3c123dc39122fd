"""fp8_avx2.py -- the same for AVX2, where limbs have 26 bits and a product of two is one number.

Four of eight lanes are followed; the other four are the same code with addresses 32 octets on.
"""
import fp8
from lanes import WORD, Machine, Value, const
from rows import changed
from sums import added
from walk import Complaint

DIGIT = (1 << 26) - 1
BLOCKS, DROPS = 10, 8           # of four digits each
FACTOR_B = 40 * 32              # in the frame: its limbs of 26 bits, four lanes each


class Avx2(Machine):
    def __init__(self, code, constants):
        super().__init__(code, constants)
        self.drops, self.zero = [], False

    def multiply(self, op):
        x, y = self.read(op[1]), self.read(op[2])
        n0 = self.constants["n0_26"]
        if x.constant() == n0 and y.hi >= 1 << 32:      # the lowest 26 bits of it are a digit
            digit = self.symbol("digit", 0, DIGIT)
            self.digits.append(digit)
            y.digit = digit
            out = Value(0, WORD - 1, {digit: 1})
            out.is_digit = True
            return out
        for v in (x, y):
            if v.is_digit or v.lo < 0 or v.hi >= 1 << 32:
                raise Complaint("a factor from %d to %d has more than 32 bits" % (v.lo, v.hi))
        if y.constant() == self.constants["drop"][0] and op[1] in ("ymm4", "ymm5", "ymm6", "ymm7"):
            self.drops.append((int(op[1][3:]) - 4, x.terms))
        key = frozenset((tuple(sorted(x.terms.items())), tuple(sorted(y.terms.items()))))
        if key not in self.products:
            self.products[key] = (self.symbol("product", x.lo * y.lo, x.hi * y.hi), 0, x.terms, y.terms)
        out = Value(x.lo * y.lo, x.hi * y.hi, {self.products[key][0]: 1})
        out.of = x.terms, y.constant()
        return out

    def sum(self, a, b, sign=1):
        out = super().sum(a, b, sign)
        if a.digit is not None and getattr(b, "of", None) == ({a.digit: 1}, self.constants["p_26"][0]):
            out.eliminated = True                       # m*p[0]: 2^26 divides the column now
        return out

    def above(self, v, n):
        out = super().above(v, n)
        if getattr(v, "eliminated", False):
            if (self.constants["n0_26"] * self.constants["p_26"][0] + 1) & DIGIT:
                raise Complaint("-1/p mod 2^26 is another number")
            symbol, = out.terms
            self.carries[symbol] = v.terms, n
        return out

    def rounded_up(self, v, n):
        pass

    def of_difference(self, v):
        """v, or if it is the highest limb of the factor that is a difference, v with the range that this has."""
        if v.lo >= 0 or self.difference is None:
            return v
        array, at = self.registers["r15"]
        total = {s: f << 52 * 19 for s, f in v.terms.items()}
        for j in range(2 * 19):
            limb = self.memory[array, at + FACTOR_B + 32 * j]
            total = added(total, {s: f << 26 * j for s, f in limb.terms.items()})
        what, (low, high) = self.difference
        if what(self) != {(s,) if s else (): f for s, f in total.items()}:
            return v
        v.lo, v.hi = max(v.lo, low >> 52 * 19), min(v.hi, high >> 52 * 19)
        return v

    def shifted_unsigned(self, v, n):
        return super().shifted_unsigned(self.of_difference(v), n)

    def low(self, v, n=52):
        v = self.of_difference(v)
        if v.is_digit:
            if n != 26:
                raise Complaint("a digit of %d bits" % n)
            return Value(0, DIGIT, v.terms)
        return super().low(v, n)

    def step(self, m, op):
        v, r = self.vectors, self.registers
        if m == "vpmuludq":
            v[op[0]] = self.multiply(op)
        elif m in ("vmovdqa", "vmovdqu"):
            super().step("vmovdqa64", op)
        elif m == "vpbroadcastq" and "rip" in op[1]:
            v[op[0]] = const(self.constant_at(op[2], 4))
        elif m == "vpcmpeqd" and op[0] == op[1] == op[2]:
            v[op[0]] = const(WORD - 1)
        elif m == "vpxor":
            super().step("vpxorq", op)
        elif m == "vpand":
            super().step("vpandq", op)
        elif m == "lea" and "rip" in op[1] and op[2].startswith(".rodata"):
            r[op[0]] = (".rodata", self.offset(op[2], 4))
        elif m == "lea" and "rip" in op[1]:
            r[op[0]] = (op[2], 0)
        elif m == "vpcmpgtq":
            v[op[0]] = const(-self.less(self.read(op[2]), self.read(op[1])))
        elif m == "vpandn":
            v[op[0]] = self.read(op[2]) if not self.known(op[1]) else const(0)
        elif m == "vblendvpd":
            v[op[0]] = self.read(op[2 if self.known(op[3]) else 1])
        elif m == "lea":
            base, _, n = op[1].strip("[]").replace("-", "+-").partition("+")
            r[self.wide(op[0])] = self.arithmetic("add", r[self.wide(base)], int(n, 16))
        elif m == "xor" and op[0] == op[1]:
            r[self.wide(op[0])] = 0
        elif m in ("cmp", "test"):
            self.flag = m == "test" and op[0] == "dil" or self.of(op[0]) == (0 if m == "test" else self.of(op[1]))
        elif m in ("add", "sub", "and", "inc", "dec"):
            to = self.wide(op[0])
            n = 1 if m in ("inc", "dec") else self.of(op[1])
            r[to] = self.arithmetic({"inc": "add", "dec": "sub"}.get(m, m), r.get(to, ("none", 0)), n)
            self.flag = r[to] == 0
        elif m == "mov":
            r[self.wide(op[0])] = self.of(op[1])
        elif m in ("push", "pop", "vzeroupper"):
            pass
        else:
            super().step(m, op)

    def less(self, x, y):
        return self.negative(x if y.constant() == 0 else self.sum(x, y, -1))

    def known(self, op):
        """A mask of all lanes: -1 or 0."""
        n = self.read(op).constant()
        if n not in (0, -1):
            raise Complaint("a mask that is neither all ones nor 0")
        return n

    @staticmethod
    def wide(name):
        return {"eax": "rax", "r13d": "r13"}.get(name, name)

    def of(self, op):
        n = op.lstrip("-")
        if n[:1].isdigit():
            n = int(n, 16)
            n = -n if op[0] == "-" else n
            return n - WORD if n >= WORD // 2 else n
        return self.registers.get(self.wide(op), ("none", 0))

    @staticmethod
    def arithmetic(m, a, n):
        if isinstance(n, tuple):
            raise Complaint("a difference of addresses")
        if m == "and":
            return a
        n = n if m == "add" else -n
        return (a[0], a[1] + n) if isinstance(a, tuple) else a + n

    @staticmethod
    def offset(relocation, more):
        return int(relocation.partition("+")[2] or "0", 16) + more

    def constant_at(self, relocation, more):
        return self.constants[".rodata"][self.offset(relocation, more) // 8]

    def multiples(self, p):
        drop = sum(x << 26 * i for i, x in enumerate(self.constants["drop"]))
        if len(self.drops) != 4 * DROPS or len(self.digits) != 4 * (BLOCKS - DROPS):
            raise Complaint("%d and %d digits" % (len(self.drops), len(self.digits)))
        out, most = [], 0
        for n, (i, terms) in enumerate(self.drops):
            by = (drop << 104) - 1 << 26 * i + 104 * (n // 4)
            if by % p:
                raise Complaint("2^104 times the digits' factor is not 1 mod p")
            out.append((by, terms))
            most += by * DIGIT
        for n, d in enumerate(self.digits):
            by = p << 26 * n + 104 * DROPS
            out.append((by, {d: 1}))
            most += by * DIGIT
        return out, most


UNTREATED = []


def constants_of(code, constants):
    words = code.rodata
    return dict(fp8.with_p(constants), **{".rodata": words, "p_26": words[:44], "drop": words[44:84], "n0_26": words[84]})


def kernels():
    return (args for args in fp8.kernels("avx2") if args[0].factors)


def proofs(code, constants):
    constants = constants_of(code, constants)
    for args in kernels():
        yield "%s, %s" % (args[0].name, " ".join("%s %s" % (n, r) for n, r in args[1].items())), \
            lambda args=args: fp8.prove(code, constants, *args, Avx2)


def planted(code, constants):
    constants = constants_of(code, constants)
    first = next(kernels())
    wide = dict(first[1], a="2^1037", b="2^1037")
    yield "AVX2: factors of more bits", lambda: fp8.prove(code, constants, first[0], wide, *first[2:], Avx2)
    yield "AVX2: a factor for digits that is another", lambda: fp8.prove(
        code, dict(constants, n0_26=constants["n0_26"] ^ 2), *first, Avx2)
    for name, change in CHANGES:
        yield "AVX2: " + name, lambda change=change: fp8.prove(
            changed(code, "fp8_columns_avx2", "fp8_rows_avx2", change), constants, *first, Avx2)


CHANGES = [
    ("a product that is left out", ("vpaddq", 20, lambda m, op: ("nop", []))),
    ("a shift by one bit more", ("vpsrlq", 3, lambda m, op: (m, op[:2] + ["0x1b"]))),
    ("a digit that is not masked", ("vpand", 1, lambda m, op: ("nop", []))),
]
