/* test_members.c -- lists of members: three kinds of lines, and every line that is wrong. */
#include "util.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "provision/run/members.h"
#include "provision/run/seen.h"

#include "provision/base/complain.h"
#include "fuzz_members.c"

/* What is expected of a line: its strings, or the reason and a part of its text. */
typedef struct {
	uint64_t line;
	km_reason reason;
	const char *uri;        /* or what the text says */
	const char *kms;
} want;

static void assert_list_as(const members_how *how, const char *text, size_t len, const want *wants,
		size_t n)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, len, "r");
	member_list *list = members_open(in, "list", how);
	member_line line;
	km_complaint why;

	assert_non_null(list);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(members_next(list, &line, &why), 1);
		assert_int_equal(line.line, wants[i].line);
		assert_int_equal(line.reason, wants[i].reason);
		if (line.reason != KM_R_OK) {
			if (strstr(line.text, wants[i].uri) == NULL)
				fail_msg("\"%s\" without \"%s\"", line.text, wants[i].uri);
			continue;
		}
		assert_string_equal(line.text, "");
		assert_int_equal(line.uri.len, strlen(wants[i].uri));
		assert_memory_equal(line.uri.s, wants[i].uri, line.uri.len);
		assert_int_equal(line.kms.len, wants[i].kms == NULL ? 0 : strlen(wants[i].kms));
		if (line.kms.len > 0)
			assert_memory_equal(line.kms.s, wants[i].kms, line.kms.len);
	}
	assert_int_equal(members_next(list, &line, &why), 0);
	assert_int_equal(members_next(list, &line, &why), 0);
	assert_true(members_counted(list)->complete);
	members_close(list);
	fclose(in);
}

static void assert_list(const char *text, size_t len, const want *wants, size_t n)
{
	assert_list_as(NULL, text, len, wants, n);
}

#define ASSERT_LIST_AS(how, text, ...) do { \
	const want wants[] = { __VA_ARGS__ }; \
	assert_list_as(how, text, sizeof text - 1, wants, sizeof wants / sizeof *wants); \
} while (0)
#define ASSERT_LIST(text, ...) ASSERT_LIST_AS(NULL, text, __VA_ARGS__)

/* The list ends with that complaint, after n members and refused lines. */
static void assert_ends(const members_how *how, const char *text, size_t len, size_t n, const char *says)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, len, "r");
	member_list *list = members_open(in, "list", how);
	member_line line;
	km_complaint why;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(members_next(list, &line, &why), 1);
	assert_int_equal(members_next(list, &line, &why), -1);
	if (strncmp(why.text, says, strlen(says)) != 0)
		fail_msg("\"%s\" instead of \"%s\"", why.text, says);
	assert_int_equal(members_next(list, &line, &why), 0);
	assert_false(members_counted(list)->complete);
	assert_true(members_counted(list)->broke_off > 0);
	members_close(list);
	fclose(in);
}

#define ASSERT_ENDS(text, n, says) assert_ends(NULL, text, sizeof text - 1, n, says)

static void a_list_of_uris_is_read(void **state)
{
	(void)state;
	ASSERT_LIST("sip:a@x\nsip:b@x\n", { 1, 0, "sip:a@x", 0 }, { 2, 0, "sip:b@x", 0 });
	ASSERT_LIST("sip:a@x\r\nsip:b@x", { 1, 0, "sip:a@x", 0 }, { 2, 0, "sip:b@x", 0 });
	ASSERT_LIST("\xef\xbb\xbf# comment, uri\n\n\r\nsip:a@x\n#sip:b@x\n",
			{ 4, 0, "sip:a@x", 0 });
	ASSERT_LIST("sip:a,b@x;p=q\n", { 1, 0, "sip:a,b@x;p=q", 0 });
	ASSERT_LIST("tel:+1\ngms@x\nsip:\xc3\xa9@x\n", { 1, 0, "tel:+1", 0 },
			{ 2, KM_R_URI, "none of sip:", 0 }, { 3, 0, "sip:\xc3\xa9@x", 0 });
}

static void csv_is_read(void **state)
{
	(void)state;
	ASSERT_LIST("uri\nsip:a@x\n\nsip:b@x", { 2, 0, "sip:a@x", 0 }, { 4, 0, "sip:b@x", 0 });
	ASSERT_LIST("\xef\xbb\xbfname, URI ,\"kms\"\r\nAl,sip:a@x,k\r\n,sip:b@x,\r\n",
			{ 2, 0, "sip:a@x", "k" }, { 3, 0, "sip:b@x", 0 });
	ASSERT_LIST("uri,name\n\"sip:a@x\",\"A \"\"B\"\", C\"\n\"sip:\"\"b,c@x\",\n\"sip:b,c@x\",\n",
			{ 2, 0, "sip:a@x", 0 }, { 3, KM_R_URI, "no URI holds", 0 }, { 4, 0, "sip:b,c@x", 0 });
	ASSERT_LIST("kms,uri\n\"\",sip:a@x\n\"#\",sip:b@x\n", { 2, 0, "sip:a@x", 0 },
			{ 3, 0, "sip:b@x", "#" });
	ASSERT_LIST("sep=,\r\nuri\r\nsip:a@x\r\n", { 3, 0, "sip:a@x", 0 });
}

