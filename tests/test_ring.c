/* test_ring.c -- a keyring that lives: views, numbers, uses, settings, pruning. */
#include "util_lab.h"

#include <stdlib.h>
#include <string.h>

#include "provision/base/complain.h"
#include "provision/base/when.h"
#include "provision/keys/keyring.h"

#define GMS "sip:gms@gms-psi.example.org"

static int start(void **state)
{
	(void)state;
	return km_init(NULL) == KM_OK ? 0 : -1;
}

static km_time at(int64_t seconds)
{
	return (km_time){ seconds, 0 };
}

/* Unix seconds of the beginning of a key period. */
static int64_t begin_of(const kmsdoc_cert *cert, uint64_t period_no)
{
	return (int64_t)(cert->offset + period_no * cert->period) - KM_NTP_UNIX;
}

static km_view *view_of(const km_keyring *ring)
{
	km_view *view;

	assert_int_equal(km_keyring_view(&view, ring), KM_OK);
	return view;
}

static km_keys_info keys_in(const km_view *view, size_t i)
{
	km_keys_info info = { .struct_size = sizeof info };

	assert_int_equal(km_view_keys(&info, view, i), 1);
	return info;
}

static void a_view_stays_as_it_was(void **state)
{
	static const char *const domains[] = { "example.org", "example.net" };
	kmsdoc_cert cert;
	km_kms_master *master = new_kms(&cert, "kms.one");
	kmsdoc_keys keys = new_keys(&cert, master, GMS, 7);
	km_keyring *ring = ring_with(NULL);
	km_kms_info kms = { .struct_size = sizeof kms };
	km_keys_info info;
	km_view *before, *after;
	struct { size_t struct_size; uint32_t kms; } early = { sizeof early, 0 };
	struct { km_kms_info known; uint64_t more; } later = { { .struct_size = sizeof later }, 7 };
	char *xml = NULL;
	size_t len;
	FILE *out = open_memstream(&xml, &len);

	(void)state;
	cert.valid_to = 1900000000;
	kmsdoc_write_init(out, &cert, domains, 2, 0);
	fclose(out);
	add_kms(ring, xml, KM_OK, "");
	before = view_of(ring);
	keys.valid_from = 1000;
	add_keys(ring, written_keys(&keys, 1), KM_OK, "");
	after = view_of(ring);
	km_keyring_free(ring);

	assert_int_equal(km_view_kms(&kms, before, 0), 1);
	assert_int_equal(kms.kms, 1);
	assert_int_equal(kms.is_revoked, 0);
	assert_int_equal(kms.period, cert.period);
	assert_true(kms.valid_from.seconds == KM_AT_ONCE);
	assert_int_equal(kms.valid_to.seconds, cert.valid_to);
	assert_string_equal(kms.uri.s, "kms.one");
	assert_int_equal(kms.uri.len, 7);
	assert_string_equal(kms.source.s, "kms.xml:9");
	assert_int_equal(kms.n_domains, 2);
	assert_int_equal(kms.tables_bytes, 0); /* before the first use */
	assert_string_equal(km_view_domain(before, 0, 1).s, "example.net");
	assert_int_equal(km_view_domain(before, 0, 2).len + km_view_domain(before, 1, 0).len, 0);
	info = (km_keys_info){ .struct_size = sizeof info, .use = 9 };
	assert_int_equal(km_view_keys(&info, before, 0), 0);
	assert_int_equal(info.use, 0);
	info = keys_in(after, 0);
	assert_int_equal(info.kms, 1);
	assert_int_equal(info.use, KM_USE_SIGN | KM_USE_OPEN);
	assert_int_equal(info.period_no, 7);
	assert_int_equal(info.valid_from.seconds, 1000);
	assert_true(info.valid_to.seconds == KM_NEVER);
	assert_string_equal(info.uri.s, GMS);

	/* Of an earlier and of a later library; and of none. */
	assert_int_equal(km_view_kms((km_kms_info *)(void *)&early, after, 0), 1);
	assert_int_equal(early.kms, 1);
	assert_int_equal(km_view_kms(&later.known, after, 0), 1);
	assert_string_equal(later.known.uri.s, "kms.one");
	assert_int_equal(later.more, 0);
	kms.struct_size = 0;
	assert_int_equal(km_view_kms(&kms, after, 0), 0);
	km_view_free(before);
	km_view_free(after);
	km_view_free(NULL);
	km_kms_master_free(master);
}

