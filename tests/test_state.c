/* test_state.c -- what a GMS keeps: T and GMK-IDs over processes, user salts, the group key file. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../provision/gms/journal.h"
#include "../provision/gms/state.h"
#include "../provision/base/complain.h"
#include "util.h"
#include "util_dir.h"
#include "util_state.h"

static const state_how plain = { .gms = "sip:gms@h", .kms = "kms" };

static state *open_state(const char *path)
{
	km_complaint why;
	state *st;

	assert_int_equal(state_open(&st, path, &plain, &why), STATE_OK);
	return st;
}

/* It is refused, and the complaint says so. */
static void refused(const char *path, const state_how *how, state_result with, const char *says)
{
	km_complaint why;
	state *st;

	assert_int_equal(state_open(&st, path, how, &why), with);
	assert_null(st);
	if (strstr(why.text, says) == NULL)
		fail_msg("%s: no \"%s\"", why.text, says);
}

static uint64_t reserve(state *st, size_t n, uint64_t now)
{
	km_complaint why;
	uint64_t t;

	assert_int_equal(take_t(st, &t, n, now, &why), STATE_OK);
	return t;
}

static void t_is_now_or_right_after_the_last(void **ctx)
{
	const char *path = in_dir("t");
	uint64_t now = state_time(1790000000, 250000000);
	state *st = open_state(path);
	km_complaint why;
	uint64_t t;

	(void)ctx;
	assert_int_equal(now, 1790000000ull << 32 | 1u << 30);
	assert_int_equal(reserve(st, 10, now), now);
	assert_int_equal(reserve(st, 1, now), now + 10);
	assert_int_equal(reserve(st, 1, now - 1000), now + 11);
	state_close(st);
	st = open_state(path);                  /* another run, whose clock went back */
	assert_int_equal(reserve(st, 5, 1), now + 12);
	assert_int_equal(reserve(st, 5, now + 100), now + 100);
	state_close(st);
	st = open_state(path);
	assert_int_equal(state_last_t(st), now + 104);
	assert_int_equal(state_next_t(st, 1), now + 105);
	assert_int_equal(state_next_t(st, now + 200), now + 200);
	assert_int_equal(unlink(path), 0);      /* whoever removes it stops this run */
	assert_int_equal(take_t(st, &t, 1, 1, &why), STATE_IO);
	assert_non_null(strstr(why.text, "removed meanwhile"));
	state_close(st);
}

/* From a damaged state T never starts again at 0. */
static void t_does_not_wrap(void **ctx)
{
	const char *path = in_dir("wrap");
	uint64_t t = 1;
	km_complaint why;
	state *st;

	(void)ctx;
	write_text(path, "keymuster-state 1\nt ffffffffffffffff\n");
	st = open_state(path);
	assert_int_equal(take_t(st, &t, 1, state_time(1790000000, 0), &why), STATE_CORRUPT);
	assert_int_equal(t, 0);
	state_close(st);
	write_text(path, "keymuster-state 1\nt 0000000000000001\n");
	st = open_state(path);
	assert_int_equal(take_t(st, &t, 1, UINT64_MAX, &why), STATE_CORRUPT);
	assert_int_equal(reserve(st, 1, 7), 7);
	state_close(st);
}

static void a_reservation_lies_within_one_second(void **ctx)
{
	state *st = open_state(in_dir("second"));
	uint64_t end = (uint64_t)1790000001 << 32;

	(void)ctx;
	assert_int_equal(reserve(st, 4, end - 8), end - 8);
	assert_int_equal(reserve(st, 4, 0), end - 4);
	assert_int_equal(reserve(st, 4, 0), end);
	assert_int_equal(reserve(st, 2, (end | UINT32_MAX) - 0), end + ((uint64_t)1 << 32));
	state_close(st);
}

enum { PROCESSES = 4, EACH = 200, CHUNK = 3 };

