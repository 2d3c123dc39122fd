"""rows.py -- what an object's kernels are put to: proofs by name, bounds that are wrong, and code that is."""
import copy


def changed(code, first, last, change):
    """The code with one instruction of some functions changed: the change is (mnemonic, which one, what it becomes)."""
    other = copy.copy(code)
    other.lines = list(code.lines)
    mnemonic, n, to = change
    names = [i for i, (where, m, _) in enumerate(code.lines) if m == mnemonic and where.split("+")[0] in (first, last)]
    where, m, op = code.lines[names[n]]
    other.lines[names[n]] = (where,) + to(m, list(op))
    return other


def to(mnemonic):
    return lambda m, op: (mnemonic, op)


def nothing(m, op):
    return ("nop", [])


def last(text):
    return lambda m, op: (m, op[:-1] + [text])


class Rows:
    """constants_of(code, constants): what the proofs are given.  proved, wrong: (name, proof of code and constants);
    changes: (function that is changed, name, change, proof)."""

    def __init__(self, constants_of, proved, wrong, changes, untreated=()):
        self.constants_of, self.proved, self.wrong, self.changes = constants_of, proved, wrong, changes
        self.UNTREATED = untreated

    def proofs(self, code, constants):
        constants = self.constants_of(code, constants)
        for name, proof in self.proved:
            yield name, lambda proof=proof: proof(code, constants)

    def planted(self, code, constants):
        constants = self.constants_of(code, constants)
        for name, proof in self.wrong:
            yield name, lambda proof=proof: proof(code, constants)
        for part, name, change, proof in self.changes:
            yield "%s: %s" % (part, name), lambda part=part, change=change, proof=proof: \
                proof(changed(code, part, part, change), constants)
