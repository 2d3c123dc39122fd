/* keyring.c -- the certificates of KMSs and the key sets of users, validated as they are loaded. */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "complain.h"
#include "kmsdoc.h"
#include "widen.h"

/* A KMS with its points as they came, to tell the same certificate from another one. */
typedef struct {
	km_kms kms;
	uint8_t z[KM_SAKKE_POINT_BYTES];
	uint8_t kpak[KM_ECCSI_POINT_BYTES];
	char uri[];
} kms_entry;

typedef struct {
	km_key_set set;
	char uri[];
} keys_entry;

typedef struct {
	void **at;
	size_t n, room;
} list;

struct km_keyring {
	list kms;               /* of kms_entry */
	list keys;              /* of keys_entry */
	uint32_t *slots;        /* index of keys by UID, open: 0, or 1 + the place */
	size_t n_slots;         /* a power of two, at least twice keys.n; or 0 */
	widening *widening;     /* of those in kms */
};

/* A document that is being loaded. */
typedef struct {
	km_keyring *ring;
	const char *name;
	km_complaint *why;
} loading;

/* Complain and pass err on; text may be NULL. */
static km_err refuse(const loading *in, int line, const char *element, km_err err, const char *text)
{
	char both[256];

	snprintf(both, sizeof both, "%s%s%s", km_strerror(err), text == NULL ? "" : ": ",
			text == NULL ? "" : text);
	complain(in->why, in->name, line, element, both);
	return err;
}

/* The document is another one than the caller needs. */
static km_err refuse_kind(const loading *in, const char *text)
{
	complain(in->why, in->name, 0, NULL, text);
	return KM_EFORMAT;
}

/* ---- storage --------------------------------------------------------------------------------- */

static bool list_add(list *l, void *entry)
{
	if (l->n == l->room) {
		size_t more = l->room == 0 ? 4 : 2 * l->room;
		void **bigger = reallocarray(l->at, more, sizeof *bigger);

		if (bigger == NULL)
			return false;
		l->at = bigger;
		l->room = more;
	}
	l->at[l->n++] = entry;
	return true;
}

static kms_entry *kms_at(const km_keyring *ring, size_t i)
{
	return ring->kms.at[i];
}

static keys_entry *keys_at(const km_keyring *ring, size_t i)
{
	return ring->keys.at[i];
}

static void kms_entry_free(kms_entry *entry)
{
	km_kms_public_free(entry->kms.keys);
	free(entry);
}

static void keys_entry_free(keys_entry *entry)
{
	km_signer_free(entry->set.signer);
	km_receiver_free(entry->set.receiver);
	free(entry);
}

/* The slot where uid stands or would stand; n_slots is not 0. */
static uint32_t *slot_of(const km_keyring *ring, const uint8_t uid[KM_UID_BYTES])
{
	uint64_t i;

	memcpy(&i, uid, sizeof i);
	for (;; i++) {
		uint32_t *slot = &ring->slots[i & (ring->n_slots - 1)];

		if (*slot == 0 || memcmp(keys_at(ring, *slot - 1)->set.uid, uid, KM_UID_BYTES) == 0)
			return slot;
	}
}

/* Make the index for room key sets or more, and fill it. */
static bool index_again(km_keyring *ring, size_t room)
{
	size_t n_slots = 16;
	uint32_t *slots;

	while (n_slots < 2 * room)
		n_slots *= 2;
	slots = calloc(n_slots, sizeof *slots);
	if (slots == NULL)
		return false;
	free(ring->slots);
	ring->slots = slots;
	ring->n_slots = n_slots;
	for (size_t i = 0; i < ring->keys.n; i++)
		*slot_of(ring, keys_at(ring, i)->set.uid) = (uint32_t)i + 1;
	return true;
}

static bool keys_add(km_keyring *ring, keys_entry *entry)
{
	if (ring->n_slots < 2 * (ring->keys.n + 1) && !index_again(ring, 2 * (ring->keys.n + 1)))
		return false;
	if (!list_add(&ring->keys, entry))
		return false;
	*slot_of(ring, entry->set.uid) = (uint32_t)ring->keys.n;
	return true;
}

