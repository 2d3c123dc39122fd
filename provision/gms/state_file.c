/* state_file.c -- the state of a GMS as text: what stands in the file, and whether it is whole. */
#include "state_file.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define HEAD_1 "keymuster-state 1\n"
#define HEAD_2 "keymuster-state 2\n"
enum { HEAD_LEN = sizeof HEAD_2 - 1, T_CHECK = 4, SUM_CHECK = 8 };

/* ---- T --------------------------------------------------------------------------------------- */

static void check_hex(char *hex, size_t octets, const char *text, size_t len)
{
	uint8_t hash[KM_HASH_BYTES];

	km_sha256(hash, (const uint8_t *)text, len);
	sodium_bin2hex(hex, 2 * octets + 1, hash, octets);
}

void state_print_t(char out[STATE_T_LEN + 1], uint64_t t)
{
	char check[2 * T_CHECK + 1];
	int len = snprintf(out, STATE_T_LEN + 1, HEAD_2 "t %016llx", (unsigned long long)t);

	check_hex(check, T_CHECK, out, (size_t)len);
	snprintf(out + len, STATE_T_LEN + 1 - (size_t)len, " %s\n", check);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Digits of a number in that base, exactly width of them unless width is 0. */
static bool take_number(uint64_t *n, const char **at, const char *end, int base, size_t width)
{
	const char *start = *at;

	for (*n = 0; *at < end; (*at)++) {
		const char *digits = "0123456789abcdef", *digit;

		if (width != 0 && *at == start + width)
			break;
		digit = memchr(digits, **at, (size_t)base);
		if (digit == NULL)
			break;
		if (*n > (UINT64_MAX - 15) / (unsigned)base)
			return false;
		*n = *n * (unsigned)base + (uint64_t)(digit - digits);
	}
	return width == 0 ? *at > start : *at == start + width;
}

static bool take_text(const char **at, const char *end, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(end - *at) < len || memcmp(*at, text, len) != 0)
		return false;
	*at += len;
	return true;
}

bool state_parse_t(uint64_t *t, const char *text, size_t len)
{
	const char *at = text + HEAD_LEN;
	char whole[STATE_T_LEN + 1];

	*t = 0;
	if (len < STATE_T_LEN || memcmp(text, HEAD_2 "t ", HEAD_LEN + 2) != 0)
		return false;
	at += 2;
	if (!take_number(t, &at, text + len, 16, 16))
		return false;
	state_print_t(whole, *t);
	if (memcmp(whole, text, STATE_T_LEN) == 0)
		return true;
	*t = 0;
	return false;
}

static void wrong(state_content *c, int line, const char *text)
{
	c->lost++;
	if (c->wrong != NULL)
		return;
	c->line = line;
	c->wrong = text;
}

state_id *state_find_id(const state_content *c, uint32_t gmk_id)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->ids[i].gmk_id == gmk_id)
			return &c->ids[i];
	}
	return NULL;
}

bool state_push_id(state_content *c, state_id id)
{
	if (c->n == c->room) {
		size_t more = c->room == 0 ? 16 : 2 * c->room;
		state_id *bigger = reallocarray(c->ids, more, sizeof *bigger);

		if (bigger == NULL)
			return false;
		c->ids = bigger;
		c->room = more;
	}
	c->ids[c->n++] = id;
	return true;
}

bool state_add_id(state_content *c, state_id id)
{
	state_id *known = state_find_id(c, id.gmk_id);

	if (known == NULL)
		return state_push_id(c, id);
	known->revoked = known->revoked || id.revoked;
	if (id.expiry == 0 || (known->expiry != 0 && id.expiry > known->expiry))
		known->expiry = id.expiry;
	return true;
}

bool state_merge(state_content *c, const state_content *more)
{
	if (more->t > c->t)
		c->t = more->t;
	for (size_t i = 0; i < more->n; i++) {
		if (!state_add_id(c, more->ids[i]))
			return false;
	}
	return true;
}

void state_content_free(state_content *c)
{
	free(c->gms);
	free(c->kms);
	free(c->ids);
	*c = (state_content){ 0 };
}

static bool take_uri(char **out, const char *at, const char *end)
{
	free(*out);
	*out = strndup(at, (size_t)(end - at));
	return *out != NULL;
}

