/* seal.c -- what keys are kept under, where they are kept: XChaCha20-Poly1305 of libsodium. */
#include "seal.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "asm/dit.h"
#include "base/complain.h"
#include "base/file.h"
#include "base/memlock.h"

_Static_assert(SEAL_NONCE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "the nonce");
_Static_assert(SEAL_MORE == SEAL_NONCE + crypto_aead_xchacha20poly1305_ietf_ABYTES, "and the tag");
_Static_assert(KM_SEAL_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "the key");

struct km_seal {
	_Atomic size_t holders;
	uint8_t *key;           /* secret, of km_secret_new; NULL: km_seal_none */
};

static const km_seal none;

KM_API const km_seal *km_seal_none(void)
{
	return &none;
}

bool seal_is_none(const km_seal *seal)
{
	return seal->key == NULL;
}

/* Its key never changes, and what counts is not a part of it. */
static km_seal *counted(const km_seal *seal)
{
	return (km_seal *)(uintptr_t)seal;
}

const km_seal *seal_hold(const km_seal *seal)
{
	if (!seal_is_none(seal))
		atomic_fetch_add_explicit(&counted(seal)->holders, 1, memory_order_relaxed);
	return seal;
}

/* Room for a key. */
static km_err make(km_seal **out)
{
	km_seal *seal = memlock_start() ? calloc(1, sizeof *seal) : NULL;
	void *key;
	km_err err = seal == NULL ? KM_ENOMEM : km_secret_new(&key, KM_SEAL_BYTES);

	*out = NULL;
	if (err != KM_OK) {
		free(seal);
		return err;
	}
	seal->holders = 1;
	seal->key = key;
	*out = seal;
	return KM_OK;
}

KM_API km_err km_seal_new(km_seal **out, const uint8_t key[KM_SEAL_BYTES])
{
	DIT_WITHIN;
	km_err err = make(out);

	if (err != KM_OK)
		return err;
	memcpy((*out)->key, key, KM_SEAL_BYTES);
	if (!sodium_is_zero((*out)->key, KM_SEAL_BYTES))
		return KM_OK;
	km_seal_free(*out);
	*out = NULL;
	return KM_EARG;
}

KM_API void km_seal_free(km_seal *seal)
{
	if (seal == NULL || seal_is_none(seal) ||
	    atomic_fetch_sub_explicit(&seal->holders, 1, memory_order_acq_rel) != 1)
		return;
	km_secret_free(seal->key);
	free(seal);
}

/* ---- in a file ------------------------------------------------------------------------------- */

static km_err refuse(const char *path, km_err err, const char *text, km_complaint *why)
{
	complain(why, path, 0, NULL, text);
	return err;
}

static km_err lacks_memory(const char *path, km_err err, km_complaint *why)
{
	char text[MEMLOCK_TEXT];

	return refuse(path, err, memlock_strerror(text, err), why);
}

static km_err read_key(km_seal **out, const char *path, km_complaint *why)
{
	char *data;
	size_t len;
	km_err err;

	if (!file_read(&data, &len, path, KM_SEAL_BYTES, why))
		return KM_EIO;
	if (len != KM_SEAL_BYTES || sodium_is_zero((const uint8_t *)data, len)) {
		file_free(data);
		return refuse(path, KM_EFORMAT, "not a sealing key, which is 32 octets that are not all 0", why);
	}
	err = km_seal_new(out, (const uint8_t *)data);
	file_free(data);
	if (err != KM_OK)
		return lacks_memory(path, err, why);
	if (!file_is_private(path))
		refuse(path, KM_OK, "others than its owner may read this key", why);
	return KM_OK;
}

/* On disk before it is used.  *exists: another has made it meanwhile. */
static km_err draw_key(km_seal **out, bool *exists, const char *path, km_complaint *why)
{
	km_err err = make(out);
	file_out file;
	struct stat st;
	bool done;

	*exists = false;
	if (err == KM_OK)
		err = km_random_bytes((*out)->key, KM_SEAL_BYTES, NULL);
	if (err != KM_OK)
		return lacks_memory(path, err, why);
	done = file_create(&file, path, FILE_PRIVATE | FILE_NEW, why);
	if (done) {
		fwrite((*out)->key, 1, KM_SEAL_BYTES, file.f);
		done = file_commit(&file, why);
	}
	*exists = !done && stat(path, &st) == 0;
	return done ? KM_OK : KM_EIO;
}

KM_API km_err km_seal_file(km_seal **out, const char *path, km_begin begin, km_complaint *why)
{
	DIT_WITHIN;
	km_complaint spare;
	bool exists;
	struct stat st;
	km_err err;

	why = complain_anew(why, &spare);
	*out = NULL;
	if (path == NULL || *path == '\0')
		return complain_field(why, "path", "is missing");
	if (begin != KM_MUST_EXIST && begin != KM_MAY_BEGIN && begin != KM_BEGIN_ANEW)
		return complain_field(why, "begin", "none of KM_MUST_EXIST, KM_MAY_BEGIN, KM_BEGIN_ANEW");
	if (begin == KM_MUST_EXIST || stat(path, &st) == 0 || errno != ENOENT)
		return read_key(out, path, why);
	err = draw_key(out, &exists, path, why);
	if (err == KM_OK)
		return KM_OK;
	km_seal_free(*out);
	*out = NULL;
	return exists ? read_key(out, path, complain_anew(why, &spare)) : err;
}

/* ---- boxes ----------------------------------------------------------------------------------- */

km_err seal_put(uint8_t *out, const km_seal *seal, const void *about, size_t about_len, const void *text, size_t len)
{
	DIT_WITHIN;
	km_err err = km_random_bytes(out, SEAL_NONCE, NULL);

	if (err == KM_OK)
		crypto_aead_xchacha20poly1305_ietf_encrypt(out + SEAL_NONCE, NULL, text, len, about, about_len,
				NULL, out, seal->key);
	else
		memset(out, 0, len + SEAL_MORE);
	return err;
}

bool seal_take(void *text, const km_seal *seal, const void *about, size_t about_len, const uint8_t *sealed,
		size_t len)
{
	DIT_WITHIN;
	if (len < SEAL_MORE || seal_is_none(seal))
		return false;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(text, NULL, NULL, sealed + SEAL_NONCE, len - SEAL_NONCE,
			about, about_len, sealed, seal->key) == 0)
		return true;
	km_wipe(text, len - SEAL_MORE);
	return false;
}
