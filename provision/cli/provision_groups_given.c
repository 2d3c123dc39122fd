/* provision_groups_given.c -- keymuster provision --groups: who has the keys, before the run and after it. */
#include "provision_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/when.h"

static int out_of_memory(void)
{
	cli_error("%s", strerror(ENOMEM));
	return CLI_IO;
}

/* Journals are looked through once before the run and once after it: ten thousand are not kept open. */
typedef struct {
	provision *p;
	int code;
	uint64_t unsure;        /* of those who are left out now */
} look;

static void fail(look *l, const km_complaint *why)
{
	if (l->code == CLI_DONE)
		cli_error("%s", why->text);
	l->code = CLI_IO;
}

static void fail_memory(look *l)
{
	if (l->code == CLI_DONE)
		l->code = out_of_memory();
}

/* ---- keys by GMK-ID -------------------------------------------------------------------------- */

static int by_gmk_id(const void *a, const void *b, void *groups)
{
	const provision_groups *g = groups;
	const uint32_t x = g->keys[*(const uint32_t *)a].key->gmk_id;
	const uint32_t y = g->keys[*(const uint32_t *)b].key->gmk_id;

	return x < y ? -1 : x > y;
}

/* Two files with one GMK-ID both fail: copies of one key, which then has no number of its own, or two keys of which
 * members could not tell which is meant. */
static bool fail_twins(provision_groups *g, uint32_t a, uint32_t b)
{
	const km_key *x = g->keys[a].key, *y = g->keys[b].key;
	const char *text = sodium_memcmp(x->gmk, y->gmk, KM_SSV_BYTES) == 0 ? "the same key as that of another file" :
			"another file has another key with this GMK-ID: one of them is damaged or made up";

	return groups_fail(g->list, a, "gmk", text) && groups_fail(g->list, b, "gmk", text);
}

static bool index_keys(provision_groups *g)
{
	g->n_ids = 0;
	for (size_t i = 0; i < groups_keys(g->list); i++) {
		if (g->keys[i].key != NULL && !group_key_fails(g, i))
			g->by_id[g->n_ids++] = (uint32_t)i;
	}
	if (g->n_ids > 0)
		qsort_r(g->by_id, g->n_ids, sizeof *g->by_id, by_gmk_id, g);
	for (size_t i = 1; i < g->n_ids; i++) {
		if (by_gmk_id(&g->by_id[i - 1], &g->by_id[i], g) == 0 &&
		    !fail_twins(g, g->by_id[i - 1], g->by_id[i]))
			return false;
	}
	return true;
}

/* NULL: it is none of this run. */
static cli_key *find(const provision_groups *g, uint32_t gmk_id)
{
	size_t from = 0, to = g->n_ids;

	while (from < to) {
		const size_t middle = from + (to - from) / 2;

		if (g->keys[g->by_id[middle]].key->gmk_id < gmk_id)
			from = middle + 1;
		else
			to = middle;
	}
	return from < g->n_ids && g->keys[g->by_id[from]].key->gmk_id == gmk_id ? &g->keys[g->by_id[from]] : NULL;
}

/* ---- before ---------------------------------------------------------------------------------- */

static bool fail_key(look *l, size_t i, const char *field, const char *text)
{
	if (groups_fail(l->p->groups->list, i, field, text))
		return true;
	fail_memory(l);
	return false;
}

/* A state from a backup may not know it: the journal does, and tells the state. */
static void take_revoked(look *l, size_t i)
{
	provision_groups *g = l->p->groups;
	const km_key *key = g->keys[i].key;
	const km_time expiry = { key->params.expiry == 0 ? KM_NEVER : (int64_t)key->params.expiry, 0 };
	km_complaint why = { 0 };

	if (!l->p->w.check && gms_revoke_id(l->p->gms, key->gmk_id, expiry, &why) != KM_OK)
		fail(l, &why);
	else if (!g->keys[i].revoke)
		fail_key(l, i, "revoked", "this key was revoked and is not given out any more");
}

static void take_own(look *l, size_t i, journal *j)
{
	provision_groups *g = l->p->groups;
	const journal_count marks = journal_counts(j);
	group_key *of = &g->of[i];

	of->last_t = marks.last_t;
	of->had_unknown = false;
	if (!journal_has_salts_of(j, g->keys[i].key->gmk)) {
		fail_key(l, i, "gmk", "not the key that members were given under this GMK-ID: the file was changed or "
				"damaged");
	} else if (!journal_distinct(j, &of->had_before, &of->unsure_before)) {
		fail_memory(l);
	} else {
		if (marks.revoked)
			take_revoked(l, i);
		if (!journal_load(g->keys[i].salts, j, NULL))
			fail_memory(l);
	}
}

