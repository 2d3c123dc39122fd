/* key_files.c -- group keys of a GMS in files: read where they exist, else made, and on disk before they are used. */
#include "key_made.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "asm/dit.h"
#include "base/complain.h"
#include "base/file.h"
#include "base/memlock.h"
#include "base/threads.h"
#include "journal.h"
#include "keys/keyfile.h"
#include "state.h"

static const char no_seal[] = "is missing: km_seal_none says that keys stand there in clear";
enum {
	AT_ONCE = 256,          /* files open at the same time */
	WRITERS = 4,            /* threads at most that write them */
};

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

/* text: locked room for each in turn, which takes more time to get than to fill; NULL: there is none. */
static km_err write_one(file_out *out, char *text, const km_key *key, const char *path, const km_seal *seal,
		km_complaint *why)
{
	size_t len = text == NULL ? 0 : keyfile_put(text, key);
	uint8_t *sealed = NULL;
	km_err err = text == NULL ? KM_ENOMEM : seal_is_none(seal) ? KM_OK :
			keyfile_seal_text(&sealed, &len, text, len, seal);

	if (err != KM_OK)
		complain(why, path, 0, NULL, km_strerror(err));
	else if (!file_create(out, path, FILE_PRIVATE | FILE_NEW | FILE_ONE_OF_MANY, why))
		err = KM_EIO;
	else
		fwrite(sealed == NULL ? (const void *)text : sealed, 1, len, out->f);
	free(sealed);
	return err;
}

/* Of all n; file_free it.  NULL: out of memory. */
static char *room_for_texts(const opening *o, const size_t *places, size_t n)
{
	size_t most = 1;

	for (size_t i = 0; i < n; i++) {
		const size_t room = keyfile_room(o->keys[places[i]]);

		most = room > most ? room : most;
	}
	return memlock_start() ? sodium_malloc(most) : NULL;
}

/* Some of them, by their places. */
static void write_some(const opening *o, const size_t *places, size_t n)
{
	file_out out[AT_ONCE];
	size_t of[AT_ONCE], made = 0;
	bool done[AT_ONCE];
	char *text = room_for_texts(o, places, n);

	for (size_t i = 0; i < n; i++) {
		km_err err = write_one(&out[made], text, o->keys[places[i]], o->paths[places[i]], o->seal, o->why);

		if (err != KM_OK)
			o->status[places[i]] = err;
		else
			of[made++] = places[i];
	}
	file_free(text);
	(void)file_commit_all(out, done, made, o->why);
	for (size_t i = 0; i < made; i++) {
		km_key *key = o->keys[of[i]];

		if (done[i]) {
			key->file = realpath(o->paths[of[i]], NULL);
			key->seal = seal_hold(o->seal);
		}
		o->status[of[i]] = !done[i] ? KM_EIO : key->file == NULL ? KM_ENOMEM : KM_OK;
	}
}

/* Files that several threads write, each a share of them. */
typedef struct {
	const opening *o;
	const size_t *places;
	size_t n, share, at_once;
	km_complaint whys[WRITERS];     /* what a share ended with, or empty */
} writing;

static void write_share(void *arg, size_t i)
{
	writing *w = arg;
	const size_t first = i * w->share, rest = w->n - first, n = rest < w->share ? rest : w->share;
	opening o = *w->o;

	o.why = complain_anew(&w->whys[i], NULL);
	for (size_t k = 0; k < n; k += w->at_once)
		write_some(&o, w->places + first + k, n - k < w->at_once ? n - k : w->at_once);
}

/* In threads of the keyring's pool.  A directory's entries are written by one at a time: many threads would wait. */
static void write_all(const opening *o, const size_t *places, size_t n)
{
	km_pool *pool = ring_pool(o->gms->ring);
	const size_t threads = threads_count(pool), writers = threads < WRITERS ? threads : WRITERS;
	writing w = { .o = o, .places = places, .n = n, .share = (n + writers - 1) / writers,
			.at_once = AT_ONCE / writers };
	const size_t shares = (n + w.share - 1) / w.share;

	for (size_t i = 0; i < n; i++)
		o->status[places[i]] = KM_EFAULT;       /* until its file is there */
	threads_each(pool, write_share, &w, shares);
	for (size_t i = 0; i < shares; i++) {
		if (w.whys[i].text[0] != '\0')
			*o->why = w.whys[i];
	}
	for (size_t i = 0; i < n; i++) {
		if (o->status[places[i]] != KM_OK)
			give_up(o, places[i], o->status[places[i]]);
	}
	km_pool_free(pool);
}

/* Numbers for up to KEY_MADE_MAX of those that are new, then their files. */
static km_err number_and_write(const opening *o, const size_t *places, size_t n)
{
	km_key *keys[KEY_MADE_MAX] = { NULL };
	km_err err;

	for (size_t i = 0; i < n; i++)
		keys[i] = o->keys[places[i]];
	err = key_made_number(keys, o->gms, n, o->now, o->why);
	if (err == KM_OK)
		write_all(o, places, n);
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
