/* test_uri.c -- what is a URI, what is wrong with one, and which name the same. */
#include "util.h"

#include <string.h>

#include "provision/gmk.h"
#include "provision/message/uri.h"

#include "fuzz_uri.c"

static void assert_fault(const char *uri, unsigned how, km_uri_fault want)
{
	km_uri_fault got = km_uri_check(uri, strlen(uri), how);

	if (got != want)
		fail_msg("%s: %s, not: %s", uri, km_uri_fault_text(got), km_uri_fault_text(want));
}

static void uris_of_users_pass(void **state)
{
	static const char *const uris[] = {
		"sip:alice@example.org", "SIP:alice@Example.ORG", "sips:alice@example.org", "sip:a@x",
		"sip:alice@example.org.", "sip:alice@example.org:5060", "sip:alice@192.0.2.1:65535",
		"sip:alice@[2001:db8::1]", "sip:alice@[2001:DB8::1]:5061;lr",
		"sip:+447700900123@example.org;user=phone", "sip:+1-212.555(1)@x.org;user=phone",
		"sip:+1212;ext=3@x.org;user=phone", "sip:a;b=c?d/e@x.org", "sip:a:secret@x.org",
		"sip:%61lice%40home@example.org", "sip:a&=+$,;?/-_.!~*'()@x", "sip:j@xn--bcher-kva.example",
		"sip:a@x;transport=tcp;lr;p=[1:2]/&+$", "sip:a@x?subject=a%20b&to=", "sip:a@x;p=1?h=[]/?:+$",
		"sip:\xc3\xa9lodie@example.org", "sip:1001@pbx", "sip:a@1.example", "sip:a@a-b.c-d",
		"tel:+1", "tel:+44-7700.900(123)", "TEL:+44;ext=1;isub=2", "tel:1001;phone-context=example.org",
		"tel:*31;PHONE-CONTEXT=+44", "tel:+1;x=%41",
	};

	(void)state;
	for (size_t i = 0; i < sizeof uris / sizeof *uris; i++) {
		assert_fault(uris[i], KM_URI_MEMBER, KM_URI_OK);
		assert_fault(uris[i], KM_URI_MEMBER | KM_URI_ANY_ID, KM_URI_OK);
		assert_fault(uris[i], 0, KM_URI_OK);
		assert_fault(uris[i], KM_URI_LOOSE, KM_URI_OK);
	}
}

