/* test_groups.c -- the file of --groups: rows, the keys they make, and every row that fails alone. */
#include "util.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provision/base/complain.h"
#include "provision/run/groups.h"
#include "fuzz_groups.c"
#include "util_dir.h"

static group_list *read_as(const char *text, const groups_how *how, km_complaint *why)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	group_list *g;
	bool done;

	assert_non_null(in);
	*why = (km_complaint){ 0 };
	done = groups_read(&g, in, "groups.csv", how, why);
	assert_int_equal(done, why->text[0] == '\0');
	fclose(in);
	return g;
}

static group_list *read_text(const char *text)
{
	const groups_how how = { .any_id = false };
	km_complaint why;
	group_list *g = read_as(text, &how, &why);

	assert_string_equal(why.text, "");
	return g;
}

/* Does that row fail, and say so? */
static void assert_wrong(const group_list *g, size_t i, const char *says)
{
	const char *wrong = groups_row_at(g, i)->wrong;

	if (says == NULL ? wrong != NULL : wrong == NULL || strstr(wrong, says) == NULL)
		fail_msg("row %zu: \"%s\", not \"%s\"", i, wrong == NULL ? "-" : wrong, says == NULL ? "-" : says);
}

static void rows_are_read(void **state)
{
	static const char *const texts[] = {
		"\xef\xbb\xbfgroup,note,gmk,text,activate,expire,status\r\n"
		"# a comment\r\n"
		"sip:a@g,x,a.gmk,\"Fire, 1\",1800000000,2027-06-01T00:00:00Z,active\r\n"
		",,,,,,\r\n"
		"sip:b@g,,b.gmk\r\n"
		"sip:c@g,,c.gmk,,,,revoked\r\n",
		"{\"group\":\"sip:a@g\",\"gmk\":\"a.gmk\",\"text\":\"Fire, 1\",\"activate\":\"1800000000\","
		"\"expire\":\"2027-06-01T00:00:00Z\",\"status\":\"active\",\"note\":3}\n\n\n\n"
		"{\"group\":\"sip:b@g\",\"gmk\":\"b.gmk\",\"text\":null}\n"
		"{\"group\":\"sip:c@g\",\"gmk\":\"c.gmk\",\"status\":\"revoked\"}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		group_list *g = read_text(texts[i]);
		const groups_row *row = groups_row_at(g, 0);

		assert_int_equal(groups_rows(g), 3);
		assert_int_equal(groups_keys(g), 3);
		assert_string_equal(row->group.s, "sip:a@g");
		assert_string_equal(row->gmk.s, "a.gmk");
		assert_string_equal(row->text.s, "Fire, 1");
		assert_int_equal(row->activation, 1800000000);
		assert_int_equal(row->expiry, 1811808000);
		assert_false(row->revoke);
		assert_string_equal(groups_row_at(g, 1)->text.s, "");
		assert_int_equal(groups_row_at(g, 1)->expiry, 0);
		assert_true(groups_row_at(g, 2)->revoke);
		for (size_t k = 0; k < 3; k++)
			assert_wrong(g, k, NULL);
		groups_free(g);
	}
}

static void a_group_is_found_however_it_is_written(void **state)
{
	group_list *g = read_text("group,gmk\nsip:a@G.example,a.gmk\nsips:a@g.example,b.gmk\ntel:+1234,c.gmk\n");

	(void)state;
	assert_int_equal(groups_find(g, (km_str){ "sip:a@g.EXAMPLE", 15 }), 0);
	assert_int_equal(groups_find(g, (km_str){ "sips:a@g.example", 16 }), 1);
	assert_int_equal(groups_find(g, (km_str){ "tel:+12-34", 10 }), 2);
	assert_int_equal(groups_find(g, (km_str){ "sip:b@g.example", 15 }), GROUPS_NONE);
	assert_int_equal(groups_find(g, (km_str){ "", 0 }), GROUPS_NONE);
	groups_free(g);
}

