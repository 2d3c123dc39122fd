"""fp4.py -- four elements side by side, and squares in F_p^2: what fp4.h states, and whether the code keeps to it."""
from fp8 import TIGHT, with_p
from lanes import LIMB
from rows import Rows, last, nothing
from side import LANES, Side
from sums import added, times
from walk import Complaint

N, RADIX = 20, 52 * 20


def times_p(p, x):
    """x p, and 2^-100 p for what a row may exceed tight by."""
    return p * round(x * 10**6) // 10**6 + (p >> 100 if isinstance(x, float) else 0)


def prime(constants):
    return sum(x << 52 * i for i, x in enumerate(constants["p"]))


# ---- how limbs lie in rows of eight lanes ------------------------------------------------------------


def fours(e, i):
    """Limb i of element e: lanes 2e and 2e + 1 of row i mod 10."""
    return LANES * (i % 10) + 2 * e + i // 10


def parts(e, i):
    """Limb i of the real and of the imaginary part: lanes q and 4 + q of row i - 5q."""
    return LANES * (i % 5) + 4 * e + i // 5


def elements(machine, array, most, at):
    """Inputs, at most most; the numbers that they are."""
    words, numbers = {}, []
    for e, m in enumerate(most):
        limbs = machine.element("%s %d" % (array, e), N, m)
        numbers.append(machine.number_in(limbs))
        words.update((at(e, i), v) for i, v in enumerate(limbs))
    machine.given[array] = words.__getitem__
    return numbers


def results(machine, array, at, count):
    return [machine.number_in([machine.word(array, 8 * at(e, i)) for i in range(N)]) for e in range(count)]


