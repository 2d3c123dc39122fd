/* fp8.c -- eight lanes of F_p: choice of the kernel, masks and conversions. */
#include "fp8.h"

#include <gmp.h>
#include <string.h>

#include "bytes.h"
#include "cpu.h"
#include "secret.h"

#define MASK (((uint64_t)1 << 52) - 1)

const uint64_t fp8_p[FP8_LIMBS + 1] = {
	0xd807afea85feb, 0x10ac7ace87666, 0x9857db080c5df, 0x1f1ffce3e8238,
	0xa9f94d6af5697, 0xcf3c521c3c09a, 0x4a831852a82a7, 0x65681ce1b6aff,
	0xb4cd4512ac5cd, 0xd0e26c6487326, 0x56d27f4a666a6, 0xb39ff7c88a193,
	0x531a59cb0e791, 0xfc0f1b228730d, 0xa2ef40aab27e2, 0xbe9ae358b3e01,
	0xc0ce19cb48261, 0x98dad0657a416, 0xa563fda65c611, 0x0000997abb1f0,
	0x420077c8f2f3d,
};
const uint64_t fp8_16p[FP8_LIMBS] = {
	0x807afea85feb0, 0x0ac7ace87666d, 0x857db080c5df1, 0xf1ffce3e82389,
	0x9f94d6af56971, 0xf3c521c3c09aa, 0xa831852a82a7c, 0x5681ce1b6aff4,
	0x4cd4512ac5cd6, 0x0e26c6487326b, 0x6d27f4a666a6d, 0x39ff7c88a1935,
	0x31a59cb0e791b, 0xc0f1b228730d5, 0x2ef40aab27e2f, 0xe9ae358b3e01a,
	0x0ce19cb48261b, 0x8dad0657a416c, 0x563fda65c6119, 0x000997abb1f0a,
};
const uint64_t fp8_64p[FP8_LIMBS] = {
	0x01ebfaa17fac0, 0x2b1eb3a1d99b6, 0x15f6c203177c4, 0xc7ff38fa08e26,
	0x7e535abd5a5c7, 0xcf14870f026aa, 0xa0c614aa0a9f3, 0x5a07386dabfd2,
	0x335144ab17359, 0x389b1921cc9ad, 0xb49fd2999a9b4, 0xe7fdf222864d5,
	0xc69672c39e46c, 0x03c6c8a1cc354, 0xbbd02aac9f8bf, 0xa6b8d62cf8068,
	0x338672d20986f, 0x36b4195e905b0, 0x58ff699718466, 0x00265eaec7c29,
};
const uint64_t fp8_256p[FP8_LIMBS] = {
	0x07afea85feb00, 0xac7ace87666d8, 0x57db080c5df10, 0x1ffce3e823898,
	0xf94d6af56971f, 0x3c521c3c09aa9, 0x831852a82a7cf, 0x681ce1b6aff4a,
	0xcd4512ac5cd65, 0xe26c6487326b4, 0xd27f4a666a6d0, 0x9ff7c88a19356,
	0x1a59cb0e791b3, 0x0f1b228730d53, 0xef40aab27e2fc, 0x9ae358b3e01a2,
	0xce19cb48261be, 0xdad0657a416c0, 0x63fda65c61198, 0x00997abb1f0a5,
};
const uint64_t fp8_512p[FP8_LIMBS] = {
	0x0f5fd50bfd600, 0x58f59d0eccdb0, 0xafb61018bbe21, 0x3ff9c7d047130,
	0xf29ad5ead2e3e, 0x78a4387813553, 0x0630a55054f9e, 0xd039c36d5fe95,
	0x9a8a2558b9aca, 0xc4d8c90e64d69, 0xa4fe94ccd4da1, 0x3fef9114326ad,
	0x34b3961cf2367, 0x1e36450e61aa6, 0xde815564fc5f8, 0x35c6b167c0345,
	0x9c3396904c37d, 0xb5a0caf482d81, 0xc7fb4cb8c2331, 0x0132f5763e14a,
};
const uint64_t fp8_one[FP8_LIMBS] = {
	0x2d93d28030700, 0x4f298428275ab, 0x75a9935f4ef30, 0xa52fdbccb99e5,
	0x2bde98a91ef15, 0x630ae7dbe067d, 0x566e218121956, 0x57d3844882eb7,
	0x9dc9da81267db, 0x5534527ee706d, 0xe5aee72c7c196, 0x2db481a7f3e2e,
	0x0c3a4edbff964, 0xcdbd68818c663, 0xef23484786592, 0xa6cb0bf93453a,
	0x3af9eea86f713, 0x0666bd14e0c68, 0x37eb83ea0a60b, 0x000049e339c22,
};

const uint64_t fp8_zero[FP8_LIMBS];
const fp8 fp8_no;

