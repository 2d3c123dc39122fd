/* test_kmsdoc.c -- KMS documents: what is written is read again, and what is wrong is named. */
#include "util_kmsdoc.h"
#include "util_sanitized.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "provision/keys/kmsdoc.h"

#include "provision/base/complain.h"
#include "fuzz_kmsdoc.c"

static const kmsdoc_how doc_xml = { .name = "doc.xml" };

#define NS "xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\""

/* Read, and free xml. */
static kmsdoc good(char *xml)
{
	kmsdoc doc;
	km_complaint why;
	km_err err = kmsdoc_read(&doc, xml, strlen(xml), &doc_xml, &why);

	if (err != KM_OK)
		print_error("%s\n", why.text);
	assert_int_equal(err, KM_OK);
	assert_string_equal(why.text, "");
	free(xml);
	return doc;
}

static void assert_refused(const char *xml, size_t len, const char *complaint)
{
	kmsdoc doc;
	km_complaint why;

	assert_int_equal(kmsdoc_read(&doc, xml, len, &doc_xml, &why), KM_EFORMAT);
	if (strncmp(why.text, complaint, strlen(complaint)) != 0)
		fail_msg("\"%s\" instead of \"%s\"", why.text, complaint);
	assert_null(doc.certs);
	assert_null(doc.keys);
	assert_int_equal(doc.n_certs + doc.n_keys, 0);
}

/* ---- what is right -------------------------------------------------------------------- */

static void assert_same_keys(const kmsdoc_keys *got, const kmsdoc_keys *want)
{
	assert_string_equal(got->uri, want->uri);
	assert_string_equal(got->kms_uri, want->kms_uri);
	assert_int_equal(got->period_no, want->period_no);
	assert_int_equal(got->valid_from, want->valid_from);
	assert_int_equal(got->valid_to, want->valid_to);
	assert_int_equal(got->revoked, want->revoked);
	assert_memory_equal(got->uid, want->uid, sizeof got->uid);
	assert_memory_equal(got->rsk, want->rsk, sizeof got->rsk);
	assert_memory_equal(got->ssk, want->ssk, sizeof got->ssk);
	assert_memory_equal(got->pvt, want->pvt, sizeof got->pvt);
}

static void an_init_document_reads_as_it_was_written(void **state)
{
	kmsdoc_cert cert = some_cert("kms.example.org/a&b<c>\"d'", 1), *got;
	kmsdoc doc;

	(void)state;
	cert.offset = 77;
	cert.valid_from = 1767607200;
	cert.valid_to = 1767607201;
	cert.revoked = true;
	doc = good(written_init(&cert));
	assert_int_equal(doc.n_certs, 1);
	assert_int_equal(doc.n_keys, 0);
	got = doc.certs;
	assert_string_equal(got->uri, cert.uri);
	assert_int_equal(got->period, cert.period);
	assert_int_equal(got->offset, cert.offset);
	assert_int_equal(got->valid_from, cert.valid_from);
	assert_int_equal(got->valid_to, cert.valid_to);
	assert_true(got->revoked);
	assert_memory_equal(got->z, cert.z, sizeof cert.z);
	assert_memory_equal(got->kpak, cert.kpak, sizeof cert.kpak);
	kmsdoc_free(&doc);
}

static void several_key_sets_read_as_they_were_written(void **state)
{
	kmsdoc_keys keys[5];
	kmsdoc doc;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		keys[i] = some_keys("sip:gms@gms-psi.example.org", 1530 + i, i);
	keys[1].valid_from = 0;
	keys[2].valid_to = 253402300799;
	keys[3].revoked = true;
	keys[4].period_no = UINT64_MAX;
	doc = good(written_keys(keys, 5));
	assert_int_equal(doc.n_keys, 5);
	for (size_t i = 0; i < 5; i++)
		assert_same_keys(&doc.keys[i], &keys[i]);
	kmsdoc_free(&doc);
}

/* Everything between two marks of xml, each with the mark. */
static char *cut_out(const char *xml, const char *from, const char *to)
{
	const char *start = strstr(xml, from), *stop = strstr(xml, to);

	assert_true(start != NULL && stop != NULL && start < stop);
	return strndup(start, (size_t)(stop - start) + strlen(to));
}

