/* eccsi.c -- ECCSI (RFC 6507): signers and signing. */
#include "eccsi.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "hash.h"
#include "places.h"
#include "scrub.h"
#include "secret.h"

km_err eccsi_init(void)
{
	if (!p256_init() || !p256x8_init() || !p256x8_one_init())
		return KM_ENOMEM;
	return p256_tables_proved() && p256x8_copies_proved() ? KM_OK : KM_ESELFTEST;
}

km_err eccsi_kpak_load(eccsi_kpak *k, const uint8_t *kpak, size_t len)
{
	km_err err;

	memset(k, 0, sizeof *k);
	err = p256_from_octets_var(&k->point, kpak, len);
	if (err == KM_OK)
		memcpy(k->octets, kpak, sizeof k->octets);
	else
		memset(k, 0, sizeof *k);
	return err;
}

void eccsi_kpak_clear(eccsi_kpak *k)
{
	p256_wide_free(k->table);
	memset(k, 0, sizeof *k);
}

/* Of two threads that both make it one throws its own away. */
const p256_wide *eccsi_kpak_table(const eccsi_kpak *kpak)
{
	eccsi_kpak *k = (eccsi_kpak *)(uintptr_t)kpak; /* a part of what km_kms_public_new made, and this changes in it */
	const p256_wide *table = atomic_load_explicit(&k->table, memory_order_acquire), *made;

	if (table)
		return table;
	made = p256_wide_new_var(&k->point);
	if (made && atomic_compare_exchange_strong(&k->table, &table, made))
		return made;
	p256_wide_free(made);
	return table;
}

uint64_t eccsi_kpak_bytes(const eccsi_kpak *k)
{
	return atomic_load(&k->table) ? KM_SIGNER_TABLE_BYTES : 0;
}

void eccsi_hs(uint8_t hs[KM_HASH_BYTES], const uint8_t kpak[KM_ECCSI_POINT_BYTES],
		const uint8_t *id, size_t id_len, const uint8_t pvt[KM_ECCSI_POINT_BYTES])
{
	hash_parts(hs, (hash_part[]){{p256_g_octets, sizeof p256_g_octets},
		{kpak, KM_ECCSI_POINT_BYTES}, {id, id_len}, {pvt, KM_ECCSI_POINT_BYTES}}, 4);
}

void eccsi_y_var(p256_point *y, const uint8_t hs[KM_HASH_BYTES], const p256_point *pvt,
		const p256_point *kpak)
{
	uint64_t h[4];
	p256_jac sum;

	p256_scalar(h, hs);
	p256_times_var(&sum, h, pvt);
	p256_jac_add_var(&sum, &sum, &(p256_jac){kpak->x, kpak->y, p256_one});
	p256_affine(y, &sum);
}

/* ---- signers ----------------------------------------------------------------------------- */

static places prepared = {.most = KM_SIGNERS_PREPARED}; /* signers with a table */

KM_API void km_signers_prepared(size_t most)
{
	atomic_store(&prepared.most, most);
}

static void table_free(const p256_wide *table)
{
	p256_wide_free(table);
	places_give(&prepared);
}

static const p256_wide *table_new(const km_signer *s)
{
	return p256_wide_new_var(&(p256_point){s->y[0], s->y[1]});
}

/* That of a signer, made at its first use, where there is a place; NULL: it goes without.  Of two
 * threads that both make it one throws its own away. */
static const p256_wide *table_of(const km_signer *signer)
{
	km_signer *s = (km_signer *)(uintptr_t)signer; /* is what km_signer_new made, and this changes in it */
	const p256_wide *table = atomic_load_explicit(&s->table, memory_order_acquire), *made;

	if (table || !places_take(&prepared))
		return table;
	made = table_new(s);
	if (made && atomic_compare_exchange_strong(&s->table, &table, made))
		return made;
	table_free(made);
	return table;
}

/* KPAK = [SSK]G - [HS]PVT (5.1.2), as [SSK]G = Y. */
static km_err ssk_check(eccsi_key *key, const p256_point *y)
{
	struct {
		uint64_t ssk[4];
		p256_point point;
	} w;
	uint64_t in_range, same;

	limbs_from_be(w.ssk, key->ssk, 4);
	in_range = p256_below(w.ssk, p256_n) & ~p256_is_zero(w.ssk);
	p256_reduce(w.ssk, w.ssk, p256_n);
	p256_to_mont_n(key->ssk_mont, w.ssk);
	p256_times_g(&w.point, w.ssk);
	same = p256_equal(&w.point, y);
	/* Public: the verdict on a key. */
	ct_public(&in_range, sizeof in_range);
	ct_public(&same, sizeof same);
	wipe(&w, sizeof w);
	return !in_range ? KM_EFORMAT : !same ? KM_EKEY : KM_OK;
}

