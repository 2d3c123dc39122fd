/* ours_message.c -- whole messages, as provision/ makes them for the members of a group. */
#include "ours.h"

#include <stdlib.h>
#include <string.h>

#include "provision/base/complain.h"
#include "provision/gmk.h"
#include "provision/keys/kmsdoc.h"

#define KMS    "kms.example.org"
#define GMS    "sip:gms@gms-psi.example.org"
#define GROUP  "sip:fire-1@gms-psi.example.org"
#define TEXT   "Fire brigade 1"
#define AT     1767607200u      /* Unix seconds of all messages */
#define PERIOD 2592000u

enum { GROUPS = 16 };           /* of a server that serves many, in turn */

static km_gmk_job jobs[GROUPS]; /* a group each, with a key of its own */
static km_member members[BENCH_MOST];
static char uris[BENCH_MOST][64];
static km_gmk_message out[BENCH_MOST];
static uint8_t *buf;
static size_t size;

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
	must(km_keyring_add_kms(ring, xml, len, "KMS", BENCH_MANY, &why), "KMS document");
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

static void add_jobs(const km_keyring *ring)
{
	for (size_t i = 0; i < GROUPS; i++) {
		jobs[i] = (km_gmk_job){.ring = ring, .gms_uri = {GMS, strlen(GMS)},
				.gms_kms = km_keyring_kms_at(ring, 0),
				.gmk_id = 0x0a0b0c0 + (uint32_t)i, .map = KM_MAP_EMPTY};
		jobs[i].params = (km_gmk_params){.status = KM_STATUS_NOT_REVOKED,
				.text = {TEXT, strlen(TEXT)}, .n_groups = 1,
				.groups = {{GROUP, strlen(GROUP)}}};
		bench_octets(jobs[i].gmk, sizeof jobs[i].gmk, 16 + i);
		bench_octets(jobs[i].rand, sizeof jobs[i].rand, 16 + GROUPS + i);
	}
}

static void add_members(void)
{
	for (size_t i = 0; i < BENCH_MOST; i++) {
		int len = snprintf(uris[i], sizeof uris[i], "sip:member.%06zu@example.org", i);

		members[i] = (km_member){{uris[i], (size_t)len}, jobs[0].gms_kms};
		size += km_gmk_size(&jobs[0], &members[i]);
	}
}

static void start(void)
{
	km_keyring *ring;

	if (buf)
		return;
	must(km_keyring_new(&ring), "keyring");
	add_kms(ring);
	add_gms(ring);
	widen(ring);
	add_jobs(ring);
	add_members();
	buf = malloc(size);
	if (!buf)
		worker_die("out of memory");
}

static void make(const km_gmk_job *job, const km_member *first, size_t n)
{
	const uint64_t seconds = (uint64_t)AT + KM_NTP_UNIX;

	must(km_gmk_make(out, buf, size, job, first, n, seconds << 32, seconds, AT, NULL, NULL),
			"messages");
}

/* The same group again and again. */
static void batch_of(size_t n, size_t turns)
{
	while (turns--)
		make(&jobs[0], members, n);
}

/* One group after the other, each with its own key and members: a call each. */
static void groups_of(size_t n, size_t turns)
{
	while (turns--) {
		size_t group = turns % GROUPS;

		make(&jobs[group], &members[group * n % (BENCH_MOST - n + 1)], n);
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
	};

	memcpy(ops, all, sizeof all);
	return sizeof all / sizeof all[0];
}
