/* fuzz_uri.c -- fuzz target: any octets as two URIs. */
#include <stdlib.h>
#include <string.h>

#include "provision/gmk.h"
#include "provision/message/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is strict is also loose; what has a host is a URI; a URI is itself and its own twin. */
static void check_one(km_str s)
{
	char host[KM_URI_MAX + 1], twin[KM_URI_MAX + 1], again[KM_URI_MAX + 1];
	bool strict = km_uri_check(s.s, s.len, 0) == KM_URI_OK;
	size_t n = km_uri_host(host, s.s, s.len);

	if (strict && (km_uri_check(s.s, s.len, KM_URI_ANY_ID) != KM_URI_OK ||
	    km_uri_check(s.s, s.len, KM_URI_LOOSE) != KM_URI_OK))
		abort();
	if (n != strlen(host) || (n != 0 && !strict) || !km_uri_same(s, s))
		abort();
	n = uri_twin(twin, s.s, s.len);
	if (n > KM_URI_MAX || twin[n] != '\0' || uri_twin(again, s.s, s.len) != n)
		abort();
}

/* The first line is one, the rest the other. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *s = len == 0 ? "" : (const char *)data, *end = memchr(s, '\n', len);
	km_str a = { s, end == NULL ? len : (size_t)(end - s) };
	km_str b = { end == NULL ? s + len : end + 1, end == NULL ? 0 : len - a.len - 1 };
	char one[KM_URI_MAX + 1], other[KM_URI_MAX + 1];

	check_one(a);
	check_one(b);
	if (km_uri_same(a, b) != km_uri_same(b, a))
		abort();
	/* The same user has one form, whatever RFC 3261 tells apart beside it. */
	if (km_uri_same(a, b) && km_uri_check(a.s, a.len, 0) == KM_URI_OK &&
	    km_uri_check(b.s, b.len, 0) == KM_URI_OK && a.s[0] != 't' && a.s[0] != 'T') {
		size_t n = uri_twin(one, a.s, a.len);

		if (n != uri_twin(other, b.s, b.len) || memcmp(one, other, n) != 0)
			abort();
	}
	return 0;
}
