/* members.c -- lists of members, read line by line: one URI a line, CSV, or NDJSON. */
#include "members.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/complain.h"
#include "base/json_row.h"
#include "members_form.h"
#include "rows.h"
#include "seen.h"

struct member_list {
	char *name;
	members_how how;
	bool ended;
	list_form form;
	list_columns columns;
	members_counts counts;
	size_t twin_room;
	char *header;           /* of CSV */
	size_t header_len;
	seen *seen;
	rows rows;
};

member_list *members_open(FILE *in, const char *name, const members_how *how)
{
	static const members_how usual;
	member_list *list = calloc(1, sizeof *list);

	if (list == NULL)
		return NULL;
	if (how == NULL)
		how = &usual;
	list->rows.in = in;
	list->how = *how;
	list->columns.names[COLUMN_URI] = how->uri == NULL ? "uri" : how->uri;
	list->columns.names[COLUMN_KMS] = how->kms == NULL ? "kms" : how->kms;
	list->columns.names[COLUMN_GROUP] = how->group == NULL ? "group" : how->group;
	list->columns.chosen = how->uri != NULL;
	list->name = strdup(name);
	list->seen = seen_new();
	if (how->by_group != NULL)
		list->counts.repeats_by_row = calloc(groups_rows(how->by_group), sizeof *list->counts.repeats_by_row);
	if (list->name == NULL || list->seen == NULL ||
	    (how->by_group != NULL && list->counts.repeats_by_row == NULL)) {
		members_close(list);
		return NULL;
	}
	return list;
}

void members_close(member_list *list)
{
	if (list == NULL)
		return;
	seen_free(list->seen);
	free(list->counts.twin);
	free(list->counts.repeats_by_row);
	free(list->header);
	free(list->name);
	free(list);
}

const members_counts *members_counted(const member_list *list)
{
	return &list->counts;
}

km_str members_header(const member_list *list)
{
	return (km_str){ list->header, list->header_len };
}

/* ---- records to members ---------------------------------------------------------------------- */

static const char *read_csv(member_list *list, member_line *out)
{
	km_str values[COLUMNS] = { { 0 } };
	const char *wrong = rows_csv(&list->rows, values, list->columns.at, COLUMNS, list->columns.n);

	out->uri = values[COLUMN_URI];
	out->kms = values[COLUMN_KMS];
	out->group = values[COLUMN_GROUP];
	return wrong;
}

static const char *read_json(member_list *list, member_line *out)
{
	json_field fields[COLUMNS] = { { .required = true } };
	const char *wrong;

	for (size_t i = 0; i < COLUMNS; i++)
		fields[i].name = list->columns.names[i];
	wrong = json_row(fields, COLUMNS, list->rows.fields, list->rows.record, list->rows.len);
	if (wrong == NULL && !fields[COLUMN_URI].found)
		wrong = "no uri in the JSON object";
	out->uri = fields[COLUMN_URI].value;
	out->kms = fields[COLUMN_KMS].value;
	out->group = fields[COLUMN_GROUP].value;
	return wrong;
}

/* What a spreadsheet shows where a formula fails: a member is meant, who is not known. */
static bool is_error_of_a_cell(km_str s)
{
	static const char *const errors[] = { "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!",
			"#NUM!", "#SPILL!", "#CALC!" };

	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		if (s.len == strlen(errors[i]) && memcmp(s.s, errors[i], s.len) == 0)
			return true;
	}
	return false;
}

/* A row of CSV that begins with '#', or whose URI does: commented out by people. */
static bool is_commented_out(const member_list *list, const member_line *out)
{
	if (is_error_of_a_cell(out->uri))
		return false;
	return (list->rows.len > 0 && list->rows.record[0] == '#') || (out->uri.len > 0 && out->uri.s[0] == '#');
}

static void reject(member_line *out, km_reason reason, const char *text)
{
	out->reason = reason;
	snprintf(out->text, sizeof out->text, "%s", text);
}

/* How a record that goes over several lines came to be more than a row; NULL: it is one. */
static const char *what_was_swallowed(const member_list *list, const member_line *out, const char *wrong)
{
	if (!list->rows.swallowed)
		return NULL;
	if (list->rows.open_quote)
		return "was never closed";
	if (list->rows.too_long)
		return "goes over more than a record holds";
	if (wrong != NULL)
		return "ends within another field";
	if ((out->uri.len > 0 && memchr(out->uri.s, '\n', out->uri.len) != NULL) ||
	    (out->kms.len > 0 && memchr(out->kms.s, '\n', out->kms.len) != NULL) ||
	    (out->group.len > 0 && memchr(out->group.s, '\n', out->group.len) != NULL))
		return "holds line ends, where a URI is wanted";
	return form_swallowed_members(list->rows.record, list->rows.len, list->how.any_id) ?
			"holds lines that are members" : NULL;
}

