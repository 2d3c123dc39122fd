/* util_store.c -- a database of a GMS's state in memory, behind km_store_calls. */
#include "util_store.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

/* Locked; NULL: this call is to fail. */
static memory_store *enter(void *ctx)
{
	memory_store *m = ctx;

	pthread_mutex_lock(&m->mutex);
	m->asked++;
	if (!m->fails)
		return m;
	pthread_mutex_unlock(&m->mutex);
	return NULL;
}

static int leave(memory_store *m, int done)
{
	pthread_mutex_unlock(&m->mutex);
	return done;
}

static size_t place_of(const memory_store *m, uint32_t gmk_id)
{
	size_t i = 0;

	while (i < m->n && m->ids[i].gmk_id != gmk_id)
		i++;
	return i;
}

static void revoke(memory_store *m, uint32_t gmk_id, km_time expiry)
{
	size_t at = place_of(m, gmk_id);

	m->n += at == m->n;
	m->ids[at].gmk_id = gmk_id;
	m->ids[at].is = KM_ID_REVOKED;
	m->ids[at].expiry = expiry;
}

/* As another process would. */
static void revoke_one(memory_store *m, int at)
{
	km_key_info info = { .struct_size = sizeof info };

	if (m->revokes == NULL || m->revokes_at != at)
		return;
	km_key_tell(&info, *m->revokes);
	revoke(m, info.gmk_id, info.expiry);
	m->revokes = NULL;
}

static int advance(void *ctx, const char *gms, const char *kms, km_time *found, const km_time *expected,
		const km_time *next)
{
	memory_store *m = enter(ctx);

	(void)gms, (void)kms;
	if (m == NULL)
		return KM_STORE_FAILED;
	revoke_one(m, AT_ADVANCE);
	if (m->races > 0)
		m->races--, m->t.fraction += 5;
	*found = m->t;
	if (m->t.seconds != expected->seconds || m->t.fraction != expected->fraction)
		return leave(m, KM_STORE_DIFFERS);
	m->t = *next;
	return leave(m, KM_STORE_DONE);
}

static int add_ids(void *ctx, const char *gms, const char *kms, const uint32_t *gmk_ids, const km_time *expiries,
		size_t n)
{
	memory_store *m = enter(ctx);

	(void)gms, (void)kms;
	if (m == NULL)
		return KM_STORE_FAILED;
	for (size_t i = 0; i < n; i++) {
		if (place_of(m, gmk_ids[i]) < m->n)
			return leave(m, KM_STORE_DIFFERS);
	}
	if (m->n + n > STORE_IDS)
		return leave(m, KM_STORE_FAILED);
	for (size_t i = 0; i < n; i++, m->n++) {
		m->ids[m->n].gmk_id = gmk_ids[i];
		m->ids[m->n].is = KM_ID_IN_USE;
		m->ids[m->n].expiry = expiries[i];
	}
	return leave(m, KM_STORE_DONE);
}

static int revoke_id(void *ctx, const char *gms, const char *kms, uint32_t gmk_id, km_time expiry)
{
	memory_store *m = enter(ctx);

	(void)gms, (void)kms;
	if (m == NULL)
		return KM_STORE_FAILED;
	revoke(m, gmk_id, expiry);
	return leave(m, KM_STORE_DONE);
}

static int look_up(void *ctx, const char *gms, const char *kms, uint32_t *is, uint32_t gmk_id)
{
	memory_store *m = enter(ctx);
	size_t at;

	(void)gms, (void)kms;
	if (m == NULL)
		return KM_STORE_FAILED;
	at = place_of(m, gmk_id);
	*is = at < m->n ? m->ids[at].is : KM_ID_UNKNOWN;
	return leave(m, KM_STORE_DONE);
}

static int keep_key(void *ctx, const char *gms, const char *kms, uint32_t gmk_id, const uint8_t *sealed, size_t len)
{
	memory_store *m = enter(ctx);

	(void)gms, (void)kms;
	if (m == NULL)
		return KM_STORE_FAILED;
	if (m->fails_to_keep || len > sizeof m->kept)
		return leave(m, KM_STORE_FAILED);
	memcpy(m->kept, sealed, len);
	m->kept_len = len;
	m->kept_id = gmk_id;
	return leave(m, KM_STORE_DONE);
}

static int mark(void *ctx, const char *gms, const char *kms, uint64_t run, const km_mark *marks, size_t n)
{
	memory_store *m = enter(ctx);

	(void)gms, (void)kms;
	if (m == NULL)
		return KM_STORE_FAILED;
	revoke_one(m, AT_MARK);
	if (m->n_marks + n > STORE_MARKS)
		return leave(m, KM_STORE_FAILED);
	for (size_t i = 0; i < n; i++, m->n_marks++) {
		char *uri = m->marks[m->n_marks].uri;

		assert_in_range(marks[i].uri.len, 1, sizeof m->marks[0].uri);
		memcpy(uri, marks[i].uri.s, marks[i].uri.len);
		m->marks[m->n_marks].run = run;
		m->marks[m->n_marks].mark = marks[i];
		m->marks[m->n_marks].mark.uri.s = uri;
	}
	return leave(m, KM_STORE_DONE);
}

static int end_run(void *ctx, const char *gms, const char *kms, uint64_t run, uint32_t how)
{
	memory_store *m = enter(ctx);

	(void)gms, (void)kms;
	if (m == NULL)
		return KM_STORE_FAILED;
	for (size_t i = 0; i < m->n_marks; i++) {
		if (m->marks[i].run == run)
			m->marks[i].ended = how;
	}
	return leave(m, KM_STORE_DONE);
}

static int given(void *ctx, const char *gms, const char *kms, uint32_t gmk_id, km_given *to)
{
	memory_store *m = enter(ctx);
	int done = KM_STORE_DONE;

	(void)gms, (void)kms;
	if (m == NULL)
		return KM_STORE_FAILED;
	for (size_t i = 0; i < m->n_marks && done == KM_STORE_DONE; i++) {
		km_mark mark = m->marks[i].mark;

		mark.is_sure = m->marks[i].ended == KM_RUN_DELIVERED;
		if (m->mixes_keys)
			(void)km_given_put(to, &mark);
		else if (mark.gmk_id == gmk_id && m->marks[i].ended != KM_RUN_TAKEN_BACK)
			done = km_given_put(to, &mark);
	}
	return leave(m, done);
}

km_seal *store_seal_in_memory(void)
{
	const uint8_t bytes[KM_SEAL_BYTES] = { 5, 6, 7 };
	km_seal *seal;

	assert_int_equal(km_seal_new(&seal, bytes), KM_OK);
	return seal;
}

const km_store_calls memory_store_calls = {
	.struct_size = sizeof memory_store_calls, .advance = advance, .add_ids = add_ids, .revoke_id = revoke_id,
	.look_up = look_up, .keep_key = keep_key, .mark = mark, .end_run = end_run, .given = given,
};

km_store *store_in_memory(memory_store *m)
{
	km_seal *seal = store_seal_in_memory();
	km_store *store;

	memset(m, 0, sizeof *m);
	pthread_mutex_init(&m->mutex, NULL);
	assert_int_equal(km_store_on(&store, &memory_store_calls, m, seal, NULL), KM_OK);
	km_seal_free(seal);
	return store;
}
