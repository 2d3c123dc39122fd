/* fp.h -- F_p of parameter set 1, one element: sixteen 64-bit limbs in Montgomery form.
 *
 * p has exactly 1024 bits, so there is no headroom: every value is canonical, 0 <= a < p, before
 * and after every function (asserted under -DKM_VERIFY).  The Montgomery radix is R = 2^1024.
 * Everything is constant time but what ends in _var.  A result may be any of the arguments.
 *
 * The room, engine/field/, which stands on engine/ alone:
 *   params               parameter set 1: q, P, g
 *   fp, fp_c, fp_rows    F_p, one element: what it offers; the portable kernels; the table of kernels
 *   fp8                  F_p in eight lanes: bounds, the table of kernels, conversions
 *   fp8_proof            the kernels that were chosen, tried before they are used
 *   fp4                  F_p, four elements side by side, and squares in F_p^2, for one computation alone
 *   fp8_table            how tables for eight lanes are laid out; their lookups
 *   fp2_tmpl             F_p^2, for one element (at the end of fp.h) and for eight lanes (fp8.h)
 *   zq                   integers modulo q: identities, scalars
 */
#ifndef KM_FP_H
#define KM_FP_H

#include <stddef.h>
#include <stdint.h>

#include "verify.h"

#define FP_LIMBS 16

typedef struct {
	_Alignas(64) uint64_t v[FP_LIMBS];
} fp;

/* A row of the kernel table.  Operands are canonical, limbs least significant first. */
typedef struct {
	const char *name;
	unsigned needs; /* cpu.h levels */
	void (*mul)(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]); /* a*b/2^1024 mod p */
	void (*sqr)(uint64_t r[16], const uint64_t a[16]);                       /* a*a/2^1024 mod p */
	/* The product of a and b and the one of c and d; r may be a or b but not c or d, s may be any. */
	void (*mul2)(uint64_t r[16], const uint64_t a[16], const uint64_t b[16], uint64_t s[16],
			const uint64_t c[16], const uint64_t d[16]);
	void (*add)(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]); /* a + b mod p */
	void (*sub)(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]); /* a - b mod p */
	/* r = entry index of a table of n entries of words limbs each; reads every entry.  words is a
	 * multiple of 8, table and r are 64-byte aligned.  index is secret, n and words are not. */
	void (*select)(uint64_t *r, const uint64_t *table, size_t n, size_t words, uint64_t index);
} fp_kernel;

/* Best first, the portable row last, then NULL.  fp_k is the chosen one, at first the portable. */
extern const fp_kernel *const fp_kernels[];
extern const fp_kernel *fp_k;

/* Choose the best row whose needs these levels (cpu.h) cover. */
void fp_pick(unsigned levels);
/* 1 where the chosen row agrees with the portable one. */
int fp_proved(void);

extern const fp fp_zero;
extern const fp fp_one;          /* 2^1024 mod p */
extern const uint64_t fp_p[16];  /* p */

static inline void fp_mul(fp *r, const fp *a, const fp *b)
{
	VERIFY(verify_below(a->v, fp_p, 16) && verify_below(b->v, fp_p, 16));
	fp_k->mul(r->v, a->v, b->v);
	VERIFY(verify_below(r->v, fp_p, 16));
}

static inline void fp_sqr(fp *r, const fp *a)
{
	VERIFY(verify_below(a->v, fp_p, 16));
	fp_k->sqr(r->v, a->v);
	VERIFY(verify_below(r->v, fp_p, 16));
}

static inline void fp_mul2(fp *r, const fp *a, const fp *b, fp *s, const fp *c, const fp *d)
{
	VERIFY(verify_below(a->v, fp_p, 16) && verify_below(b->v, fp_p, 16));
	VERIFY(verify_below(c->v, fp_p, 16) && verify_below(d->v, fp_p, 16));
	VERIFY(r != c && r != d);
	fp_k->mul2(r->v, a->v, b->v, s->v, c->v, d->v);
	VERIFY(verify_below(r->v, fp_p, 16) && verify_below(s->v, fp_p, 16));
}

static inline void fp_add(fp *r, const fp *a, const fp *b)
{
	VERIFY(verify_below(a->v, fp_p, 16) && verify_below(b->v, fp_p, 16));
	fp_k->add(r->v, a->v, b->v);
	VERIFY(verify_below(r->v, fp_p, 16));
}

static inline void fp_sub(fp *r, const fp *a, const fp *b)
{
	VERIFY(verify_below(a->v, fp_p, 16) && verify_below(b->v, fp_p, 16));
	fp_k->sub(r->v, a->v, b->v);
	VERIFY(verify_below(r->v, fp_p, 16));
}

