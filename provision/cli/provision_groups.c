/* provision_groups.c -- keymuster provision --groups: the file of groups, and the keys that it names. */
#include "provision_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int out_of_memory(void)
{
	cli_error("%s", strerror(ENOMEM));
	return CLI_IO;
}

static bool is_there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 || errno != ENOENT;
}

/* ---- the file -------------------------------------------------------------------------------- */

static const char *last_part(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash == NULL ? name : slash + 1;
}

/* What is there already is known by what it holds: see provision_check_output. */
static int check_places(const provision *p)
{
	const char *const outs[] = { p->w.output, p->receipt_name, p->how.rejects };
	const group_list *list = p->groups->list;
	char shown[CLI_SHOWN];

	for (size_t i = 0; i < groups_rows(list); i++) {
		const char *gmk = groups_row_at(list, i)->gmk.s;

		for (size_t k = 0; k < sizeof outs / sizeof *outs; k++) {
			if (outs[k] != NULL && strcmp(last_part(outs[k]), last_part(gmk)) == 0 &&
			    file_is_same(outs[k], gmk))
				return cli_usage(&cli_provision, "a key of --groups and an output name the same file, %s",
						cli_show(shown, gmk, strlen(gmk)));
		}
	}
	return CLI_DONE;
}

int provision_read_groups(provision *p)
{
	const groups_how how = { .any_id = p->how.list.any_id, .forget = p->w.forget };
	const char *name = p->w.by_group;
	provision_groups *g = calloc(1, sizeof *g);
	km_complaint why = { 0 };
	FILE *in;

	if (g == NULL)
		return out_of_memory();
	p->groups = g;
	in = cli_open_input(&name, NULL);
	if (in == NULL)
		return CLI_IO;
	if (!groups_read(&g->list, in, name, &how, &why))
		cli_error("%s", why.text);
	cli_close_input(in);
	if (g->list == NULL)
		return CLI_IO;
	g->keys = calloc(groups_keys(g->list), sizeof *g->keys);
	g->of = calloc(groups_keys(g->list), sizeof *g->of);
	g->rows = calloc(groups_rows(g->list), sizeof *g->rows);
	g->by_id = calloc(groups_keys(g->list), sizeof *g->by_id);
	if (g->keys == NULL || g->of == NULL || g->rows == NULL || g->by_id == NULL)
		return out_of_memory();
	for (size_t i = 0; i < groups_keys(g->list); i++) {
		g->of[i].is_new = p->w.forget || !is_there(group_row_of(g, i)->gmk.s);
		g->keys[i].revoke = group_row_of(g, i)->revoke;
		p->key_exists = p->key_exists || !g->of[i].is_new;
		if (g->of[i].is_new && g->keys[i].revoke &&
		    !groups_fail(g->list, i, "status", "revoked needs the file of the key, which is not there"))
			return out_of_memory();
	}
	return check_places(p);
}

const group_list *provision_list(const provision *p)
{
	return p->groups->list;
}

void provision_close_groups(provision *p)
{
	provision_groups *g = p->groups;

	if (g == NULL)
		return;
	for (size_t i = 0; g->list != NULL && g->of != NULL && i < groups_keys(g->list); i++) {
		km_key_free(g->keys[i].key);
		salts_free(g->keys[i].salts);
		free(g->of[i].given.at);
	}
	journal_many_close(g->journal);
	groups_free(g->list);
	free(g->keys);
	free(g->of);
	free(g->rows);
	free(g->by_id);
	free(g->older);
	free(g);
}

/* ---- keys that are there --------------------------------------------------------------------- */

static bool has_group(const km_key *key, km_str group)
{
	for (size_t i = 0; i < key->params.n_groups; i++) {
		if (km_uri_same(key->params.groups[i], group))
			return true;
	}
	return false;
}

/* What the rows say beside the file must agree; NULL: it does. */
static const char *differs(const provision_groups *g, size_t i, const km_key *key)
{
	const groups_row *row = group_row_of(g, i);

	if (row->text.len > 0 && strcmp(row->text.s, key->params.text.s) != 0)
		return "text";
	if (row->activation != 0 && (uint64_t)row->activation != key->params.activation)
		return "activate";
	if (row->expiry != 0 && (uint64_t)row->expiry != key->params.expiry)
		return "expire";
	if (groups_key_at(g->list, i)->n != key->params.n_groups)
		return "group";
	for (uint32_t k = groups_key_at(g->list, i)->first; k != GROUPS_NONE; k = groups_row_at(g->list, k)->next) {
		if (!has_group(key, groups_row_at(g->list, k)->group))
			return "group";
	}
	return NULL;
}

/* false: out of memory. */
static bool check_read(provision *p, size_t i, bool is_revoked)
{
	provision_groups *g = p->groups;
	const km_key *key = g->keys[i].key;
	const char *field = differs(g, i, key), *text = NULL;
	char wrong[128];

	if (field != NULL)
		text = "differs from what the file of the key says";
	else if (!g->keys[i].revoke && is_revoked)
		text = "this key was revoked and is not given out any more", field = "revoked";
	else if (!g->keys[i].revoke && key->params.expiry != 0 && (int64_t)key->params.expiry <= p->t)
		text = "this key has expired", field = "expiry";
	if (text == NULL)
		return true;
	snprintf(wrong, sizeof wrong, "key %08x: %s", (unsigned)key->gmk_id, text);
	return groups_fail(g->list, i, field, wrong);
}

