/* ctime.c -- the constant-time check: the whole library runs under memcheck, its secrets undefined.
 *
 * usage: ctime --cpu            the levels of this processor, as a number
 *        ctime --unmarked ROW CPU   the same without valgrind: to see what runs (ctime_ran.sh)
 *        ctime ROW CPU [PLANT]  ROW: c, adx, avx2, lanes, wide or lookups; CPU: what --cpu said outside
 *                               of valgrind
 *
 * A branch or an address that depends on a secret is an error of memcheck's.  Wrong results,
 * secrets that lost their mark and published values that still have it end the program with 1.
 * PLANT puts a fault into a kernel (branch, load, branch256; in lanes branch8, load8; in lookups any):
 * memcheck has to find it.
 *
 * "avx2" is adx with its batches in eight lanes, "wide" the same for so many members that all tables
 * are made and lookups go by octets, "lanes" runs them on the C twins of the kernels: those of
 * AVX-512 valgrind cannot run.  "lookups" is each lookup by itself (ctime_lookup.c).
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "engine/cpu.h"
#include "engine/field/fp8.h"
#include "engine/init.h"
#include "engine/eccsi/p256.h"
#include "ctime_lookup.h"
#include "engine/eccsi/p256x8.h"
#include "engine/curve/pairing.h"
#include "engine/secret.h"
#include "provision/base/complain.h"
#include "provision/base/when.h"
#include "provision/gms/make.h"
#include "provision/keys/key.h"
#include "provision/keys/keyring.h"
#include "provision/message/uid.h"
#include "twins/twins.h"
#include "util_own.h"

enum { ID_LEN = KM_FP_BYTES, BATCH_MAX = 41, SIGN_MAX = 33 };
enum { ANNOUNCED = 100 }; /* members who are worth tables turned for eight */
enum { WIDE_ANNOUNCED = 5000, WIDE_BATCH = 70 }; /* and wider ones, and lookups by octets */

static bool lanes, wide; /* the row */
static bool unmarked;    /* without memcheck: only to see what runs */
static int failures;

/* ---- what is checked of marks ------------------------------------------------------------- */

void expect(bool right, const char *what)
{
	if (right)
		return;
	printf("ctime: wrong: %s\n", what);
	failures++;
}

/* How many of the octets carry a mark. */
size_t marked(const void *p, size_t len)
{
	static uint8_t bits[1 << 20];
	size_t n = 0;

	if (len > sizeof bits || VALGRIND_GET_VBITS(p, bits, len) != 1)
		return SIZE_MAX; /* not under memcheck */
	for (size_t i = 0; i < len; i++)
		n += bits[i] != 0;
	return n;
}

static void expect_secret(const void *p, size_t len, const char *what)
{
	expect(unmarked || marked(p, len) == len, what);
}

static void expect_public(const void *p, size_t len, const char *what)
{
	expect(unmarked || marked(p, len) == 0, what);
}

/* A secret that only looks into itself from here on: what it is compared with is known. */
static bool opened_is(uint8_t *secret, const uint8_t *known, size_t len)
{
	ct_public(secret, len);
	return memcmp(secret, known, len) == 0;
}

/* ---- rows --------------------------------------------------------------------------------- */

const fp8_table *__real_fp8_table_for(size_t entries, size_t members, unsigned cpu);
const fp8_table *__wrap_fp8_table_for(size_t entries, size_t members, unsigned cpu);

static const fp8_table *lane_table;

/* The engine has no C twins: this one is what the smallest batches fill. */
const fp8_table *__wrap_fp8_table_for(size_t entries, size_t members, unsigned cpu)
{
	return lanes ? lane_table : __real_fp8_table_for(entries, members, cpu);
}

