/* groups.c -- the file of --groups, read and joined to keys. */
#include "groups.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/complain.h"
#include "base/escape.h"
#include "base/json_row.h"
#include "base/when.h"
#include "members_form.h"
#include "message/uri.h"
#include "rows.h"
#include "words_table.h"

enum { GROUP, GMK, TEXT, ACTIVATE, EXPIRE, STATUS, COLUMNS_READ };
static const char *const names[COLUMNS_READ] = { "group", "gmk", "text", "activate", "expire", "status" };

#define TIME_MAX (((int64_t)1 << 40) - 1)
#define READ_FORMS "the groups are CSV with commas whose first line names group and gmk, or a JSON object a line"

struct group_list {
	char *name;
	groups_how how;
	groups_row *rows;
	size_t n, room;
	groups_key *keys;
	size_t n_keys;
	words_table *by_group;  /* rows */
};

void groups_free(group_list *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->n; i++) {
		free((char *)(uintptr_t)g->rows[i].group.s);
		free(g->rows[i].wrong);
	}
	words_table_free(g->by_group);
	free(g->rows);
	free(g->keys);
	free(g->name);
	free(g);
}

const char *groups_name(const group_list *g)
{
	return g->name;
}

size_t groups_rows(const group_list *g)
{
	return g->n;
}

size_t groups_keys(const group_list *g)
{
	return g->n_keys;
}

const groups_row *groups_row_at(const group_list *g, size_t i)
{
	return &g->rows[i];
}

const groups_key *groups_key_at(const group_list *g, size_t i)
{
	return &g->keys[i];
}

/* ---- one row --------------------------------------------------------------------------------- */

/* The first that is wrong stands.  false: out of memory. */
static bool fail_row(groups_row *row, const char *field, const char *text)
{
	if (row->wrong != NULL)
		return true;
	if (asprintf(&row->wrong, "%s%s%s", field == NULL ? "" : field, field == NULL ? "" : ": ", text) >= 0)
		return true;
	row->wrong = NULL;
	return false;
}

static bool is_text(km_str s)
{
	unsigned long point;

	for (size_t i = 0, n; i < s.len; i += n) {
		n = escape_utf8(&point, s.s + i, s.len - i);
		if (n == 0 || point == 0)
			return false;
	}
	return s.len <= KM_TEXT_MAX;
}

static bool take_time(groups_row *row, int64_t *t, const char *field, km_str s)
{
	if (s.len == 0)
		return true;
	if (!when_parse(t, s.s, s.len))
		return fail_row(row, field, "neither Unix seconds nor RFC 3339 with its zone");
	if (*t > 0 && *t <= TIME_MAX)
		return true;
	return fail_row(row, field, "the key parameters have no room for that time");
}

static bool is_word(km_str s, const char *word)
{
	return s.len == strlen(word) && memcmp(s.s, word, s.len) == 0;
}

static bool take_gmk(const groups_how *how, groups_row *row)
{
	if (how->forget)
		return row->gmk.len == 0 || fail_row(row, "gmk", "--forget-key keeps no key in a file");
	if (row->gmk.len == 0)
		return fail_row(row, "gmk", "no file is named");
	if (is_word(row->gmk, "-") || memchr(row->gmk.s, '\0', row->gmk.len) != NULL || row->gmk.len >= PATH_MAX)
		return fail_row(row, "gmk", "not the name of a file");
	return true;
}

/* What a row says, looked at alone.  false: out of memory. */
static bool check_row(const groups_how *how, groups_row *row, const km_str *values)
{
	const km_uri_fault fault = km_uri_check(row->group.s, row->group.len, how->any_id ? KM_URI_ANY_ID : 0);
	bool done = fault == KM_URI_OK || fail_row(row, "group", km_uri_fault_text(fault));

	done = done && take_gmk(how, row);
	if (done && !is_text(row->text))
		done = fail_row(row, "text", "not UTF-8 of at most 1024 octets without NUL");
	done = done && take_time(row, &row->activation, "activate", values[ACTIVATE]) &&
			take_time(row, &row->expiry, "expire", values[EXPIRE]);
	row->revoke = is_word(values[STATUS], "revoked");
	if (done && !row->revoke && values[STATUS].len > 0 && !is_word(values[STATUS], "active"))
		done = fail_row(row, "status", "neither active nor revoked");
	if (done && row->expiry != 0 && row->expiry <= row->activation)
		done = fail_row(row, "expire", "not after the activation: the key would never be of use");
	return done && (!row->revoke || !how->forget ||
			fail_row(row, "status", "a key that was kept nowhere cannot be revoked"));
}