static void every_root_is_read(void **state)
{
	static const char *const wraps[][2] = {
		{ "<KmsCertCache " NS ">", "</KmsCertCache>" },
		{ "<KmsInit " NS ">", "</KmsInit>" },
		{ "<SignedKmsCertificate " NS ">",
			"<s:Signature xmlns:s='http://www.w3.org/2000/09/xmldsig#'><s:SignedInfo/>"
			"text</s:Signature></SignedKmsCertificate>" },
		{ "<KmsInit " NS "><SignedKmsCertificate>", "</SignedKmsCertificate></KmsInit>" },
		{ "<SignedKmsResponse " NS "><KmsResponse><KmsMessage><KmsCertCache>",
			"</KmsCertCache></KmsMessage></KmsResponse></SignedKmsResponse>" },
		{ "\xef\xbb\xbf <!-- c --><?pi x?><KmsInit " NS ">"
			"<x:a xmlns:x='urn:x'><x:b>t</x:b></x:a>",
			"<NewTransportKey><x:E xmlns:x='urn:x'/></NewTransportKey></KmsInit>" },
		{ "<k:KmsInit xmlns:k='urn:3gpp:ns:mcsecKMSInterface:1.0' " NS ">",
			"</k:KmsInit>" },
		{ "<?xml version='1.0' encoding='ISO-8859-1'?><KmsCertCache " NS ">",
			"</KmsCertCache>" },
	};
	kmsdoc_cert cert = some_cert("kms.example.org", 2);
	char *xml = written_init(&cert);
	char *bare = cut_out(xml, "<KmsCertificate", "</KmsCertificate>");

	(void)state;
	for (size_t i = 0; i < sizeof wraps / sizeof *wraps; i++) {
		char *wrapped;
		kmsdoc doc;

		assert_true(asprintf(&wrapped, "%s%s%s", wraps[i][0], bare, wraps[i][1]) > 0);
		doc = good(wrapped);
		assert_int_equal(doc.n_certs, 1);
		kmsdoc_free(&doc);
	}
	free(bare);
	free(xml);
}

static void several_kmss_stand_in_a_cache(void **state)
{
	char *cache = strdup("<KmsCertCache " NS " Version='1.0.0' CacheNum='3'>");
	kmsdoc doc;

	(void)state;
	for (int i = 0; i < 20; i++) {
		char uri[32], *xml, *bare, *more;
		kmsdoc_cert cert;

		snprintf(uri, sizeof uri, "kms%d.example.org", i);
		cert = some_cert(uri, (uint64_t)i);
		xml = written_init(&cert);
		bare = cut_out(xml, "<KmsCertificate", "</KmsCertificate>");
		assert_true(asprintf(&more, "%s%s", cache, bare) > 0);
		free(xml), free(bare), free(cache);
		cache = more;
	}
	cache = realloc(cache, strlen(cache) + 20);
	doc = good(strcat(cache, "</KmsCertCache>"));
	assert_int_equal(doc.n_certs, 20);
	assert_string_equal(doc.certs[19].uri, "kms19.example.org");
	kmsdoc_free(&doc);
}

typedef struct {
	int n;
	char first[256];
} remarks;

static void take_remark(void *ctx, const char *text)
{
	remarks *to = ctx;

	if (to->n++ == 0)
		snprintf(to->first, sizeof to->first, "%s", text);
}

/* Read with a remark, and free xml. */
static kmsdoc good_with_remark(char *xml, const char *says)
{
	remarks said = { 0 };
	kmsdoc_how how = { .name = "doc.xml", .remark = take_remark, .ctx = &said };
	kmsdoc doc;
	km_complaint why;
	km_err err = kmsdoc_read(&doc, xml, strlen(xml), &how, &why);

	free(xml);
	assert_string_equal(why.text, "");
	assert_int_equal(err, KM_OK);
	assert_int_equal(said.n, says[0] != '\0');
	if (strncmp(said.first, says, strlen(says)) != 0)
		fail_msg("\"%s\" instead of \"%s\"", said.first, says);
	return doc;
}

/* What stands between certificates, or between key sets, does not take them away. */
static void what_stands_between_is_passed_over(void **state)
{
	static const char *const between[][2] = {
		{ "<SignedKmsCertificate/>", "doc.xml:1: SignedKmsCertificate: KmsCertificate is missing" },
		{ "<KmsCertificate xmlns=''><KmsUri/></KmsCertificate>", "doc.xml:1: KmsCertificate: not in the namespace" },
		{ "<KmsUri>x<y/></KmsUri>", "doc.xml:1: KmsUri: not an element of KmsCertCache" },
		{ "text", "doc.xml:1: KmsCertCache: text where only elements may stand" },
		{ "<SignedKmsCertificate xmlns=''/>", "doc.xml:1: SignedKmsCertificate: not in the namespace" },
	};
	kmsdoc_cert cert = some_cert("kms.example.org", 1);
	kmsdoc_keys keys = some_keys("sip:gms@gms-psi.example.org", 1531, 3);
	char *xml = written_init(&cert), *bare = cut_out(xml, "<KmsCertificate", "</KmsCertificate>"), *cache;
	kmsdoc doc;

	(void)state;
	for (size_t i = 0; i < sizeof between / sizeof *between; i++) {
		assert_true(asprintf(&cache, "<KmsCertCache " NS ">%s%s</KmsCertCache>", between[i][0], bare) > 0);
		doc = good_with_remark(cache, between[i][1]);
		assert_int_equal(doc.n_certs, 1);
		assert_string_equal(doc.certs[0].uri, "kms.example.org");
		kmsdoc_free(&doc);
	}
	free(xml), free(bare);
	doc = good_with_remark(edited(written_keys(&keys, 1), "</KmsKeySet>",
			"</KmsKeySet><KmsKeySet xmlns=''><KmsUri/></KmsKeySet>"),
			"doc.xml:17: KmsKeySet: not in the namespace");
	assert_int_equal(doc.n_keys, 1);
	kmsdoc_free(&doc);
}

