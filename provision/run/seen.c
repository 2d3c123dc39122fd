/* seen.c -- was this member there before, in the same way or in another?  A set of fingerprints. */
#include "seen.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "message/uri.h"

/* Many small tables, of which one at a time grows: so old and new room never stand side by side for
 * the whole set. */
enum { TABLES = 256, FIRST_ROOM = 16 };

/* line 0: empty. */
typedef struct {
	uint64_t user, kms;
	uint32_t uri, line;
} slot;

/* Open, with linear steps. */
typedef struct {
	slot *slots;
	size_t n, room;
} table;

struct seen {
	unsigned char key[crypto_shorthash_KEYBYTES];
	table tables[TABLES];
};

seen *seen_new(void)
{
	seen *set = calloc(1, sizeof *set);

	if (set != NULL)
		crypto_shorthash_keygen(set->key);
	return set;
}

static uint64_t fingerprint(const seen *set, const char *s, size_t len)
{
	unsigned char octets[crypto_shorthash_BYTES];
	uint64_t print = 0;

	crypto_shorthash(octets, (const unsigned char *)s, len, set->key);
	for (size_t i = 0; i < sizeof octets; i++)
		print = print << 8 | octets[i];
	return print;
}

/* Where a user's slots begin: the upper half, spread over any room below 2^32. */
static size_t start_of(const table *t, uint64_t user)
{
	return (size_t)((user >> 32) * t->room >> 32);
}

static size_t step(const table *t, size_t i)
{
	return i + 1 == t->room ? 0 : i + 1;
}

static void put(table *t, slot s)
{
	size_t i = start_of(t, s.user);

	while (t->slots[i].line != 0)
		i = step(t, i);
	t->slots[i] = s;
}

/* Half as much room again. */
static bool grow(table *t)
{
	table bigger = { .n = t->n, .room = t->room == 0 ? FIRST_ROOM : t->room + t->room / 2 };

	bigger.slots = calloc(bigger.room, sizeof *bigger.slots);
	if (bigger.slots == NULL)
		return false;
	for (size_t i = 0; i < t->room; i++) {
		if (t->slots[i].line != 0)
			put(&bigger, t->slots[i]);
	}
	free(t->slots);
	*t = bigger;
	return true;
}

static uint64_t user_of(const seen *set, km_str uri, uint32_t key)
{
	char form[KM_URI_MAX + 1 + sizeof key];
	size_t len = uri_twin(form, uri.s, uri.len);

	memcpy(form + len, &key, sizeof key);
	return fingerprint(set, form, len + sizeof key);
}

seen_result seen_add(seen *set, km_str uri, km_str kms, uint32_t key, uint64_t *line)
{
	uint64_t user = user_of(set, uri, key);
	table *t = &set->tables[user % TABLES];
	slot new = {
		.user = user,
		.kms = fingerprint(set, kms.s, kms.len),
		.uri = (uint32_t)fingerprint(set, uri.s, uri.len),
		.line = *line < UINT32_MAX ? (uint32_t)*line : UINT32_MAX,
	};
	seen_result result = SEEN_NEW;
	size_t i;

	if (5 * (t->n + 1) > 4 * t->room && !grow(t))
		return SEEN_NOMEM;
	for (i = start_of(t, user); t->slots[i].line != 0; i = step(t, i)) {
		const slot *old = &t->slots[i];

		if (old->user != user)
			continue;
		*line = old->line;
		if (old->uri == new.uri)
			return old->kms == new.kms ? SEEN_REPEAT : SEEN_OTHER_KMS;
		result = SEEN_TWIN;
	}
	t->slots[i] = new;
	t->n++;
	return result;
}

void seen_free(seen *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < TABLES; i++)
		free(set->tables[i].slots);
	free(set);
}