/* What spreadsheets write: empty fields at row ends, rows of commas, white space around values. */
static void csv_of_spreadsheets_is_read(void **state)
{
	(void)state;
	ASSERT_LIST("uri,kms\nsip:a@x,,\nsip:b@x,k, ,\nsip:c@x\n,\n,,,\nsip:d@x,,\"\"\n",
			{ 2, 0, "sip:a@x", 0 }, { 3, 0, "sip:b@x", "k" }, { 4, 0, "sip:c@x", 0 },
			{ 7, 0, "sip:d@x", 0 });
	ASSERT_LIST("\tURI\t, kms \n sip:a@x\t,\xc2\xa0k \n\"\xc2\xa0sip:b@x \",\n",
			{ 2, 0, "sip:a@x", "k" }, { 3, 0, "sip:b@x", 0 });
}

static void rows_that_are_commented_out_are_no_members(void **state)
{
	(void)state;
	ASSERT_LIST("uri,kms\n#sip:a@x,k\nsip:b@x,k\n # sip:c@x\n", { 3, 0, "sip:b@x", "k" });
	ASSERT_LIST("name,uri\n#Al,sip:a@x\nBo,#sip:b@x\n\"#1\",sip:c@x\n", { 4, 0, "sip:c@x", 0 });
	ASSERT_LIST("uri,kms\n#N/A,k\n#REF!,\nsip:b@x,k\n", { 2, KM_R_URI, "a spreadsheet", 0 },
			{ 3, KM_R_URI, "a spreadsheet", 0 }, { 4, 0, "sip:b@x", "k" });
}

static void columns_are_named(void **state)
{
	static const members_how how = { .uri = "mcptt_id", .kms = "Domain" };

	(void)state;
	ASSERT_LIST_AS(&how, "uri,MCPTT_ID,domain\nx,sip:a@x,k\n", { 2, 0, "sip:a@x", "k" });
	ASSERT_LIST_AS(&how, "{\"uri\":1,\"mcptt_id\":\"sip:a@x\",\"Domain\":\"k\"}\n",
			{ 1, 0, "sip:a@x", "k" });
	assert_ends(&how, "uri\nsip:a@x\n", 12, 0, "list:1: a first line without the column");
	assert_ends(&how, "sip:a@x\n", 8, 0, "list:1: a first line without the column");
}

static void identities_without_a_scheme_are_asked_for(void **state)
{
	static const members_how any = { .any_id = true };

	(void)state;
	ASSERT_LIST_AS(&any, "alice@org.example\nbob\n1001\n'carol\n<dan@x>\nsip:\n",
			{ 1, 0, "alice@org.example", 0 }, { 2, 0, "bob", 0 }, { 3, 0, "1001", 0 },
			{ 4, KM_R_URI, "quotes", 0 }, { 5, KM_R_URI, "brackets", 0 },
			{ 6, KM_R_URI, "no host", 0 });
	ASSERT_LIST_AS(&any, "bob\ncarol\n", { 1, 0, "bob", 0 }, { 2, 0, "carol", 0 });
	ASSERT_LIST("alice@org.example\nsip:b@x\n", { 1, KM_R_URI, "none of sip:", 0 },
			{ 2, 0, "sip:b@x", 0 });
	ASSERT_LIST("1001\n+491234\n4.47E+11\nsip:b@x\n", { 1, KM_R_URI, "none of", 0 },
			{ 2, KM_R_URI, "none of", 0 }, { 3, KM_R_URI, "a spreadsheet", 0 }, { 4, 0, "sip:b@x", 0 });
	assert_ends(&any, "mcptt_id\nalice@org.example\n", 27, 0, "list:1: a first line (mcptt_id)");
}

