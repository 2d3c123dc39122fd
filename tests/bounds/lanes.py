"""lanes.py -- runs a kernel of eight lanes on intervals and sums of symbols: what its registers hold, whatever the input.

Every lane does the same, so a register is one value: the least and the greatest integer that it can be, and a sum of
symbols.  A symbol is an input limb, the lower or upper half of a product, a digit of a Montgomery product, or what a shift
by 52 gives.  No step may leave the 64 bits of a register, and no factor of a product the 52 bits that are read, but for what
the next limb has had; so the sums of symbols are exact, and what the output is worth is found by adding them up, for of
each symbol its rule is known:

  product        lower half + 2^52 * upper half = x * y
  shift by 52    x = (x mod 2^52) + 2^52 * (x >> 52)
  digit          of a column w, started at 2^52 - 1, and m = -w/p mod 2^52:  2^52 * carry = w + lower half of m * p[0]
"""
import re

from sums import added
from walk import Complaint, Walk

WORD, LIMB = 1 << 64, 1 << 52
MASK = LIMB - 1
TOP = 52 * 19             # where the highest limb begins, in F_p


class Value:
    """An integer between lo and hi, equal to a sum of symbols: {symbol: factor}, 0 the symbol of 1."""

    def __init__(self, lo, hi, terms):
        self.lo, self.hi, self.terms = lo, hi, terms
        self.digit = None   # the digit that was found of this column
        self.above = {}     # by n, what is above bit n - 1
        self.is_digit = False

    def constant(self):
        return self.lo if self.lo == self.hi else None


def const(n):
    return Value(n, n, {0: n} if n else {})


