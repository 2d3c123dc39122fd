/* machine.h -- the machine and the build that a run is of, and how busy others kept it meanwhile. */
#ifndef KM_BENCH_MACHINE_H
#define KM_BENCH_MACHINE_H

#include <stdio.h>

/* Strings are empty where the system does not say. */
typedef struct {
	char cpu[128];          /* as it calls itself */
	char cpu_id[80];        /* vendor, family, model, stepping */
	char hypervisor[16];    /* empty too where there is none */
	char governor[32];      /* of the first processor's clock */
	char system[192];       /* of the kernel: name, release, architecture */
	char date[32];          /* UTC, at the start */
	long processors;
	double load_before, load_after; /* runnable threads, mean of a minute */
	/* Shares of 1: of the samples' time in which they did not run; of all processors' time, what the
	 * hypervisor kept back and what was not this run's. */
	double waited, stolen, others;
	int busy;               /* by these three: figures may be too high */
	/* At the start: */
	double began, all, idle, kept;
} machine;

void machine_start(machine *m);
/* When all workers have ended.  waited: as above. */
void machine_stop(machine *m, double waited);

/* A few lines. */
void machine_print(FILE *out, const machine *m);

/* Of this program. */
const char *machine_compiler(void);

/* The libraries that the product runs on here: the i-th, or 0 beyond. */
int machine_library(size_t i, const char **name, const char **version);

#endif
