/* test_sakke.c -- SAKKE against RFC 6508 Appendix A, our own vectors, algebra, and bad input. */
#include "util.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "engine/bytes.h"
#include "engine/curve.h"
#include "engine/engine.h"
#include "engine/hash.h"
#include "engine/pairing.h"
#include "engine/params.h"
#include "engine/zq.h"

/* RFC 6508 Appendix A */
static const char rfc_z_secret[] = "aff429d35f84b110d094803b3595a6e2998bc99f";
static const char rfc_z[] =
	"045958ef1b1679bf099b3a030df255aa6a23c1d8f143d4d23f753e69bd27a832f38cb4ad53ddef42"
	"60b0fe8bb45c4c1ff510effe300367a37b61f701d914aef09724825fa0707d61a6dff4fbd7273566"
	"cdde352a0b04b7c16a78309be640697de747613a5fc195e8b9f328852a579db8f99b1d0034479ea9"
	"c5595f47c4b2f54ff21508d37514dcf7a8e143a6058c09a6bf2c9858ca37c258065ae6bf7532bc8b"
	"5b63383866e0753c5ac0e72709f8445f2e6178e065857e0eda10f68206b63505ed87e534fb2831ff"
	"957fb7dc619dae61301eeacc2fda3680ea4999258a833cea8fc67c6d19487fb449059f26cc8aab65"
	"5ab58b7cc796e24e9a394095754f5f8bae";
static const char rfc_rsk[] =
	"0493af67e5007ba6e6a80da793da300fa4b52d0a74e25e6e7b2b3d6ee9d18a9b5c5023597bd82d80"
	"62d34019563ba1d25c0dc56b7b979d74aa50f29fbf11cc2c93f5dfca615e609279f6175ceadb00b5"
	"8c6bee1e7a2a47c4f0c456f05259a6fa94a634a40dae1df593d4fecf688d5fc678be7efc6df3d683"
	"5325b83b2c6e69036b155f0a27241094b04bfb0bdfac6c670a65c325d39a069f03659d44ca27d3be"
	"8df311172b554160181cbe94a2a783320ced590bc42644702cf371271e496bf20f588b78a1bc01ec"
	"bb6559934bdd2fb65d2884318a33d1a42adf5e33cc5800280b28356497f87135bab9612a17260424"
	"409ac15fee996b744c332151235decb0f5";
static const char rfc_r[] =
	"13ee3e1b8dac5db168b1ceb32f0566a4c273693f78baffa2a2ee6a686e6bd90f8206ccab84e7f42e"
	"d39bd4fb131012ecca2ecd2119414560c17cab46b956a80f58a3302eb3e2c9a228fba7ed34d8aca2"
	"392da1ffb0b17b2320ae09aaedfd0235f6fe0eb65337a63f9cc97728b8e5ad0460fade144369aa5b"
	"2166213247712096";
static const char rfc_point[] =
	"0444e8ad44ab8592a6a5a3ddca5cf896c718043606a01d650def37a01f37c228c332fc317354e2c2"
	"74d4daf8ad001054c76ce57971c6f4486d5723043261c506ebf5be438f53de04f067c776e0dd3b71"
	"a6290133283725a532f21af145126dc1d777ecc27be50835bd28098b8a73d9f801d893793a41ff5c"
	"49b87e79f2be4d56ce557e134ad85bb1d4b9ce4f8be4b08a12babf55b1d6f1d7a638019ea28e15ab"
	"1c9f76375fdd1210d4f4351b9a009486b7f3ed46c965ded2d80dade4f38c6721d52c3ad103a10ebd"
	"2959248b4ef006836bf097448e6107c9edee9fb704823df199f832c905ae45f8a247a072d8ef729e"
	"abc5e27574b07739b34be74a532f747b86";
static const char rfc_gr[] =
	"7d2a8438e6291c649b6579eb3b79eae948b1de9e5f7d1f4070a08f8db6b3c5156f2201affbb5cb9d"
	"82aa3ec0d0398b89abc78a13a760c0bf3f77e63d0df3f1a341a41b8811df197fd6cd0f003125606f"
	"4f109f400f7292a10d255e3c0ebccb4253fb182c68f09cf6cd9c4a53da6c74ad007af36b8bca979d"
	"5895e282f483fcd6";
static const char rfc_mask[] = "9bd4ea1e801d37e62ad2fab0d4f5bbf7";
static const char rfc_h[] = "89e0bc661aa1e91638e6acc84e496507";
static const char rfc_ssv[] = "123456789abcdef0123456789abcdef0";
static const uint8_t rfc_id[26] = "2011-02\0tel:+447700900123";