/* Rows by name: valgrind reports no ADX, and runs it. */
static bool pick(const char *row, unsigned cpu)
{
	wide = strcmp(row, "wide") == 0;
	const bool avx2 = wide || strcmp(row, "avx2") == 0, adx = avx2 || strcmp(row, "adx") == 0;
	const char *base = adx ? "adx" : "c";

	fp_pick(cpu & (adx ? CPU_ADX : 0));
	p256_pick(cpu & (adx ? CPU_ADX : 0));
	lanes = strcmp(row, "lanes") == 0;
	lane_table = &fp8_words_twin;
	fp8_pick(avx2 ? cpu & CPU_ADX : 0);
	if (lanes)
		fp8_k = &fp8_twin;
	fp4_k = lanes ? &fp4_twin : NULL;
	p256x8_k = lanes ? &p256x8_twin : NULL;
	return strcmp(fp_k->name, base) == 0 && strcmp(p256_k->name, base) == 0 &&
			(lanes || avx2) == !!fp8_k && lanes == !!p256x8_k;
}

/* ---- planted faults ----------------------------------------------------------------------- */

static const fp_kernel *whole;
static const p256_kernel *whole256;
static const fp8_kernel *whole8;
static const fp8_table *whole_table;
static volatile unsigned taken;

static void branching_add(uint64_t r[16], const uint64_t a[16], const uint64_t b[16])
{
	if (a[0] & 1)
		taken++;
	whole->add(r, a, b);
}

static void indexed_select(uint64_t *r, const uint64_t *table, size_t n, size_t words,
		uint64_t index)
{
	const volatile uint64_t *from = table + words * index;

	(void)n;
	for (size_t i = 0; i < words; i++)
		r[i] = from[i];
}

static void branching_mul_n(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
	whole256->mul_n(r, a, b);
	if (r[3] >> 63)
		taken++;
}

static void branching_mul_lanes(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8])
{
	whole8->mul(r, a, b);
	if (r[0][3] & 1)
		taken++;
}

/* Reads the entry, and not only for its octets: the right lookup follows. */
static void indexed_pick(fp8 *r, size_t coords, const uint8_t *table, size_t entries,
		const uint16_t *index, size_t n)
{
	taken += table[index[0]];
	whole_table->pick(r, coords, table, entries, index, n);
}

static bool plant(const char *what)
{
	static fp_kernel bad;
	static p256_kernel bad256;
	static fp8_kernel bad8;
	static fp8_table bad_table;

	bad = *(whole = fp_k);
	bad256 = *(whole256 = p256_k);
	if (lanes) {
		bad8 = *(whole8 = fp8_k);
		bad_table = *(whole_table = lane_table);
	}
	if (strcmp(what, "branch") == 0)
		bad.add = branching_add;
	else if (strcmp(what, "load") == 0)
		bad.select = indexed_select;
	else if (strcmp(what, "branch256") == 0)
		bad256.mul_n = branching_mul_n;
	else if (lanes && strcmp(what, "branch8") == 0)
		bad8.mul = branching_mul_lanes;
	else if (lanes && strcmp(what, "load8") == 0)
		bad_table.pick = indexed_pick;
	else
		return false;
	fp_k = &bad;
	p256_k = &bad256;
	if (lanes) {
		fp8_k = &bad8;
		lane_table = &bad_table;
	}
	return true;
}

/* ---- what it all works on ----------------------------------------------------------------- */

static uint64_t seed = 1;

static int secret_fill(void *ctx, uint8_t *out, size_t len)
{
	(void)ctx;
	draw_bytes(out, len, &seed);
	ct_secret(out, len);
	return 0;
}

static const km_random rnd = {secret_fill, NULL};

/* A KMS, known here, and one identity. */
static struct {
	uint8_t z[KM_FP_BYTES], ksak[KM_SSK_BYTES], ssv[KM_SSV_BYTES], id[ID_LEN];
	km_kms_master *master;
	km_kms_public *kms;
	km_receiver *receiver;
	km_signer *signer;
} all;

/* A marked copy of what is known here. */
static const uint8_t *secret_copy(uint8_t *copy, const uint8_t *known, size_t len)
{
	memcpy(copy, known, len);
	ct_secret(copy, len);
	return copy;
}

