/* process.c -- forks counted, threads' memory given back at their end, locks that a fork sets free. */
#include "process.h"

#include <unistd.h>

#include "random.h"
#include "secret.h"

static atomic_uint forks;
static atomic_int have_key;
static pthread_key_t at_exit;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local enum { NEW, KEEPS, ENDS } thread;

static void in_child(void)
{
	atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed);
}

/* Other destructors may still come, and use the library: it then keeps nothing any more. */
static void end_of_thread(void *of)
{
	(void)of;
	thread = ENDS;
	random_end();
	scratch_end();
}

static void start(void)
{
	have_key = pthread_key_create(&at_exit, end_of_thread) == 0;
	(void)pthread_atfork(NULL, NULL, in_child); /* else the number of the process alone tells */
}

/* A thread that ends after dlclose must not be sent here.  The C library forgets in_child by itself. */
__attribute__((destructor)) static void unload(void)
{
	if (atomic_exchange(&have_key, 0))
		(void)pthread_key_delete(at_exit);
}

uint64_t process_number(void)
{
	pthread_once(&once, start);
	return (uint64_t)atomic_load_explicit(&forks, memory_order_relaxed) << 32 |
			(uint64_t)(uint32_t)getpid() << 1;
}

int process_thread_keeps(void)
{
	if (thread == NEW) {
		pthread_once(&once, start);
		if (have_key && pthread_setspecific(at_exit, &thread) == 0)
			thread = KEEPS;
	}
	return thread == KEEPS && have_key;
}

void process_take(process_lock *l)
{
	uint64_t now = process_number();
	uint64_t of = atomic_load_explicit(&l->number, memory_order_acquire);

	while (of != now) {
		if (of != (now | 1) && atomic_compare_exchange_weak(&l->number, &of, now | 1)) {
			pthread_mutex_init(&l->mutex, NULL);
			atomic_store_explicit(&l->number, now, memory_order_release);
			break;
		}
		of = atomic_load_explicit(&l->number, memory_order_acquire);
	}
	pthread_mutex_lock(&l->mutex);
}

void process_give(process_lock *l)
{
	pthread_mutex_unlock(&l->mutex);
}
