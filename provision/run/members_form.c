/* members_form.c -- what form a list of members has, by its first line; the fields of CSV. */
#include "members_form.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/escape.h"
#include "base/json_row.h"
#include "message/uri.h"
#include "rows.h"

#define READ_FORMS "a list is a URI a line, or CSV with commas whose first line names uri (or --column " \
	"uri=NAME), or a JSON object a line"

static bool is_word(km_str s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.s, word, s.len) == 0;
}

/* Quotes and white space off both ends. */
static km_str bare(km_str s)
{
	s = rows_trimmed(s);
	while (s.len > 0 && (*s.s == '"' || *s.s == '\''))
		s = (km_str){ s.s + 1, s.len - 1 };
	while (s.len > 0 && (s.s[s.len - 1] == '"' || s.s[s.len - 1] == '\'' || s.s[s.len - 1] == '\r'))
		s.len--;
	return rows_trimmed(s);
}

/* Octets of s before any of set. */
static size_t until(km_str s, const char *set)
{
	size_t n = 0;

	while (n < s.len && (s.s[n] == '\0' || strchr(set, s.s[n]) == NULL))
		n++;
	return n;
}

bool form_swallowed_members(const char *record, size_t len, bool any_id)
{
	const char *at = memchr(record, '\n', len), *end = record + len;

	for (at = at == NULL ? end : at + 1; at < end; ) {
		size_t n = until((km_str){ at, (size_t)(end - at) }, ",\n");
		km_str field = bare((km_str){ at, n });

		if (km_uri_check(field.s, field.len, KM_URI_MEMBER) == KM_URI_OK)
			return true;
		if (any_id && field.len > 0 && memchr(field.s, '@', field.len) != NULL &&
		    km_uri_check(field.s, field.len, KM_URI_ANY_ID) == KM_URI_OK)
			return true;
		at += n + 1;
	}
	return false;
}

/* ---- what the first line is ------------------------------------------------------------------ */

typedef struct {
	char *wrong;
	list_columns *columns;
	km_str line;
	bool any_id;
} first_line;

/* Say what the list is, and what is read. */
static list_form refuse(const first_line *f, const char *what)
{
	snprintf(f->wrong, FORM_TEXT, "%s; %s", what, READ_FORMS);
	return FORM_NONE;
}

static bool starts(km_str s, const char *start, size_t len)
{
	return s.len >= len && memcmp(s.s, start, len) == 0;
}

/* Files of other programs, by their first octets. */
static const char *foreign_file(km_str s)
{
	static const struct {
		const char *start;
		size_t len;
		const char *what;
	} kinds[] = {
		{ "\xff\xfe\0\0", 4, "UTF-32: save it as UTF-8" }, { "\xff\xfe", 2, "UTF-16: save it as UTF-8" }, { "\xfe\xff", 2, "UTF-16: save it as UTF-8" },
		{ "\x1f\x8b", 2, "compressed by gzip" }, { "BZh", 3, "compressed by bzip2" },
		{ "\xfd" "7zXZ", 5, "compressed by xz" }, { "\x28\xb5\x2f\xfd", 4, "compressed by zstd" },
		{ "PK\x03\x04", 4, "a ZIP archive, such as a workbook of Excel: save that as CSV UTF-8" },
		{ "\xd0\xcf\x11\xe0", 4, "a file of Office: save it as CSV UTF-8" },
		{ "%PDF", 4, "a PDF document" }, { "\x7f" "ELF", 4, "a program" }, { "SQLite", 6, "a data base" },
		{ "-----BEGIN ", 11, "PEM: keys or certificates" },
		{ "age-encryption.org/", 19, "encrypted by age" },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (starts(s, kinds[i].start, kinds[i].len))
			return kinds[i].what;
	}
	return NULL;
}

static const char *foreign_text(km_str s)
{
	unsigned long point;
	size_t n;

	if (s.len >= 2 && (s.s[0] == '\0') != (s.s[1] == '\0'))
		return "UTF-16: save it as UTF-8";
	for (; s.len > 0; s = (km_str){ s.s + n, s.len - n }) {
		n = escape_utf8(&point, s.s, s.len);
		if (n == 1 && point == '\r')
			return "one whose lines end in CR alone: save it with LF or CR LF";
		if (n == 1 && point < ' ' && point != '\t' && point != 0x1b)
			return "binary";
		n = n == 0 ? 1 : n;
	}
	return NULL;
}

/* Does it begin as a URI, perhaps in quotes or brackets? */
static bool begins_as_uri(km_str s)
{
	static const char *const marks[] = { " ", "\t", "'", "\"", "<", "\xc2\xa0", "\xe2\x80\x98",
			"\xe2\x80\x99", "\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x9e", "\xc2\xab",
			"\xef\xbb\xbf", "\xe2\x80\x8b" };
	size_t scheme;

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		size_t n = strlen(marks[i]);

		if (starts(s, marks[i], n)) {
			s = (km_str){ s.s + n, s.len - n };
			i = (size_t)-1;
		}
	}
	return uri_scheme_of(&scheme, s.s, s.len) != URI_OTHER;
}

