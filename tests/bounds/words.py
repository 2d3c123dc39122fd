"""words.py -- runs a kernel of 64-bit limbs on sums of symbols: what its registers hold, whatever the input.

A register is a sum of symbols, or of products of two of them, with whole factors.  An instruction that adds, subtracts or
multiplies has an exact result e, of which the register keeps r = e mod 2^64, and a carry, a borrow or an upper half is
q = floor(e / 2^64).  Both are symbols where they are not known, and of all of them 2^64 q = e - r holds.  So what a row of
limbs is worth is found by putting (e - r) / 2^64 for each q, the newest first: what has been carried on goes out of the sum,
what has been lost stays in it.  The bounds of what is left are bounds of the whole.

Where a carry decides what is kept, both cases are run, each with what it says about the carry.
"""
from fractions import Fraction

import symbols
from sums import add, times
from walk import Complaint

WORD = 1 << 64


class Never(Exception):
    """A case that no input leads to."""


class Symbol(symbols.Symbol):
    def __init__(self, low, high, name):
        super().__init__(low, high, name)
        self.exact = self.other = self.known = None
        self.carry = False
        self.half = None        # what it is twice, and a bit that is known


def const(n):
    return {(): n} if n else {}


def one_word(low, high):
    return low // WORD == high // WORD


def number(terms):
    """The constant that a sum is, or None."""
    if not terms:
        return 0
    return terms[()] if len(terms) == 1 and () in terms else None