/* As it is, without a word to the state: for --check. */
static km_err look_at(km_key **out, const provision *p, const char *path, km_complaint *why)
{
	km_err err = keyfile_read(out, path, km_seal_none(), why);

	if (err != KM_OK || (strcmp((*out)->gms.s, p->gms_uri.s) == 0 && strcmp((*out)->kms.s, p->gms_kms->uri) == 0))
		return err;
	complain(why, path, 0, "gms", "the key of another GMS");
	km_key_free(*out);
	*out = NULL;
	return KM_EKEY;
}

/* One that cannot be had fails alone; a state that cannot be read does not. */
static int read_key(provision *p, size_t i)
{
	provision_groups *g = p->groups;
	const char *path = group_row_of(g, i)->gmk.s;
	uint32_t is = KM_ID_UNKNOWN;
	km_complaint why = { 0 };
	km_err err = p->w.check ? look_at(&g->keys[i].key, p, path, &why) :
			km_key_load(&g->keys[i].key, p->gms, path, km_seal_none(), &why);

	if (err == KM_OK && p->w.check)
		err = gms_look_up(&is, p->gms, g->keys[i].key->gmk_id, &why);
	if (err == KM_ELOST || err == KM_ENOMEM || (err != KM_OK && g->keys[i].key != NULL)) {
		cli_error("%s", why.text[0] != '\0' ? why.text : km_strerror(err));
		return err == KM_ELOST ? CLI_KEYS : CLI_IO;
	}
	if (err != KM_OK)
		return groups_fail(g->list, i, NULL, why.text) ? CLI_DONE : out_of_memory();
	return check_read(p, i, is == KM_ID_REVOKED || g->keys[i].key->revoked) ? CLI_DONE : out_of_memory();
}

