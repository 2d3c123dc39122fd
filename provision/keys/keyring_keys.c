/* keyring_keys.c -- key sets of users, validated as they are loaded into a keyring. */
#include "keyring_load.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "asm/dit.h"
#include "base/complain.h"
#include "base/hint.h"

static bool signer_fits(const kmsdoc_keys *keys, const km_kms *kms, const void *id, size_t id_len)
{
	km_signer *signer;

	if (km_signer_new(&signer, id, id_len, keys->ssk, sizeof keys->ssk, keys->pvt,
			sizeof keys->pvt, kms->keys) != KM_OK)
		return false;
	km_signer_free(signer);
	return true;
}

/* Why keys that are no keys of uid may have been made so; NULL: it cannot be told. */
static const char *what_fits(const kmsdoc_keys *keys, const km_kms *kms,
		const uint8_t uid[KM_UID_BYTES])
{
	char hex[2 * KM_UID_BYTES + 1];
	bool fits;

	sodium_bin2hex(hex, sizeof hex, uid, KM_UID_BYTES);
	fits = signer_fits(keys, kms, hex, sizeof hex - 1);
	for (char *c = hex; *c != '\0'; c++)
		*c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
	if (fits || signer_fits(keys, kms, hex, sizeof hex - 1))
		return "the KMS made it for the identifier as a hex string, which is not supported";
	if (memcmp(keys->uid, uid, KM_UID_BYTES) != 0 &&
	    signer_fits(keys, kms, keys->uid, sizeof keys->uid))
		return "it fits the UserID given, which is not that of UserUri, KmsUri, "
			"KeyPeriodNo and the key period of the KMS";
	return NULL;
}

/* SSK or PVT?  PVT is tried beside an SSK that is known to be in range. */
static km_err refuse_signer(const loading *in, const kmsdoc_keys *keys, const km_kms *kms,
		const uint8_t uid[KM_UID_BYTES], km_err err)
{
	static const uint8_t one[KM_SSK_BYTES] = { [KM_SSK_BYTES - 1] = 1 };
	km_signer *signer;
	km_err pvt;

	if (keyring_lacks_memory(err))
		return keyring_refuse(in, keys->line, "KmsKeySet", err, NULL);
	if (err == KM_EKEY)
		return keyring_refuse(in, keys->ssk_line, "UserSigningKeySSK", err,
				what_fits(keys, kms, uid));
	pvt = km_signer_new(&signer, uid, KM_UID_BYTES, one, sizeof one, keys->pvt,
			sizeof keys->pvt, kms->keys);
	if (pvt == KM_OK)
		km_signer_free(signer);
	if (pvt == err)
		return keyring_refuse(in, keys->pvt_line, "UserPubTokenPVT", err, NULL);
	return keyring_refuse(in, keys->ssk_line, "UserSigningKeySSK", err, NULL);
}

/* Validate the keys against one certificate and put them into entry. */
static km_err take_keys(const loading *in, keys_entry *entry, const kmsdoc_keys *keys,
		const km_kms *kms)
{
	km_key_set *set = &entry->set;
	km_err err = KM_OK;

	km_uid(set->uid, keys->uri, strlen(keys->uri), kms->uri, strlen(kms->uri), kms->period,
			kms->offset, keys->period_no);
	if (keys->ssk_line != 0)
		err = km_signer_new(&entry->signer, set->uid, KM_UID_BYTES, keys->ssk, sizeof keys->ssk,
				keys->pvt, sizeof keys->pvt, kms->keys);
	if (err != KM_OK)
		return refuse_signer(in, keys, kms, set->uid, err);
	if (keys->rsk_line != 0)
		err = km_receiver_new(&entry->receiver, set->uid, KM_UID_BYTES, keys->rsk,
				sizeof keys->rsk, kms->keys, NULL);
	if (err != KM_OK) {
		km_signer_free(entry->signer);
		entry->signer = NULL;
		return keyring_refuse(in, keys->rsk_line, "UserDecryptKey", err, NULL);
	}
	set->kms = kms;
	set->signer = entry->signer;
	set->receiver = entry->receiver;
	return KM_OK;
}

static km_err refuse_unknown_kms(const loading *in, const kmsdoc_keys *keys)
{
	char text[KM_URI_MAX + 80];

	snprintf(text, sizeof text, "the certificate of this KMS, %s, is not loaded: give its "
			"document with %s", keys->kms_uri, hint_name(HINT_LOAD_KMS));
	return keyring_refuse(in, keys->kms_line, "KmsUri", KM_EARG, text);
}

