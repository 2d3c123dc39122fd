/* eccsi_nonce.c -- the nonce of a signature, in a file of its own so that tests can replace it.
 *
 * Hedged: a failing source of randomness alone does not repeat a nonce for different messages, for
 * the message and the key go in; a fault in the hash does not alone either, for randomness does.
 */
#include "bytes.h"
#include "eccsi.h"
#include "hash.h"
#include "secret.h"

km_err eccsi_nonce(uint64_t j[4], const uint8_t ssk[KM_SSK_BYTES], const uint8_t hs[KM_HASH_BYTES],
		const uint8_t *msg, size_t len, const km_random *rnd)
{
	struct {
		uint8_t fresh[32], block[2][32];
		uint64_t high[4], low[4];
	} w;
	uint64_t zero;
	km_err err;

	do {
		err = km_random_bytes(w.fresh, sizeof w.fresh, rnd);
		hmac_fan(w.block, 2, ssk, KM_SSK_BYTES, (hash_part[]){{w.fresh, sizeof w.fresh},
			{hs, KM_HASH_BYTES}, {msg, len}}, 3);
		/* 512 bits mod n: no bias that can be seen */
		limbs_from_be(w.high, w.block[0], 4);
		p256_to_mont_n(w.high, w.high);
		p256_scalar(w.low, w.block[1]);
		p256_add_mod(j, w.high, w.low, p256_n);
		zero = p256_is_zero(j);
		/* Public: it happens once in 2^256. */
		ct_public(&zero, sizeof zero);
	} while (err == KM_OK && zero);
	wipe(&w, sizeof w);
	if (err != KM_OK)
		wipe(j, 4 * sizeof *j);
	return err;
}
