/* traces.c -- operations on secrets, each to be run with several of them while a plugin of qemu watches.
 *
 * usage: traces --rows                     the rows of kernels that run here
 *        traces --operations
 *        traces ROW OPERATION FROM TO [PLANT]
 *
 * In a child for each of the secrets FROM to TO - 1, which are the same in every run: what the operation needs is made;
 * then stdout gets "ROW OPERATION SECRET ", and the function that is watched, watched(), runs the operation, to which
 * the plugin adds its line (tests/qemu/trace.c).  Children begin alike, so what they allocate lies at the same places;
 * and the source of random numbers gives each the same.  Exit 1: an operation failed.
 *
 * PLANT puts a fault into sums or lookups of F_p: branch, or lookup, which are to be found; or var, the same branch in
 * a function whose name says that it is not constant time, which is to be left out.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/engine.h"
#include "engine/field/fp.h"
#include "engine/init.h"
#include "provision/keys/key.h"
#include "provision/keys/kmsdoc_value.h"
#include "provision/message/keyparams.h"
#include "provision/message/uid.h"
#include "util.h"

enum { ID_LEN = KM_FP_BYTES, BATCH = 5, CONTENT = 100, ANNOUNCED = 100 };

static const char alice[] = "sip:alice@example.org";

/* ---- what they all work on ---------------------------------------------------------------- */

static uint64_t stream;

static int fill(void *ctx, uint8_t *out, size_t len)
{
	(void)ctx;
	draw_bytes(out, len, &stream);
	return 0;
}

static const km_random rnd = {fill, NULL};

/* The system's, for what asks it itself. */
static const char *system_name(void)
{
	return "traces";
}

static void system_fill(void *out, size_t len)
{
	draw_bytes(out, len, &stream);
}

static uint32_t system_word(void)
{
	uint32_t word;

	system_fill(&word, sizeof word);
	return word;
}

static randombytes_implementation not_random = {
	.implementation_name = system_name, .random = system_word, .buf = system_fill,
};

/* Public, but for what is said to be secret. */
static struct {
	uint8_t id[ID_LEN], ids[BATCH * ID_LEN], rand[KM_RAND_BYTES], content[CONTENT];
	uint8_t z[KM_FP_BYTES], ksak[KM_SSK_BYTES];     /* secret */
	uint8_t gmk[KM_SSV_BYTES], rsk[KM_SAKKE_POINT_BYTES], ssk[KM_SSK_BYTES];        /* secret */
	uint8_t pvt[KM_ECCSI_POINT_BYTES];
	uint8_t seds[BATCH * KM_SED_BYTES], sigs[BATCH][KM_SIG_BYTES];
	uint8_t protected_payload[PROTECTED_HEADER + CONTENT + GCM_TAG];
	char hex[2 * KM_SAKKE_POINT_BYTES + 1];         /* secret */
	km_kms_master *master;
	km_kms_public *kms;
	km_receiver *receiver;
	km_signer *signer;
	km_key *key;
	keyparams_cipher *cipher;
} all;

static void must(km_err err, const char *what)
{
	if (err == KM_OK)
		return;
	fprintf(stderr, "traces: %s: %s\n", what, km_strerror(err));
	_exit(1);
}

static void must_be(bool right, const char *what)
{
	must(right ? KM_OK : KM_EFORMAT, what);
}

/* ---- what an operation needs -------------------------------------------------------------- */

static void need_master(void)
{
	must(km_kms_master_import_new(&all.master, all.z, all.ksak), "master keys");
}

static void need_public(size_t announced)
{
	uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];

	need_master();
	km_kms_master_public(z, kpak, all.master);
	must(km_kms_public_new(&all.kms, z, sizeof z, kpak, sizeof kpak, announced), "public keys");
}

static void need_wide(void)
{
	need_public(ANNOUNCED);
}

static void need_rsk(void)
{
	need_public(0);
	must(km_kms_rsk(all.rsk, all.id, ID_LEN, all.master, &rnd), "an RSK");
}