static uint32_t number(const km_keyring *ring, const char *uri)
{
	return km_keyring_kms(ring, uri, strlen(uri));
}

static void numbers_of_kmss_stay(void **state)
{
	kmsdoc_cert one, two;
	km_kms_master *first = new_kms(&one, "kms.one"), *second = new_kms(&two, "kms.two");
	km_keyring *ring = ring_with(NULL);

	(void)state;
	assert_int_equal(number(ring, "kms.one"), 0);
	two.z[9] ^= 1;
	add_kms(ring, written_init(&two), KM_ECURVE, "kms.xml:");
	two.z[9] ^= 1;
	one.valid_to = 1000;
	add_kms(ring, written_init(&one), KM_OK, "");
	add_kms(ring, written_init(&two), KM_OK, "");
	assert_int_equal(number(ring, "kms.one"), 1);
	assert_int_equal(number(ring, "kms.two"), 2);
	assert_int_equal(km_keyring_prune(ring, at(1001), NULL), KM_OK);
	assert_int_equal(number(ring, "kms.one"), 0);
	assert_int_equal(number(ring, "kms.two"), 2);
	one.valid_to = 3000;
	add_kms(ring, written_init(&one), KM_OK, "");
	assert_int_equal(number(ring, "kms.one"), 1);
	assert_int_equal(number(ring, "kms.on"), 0);
	km_kms_master_free(first);
	km_kms_master_free(second);
	km_keyring_free(ring);
}

/* Load for one use; xml is freed. */
static void add_for(km_keyring *ring, char *xml, uint32_t use, km_err want, const char *complaint)
{
	km_complaint why;
	km_err err = km_keyring_add_keys(ring, xml, strlen(xml), "keys.xml", use, &why);

	if (err != want || strncmp(why.text, complaint, strlen(complaint)) != 0)
		fail_msg("%d, \"%s\" instead of %d, \"%s\"", err, why.text, want, complaint);
	free(xml);
}

/* What stands from the last "<NAME>" to behind its end; xml is freed. */
static char *without(char *xml, const char *name)
{
	char from[64], *at;
	char *end;

	snprintf(from, sizeof from, "<%s>", name);
	at = strstr(xml, from);
	assert_non_null(at);
	end = strstr(at, "</");
	end = strchr(end, '>') + 1;
	memmove(at, end, strlen(end) + 1);
	return xml;
}

static char *for_signing(const kmsdoc_keys *keys)
{
	return without(written_keys(keys, 1), "UserDecryptKey");
}

static char *for_opening(const kmsdoc_keys *keys)
{
	return without(without(written_keys(keys, 1), "UserSigningKeySSK"), "UserPubTokenPVT");
}

static uint32_t use_in(const km_keyring *ring)
{
	km_view *view = view_of(ring);
	uint32_t use = keys_in(view, 0).use;

	km_view_free(view);
	return use;
}

