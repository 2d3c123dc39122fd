/* numbers.h -- lists of 32-bit numbers that grow, as of runs and of keys. */
#ifndef KM_NUMBERS_H
#define KM_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zeros is an empty one. */
typedef struct {
	uint32_t *at;
	size_t n, room;
} number_list;

/* false: no memory, and the list is as it was. */
bool number_list_add(number_list *l, uint32_t number);
/* Ascending, as number_list_has wants them. */
void number_list_sort(number_list *l);
bool number_list_has(const number_list *l, uint32_t number);
void number_list_free(number_list *l);

#endif
