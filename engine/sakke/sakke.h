/* sakke.h -- what SAKKE keeps for a KMS, and what sender and receiver share.
 *
 * The room, engine/sakke/, which stands on table/ and, where a KMS's public keys are one object, on eccsi/:
 *   sakke                    encapsulation to one or many: scalars, sums, mask, check, out
 *   encap, encap_tmpl        the sums of a batch over the tables, on one element at a time
 *   encap8                   the same, eight to a vector
 *   alone, few, ending       the sums of one member by eight lanes, of a few one to a lane, and how both end
 *   sakke_tables             which tables a KMS has, and which one a batch takes
 *   sakke_check, sakke_check_tmpl    data checked before they leave
 *   sakke_receiver           a receiver's key, and data opened
 *   kms                      a KMS's public keys; the KMS's own half: master keys, RSKs
 */
#ifndef KM_SAKKE_H
#define KM_SAKKE_H

#include <stdatomic.h>
#include <stddef.h>

#include "eccsi/eccsi.h"
#include "encap.h"
#include "process.h"
#include "table/table.h"

/* A table over Z, and with those over P and g beside it the batches that they are for. */
typedef struct sakke_set {
	struct sakke_set *next;    /* narrower */
	struct sakke_set *retired; /* of the widest of some that are given back: those that were before them */
	table z;
	size_t rank;  /* 0: for one member or a few; above it the wider ones */
	size_t unit;  /* members that are made at once */
	size_t batch; /* the smallest batch that it is good for */
	size_t rest;  /* what is beyond whole units, from here on, fills one up */
} sakke_set;

/* Z, checked, and the tables of an encapsulation. */
typedef struct {
	ec_point z;
	sakke_set least;           /* for any batch, and for sums that are complete; stays until the end */
	atomic_int has_least;      /* it is made */
	table chain;               /* of Z, kept where many members came first; stays until the end */
	atomic_int without_least;  /* how often it would have been used, until it is made */
	_Atomic(sakke_set *) sets; /* widest first, least last, made or not; NULL before the first use */
	atomic_size_t rank;        /* of the first of sets, which may not be looked at without a pin */
	atomic_uint pins;          /* calls that use what they found in sets */
	sakke_set *retired;        /* taken out of sets, and used by such calls perhaps */
	_Atomic uint64_t bytes;    /* of all these tables */
	process_lock lock;         /* held by who changes any of it but pins */
} sakke_z;

/* A KMS's public keys, prepared for both of its schemes. */
struct km_kms_public {
	eccsi_kpak auth; /* first: see eccsi_kpak_of */
	sakke_z sakke;
};
_Static_assert(offsetof(struct km_kms_public, auth) == 0, "eccsi_kpak_of");

/* KM_EFORMAT, KM_ECURVE, KM_EORDER, KM_ENOMEM, KM_ERANDOM; KM_ESELFTEST: a fault. */
km_err sakke_z_load(sakke_z *s, const uint8_t *z, size_t len, size_t members);
/* Add what so many members are worth, while others may use s.  KM_ENOMEM, KM_ERANDOM, KM_ESELFTEST. */
km_err sakke_z_widen(sakke_z *s, size_t members);
/* Take out all but least, while others may use s. */
void sakke_z_narrow(sakke_z *s);
/* Octets of tables, now and widened for so many members. */
uint64_t sakke_z_bytes(const sakke_z *s);
uint64_t sakke_z_bytes_for(const sakke_z *s, size_t members);
void sakke_z_clear(sakke_z *s);

/* What an encapsulation was asked for.  There are two of these, so that a pointer or a length that a fault redirects
 * is found too: see ask_again. */
typedef struct {
	uint8_t *sed;
	km_err *status;
	const uint8_t *ssv, *ids; /* of all, where there are no items */
	const km_to_encap *items; /* or NULL */
	size_t id_len, n;
	const sakke_z *z;
} sakke_asked;

static inline km_to_encap item_of(const sakke_asked *a, size_t i)
{
	return a->items ? a->items[i] : (km_to_encap){a->ssv, a->ids + i * a->id_len, a->id_len};
}

/* See that least is there, or that there are sets.  KM_ENOMEM, KM_ERANDOM, KM_ESELFTEST. */
km_err sakke_least(const sakke_z *s);
km_err sakke_ready(const sakke_z *s);
/* Tables for complete sums, where there are sets: least, or while that is not made the chain; for a check, which has it
 * made after a few.  The same errors. */
km_err sakke_complete(encap_tables *t, const sakke_z *s, int with_g);
km_err sakke_complete_for_check(encap_tables *t, const sakke_z *s);
/* What sakke_set_for gives between these two stays. */
void sakke_pin(const sakke_z *s);
void sakke_unpin(const sakke_z *s);
/* The widest set for a batch of n, where there are sets: it may be least, which may have to be made, or one for more
 * members in its place. */
const sakke_set *sakke_set_for(const sakke_z *s, size_t n);

/* The tables of a set, those over P and g of its own layout and width; g only where it is wanted: it may have to be
 * made first.  KM_ENOMEM, KM_ERANDOM, KM_ESELFTEST. */
km_err sakke_tables(encap_tables *t, const sakke_set *set, int with_g);
/* The same for a batch of n, which wide ones over P and g may suit better, and how many of it they are for. */
km_err sakke_tables_for(encap_tables *t, size_t *now, const sakke_set *set, size_t n, int with_g);
/* Make the wide tables over P and g, if so many members of several KMSs are worth them.  The same errors. */
km_err sakke_share(size_t members);
/* The table over P that is for one member. */
km_err sakke_table_of_p(const table **p);

/* r = HashToIntegerRange(ssv || id, q), and r*b mod q.  All ones where that is exact: see zq_mul_octets. */
uint64_t sakke_scalars(encap_item *item, const uint8_t *ssv, const uint8_t *id, size_t id_len);

/* alone_sums, encap_sums or encap8_sums, by what suits so many members; without with_g, gr may be
 * anything. */
km_err sakke_sums(encap_item *items, size_t n, const sakke_z *z, int with_g, const km_random *rnd);

/* One member's sums by the complete way of the tables for a few, whatever others there are, and from the last
 * window to the first: see encap_tables. */
km_err sakke_sums_of_one(encap_item *item, const sakke_z *z, const km_random *rnd);

/* [k]P, k secret.  KM_ERANDOM, KM_ENOMEM; KM_EDEGENERATE: k = 0. */
km_err sakke_times_p(ec_point *r, const uint64_t k[16], const km_random *rnd);

/* A point as it will leave, secret, and a copy from before it was checked: see keep_before. */
typedef struct {
	uint8_t octets[KM_SAKKE_POINT_BYTES], before[KM_SAKKE_POINT_BYTES];
} sakke_octets;

/* The same, checked: twice it must be [2k]P, which reads other entries of the tables, k again.  *verdict is KM_EFAULT
 * before, and becomes KM_OK, or an error as above. */
void sakke_times_p_checked(km_err *verdict, sakke_octets *r, const uint64_t k[16], const uint64_t again[16],
		const km_random *rnd);

/* out = in XOR HashToIntegerRange(w, 2^128); out may be in. */
void sakke_mask(uint8_t out[KM_SSV_BYTES], const uint8_t in[KM_SSV_BYTES], const uint8_t w[KM_FP_BYTES]);

/* What every batch returns: the first status that is not KM_OK makes it partial. */
km_err sakke_verdict(const km_err *status, size_t n);

#endif
