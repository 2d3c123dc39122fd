"""stated.py -- the bounds that the headers state are those of the proofs: the sentences, with the numbers that are proved."""
import re

import fp4
import fp8
import p256x8
import pair
import scalar
from walk import Complaint


def row_of(path):
    return next(row for row in scalar.ROWS if row.path == path)


def formulas(path, constants):
    """What a table of 64-bit kernels has to say of each that is proved."""
    for k in row_of(path).kernels(constants):
        name = "n" if k.modulus == scalar.N256 else "p"
        yield "%s%s mod %s" % (k.says, "/2^%d" % k.scale if k.scale else "", name)
        for operand, most in k.most.items():
            if most != k.modulus - 1:
                yield "%s may be any %d-bit number" % (operand, (most + 1).bit_length() - 1)


def of_scalars(path, *sentences):
    def all_of(constants):
        yield "Operands are canonical"
        yield from sentences
        yield from formulas(path, constants)
    return all_of


def of_lanes(constants):
    yield "Tight is what a multiplication gives: 0 <= a < %sp" % fp8.TIGHT
    yield "signed sums of such: |a| < %dp" % fp8.LOOSE[1]
    both, large, small = (fp8.FACTORS[i] for i in (0, 1, 2))
    yield "both below %s (106p), or one below %s and the other below %s" % (both, large, small)
    yield "A row may exceed a*b/2^1040 + p by 2^-100 p"
    yield "a mod p in [0, p), for %dp <= a < %dp" % fp8.TWO_P
    yield "such as a below %s and |b - c| < %dp: tight" % (fp8.BY_DIFFERENCE, fp8.LOOSE[1])


def of_fours(constants):
    yield "the real part below %dp, the imaginary one below %dp" % fp4.IN
    yield "Sums of tight elements, below %dp" % fp4.SUMS


def of_eights(constants):
    yield "Every value is tight, in [0, %dp]" % (p256x8.TIGHT[1] // p256x8.P)


def of_pairs(constants):
    yield "at most %dp, %dp, %dp and %dp" % pair.IN
    yield "of the other z^2, z^3, z^4 and nothing, at most %dp" % pair.POWER


CANONICAL = "every value is canonical, 0 <= a < p, before and after every function"
# Of an object's kernels: the header, and what it has to say.
STATED = {
    "x86_64/fp8_ifma.S.o": ("field/fp8.h", of_lanes),
    "x86_64/fp4_ifma.S.o": ("field/fp4.h", of_fours),
    "x86_64/p256x8_ifma.S.o": ("eccsi/p256x8.h", of_eights),
    "x86_64/p256x8_pair_ifma.S.o": ("eccsi/p256x8.h", of_pairs),
    **{row.path: ("eccsi/p256.h", of_scalars(row.path)) for row in scalar.ROWS if "/p256" in row.path},
    **{row.path: ("field/fp.h", of_scalars(row.path, CANONICAL)) for row in scalar.ROWS if "/fp_" in row.path},
}


def plain(text):
    """A text in one line, without what makes it a comment, or two."""
    return re.sub(r"\s+", " ", re.sub(r"^\s*\*|/\*|\*/", " ", text, flags=re.M))


def says(text, sentence):
    if not re.search(r"(?<![\w.])" + re.escape(sentence) + r"(?![\w^*/])", plain(text)):
        raise Complaint("nothing says: " + sentence)
    return sentence


def other_number(sentence):
    """The same with its last number one more."""
    return re.sub(r"(\d+)(?!.*\d)", lambda m: str(int(m.group(1)) + 1), sentence)
