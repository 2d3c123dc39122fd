/* test_sink.c -- messages as they leave, and the threads that keep their order. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "../provision/run/pool.h"
#include "../provision/base/json_text.h"
#include "../provision/run/sink.h"
#include "util.h"

static const uint8_t octets[] = { 0x00, 0xff, 0x10, 0x7f };
static uint8_t uid[KM_UID_BYTES];

static sink_message a_message(void)
{
	for (uint8_t i = 0; i < sizeof uid; i++)
		uid[i] = (uint8_t)(0xf0 + i);
	return (sink_message){
		.uri = { "sip:\"a\\\xc3\xbc@h", 11 }, .kms = { "kms\"1\\", 6 }, .uid = uid,
		.period_no = UINT64_MAX, .gmk_id = 0x0fedcba9, .guk_id = 0x00abcdef, .msg = octets,
		.len = sizeof octets,
	};
}

static void puts_as(sink_format format, const char *expected, size_t len)
{
	const sink_message m = a_message();
	char out[1024];
	size_t n = sink_put(out, format, &m);

	assert_int_equal(n, len);
	assert_memory_equal(out, expected, len);
	assert_true(n <= sink_size(format, &m));
}

static void each_format_is_golden(void **ctx)
{
	static const char ndjson[] =
		"{\"uri\":\"sip:\\\"a\\\\\xc3\xbc@h\","
		"\"uid\":\"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f\","
		"\"kms\":\"kms\\\"1\\\\\",\"key_period\":18446744073709551615,"
		"\"gmk_id\":\"0fedcba9\",\"guk_id\":\"00abcdef\",\"mikey\":\"AP8Qfw==\"}\n";

	(void)ctx;
	puts_as(SINK_NDJSON, ndjson, sizeof ndjson - 1);
	puts_as(SINK_TEXT, "mikey AP8Qfw==\tsip:\"a\\\xc3\xbc@h\n", 27);
	puts_as(SINK_RAW, "\x00\xff\x10\x7f", 4);
}

static void a_group_stands_beside_its_member(void **ctx)
{
	static const char beside[] = "@h\",\"group\":\"sip:\\\"g@h\",\"uid\":";
	sink_message m = a_message();
	char out[1024];
	size_t n;

	(void)ctx;
	m.group = (km_str){ "sip:\"g@h", 8 };
	n = sink_put(out, SINK_NDJSON, &m);
	assert_non_null(memmem(out, n, beside, sizeof beside - 1));
	n = sink_put(out, SINK_TEXT, &m);
	assert_int_equal(n, 36);
	assert_memory_equal(out + n - 10, "\tsip:\"g@h\n", 10);
	assert_true(n <= sink_size(SINK_TEXT, &m));
}

static void the_bound_holds_where_all_is_escaped(void **ctx)
{
	char uri[KM_URI_MAX];
	sink_message m = a_message();
	char *out;

	(void)ctx;
	memset(uri, 1, sizeof uri);
	m.uri = m.kms = m.group = (km_str){ uri, sizeof uri };
	out = malloc(sink_size(SINK_NDJSON, &m));
	assert_non_null(out);
	assert_in_range(sink_put(out, SINK_NDJSON, &m), 18 * KM_URI_MAX, sink_size(SINK_NDJSON, &m));
	free(out);
}

static void a_json_string_is_escaped(void **ctx)
{
	static const char in[] = "a\"\\\n\x7f\x1f/\xc3\xa9\xc2\x9b\xd8\x9c\xe2\x80\xae\xff";
	static const char expected[] = "\"a\\\"\\\\\\u000a\\u007f\\u001f/\xc3\xa9"
			"\\u009b\\u061c\\u202e\xff\"";
	char out[64];

	(void)ctx;
	assert_int_equal(json_text(out, in, sizeof in - 1), sizeof expected - 1);
	assert_memory_equal(out, expected, sizeof expected - 1);
	assert_int_equal(json_text(out, NULL, 0), 2);
}

static void base64_is_that_of_libsodium(void **ctx)
{
	uint8_t in[300];
	char out[512], expected[512];
	uint64_t seed = 1;

	(void)ctx;
	draw_bytes(in, sizeof in, &seed);
	for (size_t len = 0; len <= sizeof in; len++) {
		size_t n = sink_base64(out, in, len);

		sodium_bin2base64(expected, sizeof expected, in, len, sodium_base64_VARIANT_ORIGINAL);
		assert_int_equal(n, strlen(expected));
		assert_memory_equal(out, expected, n);
	}
}

/* ---- pool ------------------------------------------------------------------------------------ */

typedef struct {
	int number, result;
} item;

static atomic_int inside, most;

/* Later items are sooner done, so that the order would be lost without the pool. */
static void work(void *ctx, void *arg)
{
	item *i = arg;
	int now = atomic_fetch_add(&inside, 1) + 1, before = atomic_load(&most);
	struct timespec pause = { .tv_nsec = (i->number % 7 == 0) * 200000 };

	while (now > before && !atomic_compare_exchange_weak(&most, &before, now))
		continue;
	nanosleep(&pause, NULL);
	i->result = i->number * *(int *)ctx;
	atomic_fetch_sub(&inside, 1);
}

static void run_pool(unsigned threads, size_t depth)
{
	enum { N = 500 };
	static item items[N];
	int factor = 3, taken = 0;
	pool *p = pool_new(threads, depth, work, &factor);
	item *i;

	assert_non_null(p);
	atomic_store(&most, 0);
	for (int n = 0; n < N; n++) {
		items[n] = (item){ .number = n };
		if (pool_full(p)) {
			i = pool_take(p);
			assert_ptr_equal(i, &items[taken]);
			assert_int_equal(i->result, 3 * taken++);
		}
		pool_put(p, &items[n]);
		assert_true((size_t)(n + 1 - taken) <= depth);
		while ((i = pool_take_done(p)) != NULL)
			assert_int_equal(i->result, 3 * taken++);
	}
	while ((i = pool_take(p)) != NULL)
		assert_int_equal(i->result, 3 * taken++);
	assert_int_equal(taken, N);
	assert_true((unsigned)atomic_load(&most) <= threads);
	pool_free(p);
}

static void items_come_back_in_order(void **ctx)
{
	(void)ctx;
	run_pool(1, 1);
	run_pool(1, 5);
	run_pool(4, 1);
	run_pool(4, 9);
}

static void a_pool_may_be_freed_with_items_inside(void **ctx)
{
	item items[8] = { { 0, 0 } };
	int factor = 1;
	pool *p = pool_new(2, 8, work, &factor);

	(void)ctx;
	assert_non_null(p);
	for (int n = 0; n < 8; n++)
		pool_put(p, &items[n]);
	pool_free(p);
	assert_int_equal(atomic_load(&inside), 0);
}

static int set_up(void **ctx)
{
	(void)ctx;
	return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_format_is_golden),
		cmocka_unit_test(a_group_stands_beside_its_member),
		cmocka_unit_test(the_bound_holds_where_all_is_escaped),
		cmocka_unit_test(a_json_string_is_escaped),
		cmocka_unit_test(base64_is_that_of_libsodium),
		cmocka_unit_test(items_come_back_in_order),
		cmocka_unit_test(a_pool_may_be_freed_with_items_inside),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
