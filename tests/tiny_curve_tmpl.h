/* tiny_curve_tmpl.h -- every sum of two points of the small curve, in every form: for one kind of element.
 *
 * Needs the templates over it.  Values that a function is given are at the bounds that it names.
 */
#include "engine/sakke/sakke_check_tmpl.h"

/* ---- F_p^2 ----------------------------------------------------------------------------------- */

/* Lane l of a = element at of all p^2, the first one 0. */
static void F2(put)(F2(elt) *a, size_t l, uint32_t at)
{
	FN(put)(&a->re, l, at / tiny.p % tiny.p);
	FN(put)(&a->im, l, at % tiny.p);
}

static tiny2 F2(get)(const F2(elt) *a, size_t l)
{
	return (tiny2){a->re.v[l], a->im.v[l]};
}

/* What a product or square is, and what it may be multiplied by. */
static void F2(bound)(F2(elt) *a, int64_t re, int64_t im)
{
	FN(bound)(&a->re, 0, re * TINY_P);
	FN(bound)(&a->im, 0, im * TINY_P);
}

static void T(every_product)(void **state)
{
	F2(elt) a, b, r;

	(void)state;
	tiny_choose(11);
	for (uint32_t i = 0, pp = tiny.p * tiny.p; i < pp; i++) {
		for (uint32_t j = 0; j < pp; j += LANES) {
			for (uint32_t l = 0; l < LANES; l++) {
				F2(put)(&a, l, (i + l) % pp);
				F2(put)(&b, l, (j + l) % pp);
			}
			F2(bound)(&a, 18, 34);
			F2(bound)(&b, 34, 34);
			F2(mul)(&r, &a, &b);
			for (size_t l = 0; l < LANES; l++)
				assert_true(tiny2_equal(F2(get)(&r, l),
						tiny2_mul(F2(get)(&a, l), F2(get)(&b, l))));
			assert_true(FN(within)(&r.re, 0, 18 * TINY_P) && FN(within)(&r.im, 0, 34 * TINY_P));
		}
	}
	rules_kept();
}

/* And every turn by some. */
static void T(every_square)(void **state)
{
	F2(elt) a, r;
	FE y;

	(void)state;
	tiny_choose(83);
	for (uint32_t i = 0, pp = tiny.p * tiny.p; i < pp; i += LANES) {
		for (uint32_t l = 0; l < LANES; l++)
			F2(put)(&a, l, (i + l) % pp);
		F2(bound)(&a, 18, 34);
		F2(sqr)(&r, &a);
		for (size_t l = 0; l < LANES; l++)
			assert_true(tiny2_equal(F2(get)(&r, l), tiny2_mul(F2(get)(&a, l), F2(get)(&a, l))));
		assert_true(FN(within)(&r.re, 0, TINY_TIGHT) && FN(within)(&r.im, 0, 2300));
		for (uint32_t n = 0; n < tiny.p; n += 23) {
			for (uint32_t l = 0; l < LANES; l++)
				FN(put)(&y, l, (i + n + l) % tiny.p);
			r = a;
			F2(turn)(&r, &y);
			for (size_t l = 0; l < LANES; l++) {
				tiny2 want = tiny2_mul(F2(get)(&a, l), (tiny2){1, y.v[l]});

				want.re = tiny_neg(want.re); /* -conj */
				assert_true(tiny2_equal(F2(get)(&r, l), want));
			}
		}
	}
	rules_kept();
}

/* ---- affine sums that share an inversion ----------------------------------------------------- */

static void CN(put)(CN(point) *a, size_t l, uint32_t i)
{
	FN(put)(&a->x, l, tiny.point[i].x);
	FN(put)(&a->y, l, tiny.point[i].y);
}

static int CN(is)(const CN(point) *a, size_t l, uint32_t i)
{
	return i > 0 && a->x.v[l] == tiny.point[i].x && a->y.v[l] == tiny.point[i].y;
}

/* A number that differs from lane to lane, and is not 0. */
static void FN(put_any)(FE *a)
{
	static uint64_t seed = 1;

	for (size_t l = 0; l < LANES; l++)
		FN(put)(a, l, 1 + (uint32_t)(draw(&seed) % (tiny.p - 1)));
}

enum { T(batch) = 5 };

/* Vectors of pairs of points. */
typedef struct {
	size_t n;
	uint32_t i[T(batch) * LANES], j[T(batch) * LANES];
} CN(pairs);

