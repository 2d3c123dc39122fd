/* residue_secrets.c -- the operations that work on secrets, and what these are. */
#include "residue_secrets.h"

#include <string.h>
#include <unistd.h>

#include "engine/table/table.h"
#include "engine/hash.h"
#include "engine/curve/lines.h"
#include "engine/eccsi/p256.h"
#include "engine/field/params.h"
#include "engine/field/zq.h"
#include "residue_watch.h"
#include "util_dir.h"
#include "util_own.h"
#include "provision/base/when.h"
#include "provision/message/uid.h"

#ifdef WATCHED
enum {
	MOST = 600, SHOWN = 12, /* members of a batch; those of whom all is known, at both ends */
	ID_LEN = 32, MEMBERS = 5000, DRAWS = 64,
};

/* ---- secrets that come out of the library ---------------------------------------------------- */

mpz_t secrets_p;
static mpz_t q, n;

static void number_of_octets(mpz_t x, const uint8_t *data, size_t len)
{
	mpz_import(x, len, 1, 1, 1, 0, data);
}

static void add_octets_mod(const char *of, const uint8_t *data, size_t len, const mpz_t m)
{
	mpz_t x;

	mpz_init(x);
	number_of_octets(x, data, len);
	mpz_mod(x, x, m);
	residue_add_number(of, x, m);
	mpz_clear(x);
}

static void add_limbs_mod(const char *of, const uint64_t *limbs, size_t len, const mpz_t m)
{
	mpz_t x;

	mpz_init(x);
	mpz_import(x, len, -1, 8, 0, 0, limbs);
	mpz_mod(x, x, m);
	residue_add_number(of, x, m);
	mpz_clear(x);
}

static uint64_t seed;
static size_t draws;

/* The same for each of both runs of an operation. */
static int drawn(void *ctx, uint8_t *out, size_t len)
{
	uint64_t limbs[16];

	(void)ctx;
	draw_bytes(out, len, &seed);
	/* of 16 octets: an IV of a message, which is public */
	if (!watching || looking || len == KM_GMK_IV_BYTES || ++draws > DRAWS)
		return 0;
	residue_add_octets("a draw", out, len / 8 * 8);
	if (len == sizeof limbs || len == 32) { /* as numbers, as random_below reads them */
		memcpy(limbs, out, len);
		if (len == sizeof limbs)
			add_limbs_mod("a draw modulo p", limbs, 16, secrets_p);
		limbs[15] &= UINT64_MAX >> 2;
		add_limbs_mod("a draw modulo q or n", limbs, len / 8, len == 32 ? n : q);
	}
	return 0;
}

static const km_random rnd = {drawn, NULL};

static uint64_t nonces[MOST][4];
static size_t nonces_made;

km_err __real_eccsi_nonce(uint64_t j[4], const uint8_t *ssk, const uint8_t *hs, const uint8_t *msg,
		size_t len, const km_random *r);
km_err __wrap_eccsi_nonce(uint64_t j[4], const uint8_t *ssk, const uint8_t *hs, const uint8_t *msg,
		size_t len, const km_random *r);

km_err __wrap_eccsi_nonce(uint64_t j[4], const uint8_t *ssk, const uint8_t *hs, const uint8_t *msg,
		size_t len, const km_random *r)
{
	km_err err = __real_eccsi_nonce(j, ssk, hs, msg, len, r);

	if (watching && !looking) {
		add_limbs_mod("a nonce", j, 4, n);
		memcpy(nonces[nonces_made++ % MOST], j, sizeof *nonces);
	}
	return err;
}

int __real_crypto_stream_chacha20(unsigned char *c, unsigned long long len, const unsigned char *nonce,
		const unsigned char *k);
int __wrap_crypto_stream_chacha20(unsigned char *c, unsigned long long len, const unsigned char *nonce,
		const unsigned char *k);

