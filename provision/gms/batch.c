/* batch.c -- batches: filled, run, and what became of each member. */
#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "asm/dit.h"
#include "base/complain.h"
#include "base/sized.h"
#include "base/threads.h"
#include "keys/tables.h"

enum { URIS_FIRST = 4096, MEMBERS_FIRST = 64 };

/* ---- a batch --------------------------------------------------------------------------------- */

km_err km_batch_new(km_batch **out, km_keyring *ring)
{
	km_batch *b = *out = calloc(1, sizeof *b);

	if (b == NULL)
		return KM_ENOMEM;
	b->ring = keyring_hold(ring);
	b->identity = KM_IDENTITY_URI;
	b->map = KM_MAP_EMPTY;
	b->services = KM_SERVICE_MCPTT;
	b->to_self = KM_TO_SELF_NO;
	b->members_are = KM_URI_STRICT;
	b->journal = KM_JOURNAL_ON;
	return KM_OK;
}

/* What is needed until a run is finished. */
static void end_work(km_batch *b)
{
	for (size_t i = 0; i < b->n_gmss; i++) {
		free(b->gmss[i].valid);
		b->gmss[i].valid = NULL;
	}
	for (size_t i = 0; i < b->n_parts; i++)
		batch_piece_let_go(b, i);
	free(b->selves);
	free(b->items);
	free(b->entries);
	free(b->parts);
	b->selves = NULL;
	b->items = NULL;
	b->entries = NULL;
	b->parts = NULL;
	b->n_selves = b->n_items = b->n_parts = 0;
	ring_give_back(b->now);
	b->now = NULL;
	km_pool_free(b->pool);
	b->pool = NULL;
}

/* Members stay: it may be tried again. */
static void undo(km_batch *b)
{
	end_work(b);
	for (size_t i = 0; i < b->n_gmss; i++) {
		if (b->gmss[i].is_marked)
			gms_leave_run(b->gmss[i].gms, b->run);
	}
	free(b->gmss);
	free(b->keys);
	b->gmss = NULL;
	b->keys = NULL;
	b->n_gmss = b->n_keys = 0;
	if (b->octets_len > 0)
		km_wipe(b->octets, b->octets_len);
	b->octets_len = 0;
	b->stage = BATCH_OPEN;
}

void km_batch_clear(km_batch *b)
{
	undo(b);
	for (size_t i = 0; i < b->n; i++)
		km_key_free(b->members[i].key);
	b->n = b->uris_len = 0;
	b->misread = false;
}

void km_batch_free(km_batch *b)
{
	if (b == NULL)
		return;
	km_batch_clear(b);
	free(b->members);
	free(b->uris);
	free(b->octets);
	km_keyring_free(b->ring);
	free(b);
}

static km_err set_one_of_two(unsigned *setting, uint64_t value, unsigned a, unsigned b, const char *field,
		const char *names, km_complaint *why)
{
	if (value != a && value != b)
		return complain_field(why, field, names);
	*setting = (unsigned)value;
	return KM_OK;
}

km_err km_batch_set(km_batch *b, km_batch_setting what, uint64_t value, km_complaint *why)
{
	const uint64_t services = KM_SERVICE_MCPTT | KM_SERVICE_MCVIDEO;
	km_complaint spare;

	why = complain_anew(why, &spare);
	switch (what) {
	case KM_BATCH_IDENTITY:
		return set_one_of_two(&b->identity, value, KM_IDENTITY_URI, KM_IDENTITY_UID, "KM_BATCH_IDENTITY",
				"neither KM_IDENTITY_URI nor KM_IDENTITY_UID", why);
	case KM_BATCH_MAP:
		return set_one_of_two(&b->map, value, KM_MAP_EMPTY, KM_MAP_GENERIC, "KM_BATCH_MAP",
				"neither KM_MAP_EMPTY nor KM_MAP_GENERIC", why);
	case KM_BATCH_SERVICES:
		if (value == 0 || (value & ~services) != 0)
			return complain_field(why, "KM_BATCH_SERVICES", "none of KM_SERVICE_*, or others too");
		b->services = (unsigned)value;
		return KM_OK;
	case KM_BATCH_TO_SELF:
		return set_one_of_two(&b->to_self, value, KM_TO_SELF_NO, KM_TO_SELF_YES, "KM_BATCH_TO_SELF",
				"neither KM_TO_SELF_NO nor KM_TO_SELF_YES", why);
	case KM_BATCH_MEMBERS:
		return set_one_of_two(&b->members_are, value, KM_URI_STRICT, KM_URI_ANY_ID, "KM_BATCH_MEMBERS",
				"neither KM_URI_STRICT nor KM_URI_ANY_ID", why);
	case KM_BATCH_JOURNAL:
		return set_one_of_two(&b->journal, value, KM_JOURNAL_ON, KM_JOURNAL_OFF, "KM_BATCH_JOURNAL",
				"neither KM_JOURNAL_ON nor KM_JOURNAL_OFF", why);
	}
	return complain_field(why, "what", "not a setting of a batch");
}

