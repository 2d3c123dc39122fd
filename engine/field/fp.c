/* fp.c -- F_p, one element: the choice of kernels, and what is built on them. */
#include "fp.h"

#include <gmp.h>
#include <string.h>

#include "bytes.h"
#include "cpu.h"
#include "fp_rows.h"
#include "params.h"
#include "secret.h"

enum { N = FP_LIMBS };

const uint64_t fp_p[N] = {
	0x666d807afea85feb, 0x80c5df10ac7ace87, 0xfce3e82389857db0, 0x9f94d6af56971f1f,
	0xa7cf3c521c3c09aa, 0xb6aff4a831852a82, 0x512ac5cd65681ce1, 0xe26c6487326b4cd4,
	0x356d27f4a666a6d0, 0xe791b39ff7c88a19, 0x228730d531a59cb0, 0xf40aab27e2fc0f1b,
	0xbe9ae358b3e01a2e, 0x416c0ce19cb48261, 0x65c61198dad0657a, 0x997abb1f0a563fda,
};

const uint64_t fp_inv64[N] = {
	0xaba7c111ca3028a8, 0xaa2184e76407ad49, 0x11ca3764faea432d, 0x4112394a3333350c,
	0x8ea7a597ddd0342e, 0x8f99f4a57da269cb, 0x7d14abec05eeafbd, 0x08caadcbd228b390,
	0xc9c4f5fe1f8cf6f4, 0x6e4814266bd5a3a8, 0x54ecfc48b1cca2b1, 0xac8a9764714dedad,
	0x715406d7fcb88387, 0xae91cf6dee746b32, 0xb3ff32020c9d7bed, 0x18972116b990433a,
};

const uint64_t fp_inv52[20] = {
	0x7e1767314b5d0, 0x8680235fc4037, 0xe20c6581d42db, 0xff249b73749e3,
	0x8362e81e55010, 0x4eeb74a96a1ed, 0x8db415fca1c77, 0x1031d6957c676,
	0x427c14d23e20b, 0x48751b22b1584, 0x7a97f0e6863c9, 0x1cd26858ac036,
	0xd91c991931be6, 0xf41fc6555768c, 0x2774e1fb0df38, 0xd386ec7e99f56,
	0x5dcc5b8250c9c, 0x1921bad1a1781, 0x7300b9b279309, 0x00002791ec0e8,
};

const uint64_t fp_n0[2] = {FP_N0, 0x4150a68c1ac88808};
const fp fp_zero = {{0}};
const fp fp_one = {{
	0x99927f850157a015, 0x7f3a20ef53853178, 0x031c17dc767a824f, 0x606b2950a968e0e0,
	0x5830c3ade3c3f655, 0x49500b57ce7ad57d, 0xaed53a329a97e31e, 0x1d939b78cd94b32b,
	0xca92d80b5999592f, 0x186e4c60083775e6, 0xdd78cf2ace5a634f, 0x0bf554d81d03f0e4,
	0x41651ca74c1fe5d1, 0xbe93f31e634b7d9e, 0x9a39ee67252f9a85, 0x668544e0f5a9c025,
}};

/* 2^2048 mod p: times it, plain becomes Montgomery. */
static const uint64_t r2[N] = {
	0xe199c8ceed17b0a1, 0x7ffd8b4be3620f7f, 0xca865d5f4f76e245, 0x623ff8dc27ecf5cb,
	0x229900e1d19bb697, 0xed6aef26ea40c71f, 0xa3aed42cc906365c, 0x17d461b69eab6451,
	0x2009367d7d666da9, 0x8bcad1dcb63c1d56, 0x5a126231c31a92dc, 0x5fb41b0eb8d94c5b,
	0xc113d394843f623c, 0x5d8d8e74f159f1eb, 0xae4ba7edb5d48c14, 0x191640b9698af16a,
};

#ifdef ARCH_x86_64
FP_TWO_PRODUCTS(mul2_adx, fp_mul_adx, fp_sqr_adx)

static const fp_kernel fp_ifma = {
	"ifma", CPU_ADX | CPU_IFMA, fp_mul_ifma, fp_sqr_ifma, fp_mul2_ifma, fp_add_adx,
	fp_sub_adx, fp_select_adx,
};
static const fp_kernel fp_adx = {
	"adx", CPU_ADX, fp_mul_adx, fp_sqr_adx, mul2_adx, fp_add_adx, fp_sub_adx, fp_select_adx,
};
#endif

#ifdef ARCH_aarch64
FP_TWO_PRODUCTS(mul2_a64, fp_mul_a64, fp_sqr_a64)

static const fp_kernel fp_a64 = {
	"a64", CPU_A64, fp_mul_a64, fp_sqr_a64, mul2_a64, fp_add_a64, fp_sub_a64, fp_select_a64,
};
#endif

