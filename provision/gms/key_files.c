/* key_files.c -- group keys of a GMS in files: read where they exist, else made, and on disk before they are used. */
#include "key_made.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asm/dit.h"
#include "base/complain.h"
#include "base/file.h"
#include "journal.h"
#include "keys/keyfile.h"
#include "state.h"

static const char no_seal[] = "is missing: km_seal_none says that keys stand there in clear";
enum { AT_ONCE = 128 };         /* files open at the same time, with two descriptors each */

static bool is_str(km_str a, const char *b)
{
	return a.len == strlen(b) && memcmp(a.s, b, a.len) == 0;
}

static km_err refuse(km_complaint *why, const char *path, const char *element, km_err err, const char *text)
{
	complain(why, path, 0, element, text);
	return err;
}

/* ---- a file that is there -------------------------------------------------------------------- */

/* The file is changed where it stands: a link that was replaced would leave the old one as it was.  What is no file, a
 * pipe, is read once and never changed. */
static km_err find_file(km_key *key, const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0 || stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return KM_OK;
	key->file = realpath(path, NULL);
	return key->file == NULL ? KM_ENOMEM : KM_OK;
}

/* Is it this GMS's?  It is from then on; on an error it is gone. */
static km_err check_owner(km_key **in, km_gms *gms, const char *path, const km_seal *seal, km_complaint *why)
{
	km_key *key = *in;
	km_err err = KM_OK;

	*in = NULL;
	if (!is_str(key->gms, gms->uri) || !is_str(key->kms, gms->kms_uri))
		err = refuse(why, path, "gms", KM_EKEY, "the key of another GMS");
	else if (key->gmk_id == 0)
		err = refuse(why, path, "gmk_id", KM_EFORMAT, "0 is none");
	if (err != KM_OK) {
		km_key_free(key);
		return err;
	}
	key_adopt(key, gms);
	key->seal = seal_hold(seal);
	*in = key;
	return KM_OK;
}

static km_err read_key(km_key **key, km_gms *gms, const char *path, const km_seal *seal, km_complaint *why)
{
	km_err err = keyfile_read(key, path, seal, why);

	if (err == KM_OK)
		err = check_owner(key, gms, path, seal, why);
	if (err == KM_OK && (err = find_file(*key, path)) != KM_OK) {
		km_key_free(*key);
		*key = NULL;
	}
	return err;
}

/* Those who were given it stand in a file of version 1: they go into its journal, once. */
static km_err take_salts(const km_key *key, const km_gms *gms, km_complaint *why)
{
	const state *st = store_state(gms->place);
	const journal_key whose = journal_key_of(key);
	char *path = st == NULL ? NULL : journal_path(state_name(st), key->gmk_id);
	salts *old = salts_new();
	journal *j = NULL;
	journal_result result = JOURNAL_IO;
	km_err err = KM_ENOMEM;

	if (st == NULL)
		err = refuse(why, "group key", "salts", KM_EFORMAT, "it says who was given it, as an older version did: "
				"a store of files takes that over, and no other");
	else if (path != NULL && old != NULL && salts_load(old, key->old_salts, key->n_old_salts, true))
		result = journal_open(&j, path, JOURNAL_MAKE, &whose, why), err = KM_EIO;
	if (result == JOURNAL_OK && journal_is_new(j))
		result = journal_take(j, old, why);
	journal_close(j);
	salts_free(old);
	free(path);
	return result == JOURNAL_OK ? KM_OK : result == JOURNAL_CORRUPT ? KM_ELOST : err;
}

