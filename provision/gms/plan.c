/* plan.c -- how a batch is cut into pieces. */
#include "plan.h"

#include <stdlib.h>

#include "make.h"

enum { PIECE_MIN = 64 };        /* below, shared inversions do not pay */

static int compare(const void *a, const void *b)
{
	const plan_entry *x = a, *y = b;

	if (x->kms != y->kms)
		return x->kms < y->kms ? -1 : 1;
	if (x->signer != y->signer)
		return x->signer < y->signer ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

void plan_sort(plan_entry *entries, size_t n)
{
	size_t i = 1;

	while (i < n && compare(&entries[i - 1], &entries[i]) < 0)
		i++;
	if (i < n)
		qsort(entries, n, sizeof *entries, compare);
}

static size_t divide_up(size_t n, size_t by)
{
	return (n + by - 1) / by;
}

/* Members of a piece at most: as many pieces as threads, or twice as many and so on. */
static size_t choose_size(size_t n, size_t threads)
{
	const size_t least = divide_up(n, MAKE_MAX);
	size_t pieces = divide_up(least, threads) * threads;

	if (pieces > n / PIECE_MIN)
		pieces = n / PIECE_MIN;
	if (pieces < least)
		pieces = least;
	return divide_up(n, pieces);
}

static int in_turn(const void *a, const void *b, void *threads)
{
	const plan_piece *x = a, *y = b;
	const size_t by = *(const size_t *)threads;

	if (x->kms / by != y->kms / by)
		return x->kms / by < y->kms / by ? -1 : 1;
	if (x->part != y->part)
		return x->part < y->part ? -1 : 1;
	return (x->kms > y->kms) - (x->kms < y->kms);
}

size_t plan_cut(plan_piece *pieces, const plan_entry *entries, size_t n, size_t threads)
{
	const size_t size = n == 0 ? 0 : choose_size(n, threads);
	size_t count = 0, kms = 0, end;

	for (size_t first = 0; first < n; first = end, kms++) {
		size_t of_kms, parts;

		for (end = first + 1; end < n && entries[end].kms == entries[first].kms;)
			end++;
		of_kms = end - first;
		parts = divide_up(of_kms, size);
		for (size_t i = 0; i < parts && pieces != NULL; i++) {
			const size_t from = of_kms * i / parts, to = of_kms * (i + 1) / parts;

			pieces[count + i] = (plan_piece){ first + from, to - from, kms, i };
		}
		count += parts;
	}
	if (pieces != NULL)
		qsort_r(pieces, count, sizeof *pieces, in_turn, &threads);
	return count;
}
