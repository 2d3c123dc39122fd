"""fp8.py -- what the kernels of fp8.h are given and must give, and whether the code keeps to it."""
from lanes import LIMB, MASK, TOP, Machine, const
from rows import changed, nothing
from sums import added, times
from walk import Complaint, each_way

N = 20
RADIX = 52 * 20


def table(limbs):
    """A multiple of p that every lane gets."""
    return lambda i: const(limbs[i])


def number(machine, array):
    """The number that an input array is, as {(symbols): factor}."""
    return {(i,): 1 << 52 * name[1] for i, (name, _, _) in enumerate(machine.symbols)
            if isinstance(name, tuple) and name[0] == array}


def plus(*parts):
    out = {}
    for sign, part in parts:
        out = added(out, part, sign)
    return out


def whole(n):
    return {(): n} if n else {}


def product_range(a, b):
    ends = [x * y for x in a for y in b]
    return min(ends), max(ends)


class Kernel:
    """A function, its arrays by register, and what it gives: a formula over numbers, and over their ranges."""

    def __init__(self, name, arrays, factors, rest, cases=(None,)):
        self.name, self.arrays, self.factors, self.rest, self.cases = name, arrays, factors, rest, cases


def combine(machine, parts, ranges, k, half=""):
    """parts: (sign, array) of a sum; k: the multiple of p that is array k.  The number and its range."""
    total, low, high = {}, 0, 0
    for sign, array in parts:
        if array == "k":
            total = added(total, whole(k))
            low, high = low + k, high + k
            continue
        total = added(total, number(machine, array + half), sign)
        lo, hi = ranges[array] if sign > 0 else [-x for x in reversed(ranges[array])]
        low, high = low + lo, high + hi
    return total, (low, high)


def begin(machine, kernel, ranges, k, mask):
    """What a kernel is given; a machine may follow halves of the lanes, each with arrays of its own."""
    for register, array in kernel.arrays.items():
        machine.registers[register] = (array, 0)
        for half in machine.groups:
            if array == "k":
                machine.input["k"] = table(k)
            elif array == "mask":
                machine.input["mask" + half] = lambda i: const(mask)
            elif array in ranges:
                machine.give(array + half, N, limbs_of(*ranges[array]))
    machine.registers["rsp"] = ("stack", 0)
    machine.registers["rbp"] = ("caller", 0)


def limbs_in(machine, array):
    """What was written there, in limbs of 52 bits."""
    out = [machine.memory[array, 64 * j] for j in range(N)]
    for j in range(N - 1):
        if not 0 <= out[j].lo <= out[j].hi < LIMB:
            raise Complaint("limb %d is not below 2^52" % j)
    return out


def check(code, constants, kernel, ranges, k_name, stated, mask=None, machine_of=Machine):
    """Raises a Complaint, or gives the range of the result and the bits that were needed.

    kernel.factors: two sums whose product is divided by 2^1040, or None; kernel.rest: what is added.  ranges: of each array
    (least, greatest) and, for a difference that is a factor, under "difference"; stated: of the result."""
    machine = machine_of(code, constants)
    k = sum(x << 52 * i for i, x in enumerate(constants[k_name][:N])) if k_name else 0
    begin(machine, kernel, ranges, constants.get(k_name), mask)
    if "difference" in ranges:
        machine.difference = lambda m: combine(m, kernel.factors(mask)[1], ranges, k)[0], ranges["difference"]
    machine.run(kernel.name)
    machine.nothing_cut()
    return [judged(machine, constants, kernel, ranges, k, stated, mask, half) for half in machine.groups][0], machine.top


