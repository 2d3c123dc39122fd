/* util_gms.c -- several KMSs, and GMSs with group keys. */
#include "util_gms.h"

#include <stdlib.h>
#include <string.h>

#include "provision/base/complain.h"
#include "provision/gms/gms.h"
#include "provision/keys/key.h"

void lab_begin(lab_kms *kms, const char *uri, const char *const *domains)
{
	size_t len, n = 0;
	FILE *out;

	kms->master = new_kms(&kms->cert, uri);
	while (domains != NULL && domains[n] != NULL)
		n++;
	out = open_memstream(&kms->certificate, &len);
	kmsdoc_write_init(out, &kms->cert, domains, n, 1767607200);
	assert_int_equal(fclose(out), 0);
}

void lab_end(lab_kms *kms)
{
	km_kms_master_free(kms->master);
	free(kms->certificate);
}

void lab_add(km_keyring *ring, const lab_kms *kms)
{
	km_complaint why;

	if (km_keyring_add_kms(ring, kms->certificate, strlen(kms->certificate), kms->cert.uri, 0, &why) != KM_OK)
		fail_msg("%s", why.text);
}

void lab_add_user(km_keyring *ring, const lab_kms *kms, const char *uri, uint32_t use)
{
	const kmsdoc_keys keys = new_keys(&kms->cert, kms->master, uri, km_key_period_no(LAB_NOW, kms->cert.period,
			kms->cert.offset));
	km_complaint why;
	char *xml = written_keys(&keys, 1);

	if (km_keyring_add_keys(ring, xml, strlen(xml), uri, use, &why) != KM_OK)
		fail_msg("%s", why.text);
	free(xml);
}

km_key *lab_key(km_gms *gms, const char *group, int64_t expiry)
{
	const km_str groups = { group, strlen(group) };
	const km_time until = { expiry == 0 ? KM_NEVER : expiry, 0 };
	const km_key_params params = {
		.struct_size = sizeof params, .activation = { KM_AT_ONCE, 0 }, .expiry = until, .text = { "", 0 },
		.groups = &groups, .n_groups = 1, .authority = KM_AUTHORITY_PSI, .shared = KM_SHARED_NO,
		.n_members = KM_MEMBERS_LATER,
	};
	key_parts parts = key_params_parts(&params);
	km_complaint why;
	km_key *key;

	parts.gms = (km_str){ gms->uri, strlen(gms->uri) };
	parts.kms = (km_str){ gms->kms_uri, strlen(gms->kms_uri) };
	assert_int_equal(gms_new_ids(&parts.gmk_id, gms, &until, 1, LAB_NOW, NULL, &why), KM_OK);
	assert_int_equal(key_draw(&key, &parts, NULL, 0, &why), KM_OK);
	key->owner = gms_hold(gms);
	key->owner_free = gms_let_go;
	return key;
}