/* A line behind the head, up to its '\n' at end.  false: out of memory. */
static bool take_line(state_content *c, int line, const char *at, const char *end)
{
	uint64_t gmk_id, expiry;
	bool revoked;

	if (c->version == 2 && take_text(&at, end, "gms "))
		return take_uri(&c->gms, at, end);
	if (c->version == 2 && take_text(&at, end, "kms "))
		return take_uri(&c->kms, at, end);
	revoked = c->version == 2 && take_text(&at, end, "revoked ");
	if ((!revoked && !take_text(&at, end, "gmk ")) ||
	    !take_number(&gmk_id, &at, end, 16, 8) || !take_text(&at, end, " ") ||
	    !take_number(&expiry, &at, end, 10, 0) || at != end) {
		wrong(c, line, "not a GMK-ID with its expiry: the state is damaged");
		return true;
	}
	return state_push_id(c, (state_id){ (uint32_t)gmk_id, revoked, expiry });
}

static bool take_lines(state_content *c, int line, const char *at, const char *end)
{
	for (; at < end; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		if (stop == NULL) {
			wrong(c, line, "the last line was cut: the state is damaged");
			return true;
		}
		if (!take_line(c, line, at, stop))
			return false;
		at = stop + 1;
	}
	return true;
}

/* "sum N CCCCCCCCCCCCCCCC": of all that follows. */
static void take_sum(state_content *c, const char **at, const char *end)
{
	const char *start = *at, *stop = memchr(start, '\n', (size_t)(end - start));
	char check[2 * SUM_CHECK + 1];
	uint64_t n, got = 0;

	if (!take_text(at, end, "sum ") || !take_number(&n, at, end, 10, 0) ||
	    !take_text(at, end, " ") || stop == NULL || stop - *at != 2 * SUM_CHECK) {
		wrong(c, 3, "no count of lines with its check: the state is damaged");
		*at = stop == NULL || memcmp(start, "sum", 3) != 0 ? start : stop + 1;
		return;
	}
	for (const char *s = stop + 1; s < end; s++)
		got += *s == '\n';
	check_hex(check, SUM_CHECK, stop + 1, (size_t)(end - stop - 1));
	if (got != n)
		wrong(c, 3,
				"another number of lines follows than this: the state was cut or "
				"changed");
	else if (memcmp(check, *at, 2 * SUM_CHECK) != 0)
		wrong(c, 3, "the check does not fit the lines that follow: the state was changed");
	if (c->wrong != NULL)
		c->lost--;                      /* no line of the content */
	*at = stop + 1;
}

bool state_parse(state_content *c, const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	static const char not_one[] = "not a state of keymuster, or damaged";

	*c = (state_content){ .version = 2 };
	if (len == 0)
		wrong(c, 1, "the state is empty");
	else if (take_text(&at, end, HEAD_1))
		c->version = 1;
	else if (!take_text(&at, end, HEAD_2))
		wrong(c, 1, not_one);
	if (c->wrong != NULL)
		return true;
	if (c->version == 1) {
		c->has_t = take_text(&at, end, "t ") && take_number(&c->t, &at, end, 16, 16) &&
				take_text(&at, end, "\n");
		if (!c->has_t)
			wrong(c, 1, not_one);
	} else {
		c->has_t = state_parse_t(&c->t, text, len);
		at = memchr(at, '\n', (size_t)(end - at));
		at = at == NULL ? end : at + 1;
		if (!c->has_t)
			wrong(c, 2, "not a T with its check: the state is damaged");
		take_sum(c, &at, end);
	}
	if (c->version == 1 && !c->has_t) {
		c->t = 0;
		return true;
	}
	if (!take_lines(c, c->version == 1 ? 3 : 4, at, end))
		return false;
	if (c->version == 2 && (c->gms == NULL || c->kms == NULL))
		wrong(c, 4, "does not say whose state it is: the state is damaged");
	return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

bool state_print(FILE *out, const state_content *c)
{
	char head[STATE_T_LEN + 1], check[2 * SUM_CHECK + 1];
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	bool done;

	if (f == NULL)
		return false;
	fprintf(f, "gms %s\nkms %s\n", c->gms, c->kms);
	for (size_t i = 0; i < c->n; i++)
		fprintf(f, "%s %08x %llu\n", c->ids[i].revoked ? "revoked" : "gmk",
				(unsigned)c->ids[i].gmk_id, (unsigned long long)c->ids[i].expiry);
	done = !ferror(f);
	done = fclose(f) == 0 && done;
	if (done) {
		state_print_t(head, c->t);
		check_hex(check, SUM_CHECK, text, len);
		fprintf(out, "%ssum %zu %s\n", head, c->n + 2, check);
		fwrite(text, 1, len, out);
	}
	free(text);
	return done;
}