static void members_of_other_groups_are_refused(void **state)
{
	static const char *const groups[] = { "sip:fire@x", "sip:fire-2@x" };
	static const members_how how = { .groups = groups, .n_groups = 2 };

	(void)state;
	ASSERT_LIST_AS(&how, "uri,group\nsip:a@x,SIP:fire@X\nsip:b@x,sip:police@x\nsip:b@x,sip:fire-2@x\n"
			"sip:c@x,Team A\nsip:d@x,\n", { 2, 0, "sip:a@x", 0 },
			{ 3, KM_R_GROUP, "another group", 0 }, { 4, 0, "sip:b@x", 0 }, { 5, 0, "sip:c@x", 0 },
			{ 6, 0, "sip:d@x", 0 });
	ASSERT_LIST_AS(&how, "{\"uri\":\"sip:a@x\",\"group\":\"sip:police@x\"}\n{\"uri\":\"sip:a@x\",\"group\":7}\n",
			{ 1, KM_R_GROUP, "another group", 0 }, { 2, KM_R_PARSE, "none", 0 });
}

/* A member of several groups stands there several times; a repeat is one of member, KMS and key. */
static void members_of_many_groups_are_those_of_their_keys(void **state)
{
	static const char file[] = "group,gmk\nsip:a@x,1\nsip:b@x,2\nsip:c@x,./2\n";
	static const char text[] = "uri,group,kms\nsip:m@x,SIP:a@X,\nsip:m@x,sip:b@x,\nsip:m@x,sip:c@x,\nsip:m@x,sip:a@x,k\n"
			"sip:m@x,,\nsip:m@x,sip:d@x,\nsip:n@x,sip:c@x,\n";
	static const struct {
		km_reason reason;
		uint32_t row;
	} wants[] = { { KM_R_OK, 0 }, { KM_R_OK, 1 }, { KM_R_REPEATED, 0 }, { KM_R_GROUP, GROUPS_NONE },
			{ KM_R_GROUP, GROUPS_NONE }, { KM_R_OK, 2 } };
	const groups_how usual = { .any_id = false };
	members_how how = { .any_id = false };
	FILE *in = fmemopen((void *)(uintptr_t)file, sizeof file - 1, "r");
	km_complaint why;
	group_list *g;
	member_list *list;
	member_line line;

	(void)state;
	assert_true(groups_read(&g, in, "groups", &usual, &why));
	fclose(in);
	how.by_group = g;
	in = fmemopen((void *)(uintptr_t)text, sizeof text - 1, "r");
	list = members_open(in, "list", &how);
	for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
		assert_int_equal(members_next(list, &line, &why), 1);
		assert_int_equal(line.reason, wants[i].reason);
		assert_int_equal(line.row, wants[i].row);
	}
	assert_int_equal(members_next(list, &line, &why), 0);
	assert_int_equal(members_counted(list)->repeats, 1);
	assert_int_equal(members_counted(list)->repeats_by_row[2], 1);
	members_close(list);
	fclose(in);
	groups_free(g);
}

/* A line end in a quoted field must not make its next line a member. */
static void a_quoted_line_end_does_not_make_a_member(void **state)
{
	(void)state;
	ASSERT_LIST("uri,name\nsip:a@x,\"one\nStreet, 2\"\nsip:b@x,\n",
			{ 2, 0, "sip:a@x", 0 }, { 4, 0, "sip:b@x", 0 });
	ASSERT_LIST("uri,name\nsip:a@x,\"q\"\"\r\nmallory@x,\"\"\"\nsip:b@x,\n",
			{ 2, 0, "sip:a@x", 0 }, { 4, 0, "sip:b@x", 0 });
}

/* A quote that stands there by mistake makes one record of many rows. */
static void a_quote_that_swallows_members_ends_the_list(void **state)
{
	static const char open[] = "uri,name\nsip:a@x,N\nsip:b@x,\"N\nsip:c@x,N\nsip:d@x,N\n";
	static const char closed[] = "uri,name\nsip:a@x,\"N\nsip:b@x,N\nsip:c@x,N\"\nsip:d@x,N\n";
	static const members_how going = { .keep_going = true };

	(void)state;
	ASSERT_ENDS("uri,name\nsip:a@x,N\nsip:b@x,\"N\nsip:c@x,N\nsip:d@x,N\n", 1,
			"list:3: a quote opened in line 3 was never closed: lines 3 to 5 were one record");
	assert_ends(NULL, closed, sizeof closed - 1, 0, "list:2: a quote opened in line 2 holds lines that "
			"are members: lines 2 to 4 were one record");
	ASSERT_ENDS("uri,name\nsip:a@x,\"N\nsip:b@x,\"N\nsip:c@x,N\n", 0,
			"list:2: a quote opened in line 2 ends within another field: lines 2 to 3");
	ASSERT_ENDS("uri\n\"sip:a@x\nb\"\nsip:b@x\n", 0,
			"list:2: a quote opened in line 2 holds line ends");
	ASSERT_ENDS("name,uri\n\"A\nsip:a@x\n", 0, "list:2: a quote opened in line 2 was never closed: "
			"lines 2 to 3");
	ASSERT_LIST_AS(&going, "uri,name\nsip:a@x,\"N\nsip:b@x,N\nsip:c@x,N\"\nsip:d@x,N\n",
			{ 2, KM_R_PARSE, "lines 2 to 4 were one", 0 }, { 5, 0, "sip:d@x", 0 });
	assert_list_as(&going, open, sizeof open - 1, (const want[]){ { 2, 0, "sip:a@x", 0 },
			{ 3, KM_R_PARSE, "lines 3 to 5 were one", 0 } }, 2);
}