static void start_kms(void)
{
	uint8_t z[KM_FP_BYTES], ksak[KM_SSK_BYTES];
	uint8_t public_z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];

	draw_bytes(all.z, sizeof all.z, &seed);
	draw_bytes(all.ksak, sizeof all.ksak, &seed);
	draw_bytes(all.ssv, sizeof all.ssv, &seed);
	draw_bytes(all.id, sizeof all.id, &seed);
	all.z[0] &= 0x1f; /* q has 1022 bits */
	all.ksak[0] &= 0x7f;
	expect(km_kms_master_import_new(&all.master, secret_copy(z, all.z, sizeof z),
			secret_copy(ksak, all.ksak, sizeof ksak)) == KM_OK, "master keys are taken");
	km_kms_master_public(public_z, kpak, all.master);
	expect_public(public_z, sizeof public_z, "Z is public");
	expect_public(kpak, sizeof kpak, "KPAK is public");
	km_kms_master_export(z, ksak, all.master);
	expect_secret(z, sizeof z, "z is secret");
	expect_secret(ksak, sizeof ksak, "KSAK is secret");
	expect(km_kms_public_new(&all.kms, public_z, sizeof public_z, kpak, sizeof kpak,
			wide ? WIDE_ANNOUNCED : ANNOUNCED) == KM_OK, "a KMS's public keys are taken");
}

static km_receiver *receiver_for(const uint8_t *id)
{
	uint8_t rsk[KM_SAKKE_POINT_BYTES];
	km_receiver *receiver;

	expect(km_kms_rsk(rsk, id, ID_LEN, all.master, &rnd) == KM_OK, "an RSK is issued");
	expect_secret(rsk + 1, sizeof rsk - 1, "an RSK is secret");
	expect(km_receiver_new(&receiver, id, ID_LEN, rsk, sizeof rsk, all.kms, &rnd) == KM_OK,
			"a receiver is made");
	return receiver;
}

static void start_keys(void)
{
	uint8_t ssk[KM_SSK_BYTES], pvt[KM_ECCSI_POINT_BYTES];

	all.receiver = receiver_for(all.id);
	expect(km_kms_ssk(ssk, pvt, all.id, ID_LEN, all.master, &rnd) == KM_OK, "an SSK is issued");
	expect_secret(ssk, sizeof ssk, "an SSK is secret");
	expect_public(pvt, sizeof pvt, "a PVT is public");
	expect(km_signer_new(&all.signer, all.id, ID_LEN, ssk, sizeof ssk, pvt, sizeof pvt, all.kms)
			== KM_OK, "a signer is made");
}

static void stop(void)
{
	km_signer_free(all.signer);
	km_receiver_free(all.receiver);
	km_kms_public_free(all.kms);
	km_kms_master_free(all.master);
}

/* ---- SAKKE -------------------------------------------------------------------------------- */

static void check_opens(const uint8_t *sed, const km_receiver *receiver)
{
	uint8_t ssv[KM_SSV_BYTES];

	expect(km_sakke_decap(ssv, sed, KM_SED_BYTES, receiver, &rnd) == KM_OK, "it opens");
	expect_secret(ssv, sizeof ssv, "an SSV is secret");
	expect(opened_is(ssv, all.ssv, sizeof ssv), "the SSV is the one put in");
}

/* For two receivers in turn; the last one is damaged, and stays shut. */
static void check_opens_batch(uint8_t *seds, size_t n, const km_receiver *other)
{
	const km_receiver *receivers[WIDE_BATCH];
	uint8_t ssv[WIDE_BATCH][KM_SSV_BYTES];
	km_err status[WIDE_BATCH];

	for (size_t i = 0; i < n; i++)
		receivers[i] = i % 2 ? other : all.receiver;
	seds[n * KM_SED_BYTES - 1] ^= 1;
	expect(km_sakke_decap_batch(ssv[0], status, seds, n, receivers, &rnd) == KM_EPARTIAL,
			"a batch opens in part");
	for (size_t i = 0; i < n; i++)
		expect(status[i] == (i < n - 1 ? KM_OK : KM_EDECAP), "all but the last open");
	expect_secret(ssv, (n - 1) * sizeof *ssv, "SSVs are secret");
	for (size_t i = 0; i < n - 1; i++)
		expect(opened_is(ssv[i], all.ssv, sizeof *ssv), "SSVs are those put in");
}

