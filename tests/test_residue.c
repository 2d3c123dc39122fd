/* test_residue.c -- what a function of the interface leaves behind: nothing of a secret in the
 * stack below it, in registers, or in memory given back.
 *
 * Each operation runs twice with the same draws, on a stack of its own that was painted before.  The
 * first time tells how deep the stack is used and what passing secrets there are, the second time
 * is looked at.  Below the call the stack must be all zeros as far as it is overwritten and all paint
 * beyond, and the registers that a function may leave must be 0; in what is left, the few frames of
 * the call itself and what free and munmap get, words of secrets are looked for in every form.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/cpu.h"
#include "engine/init.h"
#include "engine/scrub.h"
#include "residue_secrets.h"
#include "residue_watch.h"

#ifdef WATCHED
#ifdef ARCH_aarch64
#define ALL_REGISTERS 1
#else
#define ALL_REGISTERS (cpu_vectors() == 2)
#endif

/* ---- that it can fail ------------------------------------------------------------------------ */

static volatile uint64_t planted; /* inverted */
static void *volatile hidden;

static void plant_in_stack(void)
{
	uint64_t deep[40] = {0};

	deep[3] = ~planted;
	__asm__ volatile("" : : "r"(deep) : "memory");
}

#ifdef ARCH_aarch64
static void plant_in_general(void)
{
	__asm__ volatile("ldr x11, %0; mvn x11, x11" : : "m"(planted) : "x11");
}

static void plant_in_vector(void)
{
	__asm__ volatile("ldr x11, %0; mvn x11, x11; dup v7.2d, x11; mov x11, #0" : : "m"(planted) : "x11", "v7");
}

/* The half of a register of the caller's that a function may lose. */
static void plant_in_upper_vector(void)
{
	__asm__ volatile("ldr x11, %0; mvn x11, x11; mov v9.d[1], x11; mov x11, #0" : : "m"(planted) : "x11");
}

static void plant_in_mask(void)
{
	plant_in_general();
}
#else
static void plant_in_general(void)
{
	__asm__ volatile("mov %0, %%r11; not %%r11" : : "m"(planted) : "r11");
}

static void plant_in_vector(void)
{
	__asm__ volatile("movq %0, %%xmm7; pcmpeqd %%xmm8, %%xmm8; pxor %%xmm8, %%xmm7; movlhps "
			"%%xmm7, %%xmm7" : : "m"(planted) : "xmm7", "xmm8");
}

static void plant_in_upper_vector(void)
{
	__asm__ volatile("mov %0, %%r11; not %%r11; vpbroadcastq %%r11, %%zmm30; xor %%r11d, %%r11d"
			: : "m"(planted) : "r11");
}

static void plant_in_mask(void)
{
	__asm__ volatile("mov %0, %%r11; not %%r11; kmovq %%r11, %%k5; xor %%r11d, %%r11d"
			: : "m"(planted) : "r11");
}
#endif

static void plant_in_heap(void)
{
	volatile uint64_t *at = malloc(1000);

	for (size_t i = 0; i < 125; i++)
		at[i] = i == 3 ? ~planted : 0;
	hidden = (void *)at;
	free(hidden);
}

static void plant_in_grown_heap(void)
{
	volatile uint64_t *at = calloc(125, 8);
	void *volatile blocker = calloc(125, 8);

	at[77] = ~planted;
	hidden = (void *)at;
	hidden = realloc(hidden, 100000);
	*(volatile uint64_t *)((char *)hidden + 77 * 8) = 0;
	free(hidden);
	free(blocker);
}

static void plant_in_map(void)
{
	volatile uint64_t *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

	at[600] = ~planted;
	munmap((void *)at, 8192);
}

static size_t found(void)
{
	residue r = watch_find();

	return r.in_stack + r.in_registers + r.in_heap;
}

/* One word of each form of a number, in each place. */
static void a_planted_word_is_found(void **state)
{
	static void (*const places[])(void) = {plant_in_stack, plant_in_general, plant_in_vector,
		plant_in_heap, plant_in_grown_heap, plant_in_map, plant_in_upper_vector, plant_in_mask};
	size_t n_places = sizeof places / sizeof *places - (ALL_REGISTERS ? 0 : 2);
	uint64_t words[FORM_WORDS], limbs[16], from = 5;
	mpz_t x;

	(void)state;
	mpz_init(x);
	draw_bytes((uint8_t *)limbs, sizeof limbs, &from);
	mpz_import(x, 16, -1, 8, 0, 0, limbs);
	mpz_mod(x, x, secrets_p);
	residue_clear();
	residue_add_number("a planted number", x, secrets_p);
	for (int form = 0; form < FORMS; form++) {
		residue_words(words, x, secrets_p, form);
		for (size_t i = 0; i < n_places; i++) {
			planted = ~words[5];
			watch(places[i], 1);
			assert_true(found() > 0);
			planted = 0x5555555555555555; /* no word of it */
			watch(places[i], 1);
			assert_int_equal(found(), 0);
		}
	}
	memset(words, 0, sizeof words);
	mpz_clear(x);
}

