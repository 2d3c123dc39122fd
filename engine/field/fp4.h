/* fp4.h -- F_p of parameter set 1, four elements side by side: for one computation whose products come in fours.
 *
 * Twenty 52-bit limbs each, in the Montgomery form of fp8, two lanes of a vector to an element: v[i][2e] is limb i
 * of element e, v[i][2e + 1] limb i + 10.  All values are factors, and bounds are those of fp8.h.  Elements change
 * places on the way into a product or a sum, by constants.
 *
 * Without an assembly row for this processor fp4_k is NULL.  A portable twin of the row is in tests/twins/.
 */
#ifndef KM_FP4_H
#define KM_FP4_H

#include "fp8.h"

enum { FP4_ROWS = FP8_LIMBS / 2, FP2_ROWS = FP8_LIMBS / 4 };

typedef struct {
	_Alignas(64) uint64_t v[FP4_ROWS][8];
} fp4;

/* One element of F_p^2 in the same form, the real part below 18p, the imaginary one below 34p: lanes q and 4 + q of
 * v[i] are limb i + 5q of these. */
typedef struct {
	_Alignas(64) uint64_t v[FP2_ROWS][8];
} fp2_lanes;

/* Which element is taken for each of four. */
typedef struct {
	_Alignas(64) uint64_t from[8];
} fp4_order;

/* In each place e, first[e] + second[e] + third[e] - last[e] + 2p, where masks, two bits a place, leave out what they
 * do not have: 2p is there where last is. */
typedef struct {
	fp4_order first, second, third, last;
	uint8_t has_second, has_third, has_last;
} fp4_plan;

#define FP4_LANES(a, b, c, d) { 2*(a), 2*(a) + 1, 2*(b), 2*(b) + 1, 2*(c), 2*(c) + 1, 2*(d), 2*(d) + 1 }
#define FP4_ORDER(a, b, c, d) { FP4_LANES(a, b, c, d) }
#define FP4_HAS(a, b, c, d)   (3*(a) | 12*(b) | 48*(c) | 192*(d))

typedef struct {
	const char *name;
	unsigned needs; /* cpu.h levels */
	/* a*b/R8, of elements in this order: tight.  r may be a and b. */
	void (*mul)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t of_a[8],
			const uint64_t (*b)[8], const uint64_t of_b[8]);
	/* Sums of tight elements, below 6p.  r may be a. */
	void (*mix)(uint64_t (*r)[8], const uint64_t (*a)[8], const fp4_plan *plan, const uint64_t (*p2)[8]);
	/* v^(2^n) in F_p^2: see fp2_lanes. */
	void (*squares)(uint64_t (*v)[8], size_t n);
} fp4_kernel;

extern const fp4_kernel *const fp4_kernels[];
extern const fp4_kernel *fp4_k;

/* p and 2p in each element. */
extern _Alignas(64) const uint64_t fp4_p[FP4_ROWS][8], fp4_2p[FP4_ROWS][8];
/* p in both parts, then 64p in the real one, then 2^-52 mod p in both. */
extern _Alignas(64) const uint64_t fp2_p[3 * FP2_ROWS][8];

/* As fp8_pick, after it. */
void fp4_pick(unsigned cpu);

/* 1 where the chosen row agrees with fp8, which is proved before; or there is none. */
int fp4_proved(void);

/* From lanes 0 to 3; and to these, in this order, and to lanes 4 to 7 once more. */
void fp4_from_fp8(fp4 *r, const fp8 *a);
void fp4_to_fp8(fp8 *r, const fp4 *a, const fp4_order *of);

/* Lane l of r = element e[l] of a[l]. */
void fp4_gather(fp8 *r, const fp4 *const a[FP8_LANES], const uint8_t e[FP8_LANES]);

/* r = lane l of a; lane l of r = a. */
void fp2_put(fp2_lanes *r, const fp8x2_elt *a, int l);
void fp2_take(fp8x2_elt *r, int l, const fp2_lanes *a);

int fp2_is_between(const fp2_lanes *a, int64_t re, int64_t im);

static inline void fp2_squares(fp2_lanes *v, size_t n)
{
	VERIFY(fp2_is_between(v, 18, 34));
	fp4_k->squares(v->v, n);
	VERIFY(fp2_is_between(v, n > 0 ? 2 : 18, n > 0 ? 3 : 34));
}

int fp4_is_tight(const fp4 *a);
/* Below 6p. */
int fp4_is_small(const fp4 *a);
/* Whether each two of them are factors: see VERIFY of fp8.h. */
int fp4_are_factors(const fp4 *a, const fp4_order *of_a, const fp4 *b, const fp4_order *of_b);

static inline void fp4_mul(fp4 *r, const fp4 *a, const fp4_order *of_a, const fp4 *b, const fp4_order *of_b)
{
	VERIFY(fp4_are_factors(a, of_a, b, of_b));
	fp4_k->mul(r->v, a->v, of_a->from, b->v, of_b->from);
	VERIFY(fp4_is_tight(r));
}

/* 2p is more than what is subtracted, and three tight elements and 2p are below 6p. */
static inline void fp4_mix(fp4 *r, const fp4 *a, const fp4_plan *plan)
{
	VERIFY(fp4_is_tight(a));
	fp4_k->mix(r->v, a->v, plan, fp4_2p);
	VERIFY(fp4_is_small(r));
}

#endif
