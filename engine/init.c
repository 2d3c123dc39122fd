/* init.c -- chooses the kernels once, and proves them before anything relies on them. */
#include "init.h"

#include <sodium.h>
#include <string.h>

#include "cpu.h"
#include "curve8.h"
#include "edwards.h"
#include "eccsi.h"
#include "lines.h"
#include "p256.h"
#include "zq.h"

/* Product levels, best first.  A level uses the best row of each table whose needs it covers. */
static const struct {
	const char *name;
	unsigned levels, needs;
} levels[] = {
	{"ifma", CPU_ADX | CPU_IFMA | CPU_VBMI, CPU_IFMA},
	{"adx", CPU_ADX, CPU_ADX},
	{"c", 0, 0},
};

static const char *chosen = "";

KM_API const char *km_kernel(void)
{
	return chosen;
}

KM_API const char *km_kernel_at(size_t i, int *runs)
{
	if (i >= sizeof levels / sizeof levels[0])
		return NULL;
	*runs = (cpu_levels() & levels[i].needs) == levels[i].needs;
	return levels[i].name;
}

km_err init_use(const char *kernel)
{
	const char *name;
	int runs;

	for (size_t i = 0; (name = km_kernel_at(i, &runs)); i++) {
		if (kernel ? strcmp(kernel, name) != 0 : !runs)
			continue;
		if (!runs)
			return KM_EKERNEL;
		fp_pick(levels[i].levels & cpu_levels());
		p256_pick(levels[i].levels & cpu_levels());
		fp8_pick(NULL, levels[i].levels & cpu_levels());
		p256x8_pick(NULL, levels[i].levels & cpu_levels());
		if (!fp_proved() || !p256_proved() || !fp8_proved() || !p256x8_proved())
			return KM_ESELFTEST;
		chosen = name;
		return KM_OK;
	}
	return KM_EKERNEL;
}

KM_API km_err km_init(const char *kernel)
{
	km_err err;

	if (sodium_init() < 0)
		return KM_ERANDOM;
	zq_init();
	err = init_use(kernel);
	if (err != KM_OK)
		return err;
	ec_init();
	lines_init();
	edwards_init();
	return eccsi_init();
}