static km_kms_public *kms_of(const km_kms_master *master, size_t members)
{
	uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];
	km_kms_public *kms;

	km_kms_master_public(z, kpak, master);
	assert_int_equal(km_kms_public_new(&kms, z, sizeof z, kpak, sizeof kpak, members), KM_OK);
	return kms;
}

static km_kms_master *master_of(const char *z_hex)
{
	uint8_t z[KM_FP_BYTES] = {0}, ksak[KM_SSK_BYTES] = {0};
	size_t len = strlen(z_hex) / 2;
	km_kms_master *master;

	from_hex(z + sizeof z - len, len, z_hex);
	ksak[31] = 7;
	assert_int_equal(km_kms_master_import_new(&master, z, ksak), KM_OK);
	return master;
}

/* A receiver for id, its RSK issued by master. */
static km_receiver *receiver_of(const km_kms_master *master, const km_kms_public *kms,
		const uint8_t *id, size_t len)
{
	uint8_t rsk[KM_SAKKE_POINT_BYTES];
	km_receiver *receiver;

	assert_int_equal(km_kms_rsk(rsk, id, len, master, NULL), KM_OK);
	assert_int_equal(km_receiver_new(&receiver, id, len, rsk, sizeof rsk, kms, NULL), KM_OK);
	return receiver;
}

static void rfc_6508_appendix_a_with_intermediates(void **state)
{
	uint8_t want[KM_SED_BYTES], got[KM_SED_BYTES], ssv[KM_SSV_BYTES], gr[KM_FP_BYTES];
	uint8_t mask[16], scalar[KM_FP_BYTES], z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];
	uint64_t r[16];
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, 0);
	km_receiver *receiver;

	(void)state;
	km_kms_master_public(z, kpak, master);
	from_hex(want, sizeof z, rfc_z);
	assert_memory_equal(z, want, sizeof z);
	assert_int_equal(km_kms_rsk(got, rfc_id, sizeof rfc_id, master, NULL), KM_OK);
	from_hex(want, KM_SAKKE_POINT_BYTES, rfc_rsk);
	assert_memory_equal(got, want, KM_SAKKE_POINT_BYTES);

	from_hex(ssv, sizeof ssv, rfc_ssv);
	hash_to_q(r, (hash_part[]){{ssv, sizeof ssv}, {rfc_id, sizeof rfc_id}}, 2);
	limbs_to_be(scalar, r, 16);
	from_hex(want, sizeof scalar, rfc_r);
	assert_memory_equal(scalar, want, sizeof scalar);
	from_hex(gr, sizeof gr, rfc_gr);
	hash_to_128(mask, (hash_part[]){{gr, sizeof gr}}, 1);
	from_hex(want, sizeof mask, rfc_mask);
	assert_memory_equal(mask, want, sizeof mask);

	assert_int_equal(km_sakke_encap(got, ssv, rfc_id, sizeof rfc_id, kms, NULL), KM_OK);
	from_hex(want, KM_SAKKE_POINT_BYTES, rfc_point);
	from_hex(want + KM_SAKKE_POINT_BYTES, KM_SSV_BYTES, rfc_h);
	assert_memory_equal(got, want, sizeof want);

	receiver = receiver_of(master, kms, rfc_id, sizeof rfc_id);
	assert_int_equal(km_sakke_decap(mask, want, sizeof want, receiver, NULL), KM_OK);
	assert_memory_equal(mask, ssv, sizeof ssv);
	km_receiver_free(receiver);
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

static void own_vectors(void **state)
{
	json_t *root = json_load_file("tests/vectors/own.json", 0, NULL), *message;
	const char *str;
	uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES], gmk[KM_SSV_BYTES];
	km_kms_public *kms;
	size_t i;

	(void)state;
	assert_non_null(root);
	from_hex(z, sizeof z, json_string_value(json_object_get(root, "Z")));
	from_hex(kpak, sizeof kpak, json_string_value(json_object_get(root, "kpak")));
	from_hex(gmk, sizeof gmk, json_string_value(json_object_get(root, "gmk")));
	assert_int_equal(km_kms_public_new(&kms, z, sizeof z, kpak, sizeof kpak, 0), KM_OK);
	json_array_foreach(json_object_get(root, "messages"), i, message) {
		uint8_t uid[32], rsk[KM_SAKKE_POINT_BYTES], sed[KM_SED_BYTES], want[KM_SED_BYTES];
		uint8_t ssv[KM_SSV_BYTES];
		km_receiver *receiver;
		json_t *user;

		str = json_string_value(json_object_get(message, "responder"));
		user = json_object_get(json_object_get(root, "users"), str);
		from_hex(uid, sizeof uid, json_string_value(json_object_get(user, "uid")));
		from_hex(rsk, sizeof rsk, json_string_value(json_object_get(user, "rsk")));
		from_hex(want, sizeof want, json_string_value(json_object_get(message, "sed")));
		assert_int_equal(km_sakke_encap(sed, gmk, uid, sizeof uid, kms, NULL), KM_OK);
		assert_memory_equal(sed, want, sizeof sed);
		assert_int_equal(km_receiver_new(&receiver, uid, sizeof uid, rsk, sizeof rsk, kms, NULL),
				KM_OK);
		assert_int_equal(km_sakke_decap(ssv, want, sizeof want, receiver, NULL), KM_OK);
		assert_memory_equal(ssv, gmk, sizeof ssv);
		km_receiver_free(receiver);
	}
	assert_true(i > 0);
	km_kms_public_free(kms);
	json_decref(root);
}