/* From the radix of fp to the one of fp8 and back, as one factor: 2^1056 mod p, 2^1024 mod p. */
static const uint64_t enter[FP8_LIMBS] = {
	0xcf1de7422dc16, 0x9b612e47b16df, 0x77db650ee3620, 0xf38bf9e30bac2,
	0xa615fb20410a1, 0xbbcc6cb8a36be, 0x191186c441dd4, 0xef31117aac3cd,
	0x709a73275c05b, 0xf19459b8e218b, 0xbd08e8df75270, 0x24dc96f75f948,
	0x8555b0749171d, 0x1acf6314fc812, 0xde43d93f515a9, 0x773a866b72174,
	0x3659848b71c8a, 0x95f5a67578ed4, 0x6ad3adb3a99b2, 0x00001620e802c,
};
static const uint64_t leave[FP8_LIMBS] = {
	0x27f850157a015, 0xef53853178999, 0x67a824f7f3a20, 0xe0e0031c17dc7,
	0x5606b2950a968, 0x30c3ade3c3f65, 0xb57ce7ad57d58, 0x9a97e31e49500,
	0x4b32baed53a32, 0x2f1d939b78cd9, 0xa92d80b599959, 0x4c60083775e6c,
	0xace5a634f186e, 0x03f0e4dd78cf2, 0x5d10bf554d81d, 0x41651ca74c1fe,
	0x3f31e634b7d9e, 0x67252f9a85be9, 0x5a9c0259a39ee, 0x0000668544e0f,
};

/* From plain values to fp8 and back: 2^2080 mod p, and 1. */
static const uint64_t enter_plain[FP8_LIMBS] = {
	0xa2918db1012bd, 0xebb9c05946419, 0x220d349042348, 0x2548785b7ab27,
	0x6e7a961ee919d, 0x9faede0f0827b, 0x8eac0d34b3ddf, 0xc350909942157,
	0x9f5a01f865308, 0xaa6737f3746f2, 0xeef0b6e3257d7, 0x5ebcf480a956c,
	0x416e990f27cfc, 0x4e9db00581776, 0xcf49762d99eed, 0x5fda2d53abd3d,
	0xb5917f75793c6, 0xb847f26d31e9f, 0x036fc9d4ef6d9, 0x000006aebca15,
};
static const uint64_t leave_plain[FP8_LIMBS] = {1};

#ifdef ARCH_x86_64
typedef uint64_t (*lanes)[8];
typedef const uint64_t (*in)[8];

void fp8_mul_ifma(lanes r, in a, in b);
void fp8_sqr_ifma(lanes r, in a);
void fp8_mul_add_ifma(lanes r, in a, in b, in c);
void fp8_mul_sub_ifma(lanes r, in a, in b, in c);
void fp8_mul_lift_ifma(lanes r, in a, in b, in c, const uint64_t k[FP8_LIMBS]);
void fp8_sqr_sub2_ifma(lanes r, in a, in c, in d);
void fp8_mul_diff_ifma(lanes r, in a, in b, in c, const uint64_t k[FP8_LIMBS]);
void fp8_mul_sdiff_ifma(lanes r, in a, in b, in c, const uint64_t k[FP8_LIMBS],
		const uint64_t mask[8]);
void fp8_mul_diff_sub_ifma(lanes r, in a, in b, in c, const uint64_t k[FP8_LIMBS], in d);
void fp8_add_ifma(lanes r, in a, in b);
void fp8_sub_ifma(lanes r, in a, in b);
void fp8_lift_ifma(lanes r, in a, in b, const uint64_t k[FP8_LIMBS]);
void fp8_cneg_ifma(lanes r, in a, const uint64_t mask[8], const uint64_t k[FP8_LIMBS]);
void fp8_cmov_ifma(lanes r, in a, const uint64_t mask[8]);
void fp8_reduce_ifma(lanes r, in a);
void fp8_select_ifma_lanes(lanes r, in table, size_t entries, const uint64_t index[8]);

void fp8_mul_avx2(lanes r, in a, in b);
void fp8_sqr_avx2(lanes r, in a);
void fp8_mul_add_avx2(lanes r, in a, in b, in c);
void fp8_mul_sub_avx2(lanes r, in a, in b, in c);
void fp8_mul_lift_avx2(lanes r, in a, in b, in c, const uint64_t k[FP8_LIMBS]);
void fp8_sqr_sub2_avx2(lanes r, in a, in c, in d);
void fp8_mul_diff_avx2(lanes r, in a, in b, in c, const uint64_t k[FP8_LIMBS]);
void fp8_mul_sdiff_avx2(lanes r, in a, in b, in c, const uint64_t k[FP8_LIMBS],
		const uint64_t mask[8]);
