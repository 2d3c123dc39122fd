/* params.h -- parameter set 1 of RFC 6509: E: y^2 = x^3 - 3x over F_p, P of order q, p + 1 = 4q.
 * p itself is fp_p (fp.h). */
#ifndef KM_PARAMS_H
#define KM_PARAMS_H

#include <stdint.h>

#define Q_BITS 1022

/* Plain limbs, least significant first. */
extern const uint64_t params_q[16];
extern const uint64_t params_px[16];
extern const uint64_t params_py[16];
extern const uint64_t params_g[16]; /* <P,P>, the class of 1 + i*g */

#endif
