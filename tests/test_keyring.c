/* test_keyring.c -- KMSs and key sets as they are loaded: the valid are found, the rest refused. */
#include "util_lab.h"

#include <stdlib.h>
#include <string.h>

#include <gmp.h>
#include <jansson.h>
#include <sodium.h>

#include "provision/base/complain.h"
#include "engine/field/params.h"

#define GMS "sip:gms@gms-psi.example.org"

static json_t *own;             /* the project's own vectors */
static kmsdoc_cert own_cert;

static const char *text_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	assert_non_null(s);
	return s;
}

static int start(void **state)
{
	json_error_t error;

	(void)state;
	own = json_load_file("tests/vectors/own.json", 0, &error);
	if (own == NULL || km_init(NULL) != KM_OK)
		return -1;
	own_cert = some_cert(text_of(own, "kms_uri"), 0);
	from_hex(own_cert.z, sizeof own_cert.z, text_of(own, "Z"));
	from_hex(own_cert.kpak, sizeof own_cert.kpak, text_of(own, "kpak"));
	own_cert.period = (uint64_t)json_integer_value(json_object_get(own, "period"));
	own_cert.offset = (uint64_t)json_integer_value(json_object_get(own, "offset"));
	return 0;
}

static int stop(void **state)
{
	(void)state;
	json_decref(own);
	return 0;
}

static kmsdoc_keys own_keys(const char *uri)
{
	const json_t *user = json_object_get(json_object_get(own, "users"), uri);
	uint64_t period_no = (uint64_t)json_integer_value(json_object_get(user, "kpn"));
	kmsdoc_keys keys = some_keys(uri, period_no, 0);

	from_hex(keys.uid, sizeof keys.uid, text_of(user, "uid"));
	from_hex(keys.ssk, sizeof keys.ssk, text_of(user, "ssk"));
	from_hex(keys.pvt, sizeof keys.pvt, text_of(user, "pvt"));
	from_hex(keys.rsk, sizeof keys.rsk, text_of(user, "rsk"));
	return keys;
}

static void an_empty_ring_finds_nothing(void **state)
{
	km_keyring *ring = ring_with(NULL);
	static const uint8_t uid[KM_UID_BYTES];

	(void)state;
	assert_null(km_keyring_kms_newest(ring, "kms.example.org", 15));
	assert_null(keys_by_uid(ring, uid));
	assert_int_equal(n_kms(ring) + n_keys(ring), 0);
	km_keyring_free(ring);
	km_keyring_free(NULL);
}

static void the_users_of_the_vectors_are_imported(void **state)
{
	km_keyring *ring = ring_with(&own_cert);
	const km_kms *kms = km_keyring_kms_at(ring, 0);
	const char *uri;
	json_t *user;
	size_t n = 0;

	(void)state;
	assert_string_equal(kms->uri, own_cert.uri);
	assert_int_equal(kms->period, own_cert.period);
	assert_int_equal(kms->offset, own_cert.offset);
	json_object_foreach(json_object_get(own, "users"), uri, user) {
		kmsdoc_keys keys = own_keys(uri);

		add_keys(ring, written_keys(&keys, 1), KM_OK, "");
		assert_holds(ring, &keys);
		assert_memory_equal(km_keyring_keys_at(ring, n)->uid, keys.uid, KM_UID_BYTES);
		assert_null(keys_of_period(ring, uri, strlen(uri), kms, keys.period_no + 1));
		assert_null(keys_of_period(ring, uri, strlen(uri) - 1, kms, keys.period_no));
		assert_int_equal(n_keys(ring), ++n);
	}
	assert_int_equal(n, 3);
	assert_null(km_keyring_kms_newest(ring, "kms.example.or", 14));
	assert_null(km_keyring_kms_newest(ring, "kms.example.org.", 16));
	km_keyring_free(ring);
}