/* What the state and the key know of each other: is is what it knows of the GMK-ID. */
static km_err agree(km_key *key, km_gms *gms, uint32_t is, km_time now, km_complaint *why)
{
	const km_time expiry = { key->params.expiry == 0 ? KM_NEVER : (int64_t)key->params.expiry, 0 };
	bool known = false, is_known;
	km_err err = KM_OK;

	if (key->revoked && is != KM_ID_REVOKED)
		err = gms_revoke_id(gms, key->gmk_id, expiry, why);
	else if (is == KM_ID_UNKNOWN)
		err = store_add_ids(gms->place, &known, &is_known, &key->gmk_id, &expiry, 1, now, why);
	if (err == KM_OK && known)              /* meanwhile, or a file that was named twice */
		err = gms_look_up(&is, gms, key->gmk_id, why);
	if (is == KM_ID_REVOKED)
		key->revoked = true;
	return err == KM_OK && key->old_salts != NULL ? take_salts(key, gms, why) : err;
}

/* What was read, and the state: *out, or it is gone.  */
static km_err take(km_key **out, km_key *key, km_gms *gms, km_complaint *why)
{
	uint32_t is;
	km_err err = gms_look_up(&is, gms, key->gmk_id, why);

	if (err == KM_OK)
		err = agree(key, gms, is, km_time_now(), why);
	if (key->authority == 0)
		key->authority = KM_AUTHORITY_LISTED;   /* a file of before did not say */
	if (err == KM_OK)
		*out = key;
	else
		km_key_free(key);
	return err;
}

km_err km_key_load(km_key **out, km_gms *gms, const char *path, const km_seal *seal, km_complaint *why)
{
	DIT_WITHIN;
	km_complaint spare;
	km_key *key;
	km_err err;

	why = complain_anew(why, &spare);
	*out = NULL;
	if (path == NULL)
		return complain_field(why, "path", "is missing");
	if (seal == NULL)
		return complain_field(why, "seal", no_seal);
	err = read_key(&key, gms, path, seal, why);
	return err == KM_OK ? take(out, key, gms, why) : err;
}

km_err km_key_import(km_key **out, km_gms *gms, const uint8_t *sealed, size_t len, const km_seal *seal,
		km_complaint *why)
{
	DIT_WITHIN;
	km_complaint spare;
	km_key *key;
	km_err err;

	why = complain_anew(why, &spare);
	*out = NULL;
	if (sealed == NULL)
		return complain_field(why, "sealed", "is missing");
	if (seal == NULL || seal_is_none(seal))
		return complain_field(why, "seal", "is missing, or km_seal_none");
	err = keyfile_unseal(&key, sealed, len, seal, "sealed key", why);
	if (err == KM_OK)
		err = check_owner(&key, gms, "sealed key", seal, why);
	return err == KM_OK ? take(out, key, gms, why) : err;
}

/* ---- those that are wanted ------------------------------------------------------------------- */

/* What a call has in common. */
typedef struct {
	km_key **keys;
	uint32_t *is_new;
	km_err *status;
	km_gms *gms;
	const char *const *paths;
	const km_seal *seal;
	const km_key_params *const *params;
	size_t n;
	km_time now, last;
	km_complaint *why;
} opening;

/* One is not to be had: what is wrong with it stands in o->why. */
static void give_up(const opening *o, size_t i, km_err err)
{
	km_key_free(o->keys[i]);
	o->keys[i] = NULL;
	o->is_new[i] = 0;
	o->status[i] = err;
}

/* A link to nothing is neither a key nor a place for one. */
static km_err is_there(bool *there, const char *path, km_complaint *why)
{
	struct stat st;

	*there = strcmp(path, "-") == 0 || stat(path, &st) == 0 || errno != ENOENT;
	if (*there || lstat(path, &st) != 0)
		return KM_OK;
	return refuse(why, path, NULL, KM_EIO, "a link to a file that is not there");
}

/* Does a file that was there say what is wanted? */
static km_err compare(km_key *key, const char *path, const km_key_params *params, km_complaint *why)
{
	km_complaint said;
	km_err err;

	if (key->authority == 0)
		key->authority = params->authority;     /* a file of before did not say */
	err = key_params_same(params, key, &said);
	if (err != KM_OK) {
		complain(why, path, 0, NULL, said.text);
		memcpy(why->field, said.field, sizeof why->field);
	}
	return err;
}

