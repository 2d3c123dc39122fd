/* kmsdoc_write.c -- the XML documents of a KMS (TS 33.180 Annex D), written. */
#include "keys/kmsdoc.h"

#include <sodium.h>

#include "base/when.h"

static void put_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		default:
			putc(*text, out);
		}
	}
}

static void put(FILE *out, const char *element, const char *text)
{
	fprintf(out, "<%s>", element);
	put_text(out, text);
	fprintf(out, "</%s>\n", element);
}

static void put_number(FILE *out, const char *element, uint64_t n)
{
	fprintf(out, "<%s>%llu</%s>\n", element, (unsigned long long)n, element);
}

/* octets may be secret. */
static void put_hex(FILE *out, const char *element, const uint8_t *octets, size_t len)
{
	char hex[2 * KM_SAKKE_POINT_BYTES + 1];

	sodium_bin2hex(hex, sizeof hex, octets, len);
	put(out, element, hex);
	km_wipe(hex, sizeof hex);
}

static void put_time(FILE *out, const char *element, int64_t t)
{
	char text[WHEN_MAX];

	when_print(text, t);
	put(out, element, text);
}

/* What certificates and key sets have in common, where it says something. */
static void put_validity(FILE *out, int64_t from, int64_t to)
{
	if (from != INT64_MIN)
		put_time(out, "ValidFrom", from);
	if (to != INT64_MAX)
		put_time(out, "ValidTo", to);
}

static void put_revoked(FILE *out, bool revoked)
{
	if (revoked)
		put(out, "Revoked", "true");
}

static void begin_response(FILE *out, const char *user, const char *kms, const char *request,
		int64_t made_at)
{
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<KmsResponse xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\" Id=\"xmldoc\""
		" Version=\"1.0.0\">\n", out);
	put(out, "UserUri", user);
	put(out, "KmsUri", kms);
	put_time(out, "Time", made_at);
	fputs("<ClientReqUrl>https://", out);
	put_text(out, kms);
	fprintf(out, "/keymanagement/identity/v1/%s</ClientReqUrl>\n<KmsMessage>\n", request);
}

static void end_response(FILE *out)
{
	fputs("</KmsMessage>\n</KmsResponse>\n", out);
}

void kmsdoc_write_init(FILE *out, const kmsdoc_cert *cert, const char *const *domains, size_t n,
		int64_t made_at)
{
	begin_response(out, cert->uri, cert->uri, "init", made_at);
	fputs("<KmsInit Version=\"1.0.0\">\n"
		"<KmsCertificate Version=\"1.1.0\" Role=\"Root\">\n", out);
	put(out, "KmsUri", cert->uri);
	put_validity(out, cert->valid_from, cert->valid_to);
	put_revoked(out, cert->revoked);
	put(out, "UserIdFormat", "2");
	put_number(out, "UserKeyPeriod", cert->period);
	put_number(out, "UserKeyOffset", cert->offset);
	put_hex(out, "PubEncKey", cert->z, sizeof cert->z);
	put_hex(out, "PubAuthKey", cert->kpak, sizeof cert->kpak);
	put(out, "ParameterSet", "1");
	if (n > 0)
		fputs("<KmsDomainList>\n", out);
	for (size_t i = 0; i < n; i++)
		put(out, "KmsDomain", domains[i]);
	if (n > 0)
		fputs("</KmsDomainList>\n", out);
	fputs("</KmsCertificate>\n</KmsInit>\n", out);
	end_response(out);
}

void kmsdoc_write_keyprov(FILE *out, const kmsdoc_keys *keys, size_t n, int64_t made_at)
{
	begin_response(out, keys->uri, keys->kms_uri, "keyprov", made_at);
	fputs("<KmsKeyProv Version=\"1.0.0\">\n", out);
	for (size_t i = 0; i < n; i++, keys++) {
		fputs("<KmsKeySet Version=\"1.1.0\">\n", out);
		put(out, "KmsUri", keys->kms_uri);
		put(out, "UserUri", keys->uri);
		put_hex(out, "UserID", keys->uid, sizeof keys->uid);
		put_validity(out, keys->valid_from, keys->valid_to);
		put_number(out, "KeyPeriodNo", keys->period_no);
		put_revoked(out, keys->revoked);
		put_hex(out, "UserDecryptKey", keys->rsk, sizeof keys->rsk);
		put_hex(out, "UserSigningKeySSK", keys->ssk, sizeof keys->ssk);
		put_hex(out, "UserPubTokenPVT", keys->pvt, sizeof keys->pvt);
		fputs("</KmsKeySet>\n", out);
	}
	fputs("</KmsKeyProv>\n", out);
	end_response(out);
}
