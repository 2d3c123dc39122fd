#!/bin/bash
# bounds.sh -- no kernel loses a bit: its disassembly is run on intervals, from the stated bounds of what it is given, and
# what it gives is found by adding up symbols.  First faults are planted, each of which has to be found.
# usage: tests/bounds.sh build/x86_64-release      where the objects are
# tests/bounds/lanes.py says how.  Ends in "N passed, N failed, N skipped"; exit 1 where one failed.
set -u
cd "${0%/*}/.." || exit 1
. tests/verdict.sh
command -v python3 >/dev/null || skip_all "bounds of kernels" "no python3"
python3 -B tests/bounds/main.py "$1" "${OBJDUMP:-objdump}"
