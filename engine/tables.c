/* tables.c -- the shared tables over P and g. */
#include "tables.h"

#include <pthread.h>
#include <stdlib.h>

enum { W_MAX = 10 };

/* A lock for each table, so that nobody waits for a wide one who wants a narrow one. */
typedef struct {
	pthread_mutex_t lock;
	comb t;
	gcomb g;
	comb8 eight;
} slot;

#define SLOT {PTHREAD_MUTEX_INITIALIZER, {{0}, NULL}, {{0}, NULL}, {{0}, NULL, 0, 0, NULL}}
#define SLOTS {SLOT, SLOT, SLOT, SLOT, SLOT, SLOT, SLOT, SLOT, SLOT, SLOT, SLOT}
static slot of_p[W_MAX + 1] = SLOTS, of_g[W_MAX + 1] = SLOTS;
static slot eight_of_p[W_MAX + 1] = SLOTS, eight_of_g[W_MAX + 1] = SLOTS;

/* The chains are small, and any width may still come. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static ec_point *chain_p;
static fp *chain_g;

static km_err chain_once_p(void)
{
	km_err err = KM_OK;

	pthread_mutex_lock(&lock);
	if (!chain_p) {
		ec_point *c = aligned_alloc(64, CHAIN_LEN * sizeof *c);

		err = c ? chain_of_point(c, &ec_p) : KM_ENOMEM;
		if (err == KM_OK)
			chain_p = c;
		else
			free(c);
	}
	pthread_mutex_unlock(&lock);
	return err;
}

static km_err chain_once_g(void)
{
	km_err err = KM_OK;

	pthread_mutex_lock(&lock);
	if (!chain_g) {
		fp *c = aligned_alloc(64, CHAIN_LEN * sizeof *c);

		err = c ? chain_of_g(c) : KM_ENOMEM;
		if (err == KM_OK)
			chain_g = c;
		else
			free(c);
	}
	pthread_mutex_unlock(&lock);
	return err;
}

km_err tables_of_p(const comb **p, unsigned w)
{
	slot *s = &of_p[w];
	km_err err = KM_OK;

	pthread_mutex_lock(&s->lock);
	if (!s->t.t)
		err = chain_once_p();
	if (err == KM_OK && !s->t.t)
		err = comb_build(&s->t, chain_p, w);
	pthread_mutex_unlock(&s->lock);
	*p = &s->t;
	return err;
}

km_err tables_of_g(const gcomb **g, unsigned w)
{
	slot *s = &of_g[w];
	km_err err = KM_OK;

	pthread_mutex_lock(&s->lock);
	if (!s->g.t)
		err = chain_once_g();
	if (err == KM_OK && !s->g.t)
		err = gcomb_build(&s->g, chain_g, w);
	pthread_mutex_unlock(&s->lock);
	*g = &s->g;
	return err;
}

km_err tables8_of_p(const comb8 **p, unsigned w, size_t members)
{
	slot *s = &eight_of_p[w];
	km_err err = KM_OK;

	pthread_mutex_lock(&s->lock);
	if (!s->eight.t)
		err = chain_once_p();
	if (err == KM_OK && !s->eight.t)
		err = comb8_build(&s->eight, chain_p, w, members);
	pthread_mutex_unlock(&s->lock);
	*p = &s->eight;
	return err;
}

km_err tables8_of_g(const comb8 **g, unsigned w, size_t members)
{
	slot *s = &eight_of_g[w];
	km_err err = KM_OK;

	pthread_mutex_lock(&s->lock);
	if (!s->eight.t)
		err = chain_once_g();
	if (err == KM_OK && !s->eight.t)
		err = comb8_build_g(&s->eight, chain_g, w, members);
	pthread_mutex_unlock(&s->lock);
	*g = &s->eight;
	return err;
}
