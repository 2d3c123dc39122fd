/* twins.h -- portable twins of the kernels and lookups for eight lanes: held against GMP by the same tests as these,
 * and what takes their place where no processor or memcheck runs them.  The engine never chooses them. */
#ifndef KM_TESTS_TWINS_H
#define KM_TESTS_TWINS_H

#include "engine/eccsi/p256x8.h"
#include "engine/field/fp4.h"

extern const fp8_kernel fp8_twin;
extern const fp4_kernel fp4_twin;
extern const fp8_table fp8_bytes_twin, fp8_words_twin; /* by octets, as "vbmi" and "avx2"; by words */
extern const p256x8_kernel p256x8_twin;

/* The i-th of the engine's rows, then the twins, then NULL. */
const fp8_kernel *fp8_row(size_t i);
const fp4_kernel *fp4_row(size_t i);
const fp8_table *fp8_table_row(size_t i);
const p256x8_kernel *p256x8_row(size_t i);

#endif
