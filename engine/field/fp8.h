/* fp8.h -- F_p of parameter set 1, eight lanes: twenty 52-bit limbs each, in Montgomery form.
 *
 * v[i][l] is limb i of lane l.  The Montgomery radix is R8 = 2^1040, so there are 16 bits of
 * headroom, and values are of two types:
 *
 *   fp8          not negative, every limb below 2^52: what may be a factor, the operand of a
 *                multiplication.  Tight is what a multiplication gives: 0 <= a < 1.11p.
 *   fp8_signed   signed sums of such: |a| < 256p.  Limbs 0..18 are in [0, 2^52); limb 19 holds the
 *                rest and the sign, in two's complement.
 *
 * The compiler keeps them apart: a product takes no fp8_signed.  What takes both says fp8_any; an
 * fp8_signed becomes an fp8 by fp8_canon, fp8_reduce and fp8_sub_lift, and a difference of two values is
 * one by fp8_sub16, fp8_sub64 and fp8_mul_diff at once.
 *
 * How large a value may be is not in its type.  Two factors multiply to less than 2^2060: both below
 * 2^1030 (106p), or one below 2^1034 and the other below 2^1026 (6.6p).  Why the product is then tight: it
 * is (a*b + m*p)/2^1040 with m < 2^1040, so below 2^1020 + p < 1.105p.  For larger factors, each below
 * 2^1040 and a*b < 2^2072, the same holds with a*b/2^1040 + p in place of 1.11p, and the limbs are as of a
 * tight value.  (A row may exceed a*b/2^1040 + p by 2^-100 p.)  Loose is any value of which |a| < 256p.
 *
 * Builds with -DKM_VERIFY assert that arguments and results lie within these bounds: of a product of factors
 * 2^2060, tight 1.11p, loose 2^1032, and where a function names multiples of p, these.  They see the values
 * of one run.  The worst case of every template, whatever the values, is carried along by the elements of
 * tests/tiny_rules.h, where each VERIFY of a template is asked of it too.
 *
 * Everything is constant time; lanes never influence each other; a result may be any of the
 * arguments.  Without an assembly row for this processor fp8_pick gives NULL and nothing but
 * fp8_pick may be called: batches then run on fp.  A portable twin of the rows is in tests/twins/.
 */
#ifndef KM_FP8_H
#define KM_FP8_H

#include "fp.h"

#define FP8_LIMBS 20
#define FP8_LANES 8

typedef struct {
	_Alignas(64) uint64_t v[FP8_LIMBS][FP8_LANES];
} fp8_any;

typedef struct {
	union {
		_Alignas(64) uint64_t v[FP8_LIMBS][FP8_LANES];
		fp8_any any;
	};
} fp8;

typedef struct {
	union {
		_Alignas(64) uint64_t v[FP8_LIMBS][FP8_LANES];
		fp8_any any;
	};
} fp8_signed;

