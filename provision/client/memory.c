/* memory.c -- what one process has accepted: replays and keys held. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "gmk.h"
#include "base/memlock.h"

typedef struct {
	uint8_t gmk[KM_SSV_BYTES];
	uint32_t gmk_id;
	uint64_t ntp64;
	bool revoked;
	char *gms, *kms, *member;    /* each ends in NUL */
	size_t next;                 /* in its bucket: index + 1, 0 for none */
} held_key;

typedef struct {
	uint8_t digest[KM_HASH_BYTES];
	size_t next;
} replay;

/* Growing arrays with a table of buckets over each. */
typedef struct {
	size_t *bucket, n, room;
} list;

struct km_memory {
	uint8_t hash_key[crypto_shorthash_KEYBYTES];
	list keys, replays;
	held_key *key;               /* in locked memory */
	replay *seen;
};

KM_API km_err km_memory_new(km_memory **memory)
{
	*memory = calloc(1, sizeof **memory);
	if (!*memory)
		return KM_ENOMEM;
	crypto_shorthash_keygen((*memory)->hash_key);
	return KM_OK;
}

static void key_clear(held_key *k)
{
	free(k->gms);
	free(k->kms);
	free(k->member);
	km_wipe(k, sizeof *k);
}

KM_API void km_memory_free(km_memory *memory)
{
	if (!memory)
		return;
	for (size_t i = 0; i < memory->keys.n; i++)
		key_clear(&memory->key[i]);
	sodium_free(memory->key);
	free(memory->seen);
	free(memory->keys.bucket);
	free(memory->replays.bucket);
	free(memory);
}

static size_t bucket_of(const km_memory *m, const list *l, const void *data, size_t len)
{
	uint64_t h;

	crypto_shorthash((unsigned char *)&h, data, len, m->hash_key);
	return (size_t)h & (l->room - 1);
}

static size_t key_bucket(const km_memory *m, km_str member, uint32_t gmk_id)
{
	char s[4 + KM_URI_MAX];
	size_t len = member.len < KM_URI_MAX ? member.len : KM_URI_MAX;

	memcpy(s, &gmk_id, 4);
	if (len)
		memcpy(s + 4, member.s, len);
	return bucket_of(m, &m->keys, s, 4 + len);
}

/* Who sent what when: hashed to a fixed size. */
static void replay_digest(uint8_t digest[KM_HASH_BYTES], km_str sender, uint64_t ntp64,
		const uint8_t *rand, size_t rand_len, uint32_t csb_id)
{
	uint8_t s[12 + 255 + KM_URI_MAX];
	size_t len = sender.len < KM_URI_MAX ? sender.len : KM_URI_MAX;

	rand_len = rand_len < 255 ? rand_len : 255;
	memcpy(s, &ntp64, 8);
	memcpy(s + 8, &csb_id, 4);
	memset(s + 12, 0, 255); /* RAND at a fixed width, so that fields cannot be shifted */
	memcpy(s + 12, rand, rand_len);
	if (len)
		memcpy(s + 12 + 255, sender.s, len);
	km_sha256(digest, s, 12 + 255 + len);
}

KM_API bool km_memory_replayed(void *memory, km_str sender, uint64_t ntp64, const uint8_t *rand,
		size_t rand_len, uint32_t csb_id)
{
	const km_memory *m = memory;
	uint8_t digest[KM_HASH_BYTES];
	size_t i;

	if (m->replays.room == 0)
		return false;
	replay_digest(digest, sender, ntp64, rand, rand_len, csb_id);
	i = m->replays.bucket[bucket_of(m, &m->replays, digest, sizeof digest)];
	while (i && memcmp(m->seen[i - 1].digest, digest, sizeof digest) != 0)
		i = m->seen[i - 1].next;
	return i != 0;
}

static bool is(const char *z, km_str s)
{
	return strlen(z) == s.len && memcmp(z, s.s, s.len) == 0;
}

/* The first key of that member and GMK-ID from index + 1 = i on, along its bucket; 0: none. */
static size_t find_key(const km_memory *m, size_t i, km_str member, uint32_t gmk_id)
{
	while (i && !(m->key[i - 1].gmk_id == gmk_id && is(m->key[i - 1].member, member)))
		i = m->key[i - 1].next;
	return i;
}