/* <[a]P, [b]P> = <P, P>^(ab) = <[ab]P, P>, and <P, P> = g. */
static void the_pairing_is_bilinear(void **state)
{
	uint64_t seed = 11, a[16] = {0}, b[16] = {0}, ab[16];
	ec_point pa, pb, pab;
	fp left, right, g;

	(void)state;
	fp_from_limbs(&g, params_g);
	assert_int_equal(pairing(&left, &ec_p, &ec_p, NULL), KM_OK);
	assert_true(fp_equal(&left, &g));
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 15; i++) {
			a[i] = draw(&seed);
			b[i] = draw(&seed);
		}
		zq_mul(ab, a, b);
		assert_true(ec_mul_var(&pa, a, &ec_p) && ec_mul_var(&pb, b, &ec_p));
		assert_true(ec_mul_var(&pab, ab, &ec_p));
		assert_int_equal(pairing(&left, &pa, &pb, NULL), KM_OK);
		assert_int_equal(pairing(&right, &pab, &ec_p, NULL), KM_OK);
		assert_true(fp_equal(&left, &right));
		assert_int_equal(pairing(&right, &pb, &pa, NULL), KM_OK);
		assert_true(fp_equal(&left, &right));
		assert_false(fp_equal(&left, &g));
	}
}

/* Through small tables, middling ones and wide ones. */
static void a_batch_is_its_singles(void **state)
{
	static const size_t members[] = {0, 100, 1000};
	enum { N = 40, LEN = 32 };
	uint8_t ids[N * LEN], ssv[KM_SSV_BYTES], single[N * KM_SED_BYTES], batch[N * KM_SED_BYTES];
	km_err status[N];
	km_kms_master *master = master_of(rfc_z_secret);
	uint64_t seed = 5;

	(void)state;
	draw_bytes(ids, sizeof ids, &seed);
	draw_bytes(ssv, sizeof ssv, &seed);
	for (size_t m = 0; m < 3; m++) {
		km_kms_public *kms = kms_of(master, members[m]);

		for (size_t i = 0; i < N; i++)
			assert_int_equal(km_sakke_encap(single + i * KM_SED_BYTES, ssv, ids + i * LEN, LEN,
					kms, NULL), KM_OK);
		for (size_t n = 0; n <= N; n += n < 17 ? 1 : 23) {
			memset(batch, 0xa5, sizeof batch);
			assert_int_equal(km_sakke_encap_batch(batch, status, ssv, ids, LEN, n, kms, NULL),
					KM_OK);
			assert_memory_equal(batch, single, n * KM_SED_BYTES);
		}
		km_kms_public_free(kms);
	}
	km_kms_master_free(master);
}

/* b = -z: R is infinity.  b = z: the last addition is a doubling.  Both kill the shared product of
 * their block, and the complete path makes the others as if nothing had been. */
