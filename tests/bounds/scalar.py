"""scalar.py -- the kernels of 64-bit limbs: what is claimed of each, and faults in them that are to be found.

In: a and b below the modulus, but where it is said.  Out: below the modulus, and congruent to what is claimed; this is so
where no carry has been lost that could be anything but one number.
"""
import os

import points
from listing import Code, constants_in
from machines import A64, X86
from rows import changed, last, nothing, to
from sums import add, times
from walk import Complaint, each_way
from words import Never

P256 = (1 << 256) - (1 << 224) + (1 << 192) + (1 << 96) - 1
N256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551


def product(a, b):
    return times(a, b)


def square(a, b):
    return times(a, a)


def sum_of(a, b):
    return add(dict(a), b)


def difference(a, b):
    return add(dict(a), b, -1)


SAYS = {product: "a*b", square: "a*a", sum_of: "a + b", difference: "a - b"}


class Kernel:
    """result(a, b) / 2^scale mod modulus, as a header says it; a is at most most_a, b at most most_b."""

    def __init__(self, entry, scale, result, modulus, most_a=None, most_b=None):
        self.entry, self.scale, self.result, self.modulus = entry, scale, result, modulus
        self.says = SAYS[result]
        self.limbs = (modulus.bit_length() + 63) // 64
        self.most = {"a": most_a or modulus - 1, "b": most_b or modulus - 1}


def prove(machine, code, constants, kernel):
    """Runs all cases of a kernel; says how many, and the most that a result can be."""
    ran, most = 0, 0
    for cases in each_way():
        m = machine(code, constants, kernel.modulus, cases)
        whole = {}
        for name in ("a", "b"):
            whole[name] = {}
            for i, x in enumerate(m.input(name, kernel.limbs, kernel.most[name])):
                m.memory[name, 8 * i] = x
                add(whole[name], x, 1 << 64 * i)
        try:
            m.run(kernel.entry)
            limbs = [m.load(("r", 8 * i)) for i in range(kernel.limbs)]
            most = max(most, m.claim(limbs, kernel.scale, kernel.result(whole["a"], whole["b"])))
            ran += 1
        except Never:
            pass
    if not ran:
        raise Complaint("no case is possible")
    return "%s: %d case%s, no carry lost" % (kernel.entry, ran, "s" * (ran > 1))


def kernels(modulus, names, suffix):
    bits = (modulus.bit_length() + 63) // 64 * 64
    for name, scale, result in (("mul", bits, product), ("sqr", bits, square), ("add", 0, sum_of), ("sub", 0, difference)):
        yield Kernel("%s_%s_%s" % (names, name, suffix), scale, result, modulus)


def of_field(objects, objdump, path):
    """The constants of field/fp.c."""
    return constants_in(objdump, os.path.join(objects, "engine/field/fp.c.o"))


def of_object(objects, objdump, path):
    """What the object brings itself."""
    return {".rodata": Code.words(objdump, path)}


class Row:
    def __init__(self, path, machine, constants, kernels, changes, sums, untreated):
        self.path, self.machine, self.constants, self.kernels = path, machine, constants, kernels
        self.changes, self.sums, self.UNTREATED = changes, sums, untreated      # sums: of points

    def prove(self, code, constants, entry, kernel):
        if kernel:
            return prove(self.machine, code, constants, kernel)
        return points.prove(points.STEPS[self.machine], code, constants, entry)

    def proofs(self, code, constants):
        for k in self.kernels(constants):
            yield k.entry, lambda k=k: self.prove(code, constants, k.entry, k)
        for entry in self.sums:
            yield entry, lambda entry=entry: self.prove(code, constants, entry, None)

    def planted(self, code, constants):
        of = {k.entry: k for k in self.kernels(constants)}
        for entry in self.sums:
            yield "%s: coordinates of twice the size" % entry, lambda entry=entry: \
                points.prove(points.STEPS[self.machine], code, constants, entry, 2 * (P256 - 1))
        for entry, k in of.items():
            twice = Kernel(entry, k.scale, k.result, k.modulus, 2 * k.most["a"], 2 * k.most["b"])
            yield "%s: a and b of twice the size" % entry, \
                lambda twice=twice: prove(self.machine, code, constants, twice)
        for entry, name, part, change in self.changes:
            yield "%s: %s" % (entry, name), lambda entry=entry, part=part, change=change: \
                self.prove(changed(code, part, part, change), constants, entry, of.get(entry))


def fp(constants, suffix):
    return kernels(sum(v << 64 * i for i, v in enumerate(constants["fp_p"])), "fp", suffix)