static void what_is_wrong_is_told_apart(void **state)
{
	static const struct {
		const char *uri;
		km_uri_fault fault;
	} rows[] = {
		{ "", KM_URI_EMPTY }, { "sip:a b@x", KM_URI_SPACE }, { "sip:a@x ", KM_URI_SPACE },
		{ "sip:a\xc2\xa0@x", KM_URI_SPACE }, { "sip:a\xe3\x80\x80@x", KM_URI_SPACE },
		{ "sip:a\xe2\x80\xa8@x", KM_URI_SPACE }, { "sip:a\xe2\xa0\x80@x", KM_URI_SPACE },
		{ "sip:a\t@x", KM_URI_CONTROL }, { "sip:\x7f@x", KM_URI_CONTROL },
		{ "sip:\xc2\x85@x", KM_URI_CONTROL }, { "sip:\xc0\x80@x", KM_URI_NOT_UTF8 },
		{ "sip:\xff@x", KM_URI_NOT_UTF8 }, { "sip:\xed\xa0\x80@x", KM_URI_NOT_UTF8 },
		{ "sip:a\xe2\x80\x8b@x", KM_URI_INVISIBLE }, { "sip:a\xc2\xad@x", KM_URI_INVISIBLE },
		{ "sip:a@x\xef\xbb\xbf", KM_URI_INVISIBLE }, { "\xef\xbb\xbfsip:a@x", KM_URI_INVISIBLE },
		{ "sip:a\xe2\x80\xae@x", KM_URI_INVISIBLE }, { "sip:a\xef\xb8\x8f@x", KM_URI_INVISIBLE },
		{ "sip:a\xf3\xa0\x81\x81@x", KM_URI_INVISIBLE }, { "sip:a\xe2\x80\x8d@x", KM_URI_INVISIBLE },
		{ "sip:a\xe2\x81\xa0@x", KM_URI_INVISIBLE }, { "sip:a@x\xe2\x80\x8e", KM_URI_INVISIBLE },
		{ "sip:a\xe3\x85\xa4@x", KM_URI_INVISIBLE }, { "sip:a\xe1\xa0\x8e@x", KM_URI_INVISIBLE },
		{ "<sip:a@x>", KM_URI_BRACKETS }, { "\"sip:a@x\"", KM_URI_QUOTES },
		{ "'sip:a@x", KM_URI_QUOTES }, { "\xe2\x80\x9csip:a@x\xe2\x80\x9d", KM_URI_QUOTES },
		{ "sip:a<b@x", KM_URI_CHARACTER }, { "sip:a@x>", KM_URI_CHARACTER },
		{ "sip:a\"@x", KM_URI_CHARACTER }, { "sip:a\\b@x", KM_URI_CHARACTER },
		{ "sip:a^@x", KM_URI_CHARACTER }, { "sip:{a}@x", KM_URI_CHARACTER },
		{ "sip:a|b@x", KM_URI_CHARACTER }, { "sip:`a`@x", KM_URI_CHARACTER },
		{ "sip:a@x#1", KM_URI_CHARACTER }, { "#sip:a@x", KM_URI_CHARACTER },
		{ "sip:a@x\xe2\x80\x9d", KM_URI_CHARACTER }, { "sip:a\xe2\x80\x93""b@x", KM_URI_CHARACTER },
		{ "sip://a@x", KM_URI_SLASHES }, { "sips:///a@x", KM_URI_SLASHES },
		{ "sip:a@x;transport=tls;Transport=udp", KM_URI_PARAMETER_TWICE },
		{ "sip:a@x;lr;p=1;lr", KM_URI_PARAMETER_TWICE }, { "tel:+1;ext=1;ext=2", KM_URI_PARAMETER_TWICE },
		{ "=A1", KM_URI_CELL }, { "4.47E+11", KM_URI_CELL }, { "4,47e+11", KM_URI_CELL },
		{ "sip:a\xef\xbc\xa0x", KM_URI_CHARACTER }, { "sip:a@x\xe3\x80\x82org", KM_URI_CHARACTER },
		{ "sip:\xef\xbf\xbd@x", KM_URI_CHARACTER }, { "sip:\xee\x80\x80@x", KM_URI_CHARACTER },
		{ "alice@example.org", KM_URI_SCHEME }, { "bob", KM_URI_SCHEME }, { "1001", KM_URI_SCHEME },
		{ "+491234", KM_URI_SCHEME }, { "4.4770090012E+11", KM_URI_CELL },
		{ "http://x/", KM_URI_SCHEME }, { "mailto:a@x", KM_URI_SCHEME }, { "sip", KM_URI_SCHEME },
		{ "xsip:a@x", KM_URI_SCHEME }, { "sip;a@x", KM_URI_SCHEME }, { "QUJD", KM_URI_SCHEME },
		{ "sip:a@x,sip:b@x", KM_URI_ATS }, { "sip:a@b@x", KM_URI_ATS }, { "sip:a@x;sip:b@x", KM_URI_ATS },
		{ "sip:@x", KM_URI_USER }, { "sip::p@x", KM_URI_USER }, { "sip:@", KM_URI_USER },
		{ "sip:a%4@x", KM_URI_USER_CHARACTER }, { "sip:a%zz@x", KM_URI_USER_CHARACTER },
		{ "sip:a%00@x", KM_URI_USER_CHARACTER }, { "sip:[a]@x", KM_URI_USER_CHARACTER },
		{ "sip:a:b:c@x", KM_URI_USER_CHARACTER }, { "sip:sip:a@x;p", KM_URI_OK },
		{ "sip:", KM_URI_NO_HOST }, { "sip:a@", KM_URI_NO_HOST }, { "sip:a@:5060", KM_URI_NO_HOST },
		{ "sip:a@;lr", KM_URI_NO_HOST }, { "sip:a@x_y", KM_URI_HOST }, { "sip:a@x..y", KM_URI_HOST },
		{ "sip:a@.x", KM_URI_HOST }, { "sip:a@-x", KM_URI_HOST }, { "sip:a@x-", KM_URI_HOST },
		{ "sip:a@x,y", KM_URI_HOST }, { "sip:a@192.0.2.256", KM_URI_HOST },
		{ "sip:a@192.0.2", KM_URI_HOST }, { "sip:a@[::1", KM_URI_HOST }, { "sip:a@[::g]", KM_URI_HOST },
		{ "sip:a@[]", KM_URI_HOST }, { "sip:a@[::1]x", KM_URI_HOST }, { "sip:a@2001:db8::1", KM_URI_HOST },
		{ "sip:a@[fe80::1%25eth0]", KM_URI_HOST }, { "sip:a@%65xample.org", KM_URI_HOST },
		{ "sip:a@x:", KM_URI_PORT }, { "sip:a@x:65536", KM_URI_PORT }, { "sip:a@x:5o60", KM_URI_PORT },
		{ "sip:a@x;", KM_URI_PARAMETER }, { "sip:a@x;p=", KM_URI_PARAMETER },
		{ "sip:a@x;=v", KM_URI_PARAMETER }, { "sip:a@x;;q", KM_URI_PARAMETER },
		{ "sip:a@x;p=a,b", KM_URI_PARAMETER }, { "sip:a@x;name", KM_URI_OK },
		{ "sip:a@x?", KM_URI_PARAMETER }, { "sip:a@x?h", KM_URI_PARAMETER },
		{ "tel:", KM_URI_NUMBER }, { "tel:+", KM_URI_NUMBER }, { "tel:alice", KM_URI_NUMBER },
		{ "tel:+44 77", KM_URI_SPACE }, { "tel:+4477@x", KM_URI_NUMBER }, { "tel:--", KM_URI_NUMBER },
		{ "tel:1001", KM_URI_LOCAL }, { "tel:1;phone-context=+", KM_URI_LOCAL },
		{ "tel:1;phone-context=+x", KM_URI_PARAMETER }, { "tel:+1;", KM_URI_PARAMETER },
	};
	char uri[KM_URI_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_fault(rows[i].uri, KM_URI_MEMBER, rows[i].fault);
	memset(uri, 'x', sizeof uri);
	memcpy(uri, "sip:a@", 6);
	assert_int_equal(km_uri_check(uri, KM_URI_MAX, 0), KM_URI_OK);
	assert_int_equal(km_uri_check(uri, KM_URI_MAX + 1, 0), KM_URI_LONG);
	assert_int_equal(km_uri_check("sip:\0a@x", 8, 0), KM_URI_CONTROL);
}

/* A GMS, a KMS and a group may be a host alone. */
static void only_a_member_needs_a_user(void **state)
{
	(void)state;
	assert_fault("sip:gms-psi.example.org", 0, KM_URI_OK);
	assert_fault("sip:[2001:db8::1]:5060;lr", 0, KM_URI_OK);
	assert_fault("sip:gms-psi.example.org", KM_URI_MEMBER, KM_URI_USER);
	assert_fault("sip:gms-psi.example.org", KM_URI_MEMBER | KM_URI_ANY_ID, KM_URI_USER);
	assert_fault("sip:@gms-psi.example.org", 0, KM_URI_USER);
}

static void any_identity_has_possible_characters(void **state)
{
	static const char *const right[] = {
		"alice@org.example", "bob", "1001", "+491234", "urn:uuid:0-1", "a:b", "al%ice",
	};

	(void)state;
	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		assert_fault(right[i], KM_URI_ANY_ID | KM_URI_MEMBER, KM_URI_OK);
		assert_fault(right[i], KM_URI_MEMBER, KM_URI_SCHEME);
	}
	assert_fault("alice@@x", KM_URI_ANY_ID, KM_URI_ATS);
	assert_fault("---", KM_URI_ANY_ID, KM_URI_CHARACTER);
	assert_fault(".", KM_URI_ANY_ID, KM_URI_CHARACTER);
	assert_fault("=HYPERLINK(A1)", KM_URI_ANY_ID, KM_URI_CELL);
	assert_fault("4.47E+11", KM_URI_ANY_ID, KM_URI_CELL);
	assert_fault("4E11@x", KM_URI_ANY_ID, KM_URI_OK);
	assert_fault("@x", KM_URI_ANY_ID, KM_URI_USER);
	assert_fault("alice@", KM_URI_ANY_ID, KM_URI_NO_HOST);
	assert_fault("<alice@x>", KM_URI_ANY_ID, KM_URI_BRACKETS);
	assert_fault("'alice@x", KM_URI_ANY_ID, KM_URI_QUOTES);
	assert_fault("ali\xe2\x80\x8b""ce@x", KM_URI_ANY_ID, KM_URI_INVISIBLE);
	assert_fault("al ice", KM_URI_ANY_ID, KM_URI_SPACE);
	assert_fault("{\"a\":1}", KM_URI_ANY_ID, KM_URI_CHARACTER);
	assert_fault("sip:", KM_URI_ANY_ID, KM_URI_NO_HOST);
	assert_fault("SIP:@", KM_URI_ANY_ID, KM_URI_USER);
	assert_fault("tel:x", KM_URI_ANY_ID, KM_URI_NUMBER);
}

