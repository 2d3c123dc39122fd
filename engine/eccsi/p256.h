/* p256.h -- NIST P-256 for ECCSI: field, scalars, sums of points with shared inversions, tables.
 *
 * Numbers are four 64-bit limbs, least significant first, and canonical before and after every
 * function.  A field element is in Montgomery form, a*2^256 mod p; so is a scalar where its name
 * says mont.  Everything is constant time but what ends in _var.  A result may be any argument.
 */
#ifndef KM_P256_H
#define KM_P256_H

#include <stddef.h>
#include <stdint.h>

#include "engine.h"
#include "verify.h"

typedef struct {
	uint64_t v[4];
} p256_fe;

/* Affine.  (0, 0), which is not on the curve, stands for infinity. */
typedef struct {
	_Alignas(64) p256_fe x;
	p256_fe y;
} p256_point;

/* Jacobian, (x/z^2, y/z^3); z = 0 stands for infinity. */
typedef struct {
	p256_fe x, y, z;
} p256_jac;

/* What 60 divsteps do, times 2^60, or its opposite: (f, g) becomes (u*f + v*g, q*f + r*g)/2^60.
 * |u| + |v| <= 2^60 and |q| + |r| <= 2^60.  p256_inv.c */
typedef struct {
	int64_t u, v, q, r;
} p256_matrix;

