/* test_sakke.c -- SAKKE against RFC 6508 Appendix A, our own vectors, algebra, and bad input. */
#include "util_sakke.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "engine/bytes.h"
#include "engine/curve/curve.h"
#include "engine/hash.h"
#include "engine/curve/pairing.h"
#include "engine/field/params.h"
#include "engine/field/zq.h"

static void rfc_6508_appendix_a_with_intermediates(void **state)
{
	uint8_t want[KM_SED_BYTES], got[KM_SED_BYTES], ssv[KM_SSV_BYTES], gr[KM_FP_BYTES];
	uint8_t mask[16], scalar[KM_FP_BYTES], z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];
	uint64_t r[16];
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, 0);
	km_receiver *receiver;
	ec_point k, point;
	fp w;

	(void)state;
	km_kms_master_public(z, kpak, master);
	from_hex(want, sizeof z, rfc_z);
	assert_memory_equal(z, want, sizeof z);
	assert_int_equal(km_kms_rsk(got, rfc_id, sizeof rfc_id, master, NULL), KM_OK);
	from_hex(want, KM_SAKKE_POINT_BYTES, rfc_rsk);
	assert_memory_equal(got, want, KM_SAKKE_POINT_BYTES);

	from_hex(ssv, sizeof ssv, rfc_ssv);
	zq_from_hash(r, (hash_part[]){{ssv, sizeof ssv}, {rfc_id, sizeof rfc_id}}, 2);
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

	/* w = <R, RSK> = g^r, and as much with r by the table: H above has its mask. */
	from_hex(scalar, sizeof scalar, rfc_gr);
	from_hex(z, sizeof z, rfc_rsk);
	assert_int_equal(ec_from_octets(&k, z, sizeof z), KM_OK);
	assert_int_equal(ec_from_octets(&point, want, sizeof z), KM_OK);
	assert_int_equal(pairing(&w, &k, &point, NULL), KM_OK);
	fp_to_bytes(gr, &w);
	assert_memory_equal(gr, scalar, sizeof gr);

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
	for (size_t bit = 0; bit < 8 * sizeof sed; bit++) {
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

/* Points on the curve that are not the one that was sent. */
static void another_point_does_not_open(void **state)
{
	uint8_t ssv[KM_SSV_BYTES], sed[KM_SED_BYTES], bad[KM_SED_BYTES], out[KM_SSV_BYTES];
	uint8_t zero[KM_SSV_BYTES] = {0};
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, 0);
	km_receiver *receiver = receiver_of(master, kms, rfc_id, sizeof rfc_id);
	ec_point r, minus;

	(void)state;
	rfc_data(ssv, sed);
	assert_int_equal(km_sakke_decap(out, sed, sizeof sed, receiver, NULL), KM_OK);
	assert_int_equal(ec_from_octets(&r, sed, KM_SAKKE_POINT_BYTES), KM_OK);
	for (int kind = 0; kind < 5; kind++) {
		memcpy(bad, sed, sizeof sed);
		minus = r;
		fp_neg(&minus.y, &r.y);
		if (kind == 0)
			ec_to_octets(bad, &minus);
		else if (kind == 1)
			plus_order_two(bad, &r);
		else if (kind == 2)
			plus_order_two(bad, &minus);
		else if (kind == 3)
			ec_to_octets(bad, &ec_p);
		else
			memset(bad + 1, 0, KM_SAKKE_POINT_BYTES - 1); /* of order 2 */
		memset(out, 1, sizeof out);
		assert_int_equal(km_sakke_decap(out, bad, sizeof bad, receiver, NULL), KM_EDECAP);
		assert_memory_equal(out, zero, sizeof out);
	}
	km_receiver_free(receiver);
	km_kms_public_free(kms);
	km_kms_master_free(master);
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

/* [q - 1]a = -a; a point of a small order meets an exception on the way. */
static int has_order_q(const ec_point *a)
{
	uint64_t q1[16];
	ec_point r, minus = *a;

	memcpy(q1, params_q, sizeof q1);
	q1[0] -= 1;
	fp_neg(&minus.y, &a->y);
	return ec_mul_var(&r, q1, a) && ec_equal(&r, &minus);
}

/* Points of every order: what x gives a point, and twice and four times that. */
static void every_order_is_seen(void **state)
{
	size_t orders[2] = {0};
	fp x = fp_one;

	(void)state;
	for (int i = 0; i < 60; i++, fp_add(&x, &x, &fp_one)) {
		ec_point a = {.x = x};
		fp t, u;

		fp_add(&t, &fp_one, &fp_one);
		fp_add(&t, &t, &fp_one);
		fp_sqr(&u, &x);
		fp_sub(&u, &u, &t);
		fp_mul(&u, &u, &x);
		fp_sqrt_var(&a.y, &u);
		fp_sqr(&t, &a.y);
		for (int doubled = 0; fp_equal(&t, &u) && doubled < 3; doubled++) {
			int is = has_order_q(&a);

			assert_int_equal(ec_has_order_q_var(&a), is);
			assert_true(is || doubled < 2);
			orders[is]++;
			assert_true(ec_mul_var(&a, (const uint64_t[16]){2}, &a));
		}
	}
	assert_true(orders[0] > 20 && orders[1] > 20);
	memset(&x, 0, sizeof x);
	assert_false(ec_has_order_q_var(&(ec_point){x, x}));
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

/* 0 and q are one identity, of the point Z: issued, encapsulated to and opened. */
static void an_identity_that_is_0_is_one_like_others(void **state)
{
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, 0);
	uint8_t ids[2][KM_FP_BYTES] = {{0}}, ssv[KM_SSV_BYTES] = {7}, sed[KM_SED_BYTES];
	uint8_t opened[KM_SSV_BYTES];

	(void)state;
	limbs_to_be(ids[1], params_q, 16);
	for (int i = 0; i < 2; i++) {
		km_receiver *receiver = receiver_of(master, kms, ids[i], sizeof ids[i]);

		assert_int_equal(km_sakke_encap(sed, ssv, ids[i], sizeof ids[i], kms, NULL), KM_OK);
		assert_int_equal(km_sakke_decap(opened, sed, sizeof sed, receiver, NULL), KM_OK);
		assert_memory_equal(opened, ssv, sizeof ssv);
		km_receiver_free(receiver);
	}
	km_kms_public_free(kms);
	km_kms_master_free(master);
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
		cmocka_unit_test(one_flipped_bit_does_not_open),
		cmocka_unit_test(another_point_does_not_open),
		cmocka_unit_test(points_from_outside_are_checked),
		cmocka_unit_test(every_order_is_seen),
		cmocka_unit_test(an_rsk_that_does_not_fit_is_refused),
		cmocka_unit_test(an_identity_that_is_0_is_one_like_others),
		cmocka_unit_test(a_broken_source_of_randomness_makes_nothing),
	};

	return run_on_each_level("sakke", tests, sizeof tests / sizeof tests[0]);
}