/* A KMS may have several certificates: the newest that the keys fit. */
static km_err find_kms(const loading *in, keys_entry *entry, const kmsdoc_keys *keys)
{
	const ring_snapshot *s = in->draft;
	size_t len = strlen(keys->kms_uri);
	const km_kms *first = ring_kms(s, keys->kms_uri, len);
	km_complaint other;
	loading again = { in->ring, in->draft, in->name, in->use, &other };
	km_err err;

	if (first == NULL)
		return refuse_unknown_kms(in, keys);
	err = take_keys(in, entry, keys, first);
	for (size_t i = s->kms.n; err != KM_OK && !keyring_lacks_memory(err) && i-- > 0;) {
		const km_kms *kms = ring_kms_at(s, i);

		if (kms != first && ring_is_kms(kms, keys->kms_uri, len) &&
		    take_keys(&again, entry, keys, kms) == KM_OK)
			err = KM_OK;
	}
	for (size_t i = 0; err == KM_OK && entry->of == NULL; i++) {
		if (&kms_at(s, i)->kms == entry->set.kms)
			ring_hold(entry->of = kms_at(s, i));
	}
	return err;
}

/* An RSK is the only one for its identity, and any SSK and PVT that validate will do: so only
 * what is said about the keys can differ, and that one set opens and the other does not.  That it is revoked
 * may be said later, and stays. */
static bool is_same_set(const km_key_set *old, const km_key_set *set)
{
	return old->valid_from == set->valid_from && old->valid_to == set->valid_to;
}

/* The place of the key set under the same keys of its KMS; else how many there are. */
static size_t find_same(const ring_snapshot *s, const km_key_set *set)
{
	const keys_entry *old;
	size_t at = 0, place = 0;

	do {
		old = ring_next_with(s, set->uid, &at);
	} while (old != NULL && old->set.kms->keys != set->kms->keys);
	while (place < s->keys.n && (old == NULL || keys_at(s, place) != old))
		place++;
	return place;
}

/* Does the old one say and hold all that the new one does? */
static bool is_known(const keys_entry *old, const keys_entry *entry)
{
	return (old->set.revoked || !entry->set.revoked) && (entry->signer == NULL || old->set.signer != NULL) &&
			(entry->receiver == NULL || old->set.receiver != NULL);
}

/* What was loaded for the other use serves in the new one too, which holds it. */
static void join(keys_entry *entry, keys_entry *old)
{
	km_key_set *set = &entry->set;

	if (set->signer == NULL)
		set->signer = old->set.signer;
	if (set->receiver == NULL)
		set->receiver = old->set.receiver;
	set->revoked = set->revoked || old->set.revoked;
	entry->rest = old;
}

/* Put entry into the draft; *kept: it is there now. */
static km_err put(const loading *in, keys_entry *entry, const kmsdoc_keys *keys, bool *kept)
{
	ring_snapshot *s = in->draft;
	size_t place = find_same(s, &entry->set);
	keys_entry *old = place < s->keys.n ? keys_at(s, place) : NULL;

	*kept = false;
	if (old != NULL && !is_same_set(&old->set, &entry->set))
		return keyring_refuse(in, keys->line, "KmsKeySet", KM_EARG,
				"it is loaded with another ValidFrom or ValidTo");
	if (old != NULL && is_known(old, entry))
		return KM_OK;
	if (old == NULL && !ring_add_keys(s, entry))
		return keyring_refuse(in, keys->line, "KmsKeySet", KM_ENOMEM, NULL);
	if (old != NULL) {
		join(entry, old);
		s->keys.at[place] = entry;
	}
	*kept = true;
	return KM_OK;
}

static void free_keys(void *entry)
{
	keys_entry *keys = entry;

	km_signer_free(keys->signer);
	km_receiver_free(keys->receiver);
	ring_let_go(keys->rest);
	ring_let_go(keys->of);
	free(keys->source);
	free(keys);
}

static void remark_uid(const loading *in, const kmsdoc_keys *keys, const uint8_t uid[KM_UID_BYTES])
{
	if (keys->uid_line == 0 || memcmp(keys->uid, uid, KM_UID_BYTES) == 0)
		return;
	keyring_remark(in, keys->uid_line, "UserID", sodium_is_zero(keys->uid, KM_UID_BYTES) ?
			"not 32 octets in hex or base64; it is not used" :
			"not that of UserUri, KmsUri, KeyPeriodNo and the key period of the KMS, for "
			"which the keys are; it is not used");
}

