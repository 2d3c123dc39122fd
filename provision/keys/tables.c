/* tables.c -- the tables of a ring's KMSs: made by the members that were seen, within one bound for all. */
#include "tables.h"

#include <stdlib.h>

#include "base/lock.h"
#include "base/threads.h"

/* Of each KMS, outside the bound: tables for one member, the chain of many, and the table of its KPAK. */
enum { ON_TOP = 1900000 };

struct all_tables {
	ring_uses uses;
	lock lock;              /* of all below, and of what is tables.c's in each KMS */
	kms_tables *first;
	uint64_t bound, clock;
};

all_tables *tables_new(void)
{
	all_tables *all = calloc(1, sizeof *all);

	if (all != NULL) {
		all->uses = 1;
		all->bound = KM_TABLES_BYTES_MAX;
	}
	return all;
}

void tables_let_go(all_tables *all)
{
	if (all != NULL && atomic_fetch_sub_explicit(&all->uses, 1, memory_order_acq_rel) == 1)
		free(all);
}

void tables_join(all_tables *all, kms_tables *one)
{
	all->uses++;
	one->all = all;
	lock_take(&all->lock);
	one->next = all->first;
	all->first = one;
	lock_give(&all->lock);
}

void tables_leave(kms_tables *one)
{
	all_tables *all = one->all;

	if (all == NULL)
		return;
	lock_take(&all->lock);
	for (kms_tables **at = &all->first; *at != NULL; at = &(*at)->next) {
		if (*at == one) {
			*at = one->next;
			break;
		}
	}
	lock_give(&all->lock);
	tables_let_go(all);
}

/* ---- the bound: all of this with the lock held ----------------------------------------------- */

static uint64_t bounded(uint64_t bytes)
{
	return bytes > ON_TOP ? bytes - ON_TOP : 0;
}

/* What a parent was making its child makes anew. */
static bool is_being_made(const kms_tables *one)
{
	return one->making == lock_process();
}

/* What all take or, where they are being made, will. */
static uint64_t taken(const all_tables *all)
{
	uint64_t sum = 0;

	for (const kms_tables *i = all->first; i != NULL; i = i->next)
		sum += bounded(is_being_made(i) ? i->planned : km_kms_public_bytes(i->keys));
	return sum;
}

/* That with wide tables, but for one, which was used longest ago, but after that; NULL: none. */
static kms_tables *oldest(const all_tables *all, const kms_tables *one, uint64_t after)
{
	kms_tables *found = NULL;

	for (kms_tables *i = all->first; i != NULL; i = i->next) {
		if (i != one && i->last > after && (found == NULL || i->last < found->last) && !is_being_made(i) &&
		    bounded(km_kms_public_bytes(i->keys)) > 0)
			found = i;
	}
	return found;
}

/* What is still in use after it was given back counts until it is gone. */
static bool make_room(all_tables *all, const kms_tables *one, uint64_t more)
{
	kms_tables *other = NULL;

	if (more > all->bound)
		return false;
	for (uint64_t after = 0; taken(all) > all->bound - more; after = other->last) {
		other = oldest(all, one, after);
		if (other == NULL)
			return false;
		km_kms_public_narrow(other->keys);
	}
	return true;
}

/* By how much tables for so many members are more than there are; *whole: what all are then. */
static uint64_t growth(const kms_tables *one, size_t members, uint64_t *whole)
{
	*whole = km_kms_public_bytes_for(one->keys, members);
	return bounded(*whole) - bounded(km_kms_public_bytes(one->keys));
}

/* For how many members tables are to be made: for all, if there is room, else for some of now; 0: for no more. */
static size_t plan(all_tables *all, kms_tables *one, size_t now, size_t seen)
{
	uint64_t more = growth(one, seen, &one->planned);

	if (one->planned == km_kms_public_bytes(one->keys))
		return 0;
	if (more <= all->bound && taken(all) <= all->bound - more)
		return seen;
	for (size_t some = now; some > 0; some /= 2) {
		more = growth(one, some, &one->planned);
		if (one->planned == km_kms_public_bytes(one->keys))
			return 0;
		if (make_room(all, one, more))
			return some;
	}
	return 0;
}

/* Those for one member may come too, and the chain of many is there. */
uint64_t tables_bytes(const kms_tables *one, size_t members)
{
	return bounded(km_kms_public_bytes_for(one->keys, members) + km_kms_public_bytes_for(one->keys, 1));
}

void tables_bound(all_tables *all, uint64_t bytes)
{
	lock_take(&all->lock);
	all->bound = bytes;
	(void)make_room(all, NULL, 0);
	lock_give(&all->lock);
}

/* ---- making ---------------------------------------------------------------------------------- */

/* Without memory, or after a fault, the tables at hand will do. */
static void make(kms_tables *one, size_t members)
{
	(void)!km_kms_public_widen(one->keys, members);
	lock_take(&one->all->lock);
	one->making = 0;
	lock_give(&one->all->lock);
}

typedef struct {
	kms_tables *one;        /* held */
	size_t members;
} job;

static void make_beside(void *arg, size_t i)
{
	job *j = arg;

	(void)i;
	make(j->one, j->members);
	ring_let_go(j->one);
	free(j);
}

static bool start_beside(kms_tables *one, size_t members, km_pool *pool)
{
	job *j = pool == NULL ? NULL : malloc(sizeof *j);

	if (j == NULL)
		return false;
	*j = (job){ one, members };
	ring_hold(one);
	if (threads_later(pool, make_beside, j))
		return true;
	ring_let_go(one);
	free(j);
	return false;
}

/* Members of a batch who are few pieces: the first alone waits, and is faster for it (with AVX-512 IFMA, tables for 500
 * take 14 ms, and 500 members 50 ms with them, 83 without). */
static bool is_few_pieces(size_t members)
{
	return members >= 150 && members <= 4 * 512;
}

bool tables_count(size_t members)
{
	return members >= 150 && members < 5000;
}

/* Without memory, or after a fault, narrow ones will do. */
void tables_share(size_t members)
{
	(void)!km_shared_widen(members);
}

void tables_expect(kms_tables *one, size_t members, km_pool *pool)
{
	all_tables *all = one->all;
	bool waits = pool == NULL || is_few_pieces(members);
	size_t most = 0;

	lock_take(&all->lock);
	one->last = ++all->clock;
	one->seen = members < SIZE_MAX / 2 - one->seen ? one->seen + members : SIZE_MAX / 2;
	if (members > 0 && !is_being_made(one) && waits)
		most = plan(all, one, members, members);
	if (members > 0 && !is_being_made(one) && most == 0 && pool != NULL) {
		waits = false;
		most = plan(all, one, members, one->seen);
	}
	if (most > 0)
		one->making = lock_process();
	lock_give(&all->lock);
	if (most > 0 && (waits || !start_beside(one, most, pool)))
		make(one, most < members ? most : members);
}