static void what_is_not_wanted_may_be_missing(void **state)
{
	kmsdoc_cert cert;
	km_kms_master *master = new_kms(&cert, "kms.one");
	kmsdoc_keys keys = new_keys(&cert, master, GMS, 7), wrong = keys;
	km_keyring *ring = ring_with(&cert), *other = ring_with(&cert);
	km_complaint why;

	(void)state;
	wrong.rsk[9] ^= 1;
	add_for(ring, written_keys(&keys, 1), 0, KM_EARG, "use: ");
	add_for(ring, written_keys(&keys, 1), 4 | KM_USE_SIGN, KM_EARG, "use: ");
	assert_int_equal(km_keyring_add_keys(ring, "", 0, "keys.xml", 0, &why), KM_EARG);
	assert_string_equal(why.field, "use");
	assert_int_equal(n_keys(ring), 0);

	/* For signing: the decryption key is not read, be it wrong; without a signing key there is nothing. */
	add_for(ring, for_opening(&keys), KM_USE_SIGN, KM_EFORMAT,
			"keys.xml:9: KmsKeySet: UserSigningKeySSK is missing");
	add_for(ring, edited(written_keys(&wrong, 1), "</UserDecryptKey>", "<x/></UserDecryptKey>"), KM_USE_SIGN,
			KM_OK, "");
	assert_int_equal(use_in(ring), KM_USE_SIGN);
	/* The other part comes later: one key set with both. */
	add_for(ring, for_opening(&keys), KM_USE_OPEN, KM_OK, "");
	assert_int_equal(use_in(ring), KM_USE_SIGN | KM_USE_OPEN);
	add_for(ring, written_keys(&keys, 1), KM_USE_SIGN | KM_USE_OPEN, KM_OK, "");
	assert_int_equal(n_keys(ring), 1);
	assert_holds(ring, &keys);

	/* For opening the other way round. */
	add_for(other, for_signing(&keys), KM_USE_OPEN, KM_EFORMAT,
			"keys.xml:9: KmsKeySet: UserDecryptKey is missing");
	wrong = keys;
	wrong.ssk[9] ^= 1;
	add_for(other, written_keys(&wrong, 1), KM_USE_OPEN, KM_OK, "");
	assert_int_equal(use_in(other), KM_USE_OPEN);
	add_for(other, for_signing(&keys), KM_USE_SIGN | KM_USE_OPEN, KM_OK, "");
	assert_int_equal(use_in(other), KM_USE_SIGN | KM_USE_OPEN);
	assert_holds(other, &keys);
	km_kms_master_free(master);
	km_keyring_free(ring);
	km_keyring_free(other);
}

static long locked_kb(void)
{
	FILE *in = fopen("/proc/self/status", "r");
	char line[256];
	long kb = -1;

	while (in != NULL && fgets(line, sizeof line, in) != NULL)
		sscanf(line, "VmLck: %ld", &kb);
	if (in != NULL)
		fclose(in);
	return kb;
}

/* Locked memory by what a key set is for, over many, since it goes by pages. */
static long locked_by(uint32_t use, size_t n)
{
	kmsdoc_cert cert;
	km_kms_master *master = new_kms(&cert, "kms.one");
	km_keyring *ring = ring_with(&cert);
	long before = locked_kb(), took;

	for (size_t i = 0; i < n; i++) {
		kmsdoc_keys keys = new_keys(&cert, master, GMS, i);

		add_for(ring, written_keys(&keys, 1), use, KM_OK, "");
	}
	took = locked_kb() - before;
	km_kms_master_free(master);
	km_keyring_free(ring);
	return took;
}

static void each_use_locks_its_own(void **state)
{
	enum { N = 200 };       /* of 64 octets: 12.5 KB; with 256 for opening: 62.5 KB.  A slab is 4 KB and more */
	long sign, both;

	(void)state;
	(void)locked_by(KM_USE_SIGN | KM_USE_OPEN, 1);  /* what all operations share is locked once */
	if (locked_kb() <= 0)
		skip_as("nothing is locked here, as under sanitizers");
	sign = locked_by(KM_USE_SIGN, N);
	both = locked_by(KM_USE_SIGN | KM_USE_OPEN, N);
	if (sign > 32 || both < sign + 40)
		fail_msg("%d key sets lock %ld KB for signing and %ld KB for both", N, sign, both);
}

