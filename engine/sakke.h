/* sakke.h -- what SAKKE keeps for a KMS. */
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

#endif
