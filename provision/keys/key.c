/* key.c -- group keys: made, held, told of, and let go. */
#include "key.h"

#include <stdlib.h>
#include <string.h>

#include "asm/dit.h"
#include "asm/marks.h"
#include "base/complain.h"
#include "base/memlock.h"
#include "base/sized.h"
#include "message/uid.h"

enum { DRAWS_MAX = 64 };        /* of 20 000 members, each draw succeeds with 47 % */

/* ---- in one piece ---------------------------------------------------------------------------- */

static size_t texts_size(const key_parts *parts)
{
	const keyparams *p = &parts->params;
	size_t n = parts->gms.len + parts->kms.len + parts->member.len + parts->member_kms.len + p->text.len + 5;

	for (size_t i = 0; i < p->n_groups; i++)
		n += p->groups[i].len + 1;
	return n + parts->rand_len + parts->n_old_salts * 8;
}

static km_str keep_str(char **at, km_str s)
{
	km_str kept = { *at, s.len };

	if (s.len != 0)
		memcpy(*at, s.s, s.len);
	(*at)[s.len] = '\0';
	*at += s.len + 1;
	return kept;
}

static const uint8_t *keep_octets(char **at, const uint8_t *data, size_t len)
{
	uint8_t *kept = (uint8_t *)*at;

	if (len != 0)
		memcpy(kept, data, len);
	*at += len;
	return kept;
}

/* Both contents, which differ in the status. */
static void write_contents(km_key *key, char *at)
{
	keyparams p = key->params;

	for (int i = 0; i < 2; i++) {
		keyparams_write((uint8_t *)at, &p);
		key->content[i] = (uint8_t *)at;
		at += key->content_len;
		p.status = 0;
	}
}

static void fill(km_key *key, const key_parts *parts)
{
	const size_t n = parts->params.n_groups;
	km_str *groups = (km_str *)(key + 1);
	const char **strings = (const char **)(groups + n);
	char *at = (char *)(strings + n);

	key->gmk_id = parts->gmk_id;
	key->revoked = parts->revoked;
	key->authority = parts->authority;
	key->shared = parts->shared;
	key->gms = keep_str(&at, parts->gms);
	key->kms = keep_str(&at, parts->kms);
	key->member = keep_str(&at, parts->member);
	key->member_kms = keep_str(&at, parts->member_kms);
	key->params = parts->params;
	key->params.text = keep_str(&at, parts->params.text);
	key->params.groups = groups;
	key->groups = strings;
	for (size_t i = 0; i < n; i++) {
		groups[i] = keep_str(&at, parts->params.groups[i]);
		strings[i] = groups[i].s;
	}
	key->rand = keep_octets(&at, parts->rand, parts->rand_len);
	key->rand_len = parts->rand_len;
	if (parts->old_salts != NULL)
		key->old_salts = keep_octets(&at, parts->old_salts, parts->n_old_salts * 8);
	key->n_old_salts = parts->n_old_salts;
	if (key->content_len == 0)
		return;
	key->params.status = KM_STATUS_NOT_REVOKED;
	if (parts->shared == KM_SHARED_WITH_GATEWAY)
		key->params.status |= KM_STATUS_SHARED_WITH_GATEWAY;
	write_contents(key, at);
}

static km_err refuse(km_complaint *why, km_err err)
{
	char text[MEMLOCK_TEXT];

	complain(why, "group key", 0, NULL, memlock_strerror(text, err));
	return err;
}

