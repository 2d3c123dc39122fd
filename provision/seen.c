/* seen.c -- was this string there before?  A set that keeps a fingerprint of each. */
#include "seen.h"

#include <stdint.h>
#include <stdlib.h>

#include <sodium.h>

/* Many small tables, of which one at a time grows: so old and new room never stand side by side for
 * the whole set. */
enum { TABLES = 256, FIRST_ROOM = 16 };

/* Open, with linear steps; 0 is an empty slot. */
typedef struct {
	uint64_t *slots;
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
	return print == 0 ? 1 : print;
}

/* Where print stands or would stand: the upper half says where to begin, spread over any room below
 * 2^32; the lowest octet chose the table. */
static uint64_t *slot_of(const table *t, uint64_t print)
{
	size_t i = (size_t)((print >> 32) * t->room >> 32);

	while (t->slots[i] != 0 && t->slots[i] != print)
		i = i + 1 == t->room ? 0 : i + 1;
	return &t->slots[i];
}

/* Half as much room again. */
static int grow(table *t)
{
	table bigger = { .n = t->n, .room = t->room == 0 ? FIRST_ROOM : t->room + t->room / 2 };

	bigger.slots = calloc(bigger.room, sizeof *bigger.slots);
	if (bigger.slots == NULL)
		return -1;
	for (size_t i = 0; i < t->room; i++) {
		if (t->slots[i] != 0)
			*slot_of(&bigger, t->slots[i]) = t->slots[i];
	}
	free(t->slots);
	*t = bigger;
	return 0;
}

int seen_add(seen *set, const char *s, size_t len)
{
	uint64_t print = fingerprint(set, s, len);
	table *t = &set->tables[print % TABLES];
	uint64_t *slot;

	if (5 * (t->n + 1) > 4 * t->room && grow(t) != 0)
		return -1;
	slot = slot_of(t, print);
	if (*slot != 0)
		return 0;
	*slot = print;
	t->n++;
	return 1;
}

void seen_free(seen *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < TABLES; i++)
		free(set->tables[i].slots);
	free(set);
}
