/* process.h -- what a process and its threads go through: forks, the end of a thread, being unloaded. */
#ifndef KM_PROCESS_H
#define KM_PROCESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/* Even, not 0, and different from the number of every process that this one comes from by fork.
 * It asks the system for the process as well, for clone() calls no handlers. */
uint64_t process_number(void);

/* Whether this thread may keep memory of its own for the next time: random_end and scratch_end are called
 * when it ends.  0: it is ending already, or the library is being unloaded. */
int process_thread_keeps(void);

/* A lock that a child of fork finds free, whoever held it in its parent: what it guards must be whole
 * at any moment, such as one pointer that is stored last.  All zeros is one that is free. */
typedef struct {
	pthread_mutex_t mutex;
	_Atomic uint64_t number; /* of the process that made mutex; odd: it is just doing so */
} process_lock;

void process_take(process_lock *l);
void process_give(process_lock *l);

#endif
