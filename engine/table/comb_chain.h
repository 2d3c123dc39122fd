/* comb_chain.h -- the doublings that fixed-base tables are made from.  All of it is public.
 *
 * Window i of a table begins at 2^(wi) times half the base, and its entries are sums of the
 * doublings from there up to the beginning of window i + 1: one chain serves all widths.
 */
#ifndef KM_COMB_CHAIN_H
#define KM_COMB_CHAIN_H

#include "curve/curve.h"

enum { CHAIN_LEN = 1041 }; /* w * windows + 1 at most, for w in 4..10, or w = 5 in groups of eight */

/* c[t] = [2^t](base/2) for t < CHAIN_LEN.  KM_EORDER: base has not the order q.  KM_ENOMEM. */
km_err chain_of_point(ec_point c[CHAIN_LEN], const ec_point *base);

/* The same for the powers of g: c[t] = y stands for the class of 1 + i*y.  KM_ENOMEM. */
km_err chain_of_g(fp c[CHAIN_LEN]);

#endif