/* Points i + j, or i - j where signs are set; none equal or opposite. */
static void CN(add_pairs)(const CN(pairs) *b, const uint64_t *sign)
{
	CN(point) to[T(batch)], by[T(batch)], *sum = sign ? by : to;
	FE prefix[T(batch)], run, start, inv;

	for (size_t at = 0; at < b->n; at++) {
		CN(put)(&to[at / LANES], at % LANES, b->i[at]);
		CN(put)(&by[at / LANES], at % LANES, b->j[at]);
	}
	FN(put_any)(&start);
	run = start;
	CN(add_forward)(&run, prefix, to, by, b->n / LANES);
	assert_true(!FN(invert)(&inv, &run));
	if (sign)
		CN(add_backward_signed)(&inv, to, by, prefix, sign, b->n / LANES);
	else
		CN(add_backward)(&inv, to, by, prefix, b->n / LANES);
	for (size_t l = 0; l < LANES; l++)
		assert_int_equal(tiny_mul(inv.v[l], start.v[l]), 1);
	for (size_t at = 0; at < b->n; at++) {
		uint32_t j = sign && sign[at] ? tiny.n - b->j[at] : b->j[at];

		assert_true(CN(is)(&sum[at / LANES], at % LANES, tiny_index(b->i[at], j)));
	}
}

/* With no sign, with signs of a pattern, and with the others; b is empty then. */
static void CN(add_all)(CN(pairs) *b)
{
	uint64_t sign[T(batch) * LANES];

	for (; b->n % LANES; b->n++) {
		b->i[b->n] = 1;
		b->j[b->n] = 2;
	}
	CN(add_pairs)(b, NULL);
	for (uint64_t turned = 0; turned < 2; turned++) {
		for (size_t at = 0; at < b->n; at++)
			sign[at] = 0 - (((b->i[at] * 7 + b->j[at]) >> 1 & 1) ^ turned);
		CN(add_pairs)(b, sign);
	}
	b->n = 0;
}

static void T(every_affine_sum)(void **state)
{
	CN(pairs) b = {.n = 0};

	(void)state;
	for (int k = 0; k < 2; k++) {
		tiny_choose(k ? 131 : 11);
		for (uint32_t i = 1; i < tiny.n; i++) {
			for (uint32_t j = 1; j < tiny.n; j++) {
				if (i == j || i + j == tiny.n)
					continue;
				b.i[b.n] = i;
				b.j[b.n++] = j;
				if (b.n == T(batch) * LANES)
					CN(add_all)(&b);
			}
		}
		CN(add_all)(&b);
	}
	rules_kept();
}

/* Equal and opposite points make the product of all denominators 0, in their lane. */
static void T(every_exception_is_seen)(void **state)
{
	CN(point) to[2], by[2];
	FE prefix[2], run;

	(void)state;
	tiny_choose(131);
	for (uint32_t i = 1; i < tiny.n; i++) {
		for (size_t at = 0; at < 2; at++) {
			for (size_t l = 0; l < LANES; l++) {
				CN(put)(&to[at], l, 1);
				CN(put)(&by[at], l, 2);
			}
			CN(put)(&to[at], i % LANES, i);
			CN(put)(&by[at], i % LANES, at ? i : tiny.n - i);
			for (size_t first = 0; first < 2; first++) {
				CN(point) good[2] = {to[at], to[at]}, bad[2] = {by[at], by[at]};

				CN(put)(&good[first], i % LANES, 1);
				CN(put)(&bad[first], i % LANES, 2);
				FN(set_one)(&run);
				CN(add_forward)(&run, prefix, good, bad, 2);
				for (size_t l = 0; l < LANES; l++)
					assert_true((run.v[l] == 0) == (l == i % LANES));
			}
		}
	}
	rules_kept();
}

/* ---- Jacobian steps -------------------------------------------------------------------------- */

/* Lane l of c = point i, with this z. */
static void CN(put_jac)(CN(jac) *c, size_t l, uint32_t i, uint32_t z)
{
	uint32_t zz = tiny_mul(z, z);

	FN(put)(&c->x, l, tiny_mul(tiny.point[i].x, zz));
	FN(put)(&c->y, l, tiny_mul(tiny.point[i].y, tiny_mul(zz, z)));
	FN(put)(&c->z, l, z);
}

/* What both steps take, and give: so no sequence of them is too long. */
static int CN(is_closed)(CN(jac) *c, int set)
{
	enum { X = 33220, Y = 17110 };

	if (set) {
		FN(bound)(&c->x, 0, X);
		FN(bound)(&c->y, 0, Y);
		FN(bound)(&c->z, 0, TINY_TIGHT);
	}
	return FN(within)(&c->x, 0, X) && FN(within)(&c->y, 0, Y) && FN(within)(&c->z, 0, TINY_TIGHT);
}

