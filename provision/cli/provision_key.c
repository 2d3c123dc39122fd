/* provision_key.c -- keymuster provision: the group key, read, made and kept. */
#include "provision.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DRAWS_MAX = 64 };        /* of 20 000 members, each draw succeeds with 47 % */

/* ---- the key file that exists ---------------------------------------------------------------- */

/* The file is changed where it stands: a link that was replaced would leave the old one active.
 * What has no path, a pipe, keeps its name. */
static int find_key_file(provision *p)
{
	p->gmk_file = realpath(p->w.gmk, NULL);
	if (p->gmk_file == NULL)
		p->gmk_file = strdup(p->w.gmk);
	if (p->gmk_file != NULL)
		return CLI_DONE;
	cli_error("%s", strerror(ENOMEM));
	return CLI_IO;
}

int provision_read_key(provision *p)
{
	km_complaint why = { 0 };
	char shown[CLI_SHOWN];
	groupkey_result result;

	if (p->w.gmk == NULL || access(p->w.gmk, F_OK) != 0) {
		if (p->revoke)
			return cli_usage(&cli_provision, "--status revoked needs the --gmk FILE of the "
					"key that is to be revoked");
		if (p->w.groups.n == 0)
			return cli_usage(&cli_provision, "--group URI is missing: what the new key is "
					"for");
		return CLI_DONE;
	}
	if (find_key_file(p) != CLI_DONE)
		return CLI_IO;
	result = groupkey_read(&p->key, p->w.gmk, &why);
	if (result != GROUPKEY_OK) {
		cli_error("%s", why.text);
		return CLI_KEYS;
	}
	p->key_exists = true;
	p->salts_saved = salts_count(p->key->salts);
	if (!file_is_private(p->w.gmk))
		cli_warn("%s: others than its owner may read this key",
				cli_show(shown, p->w.gmk, strlen(p->w.gmk)));
	return CLI_DONE;
}

static bool same_groups(const words *w, const groupkey *key)
{
	if (w->groups.n != key->n_groups)
		return false;
	for (size_t i = 0; i < key->n_groups; i++) {
		if (strcmp(w->groups.at[i], key->groups[i]) != 0)
			return false;
	}
	return true;
}

int provision_compare_key(const provision *p)
{
	const words *w = &p->w;
	const groupkey *key = p->key;
	const char *differs = NULL;
	char shown[CLI_SHOWN];

	if (w->groups.n > 0 && !same_groups(w, key))
		differs = "--group";
	else if (w->text != NULL && strcmp(w->text, key->text) != 0)
		differs = "--text";
	else if (w->activate != NULL && (uint64_t)p->activation != key->activation)
		differs = "--activate";
	else if (w->expire != NULL && (uint64_t)p->expiry != key->expiry)
		differs = "--expire";
	cli_show(shown, w->gmk, strlen(w->gmk));
	if (differs != NULL)
		return cli_usage(&cli_provision, "%s differs from what %s says of its key: leave it "
				"out, or name a new file for a new key", differs, shown);
	if (!p->revoke && key->revoked)
		cli_error("%s: revoked: this key was revoked and is not given out any more", shown);
	else if (!p->revoke && key->expiry != 0 && (int64_t)key->expiry <= p->now)
		cli_error("%s: expiry: this key has expired", shown);
	else
		return CLI_DONE;
	return CLI_KEYS;
}

/* ---- the key --------------------------------------------------------------------------------- */

/* Do all user salts differ?  The set is filled either way. */
static bool salts_differ(provision *p)
{
	const crowd_member *m;
	uint32_t other;
	bool differ = true;

	salts_clear(p->key->salts);
	for (size_t i = 0; (m = crowd_at(p->members, i)) != NULL; i++) {
		uint32_t salt = km_user_salt(p->key->gmk, m->member.uri.s, m->member.uri.len);

		if (salts_add(p->key->salts, &other, salt, m->member.uri.s, m->member.uri.len,
				(uint32_t)m->line) != SALTS_NEW)
			differ = false;
	}
	return differ;
}

/* Where all members are known, again and again until their salts differ. */
static bool draw_gmk(provision *p)
{
	bool known = crowd_is_complete(p->members), differ = false;

	for (int i = 0; i < DRAWS_MAX && !differ; i++) {
		if (km_random_bytes(p->key->gmk, sizeof p->key->gmk, NULL) != KM_OK)
			return false;
		differ = !known || salts_differ(p);
	}
	if (!differ)
		salts_clear(p->key->salts);     /* the run lists the pairs */
	return km_random_bytes(p->key->rand, sizeof p->key->rand, NULL) == KM_OK;
}

