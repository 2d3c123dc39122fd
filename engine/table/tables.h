/* tables.h -- the tables over P and g, which all KMSs share: built once a width, at first use. */
#ifndef KM_TABLES_H
#define KM_TABLES_H

#include "alone_table.h"
#include "comb8.h"

/* A width that comb_digest.c knows.  Thread-safe; what is built is compared with its digest, and stays.
 * KM_ENOMEM; KM_ESELFTEST: it came out wrong. */
km_err tables_of_p(const comb **p, unsigned w);
km_err tables_of_g(const gcomb **g, unsigned w);
/* The same for eight lanes, where comb8_available. */
km_err tables8_of_p(const comb8 **p, unsigned w, size_t members);
km_err tables8_of_g(const comb8 **g, unsigned w, size_t members);
/* Whether these have been made. */
int tables8_ready(unsigned w);
/* For one member by eight lanes, of one width. */
km_err tables_alone_p(const alone_table **p);
km_err tables_alone_g(const alone_table **g);
/* The same, turned for eight members at once. */
km_err tables_few_p(const comb8 **p);
km_err tables_few_g(const comb8 **g);

#endif