static int CN(is_jac)(const CN(jac) *c, size_t l, uint32_t i)
{
	uint32_t zi = tiny.inv[c->z.v[l]], zz = tiny_mul(zi, zi);

	if (i == 0 || c->z.v[l] == 0)
		return i == 0 && c->z.v[l] == 0;
	return tiny_mul(c->x.v[l], zz) == tiny.point[i].x &&
		tiny_mul(c->y.v[l], tiny_mul(zz, zi)) == tiny.point[i].y;
}

/* The line through points i and j, that made c of what had z. */
static int CN(is_line)(const CN(line) *line, size_t l, const CN(jac) *c, uint32_t z, uint32_t i,
		uint32_t j)
{
	uint32_t slope = tiny_slope(tiny.point[i], tiny.point[j]);

	return line->slope.v[l] == tiny_mul(slope, c->z.v[l]) && line->zz.v[l] == tiny_mul(z, z) &&
		tiny_mul(line->grew.v[l], z) == c->z.v[l];
}

/* Every point with every z; the point of order 2 becomes infinity, which infinity stays. */
static void T(every_doubling)(void **state)
{
	CN(jac) c;
	CN(line) line;

	(void)state;
	tiny_choose(131);
	for (uint32_t i = 1; i < tiny.n; i++) {
		for (uint32_t z = 0; z < tiny.p; z += LANES) {
			uint32_t y[LANES];

			for (uint32_t l = 0; l < LANES; l++) {
				CN(put_jac)(&c, l, i, (z + l) % tiny.p);
				y[l] = c.y.v[l];
			}
			assert_true(CN(is_closed)(&c, 1));
			CN(dbl)(&c, &line);
			for (uint32_t l = 0; l < LANES; l++) {
				uint32_t was = (z + l) % tiny.p, yy = tiny_mul(y[l], y[l]);

				assert_true(CN(is_jac)(&c, l, was ? tiny_index(i, i) : 0));
				assert_int_equal(line.yy2.v[l], tiny_add(yy, yy));
				assert_true(c.z.v[l] == 0 || CN(is_line)(&line, l, &c, was, i, i));
			}
			assert_true(CN(is_closed)(&c, 0));
		}
	}
	rules_kept();
}

static void CN(add_lanes)(const uint32_t *i, const uint32_t *j, const uint32_t *z)
{
	CN(point) by;
	CN(line) line;
	CN(jac) c;

	for (size_t l = 0; l < LANES; l++) {
		CN(put_jac)(&c, l, i[l], z[l]);
		CN(put)(&by, l, j[l]);
	}
	FN(bound)(&by.x, 0, TINY_TIGHT);
	FN(bound)(&by.y, 0, 17 * TINY_P); /* of -K */
	assert_true(CN(is_closed)(&c, 1));
	CN(add_affine)(&c, &line, &by);
	for (size_t l = 0; l < LANES; l++) {
		int exceptional = !z[l] || i[l] == j[l] || i[l] + j[l] == tiny.n;

		assert_true(CN(is_jac)(&c, l, exceptional ? 0 : tiny_index(i[l], j[l])));
		assert_true(exceptional || CN(is_line)(&line, l, &c, z[l], i[l], j[l]));
	}
	assert_true(CN(is_closed)(&c, 0));
}

/* Every pair of points, in the smaller group with every z: equal and opposite ones give infinity, and
 * so does infinity. */
static void T(every_jacobian_sum)(void **state)
{
	uint32_t i[LANES], j[LANES], z[LANES];

	(void)state;
	for (int k = 0; k < 2; k++) {
		tiny_choose(k ? 131 : 11);
		uint32_t pairs = (tiny.n - 1) * (tiny.n - 1), times = k ? 1 : tiny.p;

		for (uint32_t at = 0; at < pairs * times; at += LANES) {
			for (uint32_t l = 0; l < LANES; l++) {
				i[l] = 1 + (at + l) % (tiny.n - 1);
				j[l] = 1 + (at + l) / (tiny.n - 1) % (tiny.n - 1);
				z[l] = (k ? i[l] * 3 + j[l] : (at + l) / pairs) % tiny.p;
			}
			CN(add_lanes)(i, j, z);
		}
	}
	rules_kept();
}

/* ---- the Edwards form ------------------------------------------------------------------------ */