/* The system's randomness is never the same again: what it makes is added, and looked for at once. */
int __wrap_crypto_stream_chacha20(unsigned char *c, unsigned long long len, const unsigned char *nonce,
		const unsigned char *k)
{
	int err;

	if (watching)
		residue_add_octets("the generator's key", k, 32);
	err = __real_crypto_stream_chacha20(c, len, nonce, k);
	if (watching)
		residue_add_octets("the generator's octets", c, len);
	return err;
}

void __real_km_hmac_sha256(uint8_t *out, const uint8_t *key, size_t key_len, const uint8_t *data,
		size_t len);
void __wrap_km_hmac_sha256(uint8_t *out, const uint8_t *key, size_t key_len, const uint8_t *data,
		size_t len);

/* Keys that come from a GMK. */
void __wrap_km_hmac_sha256(uint8_t *out, const uint8_t *key, size_t key_len, const uint8_t *data,
		size_t len)
{
	__real_km_hmac_sha256(out, key, key_len, data, len);
	if (watching && !looking) {
		residue_add_octets("a key of an HMAC", key, key_len / 8 * 8);
		residue_add_octets("an HMAC", out, KM_HASH_BYTES);
	}
}

/* ---- what is worked with --------------------------------------------------------------------- */

static struct {
	uint8_t z[KM_FP_BYTES], ksak[KM_SSK_BYTES];
	km_kms_master *master, *other;
	km_kms_public *kms;
	uint8_t ssv[KM_SSV_BYTES], other_ssv[KM_SSV_BYTES], ids[MOST][ID_LEN], seds[MOST][KM_SED_BYTES], made_seds[MOST][KM_SED_BYTES];
	uint8_t ssvs[MOST][KM_SSV_BYTES], sigs[MOST][KM_SIG_BYTES];
	uint8_t rsk[KM_SAKKE_POINT_BYTES], ssk[KM_SSK_BYTES], pvt[KM_ECCSI_POINT_BYTES];
	km_receiver *receiver, *fillers[KM_RECEIVERS_PREPARED], *late, *made;
	km_signer *signer, *made_signer;
	const km_receiver *receivers[MOST];
	km_to_sign items[MOST];
	km_to_encap to_encap[MOST]; /* the two SSVs in turn */
	km_err status[MOST], err;
	size_t n; /* of the batch */
	uint8_t key[40], data[96], out[2048];
	km_keyring *ring;
	own_message message;
	open_how how;
	own_made sent;
	message_opened opened;
	uint8_t buf[4096];
	km_client *client;
	km_opened came;
	uint32_t salt;
} all;

/* All forms of a scalar modulo q, recoded for tables of any width as well. */
static void add_scalar(const char *of, const uint64_t k[16])
{
	uint64_t u[16];

	add_limbs_mod(of, k, 16, q);
	for (unsigned w = 4; w <= 10; w++)
		for (unsigned multiple = 1; multiple <= 8; multiple *= 8) {
			table_shape shape = table_shape_of(w, multiple);

			table_recode(u, k, &shape, 0, 1);
			add_limbs_mod("digits of a scalar", u, 16, q);
		}
}

/* (re + i*im) *= (c + i*d). */
static void times(mpz_t re, mpz_t im, const mpz_t c, const mpz_t d)
{
	mpz_t a, b, t;

	mpz_inits(a, b, t, NULL);
	mpz_mul(a, re, c), mpz_mul(t, im, d), mpz_sub(a, a, t);
	mpz_mul(b, re, d), mpz_mul(t, im, c), mpz_add(b, b, t);
	mpz_mod(re, a, secrets_p), mpz_mod(im, b, secrets_p);
	mpz_clears(a, b, t, NULL);
}

