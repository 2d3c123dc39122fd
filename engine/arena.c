/* arena.c -- locked memory for keys: slabs of slots of one size between guard pages, never dumped.
 *
 * A slab is four pages, so that of the little that may be locked a key takes its own size and not a page.
 * Which slots are taken stands outside, but for a way back to it in the first octets of the slab; all
 * of it changes by single atomic steps, so that the child of a fork finds it whole.  Slabs stay, for
 * the next keys.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "process.h"
#include "secret.h"

enum {
	SLAB = 1 << 14,
	UNIT = 64,       /* slots are whole units, the first of which is the way back */
	LARGEST = 32,    /* units of a slot */
	WORDS = SLAB / UNIT / 64,
};

_Static_assert(LARGEST * UNIT == KM_SECRET_MAX, "the largest slot");

typedef struct slab {
	struct slab *next;
	uint8_t *data;
	size_t size, slots;
	_Atomic uint64_t taken[WORDS]; /* a bit a slot; those beyond slots are set */
	_Atomic uint64_t locked;       /* the process that locked it, for a child of a fork has no locks; 0 */
} slab;

static _Atomic(slab *) slabs[LARGEST + 1]; /* by the units of a slot */
static _Atomic(slab *) last[LARGEST + 1];   /* where a slot was found last: those before it are mostly full */
static atomic_int must_lock = 1;

KM_API void km_keys_locked(int always)
{
	atomic_store(&must_lock, always != 0);
}

static int lock(slab *b)
{
	uint64_t process = process_number();

	if (atomic_load(&b->locked) == process)
		return 1;
	if (mlock(b->data, SLAB) != 0)
		return 0;
	atomic_store(&b->locked, process);
	return 1;
}

/* Zeroed pages with guards, at a multiple of their size. */
static uint8_t *pages_new(void)
{
	uint8_t *p = mmap(NULL, 3 * SLAB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *data;

	if (p == MAP_FAILED)
		return NULL;
	data = p + (SLAB - (uintptr_t)p % SLAB);
	if (mprotect(data, SLAB, PROT_READ | PROT_WRITE) == 0 && madvise(data, SLAB, MADV_DONTDUMP) == 0)
		return data;
	munmap(p, 3 * SLAB);
	return NULL;
}

/* With its first slot taken.  It is in the list where there is memory, locked or not. */
static slab *slab_new(size_t units)
{
	slab *b = calloc(1, sizeof *b);

	if (!b || !(b->data = pages_new())) {
		free(b);
		return NULL;
	}
	memcpy(b->data, &b, sizeof b);
	b->size = units * UNIT;
	b->slots = (SLAB - UNIT) / b->size;
	for (size_t i = b->slots; i < 64 * WORDS; i++)
		b->taken[i / 64] |= (uint64_t)1 << i % 64;
	b->taken[0] |= 1;
	b->next = atomic_load(&slabs[units]);
	while (!atomic_compare_exchange_weak(&slabs[units], &b->next, b))
		;
	return b;
}

/* A slot that nobody has; slots: there is none. */
static size_t slot_take(slab *b)
{
	for (size_t i = 0; i < WORDS; i++) {
		uint64_t taken = atomic_load(&b->taken[i]);

		while (~taken) {
			unsigned bit = (unsigned)__builtin_ctzll(~taken);

			if (atomic_compare_exchange_weak(&b->taken[i], &taken, taken | (uint64_t)1 << bit))
				return 64 * i + bit;
		}
	}
	return b->slots;
}

static void slot_give(slab *b, size_t slot)
{
	atomic_fetch_and(&b->taken[slot / 64], ~((uint64_t)1 << slot % 64));
}

/* The first slab from b on, but before end, a slot of which is now the caller's; NULL: there is none, and
 * *err is KM_ELOCKED where one would have to be locked and cannot be. */
static slab *room_from(slab *b, const slab *end, km_err *err, size_t *slot)
{
	for (; b && b != end; b = b->next) {
		*slot = slot_take(b);
		if (*slot == b->slots)
			continue;
		if (lock(b) || !atomic_load(&must_lock))
			return b;
		slot_give(b, *slot);
		*err = KM_ELOCKED;
	}
	return NULL;
}

/* A slab of such slots one of which is now the caller's; NULL: *err.  The search goes on where the last one
 * ended, so that many keys made, freed and made again do not each look through all slabs. */
static slab *slab_with_room(km_err *err, size_t *slot, size_t units)
{
	slab *from = atomic_load(&last[units]);
	slab *b = room_from(from, NULL, err, slot);

	if (!b)
		b = room_from(atomic_load(&slabs[units]), from, err, slot);
	if (b) {
		atomic_store(&last[units], b);
		return b;
	}
	/* Another slab would not be locked either. */
	if (*err == KM_ELOCKED || !(b = slab_new(units)))
		return NULL;
	*slot = 0;
	atomic_store(&last[units], b);
	if (lock(b) || !atomic_load(&must_lock))
		return b;
	slot_give(b, *slot);
	*err = KM_ELOCKED;
	return NULL;
}

km_err secret_alloc(void **p, size_t len)
{
	size_t slot, units = (len + UNIT - 1) / UNIT;
	km_err err = KM_ENOMEM;
	slab *b = units > LARGEST ? NULL : slab_with_room(&err, &slot, units);

	*p = b ? b->data + UNIT + slot * b->size : NULL;
	return b ? KM_OK : err;
}

void secret_free(void *p)
{
	uint8_t *data;
	slab *b;
	size_t slot;

	if (!p)
		return;
	data = (uint8_t *)((uintptr_t)p / SLAB * SLAB);
	memcpy(&b, data, sizeof b);
	slot = (size_t)((uint8_t *)p - data - UNIT) / b->size;
	wipe(p, b->size);
	slot_give(b, slot);
}

KM_API km_err km_secret_new(void **p, size_t len)
{
	*p = NULL;
	return len == 0 || len > KM_SECRET_MAX ? KM_EARG : secret_alloc(p, len);
}

KM_API void km_secret_free(void *p)
{
	secret_free(p);
}

KM_API km_err km_keys_lock_again(void)
{
	for (size_t i = 0; i <= LARGEST; i++)
		for (slab *b = atomic_load(&slabs[i]); b; b = b->next)
			if (!lock(b))
				return KM_ELOCKED;
	return KM_OK;
}