/* A row of the kernel table.  k is a multiple of p, one limb sequence for all lanes. */
typedef struct {
	const char *name;
	unsigned needs; /* cpu.h levels */
	/* a*b/R8 and a*a/R8 for factors: tight.  Each pair of limbs of b is read once, all of a for
	 * each pair: of two operands the one that was computed last should be b. */
	void (*mul)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8]);
	void (*sqr)(uint64_t (*r)[8], const uint64_t (*a)[8]);
	/* a*b/R8 + c, a*b/R8 - c, a*b/R8 - c + k and a*a/R8 - c - d for factors a, b and loose c, d:
	 * loose limbs. */
	void (*mul_add)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
			const uint64_t (*c)[8]);
	void (*mul_sub)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
			const uint64_t (*c)[8]);
	void (*mul_lift)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
			const uint64_t (*c)[8], const uint64_t k[FP8_LIMBS]);
	void (*sqr_sub2)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*c)[8],
			const uint64_t (*d)[8]);
	/* a*(b - c + k)/R8, the same with -b for b where mask is all ones: tight; and the former less
	 * d.  The difference is a factor, and costs nothing. */
	void (*mul_diff)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
			const uint64_t (*c)[8], const uint64_t k[FP8_LIMBS]);
	void (*mul_sdiff)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
			const uint64_t (*c)[8], const uint64_t k[FP8_LIMBS],
			const uint64_t mask[8]);
	void (*mul_diff_sub)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
			const uint64_t (*c)[8], const uint64_t k[FP8_LIMBS],
			const uint64_t (*d)[8]);
	/* a + b, a - b, a - b + k for loose a, b: loose limbs. */
	void (*add)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8]);
	void (*sub)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8]);
	void (*lift)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
			const uint64_t k[FP8_LIMBS]);
	/* Lane by lane: k - a where mask is all ones, a where it is 0; and a where mask is all ones,
	 * r where it is 0. */
	void (*cneg)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t mask[8],
			const uint64_t k[FP8_LIMBS]);
	void (*cmov)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t mask[8]);
	/* a mod p in [0, p), for -2p <= a < 2p. */
	void (*reduce)(uint64_t (*r)[8], const uint64_t (*a)[8]);
	/* Lane l of r = entry index[l] of table l, canonical; eight tables side by side, packed (see
	 * fp8_pack), 64-byte aligned and public.  Reads all of them; the indexes are secret. */
	void (*select)(uint64_t (*r)[8], const uint64_t (*table)[8], size_t entries,
			const uint64_t index[8]);
} fp8_kernel;

/* Best first, then NULL.  fp8_k is what fp8_pick gave. */
extern const fp8_kernel *const fp8_kernels[];
extern const fp8_kernel *fp8_k;
extern unsigned fp8_levels; /* that fp8_pick was given: lookups have to keep to them too */

/* The best row whose needs the levels cpu fulfil; NULL where there is none.  Sets fp8_k. */
const fp8_kernel *fp8_pick(unsigned cpu);

/* 64-bit words of a packed value: an entry of a table for select is [FP8_WORDS][FP8_LANES]. */
#define FP8_WORDS 16

/* Limbs of p, then -1/p mod 2^52; 16p; 64p; 256p; 512p; R8 mod p. */
extern const uint64_t fp8_p[FP8_LIMBS + 1];
extern const uint64_t fp8_16p[FP8_LIMBS];
extern const uint64_t fp8_64p[FP8_LIMBS];
extern const uint64_t fp8_256p[FP8_LIMBS];
extern const uint64_t fp8_512p[FP8_LIMBS];
extern const uint64_t fp8_one[FP8_LIMBS];

/* The kinds of results: see VERIFY. */
static inline int fp8_is_tight(const fp8 *r)
{
	return verify_tight(r->v);
}

static inline int fp8_is_loose(const fp8_any *r)
{
	return verify_loose(r->v);
}

/* Whether low*p <= r < high*p. */
static inline int fp8_is_between(const fp8_any *r, int64_t low, int64_t high)
{
	return verify_between(r->v, low, high);
}

/* Whether it is loose, and not negative. */
static inline int fp8_is_small(const fp8 *r)
{
	return verify_bits(r->v, 1032);
}

/* Bounds: see the row. */
static inline void fp8_mul(fp8 *r, const fp8 *a, const fp8 *b)
{
	VERIFY(verify_factors(a->v, b->v, 2060));
	fp8_k->mul(r->v, a->v, b->v);
	VERIFY(fp8_is_tight(r));
}

static inline void fp8_sqr(fp8 *r, const fp8 *a)
{
	VERIFY(verify_factors(a->v, a->v, 2060));
	fp8_k->sqr(r->v, a->v);
	VERIFY(fp8_is_tight(r));
}

/* r = a*b, s = c*d; r may be a or b but not c or d, s may be any. */
static inline void fp8_mul2(fp8 *r, const fp8 *a, const fp8 *b, fp8 *s, const fp8 *c, const fp8 *d)
{
	fp8_mul(r, a, b);
	fp8_mul(s, c, d);
}

/* r = a*a, s = c*c; r is not c. */
static inline void fp8_sqr2(fp8 *r, const fp8 *a, fp8 *s, const fp8 *c)
{
	fp8_sqr(r, a);
	fp8_sqr(s, c);
}