/* n members; the first is the one that opens.  special: the one whose identity is equal to z, so
 * that sums of tables end in a doubling and all in step go the complete way.  SIZE_MAX: none. */
static void check_batch(size_t n, size_t special)
{
	static uint8_t ids[WIDE_BATCH * ID_LEN], seds[WIDE_BATCH * KM_SED_BYTES];
	uint8_t ssv[KM_SSV_BYTES];
	km_err status[WIDE_BATCH];

	draw_bytes(ids, sizeof ids, &seed);
	memcpy(ids, all.id, ID_LEN);
	if (special < n)
		memcpy(ids + special * ID_LEN, all.z, ID_LEN);
	expect(km_sakke_encap_batch(seds, status, secret_copy(ssv, all.ssv, sizeof ssv), ids, ID_LEN,
			n, all.kms, &rnd) == KM_OK, "a batch is encapsulated");
	expect_public(seds, n * KM_SED_BYTES, "encapsulated data are public");
	check_opens(seds, all.receiver);
}

/* Each its own SSV, every other one marked; the first is the one that opens. */
static void check_items(size_t n)
{
	static uint8_t ids[BATCH_MAX * ID_LEN], ssvs[BATCH_MAX][KM_SSV_BYTES], seds[BATCH_MAX * KM_SED_BYTES];
	km_to_encap items[BATCH_MAX];
	km_err status[BATCH_MAX];

	draw_bytes(ids, sizeof ids, &seed);
	draw_bytes(ssvs[0], sizeof ssvs, &seed);
	memcpy(ids, all.id, ID_LEN);
	memcpy(ssvs[0], all.ssv, sizeof ssvs[0]);
	for (size_t i = 0; i < n; i++) {
		items[i] = (km_to_encap){ssvs[i], ids + i * ID_LEN, ID_LEN - i};
		if (i % 2 == 0)
			ct_secret(ssvs[i], sizeof ssvs[i]);
	}
	expect(km_sakke_encap_items(seds, status, items, n, all.kms, &rnd) == KM_OK,
			"items are encapsulated");
	expect_public(seds, n * KM_SED_BYTES, "encapsulated data are public");
	check_opens(seds, all.receiver);
}

static void check_decap_batch(size_t n)
{
	static uint8_t ids[WIDE_BATCH * ID_LEN], seds[WIDE_BATCH * KM_SED_BYTES];
	uint8_t ssv[KM_SSV_BYTES];
	km_err status[WIDE_BATCH];
	km_receiver *other;

	draw_bytes(ids, 2 * ID_LEN, &seed);
	other = receiver_for(ids + ID_LEN);
	memcpy(ids, all.id, ID_LEN);
	for (size_t i = 2; i < n; i++)
		memcpy(ids + i * ID_LEN, ids + i % 2 * ID_LEN, ID_LEN);
	expect(km_sakke_encap_batch(seds, status, secret_copy(ssv, all.ssv, sizeof ssv), ids, ID_LEN,
			n, all.kms, &rnd) == KM_OK, "a batch for two receivers is encapsulated");
	check_opens_batch(seds, n, other);
	km_receiver_free(other);
}

/* By keys that are not prepared. */
static void check_pairings(size_t n)
{
	static pairing_item items[BATCH_MAX];
	uint8_t rsk[KM_SAKKE_POINT_BYTES];
	ec_point key;

	expect(km_kms_rsk(rsk, all.id, ID_LEN, all.master, &rnd) == KM_OK, "an RSK is issued");
	expect(ec_from_octets(&key, rsk, sizeof rsk) == KM_OK, "an RSK is read");
	for (size_t i = 0; i < n; i++)
		items[i] = (pairing_item){.k = &key, .q = ec_p};
	expect(pairing_many(items, n, &rnd) == KM_OK, "pairings are made");
	for (size_t i = 0; i < n; i++) {
		expect(items[i].status == KM_OK, "a pairing has a value");
		expect_secret(&items[i].w, sizeof items[i].w, "a pairing is secret");
		ct_public(&items[i].w, sizeof items[i].w);
		expect(fp_equal(&items[i].w, &items[0].w) != 0, "pairings are the same");
	}
}