static void rows_with_one_file_have_one_key(void **state)
{
	char text[600];
	group_list *g;

	(void)state;
	write_text(in_dir("there.gmk"), "x");
	assert_int_equal(symlink("there.gmk", in_dir("link.gmk")), 0);
	snprintf(text, sizeof text, "group,gmk\nsip:a@g,%s/there.gmk\nsip:b@g,%s/./link.gmk\nsip:c@g,%s/new.gmk\n"
			"sip:d@g,%s//new.gmk\nsip:e@g,%s/new2.gmk\n", in_dir("."), in_dir("."), in_dir("."),
			in_dir("."), in_dir("."));
	g = read_text(text);
	assert_int_equal(groups_keys(g), 3);
	assert_int_equal(groups_row_at(g, 0)->key, 0);
	assert_int_equal(groups_row_at(g, 1)->key, 0);
	assert_int_equal(groups_row_at(g, 2)->key, 1);
	assert_int_equal(groups_row_at(g, 3)->key, 1);
	assert_int_equal(groups_row_at(g, 4)->key, 2);
	assert_int_equal(groups_key_at(g, 0)->n, 2);
	assert_int_equal(groups_row_at(g, groups_key_at(g, 1)->first)->next, 3);
	for (size_t k = 0; k < 5; k++)
		assert_wrong(g, k, NULL);
	assert_true(groups_fail(g, 1, "expiry", "too late"));
	assert_wrong(g, 1, NULL);
	assert_wrong(g, 2, "expiry: too late");
	assert_wrong(g, 3, "expiry: too late");
	groups_free(g);
}

static void rows_of_one_key_must_agree(void **state)
{
	group_list *g = read_text("group,gmk,text,expire,status\n"
			"sip:a@g,a.gmk,A,,\nsip:b@g,a.gmk,B,,\n"
			"sip:c@g,c.gmk,,,\nsip:d@g,./c.gmk,,,revoked\n"
			"sip:e@g,e.gmk,,,\nsip:f@g,e.gmk,,never,\n"
			"sip:g@g,g.gmk,,,\nsip:h@g,g.gmk,,,\n");

	(void)state;
	assert_wrong(g, 0, "text: differs in lines 2 and 3");
	assert_wrong(g, 1, "text: differs in lines 2 and 3");
	assert_wrong(g, 2, "status: differs in lines 4 and 5");
	assert_wrong(g, 3, "status: differs in lines 4 and 5");
	assert_wrong(g, 4, "line 7, which has the same key, fails");
	assert_wrong(g, 5, "expire: neither Unix seconds");
	assert_wrong(g, 6, NULL);
	assert_wrong(g, 7, NULL);
	groups_free(g);
}

static void what_is_wrong_fails_alone(void **state)
{
	group_list *g = read_text("group,gmk,text,activate,expire,status\n"
			"sip:a@g,a.gmk\n"
			"a b,b.gmk\n"
			"sip:c@g,\n"
			"sip:d@g,-\n"
			"sip:e@g,e.gmk,\xff\n"
			"sip:f@g,f.gmk,,0\n"
			"sip:g@g,g.gmk,,20,10\n"
			"sip:h@g,h.gmk,,,,Revoked\n"
			"sip:i@g,i.gmk,,,,,more\n"
			"sip:j@g,j\"\n"
			"sip:k@g,k.gmk\n"
			"sip:k@G,l.gmk\n");
	static const char *const says[] = { NULL, "group: ", "gmk: no file", "gmk: not the name", "text: not UTF-8",
			"activate: the key parameters", "expire: not after", "status: neither", "more fields",
			"a quote within a field", "group: stands there twice, in lines 12 and 13",
			"group: stands there twice, in lines 12 and 13" };

	(void)state;
	assert_int_equal(groups_rows(g), sizeof says / sizeof *says);
	for (size_t i = 0; i < sizeof says / sizeof *says; i++)
		assert_wrong(g, i, says[i]);
	groups_free(g);
}