static char *put(char *at, km_str *to, km_str from)
{
	*to = (km_str){ at, from.len };
	if (from.len > 0)
		memcpy(at, from.s, from.len);
	at[from.len] = '\0';
	return at + from.len + 1;
}

static bool add_row(group_list *g, uint64_t line, const km_str *values, const char *wrong)
{
	groups_row *row;
	char *at;

	if (g->n == g->room) {
		const size_t room = g->room == 0 ? 64 : 2 * g->room;
		groups_row *bigger = reallocarray(g->rows, room, sizeof *bigger);

		if (bigger == NULL)
			return false;
		g->rows = bigger;
		g->room = room;
	}
	at = malloc(values[GROUP].len + values[GMK].len + values[TEXT].len + 3);
	if (at == NULL)
		return false;
	row = &g->rows[g->n++];
	*row = (groups_row){ .line = line, .key = GROUPS_NONE, .next = GROUPS_NONE };
	at = put(at, &row->group, values[GROUP]);
	at = put(at, &row->gmk, values[GMK]);
	put(at, &row->text, values[TEXT]);
	return wrong != NULL ? fail_row(row, NULL, wrong) : check_row(&g->how, row, values);
}

/* ---- all rows -------------------------------------------------------------------------------- */

typedef struct {
	group_list *g;
	km_complaint *why;
	enum { UNDECIDED, CSV, NDJSON } form;
	size_t at[COLUMNS_READ], named;
	rows rows;
} reading;

static bool refuse(const reading *r, const char *what)
{
	char text[FORM_TEXT];

	snprintf(text, sizeof text, "%s; %s", what, READ_FORMS);
	complain(r->why, r->g->name, (int)r->rows.first, NULL, text);
	return false;
}

static bool refuse_system(const reading *r, int error)
{
	complain(r->why, r->g->name, (int)r->rows.first, NULL, complain_errno(error));
	return false;
}

/* The first line of CSV. */
static bool read_names(reading *r)
{
	char *rest = r->rows.fields, *end = r->rows.fields + r->rows.len;
	size_t found[COLUMNS_READ] = { 0 };
	km_str field;

	memcpy(r->rows.fields, r->rows.record, r->rows.len);
	for (r->named = 0; rest != NULL; r->named++) {
		if (!rows_take_field(&field, &rest, end))
			return refuse(r, "quotes that are not those of CSV");
		field = rows_trimmed(field);
		for (size_t i = 0; i < COLUMNS_READ; i++) {
			if (field.len != strlen(names[i]) || strncasecmp(field.s, names[i], field.len) != 0)
				continue;
			r->at[i] = r->named;
			found[i]++;
		}
	}
	for (size_t i = 0; i < COLUMNS_READ; i++) {
		if (found[i] > 1)
			return refuse(r, "a first line in which a column that is read stands twice");
		if (found[i] == 0)
			r->at[i] = SIZE_MAX;
	}
	if (found[GROUP] == 0)
		return refuse(r, "a first line that names no column group");
	if (found[GMK] == 0 && !r->g->how.forget)
		return refuse(r, "a first line that names no column gmk");
	r->form = CSV;
	r->rows.is_csv = true;
	return true;
}

static const char *read_json(reading *r, km_str *values)
{
	json_field fields[COLUMNS_READ];
	const char *wrong;

	for (size_t i = 0; i < COLUMNS_READ; i++)
		fields[i] = (json_field){ .name = names[i], .required = i == GROUP };
	wrong = json_row(fields, COLUMNS_READ, r->rows.fields, r->rows.record, r->rows.len);
	for (size_t i = 0; i < COLUMNS_READ; i++)
		values[i] = rows_trimmed(fields[i].value);
	return wrong != NULL ? wrong : fields[GROUP].found ? NULL : "no group in the JSON object";
}

