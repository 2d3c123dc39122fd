/* test_complain.c -- complaints, as a caller has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "provision/base/complain.h"

static void test_text_and_field(void **state)
{
	km_complaint *why, spare;

	(void)state;
	assert_int_equal(km_complaint_new(&why), KM_OK);
	assert_string_equal(km_complaint_text(why), "");
	assert_string_equal(km_complaint_field(why), "");
	assert_int_equal(complain_field(why, "expiry", "it lies before activation"), KM_EARG);
	assert_string_equal(km_complaint_text(why), "expiry: it lies before activation");
	assert_string_equal(km_complaint_field(why), "expiry");
	complain(why, "a\nfile", 7, "UserID", "too long");
	assert_string_equal(km_complaint_text(why), "a\\x0afile:7: UserID: too long");
	assert_string_equal(km_complaint_field(why), "");

	/* Each call empties it first, and who does not listen needs none. */
	assert_int_equal(complain_field(why, "what", "0"), KM_EARG);
	assert_ptr_equal(complain_anew(why, &spare), why);
	assert_string_equal(km_complaint_text(why), "");
	assert_string_equal(km_complaint_field(why), "");
	memset(&spare, 'x', sizeof spare);
	assert_ptr_equal(complain_anew(NULL, &spare), &spare);
	assert_string_equal(km_complaint_text(&spare), "");
	km_complaint_free(why);
	km_complaint_free(NULL);
}

static void test_cut(void **state)
{
	static char file[5000], text[5000];
	km_complaint why;
	char kept[8];

	(void)state;
	memset(file, 'f', sizeof file - 1);
	memset(text, 't', sizeof text - 1);
	complain(&why, file, 1, text, text);
	assert_true(strlen(why.text) < sizeof why.text);
	complain_keep(kept, sizeof kept, &why);
	assert_string_equal(kept, "fffffff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_and_field),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
