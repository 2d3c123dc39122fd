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

enum { HUGE_PAGE = 2 << 20 };

/* A large table begins where a huge page may, and asks for those that it fills: lookups read all of a window, and
 * miss fewer translations. */
void *table_pages_new(size_t len)
{
	size_t all = len + sizeof(head), before = 0;
	size_t spare = all < HUGE_PAGE ? 0 : HUGE_PAGE;
	uint8_t *at = mmap(NULL, all + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	head *h;

	if (at == MAP_FAILED)
		return NULL;
	if (spare > 0) {
		before = (0 - (size_t)(uintptr_t)at) % HUGE_PAGE;
		(void)munmap(at, before);
		(void)madvise(at + before, all / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
	}
	h = (void *)(at + before);
	h->len = all + spare - before;
	return h + 1;
}

void table_pages_seal(const void *table)
{
	head *h = head_of(table);

	(void)mprotect(h, h->len, PROT_READ);
}

void table_pages_free(const void *table)
{
	if (table)
		(void)munmap(head_of(table), head_of(table)->len);
}
