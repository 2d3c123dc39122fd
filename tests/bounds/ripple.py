"""ripple.py -- carries that run through lanes of all ones by an addition of masks: that they are those of the lanes.

A lane gives a carry to the next where it is more than 2^52 - 1, and hands one on where it is 2^52 - 1; a borrow where it is
negative, or 0.  Masks of the two are bits of general registers.  What is made of these by additions and exclusive ors takes
them from the lowest bit on, and remembers no more than a carry for each addition: so it is compared with the carries of the
lanes in every state that it can reach, whatever the number of lanes.
"""
from lanes import LIMB, MASK
from sums import add, added
from walk import Complaint

GIVES = {"more": "ones", "less": "zero"}        # and what hands on with it


class Mask:
    """Bits of lanes: of each, what is asked of which value, or 0."""

    def __init__(self, bits):
        self.bits = tuple(bits)

    def left(self, n):
        return Mask((0,) * n + self.bits)

    def joined(self, other):
        long = max(len(self.bits), len(other.bits))
        both = [m.bits + (0,) * (long - len(m.bits)) for m in (self, other)]
        if any(x != 0 and y != 0 for x, y in zip(*both)):
            raise Complaint("two bits in one place")
        return Mask(x if x != 0 else y for x, y in zip(*both))


class Mixed:
    """A sum or an exclusive or of masks."""

    def __init__(self, how, x, y):
        self.how, self.x, self.y = how, x, y


class From:
    """The bits of a register from n on."""

    def __init__(self, of, n):
        self.of, self.n = of, n


def masks_of(node):
    return {id(node): node} if isinstance(node, Mask) else {**masks_of(node.x), **masks_of(node.y)}


def bit(node, given, state, after):
    """The next bit of a node; state: the carries of additions so far, after: then."""
    if isinstance(node, Mask):
        return given[id(node)]
    x, y = (bit(part, given, state, after) for part in (node.x, node.y))
    if node.how == "xor":
        return x ^ y
    carry = (id(node) in state) + x + y
    if carry > 1:
        after.add(id(node))
    return carry & 1


def runs_through(node, gives, hands):
    """The bits of a node are what goes into each lane."""
    waiting, seen = [(frozenset(), 0)], set()
    while waiting:
        at = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        state, into = at
        for g, h in ((0, 0), (1, 0), (0, 1)):
            after = set()
            if bit(node, {id(gives): g, id(hands): h}, state, after) != into:
                raise Complaint("a carry does not run through the lanes as it should")
            waiting.append((frozenset(after), g | h & into))


def ends(node):
    """The masks of a node, the one that gives first, and the sign of what goes in."""
    masks = list(masks_of(node).values())
    for gives, hands in (masks, masks[::-1]) if len(masks) == 2 else ():
        asked = {b[0] for b in gives.bits if b != 0}
        if len(asked) == 1 and asked <= set(GIVES) and {b[0] for b in hands.bits if b != 0} == {GIVES[min(asked)]}:
            return gives, hands, 1 if asked == {"more"} else -1
    raise Complaint("masks that do not say what carries do")


class Chain:
    """Of lanes, what each becomes with what goes into it."""

    def __init__(self, machine, node):
        gives, hands, self.sign = ends(node)
        runs_through(node, gives, hands)
        self.lanes = []
        for i, (g, h) in enumerate(zip(gives.bits, hands.bits)):
            if (g == 0) != (h == 0) or g != 0 and (g[1] is not h[1] or i != len(self.lanes)):
                raise Complaint("masks of different lanes")
            if g != 0:
                self.lanes.append(g[1])
        self.became, into = [], machine.const(0)
        for v in self.lanes:
            self.check(v)
            self.became.append(machine.sum(v, into, self.sign))
            if len(self.became) < len(self.lanes):
                into = self.next(machine, self.became[-1])

    def check(self, v):
        if not (0 <= v.lo and v.hi < 2 * MASK if self.sign > 0 else -MASK <= v.lo and v.hi <= MASK):
            raise Complaint("a lane from %d to %d gives more than one carry" % (v.lo, v.hi))

    def next(self, machine, total):
        """What goes out of a lane: 2^52 times it, with its sign, and a digit are the lane."""
        low = machine.fresh(0, MASK)
        out = machine.fresh(0, 1, (added(total.terms, low.terms, -1) if self.sign > 0 else
                                   added(low.terms, total.terms, -1), LIMB))
        total.parts[52] = low, machine.sum(machine.const(0), out, self.sign)
        return out

    def number(self):
        """What all lanes together are, of which the last one as it became has the sign."""
        total = {}
        for i, v in enumerate(self.lanes):
            add(total, v.terms, 1 << 52 * i)
        return total
