/* uri.h -- the parts of a sip:, sips: or tel: URI, and the form that tells one user from another. */
#ifndef KM_URI_H
#define KM_URI_H

#include <stdbool.h>

#include "gmk.h"

typedef enum { URI_OTHER, URI_SIP, URI_SIPS, URI_TEL } uri_scheme;

/* As it is written, nothing undone; len 0: not there. */
typedef struct {
	uri_scheme scheme;
	bool has_user;
	km_str user, password;  /* of tel: the number is the user */
	km_str host;            /* an IPv6 address with its brackets */
	km_str port;
	km_str params;          /* behind the first ';' */
	km_str headers;         /* behind the '?' */
} uri_parts;

/* Take a URI apart by RFC 3261 25.1 and RFC 3966; why it cannot be.  The characters that no URI
 * holds are looked for too. */
km_uri_fault uri_split(uri_parts *parts, const char *uri, size_t len);

/* The scheme at the start, in either case; *len: its octets with the colon. */
uri_scheme uri_scheme_of(size_t *len, const char *uri, size_t uri_len);

/* Is it a host: a name, an IPv4 address, or an IPv6 address in brackets? */
bool uri_is_host(km_str host);

/* One form for all the ways in which a user may be written: user and host in lower case with escapes
 * undone, without scheme, port, parameters, headers; of a tel: URI its digits.  What is no URI stays
 * as it is, in lower case.  Gives its length. */
size_t uri_twin(char out[KM_URI_MAX + 1], const char *uri, size_t len);

#endif
