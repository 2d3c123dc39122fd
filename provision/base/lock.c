/* lock.c -- locks of objects that threads share, over forks too. */
#include "lock.h"

#include <unistd.h>

static atomic_uint forks;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void in_child(void)
{
	atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed);
}

static void start(void)
{
	(void)pthread_atfork(NULL, NULL, in_child);     /* else the number of the process alone tells */
}

uint64_t lock_process(void)
{
	pthread_once(&once, start);
	return (uint64_t)atomic_load_explicit(&forks, memory_order_relaxed) << 32 |
			(uint64_t)(uint32_t)getpid() << 1;
}

void lock_take(lock *l)
{
	uint64_t now = lock_process();
	uint64_t of = atomic_load_explicit(&l->process, memory_order_acquire);

	while (of != now) {
		if (of != (now | 1) && atomic_compare_exchange_weak(&l->process, &of, now | 1)) {
			pthread_mutex_init(&l->mutex, NULL);
			atomic_store_explicit(&l->process, now, memory_order_release);
			break;
		}
		of = atomic_load_explicit(&l->process, memory_order_acquire);
	}
	pthread_mutex_lock(&l->mutex);
}

void lock_give(lock *l)
{
	pthread_mutex_unlock(&l->mutex);
}
