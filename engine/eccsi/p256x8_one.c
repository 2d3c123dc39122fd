/* p256x8_one.c -- one sum by all eight lanes: each adds up every eighth point, then lanes are joined.
 *
 * Digits as in p256_table.c.  Secret ones go by the narrow windows, lane l having l, l + 8, .. l + 48: 56
 * instead of 52, which are 56 modulo n too, with (2^280 - 1)/2 for the offset; those beyond 51 have the
 * digit 0 always, -31.  Within a lane a sum over lower windows and the next entry are neither equal nor
 * opposite modulo n: the entry is odd times 2^(5i), at least 2^35 times what is below as a number, and
 * modulo n, where i > 50, still 2^8 times.  So only joins can fail, for a few of all scalars.
 */
#include "p256x8.h"

#include <string.h>

#include "secret.h"
#include "table_pages.h"

enum {
	LANES = P256X8_LANES, GROUPS = P256_WINDOWS_MADE / LANES, ENTRIES = 1 << (P256_W - 1),
	WIDE_GROUPS = P256_WIDE_WINDOWS / LANES,
};
_Static_assert(P256_WINDOWS_MADE % LANES == 0, "lanes are full");

const p256x8_windows *p256x8_g_by_lanes;

/* Eight windows of the narrow table of G. */
static void by_lanes(p256x8_windows *r, size_t group)
{
	for (size_t l = 0; l < LANES; l++)
		for (size_t e = 0; e < ENTRIES; e++) {
			uint64_t words[8];

			memcpy(words, &p256_narrow_g->e[group * LANES + l][e], sizeof words);
			for (size_t j = 0; j < 8; j++)
				r->v[e][j][l] = words[j];
		}
}

int p256x8_one_init(void)
{
	p256x8_windows *t = table_pages_new(GROUPS * sizeof *t);

	for (size_t i = 0; t && i < GROUPS; i++)
		by_lanes(&t[i], i);
	if (t)
		table_pages_seal(t);
	table_pages_free(p256x8_g_by_lanes);
	p256x8_g_by_lanes = t;
	return t != NULL;
}

int p256x8_one_copy_proved(void)
{
	p256x8_windows again;
	int differ = 0;

	for (size_t i = 0; i < GROUPS; i++) {
		by_lanes(&again, i);
		differ |= memcmp(&again, &p256x8_g_by_lanes[i], sizeof again);
	}
	return differ == 0;
}

/* The next points to the sums. */
static void take(jac8 *sum, const p256x8_point *next, int first)
{
	if (!first) {
		jac8_add(sum, sum, next);
		return;
	}
	sum->x = next->x;
	sum->y = next->y;
	fe8_set(&sum->z, fe8_one);
}

/* r = the sum of all lanes. */
static void leave(p256_jac *r, jac8 *sum)
{
	for (size_t by = LANES / 2; by > 0; by /= 2)
		jac8_join(sum, by);
	fe8_first(&r->x, &sum->x);
	fe8_first(&r->y, &sum->y);
	fe8_first(&r->z, &sum->z);
}

/* ---- secret scalars ---------------------------------------------------------------------- */

/* Digit i of 5 bits, as select_each takes it. */
static uint8_t digit_of(const uint64_t u[5], size_t i)
{
	size_t at = P256_W * i, limb = at / 64, shift = at % 64;
	uint64_t d = u[limb] >> shift;

	if (shift + P256_W > 64)
		d |= u[limb + 1] << (64 - shift);
	return (uint8_t)((d & (2 * ENTRIES - 1)) + 128 - ENTRIES);
}

void p256x8_one_times_g(p256_jac *r, const uint64_t k[4])
{
	static const uint64_t offset[4] = { /* (2^280 - 1)/2 mod n */
		0x185eb3ced5b192a8, 0x879ff1879111f25d, 0x8000000000218c82, 0x807fffff7f800000,
	};
	struct {
		uint64_t u[5];
		p256x8_digit digit[GROUPS];
		p256x8_point next;
		jac8 sum;
	} w;

	w.u[4] = 0;
	p256_add_mod(w.u, k, offset, p256_n);
	for (size_t i = 0; i < GROUPS; i++) /* all before the first is read: a vector waits for its octets */
		for (size_t l = 0; l < LANES; l++)
			w.digit[i].v[l] = digit_of(w.u, i * LANES + l);
	for (size_t i = 0; i < GROUPS; i++) {
		p256x8_k->select_each(w.next.x.v, w.next.y.v, (const uint64_t (*)[8][8])p256x8_g_by_lanes[i].v,
				w.digit[i].v);
		take(&w.sum, &w.next, i == 0);
	}
	leave(r, &w.sum);
	wipe(&w, sizeof w);
	p256x8_k->scrub();
}

/* ---- public ones ------------------------------------------------------------------------- */

/* Eight windows' lines and digits. */
static void gather_var(p256x8_lines *r, const p256_wide *t, const uint64_t u[4], size_t group)
{
	for (size_t l = 0; l < LANES; l++) {
		size_t d = u[group] >> 8 * l & 255;

		r->digit.v[l] = (uint8_t)d;
		memcpy(r->v[l], &t->e[group * LANES + l][d < 128 ? 127 - d : d - 128], sizeof r->v[l]);
	}
}

void p256x8_one_of_two_var(p256_jac *r, const uint64_t u1[4], const uint64_t u2[4], const p256_wide *t)
{
	p256x8_lines lines[2 * WIDE_GROUPS];
	uint64_t u[2][4];
	p256x8_point next;
	jac8 sum;

	p256_wide_recode(u[0], u1);
	p256_wide_recode(u[1], u2);
	for (size_t i = 0; i < 2 * WIDE_GROUPS; i++)
		gather_var(&lines[i], i < WIDE_GROUPS ? p256_wide_g : t, u[i / WIDE_GROUPS],
				i % WIDE_GROUPS);
	for (size_t i = 0; i < 2 * WIDE_GROUPS; i++) {
		p256x8_k->lines(next.x.v, next.y.v, (const uint64_t (*)[8])lines[i].v, lines[i].digit.v);
		take(&sum, &next, i == 0);
	}
	leave(r, &sum);
}