/* Take the latest entries out again.  The index is cleared in place: this cannot fail. */
static void cut_back(km_keyring *ring, size_t n_kms, size_t n_keys)
{
	while (ring->keys.n > n_keys)
		keys_entry_free(ring->keys.at[--ring->keys.n]);
	while (ring->kms.n > n_kms)
		kms_entry_free(ring->kms.at[--ring->kms.n]);
	if (ring->n_slots == 0)
		return;
	memset(ring->slots, 0, ring->n_slots * sizeof *ring->slots);
	for (size_t i = 0; i < n_keys; i++)
		*slot_of(ring, keys_at(ring, i)->set.uid) = (uint32_t)i + 1;
}

/* ---- certificates ---------------------------------------------------------------------------- */

/* Which of the two points err is about: Z is tried beside a KPAK that is known to be good. */
static bool is_about_z(const kmsdoc_cert *cert, km_err err)
{
	static const uint8_t two[KM_FP_BYTES] = { [KM_FP_BYTES - 1] = 2 };
	static const uint8_t one[KM_SSK_BYTES] = { [KM_SSK_BYTES - 1] = 1 };
	uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];
	km_kms_master *master;
	km_kms_public *keys;
	km_err again;

	if (km_kms_master_import_new(&master, two, one) != KM_OK)
		return true;
	km_kms_master_public(z, kpak, master);
	km_kms_master_free(master);
	again = km_kms_public_new(&keys, cert->z, sizeof cert->z, kpak, sizeof kpak, 0);
	if (again == KM_OK)
		km_kms_public_free(keys);
	return again == err;
}

static km_err refuse_cert(const loading *in, const kmsdoc_cert *cert, km_err err)
{
	if (err == KM_ENOMEM)
		return refuse(in, cert->line, "KmsCertificate", err, NULL);
	if (is_about_z(cert, err))
		return refuse(in, cert->z_line, "PubEncKey", err, NULL);
	return refuse(in, cert->kpak_line, "PubAuthKey", err, NULL);
}

static bool is_same_cert(const kms_entry *old, const kmsdoc_cert *cert)
{
	return old->kms.period == cert->period && old->kms.offset == cert->offset &&
			old->kms.valid_from == cert->valid_from &&
			old->kms.valid_to == cert->valid_to && old->kms.revoked == cert->revoked &&
			memcmp(old->z, cert->z, sizeof old->z) == 0 &&
			memcmp(old->kpak, cert->kpak, sizeof old->kpak) == 0;
}

static const kms_entry *find_kms(const km_keyring *ring, const char *uri, size_t len)
{
	for (size_t i = 0; i < ring->kms.n; i++) {
		const kms_entry *entry = kms_at(ring, i);

		if (strlen(entry->uri) == len && memcmp(entry->uri, uri, len) == 0)
			return entry;
	}
	return NULL;
}

static km_err add_cert(const loading *in, const kmsdoc_cert *cert, size_t members)
{
	size_t len = strlen(cert->uri);
	const kms_entry *old = find_kms(in->ring, cert->uri, len);
	kms_entry *entry;
	km_err err;

	if (old != NULL && is_same_cert(old, cert))
		return KM_OK;
	if (old != NULL)
		return refuse(in, cert->line, "KmsCertificate", KM_EARG,
				"another certificate of the same KMS is loaded");
	entry = calloc(1, sizeof *entry + len + 1);
	if (entry == NULL)
		return refuse(in, cert->line, "KmsCertificate", KM_ENOMEM, NULL);
	memcpy(entry->uri, cert->uri, len + 1);
	memcpy(entry->z, cert->z, sizeof entry->z);
	memcpy(entry->kpak, cert->kpak, sizeof entry->kpak);
	entry->kms = (km_kms){
		.uri = entry->uri, .period = cert->period, .offset = cert->offset,
		.valid_from = cert->valid_from, .valid_to = cert->valid_to,
		.revoked = cert->revoked,
	};
	err = km_kms_public_new(&entry->kms.keys, cert->z, sizeof cert->z, cert->kpak,
			sizeof cert->kpak, members < WIDEN_FIRST ? members : WIDEN_FIRST);
	if (err != KM_OK) {
		free(entry);
		return refuse_cert(in, cert, err);
	}
	if (!list_add(&in->ring->kms, entry)) {
		kms_entry_free(entry);
		return refuse(in, cert->line, "KmsCertificate", KM_ENOMEM, NULL);
	}
	return KM_OK;
}