/* A row of the kernel table.  Operands are canonical. */
typedef struct {
	const char *name;
	unsigned needs; /* cpu.h levels */
	/* a*b/2^256 mod p, a*a/2^256 mod p */
	void (*mul)(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
	void (*sqr)(uint64_t r[4], const uint64_t a[4]);
	/* a + b mod p, a - b mod p */
	void (*add)(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
	void (*sub)(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
	/* a*b/2^256 mod n; a may be any 256-bit number */
	void (*mul_n)(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
	/* r = 2a, both Jacobian: x, y, z; r = a + b, b affine: z is 0 where that is not possible, for a
	 * is infinity, b or -b.  r may be a. */
	void (*dbl)(uint64_t r[12], const uint64_t a[12]);
	void (*mixed)(uint64_t r[12], const uint64_t a[12], const uint64_t b[8]);
	/* 60 divsteps from zeta on the low 64 bits of f, which is odd, and g: the new zeta */
	uint64_t (*steps)(p256_matrix *t, uint64_t zeta, uint64_t f, uint64_t g);
} p256_kernel;

/* Best first, the portable row last, then NULL.  p256_k is the chosen one. */
extern const p256_kernel *const p256_kernels[];
extern const p256_kernel *p256_k;

/* Choose the best row whose needs cpu covers. */
void p256_pick(unsigned cpu);
/* 1 where the chosen row agrees with the portable one on known operands. */
int p256_proved(void);

extern const uint64_t p256_p[4];
extern const uint64_t p256_n[4];
extern const p256_fe p256_one;    /* 2^256 mod p */
extern const p256_fe p256_b;
extern const p256_point p256_g;
extern const uint8_t p256_g_octets[65];

/* ---- numbers ---------------------------------------------------------------------------- */

static inline void fe_mul(p256_fe *r, const p256_fe *a, const p256_fe *b)
{
	VERIFY(verify_below(a->v, p256_p, 4) && verify_below(b->v, p256_p, 4));
	p256_k->mul(r->v, a->v, b->v);
	VERIFY(verify_below(r->v, p256_p, 4));
}

static inline void fe_sqr(p256_fe *r, const p256_fe *a)
{
	VERIFY(verify_below(a->v, p256_p, 4));
	p256_k->sqr(r->v, a->v);
	VERIFY(verify_below(r->v, p256_p, 4));
}

static inline void fe_add(p256_fe *r, const p256_fe *a, const p256_fe *b)
{
	VERIFY(verify_below(a->v, p256_p, 4) && verify_below(b->v, p256_p, 4));
	p256_k->add(r->v, a->v, b->v);
	VERIFY(verify_below(r->v, p256_p, 4));
}

static inline void fe_sub(p256_fe *r, const p256_fe *a, const p256_fe *b)
{
	VERIFY(verify_below(a->v, p256_p, 4) && verify_below(b->v, p256_p, 4));
	p256_k->sub(r->v, a->v, b->v);
	VERIFY(verify_below(r->v, p256_p, 4));
}

/* a = -a where mask is all ones; a is not 0. */
void fe_negate_where(p256_fe *a, uint64_t mask);

/* r = a + b mod m, r = a - b mod m. */
void p256_add_mod(uint64_t r[4], const uint64_t a[4], const uint64_t b[4], const uint64_t m[4]);
void p256_sub_mod(uint64_t r[4], const uint64_t a[4], const uint64_t b[4], const uint64_t m[4]);
/* r = a mod m, for any a below 2^256 and m = p or n, which are above 2^255. */
void p256_reduce(uint64_t r[4], const uint64_t a[4], const uint64_t m[4]);
/* All ones where a < m, else 0. */
uint64_t p256_below(const uint64_t a[4], const uint64_t m[4]);
/* All ones where it holds, else 0. */
uint64_t p256_is_zero(const uint64_t a[4]);

/* Between canonical plain limbs and Montgomery form. */
void fe_from_limbs(p256_fe *r, const uint64_t plain[4]);
void fe_to_limbs(uint64_t plain[4], const p256_fe *a);

/* r = a*b mod n, plain; a any 256-bit number, b below n. */
void p256_mul_n(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
/* r = a*2^256 mod n; a any 256-bit number. */
void p256_to_mont_n(uint64_t r[4], const uint64_t a[4]);
/* r = (octets, 32, mod n), plain. */
void p256_scalar(uint64_t r[4], const uint8_t octets[32]);

/* The portable steps. */
uint64_t p256_steps_c(p256_matrix *t, uint64_t zeta, uint64_t f, uint64_t g);
/* r = 1/a, 0 for a = 0; in Montgomery form both. */
void p256_inv_p(p256_fe *r, const p256_fe *a);
void p256_inv_n(uint64_t r[4], const uint64_t a[4]);

/* ---- points ----------------------------------------------------------------------------- */

/* 04 || x || y.  KM_EFORMAT: the length, the first octet or a coordinate; KM_ECURVE; r is then
 * infinity. */
km_err p256_from_octets_var(p256_point *r, const uint8_t *in, size_t len);
/* Of infinity: 04 and zeros, which is no encoding of a point. */
void p256_to_octets(uint8_t out[65], const p256_point *a);
/* All ones where the two are the same. */
uint64_t p256_equal(const p256_point *a, const p256_point *b);

/* Make so many sums of len points each: that of pts[i*len .. i*len + len - 1] is left in
 * pts[i*len].  scratch has sums*((len + 1)/2) elements.  All the additions of a level of the binary
 * tree share one inversion.
 *
 * Precondition: a partial sum of neighbours that does not include the last point of its own is
 * neither infinity nor plus or minus the partial sum that it is added to.  Additions that include
 * the last point are complete. */
void p256_sum(p256_point *pts, size_t sums, size_t len, p256_fe *scratch);

/* r = pts[0] + .. + pts[n - 1], n > 0, for one sum faster than p256_sum, which wants many.  z is 0 where
 * that is infinity, or where a point is infinity or plus or minus the sum of those before it. */
void p256_chain(p256_jac *r, const p256_point *pts, size_t n);
/* The same where the points are public and none of them infinity: z is 0 for infinity alone. */
void p256_total_var(p256_jac *r, const p256_point *pts, size_t n);
/* r = 2a. */
void p256_jac_dbl(p256_jac *r, const p256_jac *a);
/* r = a + b, both public; b is not infinity where it is a p256_point. */
void p256_jac_mixed_var(p256_jac *r, const p256_jac *a, const p256_point *b);
void p256_jac_add_var(p256_jac *r, const p256_jac *a, const p256_jac *b);
/* r = [k]a for public k < n and public a, which is not infinity. */
void p256_times_var(p256_jac *r, const uint64_t k[4], const p256_point *a);
/* r = a; by one inversion. */
void p256_affine(p256_point *r, const p256_jac *a);
/* 1 where a is not infinity and its x is the number x, else 0. */
int p256_is_x_var(const p256_jac *a, const uint64_t x[4]);
/* 1 where neither is infinity and both are the same, else 0. */
int p256_same_var(const p256_jac *a, const p256_jac *b);
/* r = x^3 - 3x + b */
void p256_curve_side(p256_fe *r, const p256_fe *x);
/* 1 where a is on the curve, else 0. */
int p256_is_on_curve_var(const p256_point *a);

/* r[i] = 2^i*a for i < n, n at most P256_DOUBLINGS_MAX; a is public and not infinity. */
enum { P256_DOUBLINGS_MAX = 280 };
void p256_doublings_var(p256_point *r, size_t n, const p256_point *a);

/* ---- tables ----------------------------------------------------------------------------- */

/* Width of the windows: the wide tables are looked up by public digits only. */
enum {
	P256_W = 5, P256_WINDOWS = 52,
	P256_WIDE_W = 8, P256_WIDE_WINDOWS = 32,
};

/* A table over B: windows * 2^(w-1) points, (2k + 1) * 2^(w*i) * B/2 for window i and index k.  The
 * narrow one has some windows more, which fill lanes (p256x8_one.c). */
enum { P256_WINDOWS_MADE = 56 };
typedef struct {
	p256_point e[P256_WINDOWS_MADE][1 << (P256_W - 1)];
} p256_narrow;

typedef struct {
	p256_point e[P256_WIDE_WINDOWS][1 << (P256_WIDE_W - 1)];
} p256_wide;

/* b is public and not infinity.  0: no memory. */
int p256_wide_make_var(p256_wide *t, const p256_point *b);
/* The same to share, on pages that nobody can write.  NULL: no memory. */
const p256_wide *p256_wide_new_var(const p256_point *b);
/* t may be NULL. */
void p256_wide_free(const p256_wide *t);

/* After p256_pick, and again after another: the tables of G.  0: no memory. */
int p256_init(void);
/* Whether they are what they must be, by SHA-256. */
int p256_tables_proved(void);

/* The points that add up to [k]B, k < n: sum them by p256_sum, P256_WINDOWS or P256_WIDE_WINDOWS to
 * a sum, which keeps its precondition. */
void p256_lookup_g(p256_point out[P256_WINDOWS], const uint64_t k[4]);
void p256_lookup_var(p256_point out[P256_WIDE_WINDOWS], const uint64_t k[4], const p256_wide *t);
extern const p256_narrow *p256_narrow_g;
extern const p256_wide *p256_wide_g;
/* u = k + (2^256 - 1)/2 mod n, k < n: its octets are the digits of the wide tables' windows. */
void p256_wide_recode(uint64_t u[4], const uint64_t k[4]);

/* r = [k]G, k < n. */
void p256_times_g(p256_point *r, const uint64_t k[4]);

#endif
