/* tables.c -- the shared tables over P and g. */
#include "tables.h"

#include <pthread.h>

enum { W_MAX = 10 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static comb of_p[W_MAX + 1];
static gcomb of_g[W_MAX + 1];
static comb8 eight_of_p[W_MAX + 1], eight_of_g[W_MAX + 1];

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

km_err tables8_of_p(const comb8 **p, unsigned w, size_t members)
{
	km_err err = KM_OK;

	pthread_mutex_lock(&lock);
	if (!eight_of_p[w].t)
		err = comb8_build(&eight_of_p[w], &ec_p, w, members);
	pthread_mutex_unlock(&lock);
	*p = &eight_of_p[w];
	return err;
}

km_err tables8_of_g(const comb8 **g, unsigned w, size_t members)
{
	km_err err = KM_OK;

	pthread_mutex_lock(&lock);
	if (!eight_of_g[w].t)
		err = comb8_build_g(&eight_of_g[w], w, members);
	pthread_mutex_unlock(&lock);
	*g = &eight_of_g[w];
	return err;
}
