/* scratch.c -- memory for passing secrets: each thread keeps what it has freed, wiped, for the next time.
 *
 * A mapping costs tens of microseconds to make, lock and touch, as much as a tenth of a small
 * operation, so sizes are powers of two and the last mapping of each size stays.
 */
#include <sys/mman.h>

#include "process.h"
#include "secret.h"

enum {
	SMALLEST = 14, /* 16 KB */
	LARGEST = 21,  /* 2 MB: what is larger is not kept */
	SIZES = LARGEST - SMALLEST + 1,
};

static _Thread_local void *kept[SIZES];

/* Which power of two holds len; SIZES or above: none that is kept. */
static unsigned size_of(size_t *size, size_t len)
{
	unsigned i = 0;

	for (*size = (size_t)1 << SMALLEST; *size < len && i < SIZES; i++)
		*size *= 2;
	if (i == SIZES)
		*size = len;
	return i;
}

void scratch_end(void)
{
	for (unsigned i = 0; i < SIZES; i++) {
		if (kept[i])
			munmap(kept[i], (size_t)1 << (SMALLEST + i));
		kept[i] = NULL;
	}
}

static void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (madvise(p, size, MADV_DONTDUMP) != 0) {
		munmap(p, size);
		return NULL;
	}
	/* Of an operation that another thread is in, a fork's child keeps nothing. */
	(void)madvise(p, size, MADV_WIPEONFORK);
	(void)mlock(p, size); /* where the limit is too small, scratch stays unlocked: wiped all the same */
	return p;
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
	return p ? p : map(size);
}

void scratch_free(void *p, size_t len)
{
	size_t size;
	unsigned i = size_of(&size, len);

	if (!p)
		return;
	km_wipe(p, len);
	/* Kept only where the end of the thread will give it back. */
	if (i < SIZES && !kept[i] && process_thread_keeps())
		kept[i] = p;
	else
		munmap(p, size);
}
