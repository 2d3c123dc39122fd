"""divsteps.py -- sixty divsteps on the low bits of f and g: that they are those of p256_inv.c, and that no word overflows.

A step is run in its four ways, as g is odd and delta positive, on words f = 2F + 1 and g of which only a bound is known, and
has to do to them what a divstep does:

  delta > 0 and g odd:  zeta = -zeta - 2, f = g, g = (g - f)/2
  else:                 zeta = zeta - 1,  g = (g + (g odd)*f)/2

A word is low - 2^21 u - 2^42 v, and a step is linear: so it does the same to all three, u and v begin as 2^20 and 0, or 0 and
2^20, and have a factor 2 more than there are steps to come; so what is odd is low.  New rows are halves of sums of old ones,
or old ones, never both negative: |low| stays below 2^20, |u| + |v| at most 2^20, and u and v above -2^20.  So after twenty
steps the parts of a word can be told from one another.
"""
from rows import Rows, last, nothing
from sums import add, added, times
from walk import Complaint, placed

ENTRY, WORD, STEPS, ROUNDS = "p256_steps_a64", 1 << 64, 20, 3
LIMIT = (1 << 62) + (1 << 42)       # more than a word f or g can be, or zeta
COEFFICIENT = (-(1 << STEPS) + 1, 1 << STEPS)
RANGES = {"A": (-(1 << 19), (1 << 19) - 1), "B": (-(1 << STEPS) + 1, (1 << STEPS) - 1)}     # (low of f - 1)/2, low of g
HALF = 2        # forms of a step are twice what they are


def number(op):
    return int(op[1:], 0)


def form(**parts):
    return {(name,): f for name, f in parts.items()}