static km_err signer_load(km_signer *s, const uint8_t *id, size_t id_len, const uint8_t *pvt,
		size_t pvt_len, const km_kms_public *kms)
{
	p256_point point, y;
	km_err err = p256_from_octets_var(&point, pvt, pvt_len);

	if (err != KM_OK)
		return err;
	memcpy(s->pvt, pvt, sizeof s->pvt);
	eccsi_hs(s->hs, eccsi_kpak_of(kms)->octets, id, id_len, pvt);
	eccsi_y_var(&y, s->hs, &point, &eccsi_kpak_of(kms)->point);
	memcpy(s->again.hs, s->hs, sizeof s->again.hs);
	memcpy(s->again.pvt, pvt, sizeof s->again.pvt);
	s->y[0] = y.x;
	s->y[1] = y.y;
	return ssk_check(s->key, &y);
}

SECRET_BODY static km_err signer_new(km_signer **signer, const uint8_t *id, size_t id_len,
		const uint8_t *ssk, size_t ssk_len, const uint8_t *pvt, size_t pvt_len,
		const km_kms_public *kms)
{
	km_signer *s;
	void *memory;
	km_err err;

	*signer = NULL;
	if (id_len == 0 || id_len > KM_ID_MAX)
		return KM_EARG;
	if (ssk_len != KM_SSK_BYTES)
		return KM_EFORMAT;
	s = calloc(1, sizeof *s);
	if (!s)
		return KM_ENOMEM;
	err = secret_alloc(&memory, sizeof *s->key);
	s->key = memory;
	if (err == KM_OK) {
		memcpy(s->key->ssk, ssk, sizeof s->key->ssk);
		err = signer_load(s, id, id_len, pvt, pvt_len, kms);
	}
	if (err == KM_OK)
		*signer = s;
	else
		km_signer_free(s);
	return err;
}

KM_API km_err km_signer_new(km_signer **signer, const uint8_t *id, size_t id_len,
		const uint8_t *ssk, size_t ssk_len, const uint8_t *pvt, size_t pvt_len,
		const km_kms_public *kms)
{
	DIT_WITHIN;
	return leave_secret(signer_new(signer, id, id_len, ssk, ssk_len, pvt, pvt_len, kms),
			SCRUB_ONE);
}

KM_API void km_signer_free(km_signer *signer)
{
	if (!signer)
		return;
	if (signer->table)
		table_free(signer->table);
	secret_free(signer->key);
	free(signer);
}

/* ---- signing ------------------------------------------------------------------------------ */

/* The passing secrets of one signature, and the signature until it has been checked. */
typedef struct {
	uint64_t j[4];   /* 0 but between its making and its use: a call that does not happen leaves r = 0 */
	uint64_t d[4];   /* (HE + r*SSK)*2^256 mod n, with 1 in place of 0 */
	uint64_t run[4]; /* the product of the d before */
	uint64_t zero;   /* public: HE + r*SSK = 0 */
	uint8_t sig[KM_SIG_BYTES], before[KM_SIG_BYTES];
} passing;

/* Memory for some signatures at a time.  The check comes when the sums of nonces are done with, in
 * the same places. */
typedef struct {
	eccsi_space sums;
	eccsi_points points; /* of the nonces, until sums are used again */
	passing *own;
	km_signed *made;   /* what is checked, and what the check says */
	km_err *verdict;
	const p256_wide *table; /* the signer's, or NULL */
} workspace;

_Static_assert((int)P256_WINDOWS <= (int)ECCSI_CHECK_POINTS, "a nonce's points fit");
_Static_assert((P256_WINDOWS + 1) / 2 <= (int)ECCSI_CHECK_SCRATCH, "and their scratch");

enum { TRIES = 8 };

/* Below so many, what sums share costs more than it saves. */
enum { WORTH_SHARING = 4 };

/* x = the x of [j]G, j being secret. */
static void nonce_point(uint64_t x[4], const uint64_t j[4])
{
	struct {
		p256_point point;
		p256_jac sum;
	} v = {0};
	uint64_t none = ~(uint64_t)0;

	if (p256x8_k) {
		p256x8_one_times_g(&v.sum, j);
		none = p256_is_zero(v.sum.z.v);
		/* Public: j is one of a few numbers, which no random one is. */
		ct_public(&none, sizeof none);
		p256_affine(&v.point, &v.sum);
	}
	if (none)
		p256_times_g(&v.point, j);
	fe_to_limbs(x, &v.point.x);
	wipe(&v, sizeof v);
}