/* Columns without a first line that names them: something stands behind a URI that is no part of it. */
static const char *nameless_columns(km_str s)
{
	static const char *const flags[] = { "lr", "ob", "gr", "bnc", "sg" };
	const char *at = memrchr(s.s, '@', s.len), *end = s.s + s.len;

	for (const char *c = at == NULL ? s.s : at; c < end; c++) {
		km_str rest = { c + 1, (size_t)(end - c - 1) };
		bool flag = false;

		if (*c == ',' || *c == '\t')
			return memchr(s.s, '@', s.len) == at ? "columns without a first line that names them" :
					NULL;
		if (*c != ';')
			continue;
		rest.len = until(rest, ",;?");
		for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
			flag = flag || is_word(rest, flags[i]);
		if (!flag && memchr(rest.s, '=', rest.len) == NULL)
			return "columns separated by ';'";
	}
	return NULL;
}

/* Does a word of --any-id look as the name of a column does? */
static bool is_like_a_name(km_str s)
{
	static const char *const parts[] = { "uri", "kms", "name", "mcptt", "user", "member", "identity",
			"address", "impu", "subscriber", "msisdn", "phone", "number", "group" };
	char word[32];

	if (until(s, "0123456789@:") < s.len || s.len >= sizeof word)
		return false;
	memcpy(word, s.s, s.len);
	word[s.len] = '\0';
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (strcasestr(word, parts[i]) != NULL)
			return true;
	}
	return is_word(s, "id");
}

/* One that is no URI, but a member that is meant: told apart from the names of columns by a digit or an
 * '@'. */
static bool is_meant_as_member(const first_line *f, km_str s)
{
	if (*s.s == '"' || until(s, ",;\t") < s.len)
		return false;
	if (isdigit((unsigned char)*s.s) || *s.s == '+' || memchr(s.s, '@', s.len) != NULL)
		return true;
	return f->any_id && !is_like_a_name(s) && km_uri_check(s.s, s.len, KM_URI_ANY_ID) == KM_URI_OK;
}

/* The names of a first line that is no list's, but for what might be a piece of a key. */
static list_form refuse_names(const first_line *f, km_str s)
{
	size_t end = until(s, ",;\t");
	char names[64], what[134];

	if (end < s.len && s.s[end] != ',')
		return refuse(f, s.s[end] == ';' ? "columns separated by ';', not ','" :
				"columns separated by tabs, not ','");
	for (km_str rest = s; rest.len > 0; ) {
		size_t n = until(rest, ", ");

		if (n > 24)
			return refuse(f, "a first line that is no sip:, sips: or tel: URI and names no "
					"column uri");
		n += n < rest.len;
		rest = (km_str){ rest.s + n, rest.len - n };
	}
	escape_into(names, sizeof names, s.s, s.len);
	snprintf(what, sizeof what, "a first line (%s) that is no URI and names no column uri", names);
	return refuse(f, what);
}

/* A line such as [members]. */
static bool is_section(km_str s)
{
	size_t n = 1;

	while (n < s.len && (isalnum((unsigned char)s.s[n]) || strchr(" _.-", s.s[n]) != NULL))
		n++;
	return n > 1 && n + 1 == s.len && s.s[n] == ']' && isalpha((unsigned char)s.s[1]);
}

/* A word, a colon and a space, where the word is no scheme of a URI. */
static bool is_named_value(km_str s)
{
	size_t n = 0, scheme;

	while (n < s.len && (isalnum((unsigned char)s.s[n]) || strchr("_.-", s.s[n]) != NULL))
		n++;
	return n > 0 && n + 1 < s.len && s.s[n] == ':' && strchr(" :\t", s.s[n + 1]) != NULL &&
			uri_scheme_of(&scheme, s.s, s.len) == URI_OTHER;
}

/* Texts of other kinds, in which no line is a member. */
static const char *foreign_lines(km_str s)
{
	size_t scheme;

	if (*s.s == '<' && s.len > 1 && (isalpha((unsigned char)s.s[1]) || strchr("!?/", s.s[1]) != NULL) &&
	    uri_scheme_of(&scheme, s.s + 1, s.len - 1) == URI_OTHER && until(s, "@") > until(s, " =>"))
		return "an XML or HTML document";
	if (starts(s, "- ", 2) || starts(s, "* ", 2) || (starts(s, "---", 3) && until(s, "@") == s.len))
		return "a list of YAML or Markdown";
	if (*s.s == '|' || starts(s, "+-", 2))
		return "a table drawn with lines";
	if (starts(s, "BEGIN:V", 7))
		return "a vCard";
	if (is_section(s))
		return "a file of sections, such as INI or TOML";
	return is_named_value(s) ? "names and values with colons, such as YAML or LDIF" : NULL;
}