class Machine:
    def __init__(self, code):
        self.code, self.at = code, code.entry[ENTRY]
        self.round, self.stored = 0, {}
        self.registers = {"x0": ("t", 0), "x1": form(zeta=1), "x2": form(f0=1), "x3": form(g0=1), "xzr": {}}

    # ---- whole numbers -----------------------------------------------------------------------------

    def range_of(self, terms):
        low = high = 0
        for m, f in terms.items():
            ends = (1, 1)
            for name in m:
                given = RANGES.get(name[0], COEFFICIENT if name[0] in "uvqr" else (-LIMIT, LIMIT))
                products = [x * y for x in ends for y in given]
                ends = min(products), max(products)
            low, high = low + min(f * e for e in ends), high + max(f * e for e in ends)
        return low, high

    def fits(self, terms):
        low, high = self.range_of(terms)
        return -WORD // 2 <= low and high < WORD // 2

    def shifted(self, terms, n):
        """terms / 2^n, rounded down."""
        out = {m: f >> n for m, f in terms.items() if f % (1 << n) == 0}
        low, high = self.range_of({m: f for m, f in terms.items() if m not in out})
        if low < 0 or high >= 1 << n:
            raise Complaint("what is below bit %d may reach it: from %d to %d" % (n, low, high))
        return out

    def signed(self, terms, n):
        """The lowest n bits of terms, with their sign."""
        out = {m: f for m, f in terms.items() if f % (1 << n)}
        low, high = self.range_of(out)
        if low < -(1 << n - 1) or high >= 1 << n - 1:
            raise Complaint("from %d to %d has more than %d bits" % (low, high, n))
        return out

    def value(self, ops):
        """The last operand, which may be shifted."""
        by = int(ops[1].split("#")[1], 0) if len(ops) > 1 else 0
        terms = {(): number(ops[0])} if ops[0][0] == "#" else self.registers[ops[0]]
        return {m: f << by for m, f in terms.items() if f}

    # ---- instructions between steps --------------------------------------------------------------------

    def step(self, m, op):
        r, to = self.registers, op[0]
        if m in ("add", "sub"):
            self.exact(to, added(r[op[1]], self.value(op[2:]), 1 if m == "add" else -1))
        elif m == "mov":
            r[to] = self.value(op[1:])
        elif m in ("ubfx", "and"):
            self.low_bits(m, op)
        elif m == "sbfx":
            r[to] = self.signed(self.shifted(r[op[1]], number(op[2])), number(op[3]))
        elif m == "asr":
            r[to] = self.shifted(r[op[1]], number(op[2]))
        elif m == "mul":
            self.product(to, times(r[op[1]], r[op[2]]))
        elif m == "madd":
            self.product(to, add(times(r[op[1]], r[op[2]]), r[op[3]]))
        elif m == "lsr":
            self.moved(op)
        elif m == "stp":
            at = int(op[2].strip("[]").partition("#")[2] or "0", 0)
            self.stored[at], self.stored[at + 8] = r[op[0]], r[op[1]]
        else:
            raise Complaint("an instruction that is not known here")

    def exact(self, to, terms):
        if not self.fits(terms):
            raise Complaint("from %d to %d leaves 64 bits" % self.range_of(terms))
        self.registers[to] = terms

    def product(self, to, terms):
        """With f and g in it, it is right mod 2^64; else as it is."""
        if any(name[0] in "fg" for m in terms for name in m):
            self.registers[to] = terms
        else:
            self.exact(to, terms)

    def of_round(self, names):
        return [name + str(self.round) for name in names]

    def low_bits(self, m, op):
        """The lowest twenty bits of f, without the 1, and of g."""
        f, g, a, b = self.of_round("fgAB")
        want, bits, name = (f, ["#1", "#19"], a) if m == "ubfx" else (g, ["#0xfffff"], b)
        if self.registers[op[1]] != {(want,): 1} or op[2:] != bits:
            raise Complaint("other bits than the lowest twenty")
        self.registers[op[0]] = {(name,): 1}

    def moved(self, op):
        """f and g after twenty steps, or both their opposites, of which twenty bits less are known."""
        u, v, q, r, f, g = self.of_round("uvqrfg")
        after = {"f": {(f, u): -1, (g, v): -1}, "g": {(f, q): -1, (g, r): -1}}
        got = {tuple(sorted(m)): x for m, x in self.registers[op[1]].items()}
        name = [n for n, want in after.items() if want == got]
        if not name or op[2] != "#20":
            raise Complaint("what is shifted is not 2^20 times what twenty steps make")
        self.registers[op[0]] = {(name[0] + str(self.round + 1),): 1}
        self.round += name[0] == "g"

    # ---- steps ---------------------------------------------------------------------------------------

    def twenty(self):
        """From words as they begin to words of which the parts are told apart."""
        a, b = self.of_round("AB")
        begin = {(a,): 1, (): -1 << 40}, {(b,): 1, (): -1 << 62}
        of_g = self.code.lines[self.at][2][0]
        of_f = [name for name, terms in self.registers.items() if terms == begin[0]]
        if len(of_f) != 1 or self.registers[of_g] != begin[1]:
            raise Complaint("words that do not begin as they should")
        for i in range(STEPS):
            for odd in (0, 1):
                for positive in (0, 1):
                    end = self.one_step(of_f[0], of_g, -1 if i % 2 else 1, odd, positive)
            self.at = end
        u, v, q, r = self.of_round("uvqr")
        self.registers[of_f[0]] = {(a,): 1, (u,): -1 << 20, (v,): -1 << 41}
        self.registers[of_g] = {(b,): 1, (q,): -1 << 21, (r,): -1 << 42}

    def one_step(self, of_f, of_g, sign, odd, positive):
        """Where a step ends, which makes of g, or of -g, the opposite of what it should become."""
        one = {(): HALF}
        f, g, zeta = form(f=HALF), form(g=HALF), form(zeta=HALF)
        r = {of_f: halved(added(f, one, -1)), of_g: times(g, {(): sign}), "x1": zeta, "xzr": {}}
        both = odd and positive
        want_f, want_zeta = (g, added(times(zeta, {(): -1}), one, -2)) if both else (f, added(zeta, one, -1))
        want_g = halved(added(g, f, -1) if both else added(g, f) if odd else g)
        at, run = self.at, Step(r, odd, positive)
        while True:
            where, m, op = self.code.lines[at]
            at += 1
            try:
                run.step(m, op)
            except Complaint as e:
                raise placed((where, m, op), e) from None
            if m == "sub" and op[0] == of_g:
                break
        if r[of_f] != halved(added(want_f, one, -1)) or r[of_g] != times(want_g, {(): -sign}) or r["x1"] != want_zeta:
            raise Complaint("%s: a step that is none, for g %s and delta %s" % (
                where, ("even", "odd")[odd], ("not positive", "positive")[positive]))
        return at

    # ---- all of it -------------------------------------------------------------------------------------

    def run(self):
        rounds = 0
        while True:
            where, m, op = self.code.lines[self.at]
            try:
                if m == "ret":
                    break
                if m == "tst":
                    self.twenty()
                    rounds += 1
                else:
                    self.at += 1
                if m not in ("tst", "bti", "nop"):
                    self.step(m, op)
            except Complaint as e:
                raise placed((where, m, op), e) from None
        if rounds != ROUNDS or self.registers["x0"] != form(zeta=1):
            raise Complaint("%d times twenty steps, or another zeta" % rounds)