/* x[i] = the x of [j]G of item i, secret until then; many leave the points too. */
static void nonce_points(uint64_t (*x)[4], size_t n, workspace *w)
{
	const eccsi_space *s = &w->sums;

	w->points = (eccsi_points){NULL, NULL, 0};
	for (size_t i = 0; i < n; i++)
		memcpy(x[i], w->own[i].j, sizeof x[i]);
	if (s->eight && p256x8_times_g(x, (const uint64_t (*)[4])x, n, s->eight)) {
		w->points = (eccsi_points){s->eight->pts[0], NULL, P256_WIDE_WINDOWS};
		return;
	}
	if (n < WORTH_SHARING) {
		for (size_t i = 0; i < n; i++)
			nonce_point(x[i], w->own[i].j);
		return;
	}
	for (size_t i = 0; i < n; i++)
		p256_lookup_g(s->pts + i * P256_WINDOWS, w->own[i].j);
	p256_sum(s->pts, n, P256_WINDOWS, s->scratch);
	for (size_t i = 0; i < n; i++)
		fe_to_limbs(x[i], &s->pts[i * P256_WINDOWS].x);
	w->points = (eccsi_points){NULL, s->pts, P256_WINDOWS};
}

/* Public: r and s are the signature, and with the message they make the whole point. */
static void publish_points(const eccsi_points *p, size_t n)
{
	for (size_t i = 0; p->eight && i < n; i += P256X8_LANES)
		ct_public(&p->eight[i / P256X8_LANES * p->step], sizeof *p->eight);
	for (size_t i = 0; p->one && i < n; i++)
		ct_public(&p->one[i * p->step], sizeof *p->one);
}

/* Steps 1 and 2: j, J = [j]G, and r to the signature in work. */
static km_err make_r(const km_to_sign *items, size_t n, const km_signer *signer,
		const km_random *rnd, workspace *w)
{
	uint64_t x[ECCSI_AT_ONCE][4];

	for (size_t i = 0; i < n; i++)
		wipe(&w->own[i], sizeof w->own[i]);
	for (size_t i = 0; i < n; i++) {
		km_err err = eccsi_nonce(w->own[i].j, signer->key->ssk, signer->hs, items[i].msg,
				items[i].len, rnd);

		if (err != KM_OK)
			return err;
	}
	nonce_points(x, n, w);
	publish_points(&w->points, n);
	for (size_t i = 0; i < n; i++) {
		limbs_to_be(w->own[i].sig, x[i], 4);
		/* Public: r is part of the signature. */
		ct_public(w->own[i].sig, 32);
	}
	wipe(x, sizeof x);
	return KM_OK;
}

/* Steps 3 to 6: s = j/(HE + r*SSK), with one inversion for all. */
static void make_s(const km_to_sign *items, size_t n, const km_signer *signer,
		const workspace *w)
{
	static const uint64_t one[4] = {1};
	struct {
		uint64_t run[4], he[4], r[4], t[4];
		uint8_t hash[KM_HASH_BYTES];
	} v;

	p256_to_mont_n(v.run, one);
	for (size_t i = 0; i < n; i++) {
		passing *own = &w->own[i];

		hash_parts(v.hash, (hash_part[]){{signer->hs, KM_HASH_BYTES}, {own->sig, 32},
			{items[i].msg, items[i].len}}, 3);
		p256_scalar(v.he, v.hash);
		limbs_from_be(v.r, own->sig, 4);
		p256_k->mul_n(v.t, v.r, signer->key->ssk_mont);
		p256_add_mod(v.t, v.t, v.he, p256_n);
		own->zero = p256_is_zero(v.t);
		/* Public: it happens once in 2^256, and the nonce is thrown away (step 4). */
		ct_public(&own->zero, sizeof own->zero);
		p256_to_mont_n(own->d, own->zero ? one : v.t);
		memcpy(own->run, v.run, sizeof own->run);
		p256_k->mul_n(v.run, v.run, own->d);
	}
	p256_inv_n(v.run, v.run);
	for (size_t i = n; i-- > 0;) {
		passing *own = &w->own[i];

		p256_k->mul_n(v.t, v.run, own->run); /* 1/d */
		p256_k->mul_n(v.run, v.run, own->d);
		p256_k->mul_n(v.t, v.t, own->j);
		wipe(own->j, sizeof own->j);
		if (own->zero)
			wipe(v.t, sizeof v.t);
		limbs_to_be(own->sig + 32, v.t, 4);
		/* Public: s is part of the signature. */
		ct_public(own->sig + 32, 32);
		memcpy(own->sig + 64, signer->pvt, sizeof signer->pvt);
	}
	wipe(&v, sizeof v);
}

