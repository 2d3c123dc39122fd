/* test_faults.c -- memory and randomness that fail at each place in turn: an error, outputs of zeros,
 * and nothing worse. */
#include "util_sakke.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "provision/base/complain.h"
#include "provision/run/members.h"
#include "util_lab.h"
#include "util_own.h"

/* ---- faults ------------------------------------------------------------------------------------ */

/* The allocation, counted from 1, that fails; 0: none. */
static size_t failing, allocations;

static int fails(void)
{
	return failing != 0 && ++allocations == failing;
}

void *__real_malloc(size_t len);
void *__real_calloc(size_t n, size_t len);
void *__real_aligned_alloc(size_t alignment, size_t len);
void *__real_mmap(void *at, size_t len, int mode, int flags, int fd, off_t offset);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t n, size_t len);
void *__wrap_aligned_alloc(size_t alignment, size_t len);
void *__wrap_mmap(void *at, size_t len, int mode, int flags, int fd, off_t offset);

void *__wrap_malloc(size_t len)
{
	return fails() ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t n, size_t len)
{
	return fails() ? NULL : __real_calloc(n, len);
}

void *__wrap_aligned_alloc(size_t alignment, size_t len)
{
	return fails() ? NULL : __real_aligned_alloc(alignment, len);
}

void *__wrap_mmap(void *at, size_t len, int mode, int flags, int fd, off_t offset)
{
	return fails() ? MAP_FAILED : __real_mmap(at, len, mode, flags, fd, offset);
}

/* The draw, counted from 1, that fails and leaves octets behind; 0: none. */
static size_t failing_draw, draws;
static uint64_t numbers;

static int fill(void *ctx, uint8_t *out, size_t len)
{
	(void)ctx;
	draw_bytes(out, len, &numbers);
	return ++draws == failing_draw;
}

static const km_random rnd = {fill, NULL};

/* ---- what is tried ----------------------------------------------------------------------------- */

enum { N = 20, LEN = 32, MEMBERS = 400 };

static km_kms_master *master;
static km_kms_public *kms;
static km_receiver *receiver;
static km_signer *signer;
static uint8_t id[LEN], ids[N * LEN], ssv[KM_SSV_BYTES], rsk[KM_SAKKE_POINT_BYTES];
static uint8_t ssk[KM_SSK_BYTES], pvt[KM_ECCSI_POINT_BYTES], sed[N * KM_SED_BYTES];
static uint8_t sigs[N * KM_SIG_BYTES];
static uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];
static km_signed items[N];
static km_to_sign to_sign[N];
static km_err status[N];

/* Outputs of what is tried; filled with octets before. */
static uint8_t out[N * KM_SED_BYTES];

/* Tries it.  Gives the length of its output in out. */
typedef size_t attempt(km_err *err);

static km_err freed(void *object, km_err err)
{
	assert_true((object == NULL) == (err != KM_OK));
	return err;
}

static size_t try_kms_public(km_err *err)
{
	km_kms_public *k;

	*err = km_kms_public_new(&k, z, sizeof z, kpak, sizeof kpak, MEMBERS);
	*err = freed(k, *err);
	km_kms_public_free(k);
	return 0;
}

/* The first use makes tables; one that fails leaves kms as it was. */
static size_t try_first_use(km_err *err)
{
	km_kms_public *k;
	size_t failed = 0;
	km_err again;

	*err = km_kms_public_new(&k, z, sizeof z, kpak, sizeof kpak, KM_TABLES_LATER);
	if (freed(k, *err) != KM_OK)
		return 0;
	*err = km_sakke_encap(out, ssv, id, LEN, k, &rnd);
	if (*err != KM_OK) {
		uint8_t retried[KM_SED_BYTES];

		failing = 0;
		again = km_sakke_encap(retried, ssv, id, LEN, k, NULL);
		assert_int_equal(again, KM_OK);
		assert_memory_equal(retried, sed, sizeof retried);
		failed = KM_SED_BYTES;
	}
	km_kms_public_free(k);
	return failed;
}

static size_t try_receiver(km_err *err)
{
	km_receiver *r;

	*err = km_receiver_new(&r, id, LEN, rsk, sizeof rsk, kms, &rnd);
	*err = freed(r, *err);
	km_receiver_free(r);
	return 0;
}

