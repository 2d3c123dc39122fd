/* keyring_pointers.c -- what a keyring holds, by pointers into it: what they are to stays until it is freed. */
#include "keyring_pointers.h"

#include "keyring_load.h"

static const ring_snapshot *look(const km_keyring *ring)
{
	((km_keyring *)(uintptr_t)ring)->gave_out = true;       /* as km_keyring_new made it */
	return ring_take(ring);
}

#define FIND(type, call) \
	const ring_snapshot *s = look(ring); \
	type found = call; \
\
	ring_give_back(s); \
	return found

const char *km_keyring_lost(const km_keyring *ring, const char *uri, const char *kms_uri, uint64_t period_no)
{
	FIND(const char *, ring_lost(s, uri, kms_uri, period_no));
}

const km_kms *km_keyring_kms_newest(const km_keyring *ring, const char *uri, size_t len)
{
	FIND(const km_kms *, ring_kms(s, uri, len));
}

const km_kms *km_keyring_kms_valid(const km_keyring *ring, const char *uri, size_t len, int64_t at)
{
	FIND(const km_kms *, ring_kms_valid(s, uri, len, at));
}

const km_kms *km_keyring_kms_at(const km_keyring *ring, size_t i)
{
	FIND(const km_kms *, ring_kms_at(s, i));
}

const km_kms *km_keyring_kms_claims(const km_keyring *ring, const char *uri, size_t len, const km_kms **other)
{
	FIND(const km_kms *, ring_kms_claims(s, uri, len, other));
}

const km_key_set *km_keyring_keys_at(const km_keyring *ring, size_t i)
{
	FIND(const km_key_set *, ring_keys_at(s, i));
}

const km_key_set *km_keyring_keys_when(const km_keyring *ring, const char *uri, size_t len, const km_kms *kms,
		int64_t at)
{
	FIND(const km_key_set *, ring_keys_when(s, uri, len, kms, at));
}
