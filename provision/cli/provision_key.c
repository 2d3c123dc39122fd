/* provision_key.c -- keymuster provision: the group key, read, made and revoked. */
#include "provision.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gms/key_made.h"

/* ---- the key file that exists ---------------------------------------------------------------- */

/* The file is changed where it stands: a link that was replaced would leave the old one active.
 * What is no file, a pipe, is read once and never changed. */
static int find_key_file(provision *p)
{
	struct stat st;

	if (strcmp(p->w.gmk, "-") == 0 || (stat(p->w.gmk, &st) == 0 && !S_ISREG(st.st_mode)))
		return CLI_DONE;
	p->gmk_file = realpath(p->w.gmk, NULL);
	if (p->gmk_file != NULL)
		return CLI_DONE;
	cli_error("--gmk: %s", strerror(errno));
	return CLI_IO;
}

/* Is there anything to read?  A link to nothing is neither a key nor a place for a new one. */
static int find_key(provision *p, bool *there)
{
	char shown[CLI_SHOWN];
	struct stat st;

	*there = strcmp(p->w.gmk, "-") == 0 || stat(p->w.gmk, &st) == 0 || errno != ENOENT;
	if (*there || lstat(p->w.gmk, &st) != 0)
		return CLI_DONE;
	cli_error("%s: a link to a file that is not there: mend the link, or name a new file for a "
		  "new "
		  "key",
			cli_show(shown, p->w.gmk, strlen(p->w.gmk)));
	return CLI_IO;
}

/* What an older version kept in the file. */
static bool take_salts(provision *p)
{
	const km_key *key = p->key;

	if (key->old_salts == NULL)
		return true;
	p->old_salts = salts_new();
	return p->old_salts != NULL && salts_load(p->old_salts, key->old_salts, key->n_old_salts, true);
}

int provision_read_key(provision *p)
{
	km_complaint why = { 0 };
	char shown[CLI_SHOWN];
	km_err err;
	bool there = false;

	if (p->w.gmk != NULL && find_key(p, &there) != CLI_DONE)
		return CLI_IO;
	if (!there) {
		if (p->revoke)
			return cli_usage(&cli_provision,
					"--status revoked needs the --gmk FILE of the "
					"key that is to be revoked");
		if (p->w.groups.n == 0)
			return cli_usage(&cli_provision,
					"--group URI is missing: what the new key is "
					"for");
		return CLI_DONE;
	}
	if (strcmp(p->w.gmk, "-") == 0 && strcmp(p->w.members, "-") == 0)
		return cli_usage(&cli_provision, "--gmk and --members are both stdin");
	err = keyfile_read(&p->key, p->w.gmk, km_seal_none(), &why);
	if (err != KM_OK) {
		cli_error("%s", why.text);
		return err == KM_EFORMAT ? CLI_KEYS : CLI_IO;
	}
	if (!take_salts(p)) {
		cli_error("%s", strerror(ENOMEM));
		return CLI_IO;
	}
	p->key_exists = true;
	if (find_key_file(p) != CLI_DONE)
		return CLI_IO;
	if (p->gmk_file != NULL && !file_is_private(p->w.gmk))
		cli_warn("%s: others than its owner may read this key",
				cli_show(shown, p->w.gmk, strlen(p->w.gmk)));
	return CLI_DONE;
}

static bool same_groups(const words *w, const km_key *key)
{
	if (w->groups.n != key->params.n_groups)
		return false;
	for (size_t i = 0; i < key->params.n_groups; i++) {
		if (strcmp(w->groups.at[i], key->groups[i]) != 0)
			return false;
	}
	return true;
}

int provision_compare_key(const provision *p)
{
	const words *w = &p->w;
	const km_key *key = p->key;
	const char *differs = NULL;
	char shown[CLI_SHOWN];

	if (w->groups.n > 0 && !same_groups(w, key))
		differs = "--group";
	else if (w->text != NULL && strcmp(w->text, key->params.text.s) != 0)
		differs = "--text";
	else if (w->activate != NULL && (uint64_t)p->activation != key->params.activation)
		differs = "--activate";
	else if (w->expire != NULL && (uint64_t)p->expiry != key->params.expiry)
		differs = "--expire";
	if (differs == NULL)
		return CLI_DONE;
	return cli_usage(&cli_provision,
			"%s differs from what %s says of its key: leave it out, or name a "
			"new file for a new key",
			differs, cli_show(shown, w->gmk, strlen(w->gmk)));
}

int provision_refuse_revoked(const provision *p)
{
	char shown[CLI_SHOWN];

	cli_error("%s: key %08x was revoked by this GMS and is not given out any more, from whatever "
			"copy of its file", cli_show(shown, p->w.gmk, strlen(p->w.gmk)),
			(unsigned)p->key->gmk_id);
	return CLI_KEYS;
}

