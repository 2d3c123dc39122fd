#!/bin/bash
# faults_stubs.sh -- a stub before every function that the engine's objects call in one another, and in libraries.
# usage: tests/faults_stubs.sh stubs.S wraps.txt object...
# A call of f passes through __wrap_f, which counts it, and where this call is the chosen one does not make it,
# or makes it and turns over a bit of what its first argument points to, or stops for who traces the process.  A
# check that is planted as taken out says yes each time.  See faults.c, steps.c.
set -euo pipefail
stubs=$1 wraps=$2
shift 2

# What is called: undefined in one object, a function in another, or a library's.  Not what takes locks, memory or
# files, whose absence is no fault of arithmetic, nor data.
nm "$@" | awk '$2 == "T" || $2 == "t" { local[$3] = 1 } $2 ~ /^[DdBbRrCVu]$/ { data[$3] = 1 }
	$1 == "U" { used[$2] = 1 } END { for (f in used) if (!(f in data)) print f }' |
	grep -vE '^(_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__assert_fail|__tls_get_addr|__errno_location|pthread_.*|malloc|calloc|free|aligned_alloc|realloc|sodium_malloc|sodium_free|sodium_init|mmap|munmap|mprotect|madvise|mlock|munlock|getpid|cpuid.*|__cpu.*)$' |
	sort >"$wraps"

{
	echo '/* Made by faults_stubs.sh. */'
	echo '	.intel_syntax noprefix'
	echo '	.text'
	i=0
	while read -r f; do
		cat <<-END
			.globl	__wrap_$f
			__wrap_$f:
			mov	r11, qword ptr faults_count@GOTPCREL[rip]
			inc	qword ptr [r11 + 8*$i]
			mov	r11, qword ptr faults_planted@GOTPCREL[rip]
			cmp	dword ptr [r11], $i
			je	faults_pass
			mov	r11, qword ptr faults_function@GOTPCREL[rip]
			cmp	dword ptr [r11], $i
			jne	__real_$f
			mov	r11, qword ptr faults_left@GOTPCREL[rip]
			dec	qword ptr [r11]
			jnz	__real_$f
			mov	r11, qword ptr faults_kind@GOTPCREL[rip]
			cmp	dword ptr [r11], 1
			je	1f
			ja	2f
			mov	r11, qword ptr faults_result@GOTPCREL[rip]
			mov	rax, [r11]
			ret
			1:
			mov	r11, qword ptr faults_first@GOTPCREL[rip]
			mov	[r11], rdi
			push	rax
			mov	rax, [rsp + 8]
			mov	r11, qword ptr faults_back@GOTPCREL[rip]
			mov	[r11], rax
			lea	rax, faults_after[rip]
			mov	[rsp + 8], rax
			pop	rax
			jmp	__real_$f
			2:
			call	faults_moment
			jmp	__real_$f
		END
		i=$((i + 1))
	done <"$wraps"
	cat <<-'END'
		faults_pass:
		mov	rax, -1
		mov	r11, qword ptr faults_pass_stores@GOTPCREL[rip]
		cmp	dword ptr [r11], 0
		je	1f
		mov	dword ptr [rdi], 0
		1:
		ret
		faults_after:
		mov	r11, qword ptr faults_first@GOTPCREL[rip]
		mov	r11, [r11]
		mov	r10, qword ptr faults_offset@GOTPCREL[rip]
		add	r11, [r10]
		mov	r10, qword ptr faults_mask@GOTPCREL[rip]
		mov	r10, [r10]
		xor	byte ptr [r11], r10b
		mov	r11, qword ptr faults_back@GOTPCREL[rip]
		jmp	qword ptr [r11]
		.globl	faults_moment, faults_stop
		faults_moment:
		int3
		faults_stop:
		ret
		.section .rodata
		.globl	faults_names
		faults_names:
	END
	while read -r f; do echo "	.asciz	\"$f\""; done <"$wraps"
	echo '	.byte	0'
	echo '	.section .note.GNU-stack,"",@progbits'
} >"$stubs"
