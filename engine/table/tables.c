/* tables.c -- the shared tables over P and g: read by one pointer each, which is stored when they are
 * whole. */
#include "tables.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "comb_digest.h"
#include "process.h"

enum { W_MAX = 10 };

typedef union {
	ec_point *chain_p;
	fp *chain_g;
	comb p;
	gcomb g;
	comb8 eight;
	alone_table alone;
} made;

/* A lock for each table, so that nobody waits for a wide one who wants a narrow one; held only while
 * it is made. */
typedef struct {
	_Atomic(const made *) ready;
	process_lock lock;
	made of;
} slot;

static slot of_p[W_MAX + 1], of_g[W_MAX + 1], eight_of_p[W_MAX + 1], eight_of_g[W_MAX + 1];
static slot alone_of_p, alone_of_g, few_of_p, few_of_g;
/* The chains are small, and any width may still come. */
static slot chain_p, chain_g;

typedef km_err make_fn(made *m, unsigned w, size_t members);

/* The child of a fork makes anew what another thread of its parent was at: a slot is written when all is
 * done. */
static km_err once(const made **table, slot *s, make_fn *make, unsigned w, size_t members)
{
	const made *ready = atomic_load_explicit(&s->ready, memory_order_acquire);
	made m = {0};
	km_err err = KM_OK;

	if (!ready) {
		process_take(&s->lock);
		ready = atomic_load_explicit(&s->ready, memory_order_acquire);
		if (!ready)
			err = make(&m, w, members);
		if (!ready && err == KM_OK) {
			s->of = m;
			ready = &s->of;
			atomic_store_explicit(&s->ready, ready, memory_order_release);
		}
		process_give(&s->lock);
	}
	*table = ready;
	return err;
}

static km_err make_chain_p(made *m, unsigned w, size_t members)
{
	km_err err;

	(void)w, (void)members;
	m->chain_p = aligned_alloc(64, CHAIN_LEN * sizeof *m->chain_p);
	err = m->chain_p ? chain_of_point(m->chain_p, &ec_p) : KM_ENOMEM;
	if (err != KM_OK)
		free(m->chain_p);
	return err;
}

static km_err make_chain_g(made *m, unsigned w, size_t members)
{
	km_err err;

	(void)w, (void)members;
	m->chain_g = aligned_alloc(64, CHAIN_LEN * sizeof *m->chain_g);
	err = m->chain_g ? chain_of_g(m->chain_g) : KM_ENOMEM;
	if (err != KM_OK)
		free(m->chain_g);
	return err;
}

/* Nothing is used that is not what it must be. */
static km_err make_p(made *m, unsigned w, size_t members)
{
	const made *chain;
	uint8_t d[32];
	km_err err = once(&chain, &chain_p, make_chain_p, 0, 0);

	(void)members;
	if (err != KM_OK || (err = comb_build(&m->p, chain->chain_p, w)) != KM_OK)
		return err;
	comb_digest_limbs(d, m->p.t->x.v, m->p.shape.windows * m->p.shape.entries * 2 * FP_LIMBS);
	err = comb_digest_check(d, DIGEST_P, DIGEST_LIMBS, w);
	if (err != KM_OK)
		comb_clear(&m->p);
	return err;
}

