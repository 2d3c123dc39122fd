/* table_shared.c -- the tables over P and g: read by one pointer each, which is stored when they are whole. */
#include "table_layouts.h"

#include <stdatomic.h>

#include "process.h"

enum { W_MAX = 10 };

/* A lock for each table, so that nobody waits for a wide one who wants a narrow one; held only while
 * it is made. */
typedef struct {
	_Atomic(const table *) ready;
	process_lock lock;
	table of;
} place;

static place shared[2][TABLE_LAYOUTS][W_MAX + 1];

/* Nothing is used that is not what it must be: chains and what is turned show in the tables made of them, and in
 * what is checked before it leaves. */
static km_err make(table *t, table_base base, table_layout layout, unsigned w)
{
	const table *from;
	km_err err;

	if (w == 1)
		return table_chain(t, base == TABLE_G ? NULL : &ec_p);
	err = layout == TABLE_TURNED ? table_shared(&from, base, TABLE_GROUPS, w) :
			table_shared(&from, base, TABLE_LIMBS, 1);
	if (err == KM_OK)
		err = table_make(t, from, layout, w);
	if (err != KM_OK || layout == TABLE_TURNED)
		return err;
	err = table_digest_check(t);
	if (err != KM_OK)
		table_clear(t);
	return err;
}

/* The child of a fork makes anew what another thread of its parent was at: a place is written when all is
 * done. */
km_err table_shared(const table **t, table_base base, table_layout layout, unsigned w)
{
	place *s = &shared[base][layout][w];
	const table *ready = atomic_load_explicit(&s->ready, memory_order_acquire);
	table made;
	km_err err = KM_OK;

	if (!ready) {
		process_take(&s->lock);
		ready = atomic_load_explicit(&s->ready, memory_order_acquire);
		if (!ready)
			err = make(&made, base, layout, w);
		if (!ready && err == KM_OK) {
			s->of = made;
			ready = &s->of;
			atomic_store_explicit(&s->ready, ready, memory_order_release);
		}
		process_give(&s->lock);
	}
	*t = ready;
	return err;
}

int table_shared_ready(table_layout layout, unsigned w)
{
	return atomic_load_explicit(&shared[TABLE_POINT][layout][w].ready, memory_order_acquire) &&
			atomic_load_explicit(&shared[TABLE_G][layout][w].ready, memory_order_acquire);
}
