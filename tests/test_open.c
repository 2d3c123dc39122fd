/* test_open.c -- messages as others make them: the PSI rule by hosts, what stands inside, what is let
 * through, and what is remarked on. */
#include "util_own.h"

#include <stdlib.h>
#include <string.h>

#include "provision/base/complain.h"
#include "provision/message/keyparams.h"

static const char *const everybody[] = {OWN_GMS, OWN_ALICE, OWN_BOB, NULL};
static km_keyring *ring;
static km_complaint why;

static int start(void **state)
{
	if (own_start(state) != 0)
		return -1;
	ring = own_ring(everybody);
	return 0;
}

static int stop(void **state)
{
	km_keyring_free(ring);
	return own_stop(state);
}

static km_str str(const char *s)
{
	return (km_str){s, strlen(s)};
}

/* ---- hosts -------------------------------------------------------------------------------------- */

static void the_psi_rule_compares_hosts(void **state)
{
	static const struct {
		const char *gms, *group, *member;
		bool may;
	} rows[] = {
		{"sip:gms@p.example.org", "sip:g@p.example.org", "sip:a@example.org", true},
		{"sip:p.example.org", "sip:g@p.example.org", "sip:a@example.org", true},
		{"sips:p.example.org", "sip:g@p.example.org", "sip:a@example.org", true},
		{"sip:p.example.org:5061;lr", "sip:g@p.example.org", "sip:a@example.org", true},
		{"sip:p.example.org", "sip:p.example.org", "sip:a@example.org", true},
		{"sip:gms@p.example.org.", "sip:g@p.example.org", "sip:a@example.org", true},
		{"sip:gms@p.example.org", "sip:g@p.example.org.", "sip:a@example.org", true},
		{"sip:gms@P.Example.ORG", "SIP:g@p.example.org", "sip:a@example.org", true},
		{"sip:gms@p.example.org", "sip:g@p.example.org;user=phone", "sip:a@example.org", true},
		{"sip:gms@p.example.org;transport=tls", "sip:g@p.example.org", "sip:a@example.org", true},
		{"sip:gms@p.example.org", "sip:g;area=7@p.example.org", "sip:a@example.org", true},
		{"sip:gms@p.example.org", "sip:g?x@p.example.org", "sip:a@example.org", true},
		{"sip:gms@p.example.org", "sip:g@p.example.org:5060", "sip:a@example.org", true},
		{"sip:gms@p.example.org", "sip:g@p.example.org?Subject=x", "sip:a@example.org", true},
		{"sip:gms@p.example.org", "sip:g:pw@p.example.org", "sip:a@example.org", true},
		{"sip:gms@[2001:db8::7]", "sip:g@[2001:db8::7]", "sip:a@example.org", true},
		{"sip:gms@[2001:db8::7]", "sip:g@[2001:DB8:0:0:0:0:0:7]", "sip:a@example.org", true},
		{"sip:gms@[2001:db8::7]:5060", "sip:g@[2001:db8::0:7];lr", "sip:a@example.org", true},
		{"sip:gms@[::ffff:192.0.2.1]", "sip:g@[::ffff:c000:201]", "sip:a@example.org", true},
		{"sip:gms@192.0.2.1", "sip:g@192.0.2.1", "sip:a@example.org", true},
		{"sip:gms@xn--bcher-kva.example", "sip:g@XN--bcher-kva.example", "sip:a@example.org", true},
		{"sip:gms@p.example.org", "sip:g@p.example.org", "tel:+15551234", true},
		{"sip:gms@p.example.org", "sip:g@p.example.org", "alice@example.org", true},
		{"sip:gms@p.example.org", "sip:g@p.example.org", "alice", true},
		{"sip:gms@p.example.org", "sip:g@p.example.org", "", true},
		/* another host */
		{"sip:gms@p.example.org", "sip:g@example.org", "sip:a@example.net", false},
		{"sip:gms@p.example.org", "sip:g@x.p.example.org", "sip:a@example.org", false},
		{"sip:gms@p.example.org", "sip:p.example.org@example.net", "sip:a@example.org", false},
		{"sip:gms@p.example.org", "sip:g@example.net;h=p.example.org", "sip:a@example.org", false},
		{"sip:gms@p.example.org", "sip:g@example.net?to=p.example.org", "sip:a@example.org", false},
		{"sip:gms@[2001:db8::7]", "sip:g@[2001:db8::8]", "sip:a@example.org", false},
		{"sip:gms@[2001:db8::7]", "sip:g@2001:db8::7", "sip:a@example.org", false},
		{"sip:gms@192.0.2.1", "sip:g@192.0.2.10", "sip:a@example.org", false},
		/* no host */
		{"sip:gms@p.example.org", "tel:+15551234", "sip:a@example.org", false},
		{"tel:+15551234", "tel:+15551234", "sip:a@example.org", false},
		{"sip:gms@p.example.org", "g@p.example.org", "sip:a@example.org", false},
		{"sip:gms@p.example.org", "sip:g@x@p.example.org", "sip:a@example.org", false},
		{"sip:gms@p.example.org", "sip:@p.example.org", "sip:a@example.org", false},
		{"sip:gms@p.example.org", "sip:g@[p.example.org]", "sip:a@example.org", false},
		{"", "", "sip:a@example.org", false},
		/* the member lives there */
		{"sip:gms@p.example.org", "sip:g@p.example.org", "sip:a@p.example.org", false},
		{"sip:gms@p.example.org", "sip:g@p.example.org", "sip:a@P.EXAMPLE.ORG.:5060;user=phone", false},
		{"sip:gms@[2001:db8::7]", "sip:g@[2001:db8::7]", "sip:a@[2001:db8:0::7]", false},
		{"sip:gms@p.example.org", "sip:g@p.example.org", "a@P.example.org", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (km_psi_rule(str(rows[i].gms), str(rows[i].group), str(rows[i].member)) != rows[i].may)
			fail_msg("row %zu: %s, %s, %s", i, rows[i].gms, rows[i].group, rows[i].member);
}

/* ---- messages ----------------------------------------------------------------------------------- */

static void sign(uint8_t *msg, size_t len, size_t signed_len)
{
	assert_int_equal(km_eccsi_sign(msg + len - KM_SIG_BYTES, msg, signed_len,
			km_keyring_keys_at(ring, 0)->signer, NULL), KM_OK);
}

static void resign(own_message *m)
{
	sign(m->msg, m->len, m->len - KM_SIG_BYTES);
}

static km_reason open_it(message_opened *out, const own_message *m, unsigned compat)
{
	open_how how = own_how(m);

	how.compat = compat;
	how.why = &why;
	return own_open(out, ring, m->msg, m->len, &how, NULL);
}

static uint8_t *protected_payload(own_message *m)
{
	mikey_msg parsed;

	assert_true(mikey_parse(&parsed, m->msg, m->len, 0, NULL));
	return m->msg + (parsed.protected_payload.data - m->msg);
}

/* The message with another content of the same length. */
static void put_content(own_message *m, const uint8_t *content)
{
	keyparams_cipher *cipher = keyparams_cipher_new();
	mikey_msg parsed;

	assert_non_null(cipher);
	assert_true(mikey_parse(&parsed, m->msg, m->len, 0, NULL));
	assert_true(keyparams_protect(protected_payload(m), cipher, m->job.gmk, parsed.csb_id, m->iv, 1,
			content, m->content_len));
	keyparams_cipher_free(cipher);
	resign(m);
}

static void what_decrypts_and_is_refused_has_its_own_reason(void **state)
{
	static message_opened out;
	own_message m;

	(void)state;
	own_get(&m, 0, ring);
	put_content(&m, m.content); /* as it was */
	assert_int_equal(open_it(&out, &m, 0), KM_R_OK);
	m.content[16] ^= 0x40; /* the length of the text */
	put_content(&m, m.content);
	assert_int_equal(open_it(&out, &m, 0), KM_R_PARAMETERS);
	assert_non_null(strstr(why.text, "end too early"));
	m.content[16] ^= 0x40;
	m.content[m.content_len - 1] = ' '; /* in a group */
	put_content(&m, m.content);
	assert_int_equal(open_it(&out, &m, 0), KM_R_PARAMETERS);
	assert_non_null(strstr(why.text, "a group"));

	own_get(&m, 0, ring);
	protected_payload(&m)[-3] = 8; /* a General Extension of another type: no parameters */
	resign(&m);
	assert_int_equal(open_it(&out, &m, 0), KM_R_PARAMETERS);
	own_get(&m, 0, ring);
	protected_payload(&m)[28] ^= 1; /* DPPK-ID */
	resign(&m);
	assert_int_equal(open_it(&out, &m, 0), KM_R_PARAMETERS);
	own_get(&m, 0, ring);
	protected_payload(&m)[11] = 2; /* algorithm */
	resign(&m);
	assert_int_equal(open_it(&out, &m, 0), KM_R_PARAMETERS);
	own_get(&m, 0, ring);
	protected_payload(&m)[40] ^= 1; /* what is encrypted */
	resign(&m);
	assert_int_equal(open_it(&out, &m, 0), KM_R_DECRYPT);
}

static void a_key_may_serve_255_groups(void **state)
{
	static message_opened out;
	static char uris[KM_GROUPS_MAX][64];
	static uint8_t buf[32768];
	own_message m;
	own_made made;

	(void)state;
	own_get(&m, 0, ring);
	m.job.params.n_groups = KM_GROUPS_MAX;
	for (size_t i = 0; i < KM_GROUPS_MAX; i++) {
		snprintf(uris[i], sizeof uris[i], "sip:a-group-of-some-length-%zu@gms-psi.example.org", i);
		m.job.groups[i] = str(uris[i]);
	}
	assert_int_equal(own_make(&made, buf, sizeof buf, &m.job, OWN_ALICE, m.ntp64, NULL), KM_OK);
	assert_int_equal(own_open(&out, ring, made.msg, made.len, &(open_how){.window = -1}, NULL), KM_R_OK);
	assert_int_equal(out.params.n_groups, 255);
	assert_memory_equal(out.params.groups[254].s, uris[254], strlen(uris[254]));
}

static void what_others_send_is_let_through_where_it_is_said(void **state)
{
	static message_opened out;
	own_message m;

	(void)state;
	own_get(&m, 0, ring);
	sign(m.msg, m.len, m.len - KM_SIG_BYTES - 2);
	assert_int_equal(open_it(&out, &m, KM_COMPAT_KMS_ROLE_3 | KM_COMPAT_PRF_0), KM_R_SIGNATURE);
	assert_non_null(strstr(why.text, "KM_COMPAT_SIGN_WITHOUT_HEADER"));
	assert_int_equal(open_it(&out, &m, KM_COMPAT_SIGN_WITHOUT_HEADER), KM_R_OK);
	assert_int_equal(out.remarks, KM_REMARK_SIGN_HEADER);
	m.msg[m.len - 100] ^= 1;
	assert_int_equal(open_it(&out, &m, KM_COMPAT_SIGN_WITHOUT_HEADER), KM_R_SIGNATURE);
	assert_string_equal(why.text, "");

	own_get(&m, 0, ring);
	m.msg[97] = m.msg[117] = 3; /* roles of both KMSs */
	resign(&m);
	assert_int_equal(open_it(&out, &m, 0), KM_R_PARSE);
	assert_string_equal(why.text, "octet 97: IDR role 3, where TS 33.180 has 1, 2, 6, 7, 8, 9: "
			"it is let through by KM_COMPAT_KMS_ROLE_3");
	assert_int_equal(open_it(&out, &m, KM_COMPAT_KMS_ROLE_3), KM_R_OK);
	assert_int_equal(out.remarks, KM_REMARK_KMS_ROLE);

	own_get(&m, 0, ring);
	m.msg[3] = 0; /* PRF func */
	resign(&m);
	assert_int_equal(open_it(&out, &m, 0), KM_R_PARSE);
	assert_int_equal(open_it(&out, &m, KM_COMPAT_PRF_0), KM_R_OK);
	assert_int_equal(out.remarks, KM_REMARK_PRF);
}

static void remarks_are_of_what_is_accepted(void **state)
{
	static message_opened out;
	own_message m;
	open_how how;

	(void)state;
	own_get(&m, 4, ring); /* a revocation, of a key that nobody holds */
	assert_int_equal(open_it(&out, &m, 0), KM_R_OK);
	assert_true(out.revoked);
	assert_int_equal(out.remarks, KM_REMARK_REVOKES_UNKNOWN);
	assert_string_equal(km_remark_name(out.remarks), "revokes-unknown-key");
	own_get(&m, 0, ring);
	how = own_how(&m);
	how.window = -1;
	how.now = (int64_t)m.job.params.expiry - 1;
	assert_int_equal(own_open(&out, ring, m.msg, m.len, &how, NULL), KM_R_OK);
	assert_int_equal(out.remarks, 0);
	how.now++;
	assert_int_equal(own_open(&out, ring, m.msg, m.len, &how, NULL), KM_R_OK);
	assert_int_equal(out.remarks, KM_REMARK_EXPIRED);
}

static void the_signalling_names_uris_as_rfc_3261_compares_them(void **state)
{
	static message_opened out;
	own_message m, hidden;
	open_how how;

	(void)state;
	own_get(&m, 0, ring);
	own_get(&hidden, 2, ring);
	how = own_how(&m);
	how.from = str("<SIP:gms@GMS-PSI.example.org>");
	how.group = str("<sip:fire-1@GMS-PSI.Example.org>");
	assert_int_equal(own_open(&out, ring, m.msg, m.len, &how, NULL), KM_R_OK);
	assert_int_equal(own_open(&out, ring, hidden.msg, hidden.len, &how, NULL), KM_R_SENDER);
	how.from = str("<sip:gms@gms-psi.example.org>"); /* a UID is of its octets */
	assert_int_equal(own_open(&out, ring, hidden.msg, hidden.len, &how, NULL), KM_R_OK);
	assert_int_equal(out.gms.len, strlen(OWN_GMS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_psi_rule_compares_hosts),
		cmocka_unit_test(what_decrypts_and_is_refused_has_its_own_reason),
		cmocka_unit_test(a_key_may_serve_255_groups),
		cmocka_unit_test(what_others_send_is_let_through_where_it_is_said),
		cmocka_unit_test(remarks_are_of_what_is_accepted),
		cmocka_unit_test(the_signalling_names_uris_as_rfc_3261_compares_them),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
