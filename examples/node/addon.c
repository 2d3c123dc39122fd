/* addon.c -- what gms.js needs of gmk.h, by Node-API: a function a call, and an external for each object, which frees
 * it when JavaScript has forgotten it or its environment ends.  Strings and octets are copied both ways: C keeps nothing
 * of JavaScript's heap, and no secret comes into it.  Where a call fails, it throws.  Several environments (Workers)
 * may have it. */
#define NAPI_VERSION 6
#include <node_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "provision/gmk.h"

/* What an external holds. */
enum kind { RING = 'r', STORE = 's', GMS = 'g', KEY = 'k', BATCH = 'b', TEXT = 't' };
struct handle {
	enum kind kind;
	void *object;
};

enum { ARGUMENTS_MAX = 4 };
struct call {
	napi_env env;
	km_complaint *why;
	int wrong;                               /* the argument that is of another kind, from 1 */
	void *object[ARGUMENTS_MAX];
	char *text[ARGUMENTS_MAX];               /* UTF-8, NUL at the end */
	size_t len[ARGUMENTS_MAX];
};

static void free_object(enum kind kind, void *object)
{
	switch (kind) {
	case RING: km_keyring_free(object); break;
	case STORE: km_store_free(object); break;
	case GMS: km_gms_free(object); break;
	case KEY: km_key_free(object); break;
	case BATCH: km_batch_free(object); break;
	case TEXT: break;
	}
}

static void finalise(napi_env env, void *data, void *hint)
{
	struct handle *handle = data;

	free_object(handle->kind, handle->object);
	free(handle);
}

static km_err take(struct call *c, int i, napi_value value, enum kind kind)
{
	struct handle *handle;
	size_t len;

	c->wrong = i + 1;
	if (kind == TEXT) {
		if (napi_get_value_string_utf8(c->env, value, NULL, 0, &len) != napi_ok)
			return KM_EARG;
		c->text[i] = malloc(len + 1);
		if (c->text[i] && napi_get_value_string_utf8(c->env, value, c->text[i], len + 1, &c->len[i]) != napi_ok)
			return KM_EARG;
	} else {
		if (napi_get_value_external(c->env, value, (void **)&handle) != napi_ok || handle->kind != kind)
			return KM_EARG;
		c->object[i] = handle->object;
	}
	c->wrong = 0;
	return kind == TEXT && !c->text[i] ? KM_ENOMEM : KM_OK;
}

/* Arguments of these kinds, a letter each. */
static km_err begin(struct call *c, napi_env env, napi_callback_info info, const char *kinds)
{
	napi_value arg[ARGUMENTS_MAX];
	size_t n = ARGUMENTS_MAX;
	km_err err;

	memset(c, 0, sizeof *c);
	c->env = env;
	err = km_complaint_new(&c->why);
	if (err == KM_OK && napi_get_cb_info(env, info, &n, arg, NULL, NULL) != napi_ok)
		err = KM_EARG;
	for (int i = 0; err == KM_OK && kinds[i]; i++)
		err = take(c, i, arg[i], (enum kind)kinds[i]);
	return err;
}

/* Frees what begin took, and throws where err says so. */
static napi_value end(struct call *c, km_err err)
{
	char text[1024];

	if (c->wrong)
		snprintf(text, sizeof text, "argument %d is of another kind", c->wrong);
	else
		snprintf(text, sizeof text, "%s: %s", km_strerror(err), c->why ? km_complaint_text(c->why) : "");
	if (err != KM_OK)
		napi_throw_error(c->env, NULL, text);
	km_complaint_free(c->why);
	for (int i = 0; i < ARGUMENTS_MAX; i++)
		free(c->text[i]);
	return NULL;
}

/* The same, and gives the object. */
static napi_value end_with(struct call *c, km_err err, enum kind kind, void *object)
{
	struct handle *handle = err == KM_OK ? malloc(sizeof *handle) : NULL;
	napi_value external = NULL;

	if (handle) {
		*handle = (struct handle){kind, object};
		if (napi_create_external(c->env, handle, finalise, NULL, &external) != napi_ok)
			free(handle), handle = NULL;
	}
	if (!handle && err == KM_OK)
		free_object(kind, object), err = KM_ENOMEM;
	end(c, err);
	return external;
}

static napi_value ring(napi_env env, napi_callback_info info)
{
	km_keyring *ring = NULL;
	struct call c;
	km_err err = begin(&c, env, info, "");

	if (err == KM_OK)
		err = km_keyring_new(&ring);
	return end_with(&c, err, RING, ring);
}

static napi_value load_kms(napi_env env, napi_callback_info info)
{
	struct call c;
	const km_err err = begin(&c, env, info, "rt");

	return end(&c, err == KM_OK ? km_keyring_load_kms(c.object[0], c.text[1], c.why) : err);
}

static napi_value load_keys(napi_env env, napi_callback_info info)
{
	struct call c;
	const km_err err = begin(&c, env, info, "rt");

	return end(&c, err == KM_OK ? km_keyring_load_keys(c.object[0], c.text[1], KM_USE_SIGN, c.why) : err);
}

static napi_value store(napi_env env, napi_callback_info info)
{
	km_store *store = NULL;
	struct call c;
	km_err err = begin(&c, env, info, "t");

	if (err == KM_OK)
		err = km_store_files(&store, c.text[0], KM_MAY_BEGIN, c.why);
	return end_with(&c, err, STORE, store);
}