static void several_kmss_and_periods_are_told_apart(void **state)
{
	enum { KMSS = 2, PERIODS = 12 };
	static const uint64_t firsts[KMSS] = { 1531, 0 };
	km_keyring *ring = ring_with(&own_cert);
	static kmsdoc_keys keys[KMSS][PERIODS];

	(void)state;
	for (size_t k = 0; k < KMSS; k++) {
		kmsdoc_cert cert;
		km_kms_master *master = new_kms(&cert, k == 0 ? "kms.one" : "kms.two");

		cert.offset = k;
		add_kms(ring, written_init(&cert), KM_OK, "");
		for (size_t i = 0; i < PERIODS; i++) {
			keys[k][i] = new_keys(&cert, master, GMS, firsts[k] + i);
			keys[k][i].valid_to = (int64_t)(1000 + i);
			keys[k][i].revoked = i == 3;
		}
		km_kms_master_free(master);
		add_keys(ring, written_keys(keys[k], PERIODS), KM_OK, "");
	}
	assert_int_equal(n_kms(ring), 1 + KMSS);
	assert_int_equal(n_keys(ring), KMSS * PERIODS);
	for (size_t k = 0; k < KMSS; k++) {
		for (size_t i = 0; i < PERIODS; i++)
			assert_holds(ring, &keys[k][i]);
	}
	km_keyring_free(ring);
}

/* The value of a name in a file of "name = value" lines. */
static void value_of(char *out, size_t len, FILE *in, const char *name)
{
	static char line[1 << 14];

	rewind(in);
	while (fgets(line, sizeof line, in) != NULL) {
		char *value = strstr(line, " = ");

		if (value == NULL || (size_t)(value - line) != strlen(name) ||
		    strncmp(line, name, strlen(name)) != 0)
			continue;
		value[strcspn(value, "\r\n")] = '\0';
		snprintf(out, len, "%s", value + 3);
		return;
	}
	fail_msg("no %s in the vectors", name);
}

/* As a document says it: <element>value</element> for each name. */
static void put_elements(FILE *out, FILE *in, const char *who, const char *const *elements)
{
	char name[64], value[1100];

	for (; *elements != NULL; elements++) {
		snprintf(name, sizeof name, "%s.%s", who, *elements);
		value_of(value, sizeof value, in, name);
		fprintf(out, "<%s> %s\n</%s>", *elements, value, *elements);
	}
}

static void key_sets_of_a_third_party_are_imported(void **state)
{
	static const char *const of_kms[] = { "KmsUri", "UserIdFormat", "UserKeyPeriod",
		"UserKeyOffset", "PubEncKey", "PubAuthKey", NULL };
	static const char *const of_user[] = { "UserUri", "UserID", "KeyPeriodNo",
		"UserDecryptKey", "UserSigningKeySSK", "UserPubTokenPVT", NULL };
	static const char *const one[] = { "KmsUri", NULL }, *const users[] = { "gms", "alice" };
	const char *dir = getenv("VECTORS");
	char name[1024], *xml;
	size_t len;
	km_keyring *ring = ring_with(NULL);
	FILE *in, *out;

	(void)state;
	snprintf(name, sizeof name, "%s/streamwide-gmk.txt", dir == NULL ? "" : dir);
	in = dir == NULL ? NULL : fopen(name, "r");
	if (in == NULL) {
		km_keyring_free(ring);
		skip_as("VECTORS names no directory with the third party's vectors");
	}
	out = open_memstream(&xml, &len);
	fputs("<KmsCertificate xmlns='urn:3gpp:ns:mcsecKMSInterface:1.0'>", out);
	put_elements(out, in, "kms", of_kms);
	fputs("</KmsCertificate>", out);
	fclose(out);
	add_kms(ring, xml, KM_OK, "");
	for (size_t i = 0; i < 2; i++) {
		out = open_memstream(&xml, &len);
		fputs("<KmsKeySet xmlns='urn:3gpp:ns:mcsecKMSInterface:1.0'>", out);
		put_elements(out, in, "kms", one);
		put_elements(out, in, users[i], of_user);
		fputs("</KmsKeySet>", out);
		fclose(out);
		add_keys(ring, xml, KM_OK, i == 0 ? "keys.xml:2: UserUri: begins" : "");
	}
	assert_int_equal(n_keys(ring), 2);
	fclose(in);
	km_keyring_free(ring);
}

/* ---- what does not validate ----------------------------------------------------------- */

/* What was said about documents, one line behind the other. */
static char said[4096];

static void hear(void *ctx, const char *text)
{
	(void)ctx;
	snprintf(said + strlen(said), sizeof said - strlen(said), "%s\n", text);
}