/* ---- members --------------------------------------------------------------------------------- */

static bool is_kms_of(const km_keyring *ring, uint32_t kms)
{
	const ring_snapshot *s;
	bool is;

	if (kms == KM_KMS_BY_DOMAIN || kms == KM_KMS_OF_GMS)
		return true;
	s = ring_take(ring);
	is = kms > 0 && kms <= s->names.n;
	ring_give_back(s);
	return is;
}

/* What is wrong with the call. */
static km_err check_call(const km_batch *b, const km_key *key, const char *uri, uint32_t kms, uint32_t what,
		km_complaint *why)
{
	km_err field;

	if (b->stage != BATCH_OPEN) {
		complain(why, "batch", 0, NULL, "has run, and is to be emptied (km_batch_clear) first");
		return KM_ESTATE;
	}
	if (b->n == KM_BATCH_MAX)
		return complain_field(why, "batch", "is full");
	if (key == NULL)
		return complain_field(why, "key", "is missing");
	if (gms_of(key) == NULL)
		return complain_field(why, "key", "is a client's, and not a GMS's");
	if (gms_of(key)->ring != b->ring)
		return complain_field(why, "key", "its GMS has another keyring than the batch");
	if (uri == NULL)
		return complain_field(why, "uri", "is missing");
	if (!is_kms_of(b->ring, kms))
		return complain_field(why, "kms", "no number of a KMS in the keyring, and none of KM_KMS_*");
	if (what != KM_GIVE && what != KM_REVOKE)
		return complain_field(why, "what", "neither KM_GIVE nor KM_REVOKE");
	if (what == KM_REVOKE && !key->revoked)
		return complain_field(why, "what", "KM_REVOKE, and the key is not revoked: km_key_revoke comes first");
	if (what == KM_REVOKE || !key->revoked)
		return KM_OK;
	field = complain_field(why, "key", "is revoked, and given to nobody");
	(void)field;
	return KM_EREVOKED;
}

static bool make_room(km_batch *b, size_t len)
{
	if (b->n == b->room) {
		size_t more = b->room == 0 ? MEMBERS_FIRST : 2 * b->room;
		batch_member *bigger = reallocarray(b->members, more, sizeof *bigger);

		if (bigger == NULL)
			return false;
		b->members = bigger;
		b->room = more;
	}
	if (b->uris_room - b->uris_len < len) {
		size_t more = 2 * b->uris_room + len + URIS_FIRST;
		char *bigger = realloc(b->uris, more);

		if (bigger == NULL)
			return false;
		b->uris = bigger;
		b->uris_room = more;
	}
	return true;
}

km_err km_batch_add(km_batch *b, km_key *key, const char *uri, size_t len, uint32_t kms, uint32_t what, uint64_t tag,
		km_complaint *why)
{
	/* Of one that is too long, so much that it is refused as such. */
	const size_t kept = len > KM_URI_MAX + 1 ? KM_URI_MAX + 1 : len;
	km_complaint spare;
	km_err err;

	why = complain_anew(why, &spare);
	err = check_call(b, key, uri, kms, what, why);
	if (err != KM_OK)
		return err;
	if (!make_room(b, kept))
		return KM_ENOMEM;
	b->members[b->n++] = (batch_member){
		.key = key_hold(key), .uri = b->uris_len, .uri_len = kept, .kms = kms, .what = what, .tag = tag,
	};
	if (kept > 0)
		memcpy(b->uris + b->uris_len, uri, kept);
	b->uris_len += kept;
	return KM_OK;
}

