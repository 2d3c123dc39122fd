/* client.c -- a member's client: messages opened, and remembered. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "asm/dit.h"
#include "base/complain.h"
#include "base/memlock.h"
#include "base/sized.h"
#include "open.h"

#define WINDOW 900                              /* seconds */
#define WINDOW_MAX UINT32_MAX                   /* T has no more */
#define NOW_MAX ((int64_t)1 << 40)
enum { COMPAT_ALL = KM_COMPAT_SIGN_WITHOUT_HEADER | KM_COMPAT_KMS_ROLE_3 | KM_COMPAT_PRF_0 };

/* ---- a client -------------------------------------------------------------------------------- */

void km_client_free(km_client *client)
{
	if (client == NULL)
		return;
	for (client_trust *t = client->trust, *before; t != NULL; t = before) {
		before = t->before;
		free(t);
	}
	held_file_close(client->file);
	held_free(client->held);
	km_keyring_free(client->ring);
	free(client);
}

km_err km_client_forgetful(km_client **out, km_keyring *ring)
{
	km_client *client = calloc(1, sizeof *client);

	*out = NULL;
	if (client == NULL)
		return KM_ENOMEM;
	client->ring = keyring_hold(ring);
	client->window = WINDOW;
	if (held_new(&client->held) == KM_OK)
		*out = client;
	else
		km_client_free(client);
	return *out == NULL ? KM_ENOMEM : KM_OK;
}

static km_err check_file(const char *path, const km_seal *seal, km_begin begin, km_complaint *why)
{
	if (path == NULL || *path == '\0')
		return complain_field(why, "path", "is missing");
	if (seal == NULL)
		return complain_field(why, "seal", "is missing, and not km_seal_none");
	if (begin != KM_MUST_EXIST && begin != KM_MAY_BEGIN && begin != KM_BEGIN_ANEW)
		return complain_field(why, "begin", "none of KM_MUST_EXIST, KM_MAY_BEGIN, KM_BEGIN_ANEW");
	return KM_OK;
}

km_err km_client_file(km_client **out, km_keyring *ring, const char *path, const km_seal *seal, km_begin begin,
		km_complaint *why)
{
	DIT_WITHIN;
	km_complaint spare;
	km_err err;

	why = complain_anew(why, &spare);
	*out = NULL;
	err = check_file(path, seal, begin, why);
	if (err == KM_OK)
		err = km_client_forgetful(out, ring);
	if (err == KM_OK)
		err = held_file_open(&(*out)->file, (*out)->held, path, seal, begin, why);
	if (err == KM_OK) {
		(*out)->octets = held_file_end((*out)->file);
		return KM_OK;
	}
	km_client_free(*out);
	*out = NULL;
	return err;
}

km_err km_client_set(km_client *client, km_client_setting what, uint64_t value, km_complaint *why)
{
	km_complaint spare;

	why = complain_anew(why, &spare);
	switch (what) {
	case KM_CLIENT_WINDOW:
		if (value == 0 || (value > WINDOW_MAX && value != KM_UNCHECKED))
			return complain_field(why, "KM_CLIENT_WINDOW",
					"neither seconds from 1 on, that T has, nor KM_UNCHECKED");
		client->window = value;
		return KM_OK;
	case KM_CLIENT_COMPAT:
		if (value == 0 || (value & ~(uint64_t)COMPAT_ALL) != 0)
			return complain_field(why, "KM_CLIENT_COMPAT", "not KM_COMPAT_* together");
		client->compat = (uint32_t)value;
		return KM_OK;
	default:
		return complain_field(why, "what", "no setting of a client");
	}
}

/* ---- who may manage which group --------------------------------------------------------------- */

static km_str str_of(const char *s)
{
	return (km_str){ s, strlen(s) };
}

static bool is(km_str a, km_str b)
{
	return a.len == b.len && memcmp(a.s, b.s, a.len) == 0;
}

static km_err check_identity(const char *uri, const char *field, km_complaint *why)
{
	km_uri_fault fault = uri == NULL ? KM_URI_EMPTY : km_uri_check(uri, strlen(uri), KM_URI_LOOSE);

	return fault == KM_URI_OK ? KM_OK : complain_field(why, field, km_uri_fault_text(fault));
}

static km_str keep(char **at, km_str s)
{
	km_str kept = { *at, s.len };

	memcpy(*at, s.s, s.len);
	*at += s.len;
	return kept;
}

