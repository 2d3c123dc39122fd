/* secret.c -- memory for secrets: wiped, compared in constant time, locked, never dumped. */
#include "secret.h"

#include <sodium.h>
#include <sys/mman.h>

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

void *secret_map(size_t len, int locked)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (madvise(p, len, MADV_DONTDUMP) != 0) {
		munmap(p, len);
		return NULL;
	}
	if (locked)
		(void)mlock(p, len);
	return p;
}

void secret_unmap(void *p, size_t len)
{
	if (!p)
		return;
	km_wipe(p, len);
	munmap(p, len);
}