km_err key_make(km_key **out, const key_parts *parts, km_complaint *why)
{
	const size_t n_groups = parts->params.n_groups;
	const size_t content_len = parts->member_kms.len != 0 ? 0 : keyparams_size(&parts->params);
	km_key *key;
	void *gmk;
	km_err err;

	*out = NULL;
	if (parts->rand_len > KEY_RAND_MAX || (parts->member_kms.len == 0 && content_len == 0))
		return complain_field(why, "groups", "too long together for the key parameters");
	key = calloc(1, sizeof *key + n_groups * (sizeof(km_str) + sizeof(char *)) + texts_size(parts) + 2 * content_len);
	if (key == NULL)
		return refuse(why, KM_ENOMEM);
	err = km_secret_new(&gmk, KM_SSV_BYTES);
	if (err != KM_OK) {
		err = refuse(why, err);
		free(key);
		return err;
	}
	key->holders = 1;
	key->gmk = gmk;
	memcpy(key->gmk, parts->gmk, KM_SSV_BYTES);
	key->content_len = content_len;
	fill(key, parts);
	*out = key;
	return KM_OK;
}

/* ---- drawn ----------------------------------------------------------------------------------- */

typedef struct {
	uint32_t salt;
	km_str uri;
} salt_of;

static int by_salt(const void *a, const void *b)
{
	const salt_of *x = a, *y = b;
	size_t len = x->uri.len < y->uri.len ? x->uri.len : y->uri.len;
	int order;

	if (x->salt != y->salt)
		return x->salt < y->salt ? -1 : 1;
	order = memcmp(x->uri.s, y->uri.s, len);
	return order != 0 ? order : (x->uri.len > y->uri.len) - (x->uri.len < y->uri.len);
}

/* Has each of them a user salt of its own?  One who stands there twice has one. */
static bool salts_differ(salt_of *of, const km_key *key, const km_str *members, size_t n)
{
	for (size_t i = 0; i < n; i++)
		of[i] = (salt_of){ uid_salt(key->gmk, members[i].s, members[i].len), members[i] };
	/* Public: GUK-IDs show them, and a draw that is not taken is gone. */
	ct_public(of, n * sizeof *of);
	qsort(of, n, sizeof *of, by_salt);
	for (size_t i = 1; i < n; i++) {
		if (of[i].salt == of[i - 1].salt && by_salt(&of[i], &of[i - 1]) != 0)
			return false;
	}
	return true;
}

km_err key_draw(km_key **out, const key_parts *parts, const km_str *members, size_t n, km_complaint *why)
{
	static const uint8_t none[KM_SSV_BYTES];
	uint8_t rand[KM_RAND_BYTES];
	key_parts drawn = *parts;
	salt_of *of = malloc((n + 1) * sizeof *of);
	km_err err = of == NULL ? KM_ENOMEM : km_random_bytes(rand, sizeof rand, NULL);
	bool differ = false;

	*out = NULL;
	if (err != KM_OK) {
		free(of);
		return refuse(why, err);
	}
	drawn.gmk = none;
	drawn.rand = rand;
	drawn.rand_len = sizeof rand;
	err = key_make(out, &drawn, why);
	for (int i = 0; err == KM_OK && i < DRAWS_MAX && !differ; i++) {
		err = km_random_bytes((*out)->gmk, KM_SSV_BYTES, NULL);
		if (err != KM_OK)
			refuse(why, err);
		else
			differ = salts_differ(of, *out, members, n);
	}
	free(of);
	if (err != KM_OK) {
		km_key_free(*out);
		*out = NULL;
	}
	return err;
}

/* ---- held ------------------------------------------------------------------------------------ */

km_key *key_hold(km_key *key)
{
	atomic_fetch_add_explicit(&key->holders, 1, memory_order_relaxed);
	return key;
}

KM_API void km_key_free(km_key *key)
{
	if (key == NULL || atomic_fetch_sub_explicit(&key->holders, 1, memory_order_acq_rel) != 1)
		return;
	km_secret_free(key->gmk);
	if (key->owner_free != NULL)
		key->owner_free(key->owner);
	free(key->self);
	free(key->file);
	km_seal_free((km_seal *)(uintptr_t)key->seal);
	free(key);
}

octets key_content(const km_key *key, uint32_t what)
{
	return (octets){ key->content[what == KM_REVOKE], key->content_len };
}

/* ---- SAKKE-to-self --------------------------------------------------------------------------- */

struct key_self {
	uint8_t uid[KM_UID_BYTES], z[KM_SAKKE_POINT_BYTES], sed[KM_SED_BYTES];
};