static void wrong_csv_lines_are_refused_alone(void **state)
{
	(void)state;
	ASSERT_LIST("uri,name\n,y\nsip:b@x,1,2\nsip:c@x,\"a\"b\nsip:d@x,a\"b\nsip:e@x,\n",
			{ 2, KM_R_URI, "empty", 0 },
			{ 3, KM_R_PARSE, "more fields", 0 },
			{ 4, KM_R_PARSE, "quote", 0 }, { 5, KM_R_PARSE, "quote", 0 },
			{ 6, 0, "sip:e@x", 0 });
	ASSERT_LIST("uri,name\nsip:a b@x,x\nsip:b@x,\"\n",
			{ 2, KM_R_URI, "space", 0 }, { 3, KM_R_PARSE, "never closed", 0 });
}

static void ndjson_is_read(void **state)
{
	(void)state;
	ASSERT_LIST("{\"uri\":\"sip:a@x\"}\n\r\n"
			"{ \"kms\": \"k\", \"uri\": \"sip:\\u00e9@x\", \"z\": [1] }\r\n"
			"{\"uri\":\"sip:b@x\",\"kms\":null}\n{\"uri\":\"sip:c@x\",\"kms\":\"\"}",
			{ 1, 0, "sip:a@x", 0 }, { 3, 0, "sip:\xc3\xa9@x", "k" },
			{ 4, 0, "sip:b@x", 0 }, { 5, 0, "sip:c@x", 0 });
}

static void wrong_ndjson_lines_are_refused_alone(void **state)
{
	(void)state;
	ASSERT_LIST("{\"uri\":1}\n[]\n{}\n\"x\"\nsip:a@x\n{\"uri\":\n{\"uri\":\"sip:a@x\",\"kms\":2}\n"
			"{\"uri\":\"sip:a@x\",\"u\\u0072i\":\"sip:b@x\"}\n{\"uri\":\"sip:a@x\"} x\n"
			"{\"uri\":\"sip:a@x\"}{\"uri\":\"sip:b@x\"}\n{\"uri\":\"\\u0000\"}\n"
			"{\"uri\":\"a\\nb\"}\n{\"uri\":\"\xff\"}\n#\n{\"uri\":\"sip:a@x\"}\n"
			"{\"uri\":\"sip:\\ud83d@x\"}\n{\"uri\":null}\n{\"uri\":\"sip:b@x\",}\n{\"uri\":\"sip:\n",
			{ 1, KM_R_PARSE, "none", 0 }, { 2, KM_R_PARSE, "JSON", 0 },
			{ 3, KM_R_PARSE, "uri", 0 }, { 4, KM_R_PARSE, "JSON", 0 },
			{ 5, KM_R_PARSE, "JSON", 0 }, { 6, KM_R_PARSE, "does not end", 0 },
			{ 7, KM_R_PARSE, "none", 0 }, { 8, KM_R_PARSE, "twice", 0 },
			{ 9, KM_R_PARSE, "JSON", 0 }, { 10, KM_R_PARSE, "JSON", 0 },
			{ 11, KM_R_PARSE, "JSON", 0 }, { 12, KM_R_URI, "control", 0 },
			{ 13, KM_R_PARSE, "UTF-8", 0 }, { 14, KM_R_PARSE, "JSON", 0 },
			{ 15, 0, "sip:a@x", 0 }, { 16, KM_R_PARSE, "sound", 0 },
			{ 17, KM_R_PARSE, "none", 0 }, { 18, KM_R_PARSE, "JSON", 0 },
			{ 19, KM_R_PARSE, "sound", 0 });
}

