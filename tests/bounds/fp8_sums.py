"""fp8_sums.py -- sums, choices and reduction for AVX2: both halves of the lanes, side by side."""
import fp8
from fp8_avx2 import Avx2
from rows import Rows, last, nothing


class Halves(Avx2):
    """Four lanes, and the other four 32 octets on: arrays of their own."""
    groups = ("", "'")
    arrays = ("r", "a", "b", "mask")

    def address(self, text):
        array, at = super().address(text)
        return (array + "'", at - 32) if array in self.arrays and at % 64 == 32 else (array, at)


def kernels():
    return [args for args in fp8.kernels("avx2") if not args[0].factors]


def proof_of(args):
    return lambda code, constants: fp8.prove(code, constants, *args, Halves)


def first(entry):
    return proof_of(next(args for args in kernels() if args[0].name == entry))


def name_of(args):
    return "%s%s" % (args[0].name, ", " + args[2] if args[2] else "")


REDUCED, *WRONG = fp8.reductions("avx2", Halves)
_, REDUCTION = REDUCED
ROWS = Rows(lambda code, constants: fp8.with_p(constants), [
    (name_of(args), proof_of(args)) for args in kernels()
] + [REDUCED], [
    ("%s, a stated bound that is too low," % args[0].name, proof_of((*args[:3], (args[3][0], args[3][1] - 1), args[4])))
    for args in kernels() if args[0].name in ("fp8_add_avx2", "fp8_sub_avx2")
] + WRONG, [
    ("fp8_add_avx2", "a carry that is left out", ("vpaddq", 2, nothing), first("fp8_add_avx2")),
    ("fp8_add_avx2", "a half without its carry", ("vpaddq", 6, nothing), first("fp8_add_avx2")),
    ("fp8_sub_avx2", "a shift by one bit more", ("vpsrlq", 3, last("0x35")), first("fp8_sub_avx2")),
    ("fp8_sub_avx2", "a chain that ends with its start in it", ("vpsubq", -2, nothing), first("fp8_sub_avx2")),
    ("fp8_lift_avx2", "a multiple of p that is left out", ("vpaddq", 0, nothing), first("fp8_lift_avx2")),
    ("fp8_cneg_avx2", "a complement without its 1", ("vpsubq", 2, nothing), first("fp8_cneg_avx2")),
    ("fp8_cmov_avx2", "lanes of the other half's mask", ("vblendvpd", 1, lambda m, op: ("vmovdqa", op[:1] + op[2:3])),
     first("fp8_cmov_avx2")),
    ("fp8_reduce_avx2", "a borrow that is left out", ("vpaddq", 9, nothing), REDUCTION),
    ("fp8_reduce_avx2", "p added once", ("vpaddq", 0, lambda m, op: ("vmovdqa", op[:2])), REDUCTION),
    ("fp8_reduce_avx2", "a borrow that decides the other way", ("vpandn", 0, lambda m, op: ("vpand", op)), REDUCTION),
])