/* g^r as a number, and the mask from it. */
static void add_power(const uint64_t r[16])
{
	mpz_t re, im, one, g, k;
	uint8_t data[KM_FP_BYTES] = {0}, mask[KM_SSV_BYTES];
	size_t len;

	mpz_inits(re, im, one, g, k, NULL);
	mpz_import(g, 16, -1, 8, 0, 0, params_g);
	mpz_import(k, 16, -1, 8, 0, 0, r);
	mpz_set_ui(one, 1);
	mpz_set_ui(re, 1);
	for (size_t i = mpz_sizeinbase(k, 2); i-- > 0;) {
		times(re, im, re, im);
		if (mpz_tstbit(k, i))
			times(re, im, one, g);
	}
	mpz_invert(re, re, secrets_p);
	mpz_mul(im, im, re);
	mpz_mod(im, im, secrets_p);
	residue_add_number("g^r", im, secrets_p);
	len = (mpz_sizeinbase(im, 2) + 7) / 8;
	mpz_export(data + sizeof data - len, NULL, 1, 1, 1, 0, im);
	hash_to_128(mask, &(hash_part){data, sizeof data}, 1);
	residue_add_octets("the mask", mask, sizeof mask);
	mpz_clears(re, im, one, g, k, NULL);
}

/* What a message with that SSV to the i-th member has: r, r*b, g^r. */
static void add_member(const uint8_t *ssv, size_t i)
{
	hash_part parts[2] = {{ssv, KM_SSV_BYTES}, {all.ids[i], ID_LEN}};
	uint64_t r[16], b[16];

	zq_from_hash(r, parts, 2);
	zq_from_octets_var(b, all.ids[i], ID_LEN);
	add_scalar("r", r);
	add_power(r);
	zq_mul(b, b, r);
	add_scalar("r*b", b);
}

static void members_before(void)
{
	residue_add_octets("the SSV", all.ssv, KM_SSV_BYTES);
	for (size_t i = 0; i < all.n; i++)
		if (i < SHOWN || i + SHOWN >= all.n)
			add_member(all.ssv, i);
}

static void items_before(void)
{
	residue_add_octets("the SSV", all.ssv, KM_SSV_BYTES);
	residue_add_octets("the other SSV", all.other_ssv, KM_SSV_BYTES);
	for (size_t i = 0; i < all.n; i++)
		if (i < SHOWN || i + SHOWN >= all.n)
			add_member(all.to_encap[i].ssv, i);
}

static void add_rsk(void)
{
	static fp lines[LINES_COEFS];
	uint64_t order;
	ec_point key;

	add_octets_mod("x of RSK", all.rsk + 1, KM_FP_BYTES, secrets_p);
	add_octets_mod("y of RSK", all.rsk + 1 + KM_FP_BYTES, KM_FP_BYTES, secrets_p);
	assert_int_equal(ec_from_octets(&key, all.rsk, sizeof all.rsk), KM_OK);
	assert_int_equal(lines_prepare(lines, &order, &key, NULL), KM_OK);
	residue_add("lines of RSK", lines[0].v, LINES_COEFS * 16);
	memset(lines, 0, sizeof lines);
}

static void receiver_before(void)
{
	members_before();
	add_rsk();
}

static void signer_before(void)
{
	add_octets_mod("SSK", all.ssk, sizeof all.ssk, n);
}

/* HE + r*SSK = j/s, for each signature made. */
static void signer_after(void)
{
	mpz_t s, d;

	mpz_inits(s, d, NULL);
	for (size_t i = 0; i < nonces_made && i < MOST; i++) {
		number_of_octets(s, all.sigs[i] + 32, 32);
		if (!mpz_invert(s, s, n))
			continue;
		mpz_import(d, 4, -1, 8, 0, 0, nonces[i]);
		mpz_mul(d, d, s);
		mpz_mod(d, d, n);
		residue_add_number("HE + r*SSK", d, n);
	}
	mpz_clears(s, d, NULL);
}

static void master_before(void)
{
	add_octets_mod("z", all.z, sizeof all.z, q);
	add_octets_mod("KSAK", all.ksak, sizeof all.ksak, n);
}

