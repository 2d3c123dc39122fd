/* machine.c -- the machine and the build that a run is of, and how busy others kept it meanwhile. */
#include "machine.h"

#include <gmp.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#ifdef ARCH_x86_64
#include <cpuid.h>
#endif

/* Above these a run is marked. */
#define WAITED_MAX 0.02
#define STOLEN_MAX 0.01
#define OTHERS_MAX 0.10

const char *machine_compiler(void)
{
#ifdef __clang__
	return __VERSION__;
#else
	return "gcc " __VERSION__;
#endif
}

int machine_library(size_t i, const char **name, const char **version)
{
	static const char *const names[] = {"GMP", "libsodium", "libcrypto"};

	if (i >= sizeof names / sizeof names[0])
		return 0;
	*name = names[i];
	*version = i == 0 ? gmp_version : i == 1 ? sodium_version_string() :
			OpenSSL_version(OPENSSL_VERSION_STRING);
	return 1;
}

/* ---- what it is ------------------------------------------------------------------------------ */

/* The value of a field of /proc/cpuinfo, of the first processor. */
static void cpuinfo(char *value, size_t len, const char *field)
{
	FILE *in = fopen("/proc/cpuinfo", "r");
	char line[256];

	value[0] = 0;
	while (in && fgets(line, sizeof line, in)) {
		char *at = strstr(line, ": ");

		if (strncmp(line, field, strlen(field)) != 0 || !strchr("\t:", line[strlen(field)]) ||
				!at)
			continue;
		at[strcspn(at, "\n")] = 0;
		snprintf(value, len, "%s", at + 2);
		break;
	}
	if (in)
		fclose(in);
}

static void name_cpu(machine *m)
{
	char vendor[24], family[8], model[8], stepping[8];

	cpuinfo(m->cpu, sizeof m->cpu, "model name");
	if (m->cpu[0] == 0)
		snprintf(m->cpu, sizeof m->cpu, "unknown");
	cpuinfo(vendor, sizeof vendor, "vendor_id");
	cpuinfo(family, sizeof family, "cpu family");
	cpuinfo(model, sizeof model, "model");
	cpuinfo(stepping, sizeof stepping, "stepping");
	m->cpu_id[0] = 0;
	if (vendor[0])
		snprintf(m->cpu_id, sizeof m->cpu_id, "%s family %s model %s stepping %s", vendor,
				family, model, stepping);
}

/* As it names itself to who asks CPUID. */
static void name_hypervisor(machine *m)
{
	memset(m->hypervisor, 0, sizeof m->hypervisor);
#ifdef ARCH_x86_64
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 31 & 1))
		return;
	__cpuid(0x40000000, a, b, c, d);
	memcpy(m->hypervisor, &b, 4);
	memcpy(m->hypervisor + 4, &c, 4);
	memcpy(m->hypervisor + 8, &d, 4);
	if (m->hypervisor[0] == 0)
		snprintf(m->hypervisor, sizeof m->hypervisor, "unnamed");
#endif
}

static void name_governor(machine *m)
{
	FILE *in = fopen("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "r");

	m->governor[0] = 0;
	if (!in)
		return;
	if (fscanf(in, "%31s", m->governor) != 1)
		m->governor[0] = 0;
	fclose(in);
}

/* ---- how busy it is -------------------------------------------------------------------------- */

static double load(void)
{
	FILE *in = fopen("/proc/loadavg", "r");
	double minute = 0;

	if (in && fscanf(in, "%lf", &minute) != 1)
		minute = 0;
	if (in)
		fclose(in);
	return minute;
}

/* Seconds of all processors together since the start of the system: all, idle, kept back. */
static void spent_by_all(double *all, double *idle, double *kept)
{
	FILE *in = fopen("/proc/stat", "r");
	double t[8] = {0};
	const double ticks = (double)sysconf(_SC_CLK_TCK);
	int n = in ? fscanf(in, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &t[0], &t[1], &t[2], &t[3],
			&t[4], &t[5], &t[6], &t[7]) : 0;

	*all = 0;
	for (int i = 0; i < n; i++)
		*all += t[i] / ticks;
	*idle = (t[3] + t[4]) / ticks;
	*kept = t[7] / ticks;
	if (in)
		fclose(in);
}

static double spent_by(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
			(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Seconds of this run: of its driver and of the workers that have ended. */
static double spent_by_us(void)
{
	return spent_by(RUSAGE_SELF) + spent_by(RUSAGE_CHILDREN);
}

void machine_start(machine *m)
{
	time_t now = time(NULL);
	struct utsname u;

	name_cpu(m);
	name_hypervisor(m);
	name_governor(m);
	m->system[0] = 0;
	if (uname(&u) == 0)
		snprintf(m->system, sizeof m->system, "%.32s %.96s %.32s", u.sysname, u.release,
				u.machine);
	strftime(m->date, sizeof m->date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	m->processors = sysconf(_SC_NPROCESSORS_ONLN);
	m->load_before = load();
	m->began = spent_by_us();
	spent_by_all(&m->all, &m->idle, &m->kept);
}

void machine_stop(machine *m, double waited)
{
	double ours = spent_by_us() - m->began, all, idle, kept, used;

	spent_by_all(&all, &idle, &kept);
	all -= m->all;
	kept -= m->kept;
	used = all - (idle - m->idle) - kept - ours;
	m->waited = waited;
	m->stolen = all > 0 ? kept / all : 0;
	m->others = all > 0 && used > 0 ? used / all : 0;
	m->load_after = load();
	m->busy = m->waited > WAITED_MAX || m->stolen > STOLEN_MAX || m->others > OTHERS_MAX;
}

void machine_print(FILE *out, const machine *m)
{
	const char *name, *version;

	fprintf(out, "%s (%s), %ld processors\n", m->cpu, m->cpu_id, m->processors);
	fprintf(out, "%s, virtualisation: %s, governor: %s, %s\n", m->system,
			m->hypervisor[0] ? m->hypervisor : "none seen",
			m->governor[0] ? m->governor : "not shown", m->date);
	fprintf(out, "%s", machine_compiler());
	for (size_t i = 0; machine_library(i, &name, &version); i++)
		fprintf(out, ", %s %s", name, version);
	fprintf(out, "\nclock: CLOCK_THREAD_CPUTIME_ID; load %.2f before, %.2f after; samples waited "
			"%.1f %% of their time,\n", m->load_before, m->load_after, 100 * m->waited);
	fprintf(out, "others had %.1f %% of all processors, the hypervisor kept back %.1f %%\n",
			100 * m->others, 100 * m->stolen);
	if (m->busy)
		fputs("WARNING: this machine was busy, so figures may be too high and differ from run "
		      "to run\n", out);
}