/* Is it of a key of this GMS that has not expired, and of a group of this run?  Gives the number of that group's key. */
static uint32_t group_of(const provision *p, const journal *j)
{
	const journal_key *other = journal_of(j);
	uint32_t row = GROUPS_NONE;

	if (strcmp(other->gms, p->gms_uri.s) != 0 || strcmp(other->kms, p->gms_kms->uri) != 0 ||
	    journal_counts(j).given == 0 || (other->expiry != 0 && (int64_t)other->expiry <= p->t))
		return GROUPS_NONE;
	for (size_t i = 0; i < other->n_groups && row == GROUPS_NONE; i++)
		row = groups_find(p->groups->list, (km_str){ other->groups[i], strlen(other->groups[i]) });
	if (row == GROUPS_NONE || groups_row_at(p->groups->list, row)->wrong != NULL)
		return GROUPS_NONE;
	return groups_row_at(p->groups->list, row)->key;
}

static bool note_older(provision_groups *g, uint32_t gmk_id, uint32_t key)
{
	if (g->n_older == g->older_room) {
		const size_t more = 2 * g->older_room + 64;
		older_key *bigger = reallocarray(g->older, more, sizeof *bigger);

		if (bigger == NULL)
			return false;
		g->older = bigger;
		g->older_room = more;
	}
	g->older[g->n_older++] = (older_key){ gmk_id, key };
	return true;
}

static int older_by_gmk_id(const void *a, const void *b)
{
	const uint32_t x = ((const older_key *)a)->gmk_id, y = ((const older_key *)b)->gmk_id;

	return (x > y) - (x < y);
}

/* Those that are revoked by now are forgotten: the state is asked about all at once. */
static void drop_revoked(look *l)
{
	provision_groups *g = l->p->groups;
	uint32_t *ids = calloc(2 * g->n_older + 1, sizeof *ids), *is = ids + g->n_older;
	km_complaint why = { 0 };
	size_t n = 0;

	for (size_t i = 0; ids != NULL && i < g->n_older; i++)
		ids[i] = g->older[i].gmk_id;
	if (ids == NULL) {
		fail_memory(l);
	} else if (gms_look_up_all(is, l->p->gms, ids, g->n_older, &why) != KM_OK) {
		fail(l, &why);
	} else {
		for (size_t i = 0; i < g->n_older; i++) {
			if (is[i] != KM_ID_REVOKED)
				g->older[n++] = g->older[i];
		}
		g->n_older = n;
	}
	free(ids);
}

static journal *open_one(look *l, const journal_place *at)
{
	km_complaint why = { 0 };
	journal *j = NULL;
	const journal_result result = journal_open_at(&j, at, JOURNAL_READ, NULL, &why);

	if (result == JOURNAL_IO)
		fail(l, &why);
	else if (result == JOURNAL_CORRUPT)
		cli_warn("%s: so it is not known who has key %08x", why.text, (unsigned)at->gmk_id);
	return j;
}

static void look_before(void *ctx, const journal_place *at)
{
	look *l = ctx;
	provision_groups *g = l->p->groups;
	const cli_key *key = find(g, at->gmk_id);
	journal *j = l->code == CLI_DONE ? open_one(l, at) : NULL;
	uint32_t of;

	if (j == NULL)
		return;
	if (key != NULL) {
		take_own(l, (size_t)(key - g->keys), j);
	} else {
		of = group_of(l->p, j);
		if (of != GROUPS_NONE && !g->keys[of].revoke && !note_older(g, at->gmk_id, of))
			fail_memory(l);
	}
	journal_close(j);
}

/* Only new keys leave an older one behind: a late joiner gets one that is in use. */
static int ask_for_members(provision *p)
{
	provision_groups *g = p->groups;

	for (size_t i = 0; i < g->n_older; i++) {
		group_key *of = &g->of[g->older[i].key];

		of->has_older = of->had_before == 0 && !of->had_unknown;
	}
	for (size_t i = 0; i < groups_keys(g->list); i++) {
		if (g->keys[i].revoke || g->of[i].has_older)
			g->keys[i].given = &g->of[i].given;
	}
	return CLI_DONE;
}

int group_look_before(provision *p)
{
	provision_groups *g = p->groups;
	look l = { .p = p, .code = CLI_DONE };

	for (size_t i = 0; i < groups_keys(g->list); i++) {
		if (g->keys[i].key == NULL)
			continue;
		g->of[i].had_unknown = !g->of[i].is_new;
		g->keys[i].salts = salts_new();
		if (g->keys[i].salts == NULL)
			return out_of_memory();
	}
	if (!index_keys(g))
		return out_of_memory();
	if (!p->w.forget) {
		journal_list(state_name(p->st), look_before, &l, NULL);
		drop_revoked(&l);
	}
	return l.code == CLI_DONE ? ask_for_members(p) : l.code;
}

/* ---- after ----------------------------------------------------------------------------------- */

