/* fp2.h -- F_p^2, one element. */
#ifndef KM_FP2_H
#define KM_FP2_H

#include "curve/curve.h"

#define FE    fp
#define FN(x) fp_##x
#define F2(x) fp2_##x
#include "fp2_tmpl.h"
#undef FE
#undef FN
#undef F2

typedef fp2_elt fp2;

#endif