/* r = a*b + c */
static inline void fp8_mul_add(fp8 *r, const fp8 *a, const fp8 *b, const fp8 *c)
{
	VERIFY(verify_factors(a->v, b->v, 2060));
	VERIFY(fp8_is_small(c));
	fp8_k->mul_add(r->v, a->v, b->v, c->v);
	VERIFY(fp8_is_small(r));
}

/* r = a*b - c */
static inline void fp8_mul_sub(fp8_signed *r, const fp8 *a, const fp8 *b, const fp8_any *c)
{
	VERIFY(verify_factors(a->v, b->v, 2060));
	VERIFY(fp8_is_loose(c));
	fp8_k->mul_sub(r->v, a->v, b->v, c->v);
	VERIFY(fp8_is_loose(&r->any));
}

/* r = a*b - c + 256p for c in [0, 256p]: in [0, 258p), a factor where the other is below 2^1028. */
static inline void fp8_mul_lift(fp8 *r, const fp8 *a, const fp8 *b, const fp8 *c)
{
	VERIFY(verify_factors(a->v, b->v, 2060));
	VERIFY(verify_between(c->v, 0, 256));
	fp8_k->mul_lift(r->v, a->v, b->v, c->v, fp8_256p);
	VERIFY(fp8_is_between(&r->any, 0, 258));
}

/* r = a^2 - c - d */
static inline void fp8_sqr_sub2(fp8_signed *r, const fp8 *a, const fp8_any *c, const fp8_any *d)
{
	VERIFY(verify_factors(a->v, a->v, 2060));
	VERIFY(fp8_is_loose(c) && fp8_is_loose(d));
	fp8_k->sqr_sub2(r->v, a->v, c->v, d->v);
	VERIFY(fp8_is_loose(&r->any));
}

/* Whether a and b - c + 256p are factors: see VERIFY. */
static inline int fp8_are_factors(const fp8 *a, const fp8_any *b, const fp8_any *c)
{
	fp8 d;

	fp8_k->lift(d.v, b->v, c->v, fp8_256p);
	return verify_factors(a->v, (const uint64_t (*)[8])d.v, 2060);
}

/* r = a*(b - c) for factors a and b - c + 256p, such as a below 2^1027 and |b - c| < 256p: tight.  See
 * fp8_sub_lift. */
static inline void fp8_mul_diff(fp8 *r, const fp8 *a, const fp8_any *b, const fp8_any *c)
{
	VERIFY(fp8_are_factors(a, b, c));
	fp8_k->mul_diff(r->v, a->v, b->v, c->v, fp8_256p);
	VERIFY(fp8_is_tight(r));
}

/* The same with -b for b in lanes where mask is all ones; then |b| + |c| < 256p. */
static inline void fp8_mul_sdiff(fp8 *r, const fp8 *a, const fp8_any *b, const fp8_any *c,
		const uint64_t mask[FP8_LANES])
{
	VERIFY(verify_bits(a->v, 1027));
	VERIFY(fp8_is_loose(b) && fp8_is_loose(c) && verify_sum(b->v, c->v, 256));
	fp8_k->mul_sdiff(r->v, a->v, b->v, c->v, fp8_256p, mask);
	VERIFY(fp8_is_tight(r));
}

/* r = a*(b - c) as before, s = d*d; r is not d. */
static inline void fp8_mul_diff_sqr(fp8 *r, const fp8 *a, const fp8_any *b, const fp8_any *c, fp8 *s,
		const fp8 *d)
{
	fp8_mul_diff(r, a, b, c);
	fp8_sqr(s, d);
}

/* r = a*b + c*d + e; r is not c or d. */
static inline void fp8_mul_add2(fp8 *r, const fp8 *a, const fp8 *b, const fp8 *c, const fp8 *d,
		const fp8 *e)
{
	fp8_mul_add(r, a, b, e);
	fp8_mul_add(r, c, d, r);
}

