/* test_members.c -- lists of members: three kinds of lines, and every line that is wrong. */
#include "util.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "provision/members.h"
#include "provision/seen.h"

#include "fuzz_members.c"

/* What is expected of a line: its strings, or the reason and a part of its text. */
typedef struct {
	uint64_t line;
	km_reason reason;
	const char *uri;        /* or what the text says */
	const char *kms;
} want;

static void assert_list(const char *text, size_t len, const want *wants, size_t n)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, len, "r");
	members *list = members_open(in, "list");
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
	members_close(list);
	fclose(in);
}

#define ASSERT_LIST(text, ...) do { \
	const want wants[] = { __VA_ARGS__ }; \
	assert_list(text, sizeof text - 1, wants, sizeof wants / sizeof *wants); \
} while (0)

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
	ASSERT_LIST("kms,uri\n\"\",sip:a@x\n#,sip:b@x\n", { 2, 0, "sip:a@x", 0 },
			{ 3, 0, "sip:b@x", "#" });
}

/* A line end in a quoted field must not make its next line a member. */
static void a_quoted_line_end_does_not_make_a_member(void **state)
{
	(void)state;
	ASSERT_LIST("uri,name\nsip:a@x,\"one\nsip:mallory@x,two\"\nsip:b@x,\n",
			{ 2, 0, "sip:a@x", 0 }, { 4, 0, "sip:b@x", 0 });
	ASSERT_LIST("uri,name\nsip:a@x,\"q\"\"\r\nsip:mallory@x,\"\"\"\nsip:b@x,\n",
			{ 2, 0, "sip:a@x", 0 }, { 4, 0, "sip:b@x", 0 });
	ASSERT_LIST("uri\n\"sip:a@x\nb\"\nsip:b@x\n", { 2, KM_R_URI, "control character", 0 },
			{ 4, 0, "sip:b@x", 0 });
}

static void wrong_csv_lines_are_refused_alone(void **state)
{
	(void)state;
	ASSERT_LIST("uri,name\nsip:a@x\nsip:b@x,1,2\nsip:c@x,\"a\"b\nsip:d@x,a\"b\nsip:e@x,\n",
			{ 2, KM_R_PARSE, "as many fields", 0 },
			{ 3, KM_R_PARSE, "as many fields", 0 },
			{ 4, KM_R_PARSE, "quote", 0 }, { 5, KM_R_PARSE, "quote", 0 },
			{ 6, 0, "sip:e@x", 0 });
	ASSERT_LIST("uri,name\n,x\n sip:a@x,x\nsip:b@x,\"\nsip:c@x,x\n",
			{ 2, KM_R_URI, "empty", 0 }, { 3, KM_R_URI, "space", 0 },
			{ 4, KM_R_PARSE, "never closed", 0 });
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
	ASSERT_LIST("{\n[]\n{}\n\"x\"\nsip:a@x\n{\"uri\":1}\n{\"uri\":\"sip:a@x\",\"kms\":2}\n"
			"{\"uri\":\"sip:a@x\",\"uri\":\"sip:b@x\"}\n{\"uri\":\"sip:a@x\"} x\n"
			"{\"uri\":\"sip:a@x\"}{\"uri\":\"sip:b@x\"}\n{\"uri\":\"\\u0000\"}\n"
			"{\"uri\":\"a\\nb\"}\n{\"uri\":\"\xff\"}\n#\n{\"uri\":\"sip:a@x\"}\n",
			{ 1, KM_R_PARSE, "JSON", 0 }, { 2, KM_R_PARSE, "JSON", 0 },
			{ 3, KM_R_PARSE, "uri", 0 }, { 4, KM_R_PARSE, "JSON", 0 },
			{ 5, KM_R_PARSE, "JSON", 0 }, { 6, KM_R_PARSE, "uri", 0 },
			{ 7, KM_R_PARSE, "kms", 0 }, { 8, KM_R_PARSE, "JSON", 0 },
			{ 9, KM_R_PARSE, "JSON", 0 }, { 10, KM_R_PARSE, "JSON", 0 },
			{ 11, KM_R_PARSE, "JSON", 0 }, { 12, KM_R_URI, "control", 0 },
			{ 13, KM_R_PARSE, "JSON", 0 }, { 14, KM_R_PARSE, "JSON", 0 },
			{ 15, 0, "sip:a@x", 0 });
}

static void wrong_uris_are_refused_alone(void **state)
{
	(void)state;
	ASSERT_LIST("sip:a @x\nsip:a\tb@x\nsip:\0a@x\nsip:a\rb@x\nsip:\xc0\x80@x\nsip:\xff@x\n"
			"sip:\x7f@x\n \nsip:\x1b[31m@x\nsip:a@x,kms\nsip:\xed\xa0\x80@x\n"
			"sip:ok@x\nsip:ok@x \n",
			{ 1, KM_R_URI, "space", 0 }, { 2, KM_R_URI, "control", 0 },
			{ 3, KM_R_URI, "control", 0 }, { 4, KM_R_URI, "control", 0 },
			{ 5, KM_R_URI, "UTF-8", 0 }, { 6, KM_R_URI, "UTF-8", 0 },
			{ 7, KM_R_URI, "control", 0 }, { 8, KM_R_URI, "space", 0 },
			{ 9, KM_R_URI, "control", 0 }, { 10, KM_R_PARSE, "CSV", 0 },
			{ 11, KM_R_URI, "UTF-8", 0 }, { 12, 0, "sip:ok@x", 0 },
			{ 13, KM_R_URI, "space", 0 });
}

