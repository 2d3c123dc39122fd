/* sakke.h -- what SAKKE keeps for a KMS, and what sender and receiver share. */
#ifndef KM_SAKKE_H
#define KM_SAKKE_H

#include "comb8.h"

/* Z, checked, and the tables of an encapsulation at two widths. */
typedef struct {
	ec_point z;
	comb z_small, z_wide; /* z_wide.t is NULL where few members are expected */
	encap_tables small, wide;
	comb8 z_eight;        /* z_eight.t is NULL without lanes, or where few members are expected */
	encap8_tables eight;
} sakke_z;

/* KM_EFORMAT, KM_ECURVE, KM_EORDER, KM_ENOMEM. */
km_err sakke_z_load(sakke_z *s, const uint8_t *z, size_t len, size_t members);
void sakke_z_clear(sakke_z *s);

/* r = HashToIntegerRange(ssv || id, q), and r*b mod q. */
void sakke_scalars(encap_item *item, const uint8_t *ssv, const uint8_t *id, size_t id_len);

/* encap_sums or encap8_sums, by what suits so many members; without with_g, gr may be anything. */
km_err sakke_sums(encap_item *items, size_t n, const sakke_z *z, int with_g, const km_random *rnd);

/* out = in XOR HashToIntegerRange(w, 2^128), w as 128 octets; out may be in. */
void sakke_mask(uint8_t out[KM_SSV_BYTES], const uint8_t in[KM_SSV_BYTES], const fp *w);

/* What every batch returns: the first status that is not KM_OK makes it partial. */
km_err sakke_verdict(const km_err *status, size_t n);

#endif