/* What is to be signed.  There are two of these, so that a pointer or a length that a fault redirects is found
 * too: see ask_again. */
typedef struct {
	const km_to_sign *items;
	km_err *status;
	size_t n;
} asked;

/* The items from at on, as many as are signed at a time. */
static asked asked_from(const asked *a, size_t at)
{
	return (asked){a->items + at, a->status + at,
		a->n - at < ECCSI_AT_ONCE ? a->n - at : ECCSI_AT_ONCE};
}

/* The check of what was made (5.2.2), against messages, lengths and the signer's public values as they
 * are read a second time: together, and where that does not fit one by one. */
static void check(const km_to_sign *items, size_t n, const km_signer *signer, const workspace *w)
{
	const p256_point y = {signer->y[0], signer->y[1]};
	const eccsi_known known = {signer->again.hs, &y, w->table};

	for (size_t i = 0; i < n; i++) {
		keep_before(w->own[i].before, w->own[i].sig, KM_SIG_BYTES);
		w->made[i] = (km_signed){.msg = items[i].msg, .len = items[i].len,
			.sig = w->own[i].sig};
		w->verdict[i] = KM_EFAULT;
	}
	if (n >= WORTH_SHARING && eccsi_block_fits_var(w->made, n, &known, &w->points))
		for (size_t i = 0; i < n; i++)
			w->verdict[i] = KM_OK;
	else
		eccsi_check_var(w->verdict, w->made, n, &known, &w->sums);
	for (size_t i = 0; i < n; i++)
		if (memcmp(w->own[i].sig + 64, signer->again.pvt, sizeof signer->again.pvt) != 0)
			w->verdict[i] = KM_EFAULT;
}

/* Sign a, as many as are signed at a time.  A status is KM_EDEGENERATE where step 4 asks for a new j, and
 * KM_EFAULT before.  Nothing stands in the caller's memory before it is checked.  KM_ERANDOM. */
static km_err sign_some(const asked *a, const asked *again, const km_signer *signer, const km_random *rnd,
		workspace *w)
{
	km_err *status = again->status;
	km_err err = make_r(a->items, a->n, signer, rnd, w);

	if (err != KM_OK)
		return failed(err);
	make_s(a->items, a->n, signer, w);
	check(again->items, again->n, signer, w);
	for (size_t i = 0; i < again->n; i++) {
		ask_again(i); /* one number for all that belongs to an item */
		if (w->own[i].zero)
			status[i] = KM_EDEGENERATE;
		else if (w->verdict[i] == KM_OK)
			give_out(&status[i], &(given){a->items[i].sig, KM_SIG_BYTES},
					&(given){again->items[i].sig, KM_SIG_BYTES}, w->own[i].sig,
					w->own[i].before);
	}
	return KM_OK;
}

/* *verdict is KM_EFAULT before. */
SECRET_BODY static void sign_one(km_err *verdict, const asked *a, const asked *again, const km_signer *signer,
		const km_random *rnd)
{
	struct {
		p256_point pts[ECCSI_CHECK_POINTS];
		p256_fe scratch[ECCSI_CHECK_SCRATCH];
		passing own;
		km_signed made;
		km_err verdict;
	} w;
	const p256_wide *table = table_of(signer);
	km_err status = KM_EFAULT, err;
	int tries = 0;
	const asked one = {a->items, &status, 1}, one_again = {again->items, &status, 1};

	do {
		status = KM_EFAULT;
		err = sign_some(&one, &one_again, signer, rnd,
				&(workspace){.sums = {w.pts, w.scratch, NULL}, .own = &w.own,
				.made = &w.made, .verdict = &w.verdict, .table = table});
	} while (err == KM_OK && status == KM_EDEGENERATE && ++tries < TRIES);
	/* w goes with the stack (leave_secret): a wipe that is led astray now could hit what has left. */
	if (err == KM_OK && status == KM_OK) {
		*verdict = KM_OK;
		return;
	}
	wipe(again->items->sig, KM_SIG_BYTES);
	if (err == KM_OK)
		err = status == KM_EDEGENERATE ? KM_ERANDOM : status;
	*verdict = failed(err);
}

