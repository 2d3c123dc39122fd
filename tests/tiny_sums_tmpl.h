/* tiny_sums_tmpl.h -- the sums of encap_tmpl.h for every two scalars, and chains of every length: for one
 * kind of element. */

/* Multiples of a point: base times point 4. */
typedef struct {
	table_shape shape;
	uint32_t base;
} EN(table);

/* Powers of g. */
typedef struct {
	table_shape shape;
} EN(gtable);

enum { EN(vectors) = 3, EN(members) = EN(vectors) * LANES };

static void EN(pick)(CN(sum) *r, uint64_t *sign, const EN(table) *t, size_t i, const uint64_t *u,
		size_t n)
{
	uint64_t negative[EN(members)];
	uint16_t index[EN(members)];

	table_digits(index, negative, &t->shape, (unsigned)i, u, n * LANES);
	for (size_t j = 0; j < n * LANES; j++) {
		uint32_t at = 4 * tiny_mod_q(t->base, tiny_entry(&t->shape, (unsigned)i, index[j]));

		FN(put)(&r[j / LANES].x, j % LANES, tiny.point[at].x);
		FN(put)(&r[j / LANES].y, j % LANES, tiny.point[at].y);
	}
	if (sign)
		memcpy(sign, negative, n * LANES * sizeof *sign);
	for (size_t v = 0; !sign && v < n; v++)
		FN(cneg)(&r[v].y, &r[v].y, negative + v * LANES);
}

static void EN(gpick)(FE *r, const EN(gtable) *t, unsigned i, const uint64_t *u, size_t n)
{
	uint64_t negative[EN(members)];
	uint16_t index[EN(members)];

	table_digits(index, negative, &t->shape, i, u, n * LANES);
	for (size_t j = 0; j < n * LANES; j++) {
		negative[j] ^= 0 - (uint64_t)(i & 1);
		FN(put)(&r[j / LANES], j % LANES, tiny_power[tiny_entry(&t->shape, i, index[j])]);
	}
	for (size_t v = 0; v < n; v++)
		FN(cneg)(&r[v], &r[v], negative + v * LANES);
}

static km_err EN(invert)(FE *inv, uint64_t *zero, const FE *a, const km_random *rnd)
{
	(void)rnd;
	*zero = FN(invert)(inv, a);
	return KM_OK;
}

static void EN(set_start)(FE *r)
{
	FN(set_all)(r, 1, 128 * TINY_P, 129 * TINY_P);
}

/* As in eight lanes; more shows that they cannot. */
static size_t EN(chain) = EC8_CHAIN;

#include "engine/sakke/encap_tmpl.h"

/* U of member j of so many, limb by limb: see table_digits. */
static void EN(recode)(uint64_t *u, uint32_t k, const table_shape *shape, size_t j, size_t members)
{
	uint64_t limbs[16];

	tiny_recode(limbs, k, shape);
	for (size_t i = 0; i < 16; i++)
		u[i * members + j] = limbs[i];
}

/* Members' scalars for each base, and what comes of them. */
typedef struct {
	uint32_t scalar[EN(members)][2], sum[EN(members)];
	int exceptional;
} EN(case);

static void EN(expect)(EN(case) *c, const EN(table) *t, size_t bases, size_t n, size_t k)
{
	uint32_t base[2] = {t[0].base, t[1].base};
	const table_shape *shapes[2] = {&t[0].shape, &t[1].shape};

	c->exceptional = 0;
	for (size_t j = 0; j < n * LANES; j++)
		c->exceptional |= tiny_partials(&c->sum[j], c->scalar[j], base, bases, shapes, k);
}

/* n vectors of sums, k windows a strip: *zero where one meets an exception, and nowhere else. */
static void EN(add_case)(EN(case) *c, const EN(table) *t, size_t bases, size_t n, size_t k)
{
	const EN(table) *tables[2] = {&t[0], &t[1]};
	uint64_t zero;
	EN(work) b = {.size = 0};

	EN(expect)(c, t, bases, n, k);
	assert_true(EN(work_new)(&b, n, n * LANES, k, bases, k * n));
	for (size_t j = 0; j < n * LANES; j++) {
		EN(recode)(b.urb[0], c->scalar[j][0], &t[0].shape, j, n * LANES);
		if (bases == 2)
			EN(recode)(b.ur[0], c->scalar[j][1], &t[1].shape, j, n * LANES);
	}
	assert_int_equal(EN(add_all)(&b.partials, &zero, tables, (const uint64_t *[]){b.urb[0], b.ur[0]}, NULL),
			KM_OK);
	assert_int_equal(zero != 0, c->exceptional);
	for (size_t j = 0; j < n * LANES && !zero; j++) {
		tiny_point at = tiny.point[4 * c->sum[j]];

		assert_int_equal(c->sum[j], (tiny_mod_q(c->scalar[j][0], t[0].base) +
				(bases == 2 ? tiny_mod_q(c->scalar[j][1], t[1].base) : 0)) % tiny.q);
		assert_true(b.partials.acc[j / LANES].x.v[j % LANES] == at.x &&
				b.partials.acc[j / LANES].y.v[j % LANES] == at.y);
	}
	EN(work_free)(&b);
}