const fp_kernel *const fp_kernels[] = {
#ifdef ARCH_x86_64
	&fp_ifma,
	&fp_adx,
#endif
#ifdef ARCH_aarch64
	&fp_a64,
#endif
	&fp_c,
	NULL,
};
const fp_kernel *fp_k = &fp_c;

void fp_pick(unsigned levels)
{
	size_t i = 0;

	while ((fp_kernels[i]->needs & levels) != fp_kernels[i]->needs)
		i++; /* the portable row needs nothing */
	fp_k = fp_kernels[i];
}

/* A chain of products with operands of many shapes, and of lookups among them, by each row: any difference
 * shows in the end. */
static void chain(uint64_t r[N], const fp_kernel *k)
{
	_Alignas(64) uint64_t a[N], b[N], table[4][N] = {{0}};

	memcpy(a, r2, sizeof a);
	memcpy(b, fp_p, sizeof b);
	b[0] -= 1; /* p - 1 */
	for (int i = 0; i < 16; i++) {
		k->mul(a, a, b);
		k->sqr(b, a);
		k->mul2(b, b, a, a, a, r2);
		k->add(b, b, a);
		k->sub(a, r2, b);
		memcpy(table[i % 4], b, sizeof b);
		k->select(b, table[0], 4, N, (uint64_t)i / 4);
	}
	memcpy(r, a, sizeof a);
}

int fp_proved(void)
{
	uint64_t row[N], twin[N];

	chain(row, fp_k);
	chain(twin, &fp_c);
	return memcmp(row, twin, sizeof row) == 0;
}

void fp_neg(fp *r, const fp *a)
{
	fp_sub(r, &fp_zero, a);
}

void fp_cmov(fp *r, const fp *a, uint64_t mask)
{
	ct_cmov(r->v, a->v, N, mask);
}

void fp_cneg(fp *r, const fp *a, uint64_t mask)
{
	fp t;

	fp_neg(&t, a);
	for (int i = 0; i < N; i++)
		r->v[i] = ct_select(mask, t.v[i], a->v[i]);
}

uint64_t fp_is_zero(const fp *a)
{
	uint64_t any = 0;

	for (int i = 0; i < N; i++)
		any |= a->v[i];
	return ~ct_mask_nonzero(any);
}

uint64_t fp_equal(const fp *a, const fp *b)
{
	uint64_t any = 0;

	for (int i = 0; i < N; i++)
		any |= a->v[i] ^ b->v[i];
	return ~ct_mask_nonzero(any);
}

void fp_from_limbs(fp *r, const uint64_t plain[N])
{
	fp_k->mul(r->v, plain, r2);
}

void fp_to_limbs(uint64_t plain[N], const fp *a)
{
	static const uint64_t one[N] = {1};

	fp_k->mul(plain, a->v, one);
}

uint64_t fp_from_bytes(fp *r, const uint8_t in[128])
{
	uint64_t plain[N], less[N], mask;

	limbs_from_be(plain, in, N);
	mask = ct_barrier(0 - mpn_sub_n(less, plain, fp_p, N));
	for (int i = 0; i < N; i++)
		plain[i] &= mask;
	fp_from_limbs(r, plain);
	wipe(plain, sizeof plain);
	wipe(less, sizeof less);
	return mask;
}

void fp_to_bytes(uint8_t out[128], const fp *a)
{
	uint64_t plain[N];

	fp_to_limbs(plain, a);
	limbs_to_be(out, plain, N);
	wipe(plain, sizeof plain);
}

void fp_inv_var(fp *r, const fp *a)
{
	uint64_t plain[N];
	mpz_t x, p;

	fp_to_limbs(plain, a);
	mpz_inits(x, p, NULL);
	mpz_import(x, N, -1, 8, 0, 0, plain);
	mpz_import(p, N, -1, 8, 0, 0, fp_p);
	if (!mpz_invert(x, x, p))
		mpz_set_ui(x, 0);
	memset(plain, 0, sizeof plain);
	mpz_export(plain, NULL, -1, 8, 0, 0, x);
	mpz_clears(x, p, NULL);
	fp_from_limbs(r, plain);
}

void fp_sqrt_var(fp *r, const fp *a)
{
	fp power[16] = {fp_one}, t = fp_one; /* of a, for four bits of the exponent (p + 1)/4 = q at a time */

	for (int i = 1; i < 16; i++)
		fp_mul(&power[i], &power[i - 1], a);
	for (int i = Q_BITS / 4; i >= 0; i--) {
		for (int j = 0; j < 4; j++)
			fp_sqr(&t, &t);
		fp_mul(&t, &t, &power[params_q[i / 16] >> (4 * i % 64) & 15]);
	}
	*r = t;
}

int fp_is_square_var(const fp *a)
{
	mpz_t x, p;

	/* The Montgomery radix is a square. */
	return mpz_jacobi(mpz_roinit_n(x, (const mp_limb_t *)a->v, N), mpz_roinit_n(p, (const mp_limb_t *)fp_p, N)) == 1;
}
