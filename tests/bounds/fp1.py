"""fp1.py -- products of one element, its limbs side by side: what fp.h states, and whether the code keeps to it."""
from bits import Bits
from fp4 import N, RADIX, prime
from fp8 import with_p
from lanes import LIMB, MASK
from ripple import Chain, From, Mask, Mixed
from rows import Rows, last, nothing
from side import LANES, Side, const, vector
from sums import added, times
from walk import Complaint, each_way

BITS = 1024


class Words(Side):
    """Words that become limbs, and limbs that become words; carries by masks; a borrow that decides."""

    def begin(self, most, cases):
        self.bound, self.elements, self.cases, self.taken, self.chains = most, {}, cases, 0, {}

    @staticmethod
    def const(n):
        return const(n)

    # ---- limbs of words --------------------------------------------------------------------------

    def limb_of(self, bits):
        """A limb of 2^n times an input, all of whose bits are where they should be."""
        known = [(i, b) for i, b in enumerate(bits.of_bits) if b is not None]
        if not known:
            return const(0)
        at, (array, first) = known[0]
        shift = (at - first) % 52
        limb = (first - at + shift) // 52
        for i, b in enumerate(bits.of_bits):
            want = 52 * limb - shift + i
            if b != ((array, want) if i < 52 and 0 <= want < BITS else None):
                raise Complaint("bit %d of limb %d is another" % (i, limb))
        return self.element_of(array, shift)[limb]

    def element_of(self, array, shift):
        if (array, shift) not in self.elements:
            self.elements[array, shift] = self.element("%s * 2^%d" % (array, shift), N, self.bound[array] << shift)
        return self.elements[array, shift]

    # ---- masks -----------------------------------------------------------------------------------

    ASKS = {"vpcmpltuq": "more", "vpcmpeqq": "ones", "vpmovq2m": "less", "vptestnmq": "zero"}

    def step(self, m, op):
        if m in self.ASKS:
            n = vector(op[1])[1]
            self.masks[op[0]] = [(self.ASKS[m], v) for v in self.asked(m, op, n)] + [0] * (LANES - n)
        else:
            super().step(m, op)

    def asked(self, m, op, n):
        lanes = self.read(op[-1], n)
        if m in ("vpcmpltuq", "vpcmpeqq") and any(v.constant() != MASK for v in self.read(op[1], n)) or \
                m == "vptestnmq" and op[1] != op[2]:
            raise Complaint("a comparison with something else")
        if m == "vpcmpltuq" and any(v.lo < 0 for v in lanes):
            raise Complaint("a negative value, compared without its sign")
        return lanes

    def of_mask(self, op):
        bits = self.masks[op]
        return sum(b << i for i, b in enumerate(bits)) if all(b in (0, 1) for b in bits) else Mask(bits)

    def mask_of(self, op):
        v = self.registers[self.wide(op)]
        if isinstance(v, Mixed):
            v = From(v, 0)
        if isinstance(v, From):
            return [(self.chain(v.of), v.n + i) for i in range(LANES)]
        return super().mask_of(op)

    def general(self, m, op):
        r, to = self.registers, self.wide(op[0])
        x, y = r.get(to), r.get(self.wide(op[1])) if len(op) > 1 else None
        if m == "shl" and isinstance(x, Mask):
            r[to] = x.left(int(op[1], 16))
        elif m == "or" and isinstance(x, Mask):
            r[to] = x.joined(y)
        elif m in ("add", "xor") and isinstance(x, (Mask, Mixed)):
            r[to] = Mixed(m, x, y)
        elif m == "shr" and isinstance(x, (Mixed, From)):
            r[to] = From(x, int(op[1], 16)) if isinstance(x, Mixed) else From(x.of, x.n + int(op[1], 16))
        elif m == "dec" and isinstance(x, From):
            r[to] = self.borrow(x) - 1
        else:
            super().general(m, op)

    def chain(self, node):
        if id(node) not in self.chains:
            self.chains[id(node)] = Chain(self, node), node
        return self.chains[id(node)][0]

    def chosen(self, bit, x, y):
        if bit in (0, 1):
            return x if bit else y
        chain, i = bit
        if i >= len(chain.lanes) or y is not chain.lanes[i] or x.terms != added(y.terms, {(): chain.sign}):
            raise Complaint("a carry goes into another lane")
        return chain.became[i]

    def borrow(self, at):
        """Whether a difference is negative: 1 or 0, both of which are run."""
        chain = self.chain(at.of)
        if chain.sign > 0 or at.n != len(chain.lanes):
            raise Complaint("another bit decides")
        if self.taken == len(self.cases):
            self.cases.append((0, 1))
        negative = self.cases[self.taken][0]
        self.taken += 1
        self.knows(chain.number(), not negative)
        if not negative:
            top = chain.became[-1]
            top.lo = max(0, top.lo)
        return negative

    # ---- what was written --------------------------------------------------------------------------

    def result(self, array):
        """The number of the limbs that the words of an array are."""
        limbs = [None] * N
        for bit in range(BITS):
            b = self.memory[array, 8 * (bit // 64)].of_bits[bit % 64]
            if b is None:
                raise Complaint("bit %d of the result is 0" % bit)
            limbs[bit // 52] = limbs[bit // 52] or b[0]
            if b[0] is not limbs[bit // 52] or b[1] != bit % 52:
                raise Complaint("bit %d of the result is another" % bit)
        return self.number_in(limbs)


POINTERS = ("rdi", "rsi", "rdx", "rcx", "r8", "r9")
KERNELS = {     # arrays by pointer; of each result, its factors
    "fp_mul_ifma": (("r", "a", "b"), {"r": ("a", "b")}),
    "fp_sqr_ifma": (("r", "a"), {"r": ("a", "a")}),
    "fp_mul2_ifma": (("r", "a", "b", "s", "c", "d"), {"r": ("a", "b"), "s": ("c", "d")}),
}
FIRST = "fp_mul_ifma"


def run(code, constants, name, cases, times_as_large):
    arrays, outs = KERNELS[name]
    p = prime(constants)
    machine = Words(code, constants)
    machine.begin({array: times_as_large * p - 1 for array in arrays}, cases)
    for register, array in zip(POINTERS, arrays):
        machine.registers[register] = (array, 0)
        if array not in outs:
            machine.given[array] = lambda i, array=array: Bits.of(array, 64, 64 * i)
    machine.run(name)
    for array, (a, b) in outs.items():
        want = times(machine.number_in(machine.element_of(a, 16)), machine.number_in(machine.element_of(b, 0)))
        machine.claim(machine.result(array), RADIX, want, p, 0, p - 1)
    return machine


def prove(code, constants, name=FIRST, times_as_large=1):
    """Each way that a borrow decides."""
    if (LIMB * sum(x << 52 * i for i, x in enumerate(constants["fp_inv52"])) - 1) % prime(constants):
        raise Complaint("2^-52 mod p is another number")
    tops = [run(code, constants, name, cases, times_as_large).top for cases in each_way()]
    return "%s: %d cases, registers below 2^%d" % (name, len(tops), max(tops))


# ---- what is proved, and what is found -----------------------------------------------------------------


def constants_of(code, constants):
    return dict(with_p(constants), **{".rodata": code.rodata})


def flipped(constants, name, i):
    return dict(constants, **{name: [x ^ (j == i) for j, x in enumerate(constants[name])]})


ROWS = Rows(constants_of, [
    (name, lambda code, c, name=name: prove(code, c, name)) for name in KERNELS
], [
    ("%s: operands of twice the size" % name, lambda code, c, name=name: prove(code, c, name, 2)) for name in KERNELS
] + [
    ("2^-52 that is another number", lambda code, c: prove(code, flipped(c, "fp_inv52", 3))),
] + [
    ("a place or a shift, %d, that is another" % i, lambda code, c, i=i: prove(code, flipped(c, ".rodata", i)))
    for i in (5, 60, 100, 131, 180, 200, 250, 280)
], [(FIRST, name, change, prove) for name, change in (
    ("a product that is left out", ("vpmadd52luq", 30, nothing)),
    ("an upper half taken for the lower", ("vpmadd52huq", 40, lambda m, op: ("vpmadd52luq", op))),
    ("a carry out of a column that is left out", ("vpaddq", 8, nothing)),
    ("a shift by one bit more", ("vpsrlq", 5, last("0x35"))),
    ("a window that moves by two", ("valignq", 10, last("0x2"))),
    ("a limb without its upper bits", ("vpsllvq", 1, nothing)),
    ("carries that do not run on", ("xor", 0, nothing)),
    ("masks of which one is where another was", ("shl", 1, last("0xf"))),
    ("a lane of all ones that hands nothing on", ("vpcmpeqq", 1, lambda m, op: ("vpcmpltuq", op))),
    ("a carry that goes in with another sign", ("vpsubq", 1, lambda m, op: ("vpaddq", op))),
    ("a borrow of another lane", ("shr", 4, last("0x13"))),
    ("a borrow that decides the other way", ("dec", 0, nothing)),
    ("a limb that is not masked", ("vpandq", 1, nothing)),
    ("a word without its upper bits", ("vpsllvq", -1, nothing)),
)])
