/* test_journal.c -- who was given a key: marks, runs that broke off, torn ends, members looked up. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../provision/gms/journal.h"
#include "../provision/gms/state.h"
#include "../provision/base/complain.h"
#include "util.h"
#include "util_dir.h"
#include "util_key.h"

static km_key *make_key(uint32_t gmk_id)
{
	return key_for(gmk_id, "sip:gms@h", "kms", "Fire", 1800000000, (const char *const[]){"sip:a@h", "sip:b@h", NULL});
}

static journal *open_journal(const char *name, journal_how how)
{
	km_key *key = make_key(0x00abcdef);
	const journal_key wanted = journal_key_of(key);
	km_complaint why;
	journal *j;

	if (journal_open(&j, in_dir(name), how, &wanted, &why) != JOURNAL_OK)
		fail_msg("%s", why.text);
	km_key_free(key);
	return j;
}

static void add(journal *j, journal_kind kind, int from, int to)
{
	km_complaint why;
	char uri[32];

	for (int i = from; i < to; i++) {
		int len = snprintf(uri, sizeof uri, "sip:u%d@h", i);

		assert_true(journal_add(j, (uint32_t)i * 7, uri, (size_t)len));
		if (i % 512 == 511 || i + 1 == to)
			assert_int_equal(journal_put(j, kind, (uint64_t)i << 32, false, &why),
					JOURNAL_OK);
	}
}

static void commit(journal *j)
{
	km_complaint why;

	assert_int_equal(journal_commit(j, &why), JOURNAL_OK);
}

static void a_journal_says_whose_key_it_is_of(void **ctx)
{
	journal *j = open_journal("whose", JOURNAL_MAKE);
	km_key *other = make_key(0x00abcdee);
	km_complaint why;
	journal_key wanted;
	struct stat st;

	(void)ctx;
	assert_true(journal_is_new(j));
	journal_close(j);
	j = open_journal("whose", JOURNAL_MAKE);
	assert_false(journal_is_new(j));
	assert_int_equal(journal_of(j)->gmk_id, 0x00abcdef);
	assert_int_equal(journal_of(j)->expiry, 1800000000);
	assert_string_equal(journal_of(j)->gms, "sip:gms@h");
	assert_string_equal(journal_of(j)->kms, "kms");
	assert_string_equal(journal_of(j)->text, "Fire");
	assert_int_equal(journal_of(j)->n_groups, 2);
	assert_string_equal(journal_of(j)->groups[1], "sip:b@h");
	journal_close(j);
	assert_int_equal(stat(in_dir("whose"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	wanted = journal_key_of(other);
	assert_int_equal(journal_open(&j, in_dir("whose"), JOURNAL_WRITE, &wanted, &why),
			JOURNAL_CORRUPT);
	assert_null(j);
	assert_int_equal(
			journal_open(&j, in_dir("none"), JOURNAL_WRITE, &wanted, &why), JOURNAL_NONE);
	km_key_free(other);
}

/* A run that was at work when it went is told, and nothing of it counts. */
static void what_was_removed_takes_nothing(void **ctx)
{
	journal *j = open_journal("removed", JOURNAL_MAKE);
	km_complaint said;

	(void)ctx;
	add(j, JOURNAL_GIVEN, 0, 3);
	assert_int_equal(unlink(in_dir("removed")), 0);
	assert_true(journal_add(j, 1, "sip:u9@h", 8));
	assert_int_equal(journal_put(j, JOURNAL_GIVEN, 1, true, &said), JOURNAL_IO);
	assert_non_null(strstr(said.text, "was removed meanwhile"));
	journal_close(j);
}

static void counted(const char *name, uint64_t given, uint64_t unsure, uint64_t told)
{
	journal *j = open_journal(name, JOURNAL_READ);
	journal_count n = journal_counts(j);

	assert_int_equal(n.given, given);
	assert_int_equal(n.unsure, unsure);
	assert_int_equal(n.told, told);
	journal_close(j);
}

