/* table_chain.c -- the doublings that tables are made from. */
#include "table_layouts.h"

#include <stdlib.h>
#include <string.h>

#include "field/fp4.h"
#include "field/params.h"
#include "table_pages.h"

/* (q + 1)/2: times it an element of order q is halved. */
static void half_of_one(uint64_t r[16])
{
	for (int i = 0; i < 16; i++)
		r[i] = params_q[i] >> 1 | (i < 15 ? params_q[i + 1] << 63 : 0);
	r[0] += 1; /* q is odd, and (q - 1)/2 does not end in all ones */
}

static int bit(const uint64_t k[16], int i)
{
	return k[i / 64] >> i % 64 & 1;
}

/* s[0] = the sum of n points; false where an addition met equal or opposite ones. */
static int sum_var(ec_point *s, fp *prefix, size_t n)
{
	while (n > 1) {
		size_t pairs = n / 2;
		fp run = fp_one;

		ec_add_forward(&run, prefix, s, s + n - pairs, pairs);
		if (fp_is_zero(&run))
			return 0;
		fp_inv_var(&run, &run);
		ec_add_backward(&run, s, s + n - pairs, prefix, pairs);
		n -= pairs;
	}
	return 1;
}

/* Whether 2h = a. */
static int is_half_var(const ec_point *h, const ec_point *a)
{
	ec_jac c = {h->x, h->y, fp_one};
	ec_line unused;
	fp t, u;

	ec_dbl(&c, &unused);
	fp_sqr(&t, &c.z);
	fp_mul(&u, &t, &a->x);
	fp_mul(&t, &t, &c.z);
	fp_mul(&t, &t, &a->y);
	return !fp_is_zero(&c.z) && fp_equal(&u, &c.x) && fp_equal(&t, &c.y);
}

/* c[0] from c[1], c[2], ..: the half is [(q + 1)/2]base.  Partial sums are multiples of the base
 * by different numbers whose sum is below q, so an exceptional case shows that the order is not q;
 * without one the sum is what it should be, and twice it is the base exactly if [q]base = O. */
static km_err halve(ec_point *c, ec_point *s, fp *prefix)
{
	uint64_t half[16];
	size_t n = 0;

	half_of_one(half);
	for (int i = 0; i < 1024; i++)
		if (bit(half, i))
			s[n++] = c[i + 1];
	if (!sum_var(s, prefix, n) || !is_half_var(&s[0], &c[1]))
		return KM_EORDER;
	c[0] = s[0];
	return KM_OK;
}

/* links[i] = 2^i base for i < n. */
static km_err doublings(ec_point *links, size_t n, const ec_point *base, fp *prefix)
{
	ec_jac *jac = aligned_alloc(64, n * sizeof *jac);
	ec_line unused;
	km_err err = jac ? KM_OK : KM_ENOMEM;

	if (err == KM_OK) {
		jac[0] = (ec_jac){base->x, base->y, fp_one};
		for (size_t i = 1; i < n; i++) {
			jac[i] = jac[i - 1];
			ec_dbl(&jac[i], &unused);
		}
		/* Once 0, it stays so. */
		if (fp_is_zero(&jac[n - 1].z))
			err = KM_EORDER;
	}
	if (err == KM_OK)
		ec_affine_many_var(links, jac, prefix, n);
	free(jac);
	return err;
}

static km_err double_point(ec_point c[CHAIN_LEN], const ec_point *base)
{
	ec_point *s = aligned_alloc(64, CHAIN_LEN * sizeof *s);
	fp *prefix = aligned_alloc(64, CHAIN_LEN * sizeof *prefix);
	km_err err = s && prefix ? KM_OK : KM_ENOMEM;

	if (err == KM_OK)
		err = fp4_k ? table_doublings8(c + 1, CHAIN_LEN - 1, base) :
				doublings(c + 1, CHAIN_LEN - 1, base, prefix);
	if (err == KM_OK)
		err = halve(c, s, prefix);
	free(s);
	free(prefix);
	return err;
}

/* y[i] = im/re of n elements with re not 0. */
static void normalise(fp *y, const fp2 *a, fp *prefix, size_t n)
{
	fp run = fp_one, t;

	for (size_t i = 0; i < n; i++) {
		prefix[i] = run;
		fp_mul(&run, &run, &a[i].re);
	}
	fp_inv_var(&run, &run);
	for (size_t i = n; i-- > 0;) {
		fp_mul(&t, &run, &prefix[i]);
		fp_mul(&run, &run, &a[i].re);
		fp_mul(&y[i], &a[i].im, &t);
	}
}

static km_err double_g(fp c[CHAIN_LEN])
{
	fp2 *a = aligned_alloc(64, CHAIN_LEN * sizeof *a), half = {fp_one, fp_zero}, y;
	fp *prefix = aligned_alloc(64, CHAIN_LEN * sizeof *prefix);
	uint64_t bits[16];
	km_err err = a && prefix ? KM_OK : KM_ENOMEM;

	if (err == KM_OK) {
		a[1].re = fp_one;
		fp_from_limbs(&a[1].im, params_g);
		for (int t = 2; t < CHAIN_LEN; t++)
			fp2_sqr(&a[t], &a[t - 1]);
		/* No power of g has re = 0: that class has order 2. */
		normalise(c + 1, a + 1, prefix, CHAIN_LEN - 1);
		half_of_one(bits);
		for (int i = 0; i < 1024; i++) {
			y = (fp2){fp_one, c[i + 1]};
			if (bit(bits, i))
				fp2_mul(&half, &half, &y);
		}
		normalise(c, &half, prefix, 1);
	}
	free(a);
	free(prefix);
	return err;
}

km_err table_chain(table *t, const ec_point *point)
{
	km_err err = table_new(t, point ? TABLE_POINT : TABLE_G, TABLE_LIMBS, 1);

	if (err == KM_OK)
		err = point ? double_point(t->mem, point) : double_g(t->mem);
	if (err == KM_OK)
		table_pages_seal(t->mem);
	else
		table_clear(t);
	return err;
}