/* Read, or drawn and without a number yet. */
static km_err begin(const opening *o, size_t i)
{
	bool there = false;
	km_err err;

	o->keys[i] = NULL;
	o->is_new[i] = 0;
	if (o->paths[i] == NULL)
		return complain_field(o->why, "paths", "one is missing");
	if (o->params[i] == NULL)
		return complain_field(o->why, "params", "is missing");
	err = is_there(&there, o->paths[i], o->why);
	if (err != KM_OK)
		return err;
	o->is_new[i] = !there;
	if (!there)
		return key_made_draw(&o->keys[i], o->gms, o->params[i], o->now, o->last, o->why);
	err = key_params_check(o->params[i], (km_str){ o->gms->uri, strlen(o->gms->uri) }, (km_time){ 0, 0 }, (km_time){ 0, 0 }, o->why);
	if (err == KM_OK)
		err = read_key(&o->keys[i], o->gms, o->paths[i], o->seal, o->why);
	return err == KM_OK ? compare(o->keys[i], o->paths[i], o->params[i], o->why) : err;
}

/* Ask the state about all that were read, once. */
static km_err look_up_read(const opening *o)
{
	uint32_t *ids = calloc(2 * o->n + 1, sizeof *ids), *is = ids + o->n;
	size_t n = 0, at = 0;
	km_err err = ids == NULL ? KM_ENOMEM : KM_OK;

	for (size_t i = 0; i < o->n && err == KM_OK; i++) {
		if (o->keys[i] != NULL && !o->is_new[i])
			ids[n++] = o->keys[i]->gmk_id;
	}
	if (err == KM_OK)
		err = gms_look_up_all(is, o->gms, ids, n, o->why);
	for (size_t i = 0; i < o->n && err == KM_OK; i++) {
		km_err one;

		if (o->keys[i] == NULL || o->is_new[i])
			continue;
		one = agree(o->keys[i], o->gms, is[at++], o->now, o->why);
		if (one == KM_OK && o->keys[i]->revoked)
			one = refuse(o->why, o->paths[i], NULL, KM_EREVOKED, "the key is revoked");
		if (one != KM_OK)
			give_up(o, i, one);
	}
	free(ids);
	return err;
}

/* ---- files made ------------------------------------------------------------------------------ */

/* What is to stand in the file, in memory that file_free or, sealed, free gives back. */
static km_err write_text(char **text, size_t *len, const km_key *key, const km_seal *seal)
{
	uint8_t *sealed;
	km_err err;

	if (seal_is_none(seal)) {
		*text = keyfile_text(len, key);
		return *text == NULL ? KM_ENOMEM : KM_OK;
	}
	err = keyfile_seal(&sealed, len, key, seal);
	*text = (char *)sealed;
	return err;
}

static km_err write_one(file_out *out, const km_key *key, const char *path, const km_seal *seal, km_complaint *why)
{
	char *text = NULL;
	size_t len;
	km_err err = write_text(&text, &len, key, seal);

	if (err != KM_OK)
		complain(why, path, 0, NULL, km_strerror(err));
	else if (!file_create(out, path, FILE_PRIVATE | FILE_NEW | FILE_ONE_OF_MANY, why))
		err = KM_EIO;
	else
		fwrite(text, 1, len, out->f);
	if (seal_is_none(seal))
		file_free(text);
	else
		free(text);
	return err;
}

/* Up to AT_ONCE of them, by their places. */
static void write_some(const opening *o, const size_t *places, size_t n)
{
	file_out out[AT_ONCE];
	size_t of[AT_ONCE], made = 0;
	bool done[AT_ONCE];

	for (size_t i = 0; i < n; i++) {
		km_err err = write_one(&out[made], o->keys[places[i]], o->paths[places[i]], o->seal, o->why);

		if (err != KM_OK)
			give_up(o, places[i], err);
		else
			of[made++] = places[i];
	}
	(void)file_commit_all(out, done, made, o->why);
	for (size_t i = 0; i < made; i++) {
		km_key *key = o->keys[of[i]];

		if (done[i]) {
			key->file = realpath(o->paths[of[i]], NULL);
			key->seal = seal_hold(o->seal);
		}
		if (!done[i] || key->file == NULL)
			give_up(o, of[i], done[i] ? KM_ENOMEM : KM_EIO);
	}
}