static void a_run_that_broke_off_is_unsure(void **ctx)
{
	journal *j = open_journal("unsure", JOURNAL_MAKE),
		*other = open_journal("unsure", JOURNAL_WRITE);
	const uint32_t salt = 7 * 7;
	uint64_t has, unsure;

	(void)ctx;
	add(j, JOURNAL_GIVEN, 0, 1000);
	add(other, JOURNAL_GIVEN, 500, 2000);   /* at the same time */
	commit(j);
	journal_close(j);
	journal_close(other);
	counted("unsure", 1000, 1500, 0);
	j = open_journal("unsure", JOURNAL_READ);
	assert_int_equal(journal_counts(j).last_t >> 32, 1999);
	assert_true(journal_index(j));
	assert_true(journal_distinct(j, &has, &unsure));
	assert_int_equal(has, 1000);
	assert_int_equal(unsure, 1000);
	assert_int_equal(journal_meet(j, &salt, "sip:u7@h", 8), JOURNAL_HAS);
	assert_int_equal(journal_meet(j, NULL, "sip:u1500@h", 11), JOURNAL_UNSURE);
	assert_int_equal(journal_meet(j, NULL, "sip:u600@h", 10), JOURNAL_HAS);
	assert_int_equal(journal_meet(j, NULL, "sip:u2000@h", 11), 0);
	journal_close(j);
}

/* Its output was a file that never was in place. */
static void a_run_that_was_taken_back_is_nothing(void **ctx)
{
	journal *j = open_journal("back", JOURNAL_MAKE);
	salts *set = salts_new();
	km_complaint why;

	(void)ctx;
	add(j, JOURNAL_GIVEN, 0, 10);
	assert_int_equal(journal_take_back(j, &why), JOURNAL_OK);
	add(j, JOURNAL_GIVEN, 10, 12);
	commit(j);
	journal_close(j);
	counted("back", 2, 0, 0);
	j = open_journal("back", JOURNAL_READ);
	assert_true(journal_index(j));
	assert_int_equal(journal_meet(j, NULL, "sip:u1@h", 8), 0);
	assert_int_equal(journal_unmet(j, NULL, NULL), 2);
	assert_true(journal_load(set, j, NULL));
	assert_int_equal(salts_count(set), 2);
	journal_close(j);
	salts_free(set);
}

/* Wherever a process dies, what was committed before stays, and the next one goes on behind it. */
static void a_torn_end_is_cut_off(void **ctx)
{
	journal *j = open_journal("torn", JOURNAL_MAKE);
	uint8_t all[8192];
	size_t sure, len;
	FILE *f;

	(void)ctx;
	add(j, JOURNAL_GIVEN, 0, 3);
	commit(j);
	f = fopen(in_dir("torn"), "r");
	assert_non_null(f);
	sure = fread(all, 1, sizeof all, f);
	fclose(f);
	add(j, JOURNAL_GIVEN, 3, 6);
	commit(j);
	journal_close(j);
	f = fopen(in_dir("torn"), "r");
	assert_non_null(f);
	len = fread(all, 1, sizeof all, f);
	fclose(f);
	for (size_t cut = sure; cut < len; cut++) {
		f = fopen(in_dir("cut"), "w");
		assert_non_null(f);
		fwrite(all, 1, cut, f);
		if (cut % 2 == 0)
			fwrite("\0\0\0\0\0\0\0\0", 1, 8, f);    /* room that was never filled */
		fclose(f);
		j = open_journal("cut", JOURNAL_WRITE);
		assert_int_equal(journal_counts(j).given, 3);
		add(j, JOURNAL_GIVEN, 10, 11);
		commit(j);
		journal_close(j);
		j = open_journal("cut", JOURNAL_READ);
		assert_int_equal(journal_counts(j).given, 4);
		journal_close(j);
	}
	assert_int_equal(unlink(in_dir("cut")), 0);
}

/* One process died while another had the file open. */
static void what_another_left_torn_is_cut_off_too(void **ctx)
{
	journal *j = open_journal("beside", JOURNAL_MAKE);
	FILE *f = fopen(in_dir("beside"), "a");

	(void)ctx;
	assert_non_null(f);
	fputs("half a frame, of which the rest never came", f);
	fclose(f);
	add(j, JOURNAL_GIVEN, 0, 5);
	commit(j);
	journal_close(j);
	counted("beside", 5, 0, 0);
}

enum { PROCESSES = 3, EACH = 2000 };