def halved(terms):
    """Half of a form, of which the factors are twice what they are."""
    if any(f % 2 for f in terms.values()):
        raise Complaint("half of a half")
    return {m: f // 2 for m, f in terms.items()}


class Step:
    """Instructions of a step; factors are twice what they are."""

    def __init__(self, registers, odd, positive):
        self.registers, self.odd, self.positive = registers, odd, positive
        self.even = self.minus = None       # of a comparison: whether it was 0, or negative

    def flag(self, name):
        holds = {"ne": not self.even, "eq": self.even, "mi": self.minus, "pl": not self.minus}.get(name)
        if holds is None or (self.minus if name in ("mi", "pl") else self.even) is None:
            raise Complaint("a flag that is not known")
        return holds

    @staticmethod
    def inverted(x):
        return added(times(x, {(): -1}), {(): HALF}, -1)

    def step(self, m, op):
        r, x = self.registers, [self.registers.get(o) for o in op]
        if m == "tst" and op[1] == "#0x1" and set(x[0]) <= {("g",)}:
            self.even, self.minus = not self.odd, None
        elif m in ("eor", "eon") and op[2:] == ["x1", "asr #63"] and x[2] == form(zeta=HALF):
            r[op[0]] = self.inverted(x[1]) if self.positive == (m == "eor") else x[1]
        elif m == "asr" and op[2] == "#1" and set(x[1]) <= {("g",)}:
            r[op[0]] = halved(added(x[1], {(): HALF}, -self.odd))
        elif m in ("csel", "csinv"):
            r[op[0]] = x[1] if self.flag(op[3]) else self.inverted(x[2]) if m == "csinv" else x[2]
        elif m == "ccmp" and op[1:3] == ["#0x0", "#0x0"] and x[0] == form(zeta=HALF):
            self.minus = bool(self.flag(op[3]) and self.positive)
            self.even = None
        elif m == "cinv":
            r[op[0]] = self.inverted(x[1]) if self.flag(op[2]) else x[1]
        elif m == "sub":
            r[op[0]] = added(x[1], {(): HALF * number(op[2])} if op[2][0] == "#" else x[2], -1)
        else:
            if m != "nop":
                raise Complaint("an instruction that is not known here")
        if op and op[0] in r and sum(abs(f) * (LIMIT if m else 1) for m, f in r[op[0]].items()) >= HALF * WORD // 2:
            raise Complaint("a word that leaves 64 bits")


def matrix_after(a, b):
    return [add(times(a[i], b[j]), times(a[i + 1], b[j + 2])) for i in (0, 2) for j in (0, 1)]


def prove(code, constants):
    machine = Machine(code)
    machine.run()
    each = [[{(name + str(i),): -1} for name in "uvqr"] for i in range(ROUNDS)]
    want = matrix_after(each[2], matrix_after(each[1], each[0]))
    if [machine.stored.get(8 * i) for i in range(4)] != want:
        raise Complaint("the matrix is not that of the steps, or its opposite")
    return "%s: %d times %d steps, each in four ways" % (ENTRY, ROUNDS, STEPS)


def exchanged(m, op):
    return m, [op[1], op[0]] + op[2:]


ROWS = Rows(lambda code, constants: constants, [(ENTRY, prove)], [], [(ENTRY, name, change, prove) for name, change in (
    ("a step that is taken where g is even", ("csel", 6, lambda m, op: (m, op[:3] + ["eq"]))),
    ("an f that is not inverted", ("csinv", 4, lambda m, op: ("csel", op))),
    ("a delta that does not change its sign", ("cinv", 20, nothing)),
    ("a delta that changes by 2", ("sub", 30, last("#0x2"))),
    ("a complement of the other kind", ("eor", 12, lambda m, op: ("eon", op))),
    ("a sum for a difference", ("sub", 41, lambda m, op: ("add", op))),
    ("a half of a quarter", ("asr", 9, last("#2"))),
    ("words that begin with one bit less", ("ubfx", 1, last("#18"))),
    ("a coefficient from one bit below", ("sbfx", 0, lambda m, op: (m, op[:2] + ["#19", "#21"]))),
    ("a coefficient of one bit less", ("sbfx", 2, last("#20"))),
    ("a half that is not added before a coefficient is cut off", ("add", 1, nothing)),
    ("another coefficient's bit", ("asr", 20, last("#42"))),
    ("a product that is left out", ("madd", 1, nothing)),
    ("a shift by one bit less", ("lsr", 1, last("#19"))),
    ("rows of a matrix that are exchanged", ("stp", 0, exchanged)),
)])