ROWS = [
    Row("x86_64/fp_adx.S.o", X86, of_field, lambda constants: fp(constants, "adx"), [
        ("fp_mul_adx", "a row without its last carry", "fp_mul_rows_adx", ("adox", 15, nothing)),
        ("fp_mul_adx", "a carry between blocks that is not kept", "fp_mul_adx", ("bt", 1, lambda m, op: ("clc", []))),
        ("fp_mul_adx", "a limb of another row", "fp_drop_rows_adx", ("mulx", 20, last("[rsi+0x18]"))),
        ("fp_sqr_adx", "a product that is not doubled", "fp_sqr_adx", ("adcx", 5, last("rax"))),
        ("fp_add_adx", "a carry that is not looked at", "fp_add_adx", ("seto", 0, nothing)),
        ("fp_sub_adx", "a difference without its 1", "fp_sub_adx", ("stc", 0, to("clc"))),
    ], [], []),
    Row("x86_64/p256_adx.S.o", X86, of_object, lambda constants: kernels(P256, "p256", "adx"), [
        ("p256_mul_adx", "a row without its last carry", "p256_mul_adx", ("adcx", 4, nothing)),
        ("p256_mul_adx", "a shift by one bit more", "p256_mul_adx", ("shl", 1, last("0x21"))),
        ("p256_mul_adx", "a carry that is not taken", "p256_mul_adx", ("adc", 6, to("add"))),
        ("p256_sqr_adx", "a carry above the halves that is lost", "p256_sqr_adx", ("adc", 18, nothing)),
        ("p256_sub_adx", "a borrow that is not taken", "p256_sub_adx", ("sbb", 1, to("sub"))),
        ("p256_dbl_adx", "a half of what is odd", "p256_dbl_adx", ("neg", 0, nothing)),
        ("p256_dbl_adx", "a borrow that does not decide", "p256_dbl_adx", ("sbb", 7, nothing)),
        ("p256_mixed_adx", "a carry in a square that is lost", "p256_adx_square", ("adc", 18, nothing)),
    ], ["p256_dbl_adx", "p256_mixed_adx"], [
        ("p256_steps_c", "the row's steps of an inversion are C; tests/test_p256.c compares them with steps one by one"),
    ]),
    Row("aarch64/fp_a64.S.o", A64, of_field, lambda constants: fp(constants, "a64"), [
        ("fp_sqr_a64", "a row without its last carry", "fp_sqr_a64", ("adc", 6, last("xzr"))),
        ("fp_sqr_a64", "a carry that is not taken", "fp_sqr_a64", ("adcs", 60, to("adds"))),
        ("fp_sqr_a64", "a shift by one bit more", "fp_sqr_a64", ("extr", 3, last("#62"))),
        ("fp_mul_a64", "a carry above the middle that is left out", "fp_mul_a64", ("adc", 47, nothing)),
        ("fp_add_a64", "a carry that is not taken", "fp_add_a64", ("adcs", 3, to("adds"))),
        ("fp_sub_a64", "a mask of one limb that is left out", "fp_sub_a64", ("and", 5, last("x20"))),
    ], [], []),
    Row("aarch64/p256_a64.S.o", A64, of_object, lambda constants: list(kernels(P256, "p256", "a64")) + [
        Kernel("p256_mul_n_a64", 256, product, N256, most_a=(1 << 256) - 1)], [
        ("p256_mul_a64", "a row without its last carry", "p256_mul_a64", ("adc", 1, nothing)),
        ("p256_mul_a64", "a shift by one bit more", "p256_mul_a64", ("lsr", 0, last("#33"))),
        ("p256_sqr_a64", "a carry that is not taken", "p256_sqr_a64", ("adcs", 9, to("adds"))),
        ("p256_mul_n_a64", "a carry of what becomes 0 that is left out", "p256_mul_n_a64", ("cmp", 1, last("#0x2"))),
        ("p256_add_a64", "a borrow that is not taken", "p256_add_a64", ("sbcs", 1, to("subs"))),
        ("p256_dbl_a64", "a half of what is odd", "p256_dbl_a64", ("sbfx", 0, lambda m, op: ("mov", [op[0], "xzr"]))),
        ("p256_dbl_a64", "a sum that is made less where it did not carry", "p256_dbl_a64", ("csetm", 1, last("cc"))),
        ("p256_mixed_a64", "a carry that is not kept", "p256_mixed_a64", ("adc", 9, lambda m, op: ("mov", op[:2]))),
    ], ["p256_dbl_a64", "p256_mixed_a64"], []),
]