/* Quotes that go over a line end would hide rows, and with them who gets which key. */
static bool read_row(reading *r)
{
	km_str values[COLUMNS_READ] = { { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 } };
	const char *wrong;

	if (r->rows.too_long)
		return refuse(r, "a line of more than 65536 octets");
	if (r->rows.swallowed || r->rows.open_quote)
		return refuse(r, "a quote that is not closed in its line");
	wrong = r->form == CSV ? rows_csv(&r->rows, values, r->at, COLUMNS_READ, r->named) : read_json(r, values);
	if (wrong == json_row_is_cut)
		return refuse(r, "a JSON document over several lines");
	if (r->g->n == GROUPS_MAX)
		return refuse(r, "more than 1000000 groups");
	return add_row(r->g, r->rows.first, values, wrong) || refuse_system(r, ENOMEM);
}

static bool read_first(reading *r)
{
	const km_str line = rows_trimmed((km_str){ r->rows.record, r->rows.len });
	const char *foreign = form_foreign((km_str){ r->rows.record, r->rows.len });

	if (r->rows.too_long)
		return refuse(r, "a line of more than 65536 octets");
	if (foreign != NULL)
		return refuse(r, foreign);
	if (line.len == 5 && strncasecmp(line.s, "sep=,", 5) == 0)
		return true;
	if (*line.s != '{')
		return read_names(r);
	r->form = NDJSON;
	return read_row(r);
}

static bool read_all(reading *r)
{
	bool done = true;

	while (done && rows_next(&r->rows)) {
		if (rows_is_empty(&r->rows) || r->rows.record[0] == '#')
			continue;
		done = r->form == UNDECIDED ? read_first(r) : read_row(r);
	}
	if (done && ferror(r->rows.in))
		done = refuse_system(r, errno);
	if (done && r->g->n == 0)
		done = refuse(r, "no group stands in it");
	return done;
}

/* ---- rows to keys ---------------------------------------------------------------------------- */

uint32_t groups_find(const group_list *g, km_str group)
{
	char form[KM_URI_MAX + 1];
	const size_t len = uri_twin(form, group.s, group.len);
	uint32_t i = words_table_find(g->by_group, form, len, GROUPS_NONE);

	while (i != GROUPS_NONE && !km_uri_same(group, g->rows[i].group))
		i = words_table_find(g->by_group, form, len, i);
	return i;
}

static bool fail_both(group_list *g, uint32_t a, uint32_t b)
{
	char text[96];

	snprintf(text, sizeof text, "stands there twice, in lines %llu and %llu",
			(unsigned long long)g->rows[a].line, (unsigned long long)g->rows[b].line);
	return fail_row(&g->rows[a], "group", text) && fail_row(&g->rows[b], "group", text);
}

/* Find groups by their URIs; none stands there twice. */
static bool index_groups(group_list *g)
{
	char form[KM_URI_MAX + 1];

	g->by_group = words_table_new();
	if (g->by_group == NULL)
		return false;
	for (size_t i = 0; i < g->n; i++) {
		const km_str group = g->rows[i].group;
		const uint32_t other = groups_find(g, group);

		if (group.len == 0)
			continue;
		if (other != GROUPS_NONE) {
			if (!fail_both(g, other, (uint32_t)i))
				return false;
		} else if (!words_table_add(g->by_group, form, uri_twin(form, group.s, group.len), (uint32_t)i)) {
			return false;
		}
	}
	return true;
}

/* One word for all names of a file, also of one that is not there yet. */
static size_t name_file(char out[PATH_MAX + 64], const char *name)
{
	const char *slash = strrchr(name, '/');
	char dir[PATH_MAX];
	struct stat st;

	if (stat(name, &st) == 0)
		return (size_t)snprintf(out, PATH_MAX + 64, "%llx:%llx", (unsigned long long)st.st_dev,
				(unsigned long long)st.st_ino);
	snprintf(dir, sizeof dir, "%.*s", slash == NULL ? 1 : slash == name ? 1 : (int)(slash - name),
			slash == NULL ? "." : name);
	if (stat(dir, &st) != 0)
		return (size_t)snprintf(out, PATH_MAX + 64, "?%s", name);
	return (size_t)snprintf(out, PATH_MAX + 64, "%llx:%llx/%s", (unsigned long long)st.st_dev,
			(unsigned long long)st.st_ino, slash == NULL ? name : slash + 1);
}