static size_t try_signer(km_err *err)
{
	km_signer *s;

	*err = km_signer_new(&s, id, LEN, ssk, sizeof ssk, pvt, sizeof pvt, kms);
	*err = freed(s, *err);
	km_signer_free(s);
	return 0;
}

static size_t try_verifier(km_err *err)
{
	km_verifier *v;

	*err = km_verifier_new(&v, id, LEN, pvt, sizeof pvt, kms);
	*err = freed(v, *err);
	km_verifier_free(v);
	return 0;
}

static size_t try_master(km_err *err)
{
	km_kms_master *m;

	*err = km_kms_master_new(&m, &rnd);
	*err = freed(m, *err);
	km_kms_master_free(m);
	return 0;
}

static size_t try_rsk(km_err *err)
{
	*err = km_kms_rsk(out, id, LEN, master, &rnd);
	return KM_SAKKE_POINT_BYTES;
}

static size_t try_ssk(km_err *err)
{
	*err = km_kms_ssk(out, out + KM_SSK_BYTES, id, LEN, master, &rnd);
	return KM_SSK_BYTES + KM_ECCSI_POINT_BYTES;
}

static size_t try_encap(km_err *err)
{
	*err = km_sakke_encap(out, ssv, id, LEN, kms, &rnd);
	return KM_SED_BYTES;
}

static size_t try_encap_batch(km_err *err)
{
	*err = km_sakke_encap_batch(out, status, ssv, ids, LEN, N, kms, &rnd);
	return N * KM_SED_BYTES;
}

static size_t try_decap(km_err *err)
{
	*err = km_sakke_decap(out, sed, KM_SED_BYTES, receiver, &rnd);
	return KM_SSV_BYTES;
}

static size_t try_decap_batch(km_err *err)
{
	const km_receiver *keys[3] = {receiver, receiver, receiver};

	*err = km_sakke_decap_batch(out, status, sed, 3, keys, &rnd);
	return 3 * KM_SSV_BYTES;
}

static size_t try_sign(km_err *err)
{
	*err = km_eccsi_sign(out, ids, sizeof ids, signer, &rnd);
	return KM_SIG_BYTES;
}

static size_t try_sign_batch(km_err *err)
{
	km_to_sign written[N];

	for (size_t i = 0; i < N; i++)
		written[i] = (km_to_sign){ids + i * LEN, LEN, out + i * KM_SIG_BYTES};
	*err = km_eccsi_sign_batch(written, status, N, signer, &rnd);
	return N * KM_SIG_BYTES;
}

static size_t try_verify_batch(km_err *err)
{
	*err = km_eccsi_verify_batch(status, items, N, kms);
	return 0;
}

static size_t try_verify(km_err *err)
{
	*err = km_eccsi_verify(sigs, KM_SIG_BYTES, items[0].msg, LEN, id, LEN, kms);
	return 0;
}

static const struct {
	const char *name;
	attempt *run;
	int draws;          /* it takes randomness */
} attempts[] = {
	{"kms_public_new", try_kms_public, 0}, {"first use", try_first_use, 1}, {"receiver_new", try_receiver, 1},
	{"signer_new", try_signer, 0}, {"verifier_new", try_verifier, 0}, {"kms_master_new", try_master, 1}, {"kms_rsk", try_rsk, 1},
	{"kms_ssk", try_ssk, 1}, {"encap", try_encap, 1}, {"encap_batch", try_encap_batch, 1},
	{"decap", try_decap, 1}, {"decap_batch", try_decap_batch, 1}, {"sign", try_sign, 1},
	{"sign_batch", try_sign_batch, 1}, {"verify", try_verify, 0},
	{"verify_batch", try_verify_batch, 0},
};
enum { ATTEMPTS = sizeof attempts / sizeof attempts[0] };

