/* groups.h -- the file of --groups: which group gets which key, a row a group, and the keys that these rows make.
 *
 * CSV whose first line names the columns, or NDJSON: group and gmk (the file of its key), text, activate, expire,
 * status.  What else stands in it is passed over.  Rows with the same file are one key for several groups.  A row that
 * is wrong fails alone, with all that share its key; a file that is no such list is refused as a whole.
 */
#ifndef KM_GROUPS_H
#define KM_GROUPS_H

#include <stdbool.h>
#include <stdio.h>

#include "gmk.h"

enum { GROUPS_MAX = 1000000 };
#define GROUPS_NONE UINT32_MAX

typedef struct group_list group_list;

typedef struct {
	uint64_t line;
	km_str group, gmk, text;        /* len 0: not given.  They end in NUL */
	int64_t activation, expiry;     /* Unix seconds; 0: not given */
	bool revoke;
	uint32_t key;                   /* its number */
	uint32_t next;                  /* the next row of its key; GROUPS_NONE: the last */
	char *wrong;                    /* "field: why it fails", no foreign text; NULL: it does not */
} groups_row;

/* Rows with one file; with --forget-key each has a key of its own. */
typedef struct {
	uint32_t first, n;              /* rows; what they say of the key agrees where none is wrong */
	uint32_t last;
} groups_key;

typedef struct {
	bool any_id;                    /* groups without sip: or tel: */
	bool forget;                    /* keys are kept nowhere: no row names a file */
} groups_how;

/* Read all of in, which stays the caller's; name stands in complaints.  false: *g is NULL, *why says why: reading
 * failed, memory ran out, or it is no such list. */
bool groups_read(group_list **g, FILE *in, const char *name, const groups_how *how, km_complaint *why);
/* g may be NULL. */
void groups_free(group_list *g);

const char *groups_name(const group_list *g);
size_t groups_rows(const group_list *g);
size_t groups_keys(const group_list *g);
const groups_row *groups_row_at(const group_list *g, size_t i);
const groups_key *groups_key_at(const group_list *g, size_t i);
/* The row of a group, however its URI is written; GROUPS_NONE: there is none. */
uint32_t groups_find(const group_list *g, km_str group);
/* All rows of that key fail; those that did stay as they were.  field may be NULL.  false: out of memory. */
bool groups_fail(group_list *g, size_t key, const char *field, const char *text);

#endif
