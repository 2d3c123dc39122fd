/* encap.h -- the sums behind an encapsulation: R = [rb]P + [r]Z and g^r, for many members at once. */
#ifndef KM_ENCAP_H
#define KM_ENCAP_H

#include "table/alone_table.h"
#include "table/comb8.h"

/* The tables that an encapsulation reads. */
typedef struct {
	const comb *p, *z; /* one shape */
	const gcomb *g;    /* the same shape; NULL: g^r is not wanted */
} encap_tables;

/* For one member by eight lanes (alone.h). */
typedef struct {
	const alone_table *p, *z, *g; /* z, g: NULL where no sum over it is wanted */
} alone_tables;

/* For eight lanes. */
typedef struct {
	const comb8 *p, *z, *g; /* one shape and layout; g NULL: g^r is not wanted */
	const alone_tables *complete; /* for exceptional cases, of any shape */
} encap8_tables;

/* One member: the scalars r*b and r (below q, secret) in, R and the representative of g^r out. */
typedef struct {
	uint64_t rb[16], r[16];
	ec_point point;
	fp gr;
	km_err status; /* KM_OK, or KM_EDEGENERATE: R is infinity */
} encap_item;

/* Fill in n members.  KM_ERANDOM, KM_ENOMEM: none is filled in. */
km_err encap_sums(encap_item *items, size_t n, const encap_tables *tables, const km_random *rnd);

/* encap_sums by eight lanes. */
km_err encap8_sums(encap_item *items, size_t n, const encap8_tables *tables, const km_random *rnd);

/* [k]P by the table of P, k secret and not 0.  KM_ERANDOM, KM_ENOMEM, KM_EDEGENERATE. */
km_err encap_times_p(ec_point *r, const uint64_t k[16], const comb *p, const km_random *rnd);

#endif
