/* crowd.c -- the members of a run: the first ones are read ahead, the others as they are needed. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"

/* A member that was read ahead, with its KMS as it was given (NULL: not at all). */
typedef struct {
	crowd_member m;
	char *kms_uri;
} ahead;

enum { KMS_TEXT = 2 * CLI_SHOWN + 100 };

struct crowd {
	FILE *in;
	uintmax_t octets;       /* of the input; 0: not known */
	const char *name;
	member_list *list;
	bool ended;
	ahead *ahead;
	size_t n_ahead, given;
	crowd_count counts;
	const char *rejects_name;
	file_out rejects;
	char *last_reject;      /* of CSV, with a quote that nothing may stand behind */
	size_t last_reject_len;
	uint64_t left_out;      /* rejects that are too long to be kept */
	const km_keyring *ring;
	const group_list *by_group; /* NULL: all get one key */
	crowd_refusal *refusals;
	size_t refusals_room;
	bool refusals_lost;     /* out of memory */
	const km_kms *home;
	int64_t from;           /* no message has an earlier T, Unix seconds */
};

static int out_of_memory(void)
{
	cli_error("%s", strerror(ENOMEM));
	return CLI_IO;
}

bool crowd_take_column(const cli_command *command, crowd_how *how, const char *text)
{
	static const char *const names[] = { "uri=", "kms=", "group=" };
	const char **const to[] = { &how->list.uri, &how->list.kms, &how->list.group };
	char shown[CLI_SHOWN];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t n = strlen(names[i]);

		if (strncmp(text, names[i], n) != 0 || text[n] == '\0')
			continue;
		if (*to[i] != NULL)
			cli_usage(command, "--column %.*s was given twice", (int)n, names[i]);
		else
			*to[i] = text + n;
		return *to[i] == text + n;
	}
	cli_usage(command, "--column %s: uri=NAME, kms=NAME or group=NAME is wanted",
			cli_show(shown, text, strlen(text)));
	return false;
}

/* ---- rejects --------------------------------------------------------------------------------- */

static int open_rejects(crowd *c, const char *name)
{
	km_complaint why = { 0 };

	c->rejects_name = name;
	if (name == NULL || file_create(&c->rejects, name, 0, &why))
		return CLI_DONE;
	cli_error("%s", why.text);
	return CLI_IO;
}

static void put_line(crowd *c, const char *record, size_t len)
{
	fwrite(record, 1, len, c->rejects.f);
	putc('\n', c->rejects.f);
}

/* Errors of writing wait for the end. */
static void keep_line(crowd *c, const member_line *line)
{
	if (c->rejects.f == NULL)
		return;
	if (line->is_cut)
		c->left_out++;
	else if (!line->is_open)
		put_line(c, line->record.s, line->record.len);
	else if ((c->last_reject = malloc(line->record.len + 1)) != NULL) {
		memcpy(c->last_reject, line->record.s, line->record.len);
		c->last_reject_len = line->record.len;
	} else {
		c->left_out++;
	}
}

static void keep_refusal(crowd *c, uint32_t row, km_reason reason)
{
	crowd_refusal *bigger;

	if (row == GROUPS_NONE)
		return;
	if (c->counts.n_refusals == c->refusals_room) {
		const size_t room = c->refusals_room == 0 ? 64 : 2 * c->refusals_room;

		bigger = reallocarray(c->refusals, room, sizeof *bigger);
		if (bigger == NULL) {
			c->refusals_lost = true;
			return;
		}
		c->counts.refusals = c->refusals = bigger;
		c->refusals_room = room;
	}
	c->refusals[c->counts.n_refusals++] = (crowd_refusal){ row, reason };
}

static void reject(crowd *c, uint64_t line, uint32_t row, km_str uri, km_reason reason, const char *why)
{
	c->counts.rejected++;
	c->counts.by_reason[reason]++;
	keep_refusal(c, row, reason);
	cli_reject(c->name, line, uri.s, uri.len, reason, why);
}

void crowd_reject(crowd *c, const crowd_member *m, km_reason reason, const char *why)
{
	reject(c, m->line, m->row, m->uri, reason, why);
	if (c->rejects.f != NULL && m->record != NULL)
		put_line(c, m->record, m->record_len);
}

