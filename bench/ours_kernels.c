/* ours_kernels.c -- each kernel of eight lanes by itself, as mca.sh sets them beside its models. */
#include "ours.h"

#include <string.h>

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

size_t kernels_offer(bench_op *ops)
{
	static const bench_op all[] = {
#define OFFER(name) {"fp8_" #name, "us/vector", 1, start, name, NULL}
		OFFER(mul_add), OFFER(mul_sub), OFFER(mul_lift), OFFER(mul_diff), OFFER(mul_sdiff),
		OFFER(mul_diff_sub), OFFER(sqr_sub2), OFFER(add), OFFER(sub), OFFER(lift),
		OFFER(cneg), OFFER(cmov), OFFER(reduce),
	};

	if (!fp8_k)
		return 0;
	memcpy(ops, all, sizeof all);
	return sizeof all / sizeof all[0];
}