/* Wide tables for those from first on, while others begin. */
static void widen(km_keyring *ring, size_t first, size_t members)
{
	size_t n = ring->kms.n - first;
	km_kms_public **keys = members < WIDEN_FROM || n == 0 ? NULL : calloc(n, sizeof *keys);

	if (keys == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		keys[i] = kms_at(ring, first + i)->kms.keys;
	widen_start(&ring->widening, keys, n, members);
	free(keys);
}

km_err km_keyring_add_kms(km_keyring *ring, const char *xml, size_t len, const char *name,
		size_t members, km_complaint *why)
{
	loading in = { ring, name, why };
	size_t n_kms = ring->kms.n;
	kmsdoc doc;
	km_err err = kmsdoc_read(&doc, xml, len, name, why);

	if (err == KM_OK && doc.n_certs == 0)
		err = refuse_kind(&in, "no KmsCertificate stands in it");
	for (size_t i = 0; err == KM_OK && i < doc.n_certs; i++)
		err = add_cert(&in, &doc.certs[i], members);
	if (err != KM_OK)
		cut_back(ring, n_kms, ring->keys.n);
	else
		widen(ring, n_kms, members);
	kmsdoc_free(&doc);
	return err;
}

/* ---- key sets -------------------------------------------------------------------------------- */

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

	if (err == KM_EKEY)
		return refuse(in, keys->ssk_line, "UserSigningKeySSK", err,
				what_fits(keys, kms, uid));
	pvt = km_signer_new(&signer, uid, KM_UID_BYTES, one, sizeof one, keys->pvt,
			sizeof keys->pvt, kms->keys);
	if (pvt == KM_OK)
		km_signer_free(signer);
	if (pvt == err)
		return refuse(in, keys->pvt_line, "UserPubTokenPVT", err, NULL);
	return refuse(in, keys->ssk_line, "UserSigningKeySSK", err, NULL);
}

/* Validate the keys and put them into entry. */
static km_err take_keys(const loading *in, keys_entry *entry, const kmsdoc_keys *keys)
{
	const km_kms *kms = entry->set.kms;
	km_err err = km_signer_new(&entry->set.signer, entry->set.uid, KM_UID_BYTES, keys->ssk,
			sizeof keys->ssk, keys->pvt, sizeof keys->pvt, kms->keys);

	if (err != KM_OK)
		return refuse_signer(in, keys, kms, entry->set.uid, err);
	err = km_receiver_new(&entry->set.receiver, entry->set.uid, KM_UID_BYTES, keys->rsk,
			sizeof keys->rsk, kms->keys, NULL);
	if (err != KM_OK)
		return refuse(in, keys->rsk_line, "UserDecryptKey", err, NULL);
	return KM_OK;
}

static keys_entry *new_keys_entry(const kmsdoc_keys *keys, const km_kms *kms)
{
	size_t len = strlen(keys->uri);
	keys_entry *entry = calloc(1, sizeof *entry + len + 1);

	if (entry == NULL)
		return NULL;
	memcpy(entry->uri, keys->uri, len + 1);
	entry->set = (km_key_set){
		.uri = entry->uri, .kms = kms, .period_no = keys->period_no,
		.valid_from = keys->valid_from, .valid_to = keys->valid_to,
		.revoked = keys->revoked,
	};
	km_uid(entry->set.uid, keys->uri, len, kms->uri, strlen(kms->uri), kms->period,
			kms->offset, keys->period_no);
	return entry;
}

/* An RSK is the only one for its identity, and any SSK and PVT that validate will do: so only
 * what is said about the keys can differ. */
static bool is_same_set(const km_key_set *old, const km_key_set *set)
{
	return old->valid_from == set->valid_from && old->valid_to == set->valid_to &&
			old->revoked == set->revoked;
}

