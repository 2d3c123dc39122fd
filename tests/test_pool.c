/* test_pool.c -- work side by side: each once, by any threads, or in the one that calls where there are none. */
#include "util.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "provision/base/complain.h"
#include "provision/base/threads.h"

enum { N = 1000, CALLERS = 4 };

typedef struct {
	atomic_int times[N];
	atomic_int elsewhere;   /* done in another thread than caller */
	pthread_t caller;
} work;

static void do_one(void *arg, size_t i)
{
	work *w = arg;

	w->times[i]++;
	w->elsewhere += pthread_equal(w->caller, pthread_self()) == 0;
}

static void each_once(km_pool *pool, bool elsewhere)
{
	work w = { .caller = pthread_self() };

	threads_each(pool, do_one, &w, N);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(w.times[i], 1);
	assert_int_equal(w.elsewhere, elsewhere ? N : 0);
}

static km_pool *some_pool(uint32_t n)
{
	km_pool *pool;

	assert_int_equal(km_pool_new(&pool, n, NULL), KM_OK);
	return pool;
}

/* ---- the library's --------------------------------------------------------------------------- */

static void each_is_done_once_on_threads(void **ctx)
{
	(void)ctx;
	for (uint32_t n = 1; n <= 3; n++) {
		km_pool *pool = some_pool(n);

		assert_int_equal(threads_count(pool), n);
		each_once(pool, true);
		threads_each(pool, do_one, NULL, 0);
		km_pool_free(pool);
	}
	each_once(NULL, false);
	assert_int_equal(threads_count(NULL), 1);
	km_pool_free(NULL);
}

static void *call_each(void *pool)
{
	each_once(pool, true);
	return NULL;
}

static void several_call_at_once(void **ctx)
{
	km_pool *pool = some_pool(2);
	pthread_t callers[CALLERS];

	(void)ctx;
	for (int i = 0; i < CALLERS; i++)
		assert_int_equal(pthread_create(&callers[i], NULL, call_each, pool), 0);
	for (int i = 0; i < CALLERS; i++)
		pthread_join(callers[i], NULL);
	km_pool_free(pool);
}

/* What was taken for later is done before the pool is gone. */
static void later_is_done_before_the_end(void **ctx)
{
	work w = { .caller = pthread_self() };
	km_pool *pool = some_pool(1);

	(void)ctx;
	for (int i = 0; i < 20; i++)
		assert_true(threads_later(pool, do_one, &w));
	km_pool_free(pool);
	assert_int_equal(w.times[0], 20);
	assert_int_equal(w.elsewhere, 20);
	assert_false(threads_later(NULL, do_one, &w));
}

typedef struct {
	km_pool *pool;
	atomic_int go, done;
} last_holder;

static void let_go(void *arg, size_t i)
{
	last_holder *h = arg;

	(void)i;
	while (!h->go)
		usleep(100);
	km_pool_free(h->pool);
	h->done = 1;
}

static void the_last_holder_may_be_one_of_its_threads(void **ctx)
{
	static last_holder h;

	(void)ctx;
	h.pool = threads_hold(some_pool(2));
	assert_true(threads_later(h.pool, let_go, &h));
	km_pool_free(h.pool);
	h.go = 1;
	for (int i = 0; i < 10000 && !h.done; i++)
		usleep(1000);
	assert_int_equal(h.done, 1);
	usleep(20000);          /* the others end: what they leave is seen by sanitizers alone */
}