static void need_receiver(void)
{
	need_rsk();
	must(km_receiver_new(&all.receiver, all.id, ID_LEN, all.rsk, sizeof all.rsk, all.kms, &rnd), "a receiver");
	must(km_sakke_encap(all.seds, all.gmk, all.id, ID_LEN, all.kms, &rnd), "an SED");
	for (size_t i = 1; i < BATCH; i++)
		memcpy(all.seds + i * KM_SED_BYTES, all.seds, KM_SED_BYTES);
}

static void need_ssk(void)
{
	need_public(0);
	must(km_kms_ssk(all.ssk, all.pvt, all.id, ID_LEN, all.master, &rnd), "an SSK");
}

static void need_signer(void)
{
	need_ssk();
	must(km_signer_new(&all.signer, all.id, ID_LEN, all.ssk, sizeof all.ssk, all.pvt, sizeof all.pvt, all.kms),
			"a signer");
}

static void need_key(void)
{
	const key_parts parts = {.gmk = all.gmk, .rand = all.rand, .rand_len = sizeof all.rand};

	must(key_make(&all.key, &parts, NULL), "a key");
}

static void need_cipher(void)
{
	all.cipher = keyparams_cipher_new();
	must_be(all.cipher, "a cipher");
	must_be(keyparams_protect(all.protected_payload, all.cipher, all.gmk, 7, all.rand, 1, all.content, CONTENT),
			"a protected payload");
}

static void to_hex(const uint8_t *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(all.hex + 2 * i, 3, "%02x", a[i]);
}

/* An RSK's octets may be any here, */
static void need_hex(void)
{
	draw_bytes(all.rsk, sizeof all.rsk, &(uint64_t){all.gmk[0] << 8 | all.gmk[1]});
	to_hex(all.rsk, sizeof all.rsk);
}

/* and an SSK's, of which several begin with zeros. */
static void need_hex_ssk(void)
{
	draw_bytes(all.ssk, sizeof all.ssk, &(uint64_t){all.gmk[0] << 8 | all.gmk[1]});
	memset(all.ssk, 0, all.gmk[0] % 4);
	to_hex(all.ssk, sizeof all.ssk);
}

static void need_nothing(void)
{
}

/* ---- the operations ----------------------------------------------------------------------- */

static void master_import(void)
{
	need_master();
}

static void master_public(void)
{
	uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];

	km_kms_master_public(z, kpak, all.master);
}

static void rsk(void)
{
	must(km_kms_rsk(all.rsk, all.id, ID_LEN, all.master, &rnd), "rsk");
}

static void ssk(void)
{
	must(km_kms_ssk(all.ssk, all.pvt, all.id, ID_LEN, all.master, &rnd), "ssk");
}

static void receiver(void)
{
	must(km_receiver_new(&all.receiver, all.id, ID_LEN, all.rsk, sizeof all.rsk, all.kms, &rnd), "receiver");
}

static void signer(void)
{
	must(km_signer_new(&all.signer, all.id, ID_LEN, all.ssk, sizeof all.ssk, all.pvt, sizeof all.pvt, all.kms),
			"signer");
}

static void encap(void)
{
	must(km_sakke_encap(all.seds, all.gmk, all.id, ID_LEN, all.kms, &rnd), "encap");
}

static void encap_batch(void)
{
	km_err status[BATCH];

	must(km_sakke_encap_batch(all.seds, status, all.gmk, all.ids, ID_LEN, BATCH, all.kms, &rnd), "encap_batch");
}

static void decap(void)
{
	uint8_t ssv[KM_SSV_BYTES];

	must(km_sakke_decap(ssv, all.seds, KM_SED_BYTES, all.receiver, &rnd), "decap");
}

