/* test_bounds.c -- with -DKM_VERIFY each form of fp8.h refuses what is beyond its bounds, and nothing within. */
#include "util_fp8.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/curve/curve8.h"
#include "twins/twins.h"

/* The compiler sees whether what is multiplied may be negative. */
#define TAKES(f, ...) _Static_assert(_Generic(&(f), void (*)(__VA_ARGS__): 1, default: 0), #f)
#define IN  const fp8 *
#define ANY const fp8_any *
_Static_assert(!_Generic((const fp8_signed *)NULL, IN: 1, ANY: 1, default: 0), "types apart");
TAKES(fp8_mul, fp8 *, IN, IN);
TAKES(fp8_sqr, fp8 *, IN);
TAKES(fp8_mul2, fp8 *, IN, IN, fp8 *, IN, IN);
TAKES(fp8_mul_add, fp8 *, IN, IN, IN);
TAKES(fp8_mul_lift, fp8 *, IN, IN, IN);
TAKES(fp8_add, fp8 *, IN, IN);
TAKES(fp8_sub16, fp8 *, IN, IN);
TAKES(fp8_mul_diff, fp8 *, IN, ANY, ANY);
TAKES(fp8_sub, fp8_signed *, ANY, ANY);
TAKES(fp8_sqr_sub2, fp8_signed *, IN, ANY, ANY);
TAKES(fp8_mul_diff_sub, fp8_signed *, IN, ANY, ANY, ANY);
#undef TAKES
#undef IN
#undef ANY

static fp8 r, a, b, c; /* of either sign */
#define SIGNED(r) ((fp8_signed *)(r))

static const uint64_t none[FP8_LANES], all[FP8_LANES] = {
	UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
};

static void mul(void) { fp8_mul(&r, &a, &b); }
static void sqr(void) { fp8_sqr(&r, &a); }
static void mul_add(void) { fp8_mul_add(&r, &a, &b, &c); }
static void mul_sub(void) { fp8_mul_sub(SIGNED(&r), &a, &b, &c); }
static void mul_lift(void) { fp8_mul_lift(&r, &a, &b, &c); }
static void sqr_sub2(void) { fp8_sqr_sub2(SIGNED(&r), &a, &c, &c); }
static void mul_diff(void) { fp8_mul_diff(&r, &a, &b, &c); }
static void mul_sdiff(void) { fp8_mul_sdiff(&r, &a, &b, &c, all); }
static void mul_diff_sub(void) { fp8_mul_diff_sub(SIGNED(&r), &a, &b, &b, &c); }
static void add(void) { fp8_add(&r, &b, &c); }
static void sub(void) { fp8_sub(SIGNED(&r), &b, &c); }
static void sub_lift(void) { fp8_sub_lift(&r, &b, &c); }
static void sub_lift512(void) { fp8_sub_lift512(&r, &b, &c); }
static void sub16(void) { fp8_sub16(&r, &b, &c); }
static void sub64(void) { fp8_sub64(&r, &b, &c); }
static void cneg16(void) { fp8_cneg16(&r, &c, none); }
static void reduce(void) { fp8_reduce(&r, &c); }

/* The bits of a, b and c, c negative where its are; those that are good, and those that are not. */
static const struct {
	const char *name;
	void (*run)(void);
	int good[3], bad[3];
} forms[] = {
	{"mul", mul, {1030, 1030, 0}, {1032, 1030, 0}},
	{"sqr", sqr, {1030, 0, 0}, {1032, 0, 0}},
	{"mul_add", mul_add, {1030, 1030, 1030}, {1032, 1030, 1030}},
	{"mul_sub", mul_sub, {1030, 1030, -1030}, {1034, 1028, -1030}},
	{"mul_lift", mul_lift, {1028, 1028, 1030}, {1028, 1028, -1030}},
	{"mul_lift past 256p", mul_lift, {1028, 1028, 1031}, {1028, 1028, 1033}},
	{"sqr_sub2", sqr_sub2, {1030, 0, 1029}, {1032, 0, 1029}},
	{"mul_diff", mul_diff, {1026, 1030, 1030}, {1030, 1030, 1030}},
	{"mul_sdiff", mul_sdiff, {1026, 1030, 1029}, {1026, 1031, 1031}},
	{"mul_diff_sub", mul_diff_sub, {1026, 1030, 1030}, {1030, 1030, 1030}},
	{"add", add, {0, 1030, 1030}, {0, 1032, 1032}},
	{"sub", sub, {0, 1030, -1030}, {0, 1032, -1032}},
	{"sub_lift", sub_lift, {0, 1030, -1030}, {0, 1031, -1032}},
	{"sub_lift512", sub_lift512, {0, 1031, -1031}, {0, 1032, -1034}},
	{"sub16", sub16, {0, 1028, 1026}, {0, 1028, 1029}},
	{"sub16 of less than 0", sub16, {0, 1028, 1026}, {0, -1028, 1026}},
	{"sub64", sub64, {0, 1028, 1028}, {0, 1028, 1031}},
	{"cneg16", cneg16, {0, 0, 1027}, {0, 0, 1029}},
	{"cneg16 of less than 0", cneg16, {0, 0, 1027}, {0, 0, -1025}},
	{"reduce", reduce, {0, 0, 1024}, {0, 0, 1026}},
};

/* The largest number of so many bits, or the negative one. */
static void largest(fp8 *x, int bits)
{
	memset(x, 0, sizeof *x);
	for (int l = 0; l < FP8_LANES && bits; l++) {
		int64_t top = ((int64_t)1 << ((bits < 0 ? -bits : bits) - 988)) - 1;

		for (int i = 0; i < FP8_LIMBS - 1; i++)
			x->v[i][l] = ((uint64_t)1 << 52) - 1;
		x->v[FP8_LIMBS - 1][l] = (uint64_t)(bits < 0 ? -top : top);
	}
}

static int aborts(void (*run)(void), const int bits[3])
{
	int status = 0;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		largest(&a, bits[0]), largest(&b, bits[1]), largest(&c, bits[2]);
		signal(SIGABRT, SIG_DFL);
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		run();
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void each_form_keeps_its_bounds(void **state)
{
	(void)state;
#ifndef KM_VERIFY
	skip_as("bounds are looked at in builds with sanitizers alone");
#endif
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		print_message("%s\n", forms[i].name);
		assert_false(aborts(forms[i].run, forms[i].good));
		assert_true(aborts(forms[i].run, forms[i].bad));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_form_keeps_its_bounds)};

	fp8_k = &fp8_twin;
	return cmocka_run_group_tests_name("bounds", tests, NULL, NULL);
}