km_err km_client_trust(km_client *client, const char *gms, const char *kms, const char *group, km_complaint *why)
{
	km_complaint spare;
	client_trust *t;
	km_err err;
	char *at;

	why = complain_anew(why, &spare);
	err = check_identity(gms, "gms", why);
	if (err == KM_OK)
		err = check_identity(kms, "kms", why);
	if (err == KM_OK)
		err = check_identity(group, "group", why);
	if (err != KM_OK)
		return err;
	t = malloc(sizeof *t + strlen(gms) + strlen(kms) + strlen(group));
	if (t == NULL)
		return KM_ENOMEM;
	at = t->text;
	t->gms = keep(&at, str_of(gms));
	t->kms = keep(&at, str_of(strcmp(kms, KM_ANY_KMS) == 0 ? "" : kms));
	t->group = keep(&at, str_of(strcmp(group, KM_ALL_GROUPS) == 0 ? "" : group));
	t->before = client->trust;
	while (!atomic_compare_exchange_weak(&client->trust, &t->before, t))
		continue;
	return KM_OK;
}

/* ---- opening ---------------------------------------------------------------------------------- */

/* One call. */
typedef struct {
	km_client *client;
	const client_trust *trust;      /* as it was when it began */
	bool has_lock;
	message_opened *opened;         /* in locked memory */
	open_how how;
	km_key *key;
} call;

static bool is_trusted(void *ctx, km_str gms, km_str gms_kms, km_str group, km_str member)
{
	const call *c = ctx;

	(void)member;
	for (const client_trust *t = c->trust; t != NULL; t = t->before) {
		if (km_uri_same(gms, t->gms) && (t->kms.len == 0 || is(t->kms, gms_kms)) &&
		    (t->group.len == 0 || km_uri_same(group, t->group)))
			return true;
	}
	return false;
}

static void take(const call *c)
{
	if (!c->has_lock)
		lock_take(&c->client->lock);
}

static void give(const call *c)
{
	if (!c->has_lock)
		lock_give(&c->client->lock);
}

static bool was_seen(void *ctx, km_str sender, uint64_t ntp64, const uint8_t *rand, size_t rand_len, uint32_t csb_id)
{
	const held_seen seen = held_seen_of(sender, ntp64, rand, rand_len, csb_id);
	const call *c = ctx;
	bool was;

	take(c);
	was = held_has_seen(c->client->held, &seen);
	give(c);
	return was;
}

static bool is_held(void *ctx, open_held *out, km_str member, uint32_t gmk_id, size_t i)
{
	const call *c = ctx;

	take(c);
	out->key = held_key(c->client->held, &out->ntp64, member, gmk_id, i);
	if (out->key != NULL)
		key_hold(out->key);
	give(c);
	return out->key != NULL;
}

static const km_seal *seal_of(const km_client *client)
{
	return client->file == NULL ? km_seal_none() : held_file_seal(client->file);
}

/* Forget what is of no use any more, where that is more than half.  An error leaves things as they are. */
static void forget(km_client *client, const open_how *how)
{
	enum { MORE = 1 << 16 };        /* octets until the next look, at least */
	km_complaint unheard;
	held *kept, *all = client->held;
	uint64_t of_use;

	client->look_at = client->octets + MORE;
	if (held_sift(&kept, all, how->now, how->window) != KM_OK)
		return;
	of_use = held_file_size_of(kept, seal_of(client));
	if (of_use < client->octets / 2 &&
	    (client->file == NULL || held_file_replace(client->file, kept, &unheard) == KM_OK)) {
		client->held = kept;
		client->octets = of_use;
		held_free(all);
	} else {
		held_free(kept);
	}
	client->look_at = (2 * of_use > client->octets ? 2 * of_use : client->octets) + MORE;
}

/* Under the lock.  Another thread may have accepted the same message, or another of its key, since this one was looked
 * at. */
static km_reason record(call *c, const message_opened *opened, km_complaint *why)
{
	km_client *client = c->client;
	const held_seen seen = held_seen_of(opened->gms, opened->ntp64, opened->rand, opened->rand_len,
			opened->guk_id);
	const held_said said = { .seen = &seen, .n_seen = 1, .key = c->key, .ntp64 = opened->ntp64 };
	held_step step;
	km_err err;
	km_reason r = open_check_again(c->opened, &c->how);

	if (r != KM_R_OK)
		return r;
	err = held_prepare(&step, client->held, &seen, c->key, opened->ntp64);
	if (err == KM_OK && c->key->revoked && !opened->revoked) { /* which a GMK-ID would have told, if it were known */
		held_drop(&step);
		return KM_R_REVOKED;
	}
	if (err != KM_OK)
		complain(why, "the client", 0, NULL, km_strerror(err));
	else if (client->file != NULL)
		err = held_file_add(client->file, &said, why);
	if (err != KM_OK) {
		held_drop(&step);
		return KM_R_STORE;
	}
	held_commit(client->held, &step);
	client->octets += held_frame_size(&said, seal_of(client));
	if (client->octets >= client->look_at)
		forget(client, &c->how);
	return KM_R_OK;
}

