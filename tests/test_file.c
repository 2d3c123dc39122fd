/* test_file.c -- files read whole and files that appear complete; times read and written. */
#include "util.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "provision/base/complain.h"
#include "provision/base/file.h"
#include "provision/base/when.h"

static char dir[] = "/tmp/test_file.XXXXXX";

static int enter(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL || chdir(dir) != 0;
}

static int leave(void **state)
{
	(void)state;
	return chdir("/") != 0 || rmdir(dir) != 0;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);

static bool directory_fails;    /* once: the system tells of it once */

int __wrap_fsync(int fd)
{
	struct stat st;

	if (!directory_fails || fstat(fd, &st) != 0 || !S_ISDIR(st.st_mode))
		return __real_fsync(fd);
	directory_fails = false;
	errno = EIO;
	return -1;
}

static void put(const char *name, const char *text, size_t len)
{
	FILE *f = fopen(name, "w");

	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void assert_holds(const char *name, const char *text)
{
	char *data;
	size_t len;
	km_complaint why;

	assert_true(file_read(&data, &len, name, 1 << 20, &why));
	assert_int_equal(len, strlen(text));
	assert_string_equal(data, text);
	file_free(data);
}

/* Names in the directory that are not hidden. */
static int entries(void)
{
	FILE *ls = popen("ls | wc -l", "r");
	int n = -1;

	assert_int_equal(fscanf(ls, "%d", &n), 1);
	pclose(ls);
	return n;
}

/* ---- reading -------------------------------------------------------------------------- */

static void a_file_is_read_whole_up_to_its_bound(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 65535, 65536, 65537, 200000 };
	static char text[200000];
	char *data;
	size_t len;
	km_complaint why;

	(void)state;
	memset(text, 'x', sizeof text);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		put("f", text, sizes[i]);
		assert_true(file_read(&data, &len, "f", sizes[i], &why));
		assert_int_equal(len, sizes[i]);
		assert_memory_equal(data, text, len);
		assert_int_equal(data[len], '\0');
		file_free(data);
		if (sizes[i] == 0)
			continue;
		assert_false(file_read(&data, &len, "f", sizes[i] - 1, &why));
		assert_null(data);
		assert_int_equal(len, 0);
		assert_non_null(strstr(why.text, "f: larger than"));
	}
	unlink("f");
}

static void a_pipe_is_read_whole_up_to_its_bound(void **state)
{
	(void)state;
	for (int bound = 299999; bound <= 300000; bound++) {
		int ends[2];
		char name[32], *data;
		size_t len;
		km_complaint why;
		pid_t child;
		bool read;

		assert_int_equal(pipe(ends), 0);
		child = fork();
		if (child == 0) {
			close(ends[0]);
			for (int i = 0; i < 300000; i++) {
				if (write(ends[1], "x", 1) != 1)
					break;
			}
			_exit(0);
		}
		close(ends[1]);
		snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
		read = file_read(&data, &len, name, (size_t)bound, &why);
		close(ends[0]);
		waitpid(child, NULL, 0);
		assert_int_equal(read, bound == 300000);
		assert_int_equal(len, read ? 300000 : 0);
		file_free(data);
	}
}

static void what_cannot_be_read_is_named(void **state)
{
	char *data;
	size_t len;
	km_complaint why;

	(void)state;
	assert_false(file_read(&data, &len, "no\nsuch", 10, &why));
	assert_null(data);
	assert_null(strchr(why.text, '\n'));
	assert_non_null(strstr(why.text, strerror(ENOENT)));
	assert_false(file_read(&data, &len, ".", 10, &why));
	assert_non_null(strstr(why.text, strerror(EISDIR)));
}

static void others_permissions_are_seen(void **state)
{
	(void)state;
	put("f", "", 0);
	for (mode_t mode = 0; mode <= 0777; mode++) {
		assert_int_equal(chmod("f", mode), 0);
		assert_int_equal(file_is_private("f"), (mode & 077) == 0);
	}
	unlink("f");
	assert_false(file_is_private("f"));
}

/* ---- writing -------------------------------------------------------------------------- */