static void processes_add_at_once(void **ctx)
{
	int status;

	(void)ctx;
	journal_close(open_journal("many", JOURNAL_MAKE));
	for (int p = 0; p < PROCESSES; p++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			journal *j = open_journal("many", JOURNAL_WRITE);

			add(j, JOURNAL_GIVEN, p * EACH, (p + 1) * EACH);
			commit(j);
			_exit(0);
		}
	}
	for (int p = 0; p < PROCESSES; p++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	counted("many", PROCESSES * EACH, 0, 0);
}

static char names[256];

static void note(void *ctx, const char *uri, size_t len, bool unsure)
{
	(void)ctx;
	snprintf(names + strlen(names), sizeof names - strlen(names), "%.*s%s ", (int)len, uri,
			unsure ? "?" : "");
}

static void who_was_not_met_is_named(void **ctx)
{
	journal *j = open_journal("met", JOURNAL_MAKE);

	(void)ctx;
	add(j, JOURNAL_GIVEN, 0, 6);
	commit(j);
	journal_close(j);
	j = open_journal("met", JOURNAL_WRITE);
	add(j, JOURNAL_GIVEN, 5, 7);
	journal_close(j);
	j = open_journal("met", JOURNAL_WRITE);
	add(j, JOURNAL_TOLD, 1, 2);
	commit(j);
	add(j, JOURNAL_TOLD, 2, 3);             /* of a run that breaks off */
	journal_close(j);
	j = open_journal("met", JOURNAL_READ);
	assert_true(journal_index(j));
	assert_int_equal(journal_meet(j, NULL, "sip:u3@h", 8), JOURNAL_HAS);
	assert_int_equal(journal_meet(j, NULL, "sip:u1@h", 8), JOURNAL_HAS | JOURNAL_WAS_TOLD);
	*names = '\0';
	assert_int_equal(journal_unmet(j, note, NULL), 5);
	assert_string_equal(names, "sip:u0@h sip:u2@h sip:u4@h sip:u5@h sip:u6@h? ");
	journal_close(j);
}

/* A revocation sees whom others have given the key while it went on, and whom it told itself. */
static void a_run_looks_again_at_its_end(void **ctx)
{
	journal *j, *late;
	km_complaint why;

	(void)ctx;
	j = open_journal("again", JOURNAL_MAKE);
	add(j, JOURNAL_GIVEN, 0, 3);
	commit(j);
	journal_close(j);
	j = open_journal("again", JOURNAL_WRITE);
	add(j, JOURNAL_TOLD, 0, 2);
	late = open_journal("again", JOURNAL_WRITE);
	add(late, JOURNAL_GIVEN, 9, 10);
	commit(late);
	journal_close(late);
	assert_int_equal(journal_look_again(j, &why), JOURNAL_OK);
	assert_true(journal_index(j));
	*names = '\0';
	assert_int_equal(journal_unmet(j, note, NULL), 2);
	assert_string_equal(names, "sip:u2@h sip:u9@h ");
	commit(j);
	journal_close(j);
	counted("again", 4, 0, 2);
}

static void salts_of_an_older_version_are_taken_over(void **ctx)
{
	journal *j = open_journal("old", JOURNAL_MAKE);
	salts *old = salts_new(), *set = salts_new();
	const uint32_t salt = 7, wrong = 8;
	km_complaint why;
	uint32_t other;

	(void)ctx;
	assert_int_equal(salts_add(old, &other, 7, "sip:a@h", 7, 1), SALTS_NEW);
	assert_int_equal(salts_add(old, &other, 9, "sip:b@h", 7, 2), SALTS_NEW);
	assert_int_equal(journal_take(j, old, &why), JOURNAL_OK);
	journal_close(j);
	counted("old", 2, 0, 0);
	j = open_journal("old", JOURNAL_READ);
	assert_true(journal_load(set, j, NULL));
	assert_int_equal(salts_add(set, &other, 7, "sip:a@h", 7, 1), SALTS_KNOWN);
	assert_true(journal_index(j));
	assert_int_equal(journal_meet(j, NULL, "sip:a@h", 7), 0);
	assert_int_equal(journal_meet(j, &wrong, "sip:a@h", 7), 0);
	assert_int_equal(journal_meet(j, &salt, "sip:a@h", 7), JOURNAL_HAS);
	*names = '\0';
	assert_int_equal(journal_unmet(j, note, NULL), 1);
	assert_string_equal(names, "");         /* nobody's name is known */
	journal_close(j);
	salts_free(old);
	salts_free(set);
}

