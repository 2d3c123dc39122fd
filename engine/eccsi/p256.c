/* p256.c -- P-256's numbers: the portable kernel, the choice of one, arithmetic modulo p and n. */
#include "p256.h"

#include <string.h>
#ifdef ARCH_x86_64
#include <immintrin.h>
#endif

#include "bytes.h"
#include "cpu.h"
#include "secret.h"

__extension__ typedef unsigned __int128 u128;

const uint64_t p256_p[4] = {
	0xffffffffffffffff, 0x00000000ffffffff, 0x0000000000000000, 0xffffffff00000001,
};
const uint64_t p256_n[4] = {
	0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000,
};
const p256_fe p256_one = {{
	0x0000000000000001, 0xffffffff00000000, 0xffffffffffffffff, 0x00000000fffffffe,
}};
const p256_fe p256_b = {{
	0xd89cdf6229c4bddf, 0xacf005cd78843090, 0xe5a220abf7212ed6, 0xdc30061d04874834,
}};
const p256_point p256_g = {
	{{
		0x79e730d418a9143c, 0x75ba95fc5fedb601, 0x79fb732b77622510, 0x18905f76a53755c6,
	}},
	{{
		0xddf25357ce95560a, 0x8b4ab8e4ba19e45c, 0xd2e88688dd21f325, 0x8571ff1825885d85,
	}},
};
const uint8_t p256_g_octets[65] = {
	0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5,
	0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4,
	0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a,
	0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33,
	0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
};
static const uint64_t r2_p[4] = { /* 2^512 mod p */
	0x0000000000000003, 0xfffffffbffffffff, 0xfffffffffffffffe, 0x00000004fffffffd,
};
static const uint64_t r2_n[4] = { /* 2^512 mod n */
	0x83244c95be79eea2, 0x4699799c49bd6fa6, 0x2845b2392b6bec59, 0x66e12d94f3d95620,
};

/* ---- the portable kernel ----------------------------------------------------------------- */

/* The pragmas are worth two fifths of the time with gcc -O2, which unrolls nothing by itself. */

/* Sums of limbs and differences; the carry out, or the borrow, comes back as the value.  x86-64's compilers keep it in
 * the flags by intrinsics alone. */
#ifdef ARCH_x86_64
typedef unsigned char carry_bit;

static inline carry_bit add1(uint64_t *r, uint64_t a, uint64_t b, carry_bit carry)
{
	unsigned long long t;

	carry = _addcarry_u64(carry, a, b, &t);
	*r = t;
	return carry;
}

static inline carry_bit sub1(uint64_t *r, uint64_t a, uint64_t b, carry_bit borrow)
{
	unsigned long long t;

	borrow = _subborrow_u64(borrow, a, b, &t);
	*r = t;
	return borrow;
}
#else
typedef uint64_t carry_bit;

static inline carry_bit add1(uint64_t *r, uint64_t a, uint64_t b, carry_bit carry)
{
	u128 t = (u128)a + b + carry;

	*r = (uint64_t)t;
	return (uint64_t)(t >> 64);
}

static inline carry_bit sub1(uint64_t *r, uint64_t a, uint64_t b, carry_bit borrow)
{
	u128 t = (u128)a - b - borrow;

	*r = (uint64_t)t;
	return (uint64_t)(t >> 64) & 1;
}
#endif

#if defined(ARCH_x86_64) || defined(__clang__)
static inline carry_bit add4(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
	carry_bit carry = 0;

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		carry = add1(&r[i], a[i], b[i], carry);
	return carry;
}

static inline carry_bit sub4(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
	carry_bit borrow = 0;

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		borrow = sub1(&r[i], a[i], b[i], borrow);
	return borrow;
}
#else
/* Elsewhere gcc keeps a carry in the flags within 128 bits, and as those go over. */
static inline u128 two(const uint64_t a[2])
{
	return (u128)a[1] << 64 | a[0];
}

static inline void put_two(uint64_t r[2], u128 a)
{
	r[0] = (uint64_t)a;
	r[1] = (uint64_t)(a >> 64);
}

static inline carry_bit add4(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
	u128 low, high;
	carry_bit carry = __builtin_add_overflow(two(a), two(b), &low);
	carry_bit out = __builtin_add_overflow(two(a + 2), two(b + 2), &high);

	out |= __builtin_add_overflow(high, (u128)carry, &high);
	put_two(r, low);
	put_two(r + 2, high);
	return out;
}