/* Numbers for up to KEY_MADE_MAX of those that are new, then their files. */
static km_err number_and_write(const opening *o, const size_t *places, size_t n)
{
	km_key *keys[KEY_MADE_MAX] = { NULL };
	km_err err;

	for (size_t i = 0; i < n; i++)
		keys[i] = o->keys[places[i]];
	err = key_made_number(keys, o->gms, n, o->now, o->why);
	for (size_t i = 0; i < n && err == KM_OK; i += AT_ONCE)
		write_some(o, places + i, n - i < AT_ONCE ? n - i : AT_ONCE);
	return err;
}

static km_err write_new(const opening *o)
{
	size_t *places = calloc(o->n + 1, sizeof *places), n = 0;
	const char **names = calloc(o->n + 1, sizeof *names);
	km_err err = places == NULL || names == NULL ? KM_ENOMEM : KM_OK;

	for (size_t i = 0; i < o->n && err == KM_OK; i++) {
		if (o->keys[i] == NULL || !o->is_new[i])
			continue;
		places[n] = i;
		names[n++] = o->paths[i];
	}
	if (err == KM_OK)
		file_remove_dead(names, n);
	for (size_t i = 0; i < n && err == KM_OK; i += KEY_MADE_MAX)
		err = number_and_write(o, places + i, n - i < KEY_MADE_MAX ? n - i : KEY_MADE_MAX);
	free(places);
	free(names);
	return err;
}

/* KM_OK, KM_EPARTIAL, or what none is to be had for. */
static km_err open_all(opening *o)
{
	km_err err = gms_last_t(&o->last, o->gms, o->now, o->why);
	bool all = true;

	for (size_t i = 0; i < o->n; i++) {
		o->keys[i] = NULL;
		o->is_new[i] = 0;
		o->status[i] = err;
	}
	for (size_t i = 0; i < o->n && err == KM_OK; i++) {
		km_err one = begin(o, i);

		if (one != KM_OK)
			give_up(o, i, one);
	}
	if (err == KM_OK)
		err = look_up_read(o);
	if (err == KM_OK)
		err = write_new(o);
	for (size_t i = 0; i < o->n; i++) {
		if (err != KM_OK)
			give_up(o, i, err);
		all = all && o->status[i] == KM_OK;
	}
	return err != KM_OK || all ? err : KM_EPARTIAL;
}

km_err km_key_files(km_key **keys, uint32_t *is_new, km_err *status, km_gms *gms, const char *const *paths,
		const km_seal *seal, const km_key_params *const *params, size_t n, km_time now, km_complaint *why)
{
	DIT_WITHIN;
	km_complaint spare;
	opening o = { keys, is_new, status, gms, paths, seal, params, n, now, { 0, 0 }, complain_anew(why, &spare) };
	const char *missing = paths == NULL ? "paths" : params == NULL ? "params" : seal == NULL ? "seal" : NULL;

	if (missing == NULL)
		return open_all(&o);
	for (size_t i = 0; i < n; i++) {
		keys[i] = NULL;
		is_new[i] = 0;
		status[i] = KM_EARG;
	}
	return complain_field(o.why, missing, seal == NULL ? no_seal : "is missing");
}

km_err km_key_file(km_key **key, uint32_t *is_new, km_gms *gms, const char *path, const km_seal *seal,
		const km_key_params *params, km_time now, km_complaint *why)
{
	km_complaint spare;
	km_err status, err;

	if (path == NULL) {
		*key = NULL;
		*is_new = 0;
		return complain_field(complain_anew(why, &spare), "path", "is missing");
	}
	err = km_key_files(key, is_new, &status, gms, &path, seal, &params, 1, now, why);
	return err == KM_EPARTIAL ? status : err;
}