/* Is the member's group one of those of the run?  What is no URI is a word for people, where all get one key.  NULL:
 * it is, else what is wrong. */
static const char *check_group(const members_how *how, member_line *out)
{
	const km_str group = out->group;

	if (how->by_group != NULL) {
		out->row = group.len == 0 ? GROUPS_NONE : groups_find(how->by_group, group);
		return group.len == 0 ? "the list names no group for this member" : out->row == GROUPS_NONE ?
				"the list has this member in a group that the file of groups does not have" : NULL;
	}
	if (how->n_groups == 0 || group.len == 0 || km_uri_check(group.s, group.len, 0) != KM_URI_OK)
		return NULL;
	for (size_t i = 0; i < how->n_groups; i++) {
		if (km_uri_same(group, (km_str){ how->groups[i], strlen(how->groups[i]) }))
			return NULL;
	}
	return "the list has this member in another group than the run is for";
}

/* The member's user was there in line other, written in another way.  false: out of memory. */
static bool keep_twin(member_list *list, uint64_t other)
{
	members_counts *counts = &list->counts;

	if (counts->twins == list->twin_room) {
		size_t room = list->twin_room == 0 ? 64 : 2 * list->twin_room;
		members_pair *bigger = reallocarray(counts->twin, room, sizeof *bigger);

		if (bigger == NULL)
			return false;
		counts->twin = bigger;
		list->twin_room = room;
	}
	counts->twin[counts->twins++] = (members_pair){ list->rows.first, other };
	return true;
}

/* A member that is sound: was it there before?  1, 0: pass over, -1: out of memory. */
static int look_up(member_list *list, member_line *out)
{
	members_counts *counts = &list->counts;
	const group_list *g = list->how.by_group;
	const uint32_t key = g == NULL ? 0 : groups_row_at(g, out->row)->key;
	uint64_t other = list->rows.first;

	switch (seen_add(list->seen, out->uri, out->kms, key, &other)) {
	case SEEN_NOMEM:
		return -1;
	case SEEN_REPEAT:
		if (counts->repeats++ == 0)
			counts->repeat = (members_pair){ list->rows.first, other };
		if (g != NULL)
			counts->repeats_by_row[out->row]++;
		return 0;
	case SEEN_OTHER_KMS:
		out->reason = KM_R_REPEATED;
		snprintf(out->text, sizeof out->text, "line %llu gives this member another KMS, or none",
				(unsigned long long)other);
		return 1;
	case SEEN_TWIN:
		return keep_twin(list, other) ? 1 : -1;
	case SEEN_NEW:
		break;
	}
	return 1;
}

/* Letters beyond ASCII are served, but for one who looks for a member that got no key they count. */
static void count_letters(member_list *list, km_str uri)
{
	size_t i = 0;

	while (i < uri.len && (unsigned char)uri.s[i] < 0x80)
		i++;
	if (i < uri.len && list->counts.beyond_ascii++ == 0)
		list->counts.beyond_line = list->rows.first;
}

/* Refuse a record that swallowed lines, or end the list there: -1. */
static int refuse_swallowed(member_list *list, member_line *out, const char *what, km_complaint *why)
{
	char text[192];

	snprintf(text, sizeof text, "a quote opened in line %llu %s: lines %llu to %llu were one record%s",
			(unsigned long long)list->rows.quote, what, (unsigned long long)list->rows.first,
			(unsigned long long)list->rows.last,
			list->how.keep_going ? "" : " (--keep-going leaves it out)");
	reject(out, KM_R_PARSE, text);
	if (list->how.keep_going)
		return 1;
	complain(why, list->name, (int)list->rows.quote, NULL, text);
	return -1;
}

static const char *read_fields(member_list *list, member_line *out)
{
	if (list->rows.too_long)
		return "the line is too long: at most 65536 octets are read";
	if (list->form == FORM_NDJSON)
		return read_json(list, out);
	if (list->form == FORM_CSV)
		return read_csv(list, out);
	out->uri = (km_str){ list->rows.record, list->rows.len };
	return NULL;
}