/* Z = P: of one member's many pairs of entries, some are equal or opposite, and it goes the complete
 * way. */
static void check_complete(void)
{
	uint8_t sed[KM_SED_BYTES], p[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];
	uint8_t ssv[KM_SSV_BYTES];
	km_kms_public *kms;

	km_kms_master_public(p, kpak, all.master);
	ec_to_octets(p, &ec_p);
	expect(km_kms_public_new(&kms, p, sizeof p, kpak, sizeof kpak, 0) == KM_OK, "Z = P is taken");
	expect(km_sakke_encap(sed, secret_copy(ssv, all.ssv, sizeof ssv), all.id, ID_LEN, kms, &rnd) ==
			KM_OK, "it is encapsulated with Z = P");
	expect_public(sed, sizeof sed, "encapsulated data are public");
	km_kms_public_free(kms);
}

static void check_sakke(void)
{
	uint8_t sed[KM_SED_BYTES], ssv[KM_SSV_BYTES];
	km_receiver *receiver;

	expect(km_sakke_encap(sed, secret_copy(ssv, all.ssv, sizeof ssv), all.id, ID_LEN, all.kms,
			&rnd) == KM_OK, "it is encapsulated");
	expect_public(sed, sizeof sed, "encapsulated data are public");
	check_opens(sed, all.receiver);
	sed[KM_SED_BYTES - 1] ^= 1;
	expect(km_sakke_decap(ssv, sed, sizeof sed, all.receiver, &rnd) == KM_EDECAP,
			"damaged data do not open");
	check_decap_batch(9);
	check_pairings(1);
	check_pairings(3);
	check_batch(9, SIZE_MAX);
	check_items(9);
	check_batch(3, 1);
	if (lanes)
		return;
	check_complete();
	if (fp8_k)
		check_pairings(BATCH_MAX); /* the fewest with affine steps */
	check_batch(BATCH_MAX, SIZE_MAX);
	receiver = receiver_for(all.z); /* with [2z]P and the complete way in its test */
	expect(km_sakke_encap(sed, secret_copy(ssv, all.ssv, sizeof ssv), all.z, ID_LEN, all.kms,
			&rnd) == KM_OK, "an identity equal to z is encapsulated for");
	check_opens(sed, receiver);
	km_receiver_free(receiver);
}

/* ---- ECCSI -------------------------------------------------------------------------------- */

static void check_eccsi(void)
{
	static uint8_t sigs[SIGN_MAX][KM_SIG_BYTES];
	km_to_sign items[SIGN_MAX];
	km_err status[SIGN_MAX];
	uint8_t sig[KM_SIG_BYTES];
	km_kms_master *drawn;

	expect(km_eccsi_sign(sig, all.id, ID_LEN, all.signer, &rnd) == KM_OK, "it is signed");
	expect_public(sig, sizeof sig, "a signature is public");
	for (size_t i = 0; i < SIGN_MAX; i++)
		items[i] = (km_to_sign){all.id, i, sigs[i]};
	expect(km_eccsi_sign_batch(items, status, SIGN_MAX, all.signer, &rnd) == KM_OK,
			"a batch is signed");
	expect_public(sigs, sizeof sigs, "signatures are public");
	expect(km_kms_master_new(&drawn, &rnd) == KM_OK, "master keys are drawn");
	km_kms_master_free(drawn);
}

/* ---- provisioning ------------------------------------------------------------------------- */

static void check_keys(void)
{
	static const uint8_t salt_rand[16];
	uint8_t gmk[KM_SSV_BYTES], key[KM_SRTP_KEY_BYTES], salt[KM_SRTP_SALT_BYTES];
	uint32_t user_salt;

	secret_copy(gmk, all.ssv, sizeof gmk);
	user_salt = uid_salt(gmk, OWN_ALICE, strlen(OWN_ALICE));
	expect(unmarked || marked(&user_salt, sizeof user_salt) > 0, "a user salt is secret");
	uid_srtp_keys(key, salt, gmk, 4, 0x01234567, salt_rand, sizeof salt_rand);
	expect_secret(key, sizeof key, "a media key is secret");
	expect_secret(salt, sizeof salt, "a media salt is secret");
}