int provision_check_key(provision *p)
{
	const km_key *key = p->key;
	km_complaint why = { 0 };
	char shown[CLI_SHOWN];
	state_id is = { 0 };
	bool known = true;

	if (!p->key_exists && p->expiry != 0 && p->expiry <= p->t) {
		cli_error("--expire: not after the T of this GMS: the key would never be of use");
		return CLI_KEYS;
	}
	if (!p->key_exists)
		return CLI_DONE;
	cli_show(shown, p->w.gmk, strlen(p->w.gmk));
	if (state_look_up(p->st, &is, &known, key->gmk_id, &why) == STATE_OK && !known && !p->revoke)
		cli_warn("%s: the state did not know key %08x: whether it was revoked is not known here", shown,
				(unsigned)key->gmk_id);
	if (state_keep_id(p->st, &is, key->gmk_id, key->params.expiry, key->revoked, &why) != STATE_OK) {
		cli_error("%s", why.text);
		return CLI_IO;
	}
	if (!p->revoke && key->revoked)
		cli_error("%s: revoked: this key was revoked and is not given out any more", shown);
	else if (!p->revoke && is.revoked)
		return provision_refuse_revoked(p);
	else if (!p->revoke && key->params.expiry != 0 && (int64_t)key->params.expiry <= p->t)
		cli_error("%s: expiry: this key has expired", shown);
	else
		return CLI_DONE;
	return CLI_KEYS;
}

/* ---- the key --------------------------------------------------------------------------------- */

/* Where all members are known, so that their user salts differ.  The run lists what pairs remain. */
static km_err draw_key(provision *p, const key_parts *parts, km_complaint *why)
{
	size_t n = 0;
	km_str *members;
	km_err err;

	while (crowd_is_complete(p->members) && crowd_at(p->members, n) != NULL)
		n++;
	members = calloc(n + 1, sizeof *members);
	if (members == NULL) {
		complain(why, "group key", 0, NULL, strerror(ENOMEM));
		return KM_ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		members[i] = crowd_at(p->members, i)->uri;
	err = key_draw(&p->key, parts, members, n, why);
	free(members);
	return err;
}

static km_err make_key(provision *p, km_complaint *why)
{
	const words *w = &p->w;
	km_str groups[KM_GROUPS_MAX];
	const key_parts parts = {
		.gms = p->gms_uri, .kms = { p->gms_kms->uri, strlen(p->gms_kms->uri) },
		.params = {
			.activation = (uint64_t)p->activation, .expiry = (uint64_t)p->expiry,
			.text = { w->text, w->text == NULL ? 0 : strlen(w->text) },
			.groups = groups, .n_groups = w->groups.n,
		},
		.shared = KM_SHARED_NO,
	};

	for (size_t i = 0; i < w->groups.n; i++)
		groups[i] = (km_str){ w->groups.at[i], strlen(w->groups.at[i]) };
	return draw_key(p, &parts, why);
}

/* On disk before the first message can leave. */
static int keep_key(provision *p)
{
	km_complaint why = { 0 };
	char shown[CLI_SHOWN];
	struct stat st;

	if (p->w.gmk == NULL)
		return CLI_DONE;
	if (keyfile_write(p->key, p->w.gmk, km_seal_none(), true, &why) == KM_OK)
		return find_key_file(p);
	if (stat(p->w.gmk, &st) == 0)
		cli_error("%s: another run has made it meanwhile: run again to give its key",
				cli_show(shown, p->w.gmk, strlen(p->w.gmk)));
	else
		cli_error("%s", why.text);
	return CLI_IO;
}

int provision_make_key(provision *p)
{
	km_complaint why = { 0 };
	km_err err;

	if (make_key(p, &why) != KM_OK) {
		cli_error("no key could be drawn: %s", why.text);
		return CLI_IO;
	}
	key_adopt(p->key, p->gms);
	err = key_made_number(&p->key, p->gms, 1, (km_time){ p->now, 0 }, &why);
	if (err != KM_OK) {
		cli_error("%s", why.text);
		return err == KM_ELOST ? CLI_KEYS : CLI_IO;
	}
	return keep_key(p);
}

/* ---- its revocation -------------------------------------------------------------------------- */

/* The file too, where it can be: the state decides. */
static void mark_file(const provision *p)
{
	km_complaint why = { 0 };
	km_key *now = NULL;
	bool done = keyfile_read(&now, p->gmk_file, km_seal_none(), &why) == KM_OK;

	if (done && now->gmk_id != p->key->gmk_id) {
		snprintf(why.text, sizeof why.text, "the file was replaced during the run");
		done = false;
	}
	done = done && keyfile_write(p->key, p->gmk_file, km_seal_none(), false, &why) == KM_OK;
	km_key_free(now);
	if (!done)
		cli_note("the state knows that key %08x is revoked; its file does not say so: %s",
				(unsigned)p->key->gmk_id, why.text);
}

int provision_mark_revoked(provision *p)
{
	const bool was_revoked = p->key->revoked;
	km_complaint why = { 0 };

	if (!p->revoke)
		return CLI_DONE;
	if (km_key_revoke(p->key, &why) != KM_OK) {
		cli_error("%s", why.text);
		return CLI_IO;
	}
	if (!was_revoked && p->gmk_file != NULL)
		mark_file(p);
	return CLI_DONE;
}