static void domains_are_hosts(void **state)
{
	static const char *const domains[][3] = {
		{ "example.org", "example.org", "" }, { " .example.org. ", "example.org", "" },
		{ "*.example.org", "example.org", "" }, { "[2001:db8::1]", "[2001:db8::1]", "" },
		{ "sip:example.org", NULL, "(sip:example.org): no member" }, { "*", NULL, "(*)" },
		{ "http://example.org/", NULL, "(http://example.org/)" }, { ".", NULL, "(.)" },
		{ "example.org,example.net", NULL, "(example.org,example.net)" }, { "", NULL, "" },
		{ "a@example.org", NULL, "(a@example.org)" }, { "example.org:1", NULL, "(example.org:1)" },
	};
	kmsdoc_cert cert = some_cert("kms.example.org", 1);

	(void)state;
	for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
		char list[128], says[128] = "";
		kmsdoc doc;

		snprintf(list, sizeof list, "<KmsDomainList><KmsDomain>%s</KmsDomain></KmsDomainList>"
				"</KmsCertificate>", domains[i][0]);
		if (domains[i][2][0] != '\0')
			snprintf(says, sizeof says, "doc.xml:17: KmsDomain: not the name of a host or of a "
					"domain %s", domains[i][2]);
		doc = good_with_remark(edited(written_init(&cert), "</KmsCertificate>", list), says);
		assert_int_equal(doc.n_domains, domains[i][1] != NULL);
		if (domains[i][1] != NULL)
			assert_string_equal(doc.domains[0].name, domains[i][1]);
		kmsdoc_free(&doc);
	}
}

/* What KMSs in the field do, and XML allows. */
static void forms_met_in_the_field_are_read(void **state)
{
	static const char *const edits[][2] = {
		{ "<UserSigningKeySSK>", "<UserSigningKeySSK>0000" },
		{ "<UserSigningKeySSK>", "<UserSigningKeySSK>\n\t0 0 00 \r\n" },
		{ "<UserDecryptKey>", "<UserDecryptKey>\n  " },
		{ "</UserPubTokenPVT>", " <!-- end --></UserPubTokenPVT>" },
		{ "<KeyPeriodNo>1531<", "<KeyPeriodNo> 001531\n<" },
		{ "<UserSigningKeySSK>", "<UserSigningKeySSK>0x" },
		{ "<UserSigningKeySSK>", "<UserSigningKeySSK> 0X00:00:" },
		{ "<UserDecryptKey>", "<UserDecryptKey>0x" },
		{ "<KeyPeriodNo>1531<", "<KeyPeriodNo>15<![CDATA[31]]><" },
		{ "<KeyPeriodNo>1531<", "<KeyPeriodNo>&#49;5&#x33;1<" },
		{ "<KeyPeriodNo>", "<Revoked>0</Revoked><KeyPeriodNo>" },
		{ "<KeyPeriodNo>", "<CertUri>c</CertUri><Issuer>x</Issuer><KeyPeriodNo>" },
		{ "<KeyPeriodNo>",
			"<v:Extra xmlns:v='urn:v'><v:KeyPeriodNo/>t</v:Extra><KeyPeriodNo>" },
		{ "2026-01-05T10:00:00Z", "2026-01-05T10:00:00" },
		{ "<Time>2026-01-05T10:00:00Z</Time>\n", "" },
		{ "<KmsKeyProv ",
			"<KmsKeyProv xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
			"xsi:type='KmsKeyProvTkIkType' " },
	};
	kmsdoc_keys keys = some_keys("sip:gms@gms-psi.example.org", 1531, 3);

	(void)state;
	for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
		kmsdoc doc = good(edited(written_keys(&keys, 1), edits[i][0], edits[i][1]));

		assert_int_equal(doc.n_keys, 1);
		assert_same_keys(doc.keys, &keys);
		kmsdoc_free(&doc);
	}
}

static void hex_of_either_case_and_a_base64_id_are_read(void **state)
{
	kmsdoc_keys keys = some_keys("sip:gms@gms-psi.example.org", 1531, 4);
	char hex[65] = "";
	kmsdoc doc;

	(void)state;
	for (size_t i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned)(keys.uid[i] = (uint8_t)(i + 0xe0)));
	doc = good(edited(written_keys(&keys, 1), hex,
			"4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9/v8="));
	assert_same_keys(doc.keys, &keys);
	kmsdoc_free(&doc);
	doc = good(edited(written_keys(&keys, 1), hex,
			"\n4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9/v8\n"));
	assert_same_keys(doc.keys, &keys);
	kmsdoc_free(&doc);
	doc = good(edited(written_keys(&keys, 1), hex,
			"E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF"));
	assert_same_keys(doc.keys, &keys);
	kmsdoc_free(&doc);
}