/* What nobody reads need not be sound; blanks do not matter; nesting has a bound. */
static void only_the_names_that_are_read_must_be_sound(void **state)
{
	char deep[400];

	(void)state;
	ASSERT_LIST(" \t{\"n\":123456789012345678901234567890,\"uri\" :\t\"sip:a@x\", \"m\":-1.5e+400}\n"
			"  {\"uri\":\"sip:b@x\",\"n\":\"A \\ud83d\",\"o\":\"\\u0000\",\"n\":[{},[],{\"uri\":1}]}\n"
			"{\"\\udead\":\"\xff\t\",\"uri\":\"\\u0073ip:c@x\",\"kms\":null,\"t\":true} \n"
			"{\"n\":{\"uri\":\"sip:mallory@x\"},\"uri\":\"sip:d@x\"}\n",
			{ 1, 0, "sip:a@x", 0 }, { 2, 0, "sip:b@x", 0 }, { 3, 0, "sip:c@x", 0 },
			{ 4, 0, "sip:d@x", 0 });
	ASSERT_LIST("{\"uri\":\"sip:\\ud83d\\ude00\\/\\u00e9@x\"}\n", { 1, 0, "sip:\xf0\x9f\x98\x80/\xc3\xa9@x", 0 });
	strcpy(deep, "{\"uri\":\"sip:a@x\",\"n\":");
	memset(deep + strlen(deep), '[', 100);
	strcpy(deep + 123, "\n");
	assert_list(deep, strlen(deep), (const want[]){ { 1, KM_R_PARSE, "deep", 0 } }, 1);
}

static void wrong_uris_are_refused_alone(void **state)
{
	(void)state;
	ASSERT_LIST("sip:a @x\nsip:a\tb@x\nsip:\0a@x\nsip:a\rb@x\nsip:\xc0\x80@x\nsip:\xff@x\n"
			"sip:\x7f@x\n \nsip:\x1b[31m@x\nsip:a@x,sip:c@x\nsip:\xed\xa0\x80@x\n"
			"sip:ok@x\nsip:ok@x \n",
			{ 1, KM_R_URI, "space", 0 }, { 2, KM_R_URI, "control", 0 },
			{ 3, KM_R_URI, "control", 0 }, { 4, KM_R_URI, "control", 0 },
			{ 5, KM_R_URI, "UTF-8", 0 }, { 6, KM_R_URI, "UTF-8", 0 },
			{ 7, KM_R_URI, "control", 0 }, { 8, KM_R_URI, "space", 0 },
			{ 9, KM_R_URI, "control", 0 }, { 10, KM_R_URI, "more than one @", 0 },
			{ 11, KM_R_URI, "UTF-8", 0 }, { 12, 0, "sip:ok@x", 0 },
			{ 13, KM_R_URI, "space", 0 });
}

static void repeats_and_twins_are_counted(void **state)
{
	static const char text[] = "sip:a@x\nsip:b@x\nsip:a@x\nsip:A@X\nsip:a@x\nSIP:b@x;user=phone\n";
	FILE *in = fmemopen((void *)(uintptr_t)text, sizeof text - 1, "r");
	member_list *list = members_open(in, "list", NULL);
	const members_counts *counts = members_counted(list);
	member_line line;
	km_complaint why;

	(void)state;
	while (members_next(list, &line, &why) == 1)
		assert_int_equal(line.reason, KM_R_OK);
	assert_int_equal(counts->lines, 6);
	assert_int_equal(counts->members, 4);
	assert_int_equal(counts->refused, 0);
	assert_int_equal(counts->repeats, 2);
	assert_int_equal(counts->repeat.line, 3);
	assert_int_equal(counts->repeat.other, 1);
	assert_int_equal(counts->twins, 2);
	assert_int_equal(counts->twin[0].line, 4);
	assert_int_equal(counts->twin[0].other, 1);
	assert_int_equal(counts->twin[1].line, 6);
	assert_int_equal(counts->twin[1].other, 2);
	members_close(list);
	fclose(in);
	ASSERT_LIST("uri,kms\nsip:a@x,1\nsip:a@x,2\nsip:a@x,1\n", { 2, 0, "sip:a@x", "1" },
			{ 3, KM_R_REPEATED, "line 2 gives this member another KMS", 0 });
}

/* Whatever the fingerprints' key: no two of many KMSs are taken for one. */
static void a_member_of_another_kms_is_no_repeat(void **state)
{
	static const char uri[] = "sip:a@x";
	seen *set = seen_new();
	uint64_t line = 1;

	(void)state;
	assert_non_null(set);
	assert_int_equal(seen_add(set, (km_str){uri, 7}, (km_str){"kms", 3}, 0, &line), SEEN_NEW);
	for (int i = 0; i < 20000; i++) {
		char kms[24];
		int n = snprintf(kms, sizeof kms, "kms%d", i);

		line = 2;
		assert_int_equal(seen_add(set, (km_str){uri, 7}, (km_str){kms, (size_t)n}, 0, &line), SEEN_OTHER_KMS);
	}
	seen_free(set);
}

