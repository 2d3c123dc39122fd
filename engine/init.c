/* init.c -- chooses the kernels once, and proves them before anything relies on them. */
#include "init.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "cpu.h"
#include "curve/curve8.h"
#include "curve/edwards.h"
#include "curve/lines.h"
#include "eccsi/eccsi.h"
#include "eccsi/p256.h"
#include "field/fp4.h"
#include "field/zq.h"
#include "process.h"

/* Product levels, best first.  A level uses the best row of each table whose needs it covers. */
static const struct {
	const char *name;
	unsigned levels, needs;
} levels[] = {
	{"ifma", CPU_ADX | CPU_IFMA | CPU_VBMI, CPU_IFMA},
	{"adx", CPU_ADX, CPU_ADX},
	{"a64", CPU_A64, CPU_A64},
	{"c", 0, 0},
};

static process_lock lock;
static _Atomic(const char *) chosen; /* stored last: who sees it sees all that was set before */

KM_API const char *km_kernel(void)
{
	const char *name = atomic_load_explicit(&chosen, memory_order_acquire);

	return name ? name : "";
}

int init_done(void)
{
	return atomic_load_explicit(&chosen, memory_order_acquire) != NULL;
}

KM_API const char *km_kernel_at(size_t i, int *runs)
{
	if (i >= sizeof levels / sizeof levels[0])
		return NULL;
	*runs = (cpu_levels() & levels[i].needs) == levels[i].needs;
	return levels[i].name;
}

/* The level of that name, or the best; NULL: unknown, or this processor cannot run it. */
static const char *level_of(size_t *at, const char *kernel)
{
	const char *name;
	int runs;

	for (*at = 0; (name = km_kernel_at(*at, &runs)); ++*at)
		if (runs && (!kernel || strcmp(kernel, name) == 0))
			return name;
	return NULL;
}

km_err init_use(const char *kernel)
{
	unsigned cpu = cpu_levels();
	size_t at;

	if (!level_of(&at, kernel))
		return KM_EKERNEL;
	fp_pick(levels[at].levels & cpu);
	p256_pick(levels[at].levels & cpu);
	fp8_pick(levels[at].levels & cpu);
	fp4_pick(levels[at].levels & cpu);
	p256x8_pick(levels[at].levels & cpu);
	return fp_proved() && p256_proved() && fp8_proved() && fp4_proved() && p256x8_proved() ? KM_OK : KM_ESELFTEST;
}

km_err init_again(const char *kernel)
{
	size_t at;
	const char *name = level_of(&at, kernel);
	km_err err;

	atomic_store(&chosen, NULL);
	if (sodium_init() < 0)
		return KM_ERANDOM;
	zq_init();
	err = init_use(kernel);
	if (err != KM_OK)
		return err;
	ec_init();
	lines_init();
	edwards_init();
	err = eccsi_init();
	if (err == KM_OK)
		atomic_store_explicit(&chosen, name, memory_order_release);
	return err;
}

KM_API km_err km_init(const char *kernel)
{
	km_err err;

	process_take(&lock);
	if (!init_done())
		err = init_again(kernel);
	else
		err = !kernel || strcmp(kernel, km_kernel()) == 0 ? KM_OK : KM_ESTATE;
	process_give(&lock);
	return err;
}