static void what_others_made_is_taken_loosely(void **state)
{
	(void)state;
	assert_fault("kms.example.org", KM_URI_LOOSE, KM_URI_OK);
	assert_fault("<not a uri", KM_URI_LOOSE, KM_URI_SPACE);
	assert_fault("<\"#", KM_URI_LOOSE, KM_URI_OK);
	assert_fault("", KM_URI_LOOSE, KM_URI_EMPTY);
	assert_fault("\x1b", KM_URI_LOOSE, KM_URI_CONTROL);
	assert_fault("\xff", KM_URI_LOOSE, KM_URI_NOT_UTF8);
}

static void hosts_are_found(void **state)
{
	static const struct {
		const char *uri, *host;
	} rows[] = {
		{ "sip:gms@GMS.example.org", "gms.example.org" }, { "sips:gms.example.org", "gms.example.org" },
		{ "sip:gms@gms.example.org.:5060;lr?h=v", "gms.example.org" }, { "sip:a;b?c@x.org", "x.org" },
		{ "SIP:192.0.2.1", "192.0.2.1" }, { "sip:a@[2001:DB8:0:0::1]:5060", "[2001:db8::1]" },
		{ "sip:+44@x;user=phone", "x" }, { "sip:gms.example.org;x=@evil.org", "" },
		{ "sip:x@evil.org;y@gms.org", "" }, { "tel:+44", "" }, { "gms@x", "" }, { "sip:a@x y", "" },
		{ "sip:gms.example.org;x=y@evil.org", "evil.org" }, { "", "" },
	};
	char host[KM_URI_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		/* What stands before an '@' is a user, whatever it looks like. */
		const char *want = i == 7 ? "evil.org" : rows[i].host;

		assert_int_equal(km_uri_host(host, rows[i].uri, strlen(rows[i].uri)), strlen(want));
		assert_string_equal(host, want);
	}
}

