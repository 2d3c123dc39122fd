/* fp_rows.h -- the rows of the kernel table of F_p, and the constants they share. */
#ifndef KM_FP_ROWS_H
#define KM_FP_ROWS_H

#include "fp.h"

#define FP_N0 UINT64_C(0x290420077c8f2f3d) /* -1/p mod 2^64 */

extern const uint64_t fp_inv64[16]; /* 2^-64 mod p = (FP_N0 * p + 1)/2^64 */

extern const fp_kernel fp_c;

#endif
