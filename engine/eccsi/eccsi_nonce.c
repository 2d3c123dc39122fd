/* eccsi_nonce.c -- the nonce of a signature and the v of a key, in a file of their own so that tests can
 * replace them.
 *
 * Hedged: a failing source of randomness alone does not repeat a nonce for different messages, for
 * the message and the key go in; a fault in the hash does not alone either, for randomness does.  So a
 * clone of a virtual machine, which draws what its twin draws, gives no two identities one v.
 */
#include "bytes.h"
#include "eccsi.h"
#include "hash.h"
#include "random.h"
#include "secret.h"

/* j = a number in 1 .. n - 1 by HMAC under key over randomness and the two parts; 0 where that is not
 * made.  KM_ERANDOM. */
static km_err hedged(uint64_t j[4], const uint8_t key[32], hash_part first, hash_part second,
		const km_random *rnd)
{
	struct {
		uint8_t fresh[2][32], half[2][32];
		uint64_t high[4], low[4];
	} w;
	uint64_t zero = ~(uint64_t)0;
	km_err err = KM_OK;

	wipe(j, 4 * sizeof *j);
	while (err == KM_OK && zero) {
		wipe(&w, sizeof w);
		err = random_passing(w.fresh[0], sizeof w.fresh, rnd);
		hmac_fan(w.half, 2, key, 32, (hash_part[]){{w.fresh[0], 32}, first, second}, 3);
		/* 512 bits mod n: no bias that can be seen; and other randomness, beside the hash */
		limbs_from_be(w.high, w.half[0], 4);
		p256_to_mont_n(w.high, w.high);
		p256_scalar(w.low, w.half[1]);
		p256_add_mod(w.high, w.high, w.low, p256_n);
		p256_scalar(w.low, w.fresh[1]);
		p256_add_mod(j, w.high, w.low, p256_n);
		zero = p256_is_zero(j);
		/* Public: it happens once in 2^256. */
		ct_public(&zero, sizeof zero);
	}
	wipe(&w, sizeof w);
	if (err != KM_OK)
		wipe(j, 4 * sizeof *j);
	return err;
}

km_err eccsi_nonce(uint64_t j[4], const uint8_t ssk[KM_SSK_BYTES], const uint8_t hs[KM_HASH_BYTES],
		const uint8_t *msg, size_t len, const km_random *rnd)
{
	return hedged(j, ssk, (hash_part){hs, KM_HASH_BYTES}, (hash_part){msg, len}, rnd);
}

km_err eccsi_token(uint64_t v[4], const uint8_t ksak[KM_SSK_BYTES],
		const uint8_t kpak[KM_ECCSI_POINT_BYTES], const uint8_t *id, size_t id_len,
		const km_random *rnd)
{
	return hedged(v, ksak, (hash_part){kpak, KM_ECCSI_POINT_BYTES}, (hash_part){id, id_len},
			random_lasting(rnd));
}