/* Lane l of a = point 4m, with this z: tight. */
static void ED(put)(ED(extended) *a, size_t l, uint32_t m, uint32_t z)
{
	tiny_point at = tiny_edwards(m);

	FN(put)(&a->x, l, tiny_mul(at.x, z));
	FN(put)(&a->y, l, tiny_mul(at.y, z));
	FN(put)(&a->z, l, z);
	FN(put)(&a->t, l, tiny_mul(tiny_mul(at.x, at.y), z));
}

static int ED(is_tight)(ED(extended) *a, int set)
{
	FE *all[] = {&a->x, &a->y, &a->z, &a->t};
	int tight = 1;

	for (size_t c = 0; c < 4; c++) {
		if (set)
			FN(bound)(all[c], 0, TINY_TIGHT);
		tight &= FN(within)(all[c], 0, TINY_TIGHT);
	}
	return tight;
}

static int ED(is)(const ED(extended) *a, size_t l, uint32_t m)
{
	tiny_point at = tiny_edwards(m);
	uint32_t z = a->z.v[l];

	return z && a->x.v[l] == tiny_mul(at.x, z) && a->y.v[l] == tiny_mul(at.y, z) &&
		tiny_mul(a->t.v[l], z) == tiny_mul(a->x.v[l], a->y.v[l]);
}

static void ED(put_entry)(ED(entry) *e, size_t l, uint32_t m)
{
	tiny_point at = tiny_edwards(m);

	FN(put)(&e->diff, l, tiny_div(tiny_sub(at.y, at.x), 2));
	FN(put)(&e->sum, l, tiny_div(tiny_add(at.y, at.x), 2));
	FN(put)(&e->both, l, tiny_mul(at.x, at.y));
}

/* Points i and j of odd order in lane l of all that is added. */
typedef struct {
	uint32_t i[LANES], j[LANES];
	ED(extended) a, b;
	ED(entry) e;
} ED(pair);

static void ED(put_pair)(ED(pair) *p, size_t l, uint32_t i, uint32_t j, uint32_t z)
{
	p->i[l] = i;
	p->j[l] = j;
	ED(put)(&p->a, l, i, z);
	ED(put)(&p->b, l, j, 1 + (z + i) % (tiny.p - 1));
	ED(put_entry)(&p->e, l, j);
}

/* a + b; e + a and e - a. */
static void ED(add_both_ways)(ED(pair) *p)
{
	ED(extended) sum = p->a;
	uint64_t flip[LANES];

	ED(is_tight)(&sum, 1);
	ED(is_tight)(&p->b, 1);
	ED(add)(&sum, &p->b);
	for (size_t l = 0; l < LANES; l++)
		assert_true(ED(is)(&sum, l, (p->i[l] + p->j[l]) % tiny.q));
	assert_true(ED(is_tight)(&sum, 0));
	for (uint64_t turned = 0; turned < 2; turned++) {
		for (size_t l = 0; l < LANES; l++)
			flip[l] = 0 - ((l & 1) ^ turned);
		sum = p->a;
		ED(is_tight)(&sum, 1);
		ED(add_entry)(&sum, &p->e, flip);
		for (size_t l = 0; l < LANES; l++)
			assert_true(ED(is)(&sum, l,
					(p->j[l] + (flip[l] ? tiny.q - p->i[l] : p->i[l])) % tiny.q));
		assert_true(ED(is_tight)(&sum, 0));
	}
}

/* Every pair of points of odd order, infinity among them, in the smaller group with every z. */
static void T(every_edwards_sum)(void **state)
{
	ED(pair) p;

	(void)state;
	for (int k = 0; k < 3; k++) {
		tiny_choose((const uint32_t[]){11, 131, 227}[k]);
		uint32_t qq = tiny.q * tiny.q, times = k ? 1 : tiny.p - 1;

		for (uint32_t at = 0; at < qq * times; at += LANES) {
			for (uint32_t l = 0; l < LANES; l++) {
				uint32_t i = (at + l) % tiny.q, j = (at + l) / tiny.q % tiny.q;

				ED(put_pair)(&p, l, i, j, 1 + (k ? 5 * i + j : (at + l) / qq) % (tiny.p - 1));
			}
			ED(add_both_ways)(&p);
		}
	}
	rules_kept();
}

