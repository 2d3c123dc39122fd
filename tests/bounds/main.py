"""main.py -- the kernels of asm/, one by one: see tests/bounds.sh.

usage: main.py OBJECTS [OBJDUMP]
"""
import glob
import os
import sys

import divsteps
import fp1
import fp4
import fp8
import fp8_avx2
import fp8_sums
import p256x8
import pair
import scalar
import stated
from listing import Code, constants_in
from walk import Complaint

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
passed = failed = 0


def verdict(good, name, why=""):
    global passed, failed
    passed, failed = passed + good, failed + (not good)
    print(("ok " if good else "FAILED ") + name + ("" if good else ": " + str(why)))


def proved(name, run):
    """Runs a proof, and says what it found."""
    try:
        print("   " + run())
        verdict(True, name)
    except Complaint as e:
        verdict(False, name, e)


def found(name, run):
    """A planted fault, which has to be complained of."""
    try:
        run()
        verdict(False, name + " is found", "nothing was said")
    except Complaint:
        verdict(True, name + " is found")


# The objects of asm/, what knows their kernels, and whose constants these take.
LANES = [
    ("x86_64/fp8_ifma.S.o", fp8, ["field/fp8.c.o"]),
    ("x86_64/fp8_avx2.S.o", fp8_avx2, ["field/fp8.c.o"]),
    ("x86_64/fp8_sums_avx2.S.o", fp8_sums.ROWS, ["field/fp8.c.o"]),
    ("x86_64/fp4_ifma.S.o", fp4.PRODUCTS, ["field/fp8.c.o", "field/fp4.c.o"]),
    ("x86_64/fp2_ifma.S.o", fp4.SQUARES, ["field/fp8.c.o", "field/fp4.c.o"]),
    ("x86_64/fp_ifma.S.o", fp1.ROWS, ["field/fp8.c.o", "field/fp.c.o"]),
    ("x86_64/p256x8_ifma.S.o", p256x8, ["eccsi/p256x8.c.o"]),
    ("x86_64/p256x8_pair_ifma.S.o", pair.ROWS, ["eccsi/p256x8.c.o"]),
    ("aarch64/p256_steps_a64.S.o", divsteps.ROWS, []),
]


def constants_of(objects, objdump, names):
    out = {}
    for name in names:
        out.update(constants_in(objdump, os.path.join(objects, "engine", name)))
    return out


def treat(rows, code, constants, untreated):
    for what, run in rows.planted(code, constants):
        found(what, run)
    for what, run in rows.proofs(code, constants):
        proved(what, run)
    for what, why in untreated:
        print("not treated: %s: %s" % (what, why))


def headers(name, constants):
    """The header of an object's kernels has to state what was proved."""
    header, sentences = stated.STATED.get(name, (None, lambda constants: ()))
    for sentence in sentences(constants):
        text = open(os.path.join(ROOT, "engine", header)).read()
        if stated.other_number(sentence) != sentence:
            found('%s: another number in "%s"' % (header, sentence),
                  lambda: stated.says(text, stated.other_number(sentence)))
        proved("%s states what is proved" % header, lambda: stated.says(text, sentence))


# What has no arithmetic that could lose a bit: why it is not treated, and what runs it instead.
MOVES = "moves and masks, without arithmetic; tests/%s looks up every index, and compares"
ELSEWHERE = {
    **{"x86_64/fp8_%s.S" % name: MOVES % "test_fp8_table.c" for name in (
        "put_ifma", "put_vbmi", "select_avx2", "select_ifma", "select_vbmi")},
    "x86_64/fp8_select_lanes.S": MOVES % "test_fp8.c",
    "x86_64/fp_select_adx.S": MOVES % "test_fp.c",
    "aarch64/fp_select_a64.S": MOVES % "test_fp.c",
    "x86_64/scrub.S": "clears, and computes nothing",
    "aarch64/scrub.S": "clears, and computes nothing",
}


def all_rows(objects, objdump):
    """Of each object that is there: its name, what knows its kernels, its code and the constants."""
    for name, rows, constants in LANES + [(row.path, row, row.constants) for row in scalar.ROWS]:
        path = os.path.join(objects, "asm", name)
        if os.path.exists(path):
            of = constants(objects, objdump, path) if callable(constants) else constants_of(objects, objdump, constants)
            yield name, rows, Code(objdump, path, name.startswith("x86_64")), of


def main(objects, objdump):
    for name, rows, code, constants in all_rows(objects, objdump):
        treat(rows, code, constants, rows.UNTREATED)
        headers(name, constants)
    known = [name for name, *_ in LANES] + [row.path for row in scalar.ROWS]
    for path in sorted(glob.glob(os.path.join(objects, "asm", "*", "*.S.o"))):
        name = os.path.relpath(path, os.path.join(objects, "asm"))
        if name not in known:
            print("not treated: %s: %s" % (name[:-2], ELSEWHERE.get(name[:-2], "nothing here knows this file")))
    print("# %d passed, %d failed, 0 skipped" % (passed, failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "objdump"))
