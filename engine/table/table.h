/* table.h -- fixed-base tables: the multiples of a point, or the powers of g, that sums pick from window by
 * window of a scalar.
 *
 * A scalar k is written with odd signed digits: with n windows of w bits, wn >= 1022, let
 * U = k + (2^(wn) - 1)/2 mod q; a window u of U stands for the digit 2u + 1 - 2^w, and the digits
 * times 2^(wi) add up to 2k mod q.  So tables hold odd multiples of half the base, no digit is zero
 * and no entry is infinity: entry j of window i is [(2j + 1) 2^(wi)](B/2).
 *
 * Over g an entry y stands for the class of 1 + i*y.  The table of w = 1 is the chain of doublings
 * [2^i](B/2), which all others of its base are made from.
 *
 * The room, engine/table/, which stands on curve/:
 *   table                tables made, picked from, given back; the digits of scalars
 *   table_layouts        what a layout is: how its entries are made, how they are picked; and the layouts:
 *   table_ones           for one element at a time
 *   table_members        for eight lanes that are members, by words, by octets, or turned from groups
 *   table_groups         for eight lanes that are windows of one member's scalar
 *   table_make_tmpl, table_add_tmpl    entries as sums and differences, for the first two
 *   table_chain          the doublings
 *   table_doublings8     those of a point by lanes
 *   table_shared         those over P and g, which the whole process shares
 *   table_digest, table_digests        and what they must be
 */
#ifndef KM_TABLE_H
#define KM_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "curve/curve.h"
#include "engine.h"
#include "field/fp8.h"

typedef enum { TABLE_POINT, TABLE_G } table_base;

/* What lies where, an entry being coords elements of F_p; those for lanes only where fp8_k is. */
typedef enum {
	TABLE_LIMBS,  /* [window][entry][coord], as fp */
	TABLE_WORDS,  /* [window][coord], as fp8_table.c has them: lookups for eight members */
	TABLE_OCTETS, /* the same, for sixty-four */
	TABLE_GROUPS, /* eight windows to a group: [group][coord][entry], packed; of a point an ed8_entry */
	TABLE_TURNED, /* the entries of TABLE_GROUPS as TABLE_WORDS */
	TABLE_LAYOUTS
} table_layout;

typedef struct {
	unsigned w;        /* bits a window */
	unsigned windows;  /* ceil(1022/w) or more */
	size_t entries;    /* a window: 2^(w-1) */
	uint64_t half[16]; /* (2^(w*windows) - 1)/2 mod q */
} table_shape;

typedef struct {
	table_base base;
	table_layout layout;
	table_shape shape;
	size_t coords, octets;   /* of an entry, of a coordinate */
	const fp8_table *lookup; /* by words, by octets; else NULL */
	void *mem;               /* pages that can be read only */
} table;

/* Windows of a chain: w * windows + 1 at most, for w in 4..10, or w = 5 in groups of eight. */
enum { CHAIN_LEN = 1041 };

/* The chain of a point, or of g where point is NULL: all of it is public.  KM_EORDER: point has not the order q.
 * KM_ENOMEM, KM_ERANDOM. */
km_err table_chain(table *t, const ec_point *point);

/* Make a table from the chain of its base, or TABLE_TURNED from TABLE_GROUPS of that w: all of it is public.
 * KM_ENOMEM; KM_EKERNEL: there are no lookups; KM_ESELFTEST: a fault; KM_ERANDOM.  After an error, t is clear. */
km_err table_make(table *t, const table *from, table_layout layout, unsigned w);
void table_clear(table *t);

/* The layout for large batches in eight lanes: TABLE_OCTETS, or where there are no such lookups TABLE_WORDS. */
table_layout table_widest(unsigned w);
/* Members that a lookup is made for. */
size_t table_unit(const table *t);
size_t table_size(const table *t);
/* That of one which is still to be made; 0: there are no such lookups. */
size_t table_size_of(table_base base, table_layout layout, unsigned w);
/* Window i, or in TABLE_GROUPS group i. */
const uint8_t *table_at(const table *t, size_t i);

/* The table over P, or over g, of a width that table_digest.c knows (or w = 1): made at its first use and
 * compared with its digest, and stays.  Thread-safe.  KM_ENOMEM, KM_ERANDOM; KM_ESELFTEST: it came out wrong. */
km_err table_shared(const table **t, table_base base, table_layout layout, unsigned w);
/* Whether both have been made. */
int table_shared_ready(table_layout layout, unsigned w);

/* With as many windows as it takes, or more: a multiple of some number. */
table_shape table_shape_of(unsigned w, unsigned multiple);

/* U of secret scalar j of n, sixteen limbs below q: limb i to u[in + j], for a window wants one limb or two of all
 * of them. */
void table_recode(uint64_t *u, const uint64_t k[16], const table_shape *shape, size_t j, size_t n);

/* What window i of each of n recoded scalars picks: the entry, and the mask of its sign. */
void table_digits(uint16_t *index, uint64_t *negative, const table_shape *shape, size_t i,
		const uint64_t *u, size_t n);

/* r = what window i of recoded scalars picks, coords elements each: of n scalars in TABLE_LIMBS, of 8n for lanes,
 * in TABLE_GROUPS (group i) of one.  The masks of the signs, one for each scalar or window, go to sign; where that
 * is NULL (not in TABLE_GROUPS) the signs are applied to the last coordinate, over g turned over in odd windows:
 * see fp2_turn.  So many scalars fill up whole lookups, see table_unit, and are TABLE_PICKS at most. */
enum { TABLE_PICKS = 512 };
void table_pick(void *r, uint64_t *sign, const table *t, size_t i, const uint64_t *u, size_t n);

#endif