/* A KMS of a country: its document is as long as its users are many. */
static void a_document_of_many_megabytes_is_read(void **state)
{
	enum { N = 10000 };
	kmsdoc_keys *keys = calloc(N, sizeof *keys);
	char *xml;
	kmsdoc doc;

	(void)state;
	for (size_t i = 0; i < N; i++)
		keys[i] = some_keys("sip:gms@gms-psi.example.org", i, i);
	xml = written_keys(keys, N);
	assert_true(strlen(xml) > 10 << 20);
	doc = good(xml);
	assert_int_equal(doc.n_keys, N);
	assert_same_keys(&doc.keys[N - 1], &keys[N - 1]);
	assert_true(doc.keys[N - 1].line > 65535);
	kmsdoc_free(&doc);
	free(keys);
}

/* ---- what is wrong -------------------------------------------------------------------- */

static const char *const bad_keys[][3] = {
	{ "<KeyPeriodNo>1531</KeyPeriodNo>\n", "", "doc.xml:9: KmsKeySet: KeyPeriodNo is missing" },
	{ "<UserUri>", "<KmsDomain>x</KmsDomain><UserUri>",
		"doc.xml:11: KmsDomain: not an element of KmsKeySet" },
	{ "<KeyPeriodNo>", "<KeyPeriodNo>1</KeyPeriodNo>\n<KeyPeriodNo>",
		"doc.xml:14: KeyPeriodNo: one too many in KmsKeySet" },
	{ "<KeyPeriodNo>1531", "<KeyPeriodNo>-1", "doc.xml:13: KeyPeriodNo: not a number" },
	{ "<KeyPeriodNo>1531", "<KeyPeriodNo>", "doc.xml:13: KeyPeriodNo: empty" },
	{ "<KeyPeriodNo>1531", "<KeyPeriodNo>18446744073709551616",
		"doc.xml:13: KeyPeriodNo: the number is too large" },
	{ "<KeyPeriodNo>1531", "<KeyPeriodNo>15 31", "doc.xml:13: KeyPeriodNo: not a number" },
	{ "<KeyPeriodNo>1531", "<KeyPeriodNo><x xmlns=''/>",
		"doc.xml:13: KeyPeriodNo: an element where only text may stand" },
	{ "<KeyPeriodNo>", "text<KeyPeriodNo>", "doc.xml:9: KmsKeySet: text where only elements" },
	{ "<KeyPeriodNo>", "<x xmlns=''/><KeyPeriodNo>", "doc.xml:13: x: not in the namespace" },
	{ "<KeyPeriodNo>", "<KmsKeySet/><KeyPeriodNo>",
		"doc.xml:13: KmsKeySet: not an element of KmsKeySet" },
	{ "<UserUri>sip:gms", "<UserUri>sip:g s", "doc.xml:11: UserUri: holds a space" },
	{ "<UserUri>sip:gms", "<UserUri>sip:g&#10;s", "doc.xml:11: UserUri: holds a space" },
	{ "<KmsUri>kms.example.org<", "<KmsUri><", "doc.xml:10: KmsUri: empty" },
	{ "<UserDecryptKey>", "<UserDecryptKey>00", "doc.xml:14: UserDecryptKey: not 257 octets" },
	{ "<UserDecryptKey>", "<UserDecryptKey>0", "doc.xml:14: UserDecryptKey: not 257 octets" },
	{ "</UserDecryptKey>", "g</UserDecryptKey>", "doc.xml:14: UserDecryptKey: not 257 octets" },
	{ "<UserSigningKeySSK>", "<UserSigningKeySSK>0",
		"doc.xml:15: UserSigningKeySSK: not 32 octets in hex or base64: 65 hex digits, an odd "
		"number: a digit is missing" },
	{ "<UserSigningKeySSK>", "<UserSigningKeySSK>0001",
		"doc.xml:15: UserSigningKeySSK: not 32 octets in hex or base64: 34 octets" },
	{ "</UserSigningKeySSK>", "-</UserSigningKeySSK>",
		"doc.xml:15: UserSigningKeySSK: not 32 octets" },
	{ "<UserPubTokenPVT>", "<UserPubTokenPVT>0x0x",
		"doc.xml:16: UserPubTokenPVT: not 65 octets" },
	{ "<UserPubTokenPVT>",
		"<UserPubTokenPVT><e:EncryptedKey xmlns:e='http://www.w3.org/2001/04/xmlenc#'/>",
		"doc.xml:16: UserPubTokenPVT: encrypted key content (xenc:EncryptedKey)" },
	{ "<KeyPeriodNo>", "<Revoked>yes</Revoked><KeyPeriodNo>",
		"doc.xml:13: Revoked: neither true nor false" },
	{ "<KeyPeriodNo>", "<ValidTo>2026-02-30T00:00:00Z</ValidTo><KeyPeriodNo>",
		"doc.xml:13: ValidTo: not a date and time" },
	{ "<KeyPeriodNo>", "<ValidFrom>2026-01-02T00:00:00Z</ValidFrom>"
		"<ValidTo>2026-01-01T00:00:00Z</ValidTo><KeyPeriodNo>",
		"doc.xml:9: KmsKeySet: ValidTo lies before ValidFrom" },
	{ "<KmsKeyProv ", "<KmsKeySet/><KmsKeyProv ",
		"doc.xml:8: KmsKeySet: not an element of KmsMessage" },
	{ "</KmsKeyProv>", "</KmsKeyProv><KmsKeyProv/>",
		"doc.xml:18: KmsKeyProv: one too many in KmsMessage" },
	{ ":mcsecKMSInterface:1.0", ":mcsecKMSInterface:2.0",
		"doc.xml:2: KmsResponse: not in the namespace" },
	{ "</KmsKeySet>", "</KmsKeyset>",
		"doc.xml:17: not well-formed XML: mismatched tag" },
	{ "<KeyPeriodNo>", "<KeyPeriodNo a='1' a='2'>",
		"doc.xml:13: not well-formed XML: duplicate attribute" },
	{ "<KeyPeriodNo>", "<v:x/><KeyPeriodNo>", "doc.xml:13: not well-formed XML: unbound prefix" },
	{ "<KeyPeriodNo>1531", "<KeyPeriodNo>&n;", "doc.xml:13: not well-formed XML: undefined entity" },
	{ "<KeyPeriodNo>1531", "<KeyPeriodNo>\x01", "doc.xml:13: not well-formed XML: a character that may not" },
	{ "<UserUri>sip:gms", "<UserUri>sip:g\xc0\x80", "doc.xml:11: not well-formed XML: a character that may not" },
	{ "</KmsResponse>\n", "", "doc.xml:20: not well-formed XML: no element found" },
	{ "</KmsResponse>\n", "</KmsResponse>\n<x/>", "doc.xml:21: not well-formed XML: junk after document element" },
};

