/* util_seeds.c -- what fuzzing starts from: well-formed inputs of every kind. */
#include "util_seeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provision/base/complain.h"
#include "provision/client/held_frame.h"
#include "provision/gms/journal.h"
#include "provision/message/keyparams.h"
#include "provision/run/sink.h"
#include "util_key.h"
#include "util_kmsdoc.h"
#include "util_own.h"

static void add(seed_list *list, const void *data, size_t len)
{
	seed *s = &list->at[list->n++];

	if (list->n > SEEDS_MAX || (s->data = malloc(len + 1)) == NULL)
		abort();
	memcpy(s->data, data, len);
	s->len = len;
}

static void add_texts(seed_list *list, const char *const *texts)
{
	for (; *texts != NULL; texts++)
		add(list, *texts, strlen(*texts));
}

/* ---- from the project's own messages ---------------------------------------------------------- */

static void add_messages(seed_list *list)
{
	own_message m;

	for (size_t i = 0; i < own_messages(); i++) {
		own_get(&m, i, NULL);
		add(list, m.msg, m.len);
	}
}

static void add_streams(seed_list *list)
{
	static const char *const forms[] = {"mikey %s\n", "{\"mikey\":\"%s\"}\n",
			"\n{ \"uri\": \"sip:a@b\", \"mikey\" : \"%s\", \"guk_id\":\"01da572e\" }\r\n"};
	static const char *const documents[] = {
		"v=0\r\ns=-\r\na=key-mgmt:mikey %s\r\nm=audio 9 RTP/SAVP 0\r\n",
		"NOTIFY sip:a@b SIP/2.0\r\nc: multipart/mixed; boundary=\"x\"\r\n\r\n--x\r\nContent-Type: "
		"application/mikey\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n--x--\r\n",
		"<?xml version=\"1.0\"?>\n<a:GKTPs xmlns:a=\"u\"><!-- > --><a:GKTP id='1'>%s</a:GKTP>"
		"<b><![CDATA[ARoF]]></b></a:GKTPs>",
	};
	char base64[2048], text[3 * 2200];
	own_message m;
	size_t len = 0;

	add_messages(list);
	for (size_t i = 0; i < 3; i++) {
		own_get(&m, i, NULL);
		base64[sink_base64(base64, m.msg, m.len)] = '\0';
		len = (size_t)snprintf(text, sizeof text, documents[i], base64);
		add(list, text, len);
	}
	len = 0;
	for (size_t i = 0; i < 3; i++) {
		size_t start = len;

		own_get(&m, i, NULL);
		base64[sink_base64(base64, m.msg, m.len)] = '\0';
		len += (size_t)snprintf(text + len, sizeof text - len, forms[i], base64);
		add(list, text + start, len - start);
	}
	add(list, text, len);
}

static void add_keyparams(seed_list *list)
{
	static const uint8_t zeros[KM_SSV_BYTES];
	uint8_t out[PROTECTED_HEADER + 256 + GCM_TAG];
	keyparams_cipher *cipher = keyparams_cipher_new();
	own_message m;

	for (size_t i = 0; i < own_messages(); i++) {
		own_get(&m, i, NULL);
		add(list, m.content, m.content_len);
		if (i == 0 && cipher != NULL && keyparams_protect(out, cipher, zeros, 0, zeros, 1,
				m.content, m.content_len))
			add(list, out, PROTECTED_HEADER + m.content_len + GCM_TAG);
	}
	keyparams_cipher_free(cipher);
}

static void add_documents(seed_list *list)
{
	kmsdoc_cert cert = some_cert("kms.example.org", 1);
	kmsdoc_keys keys[2] = {some_keys(OWN_ALICE, 1531, 2), some_keys(OWN_BOB, 1532, 3)};
	char *docs[3];

	keys[1].valid_from = 1767607200;
	cert.valid_to = 1867607200;
	docs[0] = written_init(&cert);
	docs[1] = written_keys(keys, 1);
	docs[2] = written_keys(keys, 2);
	for (size_t i = 0; i < 3; i++) {
		add(list, docs[i], strlen(docs[i]));
		free(docs[i]);
	}
}

