/* key_made.c -- group keys of a GMS: made, taken over, revoked. */
#include "key_made.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "asm/dit.h"
#include "base/complain.h"
#include "keys/keyfile.h"

/* As the state has it. */
static km_time expiry_of(const km_key *key)
{
	return (km_time){ key->params.expiry == 0 ? KM_NEVER : (int64_t)key->params.expiry, 0 };
}

static km_str str(const char *s)
{
	return (km_str){ s, strlen(s) };
}

static key_parts parts_of(const km_gms *gms, const km_key_params *params)
{
	key_parts parts = key_params_parts(params);

	parts.gms = str(gms->uri);
	parts.kms = str(gms->kms_uri);
	return parts;
}

void key_adopt(km_key *key, km_gms *gms)
{
	key->owner = gms_hold(gms);
	key->owner_free = gms_let_go;
}

km_err key_made_draw(km_key **key, km_gms *gms, const km_key_params *params, km_time now, km_time last,
		km_complaint *why)
{
	key_parts parts;
	km_err err;

	*key = NULL;
	if (params == NULL)
		return complain_field(why, "params", "is missing");
	err = key_params_check(params, str(gms->uri), now, last, why);
	if (err != KM_OK)
		return err;
	parts = parts_of(gms, params);
	err = key_draw(key, &parts, params->members, params->n_members == KM_MEMBERS_LATER ? 0 : params->n_members,
			why);
	if (err == KM_OK)
		key_adopt(*key, gms);
	return err;
}

km_err key_made_number(km_key *const *keys, km_gms *gms, size_t n, km_time now, km_complaint *why)
{
	uint32_t ids[KEY_MADE_MAX];
	km_time expiries[KEY_MADE_MAX] = { { 0, 0 } };
	km_err err;

	for (size_t i = 0; i < n; i++)
		expiries[i] = expiry_of(keys[i]);
	err = gms_new_ids(ids, gms, expiries, n, now, NULL, why);
	for (size_t i = 0; i < n && err == KM_OK; i++)
		keys[i]->gmk_id = ids[i];
	return err;
}

km_err km_key_new_unkept(km_key **out, km_gms *gms, const km_key_params *params, km_time now, km_complaint *why)
{
	DIT_WITHIN;
	km_complaint spare;
	km_key *key = NULL;
	km_time last;
	km_err err;

	why = complain_anew(why, &spare);
	*out = NULL;
	err = gms_last_t(&last, gms, now, why);
	if (err == KM_OK)
		err = key_made_draw(&key, gms, params, now, last, why);
	if (err == KM_OK)
		err = key_made_number(&key, gms, 1, now, why);
	if (err == KM_OK)
		*out = key;
	else
		km_key_free(key);
	return err;
}

/* To the database of its GMS, sealed. */
static km_err keep(const km_key *key, const km_gms *gms, km_complaint *why)
{
	uint8_t *sealed = NULL;
	size_t len;
	km_err err = keyfile_seal(&sealed, &len, key, store_seal(gms->place));

	if (err != KM_OK)
		complain(why, "group key", 0, NULL, km_strerror(err));
	else
		err = store_keep_key(gms->place, key->gmk_id, sealed, len, why);
	free(sealed);
	return err;
}

km_err km_key_new(km_key **out, km_gms *gms, const km_key_params *params, km_time now, km_complaint *why)
{
	DIT_WITHIN;
	km_complaint spare;
	km_err err;

	why = complain_anew(why, &spare);
	*out = NULL;
	if (store_seal(gms->place) == NULL)
		return complain_field(why, "gms", "its store is files, which keep no keys: km_key_file");
	err = km_key_new_unkept(out, gms, params, now, why);
	if (err == KM_OK)
		err = keep(*out, gms, why);
	if (err != KM_OK) {
		km_key_free(*out);
		*out = NULL;
	}
	return err;
}

/* ---- taken over ------------------------------------------------------------------------------ */

static km_err check_taken(const uint8_t *gmk, const uint8_t *rand, uint32_t gmk_id, km_complaint *why)
{
	if (gmk == NULL || sodium_is_zero(gmk, KM_SSV_BYTES))
		return complain_field(why, "gmk", "missing, or all 0");
	if (rand == NULL || sodium_is_zero(rand, KM_RAND_BYTES))
		return complain_field(why, "rand", "missing, or all 0");
	if (gmk_id == 0 || gmk_id >> 28 != 0)
		return complain_field(why, "gmk_id", "0, or with another purpose tag than that of a GMK");
	return KM_OK;
}

km_err km_key_take_gmk(km_key **out, km_gms *gms, const uint8_t gmk[KM_SSV_BYTES], const uint8_t rand[KM_RAND_BYTES],
		uint32_t gmk_id, const km_key_params *params, km_time now, km_complaint *why)
{
	DIT_WITHIN;
	km_complaint spare;
	bool known = false, is_known;
	km_key *key = NULL;
	key_parts parts;
	km_time last;
	km_err err;

	why = complain_anew(why, &spare);
	*out = NULL;
	if (params == NULL)
		return complain_field(why, "params", "is missing");
	err = check_taken(gmk, rand, gmk_id, why);
	if (err == KM_OK)
		err = gms_last_t(&last, gms, now, why);
	if (err == KM_OK)
		err = key_params_check(params, str(gms->uri), now, last, why);
	if (err != KM_OK)
		return err;
	parts = parts_of(gms, params);
	parts.gmk = gmk;
	parts.gmk_id = gmk_id;
	parts.rand = rand;
	parts.rand_len = KM_RAND_BYTES;
	err = key_make(&key, &parts, why);
	if (err == KM_OK) {
		const km_time expiry = expiry_of(key);

		key_adopt(key, gms);
		err = store_add_ids(gms->place, &known, &is_known, &gmk_id, &expiry, 1, now, why);
	}
	if (err == KM_OK && known)
		err = complain_field(why, "gmk_id", "known to the state of this GMS already");
	if (err == KM_OK)
		*out = key;
	else
		km_key_free(key);
	return err;
}

/* ---- revoked --------------------------------------------------------------------------------- */

/* The state first: what stands there holds for every process.  Then this process, and the file. */
km_err km_key_revoke(km_key *key, km_complaint *why)
{
	km_complaint spare;
	km_gms *gms;
	km_err err;

	why = complain_anew(why, &spare);
	gms = key == NULL ? NULL : gms_of(key);
	if (gms == NULL)
		return complain_field(why, "key", "not a key of a GMS");
	err = gms_revoke_id(gms, key->gmk_id, expiry_of(key), why);
	if (err != KM_OK)
		return err;
	key->revoked = true;
	return key->file == NULL ? KM_OK :
			keyfile_write(key, key->file, key->seal == NULL ? km_seal_none() : key->seal, false, why);
}