/* len octets of c between a member before and a member after. */
static void assert_long_line(const char *head, const char *before, size_t len, const char *after,
		const want wants[3])
{
	size_t a = strlen(head) + strlen(before), b = strlen(after);
	char *text = malloc(a + len + b);

	memcpy(text, head, strlen(head));
	memcpy(text + strlen(head), before, strlen(before));
	memset(text + a, 'x', len);
	memcpy(text + a + len, after, b);
	assert_list(text, a + len + b, wants, 3);
	free(text);
}

static void long_lines_are_refused_alone(void **state)
{
	static const size_t lengths[] = { 1024, 65531, 65532, 65533, 70000, 3000000 };
	const want plain[] = { { 1, 0, "sip:a@x", 0 }, { 2, KM_R_URI, "too long", 0 },
			{ 3, 0, "sip:b@x", 0 } };
	const want longer[] = { { 1, 0, "sip:a@x", 0 }, { 2, KM_R_PARSE, "too long", 0 },
			{ 3, 0, "sip:b@x", 0 } };
	const want csv[] = { { 2, 0, "sip:a@x", 0 }, { 3, KM_R_URI, "too long", 0 },
			{ 4, 0, "sip:b@x", 0 } };
	const want longer_csv[] = { { 2, 0, "sip:a@x", 0 }, { 3, KM_R_PARSE, "too long", 0 },
			{ 4, 0, "sip:b@x", 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		assert_long_line("", "sip:a@x\nsip:", lengths[i], "\nsip:b@x\n",
				lengths[i] + 4 <= 65536 ? plain : longer);
		assert_long_line("uri\n", "sip:a@x\n\"", lengths[i], "\"\nsip:b@x\n",
				lengths[i] + 2 <= 65536 ? csv : longer_csv);
	}
}

static void a_long_object_in_front_is_refused_alone(void **state)
{
	static char text[70000] = "{\"uri\":\"sip:a@x\",\"n\":\"";
	size_t n = strlen(text);

	(void)state;
	memset(text + n, 'x', 66000);
	strcpy(text + n + 66000, "\"}\n{\"uri\":\"sip:b@x\"}\n");
	assert_list(text, strlen(text), (const want[]){ { 1, KM_R_PARSE, "too long", 0 },
			{ 2, 0, "sip:b@x", 0 } }, 2);
}

#define IS(text, says) { text, sizeof text - 1, "list:1: " says }

static void what_is_no_list_is_refused_as_a_whole(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *says;
	} rows[] = {
		IS("uri;kms\nsip:a@x;k\n", "columns separated by ';'"),
		IS("name\turi\n", "columns separated by tabs"), IS("sep=;\nuri;kms\n", "columns separated by ';'"),
		IS("uri,URI\nsip:a@x,sip:b@x\n", "a first line in which a column"),
		IS("kms,uri,kms\n", "a first line in which a column"),
		IS("mcptt_id\nsip:a@x\n", "a first line (mcptt_id) that is no URI"),
		IS("sip_uri,kms\n", "a first line (sip_uri,kms) that is no URI"),
		IS("sep=\t\nuri\tkms\n", "columns separated by tabs"), IS("\"sep=;\"\n", "columns separated by ';'"),
		IS("sep=|\nuri|kms\n", "columns that ',' does not"), IS("| uri | name |\n", "a table drawn"),
		IS("+-----+\n| uri |\n", "a table drawn"), IS("- sip:a@x\n", "a list of YAML"),
		IS("* sip:a@x\n", "a list of YAML"), IS("---\n- uri: sip:a@x\n", "a list of YAML"),
		IS("uri: sip:a@x\n", "names and values"), IS("dn: uid=a,ou=b\n", "names and values"),
		IS("To: <sip:a@x>;tag=1\n", "names and values"), IS("BEGIN:VCARD\n", "a vCard"),
		IS("[members]\na=sip:a@x\n", "a file of sections"), IS("[\"a\"]\n", "a JSON array"),
		IS("<entry uri=\"sip:a@x\"/>\n", "an XML"), IS("<td>sip:a@x</td>\n", "an XML"),
		IS("\xff\xfe\0\0s\0\0\0", "UTF-32"),
		IS("mcptt_id;name\n", "columns separated by ';'"), IS("bob\n", "a first line (bob)"),
		IS("root:x:0:0:root:/root:/bin/bash\n", "a first line that is no sip:"),
		IS("QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD\n", "a first line that is no sip:"),
		IS("[{\"uri\":\"sip:a@x\"}]\n", "a JSON array"), IS("[\n", "a JSON array"),
		IS("{\n\"uri\":\"sip:a@x\"}\n", "a JSON document over several lines"),
		IS("{\"version\": 1,\n\"gmk\": \"00\"}\n", "a JSON document over several lines"),
		IS("{\"id\":\"sip:a@x\"}\n", "JSON objects of which the first has no name uri"),
		IS("\"sip:a@x\"\n\"sip:b@x\"\n", "quoted strings"), IS("\"a@x\",\"A\"\n", "quoted strings"),
		IS("sip:a@x,kms\n", "columns without"), IS("sip:a@x\tA\n", "columns without"),
		IS("tel:+1,A\n", "columns without"), IS("a@x,A\n", "columns without"),
		IS("sip:a@x;A\n", "columns separated by ';'"), IS("sip:a@x;kms.example\n", "columns separated by ';'"),
		IS("<?xml version=\"1.0\"?>\n", "an XML"), IS("<SignedKmsResponse>\n", "an XML"),
		IS("-----BEGIN PRIVATE KEY-----\n", "PEM"), IS("\x1f\x8b\x08", "compressed"),
		IS("PK\x03\x04", "a ZIP"), IS("\xff\xfes\0i\0", "UTF-16"), IS("\xfe\xff\0s", "UTF-16"),
		IS("s\0i\0p\0:\0\n\0", "UTF-16"), IS("\0s\0i\0p\0\n", "UTF-16"), IS("\x7f" "ELF\2", "a program"),
		IS("sip:a@x\rsip:b@x\r", "one whose lines end in CR"), IS("sip:a\0\0\0@x\n", "binary"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_ends(NULL, rows[i].text, rows[i].len, 0, rows[i].says);
	ASSERT_ENDS("\n\nname\turi\n", 0, "list:3: columns separated by tabs");
}

/* A first line with a fault of its own is one bad member, and the others are served. */
static void a_bad_first_member_stops_nobody(void **state)
{
	static const char *const firsts[] = {
		"<sip:a@x>", "'sip:a@x", "\xe2\x80\x9csip:a@x\xe2\x80\x9d", " sip:a@x", "sip:", "sip:@x", "SIP:a@",
		"sip:a@x,sip:c@x", "sip:a@x;sip:c@x", "sip:a@x sip:c@x", "a@x", "1001", "4.47E+11", "+44", "sip:\xff@x",
		"\xe2\x80\x8bsip:a@x", "tel:alice", "sip:a@x\x1b[31m", "<tel:+1>", "sip:a@x#1",
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
		int n = snprintf(text, sizeof text, "%s\nsip:ok@x\n", firsts[i]);

		assert_list(text, (size_t)n, (const want[]){ { 1, KM_R_URI, "", 0 }, { 2, 0, "sip:ok@x", 0 } }, 2);
	}
}

static ssize_t read_and_fail(void *cookie, char *buf, size_t size)
{
	static const char text[] = "sip:a@x\nsip:b@x\nsip:c@exam";
	bool *was = cookie;

	if (*was) {
		errno = EIO;
		return -1;
	}
	*was = true;
	memcpy(buf, text, size < sizeof text - 1 ? size : sizeof text - 1);
	return sizeof text - 1;
}

/* What was read of a line when the error came is not taken for a line. */
static void an_input_that_fails_ends_the_list(void **state)
{
	bool was = false;
	FILE *in = fopencookie(&was, "r", (cookie_io_functions_t){ .read = read_and_fail });
	member_list *list = members_open(in, "list", NULL);
	member_line line;
	km_complaint why;

	(void)state;
	assert_int_equal(members_next(list, &line, &why), 1);
	assert_int_equal(members_next(list, &line, &why), 1);
	assert_int_equal(members_next(list, &line, &why), -1);
	assert_non_null(strstr(why.text, "Input/output error"));
	assert_false(members_counted(list)->complete);
	members_close(list);
	fclose(in);
}

static void an_empty_list_and_a_directory_are_told_apart(void **state)
{
	FILE *nothing = fopen("/dev/null", "r"), *directory = fopen(".", "r");
	member_list *list = members_open(nothing, "list", NULL);
	member_line line;
	km_complaint why;

	(void)state;
	assert_int_equal(members_next(list, &line, &why), 0);
	members_close(list);
	list = members_open(directory, "list", NULL);
	assert_int_equal(members_next(list, &line, &why), -1);
	assert_non_null(strstr(why.text, "directory"));
	members_close(list);
	fclose(nothing), fclose(directory);
}

/* ---- repeats --------------------------------------------------------------------------------- */

static void repeats_are_found_among_many(void **state)
{
	enum { N = 300000 };
	seen *set = seen_new();
	char uri[64];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < N; i++) {
			int n = snprintf(uri, sizeof uri, "sip:user%d@example.org", i);
			uint64_t line = (uint64_t)i + 1;

			if (seen_add(set, (km_str){ uri, (size_t)n }, (km_str){ NULL, 0 }, 0, &line) !=
			    (round == 0 ? SEEN_NEW : SEEN_REPEAT) || line != (uint64_t)i + 1)
				fail_msg("round %d, %s", round, uri);
		}
	}
	seen_free(set);
}

