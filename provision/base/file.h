/* file.h -- whole files read within a bound, and files that appear only when they are complete. */
#ifndef KM_FILE_H
#define KM_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "gmk.h"

enum { FILE_DOCUMENT_MAX = 64 << 20 };      /* octets of a KMS document */

/* Read all of name, at most max octets; data ends in a NUL that len does not count, and lies in
 * locked memory that is not dumped, where the system gives it: it may be secret.
 * false: *why says why not, data is NULL. */
bool file_read(char **data, size_t *len, const char *name, size_t max, km_complaint *why);
/* Wipe and free; data may be NULL. */
void file_free(char *data);

/* Do both names stand for one file, or, where neither exists yet, for one place? */
bool file_is_same(const char *a, const char *b);

/* The name behind all links, also where nothing is there yet: what is to be replaced, where it stands.
 * free() it.  NULL: too many links, or out of memory; errno. */
char *file_target(const char *name);

/* May nobody but the owner read, write or search name?  false too where it does not exist. */
bool file_is_private(const char *name);

enum {
	FILE_PRIVATE = 1,       /* 0600, or owner and mode of what is replaced less what others may; a
	                         * new file that root makes gets the owner of its directory.  Else
	                         * 0666 less the umask */
	FILE_NEW = 2,           /* name must not exist yet, not even as a dangling link */
	FILE_ONE_OF_MANY = 4,   /* what processes that died left of it is not looked for (see file_remove_dead), it is to
	                         * be written at once, and takes one descriptor where others take two */
};

/* A file that is being written beside its name. */
typedef struct {
	FILE *f;                /* write here; errors may wait for file_commit */
	char *name, *tmp;       /* tmp: NULL where name itself is written: a pipe, a device */
	unsigned how;
	int lock;               /* on tmp while this process writes it; -1: none, or f's */
	char *buffer;           /* of f, where how has FILE_PRIVATE: wiped at the end */
} file_out;

/* Open a new file beside name, to be renamed by file_commit.  A link called name is replaced, not
 * followed.  What processes that died left of it, NAME.tmp-*, is removed.  A pipe or device is opened
 * as it is, but not with FILE_PRIVATE or FILE_NEW. */
bool file_create(file_out *out, const char *name, unsigned how, km_complaint *why);
/* Be told of each that is removed, by its name in its directory; NULL: not. */
void file_on_removed(void (*tell)(const char *name));
/* Everything on disk, then under its name; with FILE_NEW an existing name is never replaced.
 * false: name stands for what it did before, or (the last step) what is new may not outlive a
 * power cut; *why says which error.  out is done either way. */
bool file_commit(file_out *out, km_complaint *why);
/* The same of n files at once, with one wait for the disk: done[i] says which are in place.  false: not all are, and
 * *why is about one that is not. */
bool file_commit_all(file_out *out, bool *done, size_t n, km_complaint *why);
/* What processes that died left of any of n names: each directory is looked through once. */
void file_remove_dead(const char *const *names, size_t n);
/* Remove what was written.  out may be zeroed, or done already. */
void file_discard(file_out *out);

#endif
