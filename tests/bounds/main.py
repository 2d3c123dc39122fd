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
from listing import Code, constants_in
from walk import Complaint

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


def main(objects, objdump):
    for name, module, sources in LANES:
        path = os.path.join(objects, "asm", name)
        if os.path.exists(path):
            of = constants_of(objects, objdump, sources)
            treat(module, Code(objdump, path, name.startswith("x86_64")), of, module.UNTREATED)
    for row in scalar.ROWS:
        path = os.path.join(objects, "asm", row.path)
        if os.path.exists(path):
            treat(row, Code(objdump, path, row.machine is scalar.X86), row.constants(objects, objdump, path), row.untreated)
    known = [name for name, *_ in LANES] + [row.path for row in scalar.ROWS]
    for path in sorted(glob.glob(os.path.join(objects, "asm", "*", "*.S.o"))):
        name = os.path.relpath(path, os.path.join(objects, "asm"))
        if name not in known:
            print("not treated: %s: nothing here knows this file" % name[:-len(".o")])
    print("# %d passed, %d failed, 0 skipped" % (passed, failed))
    return failed != 0


sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "objdump"))
