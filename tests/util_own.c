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
	assert_int_equal(km_keyring_add_kms(ring, xml, strlen(xml), "own", 0, &why), KM_OK);
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
	assert_null(keyparams_read_into(&m->job.params, m->content, m->content_len));
	m->job.hide = option(m->json, "hide");
	m->job.map = option(m->json, "generic") ? KM_MAP_GENERIC : KM_MAP_EMPTY;
	m->job.services = KM_SERVICE_MCPTT;
	m->job.sakke_to_self = option(m->json, "self_");
}

km_open_how own_how(const own_message *m, const km_keyring *ring)
{
	return (km_open_how){.ring = ring, .from = {OWN_GMS, strlen(OWN_GMS)},
			.now = (int64_t)(m->ntp64 >> 32) - KM_NTP_UNIX, .window = 900};
}
