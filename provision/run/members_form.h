/* members_form.h -- what form a list of members has, by its first line. */
#ifndef KM_MEMBERS_FORM_H
#define KM_MEMBERS_FORM_H

#include "members.h"

typedef enum { FORM_UNDECIDED, FORM_PLAIN, FORM_CSV, FORM_NDJSON, FORM_NONE } list_form;

enum { COLUMN_URI, COLUMN_KMS, COLUMN_GROUP, COLUMNS };

/* Where each column of CSV stands; equal to n: not there. */
typedef struct {
	const char *names[COLUMNS];
	bool chosen;            /* the name of the first is not the usual one */
	size_t n, at[COLUMNS];
} list_columns;

enum { FORM_TEXT = 256 };

/* The form that line, the first one that counts, gives the list.  FORM_NONE: wrong (FORM_TEXT octets)
 * says what it is.  FORM_UNDECIDED: a line to be passed over.  any_id as in members_how. */
list_form form_of(char *wrong, list_columns *columns, const char *line, size_t len, bool any_id);

/* What a file of another kind is, by that line of it; NULL: it shows no such thing. */
const char *form_foreign(km_str line);

/* Does one of the lines behind the first of a CSV record hold a URI as a field of its own: was it a row
 * of members before a quote swallowed it? */
bool form_swallowed_members(const char *record, size_t len, bool any_id);

#endif
