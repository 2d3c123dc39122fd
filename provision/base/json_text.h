/* json_text.h -- JSON strings, into memory. */
#ifndef KM_JSON_TEXT_H
#define KM_JSON_TEXT_H

#include <stddef.h>

/* A JSON string with its quotes: at most 6 * len + 2 octets, whose number is given.  s is UTF-8. */
size_t json_text(char *out, const char *s, size_t len);

#endif