static void what_is_wrong_with_a_key_set_is_named(void **state)
{
	kmsdoc_keys keys = some_keys("sip:gms@gms-psi.example.org", 1531, 5);

	(void)state;
	for (size_t i = 0; i < sizeof bad_keys / sizeof *bad_keys; i++) {
		char *xml = edited(written_keys(&keys, 1), bad_keys[i][0], bad_keys[i][1]);

		assert_refused(xml, strlen(xml), bad_keys[i][2]);
		free(xml);
	}
}

static const char *const bad_certs[][3] = {
	{ "<UserIdFormat>2", "<UserIdFormat>1", "doc.xml:11: UserIdFormat: not 2" },
	{ "<ParameterSet>1", "<ParameterSet>2", "doc.xml:16: ParameterSet: not 1" },
	{ "<UserKeyPeriod>2592000", "<UserKeyPeriod>0",
		"doc.xml:12: UserKeyPeriod: a key period of 0" },
	{ "<UserKeyPeriod>2592000", "<UserKeyPeriod>1.5",
		"doc.xml:12: UserKeyPeriod: not a number" },
	{ "<UserKeyOffset>0</UserKeyOffset>\n", "",
		"doc.xml:9: KmsCertificate: UserKeyOffset is missing" },
	{ "<PubEncKey>", "<PubEncKey>04", "doc.xml:14: PubEncKey: not 257 octets" },
	{ "<PubAuthKey>", "<PubAuthKey>04", "doc.xml:15: PubAuthKey: not 65 octets" },
	{ "<PubAuthKey>", "<UserID/><PubAuthKey>", "doc.xml:15: UserID: not an element of KmsCertificate" },
	{ "</KmsCertificate>", "</KmsCertificate><SignedKmsCertificate/>",
		"doc.xml:17: SignedKmsCertificate: one too many in KmsInit" },
	{ "<KmsInit Version=\"1.0.0\">", "<KmsInit><NewTransportKey/></KmsInit><KmsInit>",
		"doc.xml:8: KmsInit: nothing that is known here stands in it" },
	{ "<KmsMessage>",
		"<KmsError><ErrorCode>4</ErrorCode><ErrorMsg>no\x1bsuch</ErrorMsg></KmsError>"
		"<KmsMessage>", "doc.xml:7: not well-formed XML" },
	{ "<KmsMessage>",
		"<KmsError><ErrorCode>4</ErrorCode><ErrorMsg>no such</ErrorMsg></KmsError>"
		"<KmsMessage>", "doc.xml:7: KmsError: the KMS answered with an error: 4 no such" },
};

static void what_is_wrong_with_a_certificate_is_named(void **state)
{
	kmsdoc_cert cert = some_cert("kms.example.org", 6);

	(void)state;
	for (size_t i = 0; i < sizeof bad_certs / sizeof *bad_certs; i++) {
		char *xml = edited(written_init(&cert), bad_certs[i][0], bad_certs[i][1]);

		assert_refused(xml, strlen(xml), bad_certs[i][2]);
		free(xml);
	}
}

