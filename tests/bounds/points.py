"""points.py -- sums of points of P-256: products, sums, differences and halves one after the other.

The cases of one step would be those of all before it too.  So a step ends where its four limbs are there: in each of its
cases they are below a bound, and congruent to the same sum of symbols; from there on they are a number of their own.  It
has, beside its bound, what it is mod p for some operands, so that in the end the formula can be looked at: numbers of 256 bits
that are drawn once do not make a wrong one true.
"""
import copy
import random

from machines import A64, X86
from sums import add
from walk import Complaint, each_way
from words import Never

P256 = (1 << 256) - (1 << 224) + (1 << 192) + (1 << 96) - 1


class Steps:
    """Of a machine of machines.py: what ends a step."""
    inside = False

    def begin(self):
        self.drawn, self.value = {}, {}         # of a symbol, of a number
        self.random = random.Random(1)

    def number(self, name, most, value):
        """A number of its own: its limbs."""
        limbs = self.input(name, 4, most)
        self.value[name] = value
        for i, x in enumerate(limbs):
            (m,) = x
            self.drawn[m[0]] = value >> 64 * i & (1 << 64) - 1
        return limbs

    def step(self, m, op, at):
        if not self.inside and self.starts(m, op):
            end, out = self.ends(at - 1, m, op)
            self.one_step(at - 1, end, out)
            return end
        return super().step(m, op, at)

    def one_step(self, start, end, out):
        seen, most, changed, where = None, 0, set(), self.where
        for cases in each_way():
            case = self.copied(cases)
            try:
                for i in range(start, end):
                    case.where, m, op = self.code.lines[i]
                    case.step(m, op, i + 1)
                total = {}
                for i, name in enumerate(out):
                    add(total, case.get(name), 1 << 64 * i)
                case.settle_all(case.get(out[3]))
                most = max(most, case.bounds(total)[1])
                terms, n = case.opened(total)
                terms = {m: f * pow(2, -n, P256) % P256 for m, f in terms.items() if f % P256}
                if seen is not None and seen != terms:
                    raise Complaint("the cases differ by more than multiples of p")
                seen = terms
                changed |= {r for r in case.registers if case.registers[r] is not self.registers.get(r)}
                if case.memory != self.memory:
                    raise Complaint("a step writes to memory")
            except Never:
                pass
        if seen is None:
            raise Complaint("no case is possible")
        value = 0
        for m, f in seen.items():
            for s in m:
                if s not in self.drawn:
                    raise Complaint("%s stays in the result" % case.symbols[s].name)
                f *= self.drawn[s]
            value += f
        for name in changed:
            self.registers.pop(name, None)
        self.flags.clear()
        most = P256 - 1 if most < P256 else min(most, (1 << 256) - 1)
        for name, x in zip(out, self.number("step %d, at %s" % (len(self.value), where), most, value % P256)):
            self.registers[name] = x

    def copied(self, cases):
        other = copy.copy(self)
        other.symbols = [copy.copy(y) for y in self.symbols]
        other.known = [list(fact) for fact in self.known]
        for name in ("products", "registers", "memory", "flags", "most", "limbs"):
            setattr(other, name, dict(getattr(self, name)))
        other.cases, other.taken, other.inside = cases, [], True
        return other

    def settle_all(self, terms):
        for m in terms:
            for s in m:
                if self.symbols[s].exact is not None:
                    self.settle(s if self.symbols[s].carry else self.symbols[s].other)

    def through(self, start, mnemonics, count):
        """The place after the count-th of some instructions."""
        for i in range(start, len(self.code.lines)):
            count -= self.code.lines[i][1] in mnemonics
            if not count:
                return i + 1
        raise Complaint("a step does not end")

    def outs(self, start, end, mnemonics):
        return [self.code.lines[i][2][0] for i in range(start, end) if self.code.lines[i][1] in mnemonics][-4:]


class X86Steps(Steps, X86):
    def starts(self, m, op):
        return m == "cmovb" or m == "and"

    def ends(self, start, m, op):
        if m == "and" and op[1] == "0x1":
            names, end = ("shrd",), self.through(start, ("shrd",), 4)
        elif m == "and":
            names, end = ("add", "adc"), self.through(start, ("adc",), 3)
        else:
            names, end = (m,), self.through(start, (m,), 4)
        return end, self.outs(start, end, names)


class A64Steps(Steps, A64):
    def starts(self, m, op):
        return m in ("csel", "csetm", "sbfx")

    def ends(self, start, m, op):
        if m == "sbfx":
            names, end = ("extr",), self.through(start, ("extr",), 4)
        elif m == "csetm":
            names, end = ("adds", "adcs", "adc", "subs", "sbcs", "sbc"), self.through(start, ("adc", "sbc"), 1)
        else:
            names, end = (m,), self.through(start, (m,), 4)
        return end, self.outs(start, end, names)


STEPS = {X86: X86Steps, A64: A64Steps}


def montgomery(a, b):
    return a * b * pow(2, -256, P256) % P256


def double(x, y, z):
    zz, yy = montgomery(z, z), montgomery(y, y)
    m = montgomery(x - zz, x + zz) * 3 * pow(2, -1, P256)
    v = montgomery(x, yy)
    x3 = montgomery(m, m) - 2 * v
    return x3, montgomery(m, v - x3) - montgomery(yy, yy), montgomery(y, z)


def mixed(x, y, z, x2, y2):
    zz = montgomery(z, z)
    h, slope = montgomery(x2, zz) - x, montgomery(y2, montgomery(zz, z)) - y
    hh = montgomery(h, h)
    v, hhh = montgomery(x, hh), montgomery(h, hh)
    x3 = montgomery(slope, slope) - hhh - 2 * v
    return x3, montgomery(slope, v - x3) - montgomery(y, hhh), montgomery(z, h)


FORMULAS = {"dbl": (double, {"a": 3}), "mixed": (mixed, {"a": 3, "b": 2})}


def prove(machine, code, constants, kernel, most=P256 - 1):
    """The coordinates of the result are below p, and what the formula says."""
    formula, operands = FORMULAS[kernel.split("_")[1]]
    m = machine(code, constants, P256, [])
    m.begin()
    given, steps = [], 0
    for name, count in operands.items():
        for i in range(count):
            given.append(m.random.randrange(P256))
            for j, x in enumerate(m.number("%s, coordinate %d" % (name, i), most, given[-1])):
                m.memory[name, 32 * i + 8 * j] = x
    m.run(kernel)
    for i, want in enumerate(formula(*given)):
        got = [m.load(("r", 32 * i + 8 * j)) for j in range(4)]
        names = [m.symbols[s].limb for x in got for t in x for s in t]
        name = names[0][0]
        if names != [(name, j) for j in range(4)] or m.most[name] >= P256:
            raise Complaint("coordinate %d is not below p" % i)
        if (m.value[name] - want) % P256:
            raise Complaint("coordinate %d is not what it should be" % i)
    return "%s: %d steps, no carry lost" % (kernel, len(m.value) - len(given))
