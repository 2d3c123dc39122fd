/* journal_index.c -- who was given one group key: looking members up. */
#include "journal_file.h"

#include <stdlib.h>
#include <string.h>

enum { MET = 8, SHOWN = 16, IS_NAMED = 32 };

/* Salts spread by themselves: 16 of their bits say which may be among those of a few members. */
enum { FILTER_BITS = 1 << 16 };

static void fill_filter(uint8_t filter[FILTER_BITS / 8], const salts *only)
{
	size_t n = salts_count(only);
	uint8_t *packed = malloc(n * SALTS_PACKED + 1);

	memset(filter, packed == NULL ? 0xff : 0, FILTER_BITS / 8);
	if (packed == NULL)
		return;
	salts_pack(packed, only);
	for (size_t i = 0; i < n; i++) {
		uint32_t bit = frame_load32(packed + i * SALTS_PACKED) % FILTER_BITS;

		filter[bit / 8] |= (uint8_t)(1 << bit % 8);
	}
	free(packed);
}

bool journal_load(salts *set, const journal *j, const salts *only)
{
	uint8_t filter[FILTER_BITS / 8];
	journal_at at = journal_begin(j);
	frame f;

	if (only != NULL)
		fill_filter(filter, only);
	while (journal_next(j, &at, &f)) {
		frame_worth worth = frame_value(&f);

		if ((f.kind != FRAME_OLD && f.kind != JOURNAL_GIVEN) || worth == FRAME_NOTHING)
			continue;
		for (uint32_t i = 0; i < f.n; i++) {
			const uint8_t *entry = f.entries + (size_t)i * FRAME_ENTRY;
			uint32_t bit = frame_load32(entry) % FILTER_BITS;

			if (only != NULL && (filter[bit / 8] >> bit % 8 & 1) == 0)
				continue;
			if (!salts_load(set, entry, 1, worth == FRAME_SURE))
				return false;
		}
	}
	return true;
}

void journal_each(const journal *j, void (*each)(void *ctx, journal_kind kind, uint32_t salt, const char *uri,
		size_t len, bool sure), void *ctx)
{
	journal_at at = journal_begin(j);
	frame f;

	while (journal_next(j, &at, &f)) {
		frame_worth worth = frame_value(&f);
		const char *uri = f.uris, *end = f.uris + f.names;

		if ((f.kind != FRAME_OLD && f.kind != JOURNAL_GIVEN && f.kind != JOURNAL_TOLD) ||
		    worth == FRAME_NOTHING)
			continue;
		for (uint32_t i = 0; i < f.n; i++) {
			size_t len = uri < end ? strlen(uri) : 0;

			each(ctx, f.kind == JOURNAL_TOLD ? JOURNAL_TOLD : JOURNAL_GIVEN,
					frame_load32(f.entries + (size_t)i * FRAME_ENTRY), uri, len,
					worth == FRAME_SURE);
			uri += uri < end ? len + 1 : 0;
		}
	}
}

/* ---- the index ------------------------------------------------------------------------------- */

static mark *find(const journal *j, uint64_t key)
{
	size_t i = (size_t)(key ^ key >> 32) & (j->room - 1);

	key += key == 0;
	while (j->index[i].key != 0 && j->index[i].key != key)
		i = (i + 1) & (j->room - 1);
	return &j->index[i];
}

static bool has_it(const mark *m)
{
	return (m->flags & (JOURNAL_HAS | JOURNAL_UNSURE)) != 0;
}

static uint64_t key_of(const frame *f, const uint8_t *entry)
{
	uint64_t hash = frame_load64(entry + 4);

	return f->kind == FRAME_OLD ? journal_old_key(hash, frame_load32(entry)) : hash;
}

static void enter_frame(journal *j, const frame *f)
{
	frame_worth worth = frame_value(f);
	unsigned flag = worth == FRAME_SURE ? JOURNAL_HAS : JOURNAL_UNSURE;

	if (worth == FRAME_NOTHING || (f->kind == JOURNAL_TOLD && worth != FRAME_SURE))
		return;
	if (f->kind == JOURNAL_TOLD)
		flag = JOURNAL_WAS_TOLD;
	for (uint32_t i = 0; i < f->n; i++) {
		uint64_t key = key_of(f, f->entries + (size_t)i * FRAME_ENTRY);
		mark *m = find(j, key);

		m->key = key + (key == 0);
		m->flags |= flag;
	}
}

