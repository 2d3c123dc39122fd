/* threads.c -- where work is done side by side: the library's threads, or the caller's. */
#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "asm/dit.h"
#include "complain.h"
#include "lock.h"

enum { THREADS_MAX = 256 };

/* What one call gave: of each on its stack, of later freed by who does it. */
typedef struct job {
	struct job *next;
	km_work *work;
	void *arg;
	size_t n, begun, done;
	bool is_later;
} job;

typedef struct {
	pthread_cond_t wake;
	job *first, **end;      /* those of which something is not begun */
} queue;

/* The library's own. */
typedef struct {
	pthread_mutex_t mutex;  /* of all that follows */
	pthread_cond_t done;    /* a job of each is */
	queue each, later;
	bool closing;
	bool is_left;           /* nobody waits: the last thread frees */
	size_t n, alive;        /* threads begun; those that have not ended */
	pthread_t ids[];
} threads;

struct km_pool {
	_Atomic size_t holders;
	uint64_t process;       /* whose threads they are */
	size_t count;
	km_pool_calls calls;
	void *ctx;
	threads *own;           /* NULL: the caller's */
};

/* ---- on a thread ----------------------------------------------------------------------------- */

static void put(queue *q, job *j)
{
	*q->end = j;
	q->end = &j->next;
	pthread_cond_broadcast(&q->wake);
}

/* The mutex is held, but for the work.  One i of the first job. */
static void do_one(threads *t, queue *q)
{
	job *j = q->first;
	size_t i = j->begun++;

	if (j->begun == j->n) {
		q->first = j->next;
		if (q->first == NULL)
			q->end = &q->first;
	}
	pthread_mutex_unlock(&t->mutex);
	j->work(j->arg, i);
	pthread_mutex_lock(&t->mutex);
	if (++j->done < j->n)
		return;
	if (j->is_later)
		free(j);
	else
		pthread_cond_broadcast(&t->done);
}

static void destroy(threads *t)
{
	pthread_mutex_destroy(&t->mutex);
	pthread_cond_destroy(&t->done);
	pthread_cond_destroy(&t->each.wake);
	pthread_cond_destroy(&t->later.wake);
	free(t);
}

/* What was taken is done before it ends. */
static void serve(threads *t, queue *q)
{
	DIT_WITHIN;
	bool is_last;

	pthread_mutex_lock(&t->mutex);
	while (q->first != NULL || !t->closing) {
		if (q->first != NULL)
			do_one(t, q);
		else
			pthread_cond_wait(&q->wake, &t->mutex);
	}
	is_last = --t->alive == 0 && t->is_left;
	pthread_mutex_unlock(&t->mutex);
	if (is_last)
		destroy(t);
}

static void *thread_of_each(void *arg)
{
	threads *t = arg;

	serve(t, &t->each);
	return NULL;
}

static void *thread_of_later(void *arg)
{
	threads *t = arg;

	serve(t, &t->later);
	return NULL;
}

/* ---- the library's threads ------------------------------------------------------------------- */

static int own_each(void *ctx, km_work *work, void *arg, size_t n)
{
	threads *t = ctx;
	job j = { .work = work, .arg = arg, .n = n };

	pthread_mutex_lock(&t->mutex);
	put(&t->each, &j);
	while (j.done < n)
		pthread_cond_wait(&t->done, &t->mutex);
	pthread_mutex_unlock(&t->mutex);
	return 1;
}

static int own_later(void *ctx, km_work *work, void *arg)
{
	threads *t = ctx;
	job *j = calloc(1, sizeof *j);

	if (j == NULL)
		return 0;
	*j = (job){ .work = work, .arg = arg, .n = 1, .is_later = true };
	pthread_mutex_lock(&t->mutex);
	put(&t->later, j);
	pthread_mutex_unlock(&t->mutex);
	return 1;
}

static const km_pool_calls no_later = { .struct_size = sizeof no_later, .each = own_each };
static const km_pool_calls own_calls = { .struct_size = sizeof own_calls, .each = own_each, .later = own_later };