/* ---- texts ------------------------------------------------------------------------------------ */

static void add_groups(seed_list *list)
{
	add_texts(list, (const char *const[]){
			"group,gmk,text,activate,expire,status\nsip:a@x,a.gmk,\"A, 1\",1,2027-01-01T00:00:00Z,active\n"
			"sip:b@x,./a.gmk,\"A, 1\",1,2027-01-01T00:00:00Z,\nsip:c@x,c.gmk,,,,revoked\n",
			"{\"group\":\"sip:a@x\",\"gmk\":\"a.gmk\",\"text\":null}\n"
			"{\"group\":\"sip:b@x\",\"gmk\":\"b.gmk\",\"status\":\"revoked\"}\n",
			NULL });
}

static void add_members(seed_list *list)
{
	add_texts(list, (const char *const[]){
		"sip:alice@example.org\n# comment\n\nsip:bob@example.org\r\ntel:+15551234\n",
		"uri,kms,name\nsip:a@b,kms.example.org,\"A, \"\"a\"\"\"\n\"sip:c@d\",,\n",
		"\xef\xbb\xbfname;uri\nx;sip:a@b\n",
		"{\"uri\":\"sip:a@b\"}\n{\"uri\":\"sip:c@d\",\"kms\":\"kms.example.org\"}\n",
		" {\"n\":[1e999,{\"x\":\"\\ud83d\"}],\"\\u0075ri\":\"sip:\\u00e9\\ud83d\\ude00@x\"}\n{\n",
		"sep=,\nuri,note\n#sip:a@b,\nsip:c@d,\"one\ntwo\"\nsip:e@f,\"g\nsip:h@i,\n,,\n",
		"'sip:a@b\n<sip:c@d>\nSIP:E@F;user=phone\nsips:%65@f:5060\nalice@b\n4.47E+11\n",
		"[{\"uri\":\"sip:a@b\"}]\n", "\"sip:a@b\"\n", "s\xc2\xa0ip;x\ty\r", NULL});
}

static void add_keyfiles(seed_list *list)
{
#define HEAD "{\"version\": 1, \"gmk\": \"1aece72a46a145d783afc49a8593d2a4\", \"gmk_id\": \"0048a88c\", " \
	"\"rand\": \"d715d832debb1c96d839283c998af5c0\", \"gms\": \"sip:gms@example.org\", " \
	"\"kms\": \"kms.example.org\", "
	add_texts(list, (const char *const[]){
		HEAD "\"text\": \"Fire ground 1\", \"activation\": 1759451520, \"expiry\": 1762043520, "
		"\"groups\": [\"sip:a@b\", \"sip:c@d\"], \"revoked\": false, "
		"\"salts\": \"CS/6ogAAAAEBAgMEBQYHCA==\"}",
		HEAD "\"text\": \"\", \"activation\": 0, \"expiry\": 0, \"groups\": [], \"revoked\": true, "
		"\"salts\": \"\"}",
		"{\"version\": 2, \"gmk\": \"1aece72a46a145d783afc49a8593d2a4\", \"gmk_id\": "
		"\"0048a88c\", \"rand\": \"d715d832debb1c96d839283c998af5c0\", \"gms\": "
		"\"sip:gms@example.org\", \"kms\": \"kms.example.org\", \"text\": \"\", "
		"\"activation\": 0, \"expiry\": 0, \"groups\": [\"sip:a@b\"], \"revoked\": false}",
		"{\"revoked\" : true, \"shared\":true, \"authority\":\"\\u0070si\", \"version\": 3,\n\"gmk\": "
		"\"1aece72a46a145d783afc49a8593d2a4\", \"gmk_id\": \"0048a88c\",\t\"rand\": "
		"\"d715d832debb1c96d839283c998af5c0\", \"gms\": \"sip:gms@example.org\", \"\\u006bms\": \"kms\", "
		"\"text\": \"\\ud83d\\ude00\", \"activation\": 0, \"expiry\": 1099511627775, \"groups\": []}\n", NULL});
#undef HEAD
}

