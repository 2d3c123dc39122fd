/* util_nonce.c -- the ECCSI nonce of tests that do not replace it. */
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"

km_err __real_eccsi_nonce(uint64_t j[4], const uint8_t *ssk, const uint8_t *hs, const uint8_t *msg,
		size_t len, const km_random *rnd);
km_err __wrap_eccsi_nonce(uint64_t j[4], const uint8_t *ssk, const uint8_t *hs, const uint8_t *msg,
		size_t len, const km_random *rnd);

__attribute__((weak)) km_err __wrap_eccsi_nonce(uint64_t j[4], const uint8_t *ssk,
		const uint8_t *hs, const uint8_t *msg, size_t len, const km_random *rnd)
{
	return __real_eccsi_nonce(j, ssk, hs, msg, len, rnd);
}
