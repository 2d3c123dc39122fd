/* json_row.c -- a few strings out of one JSON object; what else it holds need not be sound. */
#include "json_row.h"

#include <ctype.h>
#include <string.h>

#include "json_lex.h"

enum { DEPTH_MAX = 64 };

const char json_row_is_cut[] = "the JSON object does not end in its line";
static const char not_json[] = "not one JSON object";

/* What is wrong where c was wanted. */
static const char *missing(const json_lexer *l)
{
	return l->at == l->end ? json_row_is_cut : not_json;
}

/* ---- what is not read ------------------------------------------------------------------------ */

/* A string behind its first quote: only its end is looked for. */
static const char *skip_string(json_lexer *l)
{
	for (; l->at < l->end && *l->at != '"'; l->at++) {
		if (*l->at == '\\' && l->at + 1 < l->end)
			l->at++;
	}
	if (l->at == l->end)
		return "a JSON string without an end";
	l->at++;
	return NULL;
}

/* A number of any size, true, false or null. */
static const char *skip_word(json_lexer *l)
{
	const char *start = l->at;

	while (l->at < l->end && (isalnum((unsigned char)*l->at) || strchr("+-.", *l->at) != NULL) &&
	       *l->at != '\0')
		l->at++;
	if (l->at == start)
		return missing(l);
	if (isdigit((unsigned char)*start) || *start == '-')
		return NULL;
	for (const char *const *word = (const char *const[]){ "true", "false", "null", NULL }; *word; word++) {
		if (strlen(*word) == (size_t)(l->at - start) && memcmp(start, *word, strlen(*word)) == 0)
			return NULL;
	}
	return not_json;
}

static const char *skip_value(json_lexer *l, int depth)
{
	const char *wrong;
	bool object;

	if (depth > DEPTH_MAX)
		return "nested too deeply";
	if (lex_take(l, '"'))
		return skip_string(l);
	object = lex_take(l, '{');
	if (!object && !lex_take(l, '['))
		return skip_word(l);
	if (lex_take(l, object ? '}' : ']'))
		return NULL;
	do {
		if (object) {
			if (!lex_take(l, '"'))
				return missing(l);
			wrong = skip_string(l);
			if (wrong != NULL || !lex_take(l, ':'))
				return wrong != NULL ? wrong : missing(l);
		}
		wrong = skip_value(l, depth + 1);
		if (wrong != NULL)
			return wrong;
	} while (lex_take(l, ','));
	return lex_take(l, object ? '}' : ']') ? NULL : missing(l);
}

/* ---- what is read ---------------------------------------------------------------------------- */

/* The name of a member of the object: one of fields, or NULL. */
static const char *take_name(json_lexer *l, json_field **field, json_field *fields, size_t n)
{
	json_lexer copy = *l;
	km_str name;

	*field = NULL;
	if (lex_string(&copy, &name)) {
		for (size_t i = 0; i < n && *field == NULL; i++) {
			if (name.len == strlen(fields[i].name) &&
			    memcmp(name.s, fields[i].name, name.len) == 0)
				*field = &fields[i];
		}
	}
	return skip_string(l);
}

static const char *take_field(json_lexer *l, json_field *field)
{
	const char *start;
	const char *wrong;

	if (field->found)
		return "a name that is read stands in the object twice";
	field->found = true;
	if (lex_take(l, '"'))
		return lex_string(l, &field->value) ? NULL :
				"the string that is read is no sound JSON, or not UTF-8";
	start = l->at;
	wrong = skip_value(l, 0);
	if (wrong != NULL)
		return wrong;
	return !field->required && l->at - start == 4 && memcmp(start, "null", 4) == 0 ? NULL :
			"what should be a string is none";
}

const char *json_row(json_field *fields, size_t n, char *out, const char *text, size_t len)
{
	json_lexer l = { text, text + len, out };
	json_field *field;
	const char *wrong;

	if (!lex_take(&l, '{'))
		return not_json;
	if (!lex_take(&l, '}')) {
		do {
			if (!lex_take(&l, '"'))
				return missing(&l);
			wrong = take_name(&l, &field, fields, n);
			if (wrong != NULL || !lex_take(&l, ':'))
				return wrong != NULL ? wrong : missing(&l);
			lex_space(&l);
			wrong = field == NULL ? skip_value(&l, 0) : take_field(&l, field);
			if (wrong != NULL)
				return wrong;
		} while (lex_take(&l, ','));
		if (!lex_take(&l, '}'))
			return missing(&l);
	}
	lex_space(&l);
	return l.at == l.end ? NULL : "text behind the JSON object";
}
