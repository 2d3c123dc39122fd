/* comb_rows.h -- the numbers that comb_tmpl.h and its users share. */
#ifndef KM_COMB_ROWS_H
#define KM_COMB_ROWS_H

#include <stddef.h>
#include <stdint.h>

enum {
	OFFSETS = 8,   /* odd multiples 1, 3, .. 15 */
	EVENS = 3,     /* even ones 2, 4, 8 */
	SUMS_MAX = 15, /* rows that are added to in one step, at most: those of w = 10 */
};

#endif
