/* salts.h -- the user salts that one GMK has given: two members that share one share their keys. */
#ifndef KM_SALTS_H
#define KM_SALTS_H

#include <stdbool.h>

#include "gmk.h"

enum { SALTS_PACKED = 8 };      /* octets of a member: salt, 32 bits of the hash */

/* For each member the salt, 32 bits of the SHA-256 of its URI, which tell it from another member
 * with the same salt, and its line: 16 to 32 octets in all. */
typedef struct salts salts;

/* NULL: out of memory. */
salts *salts_new(void);
/* set may be NULL. */
void salts_free(salts *set);
/* Forget all members. */
void salts_clear(salts *set);
size_t salts_count(const salts *set);

typedef enum {
	SALTS_NEW,
	SALTS_KNOWN,            /* this member is in it already */
	SALTS_SHARED,           /* added, and another member has the same salt */
	SALTS_NOMEM,
} salts_result;

/* Add a member of that line (0: of an earlier run).  *other is the line of a member that shares its
 * salt, for SALTS_SHARED.  One who was there unsure is new, and sure from now on. */
salts_result salts_add(salts *set, uint32_t *other, uint32_t salt, const char *uri, size_t uri_len,
		uint32_t line);

/* Add n members of earlier runs, SALTS_PACKED octets each; sure: they are known to have the key.
 * false: out of memory. */
bool salts_load(salts *set, const uint8_t *packed, size_t n, bool sure);
/* Pack all members, in no order: salts_count() * SALTS_PACKED octets. */
void salts_pack(uint8_t *packed, const salts *set);

#endif
