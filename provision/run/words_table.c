/* words_table.c -- numbers by words. */
#include "words_table.h"

#include <stdlib.h>

#include <sodium.h>

#define NONE UINT32_MAX

/* number NONE: empty. */
typedef struct {
	uint64_t print;
	uint32_t number;
} slot;

/* Open, with linear steps; room is a power of two, and half of it empty. */
struct words_table {
	unsigned char key[crypto_shorthash_KEYBYTES];
	slot *slots;
	size_t n, room;
};

words_table *words_table_new(void)
{
	words_table *t = calloc(1, sizeof *t);

	if (t != NULL)
		crypto_shorthash_keygen(t->key);
	return t;
}

void words_table_free(words_table *t)
{
	if (t == NULL)
		return;
	free(t->slots);
	free(t);
}

static uint64_t fingerprint(const words_table *t, const char *word, size_t len)
{
	unsigned char octets[crypto_shorthash_BYTES];
	uint64_t print = 0;

	crypto_shorthash(octets, (const unsigned char *)word, len, t->key);
	for (size_t i = 0; i < sizeof octets; i++)
		print = print << 8 | octets[i];
	return print;
}

static void put(slot *slots, size_t room, slot s)
{
	size_t i = s.print & (room - 1);

	while (slots[i].number != NONE)
		i = (i + 1) & (room - 1);
	slots[i] = s;
}

static bool grow(words_table *t)
{
	const size_t room = t->room == 0 ? 64 : 2 * t->room;
	slot *bigger = calloc(room, sizeof *bigger);

	if (bigger == NULL)
		return false;
	for (size_t i = 0; i < room; i++)
		bigger[i].number = NONE;
	for (size_t i = 0; i < t->room; i++) {
		if (t->slots[i].number != NONE)
			put(bigger, room, t->slots[i]);
	}
	free(t->slots);
	t->slots = bigger;
	t->room = room;
	return true;
}

bool words_table_add(words_table *t, const char *word, size_t len, uint32_t number)
{
	if (2 * (t->n + 1) > t->room && !grow(t))
		return false;
	put(t->slots, t->room, (slot){ fingerprint(t, word, len), number });
	t->n++;
	return true;
}

uint32_t words_table_find(const words_table *t, const char *word, size_t len, uint32_t after)
{
	const uint64_t print = fingerprint(t, word, len);
	bool is_behind = after == NONE;

	for (size_t k = 0, i; k < t->room; k++) {
		i = (print + k) & (t->room - 1);
		if (t->slots[i].number == NONE)
			break;
		if (t->slots[i].print != print)
			continue;
		if (is_behind)
			return t->slots[i].number;
		is_behind = t->slots[i].number == after;
	}
	return NONE;
}