static void assert_said(const char *text)
{
	if (strstr(said, text) == NULL)
		fail_msg("\"%s\" instead of \"%s\"", said, text);
	said[0] = '\0';
}

/* The second key set of a document has a flipped bit; the first one is loaded, and it is said. */
static void assert_flip_refused(const kmsdoc_cert *cert, size_t part, size_t bit)
{
	static const char *const complaints[] = {
		"keys.xml:23: UserDecryptKey: ", "keys.xml:24: UserSigningKeySSK: ",
		"keys.xml:25: UserPubTokenPVT: ",
	};
	kmsdoc_keys keys[2] = { own_keys(GMS), own_keys("sip:alice@example.org") };
	uint8_t *const fields[] = { keys[1].rsk, keys[1].ssk, keys[1].pvt };
	km_keyring *ring = ring_with(cert);

	km_keyring_on_remark(ring, hear, NULL);
	fields[part][bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	add_keys(ring, written_keys(keys, 2), KM_OK, "");
	assert_non_null(strstr(said, "; this key set of sip:alice@example.org is left out"));
	assert_said(complaints[part]);
	assert_int_equal(n_keys(ring), 1);
	assert_holds(ring, &keys[0]);
	km_keyring_free(ring);
}

static void every_part_of_a_key_set_is_validated(void **state)
{
	static const size_t bits[] = { 0, 7, 8, 100, 255 };
	km_keyring *ring = ring_with(&own_cert);
	kmsdoc_keys good = own_keys("sip:alice@example.org");

	(void)state;
	for (size_t part = 0; part < 3; part++) {
		for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
			assert_flip_refused(&own_cert, part, bits[i]);
	}
	assert_flip_refused(&own_cert, 0, 257 * 8 - 1);
	assert_flip_refused(&own_cert, 2, 65 * 8 - 1);
	add_keys(ring, written_keys(&good, 1), KM_OK, "");
	assert_holds(ring, &good);
	km_keyring_free(ring);
}

static void every_point_of_a_certificate_is_validated(void **state)
{
	static const struct {
		size_t bit;
		km_err want;            /* bits 0 to 7 are those of 04 */
	} flips[] = {
		{ 0, KM_EFORMAT }, { 7, KM_EFORMAT }, { 15, KM_ECURVE }, { 100, KM_ECURVE },
		{ 519, KM_ECURVE },
	};
	km_keyring *ring = ring_with(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof flips / sizeof *flips; i++) {
		size_t at = flips[i].bit / 8;
		uint8_t mask = (uint8_t)(0x80 >> flips[i].bit % 8);
		kmsdoc_cert bad = own_cert;

		bad.z[at] ^= mask;
		add_kms(ring, written_init(&bad), flips[i].want, "kms.xml:14: PubEncKey: ");
		bad = own_cert;
		bad.kpak[at] ^= mask;
		add_kms(ring, written_init(&bad), flips[i].want, "kms.xml:15: PubAuthKey: ");
	}
	assert_int_equal(n_kms(ring), 0);
	km_keyring_free(ring);
}

static void put_number(uint8_t out[KM_FP_BYTES], const mpz_t n)
{
	memset(out, 0, KM_FP_BYTES);
	mpz_export(out + KM_FP_BYTES - (mpz_sizeinbase(n, 2) + 7) / 8, NULL, 1, 1, 1, 0, n);
}

/* point + (0, 0), which is on y^2 = x^3 - 3x and of order 2: x' = -3/x, y' = 3y/x^2. */
static void add_order_two(uint8_t point[KM_SAKKE_POINT_BYTES], const mpz_t p)
{
	mpz_t x, y, u;

	mpz_inits(x, y, u, NULL);
	mpz_import(x, KM_FP_BYTES, 1, 1, 1, 0, point + 1);
	mpz_import(y, KM_FP_BYTES, 1, 1, 1, 0, point + 1 + KM_FP_BYTES);
	assert_int_not_equal(mpz_invert(u, x, p), 0);
	mpz_mul_ui(y, y, 3);
	mpz_mul(y, y, u);
	mpz_mul(y, y, u);
	mpz_mod(y, y, p);
	mpz_mul_si(x, u, -3);
	mpz_mod(x, x, p);
	put_number(point + 1, x);
	put_number(point + 1 + KM_FP_BYTES, y);
	mpz_clears(x, y, u, NULL);
}

static void points_of_another_order_are_refused(void **state)
{
	km_keyring *ring = ring_with(NULL);
	kmsdoc_cert cert = own_cert;
	kmsdoc_keys keys = own_keys(GMS);
	mpz_t p;

	(void)state;
	mpz_init(p);                    /* 4q - 1 */
	mpz_import(p, 16, -1, 8, 0, 0, params_q);
	mpz_mul_ui(p, p, 4);
	mpz_sub_ui(p, p, 1);
	add_order_two(cert.z, p);
	add_kms(ring, written_init(&cert), KM_EORDER,
			"kms.xml:14: PubEncKey: the point is not of order");
	add_order_two(cert.z, p);
	assert_memory_equal(cert.z, own_cert.z, sizeof cert.z);
	add_kms(ring, written_init(&cert), KM_OK, "");
	add_order_two(keys.rsk, p);
	add_keys(ring, written_keys(&keys, 1), KM_EORDER,
			"keys.xml:14: UserDecryptKey: the point is not of order");
	assert_int_equal(n_keys(ring), 0);
	mpz_clear(p);
	km_keyring_free(ring);
}

/* Alice's keys under the GMS's name, or the GMS's of another period. */
static void keys_of_somebody_else_are_refused(void **state)
{
	km_keyring *ring = ring_with(&own_cert);
	kmsdoc_keys keys = own_keys("sip:alice@example.org"), gms = own_keys(GMS);

	(void)state;
	strcpy(keys.uri, GMS);
	add_keys(ring, written_keys(&keys, 1), KM_EKEY, "keys.xml:15: UserSigningKeySSK: "
			"the key does not validate against the KMS public key and identifier: "
			"it fits the UserID given");
	memcpy(keys.uid, gms.uid, sizeof keys.uid);
	add_keys(ring, written_keys(&keys, 1), KM_EKEY, "keys.xml:15: UserSigningKeySSK: ");
	memcpy(keys.ssk, gms.ssk, sizeof keys.ssk);
	memcpy(keys.pvt, gms.pvt, sizeof keys.pvt);
	add_keys(ring, written_keys(&keys, 1), KM_EKEY, "keys.xml:14: UserDecryptKey: ");
	gms.period_no++;
	add_keys(ring, written_keys(&gms, 1), KM_EKEY, "keys.xml:15: UserSigningKeySSK: ");
	assert_int_equal(n_keys(ring), 0);
	km_keyring_free(ring);
}

static void keys_for_the_hex_string_are_named(void **state)
{
	kmsdoc_cert cert;
	km_kms_master *master = new_kms(&cert, "kms.old");
	km_keyring *ring = ring_with(&cert);
	kmsdoc_keys keys = new_keys(&cert, master, GMS, 13);
	char hex[2 * KM_UID_BYTES + 1];

	(void)state;
	sodium_bin2hex(hex, sizeof hex, keys.uid, sizeof keys.uid);
	for (int round = 0; round < 2; round++) {
		issue(&keys, hex, strlen(hex), master);
		add_keys(ring, written_keys(&keys, 1), KM_EKEY, "keys.xml:15: UserSigningKeySSK: "
				"the key does not validate against the KMS public key and "
				"identifier: the KMS made it for the identifier as a hex string");
		for (char *c = hex; *c != '\0'; c++)
			*c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
	}
	km_kms_master_free(master);
	km_keyring_free(ring);
}

/* ---- what is there twice, or missing -------------------------------------------------- */

static void a_wrong_user_id_is_remarked_and_not_used(void **state)
{
	km_keyring *ring = ring_with(&own_cert);
	kmsdoc_keys keys = own_keys(GMS), wrong = keys;

	(void)state;
	wrong.uid[5] ^= 1;
	add_keys(ring, written_keys(&wrong, 1), KM_OK, "keys.xml:12: UserID: not that of UserUri");
	assert_memory_equal(km_keyring_keys_at(ring, 0)->uid, keys.uid, KM_UID_BYTES);
	assert_null(keys_by_uid(ring, wrong.uid));
	km_keyring_free(ring);
}

static void the_same_twice_is_the_same_once(void **state)
{
	km_keyring *ring = ring_with(&own_cert);
	kmsdoc_keys keys[2] = { own_keys(GMS), own_keys(GMS) };
	kmsdoc_cert other = own_cert;

	(void)state;
	add_kms(ring, written_init(&own_cert), KM_OK, "");
	assert_int_equal(n_kms(ring), 1);
	other.period++;
	add_kms(ring, written_init(&other), KM_OK, "");
	assert_int_equal(n_kms(ring), 2);
	assert_ptr_equal(km_keyring_kms_at(ring, 0)->keys, km_keyring_kms_at(ring, 1)->keys);
	add_keys(ring, written_keys(keys, 2), KM_OK, "");
	add_keys(ring, written_keys(keys, 1), KM_OK, "");
	assert_int_equal(n_keys(ring), 1);
	keys[1].valid_to = 1000;
	add_keys(ring, written_keys(keys, 2), KM_OK, "keys.xml:18: KmsKeySet: it is loaded with");
	assert_int_equal(n_keys(ring), 1);
	keys[0].ssk[31] ^= 1;           /* not taken unseen because the set is there */
	add_keys(ring, written_keys(keys, 1), KM_EKEY, "keys.xml:15: UserSigningKeySSK: ");
	km_keyring_free(ring);
}

static void what_is_missing_is_named(void **state)
{
	km_keyring *ring = ring_with(NULL);
	kmsdoc_keys keys = own_keys(GMS);

	(void)state;
	add_keys(ring, written_keys(&keys, 1), KM_EARG, "keys.xml:10: KmsUri: ");
	add_keys(ring, written_init(&own_cert), KM_EFORMAT, "keys.xml: ");
	add_kms(ring, written_keys(&keys, 1), KM_EFORMAT, "kms.xml: ");
	add_kms(ring, edited(written_init(&own_cert), "<PubEncKey>", "<PubEncKey>0"), KM_EFORMAT,
			"kms.xml:14: PubEncKey: not 257 octets");
	assert_int_equal(n_kms(ring) + n_keys(ring), 0);
	km_keyring_free(ring);
}

/* ---- several certificates of a KMS, domains, periods ---------------------------------- */

/* Renewed with the same keys, then with others: each set fits its own, and each time has its own. */
static void a_renewed_certificate_stands_beside_the_old_one(void **state)
{
	kmsdoc_cert certs[3];
	km_kms_master *old = new_kms(&certs[0], "kms.one"), *now = new_kms(&certs[2], "kms.one");
	km_keyring *ring = ring_with(NULL);
	kmsdoc_keys first = new_keys(&certs[0], old, GMS, 3), other = new_keys(&certs[2], now, GMS, 3);
	const km_kms *kms;

	(void)state;
	certs[0].valid_to = 1000;
	certs[1] = certs[0];
	certs[1].valid_to = 2000;
	certs[2].valid_from = 1500;
	for (size_t i = 0; i < 3; i++)
		add_kms(ring, written_init(&certs[i]), KM_OK, "");
	assert_int_equal(n_kms(ring), 3);
	assert_ptr_equal(km_keyring_kms_at(ring, 0)->keys, km_keyring_kms_at(ring, 1)->keys);
	add_keys(ring, written_keys(&first, 1), KM_OK, "");
	add_keys(ring, written_keys(&other, 1), KM_OK, "");
	assert_int_equal(n_keys(ring), 2);
	kms = km_keyring_kms_valid(ring, "kms.one", 7, 1200);
	assert_int_equal(kms->valid_to, 2000);
	assert_ptr_equal(keys_of_period(ring, GMS, strlen(GMS), kms, 3), km_keyring_keys_at(ring, 0));
	kms = km_keyring_kms_valid(ring, "kms.one", 7, 1700);
	assert_int_equal(kms->valid_from, 1500);
	assert_ptr_equal(keys_of_period(ring, GMS, strlen(GMS), kms, 3), km_keyring_keys_at(ring, 1));
	assert_null(km_keyring_kms_valid(ring, "kms.two", 7, 1700));
	km_kms_master_free(old);
	km_kms_master_free(now);
	km_keyring_free(ring);
}

/* Nothing tells two certificates apart but their keys: it is said which one is taken. */
static void rival_certificates_are_remarked(void **state)
{
	km_keyring *ring = ring_with(&own_cert);
	kmsdoc_cert rival = own_cert;

	(void)state;
	km_keyring_on_remark(ring, hear, NULL);
	add_kms(ring, written_init(&rival), KM_OK, "");
	assert_string_equal(said, "");
	rival.revoked = true;
	rival.period++;
	add_kms(ring, written_init(&rival), KM_OK, "");
	assert_string_equal(said, "");
	rival.revoked = false;
	rival.period++;
	add_kms(ring, written_init(&rival), KM_OK, "");
	assert_said("kms.xml:9: KmsCertificate: kms.xml:9 has another certificate of this KMS, with other");
	km_keyring_free(ring);
}

static void the_longest_domain_chooses(void **state)
{
	static const struct {
		const char *uri, *kms;  /* NULL: none, or two */
	} hosts[] = {
		{ "sip:a@example.net", "kms.one" }, { "sip:a@SUB.example.NET.", "kms.one" },
		{ "sip:a@x.fire.example.net", "kms.two" }, { "sip:a@notexample.net", NULL },
		{ "sip:a@net", NULL }, { "tel:+4912345", NULL }, { "sip:a@both.example.org", NULL },
	};
	km_keyring *ring = ring_with(NULL);
	const char *const domains[2][2] = { { "Example.net.", "both.example.org" },
			{ "fire.example.net", "both.example.org" } };

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		kmsdoc_cert cert = own_cert;
		char *xml = NULL;
		size_t len;
		FILE *out = open_memstream(&xml, &len);

		strcpy(cert.uri, k == 0 ? "kms.one" : "kms.two");
		kmsdoc_write_init(out, &cert, domains[k], 2, 0);
		fclose(out);
		add_kms(ring, xml, KM_OK, "");
	}
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		const km_kms *kms = kms_of_host(ring, hosts[i].uri);

		if ((kms == NULL) != (hosts[i].kms == NULL))
			fail_msg("%s", hosts[i].uri);
		if (kms != NULL)
			assert_string_equal(kms->uri, hosts[i].kms);
	}
	km_keyring_free(ring);
}

