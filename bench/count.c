/* count.c -- counts multiplications in F_p by rows that stand before the chosen kernels. */
#include "count.h"

#include "engine/field/fp.h"
#include "engine/field/fp4.h"

static bench_counts counts;
static const fp_kernel *fp_real;
static const fp8_kernel *fp8_real;
static const fp4_kernel *fp4_real;
static fp_kernel fp_counting;
static fp8_kernel fp8_counting;
static fp4_kernel fp4_counting;

static void count_mul(uint64_t r[16], const uint64_t a[16], const uint64_t b[16])
{
	counts.mul++;
	fp_real->mul(r, a, b);
}

static void count_sqr(uint64_t r[16], const uint64_t a[16])
{
	counts.sqr++;
	fp_real->sqr(r, a);
}

typedef uint64_t (*lanes)[8];
typedef const uint64_t (*in)[8];

static void count_mul8(lanes r, in a, in b)
{
	counts.mul8++;
	fp8_real->mul(r, a, b);
}

static void count_sqr8(lanes r, in a)
{
	counts.sqr8++;
	fp8_real->sqr(r, a);
}

static void count_mul2(uint64_t r[16], const uint64_t a[16], const uint64_t b[16], uint64_t s[16],
		const uint64_t c[16], const uint64_t d[16])
{
	counts.mul += 2;
	fp_real->mul2(r, a, b, s, c, d);
}

static void count_mul_add(lanes r, in a, in b, in c)
{
	counts.mul8++;
	fp8_real->mul_add(r, a, b, c);
}

static void count_mul_sub(lanes r, in a, in b, in c)
{
	counts.mul8++;
	fp8_real->mul_sub(r, a, b, c);
}

static void count_mul_lift(lanes r, in a, in b, in c, const uint64_t k[FP8_LIMBS])
{
	counts.mul8++;
	fp8_real->mul_lift(r, a, b, c, k);
}

static void count_sqr_sub2(lanes r, in a, in c, in d)
{
	counts.sqr8++;
	fp8_real->sqr_sub2(r, a, c, d);
}

static void count_mul_diff(lanes r, in a, in b, in c, const uint64_t k[FP8_LIMBS])
{
	counts.mul8++;
	fp8_real->mul_diff(r, a, b, c, k);
}

static void count_mul_sdiff(lanes r, in a, in b, in c, const uint64_t k[FP8_LIMBS],
		const uint64_t mask[8])
{
	counts.mul8++;
	fp8_real->mul_sdiff(r, a, b, c, k, mask);
}

static void count_mul_diff_sub(lanes r, in a, in b, in c, const uint64_t k[FP8_LIMBS], in d)
{
	counts.mul8++;
	fp8_real->mul_diff_sub(r, a, b, c, k, d);
}

/* Four at a time, and two: counted as single ones. */
static void count_mul4(lanes r, in a, const uint64_t of_a[8], in b, const uint64_t of_b[8])
{
	counts.mul += 4;
	fp4_real->mul(r, a, of_a, b, of_b);
}

static void count_squares(lanes v, size_t n)
{
	counts.mul += 2 * n;
	fp4_real->squares(v, n);
}

/* Where a row gains a member: if it is a product, count it, then change the number here. */
_Static_assert(sizeof(fp_kernel) == 8 * sizeof(void *), "fp_kernel has a member not known here");
_Static_assert(sizeof(fp8_kernel) == 18 * sizeof(void *), "fp8_kernel has a member not known here");
_Static_assert(sizeof(fp4_kernel) == 5 * sizeof(void *), "fp4_kernel has a member not known here");

static void start(void)
{
	counts = (bench_counts){0, 0, 0, 0};
	fp_real = fp_k;
	fp_counting = *fp_k;
	fp_counting.mul = count_mul;
	fp_counting.sqr = count_sqr;
	fp_counting.mul2 = count_mul2;
	fp_k = &fp_counting;
	fp8_real = fp8_k;
	fp4_real = fp4_k;
	if (!fp8_real)
		return;
	fp8_counting = *fp8_k;
	fp8_counting.mul = count_mul8;
	fp8_counting.sqr = count_sqr8;
	fp8_counting.mul_add = count_mul_add;
	fp8_counting.mul_sub = count_mul_sub;
	fp8_counting.mul_lift = count_mul_lift;
	fp8_counting.sqr_sub2 = count_sqr_sub2;
	fp8_counting.mul_diff = count_mul_diff;
	fp8_counting.mul_sdiff = count_mul_sdiff;
	fp8_counting.mul_diff_sub = count_mul_diff_sub;
	fp8_k = &fp8_counting;
	if (!fp4_real)
		return;
	fp4_counting = *fp4_k;
	fp4_counting.mul = count_mul4;
	fp4_counting.squares = count_squares;
	fp4_k = &fp4_counting;
}

static bench_counts stop(void)
{
	fp_k = fp_real;
	fp8_k = fp8_real;
	fp4_k = fp4_real;
	return counts;
}

const bench_counter count_products = {start, stop};
