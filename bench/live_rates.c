/* live_rates.c -- how many messages a second, and how long a small batch takes. */
#include "live.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "worker.h"

enum { GROUP = 20, KMSS = 40 };

/* As many members as tables of all widths want are seen before anything is measured. */
enum { WARM = 6000 };

static void *room(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		worker_die("out of memory");
	return p;
}

static void warm(const live_lab *lab, km_batch *batch, km_key *key)
{
	for (size_t i = 0; i < WARM; i++)
		live_add(batch, key, i, lab->kms[0]);
	live_run(batch);
}

static km_key **make_keys(const live_lab *lab, size_t n)
{
	km_key **keys = room(n, sizeof *keys);

	for (size_t i = 0; i < n; i++)
		keys[i] = live_key(lab->gms, i);
	return keys;
}

/* A batch of members from first on, of groups of so many; seconds of processor time an item of all in it. */
static double run_groups(const live_lab *lab, km_batch *batch, km_key **keys, size_t members, size_t first, size_t n)
{
	const double before = live_cpu();

	for (size_t i = first; i < first + n; i++)
		live_add(batch, keys[i / members], i, lab->kms[0]);
	live_run(batch);
	return live_cpu() - before;
}

void live_groups(const live_how *how, size_t members)
{
	const size_t n = how->is_short ? 4096 : KM_BATCH_MAX;
	const live_lab lab = live_begin(1, NULL);
	km_batch *batch = live_batch(&lab);
	km_key **keys = make_keys(&lab, n / members + 1);
	double best = 0;
	char name[32];

	warm(&lab, batch, keys[0]);
	for (int turn = 0; turn < 3; turn++) {
		const double rate = (double)n / run_groups(&lab, batch, keys, members, 0, n);

		best = rate > best ? rate : best;
	}
	snprintf(name, sizeof name, "groups of %zu", members);
	live_tell(name, best, "messages/s");
}

void live_one_beside_many(const live_how *how, size_t n)
{
	const live_lab lab = live_begin(1, NULL);
	km_batch *batch = live_batch(&lab);
	km_key **keys = make_keys(&lab, n), *one = live_key(lab.gms, n);
	double many_took = 0, one_took = 0;

	(void)how;
	warm(&lab, batch, one);
	for (size_t first = 0, some; first < n * GROUP; first += some) {
		some = n * GROUP - first < KM_BATCH_MAX ? n * GROUP - first : KM_BATCH_MAX;
		many_took += run_groups(&lab, batch, keys, GROUP, first, some);
		one_took += run_groups(&lab, batch, &one, n * GROUP, first, some);
	}
	live_tell("many groups of 20", (double)(n * GROUP) / many_took, "messages/s");
	live_tell("one group beside", (double)(n * GROUP) / one_took, "messages/s");
}

/* ---- one small batch ------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void tell_share(const char *where, const char *what, const double *sorted, size_t n, size_t percent)
{
	char name[48];

	snprintf(name, sizeof name, "one group of 20, %s, %s p%zu", where, what, percent);
	live_tell(name, 1e3 * sorted[(n - 1) * percent / 100], "ms");
}

void live_latency(const live_how *how, size_t in_files)
{
	const size_t n = how->is_short ? 200 : 1000;
	const live_lab lab = live_begin(1, in_files ? how->dir : NULL);
	const char *where = in_files ? "files" : "memory";
	km_batch *batch = live_batch(&lab);
	km_key *key = live_key(lab.gms, 0);
	double *wall = room(n, sizeof *wall), *cpu = room(n, sizeof *cpu);

	warm(&lab, batch, key);
	for (size_t i = 0; i < n; i++) {
		wall[i] = -live_wall();
		cpu[i] = run_groups(&lab, batch, &key, GROUP, 0, GROUP);
		wall[i] += live_wall();
	}
	qsort(wall, n, sizeof *wall, compare);
	qsort(cpu, n, sizeof *cpu, compare);
	tell_share(where, "clock", wall, n, 50);
	tell_share(where, "clock", wall, n, 99);
	tell_share(where, "processor", cpu, n, 50);
	tell_share(where, "processor", cpu, n, 99);
}

/* ---- many KMSs ------------------------------------------------------------------------------- */

void live_of_kmss(const live_kmss *what)
{
	enum { MEMBERS = 20000 };
	const live_lab lab = live_begin(what->documents, NULL);
	km_batch *batch = live_batch(&lab);
	km_key *key = live_key(lab.gms, 0);
	struct rusage used;
	char name[64];
	km_pool *pool;

	if (what->bound > 0)
		live_must(km_keyring_set(lab.ring, KM_RING_TABLES_BYTES, what->bound, NULL), "bound");
	if (what->threads > 0) {
		live_must(km_pool_new(&pool, what->threads, NULL), "pool");
		km_keyring_pool(lab.ring, pool);
	}
	for (size_t i = 0; i < MEMBERS; i++)
		live_add(batch, key, i, lab.kms[what->is_mixed ? i % what->kmss : i * what->kmss / MEMBERS]);
	live_run(batch);
	snprintf(name, sizeof name, "%s: time", what->name);
	live_tell(name, live_cpu(), "s");
	getrusage(RUSAGE_SELF, &used);
	snprintf(name, sizeof name, "%s: memory", what->name);
	live_tell(name, (double)used.ru_maxrss / 1024, "MB");
}

/* A pool that counts, and leaves everything to the thread that calls. */
static int count(void *ctx, km_work *work, void *arg, size_t n)
{
	size_t *pieces = ctx;

	*pieces += n;
	for (size_t i = 0; i < n; i++)
		work(arg, i);
	return 1;
}

static int refuse(void *ctx, km_work *work, void *arg)
{
	(void)ctx, (void)work, (void)arg;
	return 0;
}

void live_interleaved(const live_how *how, size_t n)
{
	const km_pool_calls calls = { .struct_size = sizeof calls, .each = count, .later = refuse };
	const live_lab lab = live_begin(KMSS, NULL);
	km_batch *batch = live_batch(&lab);
	km_key *key = live_key(lab.gms, 0);
	size_t pieces = 0;
	double began;
	km_pool *pool;

	(void)how;
	live_must(km_pool_on(&pool, &calls, &pieces, NULL), "pool");
	km_keyring_pool(lab.ring, pool);
	began = live_cpu();
	for (size_t i = 0; i < n; i++) {
		live_add(batch, key, i, lab.kms[i % KMSS]);
		if (km_batch_room(batch) == 0 || i + 1 == n)
			live_run(batch);
	}
	live_tell("40 KMSs, one by one of each", (double)n / (live_cpu() - began), "messages/s");
	live_tell("40 KMSs, one by one of each: a piece", (double)n / (double)pieces, "members");
}