KM_API bool km_memory_held(void *memory, km_held *out, km_str member, uint32_t gmk_id, size_t i)
{
	const km_memory *m = memory;
	const held_key *k;
	size_t at;

	if (m->keys.room == 0)
		return false;
	at = find_key(m, m->keys.bucket[key_bucket(m, member, gmk_id)], member, gmk_id);
	while (at && i--)
		at = find_key(m, m->key[at - 1].next, member, gmk_id);
	if (!at)
		return false;
	k = &m->key[at - 1];
	memcpy(out->gmk, k->gmk, sizeof out->gmk);
	out->gms = (km_str){k->gms, strlen(k->gms)};
	out->kms = (km_str){k->kms, strlen(k->kms)};
	out->ntp64 = k->ntp64;
	out->revoked = k->revoked;
	return true;
}

/* Room for one more replay; everything is hung into a table twice as large when it is full. */
static bool replay_room(km_memory *m)
{
	size_t room = m->replays.room ? 2 * m->replays.room : 64;
	size_t *bucket;
	replay *seen;

	if (m->replays.n < m->replays.room)
		return true;
	seen = realloc(m->seen, room * sizeof *seen);
	if (seen)
		m->seen = seen;
	bucket = calloc(room, sizeof *bucket);
	if (!seen || !bucket) {
		free(bucket);
		return false;
	}
	free(m->replays.bucket);
	m->replays.bucket = bucket;
	m->replays.room = room;
	for (size_t i = 0; i < m->replays.n; i++) {
		size_t b = bucket_of(m, &m->replays, seen[i].digest, KM_HASH_BYTES);

		seen[i].next = bucket[b];
		bucket[b] = i + 1;
	}
	return true;
}

static bool key_room(km_memory *m)
{
	size_t room = m->keys.room ? 2 * m->keys.room : 64;
	size_t *bucket;
	held_key *key;

	if (m->keys.n < m->keys.room)
		return true;
	key = memlock_start() ? sodium_allocarray(room, sizeof *key) : NULL;
	bucket = calloc(room, sizeof *bucket);
	if (!key || !bucket) {
		sodium_free(key);
		free(bucket);
		return false;
	}
	if (m->keys.n)
		memcpy(key, m->key, m->keys.n * sizeof *key);
	sodium_free(m->key);
	free(m->keys.bucket);
	m->key = key;
	m->keys.bucket = bucket;
	m->keys.room = room;
	for (size_t i = 0; i < m->keys.n; i++) {
		size_t b = key_bucket(m, (km_str){key[i].member, strlen(key[i].member)}, key[i].gmk_id);

		key[i].next = bucket[b];
		bucket[b] = i + 1;
	}
	return true;
}

static char *copy(km_str s)
{
	char *z = malloc(s.len + 1);

	if (z) {
		if (s.len)
			memcpy(z, s.s, s.len);
		z[s.len] = 0;
	}
	return z;
}

static bool add_key(km_memory *m, const km_gmk_opened *o)
{
	held_key *k = &m->key[m->keys.n];
	size_t *bucket = &m->keys.bucket[key_bucket(m, o->member, o->gmk_id)];

	*k = (held_key){.gmk_id = o->gmk_id, .ntp64 = o->ntp64, .revoked = o->revoked,
			.gms = copy(o->gms), .kms = copy(o->gms_kms), .member = copy(o->member),
			.next = *bucket};
	if (!k->gms || !k->kms || !k->member) {
		key_clear(k);
		return false;
	}
	memcpy(k->gmk, o->gmk, sizeof k->gmk);
	*bucket = ++m->keys.n;
	return true;
}

/* The entry that an update is about, or NULL. */
static held_key *entry_of(km_memory *m, const km_gmk_opened *o)
{
	size_t at = m->keys.room == 0 ? 0 : find_key(m,
			m->keys.bucket[key_bucket(m, o->member, o->gmk_id)], o->member, o->gmk_id);

	for (; at; at = find_key(m, m->key[at - 1].next, o->member, o->gmk_id)) {
		held_key *k = &m->key[at - 1];

		if (is(k->gms, o->gms) && is(k->kms, o->gms_kms) &&
				km_equal(k->gmk, o->gmk, sizeof k->gmk))
			return k;
	}
	return NULL;
}

KM_API km_err km_memory_accept(km_memory *m, const km_gmk_opened *o)
{
	held_key *k = entry_of(m, o);
	size_t *bucket;

	if (!replay_room(m) || (!k && (!key_room(m) || !add_key(m, o))))
		return KM_ENOMEM;
	if (k) {
		k->ntp64 = o->ntp64;
		k->revoked = k->revoked || o->revoked;
	}
	replay_digest(m->seen[m->replays.n].digest, o->gms, o->ntp64, o->rand, o->rand_len, o->guk_id);
	bucket = &m->replays.bucket[bucket_of(m, &m->replays, m->seen[m->replays.n].digest,
			KM_HASH_BYTES)];
	m->seen[m->replays.n].next = *bucket;
	*bucket = ++m->replays.n;
	return KM_OK;
}