static bool same(const char *a, const char *b)
{
	km_str x = { a, strlen(a) }, y = { b, strlen(b) };

	assert_int_equal(km_uri_same(x, y), km_uri_same(y, x));
	return km_uri_same(x, y);
}

/* The examples of RFC 3261 19.1.4, and more. */
static void the_same_is_the_same(void **state)
{
	(void)state;
	assert_true(same("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp"));
	assert_true(same("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"));
	assert_true(same("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"));
	assert_true(same("sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
			"sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"));
	assert_true(same("sip:alice@atlanta.com?subject=project%20x&priority=urgent",
			"sip:alice@atlanta.com?priority=urgent&subject=project%20x"));
	assert_true(same("<sip:a@x>", "SIP:a@X."));
	assert_true(same("sip:a@[2001:db8:0::1]", "sip:a@[2001:DB8::1]"));
	assert_true(same("tel:+44-77", "TEL:+4477"));
	assert_true(same("no uri", "no uri"));
	assert_false(same("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"));
	assert_false(same("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"));
	assert_false(same("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"));
	assert_false(same("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"));
	assert_false(same("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"));
	assert_false(same("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"));
	assert_false(same("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"));
	assert_false(same("sip:a@x", "sips:a@x"));
	assert_false(same("sip:a@x", "sip:x"));
	assert_false(same("sip:a%2Fb@x", "sip:a/b@x"));
	assert_true(same("sip:a%2Fb@x", "sip:a%2fb@x"));
	assert_false(same("sip:a@x;user=phone", "sip:a@x"));
	assert_false(same("tel:+44", "tel:+45"));
	assert_false(same("No uri", "no uri"));
	assert_false(same("", "sip:a@x"));
}