/* remarks is where remarks go, in is where it is said why the set is refused. */
static km_err add_key_set(const loading *in, const loading *remarks, const kmsdoc_keys *keys)
{
	size_t len = strlen(keys->uri);
	keys_entry *entry;
	bool kept = false;
	km_err err;

	if (keys->fault[0] != '\0') {
		snprintf(in->why->text, sizeof in->why->text, "%s", keys->fault);
		return KM_EFORMAT;
	}
	entry = calloc(1, sizeof *entry + len + 1);
	if (entry == NULL)
		return keyring_refuse(in, keys->line, "KmsKeySet", KM_ENOMEM, NULL);
	entry->entry = (ring_entry){ 1, free_keys };
	memcpy(entry->uri, keys->uri, len + 1);
	entry->source = keyring_source(in, keys->line);
	entry->set = (km_key_set){
		.uri = entry->uri, .period_no = keys->period_no, .source = entry->source,
		.valid_from = keys->valid_from, .valid_to = keys->valid_to,
		.revoked = keys->revoked,
	};
	err = entry->source == NULL ? keyring_refuse(in, keys->line, "KmsKeySet", KM_ENOMEM, NULL) :
			find_kms(in, entry, keys);
	if (err == KM_OK)
		remark_uid(remarks, keys, entry->set.uid);
	if (err == KM_OK)
		err = put(in, entry, keys, &kept);
	if (!kept)
		ring_let_go(entry);
	return err;
}

static void free_lost(void *entry)
{
	lost_keys *lost = entry;

	free(lost->uri);
	free(lost->kms_uri);
	free(lost);
}

static bool is_lost(const ring_snapshot *s, const lost_keys *lost)
{
	for (size_t i = 0; i < s->lost.n; i++) {
		const lost_keys *old = s->lost.at[i];

		if (old->period_no == lost->period_no && strcmp(old->uri, lost->uri) == 0 &&
		    strcmp(old->kms_uri, lost->kms_uri) == 0 && strcmp(old->why, lost->why) == 0)
			return true;
	}
	return false;
}

/* Remember a set that was refused, so that who needs it is told why again. */
static void lose(ring_snapshot *draft, const kmsdoc_keys *keys, const km_complaint *why)
{
	lost_keys *lost = calloc(1, sizeof *lost + KMSDOC_FAULT);

	if (lost == NULL)
		return;
	lost->entry = (ring_entry){ 1, free_lost };
	lost->period_no = keys->period_no;
	lost->uri = strdup(keys->uri);
	lost->kms_uri = strdup(keys->kms_uri);
	complain_keep(lost->why, KMSDOC_FAULT, why);
	if (lost->uri == NULL || lost->kms_uri == NULL || is_lost(draft, lost) || !ring_list_add(&draft->lost, lost))
		ring_let_go(lost);
}

/* A document whose key sets are added. */
typedef struct {
	loading in;             /* also where remarks go */
	const kmsdoc *doc;
	const km_complaint *said;       /* what was said of it as it was read */
} adding;

static km_err edit_keys(ring_snapshot *draft, void *arg)
{
	adding *a = arg;
	const kmsdoc *doc = a->doc;
	km_complaint wrong, first = { 0 };
	loading one = { a->in.ring, draft, a->in.name, a->in.use, &wrong };
	km_err bad = KM_OK;
	size_t good = 0;

	a->in.draft = draft;
	*a->in.why = *a->said;
	for (size_t i = 0; i < doc->n_keys; i++) {
		km_err got = add_key_set(&one, &a->in, &doc->keys[i]);

		if (keyring_lacks_memory(got)) {
			*a->in.why = wrong;
			return got;
		}
		if (got != KM_OK && doc->n_keys > 1) {
			keyring_left_out(&a->in, wrong.text, "this key set of", doc->keys[i].uri);
			lose(draft, &doc->keys[i], &wrong);
		}
		if (got != KM_OK && bad == KM_OK) {
			first = wrong;
			bad = got;
		}
		good += got == KM_OK;
	}
	if (good > 0)
		return KM_OK;
	*a->in.why = first;
	return bad;
}

km_err km_keyring_add_keys(km_keyring *ring, const char *xml, size_t len, const char *name, uint32_t use,
		km_complaint *why)
{
	DIT_WITHIN;
	km_complaint spare, said;
	adding a = { .in = { .ring = ring, .name = name, .use = use }, .said = &said };
	kmsdoc_how how = keyring_how(&a.in);
	kmsdoc doc;
	km_err err;

	a.in.why = complain_anew(why, &spare);
	if (use == 0 || (use & ~(uint32_t)(KM_USE_SIGN | KM_USE_OPEN)) != 0)
		return complain_field(a.in.why, "use", "KM_USE_SIGN, KM_USE_OPEN or both are wanted");
	a.doc = &doc;
	err = kmsdoc_read(&doc, xml, len, &how, a.in.why);
	if (err == KM_OK && doc.n_keys == 0) {
		complain(a.in.why, name, 0, NULL, "no KmsKeySet stands in it");
		err = KM_EFORMAT;
	}
	said = *a.in.why;
	if (err == KM_OK)
		err = ring_change(ring, edit_keys, &a);
	kmsdoc_free(&doc);
	return err;
}
