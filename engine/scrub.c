/* scrub.c -- how a function of the interface leaves that has worked on secrets. */
#include "scrub.h"

#include <sodium.h>
#include <stdatomic.h>

#include "cpu.h"

_Static_assert(SCRUB_HASH == 4096 && SCRUB_SIGN == 24576 && SCRUB_ONE == 45056 &&
		SCRUB_MANY == 81920, "what scrub.S writes");

#if defined(ARCH_x86_64)
#define SCRUB(octets) scrub_##octets##_x86
#elif defined(ARCH_aarch64)
#define SCRUB(octets) scrub_##octets##_a64
#endif

#ifdef SCRUB
km_err SCRUB(4096)(km_err keep, unsigned vectors);
km_err SCRUB(24576)(km_err keep, unsigned vectors);
km_err SCRUB(45056)(km_err keep, unsigned vectors);
km_err SCRUB(81920)(km_err keep, unsigned vectors);

/* Asked once: hashes come before km_init too. */
static unsigned vectors(void)
{
	static atomic_uint known; /* and 1 */
	unsigned v = atomic_load_explicit(&known, memory_order_relaxed);

	if (!v) {
		v = cpu_vectors() + 1;
		atomic_store_explicit(&known, v, memory_order_relaxed);
	}
	return v - 1;
}

/* What overwrites is called last of all, so that nothing is taken from the stack behind it. */
km_err leave_secret(km_err err, int scrub)
{
	const unsigned v = vectors();

	if (scrub == SCRUB_HASH)
		return SCRUB(4096)(err, v);
	if (scrub == SCRUB_SIGN)
		return SCRUB(24576)(err, v);
	if (scrub == SCRUB_ONE)
		return SCRUB(45056)(err, v);
	return SCRUB(81920)(err, v);
}
#else
/* The registers of other processors come with their kernels. */
km_err leave_secret(km_err err, int scrub)
{
	sodium_stackzero((size_t)scrub);
	return err;
}
#endif