static void exceptional_identities_leave_their_neighbours_alone(void **state)
{
	enum { N = 5, LEN = KM_FP_BYTES };
	uint8_t ids[N * LEN], ssv[KM_SSV_BYTES], z[LEN], ksak[KM_SSK_BYTES], opened[KM_SSV_BYTES];
	uint8_t single[KM_SED_BYTES], batch[N * KM_SED_BYTES], zero[KM_SED_BYTES] = {0};
	uint64_t zl[16], minus[16], borrow = 0, seed = 9;
	km_err status[N];
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, 0);
	km_receiver *receiver;

	(void)state;
	draw_bytes(ids, sizeof ids, &seed);
	draw_bytes(ssv, sizeof ssv, &seed);
	km_kms_master_export(z, ksak, master);
	limbs_from_be(zl, z, 16);
	for (int i = 0; i < 16; i++) {
		__extension__ unsigned __int128 d = (unsigned __int128)params_q[i] - zl[i] - borrow;
		minus[i] = (uint64_t)d;
		borrow = (uint64_t)(d >> 64) & 1;
	}
	limbs_to_be(ids + 1 * LEN, minus, 16);
	memcpy(ids + 3 * LEN, z, LEN);

	assert_int_equal(km_sakke_encap_batch(batch, status, ssv, ids, LEN, N, kms, NULL),
			KM_EPARTIAL);
	for (size_t i = 0; i < N; i++) {
		km_err err = km_sakke_encap(single, ssv, ids + i * LEN, LEN, kms, NULL);

		assert_int_equal(err, i == 1 ? KM_EDEGENERATE : KM_OK);
		assert_int_equal(status[i], err);
		assert_memory_equal(batch + i * KM_SED_BYTES, i == 1 ? zero : single, KM_SED_BYTES);
	}
	receiver = receiver_of(master, kms, z, LEN);
	assert_int_equal(km_sakke_decap(opened, batch + 3 * KM_SED_BYTES, KM_SED_BYTES, receiver,
			NULL), KM_OK);
	assert_memory_equal(opened, ssv, sizeof ssv);
	km_receiver_free(receiver);
	assert_int_equal(km_kms_rsk(single, ids + LEN, LEN, master, NULL), KM_EDEGENERATE);
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

static void one_flipped_bit_does_not_open(void **state)
{
	uint8_t ssv[KM_SSV_BYTES], sed[KM_SED_BYTES], out[KM_SSV_BYTES], zero[KM_SSV_BYTES] = {0};
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, 0);
	km_receiver *mine = receiver_of(master, kms, (const uint8_t *)"me", 2);
	km_receiver *other = receiver_of(master, kms, (const uint8_t *)"ma", 2);
	uint64_t seed = 3;

	(void)state;
	draw_bytes(ssv, sizeof ssv, &seed);
	assert_int_equal(km_sakke_encap(sed, ssv, (const uint8_t *)"me", 2, kms, NULL), KM_OK);
	assert_int_equal(km_sakke_decap(out, sed, sizeof sed, mine, NULL), KM_OK);
	assert_int_equal(km_sakke_decap(out, sed, sizeof sed, other, NULL), KM_EDECAP);
	for (size_t bit = 0; bit < 8 * sizeof sed; bit += bit < 2056 ? 37 : 1) {
		sed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		memset(out, 1, sizeof out);
		assert_int_equal(km_sakke_decap(out, sed, sizeof sed, mine, NULL), KM_EDECAP);
		assert_memory_equal(out, zero, sizeof out);
		sed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < sizeof sed; len++)
		assert_int_equal(km_sakke_decap(out, sed, len, mine, NULL), KM_EDECAP);
	km_receiver_free(mine);
	km_receiver_free(other);
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

/* a + (0, 0): the point of order 2 is (0, 0), and the sum is (-3/x, 3y/x^2). */
static void plus_order_two(uint8_t out[KM_SAKKE_POINT_BYTES], const ec_point *a)
{
	ec_point r;
	fp three, inv;

	fp_dbl(&three, &fp_one);
	fp_add(&three, &three, &fp_one);
	fp_inv_var(&inv, &a->x);
	fp_mul(&r.x, &inv, &three);
	fp_mul(&r.y, &r.x, &inv);
	fp_mul(&r.y, &r.y, &a->y);
	fp_neg(&r.x, &r.x);
	ec_to_octets(out, &r);
}

static km_err load_z(const uint8_t *z, size_t len)
{
	uint8_t kpak[KM_ECCSI_POINT_BYTES], unused[KM_SAKKE_POINT_BYTES];
	km_kms_master *master = master_of("02");
	km_kms_public *kms;
	km_err err;

	km_kms_master_public(unused, kpak, master);
	err = km_kms_public_new(&kms, z, len, kpak, sizeof kpak, 0);
	km_kms_public_free(kms);
	km_kms_master_free(master);
	return err;
}

