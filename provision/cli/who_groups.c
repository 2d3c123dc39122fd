/* who_groups.c -- keymuster who --groups: who was given which key, for all groups of a state. */
#include "who.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "gms/given.h"

typedef struct {
	bool text;
	int64_t now;
	const state_content *state;     /* of the GMS whose journals are listed */
	uint64_t keys, has, unsure;
	int code;
} listing;

static void fail(listing *l, int code, const char *text)
{
	cli_error("%s", text);
	l->code = code > l->code ? code : l->code;
}

/* ---- a line ---------------------------------------------------------------------------------- */

static const char *status_of(const listing *l, uint32_t gmk_id, uint64_t expiry)
{
	const state_id *id = state_find_id(l->state, gmk_id);

	if (id != NULL && id->revoked)
		return "revoked";
	if (expiry != 0 && (int64_t)expiry <= l->now)
		return "expired";
	return id == NULL ? "unknown" : "active";
}

static const char *word_of(const km_holder *one)
{
	return one->is_told ? "revoked" : one->has == KM_HAS_IT ? "has" : "unsure";
}

static void put(const listing *l, const char *group, const journal_key *key, const km_holder *one)
{
	const char *status = status_of(l, key->gmk_id, key->expiry);

	if (l->text) {
		escape_print(stdout, group, strlen(group));
		printf("\t%08x\t%s\t%s\t", (unsigned)key->gmk_id, status, word_of(one));
		escape_print(stdout, one->uri.len == 0 ? "-" : one->uri.s, one->uri.len == 0 ? 1 : one->uri.len);
		putchar('\n');
		return;
	}
	fputs("{\"group\":", stdout);
	escape_json(stdout, group, strlen(group));
	printf(",\"gmk_id\":\"%08x\",\"status\":\"%s\",\"uri\":", (unsigned)key->gmk_id, status);
	if (one->uri.len == 0)
		fputs("null", stdout);          /* an older version kept none */
	else
		escape_json(stdout, one->uri.s, one->uri.len);
	printf(",\"key\":\"%s\"}\n", word_of(one));
}

/* ---- a key ----------------------------------------------------------------------------------- */

typedef struct {
	km_given *given;
	uint32_t gmk_id;
} marks;

static void put_mark(void *ctx, journal_kind kind, uint32_t salt, const char *uri, size_t len, bool sure)
{
	const marks *m = ctx;
	const km_mark mark = {
		.gmk_id = m->gmk_id, .what = kind == JOURNAL_TOLD ? KM_REVOKE : KM_GIVE, .salt = salt, .is_sure = sure,
		.uri = { uri, len },
	};
	const int put = km_given_put(m->given, &mark);

	(void)put;                              /* given_settle says what went wrong */
}

static void put_holders(listing *l, const journal_key *key, const km_given *given)
{
	const size_t n_groups = key->n_groups == 0 ? 1 : key->n_groups;
	km_holder one = { .struct_size = sizeof one };

	for (size_t i = 0; km_given_at(&one, given, i); i++) {
		l->has += one.has == KM_HAS_IT;
		l->unsure += one.has != KM_HAS_IT;
	}
	for (size_t g = 0; g < n_groups && !cli_interrupted; g++) {
		for (size_t i = 0; km_given_at(&one, given, i) && !cli_interrupted; i++)
			put(l, key->n_groups == 0 ? "" : key->groups[g], key, &one);
	}
}

static void list_key(void *ctx, const journal_place *at)
{
	listing *l = ctx;
	km_complaint why = { 0 };
	journal *j = NULL;
	journal_result result;
	marks m = { NULL, at->gmk_id };

	if (cli_interrupted)
		return;
	result = journal_open_at(&j, at, JOURNAL_READ, NULL, &why);
	m.given = given_new(at->gmk_id);
	if (result != JOURNAL_OK) {
		fail(l, result == JOURNAL_CORRUPT ? CLI_KEYS : CLI_IO, why.text);
	} else {
		l->keys++;
		if (m.given != NULL)
			journal_each(j, put_mark, &m);
		if (m.given == NULL || given_settle(m.given) != KM_OK)
			fail(l, CLI_IO, km_strerror(KM_ENOMEM));
		else
			put_holders(l, journal_of(j), m.given);
	}
	km_given_free(m.given);
	journal_close(j);
}

/* ---- a GMS ----------------------------------------------------------------------------------- */

static int list_state(void *ctx, const char *path)
{
	listing *l = ctx, before = *l;
	char shown[CLI_SHOWN];
	state_content c;
	km_complaint why;
	size_t damaged = 0;

	if (state_read(&c, path, &why) != STATE_OK) {
		fail(l, CLI_IO, why.text);
		return l->code;
	}
	if (c.wrong != NULL) {
		complain(&why, path, c.line, NULL, c.wrong);
		fail(l, CLI_KEYS, why.text);
	}
	l->state = &c;
	journal_list(path, list_key, l, &damaged);
	cli_show(shown, path, strlen(path));
	if (damaged > 0) {
		cli_error("%s: journals of many keys beside it cannot be read: more may have been given keys", shown);
		l->code = l->code > CLI_KEYS ? l->code : CLI_KEYS;
	}
	cli_note("%s: %llu %s: given %llu times, and %llu times perhaps", shown,
			(unsigned long long)(l->keys - before.keys), word_for(l->keys - before.keys, "key", "keys"),
			(unsigned long long)(l->has - before.has), (unsigned long long)(l->unsure - before.unsure));
	l->state = NULL;
	state_content_free(&c);
	return l->code;
}

int who_groups(const states_which *which, bool text)
{
	listing l = { .text = text, .now = time(NULL) };
	char *place = states_place(which), shown[CLI_SHOWN];
	int code = CLI_DONE;

	if (place == NULL)
		return CLI_IO;
	if (states_each(place, list_state, &l, &code) == 0) {
		cli_error("%s: no state of a GMS: who was given a key is not known here",
				cli_show(shown, place, strlen(place)));
		code = CLI_KEYS;
	}
	free(place);
	return cli_interrupted ? CLI_INTERRUPTED : code;
}