static void rsk_before(void)
{
	uint64_t a[16];
	mpz_t k, x;

	mpz_inits(k, x, NULL);
	master_before();
	add_rsk();
	number_of_octets(k, all.ids[0], ID_LEN);
	number_of_octets(x, all.z, sizeof all.z);
	mpz_add(k, k, x);
	mpz_mod(k, k, q);
	residue_add_number("a + z", k, q);
	mpz_invert(k, k, q);
	memset(a, 0, sizeof a);
	mpz_export(a, NULL, -1, 8, 0, 0, k);
	add_scalar("1/(a + z)", a);
	mpz_clears(k, x, NULL);
}

static void ssk_before(void)
{
	master_before();
	signer_before();
}

static void hash_before(void)
{
	uint8_t pad[40];

	residue_add_octets("a key", all.key, sizeof all.key);
	residue_add_octets("data", all.data, sizeof all.data);
	for (int i = 0; i < 2; i++) {
		for (size_t j = 0; j < sizeof pad; j++)
			pad[j] = all.key[j] ^ (i ? 0x36 : 0x5c);
		residue_add_octets("a key, padded", pad, sizeof pad);
	}
}

/* ---- operations ------------------------------------------------------------------------------ */

static void encap_one(void)
{
	all.err = km_sakke_encap(all.made_seds[0], all.ssv, all.ids[0], ID_LEN, all.kms, &rnd);
}

static void encap_batch(void)
{
	all.err = km_sakke_encap_batch(all.made_seds[0], all.status, all.ssv, all.ids[0], ID_LEN,
			all.n, all.kms, &rnd);
}

static void encap_items(void)
{
	all.err = km_sakke_encap_items(all.made_seds[0], all.status, all.to_encap, all.n, all.kms, &rnd);
}

static void decap_one(void)
{
	all.err = km_sakke_decap(all.ssvs[0], all.seds[0], KM_SED_BYTES, all.receiver, &rnd);
}

static void decap_late(void)
{
	all.err = km_sakke_decap(all.ssvs[0], all.seds[0], KM_SED_BYTES, all.late, &rnd);
}

static void decap_batch(void)
{
	all.err = km_sakke_decap_batch(all.ssvs[0], all.status, all.seds[0], all.n, all.receivers,
			&rnd);
}

static void receiver_new(void)
{
	all.err = km_receiver_new(&all.made, all.ids[0], ID_LEN, all.rsk, sizeof all.rsk, all.kms,
			&rnd);
}

static void receiver_free(void)
{
	km_receiver_free(all.made);
	all.made = NULL;
}

static void signer_new(void)
{
	all.err = km_signer_new(&all.made_signer, all.ids[0], ID_LEN, all.ssk, sizeof all.ssk, all.pvt,
			sizeof all.pvt, all.kms);
}

static void signer_free(void)
{
	km_signer_free(all.made_signer);
	all.made_signer = NULL;
}

static void sign_one(void)
{
	all.err = km_eccsi_sign(all.sigs[0], all.data, sizeof all.data, all.signer, &rnd);
}

static void wiping(void)
{
	memcpy(all.out, all.key, sizeof all.key);
	km_wipe(all.out, sizeof all.key);
}

/* With the generator, whose key and octets are secret too. */
static void sign_by_the_system(void)
{
	all.err = km_eccsi_sign(all.sigs[0], all.data, sizeof all.data, all.signer, NULL);
}

static void sign_batch(void)
{
	all.err = km_eccsi_sign_batch(all.items, all.status, all.n, all.signer, &rnd);
}

static void master_new(void)
{
	all.err = km_kms_master_new(&all.other, &rnd);
}

static void master_import(void)
{
	all.err = km_kms_master_import_new(&all.other, all.z, all.ksak);
}