static threads *threads_new(size_t n)
{
	threads *t = calloc(1, sizeof *t + (n + 1) * sizeof t->ids[0]);

	if (t == NULL)
		return NULL;
	pthread_mutex_init(&t->mutex, NULL);
	pthread_cond_init(&t->done, NULL);
	pthread_cond_init(&t->each.wake, NULL);
	pthread_cond_init(&t->later.wake, NULL);
	t->each.end = &t->each.first;
	t->later.end = &t->later.first;
	return t;
}

/* One thread more, which counts before it can end. */
static bool begin(threads *t, void *(*thread)(void *arg))
{
	bool begun;

	pthread_mutex_lock(&t->mutex);
	begun = pthread_create(&t->ids[t->n], NULL, thread, t) == 0;
	t->n += begun;
	t->alive += begun;
	pthread_mutex_unlock(&t->mutex);
	return begun;
}

/* Wait for all; but one of them cannot wait for itself, and leaves that to the last. */
static void threads_end(threads *t)
{
	const size_t n = t->n;
	bool inside = false;

	for (size_t i = 0; i < n; i++)
		inside = inside || pthread_equal(t->ids[i], pthread_self()) != 0;
	pthread_mutex_lock(&t->mutex);
	t->closing = true;
	t->is_left = inside;
	for (size_t i = 0; inside && i < n; i++)
		pthread_detach(t->ids[i]);
	pthread_cond_broadcast(&t->each.wake);
	pthread_cond_broadcast(&t->later.wake);
	pthread_mutex_unlock(&t->mutex);
	for (size_t i = 0; !inside && i < n; i++)
		pthread_join(t->ids[i], NULL);
	if (!inside)
		destroy(t);
}

/* ---- pools ----------------------------------------------------------------------------------- */

static km_pool *pool_of(const km_pool_calls *calls, void *ctx, size_t count)
{
	km_pool *pool = calloc(1, sizeof *pool);

	if (pool == NULL)
		return NULL;
	pool->holders = 1;
	pool->process = lock_process();
	pool->calls = *calls;
	pool->ctx = ctx;
	pool->count = count;
	return pool;
}

km_err km_pool_new(km_pool **out, uint32_t n, km_complaint *why)
{
	km_complaint spare;
	sigset_t all, before;
	threads *t;
	size_t begun = 0;
	bool later;

	why = complain_anew(why, &spare);
	*out = NULL;
	if (n < 1 || n > THREADS_MAX)
		return complain_field(why, "threads", "not from 1 to 256");
	t = threads_new(n);
	if (t == NULL)
		return KM_ENOMEM;
	sigfillset(&all);               /* signals are for the caller's threads */
	pthread_sigmask(SIG_BLOCK, &all, &before);
	while (begun < n && begin(t, thread_of_each))
		begun++;
	later = begun > 0 && begin(t, thread_of_later);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (begun > 0)
		*out = pool_of(later ? &own_calls : &no_later, t, begun);
	if (*out != NULL) {
		(*out)->own = t;
		return KM_OK;
	}
	threads_end(t);
	complain(why, "pool", 0, NULL, begun == 0 ? "the system gives no thread" : "out of memory");
	return begun == 0 ? KM_EIO : KM_ENOMEM;
}

km_err km_pool_on(km_pool **out, const km_pool_calls *calls, void *ctx, km_complaint *why)
{
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);
	km_complaint spare;

	why = complain_anew(why, &spare);
	*out = NULL;
	if (calls == NULL)
		return complain_field(why, "calls", "is missing");
	if (calls->struct_size < sizeof *calls)
		return complain_field(why, "struct_size", "less than a km_pool_calls has");
	if (calls->each == NULL)
		return complain_field(why, "each", "is missing: each call is wanted");
	if (calls->later == NULL)
		return complain_field(why, "later", "is missing: each call is wanted");
	*out = pool_of(calls, ctx, processors < 1 ? 1 : (size_t)processors);
	return *out == NULL ? KM_ENOMEM : KM_OK;
}

km_pool *threads_hold(km_pool *pool)
{
	if (pool != NULL)
		atomic_fetch_add(&pool->holders, 1);
	return pool;
}