void fp8_mul_diff_sub_avx2(lanes r, in a, in b, in c, const uint64_t k[FP8_LIMBS], in d);
void fp8_add_avx2(lanes r, in a, in b);
void fp8_sub_avx2(lanes r, in a, in b);
void fp8_lift_avx2(lanes r, in a, in b, const uint64_t k[FP8_LIMBS]);
void fp8_cneg_avx2(lanes r, in a, const uint64_t mask[8], const uint64_t k[FP8_LIMBS]);
void fp8_cmov_avx2(lanes r, in a, const uint64_t mask[8]);
void fp8_reduce_avx2(lanes r, in a);
void fp8_select_avx2_lanes(lanes r, in table, size_t entries, const uint64_t index[8]);

static const fp8_kernel row_ifma = {
	"ifma", CPU_IFMA, fp8_mul_ifma, fp8_sqr_ifma, fp8_mul_add_ifma, fp8_mul_sub_ifma,
	fp8_mul_lift_ifma, fp8_sqr_sub2_ifma, fp8_mul_diff_ifma, fp8_mul_sdiff_ifma,
	fp8_mul_diff_sub_ifma, fp8_add_ifma, fp8_sub_ifma, fp8_lift_ifma, fp8_cneg_ifma,
	fp8_cmov_ifma, fp8_reduce_ifma,
	fp8_select_ifma_lanes,
};
static const fp8_kernel row_avx2 = {
	"avx2", CPU_ADX, fp8_mul_avx2, fp8_sqr_avx2, fp8_mul_add_avx2, fp8_mul_sub_avx2,
	fp8_mul_lift_avx2, fp8_sqr_sub2_avx2, fp8_mul_diff_avx2, fp8_mul_sdiff_avx2,
	fp8_mul_diff_sub_avx2, fp8_add_avx2, fp8_sub_avx2, fp8_lift_avx2, fp8_cneg_avx2,
	fp8_cmov_avx2, fp8_reduce_avx2,
	fp8_select_avx2_lanes,
};
#define ASM_ROWS &row_ifma, &row_avx2,
#else
/* AArch64 has no row: batches run on fp, one element at a time.  Two products side by side in NEON (umlal of 26-bit limbs)
 * take, by the models of llvm-mca 19, 1337, 738 and 737 cycles a product on Neoverse N2, V1 and V2, where scalar code
 * takes 546, 548 and 516; only N1 gains (1557 for 2754).  SVE2 of 128 bits multiplies no more, and SVE has no 52-bit
 * multiply-add. */
#define ASM_ROWS
#endif

const fp8_kernel *const fp8_kernels[] = { ASM_ROWS NULL };
const fp8_kernel *fp8_k;
unsigned fp8_levels;

const fp8_kernel *fp8_pick(unsigned cpu)
{
	size_t i = 0;

	while (fp8_kernels[i] && fp8_kernels[i]->needs & ~cpu)
		i++;
	fp8_k = fp8_kernels[i];
	fp8_levels = cpu;
	return fp8_k;
}

void fp8_set(fp8 *r, const uint64_t limbs[FP8_LIMBS])
{
	for (int i = 0; i < FP8_LIMBS; i++)
		for (int l = 0; l < FP8_LANES; l++)
			r->v[i][l] = limbs[i];
}

/* r = a*f/R8 mod p in [0, p), for loose a and f < p. */
static void scale(fp8_any *r, const fp8_any *a, const uint64_t f[FP8_LIMBS])
{
	struct {
		fp8 f, t, zero;
	} w = { 0 };

	fp8_set(&w.f, f);
	(fp8_sub_lift)(&w.t, a, &w.zero.any);
	fp8_mul(&w.t, &w.t, &w.f);
	(fp8_reduce)(r, &w.t.any);
	wipe(&w, sizeof w);
}

void (fp8_canon)(fp8_any *r, const fp8_any *a)
{
	scale(r, a, fp8_one);
}

void fp8_pack(uint64_t (*words)[FP8_LANES], const fp8 *a)
{
	memset(words, 0, FP8_WORDS * sizeof *words);
	for (int i = 0; i < FP8_LIMBS; i++) {
		int at = 52 * i / 64, off = 52 * i % 64;

		for (int l = 0; l < FP8_LANES; l++)
			words[at][l] |= a->v[i][l] << off;
		for (int l = 0; off > 12 && at + 1 < FP8_WORDS && l < FP8_LANES; l++)
			words[at + 1][l] |= a->v[i][l] >> (64 - off);
	}
}

