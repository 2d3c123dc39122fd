/* live.c -- what a GMS that lives long costs: rates, delays, memory, over provision/gmk.h alone.
 *
 * usage: live [--short] [--only WORDS] [--dir DIR] [--json FILE] [--commit NAME] [--flags TEXT]
 *
 * WORDS are beginnings of names of measures, with | between.  --short takes fewer members.  DIR, "." where none is
 * given, is on the disk whose waits are measured.  Each measure is a process of its own.
 */
#include "live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine.h"
#include "worker.h"

enum { FINDINGS_MAX = 128, TURNS = 3 };

typedef struct {
	char name[64], unit[16];
	double value;
} finding;

static finding findings[FINDINGS_MAX];
static size_t n_findings;
static int tells = -1;          /* of a measure: where its findings go */
static live_how how = { false, "." };
static const char *only = "", *json, *commit = "", *flags = "";

/* ---- measures -------------------------------------------------------------------------------- */

/* Of a run whose list is known to its end, and so comes to each KMS once.  (The command's is as much as its list takes:
 * bench-command.) */
#define BOUND ((uint64_t)16 << 20)
static const live_kmss kmss[] = {
	{ "20 000 members, 1 document", 1, 1, false, 0, 0 },
	{ "20 000 members at 1 of 41", 41, 1, false, 0, 0 },
	{ "20 000 members at 40 of 41", 41, 40, false, BOUND, 0 },
	{ "20 000 members at 40 of 41, mixed", 41, 40, true, BOUND, 0 },
	{ "20 000 members, 1 document, 2 threads", 1, 1, false, 0, 2 },
	{ "20 000 members at 40 of 41, mixed, 2 threads", 41, 40, true, BOUND, 2 },
};

static void of_kmss(const live_how *unused, size_t i)
{
	(void)unused;
	live_of_kmss(&kmss[i]);
}

/* n: what the function is given, in the long form and in the short one. */
static const struct measure {
	const char *name;
	void (*take)(const live_how *how, size_t n);
	size_t n, n_short;
	int turns;              /* the best of which counts */
} measures[] = {
	{ "groups", live_groups, 1, 1, 1 }, { "groups", live_groups, 8, 8, 1 },
	{ "groups", live_groups, 20, 20, 1 }, { "groups", live_groups, 50, 50, 1 },
	{ "groups", live_groups, 512, 512, 1 }, { "beside", live_one_beside_many, 10000, 1000, 1 },
	{ "latency", live_latency, 0, 0, 1 }, { "latency", live_latency, 1, 1, 1 },
	{ "kmss", of_kmss, 0, 0, TURNS }, { "kmss", of_kmss, 1, 1, TURNS }, { "kmss", of_kmss, 2, 2, TURNS },
	{ "kmss", of_kmss, 3, 3, TURNS }, { "kmss", of_kmss, 4, 4, TURNS }, { "kmss", of_kmss, 5, 5, TURNS },
	{ "interleaved", live_interleaved, 1000000, 100000, 1 },
	{ "memory", live_memory_of_kms, 0, 0, 1 }, { "memory", live_memory_of_sets, KM_USE_SIGN, KM_USE_SIGN, 1 },
	{ "memory", live_memory_of_sets, KM_USE_OPEN, KM_USE_OPEN, 1 },
	{ "memory", live_memory_of_keys, 10000, 10000, 1 },
};

/* What is wanted of two findings: the first as a share of the second. */
static const struct wanted {
	const char *name, *a, *b;
	double least, most;
} wanted[] = {
	{ "many groups beside one", "many groups of 20", "one group beside", 0.9, 1e9 },
	{ "41 documents, time", "20 000 members at 1 of 41: time", "20 000 members, 1 document: time", 0, 1.15 },
	{ "41 documents, memory", "20 000 members at 1 of 41: memory", "20 000 members, 1 document: memory", 0, 1.5 },
	{ "40 KMSs, time", "20 000 members at 40 of 41: time", "20 000 members, 1 document: time", 0, 1.15 },
	{ "40 KMSs, memory", "20 000 members at 40 of 41: memory", "20 000 members, 1 document: memory", 0, 1.5 },
	{ "40 KMSs, mixed, time", "20 000 members at 40 of 41, mixed: time", "20 000 members, 1 document: time", 0, 1.15 },
	{ "40 KMSs, mixed, memory", "20 000 members at 40 of 41, mixed: memory", "20 000 members, 1 document: memory", 0,
			1.5 },
	{ "40 KMSs, mixed, 2 threads, time", "20 000 members at 40 of 41, mixed, 2 threads: time",
			"20 000 members, 1 document, 2 threads: time", 0, 1.15 },
	{ "40 KMSs, mixed, 2 threads, memory", "20 000 members at 40 of 41, mixed, 2 threads: memory",
			"20 000 members, 1 document, 2 threads: memory", 0, 1.5 },
};

void live_tell(const char *name, double value, const char *unit)
{
	finding f = { .value = value };

	snprintf(f.name, sizeof f.name, "%s", name);
	snprintf(f.unit, sizeof f.unit, "%s", unit);
	if (write(tells, &f, sizeof f) != (ssize_t)sizeof f)
		worker_die("a finding is lost");
}

static const finding *find(const char *name)
{
	for (size_t i = 0; i < n_findings; i++) {
		if (strcmp(findings[i].name, name) == 0)
			return &findings[i];
	}
	return NULL;
}

