/* keyfile.c -- the file that keeps one group key: read, strictly. */
#include "keyfile.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/complain.h"
#include "base/file.h"
#include "base/json_lex.h"
#include "base/memlock.h"

enum { FILE_MAX = 256 << 20, SALT_OCTETS = 8 };         /* about 24 million members */
#define TIME_MAX (((int64_t)1 << 40) - 1)

static const char no_memory[] = "out of memory";

/* What was read so far; strings point into the text. */
typedef struct {
	key_parts parts;
	uint8_t gmk[KM_SSV_BYTES], rand[KM_RAND_BYTES];
	km_str groups[KM_GROUPS_MAX];
	uint8_t *salts;
	int64_t version;
} reading;

/* ---- elements -------------------------------------------------------------------------------- */

/* Each of these takes the value of one element, which is sound: NULL, or what is wrong with it.  No string holds
 * NUL: the lexer refuses it. */
typedef const char *taker(reading *r, json_lexer *value);

/* In its place: what is decoded is never longer. */
static bool take_string(json_lexer *l, km_str *s)
{
	if (!lex_take(l, '"'))
		return false;
	l->out = (char *)(uintptr_t)l->at;
	return lex_string(l, s);
}

static const char *take_version(reading *r, json_lexer *value)
{
	if (!lex_integer(value, &r->version) || r->version < 1 || r->version > 3)
		return "neither version 3, 2 nor 1, which are those that are known";
	return NULL;
}

static bool take_hex(uint8_t *out, size_t len, json_lexer *value)
{
	size_t got = 0;
	km_str hex;

	return take_string(value, &hex) && hex.len == 2 * len &&
			sodium_hex2bin(out, len, hex.s, hex.len, NULL, &got, NULL) == 0 && got == len;
}

static const char *take_gmk(reading *r, json_lexer *value)
{
	return take_hex(r->gmk, sizeof r->gmk, value) && !sodium_is_zero(r->gmk, sizeof r->gmk) ? NULL :
			"not 32 hex digits, or all 0";
}

static const char *take_gmk_id(reading *r, json_lexer *value)
{
	uint8_t id[4] = { 0 };

	if (!take_hex(id, sizeof id, value) || id[0] > 0x0f)
		return "not 8 hex digits of which the first is 0";
	r->parts.gmk_id = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
	return NULL;
}

static const char *take_rand(reading *r, json_lexer *value)
{
	return take_hex(r->rand, sizeof r->rand, value) && !sodium_is_zero(r->rand, sizeof r->rand) ? NULL :
			"not 32 hex digits, or all 0";
}

static const char *take_uri(km_str *uri, json_lexer *value)
{
	return take_string(value, uri) && km_uri_check(uri->s, uri->len, KM_URI_LOOSE) == KM_URI_OK ? NULL :
			"not a URI";
}

static const char *take_gms(reading *r, json_lexer *value)
{
	return take_uri(&r->parts.gms, value);
}

static const char *take_kms(reading *r, json_lexer *value)
{
	return take_uri(&r->parts.kms, value);
}

static const char *take_text(reading *r, json_lexer *value)
{
	km_str *text = &r->parts.params.text;

	return take_string(value, text) && text->len <= KM_TEXT_MAX ? NULL :
			"not a string of at most 1024 octets";
}

static const char *take_time(uint64_t *out, json_lexer *value)
{
	int64_t n;

	if (!lex_integer(value, &n) || n < 0 || n > TIME_MAX)
		return "not Unix seconds of at most 40 bits";
	*out = (uint64_t)n;
	return NULL;
}

static const char *take_activation(reading *r, json_lexer *value)
{
	return take_time(&r->parts.params.activation, value);
}

static const char *take_expiry(reading *r, json_lexer *value)
{
	return take_time(&r->parts.params.expiry, value);
}

/* How many values an array has. */
static size_t count(json_lexer array)
{
	size_t n = 0;

	if (lex_take(&array, ']'))
		return 0;
	while (lex_skip(&array)) {
		n++;
		if (!lex_take(&array, ','))
			break;
	}
	return n;
}

static const char *take_groups(reading *r, json_lexer *value)
{
	size_t n;

	if (!lex_take(value, '[') || (n = count(*value)) > KM_GROUPS_MAX)
		return "not an array of at most 255 URIs";
	for (size_t i = 0; i < n; i++) {
		const char *wrong = take_uri(&r->groups[i], value);

		if (wrong != NULL)
			return wrong;
		lex_take(value, ',');
	}
	r->parts.params.groups = r->groups;
	r->parts.params.n_groups = n;
	return NULL;
}

/* Is the word this one? */
static bool is_word(const json_lexer *value, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(value->end - value->at) >= len && memcmp(value->at, word, len) == 0;
}

static const char *take_flag(bool *flag, const json_lexer *value)
{
	*flag = is_word(value, "true");
	return *flag || is_word(value, "false") ? NULL : "neither true nor false";
}