def judged(machine, constants, kernel, ranges, k, stated, mask, half):
    """The range of a result that is what it should be."""
    out = limbs_in(machine, "r" + half)
    p = sum(x << 52 * i for i, x in enumerate(constants["p"]))
    rest, (low, high) = combine(machine, kernel.rest(mask), ranges, k, half)
    scale = RADIX if kernel.factors else 0
    want, less = {s: f << scale for s, f in rest.items()}, []
    if kernel.factors:
        a, b = (combine(machine, part, ranges, k, half) for part in kernel.factors(mask))
        want = plus((1, want), (1, times(a[0], b[0])))
        less, added_most = machine.multiples(p)
        # a factor that is a difference lies between 0 and 2^1040: what it carries is 0
        b_range = ranges.get("difference", b[1])
        if "difference" in ranges and not 0 <= b_range[0] <= b_range[1] < 1 << RADIX:
            raise Complaint("a difference that is no factor")
        least, most = product_range(a[1], b_range)
        low, high = low + (least >> RADIX), high + (most + added_most >> RADIX)
    gap = plus((1, machine.worth(out, scale, less)), (-1, want))
    if gap and "difference" in ranges:
        top = {s for key in gap for s in key if machine.symbols[s][0] == ("carry", 52)}
        if len(top) == 1:
            t, = top
            gap = plus((1, gap), (1, times(a[0], {(t,): 1 << RADIX})))
    if gap:
        raise Complaint("the result is not what it should be: %d terms differ" % len(gap))
    if low < stated[0] or high > stated[1]:
        raise Complaint("the result is from %d p to %d p" % (low // p, high // p))
    return low, high


def limbs_of(low, high):
    """Limbs of a number in that range: of 52 bits, the last with the sign."""
    return lambda i: (0, MASK) if i < N - 1 else (low >> TOP, high >> TOP)


# ---- what fp8.h states ---------------------------------------------------------------------------

PRODUCT = {"rdi": "r", "rsi": "a", "rdx": "b"}
SQUARE = {"rdi": "r", "rsi": "a"}
WITH_C = dict(PRODUCT, rcx="c")
DIFFERENCE = dict(WITH_C, r8="k")
A, B = [(1, "a")], [(1, "b")]
B_MINUS_C = [(1, "b"), (-1, "c"), (1, "k")]
TIGHT = 1.11                    # of p; and 2^-100 p for what a row may exceed it by
LOOSE = (-256, 256)
FACTORS = ("2^1030", "2^1034", "2^1026")        # both; or the one and the other
BY_DIFFERENCE = "2^1027"        # a factor whose other one is a difference
MASKS = (0, -1)


def kernels(row="ifma"):
    """(kernel, ranges in p or 2^n, multiple of p, range of the result in p, masks): fp8.h, the row and "Bounds"."""
    loose, (both, large, small) = LOOSE, FACTORS
    factors = {"a": both, "b": both}
    yield Kernel("fp8_mul_" + row, PRODUCT, lambda m: (A, B), lambda m: []), factors, None, (0, TIGHT), None
    yield Kernel("fp8_mul_" + row, PRODUCT, lambda m: (A, B), lambda m: []), {"a": large, "b": small}, None, \
        (0, TIGHT), None
    yield Kernel("fp8_sqr_" + row, SQUARE, lambda m: (A, A), lambda m: []), {"a": both}, None, (0, TIGHT), None
    yield Kernel("fp8_mul_add_" + row, WITH_C, lambda m: (A, B), lambda m: [(1, "c")]), dict(factors, c=loose), None, \
        (-256, 257.2), None
    yield Kernel("fp8_mul_sub_" + row, WITH_C, lambda m: (A, B), lambda m: [(-1, "c")]), dict(factors, c=loose), None, \
        (-256, 257.2), None
    yield Kernel("fp8_mul_lift_" + row, DIFFERENCE, lambda m: (A, B), lambda m: [(-1, "c"), (1, "k")]), \
        dict(factors, c=(0, 256)), "fp8_256p", (0, 258), None
    yield Kernel("fp8_sqr_sub2_" + row, {"rdi": "r", "rsi": "a", "rdx": "c", "rcx": "d"}, lambda m: (A, A),
                 lambda m: [(-1, "c"), (-1, "d")]), {"a": both, "c": loose, "d": loose}, None, (-512, 514), None
    for name, masks in (("fp8_mul_diff_" + row, None), ("fp8_mul_sdiff_" + row, MASKS)):
        yield Kernel(name, dict(DIFFERENCE, **({"r9": "mask"} if masks else {})),
                     lambda m: (A, [(-1 if m else 1, "b")] + B_MINUS_C[1:]), lambda m: []), \
            {"a": BY_DIFFERENCE, "b": loose, "c": loose, "difference": (0, 512)}, "fp8_256p", (0, TIGHT), masks
    yield Kernel("fp8_mul_diff_sub_" + row, dict(DIFFERENCE, r9="d"), lambda m: (A, B_MINUS_C), lambda m: [(-1, "d")]), \
        {"a": BY_DIFFERENCE, "b": loose, "c": loose, "d": loose, "difference": (0, 512)}, "fp8_256p", (-256, 257.2), None
    sums = {"a": loose, "b": loose}
    yield Kernel("fp8_add_" + row, PRODUCT, None, lambda m: A + B), sums, None, (-512, 512), None
    yield Kernel("fp8_sub_" + row, PRODUCT, None, lambda m: A + [(-1, "b")]), sums, None, (-512, 512), None
    for k, n in (("fp8_16p", 16), ("fp8_64p", 64), ("fp8_256p", 256), ("fp8_512p", 512)):
        yield Kernel("fp8_lift_" + row, dict(PRODUCT, rcx="k"), None, lambda m: A + [(-1, "b"), (1, "k")]), sums, k, \
            (n - 512, n + 512), None
    yield Kernel("fp8_cneg_" + row, {"rdi": "r", "rsi": "a", "rdx": "mask", "rcx": "k"}, None,
                 lambda m: [(-1, "a"), (1, "k")] if m else A), {"a": (0, 16)}, "fp8_16p", (0, 16), MASKS
    yield Kernel("fp8_cmov_" + row, {"rdi": "r", "rsi": "a", "rdx": "mask"}, None, lambda m: A if m else [(1, "r")]), \
        {"a": loose, "r": loose}, None, (-256, 256), MASKS


UNTREATED = []


def in_numbers(p, r):
    """A range: of multiples of p, or below a power of two."""
    if isinstance(r, str):
        return 0, (1 << int(r[2:])) - 1
    return tuple(int(x * p) if isinstance(x, int) else p * round(x * 10**6) // 10**6 + (p >> 100) for x in r)


def with_p(constants):
    return dict(constants, p=constants["fp8_p"][:N], n0=constants["fp8_p"][N])


def prove(code, constants, kernel, ranges, k, stated, masks, machine_of=Machine):
    p = sum(x << 52 * i for i, x in enumerate(constants["p"]))
    ranges = {name: in_numbers(p, r) for name, r in ranges.items()}
    most, bits_needed = None, 0
    for mask in masks or (None,):
        (_, high), top = check(code, constants, kernel, ranges, k, in_numbers(p, stated), mask, machine_of)
        most, bits_needed = max(most or high, high), max(bits_needed, top)
    return "%s: at most %.4f p, registers below 2^%d" % (kernel.name, most * 10**4 // p / 10**4, bits_needed)


# ---- reduction -------------------------------------------------------------------------------------

TWO_P = (-2, 2)


def reduced(code, constants, row, machine_of=Machine, given=TWO_P):
    """a mod p: each way that signs decide, of a and of what is left of it less p."""
    kernel = Kernel("fp8_reduce_" + row, {"rdi": "r", "rsi": "a"}, None, None)
    p = sum(x << 52 * i for i, x in enumerate(constants["p"]))
    low, high = given[0] * p, given[1] * p - 1
    tops = []
    for cases in each_way():
        machine = machine_of(code, constants)
        machine.cases = cases
        begin(machine, kernel, {"a": (low, high)}, None, None)
        machine.run(kernel.name)
        for half in machine.groups:
            canonical(machine, p, half, low, high)
        tops.append(machine.top)
    return "%s: %d cases, registers below 2^%d" % (kernel.name, len(tops), max(tops))


def canonical(machine, p, half, low, high):
    """A result is below p, by what signs have said, and a but for multiples of p."""
    a = number(machine, "a" + half)
    gap = plus((1, machine.worth(limbs_in(machine, "r" + half), 0)), (-1, a))
    if set(gap) - {()} or gap.get((), 0) % p:
        raise Complaint("the result is not what it should be: %d terms differ" % len(gap))
    for terms, negative in machine.decided:     # of a and a constant
        by = plus((1, {(s,) if s else (): f for s, f in machine.rounded_down(terms).items()}), (-1, a))
        if not set(by) - {()}:
            least = -by.get((), 0)
            low, high = (low, min(high, least - 1)) if negative else (max(low, least), high)
    by = gap.get((), 0)
    if low <= high and not 0 <= low + by <= high + by < p:
        raise Complaint("the result is from %.3f p to %.3f p" % ((low + by) / p, (high + by) / p))


def reductions(row, machine_of=Machine):
    """(name, proof) of what is right; and of what is not."""
    name = "fp8_reduce_" + row
    yield name, lambda code, c: reduced(code, c, row, machine_of)
    yield name + ", a below 3p,", lambda code, c: reduced(code, c, row, machine_of, (-2, 3))
    yield name + ", a from -3p on,", lambda code, c: reduced(code, c, row, machine_of, (-3, 2))


def proofs(code, constants):
    constants = with_p(constants)
    for args in kernels():
        yield "%s, %s" % (args[0].name, " ".join("%s %s" % (n, r) for n, r in args[1].items())), \
            lambda args=args: prove(code, constants, *args)
    name, proof = next(reductions("ifma"))
    yield name, lambda: proof(code, constants)


def planted(code, constants):
    """Faults of bounds, of constants and of code, each in a kernel that is else right."""
    constants = with_p(constants)
    for args in kernels():
        kernel, ranges, k, stated, masks = args
        if not kernel.factors:
            continue
        wide = {n: "2^%d" % (int(r[2:]) + 1) if isinstance(r, str) and n == "a" else r for n, r in ranges.items()}
        if stated == (0, TIGHT):
            yield "%s, a factor of one bit more," % kernel.name, \
                lambda a=(kernel, wide, k, stated, masks): prove(code, constants, *a)
    first = next(kernels())
    yield "a stated bound that is too low", lambda: prove(code, constants, *first[:3], (0, 1.05), None)
    bad = dict(constants, n0=constants["n0"] ^ 2)
    yield "a factor for digits that is another", lambda: prove(code, dict(bad, fp8_p=constants["p"] + [bad["n0"]]), *first)
    for name, proof in list(reductions("ifma"))[1:]:
        yield name, lambda proof=proof: proof(code, constants)
    add = next(args for args in kernels() if args[0].name == "fp8_add_ifma")
    yield "a limb that is not read", lambda: prove(
        changed(code, "fp8_add_ifma", "fp8_add_ifma", ("vpaddq", 19, nothing)), constants, *add)
    for name, change in REDUCED:
        yield "fp8_reduce_ifma: " + name, lambda change=change: reduced(
            changed(code, "fp8_reduce_ifma", "fp8_reduce_ifma", change), constants, "ifma")
    for name, change in CHANGES:
        yield name, lambda change=change: prove(changed(code, "fp8_ifma_mul", "fp8_mul_ifma", change), constants, *first)


CHANGES = [
    ("a product's upper half taken for the lower", ("vpmadd52huq", 40, lambda m, op: ("vpmadd52luq", op))),
    ("a product that is left out", ("vpmadd52luq", 30, lambda m, op: ("nop", []))),
    ("a product in the next column", ("vpmadd52luq", 30, lambda m, op: (m, ["zmm9"] + op[1:]))),
    ("a carry that is left out", ("vpaddq", 5, lambda m, op: ("nop", []))),
    ("a shift by one bit more", ("vpsraq", 4, lambda m, op: (m, op[:2] + ["0x35"]))),
    ("a limb that is not masked", ("vpandq", 3, lambda m, op: ("nop", []))),
    ("a start that is one too low", ("vpsrlq", 0, lambda m, op: (m, op[:2] + ["0xd"]))),
]
REDUCED = [
    ("2p of which a limb is added once", ("vpaddq", 4, nothing)),
    ("a borrow that is left out", ("vpaddq", 49, nothing)),
    ("a borrow that decides the other way", ("knotb", 0, nothing)),
    ("a sign that is another limb's", ("vpmovq2m", 0, lambda m, op: (m, [op[0], "zmm18"]))),
]
