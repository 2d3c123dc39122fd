/* state_file.h -- the state of a GMS as text: what stands in the file, and whether it is whole.
 *
 *	keymuster-state 2
 *	t HHHHHHHHHHHHHHHH CCCCCCCC             the last T, 32.32 bits of Unix seconds, and its check
 *	sum N CCCCCCCCCCCCCCCC                  lines that follow, and the check of them
 *	gms URI
 *	kms URI
 *	gmk HHHHHHHH EXPIRY                     a GMK-ID in use (Unix seconds; 0: for ever)
 *	revoked HHHHHHHH EXPIRY                 one that was revoked
 *
 * Checks are the first octets of a SHA-256.  Version 1 had neither sum nor gms, kms, revoked.
 */
#ifndef KM_STATE_FILE_H
#define KM_STATE_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "gmk.h"

typedef struct {
	uint32_t gmk_id;
	bool revoked;
	uint64_t expiry;
} state_id;

typedef struct {
	int version;            /* 1 or 2 */
	bool has_t;             /* t could be read */
	uint64_t t;
	char *gms, *kms;        /* NULL in version 1 */
	state_id *ids;
	size_t n, room;
	int line;               /* where text is wrong, and what; NULL: it is whole */
	const char *wrong;
	size_t lost;            /* lines that could not be read */
} state_content;

/* "keymuster-state 2\n" and its T: what is written over once a batch. */
enum { STATE_T_LEN = 18 + 2 + 16 + 1 + 8 + 1 };
void state_print_t(char out[STATE_T_LEN + 1], uint64_t t);
/* false: not what state_print_t writes. */
bool state_parse_t(uint64_t *t, const char *text, size_t len);

/* Read all that can be read of text, and what is wrong in *c.  false: out of memory. */
bool state_parse(state_content *c, const char *text, size_t len);
/* false: out of memory. */
bool state_print(FILE *out, const state_content *c);
/* The place of that GMK-ID; NULL: it is not there. */
state_id *state_find_id(const state_content *c, uint32_t gmk_id);
/* Add one that is not there.  false: out of memory. */
bool state_push_id(state_content *c, state_id id);
/* Add it, or mark the one that is there as revoked too.  false: out of memory. */
bool state_add_id(state_content *c, state_id id);
/* All GMK-IDs of more into c; the later T.  false: out of memory. */
bool state_merge(state_content *c, const state_content *more);
void state_content_free(state_content *c);

#endif