static void add_states(seed_list *list)
{
	add_texts(list, (const char *const[]){
		"", "keymuster-state 1\nt 6ab13b8000000000\n",
		"keymuster-state 1\nt 6ab13b8000000000\ngmk 0048a88c 0\ngmk 0fffffff 1890000000\n",
		"keymuster-state 1\nt ffffffffffffffff\n",
		"keymuster-state 1\nt 0000000000000000\ngmk 00000000 18446744073709551615\ngmk 0",
		"keymuster-state 2\n"
		"t 6ab13b8000000000 4da8c8bb\n"
		"sum 4 d9c24e7b30b22a70\n"
		"gms sip:gms@h\n"
		"kms kms\n"
		"gmk 0048a88c 0\n"
		"revoked 0fffffff 1890000000\n", NULL});
}

/* What runs wrote: one that was done, an older version's members, a revocation, one that broke off. */
static void write_journal(const char *path)
{
	km_key *key = key_for(0, "sip:gms@h", "kms", "Fire", 0, (const char *const[]){"sip:fire@h", NULL});
	salts *old = salts_new();
	km_complaint why;
	uint32_t other;
	journal_key wanted;
	journal *j;

	if (old == NULL)
		abort();
	wanted = journal_key_of(key);
	if (journal_open(&j, path, JOURNAL_MAKE, &wanted, &why) != JOURNAL_OK ||
	    !journal_add(j, 7, "sip:u1@h", 8) || !journal_add(j, 8, "sip:u2@h", 8) ||
	    journal_put(j, JOURNAL_GIVEN, 1, false, &why) != JOURNAL_OK ||
	    journal_commit(j, &why) != JOURNAL_OK ||
	    salts_add(old, &other, 9, "sip:u3@h", 8, 1) != SALTS_NEW ||
	    journal_take(j, old, &why) != JOURNAL_OK || !journal_add(j, 7, "sip:u1@h", 8) ||
	    journal_put(j, JOURNAL_TOLD, 2, false, &why) != JOURNAL_OK ||
	    journal_commit(j, &why) != JOURNAL_OK || !journal_add(j, 9, "sip:u4@h", 8) ||
	    journal_put(j, JOURNAL_GIVEN, 3, false, &why) != JOURNAL_OK)
		abort();
	journal_close(j);
	salts_free(old);
	km_key_free(key);
}

/* A file of two keys, of which one is doubted. */
static void write_journal_of_many(const char *state)
{
	static const char *const groups[] = { "sip:fire@h" };
	journal_many *m;
	km_complaint why;
	uint32_t run;

	if (journal_many_new(&m, state, &why) != JOURNAL_OK)
		abort();
	run = journal_many_run(m);
	for (uint32_t id = 1; id <= 2; id++) {
		const journal_key key = { id, 0, 1900000000, "sip:gms@h", "kms", "Fire", 1, groups };

		if (!journal_many_key(m, &key) || !journal_many_add(m, 7, "sip:u1@h", 8) ||
		    !journal_many_put(m, run, JOURNAL_GIVEN, id, 5))
			abort();
	}
	if (!journal_many_end(m, run, true) || journal_many_sync(m, &why) != JOURNAL_OK)
		abort();
	journal_many_close(m);
}

/* The file of that name as two seeds, and removed. */
static void take_journal(void *ctx, const char *path)
{
	seed_list *list = ctx;
	char data[1024];
	FILE *f = fopen(path, "r");
	size_t len;

	if (f == NULL)
		abort();
	len = fread(data, 1, sizeof data, f);
	fclose(f);
	unlink(path);
	add(list, data, len);
	add(list, data, len - 20);              /* torn */
}