static size_t heap_octets(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void a_million_members_take_45_octets_each(void **state)
{
	enum { N = 1000000 };
	size_t before = heap_octets(), most = 0;
	seen *set = seen_new();

	(void)state;
	if (heap_octets() == 0) {
		seen_free(set);
		skip_as("this allocator does not tell what it holds");
	}
	for (int i = 0; i < N; i++) {
		char uri[64];
		int n = snprintf(uri, sizeof uri, "sip:user%d@example.org", i);

		uint64_t line = (uint64_t)i + 1;

		assert_int_equal(seen_add(set, (km_str){ uri, (size_t)n }, (km_str){ NULL, 0 }, 0, &line),
				SEEN_NEW);
		if (i % 1000 == 999) {
			size_t now = heap_octets() - before;

			most = now > most ? now : most;
			if (i >= 100000)
				assert_true(now <= 48 * (size_t)(i + 1));
		}
	}
	print_message("%zu octets for %d members\n", most, N);
	seen_free(set);
	assert_true(heap_octets() <= before + 32768); /* what the allocator keeps at hand */
}

/* ---- broken at random ----------------------------------------------------------------- */

static void mutated_lists_do_no_harm(void **state)
{
	static const char *const texts[] = {
		"sip:a@x\n# c\nsip:b@x\r\nsip:a@x\n",
		"\xef\xbb\xbfname,uri,kms\n"
		"\"A \"\"x\"\"\",sip:a@x,k\n,\"sip:b@x\",\n\"\n\",sip:c@x,k\n",
		"{\"uri\":\"sip:a@x\"}\n{\"uri\":\"sip:b@x\",\"kms\":\"k\"}\n"
		"{\"kms\":null,\"uri\":\"x\"}\n",
	};
	static const char *const words[] = {
		"\n", "\r\n", "\"", "\"\"", ",", "{", "}", "\\u0000", "\xff", "\xef\xbb\xbf",
		"#", "uri", ";",
	};
	uint64_t seed = 31;

	(void)state;
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (size_t round = 0; round < rounds(30000); round++) {
		const char *text = texts[draw(&seed) % 3];
		size_t len = strlen(text) - draw(&seed) % strlen(text);
		uint8_t *copy = malloc(len);

		memcpy(copy, text, len);
		for (uint64_t n = draw(&seed) % 4; n > 0; n--) {
			size_t at = draw(&seed) % len;
			const char *word = words[draw(&seed) % (sizeof words / sizeof *words)];

			if (draw(&seed) % 3 == 0)
				copy[at] = (uint8_t)draw(&seed);
			else if (at + strlen(word) <= len)
				memcpy(copy + at, word, strlen(word));
		}
		LLVMFuzzerTestOneInput(copy, len);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_of_uris_is_read),
		cmocka_unit_test(csv_is_read),
		cmocka_unit_test(identities_without_a_scheme_are_asked_for),
		cmocka_unit_test(columns_are_named),
		cmocka_unit_test(members_of_other_groups_are_refused),
		cmocka_unit_test(members_of_many_groups_are_those_of_their_keys),
		cmocka_unit_test(rows_that_are_commented_out_are_no_members),
		cmocka_unit_test(csv_of_spreadsheets_is_read),
		cmocka_unit_test(a_quoted_line_end_does_not_make_a_member),
		cmocka_unit_test(a_quote_that_swallows_members_ends_the_list),
		cmocka_unit_test(wrong_csv_lines_are_refused_alone),
		cmocka_unit_test(ndjson_is_read),
		cmocka_unit_test(wrong_ndjson_lines_are_refused_alone),
		cmocka_unit_test(only_the_names_that_are_read_must_be_sound),
		cmocka_unit_test(wrong_uris_are_refused_alone),
		cmocka_unit_test(repeats_and_twins_are_counted),
		cmocka_unit_test(a_member_of_another_kms_is_no_repeat),
		cmocka_unit_test(long_lines_are_refused_alone),
		cmocka_unit_test(a_long_object_in_front_is_refused_alone),
		cmocka_unit_test(what_is_no_list_is_refused_as_a_whole),
		cmocka_unit_test(an_input_that_fails_ends_the_list),
		cmocka_unit_test(a_bad_first_member_stops_nobody),
		cmocka_unit_test(an_empty_list_and_a_directory_are_told_apart),
		cmocka_unit_test(repeats_are_found_among_many),
		cmocka_unit_test(a_million_members_take_45_octets_each),
		cmocka_unit_test(mutated_lists_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
