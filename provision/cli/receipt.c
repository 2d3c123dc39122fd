/* receipt.c -- what a run says of itself, for programs and keymuster verify: JSON, no secret. */
#include "provision_groups.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "base/when.h"

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *text_of(const char *s, size_t len)
{
	return json_stringn_nocheck(s, len);
}

static json_t *time_of(int64_t t)
{
	char text[WHEN_MAX];

	when_print(text, t);
	return json_string(text);
}

/* T as 64 bits on the wire, and as people write it. */
static json_t *t_of(uint64_t t)
{
	uint64_t wire = t + ((uint64_t)KM_NTP_UNIX << 32);
	char hex[17];
	json_t *o = json_object();

	snprintf(hex, sizeof hex, "%016llx", (unsigned long long)wire);
	json_object_set_new(o, "ntp", json_string(hex));
	json_object_set_new(o, "time", time_of((int64_t)(t >> 32)));
	return o;
}

/* Who had it before the run. */
typedef struct {
	bool is_new, is_unknown;
	uint64_t members, unsure;
} key_before;

static json_t *key_of(const km_key *key, const key_before *before)
{
	json_t *o = json_object(), *groups = json_array();
	char id[9];

	snprintf(id, sizeof id, "%08x", (unsigned)key->gmk_id);
	json_object_set_new(o, "gmk_id", json_string(id));
	json_object_set_new(o, "origin", json_string(before->is_new ? "new" : "read"));
	json_object_set_new(o, "members_before", before->is_unknown ? json_null() : number(before->members));
	json_object_set_new(o, "unsure_before", number(before->unsure));
	for (size_t i = 0; i < key->params.n_groups; i++)
		json_array_append_new(groups, text_of(key->params.groups[i].s, key->params.groups[i].len));
	json_object_set_new(o, "groups", groups);
	json_object_set_new(o, "text", text_of(key->params.text.s, key->params.text.len));
	json_object_set_new(o, "activation", number(key->params.activation));
	json_object_set_new(o, "expiry", number(key->params.expiry));
	return o;
}

static json_t *pair_of(uint64_t line, uint64_t other)
{
	json_t *pair = json_array();

	json_array_append_new(pair, number(line));
	json_array_append_new(pair, number(other));
	return pair;
}

static json_t *list_of(const provision *p, const cli_counts *counts)
{
	const crowd_count read = crowd_counts(p->members);
	json_t *o = json_object(), *reasons = json_object(), *twins = json_array();

	json_object_set_new(o, "lines", number(read.list->lines));
	json_object_set_new(o, "members", number(counts->made));
	json_object_set_new(o, "repeats", number(read.list->repeats));
	json_object_set_new(o, "rejected", number(counts->rejected));
	json_object_set_new(o, "kms_by_default", number(read.by_default));
	for (size_t i = 0; i < CROWD_REASONS; i++) {
		if (read.by_reason[i] > 0)
			json_object_set_new(reasons, km_reason_name((km_reason)i),
					number(read.by_reason[i]));
	}
	json_object_set_new(o, "rejected_by_reason", reasons);
	json_object_set_new(o, "twins", number(read.list->twins));
	for (size_t i = 0; i < read.list->twins; i++)
		json_array_append_new(twins, pair_of(read.list->twin[i].line,
				read.list->twin[i].other));
	json_object_set_new(o, "twin_lines", twins);
	return o;
}

static json_t *by_kms(const cli_counts *counts)
{
	json_t *o = json_object();

	for (size_t i = 0; i < counts->n_tally; i++) {
		const cli_tally *t = &counts->tally[i];
		json_t *periods = json_object_get(o, t->kms_uri);
		char no[24];

		if (periods == NULL) {
			periods = json_object();
			json_object_set_new_nocheck(o, t->kms_uri, periods);
		}
		snprintf(no, sizeof no, "%llu", (unsigned long long)t->period_no);
		json_object_set_new(periods, no, number(t->n));
	}
	return o;
}