/* r = a*(b - c) - d */
static inline void fp8_mul_diff_sub(fp8_signed *r, const fp8 *a, const fp8_any *b, const fp8_any *c,
		const fp8_any *d)
{
	VERIFY(fp8_are_factors(a, b, c) && fp8_is_loose(d));
	fp8_k->mul_diff_sub(r->v, a->v, b->v, c->v, fp8_256p, d->v);
	VERIFY(fp8_is_loose(&r->any));
}

/* No multiple of p is added: the caller keeps |r| < 256p. */
static inline void fp8_add(fp8 *r, const fp8 *a, const fp8 *b)
{
	VERIFY(fp8_is_small(a) && fp8_is_small(b));
	fp8_k->add(r->v, a->v, b->v);
	VERIFY(fp8_is_small(r));
}

static inline void fp8_sub(fp8_signed *r, const fp8_any *a, const fp8_any *b)
{
	VERIFY(fp8_is_loose(a) && fp8_is_loose(b));
	fp8_k->sub(r->v, a->v, b->v);
	VERIFY(fp8_is_loose(&r->any));
}

/* r = a - b + 256p for |a - b| < 256p: in [0, 512p), below 2^1033, so the other factor has to be
 * below 2^1027; do not square it. */
static inline void fp8_sub_lift(fp8 *r, const fp8_any *a, const fp8_any *b)
{
	VERIFY(fp8_is_loose(a) && fp8_is_loose(b) && verify_difference(a->v, b->v, 256));
	fp8_k->lift(r->v, a->v, b->v, fp8_256p);
	VERIFY(fp8_is_between(&r->any, 0, 512));
}

/* r = a - b + 512p for |a - b| < 512p: in [0, 1024p), the other factor below 2^1026. */
static inline void fp8_sub_lift512(fp8 *r, const fp8_any *a, const fp8_any *b)
{
	VERIFY(fp8_is_loose(a) && fp8_is_loose(b) && verify_difference(a->v, b->v, 512));
	fp8_k->lift(r->v, a->v, b->v, fp8_512p);
	VERIFY(fp8_is_between(&r->any, 0, 1024));
}

/* r = a - b + 16p for a >= 0, 0 <= b < 16p: in [0, a + 16p]. */
static inline void fp8_sub16(fp8 *r, const fp8 *a, const fp8 *b)
{
	VERIFY(verify_between(a->v, 0, 256) && verify_between(b->v, 0, 16));
	fp8_k->lift(r->v, a->v, b->v, fp8_16p);
}

/* The same with 64p for b < 64p. */
static inline void fp8_sub64(fp8 *r, const fp8 *a, const fp8 *b)
{
	VERIFY(verify_between(a->v, 0, 256) && verify_between(b->v, 0, 64));
	fp8_k->lift(r->v, a->v, b->v, fp8_64p);
}

/* Every lane = the value of these limbs. */
void fp8_set(fp8 *r, const uint64_t limbs[FP8_LIMBS]);

/* Lane by lane, r = a where mask is all ones, unchanged where it is 0. */
static inline void fp8_cmov(fp8 *r, const fp8 *a, const uint64_t mask[FP8_LANES])
{
	fp8_k->cmov(r->v, a->v, mask);
}

/* r = 16p - a where mask is all ones, a where it is 0: for tight a in [0, 16p]. */
static inline void fp8_cneg16(fp8 *r, const fp8 *a, const uint64_t mask[FP8_LANES])
{
	VERIFY(verify_between(a->v, 0, 16));
	fp8_k->cneg(r->v, a->v, mask, fp8_16p);
}

/* r = p - a where mask is all ones, a where it is 0: for a in [0, p]. */
static inline void fp8_cneg(fp8 *r, const fp8 *a, const uint64_t mask[FP8_LANES])
{
	VERIFY(verify_between(a->v, 0, 1));
	fp8_k->cneg(r->v, a->v, mask, fp8_p);
}

/* r = p - a in all lanes. */
static inline void fp8_from_p(uint64_t (*r)[FP8_LANES], const uint64_t (*a)[FP8_LANES])
{
	static const uint64_t all[FP8_LANES] = {
		UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
		UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
	};

	fp8_k->cneg(r, a, all, fp8_p);
}

