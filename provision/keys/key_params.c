/* key_params.c -- what a caller says of a new key: is it all there, would clients take it, is it what the key says? */
#include "key.h"

#include <string.h>

#include "base/complain.h"
#include "base/escape.h"

enum { MEMBERS_MAX = 20000 };           /* whose salts are made to differ: of more, hardly a draw succeeds */
#define TIME_MAX (((int64_t)1 << 40) - 1)

/* ---- times ----------------------------------------------------------------------------------- */

static bool is_whole(km_time t)
{
	return t.fraction == 0 && t.seconds > 0 && t.seconds <= TIME_MAX;
}

static bool is_unlimited(km_time t, int64_t word)
{
	return t.seconds == word && t.fraction == 0;
}

static km_err check_times(const km_key_params *p, km_time now, km_time last_t, km_complaint *why)
{
	const char *wrong = NULL;

	if (!is_unlimited(p->activation, KM_AT_ONCE) && !is_whole(p->activation))
		return complain_field(why, "activation", "neither KM_AT_ONCE nor whole Unix seconds from 1 to 2^40 - 1");
	if (is_unlimited(p->expiry, KM_NEVER))
		return KM_OK;
	if (!is_whole(p->expiry))
		wrong = "neither KM_NEVER nor whole Unix seconds from 1 to 2^40 - 1";
	else if (p->expiry.seconds <= p->activation.seconds)
		wrong = "not after the activation";
	else if (p->expiry.seconds <= now.seconds)
		wrong = "not after now";
	else if (p->expiry.seconds <= last_t.seconds)
		wrong = "not after the T of this GMS: the key would never be of use";
	return wrong == NULL ? KM_OK : complain_field(why, "expiry", wrong);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool is_text(km_str s)
{
	unsigned long point;

	for (size_t i = 0, n; i < s.len; i += n) {
		n = escape_utf8(&point, s.s + i, s.len - i);
		if (n == 0 || point == 0)
			return false;
	}
	return true;
}

static bool has_host_of(km_str group, km_str gms)
{
	char of_group[KM_URI_MAX + 1], of_gms[KM_URI_MAX + 1];
	size_t len = km_uri_host(of_group, group.s, group.len);

	return len != 0 && len == km_uri_host(of_gms, gms.s, gms.len) && memcmp(of_group, of_gms, len) == 0;
}

static km_err check_group(const km_key_params *p, size_t i, km_str gms, km_complaint *why)
{
	const km_str group = p->groups[i];
	km_uri_fault fault = group.s == NULL ? KM_URI_EMPTY : km_uri_check(group.s, group.len, 0);

	if (fault != KM_URI_OK)
		return complain_field(why, "groups", km_uri_fault_text(fault));
	for (size_t k = 0; k < i; k++) {
		if (km_uri_same(group, p->groups[k]))
			return complain_field(why, "groups", "one stands there twice");
	}
	if (p->authority == KM_AUTHORITY_PSI && !has_host_of(group, gms))
		return complain_field(why, "groups", "under another host than the GMS, where the PSI rule of clients refuses "
				"the key (KM_AUTHORITY_LISTED: they have lists)");
	return KM_OK;
}

static km_err check_groups(const km_key_params *p, km_str gms, km_complaint *why)
{
	km_err err = KM_OK;

	if (p->groups == NULL)
		return complain_field(why, "groups", "missing: what the key is for");
	if (p->n_groups == 0 || p->n_groups > KM_GROUPS_MAX)
		return complain_field(why, "n_groups", "not from 1 to 255");
	for (size_t i = 0; err == KM_OK && i < p->n_groups; i++)
		err = check_group(p, i, gms, why);
	return err;
}

static km_err check_members(const km_key_params *p, km_complaint *why)
{
	if (p->n_members == KM_MEMBERS_LATER)
		return KM_OK;
	if (p->n_members == 0 || p->n_members > MEMBERS_MAX)
		return complain_field(why, "n_members", "neither KM_MEMBERS_LATER nor from 1 to 20000");
	if (p->members == NULL)
		return complain_field(why, "members", "missing");
	for (size_t i = 0; i < p->n_members; i++) {
		const km_str m = p->members[i];

		if (m.s == NULL || km_uri_check(m.s, m.len, KM_URI_LOOSE) != KM_URI_OK)
			return complain_field(why, "members", "one is not a URI");
	}
	return KM_OK;
}

km_err key_params_check(const km_key_params *p, km_str gms, km_time now, km_time last_t, km_complaint *why)
{
	keyparams all;
	km_err err;

	if (p->struct_size != sizeof *p)
		return complain_field(why, "struct_size", "not that of a km_key_params of this library");
	err = check_times(p, now, last_t, why);
	if (err != KM_OK)
		return err;
	if (p->text.len > KM_TEXT_MAX || (p->text.len != 0 && (p->text.s == NULL || !is_text(p->text))))
		return complain_field(why, "text", "not UTF-8 of at most 1024 octets without NUL");
	if (p->authority != KM_AUTHORITY_PSI && p->authority != KM_AUTHORITY_LISTED)
		return complain_field(why, "authority", "not one of KM_AUTHORITY_*");
	if (p->shared != KM_SHARED_NO && p->shared != KM_SHARED_WITH_GATEWAY)
		return complain_field(why, "shared", "not one of KM_SHARED_*");
	err = check_groups(p, gms, why);
	if (err != KM_OK)
		return err;
	all = key_params_parts(p).params;
	if (keyparams_size(&all) == 0)
		return complain_field(why, "groups", "too long together for the key parameters");
	return check_members(p, why);
}

/* ---- as a key has them ----------------------------------------------------------------------- */

key_parts key_params_parts(const km_key_params *p)
{
	return (key_parts){
		.params = {
			.activation = p->activation.seconds == KM_AT_ONCE ? 0 : (uint64_t)p->activation.seconds,
			.expiry = p->expiry.seconds == KM_NEVER ? 0 : (uint64_t)p->expiry.seconds,
			.text = p->text, .groups = p->groups, .n_groups = p->n_groups,
		},
		.authority = p->authority, .shared = p->shared,
	};
}

static bool same(km_str a, km_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

km_err key_params_same(const km_key_params *params, const km_key *key, km_complaint *why)
{
	const key_parts p = key_params_parts(params);
	const char *differs = NULL;

	if (p.params.activation != key->params.activation)
		differs = "activation";
	else if (p.params.expiry != key->params.expiry)
		differs = "expiry";
	else if (!same(p.params.text, key->params.text))
		differs = "text";
	else if (p.params.n_groups != key->params.n_groups)
		differs = "n_groups";
	else if (p.authority != key->authority)
		differs = "authority";
	else if (p.shared != key->shared)
		differs = "shared";
	for (size_t i = 0; differs == NULL && i < p.params.n_groups; i++) {
		if (!same(p.params.groups[i], key->params.groups[i]))
			differs = "groups";
	}
	return differs == NULL ? KM_OK : complain_field(why, differs, "differs from what the key says");
}