/* Who has this key, or an earlier one of the group, and got no message. */
static json_t *left_out_of(const provision *p)
{
	json_t *o = json_object(), *names = json_array();

	json_object_set_new(o, "count", number(p->left_out));
	for (size_t i = 0; i < p->n_left; i++)
		json_array_append_new(names, text_of(p->left[i], strlen(p->left[i])));
	json_object_set_new(o, "first", names);
	return o;
}

static json_t *salts_of(const cli_counts *counts)
{
	json_t *o = json_object(), *lines = json_array();

	for (size_t i = 0; i < CLI_PAIRS && i < counts->pairs; i++)
		json_array_append_new(lines, pair_of(counts->pair[i].line, counts->pair[i].other));
	json_object_set_new(o, "pairs", number(counts->pairs));
	json_object_set_new(o, "lines", lines);
	return o;
}

static json_t *output_of(const provision *p, const cli_counts *counts, const char *hash)
{
	static const char *const formats[] = { "ndjson", "text", "raw" };
	json_t *o = json_object();

	json_object_set_new(o, "format", json_string(formats[p->format]));
	json_object_set_new(o, "octets", number(counts->octets));
	json_object_set_new(o, "sha256", json_string(hash));
	return o;
}

static json_t *owner_of(const provision *p)
{
	json_t *o = json_object();

	json_object_set_new(o, "uri", text_of(p->gms_uri.s, p->gms_uri.len));
	json_object_set_new(o, "kms", text_of(p->gms_kms->uri, strlen(p->gms_kms->uri)));
	return o;
}

/* ---- many groups ----------------------------------------------------------------------------- */

static json_t *rejects_of(const crowd_refusal *refusals, size_t n)
{
	uint64_t by_reason[CROWD_REASONS] = { 0 };
	json_t *o = json_object();

	for (size_t i = 0; i < n; i++)
		by_reason[refusals[i].reason]++;
	for (size_t i = 0; i < CROWD_REASONS; i++) {
		if (by_reason[i] > 0)
			json_object_set_new(o, km_reason_name((km_reason)i), number(by_reason[i]));
	}
	return o;
}

static json_t *row_key(const provision_groups *g, uint32_t i)
{
	const group_key *of = &g->of[i];
	const key_before before = { of->is_new, of->had_unknown, of->had_before, of->unsure_before };

	return g->keys[i].key == NULL ? json_null() : key_of(g->keys[i].key, &before);
}

/* n: of the row, which were refused. */
static json_t *row_of(const provision *p, size_t i, const crowd_refusal *refusals, size_t n)
{
	const provision_groups *g = p->groups;
	const groups_row *row = groups_row_at(g->list, i);
	const cli_row_counts *made = &g->rows[i];
	json_t *o = json_object();

	json_object_set_new(o, "group", text_of(row->group.s, row->group.len));
	json_object_set_new(o, "file", row->gmk.len == 0 ? json_null() : text_of(row->gmk.s, row->gmk.len));
	json_object_set_new(o, "line", number(row->line));
	json_object_set_new(o, "kind", json_string(row->revoke ? "revoked" : "active"));
	json_object_set_new(o, "key", row_key(g, row->key));
	json_object_set_new(o, "members", number(made->made));
	json_object_set_new(o, "known", number(made->known));
	json_object_set_new(o, "repeats", number(crowd_counts(p->members).list->repeats_by_row[i]));
	json_object_set_new(o, "rejected", number(n));
	json_object_set_new(o, "rejected_by_reason", rejects_of(refusals, n));
	json_object_set_new(o, "first_t", made->made == 0 ? json_null() : t_of(made->first_t));
	json_object_set_new(o, "last_t", made->made == 0 ? json_null() : t_of(made->last_t));
	/* Those of a key are counted once, with its first row. */
	json_object_set_new(o, "left_out", number(groups_key_at(g->list, row->key)->first == i ?
			g->of[row->key].left_out : 0));
	json_object_set_new(o, "shared_salts", number(made->pairs));
	json_object_set_new(o, "failed", row->wrong == NULL ? json_null() : text_of(row->wrong, strlen(row->wrong)));
	return o;
}