static void master_export(void)
{
	km_kms_master_export(all.out, all.out + KM_FP_BYTES, all.master);
}

static void master_free(void)
{
	km_kms_master_free(all.other);
	all.other = NULL;
}

static void issue_rsk(void)
{
	all.err = km_kms_rsk(all.rsk, all.ids[0], ID_LEN, all.master, &rnd);
}

static void issue_ssk(void)
{
	all.err = km_kms_ssk(all.ssk, all.pvt, all.ids[0], ID_LEN, all.master, &rnd);
}

static void sha256(void)
{
	km_sha256(all.out, all.data, sizeof all.data);
}

static void hmac_sha256(void)
{
	__real_km_hmac_sha256(all.out, all.key, sizeof all.key, all.data, sizeof all.data);
}

static void equal(void)
{
	all.err = km_equal(all.key, all.data, sizeof all.key) ? KM_EARG : KM_OK;
}

/* More than the generator makes at once. */
static void random_octets(void)
{
	all.err = km_random_bytes(all.out, sizeof all.out, NULL);
}

static void user_salt(void)
{
	all.salt = uid_salt(all.message.job.gmk, OWN_ALICE, strlen(OWN_ALICE));
}

static void srtp_keys(void)
{
	uid_srtp_keys(all.out, all.out + KM_SRTP_KEY_BYTES, all.message.job.gmk, 4, 0x01234567,
			all.message.job.rand, sizeof all.message.job.rand);
}

static void message_make(void)
{
	all.err = own_make(&all.sent, all.buf, sizeof all.buf, &all.message.job, all.message.responder,
			all.message.ntp64, &rnd);
}

static void message_open(void)
{
	all.err = own_open(&all.opened, all.ring, all.message.msg, all.message.len, &all.how, &rnd) == KM_R_OK ?
			KM_OK : KM_EDECAP;
}

static void client_forgetful(void)
{
	assert_int_equal(km_client_forgetful(&all.client, all.ring), KM_OK);
}

static void client_file(void)
{
	static const uint8_t key[KM_SEAL_BYTES] = "no secret of these";
	km_seal *seal;

	dir_until_exit();
	unlink(in_dir("store"));
	assert_int_equal(km_seal_new(&seal, key), KM_OK);
	assert_int_equal(km_client_file(&all.client, all.ring, in_dir("store"), seal, KM_MAY_BEGIN, NULL), KM_OK);
	km_seal_free(seal);
}

static void client_open(void)
{
	static const km_signalling nothing = {sizeof nothing, {NULL, KM_NOT_NAMED}, {NULL, KM_NOT_NAMED}};

	all.came = (km_opened){.struct_size = sizeof all.came};
	all.err = km_client_open(&all.came, all.client, all.message.msg, all.message.len, &nothing,
			km_time_of_ntp(all.message.ntp64), NULL) == KM_R_OK ? KM_OK : KM_EDECAP;
}

static void client_free(void)
{
	km_key_free(all.came.key);
	km_client_free(all.client);
}

static void gmk_before(void)
{
	residue_add_octets("the GMK", all.message.job.gmk, KM_SSV_BYTES);
}