static void a_child_goes_without(void **ctx)
{
	km_pool *pool = some_pool(2);
	pid_t child = fork();
	int status;

	(void)ctx;
	if (child == 0) {
		work w = { .caller = pthread_self() };

		threads_each(pool, do_one, &w, N);
		status = w.elsewhere == 0 && w.times[N - 1] == 1 && !threads_later(pool, do_one, &w) ? 0 : 1;
		km_pool_free(pool);
		_exit(status);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	each_once(pool, true);
	km_pool_free(pool);
}

/* ---- the caller's ---------------------------------------------------------------------------- */

static int asked;

static int each_here(void *ctx, km_work *do_it, void *arg, size_t n)
{
	asked++;
	for (size_t i = n; i-- > 0;)
		do_it(arg, i);
	return *(int *)ctx;
}

static int refuse_each(void *ctx, km_work *do_it, void *arg, size_t n)
{
	(void)ctx, (void)do_it, (void)arg, (void)n;
	asked++;
	return 0;
}

static int later_never(void *ctx, km_work *do_it, void *arg)
{
	(void)ctx, (void)do_it, (void)arg;
	return 0;
}

static void calls_of_the_caller(void **ctx)
{
	km_pool_calls calls = { .struct_size = sizeof calls, .each = each_here, .later = later_never };
	int yes = 1;
	work w = { .caller = pthread_self() };
	km_pool *pool;

	(void)ctx;
	assert_int_equal(km_pool_on(&pool, &calls, &yes, NULL), KM_OK);
	assert_true(threads_count(pool) >= 1);
	asked = 0;
	each_once(pool, false);
	assert_int_equal(asked, 1);
	threads_each(pool, do_one, &w, 1);      /* is not worth a call */
	assert_int_equal(asked, 1);
	assert_false(threads_later(pool, do_one, &w));
	km_pool_free(pool);
	calls.each = refuse_each;
	assert_int_equal(km_pool_on(&pool, &calls, NULL, NULL), KM_OK);
	each_once(pool, false);
	assert_int_equal(asked, 2);
	km_pool_free(pool);
}

static int each_as_it_likes(void *ctx, km_work *do_it, void *arg, size_t n)
{
	(void)ctx;
	for (size_t i = 0; i < n + 3; i++) {    /* beyond the last, some twice, some never */
		if (i % 3 != 0)
			do_it(arg, i);
		if (i % 5 == 0)
			do_it(arg, i);
	}
	return asked++ == 0;
}

typedef struct {
	km_work *work;
	void *arg;
	size_t n;
} promise;

static void *keep_promise(void *arg)
{
	const promise *p = arg;

	for (size_t i = 0; i < p->n; i++)
		p->work(p->arg, i);
	return NULL;
}

/* In another thread, without waiting for it. */
static int each_too_early(void *ctx, km_work *do_it, void *arg, size_t n)
{
	static promise p;

	p = (promise){ do_it, arg, n };
	return pthread_create(ctx, NULL, keep_promise, &p) == 0;
}

static void slow(void *arg, size_t i)
{
	work *w = arg;

	if (i == 0)
		usleep(100000);
	w->times[i]++;
}

/* Whatever it does, each is done once when it returns. */
static void calls_that_are_wrong(void **ctx)
{
	km_pool_calls calls = { .struct_size = sizeof calls, .each = each_as_it_likes, .later = later_never };
	work w = { .caller = pthread_self() };
	pthread_t thread;
	km_pool *pool;

	(void)ctx;
	assert_int_equal(km_pool_on(&pool, &calls, NULL, NULL), KM_OK);
	asked = 0;
	each_once(pool, false);
	each_once(pool, false);
	km_pool_free(pool);
	calls.each = each_too_early;
	assert_int_equal(km_pool_on(&pool, &calls, &thread, NULL), KM_OK);
	threads_each(pool, slow, &w, 2);
	assert_int_equal(w.times[0], 1);
	assert_int_equal(w.times[1], 1);
	pthread_join(thread, NULL);
	km_pool_free(pool);
}

/* What a later was given, for who calls it again. */
typedef struct {
	km_work *work;
	void *arg;
	int times, says;
} called_again;

static int later_again(void *ctx, km_work *do_it, void *arg)
{
	called_again *c = ctx;

	c->work = do_it;
	c->arg = arg;
	for (int i = 0; i < c->times; i++)
		do_it(arg, (size_t)i);
	return c->says;
}

static void free_job(void *arg, size_t i)
{
	assert_int_equal(i, 0);
	++**(int **)arg;
	free(arg);
}

/* A job that its work frees; false: it was not taken, and is freed here. */
static bool some_job(km_pool *pool, int *done)
{
	int **job = malloc(sizeof *job);

	assert_non_null(job);
	*job = done;
	if (threads_later(pool, free_job, job))
		return true;
	free(job);
	return false;
}

/* The work frees what it was given: called twice, refused and called, or called when the pool is gone, it is done once
 * or, where it was refused, by nobody. */
static void later_is_done_once(void **ctx)
{
	const km_pool_calls calls = { .struct_size = sizeof calls, .each = each_here, .later = later_again };
	called_again c = { .times = 2, .says = 1 };
	int done = 0;
	km_pool *pool;

	(void)ctx;
	assert_int_equal(km_pool_on(&pool, &calls, &c, NULL), KM_OK);
	assert_true(some_job(pool, &done));
	assert_int_equal(done, 1);
	c.work(c.arg, 0);
	assert_int_equal(done, 1);
	c.says = 0;                             /* it says no, and has called */
	assert_true(some_job(pool, &done));
	assert_int_equal(done, 2);
	c.times = 0;
	assert_false(some_job(pool, &done));    /* it says no, and calls none the less */
	c.work(c.arg, 0);
	assert_int_equal(done, 2);
	c.says = 1;
	assert_true(some_job(pool, &done));
	km_pool_free(pool);
	c.work(c.arg, 0);
	c.work(c.arg, 0);
	assert_int_equal(done, 3);
}

static void refused(km_err err, const km_pool *pool, const km_complaint *why, const char *field)
{
	assert_int_equal(err, KM_EARG);
	assert_null(pool);
	assert_string_equal(km_complaint_field(why), field);
}

static void what_is_missing_is_named(void **ctx)
{
	km_pool_calls calls = { .struct_size = sizeof calls, .each = each_here, .later = later_never }, bad;
	km_complaint why;
	km_pool *pool;

	(void)ctx;
	refused(km_pool_new(&pool, 0, &why), pool, &why, "threads");
	refused(km_pool_new(&pool, 257, &why), pool, &why, "threads");
	refused(km_pool_on(&pool, NULL, NULL, &why), pool, &why, "calls");
	bad = calls, bad.struct_size = 0;
	refused(km_pool_on(&pool, &bad, NULL, &why), pool, &why, "struct_size");
	bad = calls, bad.each = NULL;
	refused(km_pool_on(&pool, &bad, NULL, &why), pool, &why, "each");
	bad = calls, bad.later = NULL;
	refused(km_pool_on(&pool, &bad, NULL, &why), pool, &why, "later");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_done_once_on_threads),
		cmocka_unit_test(several_call_at_once),
		cmocka_unit_test(later_is_done_before_the_end),
		cmocka_unit_test(the_last_holder_may_be_one_of_its_threads),
		cmocka_unit_test(a_child_goes_without),
		cmocka_unit_test(calls_of_the_caller),
		cmocka_unit_test(calls_that_are_wrong),
		cmocka_unit_test(later_is_done_once),
		cmocka_unit_test(what_is_missing_is_named),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
