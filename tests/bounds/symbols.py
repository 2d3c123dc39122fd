"""symbols.py -- sums of symbols, and of products of two of them, with whole factors: what they are worth, and at most.

A symbol is a limb of an input, or what an instruction has left over: then it is worth a sum of others, by a power of two.
Putting that for each, the newest first, leaves limbs of inputs and digits, whose bounds are bounds of the whole.
"""
import heapq

from sums import add, times


class Symbol:
    def __init__(self, low, high, name):
        self.low, self.high, self.name = low, high, name
        self.limb = None        # (number, limb) of an input


class Symbols:
    """The symbols of a run; instead(s): (sum, divisor) to put for a symbol, or None where it stays."""
    radix = 64              # bits of a limb
    kind = Symbol

    def __init__(self):
        self.symbols, self.most, self.limbs = [], {}, {}
        self.where = ""

    def symbol(self, low, high):
        self.symbols.append(self.kind(low, high, self.where))
        return len(self.symbols) - 1

    def input(self, name, limbs, most):
        """A number of limbs, at most most."""
        assert name not in self.most
        self.most[name], self.limbs[name] = most, limbs
        out = []
        for i in range(limbs):
            s = self.symbol(0, min((1 << self.radix) - 1, most >> self.radix * i))
            self.symbols[s].limb = (name, i)
            out.append({(s,): 1})
        return out

    def opened(self, terms, each=None):
        """terms * 2^n with every carry put for, and n; each(terms, n) may end it by True."""
        terms, n = dict(terms), 0
        waiting, held = [], {}

        def enter(m):
            for s in m:
                if s not in held:
                    if self.instead(s) is None:
                        continue
                    held[s] = set()
                    heapq.heappush(waiting, -s)
                held[s].add(m)
        for m in terms:
            enter(m)
        while waiting:
            if each and each(terms, n):
                return terms, n
            s = -heapq.heappop(waiting)
            by, over = self.instead(s)
            for m in held.pop(s):
                if m not in terms:
                    continue
                if over != 1 and terms[m] % over:
                    for k in terms:
                        terms[k] *= over
                    n += over.bit_length() - 1
                rest = list(m)
                rest.remove(s)
                put = times({tuple(rest): terms.pop(m) // over}, by)
                add(terms, put)
                for k in put:
                    enter(k)
        if each:
            each(terms, n)
        return terms, n

    def highest(self, terms):
        """What a sum of symbols is at most; of all limbs of an input, by the bound of the number."""
        total, whole = 0, {}
        for m, f in terms.items():
            if f > 0 and m and all(self.symbols[s].limb for s in m):
                whole.setdefault(tuple(sorted(self.symbols[s].limb[0] for s in m)), []).append(m)
        off = {}
        for names, ms in whole.items():
            least, count = None, 0
            for m in ms:
                f = terms[m] >> self.radix * sum(self.symbols[s].limb[1] for s in m)
                two = len(m) == 2 and names[0] == names[1] and m[0] != m[1]
                count += 1 + two
                f >>= two
                least = f if least is None else min(least, f)
            need = 1
            for name in names:
                need *= self.limbs[name]
            if count != need or not least:
                continue
            most = least
            for name in names:
                most *= self.most[name]
            total += most
            for m in ms:
                two = len(m) == 2 and names[0] == names[1] and m[0] != m[1]
                off[m] = least << self.radix * sum(self.symbols[s].limb[1] for s in m) + two
        for m, f in terms.items():
            f -= off.get(m, 0)
            low = high = 1
            for s in m:
                ends = [e * g for e in (low, high) for g in (self.symbols[s].low, self.symbols[s].high)]
                low, high = min(ends), max(ends)
            total += f * (high if f > 0 else low)
        return total

    def plain(self, terms):
        return -self.highest({m: -f for m, f in terms.items()}), self.highest(terms)