static int start(void **state)
{
	const km_receiver *one[1];
	uint64_t seed = 3;

	(void)state;
	failing = failing_draw = 0;
	master = master_of(rfc_z_secret);
	kms = kms_of(master, MEMBERS);
	draw_bytes(id, sizeof id, &seed);
	draw_bytes(ids, sizeof ids, &seed);
	draw_bytes(ssv, sizeof ssv, &seed);
	km_kms_master_public(z, kpak, master);
	assert_int_equal(km_kms_rsk(rsk, id, LEN, master, NULL), KM_OK);
	assert_int_equal(km_kms_ssk(ssk, pvt, id, LEN, master, NULL), KM_OK);
	receiver = receiver_of(master, kms, id, LEN);
	km_signers_prepared(0); /* a table is done without: below */
	assert_int_equal(km_signer_new(&signer, id, LEN, ssk, sizeof ssk, pvt, sizeof pvt, kms), KM_OK);
	for (size_t i = 0; i < N; i++) {
		items[i] = (km_signed){ids + i * LEN, LEN, sigs + i * KM_SIG_BYTES, id, LEN};
		to_sign[i] = (km_to_sign){ids + i * LEN, LEN, sigs + i * KM_SIG_BYTES};
		assert_int_equal(km_sakke_encap(sed + i * KM_SED_BYTES, ssv, id, LEN, kms, NULL), KM_OK);
	}
	assert_int_equal(km_eccsi_sign_batch(to_sign, status, N, signer, NULL), KM_OK);
	assert_int_equal(km_eccsi_verify_batch(status, items, 1, kms), KM_OK); /* a table is done without: below */
	one[0] = receiver;
	assert_int_equal(km_sakke_decap_batch(out, status, sed, 1, one, NULL), KM_OK);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	km_signer_free(signer);
	km_receiver_free(receiver);
	km_kms_public_free(kms);
	km_kms_master_free(master);
	return 0;
}

/* Try it once more; false: it failed as it should have. */
static int went_well(size_t i, km_err want)
{
	static const uint8_t zero[sizeof out];
	km_err err = KM_ESTATE;
	size_t len;

	memset(out, 0xa5, sizeof out);
	allocations = draws = 0;
	len = attempts[i].run(&err);
	failing = failing_draw = 0;
	if (err == KM_OK)
		return 1;
	if (err != want)
		print_error("%s: error %d\n", attempts[i].name, err);
	assert_int_equal(err, want);
	assert_memory_equal(out, zero, len);
	return 0;
}

/* Each attempt, with each of its allocations failing in turn, until none is left to fail. */
static void memory_that_fails(void **state)
{
	size_t seen = 0;

	(void)state;
	for (size_t i = 0; i < ATTEMPTS; i++) {
		for (size_t k = 1;; k++) {
			int well;

			failing = k;
			well = went_well(i, KM_ENOMEM);
			if (allocations < k)
				break;
			if (well)
				print_error("%s: allocation %zu was not missed\n", attempts[i].name, k);
			assert_false(well);
			seen++;
		}
		assert_true(went_well(i, KM_OK));
	}
	assert_true(seen > 10);
}

static void a_signer_does_without_a_table(void **state)
{
	km_signer *s;
	size_t without = 0;

	(void)state;
	km_signers_prepared(KM_SIGNERS_PREPARED);
	for (size_t k = 1; k == 1 || allocations >= k - 1; k++) {
		assert_int_equal(km_signer_new(&s, id, LEN, ssk, sizeof ssk, pvt, sizeof pvt, kms), KM_OK);
		failing = k;
		allocations = 0;
		assert_int_equal(km_eccsi_sign(out, ids, LEN, s, &rnd), KM_OK);
		failing = 0;
		without += allocations >= k;
		km_signer_free(s);
	}
	assert_true(without > 0);
}

static void a_verification_does_without_a_table(void **state)
{
	km_signed all[3];
	size_t without = 0;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		all[i] = items[i];
	for (size_t n = 1; n <= 3; n += 2) {
		for (size_t k = 1; k == 1 || allocations >= k - 1; k++) {
			km_kms_public *fresh = kms_of(master, KM_TABLES_LATER);

			allocations = 0;
			failing = k;
			assert_int_equal(n == 1 ? km_eccsi_verify(sigs, KM_SIG_BYTES, items[0].msg, LEN, id, LEN, fresh) :
					km_eccsi_verify_batch(status, all, n, fresh), KM_OK);
			failing = 0;
			without += km_kms_public_bytes(fresh) == 0;
			km_kms_public_free(fresh);
		}
	}
	assert_true(without > 1);
}

static void randomness_that_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < ATTEMPTS; i++) {
		size_t k;

		for (k = 1;; k++) {
			int well;

			failing_draw = k;
			well = went_well(i, KM_ERANDOM);
			if (draws < k)
				break;
			assert_false(well);
		}
		assert_true(k > 1 || !attempts[i].draws);
		assert_true(went_well(i, KM_OK));
	}
}

