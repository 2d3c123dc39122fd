/* provision_groups_made.c -- keymuster provision --groups: keys that are not there yet, made in slices. */
#include "provision_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gms/key_made.h"

static int out_of_memory(void)
{
	cli_error("%s", strerror(ENOMEM));
	return CLI_IO;
}

enum { SLICE = KEY_MADE_MAX };

/* Members of each key, where all are known: one key's from first[i] on. */
typedef struct {
	km_str *uris;
	size_t *first;
} known;

/* What a slice is made of. */
typedef struct {
	size_t n, of[SLICE];            /* keys, by number */
	km_key_params params[SLICE];
	const km_key_params *wanted[SLICE];
	const char *paths[SLICE];
	km_str *groups;                 /* of all of these */
	km_key *keys[SLICE];
	uint32_t is_new[SLICE];
	km_err status[SLICE];
} slice;

static bool know_members(known *k, const provision *p)
{
	const size_t n_keys = groups_keys(p->groups->list);
	size_t *next = calloc(n_keys + 1, sizeof *next), n = 0;
	const crowd_member *m;

	*k = (known){ .first = calloc(n_keys + 1, sizeof *k->first) };
	while (crowd_is_complete(p->members) && (m = crowd_at(p->members, n)) != NULL) {
		if (k->first != NULL)
			k->first[m->key + 1]++;
		n++;
	}
	k->uris = calloc(n + 1, sizeof *k->uris);
	if (next == NULL || k->first == NULL || k->uris == NULL) {
		free(next);
		return false;
	}
	for (size_t i = 0; i < n_keys; i++)
		k->first[i + 1] += k->first[i];
	memcpy(next, k->first, n_keys * sizeof *next);
	for (size_t i = 0; i < n; i++) {
		m = crowd_at(p->members, i);
		k->uris[next[m->key]++] = m->uri;
	}
	free(next);
	return true;
}

static km_key_params params_of(const provision_groups *g, size_t i, const km_str *groups, const known *k)
{
	const groups_row *row = group_row_of(g, i);
	const size_t n = k->first[i + 1] - k->first[i];

	return (km_key_params){
		.struct_size = sizeof(km_key_params),
		.activation = { row->activation == 0 ? KM_AT_ONCE : row->activation, 0 },
		.expiry = { row->expiry == 0 ? KM_NEVER : row->expiry, 0 },
		.text = row->text, .groups = groups, .n_groups = groups_key_at(g->list, i)->n,
		.authority = KM_AUTHORITY_LISTED, .shared = KM_SHARED_NO,
		.members = k->uris + k->first[i], .n_members = n == 0 ? KM_MEMBERS_LATER : n,
	};
}

/* The next keys from *i on that are to be made. */
static bool fill(slice *s, const provision_groups *g, size_t *i, const known *k)
{
	size_t n_groups = 0;

	if (s->groups == NULL)
		s->groups = calloc(groups_rows(g->list), sizeof *s->groups);
	if (s->groups == NULL)
		return false;
	for (s->n = 0; *i < groups_keys(g->list) && s->n < SLICE; (*i)++) {
		const km_str *groups = s->groups + n_groups;

		if (!g->of[*i].is_new || group_key_fails(g, *i))
			continue;
		for (uint32_t r = groups_key_at(g->list, *i)->first; r != GROUPS_NONE; r = groups_row_at(g->list, r)->next)
			s->groups[n_groups++] = groups_row_at(g->list, r)->group;
		s->of[s->n] = *i;
		s->params[s->n] = params_of(g, *i, groups, k);
		s->wanted[s->n] = &s->params[s->n];
		s->paths[s->n++] = group_row_of(g, *i)->gmk.s;
	}
	return true;
}