static void what_cannot_serve_is_pruned(void **state)
{
	kmsdoc_cert cert, later;
	km_kms_master *master = new_kms(&cert, "kms.one");
	km_keyring *ring = ring_with(NULL);
	kmsdoc_keys keys[4];
	km_view *view;
	const km_kms *kms;

	(void)state;
	later = cert;
	cert.valid_to = begin_of(&cert, 1502);
	later.valid_from = cert.valid_to;
	add_kms(ring, written_init(&cert), KM_OK, "");
	for (size_t i = 0; i < 4; i++)
		keys[i] = new_keys(&cert, master, GMS, 1500 + i);
	keys[2].valid_to = begin_of(&cert, 1502) + 5;
	add_keys(ring, written_keys(keys, 4), KM_OK, "");
	add_kms(ring, written_init(&later), KM_OK, "");
	view = view_of(ring);

	assert_int_equal(km_keyring_prune(ring, at(begin_of(&cert, 1501) - 1), NULL), KM_OK);
	assert_int_equal(n_keys(ring), 4);
	assert_int_equal(km_keyring_prune(ring, at(begin_of(&cert, 1501)), NULL), KM_OK);
	assert_int_equal(n_keys(ring), 3);
	assert_int_equal(n_kms(ring), 2);
	assert_int_equal(km_keyring_prune(ring, at(cert.valid_to + 1), NULL), KM_OK);
	assert_int_equal(n_kms(ring), 1);
	assert_int_equal(n_keys(ring), 2);
	assert_int_equal(km_keyring_prune(ring, at(keys[2].valid_to + 1), NULL), KM_OK);
	assert_int_equal(n_keys(ring), 1);
	/* It was loaded under the certificate that has gone, and serves under the renewed one. */
	kms = km_keyring_kms_at(ring, 0);
	assert_non_null(keys_of_period(ring, GMS, strlen(GMS), kms, 1503));
	assert_null(keys_of_period(ring, GMS, strlen(GMS), kms, 1502));
	/* A view still shows all. */
	assert_int_equal(keys_in(view, 0).period_no, 1500);
	assert_int_equal(keys_in(view, 3).period_no, 1503);
	km_view_free(view);

	/* Where KMSs number periods in their own way, validities alone tell. */
	assert_int_equal(km_keyring_set(ring, KM_RING_PERIODS, KM_PERIODS_ANY, NULL), KM_OK);
	assert_int_equal(km_keyring_prune(ring, at(begin_of(&cert, 1600)), NULL), KM_OK);
	assert_int_equal(n_keys(ring), 1);
	km_kms_master_free(master);
	km_keyring_free(ring);
}

/* Also where nothing else is taken out. */
static void why_a_set_was_lost_stays_as_long_as_the_ring(void **state)
{
	kmsdoc_cert cert;
	km_kms_master *master = new_kms(&cert, "kms.one");
	km_keyring *ring = ring_with(&cert);
	kmsdoc_keys keys[2] = { new_keys(&cert, master, GMS, 1500), new_keys(&cert, master, GMS, 1503) };
	char before[KMSDOC_FAULT], *blocks[64];
	const char *why;

	(void)state;
	keys[0].ssk[31] ^= 1;
	add_keys(ring, written_keys(keys, 2), KM_OK, "keys.xml:15: UserSigningKeySSK: ");
	why = km_keyring_lost(ring, GMS, "kms.one", 1500);
	assert_non_null(why);
	assert_true(strlen(why) < sizeof before);
	strcpy(before, why);
	assert_int_equal(km_keyring_prune(ring, at(begin_of(&cert, 1501)), NULL), KM_OK);
	assert_int_equal(n_keys(ring), 1);
	assert_null(km_keyring_lost(ring, GMS, "kms.one", 1500));
	for (size_t i = 0; i < 64; i++) {       /* what was freed is used again */
		const size_t size = sizeof(lost_keys) + KMSDOC_FAULT + i % 4 * 16;

		blocks[i] = malloc(size);
		assert_non_null(blocks[i]);
		km_wipe(blocks[i], size);
	}
	assert_string_equal(why, before);
	for (size_t i = 0; i < 64; i++)
		free(blocks[i]);
	km_kms_master_free(master);
	km_keyring_free(ring);
}

