/* tables.c -- the shared tables over P and g. */
#include "tables.h"

#include <pthread.h>

enum { W_MAX = 10 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static comb of_p[W_MAX + 1];
static gcomb of_g[W_MAX + 1];

km_err tables_of_p(const comb **p, unsigned w)
{
	km_err err = KM_OK;

	pthread_mutex_lock(&lock);
	if (!of_p[w].t)
		err = comb_build(&of_p[w], &ec_p, w);
	pthread_mutex_unlock(&lock);
	*p = &of_p[w];
	return err;
}

km_err tables_of_g(const gcomb **g, unsigned w)
{
	km_err err = KM_OK;

	pthread_mutex_lock(&lock);
	if (!of_g[w].t)
		err = gcomb_build(&of_g[w], w);
	pthread_mutex_unlock(&lock);
	*g = &of_g[w];
	return err;
}
