"""left_out.py -- instructions left out one at a time, drawn at random: which of them the proofs do not complain of.

usage: left_out.py OBJECTS SECONDS [OBJDUMP [SEED]]     SECONDS for each object

What is named has to be one without effect on the result: it clears, adds a limb or a carry that is 0, masks what a product
masks again, or sets a pointer that is not used any more.  Look, and see.
"""
import copy
import random
import signal
import sys
import time

from main import all_rows
from walk import Complaint

PATIENCE = 20           # seconds: a loop that does not end has been found, too
FLOW = {"ret", "jmp", "call", "jne", "je", "bl", "b", "b.ne", "cbnz", "endbr64", "bti", "nop", "push", "pop", "leave",
        "vzeroupper"}


class Lines(list):
    """Those that were run."""
    ran = set()

    def __getitem__(self, i):
        self.ran.add(i)
        return super().__getitem__(i)


def with_lines(code, lines):
    other = copy.copy(code)
    other.lines = lines
    return other


def ran_by(rows, code, constants):
    Lines.ran = set()
    for _, proof in rows.proofs(with_lines(code, Lines(code.lines)), constants):
        proof()
    return [i for i in sorted(Lines.ran) if code.lines[i][1] not in FLOW]


def too_long(number, frame):
    raise Complaint("it does not end")


def is_found(rows, code, constants):
    """Whether a proof complains, or comes upon what it cannot read."""
    signal.alarm(PATIENCE)
    try:
        for _, proof in rows.proofs(code, constants):
            proof()
    except (Complaint, LookupError, TypeError, AttributeError, ValueError):
        return True
    finally:
        signal.alarm(0)
    return False


def leave_out(name, rows, code, constants, seconds):
    places = ran_by(rows, code, constants)
    random.shuffle(places)
    end, tried, silent = time.time() + seconds, 0, []
    while places and time.time() < end:
        i, lines = places.pop(), list(code.lines)
        lines[i] = (code.lines[i][0], "nop", [])
        tried += 1
        if not is_found(rows, with_lines(code, lines), constants):
            silent.append(code.lines[i])
    print("%s: %d of %d left out, %d without a complaint" % (name, tried, tried + len(places), len(silent)))
    for where, mnemonic, operands in sorted(silent):
        print("   %s %s %s" % (where, mnemonic, ",".join(operands)))


def main(objects, seconds, objdump="objdump", seed="1"):
    random.seed(int(seed))
    signal.signal(signal.SIGALRM, too_long)
    for each in all_rows(objects, objdump):
        leave_out(*each, float(seconds))


main(*sys.argv[1:])
