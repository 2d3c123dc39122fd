/* kmsdoc_value.h -- the texts of a KMS document's elements turned to values. */
#ifndef KM_KMSDOC_VALUE_H
#define KM_KMSDOC_VALUE_H

#include <stdbool.h>
#include <stddef.h>

/* White space of XML. */
static inline bool kmsdoc_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

enum { KMSDOC_SAID = 160 };     /* octets that text has room for */

/* Put what text says into a field of size octets; text may be changed.  NULL, or what is wrong, which
 * may stand in place of text and never shows it: it may be secret. */
typedef const char *kmsdoc_take(void *field, size_t size, char *text, size_t len);

kmsdoc_take kmsdoc_take_uri;            /* char[]: a URI that km_uri_check accepts */
kmsdoc_take kmsdoc_take_text;           /* char[]: as much of any text as fits */
kmsdoc_take kmsdoc_take_number;         /* uint64_t */
kmsdoc_take kmsdoc_take_period;         /* uint64_t, not 0 */
kmsdoc_take kmsdoc_take_time;           /* int64_t: Unix seconds */
kmsdoc_take kmsdoc_take_bool;           /* bool */
kmsdoc_take kmsdoc_take_one, kmsdoc_take_two;   /* only 1, only 2; the field is not touched */
kmsdoc_take kmsdoc_take_octets;         /* uint8_t[], exactly so many, in hex or base64 */
kmsdoc_take kmsdoc_take_ssk;            /* the same; zeros before it may be missing, or too many */
kmsdoc_take kmsdoc_take_uid;            /* uint8_t[], or 0 where it is not so many */

#endif