const operation operations[OPERATIONS] = {
	{"km_sakke_encap", encap_one, NULL, NULL, members_before, NULL, 1, LEAVES},
	{"km_sakke_encap_batch of 8", encap_batch, NULL, NULL, members_before, NULL, 8, LEAVES},
	{"km_sakke_encap_batch of 64", encap_batch, NULL, NULL, members_before, NULL, 64, LEAVES},
	{"km_sakke_encap_batch of 600", encap_batch, NULL, NULL, members_before, NULL, MOST, LEAVES},
	{"km_sakke_encap_items of 64", encap_items, NULL, NULL, items_before, NULL, 64, LEAVES},
	{"km_sakke_decap", decap_one, NULL, NULL, receiver_before, NULL, 1, LEAVES},
	{"km_sakke_decap, not prepared", decap_late, NULL, NULL, receiver_before, NULL, 1, LEAVES},
	{"km_sakke_decap_batch of 9", decap_batch, NULL, NULL, receiver_before, NULL, 9, LEAVES},
	{"km_sakke_decap_batch of 88", decap_batch, NULL, NULL, receiver_before, NULL, 88, LEAVES},
	{"km_receiver_new", receiver_new, NULL, receiver_free, receiver_before, NULL, 1, LEAVES},
	{"km_receiver_free", receiver_free, receiver_new, NULL, receiver_before, NULL, 1, FREES},
	{"km_signer_new", signer_new, NULL, signer_free, signer_before, NULL, 1, LEAVES},
	{"km_signer_free", signer_free, signer_new, NULL, signer_before, NULL, 1, FREES},
	{"km_eccsi_sign", sign_one, NULL, NULL, signer_before, signer_after, 1, LEAVES},
	{"km_eccsi_sign by the system", sign_by_the_system, NULL, NULL, signer_before, NULL, 1, LEAVES},
	{"km_eccsi_sign_batch of 3", sign_batch, NULL, NULL, signer_before, signer_after, 3, LEAVES},
	{"km_eccsi_sign_batch of 300", sign_batch, NULL, NULL, signer_before, signer_after, 300, LEAVES},
	{"km_kms_master_new", master_new, NULL, master_free, master_before, NULL, 1, LEAVES},
	{"km_kms_master_import_new", master_import, NULL, master_free, master_before, NULL, 1, LEAVES},
	{"km_kms_master_export", master_export, NULL, NULL, master_before, NULL, 1, LEAVES},
	{"km_kms_master_free", master_free, master_import, NULL, master_before, NULL, 1, FREES},
	{"km_kms_rsk", issue_rsk, NULL, NULL, rsk_before, NULL, 1, LEAVES},
	{"km_kms_ssk", issue_ssk, NULL, NULL, master_before, ssk_before, 1, LEAVES},
	{"km_sha256", sha256, NULL, NULL, hash_before, NULL, 1, LEAVES},
	{"km_hmac_sha256", hmac_sha256, NULL, NULL, hash_before, NULL, 1, LEAVES},
	{"km_equal", equal, NULL, NULL, hash_before, NULL, 1, LEAVES},
	{"km_random_bytes", random_octets, NULL, NULL, hash_before, NULL, 1, LEAVES},
	{"km_wipe", wiping, NULL, NULL, hash_before, NULL, 1, LEAVES},
	{"uid_salt", user_salt, NULL, NULL, gmk_before, NULL, 1, CALLS},
	{"uid_srtp_keys", srtp_keys, NULL, NULL, gmk_before, NULL, 1, CALLS},
	{"a message made", message_make, NULL, NULL, gmk_before, NULL, 1, CALLS},
	{"open_message", message_open, NULL, NULL, gmk_before, NULL, 1, CALLS},
	{"km_client_open", client_open, client_forgetful, client_free, gmk_before, NULL, 1, CALLS},
	{"km_client_open, kept", client_open, client_file, client_free, gmk_before, NULL, 1, CALLS},
};

void operation_watch(const operation *o, int look)
{
	all.n = o->n;
	if (!look) {
		residue_clear();
		o->before();
	}
	if (o->first)
		o->first();
	all.err = KM_OK;
	draws = nonces_made = 0;
	seed = 7;
	watch(o->run, look);
	assert_int_equal(all.err, KM_OK);
	if (!look && o->after)
		o->after();
	if (o->then)
		o->then();
}

/* ---- the objects ----------------------------------------------------------------------------- */