static km_reason open_and_record(call *c, const uint8_t *msg, size_t len, km_complaint *why)
{
	const ring_snapshot *ring = ring_take(c->client->ring);
	km_reason r = open_message(c->opened, ring, msg, len, &c->how, NULL);

	if (r == KM_R_OK && open_key(&c->key, c->opened, why) != KM_OK)
		r = KM_R_ENGINE;
	if (r == KM_R_OK) {
		lock_take(&c->client->lock);
		c->has_lock = true;
		r = record(c, c->opened, why);
		lock_give(&c->client->lock);
	}
	ring_give_back(ring);
	return r;
}

/* What the caller gets. */
static void put_opened(km_opened *out, const call *c)
{
	const message_opened *o = c->opened;
	const km_opened made = {
		.struct_size = sizeof made, .key = c->key, .what = o->revoked ? KM_REVOKE : KM_GIVE,
		.is_update = o->update, .is_to_self = o->to_self, .guk_id = o->guk_id, .remarks = o->remarks,
		.t = km_time_of_ntp(o->ntp64),
	};

	(void)sized_put(out, &made, sizeof made);
}

static bool take_named(km_str *to, km_str named, const char *field, km_complaint *why)
{
	km_err wrong = KM_OK;

	*to = (km_str){ NULL, 0 };
	if (named.len == KM_NOT_NAMED)
		return true;
	if (named.s == NULL || named.len == 0)
		wrong = complain_field(why, field, "empty, and not KM_NOT_NAMED");
	else if (named.len > KM_URI_MAX + 2)    /* in angle brackets */
		wrong = complain_field(why, field, km_uri_fault_text(KM_URI_LONG));
	*to = named;
	return wrong == KM_OK;
}

static bool take_call(call *c, const km_opened *out, km_client *client, const km_signalling *signalling, km_time now,
		km_complaint *why)
{
	uint64_t window = client->window;
	km_err wrong = KM_OK;

	*c = (call){ .client = client, .trust = client->trust };
	c->how = (open_how){
		.now = now.seconds, .window = window == KM_UNCHECKED ? -1 : (int64_t)window,
		.compat = client->compat, .why = why, .ctx = c, .may_manage = c->trust == NULL ? NULL : is_trusted,
		.replayed = was_seen, .held = is_held,
	};
	if (out->struct_size < sizeof *out)
		wrong = complain_field(why, "struct_size", "less than a km_opened has");
	else if (signalling == NULL)
		wrong = complain_field(why, "signalling", "is missing");
	else if (signalling->struct_size < sizeof *signalling)
		wrong = complain_field(why, "struct_size", "less than a km_signalling has");
	else if (now.seconds < -NOW_MAX || now.seconds > NOW_MAX)
		wrong = complain_field(why, "now", "not within 2^40 seconds of 1970");
	return wrong == KM_OK && take_named(&c->how.from, signalling->from, "from", why) &&
			take_named(&c->how.group, signalling->group, "group", why);
}

km_reason km_client_open(km_opened *out, km_client *client, const uint8_t *msg, size_t len,
		const km_signalling *signalling, km_time now, km_complaint *why)
{
	DIT_WITHIN;
	const km_opened none = { .struct_size = sizeof none };
	km_complaint spare;
	km_reason r;
	call c;

	why = complain_anew(why, &spare);
	if (out->struct_size >= sizeof out->struct_size)
		(void)sized_put(out, &none, sizeof none);
	if (!take_call(&c, out, client, signalling, now, why))
		return KM_R_CALL;
	c.opened = memlock_start() ? sodium_malloc(sizeof *c.opened) : NULL;
	if (c.opened == NULL) {
		complain(why, "the message", 0, NULL, km_strerror(KM_ENOMEM));
		return KM_R_ENGINE;
	}
	r = open_and_record(&c, msg, len, why);
	if (r == KM_R_OK)
		put_opened(out, &c);
	else
		km_key_free(c.key);
	if (r != KM_R_OK && why->text[0] == '\0')       /* there is no more to say */
		snprintf(why->text, sizeof why->text, "%s", km_reason_text(r));
	sodium_free(c.opened);
	return r;
}

km_err km_client_key(km_key **key, uint32_t *what, km_client *client, uint32_t gmk_id, size_t i, km_complaint *why)
{
	DIT_WITHIN;
	km_complaint spare;

	(void)complain_anew(why, &spare);
	*what = 0;
	lock_take(&client->lock);
	*key = held_any(client->held, gmk_id, i);
	if (*key != NULL) {
		key_hold(*key);
		*what = (*key)->revoked ? KM_REVOKE : KM_GIVE;
	}
	lock_give(&client->lock);
	return KM_OK;
}
