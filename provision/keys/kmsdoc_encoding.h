/* kmsdoc_encoding.h -- which encoding a KMS document is in. */
#ifndef KM_KMSDOC_ENCODING_H
#define KM_KMSDOC_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

#include <expat.h>

enum { KMSDOC_ENCODING = 32 };  /* octets of an encoding's name */

/* Its name for the parser; false: the octets are no XML.  What calls itself otherwise and is in ASCII, or says that it
 * is in UTF-16 and begins in single octets, is read as UTF-8. */
bool kmsdoc_encoding(char out[KMSDOC_ENCODING], const char *xml, size_t len);

/* Encodings that the parser does not know, one octet a character: for XML_SetUnknownEncodingHandler. */
int kmsdoc_other_encoding(void *ctx, const XML_Char *name, XML_Encoding *out);

#endif