static void start_keys(void)
{
	uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];

	assert_int_equal(km_kms_master_import_new(&all.master, all.z, all.ksak), KM_OK);
	km_kms_master_public(z, kpak, all.master);
	assert_int_equal(km_kms_public_new(&all.kms, z, sizeof z, kpak, sizeof kpak, MEMBERS), KM_OK);
	assert_int_equal(km_kms_rsk(all.rsk, all.ids[0], ID_LEN, all.master, NULL), KM_OK);
	assert_int_equal(km_kms_ssk(all.ssk, all.pvt, all.ids[0], ID_LEN, all.master, NULL), KM_OK);
	assert_int_equal(km_receiver_new(&all.receiver, all.ids[0], ID_LEN, all.rsk, sizeof all.rsk,
			all.kms, NULL), KM_OK);
	for (size_t i = 1; i < KM_RECEIVERS_PREPARED; i++)
		assert_int_equal(km_receiver_new(&all.fillers[i], all.ids[0], ID_LEN, all.rsk,
				sizeof all.rsk, all.kms, NULL), KM_OK);
	assert_int_equal(km_receiver_new(&all.late, all.ids[0], ID_LEN, all.rsk, sizeof all.rsk,
			all.kms, NULL), KM_OK);
	assert_int_equal(km_signer_new(&all.signer, all.ids[0], ID_LEN, all.ssk, sizeof all.ssk,
			all.pvt, sizeof all.pvt, all.kms), KM_OK);
}

/* The first message of the project's own vectors, and keys to make and to open it. */
static void start_message(void)
{
	static const char *const users[] = {OWN_GMS, OWN_ALICE, NULL};
	own_message *m = &all.message;

	all.ring = own_ring(users);
	own_get(m, 0, all.ring);
	all.how = own_how(m);
}

int objects_start(void **state)
{
	uint64_t from = 3;

	(void)state;
	draw_bytes(all.z, sizeof all.z, &from);
	draw_bytes(all.ksak, sizeof all.ksak, &from);
	all.z[0] &= 0x1f;
	all.ksak[0] &= 0x7f;
	draw_bytes(all.ssv, sizeof all.ssv, &from);
	draw_bytes(all.other_ssv, sizeof all.other_ssv, &from);
	draw_bytes(all.ids[0], sizeof all.ids, &from);
	draw_bytes(all.key, sizeof all.key, &from);
	draw_bytes(all.data, sizeof all.data, &from);
	start_keys();
	start_message();
	for (size_t i = 0; i < MOST; i++) {
		assert_int_equal(km_sakke_encap(all.seds[i], all.ssv, all.ids[0], ID_LEN, all.kms,
				NULL), KM_OK);
		/* most are opened by a key that is not prepared: as many as go in affine steps */
		all.receivers[i] = i % 2 && i < 20 ? all.receiver : all.late;
		all.items[i] = (km_to_sign){all.ids[i], ID_LEN, all.sigs[i]};
		all.to_encap[i] = (km_to_encap){i % 2 ? all.other_ssv : all.ssv, all.ids[i], ID_LEN};
	}
	return 0;
}

int objects_stop(void **state)
{
	(void)state;
	km_keyring_free(all.ring);
	km_signer_free(all.signer);
	km_receiver_free(all.late);
	for (size_t i = 1; i < KM_RECEIVERS_PREPARED; i++)
		km_receiver_free(all.fillers[i]);
	km_receiver_free(all.receiver);
	km_kms_public_free(all.kms);
	km_kms_master_free(all.master);
	memset(&all, 0, sizeof all);
	return 0;
}

int secrets_start(void)
{
	mpz_inits(secrets_p, q, n, NULL);
	mpz_import(secrets_p, 16, -1, 8, 0, 0, fp_p);
	mpz_import(q, 16, -1, 8, 0, 0, params_q);
	mpz_import(n, 4, -1, 8, 0, 0, p256_n);
	own = json_load_file("tests/vectors/own.json", 0, NULL);
	return own ? 0 : -1;
}

void secrets_stop(void)
{
	json_decref(own);
	mpz_clears(secrets_p, q, n, NULL);
}
#endif
