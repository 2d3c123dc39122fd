/* p256x8.h -- P-256 for ECCSI in eight lanes: the field, sums of points, multiples for batches.
 *
 * v[i][l] is limb i of 52 bits of lane l.  The Montgomery radix is 2^260.  Every value is tight, in
 * [0, 2p], with limbs below 2^52; the functions take and give such values.  Everything is constant
 * time but what ends in _var; lanes never influence each other; a result may be any argument.
 *
 * Without an assembly row for this processor p256x8_pick gives NULL and nothing but p256x8_pick may
 * be called: batches then run on p256.  A portable twin of the rows is in tests/twins/.
 */
#ifndef KM_P256X8_H
#define KM_P256X8_H

#include "p256.h"

enum { P256X8_LIMBS = 5, P256X8_LANES = 8 };

typedef struct {
	_Alignas(64) uint64_t v[P256X8_LIMBS][P256X8_LANES];
} fe8;

/* Affine, and not infinity. */
typedef struct {
	fe8 x, y;
} p256x8_point;

/* A window's digit in each lane, as p256_table.c has them: 2*digit - 255. */
typedef struct {
	_Alignas(8) uint8_t v[P256X8_LANES];
} p256x8_digit;

/* Entries of wide tables, one for each lane, and their digits.  Some of these are filled before the first is read,
 * for a vector waits until the words that it is read from have left for the cache. */
typedef struct {
	_Alignas(64) uint64_t v[P256X8_LANES][8];
	p256x8_digit digit;
} p256x8_lines;

/* A window of a table by words, for lookups that read every entry. */
typedef struct {
	_Alignas(64) uint64_t v[8][1 << (P256_WIDE_W - 1)];
} p256x8_window;

/* A window of each lane's own of a narrow table, by words: entry, word, lane. */
typedef struct {
	_Alignas(64) uint64_t v[1 << (P256_W - 1)][8][P256X8_LANES];
} p256x8_windows;

/* Two points, each by four lanes, on curves y^2 = x^3 + ax + b of their own.  In lanes 0 .. 3 and 4 .. 7 of the
 * one are x, twice y, z and a*z^4, at most 6p, 7p, 2p and 2p, of the other z^2, z^3, z^4 and nothing, at most
 * 2p; all with limbs below 2^52.  z = 0 where an addition was not possible, and then it stays 0. */
typedef struct {
	fe8 point, powers;
} p256x8_pair;
typedef struct {
	fe8 v[4];
} p256x8_pair_scratch;

/* A row of the kernel table. */
typedef struct {
	const char *name;
	unsigned needs; /* cpu.h levels */
	/* a*b/2^260, a*a/2^260 mod p.  The operands of mul may be anything with a*b <= 8p^2 and
	 * limbs below 2^52. */
	void (*mul)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8]);
	void (*sqr)(uint64_t (*r)[8], const uint64_t (*a)[8]);
	/* a*b/2^260 - c; a*(b - c)/2^260; a*(b - c)/2^260 - d; a*a/2^260 - c - d */
	void (*mul_sub)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
			const uint64_t (*c)[8]);
	void (*mul_diff)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
			const uint64_t (*c)[8]);
	void (*mul_diff_sub)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
			const uint64_t (*c)[8], const uint64_t (*d)[8]);
	void (*sqr_sub2)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*c)[8],
			const uint64_t (*d)[8]);
	void (*add)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8]);
	void (*sub)(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8]);
	/* Lane l of r is lane l ^ by of a. */
	void (*swap)(uint64_t (*r)[8], const uint64_t (*a)[8], size_t by);
	/* The eight points of the table that the digits stand for: lane l's is lines[l], whose words
	 * are a p256_point; or is chosen from a window of the table. */
	void (*lines)(uint64_t (*x)[8], uint64_t (*y)[8], const uint64_t (*lines)[8],
			const uint8_t digit[8]);
	void (*select)(uint64_t (*x)[8], uint64_t (*y)[8],
			const uint64_t (*window)[1 << (P256_WIDE_W - 1)], const uint8_t digit[8]);
	/* The same, each lane's from its window: digits are 128 or more, or 127 or less, by less than 16. */
	void (*select_each)(uint64_t (*x)[8], uint64_t (*y)[8], const uint64_t (*windows)[8][8],
			const uint8_t digit[8]);
	/* A pair's: a = 2^n*a, n > 0; a += the first of b and the second of c, or its opposite where minus has
	 * bit 2, and 6.  a->powers is what it was where whole is 0. */
	void (*pair_dbl)(uint64_t (*a)[8], uint64_t (*w)[8], size_t n);
	void (*pair_add)(uint64_t (*a)[8], uint64_t (*w)[8], const uint64_t (*b)[8],
			const uint64_t (*c)[8], size_t minus, size_t whole);
	/* Clears the registers that the row leaves values in: once a batch. */
	void (*scrub)(void);
} p256x8_kernel;