static void any_period_goes_by_validity(void **state)
{
	kmsdoc_cert cert;
	km_kms_master *master = new_kms(&cert, "kms.one");
	km_keyring *ring = ring_with(&cert);
	kmsdoc_keys keys[2] = { new_keys(&cert, master, GMS, 7), new_keys(&cert, master, GMS, 8) };
	const km_kms *kms = km_keyring_kms_at(ring, 0);
	int64_t at = 1500;

	(void)state;
	keys[0].valid_to = 999;
	keys[1].valid_from = 1000;
	add_keys(ring, written_keys(keys, 2), KM_OK, "");
	assert_null(km_keyring_keys_when(ring, GMS, strlen(GMS), kms, at));
	assert_int_equal(km_keyring_set(ring, KM_RING_PERIODS, KM_PERIODS_ANY, NULL), KM_OK);
	assert_int_equal(km_keyring_keys_when(ring, GMS, strlen(GMS), kms, at)->period_no, 8);
	assert_int_equal(km_keyring_keys_when(ring, GMS, strlen(GMS), kms, at - 1000)->period_no, 7);
	km_kms_master_free(master);
	km_keyring_free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_ring_finds_nothing),
		cmocka_unit_test(the_users_of_the_vectors_are_imported),
		cmocka_unit_test(key_sets_of_a_third_party_are_imported),
		cmocka_unit_test(several_kmss_and_periods_are_told_apart),
		cmocka_unit_test(every_part_of_a_key_set_is_validated),
		cmocka_unit_test(every_point_of_a_certificate_is_validated),
		cmocka_unit_test(points_of_another_order_are_refused),
		cmocka_unit_test(keys_of_somebody_else_are_refused),
		cmocka_unit_test(keys_for_the_hex_string_are_named),
		cmocka_unit_test(a_wrong_user_id_is_remarked_and_not_used),
		cmocka_unit_test(the_same_twice_is_the_same_once),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(a_renewed_certificate_stands_beside_the_old_one),
		cmocka_unit_test(rival_certificates_are_remarked),
		cmocka_unit_test(the_longest_domain_chooses),
		cmocka_unit_test(any_period_goes_by_validity),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
