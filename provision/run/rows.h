/* rows.h -- a file of rows, one after the other: lines, or records of CSV (RFC 4180), which go on over line ends in
 * quotes.  What stands in a quoted field never becomes a row of its own. */
#ifndef KM_ROWS_H
#define KM_ROWS_H

#include <stdbool.h>
#include <stdio.h>

#include "gmk.h"

enum { ROWS_MAX = 1 << 16 };    /* octets of a row */

/* Zeroed but for in, to begin with. */
typedef struct {
	FILE *in;
	bool is_csv;            /* from here on: rows are records */
	uint64_t lines;         /* read so far */
	uint64_t first, last;   /* lines of the row */
	uint64_t quote;         /* the line where quotes were opened last */
	size_t len;
	bool too_long;          /* only the start of the row was kept */
	bool open_quote;        /* the file ended within quotes */
	bool swallowed;         /* the row goes on behind a line end */
	char record[ROWS_MAX];
	char fields[ROWS_MAX];  /* of the row, quotes and escapes undone */
} rows;

/* The next one, without its line end; without a byte order mark, where it is the first.  false: the end, or an error
 * of the input. */
bool rows_next(rows *r);
/* Is the row empty, or are all of its fields? */
bool rows_is_empty(const rows *r);

/* Of a row of CSV, the fields in n columns, at being their places, where the first line names so many.  They stay
 * until the next row; those that are missing are left as they were.  NULL, or what is wrong. */
const char *rows_csv(rows *r, km_str *values, const size_t *at, size_t n, size_t named);

/* Without white space (space, tab, U+00A0) around. */
km_str rows_trimmed(km_str s);

/* Take the next field of *rest, its quotes undone in place.  *rest is NULL after the last one.
 * false: quotes where none may stand. */
bool rows_take_field(km_str *field, char **rest, char *end);

#endif