static const char *take_revoked(reading *r, json_lexer *value)
{
	return take_flag(&r->parts.revoked, value);
}

static const char *take_salts(reading *r, json_lexer *value)
{
	size_t room, got = 0;
	km_str base64;

	if (!take_string(value, &base64))
		return "not a string";
	room = base64.len / 4 * 3 + 3;
	r->salts = malloc(room);
	if (r->salts == NULL)
		return no_memory;
	if (sodium_base642bin(r->salts, room, base64.s, base64.len, NULL, &got, NULL,
			sodium_base64_VARIANT_ORIGINAL) != 0 || got % SALT_OCTETS != 0)
		return "not base64 of 8 octets a member";
	for (size_t i = 0; i < got; i += SALT_OCTETS) {
		if (r->salts[i] > 0x0f)
			return "a user salt of more than 28 bits";
	}
	r->parts.old_salts = r->salts;
	r->parts.n_old_salts = got / SALT_OCTETS;
	return NULL;
}

static const char *take_authority(reading *r, json_lexer *value)
{
	km_str word = { "", 0 };

	if (take_string(value, &word) && word.len == 3 && memcmp(word.s, "psi", 3) == 0)
		r->parts.authority = KM_AUTHORITY_PSI;
	else if (word.len == 6 && memcmp(word.s, "listed", 6) == 0)
		r->parts.authority = KM_AUTHORITY_LISTED;
	else
		return "neither \"psi\" nor \"listed\"";
	return NULL;
}

static const char *take_shared(reading *r, json_lexer *value)
{
	bool is_shared;
	const char *wrong = take_flag(&is_shared, value);

	r->parts.shared = is_shared ? KM_SHARED_WITH_GATEWAY : KM_SHARED_NO;
	return wrong;
}

/* In the order in which they are looked at, the version first; in one of these alone, or in all (0). */
static const struct {
	const char *name;
	taker *take;
	int64_t version;
} elements[] = {
	{ "version", take_version, 0 }, { "gmk", take_gmk, 0 }, { "gmk_id", take_gmk_id, 0 },
	{ "rand", take_rand, 0 }, { "gms", take_gms, 0 }, { "kms", take_kms, 0 }, { "text", take_text, 0 },
	{ "activation", take_activation, 0 }, { "expiry", take_expiry, 0 }, { "groups", take_groups, 0 },
	{ "revoked", take_revoked, 0 }, { "salts", take_salts, 1 }, { "authority", take_authority, 3 },
	{ "shared", take_shared, 3 },
};
enum { N_ELEMENTS = sizeof elements / sizeof *elements };

/* ---- the object ------------------------------------------------------------------------------ */

/* Where each element's value begins, and how many members the object has. */
typedef struct {
	bool is_one;                    /* and no array */
	const char *value[N_ELEMENTS];  /* NULL: missing */
	size_t n;
} object;

/* A name behind its first quote: the number of an element, or N_ELEMENTS of none.  false: it is not sound. */
static bool take_name(json_lexer *l, size_t *element)
{
	char decoded[96];       /* of names that are known, escaped in full */
	json_lexer start = *l;
	km_str name = { "", 0 };

	*element = N_ELEMENTS;
	if (!lex_string(l, &name))
		return false;
	if ((size_t)(l->at - start.at) > sizeof decoded)
		return true;
	start.out = decoded;
	if (!lex_string(&start, &name))
		return false;
	for (size_t i = 0; i < N_ELEMENTS; i++) {
		if (name.len == strlen(elements[i].name) && memcmp(name.s, elements[i].name, name.len) == 0)
			*element = i;
	}
	return true;
}

static bool take_member(json_lexer *l, object *o)
{
	size_t element;

	if (!lex_take(l, '"') || !take_name(l, &element) || !lex_take(l, ':'))
		return false;
	lex_space(l);
	if (element < N_ELEMENTS) {
		if (o->value[element] != NULL)
			return false;
		o->value[element] = l->at;
	}
	o->n++;
	return lex_skip(l);
}

/* Behind its brace. */
static bool take_object(json_lexer *l, object *o)
{
	if (lex_take(l, '}'))
		return true;
	do {
		if (!take_member(l, o))
			return false;
	} while (lex_take(l, ','));
	return lex_take(l, '}');
}

/* All of the text, an object or an array.  false: it is no JSON, and l stands where that is seen. */
static bool take_all(json_lexer *l, object *o)
{
	o->is_one = lex_take(l, '{');
	if (!o->is_one && (l->at == l->end || *l->at != '['))
		return false;
	if (!(o->is_one ? take_object(l, o) : lex_skip(l)))
		return false;
	lex_space(l);
	return l->at == l->end;
}

static km_err refuse(const char *name, const char *element, const char *text, km_complaint *why)
{
	complain(why, name, 0, element, text);
	return text == no_memory ? KM_ENOMEM : KM_EFORMAT;
}