AS_ASKED KM_API km_err km_eccsi_sign(uint8_t sig[KM_SIG_BYTES], const uint8_t *msg, size_t len,
		const km_signer *signer, const km_random *rnd)
{
	DIT_WITHIN;
	const km_to_sign item = {.msg = msg, .len = len, .sig = sig};
	km_to_sign item_again;
	km_err err = KM_EFAULT;

	ask_again(sig);
	ask_again(msg);
	ask_again(len);
	item_again = (km_to_sign){.msg = msg, .len = len, .sig = sig};
	keep_apart(&item, &item_again);
	sign_one(&err, &(asked){&item, NULL, 1}, &(asked){&item_again, NULL, 1}, signer, rnd);
	return leave_secret(err, SCRUB_SIGN);
}

/* All items, ECCSI_AT_ONCE at a time. */
static km_err sign_all(const asked *a, const asked *again, const km_signer *signer, const km_random *rnd,
		workspace *w)
{
	km_err *status = again->status;
	km_err err = KM_OK;

	for (size_t at = 0; at < again->n && err == KM_OK; at += ECCSI_AT_ONCE) {
		asked some = asked_from(a, at), some_again = asked_from(again, at);

		keep_apart(&some, &some_again);
		err = sign_some(&some, &some_again, signer, rnd, w);
	}
	for (size_t i = 0; i < again->n && err == KM_OK; i++) {
		if (status[i] != KM_EDEGENERATE)
			continue;
		status[i] = KM_EFAULT;
		sign_one(&status[i], &(asked){a->items + i, NULL, 1}, &(asked){again->items + i, NULL, 1}, signer,
				rnd);
		err = status[i] == KM_ERANDOM ? KM_ERANDOM : KM_OK;
	}
	return err;
}

/* Batches below are signed without lanes, where they would be mostly idle. */
enum { WORTH_LANES = 4 };

/* Memory for a batch, and all of it signed. */
static km_err sign_in_memory(const asked *a, const asked *again, const km_signer *signer, const km_random *rnd)
{
	size_t held = asked_from(a, 0).n;
	size_t sums = eccsi_space_size(held, a->n >= WORTH_LANES);
	size_t made = sums + held * sizeof(passing), verdicts = made + held * sizeof(km_signed);
	size_t size = verdicts + held * sizeof(km_err);
	const p256_wide *table = table_of(signer), *of_batch = NULL;
	uint8_t *memory = scratch_alloc(size);
	km_err err;

	if (!memory)
		return KM_ENOMEM;
	if (!table && a->n >= ECCSI_WORTH_A_TABLE)
		table = of_batch = table_new(signer);
	err = sign_all(a, again, signer, rnd, &(workspace){
		.sums = eccsi_space_in(memory, held, a->n >= WORTH_LANES),
		.own = (void *)(memory + sums), .made = (void *)(memory + made),
		.verdict = (void *)(memory + verdicts), .table = table});
	scratch_free(memory, size);
	p256_wide_free(of_batch);
	return err;
}

/* *verdict is KM_EFAULT before. */
SECRET_BODY static void sign_batch(km_err *verdict, const asked *a, const asked *again, const km_signer *signer,
		const km_random *rnd)
{
	size_t signs = 0;
	km_err err = KM_OK;

	for (size_t i = 0; i < a->n; i++)
		if (!give_err(&a->status[i], &again->status[i], KM_EFAULT))
			err = KM_EFAULT;
	if (err == KM_OK)
		err = sign_in_memory(a, again, signer, rnd);
	for (size_t i = 0; i < again->n; i++) {
		if (err == KM_OK && again->status[i] == KM_OK) {
			signs++;
			continue;
		}
		ask_again(i); /* what was read may have been another's status */
		a->status[i] = again->status[i] = failed(err != KM_OK ? err : again->status[i]);
		wipe(again->items[i].sig, KM_SIG_BYTES);
	}
	if (a->n == again->n)
		*verdict = signs == a->n ? KM_OK : err == KM_OK ? KM_EPARTIAL : failed(err);
}

AS_ASKED KM_API km_err km_eccsi_sign_batch(const km_to_sign *items, km_err *status, size_t n,
		const km_signer *signer, const km_random *rnd)
{
	DIT_WITHIN;
	const asked a = {items, status, n};
	asked again;
	km_err err = KM_EFAULT;

	ask_again(items);
	ask_again(status);
	ask_again(n);
	again = (asked){items, status, n};
	keep_apart(&a, &again);
	sign_batch(&err, &a, &again, signer, rnd);
	return leave_secret(err, SCRUB_MANY);
}