static int read_keys(provision *p)
{
	const provision_groups *g = p->groups;
	uint64_t n_open = 0;
	const char *first = NULL;
	int code = CLI_DONE;
	char shown[CLI_SHOWN];

	for (size_t i = 0; i < groups_keys(g->list) && code == CLI_DONE && !cli_interrupted; i++) {
		const char *path = group_row_of(g, i)->gmk.s;

		if (g->of[i].is_new || group_key_fails(g, i))
			continue;
		code = read_key(p, i);
		if (code != CLI_DONE || group_key_fails(g, i) || file_is_private(path))
			continue;
		first = first == NULL ? path : first;
		n_open++;
	}
	if (n_open > 0)
		cli_warn("%s: others than its owner may read this key%s", cli_show(shown, first, strlen(first)),
				n_open > 1 ? ", and more of --groups" : "");
	return code;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* "FILE:LINE: GROUP: why" of all that fail. */
static void say_failed(const provision *p)
{
	const group_list *list = p->groups->list;
	char file[CLI_SHOWN], shown[CLI_SHOWN];

	cli_show(file, groups_name(list), strlen(groups_name(list)));
	for (size_t i = 0; i < groups_rows(list); i++) {
		const groups_row *row = groups_row_at(list, i);

		if (row->wrong != NULL)
			cli_error("%s:%llu: %s: %s", file, (unsigned long long)row->line,
					cli_show(shown, row->group.s, row->group.len), row->wrong);
	}
}

/* Groups that clients will refuse unless they are told to trust this GMS. */
static void warn_of_hosts(const provision *p)
{
	const group_list *list = p->groups->list;
	char group[KM_URI_MAX + 1], gms[KM_URI_MAX + 1], shown[CLI_SHOWN];
	const bool has_gms = km_uri_host(gms, p->gms_uri.s, p->gms_uri.len) > 0;
	const groups_row *first = NULL;
	uint64_t n = 0;

	for (size_t i = 0; i < groups_rows(list); i++) {
		const groups_row *row = groups_row_at(list, i);

		if (row->wrong != NULL || (has_gms && km_uri_host(group, row->group.s, row->group.len) > 0 &&
		    strcmp(group, gms) == 0))
			continue;
		first = first == NULL ? row : first;
		n++;
	}
	if (n > 0)
		cli_warn("%llu %s, such as %s, not carry the host of the GMS: clients that go by the PSI rule refuse "
				"such keys", (unsigned long long)n, word_for(n, "group does", "groups do"),
				cli_show(shown, first->group.s, first->group.len));
}

static int revoke_keys(provision *p)
{
	const provision_groups *g = p->groups;

	for (size_t i = 0; i < groups_keys(g->list) && !cli_interrupted; i++) {
		km_complaint why = { 0 };

		if (!g->keys[i].revoke || group_key_fails(g, i) || km_key_revoke(g->keys[i].key, &why) == KM_OK)
			continue;
		if (!g->keys[i].key->revoked) {
			cli_error("%s", why.text);
			return CLI_IO;
		}
		cli_note("the state knows that key %08x is revoked; its file does not say so: %s",
				(unsigned)g->keys[i].key->gmk_id, why.text);
	}
	return CLI_DONE;
}

/* What fails is let go, and the first that does not is the canary's. */
static void settle_keys(provision *p)
{
	provision_groups *g = p->groups;
	size_t n = 0;

	for (size_t i = 0; i < g->n_ids; i++) {
		if (!group_key_fails(g, g->by_id[i]))
			g->by_id[n++] = g->by_id[i];
	}
	g->n_ids = n;
	for (size_t i = 0; i < groups_keys(g->list); i++) {
		if (group_key_fails(g, i)) {
			km_key_free(g->keys[i].key);
			g->keys[i].key = NULL;
		} else if (p->key == NULL && g->keys[i].key != NULL) {
			p->key = key_hold(g->keys[i].key);
			p->revoke = g->keys[i].revoke;
		}
	}
}

int group_open_keys(provision *p)
{
	int code = read_keys(p);

	if (code == CLI_DONE)
		code = group_make_keys(p);
	if (code == CLI_DONE)
		code = group_look_before(p);
	if (code == CLI_DONE && cli_interrupted)
		code = CLI_INTERRUPTED;
	if (code != CLI_DONE)
		return code;
	say_failed(p);
	settle_keys(p);
	warn_of_hosts(p);
	return CLI_DONE;
}

int provision_open_groups(provision *p)
{
	provision_groups *g = p->groups;
	km_complaint why = { 0 };
	int code = group_open_keys(p);

	if (code == CLI_DONE)
		code = revoke_keys(p);
	if (code != CLI_DONE || p->w.forget || p->key == NULL)
		return code;
	if (journal_many_new(&g->journal, state_name(p->st), &why) != JOURNAL_OK) {
		cli_error("%s", why.text);
		return CLI_IO;
	}
	g->run = journal_many_run(g->journal);
	return CLI_DONE;
}

void provision_use_groups(cli_run *how, cli_counts *counts, const provision *p)
{
	const provision_groups *g = p->groups;

	how->by_group = g->list;
	how->keys = g->keys;
	how->n_keys = groups_keys(g->list);
	how->journal = g->journal;
	how->journal_run = g->run;
	counts->by_row = g->rows;
}

/* ---- the end --------------------------------------------------------------------------------- */

int provision_end_groups(provision *p, bool delivered)
{
	provision_groups *g = p->groups;
	km_complaint why = { 0 };

	if (g->journal == NULL)
		return CLI_DONE;
	if (!journal_many_end(g->journal, g->run, delivered))
		return out_of_memory();
	if (journal_many_sync(g->journal, &why) == JOURNAL_OK)
		return CLI_DONE;
	if (delivered)
		cli_error("the messages are made, but not that they were is kept: %s", why.text);
	else
		cli_warn("%s", why.text);
	return CLI_IO;
}

void group_say_rows(char out[PROVISION_SAID], const provision *p)
{
	const provision_groups *g = p->groups;
	const size_t n = groups_rows(g->list);
	const crowd_count read = crowd_counts(p->members);
	size_t served = 0, failed = 0, others = 0;
	bool *has_rejects = calloc(n, sizeof *has_rejects);
	int len;

	for (size_t i = 0; has_rejects != NULL && i < read.n_refusals; i++)
		has_rejects[read.refusals[i].row] = true;
	for (size_t i = 0; i < n; i++) {
		const bool fails = groups_row_at(g->list, i)->wrong != NULL;
		bool got;

		failed += fails;
		got = g->rows[i].made > 0 || read.list->repeats_by_row[i] > 0;
		served += !fails && got;
		others += !fails && !got && has_rejects != NULL && has_rejects[i];
	}
	free(has_rejects);
	len = snprintf(out, PROVISION_SAID, "%zu %s (%zu served, %zu failed, %zu without members", n,
			word_for(n, "group", "groups"), served, failed, n - served - failed - others);
	if (others > 0)
		len += snprintf(out + len, PROVISION_SAID - (size_t)len, ", %zu whose members were all rejected",
				others);
	snprintf(out + len, PROVISION_SAID - (size_t)len, ")");
}

void provision_tell_groups(const provision *p, const cli_counts *counts)
{
	char text[PROVISION_SAID], rest[2 * PROVISION_SAID] = "";
	int len = 0;

	group_say_rows(text, p);
	if (counts->rejected > 0)
		len = snprintf(rest, sizeof rest, "; %llu rejected: no message for them",
				(unsigned long long)counts->rejected);
	if (p->left_out > 0)
		snprintf(rest + len, sizeof rest - (size_t)len, "; %llu who were given one of the keys, or an earlier "
				"one of a group, are left out", (unsigned long long)p->left_out);
	if (counts->made == 0)
		cli_note("%s: no message was made and no output written%s", text, rest);
	else
		cli_note("%s: %llu %s%s", text, (unsigned long long)counts->made,
				word_for(counts->made, "message", "messages"), rest);
}
