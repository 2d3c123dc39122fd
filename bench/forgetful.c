/* forgetful.c -- see forgetful.h. */
#include "forgetful.h"

#include "worker.h"

static int advance(void *ctx, const char *gms, const char *kms, km_time *found, const km_time *expected,
		const km_time *next)
{
	km_time *t = ctx;

	(void)gms, (void)kms;
	*found = *t;
	if (t->seconds != expected->seconds || t->fraction != expected->fraction)
		return KM_STORE_DIFFERS;
	*t = *next;
	return KM_STORE_DONE;
}

static int add_ids(void *ctx, const char *gms, const char *kms, const uint32_t *gmk_ids, const km_time *expiries,
		size_t n)
{
	(void)ctx, (void)gms, (void)kms, (void)gmk_ids, (void)expiries, (void)n;
	return KM_STORE_DONE;
}

static int revoke_id(void *ctx, const char *gms, const char *kms, uint32_t gmk_id, km_time expiry)
{
	(void)ctx, (void)gms, (void)kms, (void)gmk_id, (void)expiry;
	return KM_STORE_FAILED;
}

static int look_up(void *ctx, const char *gms, const char *kms, uint32_t *is, uint32_t gmk_id)
{
	(void)ctx, (void)gms, (void)kms, (void)gmk_id;
	*is = KM_ID_IN_USE;
	return KM_STORE_DONE;
}

static int keep_key(void *ctx, const char *gms, const char *kms, uint32_t gmk_id, const uint8_t *sealed, size_t len)
{
	(void)ctx, (void)gms, (void)kms, (void)gmk_id, (void)sealed, (void)len;
	return KM_STORE_DONE;
}

static int mark(void *ctx, const char *gms, const char *kms, uint64_t run, const km_mark *marks, size_t n)
{
	(void)ctx, (void)gms, (void)kms, (void)run, (void)marks, (void)n;
	return KM_STORE_DONE;
}

static int end_run(void *ctx, const char *gms, const char *kms, uint64_t run, uint32_t how)
{
	(void)ctx, (void)gms, (void)kms, (void)run, (void)how;
	return KM_STORE_DONE;
}

static int given(void *ctx, const char *gms, const char *kms, uint32_t gmk_id, km_given *to)
{
	(void)ctx, (void)gms, (void)kms, (void)gmk_id, (void)to;
	return KM_STORE_DONE;
}

km_store *forgetful_store(void)
{
	static const km_store_calls calls = {
		.struct_size = sizeof calls, .advance = advance, .add_ids = add_ids, .revoke_id = revoke_id,
		.look_up = look_up, .keep_key = keep_key, .mark = mark, .end_run = end_run, .given = given,
	};
	static const uint8_t octets[KM_SEAL_BYTES] = { 1 };     /* nothing is kept under it */
	static km_time t;
	km_seal *seal;
	km_store *store;

	if (km_seal_new(&seal, octets) != KM_OK || km_store_on(&store, &calls, &t, seal, NULL) != KM_OK)
		worker_die("no state");
	km_seal_free(seal);
	return store;
}