static void what_is_no_kms_document_is_refused(void **state)
{
	static const char *const texts[][2] = {
		{ "", "doc.xml:1: not XML in UTF-8" },
		{ "{}", "doc.xml:1: not XML in UTF-8" },
		{ "\xef\xbb\xbf", "doc.xml:1: not XML in UTF-8" },
		{ "<", "doc.xml:1: not well-formed XML" },
		{ "<a/>", "doc.xml:1: a: no document of a KMS begins so" },
		{ "<KmsKeyProv/>", "doc.xml:1: KmsKeyProv: not in the namespace" },
		{ "<Time " NS "/>", "doc.xml:1: Time: not an element of document" },
		{ "<KmsMessage " NS "/>", "doc.xml:1: KmsMessage: not an element of document" },
	};
	static const char nul[] = "<KmsKeyProv " NS "/>\0";
	static const char utf16[] = "\xff\xfe<\0K\0m\0s\0/\0>\0", cut[] = "\xff\xfe<\0K";

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_refused(texts[i][0], strlen(texts[i][0]), texts[i][1]);
	assert_refused(utf16, sizeof utf16 - 1, "doc.xml:1: Kms: no document of a KMS begins so");
	assert_refused(cut, sizeof cut - 1, "doc.xml:1: not well-formed XML");
	assert_refused(nul, sizeof nul, "doc.xml:1: not XML in UTF-8");
}

/* What stands before it, then each character in so many octets, the low one first or last. */
static void in_utf16(char **out, size_t *len, const char *text, bool low_first)
{
	FILE *f = open_memstream(out, len);

	fwrite(low_first ? "\xff\xfe" : "\xfe\xff", 1, 2, f);
	for (; *text != '\0'; text++) {
		const char both[2] = { low_first ? *text : 0, low_first ? 0 : *text };

		fwrite(both, 1, 2, f);
	}
	fclose(f);
}

static void encodings_are_read(void **state)
{
	static const struct {
		const char *encoding, *text, *complaint;
	} answers[] = {
		{ "UTF-8", "\xe2\x82\xac", "answered with an error: 4 \xe2\x82\xac" },
		{ "utf-16", "\xc3\xa9", "answered with an error: 4 \xc3\xa9" },    /* it is not */
		{ "ISO-8859-1", "\xe9", "answered with an error: 4 \xc3\xa9" },
		{ "windows-1252", "\x80\xe9", "answered with an error: 4 \xe2\x82\xac\xc3\xa9" },
		{ "windows-1252", "\x81", "not well-formed XML: a character that may not stand there" },
		{ "US-ASCII", "\xe9", "not well-formed XML: a character that may not stand there" },
		{ "EUC-KR", "sorry", "answered with an error: 4 sorry" },
		{ "EUC-KR", "\xc0\xfa", "in an encoding that is not known here: save it as UTF-8" },
		{ "KOI8-R", "\xc0", "in an encoding that is not known here: save it as UTF-8" },
	};
	kmsdoc_keys keys = some_keys("sip:gms@gms-psi.example.org", 1531, 9);
	char *plain = written_keys(&keys, 1), *xml;
	size_t len;
	kmsdoc doc;

	(void)state;
	for (int i = 0; i < 2; i++) {
		km_complaint why;

		in_utf16(&xml, &len, plain, i == 0);
		assert_int_equal(kmsdoc_read(&doc, xml, len, &doc_xml, &why), KM_OK);
		assert_same_keys(doc.keys, &keys);
		kmsdoc_free(&doc);
		free(xml);
	}
	free(plain);
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		km_complaint why;

		assert_true(asprintf(&xml, "<?xml version='1.0' encoding='%s'?><KmsResponse " NS "><KmsError><ErrorCode>4"
				"</ErrorCode><ErrorMsg>%s</ErrorMsg></KmsError></KmsResponse>", answers[i].encoding,
				answers[i].text) > 0);
		assert_int_equal(kmsdoc_read(&doc, xml, strlen(xml), &doc_xml, &why), KM_EFORMAT);
		if (strstr(why.text, answers[i].complaint) == NULL)
			fail_msg("\"%s\" without \"%s\"", why.text, answers[i].complaint);
		free(xml);
	}
}

