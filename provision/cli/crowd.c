/* crowd.c -- the members of a run: the first ones are read ahead, the others as they are needed. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../members.h"

/* A member that was read ahead, with its KMS as it was given (NULL: not at all). */
typedef struct {
	crowd_member m;
	char *kms_uri;
} ahead;

struct crowd {
	FILE *in;
	const char *name;
	members *list;
	bool ended;
	ahead *ahead;
	size_t n_ahead, given;
	uint64_t rejected;
	const km_keyring *ring;
	const km_kms *home;
};

static int read_failed(const crowd *c, const km_complaint *why)
{
	cli_error("%s", why->text);
	return ferror(c->in) ? CLI_IO : CLI_REJECTED;
}

static int out_of_memory(void)
{
	cli_error("%s", strerror(ENOMEM));
	return CLI_IO;
}

static void reject(crowd *c, uint64_t line, km_str uri, km_reason reason, const char *why)
{
	c->rejected++;
	cli_reject(c->name, line, uri.s, uri.len, reason, why);
}

/* The next line that was not refused.  1, 0, or minus a code; strings as in members_next. */
static int next_line(crowd *c, member_line *line)
{
	km_complaint why;
	int found;

	if (c->ended)
		return 0;
	while ((found = members_next(c->list, line, &why)) == 1) {
		if (line->reason == KM_R_OK)
			return 1;
		reject(c, line->line, line->uri, line->reason, line->text);
	}
	c->ended = true;
	return found == 0 ? 0 : -read_failed(c, &why);
}

/* ---- reading ahead --------------------------------------------------------------------------- */

static bool keep(ahead *a, const member_line *line)
{
	char *uri = strndup(line->uri.s, line->uri.len);

	*a = (ahead){ .m = { .member = { .uri = { uri, line->uri.len } }, .line = line->line } };
	if (uri != NULL && line->kms.len > 0)
		a->kms_uri = strndup(line->kms.s, line->kms.len);
	if (uri == NULL || (line->kms.len > 0 && a->kms_uri == NULL)) {
		free(uri);
		return false;
	}
	return true;
}

static int read_ahead(crowd *c, size_t limit)
{
	size_t room = 0;
	member_line line;
	int found = 0;

	while (c->n_ahead < limit && (found = next_line(c, &line)) == 1) {
		if (c->n_ahead == room) {
			size_t more = room == 0 ? 64 : 2 * room;
			ahead *bigger = reallocarray(c->ahead, more, sizeof *bigger);

			if (bigger == NULL)
				return out_of_memory();
			c->ahead = bigger;
			room = more;
		}
		if (!keep(&c->ahead[c->n_ahead], &line))
			return out_of_memory();
		c->n_ahead++;
	}
	return found < 0 ? -found : CLI_DONE;
}

int crowd_open(crowd **out, const char *name, size_t limit)
{
	crowd *c = calloc(1, sizeof *c);
	int code;

	*out = NULL;
	if (c == NULL)
		return out_of_memory();
	c->in = cli_open_input(&name);
	c->name = name;
	if (c->in == NULL) {
		crowd_close(c);
		return CLI_IO;
	}
	c->list = members_open(c->in, name);
	code = c->list == NULL ? out_of_memory() : read_ahead(c, limit);
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
	members_close(c->list);
	cli_close_input(c->in);
	free(c);
}

const char *crowd_name(const crowd *c)
{
	return c->name;
}

uint64_t crowd_rejected(const crowd *c)
{
	return c->rejected;
}

bool crowd_is_complete(const crowd *c)
{
	return c->ended;
}

size_t crowd_size(const crowd *c)
{
	const size_t many = 100000;             /* of a pipe, nothing is known */
	size_t left = c->n_ahead - c->given;
	struct stat st;
	long at = ftell(c->in);

	if (c->ended)
		return left;
	if (at <= 0 || fstat(fileno(c->in), &st) != 0 || !S_ISREG(st.st_mode))
		return left > many ? left : many;
	return (size_t)((double)left * (double)st.st_size / (double)at) + 1;
}

/* ---- giving out ------------------------------------------------------------------------------ */

static const km_kms *find_kms(crowd *c, uint64_t line, km_str uri, const char *kms, size_t kms_len)
{
	const km_kms *found = kms_len == 0 ? c->home : km_keyring_kms(c->ring, kms, kms_len);
	char text[CLI_SHOWN + 40], shown[CLI_SHOWN];

	if (found == NULL) {
		snprintf(text, sizeof text, "no certificate of the KMS %s",
				cli_show(shown, kms, kms_len));
		reject(c, line, uri, KM_R_KMS, text);
	}
	return found;
}

void crowd_settle(crowd *c, const km_keyring *ring, const km_kms *home)
{
	size_t kept = 0;

	c->ring = ring;
	c->home = home;
	for (size_t i = 0; i < c->n_ahead; i++) {
		ahead *a = &c->ahead[i];

		a->m.member.kms = find_kms(c, a->m.line, a->m.member.uri, a->kms_uri,
				a->kms_uri == NULL ? 0 : strlen(a->kms_uri));
		free(a->kms_uri);
		a->kms_uri = NULL;
		if (a->m.member.kms != NULL)
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

	if (c->given < c->n_ahead) {
		*out = c->ahead[c->given++].m;
		return 1;
	}
	do {
		found = next_line(c, &line);
		if (found != 1)
			return found;
		out->line = line.line;
		out->member.uri = line.uri;
		out->member.kms = find_kms(c, line.line, line.uri, line.kms.s, line.kms.len);
	} while (out->member.kms == NULL);
	out->member.uri.s = strndup(line.uri.s, line.uri.len);
	return out->member.uri.s == NULL ? -out_of_memory() : 1;
}

void crowd_drop(crowd_member *m)
{
	free((char *)(uintptr_t)m->member.uri.s);
	m->member.uri = (km_str){ 0 };
}