static void points_from_outside_are_checked(void **state)
{
	uint8_t z[KM_SAKKE_POINT_BYTES], bad[KM_SAKKE_POINT_BYTES], p[KM_FP_BYTES];
	ec_point point;

	(void)state;
	from_hex(z, sizeof z, rfc_z);
	assert_int_equal(load_z(z, sizeof z), KM_OK);
	assert_int_equal(load_z(z, sizeof z - 1), KM_EFORMAT);
	memcpy(bad, z, sizeof z);
	bad[0] = 2;
	assert_int_equal(load_z(bad, sizeof z), KM_EFORMAT);
	bad[0] = 4;
	bad[200] ^= 1;
	assert_int_equal(load_z(bad, sizeof z), KM_ECURVE);
	memset(bad + 1, 0, sizeof z - 1); /* (0, 0) is on the curve, of order 2 */
	assert_int_equal(load_z(bad, sizeof z), KM_EORDER);
	limbs_to_be(p, fp_p, 16);
	memcpy(bad + 1, p, sizeof p); /* the same point, x not below p */
	assert_int_equal(load_z(bad, sizeof z), KM_EFORMAT);
	assert_int_equal(ec_from_octets(&point, z, sizeof z), KM_OK);
	plus_order_two(bad, &point); /* order 2q */
	assert_int_equal(load_z(bad, sizeof z), KM_EORDER);
}

static void an_rsk_that_does_not_fit_is_refused(void **state)
{
	uint8_t rsk[KM_SAKKE_POINT_BYTES], bad[KM_SAKKE_POINT_BYTES];
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, 0);
	km_receiver *receiver;
	ec_point point;

	(void)state;
	from_hex(rsk, sizeof rsk, rfc_rsk);
	assert_int_equal(km_receiver_new(&receiver, rfc_id, sizeof rfc_id - 1, rsk, sizeof rsk, kms,
			NULL), KM_EKEY);
	assert_null(receiver);
	assert_int_equal(km_receiver_new(&receiver, rfc_id, 0, rsk, sizeof rsk, kms, NULL), KM_EARG);
	assert_int_equal(km_receiver_new(&receiver, rfc_id, sizeof rfc_id, rsk, 256, kms, NULL),
			KM_EFORMAT);
	memcpy(bad, rsk, sizeof rsk);
	bad[256] ^= 2;
	assert_int_equal(km_receiver_new(&receiver, rfc_id, sizeof rfc_id, bad, sizeof bad, kms,
			NULL), KM_ECURVE);
	assert_int_equal(ec_from_octets(&point, rsk, sizeof rsk), KM_OK);
	plus_order_two(bad, &point); /* the pairing alone would let it pass */
	assert_int_equal(km_receiver_new(&receiver, rfc_id, sizeof rfc_id, bad, sizeof bad, kms,
			NULL), KM_EORDER);
	memset(bad + 1, 0, sizeof bad - 1);
	assert_int_equal(km_receiver_new(&receiver, rfc_id, sizeof rfc_id, bad, sizeof bad, kms,
			NULL), KM_EORDER);
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

static int broken_fill(void *ctx, uint8_t *out, size_t len)
{
	(void)ctx;
	memset(out, 0, len);
	return -1;
}

static void a_broken_source_of_randomness_makes_nothing(void **state)
{
	const km_random broken = {broken_fill, NULL};
	uint8_t ssv[KM_SSV_BYTES] = {1}, sed[2 * KM_SED_BYTES], zero[2 * KM_SED_BYTES] = {0};
	km_err status[2];
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, 0);

	(void)state;
	memset(sed, 1, sizeof sed);
	assert_int_equal(km_sakke_encap_batch(sed, status, ssv, (const uint8_t *)"abcd", 2, 2, kms,
			&broken), KM_ERANDOM);
	assert_memory_equal(sed, zero, sizeof sed);
	assert_int_equal(status[1], KM_ERANDOM);
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

/* The whole suite once for each level this machine runs. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_6508_appendix_a_with_intermediates),
		cmocka_unit_test(own_vectors),
		cmocka_unit_test(the_pairing_is_bilinear),
		cmocka_unit_test(a_batch_is_its_singles),
		cmocka_unit_test(exceptional_identities_leave_their_neighbours_alone),
		cmocka_unit_test(one_flipped_bit_does_not_open),
		cmocka_unit_test(points_from_outside_are_checked),
		cmocka_unit_test(an_rsk_that_does_not_fit_is_refused),
		cmocka_unit_test(a_broken_source_of_randomness_makes_nothing),
	};
	const char *kernel;
	int runs, failed = 0;

	for (size_t i = 0; (kernel = km_kernel_at(i, &runs)); i++) {
		if (!runs) {
			print_message("[  SKIPPED ] sakke[%s]: this processor cannot run it\n", kernel);
			continue;
		}
		if (km_init(kernel) != KM_OK)
			return 1;
		print_message("kernel %s\n", kernel);
		failed += cmocka_run_group_tests_name("sakke", tests, NULL, NULL);
	}
	return failed;
}
