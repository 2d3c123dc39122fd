/* keymuster_jni.c -- what Gms.java needs of gmk.h, by JNI: a function a call.  An object is its address in a long,
 * which Java frees.  Octets are copied both ways: C keeps nothing of Java's heap, and no secret comes into it.  Paths
 * and URIs are octets, for JNI's own strings are not UTF-8.  Where a call fails, an exception is thrown. */
#include <jni.h>
#include <stdio.h>
#include <stdlib.h>
#include "provision/gmk.h"

#define NATIVE(type, name) JNIEXPORT type JNICALL Java_Gms_##name
#define TO(type, address) ((type *)(intptr_t)(address))
#define FROM(object) ((jlong)(intptr_t)(object))

static void throw(JNIEnv *env, const char *text)
{
	jclass class = (*env)->FindClass(env, "java/lang/IllegalStateException");

	if (class)
		(*env)->ThrowNew(env, class, text);
}

/* Throws where err says so, with why, which is freed. */
static void check(JNIEnv *env, km_err err, km_complaint *why)
{
	char text[1024];

	if (err != KM_OK) {
		snprintf(text, sizeof text, "%s: %s", km_strerror(err), why ? km_complaint_text(why) : "");
		throw(env, text);
	}
	km_complaint_free(why);
}

/* NULL where there is no memory: then the error alone is told. */
static km_complaint *complaint(void)
{
	km_complaint *why;

	return km_complaint_new(&why) == KM_OK ? why : NULL;
}

/* A copy with a NUL at its end, to be freed; NULL where there is no memory. */
static char *octets_of(JNIEnv *env, jbyteArray from, size_t *size)
{
	const jsize len = (*env)->GetArrayLength(env, from);
	char *to = malloc((size_t)len + 1);

	if (!to)
		return NULL;
	(*env)->GetByteArrayRegion(env, from, 0, len, (jbyte *)to);
	to[len] = 0;
	if (size)
		*size = (size_t)len;
	return to;
}

NATIVE(void, init)(JNIEnv *env, jclass self)
{
	check(env, km_init(NULL), NULL);
}

NATIVE(jlong, ring)(JNIEnv *env, jclass self)
{
	km_keyring *ring;

	check(env, km_keyring_new(&ring), NULL);
	return FROM(ring);
}

NATIVE(void, loadKms)(JNIEnv *env, jclass self, jlong ring, jbyteArray path)
{
	km_complaint *why = complaint();
	char *file = octets_of(env, path, NULL);

	check(env, file ? km_keyring_load_kms(TO(km_keyring, ring), file, why) : KM_ENOMEM, why);
	free(file);
}

NATIVE(void, loadKeys)(JNIEnv *env, jclass self, jlong ring, jbyteArray path)
{
	km_complaint *why = complaint();
	char *file = octets_of(env, path, NULL);

	check(env, file ? km_keyring_load_keys(TO(km_keyring, ring), file, KM_USE_SIGN, why) : KM_ENOMEM, why);
	free(file);
}

NATIVE(jlong, store)(JNIEnv *env, jclass self, jbyteArray place)
{
	km_complaint *why = complaint();
	char *file = octets_of(env, place, NULL);
	km_store *store = NULL;

	check(env, file ? km_store_files(&store, file, KM_MAY_BEGIN, why) : KM_ENOMEM, why);
	free(file);
	return FROM(store);
}

NATIVE(jlong, gms)(JNIEnv *env, jclass self, jlong ring, jlong store, jbyteArray uri, jbyteArray kms_uri)
{
	km_complaint *why = complaint();
	char *own = octets_of(env, uri, NULL), *kms = octets_of(env, kms_uri, NULL);
	km_gms *gms = NULL;

	check(env, own && kms ? km_gms_new(&gms, TO(km_keyring, ring), TO(km_store, store), own, kms, why) : KM_ENOMEM, why);
	free(own), free(kms);
	return FROM(gms);
}

