"""listing.py -- the disassembly of an object, and the constants in it."""
import re
import subprocess

RELOCATION = re.compile(r"R_X86_64_(?:PC32|PLT32)\t(\.rodata[-+]0x[0-9a-f]+|\w+)|"
                        r"R_AARCH64_(?:ADR_PREL_PG_HI21|ADD_ABS_LO12_NC)\t([\w.]+(?:\+0x\w+)?)")


class Code:
    def __init__(self, objdump, path, intel=True):
        text = subprocess.run([objdump, "-dr", "--no-show-raw-insn"] + (["-M", "intel"] if intel else []) + [path],
                              capture_output=True, text=True, check=True).stdout
        self.lines, self.entry, self.place = [], {}, {}
        self.rodata = self.words(objdump, path)
        name = ""
        for line in text.split("\n"):
            m = re.match(r"[0-9a-f]+ <(.*)>:$", line)
            if m:
                name = m.group(1)
                self.entry[name] = len(self.lines)
                continue
            m = re.match(r" *([0-9a-f]+):\t(.*)", line)
            if m:
                at, rest = m.groups()
                rest = re.sub(r" *(# |//).*", "", rest).strip().replace("\t", " ")
                if re.match(r"(data16 )*(nop|xchg +ax,ax|cs nop)|data16", rest):
                    continue
                mnemonic, _, operands = rest.partition(" ")
                self.place[int(at, 16)] = len(self.lines)
                self.lines.append(("%s+%d" % (name, len(self.lines) - self.entry[name]), mnemonic,
                                   split(operands.strip())))
                continue
            m = RELOCATION.search(line)
            if m and self.lines:
                self.lines[-1][2].append(m.group(1) or m.group(2))

    @staticmethod
    def words(objdump, path):
        """.rodata as words of 64 bits."""
        octets = contents(objdump, path)
        return [int.from_bytes(octets[i:i + 8], "little") for i in range(0, len(octets) // 8 * 8, 8)]

    def target(self, op):
        if op[-1] in self.entry:
            return self.entry[op[-1]]
        return self.place[int(op[0].split()[0], 16)]


def contents(objdump, path):
    """The octets of .rodata."""
    text = subprocess.run([objdump, "-s", "-j", ".rodata", path], capture_output=True, text=True, check=False).stdout
    return bytes.fromhex("".join("".join(line[1 + line.index(" ", 1):].split("  ")[0].split())
                                 for line in text.split("\n") if re.match(r" [0-9a-f]{4,} ", line)))


def constants_in(objdump, path):
    """Arrays of words of 64 bits in .rodata, by name."""
    text = subprocess.run([objdump, "-t", path], capture_output=True, text=True, check=True).stdout
    octets, out = contents(objdump, path), {}
    for m in re.finditer(r"^([0-9a-f]+) .* O \.rodata\t([0-9a-f]+) (?:\.hidden )?(\w+)$", text, re.M):
        at, size = int(m.group(1), 16), int(m.group(2), 16)
        out[m.group(3)] = [int.from_bytes(octets[i:i + 8], "little") for i in range(at, at + size, 8)]
    return out


def split(operands):
    """The operands, without words that say how large they are but where that matters."""
    out, depth = [""], 0
    for c in operands:
        depth += (c in "[{") - (c in "]}")
        if c == "," and not depth:
            out.append("")
        else:
            out[-1] += c
    return [re.sub(r"[A-Z]*WORD PTR (?=\[)", lambda m: "QWORD " if m.group(0).startswith("QWORD") else "", o.strip())
            for o in out if o.strip()]
