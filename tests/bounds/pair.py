"""pair.py -- two points of P-256's field, each by four lanes: what p256x8.h states, and whether the code keeps to it.

A product of all lanes is proved once, for any limbs below 2^52.  Where a formula calls it, each lane's factors have to be
such limbs, and what they multiply to is a number of its own: columns, a bound, and what it is mod p for operands that are
drawn once.  What lies between products are sums of columns.
"""
import random

from fp8 import number, plus
from lanes import LIMB, MASK, Machine, const
from p256x8 import N, P, RADIX
from rows import Rows, last, nothing
from side import LANES, Side
from sums import times
from walk import Complaint

PRODUCT = "p256x8_pair_product"
A, B, COLUMNS = range(16, 21), range(21, 26), range(5, 10)       # registers of the product


class Pair(Side):
    def begin(self):
        self.random, self.drawn, self.calls, self.columns = random.Random(1), {}, 0, None

    # ---- numbers that are drawn --------------------------------------------------------------------

    def drawn_number(self, name, most, value, highest=None):
        """A number of five limbs, or of columns that are at most highest."""
        lanes = self.element(name, N, most)
        if highest:
            for i, v in enumerate(lanes):
                v.hi = min(highest[i], most >> 52 * i)
                self.symbols[self.of(v)].high = v.hi
        for i, v in enumerate(lanes[1:]):
            self.drawn[self.of(v)] = self.random.randrange(P)
            value -= self.drawn[self.of(v)] << 52 * (i + 1)
        self.drawn[self.of(lanes[0])] = value % P
        return lanes

    @staticmethod
    def of(v):
        ((s,),) = v.terms
        return s

    def value(self, total):
        """What a sum is mod p."""
        terms, n = self.opened(total)
        out = 0
        for m, f in terms.items():
            if f % P:
                if any(s not in self.drawn for s in m):
                    raise Complaint("%s stays in the result" % self.symbols[max(m)].name)
                for s in m:
                    f = f * self.drawn[s] % P
                out += f
        return out * pow(2, -n, P) % P

    # ---- the product -------------------------------------------------------------------------------

    def called(self, op):
        if self.code.target(op) != self.code.entry[PRODUCT]:
            return False
        if self.columns is None:
            self.columns = proved_product(self)
        self.calls += 1
        out = [self.lane_product(lane) for lane in range(LANES)]
        for i, n in enumerate(COLUMNS):
            self.vectors[n] = [out[lane][i] for lane in range(LANES)]
        for n in [*range(5), 31]:
            self.vectors.pop(n, None)
        return True

    def lane_product(self, lane):
        high, value = (1 << RADIX) * P - P, pow(2, -RADIX, P)
        most = 1
        for factor in (A, B):
            total = self.number_in([self.vectors[n][lane] for n in factor])
            least, greatest = self.range_of(total)
            if least < 0:
                raise Complaint("a factor of lane %d may be negative" % lane)
            most, value = most * greatest, value * self.value(total) % P
        return self.drawn_number("product %d of lane %d" % (self.calls, lane), high + most >> RADIX, value, self.columns)


def proved_product(side):
    """Of columns of (a*b + m*p)/2^260, a and b of any limbs, what each is at most."""
    machine = Machine(side.code, dict(side.constants, n0=1))
    for n, lanes in side.vectors.items():
        if len({v.constant() for v in lanes}) == 1 and lanes[0].constant() is not None:
            machine.vectors["zmm%d" % n] = const(lanes[0].constant())
    for name, registers in (("a", A), ("b", B)):
        for i, n in enumerate(registers):
            machine.vectors["zmm%d" % n] = machine.fresh((name, i), 0, MASK)
    machine.run(PRODUCT)
    machine.nothing_cut()
    columns = [machine.vectors["zmm%d" % n] for n in COLUMNS]
    if len(machine.digits) != N or any(v.lo < 0 for v in columns):
        raise Complaint("a product of other digits")
    digits = [(P << 52 * i, d) for i, d in enumerate(machine.digits)]
    want = times(number(machine, "a"), number(machine, "b"))
    if plus((1, machine.worth(columns, RADIX, digits)), (-1, want)):
        raise Complaint("the product is not what it should be")
    return [v.hi for v in columns]