/* Of several turns the least: all that take turns are seconds and octets. */
static void keep(const finding *f)
{
	finding *before = (finding *)(uintptr_t)find(f->name);

	if (before == NULL && n_findings == FINDINGS_MAX)
		worker_die("too many findings");
	if (before == NULL)
		findings[n_findings++] = *f;
	else if (f->value < before->value)
		before->value = f->value;
}

static void take(const struct measure *m)
{
	int to[2], status;
	finding f;
	pid_t pid;

	if (pipe(to) != 0)
		worker_die("no pipe");
	pid = fork();
	if (pid == 0) {
		close(to[0]);
		tells = to[1];
		m->take(&how, how.is_short ? m->n_short : m->n);
		_exit(0);
	}
	close(to[1]);
	while (pid > 0 && read(to[0], &f, sizeof f) == (ssize_t)sizeof f)
		keep(&f);
	close(to[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		worker_die("a measure failed");
}

static bool is_wanted(const char *name)
{
	for (const char *at = only; *at != '\0'; at += at[strcspn(at, "|")] == '|' ? strcspn(at, "|") + 1 : strcspn(at, "|")) {
		if (strncmp(at, name, strcspn(at, "|")) == 0)
			return true;
	}
	return *only == '\0';
}

/* Those that take turns are held against each other: all of them once, and again. */
static void take_all(void)
{
	for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
		const struct measure *m = &measures[i];
		const bool is_first = i == 0 || strcmp(m[-1].name, m->name) != 0;

		if (!is_wanted(m->name) || (m->turns > 1 && !is_first))
			continue;
		if (m->turns == 1)
			take(m);
		for (int turn = 0; m->turns > 1 && turn < m->turns; turn++) {
			for (const struct measure *same = m; strcmp(same->name, m->name) == 0; same++)
				take(same);
		}
	}
}

/* ---- what was found -------------------------------------------------------------------------- */

static const char *judge(const struct wanted *w, double share)
{
	return share >= w->least && share <= w->most ? "met" : "MISSED";
}

static void print_table(const machine *m)
{
	machine_print(stdout, m);
	for (size_t i = 0; i < n_findings; i++)
		printf("%-52s %14.*f %s\n", findings[i].name, findings[i].value < 1000 ? 2 : 0, findings[i].value,
				findings[i].unit);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		const struct wanted *w = &wanted[i];
		const finding *a = find(w->a), *b = find(w->b);

		if (a != NULL && b != NULL)
			printf("%-52s %14.2f %s (%s %.2f)\n", w->name, a->value / b->value,
					judge(w, a->value / b->value), w->least > 0 ? "at least" : "at most",
					w->least > 0 ? w->least : w->most);
	}
}

static void print_text(FILE *out, const char *name, const char *text)
{
	fprintf(out, "\"%s\": \"", name);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		putc((unsigned char)*text < ' ' ? ' ' : *text, out);
	}
	putc('"', out);
}

static void print_json(const machine *m)
{
	FILE *out = fopen(json, "w");

	if (out == NULL)
		worker_die("the JSON file could not be written");
	fputs("{", out);
	print_text(out, "cpu", m->cpu);
	print_text((fputs(", ", out), out), "date", m->date);
	print_text((fputs(", ", out), out), "compiler", machine_compiler());
	print_text((fputs(", ", out), out), "flags", flags);
	print_text((fputs(", ", out), out), "commit", commit);
	fprintf(out, ", \"short\": %s, \"load_before\": %.2f, \"load_after\": %.2f, \"others\": %.3f,\n\"results\": [",
			how.is_short ? "true" : "false", m->load_before, m->load_after, m->others);
	for (size_t i = 0; i < n_findings; i++) {
		fputs(i == 0 ? "\n{" : ",\n{", out);
		print_text(out, "name", findings[i].name);
		fprintf(out, ", \"value\": %.9g, ", findings[i].value);
		print_text(out, "unit", findings[i].unit);
		fputs("}", out);
	}
	fputs("\n]}\n", out);
	if (ferror(out) | fclose(out))
		worker_die("the JSON file could not be written");
}

/* ---- start ----------------------------------------------------------------------------------- */

static void read_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const bool has = i + 1 < argc;

		if (strcmp(argv[i], "--short") == 0)
			how.is_short = true;
		else if (has && strcmp(argv[i], "--only") == 0)
			only = argv[++i];
		else if (has && strcmp(argv[i], "--dir") == 0)
			how.dir = argv[++i];
		else if (has && strcmp(argv[i], "--json") == 0)
			json = argv[++i];
		else if (has && strcmp(argv[i], "--commit") == 0)
			commit = argv[++i];
		else if (has && strcmp(argv[i], "--flags") == 0)
			flags = argv[++i];
		else
			worker_die("usage: live [--short] [--only WORDS] [--dir DIR] [--json FILE] [--commit NAME] "
				   "[--flags TEXT]");
	}
}

int main(int argc, char **argv)
{
	char dir[256], command[300];
	machine m;

	read_options(argc, argv);
	if (snprintf(dir, sizeof dir, "%s/live-XXXXXX", how.dir) >= (int)sizeof dir || mkdtemp(dir) == NULL)
		worker_die("no directory for files");
	how.dir = dir;
	machine_start(&m);
	live_documents();
	take_all();
	machine_stop(&m, 0);
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	if (system(command) != 0)
		fprintf(stderr, "%s stays\n", dir);
	print_table(&m);
	if (json != NULL)
		print_json(&m);
	return 0;
}