static km_err add_key_set(const loading *in, const kmsdoc_keys *keys)
{
	const kms_entry *kms = find_kms(in->ring, keys->kms_uri, strlen(keys->kms_uri));
	keys_entry *entry;
	const km_key_set *old;
	km_err err;

	if (kms == NULL)
		return refuse(in, keys->kms_line, "KmsUri", KM_EARG,
				"the certificate of this KMS is not loaded");
	entry = new_keys_entry(keys, &kms->kms);
	if (entry == NULL)
		return refuse(in, keys->line, "KmsKeySet", KM_ENOMEM, NULL);
	err = take_keys(in, entry, keys);
	old = km_keyring_uid(in->ring, entry->set.uid);
	if (err == KM_OK && old != NULL && !is_same_set(old, &entry->set))
		err = refuse(in, keys->line, "KmsKeySet", KM_EARG,
				"it is loaded with another ValidFrom, ValidTo or Revoked");
	if (err == KM_OK && old == NULL && !keys_add(in->ring, entry))
		err = refuse(in, keys->line, "KmsKeySet", KM_ENOMEM, NULL);
	else if (err == KM_OK && memcmp(keys->uid, entry->set.uid, KM_UID_BYTES) != 0)
		complain(in->why, in->name, keys->uid_line, "UserID", "not that of UserUri, "
				"KmsUri, KeyPeriodNo and the key period of the KMS, for which the "
				"keys are; it is not used");
	if (err != KM_OK || old != NULL)
		keys_entry_free(entry);
	return err;
}

km_err km_keyring_add_keys(km_keyring *ring, const char *xml, size_t len, const char *name,
		km_complaint *why)
{
	loading in = { ring, name, why };
	size_t n_keys = ring->keys.n;
	kmsdoc doc;
	km_err err = kmsdoc_read(&doc, xml, len, name, why);

	if (err == KM_OK && doc.n_keys == 0)
		err = refuse_kind(&in, "no KmsKeySet stands in it");
	for (size_t i = 0; err == KM_OK && i < doc.n_keys; i++)
		err = add_key_set(&in, &doc.keys[i]);
	if (err != KM_OK)
		cut_back(ring, ring->kms.n, n_keys);
	kmsdoc_free(&doc);
	return err;
}

/* ---- looking up ------------------------------------------------------------------------------ */

km_err km_keyring_new(km_keyring **ring)
{
	*ring = calloc(1, sizeof **ring);
	return *ring == NULL ? KM_ENOMEM : KM_OK;
}

void km_keyring_free(km_keyring *ring)
{
	if (ring == NULL)
		return;
	widen_end(ring->widening);
	cut_back(ring, 0, 0);
	free(ring->kms.at);
	free(ring->keys.at);
	free(ring->slots);
	free(ring);
}

km_err km_keyring_settle(km_keyring *ring)
{
	km_err err = widen_end(ring->widening);

	ring->widening = NULL;
	return err;
}

const km_kms *km_keyring_kms(const km_keyring *ring, const char *uri, size_t len)
{
	const kms_entry *entry = find_kms(ring, uri, len);

	return entry == NULL ? NULL : &entry->kms;
}

const km_kms *km_keyring_kms_at(const km_keyring *ring, size_t i)
{
	return i < ring->kms.n ? &kms_at(ring, i)->kms : NULL;
}

const km_key_set *km_keyring_keys_at(const km_keyring *ring, size_t i)
{
	return i < ring->keys.n ? &keys_at(ring, i)->set : NULL;
}

const km_key_set *km_keyring_keys(const km_keyring *ring, const char *uri, size_t len,
		const km_kms *kms, uint64_t period_no)
{
	uint8_t uid[KM_UID_BYTES];

	km_uid(uid, uri, len, kms->uri, strlen(kms->uri), kms->period, kms->offset, period_no);
	return km_keyring_uid(ring, uid);
}

const km_key_set *km_keyring_uid(const km_keyring *ring, const uint8_t uid[KM_UID_BYTES])
{
	const uint32_t *slot;

	if (ring->n_slots == 0)
		return NULL;
	slot = slot_of(ring, uid);
	return *slot == 0 ? NULL : &keys_at(ring, *slot - 1)->set;
}