static void ED(map_lanes)(const uint32_t *m)
{
	FE s, k, s_inv, k_over_s, d, half;
	CN(point) a, again;
	ED(extended) r;
	ED(entry) e;

	FN(set_all)(&s, tiny.inv[tiny.s_inv], 0, TINY_P);
	FN(set_all)(&k, tiny.k, 0, TINY_P);
	FN(set_all)(&s_inv, tiny.s_inv, 0, TINY_P);
	FN(set_all)(&k_over_s, tiny_mul(tiny.k, tiny.s_inv), 0, TINY_P);
	for (size_t l = 0; l < LANES; l++)
		CN(put)(&a, l, 4 * m[l]);
	FN(bound)(&a.x, 0, TINY_TIGHT);
	FN(bound)(&a.y, 0, TINY_TIGHT);
	ED(from_affine)(&r, &a, &s, &k);
	assert_true(ED(is_tight)(&r, 0));
	ED(denominator)(&d, &r);
	assert_true(!FN(invert)(&d, &d));
	ED(to_affine)(&again, &r, &d, &s_inv, &k_over_s);
	FN(add)(&half, &r.z, &r.z);
	assert_true(!FN(invert)(&half, &half));
	ED(to_entry)(&e, &r, &half);
	ED(start)(&r, &e);
	assert_true(ED(is_tight)(&r, 0));
	for (size_t l = 0; l < LANES; l++)
		assert_true(CN(is)(&again, l, 4 * m[l]) && ED(is)(&r, l, m[l]));
}

/* To the Edwards curve, back, and to an entry and what is started from it; and turned over. */
static void T(every_map)(void **state)
{
	uint32_t m[LANES];
	uint64_t mask[LANES];
	ED(extended) r;
	FE d;

	(void)state;
	for (int k = 0; k < 3; k++) {
		tiny_choose((const uint32_t[]){11, 131, 16187}[k]);
		for (uint32_t i = 0; i < tiny.q; i += LANES) {
			for (uint32_t l = 0; l < LANES; l++) {
				m[l] = 1 + (i + l) % (tiny.q - 1);
				mask[l] = 0 - (uint64_t)(l & 1);
				ED(put)(&r, l, m[l], 1 + i % (tiny.p - 1));
			}
			ED(map_lanes)(m);
			ED(is_tight)(&r, 1);
			ED(cneg)(&r, mask);
			assert_true(ED(is_tight)(&r, 0));
			for (size_t l = 0; l < LANES; l++)
				assert_true(ED(is)(&r, l, mask[l] ? tiny.q - m[l] : m[l]));
		}
		for (size_t l = 0; l < LANES; l++)
			ED(put)(&r, l, 0, 7);
		ED(denominator)(&d, &r);
		for (size_t l = 0; l < LANES; l++)
			assert_int_equal(d.v[l], 0);
	}
	rules_kept();
}

/* ---- the left side of a check ---------------------------------------------------------------- */

/* From every point to every other: 2a + b, and the power by its side. */
static void T(every_step_of_a_check)(void **state)
{
	KN(side) w;
	CN(point) r;
	FE gr;

	(void)state;
	tiny_choose(131);
	FN(set_all)(&w.s, tiny.inv[tiny.s_inv], 0, TINY_P);
	FN(set_all)(&w.k, tiny.k, 0, TINY_P);
	for (uint32_t at = 0; at < tiny.q * (tiny.q - 1); at += LANES) {
		tiny2 before[LANES];
		uint32_t i[LANES], j[LANES];

		KN(start)(&w);
		for (uint32_t l = 0; l < LANES; l++) {
			assert_true(ED(is)(&w.points, l, 0) && tiny2_equal(F2(get)(&w.power, l), (tiny2){1, 0}));
			i[l] = (at + l) / (tiny.q - 1) % tiny.q;
			j[l] = 1 + (at + l) % (tiny.q - 1);
			ED(put)(&w.points, l, i[l], 1 + j[l]);
			F2(put)(&w.power, l, 12345 * i[l] + j[l]);
			before[l] = F2(get)(&w.power, l);
			CN(put)(&r, l, 4 * j[l]);
			FN(put)(&gr, l, (i[l] + 2 * j[l]) % tiny.p);
		}
		ED(is_tight)(&w.points, 1);
		F2(bound)(&w.power, 18, 34);
		KN(add)(&w, &r, &gr);
		for (size_t l = 0; l < LANES; l++) {
			tiny2 want = tiny2_mul(tiny2_mul(before[l], before[l]), (tiny2){1, gr.v[l]});

			assert_true(ED(is)(&w.points, l, (2 * i[l] + j[l]) % tiny.q));
			assert_true(tiny2_equal(F2(get)(&w.power, l), want));
		}
		assert_true(ED(is_tight)(&w.points, 0));
		assert_true(FN(within)(&w.power.re, 0, 18 * TINY_P) && FN(within)(&w.power.im, 0, 34 * TINY_P));
	}
	rules_kept();
}
