/* kmsdoc_text.h -- the text of a KMS document, whatever encoding it came in. */
#ifndef KM_KMSDOC_TEXT_H
#define KM_KMSDOC_TEXT_H

#include <stddef.h>

/* A copy in UTF-8, in locked memory (sodium_free) and ending in NUL; NULL: *wrong says why. */
char *kmsdoc_utf8(const char *xml, size_t len, const char **wrong);

#endif