static void meet_all(journal *j, const provision_groups *g, size_t i)
{
	const cli_given *given = &g->of[i].given;
	const km_key *key = g->keys[i].revoke ? g->keys[i].key : NULL;  /* whose old marks have no more than a salt */

	for (size_t at = 0, len; at < given->len; at += len + 1) {
		uint32_t salt = 0;

		len = strlen(given->at + at);
		if (key != NULL)
			salt = km_key_guk_id(key, given->at + at, len) ^ key->gmk_id;
		journal_meet(j, key == NULL ? NULL : &salt, given->at + at, len);
	}
}

static void say_left(const provision *p, size_t i, uint64_t n, uint32_t gmk_id, size_t from)
{
	const provision_groups *g = p->groups;
	const groups_row *row = groups_row_at(g->list, groups_key_at(g->list, i)->first);
	char names[4096], shown[CLI_SHOWN], file[CLI_SHOWN], unsure[64] = "";

	provision_name_left(names, sizeof names, p, from, n);
	if (p->left_unsure > 0)
		snprintf(unsure, sizeof unsure, " (or may have been: %llu of them)", (unsigned long long)p->left_unsure);
	cli_warn("%s:%llu: %s: %llu who were given key %08x%s%s %s no message of this run%s%s",
			cli_show(file, groups_name(g->list), strlen(groups_name(g->list))), (unsigned long long)row->line,
			cli_show(shown, row->group.s, row->group.len), (unsigned long long)n, (unsigned)gmk_id, unsure,
			g->keys[i].revoke ? "" : ", which is in use until it is revoked,",
			p->w.check ? "would get" : "got", names,
			p->w.partial ? "" : " (--partial says that this is meant)");
}

/* Whose members are met in the journal of that GMK-ID: those of the key, if it is revoked; those of the key that its
 * group has now, if it was there before.  GROUPS_NONE: nobody's. */
static uint32_t met_in(const provision_groups *g, uint32_t gmk_id)
{
	const older_key wanted = { gmk_id, 0 };
	const cli_key *key = find(g, gmk_id);
	const older_key *older = g->n_older == 0 ? NULL :
			bsearch(&wanted, g->older, g->n_older, sizeof wanted, older_by_gmk_id);
	uint32_t i = GROUPS_NONE;

	if (key != NULL && key->revoke)
		i = (uint32_t)(key - g->keys);
	else if (key == NULL && older != NULL && g->of[older->key].has_older)
		i = older->key;
	return i == GROUPS_NONE || group_key_fails(g, i) ? GROUPS_NONE : i;
}

static void look_after(void *ctx, const journal_place *at)
{
	look *l = ctx;
	provision *p = l->p;
	provision_groups *g = p->groups;
	const uint32_t i = l->code == CLI_DONE ? met_in(g, at->gmk_id) : GROUPS_NONE;
	journal *j = i == GROUPS_NONE ? NULL : open_one(l, at);
	const size_t from = p->n_left;
	uint64_t n;

	if (j == NULL)
		return;
	if (!journal_index(j)) {
		fail_memory(l);
	} else {
		meet_all(j, g, i);
		p->left_unsure = 0;
		n = journal_unmet(j, provision_note_left, p);
		g->of[i].left_out += n;
		p->left_out += n;
		if (n > 0)
			say_left(p, i, n, at->gmk_id, from);
	}
	journal_close(j);
}

int group_count_left_out(provision *p, int code)
{
	const provision_groups *g = p->groups;
	look l = { .p = p, .code = CLI_DONE };
	bool asks = false, fails = false;

	for (size_t i = 0; i < groups_keys(g->list); i++) {
		asks = asks || g->keys[i].given != NULL;
		fails = fails || group_key_fails(g, i);
	}
	if (asks) {
		drop_revoked(&l);
		journal_list(state_name(p->st), look_after, &l, NULL);
	}
	if (l.code != CLI_DONE)
		return l.code;
	return fails || (p->left_out > 0 && !p->w.partial) ? CLI_REJECTED : code;
}

int provision_look_again_groups(const provision *p, int code)
{
	const provision_groups *g = p->groups;
	uint32_t *ids = calloc(2 * g->n_ids + 1, sizeof *ids), *is = ids + g->n_ids;
	km_complaint why = { 0 };
	size_t n = 0;

	for (size_t i = 0; ids != NULL && i < g->n_ids; i++) {
		const cli_key *key = &g->keys[g->by_id[i]];

		if (key->key != NULL && !key->revoke)
			ids[n++] = key->key->gmk_id;
	}
	if (ids == NULL || p->w.forget || gms_look_up_all(is, p->gms, ids, n, &why) != KM_OK)
		n = 0;
	for (size_t i = 0; i < n; i++) {
		if (is[i] != KM_ID_REVOKED)
			continue;
		cli_warn("key %08x was revoked during this run: its members need the revocation too", (unsigned)ids[i]);
		code = code == CLI_DONE ? CLI_REJECTED : code;
	}
	free(ids);
	return code;
}