static void document_types_and_entities_are_refused(void **state)
{
	static const char *const heads[] = {
		"<!DOCTYPE KmsResponse>",
		"<!DOCTYPE KmsResponse SYSTEM \"file:///etc/passwd\">",
		"<!DOCTYPE KmsResponse SYSTEM \"http://127.0.0.1:1/x.dtd\">",
		"<!DOCTYPE KmsResponse [<!ENTITY n \"1531\">]>",
		"<!DOCTYPE KmsResponse [<!ENTITY n SYSTEM \"/etc/hostname\">]>",
		"<!DOCTYPE KmsResponse [<!ENTITY % p SYSTEM \"/etc/hostname\"> %p;]>",
		"<!DOCTYPE KmsResponse [<!ENTITY a \"aaaa\"><!ENTITY n \"&a;&a;&a;&a;\">]>",
	};
	kmsdoc_keys keys = some_keys("sip:gms@gms-psi.example.org", 1531, 7);

	(void)state;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		char *xml = edited(written_keys(&keys, 1), "<KeyPeriodNo>1531", "<KeyPeriodNo>&n;");
		char head[256];

		snprintf(head, sizeof head, "%s<KmsResponse", heads[i]);
		xml = edited(xml, "<KmsResponse", head);
		assert_refused(xml, strlen(xml), "doc.xml:2: a document type declaration");
		free(xml);
	}
}

/* n times `in`, then n times `out`, in a KmsKeyProv. */
static char *nested(size_t n, const char *in, const char *out)
{
	char *xml = NULL;
	size_t len;
	FILE *f = open_memstream(&xml, &len);

	fputs("<KmsKeyProv " NS ">", f);
	for (size_t i = 0; i < n; i++)
		fputs(in, f);
	for (size_t i = 0; i < n; i++)
		fputs(out, f);
	fputs("</KmsKeyProv>", f);
	fclose(f);
	return xml;
}

static void deep_and_large_documents_are_refused_or_read(void **state)
{
	char *xml = nested(100000, "<x xmlns='urn:x'>", "</x>");
	kmsdoc_keys keys = some_keys("sip:gms@gms-psi.example.org", 1531, 8);
	char *spaces = malloc(5000);
	kmsdoc doc;

	(void)state;
	assert_refused(xml, strlen(xml), "doc.xml:1: elements stand more than 256 deep");
	free(xml);
	doc = good(nested(300000, "<x xmlns='urn:x'/>", ""));
	assert_int_equal(doc.n_keys, 0);
	kmsdoc_free(&doc);
	memset(spaces, ' ', 4999);
	spaces[4999] = '\0';
	memcpy(spaces, "<UserSigningKeySSK>", 19);
	doc = good(edited(written_keys(&keys, 1), "<UserSigningKeySSK>", spaces));
	assert_same_keys(doc.keys, &keys);
	kmsdoc_free(&doc);
	memset(spaces + 19, '0', 4999 - 19);
	xml = edited(written_keys(&keys, 1), "<UserSigningKeySSK>", spaces);
	assert_refused(xml, strlen(xml), "doc.xml:15: UserSigningKeySSK: too long");
	free(xml);
	free(spaces);
}

static void foreign_text_is_escaped_in_complaints(void **state)
{
	kmsdoc doc;
	km_complaint why;

	kmsdoc_how odd = { .name = "a\x1b[31m\nb.xml" };

	(void)state;
	assert_int_equal(kmsdoc_read(&doc, "<a/>", 4, &odd, &why), KM_EFORMAT);
	assert_null(strpbrk(why.text, "\x1b\n"));
}

/* Secrets never stand in a complaint: a wrong key text is not shown. */
static void complaints_do_not_show_keys(void **state)
{
	kmsdoc_keys keys = some_keys("sip:gms@gms-psi.example.org", 1531, 9);
	char *xml = edited(written_keys(&keys, 1), "<UserSigningKeySSK>",
			"<UserSigningKeySSK>c0ffee&amp;");
	kmsdoc doc;
	km_complaint why;

	(void)state;
	assert_int_equal(kmsdoc_read(&doc, xml, strlen(xml), &doc_xml, &why), KM_EFORMAT);
	assert_null(strstr(why.text, "c0ffee"));
	free(xml);
}

enum { NEEDLE = 24 };

/* How often those octets, of which each is inverted here, stand in what this process can write to. */
static size_t found_in_memory(const uint8_t inverted[NEEDLE])
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	unsigned long from, to;
	char line[512], mode[5];
	size_t found = 0;

	assert_non_null(maps);
	assert_true(memory >= 0);
	while (fgets(line, sizeof line, maps) != NULL) {
		uint8_t *copy;
		ssize_t n;

		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 || strncmp(mode, "rw", 2) != 0)
			continue;
		copy = mmap(NULL, to - from, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_true(copy != MAP_FAILED);        /* not by malloc, whose memory is what is looked at */
		n = pread(memory, copy, to - from, (off_t)from);
		for (ssize_t i = 0; i + NEEDLE <= n; i++) {
			size_t k = 0;

			while (k < NEEDLE && (copy[i + (ssize_t)k] ^ inverted[k]) == 0xff)
				k++;
			found += k == NEEDLE;
		}
		munmap(copy, to - from);
	}
	close(memory);
	fclose(maps);
	return found;
}