class Machine(Walk):
    groups = ("",)          # what is behind the names of arrays, where more than one half of the lanes is followed

    def __init__(self, code, constants):
        super().__init__(code, constants)
        self.symbols = [("one", 1, 1)]
        self.products, self.digits, self.carries, self.halves = {}, [], {}, {}
        self.cut = {}       # columns whose lower 52 bits alone were used so far
        self.vectors, self.input = {}, {}
        self.masks = {}     # which are the same for all lanes
        self.cases = []     # of signs that decide, as each_way has them: 1 where negative
        self.decided = []   # (sum of symbols, whether it is negative)
        self.parts = {}     # of what is above bit n - 1: the sum, and n
        self.top = 0        # the largest magnitude seen, in bits
        self.difference = None  # a factor: what it is, as a function of this, and its range

    def symbol(self, kind, lo, hi):
        self.symbols.append((kind, lo, hi))
        return len(self.symbols) - 1

    def give(self, array, count, limits):
        """An input of so many limbs, each from one number to another; all are in what it is, read or not."""
        for i in range(count):
            self.memory[array, 64 * i] = self.fresh((array, i), *limits(i))

    def fresh(self, kind, lo, hi):
        return Value(lo, hi, {self.symbol(kind, lo, hi): 1}) if lo != hi else const(lo)

    # ---- steps, each checked -------------------------------------------------------------------

    def held(self, v, what):
        """v as a register has it: in 64 bits, signed or not."""
        if not (-WORD // 2 <= v.lo and v.hi < WORD // 2 or 0 <= v.lo and v.hi < WORD):
            raise Complaint("%s: from %d to %d leaves 64 bits" % (what, v.lo, v.hi))
        if v.hi < WORD - 1:
            self.top = max(self.top, v.hi.bit_length(), (-v.lo).bit_length())
        return v

    def sum(self, a, b, sign=1):
        for v in (a, b):
            if v.is_digit:
                raise Complaint("a digit is added to")
        lo, hi = (a.lo + b.lo, a.hi + b.hi) if sign > 0 else (a.lo - b.hi, a.hi - b.lo)
        return self.held(Value(lo, hi, added(a.terms, b.terms, sign)), "sum")

    def shifted(self, v, n):
        """v >> n, with its sign."""
        if v.is_digit or v.hi >= WORD // 2:
            raise Complaint("a shift takes bit 63 for a sign")
        if v.constant() is not None:
            return const(v.lo >> n)
        self.cut.pop(id(v), None)
        return self.above(v, n)

    def above(self, v, n):
        if n not in v.above:
            v.above[n] = self.fresh(("carry", n), v.lo >> n, v.hi >> n)
            self.parts.update((s, (v.terms, n)) for s in v.above[n].terms if s)
            if v.digit is not None:
                self.rounded_up(v, n)
        return v.above[n]

    def rounded_up(self, v, n):
        if n != 52 or v.terms.get(0, 0) < MASK:
            raise Complaint("a column that is rounded up did not start at 2^52 - 1")
        if (self.constants["n0"] * self.constants["p"][0] + 1) % LIMB:
            raise Complaint("-1/p mod 2^52 is another number")
        low, _ = self.product({v.digit: 1}, {0: self.constants["p"][0]}, MASK, MASK)
        symbol, = v.above[n].terms
        self.carries[symbol] = added(added(v.terms, {0: MASK}, -1), {low: 1}), n

    # ---- what a sign decides -----------------------------------------------------------------------

    def negative(self, v):
        """Whether v is negative, in all lanes: each case is run where it can be."""
        if v.lo >= 0 or v.hi < 0:
            return int(v.hi < 0)
        if len(self.decided) == len(self.cases):
            self.cases.append((0, 1))
        case = self.cases[len(self.decided)][0]
        self.decided.append((v.terms, case))
        v.lo, v.hi = (v.lo, min(v.hi, -1)) if case else (max(v.lo, 0), v.hi)
        return case

    def rounded_down(self, terms):
        """The sum X for which terms are X / 2^988, rounded down, and so have its sign; or X / 2^1040."""
        while len(terms) == 1 and set(terms) <= set(self.parts):
            terms = self.parts[min(terms)][0]
        total, lost = {s: f << TOP for s, f in terms.items()}, 0
        for s in sorted(self.parts, reverse=True):
            (put, n), f = self.parts[s], total.pop(s, 0)
            if f < 0 or f % (1 << n):
                raise Complaint("a sign of something else")
            total = added(total, {t: g * (f >> n) for t, g in put.items()})
            lost += (f >> n) * ((1 << n) - 1)
        limbs = {self.symbols[s][0]: s for s in range(len(self.symbols)) if isinstance(self.symbols[s][0], tuple)}
        for array, limb in [name for name, s in limbs.items() if s in total and name[1] == TOP // 52]:
            for i in range(limb):       # the limbs below the highest, of which only this was asked
                if (array, i) in limbs and limbs[array, i] not in total:
                    total[limbs[array, i]] = 1 << 52 * i
                    lost += MASK << 52 * i
        if lost >= 1 << TOP:
            raise Complaint("a sign that limbs below may change")
        return total

    def low(self, v, n=52):
        """v mod 2^n."""
        if 0 <= v.lo and v.hi < 1 << n:
            return v
        self.cut.pop(id(v), None)
        return self.below(v, n)

    def below(self, v, n):
        above = self.above(v, n)
        return Value(0, (1 << n) - 1, added(v.terms, {s: f << n for s, f in above.terms.items()}, -1))

    def factor(self, v):
        """The 52 bits of v that a product reads, as a sum of symbols and the greatest they can be."""
        if v.is_digit or 0 <= v.lo and v.hi < LIMB:
            return v.terms, MASK if v.is_digit else v.hi
        if 52 in v.above:           # the next limb has had the rest
            return self.below(v, 52).terms, MASK
        for x, f in v.terms.items():    # a limb doubled, and a bit: above bit 51 is the limb's bit 51
            rest = {s: g for s, g in v.terms.items() if s != x}
            if f == 2 and 0 <= self.symbols[x][1] and self.symbols[x][2] < LIMB and \
                    (not rest or [(s in self.halves.values(), g) for s, g in rest.items()] == [(True, 1)]):
                above = self.half(x)
                return added(v.terms, {s: f << 52 for s, f in above.terms.items()}, -1), MASK
        if v.lo < 0 or not self.constants["n0"] == 1:
            raise Complaint("a factor from %d to %d has more than 52 bits" % (v.lo, v.hi))
        # -1/p is 1: a column is its own digit, and the next has to get the rest
        self.cut[id(v)] = v
        return self.below(v, 52).terms, MASK

    def half(self, x):
        """x >> 51 of a limb x: 0 or 1."""
        if self.symbols[x][2] < LIMB // 2:
            return const(0)
        if x not in self.halves:
            self.halves[x] = self.symbol("bit", 0, 1)
        return Value(0, 1, {self.halves[x]: 1})

    def product(self, x, y, most_x, most_y):
        """The symbols of the halves of a product."""
        key = frozenset((tuple(sorted(x.items())), tuple(sorted(y.items()))))
        if key not in self.products:
            self.products[key] = (self.symbol("low", 0, MASK), self.symbol("high", 0, most_x * most_y >> 52), x, y)
        return self.products[key][:2]

    def mad(self, to, x, y, high):
        n0 = self.constants["n0"]
        if not high and to.constant() == n0 and y.constant() == n0:
            digit = self.symbol("digit", 0, MASK)
            self.digits.append(digit)
            x.digit = digit
            out = Value(n0, n0 + MASK, {digit: 1})
            out.is_digit = True
            return out
        (tx, mx), (ty, my) = self.factor(x), self.factor(y)
        if n0 == 1 and y.constant() == 1 << 44 and not high:    # the first that a digit is multiplied by
            self.digits.append(tx)
        symbol = self.product(tx, ty, mx, my)[high]
        most = mx * my >> 52 if high else min(mx * my, MASK)
        return self.held(Value(to.lo, to.hi + most, added(to.terms, {symbol: 1})), "product")

    # ---- instructions ----------------------------------------------------------------------------

    def load(self, text):
        spread = "BCST" in text or text.startswith("QWORD")
        array, at = self.address(text[text.index("["):text.index("]") + 1])
        if (array, at) in self.memory:
            return self.memory[array, at]
        if array in self.constants:
            if not spread:
                raise Complaint("a constant is not spread over the lanes")
            return const(self.constants[array][at // 8])
        if array not in self.input:
            raise Complaint("reads what was not written: %s, %d" % (array, at))
        limb, rest = divmod(at, 8 if spread else 64)
        if rest:
            raise Complaint("an address that is no limb's")
        self.memory[array, at] = self.input[array](limb)
        return self.memory[array, at]

    def read(self, op):
        if "[" in op:
            return self.load(op)
        if op not in self.vectors:
            raise Complaint("reads %s, which was not written" % op)
        return self.vectors[op]

    def step(self, m, op):
        v = self.vectors
        under = re.match(r"(\w+)\{(k\d)\}$", op[0]) if op else None
        if under:       # a mask: all lanes, or none
            op = [under.group(1)] + op[1:]
        if under and not self.masks[under.group(2)]:
            return
        if m == "vpmovq2m":
            self.masks[op[0]] = self.negative(self.read(op[1]))
        elif m == "knotb":
            self.masks[op[0]] = 1 - self.masks[op[1]]
        elif m in ("vmovdqa64", "vmovdqu64"):
            if "[" in op[0]:
                self.memory[self.address(op[0][op[0].index("["):])] = self.read(op[1])
            else:
                v[op[0]] = self.read(op[1])
        elif m == "vpbroadcastq":
            v[op[0]] = self.read(op[1])
        elif m in ("vpmadd52luq", "vpmadd52huq"):
            v[op[0]] = self.mad(self.read(op[0]), self.read(op[1]), self.read(op[2]), m == "vpmadd52huq")
        elif m == "vpaddq":
            v[op[0]] = self.sum(self.read(op[1]), self.read(op[2]))
        elif m == "vpsubq":
            v[op[0]] = self.sum(self.read(op[1]), self.read(op[2]), -1)
        elif m == "vpsraq":
            v[op[0]] = self.shifted(self.read(op[1]), int(op[2], 16))
        elif m == "vpsllq":
            x, n = self.read(op[1]), int(op[2], 16)
            v[op[0]] = self.held(Value(x.lo << n, x.hi << n, {s: f << n for s, f in x.terms.items()}), "shift")
        elif m == "vpsrlq":
            v[op[0]] = self.shifted_unsigned(self.read(op[1]), int(op[2], 16))
        elif m in ("vpandq", "vpandd"):
            x, y = self.read(op[1]), self.read(op[2])
            if y.constant() is None or x.constant() in (0, -1):
                x, y = y, x
            n = (y.constant() or 0).bit_length()
            if y.constant() in (0, -1):
                v[op[0]] = x if y.constant() else const(0)
            elif y.constant() is None or y.constant() != (1 << n) - 1:
                raise Complaint("a mask that is not 2^n - 1")
            else:
                v[op[0]] = self.low(x, n)
        elif m in ("vpxord", "vpxorq") and op[0] == op[1] == op[2]:
            v[op[0]] = const(0)
        elif m == "vpxorq":     # of each lane the sign, or not
            x, y = self.read(op[1]), self.read(op[2])
            if y.constant() not in (0, -1):
                x, y = y, x
            if y.constant() not in (0, -1):
                raise Complaint("bits of two values are mixed")
            v[op[0]] = x if not y.constant() else self.sum(const(-1), x, -1)
        elif m == "vpternlogd" and op[3] == "0xff":
            v[op[0]] = const(WORD - 1)
        elif not self.scalar(m, op):
            raise Complaint("an instruction that is not known here: %s %s" % (m, ",".join(op)))

    def shifted_unsigned(self, v, n):
        if v.constant() is not None:
            return const(v.lo >> n)
        if v.lo >= 0 and n != 51:
            return self.shifted(v, n)
        (x, f), = v.terms.items()
        if n != 51 or f != 1 or v.lo < 0 or v.hi >= LIMB:
            raise Complaint("a shift by %d" % n)
        return self.half(x)

    # ---- what the output is worth ------------------------------------------------------------------

    def worth(self, limbs, scale, less=()):
        """2^scale * sum of limbs[j] * 2^(52 j), less factors times sums of symbols: as {(symbols): factor}, products of
        symbols multiplied out."""
        total = {}
        for j, v in enumerate(limbs):
            total = added(total, {s: f << 52 * j + scale for s, f in v.terms.items()})
        for factor, terms in less:
            total = added(total, {s: f * factor for s, f in terms.items()}, -1)
        for s in sorted(self.carries, reverse=True):
            (terms, n), f = self.carries[s], total.pop(s, 0)
            if f % (1 << n):
                raise Complaint("a carry of an eliminated column is worth too little")
            total = added(total, {t: g * (f >> n) for t, g in terms.items()})
        out = {}
        for low, high, x, y in reversed(list(self.products.values())):
            f = total.pop(low, 0)
            if high and total.pop(high, 0) != f << 52:
                raise Complaint("the halves of a product are not both added, or not in their columns")
            if not set(y) - {0} or not set(x) - {0}:    # by a constant: a sum of symbols again
                terms, by = (x, y) if not set(y) - {0} else (y, x)
                total = added(total, {s: g * f * by.get(0, 0) for s, g in terms.items()})
            elif f:
                for s, g in x.items():
                    for t, h in y.items():
                        key = tuple(sorted(k for k in (s, t) if k))
                        out[key] = out.get(key, 0) + f * g * h
        for s, f in total.items():
            key = (s,) if s else ()
            out[key] = out.get(key, 0) + f
        return {k: f for k, f in out.items() if f}

    def multiples(self, p):
        """What was added to a*b: [(multiple of p, sum of symbols)], and the most that this can be."""
        return [(p << 52 * i, {d: 1}) for i, d in enumerate(self.digits)], (1 << 52 * len(self.digits)) * p - p

    def nothing_cut(self):
        if self.cut:
            raise Complaint("what is above bit 51 of a column is lost")