/* Best first, then NULL.  p256x8_k is what p256x8_pick gave. */
extern const p256x8_kernel *const p256x8_kernels[];
extern const p256x8_kernel *p256x8_k;

/* The best row whose needs the levels cpu fulfil; NULL where there is none.  Sets p256x8_k. */
const p256x8_kernel *p256x8_pick(unsigned cpu);
/* SHA-256 of all that the chosen row gives on known operands; 1 where that is as it should be, or there is
 * no row. */
void p256x8_digest(uint8_t out[32]);
int p256x8_proved(void);

/* Limbs of 2p and 4p. */
extern const uint64_t p256x8_2p[P256X8_LIMBS];
extern const uint64_t p256x8_4p[P256X8_LIMBS];
/* 0 to 7. */
extern const uint64_t p256x8_lanes[P256X8_LANES];

static inline void fe8_mul(fe8 *r, const fe8 *a, const fe8 *b)
{
	p256x8_k->mul(r->v, a->v, b->v);
}

static inline void fe8_sqr(fe8 *r, const fe8 *a)
{
	p256x8_k->sqr(r->v, a->v);
}

/* r = a*b - c */
static inline void fe8_mul_sub(fe8 *r, const fe8 *a, const fe8 *b, const fe8 *c)
{
	p256x8_k->mul_sub(r->v, a->v, b->v, c->v);
}

/* r = a*(b - c) */
static inline void fe8_mul_diff(fe8 *r, const fe8 *a, const fe8 *b, const fe8 *c)
{
	p256x8_k->mul_diff(r->v, a->v, b->v, c->v);
}

/* r = a*(b - c) - d */
static inline void fe8_mul_diff_sub(fe8 *r, const fe8 *a, const fe8 *b, const fe8 *c, const fe8 *d)
{
	p256x8_k->mul_diff_sub(r->v, a->v, b->v, c->v, d->v);
}

/* r = a^2 - c - d */
static inline void fe8_sqr_sub2(fe8 *r, const fe8 *a, const fe8 *c, const fe8 *d)
{
	p256x8_k->sqr_sub2(r->v, a->v, c->v, d->v);
}

static inline void fe8_add(fe8 *r, const fe8 *a, const fe8 *b)
{
	p256x8_k->add(r->v, a->v, b->v);
}

static inline void fe8_sub(fe8 *r, const fe8 *a, const fe8 *b)
{
	p256x8_k->sub(r->v, a->v, b->v);
}

/* Lane l of r is lane l ^ by of a. */
static inline void fe8_swap(fe8 *r, const fe8 *a, size_t by)
{
	p256x8_k->swap(r->v, a->v, by);
}

/* The same constant in all lanes. */
void fe8_set(fe8 *r, const uint64_t limbs[P256X8_LIMBS]);
extern const uint64_t fe8_one[P256X8_LIMBS]; /* 2^260 mod p */
/* Plain canonical numbers of four 64-bit limbs into and out of Montgomery form, lane by lane. */
void fe8_from_limbs(fe8 *r, const uint64_t (*plain)[4]);
void fe8_to_limbs(uint64_t (*plain)[4], const fe8 *a);
/* r = lane 0 of a. */
void fe8_first(p256_fe *r, const fe8 *a);
/* r = 1/a in each lane, by one inversion.  0 where a lane is 0: r is then of no use. */
int fe8_inv(fe8 *r, const fe8 *a);

/* ---- Jacobian points: p256x8_jac.c -------------------------------------------------------- */

/* (x/z^2, y/z^3).  z = 0 where an addition was not possible, and then it stays 0. */
typedef struct {
	fe8 x, y, z;
} jac8;