/* ---- tests ----------------------------------------------------------------------------------- */

enum { DEPTHS = 4 };

static void nothing_stays_behind(void **state)
{
	static const size_t depths[DEPTHS] = {SCRUB_HASH, SCRUB_SIGN, SCRUB_ONE, SCRUB_MANY};
	size_t deep[DEPTHS] = {0}, bad = 0;

	(void)state;
	for (size_t i = 0; i < OPERATIONS; i++) {
		const operation *o = &operations[i];
		size_t used, at = 0;
		residue r;

		operation_watch(o, 0);
		used = left_by.used;
		operation_watch(o, 1);
		r = watch_find();
		while (at < DEPTHS - 1 && depths[at] != left_by.octets)
			at++;
		deep[at] = o->kind == LEAVES && used > deep[at] ? used : deep[at];
		if (!r.in_stack && !r.in_registers && !r.in_heap &&
				(o->kind != LEAVES || (watch_clean() && used <= left_by.octets)))
			continue;
		bad++;
		print_message("%s: %zu words in the stack, %zu in registers, %zu in freed memory (%s); "
				"%zu octets of stack of %zu; %s\n", o->name, r.in_stack, r.in_registers,
				r.in_heap, r.of ? r.of : "none", used, left_by.octets,
				watch_clean() ? "clean" : "not clean");
	}
	for (size_t at = 0; at < DEPTHS; at++)
		print_message("octets of stack used: %zu of %zu\n", deep[at], depths[at]);
	assert_int_equal(bad, 0);
}

/* Without leave_secret much is found, in registers at least: the check of what was made has gone over the
 * stack behind it. */
static void the_search_finds_what_is_there(void **state)
{
	size_t in_stack = 0, in_registers = 0;

	(void)state;
	scrub_is_off = 1;
	for (size_t i = 0; i < OPERATIONS; i += is_slow() ? 4 : 1) {
		operation_watch(&operations[i], 0);
		operation_watch(&operations[i], 1);
		in_stack += watch_find().in_stack;
		in_registers += watch_find().in_registers;
	}
	scrub_is_off = 0;
	print_message("without it: %zu words in the stack, %zu in registers\n", in_stack, in_registers);
	assert_true(in_registers > 0);
}

static unsigned hidden_levels;
unsigned __real_cpu_levels(void);
unsigned __wrap_cpu_levels(void);

unsigned __wrap_cpu_levels(void)
{
	return __real_cpu_levels() & ~hidden_levels;
}

static int run_on(const char *kernel, const char *how)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_planted_word_is_found),
		cmocka_unit_test(the_search_finds_what_is_there),
		cmocka_unit_test(nothing_stays_behind),
	};

	if (init_again(kernel) != KM_OK)
		return 1;
	print_message("kernel %s%s\n", kernel, how);
	return cmocka_run_group_tests_name("residue", tests, objects_start, objects_stop);
}

/* By a child, for tables that are shared stay as they were made. */
static int run_without_vbmi(void)
{
	int status = 0;
	pid_t child;

	if ((cpu_levels() & (CPU_IFMA | CPU_VBMI)) != (CPU_IFMA | CPU_VBMI))
		return 0;
	fflush(stdout);
	child = fork();
	if (child == 0) {
		hidden_levels = CPU_VBMI;
		status = run_on("ifma", " without VBMI");
		fflush(stdout);
		_exit(status);
	}
	return child < 0 || waitpid(child, &status, 0) != child || status != 0;
}

int main(void)
{
	int failed, runs;
	const char *kernel;

	if (watch_start() != 0 || secrets_start() != 0)
		return 1;
	failed = run_without_vbmi();
	for (size_t i = 0; (kernel = km_kernel_at(i, &runs)); i++)
		if (runs)
			failed += run_on(kernel, "");
		else
			print_message("[  SKIPPED ] residue[%s]: this processor cannot run it\n", kernel);
	secrets_stop();
	return failed;
}
#else
int main(void)
{
	printf("[  SKIPPED ] residue: on x86-64 and AArch64, and without sanitizers, which keep what is freed\n");
	return 0;
}
#endif