static list_form form_of_text(const first_line *f)
{
	km_str s = rows_trimmed(f->line);
	const char *what = foreign_lines(s);

	if (what != NULL)
		return refuse(f, what);
	if (begins_as_uri(s) || is_meant_as_member(f, s)) {
		if (*s.s == '"')
			return refuse(f, "quoted strings without a first line that names the columns");
		what = nameless_columns(s);
		return what == NULL ? FORM_PLAIN : refuse(f, what);
	}
	if (*s.s == '"' && memchr(s.s, '@', s.len) != NULL)
		return refuse(f, "quoted strings without a first line that names the columns");
	if (*s.s == '<')
		return refuse(f, "an XML or HTML document");
	if (memchr(s.s, '@', s.len) != NULL && nameless_columns(s) != NULL)
		return refuse(f, nameless_columns(s));
	return refuse_names(f, s);
}

/* ---- JSON and CSV ---------------------------------------------------------------------------- */

static list_form form_of_json(const first_line *f)
{
	json_field uri = { .name = f->columns->names[COLUMN_URI], .required = true };
	char *out = malloc(f->line.len + 1);
	const char *wrong = out == NULL ? NULL : json_row(&uri, 1, out, f->line.s, f->line.len);
	list_form form = FORM_NDJSON;
	char what[134], name[64];

	if (out == NULL) {
		snprintf(f->wrong, FORM_TEXT, "out of memory");
		return FORM_NONE;
	}
	if (wrong == json_row_is_cut) {
		form = refuse(f, "a JSON document over several lines");
	} else if (wrong == NULL && !uri.found) {
		escape_into(name, sizeof name, uri.name, strlen(uri.name));
		snprintf(what, sizeof what, "JSON objects of which the first has no name %s", name);
		form = refuse(f, what);
	}
	free(out);
	return form;
}

/* FORM_CSV: all is taken.  FORM_UNDECIDED: it is no such header. */
static list_form read_header(const first_line *f, char *line)
{
	char *rest = line, *end = line + f->line.len;
	list_columns *columns = f->columns;
	size_t found[COLUMNS] = { 0 }, n = 0;
	km_str field;

	for (; rest != NULL; n++) {
		if (!rows_take_field(&field, &rest, end))
			return FORM_UNDECIDED;
		for (size_t i = 0; i < COLUMNS; i++) {
			if (is_word(rows_trimmed(field), columns->names[i])) {
				columns->at[i] = n;
				found[i]++;
			}
		}
	}
	if (found[COLUMN_URI] == 0)
		return FORM_UNDECIDED;
	columns->n = n;
	for (size_t i = 0; i < COLUMNS; i++) {
		if (found[i] > 1)
			return refuse(f, "a first line in which a column that is read stands twice");
		if (found[i] == 0)
			columns->at[i] = (size_t)-1;
	}
	return FORM_CSV;
}

static list_form form_of_csv(const first_line *f)
{
	char *copy = malloc(f->line.len + 1);
	list_form form;

	if (copy == NULL) {
		snprintf(f->wrong, FORM_TEXT, "out of memory");
		return FORM_NONE;
	}
	memcpy(copy, f->line.s, f->line.len);
	form = read_header(f, copy);
	free(copy);
	return form;
}

/* By the line sep=X, with which some programs begin what others call CSV. */
static const char *separated_by(km_str line)
{
	char c = line.len > 4 ? line.s[4] : '\t';

	return c == ';' ? "columns separated by ';', not ','" : c == '\t' ?
			"columns separated by tabs, not ','" : "columns that ',' does not separate";
}

const char *form_foreign(km_str line)
{
	const km_str s = rows_trimmed(line);
	const char *what = foreign_file(line);

	if (what == NULL)
		what = foreign_text(line);
	if (what == NULL && s.len > 0 && *s.s == '[' && !is_section(s))
		return "a JSON array (jq -c '.[]' makes a line of each object)";
	return what == NULL && s.len > 0 ? foreign_lines(s) : what;
}

list_form form_of(char *wrong, list_columns *columns, const char *line, size_t len, bool any_id)
{
	first_line f = { wrong, columns, { line, len }, any_id };
	km_str s = rows_trimmed(f.line);
	const char *what = foreign_file(f.line);
	list_form form;

	if (what == NULL)
		what = foreign_text(f.line);
	if (what != NULL)
		return refuse(&f, what);
	if (s.len == 0 || is_word(s, "sep=,"))
		return FORM_UNDECIDED;
	if (starts(bare(s), "sep=", 4))
		return refuse(&f, separated_by(bare(f.line)));
	if (*s.s == '{')
		return form_of_json(&f);
	if (*s.s == '[' && !is_section(s))
		return refuse(&f, "a JSON array (jq -c '.[]' makes a line of each object)");
	form = form_of_csv(&f);
	if (form != FORM_UNDECIDED)
		return form;
	if (columns->chosen)
		return refuse(&f, "a first line without the column that --column uri= names");
	return form_of_text(&f);
}