/* r = 2a, r = a + b; equal or opposite points cannot be added. */
void jac8_dbl(jac8 *r, const jac8 *a);
void jac8_add(jac8 *r, const jac8 *a, const p256x8_point *b);
/* Each lane l has the sum of its point and that of lane l ^ by. */
void jac8_join(jac8 *a, size_t by);

/* ---- points: p256x8_point.c -------------------------------------------------------------- */

/* Make so many sums of len points each, a power of 2: that of pts[i*len .. i*len + len - 1] is
 * left in pts[i*len].  scratch has sums*len/2 + P256X8_CHAINS elements.  All the additions of a
 * level of the binary tree share one inversion.  0 where in some lane two points to be added were
 * equal or opposite: the sums are then of no use.  Nothing else is told of them. */
enum { P256X8_CHAINS = 2 };
int p256x8_sum(p256x8_point *pts, size_t sums, size_t len, fe8 *scratch);

/* At most so many at a time, and memory for them: 64-byte aligned, wiped by the caller. */
enum { P256X8_AT_ONCE = 128, P256X8_VECTORS = P256X8_AT_ONCE / P256X8_LANES };
typedef struct {
	p256x8_point pts[P256X8_VECTORS][2 * P256_WIDE_WINDOWS];
	fe8 scratch[P256X8_VECTORS * P256_WIDE_WINDOWS + P256X8_CHAINS];
	p256x8_digit digits[2][P256X8_VECTORS][P256_WIDE_WINDOWS];
} p256x8_space;

/* After p256_init, each time: the tables of G by words.  0: no memory. */
int p256x8_init(void);
int p256x8_one_init(void);
/* Whether they are copies of p256's, entry by entry; and the same of the second. */
int p256x8_copies_proved(void);
int p256x8_one_copy_proved(void);
extern const p256x8_window *p256x8_g_by_words;  /* [P256_WIDE_WINDOWS] */
extern const p256x8_windows *p256x8_g_by_lanes; /* [P256_WINDOWS_MADE / P256X8_LANES] */

/* x[i] = the x, plain, of [k[i]]G for i < n <= P256X8_AT_ONCE; k[i] < n is secret, and x may be k.
 * 0: not done, as some k[i] is one of a few that these sums cannot do; for a random k never. */
int p256x8_times_g(uint64_t (*x)[4], const uint64_t (*k)[4], size_t n, p256x8_space *w);

/* x[i] = the x, plain, of [u1[i]]G + [u2[i]]B, t being B's table.  0: not done, as above. */
int p256x8_sum_of_two_var(uint64_t (*x)[4], const uint64_t (*u1)[4], const uint64_t (*u2)[4],
		const p256_wide *t, size_t n, p256x8_space *w);
/* The same sums as points, lane by lane in pts[0][0], pts[1][0] .. of w. */
int p256x8_points_of_two_var(const uint64_t (*u1)[4], const uint64_t (*u2)[4], const p256_wide *t,
		size_t n, p256x8_space *w);

/* verdict[i] = whether the x of [u1[i]]G + [u2[i]]B + [u3[i]]c[i] is x[i] < p, t being B's table: 1,
 * 0, or -1 where lanes cannot tell.  c[i] is not infinity.  p256x8_ladder.c */
void p256x8_check_three_var(int8_t *verdict, const uint64_t (*x)[4], const uint64_t (*u1)[4],
		const uint64_t (*u2)[4], const uint64_t (*u3)[4], const p256_wide *t,
		const p256_point *c, size_t n, p256x8_space *w);

/* ---- two multiples side by side: p256x8_pair.c --------------------------------------------- */

/* r[i] = [k[i]](x, y) on y^2 = x^3 + ax + b for a, x and y of from[i] and any b, the k odd.  z = 0: not done, or
 * infinity. */
typedef struct {
	p256_point point; /* not infinity */
	p256_fe a;
} p256_curve_point;
void p256x8_two_times_var(p256_jac r[2], const uint64_t k[2][4], const p256_curve_point from[2]);

/* ---- one sum by all lanes: p256x8_one.c ---------------------------------------------------- */

/* r = [k]G; k < n is secret.  z = 0: not done, as k is one of a few; for a random k never. */
void p256x8_one_times_g(p256_jac *r, const uint64_t k[4]);
/* r = [u1]G + [u2]B, t being B's table.  z = 0: not done, or infinity. */
void p256x8_one_of_two_var(p256_jac *r, const uint64_t u1[4], const uint64_t u2[4], const p256_wide *t);

#endif
