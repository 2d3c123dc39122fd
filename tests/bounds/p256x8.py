"""p256x8.py -- what the kernels of p256x8.h are given and must give, and whether the code keeps to it."""
from fp8 import number, plus, whole
from lanes import LIMB, MASK, Machine, const
from rows import changed
from sums import times
from walk import Complaint

N, RADIX = 5, 52 * 5
P = (1 << 256) - (1 << 224) + (1 << 192) + (1 << 96) - 1
TIGHT = (0, 2 * P)     # what comes in and goes out


def limbs_of(low, high):
    return lambda i: (0, MASK) if i < N - 1 else (low >> 52 * (N - 1), high >> 52 * (N - 1))


def total(machine, parts, given):
    """Of a sum of arrays and multiples of p: the number, and its range where each array is as given."""
    out, low, high = {}, 0, 0
    for sign, array in parts:
        if isinstance(array, int):
            out, low, high = plus((1, out), (1, whole(array * P))), low + array * P, high + array * P
            continue
        out = plus((1, out), (sign, number(machine, array)))
        low, high = low + (0 if sign > 0 else -given[1]), high + (given[1] if sign > 0 else 0)
    return out, (low, high)


def folded(machine, out, t, low, high):
    """The range of V - t*p for V in low..high, where t is what column 4 had above bit 47: less than V by what the
    columns below it had to carry."""
    column = machine.folded_from
    below = [(c.lo << 52 * i, c.hi << 52 * i) for i, c in enumerate(column[:-1])]
    least, most = sum(b[0] for b in below), sum(b[1] for b in below)
    ends = []
    for k in range(t.lo, t.hi + 1):
        v = max(low, (k << 256) + least), min(high, (k + 1 << 256) - 1 + most)
        if v[0] <= v[1]:
            ends += [v[0] - k * P, v[1] - k * P]
    return min(ends), max(ends)


class Folding(Machine):
    """Remembers the columns of which the highest was folded."""
    folded_from = t = None

    def shifted(self, v, n):
        if n == 48 and self.t is None:
            self.folded_from = [self.vectors["zmm%d" % i] for i in range(5, 10)]
            self.t = super().shifted(v, n)
            return self.t
        return super().shifted(v, n)


def check(code, constants, name, arrays, factors, rest, given=TIGHT):
    machine = Folding(code, dict(constants, n0=1))
    for register, array in arrays.items():
        machine.registers[register] = (array, 0)
        if array != "r":
            machine.give(array, N, limbs_of(*given))
    machine.run(name)
    machine.nothing_cut()
    out = [machine.memory["r", 64 * j] for j in range(N)]
    for j in range(N - 1):
        if not 0 <= out[j].lo <= out[j].hi < LIMB:
            raise Complaint("limb %d is not below 2^52" % j)
    more, (low, high) = total(machine, rest, given)
    scale = RADIX if factors else 0
    want, digits = {s: f << scale for s, f in more.items()}, []
    if factors:
        (a, a_range), (b, b_range) = (total(machine, part, given) for part in factors)
        if not 0 <= b_range[0] <= b_range[1] < 1 << RADIX:
            raise Complaint("a difference that is no factor")
        if len(machine.digits) != N:
            raise Complaint("%d digits" % len(machine.digits))
        want = plus((1, want), (1, times(a, b)))
        digits = [(P << 52 * i, d) for i, d in enumerate(machine.digits)]
        high += a_range[1] * b_range[1] + ((1 << RADIX) - 1) * P >> RADIX
    gap = plus((1, machine.worth(out, scale, digits)), (-1, want))
    if machine.t is not None:
        gap = plus((1, gap), (1, {(s,) if s else (): f * P << scale for s, f in machine.t.terms.items()}))
        low, high = folded(machine, out, machine.t, low, high)
    if factors and gap:                 # a factor's own carry: it lies between 0 and 2^260
        top = {s for key in gap for s in key if machine.symbols[s][0] == ("carry", 52)}
        if len(top) == 1:
            gap = plus((1, gap), (1, times(a, {(top.pop(),): 1 << RADIX})))
    if gap:
        raise Complaint("the result is not what it should be: %d terms differ" % len(gap))
    if low < TIGHT[0] or high > TIGHT[1]:
        raise Complaint("the result is not tight: from %.3f p to %.3f p" % (low / P, high / P))
    return "%s: from %.3f p to %.3f p, registers below 2^%d" % (name, low / P, high / P, machine.top)


A, B, DIFFERENCE = [(1, "a")], [(1, "b")], [(1, "b"), (-1, "c"), (1, 2)]
TWO = {"rdi": "r", "rsi": "a", "rdx": "b"}
THREE = dict(TWO, rcx="c")
KERNELS = [
    ("p256x8_mul_ifma", TWO, (A, B), []),
    ("p256x8_sqr_ifma", {"rdi": "r", "rsi": "a"}, (A, A), []),
    ("p256x8_mul_sub_ifma", THREE, (A, B), [(-1, "c"), (1, 2)]),
    ("p256x8_mul_diff_ifma", THREE, (A, DIFFERENCE), []),
    ("p256x8_mul_diff_sub_ifma", dict(THREE, r8="d"), (A, DIFFERENCE), [(-1, "d"), (1, 2)]),
    ("p256x8_sqr_sub2_ifma", {"rdi": "r", "rsi": "a", "rdx": "c", "rcx": "d"}, (A, A), [(-1, "c"), (-1, "d"), (1, 4)]),
    ("p256x8_add_ifma", TWO, None, A + B),
    ("p256x8_sub_ifma", TWO, None, A + [(-1, "b"), (1, 2)]),
]
UNTREATED = [
    ("p256x8_swap_ifma", "moves without arithmetic; tests/test_p256x8.c runs it"),
    ("p256x8_lines_ifma, p256x8_select_ifma, p256x8_select_each_ifma",
     "moves and masks; tests/test_p256x8.c compares them with the portable twin"),
    ("p256x8_scrub_ifma", "no arithmetic"),
]


def proofs(code, constants):
    for args in KERNELS:
        yield args[0], lambda args=args: check(code, constants, *args)


def planted(code, constants):
    yield "factors that are four times as large", lambda: check(code, constants, *KERNELS[0], given=(0, 8 * P))
    yield "a multiple of p that is too small", lambda: check(code, dict(constants, p256x8_2p=constants["p256x8_4p"]),
                                                             *KERNELS[7])
    for name, change in CHANGES:
        yield name, lambda change=change: check(changed(code, "p256x8_ifma_product", "p256x8_mul_sub_ifma", change),
                                                constants, *KERNELS[2])


CHANGES = [
    ("a carry out of an eliminated column that is left out", ("vpaddq", 2, lambda m, op: ("nop", []))),
    ("a power of two that is another", ("vpsllq", 1, lambda m, op: (m, op[:2] + ["0x25"]))),
    ("a shift by one bit more", ("vpsrlq", 4, lambda m, op: (m, op[:2] + ["0x35"]))),
    ("a product that is left out", ("vpmadd52luq", 30, lambda m, op: ("nop", []))),
]