static void keys_do_not_stay_in_memory(void **state)
{
	kmsdoc_keys keys = some_keys("sip:gms@gms-psi.example.org", 1531, 14);
	uint64_t seed = 15;

	(void)state;
#ifdef SANITIZED
	skip_as("a sanitizer keeps freed memory, and shadows it: not looked at");
#endif
	if (access("/proc/self/mem", R_OK) != 0 || is_emulated())
		skip_as("the memory of this process cannot be read here");
	for (int turned = 0; turned < 2; turned++) {
		char *of_other_key = written_keys(&keys, 1), *digits;
		static char xml[8192];
		uint8_t needle[NEEDLE];
		kmsdoc doc;
		km_complaint why;

		if (turned)     /* another encoding passes through one more of the parser's buffers */
			of_other_key = edited(edited(of_other_key, "encoding=\"UTF-8\"", "encoding=\"ISO-8859-1\""),
					"</KmsKeySet>", "<Issuer>\xe9</Issuer></KmsKeySet>");
		assert_true(snprintf(xml, sizeof xml, "%s", of_other_key) < (int)sizeof xml);
		free(of_other_key);
		digits = strstr(xml, "<UserSigningKeySSK>") + strlen("<UserSigningKeySSK>");
		for (size_t i = 0; i < NEEDLE; i++) {
			digits[i] = "0123456789ABCDEF"[draw(&seed) % 16];
			needle[i] = (uint8_t)~digits[i];
		}
		assert_int_equal(found_in_memory(needle), 1);
		assert_int_equal(kmsdoc_read(&doc, xml, strlen(xml), &doc_xml, &why), KM_OK);
		kmsdoc_free(&doc);
		km_wipe(xml, sizeof xml);
		assert_int_equal(found_in_memory(needle), 0);
	}
}

/* ---- broken at random ----------------------------------------------------------------- */

static void every_truncation_is_refused(void **state)
{
	kmsdoc_keys keys = some_keys("sip:gms@gms-psi.example.org", 1531, 10);
	char *xml = written_keys(&keys, 1);
	size_t len = strlen(xml);

	(void)state;
	for (size_t n = 0; n + 1 < len; n++) {
		kmsdoc doc;
		km_complaint why;
		char *cut = malloc(n == 0 ? 1 : n);     /* so a sanitizer sees a read beyond */

		memcpy(cut, xml, n);
		assert_int_equal(kmsdoc_read(&doc, cut, n, &doc_xml, &why), KM_EFORMAT);
		free(cut);
	}
	free(xml);
}

static void mutated_documents_do_no_harm(void **state)
{
	static const char *const words[] = {
		"<", ">", "&", "]]>", "<![CDATA[", "<!DOCTYPE x [", "<!--", "-->", "&#0;",
		"&#x110000;", "\xff", "\xef\xbf\xbe", "</", "/>", "=\"", "xmlns=\"\"",
		"<KmsKeySet>",
		"<Revoked>", "<?",
	};
	kmsdoc_keys keys = some_keys("sip:gms@gms-psi.example.org", 1531, 11);
	kmsdoc_cert cert = some_cert("kms.example.org", 12);
	char *docs[] = { written_keys(&keys, 1), written_init(&cert) };
	uint64_t seed = 13;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		const char *xml = docs[round & 1];
		size_t len = strlen(xml);
		char *copy = malloc(len);

		memcpy(copy, xml, len);
		for (uint64_t n = 1 + draw(&seed) % 3; n > 0; n--) {
			size_t at = draw(&seed) % len;
			const char *word = words[draw(&seed) % (sizeof words / sizeof *words)];

			if (draw(&seed) % 2 == 0)
				copy[at] ^= (char)(1 << draw(&seed) % 8);
			else if (at + strlen(word) <= len)
				memcpy(copy + at, word, strlen(word));
		}
		LLVMFuzzerTestOneInput((const uint8_t *)copy, len);
		free(copy);
	}
	free(docs[0]), free(docs[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_init_document_reads_as_it_was_written),
		cmocka_unit_test(several_key_sets_read_as_they_were_written),
		cmocka_unit_test(every_root_is_read),
		cmocka_unit_test(several_kmss_stand_in_a_cache),
		cmocka_unit_test(what_stands_between_is_passed_over),
		cmocka_unit_test(domains_are_hosts),
		cmocka_unit_test(forms_met_in_the_field_are_read),
		cmocka_unit_test(hex_of_either_case_and_a_base64_id_are_read),
		cmocka_unit_test(a_document_of_many_megabytes_is_read),
		cmocka_unit_test(what_is_wrong_with_a_key_set_is_named),
		cmocka_unit_test(what_is_wrong_with_a_certificate_is_named),
		cmocka_unit_test(what_is_no_kms_document_is_refused),
		cmocka_unit_test(encodings_are_read),
		cmocka_unit_test(document_types_and_entities_are_refused),
		cmocka_unit_test(deep_and_large_documents_are_refused_or_read),
		cmocka_unit_test(foreign_text_is_escaped_in_complaints),
		cmocka_unit_test(complaints_do_not_show_keys),
		cmocka_unit_test(keys_do_not_stay_in_memory),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(mutated_documents_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