static void keys_that_are_kept_nowhere_have_no_file(void **state)
{
	const groups_how how = { .forget = true, .any_id = true };
	km_complaint why;
	group_list *g = read_as("group,gmk,status\nfire-1\nfire-2,x.gmk\nfire-3,,revoked\n", &how, &why);

	(void)state;
	assert_int_equal(groups_keys(g), 3);
	assert_wrong(g, 0, NULL);
	assert_wrong(g, 1, "gmk: --forget-key");
	assert_wrong(g, 2, "status: a key that was kept nowhere");
	groups_free(g);
	g = read_as("group\nfire-1\n", &how, &why);
	assert_string_equal(why.text, "");
	groups_free(g);
}

static void what_is_no_list_is_refused_as_a_whole(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "\n\n", "no group stands in it" },
		{ "group,gmk\n", "no group stands in it" },
		{ "sip:a@g\n", "names no column group" },
		{ "group,text\nsip:a@g,x\n", "names no column gmk" },
		{ "group,gmk,group\n", "stands twice" },
		{ "group;gmk\n", "names no column group" },
		{ "[{\"group\":\"sip:a@g\"}]\n", "a JSON array" },
		{ "{\"group\":\"sip:a@g\",\n\"gmk\":\"a\"}\n", "over several lines" },
		{ "PK\x03\x04", "a ZIP archive" },
		{ "group,gmk\nsip:a@g,\"a\nsip:b@g,b\nsip:c@g,c\n", "a quote that is not closed" },
		{ "group,gmk,text\nsip:a@g,a,\"x\ny\"\n", "a quote that is not closed" },
	};
	const groups_how how = { .any_id = false };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		km_complaint why;

		assert_null(read_as(cases[i].text, &how, &why));
		if (strstr(why.text, cases[i].says) == NULL)
			fail_msg("\"%s\" without \"%s\"", why.text, cases[i].says);
	}
}

static void mutated_files_do_no_harm(void **state)
{
	static const char *const texts[] = {
		"group,gmk,text,activate,expire,status\nsip:a@x,a,T,1,2,active\nsip:b@x,a,T,1,2,\n",
		"{\"group\":\"sip:a@x\",\"gmk\":\"a\"}\n{\"group\":\"sip:b@x\",\"gmk\":\"b\",\"status\":\"revoked\"}\n",
	};
	static const char *const words[] = { "\n", "\"", ",", "{", "\\u0000", "\xff", "group", "revoked", "sip:a@x" };
	uint64_t seed = 47;

	(void)state;
	for (int round = 0; round < 10000; round++) {
		const char *text = texts[draw(&seed) % 2];
		size_t len = strlen(text) - draw(&seed) % 20;
		uint8_t *copy = malloc(len);

		memcpy(copy, text, len);
		for (uint64_t n = draw(&seed) % 4; n > 0; n--) {
			const size_t at = draw(&seed) % len;
			const char *word = words[draw(&seed) % (sizeof words / sizeof *words)];

			if (at + strlen(word) <= len)
				memcpy(copy + at, word, strlen(word));
		}
		LLVMFuzzerTestOneInput(copy, len);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_read),
		cmocka_unit_test(a_group_is_found_however_it_is_written),
		cmocka_unit_test(rows_with_one_file_have_one_key),
		cmocka_unit_test(rows_of_one_key_must_agree),
		cmocka_unit_test(what_is_wrong_fails_alone),
		cmocka_unit_test(keys_that_are_kept_nowhere_have_no_file),
		cmocka_unit_test(what_is_no_list_is_refused_as_a_whole),
		cmocka_unit_test(mutated_files_do_no_harm),
	};

	return cmocka_run_group_tests(tests, dir_start, dir_stop);
}