/* Every element of the version, and nothing else. */
static km_err take_elements(reading *r, const object *o, const char *end, const char *name, km_complaint *why)
{
	size_t n = 0;

	for (size_t i = 0; i < N_ELEMENTS; i++) {
		json_lexer value = { o->value[i], end, NULL };
		const char *wrong = "is missing";

		if (elements[i].version != 0 && elements[i].version != r->version)
			continue;
		if (o->value[i] != NULL)
			wrong = elements[i].take(r, &value);
		if (wrong != NULL)
			return refuse(name, elements[i].name, wrong, why);
		n++;
	}
	if (o->n != n)
		return refuse(name, NULL, "holds an element that is not known", why);
	return KM_OK;
}

/* Would clients ask the PSI rule and take the key?  A member without a host is under no GMS's. */
static bool is_for_psi(const key_parts *parts)
{
	const keyparams *p = &parts->params;
	const km_str nobody = { "tel:+1", 6 };

	for (size_t i = 0; i < p->n_groups; i++) {
		if (!km_psi_rule(parts->gms, p->groups[i], nobody))
			return false;
	}
	return p->n_groups > 0;
}

static km_err make_key(km_key **key, reading *r, const char *name, km_complaint *why)
{
	const keyparams *p = &r->parts.params;
	km_complaint said;
	km_err err;

	if (p->expiry != 0 && p->activation > p->expiry)
		return refuse(name, "expiry", "before the activation", why);
	if (r->parts.authority == KM_AUTHORITY_PSI && !is_for_psi(&r->parts))
		return refuse(name, "groups", "none, or one under another host than the GMS, with the authority psi", why);
	if (keyparams_size(p) == 0)
		return refuse(name, "groups", "too long together for the key parameters", why);
	r->parts.gmk = r->gmk;
	r->parts.rand = r->rand;
	r->parts.rand_len = sizeof r->rand;
	if (r->version < 3)
		r->parts.shared = KM_SHARED_NO;
	err = key_make(key, &r->parts, &said);
	if (err != KM_OK)
		complain(why, name, 0, NULL, said.text);
	return err;
}

static int line_of(const char *text, const char *at)
{
	int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

km_err keyfile_parse(km_key **key, char *text, size_t len, const char *name, km_complaint *why)
{
	json_lexer l = { text, text + len, NULL };
	object o = { .n = 0 };
	reading r = { .version = 0 };
	km_err err;

	*key = NULL;
	if (!take_all(&l, &o)) {
		complain(why, name, line_of(text, l.at), NULL, "not JSON");
		return KM_EFORMAT;
	}
	if (!o.is_one)
		return refuse(name, NULL, "not a group key: one JSON object is expected", why);
	err = take_elements(&r, &o, l.end, name, why);
	if (err == KM_OK)
		err = make_key(key, &r, name, why);
	free(r.salts);
	km_wipe(&r, sizeof r);
	return err;
}

/* ---- sealed ---------------------------------------------------------------------------------- */

const char keyfile_sealed[] = "keymuster-sealed 1\n";
_Static_assert(sizeof keyfile_sealed - 1 == KEYFILE_SEALED, "the line");

static bool is_sealed(const void *data, size_t len)
{
	return len >= KEYFILE_SEALED && memcmp(data, keyfile_sealed, KEYFILE_SEALED) == 0;
}

km_err keyfile_unseal(km_key **key, const uint8_t *sealed, size_t len, const km_seal *seal, const char *name,
		km_complaint *why)
{
	size_t text_len;
	char *text;
	km_err err;

	*key = NULL;
	if (!is_sealed(sealed, len) || len < KEYFILE_SEALED + SEAL_MORE)
		return refuse(name, NULL, "not a sealed group key", why);
	if (seal_is_none(seal))
		return refuse(name, NULL, "sealed: the key that it is sealed under is wanted", why);
	text_len = len - KEYFILE_SEALED - SEAL_MORE;
	text = memlock_start() ? sodium_malloc(text_len) : NULL;
	if (text == NULL)
		return refuse(name, NULL, no_memory, why);
	if (seal_take(text, seal, keyfile_sealed, KEYFILE_SEALED, sealed + KEYFILE_SEALED, len - KEYFILE_SEALED))
		err = keyfile_parse(key, text, text_len, name, why);
	else
		err = refuse(name, NULL, "sealed under another key, or damaged", why);
	sodium_free(text);
	return err;
}

km_err keyfile_read(km_key **key, const char *name, const km_seal *seal, km_complaint *why)
{
	char *data;
	size_t len;
	km_err err;

	*key = NULL;
	if (strcmp(name, "-") == 0)
		name = "/dev/stdin";
	if (!file_read(&data, &len, name, FILE_MAX, why))
		return KM_EIO;
	if (is_sealed(data, len))
		err = keyfile_unseal(key, (const uint8_t *)data, len, seal, name, why);
	else
		err = keyfile_parse(key, data, len, name, why);
	file_free(data);
	return err;
}