static void decap_batch(void)
{
	const km_receiver *receivers[BATCH];
	uint8_t ssvs[BATCH * KM_SSV_BYTES];
	km_err status[BATCH];

	for (size_t i = 0; i < BATCH; i++)
		receivers[i] = all.receiver;
	must(km_sakke_decap_batch(ssvs, status, all.seds, BATCH, receivers, &rnd), "decap_batch");
}

static void sign(void)
{
	must(km_eccsi_sign(all.sigs[0], all.content, CONTENT, all.signer, &rnd), "sign");
}

static void sign_batch(void)
{
	km_to_sign items[BATCH];
	km_err status[BATCH];

	for (size_t i = 0; i < BATCH; i++)
		items[i] = (km_to_sign){all.content, CONTENT - i, all.sigs[i]};
	must(km_eccsi_sign_batch(items, status, BATCH, all.signer, &rnd), "sign_batch");
}

static void derive(void)
{
	uint8_t key[KM_SRTP_KEY_BYTES], salt[KM_SRTP_SALT_BYTES];

	uid_salt(all.gmk, alice, sizeof alice - 1);
	uid_srtp_keys(key, salt, all.gmk, 4, 0x01234567, all.rand, sizeof all.rand);
}

static void derive_key(void)
{
	uint8_t key[KM_SRTP_KEY_BYTES], salt[KM_SRTP_SALT_BYTES];

	must(km_key_srtp(key, salt, all.key, KM_SERVICE_MCPTT, km_key_guk_id(all.key, alice, sizeof alice - 1)),
			"derive_key");
}

static void protect(void)
{
	must_be(keyparams_protect(all.protected_payload, all.cipher, all.gmk, 7, all.rand, 1, all.content, CONTENT),
			"protect");
}

static void unprotect(void)
{
	const octets payload = {all.protected_payload, sizeof all.protected_payload};
	uint8_t out[KEYPARAMS_MAX];
	size_t len;

	must_be(keyparams_unprotect(out, &len, all.cipher, all.gmk, 7, payload), "unprotect");
}

static void hex(void)
{
	must_be(kmsdoc_take_octets(all.rsk, sizeof all.rsk, all.hex, sizeof all.hex - 1) == NULL, "hex");
}

static void hex_ssk(void)
{
	must_be(kmsdoc_take_ssk(all.ssk, sizeof all.ssk, all.hex, 2 * sizeof all.ssk) == NULL, "hex_ssk");
}

static const struct operation {
	const char *name;
	void (*need)(void), (*run)(void);
	bool own_kms;   /* its secrets are a KMS's too; else all have one KMS, and its public keys are made once */
} operations[] = { /* the longest first */
	{"decap_batch", need_receiver, decap_batch, true},
	{"decap", need_receiver, decap, true},
	{"receiver", need_rsk, receiver, true},
	{"signer", need_ssk, signer, true},
	{"sign", need_signer, sign, true},
	{"sign_batch", need_signer, sign_batch, true},
	{"rsk", need_master, rsk, true},
	{"encap_batch", need_wide, encap_batch, false},
	{"encap", need_wide, encap, false},
	{"master_import", need_nothing, master_import, true},
	{"ssk", need_master, ssk, true},
	{"master_public", need_master, master_public, true},
	{"hex", need_hex, hex, true},
	{"hex_ssk", need_hex_ssk, hex_ssk, true},
	{"gcm_protect", need_cipher, protect, true},
	{"gcm_unprotect", need_cipher, unprotect, true},
	{"derive", need_nothing, derive, true},
	{"derive_key", need_key, derive_key, true},
};

/* ---- planted faults ----------------------------------------------------------------------- */

static const fp_kernel *whole;
static volatile unsigned taken;

static void planted_branch(uint64_t r[16], const uint64_t a[16], const uint64_t b[16])
{
	if (a[0] & 1)
		taken++;
	whole->add(r, a, b);
}

static __attribute__((noinline)) void branch_var(const uint64_t a[16])
{
	if (a[0] & 1)
		taken++;
}