def said(name, most, p, machine):
    return "%s: at most %.4f p, registers below 2^%d" % (name, most * 10**4 // p / 10**4, machine.top)


def point(machine, arrays):
    for register, array in zip(("rdi", "rsi", "rdx", "rcx", "r8"), arrays):
        machine.registers[register] = (array, 0)


# ---- products, sums --------------------------------------------------------------------------------

ORDERS = ((2, 0, 3, 2), (0, 1, 2, 3))


def order(which):
    return [2 * e + half for e in which for half in (0, 1)]


def product(code, constants, bits_a=1030, bits_b=1030, stated=TIGHT):
    machine = Side(code, dict(constants, of_a=order(ORDERS[0]), of_b=order(ORDERS[1])))
    p = prime(constants)
    a = elements(machine, "a", [(1 << bits_a) - 1] * 4, fours)
    b = elements(machine, "b", [(1 << bits_b) - 1] * 4, fours)
    point(machine, ("r", "a", "of_a", "b", "of_b"))
    machine.run("fp4_mul_ifma")
    most = 0
    for e, total in enumerate(results(machine, "r", fours, 4)):
        want = times(a[ORDERS[0][e]], b[ORDERS[1][e]])
        most = max(most, machine.claim(total, RADIX, want, p, 0, times_p(p, stated)))
    return said("fp4_mul_ifma", most, p, machine)


# For each place what is first, second, third and last, and whether all but the first are there: each way in some place.
PLANS = [
    ((3, 2, 1, 0), (1, 1, 2, 3), (0, 2, 3, 1), (2, 3, 0, 1), (1, 0, 1, 0), (0, 1, 1, 0), (1, 1, 1, 1)),
    ((0, 0, 2, 1), (1, 3, 0, 2), (0, 1, 2, 3), (3, 0, 1, 2), (1, 1, 0, 0), (1, 0, 1, 0), (0, 0, 0, 0)),
]


SUMS = 6                # of p: what a sum is below


def plan_words(plan):
    """A fp4_plan as it lies in memory."""
    has = [sum(3 << 2 * e for e in range(4) if there[e]) for there in plan[4:]]
    return sum((order(which) for which in plan[:4]), []) + [has[0] | has[1] << 8 | has[2] << 16]


def mixture(numbers, plan, e, p):
    out = dict(numbers[plan[0][e]])
    for which, has, sign in zip(plan[1:4], plan[4:], (1, 1, -1)):
        if has[e]:
            out = added(out, numbers[which[e]], sign)
    return added(out, {(): 2 * p}) if plan[6][e] else out


def mix(code, constants, tight=TIGHT, stated=SUMS):
    most, p = 0, prime(constants)
    for plan in PLANS:
        machine = Side(code, dict(constants, plan=plan_words(plan)))
        a = elements(machine, "a", [times_p(p, tight)] * 4, fours)
        point(machine, ("r", "a", "plan", "fp4_2p"))
        machine.run("fp4_mix_ifma")
        for e, total in enumerate(results(machine, "r", fours, 4)):
            want = mixture(a, plan, e, p)
            if machine.opened(added(total, want, -1))[0]:
                raise Complaint("the result is not what it should be")
            most = max(most, machine.claim(total, 0, want, p, 0, times_p(p, stated)))
    return said("fp4_mix_ifma", most, p, machine)


# ---- squares in F_p^2 --------------------------------------------------------------------------------

IN, OUT = (18, 34), (TIGHT, 2.3)        # of p: the real and the imaginary part


class Squares(Side):
    """What is a factor is a number of its own for its square, or the product of the parts."""

    def begin(self, p, re, im):
        self.p, self.re, self.im, self.scale = p, re, im, 0
        self.turn, self.kept = 0, False

    def step(self, m, op):
        if m == "vpermq" and "[rsp" in op[1] and not self.kept:
            self.kept = True
            self.keep()
        elif m == "dec":
            self.turn, self.kept = self.turn + 1, False
        super().step(m, op)

    def keep(self):
        """The factors, (re + im, re) and (re - im + 64p, im), are what they should be; and the products of these."""
        wants = (added(self.re, self.im), added(self.re, self.im, -1)), (self.re, self.im)
        total = [self.factors(e, *want) for e, want in enumerate(wants)]
        self.re, self.im, self.scale = total[0], {m: 2 * f for m, f in total[1].items()}, RADIX

    def factors(self, e, want_a, want_b):
        array, at = self.registers["rsp"]
        words = [parts(e, i) for i in range(N)]
        a, number_a, sum_a = self.cut("a of square %d, %d" % (self.turn, e),
                                      [self.vectors[5 + w // LANES][w % LANES] for w in words])
        b, number_b, sum_b = self.cut("b of square %d, %d" % (self.turn, e),
                                      [self.word(array, at + 8 * w) for w in words])
        self.same(sum_a, self.scale, want_a, self.p)
        self.same(sum_b, self.scale, want_b, self.p)
        for w, x, y in zip(words, a, b):
            self.vectors[5 + w // LANES][w % LANES] = x
            self.memory[array, at + 8 * w] = y
        return times(number_a, number_b)


def inverse(constants):
    """2^-52 mod p, of the real part, as fp2_p has it behind p and 64p."""
    return [constants["fp2_p"][10 * LANES + parts(0, i)] for i in range(N)]


def squares(code, constants, n=1, given=IN):
    """n squares: after the first it is given what one gives, and so after any."""
    p = prime(constants)
    if (LIMB * sum(x << 52 * i for i, x in enumerate(inverse(constants))) - 1) % p:
        raise Complaint("2^-52 mod p is another number")
    machine = Squares(code, constants)
    machine.begin(p, *elements(machine, "v", [times_p(p, x) for x in given], parts))
    machine.registers.update(rdi=("v", 0), rsi=n)
    machine.run("fp2_squares_ifma")
    most = 0
    for total, want, stated in zip(results(machine, "v", parts, 2), (machine.re, machine.im), OUT if n else given):
        most = max(most, machine.claim(total, machine.scale, want, p, 0, times_p(p, stated)))
    return said("fp2_squares_ifma, %d of them" % n, most, p, machine)


# ---- what is proved, and what is found -----------------------------------------------------------------


def of_element(code, constants):
    return with_p(constants)


def wrong_inverse(constants):
    return dict(constants, fp2_p=[x ^ 1 if i == 10 * LANES else x for i, x in enumerate(constants["fp2_p"])])


PRODUCTS = Rows(of_element, [
    ("fp4_mul_ifma, factors below 2^1030", product),
    ("fp4_mul_ifma, one below 2^1034, the other 2^1026", lambda code, c: product(code, c, 1034, 1026)),
    ("fp4_mix_ifma", mix),
], [
    ("fp4_mul_ifma, a factor of one bit more,", lambda code, c: product(code, c, 1031)),
    ("fp4_mul_ifma, a stated bound that is too low,", lambda code, c: product(code, c, stated=1.05)),
    ("fp4_mix_ifma, elements of twice the size,", lambda code, c: mix(code, c, 2 * TIGHT)),
    ("fp4_mix_ifma, a stated bound of one p less,", lambda code, c: mix(code, c, stated=SUMS - 1)),
    ("fp4_mix_ifma, p for 2p,", lambda code, c: mix(code, dict(c, fp4_2p=c["fp4_p"]))),
], [("fp4_mul_ifma", name, change, product) for name, change in (
    ("a product that is left out", ("vpmadd52luq", 30, nothing)),
    ("an upper half taken for the lower", ("vpmadd52huq", 30, lambda m, op: ("vpmadd52luq", op))),
    ("a carry out of an eliminated column that is left out", ("vpaddq", 3, nothing)),
    ("a shift by one bit more", ("vpsrlq", 5, last("0x35"))),
    ("a window that does not move", ("vpsrldq", 7, nothing)),
    ("a limb of the other half", ("vpshufd", 5, last("0xee"))),
    ("a digit that the odd lane does not get", ("vpshufd", 6, nothing)),
    ("a carry that is not handed to the odd lane", ("vpslldq", 0, nothing)),
    ("a limb that is not masked", ("vpandq", 3, nothing)),
    ("a limb without the carry of the other lane", ("vpaddq", 31, nothing)),
)] + [("fp4_mix_ifma", name, change, mix) for name, change in (
    ("a sum that is a difference", ("vpaddq", 1, lambda m, op: ("vpsubq", op))),
    ("a carry that is left out", ("vpaddq", 34, nothing)),
)])

SQUARES = Rows(of_element, [
    ("fp2_squares_ifma, %d of them" % n, lambda code, c, n=n: squares(code, c, n)) for n in (0, 1, 2)
], [
    ("fp2_squares_ifma, parts of twice the size,", lambda code, c: squares(code, c, 1, [2 * x for x in IN])),
    ("fp2_squares_ifma, 2^-52 that is another number,", lambda code, c: squares(code, wrong_inverse(c))),
], [("fp2_squares_ifma", name, change, squares) for name, change in (
    ("a product that is left out", ("vpmadd52luq", 30, nothing)),
    ("an upper half taken for the lower", ("vpmadd52huq", 40, lambda m, op: ("vpmadd52luq", op))),
    ("a shift by one bit more", ("vpsrlq", 4, last("0x35"))),
    ("a window that moves the other way", ("vpermq", 8, last("0x93"))),
    ("a carry that is handed to another lane", ("vpermq", 0, last("0x39"))),
    ("a limb that is not masked", ("vpandq", 7, nothing)),
    ("a carry that is left out", ("vpaddq", 12, nothing)),
    ("a part that is not doubled", ("vpaddq", -22, nothing)),
)])