static void join(group_list *g, uint32_t i, uint32_t key)
{
	if (key == g->n_keys)
		g->keys[g->n_keys++] = (groups_key){ .first = i };
	else
		g->rows[g->keys[key].last].next = i;
	g->keys[key].last = i;
	g->keys[key].n++;
	g->rows[i].key = key;
}

static bool join_rows(group_list *g)
{
	words_table *files = words_table_new();
	char file[PATH_MAX + 64];
	bool done = files != NULL;

	g->keys = calloc(g->n, sizeof *g->keys);
	done = done && g->keys != NULL;
	for (size_t i = 0; done && i < g->n; i++) {
		const km_str gmk = g->rows[i].gmk;
		const bool is_named = gmk.len > 0 && gmk.len < PATH_MAX && !g->how.forget;
		const size_t len = is_named ? name_file(file, gmk.s) : 0;
		uint32_t key = is_named ? words_table_find(files, file, len, GROUPS_NONE) : GROUPS_NONE;

		if (key == GROUPS_NONE) {
			key = (uint32_t)g->n_keys;
			done = !is_named || words_table_add(files, file, len, key);
		}
		join(g, (uint32_t)i, key);
	}
	words_table_free(files);
	return done;
}

static bool same(km_str a, km_str b)
{
	return a.len == b.len && memcmp(a.s, b.s, a.len) == 0;
}

/* What the rows of a key say of it must agree, and none of them may be wrong. */
static bool compare_rows(group_list *g, size_t key)
{
	const groups_row *first = &g->rows[g->keys[key].first];
	const char *differs = NULL;
	char text[96];

	for (uint32_t i = g->keys[key].first; i != GROUPS_NONE; i = g->rows[i].next) {
		const groups_row *row = &g->rows[i];

		differs = row->revoke != first->revoke ? "status" : row->expiry != first->expiry ? "expire" :
				row->activation != first->activation ? "activate" :
				!same(row->text, first->text) ? "text" : NULL;
		snprintf(text, sizeof text, "differs in lines %llu and %llu, which have the same key",
				(unsigned long long)first->line, (unsigned long long)row->line);
		if (differs == NULL && row->wrong != NULL)
			snprintf(text, sizeof text, "line %llu, which has the same key, fails",
					(unsigned long long)row->line);
		if (differs != NULL || row->wrong != NULL)
			return groups_fail(g, key, differs, text);
	}
	return g->keys[key].n <= KM_GROUPS_MAX || groups_fail(g, key, "gmk", "more than 255 groups have this key");
}

bool groups_fail(group_list *g, size_t key, const char *field, const char *text)
{
	bool done = true;

	for (uint32_t i = g->keys[key].first; i != GROUPS_NONE; i = g->rows[i].next)
		done = fail_row(&g->rows[i], field, text) && done;
	return done;
}

static bool join_all(group_list *g)
{
	bool done = index_groups(g) && join_rows(g);

	for (size_t i = 0; done && i < g->n_keys; i++)
		done = compare_rows(g, i);
	return done;
}

bool groups_read(group_list **out, FILE *in, const char *name, const groups_how *how, km_complaint *why)
{
	group_list *g = calloc(1, sizeof *g);
	reading *r = calloc(1, sizeof *r);
	bool done = false;

	*out = NULL;
	if (g != NULL && r != NULL && (g->name = strdup(name)) != NULL) {
		g->how = *how;
		r->g = g;
		r->why = why;
		r->rows.in = in;
		done = read_all(r);
		if (done && !join_all(g))
			done = refuse_system(r, ENOMEM);
	} else {
		complain(why, name, 0, NULL, complain_errno(ENOMEM));
	}
	free(r);
	if (done)
		*out = g;
	else
		groups_free(g);
	return done;
}