/* A document that is loaded again and again takes no more memory each time. */
static void what_was_lost_before_is_not_kept_twice(void **state)
{
	kmsdoc_cert cert;
	km_kms_master *master = new_kms(&cert, "kms.one");
	km_keyring *ring = ring_with(&cert);
	kmsdoc_keys keys[2] = { new_keys(&cert, master, GMS, 1500), new_keys(&cert, master, GMS, 1503) };
	const ring_snapshot *s;

	(void)state;
	keys[0].ssk[31] ^= 1;
	for (size_t i = 0; i < 3; i++)
		add_keys(ring, written_keys(keys, 2), KM_OK, "keys.xml:15: UserSigningKeySSK: ");
	s = ring_take(ring);
	assert_int_equal(s->lost.n, 1);
	ring_give_back(s);
	km_kms_master_free(master);
	km_keyring_free(ring);
}

static void a_renewed_certificate_shares_tables_after_pruning(void **state)
{
	kmsdoc_cert cert;
	km_kms_master *master = new_kms(&cert, "kms.one");
	km_keyring *ring = ring_with(NULL);
	kmsdoc_keys keys = new_keys(&cert, master, GMS, 1500);
	const km_kms *kms;

	(void)state;
	cert.valid_to = 1000;
	add_kms(ring, written_init(&cert), KM_OK, "");
	add_keys(ring, written_keys(&keys, 1), KM_OK, "");
	assert_int_equal(km_keyring_prune(ring, at(1001), NULL), KM_OK);
	assert_int_equal(n_kms(ring), 0);
	assert_int_equal(n_keys(ring), 1);
	cert.valid_to = 5000;
	add_kms(ring, written_init(&cert), KM_OK, "");
	kms = km_keyring_kms_at(ring, 0);
	assert_non_null(keys_of_period(ring, GMS, strlen(GMS), kms, 1500));
	km_kms_master_free(master);
	km_keyring_free(ring);
}

/* A KMS with a new key says so of the old one in the same cache; who holds the old certificate learns it. */
static void a_revoked_certificate_gives_way(void **state)
{
	kmsdoc_cert certs[2];
	km_kms_master *old = new_kms(&certs[0], "kms.one"), *renewed = new_kms(&certs[1], "kms.one");
	km_keyring *ring = ring_with(&certs[0]);
	const ring_snapshot *before = ring_take(ring), *after;
	char *cache = NULL;
	size_t len;
	FILE *out = open_memstream(&cache, &len);

	(void)state;
	certs[0].revoked = true;
	fputs("<KmsCertCache xmlns='urn:3gpp:ns:mcsecKMSInterface:1.0'>", out);
	for (size_t i = 0; i < 2; i++) {
		char *xml = written_init(&certs[i]), *end = strstr(xml, "</KmsCertificate>");
		const char *begin = strstr(xml, "<KmsCertificate");

		fprintf(out, "%.*s</KmsCertificate>", (int)(end - begin), begin);
		free(xml);
	}
	fputs("</KmsCertCache>", out);
	fclose(out);
	add_kms(ring, cache, KM_OK, "");
	after = ring_take(ring);
	assert_int_equal(n_kms(ring), 2);
	assert_memory_equal(ring_tables(ring_kms_valid(before, "kms.one", 7, 1000))->z, certs[0].z, sizeof certs[0].z);
	assert_memory_equal(ring_tables(ring_kms_valid(after, "kms.one", 7, 1000))->z, certs[1].z, sizeof certs[1].z);
	assert_ptr_equal(ring_kms_at(before, 0)->keys, ring_kms_at(after, 0)->keys);
	/* An older document takes nothing back. */
	certs[0].revoked = false;
	add_kms(ring, written_init(&certs[0]), KM_OK, "");
	assert_int_equal(n_kms(ring), 2);
	assert_true(km_keyring_kms_at(ring, 0)->revoked);
	ring_give_back(before);
	ring_give_back(after);
	km_kms_master_free(old);
	km_kms_master_free(renewed);
	km_keyring_free(ring);
}

