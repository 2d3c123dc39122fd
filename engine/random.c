/* random.c -- the system's randomness, behind one seeded stream a thread that a fork never repeats. */
#include <signal.h>
#include <sodium.h>
#include <string.h>

#include "process.h"
#include "random.h"
#include "scrub.h"
#include "secret.h"

/* ChaCha20 under a key that each refill replaces, so that what was given out cannot be found again.
 * In the child of a fork the stream is another process's, and seeded anew; besides, most kernels have
 * wiped the page, which is not relied on. */
typedef struct {
	uint8_t key[32];
	uint8_t out[1024];
	size_t left;      /* octets of out not given yet: its last ones */
	uint64_t process; /* that seeded it; 0: nobody */
} stream;

static _Thread_local stream *mine;
/* Between its two ends a signal's handler leaves the stream alone. */
static _Thread_local volatile sig_atomic_t busy;

static stream *stream_new(void)
{
	if (!process_thread_keeps())
		return NULL;
	return secret_map(sizeof(stream), 0);
}

void random_end(void)
{
	stream *s = mine;

	mine = NULL;
	secret_unmap(s, sizeof *s);
}

/* 32 octets of the system go into each refill: a clone of a virtual machine repeats what is left of one
 * at most. */
static void refill(stream *s, uint64_t process)
{
	static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
	uint8_t fresh[sizeof s->key];

	randombytes_buf(fresh, sizeof fresh);
	for (size_t i = 0; i < sizeof fresh; i++)
		s->key[i] = (uint8_t)((s->process == process ? s->key[i] : 0) ^ fresh[i]);
	wipe(fresh, sizeof fresh);
	s->process = process;
	crypto_stream_chacha20(s->out, sizeof s->out, nonce, s->key);
	memcpy(s->key, s->out, sizeof s->key);
	wipe(s->out, sizeof s->key);
	s->left = sizeof s->out - sizeof s->key;
}

/* From the stream of this thread; where it can have none, from the system itself. */
static void stream_fill(uint8_t *out, size_t len)
{
	uint64_t process = process_number();

	if (!mine && !(mine = stream_new())) {
		randombytes_buf(out, len);
		return;
	}
	while (len) {
		size_t n;

		if (mine->process != process || !mine->left)
			refill(mine, process);
		n = len < mine->left ? len : mine->left;
		uint8_t *from = mine->out + sizeof mine->out - mine->left;
		memcpy(out, from, n);
		wipe(from, n);
		mine->left -= n;
		out += n;
		len -= n;
	}
}

static int system_fill(void *ctx, uint8_t *out, size_t len)
{
	(void)ctx;
	if (busy) {
		randombytes_buf(out, len);
	} else {
		busy = 1;
		atomic_signal_fence(memory_order_seq_cst);
		stream_fill(out, len);
		atomic_signal_fence(memory_order_seq_cst);
		busy = 0;
	}
	return 0;
}

static int fresh_fill(void *ctx, uint8_t *out, size_t len)
{
	(void)ctx;
	randombytes_buf(out, len);
	return 0;
}

KM_API const km_random km_system_random = {system_fill, NULL};
static const km_random fresh_random = {fresh_fill, NULL};

const km_random *random_lasting(const km_random *rnd)
{
	return rnd && rnd->fill != system_fill ? rnd : &fresh_random;
}

SECRET_BODY km_err random_passing(uint8_t *out, size_t len, const km_random *rnd)
{
	if (!rnd)
		rnd = &km_system_random;
	if (rnd->fill(rnd->ctx, out, len) != 0) {
		wipe(out, len);
		return KM_ERANDOM;
	}
	return KM_OK;
}

KM_API km_err km_random_bytes(uint8_t *out, size_t len, const km_random *rnd)
{
	DIT_WITHIN;
	return leave_secret(random_passing(out, len, random_lasting(rnd)), SCRUB_HASH);
}

km_err random_below(uint64_t *r, const uint64_t *bound, size_t limbs, unsigned bits, const km_random *rnd)
{
	uint64_t less = 0, nonzero = 0;

	/* A draw is refused with a probability that depends on the bound alone, and shows nothing of
	 * the draw that is kept. */
	for (int tries = 0; tries < 128 && !(less & nonzero); tries++) {
		if (random_passing((uint8_t *)r, 8 * limbs, rnd) != KM_OK)
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
		/* Public: as said above. */
		ct_public(&less, sizeof less);
		ct_public(&nonzero, sizeof nonzero);
	}
	if (less & nonzero)
		return KM_OK;
	wipe(r, 8 * limbs);
	return KM_ERANDOM;
}