/* A late joiner to many loads those alone that may matter to it. */
static void a_few_members_load_a_few(void **ctx)
{
	enum { MANY = 100000 };
	journal *j = open_journal("few", JOURNAL_MAKE);
	salts *only = salts_new(), *set = salts_new(), *all = salts_new();
	uint32_t other;

	(void)ctx;
	add(j, JOURNAL_GIVEN, 0, MANY);
	commit(j);
	journal_close(j);
	j = open_journal("few", JOURNAL_READ);
	assert_int_equal(salts_add(only, &other, 7 * 41, "late", 4, 1), SALTS_NEW);
	assert_true(journal_load(set, j, only));
	assert_in_range(salts_count(set), 1, 100);
	assert_int_equal(salts_add(set, &other, 7 * 41, "late", 4, 1), SALTS_SHARED);
	assert_true(journal_load(all, j, NULL));
	assert_int_equal(salts_count(all), MANY);
	journal_close(j);
	salts_free(only);
	salts_free(set);
	salts_free(all);
}

static void sum_ids(void *ctx, const journal_place *at)
{
	*(uint32_t *)ctx += at->gmk_id;
}

static void list_one(void *ctx, const journal_place *at)
{
	uint32_t *sum = ctx;

	assert_int_equal(access(at->path, F_OK), 0);
	*sum += at->gmk_id;
}

static void journals_are_found_beside_the_state(void **ctx)
{
	static const char *const files[] = {"gms.state", "gms.00000001.journal",
			"gms.00000020.journal", "gms.0000003.journal", "gms.00000040.journal.moved",
			"gmsx.00000100.journal"};
	uint32_t sum = 0;
	char *path;

	(void)ctx;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		FILE *f = fopen(in_dir(files[i]), "w");

		assert_non_null(f);
		fclose(f);
	}
	assert_int_equal(journal_list(in_dir("gms.state"), list_one, &sum, NULL), 2);
	assert_int_equal(sum, 0x21);
	path = journal_path(in_dir("gms.state"), 0x20);
	assert_string_equal(path, in_dir("gms.00000020.journal"));
	free(path);
	path = journal_path("other", 1);
	assert_string_equal(path, "other.00000001.journal");
	free(path);
}

/* ---- a file of many keys --------------------------------------------------------------------- */

static journal_key some_of_many(uint32_t gmk_id)
{
	static const char *const groups[] = { "sip:a@h" };

	return (journal_key){ gmk_id, 0, 1800000000 + gmk_id, "sip:gms@h", "kms", "Many", 1, groups };
}

static journal_many *begin_many(const char *of)
{
	km_complaint why;
	journal_many *m;

	if (journal_many_new(&m, in_dir(of), &why) != JOURNAL_OK)
		fail_msg("%s", why.text);
	return m;
}

/* Members from to below to of each of n keys from 1 on, whose salts are seven times their numbers. */
static uint32_t add_to_many(journal_many *m, journal_kind kind, uint32_t n, int from, int to)
{
	uint32_t run = journal_many_run(m);
	km_complaint why;
	char uri[32];

	for (uint32_t id = 1; id <= n; id++) {
		const journal_key key = some_of_many(id);

		assert_true(journal_many_key(m, &key));
		for (int i = from; i < to; i++)
			assert_true(journal_many_add(m, (uint32_t)i * 7, uri,
					(size_t)snprintf(uri, sizeof uri, "sip:u%d@h", i)));
		assert_true(journal_many_put(m, run, kind, id, (uint64_t)(to - 1) << 32));
	}
	assert_int_equal(journal_many_sync(m, &why), JOURNAL_OK);
	return run;
}

static void end_many(journal_many *m, uint32_t run, bool done)
{
	km_complaint why;

	assert_true(journal_many_end(m, run, done));
	assert_int_equal(journal_many_sync(m, &why), JOURNAL_OK);
}

/* The journal of a key whose marks stand there. */
static journal *open_many(const char *of, uint32_t gmk_id, journal_how how)
{
	const journal_key key = some_of_many(gmk_id);
	char *path = journal_path(in_dir(of), gmk_id);
	km_complaint why;
	journal *j;

	if (journal_open(&j, path, how, &key, &why) != JOURNAL_OK)
		fail_msg("%s", why.text);
	free(path);
	return j;
}

