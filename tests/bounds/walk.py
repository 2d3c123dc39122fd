"""walk.py -- goes through a kernel of vectors as the processor does: addresses, counters, calls, loops."""
import re


class Complaint(Exception):
    """What the kernel does wrong, with the instruction."""


def placed(line, complaint):
    """The complaint, with the instruction that it is about."""
    where, m, op = line
    return Complaint("%s: %s %s: %s" % (where, m, ",".join(op), complaint))


def each_way():
    """The decisions of a run, (one, the last one) each: it makes the list longer as it comes upon them; until all are run."""
    ways = []
    while True:
        yield ways
        while ways and ways[-1][0] == ways[-1][1]:
            ways.pop()
        if not ways:
            return
        ways[-1] = (ways[-1][0] + 1, ways[-1][1])


class Walk:
    """step(m, op) runs all other instructions."""

    def __init__(self, code, constants):
        self.code, self.constants = code, constants
        self.memory, self.registers, self.flag = {}, {}, False

    def address(self, text):
        """(array, octet) of what is in brackets."""
        m = re.match(r"\[(\w+)(?:\+(\w+)\*1)?(?:([+-])0x([0-9a-f]+))?\]$", text)
        base = self.registers.get(m and m.group(1))
        if not isinstance(base, tuple):
            raise Complaint("an address of another kind: " + text)
        index = self.registers[m.group(2)] if m.group(2) else 0
        return base[0], base[1] + index + (int(m.group(4), 16) * (1 if m.group(3) == "+" else -1) if m.group(4) else 0)

    def scalar(self, m, op):
        """Runs an instruction of general registers, or says that it does not know it."""
        if m == "lea" and "rip" in op[1]:
            self.registers[op[0]] = (op[2], 0)
        elif m == "mov":
            self.registers[op[0]] = self.number(op[1])
        elif m in ("add", "sub", "and"):
            self.registers[op[0]] = self.arithmetic(m, self.registers[op[0]], int(op[1], 16))
        elif m == "dec":
            self.registers[op[0]] -= 1
            self.flag = self.registers[op[0]] == 0
        elif m == "push":
            self.registers["rsp"] = self.arithmetic("sub", self.registers["rsp"], 8)
            self.memory[self.registers["rsp"]] = self.registers.get(op[0])
        elif m == "leave":
            self.registers["rbp"] = self.memory[self.registers["rbp"]]
        else:
            return m in ("endbr64", "nop")
        return True

    def number(self, op):
        return int(op, 16) if re.match(r"0x|\d", op) else self.registers[op]

    @staticmethod
    def arithmetic(m, a, n):
        if m == "and":      # the stack, aligned
            return a[0], a[1] - 64
        n = n if m == "add" else -n
        return (a[0], a[1] + n) if isinstance(a, tuple) else a + n

    def called(self, op):
        """Whether a call was done with otherwise."""
        return False

    def run(self, entry):
        """From a function's name to where it returns."""
        at, back, self.flag = self.code.entry[entry], [], False
        while True:
            line = self.code.lines[at]
            self.where, m, op = line
            try:
                at += 1
                if m == "ret":
                    if not back:
                        return
                    at = back.pop()
                elif m == "call":
                    if not self.called(op):
                        back.append(at)
                        at = self.code.target(op)
                elif m in ("jne", "je"):
                    at = self.code.target(op) if self.flag == (m == "je") else at
                elif m == "jmp":
                    at = self.code.target(op)
                else:
                    self.step(m, op)
            except Complaint as e:
                raise placed(line, e) from None
