/* state_inner.h -- what the parts of the state share: the open file and its lock. */
#ifndef KM_STATE_INNER_H
#define KM_STATE_INNER_H

#include <sys/types.h>

#include "state.h"

struct state {
	char *path;
	int fd;                 /* -1: not open */
	uint64_t process;       /* that opened it: a child of fork would share its lock */
	uint64_t last;          /* the latest T that was there at the start, or that this process took */
	bool look;              /* seen is all that there is */
	state_content seen;
	state_content asked;    /* what fd has, by GMK-ID, as state_look_up read it */
	off_t asked_size;       /* of fd then; 0: it was not read */
	void (*say)(void *ctx, const char *text);
	void *ctx;
};

state_result state_refuse_errno(const state *st, km_complaint *why);
state_result state_refuse(const state *st, int line, const char *text, km_complaint *why);

/* While the lock is held: all that stands there, which must be whole and this GMS's. */
state_result state_read_locked(const state *st, state_content *all, km_complaint *why);
/* The same, whatever is wrong with it. */
state_result state_load_locked(const state *st, state_content *all, km_complaint *why);
/* Put a new file in the place of the locked one, which frees whoever waits for the lock. */
state_result state_write_locked(const state *st, const state_content *all, km_complaint *why);
/* Keep the damaged file called path as PATH.damaged too.  false: errno. */
bool state_put_aside(const char *path);

#endif
