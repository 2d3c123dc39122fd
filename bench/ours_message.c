/* ours_message.c -- whole messages, as provision/ makes them for a chunk of members. */
#include "ours.h"

#include <stdlib.h>
#include <string.h>

#include "provision/gmk.h"
#include "provision/kmsdoc.h"

#define KMS    "kms.example.org"
#define GMS    "sip:gms@gms-psi.example.org"
#define GROUP  "sip:fire-1@gms-psi.example.org"
#define TEXT   "Fire brigade 1"
#define AT     1767607200u      /* Unix seconds of all messages */
#define PERIOD 2592000u

static km_gmk_job job;
static km_member members[BENCH_BATCH];
static char uris[BENCH_BATCH][64];
static km_gmk_message out[BENCH_BATCH];
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
	must(km_keyring_add_kms(ring, xml, len, "KMS", 100000, &why), "KMS document");
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
	keys.period_no = km_key_period_no((uint64_t)AT + KM_NTP_UNIX, PERIOD, 0);
	km_uid(keys.uid, GMS, strlen(GMS), KMS, strlen(KMS), PERIOD, 0, keys.period_no);
	must(km_kms_rsk(keys.rsk, keys.uid, sizeof keys.uid, bench_master(), NULL), "RSK");
	must(km_kms_ssk(keys.ssk, keys.pvt, keys.uid, sizeof keys.uid, bench_master(), NULL),
			"SSK");
	kmsdoc_write_keyprov(f, &keys, 1, AT);
	fclose(f);
	must(km_keyring_add_keys(ring, xml, len, "GMS", &why), "key document");
	free(xml);
}

static void start(void)
{
	km_keyring *ring;

	if (buf)
		return;
	must(km_keyring_new(&ring), "keyring");
	add_kms(ring);
	add_gms(ring);
	job = (km_gmk_job){.ring = ring, .gms_uri = {GMS, strlen(GMS)},
			.gms_kms = km_keyring_kms_at(ring, 0), .gmk_id = 0x0a0b0c0,
			.map = KM_MAP_EMPTY};
	job.params = (km_key_params){.status = KM_STATUS_NOT_REVOKED, .text = {TEXT, strlen(TEXT)},
			.n_groups = 1, .groups = {{GROUP, strlen(GROUP)}}};
	bench_octets(job.gmk, sizeof job.gmk, 6);
	bench_octets(job.rand, sizeof job.rand, 7);
	for (size_t i = 0; i < BENCH_BATCH; i++) {
		int len = snprintf(uris[i], sizeof uris[i], "sip:member.%06zu@example.org", i);

		members[i] = (km_member){{uris[i], (size_t)len}, job.gms_kms};
		size += km_gmk_size(&job, &members[i]);
	}
	buf = malloc(size);
	if (!buf)
		worker_die("out of memory");
}

static void make(size_t turns)
{
	const uint64_t seconds = (uint64_t)AT + KM_NTP_UNIX;

	while (turns--)
		must(km_gmk_make(out, buf, size, &job, members, BENCH_BATCH, seconds << 32, seconds,
				AT, NULL, NULL), "messages");
}

size_t message_offer(bench_op *ops)
{
	ops[0] = (bench_op){"message_batch", "us", BENCH_BATCH, start, make, NULL};
	return 1;
}