/* Every two scalars, over P and over Z of every kind: for one vector in every way to take the windows. */
static void T(every_sum_of_two_scalars)(void **state)
{
	static const uint32_t z[] = {1, 2, 30, 82};
	EN(case) c;

	(void)state;
	tiny_choose(83);
	for (size_t k = 1; k <= 4; k++) {
		for (size_t n = 0; n < sizeof z / sizeof *z; n++) {
			EN(table) t[2] = {{tiny_shape(4, 0), 1}, {tiny_shape(4, 0), z[n]}};

			for (uint32_t at = 0; at < (tiny.q - 1) * (tiny.q - 1); at += LANES) {
				for (uint32_t l = 0; l < LANES; l++) {
					c.scalar[l][0] = 1 + (at + l) / (tiny.q - 1) % (tiny.q - 1);
					c.scalar[l][1] = 1 + (at + l) % (tiny.q - 1);
				}
				EN(add_case)(&c, t, 2, 1, k);
			}
		}
	}
	rules_kept();
}

static void EN(draw)(EN(case) *c, size_t n, uint64_t *seed)
{
	for (size_t j = 0; j < n * LANES; j++)
		for (size_t b = 0; b < 2; b++)
			c->scalar[j][b] = 1 + (uint32_t)(draw(seed) % (tiny.q - 1));
}

/* Strips of every size. */
static void EN(add_in_strips)(const EN(table) *t, uint64_t *seed)
{
	EN(case) c;

	for (size_t k = 1; k <= t[0].shape.windows + t[1].shape.windows + 1; k += k < 24 ? 1 : 5) {
		for (size_t n = 1; n <= EN(vectors); n++) {
			EN(draw)(&c, n, seed);
			EN(add_case)(&c, t, 2, n, k);
			EN(add_case)(&c, t, 1, n, k);
		}
	}
}

/* Members in step, all widths, also of two tables that differ, and more windows than it takes. */
static void T(sums_of_many_in_step)(void **state)
{
	uint64_t seed = 2;

	(void)state;
	tiny_choose(16187);
	for (unsigned w = 4; w <= 10; w++) {
		for (unsigned windows = 0; windows <= 7; windows += 7) {
			table_shape shape = tiny_shape(w, windows), other = tiny_shape(14 - w, 0);

			EN(add_in_strips)((EN(table)[]){{shape, 1}, {shape, 5555}}, &seed);
			EN(add_in_strips)((EN(table)[]){{shape, 1}, {other, 5555}}, &seed);
		}
	}
	rules_kept();
}

/* A sum of so many partial sums, with so many additions to each; whether a rule was broken. */
static int EN(breaks_rules)(size_t partials, size_t times, uint64_t *seed)
{
	EN(table) t[2] = {{tiny_shape(4, (unsigned)(partials * times)), 1}};
	EN(case) c;

	do {
		EN(draw)(&c, 1, seed);
		EN(expect)(&c, t, 1, 1, partials);
	} while (c.exceptional);
	EN(add_case)(&c, t, 1, 1, partials);
	return rules_broken();
}

/* Rows that are added to as often as allowed, and twice as often: that is too much for eight lanes, whatever is added
 * up, and well if it is tidied between.  Trees are as deep as they come. */
static void T(a_chain_too_long_is_found)(void **state)
{
	enum { WINDOWS = 512 };
	uint64_t seed = 4;

	(void)state;
	tiny_choose(16187);
	for (size_t times = 1; times <= 2 * EC8_CHAIN; times++) {
		size_t partials = 1;

		while (2 * partials * times <= WINDOWS)
			partials *= 2;
		assert_false(EN(breaks_rules)(partials, times, &seed));
	}
	EN(chain) = SIZE_MAX;
	assert_int_equal(EN(breaks_rules)(1, 2 * EC8_CHAIN, &seed), GROWS);
	EN(chain) = EC8_CHAIN;
}

/* g^r of every r; by so many windows. */
static void EN(raise)(unsigned w, unsigned windows)
{
	EN(gtable) g = {tiny_shape(w, windows)};
	EN(work) b = {.size = 0};

	assert_true(EN(work_new)(&b, EN(vectors), EN(members), 1, 1, EN(vectors)));
	for (uint32_t at = 0; at < tiny.q; at += EN(members)) {
		for (uint32_t j = 0; j < EN(members); j++)
			EN(recode)(b.ur[0], (at + j) % tiny.q, &g.shape, j, EN(members));
		assert_int_equal(EN(powers)(b.gr, b.power, b.partials.prefix, b.y, EN(vectors), EN(vectors), &g, b.ur[0], NULL),
				KM_OK);
		for (uint32_t j = 0; j < EN(members); j++) {
			uint32_t y = b.gr[j / LANES].v[j % LANES];

			assert_int_equal(g.shape.windows % 2 ? tiny_neg(y) : y, tiny_power[(at + j) % tiny.q]);
		}
	}
	EN(work_free)(&b);
}

static void T(every_power)(void **state)
{
	(void)state;
	tiny_tables_choose(227);
	for (unsigned w = 4; w <= 7; w++)
		for (unsigned windows = 0; windows < 9; windows++)
			EN(raise)(w, windows);
	EN(raise)(4, (Q_BITS + 5) / 6); /* of the narrowest tables for eight lanes */
	rules_kept();
	EN(raise)(4, Q_BITS / 2);
	assert_int_equal(rules_broken(), GROWS);
}