static void counted_of_many(const char *of, uint32_t gmk_id, uint64_t given, uint64_t unsure, uint64_t told)
{
	journal *j = open_many(of, gmk_id, JOURNAL_READ);
	journal_count n = journal_counts(j);

	assert_int_equal(n.given, given);
	assert_int_equal(n.unsure, unsure);
	assert_int_equal(n.told, told);
	journal_close(j);
}

static void a_key_has_all_its_marks(void **ctx)
{
	journal_many *m = begin_many("all.state"), *other = begin_many("all.state");
	const journal_key wanted = some_of_many(2);
	uint32_t first, second;
	km_complaint why;
	journal *j;

	(void)ctx;
	first = add_to_many(m, JOURNAL_GIVEN, 3, 0, 10);
	second = add_to_many(other, JOURNAL_GIVEN, 2, 8, 12);
	counted_of_many("all.state", 2, 0, 14, 0);
	end_many(m, first, true);
	end_many(other, second, false);
	add_to_many(m, JOURNAL_GIVEN, 1, 20, 21);
	end_many(other, add_to_many(other, JOURNAL_TOLD, 2, 0, 3), true);
	counted_of_many("all.state", 1, 10, 1, 3);
	counted_of_many("all.state", 3, 10, 0, 0);
	j = open_many("all.state", 2, JOURNAL_MAKE);    /* and now a file of its own */
	assert_false(journal_is_new(j));
	assert_string_equal(journal_of(j)->groups[0], "sip:a@h");
	add(j, JOURNAL_GIVEN, 30, 32);
	commit(j);
	journal_close(j);
	j = open_many("all.state", 2, JOURNAL_READ);
	assert_int_equal(journal_counts(j).given, 12);
	assert_int_equal(journal_counts(j).last_t >> 32, 31);
	assert_true(journal_index(j));
	*names = '\0';
	assert_int_equal(journal_meet(j, NULL, "sip:u4@h", 8), JOURNAL_HAS);
	assert_int_equal(journal_unmet(j, note, NULL), 8);
	assert_int_equal(strlen(names), 2 * strlen("sip:u30@h ") + 6 * strlen("sip:u3@h "));
	for (const char *const *name = (const char *const[]){ "30", "31", "3", "5", "6", "7", "8", "9", NULL };
			*name != NULL; name++) {        /* files of many come in any order */
		char uri[32];

		snprintf(uri, sizeof uri, "sip:u%s@h ", *name);
		assert_non_null(strstr(names, uri));
	}
	journal_close(j);
	journal_many_close(m);
	journal_many_close(other);
	assert_int_equal(journal_open(&j, in_dir("all.00000004.journal"), JOURNAL_WRITE, NULL, &why), JOURNAL_NONE);
	assert_int_equal(journal_open(&j, in_dir("all.00000003.journal"), JOURNAL_READ, &wanted, &why), JOURNAL_CORRUPT);
}

static void keys_of_both_kinds_are_listed(void **ctx)
{
	journal_many *m = begin_many("list.state");
	state_content c = { .version = 2 };
	size_t damaged = 7;
	uint32_t sum = 0;
	km_complaint why;
	journal *j;

	(void)ctx;
	add_to_many(m, JOURNAL_GIVEN, 3, 0, 1);
	journal_close(open_many("list.state", 2, JOURNAL_MAKE));
	journal_close(open_many("list.state", 16, JOURNAL_MAKE));
	assert_int_equal(journal_list(in_dir("list.state"), sum_ids, &sum, &damaged), 4);
	assert_int_equal(sum, 1 + 2 + 3 + 16);
	assert_int_equal(damaged, 0);
	journal_many_close(m);
	write_text(in_dir("list.run-00000000.journal"), "keymuster-journal 3\n");
	assert_int_equal(journal_list(in_dir("list.state"), NULL, NULL, &damaged), 4);
	assert_int_equal(damaged, 1);
	assert_int_equal(state_add_journals(&c, in_dir("list.state")), 4);
	assert_int_equal(c.lost, 1 + 4);        /* the file, and what may stand there of each key */
	state_content_free(&c);
	assert_int_equal(journal_list(in_dir("none/list.state"), NULL, NULL, &damaged), 0);
	assert_int_equal(damaged, 0);
	assert_int_equal(journal_list(in_dir("list.run-00000000.journal/list.state"), NULL, NULL, &damaged), 0);
	assert_true(damaged > 0);       /* no directory: what is in it is not known */
	assert_int_equal(journal_open(&j, in_dir("list.00000010.journal"), JOURNAL_READ, NULL, &why), JOURNAL_CORRUPT);
	assert_non_null(strstr(why.text, "cannot be read"));
}

