"""side.py -- runs a kernel whose lanes differ, limbs of one element side by side or elements of a formula.

A register is eight lanes, and each is an integer between two bounds that equals a sum of symbols: as in lanes.py, but every
symbol that an instruction makes is worth a sum of others, and so nothing has to be recognized that is done between limbs:

  product       2^52 * upper half = x * y - lower half; what is lost of one half stays in the sum
  shift by n    2^n * (x >> n) = x - (x mod 2^n), the latter a digit
  digit         m = -w/p mod 2^52, so w + lower half of m * p[0] is 0 mod 2^52

Where the bounds of a lane do not say that it fits, its sum is opened: limbs of a number together have the number's bound.
"""
import re

from bits import Bits
from lanes import LIMB, MASK, WORD
from sums import add, added, times
from symbols import Symbol, Symbols
from walk import Complaint, Walk

LANES = 8


class Part(Symbol):
    """A symbol that is worth a sum, by a power of two, where put says so."""
    put = None


class Value:
    """An integer between lo and hi, equal to a sum of symbols."""

    def __init__(self, lo, hi, terms):
        self.lo, self.hi, self.terms = lo, hi, terms
        self.parts = {}         # by n: what is below bit n, and what above
        self.whole = False      # 2^52 divides it
        self.tight = False      # the sum was opened for its bounds

    def constant(self):
        return self.lo if self.lo == self.hi else None


def const(n):
    return Value(n, n, {(): n} if n else {})


def vector(op):
    """(number, lanes, mask or None, zeroed) of a register as it is written."""
    m = re.match(r"([xyz])mm(\d+)(?:\{(k\d)\})?(\{z\})?$", op)
    return m and (int(m.group(2)), {"x": 2, "y": 4, "z": 8}[m.group(1)], m.group(3), bool(m.group(4)))


