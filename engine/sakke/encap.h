/* encap.h -- the sums behind an encapsulation: R = [rb]P + [r]Z and g^r, for many members at once. */
#ifndef KM_ENCAP_H
#define KM_ENCAP_H

#include "curve/edwards8.h"
#include "table/table.h"

/* The tables of an encapsulation, each with a width of its own; z, g: NULL where no sum over it is wanted.
 * back, where complete sums are of one member: they begin with what a sum that began with the first window of P
 * has read last, and so they find it in the cache, which holds a third to two thirds of those 2.9 MB. */
typedef struct {
	const table *p, *z, *g;
	int back;
} encap_tables;

/* One member: the scalars r*b and r (below q, secret) in, R and the representative of g^r out, as octets:
 * the one leaves, the other is hashed. */
typedef struct {
	uint64_t rb[16], r[16];
	uint8_t point[KM_SAKKE_POINT_BYTES], gr[KM_FP_BYTES];
	km_err status; /* KM_OK, or KM_EDEGENERATE: R is infinity */
} encap_item;

/* R, and where it is not NULL g^r, in. */
void encap_put(encap_item *item, const ec_point *point, const fp *gr);

/* Fill in n members, by tables in TABLE_LIMBS, one element at a time.  KM_ERANDOM, KM_ENOMEM, here and below:
 * none is filled in. */
km_err encap_sums(encap_item *items, size_t n, const encap_tables *tables, const km_random *rnd);

/* By tables in TABLE_WORDS or TABLE_OCTETS, eight members to a vector.  complete, for exceptional cases: in
 * TABLE_GROUPS. */
km_err encap8_sums(encap_item *items, size_t n, const encap_tables *tables, const encap_tables *complete,
		const km_random *rnd);

/* By tables in TABLE_GROUPS, eight lanes on eight windows of one scalar, over Z also by its chain, and in TABLE_TURNED,
 * one member to a lane: complete Edwards additions, never exceptional but for R = infinity, which is the status of that member. */
km_err alone_sums(encap_item *items, size_t n, const encap_tables *t, const km_random *rnd);
km_err few_sums(encap_item *items, size_t n, const encap_tables *t, const km_random *rnd);

/* [k]P by the table of P in TABLE_LIMBS, k secret and not 0; and in TABLE_GROUPS.  KM_ERANDOM, KM_ENOMEM;
 * KM_EDEGENERATE: k = 0. */
km_err encap_times_p(ec_point *r, const uint64_t k[16], const table *p, const km_random *rnd);
km_err alone_times_p(ec_point *r, const uint64_t k[16], const table *p, const km_random *rnd);

/* *sum = the sum of eight lanes' points, and where power is not NULL *power = the product of their powers.
 * points and powers are used up. */
void alone_join(ed_extended *sum, fp2 *power, ed8_extended *points, fp8x2_elt *powers);

/* What a member's complete sums have come to, secret; and what it is divided by, which is not 0. */
typedef struct {
	ed_extended sum;
	fp2 power; /* of g, or -conj of it */
	fp d, prefix;
	uint64_t neutral;
} ending;

/* How complete sums end: points, and with_power what stands for the powers, which are -conj of those of g where
 * turned says so, to n members, by one division. */
km_err ending_all(encap_item *items, ending *e, size_t n, int with_power, int turned,
		const km_random *rnd);

#endif