/* In a child of a fork the threads are not there, and their mutex may be held for ever. */
void km_pool_free(km_pool *pool)
{
	if (pool == NULL || atomic_fetch_sub(&pool->holders, 1) != 1)
		return;
	if (pool->own != NULL && pool->process == lock_process())
		threads_end(pool->own);
	else
		free(pool->own);
	free(pool);
}

/* ---- work ------------------------------------------------------------------------------------ */

size_t threads_count(const km_pool *pool)
{
	return pool == NULL || pool->process != lock_process() ? 1 : pool->count;
}

/* What the caller's threads are to do. */
typedef struct {
	km_work *work;
	void *arg;
	size_t n;
	atomic_size_t done;
	atomic_bool begun[];
} once_each;

static void do_once(void *arg, size_t i)
{
	once_each *e = arg;

	if (i >= e->n || atomic_exchange(&e->begun[i], true))
		return;
	e->work(e->arg, i);
	atomic_fetch_add(&e->done, 1);
}

/* Whatever that call does: what it does twice is done once, what it leaves out is done here, and what it says is done
 * and is not is waited for.  false: out of memory. */
static bool each_of_caller(const km_pool *pool, km_work *work, void *arg, size_t n)
{
	once_each *e = calloc(1, sizeof *e + n * sizeof e->begun[0]);

	if (e == NULL)
		return false;
	e->work = work;
	e->arg = arg;
	e->n = n;
	(void)pool->calls.each(pool->ctx, do_once, e, n);
	for (size_t i = 0; i < n; i++)
		do_once(e, i);
	while (e->done < n)
		sched_yield();
	free(e);
	return true;
}

void threads_each(km_pool *pool, km_work *work, void *arg, size_t n)
{
	if (n > 1 && pool != NULL && pool->process == lock_process() &&
	    (pool->own != NULL ? own_each(pool->own, work, arg, n) == 1 : each_of_caller(pool, work, arg, n)))
		return;
	for (size_t i = 0; i < n; i++)
		work(arg, i);
}

/* What one of the caller's threads is to do.  That thread is given its number: a second call, however late, finds none
 * of that number and does nothing. */
typedef struct promise {
	struct promise *next;
	uintptr_t number;
	km_work *work;
	void *arg;
} promise;

static lock promises_lock;
static promise *promises;
static uintptr_t last_number;

/* NULL: it was taken before. */
static promise *take_promise(uintptr_t number)
{
	promise **at, *found;

	lock_take(&promises_lock);
	for (at = &promises; *at != NULL && (*at)->number != number; at = &(*at)->next)
		;
	found = *at;
	if (found != NULL)
		*at = found->next;
	lock_give(&promises_lock);
	return found;
}

static uintptr_t put_promise(km_work *work, void *arg)
{
	promise *p = malloc(sizeof *p);
	uintptr_t number;

	if (p == NULL)
		return 0;
	lock_take(&promises_lock);
	number = ++last_number;
	*p = (promise){ promises, number, work, arg };
	promises = p;
	lock_give(&promises_lock);
	return number;
}

static void do_promised(void *number, size_t i)
{
	promise *p = take_promise((uintptr_t)number);

	(void)i;
	if (p == NULL)
		return;
	p->work(p->arg, 0);
	free(p);
}

/* What it says will not be called is not, whatever it does later; what it has called was. */
static bool later_of_caller(const km_pool *pool, km_work *work, void *arg)
{
	const uintptr_t number = put_promise(work, arg);
	promise *p;

	if (number == 0)
		return false;
	if (pool->calls.later(pool->ctx, do_promised, (void *)number) == 1)
		return true;
	p = take_promise(number);
	free(p);
	return p == NULL;
}

bool threads_later(km_pool *pool, km_work *work, void *arg)
{
	if (pool == NULL || pool->calls.later == NULL || pool->process != lock_process())
		return false;
	return pool->own != NULL ? own_later(pool->own, work, arg) == 1 : later_of_caller(pool, work, arg);
}
