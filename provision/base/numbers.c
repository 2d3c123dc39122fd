/* numbers.c -- lists of 32-bit numbers that grow. */
#include "numbers.h"

#include <stdlib.h>

bool number_list_add(number_list *l, uint32_t number)
{
	if (l->n == l->room) {
		uint32_t *bigger = reallocarray(l->at, 2 * l->room + 64, sizeof *bigger);

		if (bigger == NULL)
			return false;
		l->at = bigger;
		l->room = 2 * l->room + 64;
	}
	l->at[l->n++] = number;
	return true;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void number_list_sort(number_list *l)
{
	if (l->n > 0)
		qsort(l->at, l->n, sizeof *l->at, by_number);
}

bool number_list_has(const number_list *l, uint32_t number)
{
	return l->n > 0 && bsearch(&number, l->at, l->n, sizeof number, by_number) != NULL;
}

void number_list_free(number_list *l)
{
	free(l->at);
	*l = (number_list){ .at = NULL };
}
