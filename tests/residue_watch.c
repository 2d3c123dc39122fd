/* residue_watch.c -- calls a function on a stack of its own, and looks at what it leaves. */
#include "residue_watch.h"

#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/cpu.h"
#include "engine/scrub.h"

#ifdef WATCHED
enum {
	STACK = 1 << 20, PAINT = 0xa5,
	WRAPPER = 64, /* octets of stack that looking on takes */
};

/* Call f with the stack pointer at top, and take what it leaves in registers; vectors: cpu_vectors. */
void residue_call(void (*f)(void), void *top, registers *r, unsigned vectors);
#ifdef ARCH_x86_64
__asm__(".pushsection .text\n"
	".type residue_call, @function\n"
	"residue_call:\n"
	"	push %rbp; mov %rsp, %rbp; push %rbx; push %r12\n"
	"	mov %rdx, %rbx; mov %ecx, %r12d; mov %rsi, %rsp\n"
	"	call *%rdi\n"
	"	mov %rcx, 2048(%rbx); mov %rdx, 2056(%rbx); mov %rsi, 2064(%rbx)\n"
	"	mov %rdi, 2072(%rbx); mov %r8, 2080(%rbx); mov %r9, 2088(%rbx)\n"
	"	mov %r10, 2096(%rbx); mov %r11, 2104(%rbx)\n"
	"	cmp $2, %r12d; je 2f; cmp $1, %r12d; je 1f\n"
	"	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	movdqa %xmm\\n, 64*\\n(%rbx)\n"
	"	.endr\n"
	"	jmp 3f\n"
	"1:	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	vmovdqa %ymm\\n, 64*\\n(%rbx)\n"
	"	.endr\n"
	"	jmp 3f\n"
	"2:	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	vmovdqa64 %zmm\\n, 64*\\n(%rbx)\n"
	"	.endr\n"
	"	.irp n,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	vmovdqa64 %zmm\\n, 64*\\n(%rbx)\n"
	"	.endr\n"
	"	.irp n,0,1,2,3,4,5,6,7\n"
	"	kmovq %k\\n, 2112 + 8*\\n(%rbx)\n"
	"	.endr\n"
	"3:	lea -16(%rbp), %rsp; pop %r12; pop %rbx; pop %rbp\n"
	"	ret\n"
	".size residue_call, . - residue_call\n"
	".popsection\n");
_Static_assert(offsetof(registers, general) == 2048 && offsetof(registers, masks) == 2112, "");
#else
/* v8 to v15 are cleared before, of which the low halves come back as they were. */
__asm__(".pushsection .text\n"
	".type residue_call, %function\n"
	"residue_call:\n"
	"	hint #34\n"
	"	stp x29, x30, [sp, #-96]!\n"
	"	mov x29, sp\n"
	"	str x19, [sp, #16]\n"
	"	stp d8, d9, [sp, #32]; stp d10, d11, [sp, #48]; stp d12, d13, [sp, #64]; stp d14, d15, [sp, #80]\n"
	"	.irp n,8,9,10,11,12,13,14,15\n"
	"	movi v\\n\\().2d, #0\n"
	"	.endr\n"
	"	mov x19, x2\n"
	"	mov sp, x1\n"
	"	blr x0\n"
	"	mov sp, x29\n"
	"	.irp n,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n"
	"	str x\\n, [x19, #(512 + 8*\\n - 8)]\n"
	"	.endr\n"
	"	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	str q\\n, [x19, #(16*\\n)]\n"
	"	.endr\n"
	"	ldp d8, d9, [sp, #32]; ldp d10, d11, [sp, #48]; ldp d12, d13, [sp, #64]; ldp d14, d15, [sp, #80]\n"
	"	ldr x19, [sp, #16]\n"
	"	ldp x29, x30, [sp], #96\n"
	"	ret\n"
	".size residue_call, . - residue_call\n"
	".popsection\n");
_Static_assert(offsetof(registers, general) == 512, "");
#endif