static void a_file_appears_when_it_is_complete(void **state)
{
	file_out out;
	km_complaint why;
	struct stat st;

	(void)state;
	umask(022);
	for (int round = 0; round < 2; round++) {
		assert_true(file_create(&out, "f", 0, &why));
		fputs(round == 0 ? "one" : "two", out.f);
		assert_int_equal(access("f", F_OK) == 0, round);
		if (round == 1)
			assert_holds("f", "one");
		assert_true(file_commit(&out, &why));
		assert_holds("f", round == 0 ? "one" : "two");
		assert_int_equal(entries(), 1);
	}
	assert_int_equal(stat("f", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	file_discard(&out);
	unlink("f");
}

static void a_discarded_file_leaves_nothing(void **state)
{
	file_out out;
	km_complaint why;

	(void)state;
	put("f", "old", 3);
	assert_int_equal(chmod("f", 0606), 0);
	assert_true(file_create(&out, "f", FILE_PRIVATE, &why));
	fputs("new", out.f);
	fflush(out.f);
	assert_int_equal(entries(), 2);
	file_discard(&out);
	assert_int_equal(entries(), 1);
	assert_holds("f", "old");
	unlink("f");
}

static void a_private_file_is_the_owners(void **state)
{
	file_out out;
	km_complaint why;
	struct stat st;

	(void)state;
	umask(0);
	put("f", "old", 3);
	assert_int_equal(chmod("f", 0606), 0);
	assert_true(file_create(&out, "f", FILE_PRIVATE, &why));
	assert_int_equal(fstat(fileno(out.f), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	fputs("secret", out.f);
	assert_true(file_commit(&out, &why));
	assert_true(file_is_private("f"));
	assert_holds("f", "secret");
	umask(022);
	unlink("f");
}

/* What root writes for a service must not lock the service out. */
static void what_is_replaced_keeps_owner_and_mode(void **state)
{
	static const uid_t other = 65534;
	file_out out;
	km_complaint why;
	struct stat st;

	(void)state;
	put("theirs", "old", 3);
	assert_int_equal(chmod("theirs", 0640), 0);
	if (geteuid() == 0)
		assert_int_equal(chown("theirs", other, other), 0);
	assert_true(file_create(&out, "theirs", FILE_PRIVATE, &why));
	fputs("new", out.f);
	assert_true(file_commit(&out, &why));
	assert_int_equal(stat("theirs", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(st.st_uid, geteuid() == 0 ? other : geteuid());
	if (geteuid() == 0) {
		assert_int_equal(mkdir("service", 0700), 0);
		assert_int_equal(chown("service", other, other), 0);
		assert_true(file_create(&out, "service/new", FILE_PRIVATE, &why));
		assert_true(file_commit(&out, &why));
		assert_int_equal(stat("service/new", &st), 0);
		assert_int_equal(st.st_uid, other);
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_int_equal(unlink("service/new"), 0);
		assert_int_equal(rmdir("service"), 0);
	}
	assert_int_equal(unlink("theirs"), 0);
}

static void a_new_file_replaces_nothing(void **state)
{
	file_out out;
	km_complaint why;

	(void)state;
	put("f", "old", 3);
	assert_false(file_create(&out, "f", FILE_NEW, &why));
	assert_non_null(strstr(why.text, strerror(EEXIST)));
	unlink("f");
	assert_int_equal(symlink("nowhere", "f"), 0);
	assert_false(file_create(&out, "f", FILE_NEW | FILE_PRIVATE, &why));
	unlink("f");
	assert_true(file_create(&out, "f", FILE_NEW | FILE_PRIVATE, &why));
	put("f", "came first", 10);
	fputs("late", out.f);
	assert_false(file_commit(&out, &why));
	assert_non_null(strstr(why.text, strerror(EEXIST)));
	assert_holds("f", "came first");
	assert_int_equal(entries(), 1);
	unlink("f");
	assert_true(file_create(&out, "f", FILE_NEW, &why));
	fputs("new", out.f);
	assert_true(file_commit(&out, &why));
	assert_holds("f", "new");
	unlink("f");
}

static void a_link_is_not_followed(void **state)
{
	file_out out;
	km_complaint why;

	(void)state;
	put("target", "old", 3);
	assert_int_equal(symlink("target", "f"), 0);
	assert_true(file_create(&out, "f", FILE_PRIVATE, &why));
	fputs("secret", out.f);
	assert_true(file_commit(&out, &why));
	assert_holds("target", "old");
	assert_holds("f", "secret");
	unlink("f");
	unlink("target");
}

static void what_cannot_be_written_is_named(void **state)
{
	file_out out;
	km_complaint why;

	(void)state;
	assert_false(file_create(&out, "no/such", 0, &why));
	assert_non_null(strstr(why.text, strerror(ENOENT)));
	assert_false(file_create(&out, ".", FILE_PRIVATE, &why));
	assert_false(file_create(&out, ".", 0, &why));
	assert_non_null(strstr(why.text, strerror(EISDIR)));
	assert_false(file_create(&out, "/dev/null", FILE_PRIVATE, &why));
	assert_non_null(strstr(why.text, "not a regular file"));
	assert_int_equal(entries(), 0);
}

static void a_full_disk_is_noticed(void **state)
{
	file_out out;
	km_complaint why;

	(void)state;
	if (access("/dev/full", W_OK) != 0)
		skip_as("this system has no /dev/full");
	for (int octets = 10; octets <= 1000000; octets *= 100) {
		assert_true(file_create(&out, "/dev/full", 0, &why));
		for (int i = 0; i < octets; i++)
			putc('x', out.f);
		assert_false(file_commit(&out, &why));
		assert_non_null(strstr(why.text, "/dev/full: "));
	}
	assert_true(file_create(&out, "/dev/null", 0, &why));
	fputs("x", out.f);
	assert_true(file_commit(&out, &why));
	assert_int_equal(access("/dev/null", W_OK), 0);
}

/* ---- times ---------------------------------------------------------------------------- */

static void times_are_read(void **state)
{
	static const struct {
		const char *s;
		int64_t t;
	} times[] = {
		{ "0", 0 }, { "-1", -1 }, { "1767607200", 1767607200 },
		{ "1970-01-01T00:00:00Z", 0 }, { "2026-01-05T10:00:00Z", 1767607200 },
		{ "2026-01-05t10:00:00.999z", 1767607200 },
		{ "2026-01-05T12:30:00+02:30", 1767607200 },
		{ "2026-01-04T23:00:00-11:00", 1767607200 },
		{ "2024-02-29T00:00:00Z", 1709164800 }, { "2000-02-29T00:00:00Z", 951782400 },
		{ "2016-12-31T23:59:60Z", 1483228800 }, { "2017-01-01T01:59:60+02:00", 1483228800 },
		{ "0001-01-01T00:00:00Z", INT64_C(-62135596800) },
		{ "9999-12-31T23:59:59Z", INT64_C(253402300799) },
		{ "253402300799", INT64_C(253402300799) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		int64_t t = 1;

		if (!when_parse(&t, times[i].s, strlen(times[i].s)) || t != times[i].t)
			fail_msg("%s: %lld", times[i].s, (long long)t);
	}
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const texts[] = {
		"", "-", "+1", " 1", "1 ", "1.5", "0x10", "253402300800", "9999999999999999999999",
		"2026-01-05", "2026-01-05T10:00:00", "2026-01-05 10:00:00Z", "2026-1-5T10:00:00Z",
		"2026-00-05T10:00:00Z", "2026-13-05T10:00:00Z", "2026-01-32T10:00:00Z",
		"2026-02-29T10:00:00Z", "1900-02-29T10:00:00Z", "2026-01-05T24:00:00Z",
		"2026-01-05T10:60:00Z", "2026-01-05T10:00:61Z", "2026-01-05T10:00:60Z",
		"2026-01-05T10:00:00.Z", "2026-01-05T10:00:00,5Z", "2026-01-05T10:00:00+2:00",
		"2026-01-05T10:00:00+0200", "2026-01-05T10:00:00+24:00", "2026-01-05T10:00:00Zx",
		"0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
		"-2026-01-05T10:00:00Z", "12026-01-05T10:00:00Z", "now",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		int64_t t = 1;

		if (when_parse(&t, texts[i], strlen(texts[i])) || t != 0)
			fail_msg("%s: %lld", texts[i], (long long)t);
	}
}

static void a_document_may_leave_the_zone_off(void **state)
{
	static const char local[] = "2026-01-05T10:00:00.5", zoned[] = "2026-01-05T10:00:00+01:00";
	int64_t t;

	(void)state;
	assert_true(when_parse_xml(&t, local, strlen(local)));
	assert_int_equal(t, 1767607200);
	assert_true(when_parse_xml(&t, zoned, strlen(zoned)));
	assert_int_equal(t, 1767607200 - 3600);
	assert_true(when_parse_xml(&t, "2036-12-31T24:00:00Z", 20));
	assert_int_equal(t, 2114380800);
	assert_true(when_parse_xml(&t, "9999-12-31T23:59:59-05:00", 25));
	assert_int_equal(t, 253402318799);
	assert_true(when_parse_xml(&t, "12026-01-05T10:00:00Z", 21));
	assert_int_equal(t, 1767607200 + 25 * INT64_C(146097) * 86400);
	assert_true(when_parse_xml(&t, "999999999999-01-01T00:00:00Z", 28));
	assert_true(t == INT64_MAX);
	assert_true(when_parse_xml(&t, "-0044-03-15T12:00:00Z", 21));
	assert_true(t == INT64_MIN);
	assert_true(when_parse_xml(&t, "2026-01-05T10:00:00.25+14:00", 28));
	assert_false(when_parse_xml(&t, "2026-01-05T10:00:00+14:01", 25));
	assert_false(when_parse_xml(&t, "2026-01-05T24:00:01Z", 20));
	assert_false(when_parse_xml(&t, "226-01-05T10:00:00Z", 19));
	assert_false(when_parse_xml(&t, "1767607200", 10));
	assert_int_equal(t, 0);
}

static bool is_as_the_c_library_has_it(const char *text, int64_t t)
{
	const time_t seconds = (time_t)t;
	struct tm date;
	char wanted[64];

	assert_non_null(gmtime_r(&seconds, &date));
	snprintf(wanted, sizeof wanted, "%04d-%02d-%02dT%02d:%02d:%02dZ", date.tm_year + 1900, date.tm_mon + 1,
			date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec);
	return strcmp(text, wanted) == 0;
}

static void times_read_as_they_were_written(void **state)
{
	/* The first and last second of all, of 1970, of a day and of a year that leap or do not. */
	static const int64_t ends[] = {
		INT64_C(-62135596800), INT64_C(253402300799), -1, 0, 31535999, 31536000, 951782399, 951782400, 951868799,
		951868800, 978307199, 978307200, INT64_C(4107542399), INT64_C(4107542400), INT64_C(-2203891200),
		INT64_C(-2203891201), INT64_C(-2208988801), INT64_C(-2208988800),
	};
	char text[WHEN_MAX];
	uint64_t seed = 41;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t t = (int64_t)(draw(&seed) % 315537897600) - INT64_C(62135596800), again;

		when_print(text, t);
		if (!when_parse(&again, text, strlen(text)) || again != t || !is_as_the_c_library_has_it(text, t))
			fail_msg("%lld: %s", (long long)t, text);
	}
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		when_print(text, ends[i]);
		assert_true(is_as_the_c_library_has_it(text, ends[i]));
	}
	when_print(text, 1767607200);
	assert_string_equal(text, "2026-01-05T10:00:00Z");
	when_print(text, INT64_MAX);
	assert_string_equal(text, "9223372036854775807");
}

/* What one directory holds is all in doubt where its entries may not be on disk. */
static void no_file_counts_in_a_directory_that_fails(void **state)
{
	enum { N = 6 };
	static const char *const names[N] = { "a", "b", "sub/a", "c", "d", "e" };
	file_out out[N];
	bool done[N];
	km_complaint why;

	(void)state;
	assert_int_equal(mkdir("sub", 0700), 0);
	for (size_t n = 2; n <= N; n += 4) {
		for (size_t i = 0; i < n; i++) {
			assert_true(file_create(&out[i], names[i], FILE_PRIVATE | FILE_NEW | FILE_ONE_OF_MANY, &why));
			fputs("key", out[i].f);
		}
		directory_fails = true;
		assert_false(file_commit_all(out, done, n, &why));
		assert_non_null(strstr(why.text, strerror(EIO)));
		for (size_t i = 0; i < n; i++)
			assert_int_equal(done[i], i == 2);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(unlink(names[i]), 0);
	}
	assert_int_equal(rmdir("sub"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_whole_up_to_its_bound),
		cmocka_unit_test(a_pipe_is_read_whole_up_to_its_bound),
		cmocka_unit_test(what_cannot_be_read_is_named),
		cmocka_unit_test(others_permissions_are_seen),
		cmocka_unit_test(a_file_appears_when_it_is_complete),
		cmocka_unit_test(a_discarded_file_leaves_nothing),
		cmocka_unit_test(a_private_file_is_the_owners),
		cmocka_unit_test(what_is_replaced_keeps_owner_and_mode),
		cmocka_unit_test(a_new_file_replaces_nothing),
		cmocka_unit_test(no_file_counts_in_a_directory_that_fails),
		cmocka_unit_test(a_link_is_not_followed),
		cmocka_unit_test(what_cannot_be_written_is_named),
		cmocka_unit_test(a_full_disk_is_noticed),
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(a_document_may_leave_the_zone_off),
		cmocka_unit_test(times_read_as_they_were_written),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