/* For a in [0, p]: so is r. */
static inline void fp8_neg(fp8 *r, const fp8 *a)
{
	VERIFY(fp8_is_between(&a->any, 0, 1));
	fp8_from_p(r->v, a->v);
}

static inline void fp8_minus(fp8_signed *r, const fp8_any *a)
{
	VERIFY(fp8_is_loose(a));
	fp8_from_p(r->v, a->v);
	VERIFY(fp8_is_loose(&r->any));
}

/* r = a mod p in [0, p), for -2p <= a < 2p. */
static inline void fp8_reduce(fp8_any *r, const fp8_any *a)
{
	VERIFY(fp8_is_between(a, -2, 2));
	fp8_k->reduce(r->v, a->v);
}

static inline void fp8_select(fp8 *r, const uint64_t (*table)[FP8_LANES], size_t entries,
		const uint64_t index[FP8_LANES])
{
	fp8_k->select(r->v, table, entries, index);
}

/* r = a mod p in [0, p), for loose a. */
void fp8_canon(fp8_any *r, const fp8_any *a);
/* Lane by lane all ones where the loose a is 0 mod p, else 0. */
void fp8_is_zero(uint64_t mask[FP8_LANES], const fp8_any *a);

/* Lane l from a[l], tight; lane l of the loose a to r[l], canonical. */
void fp8_from_lanes(fp8 *r, const fp *const a[FP8_LANES]);
/* Every lane from a. */
void fp8_from_one(fp8 *r, const fp *a);
void fp8_to_lanes(fp *const r[FP8_LANES], const fp8_any *a);

/* The same with plain values of 128 octets, most significant first.  From them: a factor, tight where all are
 * below p; all ones where they are. */
uint64_t fp8_from_octets(fp8 *r, const uint8_t *const from[FP8_LANES]);
void fp8_to_octets(uint8_t *const out[FP8_LANES], const fp8_any *a);

/* Lane l from a[l], or all lanes from a, in the form of fp, which is 2^-16 times what fp8_from_lanes
 * gives and costs no multiplication: canonical.  And a factor into that form: tight. */
void fp8_unpack(fp8 *r, const fp *const a[FP8_LANES]);
void fp8_spread(fp8 *r, const fp *a);
void fp8_to_unpacked(fp8 *r, const fp8 *a);
/* Lane l of what has that form, tight, to r[l], canonical. */
void fp8_unpacked_to_lanes(fp *const r[FP8_LANES], const fp8 *a);

/* The words of a canonical a, least significant first. */
void fp8_pack(uint64_t (*words)[FP8_LANES], const fp8 *a);

/* Whatever may be an fp8_any is given as it is, an fp8 or an fp8_signed.  All others the compiler keeps
 * apart. */
#define FP8_ANY(a)                      (&(a)->any)
#define fp8_is_between(a, low, high)    fp8_is_between(FP8_ANY(a), low, high)
#define fp8_mul_sub(r, a, b, c)         fp8_mul_sub(r, a, b, FP8_ANY(c))
#define fp8_sqr_sub2(r, a, c, d)        fp8_sqr_sub2(r, a, FP8_ANY(c), FP8_ANY(d))
#define fp8_mul_diff(r, a, b, c)        fp8_mul_diff(r, a, FP8_ANY(b), FP8_ANY(c))
#define fp8_mul_sdiff(r, a, b, c, mask) fp8_mul_sdiff(r, a, FP8_ANY(b), FP8_ANY(c), mask)
#define fp8_mul_diff_sqr(r, a, b, c, s, d) fp8_mul_diff_sqr(r, a, FP8_ANY(b), FP8_ANY(c), s, d)
#define fp8_mul_diff_sub(r, a, b, c, d) fp8_mul_diff_sub(r, a, FP8_ANY(b), FP8_ANY(c), FP8_ANY(d))
#define fp8_sub(r, a, b)                fp8_sub(r, FP8_ANY(a), FP8_ANY(b))
#define fp8_sub_lift(r, a, b)           fp8_sub_lift(r, FP8_ANY(a), FP8_ANY(b))
#define fp8_sub_lift512(r, a, b)        fp8_sub_lift512(r, FP8_ANY(a), FP8_ANY(b))
#define fp8_minus(r, a)                 fp8_minus(r, FP8_ANY(a))
#define fp8_reduce(r, a)                fp8_reduce(FP8_ANY(r), FP8_ANY(a))
#define fp8_canon(r, a)                 fp8_canon(FP8_ANY(r), FP8_ANY(a))
#define fp8_is_zero(mask, a)            fp8_is_zero(mask, FP8_ANY(a))
#define fp8_to_lanes(r, a)              fp8_to_lanes(r, FP8_ANY(a))
#define fp8_to_octets(r, a)             fp8_to_octets(r, FP8_ANY(a))