static napi_value gms(napi_env env, napi_callback_info info)
{
	km_gms *gms = NULL;
	struct call c;
	km_err err = begin(&c, env, info, "rstt");

	if (err == KM_OK)
		err = km_gms_new(&gms, c.object[0], c.object[1], c.text[2], c.text[3], c.why);
	return end_with(&c, err, GMS, gms);
}

/* The key of that file, or a new one, of one group. */
static napi_value key(napi_env env, napi_callback_info info)
{
	km_key *key = NULL;
	uint32_t is_new;
	struct call c;
	km_err err = begin(&c, env, info, "gtt");
	const km_str group = {c.text[2], c.len[2]};
	const km_key_params params = {.struct_size = sizeof params, .activation = {KM_AT_ONCE, 0},
		.expiry = {KM_NEVER, 0}, .groups = &group, .n_groups = 1, .authority = KM_AUTHORITY_PSI,
		.shared = KM_SHARED_NO, .n_members = KM_MEMBERS_LATER};

	if (err == KM_OK)
		err = km_key_file(&key, &is_new, c.object[0], c.text[1], km_seal_none(), &params, km_time_now(), c.why);
	return end_with(&c, err, KEY, key);
}

static napi_value batch(napi_env env, napi_callback_info info)
{
	km_batch *batch = NULL;
	struct call c;
	km_err err = begin(&c, env, info, "r");

	if (err == KM_OK)
		err = km_batch_new(&batch, c.object[0]);
	return end_with(&c, err, BATCH, batch);
}

static napi_value add(napi_env env, napi_callback_info info)
{
	struct call c;
	const km_err err = begin(&c, env, info, "bkt");

	return end(&c, err == KM_OK ? km_batch_add(c.object[0], c.object[1], c.text[2], c.len[2], KM_KMS_BY_DOMAIN, KM_GIVE,
			0, c.why) : err);
}

static napi_value room(napi_env env, napi_callback_info info)
{
	napi_value n = NULL;
	struct call c;
	const km_err err = begin(&c, env, info, "b");

	if (err == KM_OK)
		napi_create_int64(env, (int64_t)km_batch_room(c.object[0]), &n);
	end(&c, err);
	return n;
}

/* {message: Buffer, t: BigInt}, or {refused: string}. */
static napi_status result(napi_env env, napi_value to, const km_made *made, const uint8_t *octets)
{
	napi_value value;
	napi_status status;

	if (made->reason != KM_R_OK) {
		status = napi_create_string_utf8(env, km_reason_text(made->reason), NAPI_AUTO_LENGTH, &value);
		return status == napi_ok ? napi_set_named_property(env, to, "refused", value) : status;
	}
	status = napi_create_buffer_copy(env, made->len, octets + made->at, NULL, &value);
	if (status == napi_ok)
		status = napi_set_named_property(env, to, "message", value);
	if (status == napi_ok)
		status = napi_create_bigint_uint64(env, km_time_ntp(made->t), &value);
	return status == napi_ok ? napi_set_named_property(env, to, "t", value) : status;
}

/* An array of them, in the order in which members were added.  Until it returns, this environment does nothing else: a
 * server has it in a Worker. */
static napi_value run(napi_env env, napi_callback_info info)
{
	km_made made = {.struct_size = sizeof made};
	napi_value all = NULL, one;
	size_t len;
	struct call c;
	km_err err = begin(&c, env, info, "b");

	if (err == KM_OK)
		err = km_batch_run(c.object[0], km_time_now(), c.why);
	if (err == KM_OK || err == KM_EPARTIAL) {
		const uint8_t *octets = km_batch_octets(&len, c.object[0]);
		napi_status status = napi_create_array(env, &all);

		for (uint32_t i = 0; status == napi_ok && km_batch_made(&made, c.object[0], i); i++) {
			status = napi_create_object(env, &one);
			if (status == napi_ok)
				status = result(env, one, &made, octets);
			if (status == napi_ok)
				status = napi_set_element(env, all, i, one);
		}
		err = status == napi_ok ? KM_OK : KM_ENOMEM;
	}
	end(&c, err);
	return all;
}

/* Its messages have been handed over; it is empty again. */
static napi_value delivered(napi_env env, napi_callback_info info)
{
	struct call c;
	km_err err = begin(&c, env, info, "b");

	if (err == KM_OK)
		err = km_batch_delivered(c.object[0], c.why);
	if (err == KM_OK)
		km_batch_clear(c.object[0]);
	return end(&c, err);
}

NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports)
{
	static const struct {
		const char *name;
		napi_callback function;
	} all[] = {{"ring", ring}, {"loadKms", load_kms}, {"loadKeys", load_keys}, {"store", store}, {"gms", gms},
		{"key", key}, {"batch", batch}, {"add", add}, {"room", room}, {"run", run}, {"delivered", delivered}};
	const km_err err = km_init(NULL);
	napi_value function;

	if (err != KM_OK)
		return napi_throw_error(env, NULL, km_strerror(err)), NULL;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (napi_create_function(env, all[i].name, NAPI_AUTO_LENGTH, all[i].function, NULL, &function) != napi_ok ||
				napi_set_named_property(env, exports, all[i].name, function) != napi_ok)
			return NULL;
	return exports;
}