static void a_repeat_is_refused_the_second_time(void **state)
{
	(void)state;
	ASSERT_LIST("sip:a@x\nsip:b@x\nsip:a@x\nsip:A@x\nsip:a@x\n", { 1, 0, "sip:a@x", 0 },
			{ 2, 0, "sip:b@x", 0 }, { 3, KM_R_REPEATED, "before", 0 },
			{ 4, 0, "sip:A@x", 0 }, { 5, KM_R_REPEATED, "before", 0 });
	ASSERT_LIST("uri,kms\nsip:a@x,1\nsip:a@x,2\n", { 2, 0, "sip:a@x", "1" },
			{ 3, KM_R_REPEATED, "before", 0 });
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
	static const size_t lengths[] = { 1022, 65531, 65532, 65533, 70000, 3000000 };
	const want plain[] = { { 1, 0, "sip:a@x", 0 }, { 2, KM_R_URI, "too long", 0 },
			{ 3, 0, "sip:b@x", 0 } };
	const want longer[] = { { 1, 0, "sip:a@x", 0 }, { 2, KM_R_PARSE, "too long", 0 },
			{ 3, 0, "sip:b@x", 0 } };
	const want csv[] = { { 2, 0, "sip:a@x", 0 }, { 3, KM_R_URI, "too long", 0 },
			{ 5, 0, "sip:b@x", 0 } };
	const want longer_csv[] = { { 2, 0, "sip:a@x", 0 }, { 3, KM_R_PARSE, "too long", 0 },
			{ 5, 0, "sip:b@x", 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		assert_long_line("", "sip:a@x\nsip:", lengths[i], "\nsip:b@x\n",
				lengths[i] + 4 <= 65536 ? plain : longer);
		assert_long_line("uri\n", "sip:a@x\n\"", lengths[i], "\n\"\"\"\nsip:b@x\n",
				lengths[i] + 5 <= 65536 ? csv : longer_csv);
	}
}

static void a_header_of_another_kind_ends_the_run(void **state)
{
	static const char *const texts[][2] = {
		{ "uri;kms\nsip:a@x;k\n", "list:1: the columns must be separated by commas" },
		{ "\nname\turi\n", "list:2: the columns must be separated by commas" },
		{ "uri,URI\nsip:a@x,sip:b@x\n", "list:1: a column of the header" },
		{ "kms,uri,kms\n", "list:1: a column of the header" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		FILE *in = fmemopen((void *)(uintptr_t)texts[i][0], strlen(texts[i][0]), "r");
		members *list = members_open(in, "list");
		member_line line;
		km_complaint why;

		assert_int_equal(members_next(list, &line, &why), -1);
		assert_memory_equal(why.text, texts[i][1], strlen(texts[i][1]));
		assert_int_equal(members_next(list, &line, &why), 0);
		members_close(list);
		fclose(in);
	}
}

static void an_empty_list_and_a_directory_are_told_apart(void **state)
{
	FILE *nothing = fopen("/dev/null", "r"), *directory = fopen(".", "r");
	members *list = members_open(nothing, "list");
	member_line line;
	km_complaint why;

	(void)state;
	assert_int_equal(members_next(list, &line, &why), 0);
	members_close(list);
	list = members_open(directory, "list");
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

			if (seen_add(set, uri, (size_t)n) != (round == 0))
				fail_msg("round %d, %s", round, uri);
		}
	}
	assert_int_equal(seen_add(set, uri, 4), 1);
	assert_int_equal(seen_add(set, "", 0), 1);
	assert_int_equal(seen_add(set, "", 0), 0);
	seen_free(set);
}

static size_t heap_octets(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void a_million_members_take_sixteen_octets_each(void **state)
{
	enum { N = 1000000 };
	size_t before = heap_octets(), most = 0;
	seen *set = seen_new();

	(void)state;
	if (heap_octets() == 0) {
		seen_free(set);
		print_message("this allocator does not tell what it holds\n");
		skip();
	}
	for (int i = 0; i < N; i++) {
		char uri[64];
		int n = snprintf(uri, sizeof uri, "sip:user%d@example.org", i);

		assert_int_equal(seen_add(set, uri, (size_t)n), 1);
		if (i % 1000 == 999) {
			size_t now = heap_octets() - before;

			most = now > most ? now : most;
			if (i >= 100000)
				assert_true(now <= 16 * (size_t)(i + 1));
		}
	}
	print_message("%zu octets for %d members\n", most, N);
	seen_free(set);
	assert_true(heap_octets() <= before + 4096);
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
	for (int round = 0; round < 30000; round++) {
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
		cmocka_unit_test(a_quoted_line_end_does_not_make_a_member),
		cmocka_unit_test(wrong_csv_lines_are_refused_alone),
		cmocka_unit_test(ndjson_is_read),
		cmocka_unit_test(wrong_ndjson_lines_are_refused_alone),
		cmocka_unit_test(wrong_uris_are_refused_alone),
		cmocka_unit_test(a_repeat_is_refused_the_second_time),
		cmocka_unit_test(long_lines_are_refused_alone),
		cmocka_unit_test(a_header_of_another_kind_ends_the_run),
		cmocka_unit_test(an_empty_list_and_a_directory_are_told_apart),
		cmocka_unit_test(repeats_are_found_among_many),
		cmocka_unit_test(a_million_members_take_sixteen_octets_each),
		cmocka_unit_test(mutated_lists_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