/* ---- provisioning ------------------------------------------------------------------------------ */

static const char *const everybody[] = {OWN_GMS, OWN_ALICE, OWN_BOB, NULL};

static int start_own(void **state)
{
	return own_start(state);
}

/* A piece: no message, no octet of one. */
static void a_piece_whose_memory_or_randomness_fails(void **state)
{
	km_keyring *ring = own_ring(everybody);
	const ring_snapshot *s = ring_take(ring);
	static uint8_t buf[4 * 1024], zero[sizeof buf];
	int memory_failed = 0, draw_failed = 0;
	uint8_t uids[4][KM_UID_BYTES];
	make_how how;
	own_message m;
	km_key *key;

	(void)state;
	own_get(&m, 0, ring);
	how = own_make_how(&m.job);
	key = own_key(&m.job, 0);
	for (size_t k = 1; k < 1000; k++) {
		for (int kind = 0; kind < 2; kind++) {
			make_item four[4];
			km_err err;

			memset(buf, 0, sizeof buf);
			for (int i = 0; i < 4; i++) {
				four[i] = own_item(&m.job, s, key, OWN_ALICE, m.ntp64 + (unsigned)i, uids[i], buf + 1024 * i,
						1024);
				memset(four[i].msg, 0xa5, four[i].len);
			}
			allocations = draws = 0;
			failing = kind == 0 ? k : 0;
			failing_draw = kind == 1 ? k : 0;
			err = make_piece(four, 4, &how, NULL, &rnd);
			failing = failing_draw = 0;
			if (err == KM_OK)
				continue;
			assert_int_equal(err, kind == 0 ? KM_ENOMEM : KM_ERANDOM);
			assert_memory_equal(buf, zero, sizeof buf);
			memory_failed += kind == 0;
			draw_failed += kind == 1;
		}
		if (k > allocations && k > draws)
			break;
	}
	assert_true(memory_failed > 0 && draw_failed > 0);
	km_key_free(key);
	ring_give_back(s);
	km_keyring_free(ring);
}

static void a_message_whose_opening_fails(void **state)
{
	static const message_opened nothing;
	static message_opened opened;
	km_keyring *ring = own_ring(everybody);
	own_message m;
	open_how how;
	int failed = 0;

	(void)state;
	own_get(&m, 0, ring);
	how = own_how(&m);
	for (size_t k = 1; k < 100; k++) {
		for (int kind = 0; kind < 2; kind++) {
			km_reason r;

			memset(&opened, 0xa5, sizeof opened);
			allocations = draws = 0;
			failing = kind == 0 ? k : 0;
			failing_draw = kind == 1 ? k : 0;
			r = own_open(&opened, ring, m.msg, m.len, &how, &rnd);
			failing = failing_draw = 0;
			if (r == KM_R_OK) {
				assert_memory_equal(opened.gmk, m.job.gmk, sizeof opened.gmk);
				continue;
			}
			assert_int_equal(r, KM_R_ENGINE);
			assert_memory_equal(&opened, &nothing, sizeof nothing);
			failed++;
		}
	}
	assert_true(failed > 0);
	km_keyring_free(ring);
}

/* Add a document, where the k-th allocation fails; which is 0 for one of a KMS. */
static km_err add_failing(km_keyring *ring, const char *xml, int which, size_t k)
{
	km_complaint why;
	km_err err;

	allocations = 0;
	failing = k;
	err = which == 0 ? km_keyring_add_kms(ring, xml, strlen(xml), "kms.xml", &why) :
			km_keyring_add_keys(ring, xml, strlen(xml), "keys.xml", KM_USE_SIGN | KM_USE_OPEN, &why);
	failing = 0;
	return err;
}