size_t km_batch_room(const km_batch *b)
{
	return b->stage == BATCH_OPEN ? KM_BATCH_MAX - b->n : 0;
}

size_t km_batch_count(const km_batch *b)
{
	return b->n;
}

/* ---- a run ----------------------------------------------------------------------------------- */

static km_err prepare(km_batch *b, km_time now, km_complaint *why)
{
	km_err err = gms_new_run(&b->run, why);

	if (err == KM_OK)
		err = batch_gather(b);
	if (err == KM_OK)
		err = batch_check_gmss(b, now, why);
	if (err == KM_OK)
		err = batch_check_keys(b, why);
	if (err == KM_OK)
		err = batch_check_members(b, now, why);
	if (err == KM_OK)
		err = batch_take_t(b, now, why);
	if (err == KM_OK)
		err = batch_look_up(b);
	if (err == KM_OK)
		err = batch_plan(b);
	return err == KM_OK ? batch_make_selves(b) : err;
}

/* Members of the KMS of an item, from it on. */
static size_t of_kms(const km_batch *b, size_t first)
{
	size_t n = 1;

	while (first + n < b->n_items && b->entries[first + n].kms == b->entries[first].kms)
		n++;
	return n;
}

/* What those KMSs want that have many members each, all together. */
static void share_tables(const km_batch *b)
{
	size_t all = 0, n;

	for (size_t i = 0; i < b->n_items; i += n) {
		n = of_kms(b, i);
		all += tables_count(n) ? n : 0;
	}
	tables_share(all);
}

km_err batch_start(km_batch *b, km_time now, km_complaint *why)
{
	km_err err;

	if (b->stage != BATCH_OPEN) {
		complain(why, "batch", 0, NULL, "has run, and is to be emptied (km_batch_clear) first");
		return KM_ESTATE;
	}
	b->stage = BATCH_BEGUN;
	b->now = ring_take(b->ring);
	b->pool = ring_pool(b->ring);
	err = prepare(b, now, why);
	if (err == KM_OK)
		share_tables(b);
	else
		undo(b);
	return err;
}

size_t batch_pieces(const km_batch *b)
{
	return b->n_parts;
}

/* With the first piece of a KMS come all of its members. */
static void expect(const km_batch *b, size_t first)
{
	if (first > 0 && b->entries[first - 1].kms == b->entries[first].kms)
		return;
	tables_expect(ring_tables(b->items[first].kms), of_kms(b, first), b->pool);
}

/* Room for the UIDs and messages of a piece; false: there is no memory. */
static bool give_octets(const km_batch *b, batch_part *part)
{
	make_item *items = b->items + part->of.first;
	uint8_t *at;

	for (size_t i = 0; i < part->of.n; i++)
		part->octets_len += KM_UID_BYTES + items[i].len;
	at = part->octets = malloc(part->octets_len);
	for (size_t i = 0; at != NULL && i < part->of.n; i++) {
		items[i].uid = at;
		items[i].msg = at + KM_UID_BYTES;
		at += KM_UID_BYTES + items[i].len;
	}
	return at != NULL;
}

void batch_piece_let_go(km_batch *b, size_t i)
{
	batch_part *part = &b->parts[i];

	if (part->octets == NULL)
		return;
	for (size_t k = part->of.first; k < part->of.first + part->of.n; k++)
		b->items[k].uid = b->items[k].msg = NULL;
	km_wipe(part->octets, part->octets_len);
	free(part->octets);
	part->octets = NULL;
}

void batch_piece(void *batch, size_t i)
{
	DIT_WITHIN;
	km_batch *b = batch;
	batch_part *part = &b->parts[i];

	if (b->by_piece && !give_octets(b, part)) {
		part->err = KM_ENOMEM;
		return;
	}
	expect(b, part->of.first);
	part->err = make_piece(b->items + part->of.first, part->of.n, &b->how, NULL, NULL);
}

const make_item *batch_piece_items(size_t *n, const plan_entry **places, const km_batch *b, size_t i)
{
	const batch_part *part = &b->parts[i];

	*n = part->err == KM_OK ? part->of.n : 0;
	*places = b->entries + part->of.first;
	return b->items + part->of.first;
}

