/* residue_secrets.h -- the operations that work on secrets, and what these are. */
#ifndef KM_TESTS_RESIDUE_SECRETS_H
#define KM_TESTS_RESIDUE_SECRETS_H

#include <gmp.h>

#include "engine/engine.h"

typedef struct {
	const char *name;
	void (*run)(void);
	void (*first)(void), (*then)(void);   /* around each run; may be NULL */
	void (*before)(void), (*after)(void); /* secrets known before, and after the first time */
	size_t n;
	enum {
		LEAVES, /* by leave_secret */
		FREES,
		CALLS,  /* such functions, and copies what they give: how deep they go is not measured */
	} kind;
} operation;

enum { OPERATIONS = 34 };
extern const operation operations[OPERATIONS];

extern mpz_t secrets_p; /* p of F_p, once secrets_start has been called */
/* -1: a file is missing. */
int secrets_start(void);
void secrets_stop(void);

/* The objects of all operations, for the kernels in use; for a group setup and teardown. */
int objects_start(void **state);
int objects_stop(void **state);

/* Run an operation under watch; look as in watch. */
void operation_watch(const operation *o, int look);

#endif
