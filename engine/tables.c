/* tables.c -- the shared tables over P and g. */
#include "tables.h"

#include <pthread.h>
#include <stdlib.h>

#include "comb_digest.h"

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

static pthread_mutex_t alone_lock = PTHREAD_MUTEX_INITIALIZER;
static alone_table alone_of_p, alone_of_g;

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

/* Nothing is used that is not what it must be. */
static km_err check_p(comb *c)
{
	uint8_t d[32];
	km_err err;

	comb_digest_limbs(d, c->t->x.v, c->shape.windows * c->shape.entries * 2 * FP_LIMBS);
	err = comb_digest_check(d, DIGEST_P, DIGEST_LIMBS, c->shape.w);
	if (err != KM_OK)
		comb_clear(c);
	return err;
}

static km_err check_g(gcomb *c)
{
	uint8_t d[32];
	km_err err;

	comb_digest_limbs(d, c->t->v, c->shape.windows * c->shape.entries * FP_LIMBS);
	err = comb_digest_check(d, DIGEST_G, DIGEST_LIMBS, c->shape.w);
	if (err != KM_OK)
		gcomb_clear(c);
	return err;
}

static km_err check8(comb8 *c, digest_base base)
{
	uint8_t d[32];
	km_err err;

	comb_digest_eight(d, c);
	err = comb_digest_check(d, base, comb_digest_layout(c->layout), c->shape.w);
	if (err != KM_OK)
		comb8_clear(c);
	return err;
}

static km_err check_alone(alone_table *t, digest_base base)
{
	uint8_t d[32];
	km_err err;

	comb_digest_alone(d, t);
	err = comb_digest_check(d, base, DIGEST_ALONE, t->shape.w);
	if (err != KM_OK)
		alone_clear(t);
	return err;
}

km_err tables_of_p(const comb **p, unsigned w)
{
	slot *s = &of_p[w];
	km_err err = KM_OK;

	pthread_mutex_lock(&s->lock);
	if (!s->t.t)
		err = chain_once_p();
	if (err == KM_OK && !s->t.t) {
		err = comb_build(&s->t, chain_p, w);
		if (err == KM_OK)
			err = check_p(&s->t);
	}
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
	if (err == KM_OK && !s->g.t) {
		err = gcomb_build(&s->g, chain_g, w);
		if (err == KM_OK)
			err = check_g(&s->g);
	}
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
	if (err == KM_OK && !s->eight.t) {
		err = comb8_build(&s->eight, chain_p, w, members);
		if (err == KM_OK)
			err = check8(&s->eight, DIGEST_P);
	}
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
	if (err == KM_OK && !s->eight.t) {
		err = comb8_build_g(&s->eight, chain_g, w, members);
		if (err == KM_OK)
			err = check8(&s->eight, DIGEST_G);
	}
	pthread_mutex_unlock(&s->lock);
	*g = &s->eight;
	return err;
}

km_err tables_alone_p(const alone_table **p)
{
	km_err err = KM_OK;

	pthread_mutex_lock(&alone_lock);
	if (!alone_of_p.t)
		err = chain_once_p();
	if (err == KM_OK && !alone_of_p.t) {
		err = alone_build(&alone_of_p, chain_p);
		if (err == KM_OK)
			err = check_alone(&alone_of_p, DIGEST_P);
	}
	pthread_mutex_unlock(&alone_lock);
	*p = &alone_of_p;
	return err;
}

km_err tables_alone_g(const alone_table **g)
{
	km_err err = KM_OK;

	pthread_mutex_lock(&alone_lock);
	if (!alone_of_g.t)
		err = chain_once_g();
	if (err == KM_OK && !alone_of_g.t) {
		err = alone_build_g(&alone_of_g, chain_g);
		if (err == KM_OK)
			err = check_alone(&alone_of_g, DIGEST_G);
	}
	pthread_mutex_unlock(&alone_lock);
	*g = &alone_of_g;
	return err;
}
