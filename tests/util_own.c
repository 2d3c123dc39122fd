/* util_own.c -- the project's own vectors, loaded. */
#include "util_own.h"

#include <string.h>

#include "provision/base/complain.h"
#include "provision/message/keyparams.h"
#include "util_kmsdoc.h"

json_t *own;
const char *own_text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	assert_non_null(s);
	return s;
}

int own_start(void **state)
{
	(void)state;
	own = json_load_file("tests/vectors/own.json", 0, NULL);
	return own && km_init(NULL) == KM_OK ? 0 : -1;
}

int own_stop(void **state)
{
	(void)state;
	json_decref(own);
	return 0;
}

km_keyring *own_ring(const char *const *users)
{
	kmsdoc_cert cert = some_cert(own_text(own, "kms_uri"), 0);
	km_complaint why;
	km_keyring *ring;
	char *xml;

	from_hex(cert.z, sizeof cert.z, own_text(own, "Z"));
	from_hex(cert.kpak, sizeof cert.kpak, own_text(own, "kpak"));
	cert.period = (uint64_t)json_integer_value(json_object_get(own, "period"));
	cert.offset = (uint64_t)json_integer_value(json_object_get(own, "offset"));
	assert_int_equal(km_keyring_new(&ring), KM_OK);
	xml = written_init(&cert);
	assert_int_equal(km_keyring_add_kms(ring, xml, strlen(xml), "own", &why), KM_OK);
	free(xml);
	for (; *users; users++) {
		const json_t *user = json_object_get(json_object_get(own, "users"), *users);
		kmsdoc_keys keys = some_keys(*users,
				(uint64_t)json_integer_value(json_object_get(user, "kpn")), 0);

		strcpy(keys.kms_uri, cert.uri);
		from_hex(keys.uid, sizeof keys.uid, own_text(user, "uid"));
		from_hex(keys.ssk, sizeof keys.ssk, own_text(user, "ssk"));
		from_hex(keys.pvt, sizeof keys.pvt, own_text(user, "pvt"));
		from_hex(keys.rsk, sizeof keys.rsk, own_text(user, "rsk"));
		xml = written_keys(&keys, 1);
		assert_int_equal(km_keyring_add_keys(ring, xml, strlen(xml), "own",
				KM_USE_SIGN | KM_USE_OPEN, &why), KM_OK);
		free(xml);
	}
	return ring;
}

size_t own_messages(void)
{
	return json_array_size(json_object_get(own, "messages"));
}

static bool option(const json_t *message, const char *key)
{
	return json_is_true(json_object_get(json_object_get(message, "options"), key));
}

void own_get(own_message *m, size_t i, const km_keyring *ring)
{
	const char *uri = own_text(own, "kms_uri"), *hex;

	memset(m, 0, sizeof *m);
	m->json = json_array_get(json_object_get(own, "messages"), i);
	hex = own_text(m->json, "message");
	m->len = strlen(hex) / 2;
	assert_true(m->len <= sizeof m->msg);
	from_hex(m->msg, m->len, hex);
	from_hex(m->iv, sizeof m->iv, own_text(m->json, "iv"));
	hex = own_text(m->json, "key_parameters");
	m->content_len = strlen(hex) / 2;
	from_hex(m->content, m->content_len, hex);
	m->ntp64 = strtoull(own_text(m->json, "T"), NULL, 16);
	m->responder = own_text(m->json, "responder");
	m->job.ring = ring;
	m->job.gms_uri = (km_str){OWN_GMS, strlen(OWN_GMS)};
	m->job.gms_kms = ring ? km_keyring_kms_newest(ring, uri, strlen(uri)) : NULL;
	from_hex(m->job.gmk, sizeof m->job.gmk, own_text(own, "gmk"));
	m->job.gmk_id = (uint32_t)strtoul(own_text(own, "gmk_id"), NULL, 16);
	from_hex(m->job.rand, sizeof m->job.rand, own_text(own, "rand"));
	assert_null(keyparams_read(&m->job.params, m->job.groups, m->content, m->content_len));
	m->job.hide = option(m->json, "hide");
	m->job.map = option(m->json, "generic") ? KM_MAP_GENERIC : KM_MAP_EMPTY;
	m->job.services = KM_SERVICE_MCPTT;
	m->job.sakke_to_self = option(m->json, "self_");
}

/* ---- made ------------------------------------------------------------------------------------ */