static int by_row(const void *a, const void *b)
{
	const crowd_refusal *x = a, *y = b;

	return x->row < y->row ? -1 : x->row > y->row;
}

/* A row a line: a million of them never stand in memory. */
static bool write_rows(FILE *out, const provision *p)
{
	const crowd_count read = crowd_counts(p->members);
	crowd_refusal *refusals = calloc(read.n_refusals + 1, sizeof *refusals);
	bool done = refusals != NULL;
	size_t at = 0;

	if (done && read.n_refusals > 0) {
		memcpy(refusals, read.refusals, read.n_refusals * sizeof *refusals);
		qsort(refusals, read.n_refusals, sizeof *refusals, by_row);
	}
	fputs(",\n  \"groups\": [", out);
	for (size_t i = 0; done && i < groups_rows(p->groups->list); i++) {
		const size_t first = at;
		json_t *row;

		while (at < read.n_refusals && refusals[at].row == i)
			at++;
		row = row_of(p, i, refusals + first, at - first);
		fputs(i == 0 ? "\n    " : ",\n    ", out);
		done = json_dumpf(row, out, JSON_COMPACT) == 0;
		json_decref(row);
	}
	free(refusals);
	return done && fputs("\n  ]", out) >= 0;
}

/* The object o, and for many groups theirs behind it. */
static bool write_object(FILE *out, const json_t *o, const provision *p)
{
	const size_t flags = JSON_INDENT(2) | JSON_REAL_PRECISION(6);
	char *text = json_dumps(o, flags);
	size_t len = text == NULL ? 0 : strlen(text);
	bool done = len > 2;

	if (done)               /* without the end of the object */
		done = fwrite(text, 1, len - 2, out) == len - 2;
	free(text);
	if (done && p->groups != NULL)
		done = write_rows(out, p);
	return done && fputs("\n}\n", out) >= 0;
}

static const char *kind_of(const provision *p)
{
	return p->groups != NULL ? "groups" : p->revoke ? "revoked" : "active";
}

bool receipt_write(FILE *out, const provision *p, cli_counts *counts, int code)
{
	const key_before before = { !p->key_exists, p->had_unknown, p->had_before, p->unsure_before };
	json_t *o = json_object();
	char hash[CLI_HASH_HEX];
	bool done = o != NULL && cli_count_hash(hash, counts);

	if (done) {
		json_object_set_new(o, "receipt", json_integer(p->groups == NULL ? 1 : 2));
		json_object_set_new(o, "version", json_string("keymuster " KM_VERSION));
		json_object_set_new(o, "kind", json_string(kind_of(p)));
		json_object_set_new(o, "started", time_of(p->now));
		json_object_set_new(o, "ended", time_of((int64_t)time(NULL)));
		json_object_set_new(o, "seconds", json_real(cli_seconds() - p->started));
		json_object_set_new(o, "kernel", json_string(km_kernel()));
		json_object_set_new(o, "exit_code", json_integer(code));
		json_object_set_new(o, "complete", json_boolean(counts->complete));
		json_object_set_new(o, "list", list_of(p, counts));
		json_object_set_new(o, "made", by_kms(counts));
		json_object_set_new(o, "gms", owner_of(p));
		if (p->groups == NULL)
			json_object_set_new(o, "key", key_of(p->key, &before));
		json_object_set_new(o, "hidden", json_boolean(p->settings.identity == KM_IDENTITY_UID));
		json_object_set_new(o, "first_t", t_of(counts->first_t));
		json_object_set_new(o, "last_t", t_of(counts->last_t));
		json_object_set_new(o, "left_out", left_out_of(p));
		json_object_set_new(o, "shared_salts", salts_of(counts));
		json_object_set_new(o, "output", output_of(p, counts, hash));
		done = write_object(out, o, p);
	}
	json_decref(o);
	return done;
}