void (fp8_is_zero)(uint64_t mask[FP8_LANES], const fp8_any *a)
{
	fp8 t;

	(fp8_canon)(&t.any, a);
	memset(mask, 0, FP8_LANES * sizeof *mask);
	for (int i = 0; i < FP8_LIMBS; i++)
		for (int l = 0; l < FP8_LANES; l++)
			mask[l] |= t.v[i][l];
	for (int l = 0; l < FP8_LANES; l++)
		mask[l] = ~ct_mask_nonzero(mask[l]);
	wipe(&t, sizeof t);
}

/* The 52 bits from bit 52i on. */
static inline uint64_t limb52(const fp *a, int i)
{
	int at = 52 * i / 64, off = 52 * i % 64;
	uint64_t x = a->v[at] >> off;

	if (off > 12 && at + 1 < FP_LIMBS)
		x |= a->v[at + 1] << (64 - off);
	return x & MASK;
}

void fp8_unpack(fp8 *r, const fp *const a[FP8_LANES])
{
	for (int l = 0; l < FP8_LANES; l++)
#pragma GCC unroll 20
		for (int i = 0; i < FP8_LIMBS; i++)
			r->v[i][l] = limb52(a[l], i);
}

void fp8_spread(fp8 *r, const fp *a)
{
#pragma GCC unroll 20
	for (int i = 0; i < FP8_LIMBS; i++) {
		uint64_t x = limb52(a, i);

		for (int l = 0; l < FP8_LANES; l++)
			r->v[i][l] = x;
	}
}

void fp8_from_lanes(fp8 *r, const fp *const a[FP8_LANES])
{
	struct {
		fp8 f, t;
	} w;

	fp8_unpack(&w.t, a);
	fp8_set(&w.f, enter);
	fp8_mul(r, &w.t, &w.f);
	wipe(&w, sizeof w);
}

void fp8_from_one(fp8 *r, const fp *a)
{
	const fp *lane[FP8_LANES];

	for (size_t l = 0; l < FP8_LANES; l++)
		lane[l] = a;
	fp8_from_lanes(r, lane);
}

void fp8_to_unpacked(fp8 *r, const fp8 *a)
{
	fp8 f;

	fp8_set(&f, leave);
	fp8_mul(r, a, &f);
}

/* The words of the 52-bit limbs of lane l of a canonical a. */
static void words_of_lane(uint64_t words[FP_LIMBS], const fp8 *a, int l)
{
	memset(words, 0, 8 * FP_LIMBS);
	for (int i = 0; i < FP8_LIMBS; i++) {
		int at = 52 * i / 64, off = 52 * i % 64;

		words[at] |= a->v[i][l] << off;
		if (off > 12 && at + 1 < FP_LIMBS)
			words[at + 1] |= a->v[i][l] >> (64 - off);
	}
}

void (fp8_to_lanes)(fp *const r[FP8_LANES], const fp8_any *a)
{
	fp8 t;

	scale(&t.any, a, leave);
	for (int l = 0; l < FP8_LANES; l++)
		words_of_lane(r[l]->v, &t, l);
	wipe(&t, sizeof t);
}

void fp8_unpacked_to_lanes(fp *const r[FP8_LANES], const fp8 *a)
{
	fp8 t;

	fp8_reduce(&t, a);
	for (int l = 0; l < FP8_LANES; l++)
		words_of_lane(r[l]->v, &t, l);
	wipe(&t, sizeof t);
}

void fp8_rotate(fp8 *r, const fp8 *a, int by)
{
	for (int i = 0; i < FP8_LIMBS; i++)
		for (int l = 0; l < FP8_LANES; l++)
			r->v[i][l] = a->v[i][(l + by) % FP8_LANES];
}

void (fp8_to_octets)(uint8_t *const out[FP8_LANES], const fp8_any *a)
{
	struct {
		fp8 t;
		uint64_t words[FP_LIMBS];
	} w;

	scale(&w.t.any, a, leave_plain);
	for (int l = 0; l < FP8_LANES; l++) {
		words_of_lane(w.words, &w.t, l);
		limbs_to_be(out[l], w.words, FP_LIMBS);
	}
	wipe(&w, sizeof w);
}

uint64_t fp8_from_octets(fp8 *r, const uint8_t *const from[FP8_LANES])
{
	struct {
		fp lane[FP8_LANES];
		uint64_t less[FP_LIMBS];
		fp8 t, f;
	} w;
	const fp *lane[FP8_LANES];
	uint64_t below = ~(uint64_t)0;

	for (int l = 0; l < FP8_LANES; l++) {
		limbs_from_be(w.lane[l].v, from[l], FP_LIMBS);
		below &= ct_barrier(0 - mpn_sub_n(w.less, w.lane[l].v, fp_p, FP_LIMBS));
		lane[l] = &w.lane[l];
	}
	fp8_unpack(&w.t, lane);
	fp8_set(&w.f, enter_plain);
	fp8_mul(r, &w.t, &w.f);
	wipe(&w, sizeof w);
	return below;
}