/* An old mark is of who has its salt by name, where there is one: so it is not one more, and who was told by name is
 * told under it too. */
static void join_old(journal *j)
{
	journal_at at = journal_begin(j);
	frame f;

	while (journal_next(j, &at, &f)) {
		const bool is_told = f.kind == JOURNAL_TOLD && frame_value(&f) == FRAME_SURE;

		for (uint32_t i = 0; (is_told || f.kind == JOURNAL_GIVEN) && i < f.n; i++) {
			const uint8_t *entry = f.entries + (size_t)i * FRAME_ENTRY;
			const uint64_t hash = frame_load64(entry + 4);
			mark *named = find(j, hash), *old = find(j, journal_old_key(hash, frame_load32(entry)));

			if (old->key == 0 || old == named)
				continue;
			old->flags |= is_told ? JOURNAL_WAS_TOLD : 0;
			if (!has_it(named))
				continue;
			named->flags |= old->flags & (JOURNAL_HAS | JOURNAL_UNSURE);
			old->flags |= IS_NAMED;
		}
	}
}

bool journal_index(journal *j)
{
	journal_at at = journal_begin(j);
	bool has_old = false;
	size_t n = 0;
	frame f;

	if (j->index != NULL)
		return true;
	while (journal_next(j, &at, &f)) {
		n += f.n;
		has_old = has_old || f.kind == FRAME_OLD;
	}
	for (j->room = 64; j->room < 2 * n; j->room *= 2)
		;
	j->index = calloc(j->room, sizeof *j->index);
	if (j->index == NULL)
		return false;
	at = journal_begin(j);
	while (journal_next(j, &at, &f))
		enter_frame(j, &f);
	if (has_old)
		join_old(j);
	return true;
}

unsigned journal_meet(journal *j, const uint32_t *salt, const char *uri, size_t len)
{
	uint64_t hash = journal_hash(uri, len);
	mark *m = find(j, hash);
	unsigned flags = 0;

	if (m->key != 0) {
		m->flags |= MET;
		flags |= m->flags;
	}
	m = salt == NULL ? m : find(j, journal_old_key(hash, *salt));
	if (m->key != 0) {
		m->flags |= MET;
		flags |= m->flags;
	}
	if ((flags & JOURNAL_HAS) != 0)
		flags &= ~(unsigned)JOURNAL_UNSURE;
	return flags & (JOURNAL_HAS | JOURNAL_UNSURE | JOURNAL_WAS_TOLD);
}

static bool is_unmet(const mark *m)
{
	return has_it(m) && (m->flags & (MET | JOURNAL_WAS_TOLD | IS_NAMED)) == 0;
}

uint64_t journal_unmet(journal *j, void (*each)(void *ctx, const char *uri, size_t len,
		bool unsure), void *ctx)
{
	journal_at at = journal_begin(j);
	uint64_t n = 0;
	frame f;

	for (size_t i = 0; i < j->room; i++)
		n += j->index[i].key != 0 && is_unmet(&j->index[i]);
	while (n > 0 && each != NULL && journal_next(j, &at, &f)) {
		const char *uri = f.uris, *end = f.uris + f.names;

		for (uint32_t i = 0; f.kind == JOURNAL_GIVEN && i < f.n && uri < end; i++) {
			mark *m = find(j, key_of(&f, f.entries + (size_t)i * FRAME_ENTRY));
			size_t len = strlen(uri);

			if (is_unmet(m) && (m->flags & SHOWN) == 0) {
				m->flags |= SHOWN;
				each(ctx, uri, len, (m->flags & JOURNAL_HAS) == 0);
			}
			uri += len + 1;
		}
	}
	return n;
}

bool journal_distinct(journal *j, uint64_t *has, uint64_t *unsure)
{
	const bool is_kept = j->index != NULL;

	*has = *unsure = 0;
	if (!journal_index(j))
		return false;
	for (size_t i = 0; i < j->room; i++) {
		const uint32_t flags = j->index[i].flags;

		if ((flags & IS_NAMED) == 0 && (flags & JOURNAL_HAS) != 0)
			++*has;
		else if ((flags & IS_NAMED) == 0 && (flags & JOURNAL_UNSURE) != 0)
			++*unsure;
	}
	if (!is_kept) {
		free(j->index);
		j->index = NULL;
	}
	return true;
}
