/* count.h -- counts multiplications in F_p by rows that stand before the chosen kernels. */
#ifndef KM_BENCH_COUNT_H
#define KM_BENCH_COUNT_H

#include "worker.h"

/* Between start and stop every product of fp_k, fp8_k and fp4_k is counted.  One thread. */
extern const bench_counter count_products;

#endif