/* The key of that file, or a new one, of one group. */
NATIVE(jlong, key)(JNIEnv *env, jclass self, jlong gms, jbyteArray path, jbyteArray group_uri)
{
	km_complaint *why = complaint();
	km_str group = {NULL, 0};
	char *file = octets_of(env, path, NULL), *uri = octets_of(env, group_uri, &group.len);
	km_key *key = NULL;
	uint32_t is_new;

	group.s = uri;
	const km_key_params params = {.struct_size = sizeof params, .activation = {KM_AT_ONCE, 0},
		.expiry = {KM_NEVER, 0}, .groups = &group, .n_groups = 1, .authority = KM_AUTHORITY_PSI,
		.shared = KM_SHARED_NO, .n_members = KM_MEMBERS_LATER};
	check(env, file && uri ? km_key_file(&key, &is_new, TO(km_gms, gms), file, km_seal_none(), &params, km_time_now(),
			why) : KM_ENOMEM, why);
	free(file), free(uri);
	return FROM(key);
}

NATIVE(jlong, batch)(JNIEnv *env, jclass self, jlong ring)
{
	km_batch *batch;

	check(env, km_batch_new(&batch, TO(km_keyring, ring)), NULL);
	return FROM(batch);
}

NATIVE(void, add)(JNIEnv *env, jclass self, jlong batch, jlong key, jbyteArray member)
{
	km_complaint *why = complaint();
	size_t len;
	char *uri = octets_of(env, member, &len);

	check(env, uri ? km_batch_add(TO(km_batch, batch), TO(km_key, key), uri, len, KM_KMS_BY_DOMAIN, KM_GIVE, 0, why) :
			KM_ENOMEM, why);
	free(uri);
}

NATIVE(jlong, room)(JNIEnv *env, jclass self, jlong batch)
{
	return (jlong)km_batch_room(TO(km_batch, batch));
}

NATIVE(jlong, count)(JNIEnv *env, jclass self, jlong batch)
{
	return (jlong)km_batch_count(TO(km_batch, batch));
}

NATIVE(void, run)(JNIEnv *env, jclass self, jlong batch)
{
	km_complaint *why = complaint();
	const km_err err = km_batch_run(TO(km_batch, batch), km_time_now(), why);

	check(env, err == KM_EPARTIAL ? KM_OK : err, why);
}

/* Why the i-th member was refused; null: its message was made. */
NATIVE(jstring, refusal)(JNIEnv *env, jclass self, jlong batch, jlong i)
{
	km_made made = {.struct_size = sizeof made};

	if (!km_batch_made(&made, TO(km_batch, batch), (size_t)i))
		return throw(env, "no such member"), NULL;
	return made.reason == KM_R_OK ? NULL : (*env)->NewStringUTF(env, km_reason_text(made.reason));
}

/* Its message; no octets where it was refused. */
NATIVE(jbyteArray, message)(JNIEnv *env, jclass self, jlong batch, jlong i)
{
	km_made made = {.struct_size = sizeof made};
	size_t all;

	if (!km_batch_made(&made, TO(km_batch, batch), (size_t)i))
		return throw(env, "no such member"), NULL;
	jbyteArray to = (*env)->NewByteArray(env, (jsize)made.len);
	if (to)
		(*env)->SetByteArrayRegion(env, to, 0, (jsize)made.len,
				(const jbyte *)km_batch_octets(&all, TO(km_batch, batch)) + made.at);
	return to;
}

NATIVE(void, delivered)(JNIEnv *env, jclass self, jlong batch)
{
	km_complaint *why = complaint();

	check(env, km_batch_delivered(TO(km_batch, batch), why), why);
}

NATIVE(void, clear)(JNIEnv *env, jclass self, jlong batch)
{
	km_batch_clear(TO(km_batch, batch));
}

#define FREE(name, type) \
	NATIVE(void, name)(JNIEnv *env, jclass self, jlong object) { type##_free(TO(type, object)); }
FREE(freeRing, km_keyring)
FREE(freeStore, km_store)
FREE(freeGms, km_gms)
FREE(freeKey, km_key)
FREE(freeBatch, km_batch)
