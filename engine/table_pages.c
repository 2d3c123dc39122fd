/* table_pages.c -- memory for tables that many share: see table_pages.h. */
#include "table_pages.h"

#include <stdint.h>
#include <sys/mman.h>

/* In front of the table, on the same pages: how long all of it is. */
typedef struct {
	_Alignas(64) size_t len;
} head;

static head *head_of(const void *table)
{
	return (head *)(uintptr_t)table - 1;
}

void *table_pages_new(size_t len)
{
	size_t all = len + sizeof(head);
	head *h = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (h == MAP_FAILED)
		return NULL;
	h->len = all;
	return h + 1;
}

void table_pages_seal(const void *table)
{
	head *h = head_of(table);

	(void)mprotect(h, h->len, PROT_READ);
}

void table_pages_free(const void *table)
{
	head *h = head_of(table);

	if (table)
		(void)munmap(h, h->len);
}