static uint8_t *stack; /* STACK octets */
static registers left;

leaving left_by;
int watching, looking, scrub_is_off;

/* The lowest octet that is not painted any more. */
static const uint8_t *deepest(void)
{
	const uint64_t paint = UINT64_C(0x0101010101010101) * PAINT;
	size_t i = 0;

	while (i + 8 <= STACK && memcmp(stack + i, &paint, 8) == 0)
		i += 8;
	return stack + i;
}

/* The stack pointer with which the function that calls this was called. */
#ifdef ARCH_x86_64
#define sp_of_caller() ((const uint8_t *)__builtin_frame_address(0) + 8)
#else
#define sp_of_caller() ((const uint8_t *)__builtin_dwarf_cfa())
#endif

km_err __real_leave_secret(km_err err, int scrub);
km_err __wrap_leave_secret(km_err err, int scrub);

km_err __wrap_leave_secret(km_err err, int scrub)
{
	left_by.from = sp_of_caller();
	left_by.octets = (size_t)scrub;
	if (scrub_is_off)
		return err;
	if (!looking) {
		const uint8_t *low = deepest();

		left_by.used = low < left_by.from ? (size_t)(left_by.from - low) : 0;
	}
	return __real_leave_secret(err, scrub);
}

/* ---- memory given back ----------------------------------------------------------------------- */

static size_t found_in_heap;
static const char *heap_of;

static void look_into(const void *p, size_t len)
{
	looking = 0; /* what is called here may free too */
	found_in_heap += residue_find(p, len, &heap_of);
	looking = 1;
}

void *__libc_realloc(void *p, size_t len);
void *__libc_malloc(size_t len);
void __libc_free(void *p);

/* In place of the C library's, for all libraries. */
void free(void *p)
{
	if (looking && p)
		look_into(p, malloc_usable_size(p));
	__libc_free(p);
}

void *realloc(void *p, size_t len)
{
	size_t had = p ? malloc_usable_size(p) : 0;
	void *moved;

	if (!looking || !p)
		return __libc_realloc(p, len);
	moved = __libc_malloc(len);
	if (!moved)
		return NULL;
	memcpy(moved, p, had < len ? had : len);
	free(p);
	return moved;
}

int munmap(void *p, size_t len)
{
	if (looking)
		look_into(p, len);
	return (int)syscall(SYS_munmap, p, len);
}

/* ---- looking --------------------------------------------------------------------------------- */

int watch_start(void)
{
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return stack == MAP_FAILED ? -1 : 0;
}

void watch(void (*run)(void), int look)
{
	memset(stack, PAINT, STACK);
	memset(&left_by, 0, sizeof left_by);
	memset(&left, 0, sizeof left);
	found_in_heap = 0;
	watching = 1;
	looking = look;
	(void)__real_leave_secret(KM_OK, SCRUB_HASH); /* nothing in registers yet */
	residue_call(run, stack + STACK - 64, &left, cpu_vectors());
	looking = watching = 0;
}

static int all_are(const uint8_t *from, const uint8_t *to, uint8_t what)
{
	while (from < to && *from == what)
		from++;
	return from >= to;
}

/* Data independent timing is put back behind leave_secret (asm/dit.h), by general registers. */
#ifdef ARCH_aarch64
#define CLEARED offsetof(registers, general)
#else
#define CLEARED sizeof(registers)
#endif

int watch_clean(void)
{
	const uint8_t *zeros = left_by.from - left_by.octets, *upper = left_by.from - WRAPPER;
	static const registers nothing;

	return left_by.octets && all_are(stack, zeros - WRAPPER, PAINT) && all_are(zeros, upper, 0) &&
			memcmp(&left, &nothing, CLEARED) == 0;
}

residue watch_find(void)
{
	residue r = {.in_heap = found_in_heap, .of = heap_of};

	r.in_stack = residue_find(stack, STACK, &r.of);
	r.in_registers = residue_find(&left, sizeof left, &r.of);
	return r;
}
#endif
