/* widen.c -- wide tables for large runs, made by a thread of its own while the run has begun. */
#include "widen.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct widening {
	widening *before;
	pthread_t thread;
	atomic_bool stop;
	km_err err;
	size_t members, n;
	km_kms_public *keys[];
};

static void *thread(void *arg)
{
	widening *w = arg;

	for (size_t i = 0; i < w->n && w->err == KM_OK && !w->stop; i++)
		w->err = km_kms_public_widen(w->keys[i], w->members);
	return NULL;
}

void widen_start(widening **w, km_kms_public *const *keys, size_t n, size_t members)
{
	widening *now = calloc(1, sizeof *now + n * sizeof now->keys[0]);
	sigset_t all, mask;

	if (now == NULL)
		return;
	now->before = *w;
	now->members = members;
	now->n = n;
	memcpy(now->keys, keys, n * sizeof now->keys[0]);
	sigfillset(&all);               /* signals are for the caller's threads */
	pthread_sigmask(SIG_BLOCK, &all, &mask);
	if (pthread_create(&now->thread, NULL, thread, now) == 0)
		*w = now;
	else
		free(now);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

km_err widen_end(widening *w)
{
	km_err err = KM_OK;

	for (widening *i = w; i != NULL; i = i->before)
		i->stop = true;
	while (w != NULL) {
		widening *before = w->before;

		pthread_join(w->thread, NULL);
		if (w->err != KM_OK)
			err = w->err;
		free(w);
		w = before;
	}
	return err;
}
