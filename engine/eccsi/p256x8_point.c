/* p256x8_point.c -- points of P-256 in eight lanes: sums with shared inversions, fixed bases.
 *
 * Windows and digits are those of the wide tables (p256_table.c).  A sum over windows i .. j is, over
 * B/2, an odd number times 2^(8i), of an absolute value below 2^(8(j + 1)).  So two neighbouring
 * sums L and U, when they are added, are never equal or opposite as numbers, the upper one being
 * larger in absolute value; they are modulo n only if U +- L = m*n, m /= 0, |m| <= 2, where the left
 * side has as many factors 2 as L: a multiple of eight, and m*n has one or none.  So L starts at
 * window 0, and U ends at the last: only the last addition of a sum can fail, for one or two of all
 * scalars.  Then a denominator is 0, the product of all of them is, and the sums are given up.
 */
#include <string.h>

#include "p256x8.h"
#include "secret.h"
#include "table_pages.h"

enum { WINDOWS = P256_WIDE_WINDOWS };

/* ---- sums -------------------------------------------------------------------------------- */

/* Addition k of a level, one of 2^s to a sum: its two points. */
static p256x8_point *first_of(p256x8_point *pts, size_t k, size_t step)
{
	return pts + k * 2 * step;
}

/* One level: the sums of neighbours that are step apart.  k runs through the additions, each a factor
 * of chain k % P256X8_CHAINS: several products grow side by side, so that none waits for itself. */
static int level(p256x8_point *pts, size_t additions, size_t step, fe8 *prefix)
{
	fe8 run[P256X8_CHAINS], total[P256X8_CHAINS], l, x;
	int exist;

	for (size_t c = 0; c < P256X8_CHAINS; c++)
		fe8_set(&prefix[c], fe8_one);
	for (size_t k = 0; k < additions; k++) {
		const p256x8_point *a = first_of(pts, k, step);

		fe8_mul_diff(&prefix[k + P256X8_CHAINS], &prefix[k], &a[step].x, &a->x);
	}
	total[0] = prefix[additions];
	for (size_t c = 1; c < P256X8_CHAINS; c++)
		fe8_mul(&total[c], &total[c - 1], &prefix[additions + c]);
	exist = fe8_inv(&l, &total[P256X8_CHAINS - 1]);
	for (size_t c = P256X8_CHAINS - 1; c > 0; c--) {
		fe8_mul(&run[(additions + c) % P256X8_CHAINS], &l, &total[c - 1]);
		fe8_mul(&l, &l, &prefix[additions + c]);
	}
	run[additions % P256X8_CHAINS] = l;
	for (size_t k = additions; k-- > 0;) {
		p256x8_point *a = first_of(pts, k, step), *b = a + step;
		fe8 *inverse = &run[k % P256X8_CHAINS];

		fe8_mul(&l, inverse, &prefix[k]);                    /* 1/(x2 - x1) */
		fe8_mul_diff(inverse, inverse, &b->x, &a->x);
		fe8_mul_diff(&l, &l, &b->y, &a->y);
		fe8_sqr_sub2(&x, &l, &a->x, &b->x);                  /* x3 = l^2 - x1 - x2 */
		fe8_mul_diff_sub(&a->y, &l, &a->x, &x, &a->y);       /* y3 = l*(x1 - x3) - y1 */
		a->x = x;
	}
	wipe(run, sizeof run);
	wipe(total, sizeof total);
	wipe(&l, sizeof l);
	wipe(&x, sizeof x);
	return exist;
}

int p256x8_sum(p256x8_point *pts, size_t sums, size_t len, fe8 *scratch)
{
	int exist = 1;

	for (size_t step = 1; exist && step < len; step *= 2)
		exist = level(pts, sums * len / (2 * step), step, scratch);
	return exist;
}

/* ---- fixed bases ------------------------------------------------------------------------- */

const p256x8_window *p256x8_g_by_words;

/* Window i of the wide table of G. */
static void by_words(p256x8_window *r, size_t i)
{
	for (size_t e = 0; e < 1 << (P256_WIDE_W - 1); e++) {
		uint64_t words[8];

		memcpy(words, &p256_wide_g->e[i][e], sizeof words);
		for (size_t j = 0; j < 8; j++)
			r->v[j][e] = words[j];
	}
}

int p256x8_init(void)
{
	p256x8_window *t = table_pages_new(WINDOWS * sizeof *t);

	for (size_t i = 0; t && i < WINDOWS; i++)
		by_words(&t[i], i);
	if (t)
		table_pages_seal(t);
	table_pages_free(p256x8_g_by_words);
	p256x8_g_by_words = t;
	return t != NULL;
}

