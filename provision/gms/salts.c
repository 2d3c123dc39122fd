/* salts.c -- the user salts that one GMK has given: two members that share one share their keys. */
#include "salts.h"

#include <stdlib.h>
#include <string.h>

/* used = 1 << 31 | salt, and 1 << 30 where it is not sure; 0: empty.  A member is found by its salt,
 * then place after place. */
typedef struct {
	uint32_t used, mark, line;
} entry;

struct salts {
	entry *at;
	size_t n, room;         /* room is a power of two, n at most 3/4 of it */
};

enum { FIRST_ROOM = 16 };
#define USED ((uint32_t)1 << 31)
#define UNSURE ((uint32_t)1 << 30)

salts *salts_new(void)
{
	salts *set = calloc(1, sizeof *set);

	if (set == NULL)
		return NULL;
	set->room = FIRST_ROOM;
	set->at = calloc(set->room, sizeof *set->at);
	if (set->at == NULL) {
		free(set);
		return NULL;
	}
	return set;
}

void salts_free(salts *set)
{
	if (set == NULL)
		return;
	free(set->at);
	free(set);
}

void salts_clear(salts *set)
{
	memset(set->at, 0, set->room * sizeof *set->at);
	set->n = 0;
}

size_t salts_count(const salts *set)
{
	return set->n;
}

/* Salts are the output of a keyed function: they spread by themselves. */
static void place(entry *at, size_t room, const entry *new)
{
	size_t i = new->used & ~UNSURE & (room - 1);

	while (at[i].used != 0)
		i = (i + 1) & (room - 1);
	at[i] = *new;
}

static bool grow(salts *set)
{
	entry *bigger = calloc(2 * set->room, sizeof *bigger);

	if (bigger == NULL)
		return false;
	for (size_t i = 0; i < set->room; i++) {
		if (set->at[i].used != 0)
			place(bigger, 2 * set->room, &set->at[i]);
	}
	free(set->at);
	set->at = bigger;
	set->room *= 2;
	return true;
}

static salts_result add(salts *set, uint32_t *other, const entry *new)
{
	const uint32_t used = new->used & ~UNSURE;
	salts_result result = SALTS_NEW;

	for (size_t i = used & (set->room - 1); set->at[i].used != 0; i = (i + 1) & (set->room - 1)) {
		entry *at = &set->at[i];

		if ((at->used & ~UNSURE) != used)
			continue;
		if (at->mark == new->mark) {
			if ((at->used & UNSURE) == 0 || (new->used & UNSURE) != 0)
				return SALTS_KNOWN;
			*at = *new;
			return SALTS_NEW;
		}
		*other = at->line;
		result = SALTS_SHARED;
	}
	if (set->n + 1 > set->room / 4 * 3 && !grow(set))
		return SALTS_NOMEM;
	place(set->at, set->room, new);
	set->n++;
	return result;
}

static uint32_t load32(const uint8_t in[4])
{
	return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static void store32(uint8_t out[4], uint32_t v)
{
	out[0] = (uint8_t)(v >> 24);
	out[1] = (uint8_t)(v >> 16);
	out[2] = (uint8_t)(v >> 8);
	out[3] = (uint8_t)v;
}

salts_result salts_add(salts *set, uint32_t *other, uint32_t salt, const char *uri, size_t uri_len,
		uint32_t line)
{
	uint8_t hash[KM_HASH_BYTES];
	entry new = { .used = USED | salt, .line = line };

	km_sha256(hash, (const uint8_t *)uri, uri_len);
	new.mark = load32(hash);
	*other = 0;
	return add(set, other, &new);
}

bool salts_load(salts *set, const uint8_t *packed, size_t n, bool sure)
{
	for (size_t i = 0; i < n; i++, packed += SALTS_PACKED) {
		entry old = { .used = USED | (sure ? 0 : UNSURE) | load32(packed),
				.mark = load32(packed + 4) };
		uint32_t other;

		if (add(set, &other, &old) == SALTS_NOMEM)
			return false;
	}
	return true;
}

void salts_pack(uint8_t *packed, const salts *set)
{
	for (size_t i = 0; i < set->room; i++) {
		if (set->at[i].used == 0)
			continue;
		store32(packed, set->at[i].used & ~(USED | UNSURE));
		store32(packed + 4, set->at[i].mark);
		packed += SALTS_PACKED;
	}
}
