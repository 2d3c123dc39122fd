/* secret.c -- secrets wiped and compared in constant time, and large memory for them, never dumped. */
#include "secret.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "scrub.h"

void wipe(void *p, size_t len)
{
	sodium_memzero(p, len);
}

KM_API void km_wipe(void *p, size_t len)
{
	DIT_WITHIN;
	wipe(p, len);
	(void)leave_secret(KM_OK, SCRUB_HASH);
}

KM_API int km_equal(const void *a, const void *b, size_t len)
{
	DIT_WITHIN;
	int equal = sodium_memcmp(a, b, len) == 0;

	/* Public: who compares is told, and goes one way or the other. */
	ct_public(&equal, sizeof equal);
	return (int)leave_secret((km_err)equal, SCRUB_HASH);
}

/* In words, both this and what reads it, for they go over every batch. */
void keep_before(void *before, const void *from, size_t len)
{
	const uint8_t *f = from;
	uint8_t *b = before;
	uint64_t x;
	size_t i;

	for (i = 0; i + sizeof x <= len; i += sizeof x) {
		memcpy(&x, f + i, sizeof x);
		x = ~x;
		memcpy(b + i, &x, sizeof x);
	}
	for (; i < len; i++)
		b[i] = (uint8_t)~f[i];
}

/* All ones where b is a with each bit turned over. */
static uint64_t is_kept(const uint8_t *a, const uint8_t *b, size_t len)
{
	uint64_t differ = 0, x, y;
	size_t i;

	for (i = 0; i + sizeof x <= len; i += sizeof x) {
		memcpy(&x, a + i, sizeof x);
		memcpy(&y, b + i, sizeof y);
		differ |= x ^ ~y;
	}
	for (; i < len; i++)
		differ |= (uint64_t)(uint8_t)(a[i] ^ ~b[i]);
	return ~ct_mask_nonzero(differ);
}

void give_out(km_err *err, const given *to, const given *again, const void *from, const void *before)
{
	uint64_t same;

	memcpy(to->at, from, to->len);
	keep_apart(to, again); /* the compiler knows what memcpy does */
	same = is_kept(again->at, before, again->len);
	/* Public: anything else is a fault. */
	ct_public(&same, sizeof same);
	if (same)
		*err = KM_OK;
	else
		wipe(to->at, to->len);
}

int give_err(km_err *to, const km_err *again, km_err err)
{
	km_err turned = (km_err)~(unsigned)err;

	*to = turned;
	keep_apart(to, again);
	if (*again != turned)
		return 0;
	*to = err;
	keep_apart(to, again);
	return *again == err;
}

/* What is locked of what is no key. */
static _Atomic size_t locked;

/* Keys come first: all else takes a quarter of the limit at most.  Whether it is locked. */
static int lock_beside_keys(void *p, size_t len)
{
	struct rlimit limit;
	size_t before;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return 0;
	before = atomic_fetch_add(&locked, len);
	if ((before + len <= limit.rlim_cur / 4 || limit.rlim_cur == RLIM_INFINITY) && mlock(p, len) == 0)
		return 1;
	atomic_fetch_sub(&locked, len);
	return 0;
}

/* In front of what a mapping is for. */
typedef struct {
	_Alignas(64) size_t locked; /* octets, 0 in a child of a fork */
} head;

_Static_assert(sizeof(head) == SECRET_HEAD, "what a mapping takes beside its use");

void *secret_map(size_t len, int in_child)
{
	size_t size = len + sizeof(head);
	head *h = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (h == MAP_FAILED)
		return NULL;
	if (madvise(h, size, MADV_DONTDUMP) != 0) {
		munmap(h, size);
		return NULL;
	}
	if (!in_child)
		(void)madvise(h, size, MADV_WIPEONFORK);
	h->locked = lock_beside_keys(h, size) ? size : 0;
	return h + 1;
}

void secret_unmap(void *p, size_t len)
{
	head *h = p;

	if (!p)
		return;
	wipe(p, len);
	atomic_fetch_sub(&locked, h[-1].locked);
	munmap(h - 1, len + sizeof *h);
}
