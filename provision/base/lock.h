/* lock.h -- locks and counts of objects that threads share, over forks too. */
#ifndef KM_LOCK_H
#define KM_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/* Not 0, and different from the number of every process that this one comes from by fork. */
uint64_t lock_process(void);

/* A lock that a child of fork finds free, whoever held it in its parent: what it guards must be whole at any
 * moment, or begun anew where lock_process has changed.  All zeros is one that is free. */
typedef struct {
	pthread_mutex_t mutex;
	_Atomic uint64_t process;       /* that made mutex; odd: it is just doing so */
} lock;

void lock_take(lock *l);
void lock_give(lock *l);

#endif
