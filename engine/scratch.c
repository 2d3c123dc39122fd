/* scratch.c -- memory for passing secrets: each thread keeps what it has freed, wiped, for the next time.
 *
 * A mapping costs tens of microseconds to make, lock and touch, as much as a tenth of a small
 * operation, so sizes are powers of two and the last mapping of each size stays.
 */
#include "process.h"
#include "secret.h"

enum {
	SMALLEST = 14, /* 16 KB */
	LARGEST = 21,  /* 2 MB: what is larger is not kept */
	SIZES = LARGEST - SMALLEST + 1,
};

static _Thread_local void *kept[SIZES];

/* Which power of two holds len and its head, and what it has beside that; SIZES: none that is kept. */
static unsigned size_of(size_t *size, size_t len)
{
	unsigned i = 0;

	for (*size = (size_t)1 << SMALLEST; *size < len + SECRET_HEAD && i < SIZES; i++)
		*size *= 2;
	*size = i == SIZES ? len : *size - SECRET_HEAD;
	return i;
}

void scratch_end(void)
{
	for (unsigned i = 0; i < SIZES; i++) {
		secret_unmap(kept[i], ((size_t)1 << (SMALLEST + i)) - SECRET_HEAD);
		kept[i] = NULL;
	}
}

void *scratch_alloc(size_t len)
{
	size_t size;
	unsigned i = size_of(&size, len);
	void *p = NULL;

	if (i < SIZES) {
		p = kept[i];
		kept[i] = NULL;
	}
	return p ? p : secret_map(size, 0);
}

void scratch_free(void *p, size_t len)
{
	size_t size;
	unsigned i = size_of(&size, len);

	if (!p)
		return;
	/* Kept only where the end of the thread will give it back. */
	if (i < SIZES && !kept[i] && process_thread_keeps()) {
		wipe(p, len);
		kept[i] = p;
	} else {
		secret_unmap(p, size);
	}
}
