"""bits.py -- a word of bits, each 0 or of known origin: what shifts and masks move about and do not change."""
from walk import Complaint

WIDTH = 64


class Bits:
    def __init__(self, of):
        self.of_bits = tuple(of)    # of each bit, the lowest first: what it is a bit of, and which; or None for 0

    @staticmethod
    def of(what, n, first=0):
        """Bits first to first + n - 1 of something."""
        return Bits([(what, first + i) for i in range(n)] + [None] * (WIDTH - n))

    @staticmethod
    def number(n):
        if n:
            raise Complaint("bits of a constant")
        return Bits([None] * WIDTH)

    def right(self, n):
        return Bits(self.of_bits[n:] + (None,) * min(n, WIDTH))

    def left(self, n):
        return Bits(((None,) * n + self.of_bits)[:WIDTH])

    def joined(self, other):
        for x, y in zip(self.of_bits, other.of_bits):
            if x is not None and y is not None:
                raise Complaint("two bits in one place")
        return Bits(y if x is None else x for x, y in zip(self.of_bits, other.of_bits))

    def cut(self, mask):
        return Bits(x if mask >> i & 1 else None for i, x in enumerate(self.of_bits))