static bool describe_key(provision *p)
{
	groupkey *key = p->key;
	const words *w = &p->w;

	key->gms = strdup(p->job->gms_uri.s);
	key->kms = strdup(p->job->gms_kms->uri);
	key->text = strdup(w->text == NULL ? "" : w->text);
	key->activation = (uint64_t)p->activation;
	key->expiry = (uint64_t)p->expiry;
	for (; key->n_groups < w->groups.n; key->n_groups++) {
		key->groups[key->n_groups] = strdup(w->groups.at[key->n_groups]);
		if (key->groups[key->n_groups] == NULL)
			return false;
	}
	return key->gms != NULL && key->kms != NULL && key->text != NULL;
}

int provision_make_key(provision *p)
{
	km_complaint why = { 0 };
	state_result result;

	p->key = groupkey_new();
	if (p->key == NULL || !describe_key(p) || !draw_gmk(p)) {
		cli_error("no key could be drawn: %s", strerror(errno));
		return CLI_IO;
	}
	result = state_new_id(p->st, &p->key->gmk_id, p->key->expiry, p->now, NULL, &why);
	if (result != STATE_OK) {
		cli_error("%s", why.text);
		return result == STATE_CORRUPT ? CLI_KEYS : CLI_IO;
	}
	p->salts_saved = salts_count(p->key->salts);
	if (p->w.gmk != NULL && groupkey_write(p->key, p->w.gmk, true, &why) != GROUPKEY_OK) {
		cli_error("%s", why.text);
		return CLI_IO;
	}
	return p->w.gmk == NULL ? CLI_DONE : find_key_file(p);
}

/* Put the key file that now stands there, with what others have added to it, into p->key. */
static bool merge_key(provision *p, km_complaint *why)
{
	groupkey *now = NULL;
	uint8_t *packed = NULL;
	bool done = groupkey_read(&now, p->gmk_file, why) == GROUPKEY_OK;

	if (done && now->gmk_id != p->key->gmk_id) {
		snprintf(why->text, sizeof why->text, "--gmk: the file was replaced during the run");
		done = false;
	}
	if (done) {
		packed = malloc(salts_count(now->salts) * SALTS_PACKED + 1);
		done = packed != NULL;
	}
	if (done) {
		salts_pack(packed, now->salts);
		done = salts_load(p->key->salts, packed, salts_count(now->salts));
		p->key->revoked = p->key->revoked || now->revoked;
	}
	free(packed);
	groupkey_free(now);
	return done;
}

/* Write the key file anew; all who change it take turns. */
static bool rewrite_key(provision *p, km_complaint *why)
{
	bool done;

	if (state_lock(p->st, why) != STATE_OK)
		return false;
	done = merge_key(p, why) && groupkey_write(p->key, p->gmk_file, false, why) == GROUPKEY_OK;
	state_unlock(p->st);
	if (!done && why->text[0] == '\0')
		snprintf(why->text, sizeof why->text, "%s", strerror(ENOMEM));
	return done;
}

int provision_mark_revoked(provision *p)
{
	km_complaint why = { 0 };

	if (!p->revoke || p->key->revoked)
		return CLI_DONE;
	p->key->revoked = true;
	if (rewrite_key(p, &why))
		return CLI_DONE;
	cli_error("%s", why.text);
	return CLI_IO;
}

int provision_save_salts(provision *p)
{
	km_complaint why = { 0 };

	if (p->w.gmk == NULL || p->key == NULL || salts_count(p->key->salts) == p->salts_saved)
		return CLI_DONE;
	if (!rewrite_key(p, &why)) {
		cli_error("the user salts of this run were not kept: %s", why.text);
		return CLI_IO;
	}
	if (p->key->revoked && !p->revoke)
		cli_warn("the key was revoked during this run: its members need the revocation too");
	return CLI_DONE;
}

/* ---- the state ------------------------------------------------------------------------------- */

int provision_open_state(provision *p)
{
	km_complaint why = { 0 };
	char *path = state_path(p->w.gms.at[0], p->job->gms_uri.s, p->job->gms_kms->uri);
	state_result result = STATE_IO;

	if (path == NULL)
		cli_error("--gms: %s", strerror(errno));
	else if ((result = state_open(&p->st, path, &why)) != STATE_OK)
		cli_error("%s", why.text);
	free(path);
	if (result == STATE_CORRUPT)
		return CLI_KEYS;
	return result == STATE_OK ? CLI_DONE : CLI_IO;
}
