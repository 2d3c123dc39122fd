/* ours_kernels.c -- kernels by themselves: of eight lanes, as mca.sh sets them beside its models, and of one
 * element, whose instructions are counted. */
#include "ours.h"

#include <string.h>

#include "engine/eccsi/p256.h"
#include "engine/field/fp.h"
#include "engine/field/fp8.h"

static _Alignas(64) uint64_t r[FP8_LIMBS][8], a[FP8_LIMBS][8], b[FP8_LIMBS][8], c[FP8_LIMBS][8];
static uint64_t mask[8];

/* Below 2^1023, so tight. */
static void draw(uint64_t (*v)[8], uint64_t seed)
{
	bench_octets((uint8_t *)v, sizeof r, seed);
	for (size_t i = 0; i < FP8_LIMBS; i++)
		for (size_t l = 0; l < 8; l++)
			v[i][l] >>= i < FP8_LIMBS - 1 ? 12 : 29;
}

static void start(void)
{
	draw(a, 8);
	draw(b, 9);
	draw(c, 10);
	for (size_t l = 0; l < 8; l++)
		mask[l] = 0 - (uint64_t)(l & 1);
}

#define IN(x) ((const uint64_t (*)[8])(x))
#define KERNEL(name, ...) static void name(size_t turns) \
	{ while (turns--) fp8_k->name(r, __VA_ARGS__); }
KERNEL(mul_add, IN(a), IN(b), IN(c))
KERNEL(mul_sub, IN(a), IN(b), IN(c))
KERNEL(mul_lift, IN(a), IN(b), IN(c), fp8_256p)
KERNEL(mul_diff, IN(a), IN(b), IN(c), fp8_256p)
KERNEL(mul_sdiff, IN(a), IN(b), IN(c), fp8_256p, mask)
KERNEL(mul_diff_sub, IN(a), IN(b), IN(c), fp8_256p, IN(c))
KERNEL(sqr_sub2, IN(a), IN(b), IN(c))
KERNEL(add, IN(a), IN(b))
KERNEL(sub, IN(a), IN(b))
KERNEL(lift, IN(a), IN(b), fp8_256p)
KERNEL(cneg, IN(a), mask, fp8_256p)
KERNEL(cmov, IN(a), mask)
KERNEL(reduce, IN(a))

static fp x, y;
static p256_fe s, t;

/* Below both p. */
static void start_one(void)
{
	bench_octets((uint8_t *)x.v, sizeof x.v, 11);
	bench_octets((uint8_t *)y.v, sizeof y.v, 12);
	x.v[FP_LIMBS - 1] >>= 1;
	y.v[FP_LIMBS - 1] >>= 1;
	bench_octets((uint8_t *)s.v, sizeof s.v, 13);
	bench_octets((uint8_t *)t.v, sizeof t.v, 14);
	s.v[3] >>= 1;
	t.v[3] >>= 1;
}

#define ONE(name, ...) static void one_##name(size_t turns) { while (turns--) __VA_ARGS__; }
ONE(fp_add, fp_add(&x, &x, &y))
ONE(fp_sub, fp_sub(&x, &x, &y))
ONE(p256_mul, fe_mul(&s, &s, &t))
ONE(p256_sqr, fe_sqr(&s, &s))
ONE(p256_add, fe_add(&s, &s, &t))
ONE(p256_sub, fe_sub(&s, &s, &t))
ONE(p256_mul_n, p256_k->mul_n(s.v, s.v, t.v))
ONE(p256_inv, p256_inv_p(&s, &s))

size_t kernels_offer(bench_op *ops)
{
	static const bench_op one[] = {
#define OFFER_ONE(name) {#name, "us", 1, start_one, one_##name, NULL}
		OFFER_ONE(fp_add), OFFER_ONE(fp_sub), OFFER_ONE(p256_mul), OFFER_ONE(p256_sqr),
		OFFER_ONE(p256_add), OFFER_ONE(p256_sub), OFFER_ONE(p256_mul_n), OFFER_ONE(p256_inv),
	}, eight[] = {
#define OFFER(name) {"fp8_" #name, "us/vector", 1, start, name, NULL}
		OFFER(mul_add), OFFER(mul_sub), OFFER(mul_lift), OFFER(mul_diff), OFFER(mul_sdiff),
		OFFER(mul_diff_sub), OFFER(sqr_sub2), OFFER(add), OFFER(sub), OFFER(lift),
		OFFER(cneg), OFFER(cmov), OFFER(reduce),
	};

	memcpy(ops, one, sizeof one);
	if (!fp8_k)
		return sizeof one / sizeof one[0];
	memcpy(ops + sizeof one / sizeof one[0], eight, sizeof eight);
	return (sizeof one + sizeof eight) / sizeof one[0];
}
