/* pool.c -- threads that work on items side by side, and give them back in the order they came. */
#include "pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

#include "asm/dit.h"

typedef struct {
	void *item;
	bool done;
} slot;

/* taken <= claimed <= put <= taken + depth: counts since the start, places modulo depth. */
struct pool {
	pthread_mutex_t lock;
	pthread_cond_t to_do, done;
	pool_work *work;
	void *ctx;
	pthread_t *threads;
	unsigned n_threads;
	slot *ring;
	size_t depth;
	uint64_t put, claimed, taken;
	bool closing;
};

static void *thread(void *arg)
{
	DIT_WITHIN;
	pool *p = arg;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		slot *s;

		while (p->claimed == p->put && !p->closing)
			pthread_cond_wait(&p->to_do, &p->lock);
		if (p->closing)
			break;
		s = &p->ring[p->claimed++ % p->depth];
		pthread_mutex_unlock(&p->lock);
		p->work(p->ctx, s->item);
		pthread_mutex_lock(&p->lock);
		s->done = true;
		pthread_cond_signal(&p->done);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

pool *pool_new(unsigned threads, size_t depth, pool_work *work, void *ctx)
{
	pool *p = calloc(1, sizeof *p);
	sigset_t all, before;

	if (p == NULL)
		return NULL;
	p->work = work;
	p->ctx = ctx;
	p->depth = depth;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->to_do, NULL);
	pthread_cond_init(&p->done, NULL);
	p->threads = calloc(threads, sizeof *p->threads);
	p->ring = calloc(depth, sizeof *p->ring);
	sigfillset(&all);               /* signals are for the caller's threads */
	pthread_sigmask(SIG_BLOCK, &all, &before);
	while (p->threads != NULL && p->ring != NULL && p->n_threads < threads &&
	       pthread_create(&p->threads[p->n_threads], NULL, thread, p) == 0)
		p->n_threads++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (p->n_threads == 0) {
		pool_free(p);
		return NULL;
	}
	return p;
}

bool pool_full(const pool *p)
{
	return p->put - p->taken == p->depth;
}

void pool_put(pool *p, void *item)
{
	pthread_mutex_lock(&p->lock);
	p->ring[p->put++ % p->depth] = (slot){ .item = item };
	pthread_cond_signal(&p->to_do);
	pthread_mutex_unlock(&p->lock);
}

static void *take(pool *p, bool wait)
{
	slot *s = &p->ring[p->taken % p->depth];
	void *item = NULL;

	if (p->taken == p->put)
		return NULL;
	pthread_mutex_lock(&p->lock);
	while (wait && !s->done)
		pthread_cond_wait(&p->done, &p->lock);
	if (s->done) {
		item = s->item;
		p->taken++;
	}
	pthread_mutex_unlock(&p->lock);
	return item;
}

void *pool_take(pool *p)
{
	return take(p, true);
}

void *pool_take_done(pool *p)
{
	return take(p, false);
}

void pool_free(pool *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->closing = true;
	pthread_cond_broadcast(&p->to_do);
	pthread_mutex_unlock(&p->lock);
	while (p->n_threads > 0)
		pthread_join(p->threads[--p->n_threads], NULL);
	pthread_cond_destroy(&p->to_do);
	pthread_cond_destroy(&p->done);
	pthread_mutex_destroy(&p->lock);
	free(p->threads);
	free(p->ring);
	free(p);
}