km_key *own_key(const own_job *job, uint8_t mark)
{
	const km_str kms = {job->gms_kms->uri, strlen(job->gms_kms->uri)};
	uint8_t gmk[KM_SSV_BYTES];
	key_parts parts = {
		.gmk = gmk, .gmk_id = job->gmk_id ^ mark, .gms = job->gms_uri, .kms = kms, .rand = job->rand,
		.rand_len = KM_RAND_BYTES, .params = job->params,
		.shared = job->params.status & KM_STATUS_SHARED_WITH_GATEWAY ? KM_SHARED_WITH_GATEWAY : KM_SHARED_NO,
	};
	km_key *key;

	parts.params.groups = job->groups;
	memcpy(gmk, job->gmk, sizeof gmk);
	gmk[5] ^= mark;
	if (key_make(&key, &parts, NULL) != KM_OK)
		key = NULL;
	km_wipe(gmk, sizeof gmk);
	return key;
}

make_how own_make_how(const own_job *job)
{
	return (make_how){job->hide, job->map, job->services};
}

make_item own_item(const own_job *job, const ring_snapshot *s, const km_key *key, const char *uri, uint64_t ntp64,
		uint8_t uid[KM_UID_BYTES], uint8_t *msg, size_t room)
{
	const km_time t = km_time_of_ntp(ntp64);
	const km_kms *kms = job->gms_kms;
	const make_how how = own_make_how(job);
	make_item item = {
		.key = key, .what = job->params.status & KM_STATUS_NOT_REVOKED ? KM_GIVE : KM_REVOKE,
		.uri = {uri, strlen(uri)}, .kms = kms,
		.signer = ring_keys_when(s, job->gms_uri.s, job->gms_uri.len, kms, t.seconds),
		.period_no = km_key_period_no(t, kms->period, kms->offset), .t = t,
		.to_self = job->sakke_to_self ? uid : NULL, .uid = uid, .msg = msg,
	};

	assert_non_null(item.signer);
	item.len = make_size(&how, &item);
	assert_true(item.len <= room);
	return item;
}

km_err own_make(own_made *out, uint8_t *buf, size_t room, const own_job *job, const char *uri, uint64_t ntp64,
		const km_random *rnd)
{
	const ring_snapshot *s = ring_take(job->ring);
	const make_how how = own_make_how(job);
	km_key *key = own_key(job, 0);
	make_self self = {.key = key};
	km_err err = key == NULL ? KM_ENOMEM : KM_OK;

	memset(out, 0, sizeof *out);
	if (err == KM_OK) {
		make_item item = own_item(job, s, key, uri, ntp64, out->uid, buf, room);

		self.set = item.signer;
		if (job->sakke_to_self) {
			err = make_selves(&self, 1, rnd);
			item.to_self = self.sed;
		}
		if (err == KM_OK)
			err = make_piece(&item, 1, &how, NULL, rnd);
		if (err == KM_OK && item.reason != KM_R_OK)
			err = item.err;
		out->guk_id = item.guk_id;
		out->msg = buf;
		out->len = item.len;
	}
	km_key_free(key);
	ring_give_back(s);
	return err;
}

/* ---- opened ---------------------------------------------------------------------------------- */

open_how own_how(const own_message *m)
{
	return (open_how){.from = {OWN_GMS, strlen(OWN_GMS)}, .now = km_time_of_ntp(m->ntp64).seconds,
			.window = 900};
}

km_reason own_open(message_opened *out, const km_keyring *ring, const uint8_t *msg, size_t len,
		const open_how *how, const km_random *rnd)
{
	const ring_snapshot *s = ring_take(ring);
	km_reason r = open_message(out, s, msg, len, how, rnd);

	ring_give_back(s);
	return r;
}

bool own_replayed(void *memory, km_str sender, uint64_t ntp64, const uint8_t *rand, size_t rand_len,
		uint32_t csb_id)
{
	const held_seen seen = held_seen_of(sender, ntp64, rand, rand_len, csb_id);

	return held_has_seen(memory, &seen);
}

bool own_held(void *memory, open_held *out, km_str member, uint32_t gmk_id, size_t i)
{
	out->key = held_key(memory, &out->ntp64, member, gmk_id, i);
	if (out->key)
		key_hold(out->key);
	return out->key != NULL;
}

km_err own_accept(held *memory, const message_opened *o)
{
	const held_seen seen = held_seen_of(o->gms, o->ntp64, o->rand, o->rand_len, o->guk_id);
	held_step step;
	km_key *key;
	km_err err = open_key(&key, o, NULL);

	if (err == KM_OK)
		err = held_prepare(&step, memory, &seen, key, o->ntp64);
	if (err == KM_OK)
		held_commit(memory, &step);
	km_key_free(key);
	return err;
}