/* What the pieces made of the items, to their members. */
static km_err collect(km_batch *b)
{
	for (size_t i = 0; i < b->n_parts; i++) {
		if (b->parts[i].err != KM_OK)
			return b->parts[i].err;
	}
	for (size_t i = 0; i < b->n_items; i++) {
		const make_item *item = &b->items[i];
		batch_member *m = &b->members[b->entries[i].at];

		m->reason = item->reason;
		m->err = item->err;
		m->guk_id = item->guk_id;
		m->len = item->reason == KM_R_OK ? m->len : 0;
	}
	return batch_find_shared(b);
}

km_err batch_finish(km_batch *b, km_complaint *why)
{
	km_err err = collect(b);

	if (err == KM_OK && b->journal == KM_JOURNAL_ON)
		err = batch_mark(b, why);
	if (err == KM_OK)
		err = batch_check_again(b, why);
	if (err != KM_OK) {
		km_complaint spare;
		km_err ended = batch_end_run(b, KM_RUN_TAKEN_BACK, complain_anew(NULL, &spare));

		(void)ended;            /* those who are marked there stay unsure */
		undo(b);
		return err;
	}
	end_work(b);
	b->stage = BATCH_RAN;
	for (size_t i = 0; i < b->n && err == KM_OK; i++)
		err = b->members[i].reason == KM_R_OK ? KM_OK : KM_EPARTIAL;
	return err;
}

km_err km_batch_run(km_batch *b, km_time now, km_complaint *why)
{
	km_complaint spare;
	km_err err;

	why = complain_anew(why, &spare);
	err = batch_start(b, now, why);
	if (err != KM_OK)
		return err;
	threads_each(b->pool, batch_piece, b, b->n_parts);
	return batch_finish(b, why);
}

static km_err end(km_batch *b, uint32_t how, km_complaint *why)
{
	km_complaint spare;
	km_err err;

	why = complain_anew(why, &spare);
	if (b->stage != BATCH_RAN) {
		complain(why, "batch", 0, NULL, b->stage == BATCH_ENDED ? "it was said before what became of this run" :
				"has not run");
		return KM_ESTATE;
	}
	err = batch_end_run(b, how, why);
	if (err == KM_OK)
		b->stage = BATCH_ENDED;
	return err;
}

/* Who could not read the results has not handed them over. */
km_err km_batch_delivered(km_batch *b, km_complaint *why)
{
	km_complaint spare;

	if (b->stage == BATCH_RAN && b->misread)
		return complain_field(complain_anew(why, &spare), "struct_size",
				"results were asked for with none, and so not given: no message can have been delivered");
	return end(b, KM_RUN_DELIVERED, why);
}

km_err km_batch_taken_back(km_batch *b, km_complaint *why)
{
	return end(b, KM_RUN_TAKEN_BACK, why);
}

/* ---- results --------------------------------------------------------------------------------- */

static bool has_run(const km_batch *b)
{
	return b->stage == BATCH_RAN || b->stage == BATCH_ENDED;
}

int km_batch_made(km_made *out, const km_batch *b, size_t i)
{
	const bool is_there = has_run(b) && i < b->n;
	km_made made = { .struct_size = sizeof made };

	if (is_there) {
		const batch_member *m = &b->members[i];

		made.tag = m->tag;
		made.reason = m->reason;
		made.err = m->err;
		made.gmk_id = m->key->gmk_id;
		made.kms = m->number;
		if (m->reason == KM_R_OK) {
			made.at = m->at;
			made.len = m->len;
			made.uid_at = m->uid_at;
			made.t = m->t;
			made.period_no = m->period_no;
			made.guk_id = m->guk_id;
			made.shares_salt = m->shares_salt;
		}
	}
	if (!sized_put(out, &made, sizeof made)) {
		((km_batch *)(uintptr_t)b)->misread = true; /* one thread uses a batch at a time */
		return 0;
	}
	return is_there;
}

const uint8_t *km_batch_octets(size_t *len, const km_batch *b)
{
	*len = has_run(b) ? b->octets_len : 0;
	return *len > 0 ? b->octets : (const uint8_t *)"";
}
