/* climb4.h -- the points of a Miller loop on the Edwards form of E, four coordinates side by side. */
#ifndef KM_CLIMB4_H
#define KM_CLIMB4_H

#include "edwards.h"
#include "field/fp4.h"

typedef struct {
	fp4 at;     /* X, Y, Z, T of the point of the loop */
	fp4 entry;  /* of K, see climb4_add */
	fp4 minus;  /* of -K */
} climb4;

/* Begins at k, of order q. */
void climb4_begin(climb4 *c, const ed_extended *k);

/* c = 2c; squares: X^2, Y^2, Z^2, XY before it.  Two layers of four products. */
void climb4_dbl(climb4 *c, fp4 *squares);

/* c = c + K or c - K.  Two layers. */
void climb4_add(climb4 *c, int minus);

#endif