class Side(Walk, Symbols):
    radix = 52
    kind = Part

    def __init__(self, code, constants):
        Symbols.__init__(self)
        Walk.__init__(self, code, constants)
        self.vectors, self.masks, self.given = {}, {}, {}
        self.products, self.of_digit, self.n0 = {}, {}, constants.get("n0")
        self.facts = []         # (sum of symbols, whether it is not negative)
        self.top = 0            # the largest magnitude seen, in bits
        for name in ("rbp", "rsp"):
            self.registers[name] = ("stack of " + name, 0)

    def instead(self, s):
        return self.symbols[s].put

    def fresh(self, lo, hi, put=None):
        """A symbol, and the value that it is."""
        if lo == hi:
            return const(lo)
        s = self.symbol(lo, hi)
        self.symbols[s].put = put
        return Value(lo, hi, {(s,): 1})

    def element(self, name, count, most):
        """An input of limbs below 2^52, at most most."""
        out = []
        for terms in self.input(name, count, most):
            (m,) = terms
            out.append(Value(self.symbols[m[0]].low, self.symbols[m[0]].high, terms))
        return out

    # ---- steps, each checked -------------------------------------------------------------------

    def held(self, v):
        if not (-WORD // 2 <= v.lo and v.hi < WORD // 2 or 0 <= v.lo and v.hi < WORD):
            raise Complaint("from %d to %d leaves 64 bits" % (v.lo, v.hi))
        if v.hi < WORD - 1:
            self.top = max(self.top, v.hi.bit_length(), (-v.lo).bit_length())
        return v

    def sum(self, a, b, sign=1):
        if b.constant() == 0:
            return a
        if b.constant() == WORD - 1:    # all ones
            b = const(-1)
        lo, hi = (a.lo + b.lo, a.hi + b.hi) if sign > 0 else (a.lo - b.hi, a.hi - b.lo)
        return self.held(Value(lo, hi, added(a.terms, b.terms, sign)))

    def tightened(self, v):
        """v, with the bounds that its sum has when it is opened."""
        if not v.tight and v.constant() is None:
            v.tight = True
            low, high = self.range_of(v.terms)
            v.lo, v.hi = max(v.lo, low), min(v.hi, high)
            if v.lo > v.hi:
                raise Complaint("the bounds of a value exclude one another")
        return v

    def range_of(self, terms):
        """Of a sum, the least and the greatest."""
        opened, n = self.opened(terms)
        low, high = self.plain(opened)
        low, high = -(-low >> n), high >> n
        for (fact, by), positive in self.facts:         # one that is the same but for a constant
            rest = added({m: f << by for m, f in opened.items()}, fact, -1 << n)
            if not set(rest) - {()}:
                more = rest.get((), 0) >> n + by
                low, high = (max(low, more), high) if positive else (low, min(high, more - 1))
        return low, high

    def knows(self, terms, positive):
        """A sum is not negative, or it is."""
        self.facts.append((self.opened(terms), positive))

    def fits(self, v, n):
        return 0 <= v.lo and v.hi < 1 << n or 0 <= self.tightened(v).lo and v.hi < 1 << n

    def split(self, v, n):
        """What v is below bit n, and above."""
        if n not in v.parts:
            if v.constant() is not None:
                v.parts[n] = const(v.lo & (1 << n) - 1), const(v.lo >> n)
            elif 0 <= v.lo and v.hi < 1 << n:
                v.parts[n] = v, const(0)
            else:
                low = const(0) if v.whole and n == 52 else self.fresh(0, (1 << n) - 1)
                v.parts[n] = low, self.fresh(v.lo >> n, v.hi >> n, (added(v.terms, low.terms, -1), 1 << n))
        return v.parts[n]

    def above(self, v, n, signed):
        if v.hi >= WORD // 2 if signed else v.lo < 0:
            raise Complaint("a shift that takes bit 63 for what it is not")
        return self.split(v, n)[1]

    def below(self, v, n):
        """v mod 2^n: itself where it fits, whatever has been shifted out of it."""
        return v if n not in v.parts and self.fits(v, n) else self.split(v, n)[0]

    def factor(self, v):
        """What a product reads of v."""
        if 52 in v.parts:       # the next limb has had the rest
            return v.parts[52][0]
        if not self.fits(v, 52):
            raise Complaint("a factor from %d to %d has more than 52 bits" % (v.lo, v.hi))
        return v

    def product(self, x, y):
        """The lower half and the upper half."""
        key = frozenset((tuple(sorted(x.terms.items())), tuple(sorted(y.terms.items()))))
        if key not in self.products:
            whole, most = times(x.terms, y.terms), x.hi * y.hi
            if most < LIMB:
                self.products[key] = self.fresh(0, most, (whole, 1)), const(0)
                return self.products[key]
            low = self.fresh(0, MASK)
            self.products[key] = low, self.fresh(x.lo * y.lo >> 52, most >> 52, (added(whole, low.terms, -1), LIMB))
        return self.products[key]

    def digit(self, w):
        """-w/p mod 2^52: w plus its product by p[0] is divided by 2^52."""
        if (self.n0 * self.constants["p"][0] + 1) % LIMB:
            raise Complaint("-1/p mod 2^52 is another number")
        out = self.fresh(0, MASK)
        (m,) = out.terms
        self.of_digit[m] = w.terms
        return out

    def mad(self, to, x, y, high):
        if not high and to.constant() == 0 and y.constant() == self.n0 and self.n0:
            return self.digit(x) if x.constant() is None else const(x.lo * self.n0 % LIMB)
        if 0 in (x.constant(), y.constant()):
            return to
        half = self.product(self.factor(x), self.factor(y))[high]
        out = self.sum(to, half)
        column = self.of_digit.get(tuple(x.terms)[0]) if len(x.terms) == 1 else None
        out.whole = not high and column is not None and y.constant() == self.constants["p"][0] and to.terms == column
        return out

    # ---- operands ------------------------------------------------------------------------------

    def wide(self, name):
        m = re.match(r"e(\w\w)$", name)
        return "r" + m.group(1) if m else name[:-1] if re.match(r"r\d+d$", name) else name

    def place(self, text):
        """(array, octet), where an array in .rodata is named by the relocation."""
        array, at = self.address(text[text.index("["):text.index("]") + 1])
        m = re.match(r"\.rodata([-+]0x\w+)?$", array)
        return (".rodata", at + int(m.group(1) or "0", 16) + 4) if m else (array, at)

    def word(self, array, at):
        if (array, at) in self.memory:
            return self.memory[array, at]
        if at % 8:
            raise Complaint("an address that is no limb's")
        if array in self.constants:
            return const(self.constants[array][at // 8])
        if array not in self.given:
            raise Complaint("reads what was not written: %s, %d" % (array, at))
        self.memory[array, at] = self.given[array](at // 8)
        return self.memory[array, at]

    def read(self, op, lanes):
        if "[" in op:
            array, at = self.place(op)
            if "BCST" in op or op.startswith("QWORD"):
                return [self.word(array, at)] * lanes
            return [self.word(array, at + 8 * i) for i in range(lanes)]
        number, n, _, _ = vector(op)
        if number not in self.vectors:
            raise Complaint("reads %s, which was not written" % op)
        return self.vectors[number][:max(n, lanes)]

    def write(self, op, lanes):
        if "[" in op:
            array, at = self.place(op)
            for i, v in enumerate(lanes):
                self.memory[array, at + 8 * i] = v
            return
        number, n, mask, zeroed = vector(op)
        if mask:
            old = [const(0)] * n if zeroed else self.read("zmm%d" % number, n)
            lanes = [self.chosen(bit, x, y) for bit, x, y in zip(self.masks[mask], lanes, old)]
        self.vectors[number] = list(lanes[:n]) + [const(0)] * (LANES - n)

    def chosen(self, bit, x, y):
        if bit not in (0, 1):
            raise Complaint("a mask that is not known")
        return x if bit else y

    # ---- instructions ----------------------------------------------------------------------------

    EACH = {        # two operands, lane by lane
        "vpaddq": lambda self, x, y: self.sum(x, y),
        "vpsubq": lambda self, x, y: self.sum(x, y, -1),
        "vpandq": lambda self, x, y: self.masked(x, y),
        "vpsrlvq": lambda self, x, y: self.bits(x).right(self.number_of(y)),
        "vpsllvq": lambda self, x, y: self.bits(x).left(self.number_of(y)),
    }
    BY = {          # one, and a number
        "vpsraq": lambda self, x, n: self.above(x, n, True),
        "vpsrlq": lambda self, x, n: self.above(x, n, False),
        "vpsllq": lambda self, x, n: self.held(Value(x.lo << n, x.hi << n, {s: f << n for s, f in x.terms.items()})),
    }
    MOVES = {       # lanes of one, by a number
        "vpermq": lambda x, n: [x[i & 4 | n >> 2 * (i & 3) & 3] for i in range(len(x))],
        "vpshufd": lambda x, n: [x[i & 6 | {4: 0, 14: 1}[n >> 4 * (i & 1) & 15]] for i in range(len(x))],
        "vpsrldq": lambda x, n: [x[i + 1] if i % 2 == 0 else const(0) for i in range(len(x))] if n == 8 else None,
        "vpslldq": lambda x, n: [x[i - 1] if i % 2 else const(0) for i in range(len(x))] if n == 8 else None,
    }

    def step(self, m, op):
        if m in ("vzeroupper", "endbr64", "nop", "leave"):
            return
        of = vector(op[0])
        n = of[1] if of else max([vector(x)[1] for x in op[1:] if vector(x)] or [0])
        if m in ("vmovdqa64", "vmovdqu64"):
            self.write(op[0], self.read(op[1], n))
        elif m in self.EACH:
            self.write(op[0], [self.EACH[m](self, x, y) for x, y in zip(self.read(op[1], n), self.read(op[2], n))])
        elif m in self.BY:
            by = int(op[2], 16)
            self.write(op[0], [self.BY[m](self, x, by) for x in self.read(op[1], n)])
        elif m == "vpermq" and not op[2].startswith("0x"):
            x = self.read(op[2], n)
            self.write(op[0], [x[self.number_of(i) % n] for i in self.read(op[1], n)])
        elif m in self.MOVES:
            out = self.MOVES[m](self.read(op[1], n), int(op[2], 16))
            if out is None:
                raise Complaint("a shift by other octets than 8")
            self.write(op[0], out)
        elif m in ("vpmadd52luq", "vpmadd52huq"):
            lanes = zip(self.read(op[0], n), self.read(op[1], n), self.read(op[2], n))
            self.write(op[0], [self.mad(*v, m == "vpmadd52huq") for v in lanes])
        elif m == "vpbroadcastq":
            self.write(op[0], self.read(op[1], 1)[:1] * n)
        elif m in ("vpxord", "vpxorq") and op[1] == op[2]:
            self.write(op[0], [const(0)] * n)
        elif m == "vpternlogd" and op[3] == "0xff":
            self.write(op[0], [const(WORD - 1)] * n)
        elif m == "vpternlogq":
            lanes = zip(self.read(op[0], n), self.read(op[1], n), self.read(op[2], n))
            self.write(op[0], [self.logic(*v, op[3]) for v in lanes])
        elif m == "vpermi2q":
            both = self.read(op[1], n) + self.read(op[2], n)
            self.write(op[0], [both[self.number_of(i) % len(both)] for i in self.read(op[0], n)])
        elif m == "valignq":
            both = self.read(op[2], n) + self.read(op[1], n)
            self.write(op[0], both[int(op[3], 16):][:n])
        elif m == "vshufi64x2":
            self.write(op[0], self.quarters(self.read(op[1], n), self.read(op[2], n), int(op[3], 16)))
        elif m == "vpblendmq":
            number, n, mask, _ = of
            lanes = zip(self.masks[mask], self.read(op[2], n), self.read(op[1], n))
            self.write("zmm%d" % number, [self.chosen(*v) for v in lanes])
        else:
            self.general(m, op)

    @staticmethod
    def quarters(x, y, n):
        """128 bits each, two of the one and two of the other."""
        out = []
        for i, v in enumerate((x, x, y, y)):
            at = n >> 2 * i & 3
            out += v[2 * at:2 * at + 2]
        return out

    def general(self, m, op):
        """General registers, and masks."""
        r, to = self.registers, self.wide(op[0])
        if m == "kmovb":
            if op[0].startswith("k"):
                self.masks[op[0]] = self.mask_of(op[1])
            else:
                r[to] = self.of_mask(op[1])
        elif m == "test":
            self.flag = self.registers[op[0]] == 0
        elif m == "mov" and not isinstance(self.registers.get(self.wide(op[1])), tuple):
            r[to] = self.number(self.wide(op[1]))
        elif not self.scalar(m, [to] + op[1:]):
            raise Complaint("an instruction that is not known here")

    def mask_of(self, op):
        n = self.read_octet(op) if "[" in op else self.registers[self.wide(op)]
        return [n >> i & 1 for i in range(LANES)]

    def of_mask(self, op):
        raise Complaint("a mask that becomes a number")

    def read_octet(self, op):
        array, at = self.place(op)
        return self.constants[array][at // 8] >> 8 * (at % 8) & 255

    @staticmethod
    def number_of(v):
        if v.constant() is None:
            raise Complaint("a place that is not known")
        return v.lo

    def masked(self, x, y):
        for a, b in ((x, y), (y, x)):
            n = b.constant()
            if n is not None and n & n + 1 == 0:
                return self.below(a, n.bit_length())
        raise Complaint("a mask that is not 2^n - 1")

    # ---- bits --------------------------------------------------------------------------------------

    def bits(self, v):
        """v as bits, which it needs to have."""
        if isinstance(v, Bits):
            return v
        if v.constant() is not None:
            return Bits.number(v.lo)
        if not self.fits(v, 52):
            raise Complaint("a limb from %d to %d has more than 52 bits" % (v.lo, v.hi))
        return Bits.of(v, 52)

    def logic(self, x, y, z, what):
        if what == "0xa8":      # (x or y) and z
            return self.limb_of(self.bits(x).joined(self.bits(y)).cut(self.number_of(z)))
        if what == "0xfe":      # x or y or z
            return self.bits(x).joined(self.bits(y)).joined(self.bits(z))
        raise Complaint("bits are mixed")

    def limb_of(self, bits):
        """The limb that bits of an input are; a kernel says which."""
        raise Complaint("bits that are no limb's")

    # ---- what the output is worth --------------------------------------------------------------------

    def number_in(self, lanes):
        """The sum of limbs, each of 52 bits."""
        total = {}
        for i, v in enumerate(lanes):
            if not self.fits(v, 52):
                raise Complaint("limb %d of the result is from %d to %d" % (i, v.lo, v.hi))
            add(total, v.terms, 1 << 52 * i)
        return total

    def cut(self, name, lanes):
        """The number of those limbs as one of its own from here on: its limbs, itself, and the sum that it is."""
        total = self.number_in(lanes)
        low, high = self.range_of(total)
        if low < 0:
            raise Complaint("%s may be negative" % name)
        limbs = self.element(name, len(lanes), high)
        return limbs, self.number_in(limbs), total

    def same(self, total, scale, want, modulus):
        """total * 2^scale is congruent to want."""
        terms, n = self.opened(add({m: f << scale for m, f in total.items()}, want, -1))
        left = [m for m, f in terms.items() if f % modulus]
        if left:
            raise Complaint("the result is not what it should be: %d terms differ" % len(left))

    def claim(self, total, scale, want, modulus, low, high):
        """The same, and from low to high; what it is at most."""
        self.same(total, scale, want, modulus)
        found = self.range_of(total)
        if found[0] < low or found[1] > high:
            raise Complaint("the result is from %.4f to %.4f times the modulus" %
                            tuple(x * 10**6 // modulus / 10**6 for x in found))
        return found[1]
