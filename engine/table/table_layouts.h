/* table_layouts.h -- within the room: what a layout is, the digests of shared tables, and the numbers that
 * table_make_tmpl.h and its users share. */
#ifndef KM_TABLE_LAYOUTS_H
#define KM_TABLE_LAYOUTS_H

#include "table.h"

/* Entries are made from another table of their base, which is a point or g; and picked as table_pick says. */
typedef struct {
	unsigned multiple; /* of windows */
	size_t coords[2];  /* of an entry, by base */
	km_err (*make[2])(table *t, const table *from);
	void (*pick)(void *r, uint64_t *sign, const table *t, size_t i, const uint64_t *u, size_t n);
} table_rules;

extern const table_rules table_ones, table_members, table_groups, table_turned;

/* Fill in all of t but its entries, and get memory.  KM_ENOMEM, KM_EKERNEL. */
km_err table_new(table *t, table_base base, table_layout layout, unsigned w);

/* Words of one coordinate of an entry in each lane, of TABLE_GROUPS. */
static inline uint64_t (*table_words(const table *t, size_t group, size_t coord, size_t entry))[FP8_LANES]
{
	return (uint64_t (*)[FP8_LANES])t->mem +
			((group * t->coords + coord) * t->shape.entries + entry) * FP8_WORDS;
}

/* The SHA-256 of the tables over P and g, in each layout and width that is used.  A wrong entry would be a fault
 * attack on every member, so a table is compared before it is used.  `make digests` computes them all from the
 * portable builder and prints table_digests.inc. */
typedef struct {
	table_base base;
	table_layout layout;
	unsigned w;
	uint8_t digest[32];
} table_digest;

extern const table_digest table_digests[];
extern const size_t table_digests_n;

/* The digest of a table as it lies in memory; words are taken least significant octet first. */
void table_digest_of(uint8_t out[32], const table *t);

/* KM_OK, or KM_ESELFTEST: it is not the digest of that table over P or g. */
km_err table_digest_check(const table *t);

/* links[i] = 2^i base for i < n, by lanes, where fp4_k is: all public.  KM_EORDER: base is of order 1, 2 or 4;
 * KM_ENOMEM, KM_ERANDOM. */
km_err table_doublings8(ec_point *links, size_t n, const ec_point *base);

enum {
	OFFSETS = 8,   /* odd multiples 1, 3, .. 15 */
	EVENS = 3,     /* even ones 2, 4, 8 */
	SUMS_MAX = 15, /* multiples that one step makes, at most: those of w = 10 */
};

#endif