/* Drawn and numbered, but kept nowhere. */
static km_err make_unkept(slice *s, provision *p, km_complaint *why)
{
	km_key *numbered[SLICE] = { NULL };
	km_time last;
	km_err err = gms_last_t(&last, p->gms, (km_time){ p->now, 0 }, why);
	size_t n = 0;

	for (size_t i = 0; i < s->n && err == KM_OK; i++) {
		s->status[i] = key_made_draw(&s->keys[i], p->gms, &s->params[i], (km_time){ p->now, 0 }, last, why);
		if (s->status[i] == KM_OK)
			numbered[n++] = s->keys[i];
	}
	return err == KM_OK && n > 0 ? key_made_number(numbered, p->gms, n, (km_time){ p->now, 0 }, why) : err;
}

/* What is wrong with the i-th of a slice is told by asking for it alone. */
static km_err ask_again(slice *s, size_t i, provision *p, km_complaint *why)
{
	const km_time now = { p->now, 0 };

	if (!p->w.forget)
		return km_key_file(&s->keys[i], &s->is_new[i], p->gms, s->paths[i], km_seal_none(), &s->params[i], now,
				why);
	return km_key_new_unkept(&s->keys[i], p->gms, &s->params[i], now, why);
}

static int take_slice(slice *s, provision *p)
{
	provision_groups *g = p->groups;

	for (size_t i = 0; i < s->n; i++) {
		km_complaint why = { 0 };
		km_err err = s->keys[i] == NULL ? ask_again(s, i, p, &why) : KM_OK;

		g->keys[s->of[i]].key = s->keys[i];
		s->keys[i] = NULL;
		if (err == KM_ELOST || err == KM_ECLOCK) {
			cli_error("%s", why.text);
			return CLI_KEYS;
		}
		if (err != KM_OK && !groups_fail(g->list, s->of[i], NULL, why.text))
			return out_of_memory();
	}
	return CLI_DONE;
}

static int make_slice(slice *s, provision *p)
{
	const km_time now = { p->now, 0 };
	km_complaint why = { 0 };
	km_err err;

	memset(s->keys, 0, sizeof s->keys);
	err = p->w.forget ? make_unkept(s, p, &why) : km_key_files(s->keys, s->is_new, s->status, p->gms, s->paths,
			km_seal_none(), s->wanted, s->n, now, &why);
	if (err == KM_OK || err == KM_EPARTIAL)
		return take_slice(s, p);
	for (size_t i = 0; i < s->n; i++)
		km_key_free(s->keys[i]);
	cli_error("no keys could be made: %s", why.text[0] != '\0' ? why.text : km_strerror(err));
	return err == KM_ELOST || err == KM_ECLOCK ? CLI_KEYS : CLI_IO;
}

/* For --check: what would be refused. */
static bool check_slice(const slice *s, provision *p)
{
	for (size_t i = 0; i < s->n; i++) {
		km_complaint why = { 0 };

		if (key_params_check(&s->params[i], p->gms_uri, (km_time){ p->now, 0 }, (km_time){ p->t, 0 }, &why) !=
		    KM_OK && !groups_fail(p->groups->list, s->of[i], NULL, why.text))
			return false;
		if (!p->w.forget && !provision_may_write(s->paths[i]) &&
		    !groups_fail(p->groups->list, s->of[i], "gmk", strerror(errno)))
			return false;
	}
	return true;
}

int group_make_keys(provision *p)
{
	slice *s = calloc(1, sizeof *s);
	known k = { 0 };
	int code = s != NULL && know_members(&k, p) ? CLI_DONE : out_of_memory();

	for (size_t i = 0; code == CLI_DONE && i < groups_keys(p->groups->list) && !cli_interrupted;) {
		if (!fill(s, p->groups, &i, &k))
			code = out_of_memory();
		else if (p->w.check)
			code = check_slice(s, p) ? CLI_DONE : out_of_memory();
		else if (s->n > 0)
			code = make_slice(s, p);
	}
	free(k.uris);
	free(k.first);
	if (s != NULL)
		free(s->groups);
	free(s);
	return code;
}
