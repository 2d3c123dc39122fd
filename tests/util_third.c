/* util_third.c -- a third party's message with its keys. */
#include "util_third.h"

#include <stdlib.h>
#include <string.h>

#include "provision/base/complain.h"
#include "util_kmsdoc.h"

/* The value of a line "name = value", a static buffer; the test fails where there is none. */
static const char *value(FILE *in, const char *name)
{
	static char line[8192];
	size_t len = strlen(name);

	rewind(in);
	while (fgets(line, sizeof line, in)) {
		line[strcspn(line, "\r\n")] = 0;
		if (strncmp(line, name, len) == 0 && strncmp(line + len, " = ", 3) == 0)
			return line + len + 3;
	}
	fail_msg("the vectors have no %s", name);
	return NULL;
}

static const char *user_value(FILE *in, const char *user, const char *name)
{
	char full[64];

	snprintf(full, sizeof full, "%s.%s", user, name);
	return value(in, full);
}

static void load_kms(third_party *t, FILE *in)
{
	kmsdoc_cert cert = some_cert(value(in, "kms.KmsUri"), 0);
	km_complaint why;
	char *xml;

	cert.period = strtoull(value(in, "kms.UserKeyPeriod"), NULL, 10);
	cert.offset = strtoull(value(in, "kms.UserKeyOffset"), NULL, 10);
	from_hex(cert.z, sizeof cert.z, value(in, "kms.PubEncKey"));
	from_hex(cert.kpak, sizeof cert.kpak, value(in, "kms.PubAuthKey"));
	xml = written_init(&cert);
	assert_int_equal(km_keyring_add_kms(t->ring, xml, strlen(xml), "third", &why), KM_OK);
	free(xml);
}

static void load_user(third_party *t, FILE *in, const char *user, char uri[256])
{
	kmsdoc_keys keys;
	km_complaint why;
	char *xml;

	snprintf(uri, 256, "%s", user_value(in, user, "UserUri"));
	t->period_no = strtoull(user_value(in, user, "KeyPeriodNo"), NULL, 10);
	keys = some_keys(uri, t->period_no, 0);
	strcpy(keys.kms_uri, value(in, "kms.KmsUri"));
	from_hex(keys.uid, sizeof keys.uid, user_value(in, user, "UserID"));
	from_hex(keys.rsk, sizeof keys.rsk, user_value(in, user, "UserDecryptKey"));
	from_hex(keys.ssk, sizeof keys.ssk, user_value(in, user, "UserSigningKeySSK"));
	from_hex(keys.pvt, sizeof keys.pvt, user_value(in, user, "UserPubTokenPVT"));
	xml = written_keys(&keys, 1);
	assert_int_equal(km_keyring_add_keys(t->ring, xml, strlen(xml), "third",
			KM_USE_SIGN | KM_USE_OPEN, &why), KM_OK);
	free(xml);
}

bool third_party_load(third_party *t)
{
	const char *dir = getenv("VECTORS"), *hex;
	char name[1024];
	FILE *in;

	snprintf(name, sizeof name, "%s/streamwide-gmk.txt", dir ? dir : "");
	in = dir ? fopen(name, "r") : NULL;
	if (!in)
		return false;
	assert_int_equal(km_keyring_new(&t->ring), KM_OK);
	load_kms(t, in);
	load_user(t, in, "gms", t->gms);
	load_user(t, in, "alice", t->member);
	from_hex(t->gmk, sizeof t->gmk, value(in, "message.GMK"));
	from_hex(t->rand, sizeof t->rand, value(in, "message.GMK-RAND"));
	t->gmk_id = (uint32_t)strtoul(value(in, "message.GMK-ID"), NULL, 16);
	t->guk_id = (uint32_t)strtoul(value(in, "message.GUK-ID"), NULL, 16);
	hex = value(in, "message.hex");
	t->len = strlen(hex) / 2;
	assert_true(t->len <= sizeof t->msg);
	from_hex(t->msg, t->len, hex);
	fclose(in);
	return true;
}