static inline carry_bit sub4(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
	u128 low, high;
	carry_bit borrow = __builtin_sub_overflow(two(a), two(b), &low);
	carry_bit out = __builtin_sub_overflow(two(a + 2), two(b + 2), &high);

	out |= __builtin_sub_overflow(high, (u128)borrow, &high);
	put_two(r, low);
	put_two(r + 2, high);
	return out;
}
#endif

/* r = a + high*2^256 - m where that is not negative, else a.  In: below 2m. */
static inline void once(uint64_t r[4], const uint64_t a[4], carry_bit high, const uint64_t m[4])
{
	uint64_t t[4], borrow = sub4(t, a, m), keep = ct_barrier(0 - (borrow & (high ^ 1u)));

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		r[i] = ct_select(keep, a[i], t[i]);
}

static inline void add_any(uint64_t r[4], const uint64_t a[4], const uint64_t b[4],
		const uint64_t m[4])
{
	uint64_t t[4];
	carry_bit high = add4(t, a, b);

	once(r, t, high, m);
}

static inline void sub_any(uint64_t r[4], const uint64_t a[4], const uint64_t b[4],
		const uint64_t m[4])
{
	uint64_t t[4], back[4], mask = ct_barrier(0 - (uint64_t)sub4(t, a, b));

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		back[i] = m[i] & mask;
	add4(r, t, back);
}

static void add_c(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
	add_any(r, a, b, p256_p);
}

static void sub_c(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
	sub_any(r, a, b, p256_p);
}

static inline void product(uint64_t t[8], const uint64_t a[4], const uint64_t b[4])
{
	memset(t, 0, 8 * sizeof *t);
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		uint64_t carry = 0;

#pragma GCC unroll 4
		for (int j = 0; j < 4; j++) {
			u128 s = (u128)a[i] * b[j] + t[i + j] + carry;

			t[i + j] = (uint64_t)s;
			carry = (uint64_t)(s >> 64);
		}
		t[i + 4] = carry;
	}
}

static inline void square(uint64_t t[8], const uint64_t a[4])
{
	carry_bit carry;
	u128 s;

	s = (u128)a[0] * a[1];
	t[1] = (uint64_t)s;
	s = (u128)a[0] * a[2] + (uint64_t)(s >> 64);
	t[2] = (uint64_t)s;
	s = (u128)a[0] * a[3] + (uint64_t)(s >> 64);
	t[3] = (uint64_t)s;
	t[4] = (uint64_t)(s >> 64);
	s = (u128)a[1] * a[2] + t[3];
	t[3] = (uint64_t)s;
	s = (u128)a[1] * a[3] + t[4] + (uint64_t)(s >> 64);
	t[4] = (uint64_t)s;
	t[5] = (uint64_t)(s >> 64);
	s = (u128)a[2] * a[3] + t[5];
	t[5] = (uint64_t)s;
	t[6] = (uint64_t)(s >> 64);
	t[7] = t[6] >> 63; /* twice that, and the squares */
#pragma GCC unroll 5
	for (int i = 6; i > 1; i--)
		t[i] = t[i] << 1 | t[i - 1] >> 63;
	t[1] <<= 1;
	t[0] = 0;
	carry = 0;
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		s = (u128)a[i] * a[i];
		carry = add1(&t[2 * i], t[2 * i], (uint64_t)s, carry);
		carry = add1(&t[2 * i + 1], t[2 * i + 1], (uint64_t)(s >> 64), carry);
	}
}

/* r = t/2^256 mod p.  In: t < p*2^256.  -1/p = 1 mod 2^64, and
 * m*p = m*(2^64 - 2^32 + 1)*2^192 + m*2^96 - m: a round clears the lowest limb by adding m*p, where m is what it is.
 * The lower half alone stays below 2^256, for (2^256 - 1 + (2^64 - 1)*p)/2^64 < 2^256, and ends at p or below. */
static inline void reduce_p(uint64_t r[4], uint64_t t[8])
{
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		uint64_t m = t[0];
		u128 top = (u128)m * 0xffffffff00000001;
		carry_bit carry = add1(&t[0], t[1], m << 32, 0);

		carry = add1(&t[1], t[2], m >> 32, carry);
		carry = add1(&t[2], t[3], (uint64_t)top, carry);
		t[3] = (uint64_t)(top >> 64) + carry;
	}
	once(r, t, add4(t, t, t + 4), p256_p); /* below p + p */
}

static void mul_c(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
	uint64_t t[8];

	product(t, a, b);
	reduce_p(r, t);
}

static void sqr_c(uint64_t r[4], const uint64_t a[4])
{
	uint64_t t[8];

	square(t, a);
	reduce_p(r, t);
}