# ---- points ----------------------------------------------------------------------------------------

R = 1 << RADIX
IN, POWER = (6, 7, 2, 2), 2             # of p: x, twice y, z, a*z^4; powers of z
OUT, POWER_OUT = (5.2, 7, 1.3, 1.3), 1.3


def double(x, y2, z, az4):
    y = y2 * pow(2, -1, P)
    m, s = 3 * x * x + az4, 4 * x * y * y
    x3 = m * m - 2 * s
    return x3, 2 * (m * (s - x3) - 8 * y**4), y2 * z, az4 * y2**4


def total(first, second, minus):
    """The sum that add-2007-bl gives: z is twice what is between the points."""
    (x1, y1, z1, az4), (x2, y2, z2, _) = first, second
    half = pow(2, -1, P)
    y1, y2 = y1 * half, (-y2 if minus else y2) * half
    u, s = x1 * z2**2, y1 * z2**3
    h, r = x2 * z1**2 - u, y2 * z1**3 - s
    x3 = r * r - h**3 - 2 * u * h * h
    y3 = r * (u * h * h - x3) - s * h**3
    z3 = h * z1 * z2
    return 4 * x3, 16 * y3, 2 * z3, az4 * (2 * h * z2)**4


def drawn_point(machine, name, lanes, times_as_large):
    """The words of a point and of its powers of z, in some lanes, and what x, twice y, z and a*z^4 are."""
    x, y, z, a = (machine.random.randrange(P) for _ in range(4))
    plain = [x, y, z, a * z**4 % P]
    values = plain + [z**2, z**3, z**4]
    most = [n * P * times_as_large for n in IN + 3 * (POWER,)]
    words = {}
    for k, (value, m) in enumerate(zip(values, most)):
        limbs = machine.drawn_number("%s, number %d" % (name, k), m, value * R % P)
        for i, v in enumerate(limbs):
            words[LANES * (i + N * (k // 4)) + lanes + k % 4] = v
    for i, v in enumerate(machine.element("%s, what is in no lane" % name, N, POWER * P)):
        words[LANES * (i + N) + lanes + 3] = v
    return plain, words


def given(machine, array, times_as_large=1):
    points, words = [], {}
    for lanes in (0, 4):
        plain, more = drawn_point(machine, "%s of lanes %d" % (array, lanes), lanes, times_as_large)
        points.append(plain)
        words.update(more)
    machine.given[array] = words.__getitem__
    return points


def limbs(machine, row, lane):
    return [machine.word("a", 8 * (LANES * (row + i) + lane)) for i in range(N)]


def claim(machine, row, lane, want, stated):
    got = machine.number_in(limbs(machine, row, lane))
    low, high = machine.range_of(got)
    if low < 0 or high > stated * P:
        raise Complaint("lane %d is from %.3f p to %.3f p" % (row // N * LANES + lane, low / P, high / P))
    if (machine.value(got) - want * R) % P:
        raise Complaint("lane %d is not what it should be" % lane)
    return high / P


def claim_points(machine, points, powers, stated=OUT):
    most = [0] * 4
    for c, point in enumerate(points):
        for k, want in enumerate(point):
            most[k] = max(most[k], claim(machine, 0, 4 * c + k, want, stated[k]))
        for k in range(3) if powers else ():
            claim(machine, N, 4 * c + k, point[2]**(k + 2), POWER_OUT)
    return "at most %.3f p, %.3f p, %.3f p and %.3f p, registers below 2^%d" % (*most, machine.top)


def doubled(code, constants, n=1, times_as_large=1, stated=OUT):
    """n times twice: after the first they are given what one gives, and so after any."""
    machine = Pair(code, constants)
    machine.begin()
    points = given(machine, "a", times_as_large)
    machine.registers.update(rdi=("a", 0), rsi=("w", 0), rdx=n)
    machine.run("p256x8_pair_dbl_ifma")
    for _ in range(n):
        points = [double(*point) for point in points]
    return "p256x8_pair_dbl_ifma, %d times: %s" % (n, claim_points(machine, points, True, stated))


def added_up(code, constants, minus=0, whole=1, times_as_large=1):
    machine = Pair(code, constants)
    machine.begin()
    of = {array: given(machine, array, times_as_large) for array in "abc"}
    machine.registers.update(rdi=("a", 0), rsi=("w", 0), rdx=("b", 0), rcx=("c", 0), r8=minus, r9=whole)
    before = [machine.word("a", 8 * (LANES * N + i)) for i in range(LANES * N)]
    machine.run("p256x8_pair_add_ifma")
    if not whole and before != [machine.word("a", 8 * (LANES * N + i)) for i in range(LANES * N)]:
        raise Complaint("powers of z change where they should not")
    points = [total(of["a"][c], of["bc"[c]][c], minus >> 2 + 4 * c & 1) for c in (0, 1)]
    return "p256x8_pair_add_ifma, minus %d, whole %d: %s" % (minus, whole, claim_points(machine, points, whole))


# ---- what is proved, and what is found -----------------------------------------------------------------


def other(name):
    return lambda m, op: (name, op)


ROWS = Rows(lambda code, constants: constants, [
    ("p256x8_pair_dbl_ifma, %d times" % n, lambda code, c, n=n: doubled(code, c, n)) for n in (1, 2)
] + [
    ("p256x8_pair_add_ifma, minus %d, whole %d" % (m, w), lambda code, c, m=m, w=w: added_up(code, c, m, w))
    for m, w in ((0, 1), (4, 0), (64, 1), (68, 0))
], [
    ("p256x8_pair_dbl_ifma, coordinates of eight times the size,", lambda code, c: doubled(code, c, 1, 8)),
    ("p256x8_pair_dbl_ifma, a stated bound that is too low,", lambda code, c: doubled(code, c, stated=(5,) + OUT[1:])),
    ("p256x8_pair_add_ifma, coordinates of twice the size,", lambda code, c: added_up(code, c, 0, 1, 2)),
    ("p256x8_pair_dbl_ifma, 2p for 4p,", lambda code, c: doubled(code, dict(c, p256x8_4p=c["p256x8_2p"]))),
    ("p256x8_pair_add_ifma, 2p for 4p,", lambda code, c: added_up(code, dict(c, p256x8_4p=c["p256x8_2p"]))),
], [(part, name, change, proof) for part, proof, name, change in (
    (PRODUCT, doubled, "a product that is left out", ("vpmadd52luq", 7, nothing)),
    (PRODUCT, doubled, "a carry out of an eliminated column that is left out", ("vpaddq", 2, nothing)),
    ("p256x8_pair_dbl_ifma", doubled, "a carry that is left out", ("vpaddq", 16, nothing)),
    ("p256x8_pair_dbl_ifma", doubled, "a fold by one bit more", ("vpsllq", 3, last("0x2d"))),
    ("p256x8_pair_dbl_ifma", doubled, "a limb that is not masked", ("vpandq", 2, nothing)),
    ("p256x8_pair_dbl_ifma", doubled, "a lane of another product", ("vpermq", 5, last("0x84"))),
    ("p256x8_pair_dbl_ifma", doubled, "a difference that is a sum", ("vpsubq", 3, other("vpaddq"))),
    ("p256x8_pair_add_ifma", added_up, "a carry that is left out", ("vpaddq", 14, nothing)),
    ("p256x8_pair_add_ifma", added_up, "a fold that is left out", ("vpsraq", 0, lambda m, op: ("vpxord", [op[0]] * 3))),
    ("p256x8_pair_add_ifma", added_up, "a factor of another lane", ("vpblendmq", 1, nothing)),
    ("p256x8_pair_add_ifma", added_up, "a multiple of p that is left out", ("vpaddq", 0, nothing)),
)])