class Words(symbols.Symbols):
    """The symbols of a run, and what is known of them."""

    kind = Symbol

    def __init__(self, modulus, cases):
        super().__init__()
        self.products, self.known = {}, []
        self.modulus, self.inverse = modulus, -pow(modulus, -1, WORD) % WORD
        self.cases, self.taken = cases, []
        self.version = 0

    # ---- symbols -----------------------------------------------------------------------------------

    def now(self, terms):
        """With what has become known since."""
        for m in terms:
            if any(self.symbols[s].known is not None and number(self.symbols[s].known) is not None for s in m):
                break
        else:
            return terms
        out = {}
        for m, f in terms.items():
            t = const(f)
            for s in m:
                k = self.symbols[s].known
                t = times(t, k if k is not None and number(k) is not None else {(s,): 1})
            add(out, t)
        return out

    def split(self, exact, settled=False):
        """(r, q) of an exact result; settled: q is nowhere kept, and has to be one number."""
        exact = self.now(exact)
        n = number(exact)
        if n is not None:
            return const(n % WORD), const(n // WORD)
        low, high = self.plain(exact)
        if 0 <= low and high < WORD and len(exact) == 1 and list(exact.values()) == [1] and len(list(exact)[0]) == 1:
            return exact, {}
        if low >= -1 and high <= 0:     # a mask
            return times(exact, const(1 - WORD)), exact
        q = self.symbol(low // WORD, high // WORD)
        r = self.symbol(0, WORD - 1)
        sq, sr = self.symbols[q], self.symbols[r]
        sq.exact = sr.exact = exact
        sq.carry, sq.other, sr.other = True, r, q
        if low // WORD == high // WORD:
            sq.known = const(low // WORD)
            sr.low, sr.high = low % WORD, high % WORD
        elif settled:
            self.settle(q)
        if any(self.lowest(m) for m in exact) and self.vanishes(exact):
            sr.known = {}
        return self.now({(r,): 1}), self.now({(q,): 1})

    def settle(self, q):
        """A carry that is lost has to be one number; where it is not, it stays in the sum."""
        s = self.symbols[q]
        if s.known is not None or not s.carry:
            return
        low, high = self.bounds(s.exact, one_word)
        if one_word(low, high):
            self.learn(s, const(low // WORD))
            r = self.symbols[s.other]
            r.low, r.high = max(r.low, low % WORD), min(r.high, high % WORD)
            return
        for m, f in s.exact.items():    # what another sum has lost may come back here
            e = self.symbols[m[0]] if len(m) == 1 and f == 1 else None
            if e is None or e.exact is None or e.carry or self.symbols[e.other].known is not None:
                continue
            low, high = self.bounds(add(add(dict(s.exact), {m: 1}, -1), e.exact), one_word)
            if one_word(low, high):
                self.learn(s, add(const(low // WORD), {(e.other,): 1}, -1))
                return

    def product(self, x, y):
        """(lower, upper) half."""
        x, y = sorted((self.now(x), self.now(y)), key=lambda t: sorted(t.items()))
        key = (tuple(sorted(x.items())), tuple(sorted(y.items())))
        if key not in self.products:
            self.products[key] = self.split(times(x, y))
            n = number(x) if number(x) is not None else number(y)
            for m in self.products[key][0]:
                if n is not None and n & (n - 1) == 0 and m:        # bits that are 0
                    self.symbols[m[0]].high = min(self.symbols[m[0]].high, WORD - n)
                    if n == WORD // 2 and self.vanishes(times(x, y)):
                        self.learn(self.symbols[m[0]], {})
        low, high = self.products[key]
        return self.now(low), self.now(high)

    def not_zero(self, x):
        """1 where x is not 0, as the carry of x and of what makes it 0 in a row by the modulus."""
        digit, _ = self.product(x, const(self.inverse))
        low, _ = self.product(digit, const(self.modulus % WORD))
        _, q = self.split(add(dict(x), low))
        return q

    def lowest(self, m):
        """Whether a symbol is the lowest product of a row by the modulus."""
        y = self.symbols[m[0]] if len(m) == 1 else None
        return y is not None and y.exact is not None and not y.carry and list(y.exact.values()) == [self.modulus % WORD]

    def vanishes(self, exact):
        """Whether a sum is 0 mod 2^64, as its symbols say."""
        terms = {m: Fraction(f) for m, f in exact.items()}
        for _ in range(100):
            terms = {m: f for m, f in terms.items() if f.denominator != 1 or f.numerator % WORD}
            if not terms:
                return True
            s = max(max(m, default=-1) for m in terms)
            if s < 0 or self.symbols[s].exact is None and self.symbols[s].half is None:
                return False
            by, over = self.instead(s, True) if self.symbols[s].half is None else (self.symbols[s].half, 1)
            for m in [m for m in terms if s in m]:
                rest = list(m)
                rest.remove(s)
                add(terms, times({tuple(rest): terms.pop(m) / over}, by))
        return False

    # ---- bounds ------------------------------------------------------------------------------------

    def instead(self, s, all_rests=False):
        """(sum, divisor) to put for a symbol, or None where it stays."""
        y = self.symbols[s]
        if y.exact is None:
            return (y.known, 1) if y.known is not None else None
        if y.carry:
            if y.known is not None:
                return y.known, 1
            r = self.symbols[y.other]
            return add(dict(y.exact), {(y.other,): 1} if r.known is None else r.known, -1), WORD
        if y.known is not None:
            return y.known, 1
        q = self.symbols[y.other]
        if q.known is not None or all_rests:
            return add(dict(y.exact), {(y.other,): 1} if q.known is None else q.known, -WORD), 1
        return None

    def bounds(self, terms, enough=lambda low, high: False):
        """The least and the greatest that a sum can be; it may stop where these are enough."""
        best = [*self.plain(terms)]

        def within():
            return enough(*best)

        def better(a, b):
            best[0], best[1] = max(best[0], a), min(best[1], b)
        steps = [0]

        def each(t, n):
            steps[0] += 1
            if steps[0] < 50 or steps[0] % 64 == 0 or len(t) < 8:
                a, b = self.plain(t)
                better(-(-a >> n), b >> n)
            return within()
        if within():
            return best
        t, n = self.opened(terms, each)
        a, b = self.plain(t)
        better(-(-a >> n), b >> n)
        for fact in self.known:
            if within():
                break
            exact, least, most = fact[:3]
            if fact[3] != self.version:
                fact[3:] = self.version, self.opened(exact)
            k, kn = fact[4]
            tries = set()
            for m in sorted((m for m in k if m in t), reverse=True)[:40]:
                tries.add(Fraction(t[m], k[m]))
            for by in tries:
                rest = {m: f * by.denominator for m, f in t.items()}
                add(rest, k, -by.numerator)
                a, b = self.plain(rest)
                ends = [by.numerator * (e << kn) for e in (least, most)]
                a, b = a + min(ends), b + max(ends)
                better(-(-a // (by.denominator << n)), b // (by.denominator << n))
        if best[0] > best[1]:
            raise Never
        return best

    def knows(self, exact, low, high):
        """A sum is between low and high."""
        self.known.append([exact, low, high, -1, None])

    def halve(self, x):
        """The lowest bit of a limb: either case is run."""
        (m, _), = x.items()
        half, bit = self.symbol(0, WORD // 2 - 1), self.symbol(0, 1)
        self.case(bit)
        bit = number(self.now({(bit,): 1}))
        self.symbols[m[0]].half = add({(half,): 2}, const(bit))
        return bit

    def learn(self, y, terms):
        y.known = terms
        self.version += 1

    # ---- cases -------------------------------------------------------------------------------------

    def decided(self, terms):
        """A sum that has to be one number; where it is not, the cases of its symbols are run one by one."""
        terms = self.now(terms)
        while number(terms) is None:
            s = max(max(m) for m in terms if m)
            y = self.symbols[s]
            if y.exact is not None and not y.carry:     # a small sum
                self.case(y.other)
                self.single(s)
            else:
                self.case(s)
            terms = self.now(terms)
        return number(terms)

    def case(self, s):
        y = self.symbols[s]
        if y.known is not None and number(y.known) is not None:
            return
        if y.exact is not None and y.known is None:
            self.settle(s)
            if y.known is not None:
                return
        if not y.high - y.low < 4:
            raise Complaint("a value of more than four cases decides")
        at = len(self.taken)
        if at == len(self.cases):
            self.cases.append((y.low, y.high))
        value = self.cases[at][0]
        self.taken.append(value)
        self.becomes(s, value)

    def becomes(self, s, value):
        """What it says of others that a symbol is value."""
        y = self.symbols[s]
        if not y.carry:
            self.learn(y, const(value))
            return
        exact = dict(y.exact)
        low, high = self.bounds(exact)
        if high < value * WORD or low >= (value + 1) * WORD:
            raise Never
        self.learn(y, const(value))
        for fact in self.known:         # together with what was known before
            self.bounds(fact[0])
        self.knows(exact, value * WORD, (value + 1) * WORD - 1)
        self.narrow(exact, value * WORD, (value + 1) * WORD - 1)

    def narrow(self, exact, low, high):
        """What a sum between low and high says of its symbols."""
        for m, f in self.now(exact).items():
            if len(m) != 1 or abs(f) != 1:
                continue
            rest = {k: g for k, g in self.now(exact).items() if k != m}
            a, b = self.plain(rest)
            a, b = low - b, high - a
            if f < 0:
                a, b = -b, -a
            y = self.symbols[m[0]]
            y.low, y.high = max(y.low, a), min(y.high, b)
            if y.low > y.high:
                raise Never
            if y.low == y.high and y.known is None:
                self.becomes(m[0], y.low)
        terms = self.now(exact)
        if number(terms) is None and high - low >= WORD - 1:
            a, b = self.plain(terms)
            if max(a, low) != min(b, high) and b - a < 4:
                a, b = self.bounds(terms)
                if max(a, low) == min(b, high):
                    self.equal(terms, max(a, low))

    def equal(self, terms, n):
        s = max(max(m) for m in terms if m)
        f = terms[(s,)]
        if abs(f) == 1 and self.symbols[s].known is None:
            self.learn(self.symbols[s], add(const(n * f), {m: g for m, g in terms.items() if m != (s,)}, -f))
            self.knows(dict(terms), n, n)

    def single(self, s):
        """A small sum, of which the case is known, is one number."""
        y = self.symbols[s]
        q = number(self.symbols[y.other].known)
        a, b = self.plain(self.now(y.exact))
        if a != b:
            a, b = self.bounds(y.exact)
        a, b = max(a, q * WORD), min(b, q * WORD + WORD - 1)
        if a > b:
            raise Never
        if a != b:
            a = self.decided(y.exact)
        if number(self.now(y.exact)) is None:
            self.equal(self.now(y.exact), a)
        self.learn(y, const(a - q * WORD))

    # ---- claims ------------------------------------------------------------------------------------

    def claim(self, limbs, scale, expected):
        """sum of limbs * 2^scale is congruent to expected, and below the modulus."""
        total = {}
        for i, x in enumerate(limbs):
            add(total, self.now(x), 1 << 64 * i)
        for m in limbs[-1]:
            for s in m:
                if self.symbols[s].exact is not None:
                    self.settle(s if self.symbols[s].carry else self.symbols[s].other)
        high = self.bounds(total, lambda low, high: high < self.modulus)[1]
        if high >= self.modulus:
            raise Complaint("the result may be 2^%.4f times the modulus" % log2(high, self.modulus))
        terms, n = self.opened(add({m: f << scale for m, f in total.items()}, expected, -1))
        for m, f in sorted(terms.items()):
            if f % self.modulus:
                raise Complaint("%s stays in the result" % (" * ".join(self.symbols[s].name for s in m) or "a constant"))
        return high


def log2(a, b):
    import math
    return math.log2(a) - math.log2(b)
