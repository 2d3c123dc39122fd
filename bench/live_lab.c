/* live_lab.c -- KMSs, a GMS and its keys, for measures of what lives long. */
#include "live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "forgetful.h"
#include "provision/keys/kmsdoc.h"
#include "worker.h"

#define GMS    "sip:gms@gms-psi.example.org"
#define PERIOD 2592000u

enum { DOCUMENT = 8192 };

static struct documents {
	char kms[LIVE_KMSS][DOCUMENT], gms[DOCUMENT], users[LIVE_USERS][DOCUMENT];
} *documents;

void live_must(km_err err, const char *what)
{
	char text[160];

	if (err == KM_OK)
		return;
	snprintf(text, sizeof text, "%s: %s", what, km_strerror(err));
	worker_die(text);
}

static void must(km_err err, const km_complaint *why)
{
	live_must(err, km_complaint_text(why));
}

static km_complaint *complaint(void)
{
	static km_complaint *why;

	if (why == NULL)
		live_must(km_complaint_new(&why), "complaint");
	return why;
}

/* ---- documents ------------------------------------------------------------------------------- */

static void uri_of_kms(char uri[64], size_t i)
{
	snprintf(uri, 64, "kms-%zu.example.org", i);
}

static FILE *write_to(char document[DOCUMENT])
{
	FILE *out = fmemopen(document, DOCUMENT, "w");

	if (out == NULL)
		worker_die("out of memory");
	return out;
}

static void close_written(FILE *out)
{
	if (fflush(out) != 0 || ferror(out) || fclose(out) != 0)
		worker_die("a document is longer than there is room for");
}

static void write_kms(char document[DOCUMENT], size_t i, const km_kms_master *master)
{
	kmsdoc_cert cert = { .period = PERIOD, .valid_from = INT64_MIN, .valid_to = INT64_MAX };
	FILE *out = write_to(document);

	uri_of_kms(cert.uri, i);
	km_kms_master_public(cert.z, cert.kpak, master);
	kmsdoc_write_init(out, &cert, NULL, 0, LIVE_NOW.seconds);
	close_written(out);
}

static void write_keys(char document[DOCUMENT], const char *uri, const km_kms_master *master)
{
	kmsdoc_keys keys = { .valid_from = INT64_MIN, .valid_to = INT64_MAX };
	FILE *out = write_to(document);

	uri_of_kms(keys.kms_uri, 0);
	snprintf(keys.uri, sizeof keys.uri, "%s", uri);
	keys.period_no = km_key_period_no(LIVE_NOW, PERIOD, 0);
	km_uid(keys.uid, uri, strlen(uri), keys.kms_uri, strlen(keys.kms_uri), PERIOD, 0, keys.period_no);
	live_must(km_kms_rsk(keys.rsk, keys.uid, sizeof keys.uid, master, NULL), "RSK");
	live_must(km_kms_ssk(keys.ssk, keys.pvt, keys.uid, sizeof keys.uid, master, NULL), "SSK");
	kmsdoc_write_keyprov(out, &keys, 1, LIVE_NOW.seconds);
	close_written(out);
}

static void write_all(void)
{
	live_must(km_init(NULL), "km_init");
	for (size_t i = 0; i < LIVE_KMSS; i++) {
		km_kms_master *master;
		char uri[64];

		live_must(km_kms_master_new(&master, NULL), "KMS");
		write_kms(documents->kms[i], i, master);
		if (i == 0)
			write_keys(documents->gms, GMS, master);
		for (size_t u = 0; i == 0 && u < LIVE_USERS; u++) {
			snprintf(uri, sizeof uri, "sip:user.%03zu@example.org", u);
			write_keys(documents->users[u], uri, master);
		}
		km_kms_master_free(master);
	}
}

void live_documents(void)
{
	int status;
	pid_t pid;

	documents = mmap(NULL, sizeof *documents, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid = documents == MAP_FAILED ? -1 : fork();
	if (pid == 0) {
		write_all();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		worker_die("no documents");
}

/* ---- rings, GMSs, keys, batches -------------------------------------------------------------- */

void live_add_kms(km_keyring *ring, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		const char *xml = documents->kms[i];

		must(km_keyring_add_kms(ring, xml, strlen(xml), "KMS", complaint()), complaint());
	}
}

void live_add_user(km_keyring *ring, size_t i, uint32_t use)
{
	const char *xml = documents->users[i];

	must(km_keyring_add_keys(ring, xml, strlen(xml), "user", use, complaint()), complaint());
}

live_lab live_begin(size_t n_kms, const char *dir)
{
	live_lab lab = { .n_kms = n_kms };
	km_store *store;
	char uri[64];

	live_must(km_init(NULL), "km_init");
	live_must(km_keyring_new(&lab.ring), "keyring");
	live_add_kms(lab.ring, 0, n_kms);
	must(km_keyring_add_keys(lab.ring, documents->gms, strlen(documents->gms), "GMS", KM_USE_SIGN, complaint()),
			complaint());
	for (size_t i = 0; i < n_kms; i++) {
		uri_of_kms(uri, i);
		lab.kms[i] = km_keyring_kms(lab.ring, uri, strlen(uri));
	}
	if (dir == NULL)
		store = forgetful_store();
	else
		must(km_store_files(&store, dir, KM_MAY_BEGIN, complaint()), complaint());
	uri_of_kms(uri, 0);
	must(km_gms_new(&lab.gms, lab.ring, store, GMS, uri, complaint()), complaint());
	km_store_free(store);
	return lab;
}

km_key *live_key(km_gms *gms, size_t i)
{
	char group[64];
	const km_str groups = { group, (size_t)snprintf(group, sizeof group, "sip:fire-%zu@gms-psi.example.org", i) };
	const km_key_params params = {
		.struct_size = sizeof params, .activation = { KM_AT_ONCE, 0 }, .expiry = { KM_NEVER, 0 },
		.text = { "Fire ground", 11 }, .groups = &groups, .n_groups = 1, .authority = KM_AUTHORITY_PSI,
		.shared = KM_SHARED_NO, .n_members = KM_MEMBERS_LATER,
	};
	km_key *key;

	must(km_key_new_unkept(&key, gms, &params, LIVE_NOW, complaint()), complaint());
	return key;
}

km_batch *live_batch(const live_lab *lab)
{
	km_batch *batch;

	live_must(km_batch_new(&batch, lab->ring), "batch");
	return batch;
}

void live_add(km_batch *batch, km_key *key, size_t i, uint32_t kms)
{
	char uri[64];
	const size_t len = (size_t)snprintf(uri, sizeof uri, "sip:member.%07zu@example.org", i);

	must(km_batch_add(batch, key, uri, len, kms, KM_GIVE, i, complaint()), complaint());
}

void live_run(km_batch *batch)
{
	must(km_batch_run(batch, LIVE_NOW, complaint()), complaint());
	must(km_batch_delivered(batch, complaint()), complaint());
	km_batch_clear(batch);
}

/* ---- clocks and memory ----------------------------------------------------------------------- */

static double seconds_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double live_cpu(void)
{
	return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

double live_wall(void)
{
	return seconds_of(CLOCK_MONOTONIC);
}

double live_status(const char *field)
{
	FILE *in = fopen("/proc/self/status", "r");
	char line[256];
	double kb = 0;

	while (in != NULL && fgets(line, sizeof line, in) != NULL) {
		if (strncmp(line, field, strlen(field)) == 0)
			kb = atof(line + strlen(field));
	}
	if (in != NULL)
		fclose(in);
	return 1024 * kb;
}