/* Documents into rings: all that they hold, or nothing. */
static void a_ring_whose_memory_fails(void **state)
{
	kmsdoc_cert cert;
	km_kms_master *lab = new_kms(&cert, "kms.one");
	kmsdoc_keys keys[2] = { new_keys(&cert, lab, OWN_GMS, 7), new_keys(&cert, lab, OWN_GMS, 8) };
	char *const xml[2] = { written_init(&cert), written_keys(keys, 2) };

	(void)state;
	for (int which = 0; which < 2; which++) {
		int failed = 0;
		size_t k = 0;

		do {
			km_keyring *ring = ring_with(which == 0 ? NULL : &cert);
			km_err err = add_failing(ring, xml[which], which, ++k);

			assert_true(err == KM_OK || err == KM_ENOMEM || err == KM_ELOCKED);
			assert_int_equal(which == 0 ? 2 * n_kms(ring) : n_keys(ring), err == KM_OK ? 2 : 0);
			failed += err != KM_OK;
			km_keyring_free(ring);
		} while (k <= allocations);
		assert_true(failed > 0);
	}
	for (size_t i = 0; i < 2; i++)
		free(xml[i]);
	km_kms_master_free(lab);
}

/* What a client accepts it has recorded: where that failed, the message may come again. */
static void a_client_whose_memory_fails(void **state)
{
	static const km_signalling from = {sizeof from, {OWN_GMS, sizeof OWN_GMS - 1}, {NULL, KM_NOT_NAMED}};
	km_keyring *ring = own_ring(everybody);
	own_message m;
	int failed = 0;

	(void)state;
	own_get(&m, 0, ring);
	for (size_t k = 0; k < 100; k++) {      /* first as it should be: what the engine makes once is made then */
		km_opened opened = {.struct_size = sizeof opened};
		const km_time now = km_time_of_ntp(m.ntp64);
		km_client *client;
		km_reason r;

		allocations = 0;
		failing = k;
		if (km_client_forgetful(&client, ring) != KM_OK) {
			failing = 0;
			assert_null(client);
			failed++;
			continue;
		}
		r = km_client_open(&opened, client, m.msg, m.len, &from, now, NULL);
		failing = 0;
		assert_int_equal(opened.key != NULL, r == KM_R_OK);
		if (r != KM_R_OK) {
			assert_true(r == KM_R_ENGINE || r == KM_R_STORE);
			failed++;
			assert_int_equal(km_client_open(&opened, client, m.msg, m.len, &from, now, NULL), KM_R_OK);
		}
		km_key_free(opened.key);
		km_client_free(client);
	}
	assert_int_equal(failed, 7);     /* all that come before it is accepted */
	km_keyring_free(ring);
}

/* A list of members that memory does not suffice for is not one that was read. */
static void a_list_is_read_or_said_to_be_broken_off(void **state)
{
	char text[200 * 24] = "uri\n";
	bool complete = false;

	(void)state;
	for (int i = 0; i < 200; i++)
		sprintf(text + strlen(text), "sip:u%d@example.org\n", i);
	for (size_t at = 1; !complete; at++) {
		FILE *in = fmemopen(text, strlen(text), "r");
		member_list *list;
		member_line line;
		km_complaint why = { 0 };
		size_t n = 0;
		int found = -1;

		allocations = 0;
		failing = at;
		list = members_open(in, "list", NULL);
		while (list != NULL && (found = members_next(list, &line, &why)) == 1)
			n++;
		failing = 0;
		complete = found == 0;
		assert_int_equal(complete, list != NULL && members_counted(list)->complete);
		if (complete)
			assert_int_equal(n, 200);
		else if (list != NULL)
			assert_non_null(strstr(why.text, "memory"));
		members_close(list);
		fclose(in);
	}
}

int main(void)
{
	const struct CMUnitTest engine[] = {
		cmocka_unit_test_setup_teardown(memory_that_fails, start, stop),
		cmocka_unit_test_setup_teardown(a_signer_does_without_a_table, start, stop),
		cmocka_unit_test_setup_teardown(a_verification_does_without_a_table, start, stop),
		cmocka_unit_test_setup_teardown(randomness_that_fails, start, stop),
	};
	const struct CMUnitTest provision[] = {
		cmocka_unit_test(a_piece_whose_memory_or_randomness_fails),
		cmocka_unit_test(a_message_whose_opening_fails),
		cmocka_unit_test(a_client_whose_memory_fails),
		cmocka_unit_test(a_ring_whose_memory_fails),
		cmocka_unit_test(a_list_is_read_or_said_to_be_broken_off),
	};
	int failed = run_on_each_level("faults", engine, sizeof engine / sizeof engine[0]);

	return failed + cmocka_run_group_tests_name("faults of provisioning", provision, start_own,
			own_stop);
}