/* 1: a member or a refused line.  0: pass over.  -1: *why says what ends the list. */
static int read_member(member_list *list, member_line *out, km_complaint *why)
{
	const char *wrong = read_fields(list, out), *swallowed = what_was_swallowed(list, out, wrong);
	km_uri_fault fault;
	int result;

	if (swallowed != NULL)
		return refuse_swallowed(list, out, swallowed, why);
	if (list->form == FORM_CSV && is_commented_out(list, out)) {
		list->counts.comments++;
		return 0;
	}
	if (wrong != NULL) {
		reject(out, KM_R_PARSE, wrong);
		return 1;
	}
	fault = list->form == FORM_CSV && is_error_of_a_cell(out->uri) ? KM_URI_CELL :
			km_uri_check(out->uri.s, out->uri.len,
			KM_URI_MEMBER | (list->how.any_id ? KM_URI_ANY_ID : 0));
	if (fault != KM_URI_OK) {
		reject(out, KM_R_URI, km_uri_fault_text(fault));
		return 1;
	}
	wrong = check_group(&list->how, out);
	if (wrong != NULL) {
		reject(out, KM_R_GROUP, wrong);
		return 1;
	}
	result = look_up(list, out);
	if (result == 1 && out->reason == KM_R_OK)
		count_letters(list, out->uri);
	if (result < 0)
		complain(why, list->name, (int)list->rows.first, NULL, complain_errno(ENOMEM));
	return result;
}

/* ---- the list -------------------------------------------------------------------------------- */

/* The first line that counts.  1: it is a record.  0: it is none.  -1: *why says what the list is. */
static int decide(member_list *list, km_complaint *why)
{
	char wrong[FORM_TEXT];

	if (list->rows.too_long && list->rows.record[0] == '{') {
		list->form = FORM_NDJSON;
		return 1;
	}
	list->form = form_of(wrong, &list->columns, list->rows.record, list->rows.len, list->how.any_id);
	list->rows.is_csv = list->form == FORM_CSV;
	if (list->form == FORM_CSV) {
		list->header = malloc(list->rows.len + 1);
		if (list->header == NULL) {
			complain(why, list->name, (int)list->rows.first, NULL, complain_errno(ENOMEM));
			return -1;
		}
		memcpy(list->header, list->rows.record, list->rows.len);
		list->header_len = list->rows.len;
		return 0;
	}
	if (list->form != FORM_NONE)
		return list->form != FORM_UNDECIDED;
	complain(why, list->name, (int)list->rows.first, NULL, wrong);
	return -1;
}

/* Read on to the first record that counts; as members_next. */
static int next_record(member_list *list, km_complaint *why)
{
	while (rows_next(&list->rows)) {
		int found = 1;

		list->counts.lines = list->rows.lines;
		if (rows_is_empty(&list->rows) || (list->rows.record[0] == '#' && list->form <= FORM_PLAIN))
			continue;
		if (list->form == FORM_UNDECIDED)
			found = decide(list, why);
		if (found != 0)
			return found;
	}
	list->counts.lines = list->rows.lines;
	if (!ferror(list->rows.in))
		return 0;
	complain(why, list->name, (int)list->counts.lines + 1, NULL, complain_errno(errno));
	return -1;
}

int members_next(member_list *list, member_line *out, km_complaint *why)
{
	int found = 0, read = 0;

	*why = (km_complaint){ 0 };
	if (list->ended) {
		*out = (member_line){ .reason = KM_R_OK, .row = GROUPS_NONE };
		return 0;
	}
	do {
		*out = (member_line){ .reason = KM_R_OK, .row = GROUPS_NONE };
		found = next_record(list, why);
		if (found == 1)
			read = read_member(list, out, why);
	} while (found == 1 && read == 0);
	found = found == 1 ? read : found;
	out->line = list->rows.first;
	out->last = list->rows.last;
	out->record = (km_str){ list->rows.record, list->rows.len };
	out->is_cut = list->rows.too_long;
	out->is_open = list->rows.open_quote;
	list->counts.members += found == 1 && out->reason == KM_R_OK;
	list->counts.refused += found == 1 && out->reason != KM_R_OK;
	list->counts.complete = found == 0;
	if (found < 0)
		list->counts.broke_off = list->rows.first;
	list->ended = found != 1;
	return found;
}
