/* ours_message.c -- whole messages, as provision/ makes them for the members of a group. */
#include "ours.h"

#include <stdlib.h>
#include <string.h>

#include "forgetful.h"
#include "provision/base/complain.h"
#include "provision/gmk.h"
#include "provision/keys/keyring_pointers.h"
#include "provision/keys/kmsdoc.h"

#define KMS    "kms.example.org"
#define GMS    "sip:gms@gms-psi.example.org"
#define GROUP  "sip:fire-1@gms-psi.example.org"
#define TEXT   "Fire brigade 1"
#define AT     1767607200u      /* Unix seconds of all messages */
#define PERIOD 2592000u

enum {
	GROUPS = 25,            /* of a server that serves many */
	SMALL = 20,             /* members of each, where one batch is of all */
};

static km_key *group_keys[GROUPS]; /* a group each */
static char uris[BENCH_MOST][64];
static km_batch *batch;

static void add_kms(km_keyring *ring)
{
	kmsdoc_cert cert = {.uri = KMS, .period = PERIOD, .valid_from = INT64_MIN,
			.valid_to = INT64_MAX};
	km_complaint why;
	char *xml;
	size_t len;
	FILE *f = open_memstream(&xml, &len);

	if (!f)
		worker_die("out of memory");
	km_kms_master_public(cert.z, cert.kpak, bench_master());
	kmsdoc_write_init(f, &cert, NULL, 0, AT);
	fclose(f);
	must(km_keyring_add_kms(ring, xml, len, "KMS", &why), "KMS document");
	free(xml);
}

static void add_gms(km_keyring *ring)
{
	kmsdoc_keys keys = {.kms_uri = KMS, .uri = GMS, .valid_from = INT64_MIN,
			.valid_to = INT64_MAX};
	km_complaint why;
	char *xml;
	size_t len;
	FILE *f = open_memstream(&xml, &len);

	if (!f)
		worker_die("out of memory");
	keys.period_no = km_key_period_no((km_time){ AT, 0 }, PERIOD, 0);
	km_uid(keys.uid, GMS, strlen(GMS), KMS, strlen(KMS), PERIOD, 0, keys.period_no);
	must(km_kms_rsk(keys.rsk, keys.uid, sizeof keys.uid, bench_master(), NULL), "RSK");
	must(km_kms_ssk(keys.ssk, keys.pvt, keys.uid, sizeof keys.uid, bench_master(), NULL),
			"SSK");
	kmsdoc_write_keyprov(f, &keys, 1, AT);
	fclose(f);
	must(km_keyring_add_keys(ring, xml, len, "GMS", KM_USE_SIGN, &why), "key document");
	free(xml);
}

/* The tables of a server that lives long are there before anything is measured. */
static void widen(const km_keyring *ring)
{
	must(km_kms_public_widen(km_keyring_kms_at(ring, 0)->keys, BENCH_MANY), "tables");
}

static void add_keys(km_keyring *ring)
{
	const km_str group = {GROUP, strlen(GROUP)};
	const km_key_params params = {.struct_size = sizeof params, .activation = {KM_AT_ONCE, 0},
			.expiry = {KM_NEVER, 0}, .text = {TEXT, strlen(TEXT)}, .groups = &group, .n_groups = 1,
			.authority = KM_AUTHORITY_PSI, .shared = KM_SHARED_NO, .n_members = KM_MEMBERS_LATER};
	km_gms *gms;

	must(km_gms_new(&gms, ring, forgetful_store(), GMS, KMS, NULL), "GMS");
	for (size_t i = 0; i < GROUPS; i++)
		must(km_key_new_unkept(&group_keys[i], gms, &params, (km_time){AT, 0}, NULL), "group key");
}

static void start(void)
{
	km_keyring *ring;

	if (batch)
		return;
	must(km_keyring_new(&ring), "keyring");
	add_kms(ring);
	add_gms(ring);
	widen(ring);
	add_keys(ring);
	for (size_t i = 0; i < BENCH_MOST; i++)
		snprintf(uris[i], sizeof uris[i], "sip:member.%06zu@example.org", i);
	must(km_batch_new(&batch, ring), "batch");
	must(km_batch_set(batch, KM_BATCH_JOURNAL, KM_JOURNAL_OFF, NULL), "batch");
}

static void add(size_t group, size_t first, size_t n)
{
	for (size_t i = first; i < first + n; i++)
		must(km_batch_add(batch, group_keys[group], uris[i], strlen(uris[i]), KM_KMS_OF_GMS, KM_GIVE, i, NULL),
				"member");
}

static void make(void)
{
	must(km_batch_run(batch, (km_time){AT, 0}, NULL), "messages");
	km_batch_clear(batch);
}

/* The same group again and again. */
static void batch_of(size_t n, size_t turns)
{
	while (turns--) {
		add(0, 0, n);
		make();
	}
}

/* One group after the other, each with its own key and members: a batch each. */
static void groups_of(size_t n, size_t turns)
{
	while (turns--) {
		size_t group = turns % GROUPS;

		add(group, group * n % (BENCH_MOST - n + 1), n);
		make();
	}
}

/* Many small groups, all in one batch. */
static void mixed(size_t turns)
{
	while (turns--) {
		for (size_t group = 0; group < GROUPS; group++)
			add(group, group * SMALL, SMALL);
		make();
	}
}

#define BATCH(n) static void batch_##n(size_t turns) { batch_of(n, turns); }
#define GROUPS_OF(n) static void groups_##n(size_t turns) { groups_of(n, turns); }
BENCH_GROUPS(BATCH)
BENCH_GROUPS(GROUPS_OF)

size_t message_offer(bench_op *ops)
{
	static const bench_op all[] = {
#define OFFER_BATCH(n)  {"message_batch", "us", n, start, batch_##n, NULL},
#define OFFER_GROUPS(n) {"message_groups", "us", n, start, groups_##n, NULL},
		BENCH_GROUPS(OFFER_BATCH)
		BENCH_GROUPS(OFFER_GROUPS)
		{"message_mixed", "us", (size_t)GROUPS * SMALL, start, mixed, NULL},
	};

	memcpy(ops, all, sizeof all);
	return sizeof all / sizeof all[0];
}
