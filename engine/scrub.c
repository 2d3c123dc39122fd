/* scrub.c -- how a function of the interface leaves that has worked on secrets. */
#include "scrub.h"

#include <sodium.h>
#include <stdatomic.h>

#include "cpu.h"

_Static_assert(SCRUB_HASH == 4096 && SCRUB_SIGN == 24576 && SCRUB_ONE == 45056 &&
		SCRUB_MANY == 81920, "what scrub.S writes");

#if defined(ARCH_x86_64)
uint64_t scrub_4096_x86(uint64_t keep, unsigned vectors);
uint64_t scrub_24576_x86(uint64_t keep, unsigned vectors);
uint64_t scrub_45056_x86(uint64_t keep, unsigned vectors);
uint64_t scrub_81920_x86(uint64_t keep, unsigned vectors);

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

km_err leave_secret(km_err err, int scrub)
{
	unsigned v = vectors();

	if (scrub == SCRUB_HASH)
		return (km_err)scrub_4096_x86(err, v);
	if (scrub == SCRUB_SIGN)
		return (km_err)scrub_24576_x86(err, v);
	if (scrub == SCRUB_ONE)
		return (km_err)scrub_45056_x86(err, v);
	return (km_err)scrub_81920_x86(err, v);
}
#elif defined(ARCH_aarch64)
uint64_t scrub_4096_a64(uint64_t keep);
uint64_t scrub_24576_a64(uint64_t keep);
uint64_t scrub_45056_a64(uint64_t keep);
uint64_t scrub_81920_a64(uint64_t keep);

km_err leave_secret(km_err err, int scrub)
{
	if (scrub == SCRUB_HASH)
		return (km_err)scrub_4096_a64(err);
	if (scrub == SCRUB_SIGN)
		return (km_err)scrub_24576_a64(err);
	if (scrub == SCRUB_ONE)
		return (km_err)scrub_45056_a64(err);
	return (km_err)scrub_81920_a64(err);
}
#else
/* The registers of other processors come with their kernels. */
km_err leave_secret(km_err err, int scrub)
{
	sodium_stackzero((size_t)scrub);
	return err;
}
#endif
