/* secret.c -- memory for secrets: wiped, compared in constant time, locked, never dumped. */
#include "secret.h"

#include <sodium.h>

KM_API void km_wipe(void *p, size_t len)
{
	sodium_memzero(p, len);
}

KM_API int km_equal(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}

void *secret_alloc(size_t len)
{
	/* The allocation grows to whole blocks of 64, so that what it holds can be 64-byte aligned. */
	size_t size = (len + 63) / 64 * 64;
	void *p = sodium_init() < 0 ? NULL : sodium_malloc(size);

	if (!p)
		return NULL;
	if (sodium_mlock(p, size) != 0) { /* sodium_malloc itself does not insist */
		sodium_free(p);
		return NULL;
	}
	sodium_memzero(p, size);
	return p;
}

void secret_free(void *p)
{
	sodium_free(p);
}