/* What the processes of a test got. */
typedef struct {
	uint64_t t[PROCESSES * EACH];
	uint32_t id[PROCESSES * EACH];
} shared;

static void child(const char *path, uint64_t *t, uint32_t *id)
{
	km_complaint why;
	state *st;

	if (state_open(&st, path, &plain, &why) != STATE_OK)
		_exit(1);
	for (int i = 0; i < EACH; i++) {
		if (take_t(st, &t[i], CHUNK, 1000, &why) != STATE_OK)
			_exit(2);
		if (i % 10 == 0 && take_id(st, &id[i], 0, 1000, &why) != STATE_OK)
			_exit(3);
	}
	state_close(st);
	_exit(0);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void processes_never_get_the_same(void **ctx)
{
	const char *path = in_dir("shared");
	shared *s = mmap(
			NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t *t;
	int status;

	(void)ctx;
	assert_true(s != MAP_FAILED);
	t = s->t;
	for (int p = 0; p < PROCESSES; p++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			child(path, s->t + p * EACH, s->id + p * EACH);
	}
	for (int p = 0; p < PROCESSES; p++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	for (int p = 0; p < PROCESSES; p++) {
		for (int i = 1; i < EACH; i++)
			assert_true(t[p * EACH + i] >= t[p * EACH + i - 1] + CHUNK);
	}
	qsort(t, PROCESSES * EACH, sizeof *t, by_value);
	for (int i = 1; i < PROCESSES * EACH; i++)
		assert_true(t[i] >= t[i - 1] + CHUNK);
	for (int a = 0; a < PROCESSES * EACH; a += 10) {
		for (int b = 0; b < a; b += 10)
			assert_true(s->id[a] != s->id[b]);
	}
	munmap(s, sizeof *s);
}

/* Is it free at now?  Then it is kept until expiry. */
static bool add_id(state *st, uint32_t gmk_id, uint64_t expiry, int64_t now)
{
	const state_id id = { .gmk_id = gmk_id, .expiry = expiry };
	km_complaint why;
	size_t known;
	bool is_known;

	assert_int_equal(state_add_ids(st, &known, &is_known, &id, 1, now, &why), STATE_OK);
	assert_int_equal(known, is_known);
	return known == 0;
}

static void an_id_is_free_400_days_behind_its_expiry(void **ctx)
{
	const int64_t past = 501 + 400 * 86400;
	const char *path = in_dir("id");
	state *st = open_state(path), *other = open_state(path);

	(void)ctx;
	assert_true(add_id(st, 0x01223344, 500, 100));
	assert_false(add_id(other, 0x01223344, 0, 500));        /* it is live at 500 */
	assert_false(add_id(st, 0x01223344, 0, past));          /* the clock alone makes nothing free */
	reserve(st, 1, state_time(past - 1, 0));
	assert_false(add_id(st, 0x01223344, 0, past));          /* nor in the 400 days after the expiry */
	reserve(st, 1, state_time(past, 0));
	assert_true(add_id(st, 0x01223344, 0, past));           /* both are past it */
	state_close(st);
	state_close(other);
}

/* Version 2 with its checks, of sip:gms@h at kms. */
static const char good[] =
	"keymuster-state 2\n"
	"t 6ab13b8000000000 4da8c8bb\n"
	"sum 4 d9c24e7b30b22a70\n"
	"gms sip:gms@h\n"
	"kms kms\n"
	"gmk 0048a88c 0\n"
	"revoked 0fffffff 1890000000\n";

static void a_revoked_id_is_remembered(void **ctx)
{
	const char *path = in_dir("revoked");
	state *st = open_state(path);
	km_complaint why;
	state_id is;
	uint32_t id;
	bool known;

	(void)ctx;
	assert_int_equal(take_id(st, &id, 500, 100, &why), STATE_OK);
	assert_int_equal(state_look_up(st, &is, &known, id, &why), STATE_OK);
	assert_true(known && !is.revoked && is.expiry == 500);
	assert_int_equal(state_keep_id(st, &is, id, 500, true, &why), STATE_OK);
	assert_true(is.revoked);
	assert_int_equal(state_keep_id(st, &is, id, 500, false, &why), STATE_OK);
	assert_true(is.revoked);                /* a copy of its key file does not bring it back */
	assert_int_equal(state_keep_id(st, &is, id ^ 1, 0, true, &why), STATE_OK);
	state_close(st);
	st = open_state(path);
	assert_int_equal(state_look_up(st, &is, &known, id ^ 1, &why), STATE_OK);
	assert_true(known && is.revoked);
	assert_int_equal(state_look_up(st, &is, &known, id ^ 2, &why), STATE_OK);
	assert_false(known || is.revoked);
	state_close(st);
}

/* What was looked up is not read again while the file is the same; here it is not. */
static void what_another_has_revoked_is_seen(void **ctx)
{
	const char *path = in_dir("shared");
	state *st = open_state(path), *other = open_state(path);
	km_complaint why;
	state_id is;
	uint32_t id;
	bool known;
	FILE *f;

	(void)ctx;
	assert_int_equal(take_id(st, &id, 0, 100, &why), STATE_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(state_look_up(st, &is, &known, id, &why), STATE_OK);
		assert_true(known && !is.revoked);
		reserve(other, 1, state_time(1600000000 + i, 0));       /* is written into the same file */
	}
	assert_int_equal(state_keep_id(other, &is, id, 0, true, &why), STATE_OK);
	assert_int_equal(state_look_up(st, &is, &known, id, &why), STATE_OK);
	assert_true(known && is.revoked);
	f = fopen(path, "a");                   /* and what is written into it by hand */
	assert_non_null(f);
	fputs("x\n", f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(state_look_up(st, &is, &known, id, &why), STATE_CORRUPT);
	state_close(st);
	state_close(other);
}

static void a_damaged_state_is_refused(void **ctx)
{
	static const char *const bad[] = {
			"x",
			"",
			"keymuster-state 3\nt 0000000000000000\n",
			"keymuster-state 1\nt 000000000000000\n",
			"keymuster-state 2\nt 0000000000000000\n",
			"keymuster-state 1\nt 000000000000000g\n",
			"keymuster-state 1\nt 0000000000000000",
			"keymuster-state 1\nt 0000000000000000\ngmk 0000000 1\n",
			"keymuster-state 1\nt 0000000000000000\ngmk 00000000 -1\n",
			"keymuster-state 1\nt 0000000000000000\ngmk 00000000 "
			"99999999999999999999\n",
			"keymuster-state 1\nt 0000000000000000\n\n",
			"keymuster-state 1\nt 0000000000000007\ngmk 0000",
	};
	char text[sizeof good];

	(void)ctx;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		write_text(in_dir("bad"), bad[i]);
		refused(in_dir("bad"), &plain, STATE_CORRUPT, "/bad:");
	}
	write_text(in_dir("bad"), good);
	state_close(open_state(in_dir("bad")));
	for (size_t i = 0; i < sizeof good - 1; i++) {
		memcpy(text, good, i);
		text[i] = '\0';
		write_text(in_dir("bad"), text);        /* cut anywhere */
		refused(in_dir("bad"), &plain, STATE_CORRUPT, "/bad:");
		strcpy(text, good);
		text[i] ^= 1;                           /* changed anywhere */
		write_text(in_dir("bad"), text);
		refused(in_dir("bad"), &plain, STATE_CORRUPT, "/bad:");
	}
	assert_int_equal(unlink(in_dir("bad")), 0);
	refused(in_dir("none/x"), &plain, STATE_IO, "km_store_files");
}

static void another_state_is_refused(void **ctx)
{
	const state_how other = { .gms = "sip:other@h", .kms = "kms", .start_anew = true };

	(void)ctx;
	write_text(in_dir("foreign"), good);
	refused(in_dir("foreign"), &other, STATE_CORRUPT, "the state of sip:gms@h at kms");
	assert_int_equal(unlink(in_dir("foreign")), 0);
}

static char said[1024];

static void say(void *ctx, const char *text)
{
	(void)ctx;
	strncat(said, text, sizeof said - strlen(said) - 1);
}

static void a_damaged_state_is_put_aside_when_asked(void **ctx)
{
	const state_how anew = { .gms = "sip:gms@h", .kms = "kms", .start_anew = true, .say = say };
	char text[sizeof good], aside[300];
	km_complaint why;
	state_id is;
	state *st;
	bool known;

	(void)ctx;
	strcpy(text, good);
	text[strlen(text) - 4] = 'x';           /* the expiry of the revoked one */
	write_text(in_dir("mend"), text);
	*said = '\0';
	assert_int_equal(state_open(&st, in_dir("mend"), &anew, &why), STATE_OK);
	assert_non_null(strstr(said, "kept as .damaged"));
	assert_int_equal(state_last_t(st), 0x6ab13b8000000000);
	assert_int_equal(state_look_up(st, &is, &known, 0x0048a88c, &why), STATE_OK);
	assert_true(known);
	state_close(st);
	snprintf(aside, sizeof aside, "%s.damaged", in_dir("mend"));
	assert_int_equal(access(aside, F_OK), 0);
	*said = '\0';
	assert_int_equal(state_open(&st, in_dir("mend"), &anew, &why), STATE_OK);
	assert_non_null(strstr(said, "was not needed"));
	state_close(st);
}

static void a_state_that_was_lost_is_refused(void **ctx)
{
	state_how how = { .gms = "sip:gms@h", .kms = "kms", .is_used = true, .say = say };
	char path[256];
	state *st;
	km_complaint why;

	(void)ctx;
	strcpy(path, in_dir("lost.state"));
	refused(path, &how, STATE_LOST, "is missing, though this GMS made keys before");
	how.is_used = false;
	*said = '\0';
	assert_int_equal(state_open(&st, path, &how, &why), STATE_OK);
	assert_memory_equal(said, "first use of this GMS", 21);
	state_close(st);
	assert_int_equal(unlink(path), 0);
	write_text(in_dir("lost.0abcdef0.journal"), "of an earlier run");
	refused(path, &how, STATE_LOST, "is missing");
	how.start_anew = true;
	assert_int_equal(state_open(&st, path, &how, &why), STATE_OK);
	state_close(st);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(in_dir("lost.0abcdef0.journal")), 0);
}

static char *copy_of(const char *s)
{
	char *copy = strdup(s);

	assert_non_null(copy);
	return copy;
}

/* Beside the keys it lay once: it is taken over once, and never are there two. */
static void the_state_beside_the_keys_is_taken_over(void **ctx)
{
	char *keys = copy_of(in_dir("keys")), *june = copy_of(in_dir("keys/june.xml")), *old, *path;
	const char *const files[] = { june };
	const state_how how = { .gms = "sip:gms@h", .kms = "kms", .keys = files, .n_keys = 1,
			.say = say };
	char moved[300];
	km_complaint why;
	state_id is;
	state *st;
	bool known;

	(void)ctx;
	assert_int_equal(mkdir(keys, 0700), 0);
	write_text(june, "");
	old = state_old_path(june, "sip:gms@h", "kms");
	path = copy_of(in_dir("new.state"));
	snprintf(moved, sizeof moved, "%s.moved", old);
	write_text(old, "keymuster-state 1\nt 0000000000000007\ngmk 0abcdef0 0\n");
	*said = '\0';
	assert_int_equal(state_open(&st, path, &how, &why), STATE_OK);
	assert_non_null(strstr(said, "is now"));
	assert_int_equal(reserve(st, 1, 1), 8);
	state_close(st);
	assert_int_equal(access(old, F_OK), -1);
	assert_int_equal(access(moved, F_OK), 0);
	/* One turns up again, with a later T and an ID that is not known. */
	write_text(old, "keymuster-state 1\nt 0000000000000009\ngmk 01234567 0\n");
	*said = '\0';
	assert_int_equal(state_open(&st, path, &how, &why), STATE_OK);
	assert_non_null(strstr(said, "is now"));
	assert_int_equal(reserve(st, 1, 1), 10);
	assert_int_equal(state_look_up(st, &is, &known, 0x01234567, &why), STATE_OK);
	assert_true(known);
	assert_int_equal(state_look_up(st, &is, &known, 0x0abcdef0, &why), STATE_OK);
	assert_true(known);
	state_close(st);
	/* The new one is gone, but was moved here. */
	assert_int_equal(unlink(path), 0);
	refused(path, &how, STATE_LOST, "is missing");
	free(keys);
	free(june);
	free(old);
	free(path);
}

static void the_state_is_private_and_in_one_place(void **ctx)
{
	char *path, *again, *other, *file, link_name[256];
	struct stat stat_of;

	(void)ctx;
	assert_int_equal(setenv("XDG_STATE_HOME", in_dir("xdg"), 1), 0);
	path = state_path(NULL, "sip:gms@h", "kms");
	again = state_path(in_dir("xdg/keymuster"), "sip:gms@h", "kms");
	other = state_path(NULL, "sip:gms@h", "kms2");
	file = state_path(in_dir("file"), "sip:gms@h", "kms");
	assert_non_null(path);
	assert_string_equal(path, again);
	assert_string_not_equal(path, other);
	assert_memory_equal(path, in_dir("xdg/keymuster/sip-gms-h-"),
			strlen(in_dir("xdg/keymuster/sip-gms-h-")));
	assert_string_equal(file, in_dir("file"));
	assert_int_equal(stat(in_dir("xdg/keymuster"), &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0777, 0700);
	state_close(open_state(path));
	assert_int_equal(stat(path, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0777, 0600);
	strcpy(link_name, in_dir("link"));
	assert_int_equal(symlink(path, link_name), 0);
	free(again);
	again = state_path(link_name, "sip:gms@h", "kms");
	assert_string_equal(path, again);       /* what is shared is replaced where it stands */
	free(path);
	free(again);
	free(other);
	free(file);
}

/* And lets the holder go. */
static void say_and_free(void *ctx, const char *text)
{
	const int *fd = ctx;

	say(NULL, text);
	if (strstr(text, "waiting") != NULL)
		assert_int_equal(write(*fd, "x", 1), 1);
}

/* Whoever waits says for whom. */
static void a_lock_names_its_holder(void **ctx)
{
	int go[2];
	state_how how = { .gms = "sip:gms@h", .kms = "kms", .say = say_and_free, .ctx = &go[1] };
	const char *path = in_dir("locked");
	char by[64];
	int ready[2], status;
	pid_t pid;

	(void)ctx;
	state_close(open_state(path));
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = open(path, O_RDWR);

		if (fd < 0 || flock(fd, LOCK_EX) != 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		alarm(60);
		_exit(read(go[0], by, 1) != 1);
	}
	assert_int_equal(read(ready[0], by, 1), 1);
	*said = '\0';
	{
		km_complaint why;
		state *st;

		assert_int_equal(state_open(&st, path, &how, &why), STATE_OK);
		state_close(st);
	}
	snprintf(by, sizeof by, "locked by process %d", (int)pid);
	if (strstr(said, by) == NULL && strstr(said, "locked by another process") == NULL)
		fail_msg("said: %s", said);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
}

/* ---- salts ----------------------------------------------------------------------------------- */

static void shared_salts_are_found(void **ctx)
{
	salts *set = salts_new();
	uint32_t other;

	(void)ctx;
	assert_int_equal(salts_add(set, &other, 7, "a", 1, 1), SALTS_NEW);
	assert_int_equal(salts_add(set, &other, 0, "b", 1, 2), SALTS_NEW);
	assert_int_equal(salts_add(set, &other, 7, "a", 1, 3), SALTS_KNOWN);
	assert_int_equal(salts_add(set, &other, 7, "c", 1, 4), SALTS_SHARED);
	assert_int_equal(other, 1);
	assert_int_equal(salts_add(set, &other, 7, "c", 1, 5), SALTS_KNOWN);
	assert_int_equal(salts_count(set), 3);
	salts_clear(set);
	assert_int_equal(salts_count(set), 0);
	assert_int_equal(salts_add(set, &other, 7, "c", 1, 5), SALTS_NEW);
	salts_free(set);
}

static void many_salts_are_kept(void **ctx)
{
	enum { N = 5000 };
	salts *set = salts_new(), *copy = salts_new();
	uint8_t *packed;
	uint32_t other;
	char uri[16];

	(void)ctx;
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(
				salts_add(set, &other, i * 64, uri,
						(size_t)snprintf(uri, sizeof uri, "u%u", i), i + 1),
				SALTS_NEW);
	packed = malloc(N * SALTS_PACKED);
	assert_non_null(packed);
	salts_pack(packed, set);
	assert_true(salts_load(copy, packed, N, true));
	assert_true(salts_load(copy, packed, N, true));
	assert_int_equal(salts_count(copy), N);
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(salts_add(copy, &other, i * 64, uri,
						 (size_t)snprintf(uri, sizeof uri, "u%u", i), 1),
				SALTS_KNOWN);
	assert_int_equal(salts_add(copy, &other, 64, "late", 4, 9), SALTS_SHARED);
	assert_int_equal(other, 0);             /* of an earlier run */
	free(packed);
	salts_free(set);
	salts_free(copy);
}

static void who_may_have_a_key_is_new_until_it_is_sure(void **ctx)
{
	static const uint8_t packed[SALTS_PACKED] = { 0, 0, 0, 7, 0xca, 0x97, 0x81, 0x12 };
	salts *set = salts_new();               /* ca978112: of "a" */
	uint32_t other;

	(void)ctx;
	assert_true(salts_load(set, packed, 1, false));
	assert_int_equal(salts_add(set, &other, 7, "b", 1, 1), SALTS_SHARED);
	assert_int_equal(salts_add(set, &other, 7, "a", 1, 2), SALTS_NEW);
	assert_int_equal(salts_add(set, &other, 7, "a", 1, 3), SALTS_KNOWN);
	assert_int_equal(salts_count(set), 2);
	salts_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t_is_now_or_right_after_the_last),
		cmocka_unit_test(t_does_not_wrap),
		cmocka_unit_test(a_reservation_lies_within_one_second),
		cmocka_unit_test(processes_never_get_the_same),
		cmocka_unit_test(an_id_is_free_400_days_behind_its_expiry),
		cmocka_unit_test(what_another_has_revoked_is_seen),
		cmocka_unit_test(a_damaged_state_is_refused),
		cmocka_unit_test(a_revoked_id_is_remembered),
		cmocka_unit_test(another_state_is_refused),
		cmocka_unit_test(a_damaged_state_is_put_aside_when_asked),
		cmocka_unit_test(a_state_that_was_lost_is_refused),
		cmocka_unit_test(the_state_beside_the_keys_is_taken_over),
		cmocka_unit_test(the_state_is_private_and_in_one_place),
		cmocka_unit_test(a_lock_names_its_holder),
		cmocka_unit_test(shared_salts_are_found),
		cmocka_unit_test(many_salts_are_kept),
		cmocka_unit_test(who_may_have_a_key_is_new_until_it_is_sure),
	};

	return cmocka_run_group_tests(tests, dir_start, dir_stop);
}
