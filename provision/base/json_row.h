/* json_row.h -- a few strings out of one JSON object; what else it holds need not be sound. */
#ifndef KM_JSON_ROW_H
#define KM_JSON_ROW_H

#include <stdbool.h>

#include "gmk.h"

typedef struct {
	const char *name;
	bool required;          /* else it may be missing or null */
	bool found;             /* the name stands there */
	km_str value;           /* len 0: not given */
} json_field;

/* The text ends before the object does, outside of a string: the object may go on in another line. */
extern const char json_row_is_cut[];

/* Read the n fields off the object that text holds, their values into out (of len octets at least).
 * NULL, or what is wrong: the text is no object, or a field is no string, no UTF-8, or there twice. */
const char *json_row(json_field *fields, size_t n, char *out, const char *text, size_t len);

#endif
