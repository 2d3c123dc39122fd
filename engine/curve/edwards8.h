/* edwards8.h -- complete additions in eight lanes. */
#ifndef KM_EDWARDS8_H
#define KM_EDWARDS8_H

#include "curve8.h"
#include "edwards.h"

#define FE    fp8
#define FN(x) fp8_##x
#define CN(x) ec8_##x
#define ED(x) ed8_##x
#include "edwards_tmpl.h"
#undef FE
#undef FN
#undef CN
#undef ED

#endif