int crowd_keep_rejects(crowd *c)
{
	km_complaint why = { 0 };
	char shown[CLI_SHOWN];

	if (c == NULL || c->rejects.f == NULL)
		return CLI_DONE;
	if (c->last_reject != NULL)
		put_line(c, c->last_reject, c->last_reject_len);
	if (!file_commit(&c->rejects, &why)) {
		cli_error("%s", why.text);
		return CLI_IO;
	}
	cli_show(shown, c->rejects_name, strlen(c->rejects_name));
	if (c->counts.rejected == 0)
		cli_note("%s: empty, for nothing was rejected", shown);
	else
		cli_note("%s: %llu rejected %s", shown,
				(unsigned long long)(c->counts.rejected - c->left_out),
				word_for(c->counts.rejected - c->left_out, "line", "lines"));
	if (c->left_out > 0)
		cli_warn("%s: %llu rejected %s left out", shown,
				(unsigned long long)c->left_out,
				word_for(c->left_out, "line is too long and was", "lines are too long and were"));
	return CLI_DONE;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* What was passed over, and what is odd: once, at the end of the list. */
static void tell_end(const crowd *c)
{
	const members_counts *list = c->counts.list;
	char shown[CLI_SHOWN];

	cli_show(shown, c->name, strlen(c->name));
	if (list->comments > 0)
		cli_note("%s: rows that are commented out: %llu", shown, (unsigned long long)list->comments);
	if (list->repeats > 0)
		cli_note("%s: %llu %s left out, lines %llu and %llu are the first", shown,
				(unsigned long long)list->repeats,
				word_for(list->repeats, "repeat was", "repeats were"), (unsigned long long)list->repeat.other,
				(unsigned long long)list->repeat.line);
	if (list->beyond_ascii > 0)
		cli_warn("%s: %llu %s letters beyond ASCII, line %llu first: RFC 3261 has them "
				"escaped, some look like others, and a KMS knows a member octet by octet",
				shown, (unsigned long long)list->beyond_ascii,
				word_for(list->beyond_ascii, "member holds", "members hold"),
				(unsigned long long)list->beyond_line);
	if (list->twins > 0)
		cli_warn("%s: %llu %s written in two ways, lines %llu and %llu first: at most one "
				"of them is the one that the KMS knows", shown,
				(unsigned long long)list->twins,
				word_for(list->twins, "member is", "members are"),
				(unsigned long long)list->twin[0].other,
				(unsigned long long)list->twin[0].line);
}

/* Of the group of a line that was refused, where it names one. */
static uint32_t row_of(const crowd *c, const member_line *line)
{
	if (c->by_group == NULL || line->row != GROUPS_NONE || line->group.len == 0)
		return line->row;
	return groups_find(c->by_group, line->group);
}

/* The next line that was not refused.  1, 0, or minus a code; strings as in members_next. */
static int next_line(crowd *c, member_line *line)
{
	km_complaint why;
	bool header;
	int found;

	if (c->ended)
		return 0;
	do {
		header = members_header(c->list).len > 0;
		found = members_next(c->list, line, &why);
		if (c->rejects.f != NULL && !header && members_header(c->list).len > 0)
			put_line(c, members_header(c->list).s, members_header(c->list).len);
		if (found == 1 && line->reason != KM_R_OK) {
			reject(c, line->line, row_of(c, line), line->uri, line->reason, line->text);
			keep_line(c, line);
		}
	} while (found == 1 && line->reason != KM_R_OK);
	c->ended = found != 1;
	if (c->refusals_lost)
		return -out_of_memory();
	if (found == 0)
		tell_end(c);
	else if (found < 0)
		cli_error("%s", why.text);
	return found < 0 ? -CLI_IO : found;
}

/* A copy of what a line says.  The KMS is not looked up. */
static bool take_line(const crowd *c, crowd_member *m, const member_line *line)
{
	*m = (crowd_member){ .line = line->line, .row = line->row };
	if (c->by_group != NULL)
		m->key = groups_row_at(c->by_group, line->row)->key;
	m->uri = (km_str){ strndup(line->uri.s, line->uri.len), line->uri.len };
	if (m->uri.s != NULL && c->rejects.f != NULL) {
		m->record = malloc(line->record.len + 1);
		if (m->record != NULL)
			memcpy(m->record, line->record.s, line->record.len);
		m->record_len = line->record.len;
	}
	if (m->uri.s != NULL && (c->rejects.f == NULL || m->record != NULL))
		return true;
	crowd_drop(m);
	return false;
}

/* ---- reading ahead --------------------------------------------------------------------------- */

static bool keep(const crowd *c, ahead *a, const member_line *line)
{
	a->kms_uri = NULL;
	if (!take_line(c, &a->m, line))
		return false;
	if (line->kms.len > 0)
		a->kms_uri = strndup(line->kms.s, line->kms.len);
	if (line->kms.len == 0 || a->kms_uri != NULL)
		return true;
	crowd_drop(&a->m);
	return false;
}

static int read_ahead(crowd *c, size_t limit)
{
	size_t room = 0;
	member_line line;
	int found = 0;

	while (!cli_interrupted && c->n_ahead < limit && (found = next_line(c, &line)) == 1) {
		if (c->n_ahead == room) {
			size_t more = room == 0 ? 64 : 2 * room;
			ahead *bigger = reallocarray(c->ahead, more, sizeof *bigger);

			if (bigger == NULL)
				return out_of_memory();
			c->ahead = bigger;
			room = more;
		}
		if (!keep(c, &c->ahead[c->n_ahead], &line))
			return out_of_memory();
		c->n_ahead++;
	}
	return cli_interrupted ? CLI_INTERRUPTED : found < 0 ? -found : CLI_DONE;
}

int crowd_open(crowd **out, const char *name, const crowd_how *how, size_t limit)
{
	crowd *c = calloc(1, sizeof *c);
	int code;

	*out = NULL;
	if (c == NULL)
		return out_of_memory();
	c->in = cli_open_input(&name, &c->octets);
	c->name = name;
	if (c->in == NULL) {
		crowd_close(c);
		return CLI_IO;
	}
	c->by_group = how->list.by_group;
	c->list = members_open(c->in, name, &how->list);
	code = c->list == NULL ? out_of_memory() : open_rejects(c, how->rejects);
	if (code == CLI_DONE) {
		c->counts.list = members_counted(c->list);
		code = read_ahead(c, limit);
	}
	if (code != CLI_DONE) {
		crowd_close(c);
		return code;
	}
	*out = c;
	return CLI_DONE;
}

void crowd_close(crowd *c)
{
	if (c == NULL)
		return;
	for (size_t i = c->given; i < c->n_ahead; i++) {
		crowd_drop(&c->ahead[i].m);
		free(c->ahead[i].kms_uri);
	}
	free(c->ahead);
	file_discard(&c->rejects);
	free(c->last_reject);
	free(c->refusals);
	members_close(c->list);
	cli_close_input(c->in);
	free(c);
}

const char *crowd_name(const crowd *c)
{
	return c->name;
}

crowd_count crowd_counts(const crowd *c)
{
	return c->counts;
}

bool crowd_is_complete(const crowd *c)
{
	return c->ended;
}

bool crowd_is_sized(const crowd *c)
{
	return c->ended || c->octets > 0;
}

size_t crowd_size(const crowd *c)
{
	const size_t many = 100000;             /* of a pipe, nothing is known */
	size_t left = c->n_ahead - c->given;
	long at = ftell(c->in);

	if (c->ended)
		return left;
	if (at <= 0 || c->octets == 0)
		return left > many ? left : many;
	return (size_t)((double)left * (double)c->octets / (double)at) + 1;
}

/* ---- giving out ------------------------------------------------------------------------------ */

/* A KMS other than the GMS's that does not say which domains are its own. */
static bool has_silent_kms(const crowd *c)
{
	const km_kms *kms;

	for (size_t i = 0; (kms = km_keyring_kms_at(c->ring, i)) != NULL; i++) {
		if (kms->n_domains == 0 && strcmp(kms->uri, c->home->uri) != 0)
			return true;
	}
	return false;
}

/* The newest certificate of its KMS; NULL: the KMS that the list names, or those that claim the member's host, leave
 * none to go by. */
static const km_kms *choose_kms(crowd *c, const crowd_member *m, km_str kms, char text[KMS_TEXT])
{
	const km_kms *other = NULL, *found, *claims = km_keyring_kms_claims(c->ring, m->uri.s, m->uri.len, &other);
	char host[KM_URI_MAX + 1], one[CLI_SHOWN], two[CLI_SHOWN] = "";

	cli_show(one, kms.len == 0 ? "" : kms.s, kms.len);
	if (claims != NULL)
		cli_show(two, claims->uri, strlen(claims->uri));
	found = kms.len > 0 ? km_keyring_kms_newest(c->ring, kms.s, kms.len) : claims != NULL ? claims : c->home;
	if (found == NULL) {
		snprintf(text, KMS_TEXT, "no certificate of the KMS %s: give its document with --kms", one);
		return NULL;
	}
	if (kms.len == 0 && claims == NULL && c->home->n_domains > 0 && has_silent_kms(c) &&
	    km_uri_host(host, m->uri.s, m->uri.len) > 0) {
		cli_show(one, host, strlen(host));
		snprintf(text, KMS_TEXT, "no domain list claims %s, also not that of the KMS of the GMS: the "
				"list must name its kms", one);
		return NULL;
	}
	c->counts.by_default += kms.len == 0 && claims == NULL && has_silent_kms(c);
	if (kms.len == 0 && claims != NULL && other != NULL) {
		cli_show(one, other->uri, strlen(other->uri));
		snprintf(text, KMS_TEXT, "the domain lists of %s and %s both claim its host: the list must "
				"name its kms", two, one);
		return NULL;
	}
	if (kms.len > 0 && claims != NULL && strcmp(claims->uri, found->uri) != 0 &&
	    (other == NULL || strcmp(other->uri, found->uri) != 0)) {
		snprintf(text, KMS_TEXT, "the list gives it the KMS %s, but the domain list of %s claims "
				"its host", one, two);
		return NULL;
	}
	return found;
}

/* Then it is refused. */
static bool is_without_key(crowd *c, const crowd_member *m)
{
	if (c->by_group == NULL || groups_row_at(c->by_group, m->row)->wrong == NULL)
		return false;
	crowd_reject(c, m, KM_R_KEY, "the key of its group cannot be had");
	return true;
}

/* Find the KMS of a member: the one of the list, else the one that claims its host, else home.
 * false: the member was refused. */
static bool find_kms(crowd *c, crowd_member *m, km_str kms)
{
	int64_t now = (int64_t)time(NULL), at = now > c->from ? now : c->from;
	char text[KMS_TEXT], why[CLI_WHY];
	const km_kms *found;

	if (is_without_key(c, m))
		return false;
	found = choose_kms(c, m, kms, text);
	if (found == NULL) {
		crowd_reject(c, m, KM_R_KMS, text);
		return false;
	}
	m->kms = found->number;
	if (strcmp(found->uri, c->home->uri) == 0 || cli_why_kms(why, found, at) == NULL ||
	    km_keyring_kms_valid(c->ring, found->uri, strlen(found->uri), at) != NULL)
		return true;
	crowd_reject(c, m, KM_R_EXPIRED, why);
	return false;
}

void crowd_settle(crowd *c, const km_keyring *ring, const km_kms *home, int64_t from)
{
	size_t kept = 0;

	c->ring = ring;
	c->home = home;
	c->from = from;
	for (size_t i = 0; i < c->n_ahead; i++) {
		ahead *a = &c->ahead[i];
		bool found = find_kms(c, &a->m, (km_str){ a->kms_uri,
				a->kms_uri == NULL ? 0 : strlen(a->kms_uri) });

		free(a->kms_uri);
		a->kms_uri = NULL;
		if (found)
			c->ahead[kept++] = *a;
		else
			crowd_drop(&a->m);
	}
	c->n_ahead = kept;
}

const crowd_member *crowd_at(const crowd *c, size_t i)
{
	return i < c->n_ahead - c->given ? &c->ahead[c->given + i].m : NULL;
}

int crowd_next(crowd *c, crowd_member *out)
{
	member_line line;
	int found;

	while (c->given < c->n_ahead) {
		*out = c->ahead[c->given++].m;
		if (!is_without_key(c, out))    /* it may have failed meanwhile */
			return 1;
		crowd_drop(out);
	}
	while ((found = next_line(c, &line)) == 1) {
		if (!take_line(c, out, &line))
			return -out_of_memory();
		if (find_kms(c, out, line.kms))
			return 1;
		crowd_drop(out);
	}
	return found;
}

void crowd_drop(crowd_member *m)
{
	free((char *)(uintptr_t)m->uri.s);
	free(m->record);
	m->uri = (km_str){ 0 };
	m->record = NULL;
}