/* The same behind a handle. */
static void check_key(void)
{
	static const uint8_t rand[KM_RAND_BYTES];
	static const km_str group = {OWN_GROUP, sizeof OWN_GROUP - 1};
	static const km_str members[] = {{OWN_ALICE, sizeof OWN_ALICE - 1}, {OWN_BOB, sizeof OWN_BOB - 1}};
	uint8_t gmk[KM_SSV_BYTES], media[KM_SRTP_KEY_BYTES], salt[KM_SRTP_SALT_BYTES];
	const key_parts parts = {.gmk = gmk, .rand = rand, .rand_len = sizeof rand,
			.params = {.groups = &group, .n_groups = 1}};
	km_complaint why;
	uint32_t guk_id;
	km_key *key;

	secret_copy(gmk, all.ssv, sizeof gmk);
	expect(key_make(&key, &parts, &why) == KM_OK, "a group key is made");
	guk_id = km_key_guk_id(key_hold(key), OWN_ALICE, strlen(OWN_ALICE));
	expect_public(&guk_id, sizeof guk_id, "a GUK-ID is public");
	expect(km_key_srtp(media, salt, key, KM_SERVICE_MCPTT, guk_id) == KM_OK, "media keys are made");
	expect_secret(media, sizeof media, "a media key of a key is secret");
	km_key_show_gmk(gmk, key);
	expect_secret(gmk, sizeof gmk, "a GMK that is shown is secret");
	km_key_free(key);
	km_key_free(key);
	expect(key_draw(&key, &parts, members, 2, &why) == KM_OK, "a group key is drawn");
	km_key_free(key);
}

/* The same message again, which is known where its GMK-ID is. */
static void check_memory(const km_keyring *ring, const message_opened *opened, const own_made *sent,
		open_how how)
{
	static message_opened again;
	held *memory;

	expect(held_new(&memory) == KM_OK, "a memory is made");
	for (int i = 0; i < 2; i++)
		expect(own_accept(memory, opened) == KM_OK, "what was accepted is recorded");
	how.ctx = memory;
	how.held = own_held;
	expect(own_open(&again, ring, sent->msg, sent->len, &how, &rnd) ==
			(opened->gmk_id ? KM_R_DUPLICATE : KM_R_OK), "a key that is held is known again");
	how.replayed = own_replayed;
	expect(own_open(&again, ring, sent->msg, sent->len, &how, &rnd) == KM_R_REPLAY, "a replay is seen");
	held_free(memory);
}

static void check_message(const own_message *m, const km_keyring *ring)
{
	own_job job = m->job;
	open_how how = own_how(m);
	static message_opened opened;
	own_made out;
	uint8_t buf[2048];

	ct_secret(job.gmk, sizeof job.gmk);
	expect(own_make(&out, buf, sizeof buf, &job, m->responder, m->ntp64, &rnd) == KM_OK, "a message is made");
	expect_public(&out, sizeof out, "what is said of a message is public");
	if (failures)
		return;
	expect_public(out.msg, out.len, "a message is public");
	expect(own_open(&opened, ring, out.msg, out.len, &how, &rnd) == KM_R_OK, "a message opens");
	expect_secret(opened.gmk, sizeof opened.gmk, "a GMK is secret");
	check_memory(ring, &opened, &out, how);
	expect(opened_is(opened.gmk, m->job.gmk, sizeof opened.gmk), "the GMK is the one put in");
	out.msg[out.len - KM_SIG_BYTES - 16] ^= 1; /* in the payload under the GMK */
	expect(own_open(&opened, ring, out.msg, out.len, &how, &rnd) == KM_R_SIGNATURE,
			"a damaged message does not open");
}