/* The result is below (2^256*n + 2^256*n)/2^256 = 2n before the last step. */
static void mul_n_c(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
	uint64_t t[8], high = 0;

	product(t, a, b);
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		uint64_t m = t[i] * 0xccd1c8aaee00bc4f, carry = 0; /* -1/n mod 2^64 */

#pragma GCC unroll 4
		for (int j = 0; j < 4; j++) {
			u128 s = (u128)m * p256_n[j] + t[i + j] + carry;

			t[i + j] = (uint64_t)s;
			carry = (uint64_t)(s >> 64);
		}
		u128 s = (u128)t[i + 4] + carry + high;
		t[i + 4] = (uint64_t)s;
		high = (uint64_t)(s >> 64);
	}
	once(r, t + 4, (carry_bit)high, p256_n);
}

/* r = a/2 mod p: a + p where a is odd is even. */
static inline void half_p(uint64_t r[4], const uint64_t a[4])
{
	uint64_t t[4], odd = ct_barrier(0 - (a[0] & 1));
	carry_bit carry;

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		t[i] = p256_p[i] & odd;
	carry = add4(t, t, a);
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		r[i] = t[i] >> 1 | (i < 3 ? t[i + 1] : (uint64_t)carry) << 63;
}

/* p256_adx.S has the formula.  4M + 4S. */
static void dbl_c(uint64_t r[12], const uint64_t a[12])
{
	const uint64_t *x = a, *y = a + 4, *z = a + 8;
	uint64_t m[4], s[4], v[4], w[4];

	sqr_c(v, z);
	mul_c(r + 8, y, z);
	sub_c(w, x, v);
	add_c(m, x, v);
	mul_c(m, m, w);
	half_p(w, m);
	add_c(m, m, w);
	sqr_c(s, y);
	mul_c(v, s, x);
	sqr_c(s, s);
	sqr_c(w, m);
	sub_c(w, w, v);
	sub_c(r, w, v);
	sub_c(w, v, r);
	mul_c(w, w, m);
	sub_c(r + 4, w, s);
}

/* 8M + 3S. */
static void mixed_c(uint64_t r[12], const uint64_t a[12], const uint64_t b[8])
{
	const uint64_t *x = a, *y = a + 4, *z = a + 8;
	uint64_t h[4], l[4], v[4], t[4];

	sqr_c(t, z);
	mul_c(h, b, t);
	sub_c(h, h, x);
	mul_c(t, t, z);
	mul_c(l, b + 4, t);
	sub_c(l, l, y);
	mul_c(r + 8, z, h);
	sqr_c(t, h);
	mul_c(v, x, t);
	mul_c(h, h, t);
	mul_c(t, y, h);
	sqr_c(r, l);
	sub_c(r, r, h);
	sub_c(r, r, v);
	sub_c(r, r, v);
	sub_c(v, v, r);
	mul_c(v, v, l);
	sub_c(r + 4, v, t);
}

/* ---- the choice -------------------------------------------------------------------------- */

static const p256_kernel kernel_c = {"c", 0, mul_c, sqr_c, add_c, sub_c, mul_n_c, dbl_c,
	mixed_c, p256_steps_c};