static void add_beside(uint64_t r[16], const uint64_t a[16], const uint64_t b[16])
{
	branch_var(a);
	whole->add(r, a, b);
}

static void planted_lookup(uint64_t *r, const uint64_t *table, size_t n, size_t words, uint64_t index)
{
	const volatile uint64_t *from = table + words * index;

	(void)n;
	for (size_t i = 0; i < words; i++)
		r[i] = from[i];
}

static bool plant(const char *what)
{
	static fp_kernel bad;

	bad = *(whole = fp_k);
	if (strcmp(what, "branch") == 0)
		bad.add = planted_branch;
	else if (strcmp(what, "var") == 0)
		bad.add = add_beside;
	else if (strcmp(what, "lookup") == 0)
		bad.select = planted_lookup;
	else
		return false;
	fp_k = &bad;
	return true;
}

/* ------------------------------------------------------------------------------------------- */

/* Public values are the same for all secrets; a KMS's are, where it is not its secrets that are looked at. */
static void set_public(void)
{
	uint64_t seed = 1;

	draw_bytes(all.id, sizeof all.id, &seed);
	draw_bytes(all.ids, sizeof all.ids, &seed);
	draw_bytes(all.rand, sizeof all.rand, &seed);
	draw_bytes(all.content, sizeof all.content, &seed);
}

static void set_kms(uint64_t secret)
{
	uint64_t seed = 2 + 2 * secret;

	draw_bytes(all.z, sizeof all.z, &seed);
	draw_bytes(all.ksak, sizeof all.ksak, &seed);
	all.z[0] &= 0x1f; /* q has 1022 bits */
	all.ksak[0] &= 0x7f;
}

static void set_gmk(uint64_t secret)
{
	uint64_t seed = 3 + 2 * secret;

	draw_bytes(all.gmk, sizeof all.gmk, &seed);
}

/* By its name the plugin knows it. */
static __attribute__((noinline, noclone)) void watched(const struct operation *op)
{
	op->run();
	taken++; /* so that the call is no jump */
}

static void run_one(const char *row, const struct operation *op, uint64_t secret)
{
	set_gmk(secret);
	if (op->own_kms) {
		set_kms(secret);
		op->need();
	}
	stream = 1000;
	printf("%s %s %llu ", row, op->name, (unsigned long long)secret);
	fflush(stdout);
	watched(op);
	_exit(0);
}

static bool run_all(const char *row, const struct operation *op, uint64_t from, uint64_t to)
{
	bool right = true;
	int status;

	set_public();
	set_kms(0);
	if (!op->own_kms)
		op->need();
	for (uint64_t secret = from; secret < to; secret++) {
		const pid_t child = fork();

		if (child == 0)
			run_one(row, op, secret);
		right = child > 0 && waitpid(child, &status, 0) == child && status == 0 && right;
	}
	return right;
}

static const struct operation *find(const char *name)
{
	for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
		if (strcmp(name, operations[i].name) == 0)
			return &operations[i];
	return NULL;
}

static int list(bool rows)
{
	const char *name;
	int runs;

	for (size_t i = 0; rows && (name = km_kernel_at(i, &runs)); i++)
		if (runs)
			puts(name);
	for (size_t i = 0; !rows && i < sizeof operations / sizeof operations[0]; i++)
		puts(operations[i].name);
	return 0;
}

int main(int argc, char **argv)
{
	const struct operation *op;

	if (argc == 2 && (strcmp(argv[1], "--rows") == 0 || strcmp(argv[1], "--operations") == 0))
		return list(strcmp(argv[1], "--rows") == 0);
	if (argc < 5 || argc > 6 || !(op = find(argv[2])) || km_init(argv[1]) != KM_OK ||
			(argc > 5 && !plant(argv[5]))) {
		fputs("traces: wrong usage, or no such row or operation\n", stderr);
		return 2;
	}
	randombytes_set_implementation(&not_random);
	return !run_all(argv[1], op, strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
}