/* The same under a key behind a handle, with SAKKE-to-self; of two keys. */
static void check_piece(const own_message *m, const km_keyring *ring)
{
	const km_time t = km_time_of_ntp(m->ntp64);
	const make_how how = own_make_how(&m->job);
	const ring_snapshot *s = ring_take(ring);
	keyparams params = m->job.params;
	static uint8_t gmk[2][KM_SSV_BYTES], uid[2][KM_UID_BYTES], msg[2][2048];
	make_item items[2];
	make_self selves[2];
	km_key *keys[2];

	params.groups = m->job.groups;
	for (int i = 0; i < 2; i++) {
		const km_kms *kms = m->job.gms_kms;
		const key_parts parts = {.gmk = gmk[i], .gmk_id = 5, .gms = m->job.gms_uri, .rand = m->job.rand,
				.kms = {kms->uri, strlen(kms->uri)}, .rand_len = KM_RAND_BYTES,
				.params = params};

		secret_copy(gmk[i], i == 0 ? m->job.gmk : all.ssv, sizeof gmk[i]);
		expect(key_make(&keys[i], &parts, NULL) == KM_OK, "a group key is made");
		selves[i] = (make_self){.key = keys[i], .set = ring_keys_when(s, OWN_GMS, strlen(OWN_GMS), kms,
				t.seconds)};
		items[i] = (make_item){.key = keys[i], .what = KM_GIVE, .uri = {OWN_ALICE, strlen(OWN_ALICE)},
				.kms = kms, .signer = selves[i].set, .period_no = selves[i].set->period_no, .t = t,
				.to_self = selves[i].sed, .uid = uid[i], .msg = msg[i]};
		items[i].len = make_size(&how, &items[i]);
	}
	expect(make_selves(selves, 2, &rnd) == KM_OK, "SAKKE-to-self is made");
	expect(make_piece(items, 2, &how, NULL, &rnd) == KM_OK, "messages of two keys are made");
	expect_public(items, sizeof items, "what is said of messages is public");
	for (int i = 0; i < 2; i++) {
		expect_public(msg[i], items[i].len, "a message of a piece is public");
		km_key_free(keys[i]);
	}
	ring_give_back(s);
}

static void check_messages(void)
{
	static const char *const users[] = {OWN_GMS, OWN_ALICE, NULL};
	own_message m;
	km_keyring *ring = own_ring(users);

	for (size_t i = 0; i < own_messages(); i++) {
		own_get(&m, i, ring);
		if (m.job.sakke_to_self || m.job.hide)
			check_message(&m, ring);
		if (m.job.hide)
			check_piece(&m, ring);
	}
	km_keyring_free(ring);
}

/* ---------------------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
	void *state;

	if (argc == 2 && strcmp(argv[1], "--cpu") == 0) {
		printf("%u\n", cpu_levels());
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "--unmarked") == 0) {
		unmarked = true;
		argc--;
		argv++;
	}
	if (argc < 3 || (!RUNNING_ON_VALGRIND && !unmarked) || own_start(&state) != 0 || init_again("c") != KM_OK ||
			!pick(argv[1], (unsigned)atoi(argv[2]))) {
		fprintf(stderr, "ctime: wrong usage, no such row, or not under valgrind\n");
		return 2;
	}
	if (strcmp(argv[1], "lookups") == 0) {
		check_lookups((unsigned)atoi(argv[2]), argc > 3);
		own_stop(&state);
		return failures != 0;
	}
	if (argc > 3 && !plant(argv[3]))
		return 2;
	start_kms();
	start_keys();
	if (wide || (argc == 3 && !lanes))
		check_batch(WIDE_BATCH, SIZE_MAX); /* a block that is large for its check, too */
	if (wide)
		check_decap_batch(WIDE_BATCH);
	if (argc > 3 && lanes)
		check_batch(9, SIZE_MAX); /* fewer would go one by one */
	if (argc == 3 && !wide) {
		check_sakke();
		check_eccsi();
		check_keys();
		check_key();
		check_messages();
	}
	stop();
	own_stop(&state);
	return failures != 0;
}