#ifdef ARCH_x86_64
void p256_mul_adx(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
void p256_sqr_adx(uint64_t r[4], const uint64_t a[4]);
void p256_add_adx(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
void p256_sub_adx(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
void p256_dbl_adx(uint64_t r[12], const uint64_t a[12]);
void p256_mixed_adx(uint64_t r[12], const uint64_t a[12], const uint64_t b[8]);

static const p256_kernel kernel_adx = {
	"adx", CPU_ADX, p256_mul_adx, p256_sqr_adx, p256_add_adx, p256_sub_adx, mul_n_c,
	p256_dbl_adx, p256_mixed_adx, p256_steps_c,
};
#define P256_ASM &kernel_adx,
#elif defined(ARCH_aarch64)
void p256_mul_a64(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
void p256_sqr_a64(uint64_t r[4], const uint64_t a[4]);
void p256_add_a64(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
void p256_sub_a64(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
void p256_mul_n_a64(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
void p256_dbl_a64(uint64_t r[12], const uint64_t a[12]);
void p256_mixed_a64(uint64_t r[12], const uint64_t a[12], const uint64_t b[8]);
uint64_t p256_steps_a64(p256_matrix *t, uint64_t zeta, uint64_t f, uint64_t g);

static const p256_kernel kernel_a64 = {
	"a64", CPU_A64, p256_mul_a64, p256_sqr_a64, p256_add_a64, p256_sub_a64, p256_mul_n_a64,
	p256_dbl_a64, p256_mixed_a64, p256_steps_a64,
};
#define P256_ASM &kernel_a64,
#else
#define P256_ASM
#endif

const p256_kernel *const p256_kernels[] = {P256_ASM &kernel_c, NULL};
const p256_kernel *p256_k = &kernel_c;

void p256_pick(unsigned cpu)
{
	size_t i = 0;

	while ((p256_kernels[i]->needs & cpu) != p256_kernels[i]->needs)
		i++;
	p256_k = p256_kernels[i];
}

int p256_proved(void)
{
	uint64_t a[4], b[4], got[5][4], want[5][4];
	uint64_t point[12], sums[2][12], want_sums[2][12], zeta = ~(uint64_t)0, want_zeta = zeta;
	p256_matrix matrix, want_matrix;

	memcpy(a, p256_g.x.v, sizeof a);
	memcpy(b, p256_g.y.v, sizeof b);
	for (int i = 0; i < 16; i++) {
		memset(got, 0, sizeof got);
		memset(sums, 0, sizeof sums);
		memset(&matrix, 0, sizeof matrix);
		p256_k->mul(got[0], a, b);
		p256_k->sqr(got[1], a);
		p256_k->mul_n(got[2], a, b);
		p256_k->add(got[3], a, b);
		p256_k->sub(got[4], a, b);
		memcpy(point, a, sizeof a);
		memcpy(point + 4, b, sizeof b);
		memcpy(point + 8, i & 1 ? a : b, sizeof b);
		p256_k->dbl(sums[0], point);
		p256_k->mixed(sums[1], sums[0], point);
		zeta = p256_k->steps(&matrix, zeta, a[0] | 1, b[0]);
		mul_c(want[0], a, b);
		sqr_c(want[1], a);
		mul_n_c(want[2], a, b);
		add_c(want[3], a, b);
		sub_c(want[4], a, b);
		dbl_c(want_sums[0], point);
		mixed_c(want_sums[1], want_sums[0], point);
		want_zeta = p256_steps_c(&want_matrix, want_zeta, a[0] | 1, b[0]);
		if (memcmp(got, want, sizeof got) != 0 || memcmp(sums, want_sums, sizeof sums) != 0 ||
				memcmp(&matrix, &want_matrix, sizeof matrix) != 0 || zeta != want_zeta)
			return 0;
		memcpy(a, want[0], sizeof a);
		memcpy(b, want[i & 1 ? 1 : 4], sizeof b);
	}
	return 1;
}

/* ---- numbers ----------------------------------------------------------------------------- */

void p256_add_mod(uint64_t r[4], const uint64_t a[4], const uint64_t b[4], const uint64_t m[4])
{
	add_any(r, a, b, m);
}

void p256_sub_mod(uint64_t r[4], const uint64_t a[4], const uint64_t b[4], const uint64_t m[4])
{
	sub_any(r, a, b, m);
}

void p256_reduce(uint64_t r[4], const uint64_t a[4], const uint64_t m[4])
{
	once(r, a, 0, m);
}

uint64_t p256_below(const uint64_t a[4], const uint64_t m[4])
{
	uint64_t t[4];

	return ct_barrier(0 - (uint64_t)sub4(t, a, m));
}

void fe_negate_where(p256_fe *a, uint64_t mask)
{
	uint64_t t[4];

	VERIFY(verify_below(a->v, p256_p, 4) && !p256_is_zero(a->v));
	sub4(t, p256_p, a->v);
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		a->v[i] = ct_select(mask, t[i], a->v[i]);
}

uint64_t p256_is_zero(const uint64_t a[4])
{
	return ~ct_mask_nonzero(a[0] | a[1] | a[2] | a[3]);
}

void fe_from_limbs(p256_fe *r, const uint64_t plain[4])
{
	p256_k->mul(r->v, plain, r2_p);
}

void fe_to_limbs(uint64_t plain[4], const p256_fe *a)
{
	static const uint64_t one[4] = {1};

	p256_k->mul(plain, a->v, one);
}

void p256_mul_n(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
	uint64_t t[4];

	p256_k->mul_n(t, b, r2_n);
	p256_k->mul_n(r, a, t);
	wipe(t, sizeof t);
}

void p256_to_mont_n(uint64_t r[4], const uint64_t a[4])
{
	p256_k->mul_n(r, a, r2_n);
}

void p256_scalar(uint64_t r[4], const uint8_t octets[32])
{
	limbs_from_be(r, octets, 4);
	p256_reduce(r, r, p256_n);
}
