/* miller8.h -- the Miller loops of many pairs of points in step, eight to a vector. */
#ifndef KM_MILLER8_H
#define KM_MILLER8_H

#include "curve8.h"

/* A vector of pairs.  k and q are given, v is made; the others are the loop's own. */
typedef struct {
	ec8_point k, q;    /* tight; k of order q, q on E */
	fp8x2_elt v;       /* its class is <k, q> */
	ec8_point c;       /* the point of the loop, canonical as all below but for the slope */
	fp8 prefix;
	fp8 slope, far_x;  /* of the chord through c and +-k, and x of their sum */
} miller8_pair;

/* v of n vectors; all share each of LINES_OPS inversions.  n > 0.  Points are secret.
 * Where *zero is not 0, a k is not of order q: then no v is made, and k and q are as before or
 * canonical.  KM_ERANDOM. */
km_err miller8(miller8_pair *pairs, uint64_t *zero, size_t n, const km_random *rnd);

#endif
