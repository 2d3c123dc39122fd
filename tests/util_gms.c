/* util_gms.c -- several KMSs, and GMSs with group keys. */
#include "util_gms.h"

#include <stdlib.h>
#include <string.h>

#include "provision/base/complain.h"

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

	if (km_keyring_add_kms(ring, kms->certificate, strlen(kms->certificate), kms->cert.uri, &why) != KM_OK)
		fail_msg("%s", why.text);
}

void lab_add_user(km_keyring *ring, const lab_kms *kms, const char *uri, uint32_t use)
{
	lab_add_user_at(ring, kms, uri, use, LAB_NOW);
}

void lab_add_user_at(km_keyring *ring, const lab_kms *kms, const char *uri, uint32_t use, km_time at)
{
	const kmsdoc_keys keys = new_keys(&kms->cert, kms->master, uri, km_key_period_no(at, kms->cert.period,
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
	km_complaint why;
	km_key *key;

	if (km_key_new_unkept(&key, gms, &params, (km_time){ LAB_NOW.seconds - 100, 0 }, &why) != KM_OK)
		fail_msg("%s", why.text);
	return key;
}