static void a_revoked_key_set_stays_so(void **state)
{
	kmsdoc_cert cert;
	km_kms_master *master = new_kms(&cert, "kms.one");
	km_keyring *ring = ring_with(&cert);
	kmsdoc_keys keys = new_keys(&cert, master, GMS, 7);
	const km_key_set *given;

	(void)state;
	add_for(ring, for_signing(&keys), KM_USE_SIGN, KM_OK, "");
	given = km_keyring_keys_at(ring, 0);
	keys.revoked = true;
	add_for(ring, for_opening(&keys), KM_USE_OPEN, KM_OK, "");
	assert_false(given->revoked);
	assert_true(km_keyring_keys_at(ring, 0)->revoked);
	assert_int_equal(use_in(ring), KM_USE_SIGN | KM_USE_OPEN);
	keys.revoked = false;
	add_keys(ring, written_keys(&keys, 1), KM_OK, "");
	assert_int_equal(n_keys(ring), 1);
	assert_true(km_keyring_keys_at(ring, 0)->revoked);
	km_kms_master_free(master);
	km_keyring_free(ring);
}

static void an_error_leaves_the_ring_as_it_was(void **state)
{
	kmsdoc_cert cert;
	km_kms_master *master = new_kms(&cert, "kms.one");
	km_keyring *ring = ring_with(&cert);
	kmsdoc_keys keys[2] = { new_keys(&cert, master, GMS, 7), new_keys(&cert, master, GMS, 8) };

	(void)state;
	add_keys(ring, written_keys(keys, 1), KM_OK, "");
	for (size_t i = 0; i < 2; i++)
		keys[i].ssk[9] ^= 1;
	add_keys(ring, written_keys(keys, 2), KM_EKEY, "keys.xml:15: UserSigningKeySSK: ");
	assert_int_equal(n_keys(ring), 1);
	keys[0].ssk[9] ^= 1;
	assert_holds(ring, &keys[0]);
	km_kms_master_free(master);
	km_keyring_free(ring);
}

static void settings_are_refused_by_name(void **state)
{
	km_keyring *ring = ring_with(NULL);
	km_complaint why;

	(void)state;
	assert_int_equal(km_keyring_set(ring, (km_ring_setting)0, 1, &why), KM_EARG);
	assert_string_equal(why.field, "what");
	assert_int_equal(km_keyring_set(ring, (km_ring_setting)99, 1, &why), KM_EARG);
	assert_string_equal(why.field, "what");
	for (uint64_t value = 0; value <= 3; value++) {
		km_err want = value == 1 || value == 2 ? KM_OK : KM_EARG;

		assert_int_equal(km_keyring_set(ring, KM_RING_PERIODS, value, &why), want);
		assert_string_equal(why.field, want == KM_OK ? "" : "KM_RING_PERIODS");
		assert_int_equal(km_keyring_set(ring, KM_RING_NAMESPACES, value, &why), want);
		assert_string_equal(why.field, want == KM_OK ? "" : "KM_RING_NAMESPACES");
	}
	km_keyring_free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_view_stays_as_it_was),
		cmocka_unit_test(numbers_of_kmss_stay),
		cmocka_unit_test(what_is_not_wanted_may_be_missing),
		cmocka_unit_test(each_use_locks_its_own),
		cmocka_unit_test(what_cannot_serve_is_pruned),
		cmocka_unit_test(why_a_set_was_lost_stays_as_long_as_the_ring),
		cmocka_unit_test(what_was_lost_before_is_not_kept_twice),
		cmocka_unit_test(a_renewed_certificate_shares_tables_after_pruning),
		cmocka_unit_test(a_revoked_certificate_gives_way),
		cmocka_unit_test(a_revoked_key_set_stays_so),
		cmocka_unit_test(an_error_leaves_the_ring_as_it_was),
		cmocka_unit_test(settings_are_refused_by_name),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