static inline void fp_dbl(fp *r, const fp *a)
{
	fp_add(r, a, a);
}

void fp_neg(fp *r, const fp *a);

/* r = a where mask is all ones, unchanged where it is 0. */
void fp_cmov(fp *r, const fp *a, uint64_t mask);
/* r = -a where mask is all ones, a where it is 0. */
void fp_cneg(fp *r, const fp *a, uint64_t mask);

/* All ones where it holds, else 0. */
uint64_t fp_is_zero(const fp *a);
uint64_t fp_equal(const fp *a, const fp *b);

/* Octets, big-endian, into Montgomery form.  Gives all ones where the octets are below p, else 0
 * (and r = 0).  Constant time in the value. */
uint64_t fp_from_bytes(fp *r, const uint8_t in[128]);
void fp_to_bytes(uint8_t out[128], const fp *a);

/* Between canonical plain limbs and Montgomery form. */
void fp_from_limbs(fp *r, const uint64_t plain[16]);
void fp_to_limbs(uint64_t plain[16], const fp *a);

/* r = 1/a, 0 for a = 0; for public values, and for secrets multiplied by a fresh random blind. */
void fp_inv_var(fp *r, const fp *a);

/* r = a^((p+1)/4), the square root where a is a square; for public values. */
void fp_sqrt_var(fp *r, const fp *a);
/* Whether a public a is the square of another element than 0. */
int fp_is_square_var(const fp *a);

/* ---- the operations of the templates, for canonical elements: see curve/curve_tmpl.h ------------ */

#define fp_sub16       fp_sub
#define fp_sub64       fp_sub
#define fp_tidy(a)     ((void)(a))
#define fp_reduce(r, a) (*(r) = *(a))
#define fp_canon       fp_reduce
#define fp_minus       fp_neg
#define fp_set_one(r)  (*(r) = fp_one)
#define fp_set_zero(r) (*(r) = fp_zero)

/* See VERIFY: whatever the multiples of p. */
static inline int fp_is_between(const fp *a, int64_t low, int64_t high)
{
	(void)low, (void)high;
	return verify_below(a->v, fp_p, FP_LIMBS);
}

static inline void fp_sqr2(fp *r, const fp *a, fp *s, const fp *c)
{
	fp_mul2(r, a, a, s, c, c);
}

static inline void fp_mul_add(fp *r, const fp *a, const fp *b, const fp *c)
{
	fp t;

	fp_mul(&t, a, b);
	fp_add(r, &t, c);
}

static inline void fp_mul_lift(fp *r, const fp *a, const fp *b, const fp *c)
{
	fp t;

	fp_mul(&t, a, b);
	fp_sub(r, &t, c);
}

static inline void fp_mul_diff(fp *r, const fp *a, const fp *b, const fp *c)
{
	fp t;

	fp_sub(&t, b, c);
	fp_mul(r, a, &t);
}

static inline void fp_mul_sdiff(fp *r, const fp *a, const fp *b, const fp *c, const uint64_t *mask)
{
	fp t;

	fp_cneg(&t, b, *mask);
	fp_mul_diff(r, a, &t, c);
}

static inline void fp_mul_diff_sqr(fp *r, const fp *a, const fp *b, const fp *c, fp *s, const fp *d)
{
	fp t;

	fp_sub(&t, b, c);
	fp_mul2(r, a, &t, s, d, d);
}

static inline void fp_mul_add2(fp *r, const fp *a, const fp *b, const fp *c, const fp *d, const fp *e)
{
	fp t, u;

	fp_mul2(&t, a, b, &u, c, d);
	fp_add(&t, &t, e);
	fp_add(r, &t, &u);
}

static inline void fp_mul_diff_sub(fp *r, const fp *a, const fp *b, const fp *c, const fp *d)
{
	fp t;

	fp_mul_diff(&t, a, b, c);
	fp_sub(r, &t, d);
}

static inline void fp_sqr_sub2(fp *r, const fp *a, const fp *b, const fp *c)
{
	fp t;

	fp_sqr(&t, a);
	fp_sub(&t, &t, b);
	fp_sub(r, &t, c);
}

/* ---- F_p^2, one element ------------------------------------------------------------------------ */

#define FE    fp
#define FN(x) fp_##x
#define F2(x) fp2_##x
#include "fp2_tmpl.h"
#undef FE
#undef FN
#undef F2

typedef fp2_elt fp2;

#endif
