/* random.c -- the system's randomness, behind one seeded stream a thread that a fork never repeats. */
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

#include "random.h"
#include "secret.h"

/* ChaCha20 under a key that each refill replaces, so that what was given out cannot be found again.
 * The page is wiped by the kernel in the child of a fork: live is then 0 and the child seeds anew. */
typedef struct {
	uint8_t key[32];
	uint8_t out[1024];
	size_t left;      /* octets of out not given yet: its last ones */
	size_t refills;   /* since the seed */
	int live;
} stream;

enum { REFILLS_A_SEED = 1024 };

static pthread_key_t stream_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int key_made;
static _Thread_local stream *mine;

static void stream_free(void *p)
{
	km_wipe(p, sizeof(stream));
	munmap(p, sizeof(stream));
}

static void key_make(void)
{
	key_made = sodium_init() >= 0 && pthread_key_create(&stream_key, stream_free) == 0;
}

static stream *stream_new(void)
{
	stream *s;

	pthread_once(&once, key_make);
	if (!key_made)
		return NULL;
	s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return NULL;
	if (madvise(s, sizeof *s, MADV_WIPEONFORK) != 0 || madvise(s, sizeof *s, MADV_DONTDUMP) != 0 ||
			pthread_setspecific(stream_key, s) != 0) {
		munmap(s, sizeof *s);
		return NULL;
	}
	(void)mlock(s, sizeof *s);
	return s;
}

static void refill(stream *s)
{
	static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

	if (!s->live || s->refills >= REFILLS_A_SEED) {
		randombytes_buf(s->key, sizeof s->key);
		s->refills = 0;
		s->live = 1;
	}
	crypto_stream_chacha20(s->out, sizeof s->out, nonce, s->key);
	memcpy(s->key, s->out, sizeof s->key);
	km_wipe(s->out, sizeof s->key);
	s->left = sizeof s->out - sizeof s->key;
	s->refills++;
}

static int system_fill(void *ctx, uint8_t *out, size_t len)
{
	(void)ctx;
	if (!mine && !(mine = stream_new()))
		return -1;
	while (len) {
		size_t n;

		if (!mine->live || !mine->left)
			refill(mine);
		n = len < mine->left ? len : mine->left;
		uint8_t *from = mine->out + sizeof mine->out - mine->left;
		memcpy(out, from, n);
		km_wipe(from, n);
		mine->left -= n;
		out += n;
		len -= n;
	}
	return 0;
}

KM_API const km_random km_system_random = {system_fill, NULL};

KM_API km_err km_random_bytes(uint8_t *out, size_t len, const km_random *rnd)
{
	if (!rnd)
		rnd = &km_system_random;
	if (rnd->fill(rnd->ctx, out, len) != 0) {
		km_wipe(out, len);
		return KM_ERANDOM;
	}
	return KM_OK;
}

km_err random_below(uint64_t *r, const uint64_t *bound, size_t limbs, unsigned bits, const km_random *rnd)
{
	uint64_t less = 0, nonzero = 0;

	/* A draw is refused with a probability that depends on the bound alone, and shows nothing of
	 * the draw that is kept. */
	for (int tries = 0; tries < 128 && !(less & nonzero); tries++) {
		if (km_random_bytes((uint8_t *)r, 8 * limbs, rnd) != KM_OK)
			return KM_ERANDOM;
		if (bits % 64)
			r[limbs - 1] &= ((uint64_t)1 << bits % 64) - 1;
		uint64_t borrow = 0, any = 0;
		for (size_t i = 0; i < limbs; i++) {
			__extension__ unsigned __int128 d = (unsigned __int128)r[i] - bound[i] - borrow;
			borrow = (uint64_t)(d >> 64) & 1;
			any |= r[i];
		}
		less = 0 - borrow;
		nonzero = ct_mask_nonzero(any);
		ct_public(&less, sizeof less);
		ct_public(&nonzero, sizeof nonzero);
	}
	if (less & nonzero)
		return KM_OK;
	km_wipe(r, 8 * limbs);
	return KM_ERANDOM;
}
