/* util_dir.h -- a directory of a test's own, and files in it. */
#ifndef KM_TESTS_UTIL_DIR_H
#define KM_TESTS_UTIL_DIR_H

#include <stddef.h>

/* Make it, and start the engine with portable kernels; remove it: for a group, 0 or -1. */
int dir_start(void **state);
int dir_stop(void **state);

/* The same for a fuzz target: in memory where there is such, made at the first call and removed at exit. */
void dir_until_exit(void);

/* A path in it, which stands until the next call. */
const char *in_dir(const char *name);

/* Aborts where it cannot. */
void write_file(const char *path, const void *data, size_t len);
void write_text(const char *path, const char *text);

#endif
