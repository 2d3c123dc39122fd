/* conics8.h -- one pairing of two new points by eight lanes. */
#ifndef KM_CONICS8_H
#define KM_CONICS8_H

#include "curve.h"

/* As pairing_miller, of k of order q; where parts8_pay.  KM_ENOMEM. */
km_err conics8_miller(fp2 *v, const ec_point *k, const ec_point *q);

#endif