bool key_self(uint8_t sed[KM_SED_BYTES], km_key *key, const uint8_t uid[KM_UID_BYTES],
		const uint8_t z[KM_SAKKE_POINT_BYTES])
{
	const struct key_self *self;
	bool is_it;

	lock_take(&key->lock);
	self = key->self;
	is_it = self != NULL && memcmp(self->uid, uid, sizeof self->uid) == 0 && memcmp(self->z, z, sizeof self->z) == 0;
	if (is_it)
		memcpy(sed, self->sed, sizeof self->sed);
	lock_give(&key->lock);
	return is_it;
}

void key_keep_self(km_key *key, const uint8_t sed[KM_SED_BYTES], const uint8_t uid[KM_UID_BYTES],
		const uint8_t z[KM_SAKKE_POINT_BYTES])
{
	struct key_self *self = malloc(sizeof *self), *before;

	if (self == NULL)
		return;
	memcpy(self->uid, uid, sizeof self->uid);
	memcpy(self->z, z, sizeof self->z);
	memcpy(self->sed, sed, sizeof self->sed);
	lock_take(&key->lock);
	before = key->self;
	key->self = self;
	lock_give(&key->lock);
	free(before);
}

/* ---- told ------------------------------------------------------------------------------------ */

KM_API void km_key_tell(km_key_info *out, const km_key *key)
{
	const keyparams *p = &key->params;
	const km_key_info made = {
		.struct_size = sizeof made, .gmk_id = key->gmk_id, .is_revoked = key->revoked,
		.activation = { p->activation == 0 ? KM_AT_ONCE : (int64_t)p->activation, 0 },
		.expiry = { p->expiry == 0 ? KM_NEVER : (int64_t)p->expiry, 0 },
		.n_groups = p->n_groups,
	};

	(void)sized_put(out, &made, sizeof made);
}

KM_API km_str km_key_str(const km_key *key, km_key_part part, size_t i)
{
	if (part == KM_KEY_GROUP)
		return i < key->params.n_groups ? key->params.groups[i] : (km_str){ "", 0 };
	if (i != 0)
		return (km_str){ "", 0 };
	switch (part) {
	case KM_KEY_TEXT: return key->params.text;
	case KM_KEY_GMS: return key->gms;
	case KM_KEY_KMS: return key->kms;
	case KM_KEY_MEMBER: return key->member;
	case KM_KEY_MEMBER_KMS: return key->member_kms;
	case KM_KEY_RAND: return (km_str){ (const char *)key->rand, key->rand_len };
	default: return (km_str){ "", 0 };
	}
}

KM_API uint32_t km_key_guk_id(const km_key *key, const char *uri, size_t len)
{
	DIT_WITHIN;
	uint32_t guk_id = uid_guk_id(key->gmk_id, uid_salt(key->gmk, uri, len));

	/* Public: it is sent as the CSB ID. */
	ct_public(&guk_id, sizeof guk_id);
	return guk_id;
}

KM_API km_err km_key_srtp(uint8_t srtp_key[KM_SRTP_KEY_BYTES], uint8_t srtp_salt[KM_SRTP_SALT_BYTES],
		const km_key *key, uint32_t service, uint32_t guk_id)
{
	DIT_WITHIN;
	if (service != KM_SERVICE_MCPTT && service != KM_SERVICE_MCVIDEO) {
		memset(srtp_key, 0, KM_SRTP_KEY_BYTES);
		memset(srtp_salt, 0, KM_SRTP_SALT_BYTES);
		return KM_EARG;
	}
	uid_srtp_keys(srtp_key, srtp_salt, key->gmk, service == KM_SERVICE_MCPTT ? 4 : 5, guk_id, key->rand,
			key->rand_len);
	return KM_OK;
}

KM_API void km_key_show_gmk(uint8_t gmk[KM_SSV_BYTES], const km_key *key)
{
	DIT_WITHIN;
	memcpy(gmk, key->gmk, KM_SSV_BYTES);
}
