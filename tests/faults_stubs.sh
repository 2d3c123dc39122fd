#!/bin/bash
# faults_stubs.sh -- a stub before every function that the engine's objects call in one another, and in libraries.
# usage: tests/faults_stubs.sh stubs.S wraps.txt object...
# A call of f passes through __wrap_f, which counts it, and where this call is the chosen one does not make it,
# or makes it and turns over a bit of what its first argument points to, or stops for who traces the process.  A
# check that is planted as taken out says yes each time.  See faults_stub.h, faults.c, steps.c.  NM: that of the objects.
set -euo pipefail
stubs=$1 wraps=$2
shift 2

# What is called: undefined in one object, a function in another, or a library's.  Not what takes locks, memory or
# files, whose absence is no fault of arithmetic, nor data.
"${NM:-nm}" "$@" | awk '$2 == "T" || $2 == "t" { local[$3] = 1 } $2 ~ /^[DdBbRrCVu]$/ { data[$3] = 1 }
	$1 == "U" { used[$2] = 1 } END { for (f in used) if (!(f in data)) print f }' |
	grep -vE '^(_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__assert_fail|__tls_get_addr|__errno_location|__stack_chk_guard|__aarch64_.*|pthread_.*|malloc|calloc|free|aligned_alloc|realloc|sodium_malloc|sodium_free|sodium_init|mmap|munmap|mprotect|madvise|mlock|munlock|getpid|cpuid.*|__cpu.*)$' |
	sort >"$wraps"

{
	echo '/* Made by faults_stubs.sh. */'
	echo '#include "tests/faults_stub.h"'
	i=0
	while read -r f; do
		echo "	stub	$f, $i"
		i=$((i + 1))
	done <"$wraps"
	echo '	.section .rodata'
	echo '	.globl	faults_names'
	echo 'faults_names:'
	while read -r f; do echo "	.asciz	\"$f\""; done <"$wraps"
	echo '	.byte	0'
	echo '	.section .note.GNU-stack,"",%progbits'
} >"$stubs"