static bool twins(const char *a, const char *b)
{
	char x[KM_URI_MAX + 1], y[KM_URI_MAX + 1];
	size_t n = uri_twin(x, a, strlen(a));

	return n == uri_twin(y, b, strlen(b)) && memcmp(x, y, n) == 0;
}

static void one_user_in_two_ways(void **state)
{
	static const char *const ways[] = {
		"sip:Alice@X.org", "SIP:alice@x.org", "sip:alice@x.org:5060", "sip:alice@x.org;user=phone",
		"sip:%61lice@x.org", "sips:alice@x.org", "sip:alice@x.org.", "sip:alice@x.org?h=v", "Alice@x.org",
	};

	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		assert_true(twins("sip:alice@x.org", ways[i]));
	assert_true(twins("sip:+1-2@x", "sip:+12@x;user=phone"));
	assert_true(twins("tel:+1-2", "TEL:+12"));
	assert_true(twins("sip:a@[::1]", "sip:a@[0::1]:5060"));
	assert_true(twins("sip:a%2fb@x", "sip:a%2Fb@x"));
	assert_false(twins("sip:a%2fb@x", "sip:a/b@x"));
	assert_false(twins("sip:alice@x.org", "sip:bob@x.org"));
	assert_false(twins("sip:alice@x.org", "sip:alice@y.org"));
	assert_false(twins("tel:1;phone-context=a.org", "tel:1;phone-context=b.org"));
	assert_false(twins("tel:+12", "sip:+12@x"));
}

static void uris_broken_at_random_do_no_harm(void **state)
{
	static const char *const pieces[] = {
		"sip:", "SIPS:", "tel:", "a", "%41", "%", "@", ":", "[", "]", "::1", ";", "=", "?", "&", ".",
		"-", "+1", "\xc3\xa9", "\xe2\x80\x8b", "\xff", "<", ">", "phone-context=", "192.0.2.1", "x.org",
	};
	uint64_t seed = 7;

	(void)state;
	for (int round = 0; round < 60000; round++) {
		char text[256] = "";

		for (uint64_t n = draw(&seed) % 12; n > 0; n--)
			strcat(text, pieces[draw(&seed) % (sizeof pieces / sizeof *pieces)]);
		LLVMFuzzerTestOneInput((const uint8_t *)text, strlen(text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uris_of_users_pass),
		cmocka_unit_test(what_is_wrong_is_told_apart),
		cmocka_unit_test(only_a_member_needs_a_user),
		cmocka_unit_test(any_identity_has_possible_characters),
		cmocka_unit_test(what_others_made_is_taken_loosely),
		cmocka_unit_test(hosts_are_found),
		cmocka_unit_test(the_same_is_the_same),
		cmocka_unit_test(one_user_in_two_ways),
		cmocka_unit_test(uris_broken_at_random_do_no_harm),
	};

	return cmocka_run_group_tests_name("uri", tests, NULL, NULL);
}