int p256x8_copies_proved(void)
{
	p256x8_window again;
	int differ = 0;

	for (size_t i = 0; i < WINDOWS; i++) {
		by_words(&again, i);
		differ |= memcmp(&again, &p256x8_g_by_words[i], sizeof again);
	}
	return differ == 0 && p256x8_one_copy_proved();
}

/* The digits of k[0 .. n - 1], lane by lane, those of the last one in what lanes are left. */
static void digits_of(p256x8_digit (*digits)[WINDOWS], const uint64_t (*k)[4], size_t n)
{
	uint64_t u[4];

	for (size_t i = 0; i < n || i % P256X8_LANES; i++) {
		if (i < n)
			p256_wide_recode(u, k[i]);
		for (size_t j = 0; j < WINDOWS; j++)
			digits[i / P256X8_LANES][j].v[i % P256X8_LANES] = (uint8_t)(u[j / 8] >> 8 * (j % 8));
	}
	wipe(u, sizeof u);
}

/* The x of n sums that stand in the first of len points each, plain. */
static void x_of_sums(uint64_t (*x)[4], const p256x8_point *pts, size_t n, size_t len)
{
	uint64_t plain[P256X8_LANES][4];

	for (size_t i = 0; i < n; i++) {
		if (i % P256X8_LANES == 0)
			fe8_to_limbs(plain, &pts[i / P256X8_LANES * len].x);
		memcpy(x[i], plain[i % P256X8_LANES], sizeof x[i]);
	}
	wipe(plain, sizeof plain);
}

int p256x8_times_g(uint64_t (*x)[4], const uint64_t (*k)[4], size_t n, p256x8_space *w)
{
	size_t vectors = (n + P256X8_LANES - 1) / P256X8_LANES;
	p256x8_point *pts = w->pts[0];
	int done;

	digits_of(w->digits[0], k, n);
	for (size_t i = 0; i < WINDOWS; i++)
		for (size_t v = 0; v < vectors; v++) {
			p256x8_point *r = &pts[v * WINDOWS + i];

			p256x8_k->select(r->x.v, r->y.v, (const uint64_t (*)[128])p256x8_g_by_words[i].v,
					w->digits[0][v][i].v);
		}
	done = p256x8_sum(pts, vectors, WINDOWS, w->scratch);
	x_of_sums(x, pts, n, WINDOWS);
	p256x8_k->scrub();
	return done;
}

/* One window's entries of the lanes, out of a table that may be read by public digits. */
static void gather_var(p256x8_lines *r, const p256_point *window, const p256x8_digit *digit)
{
	r->digit = *digit;
	for (size_t l = 0; l < P256X8_LANES; l++) {
		size_t d = digit->v[l];

		memcpy(r->v[l], &window[d < 128 ? 127 - d : d - 128], sizeof r->v[l]);
	}
}

/* All windows' points of the lanes. */
static void lookup_var(p256x8_point r[WINDOWS], const p256_wide *t, const p256x8_digit digit[WINDOWS])
{
	enum { SOME = 8 };
	p256x8_lines lines[SOME];

	for (size_t at = 0; at < WINDOWS; at += SOME) {
		for (size_t i = 0; i < SOME; i++)
			gather_var(&lines[i], t->e[at + i], &digit[at + i]);
		for (size_t i = 0; i < SOME; i++)
			p256x8_k->lines(r[at + i].x.v, r[at + i].y.v, (const uint64_t (*)[8])lines[i].v,
					lines[i].digit.v);
	}
}

int p256x8_points_of_two_var(const uint64_t (*u1)[4], const uint64_t (*u2)[4], const p256_wide *t,
		size_t n, p256x8_space *w)
{
	size_t vectors = (n + P256X8_LANES - 1) / P256X8_LANES;

	digits_of(w->digits[0], u1, n);
	digits_of(w->digits[1], u2, n);
	for (size_t v = 0; v < vectors; v++) {
		lookup_var(w->pts[v], p256_wide_g, w->digits[0][v]);
		lookup_var(w->pts[v] + WINDOWS, t, w->digits[1][v]);
	}
	return p256x8_sum(w->pts[0], vectors, 2 * WINDOWS, w->scratch);
}

int p256x8_sum_of_two_var(uint64_t (*x)[4], const uint64_t (*u1)[4], const uint64_t (*u2)[4],
		const p256_wide *t, size_t n, p256x8_space *w)
{
	int done = p256x8_points_of_two_var(u1, u2, t, n, w);

	x_of_sums(x, w->pts[0], n, 2 * WINDOWS);
	p256x8_k->scrub(); /* public all, and yet: after a batch the registers hold nothing */
	return done;
}
