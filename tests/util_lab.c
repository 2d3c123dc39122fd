/* util_lab.c -- a laboratory KMS, and rings that its documents are loaded into. */
#include "util_lab.h"

#include <stdlib.h>
#include <string.h>

#include "provision/base/complain.h"

static uint64_t seed = 51;

static int fill(void *ctx, uint8_t *out, size_t len)
{
	draw_bytes(out, len, ctx);
	return 0;
}

const km_random drawn = { fill, &seed };

/* New master keys and their certificate. */
km_kms_master *new_kms(kmsdoc_cert *cert, const char *uri)
{
	km_kms_master *master;

	assert_int_equal(km_kms_master_new(&master, &drawn), KM_OK);
	*cert = some_cert(uri, 0);
	km_kms_master_public(cert->z, cert->kpak, master);
	return master;
}

/* The keys of an identifier. */
void issue(kmsdoc_keys *keys, const void *id, size_t id_len, const km_kms_master *master)
{
	assert_int_equal(km_kms_rsk(keys->rsk, id, id_len, master, &drawn), KM_OK);
	assert_int_equal(km_kms_ssk(keys->ssk, keys->pvt, id, id_len, master, &drawn), KM_OK);
}

kmsdoc_keys new_keys(const kmsdoc_cert *cert, const km_kms_master *master, const char *uri,
		uint64_t period_no)
{
	kmsdoc_keys keys = some_keys(uri, period_no, 0);

	strcpy(keys.kms_uri, cert->uri);
	km_uid(keys.uid, uri, strlen(uri), cert->uri, strlen(cert->uri), cert->period,
			cert->offset, period_no);
	issue(&keys, keys.uid, sizeof keys.uid, master);
	return keys;
}

/* Load, free xml, and compare the start of the complaint. */
void add_kms(km_keyring *ring, char *xml, km_err want, const char *complaint)
{
	km_complaint why;
	km_err err = km_keyring_add_kms(ring, xml, strlen(xml), "kms.xml", &why);

	if (err != want || strncmp(why.text, complaint, strlen(complaint)) != 0)
		fail_msg("%d, \"%s\" instead of %d, \"%s\"", err, why.text, want, complaint);
	assert_true(*complaint != '\0' || why.text[0] == '\0');
	free(xml);
}

void add_keys(km_keyring *ring, char *xml, km_err want, const char *complaint)
{
	km_complaint why;
	km_err err = km_keyring_add_keys(ring, xml, strlen(xml), "keys.xml", KM_USE_SIGN | KM_USE_OPEN, &why);

	if (err != want || strncmp(why.text, complaint, strlen(complaint)) != 0)
		fail_msg("%d, \"%s\" instead of %d, \"%s\"", err, why.text, want, complaint);
	assert_true(*complaint != '\0' || why.text[0] == '\0');
	free(xml);
}

km_keyring *ring_with(const kmsdoc_cert *cert)
{
	km_keyring *ring;

	assert_int_equal(km_keyring_new(&ring), KM_OK);
	if (cert != NULL)
		add_kms(ring, written_init(cert), KM_OK, "");
	return ring;
}

size_t n_kms(const km_keyring *ring)
{
	size_t n = 0;

	while (km_keyring_kms_at(ring, n) != NULL)
		n++;
	return n;
}

size_t n_keys(const km_keyring *ring)
{
	size_t n = 0;

	while (km_keyring_keys_at(ring, n) != NULL)
		n++;
	return n;
}

const km_key_set *keys_by_uid(const km_keyring *ring, const uint8_t uid[KM_UID_BYTES])
{
	const ring_snapshot *s = ring_take(ring);
	const km_key_set *set = ring_uid(s, uid);

	ring_give_back(s);
	return set;
}

const km_key_set *keys_of_period(const km_keyring *ring, const char *uri, size_t len, const km_kms *kms,
		uint64_t period_no)
{
	const ring_snapshot *s = ring_take(ring);
	const km_key_set *set = ring_keys(s, uri, len, kms, period_no);

	ring_give_back(s);
	return set;
}

const km_kms *kms_of_host(const km_keyring *ring, const char *member_uri)
{
	const km_kms *other, *kms = km_keyring_kms_claims(ring, member_uri, strlen(member_uri), &other);

	return other == NULL ? kms : NULL;
}

/* The key set is in the ring and is found by everything that finds it. */
void assert_holds(const km_keyring *ring, const kmsdoc_keys *keys)
{
	const km_kms *kms = km_keyring_kms_newest(ring, keys->kms_uri, strlen(keys->kms_uri));
	const km_key_set *set;

	assert_non_null(kms);
	set = keys_of_period(ring, keys->uri, strlen(keys->uri), kms, keys->period_no);
	assert_non_null(set);
	assert_ptr_equal(keys_by_uid(ring, set->uid), set);
	assert_string_equal(set->uri, keys->uri);
	assert_ptr_equal(set->kms, kms);
	assert_int_equal(set->period_no, keys->period_no);
	assert_int_equal(set->valid_from, keys->valid_from);
	assert_int_equal(set->valid_to, keys->valid_to);
	assert_int_equal(set->revoked, keys->revoked);
	assert_non_null(set->signer);
	assert_non_null(set->receiver);
}