static void add_journals(seed_list *list)
{
	char dir[] = "/tmp/keymuster-seeds-XXXXXX", path[64];

	if (mkdtemp(dir) == NULL)
		abort();
	snprintf(path, sizeof path, "%s/journal", dir);
	write_journal(path);
	take_journal(list, path);
	write_journal_of_many(path);
	journal_each_run(path, strlen(path), take_journal, list);
	rmdir(dir);
}

/* What a frame says, and a file of two. */
static void add_helds(seed_list *list)
{
	static const uint8_t gmk[KM_SSV_BYTES] = { 1 }, rand[KM_RAND_BYTES] = { 2 };
	static const km_str groups[] = { { "sip:fire@h", 10 } };
	const held_seen seen[2] = { { { 7 }, 5 }, { { 8 }, 6 } };
	const key_parts parts = {
		.gmk = gmk, .gmk_id = 5, .gms = { "sip:gms@h", 9 }, .kms = { "kms", 3 }, .member = { "sip:u1@h", 8 },
		.member_kms = { "kms", 3 }, .rand = rand, .rand_len = sizeof rand,
		.params = { .status = 1, .text = { "Fire", 4 }, .groups = groups, .n_groups = 1 },
	};
	held_said said = { .seen = seen, .n_seen = 2 };
	uint8_t file[1024] = HELD_MAGIC, chain[HELD_CHECK] = { 0 };
	size_t len = HELD_START, size;
	km_key *key;

	if (key_make(&key, &parts, NULL) != KM_OK)
		abort();
	for (int i = 0; i < 3; i++) {           /* the first says nothing */
		const held_said nothing = { .seen = NULL };
		const held_said *what = i == 0 ? &nothing : &said;

		said.key = i == 1 ? key : NULL;
		size = held_frame_size(what, km_seal_none());
		if (held_frame_put(file + len, chain, what, km_seal_none()) != KM_OK)
			abort();
		add(list, file + len + HELD_HEAD, size - HELD_HEAD);
		len += size;
	}
	km_key_free(key);
	add(list, file, len);
	add(list, file, len - 20);              /* torn */
	file[HELD_START + HELD_HEAD] ^= 4;
	add(list, file, len);                   /* damaged */
}

static void add_times(seed_list *list)
{
	add_texts(list, (const char *const[]){
		"1767607200", "-62135596800", "2026-01-05T10:00:00Z", "2024-02-29t23:59:60.5+05:30",
		"0001-01-01T00:00:00-23:59", "9999-12-31T23:59:59", "sip:gms@Host.example:5060\nsip:g@host.example",
		"sips:a@b;x=y\nsip:a@@b", NULL});
}

static void add_uris(seed_list *list)
{
	add_texts(list, (const char *const[]){
		"sip:alice@example.org\nSIP:%61lice@EXAMPLE.org.;user=phone",
		"sips:a;b?c:d@[2001:db8::1]:5060;lr;p=q?h=v\nsip:a@192.0.2.1",
		"tel:+44-7700.900(123);ext=1\ntel:1001;phone-context=example.org",
		"<sip:a%2fb@x.org>\nalice@org.example", NULL});
}

static const struct {
	const char *target;
	void (*add)(seed_list *list);
} kinds[] = {
	{"fuzz_open", add_messages}, {"fuzz_messages", add_streams}, {"fuzz_keyparams", add_keyparams},
	{"fuzz_kmsdoc", add_documents}, {"fuzz_members", add_members}, {"fuzz_groups", add_groups},
	{"fuzz_keyfile", add_keyfiles}, {"fuzz_state", add_states},
	{"fuzz_journal", add_journals}, {"fuzz_held", add_helds}, {"fuzz_when", add_times}, {"fuzz_uri", add_uris},
};

void seeds_make(seed_list *list, const char *target)
{
	list->n = 0;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (strcmp(target, kinds[i].target) != 0)
			continue;
		if (own_start(NULL) != 0)
			break;
		kinds[i].add(list);
		own_stop(NULL);
		return;
	}
	fprintf(stderr, "%s: no seeds, or no tests/vectors\n", target);
	exit(1);
}

void seeds_free(seed_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->at[i].data);
}