static km_err make_g(made *m, unsigned w, size_t members)
{
	const made *chain;
	uint8_t d[32];
	km_err err = once(&chain, &chain_g, make_chain_g, 0, 0);

	(void)members;
	if (err != KM_OK || (err = gcomb_build(&m->g, chain->chain_g, w)) != KM_OK)
		return err;
	comb_digest_limbs(d, m->g.t->v, m->g.shape.windows * m->g.shape.entries * FP_LIMBS);
	err = comb_digest_check(d, DIGEST_G, DIGEST_LIMBS, w);
	if (err != KM_OK)
		gcomb_clear(&m->g);
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

static km_err make8_p(made *m, unsigned w, size_t members)
{
	const made *chain;
	km_err err = once(&chain, &chain_p, make_chain_p, 0, 0);

	if (err == KM_OK)
		err = comb8_build(&m->eight, chain->chain_p, w, members);
	return err == KM_OK ? check8(&m->eight, DIGEST_P) : err;
}

static km_err make8_g(made *m, unsigned w, size_t members)
{
	const made *chain;
	km_err err = once(&chain, &chain_g, make_chain_g, 0, 0);

	if (err == KM_OK)
		err = comb8_build_g(&m->eight, chain->chain_g, w, members);
	return err == KM_OK ? check8(&m->eight, DIGEST_G) : err;
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

static km_err make_alone_p(made *m, unsigned w, size_t members)
{
	const made *chain;
	km_err err = once(&chain, &chain_p, make_chain_p, 0, 0);

	(void)w, (void)members;
	if (err == KM_OK)
		err = alone_build(&m->alone, chain->chain_p);
	return err == KM_OK ? check_alone(&m->alone, DIGEST_P) : err;
}

static km_err make_alone_g(made *m, unsigned w, size_t members)
{
	const made *chain;
	km_err err = once(&chain, &chain_g, make_chain_g, 0, 0);

	(void)w, (void)members;
	if (err == KM_OK)
		err = alone_build_g(&m->alone, chain->chain_g);
	return err == KM_OK ? check_alone(&m->alone, DIGEST_G) : err;
}

static km_err make_few_p(made *m, unsigned w, size_t members)
{
	const alone_table *p;
	km_err err = tables_alone_p(&p);

	(void)w, (void)members;
	return err == KM_OK ? comb8_turn(&m->eight, p) : err;
}

static km_err make_few_g(made *m, unsigned w, size_t members)
{
	const alone_table *g;
	km_err err = tables_alone_g(&g);

	(void)w, (void)members;
	return err == KM_OK ? comb8_turn(&m->eight, g) : err;
}

km_err tables_of_p(const comb **p, unsigned w)
{
	const made *m;
	km_err err = once(&m, &of_p[w], make_p, w, 0);

	*p = m ? &m->p : NULL;
	return err;
}

km_err tables_of_g(const gcomb **g, unsigned w)
{
	const made *m;
	km_err err = once(&m, &of_g[w], make_g, w, 0);

	*g = m ? &m->g : NULL;
	return err;
}

km_err tables8_of_p(const comb8 **p, unsigned w, size_t members)
{
	const made *m;
	km_err err = once(&m, &eight_of_p[w], make8_p, w, members);

	*p = m ? &m->eight : NULL;
	return err;
}

km_err tables8_of_g(const comb8 **g, unsigned w, size_t members)
{
	const made *m;
	km_err err = once(&m, &eight_of_g[w], make8_g, w, members);

	*g = m ? &m->eight : NULL;
	return err;
}

int tables8_ready(unsigned w)
{
	return atomic_load_explicit(&eight_of_p[w].ready, memory_order_acquire) &&
			atomic_load_explicit(&eight_of_g[w].ready, memory_order_acquire);
}

km_err tables_alone_p(const alone_table **p)
{
	const made *m;
	km_err err = once(&m, &alone_of_p, make_alone_p, 0, 0);

	*p = m ? &m->alone : NULL;
	return err;
}

km_err tables_alone_g(const alone_table **g)
{
	const made *m;
	km_err err = once(&m, &alone_of_g, make_alone_g, 0, 0);

	*g = m ? &m->alone : NULL;
	return err;
}

km_err tables_few_p(const comb8 **p)
{
	const made *m;
	km_err err = once(&m, &few_of_p, make_few_p, 0, 0);

	*p = m ? &m->eight : NULL;
	return err;
}

km_err tables_few_g(const comb8 **g)
{
	const made *m;
	km_err err = once(&m, &few_of_g, make_few_g, 0, 0);

	*g = m ? &m->eight : NULL;
	return err;
}