/* Wherever the process dies, what was committed stays, of each key. */
static void a_torn_end_of_many_is_left_out(void **ctx)
{
	journal_many *m = begin_many("ends.state");
	static uint8_t all[1 << 16];
	size_t sure, len;
	char path[256];
	FILE *f;

	(void)ctx;
	end_many(m, add_to_many(m, JOURNAL_GIVEN, 2, 0, 3), true);
	sure = (size_t)journal_many_size(m);
	end_many(m, add_to_many(m, JOURNAL_GIVEN, 3, 3, 5), true);
	len = (size_t)journal_many_size(m);
	journal_many_close(m);
	snprintf(path, sizeof path, "cat %s >", in_dir("ends.run-*.journal"));
	snprintf(path + strlen(path), sizeof path - strlen(path), "%s", in_dir("ends"));
	assert_int_equal(system(path), 0);
	f = fopen(in_dir("ends"), "r");
	assert_non_null(f);
	assert_int_equal(fread(all, 1, sizeof all, f), len);
	fclose(f);
	for (size_t cut = sure; cut <= len; cut++) {
		journal *j;

		write_file(in_dir("cuts.run-00000001.journal"), all, cut);
		for (uint32_t id = 1; id <= 2; id++) {
			j = open_many("cuts.state", id, JOURNAL_READ);
			assert_int_equal(journal_counts(j).given, cut == len ? 5 : 3);
			assert_true(journal_counts(j).unsure == 0 || journal_counts(j).unsure == 2);
			journal_close(j);
		}
	}
}

/* T of a wrong clock is doubted in each file, also in that of a process that goes on with it. */
static void doubt_reaches_files_of_many(void **ctx)
{
	journal_many *m = begin_many("doubt.state");
	km_complaint why;
	journal *j;

	(void)ctx;
	end_many(m, add_to_many(m, JOURNAL_GIVEN, 2, 0, 3), true);
	end_many(m, add_to_many(m, JOURNAL_GIVEN, 2, 100, 104), true);
	j = open_many("doubt.state", 1, JOURNAL_WRITE);
	assert_int_equal(journal_counts(j).last_t >> 32, 103);
	assert_int_equal(journal_doubt(j, (uint64_t)50 << 32, &why), JOURNAL_OK);
	journal_close(j);
	end_many(m, add_to_many(m, JOURNAL_GIVEN, 2, 200, 201), true);
	counted_of_many("doubt.state", 1, 4, 4, 0);
	counted_of_many("doubt.state", 2, 8, 0, 0);
	journal_many_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_journal_says_whose_key_it_is_of),
		cmocka_unit_test(what_was_removed_takes_nothing),
		cmocka_unit_test(a_run_that_broke_off_is_unsure),
		cmocka_unit_test(a_run_that_was_taken_back_is_nothing),
		cmocka_unit_test(a_torn_end_is_cut_off),
		cmocka_unit_test(what_another_left_torn_is_cut_off_too),
		cmocka_unit_test(processes_add_at_once),
		cmocka_unit_test(who_was_not_met_is_named),
		cmocka_unit_test(a_run_looks_again_at_its_end),
		cmocka_unit_test(salts_of_an_older_version_are_taken_over),
		cmocka_unit_test(a_few_members_load_a_few),
		cmocka_unit_test(journals_are_found_beside_the_state),
		cmocka_unit_test(a_key_has_all_its_marks),
		cmocka_unit_test(keys_of_both_kinds_are_listed),
		cmocka_unit_test(a_torn_end_of_many_is_left_out),
		cmocka_unit_test(doubt_reaches_files_of_many),
	};

	return cmocka_run_group_tests(tests, dir_start, dir_stop);
}