/* Constant-time lookup among points of one or more coordinates.  A table is one part for each
 * coordinate, octets * entries long, one after the other; public, 64-byte aligned.  Indexes are
 * secret. */
typedef struct {
	const char *name;
	unsigned needs;     /* cpu.h levels */
	size_t vectors;     /* lookups are made for this many vectors at once: 8 (64 members) or 1 */
	size_t octets;      /* of one coordinate of an entry */
	size_t unit;        /* entries are a multiple of this, and */
	size_t max_entries; /* at most so many; with unit 64: 64, 128, 256 or 512 */
	/* One coordinate of the entries at .. at + 7 (at a multiple of 8) = the lanes of a, which is
	 * canonical, the last one first where backwards is not 0; part is the part of the table. */
	void (*put)(uint8_t *part, size_t entries, size_t at, const fp8 *a, int backwards);
	/* Lane l of r[v * coords + c] = coordinate c of entry index[8v + l], for v < n * vectors:
	 * canonical.  Reads all of the table.  n > 0; many at once cost less. */
	void (*pick)(fp8 *r, size_t coords, const uint8_t *table, size_t entries,
			const uint16_t *index, size_t n);
} fp8_table;

/* Best first, then NULL: "vbmi" and "avx2" share their layout, and the others. */
extern const fp8_table *const fp8_tables[];

/* The fastest row for tables of so many entries and batches of so many members; NULL where
 * there is none. */
const fp8_table *fp8_table_for(size_t entries, size_t members, unsigned cpu);

/* 1 where every kernel of the chosen row agrees with fp, which is proved before, and every lookup that tables
 * may use finds what was put; or there is no row. */
int fp8_proved(void);
/* The same of one lookup, for tables of so many entries, 512 at most. */
int fp8_table_proves(const fp8_table *t, size_t entries);

/* ---- the operations of the templates: see curve/curve_tmpl.h ------------------------------------ */

extern const uint64_t fp8_zero[FP8_LIMBS];
extern const fp8 fp8_no; /* 0 in all lanes */

#define fp8_set_one(r)  fp8_set(r, fp8_one)
#define fp8_set_zero(r) fp8_set(r, fp8_zero)
#define fp8_tidy(a)     fp8_canon(a, a)

/* r = a*b, or -a*b in lanes where mask is all ones: for factors a below 2^1027 and b below 256p. */
static inline void fp8_mul_signed(fp8 *r, const fp8 *a, const fp8 *b,
		const uint64_t mask[FP8_LANES])
{
	fp8_mul_sdiff(r, a, b, &fp8_no, mask);
}

/* 1 + 128p, the real part of a power to start from: 256p less it stays a factor as far as the
 * imaginary part does (see fp8_mul_lift). */
static inline void fp8_set_start(fp8 *r)
{
	fp8 p64;

	fp8_set(r, fp8_one);
	fp8_set(&p64, fp8_64p);
	fp8_add(r, r, &p64);
	fp8_add(r, r, &p64);
}

/* Lane l of r = lane l + by of a.  r is not a. */
void fp8_rotate(fp8 *r, const fp8 *a, int by);

/* ---- F_p^2 in eight lanes ---------------------------------------------------------------------- */

#define FE    fp8
#define FN(x) fp8_##x
#define F2(x) fp8x2_##x
#include "fp2_tmpl.h"
#undef FE
#undef FN
#undef F2

#endif
