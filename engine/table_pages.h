/* table_pages.h -- memory for tables that many share: pages of their own, which nobody may write once
 * the table is made.  A stray write of the host is then a fault where it happens, and no wrong result later. */
#ifndef KM_TABLE_PAGES_H
#define KM_TABLE_PAGES_H

#include <stddef.h>

/* len octets, 64-byte aligned and 0.  NULL where there is no memory. */
void *table_pages_new(size_t len);
/* From now on a table can only be read, here and in children; where the system refuses it stays as it was. */
void table_pages_seal(const void *table);
/* table may be NULL, sealed or not. */
void table_pages_free(const void *table);

#endif
