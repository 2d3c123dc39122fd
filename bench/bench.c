/* bench.c -- drives the benchmark: a process for each kernel and each peer, asked in turn.
 *
 * usage: bench [--seconds S] [--json FILE] [--only WORDS] [--targets] [--commit NAME] [--flags TEXT]
 *              [NAME=PROGRAM]...
 *        bench --worker KERNEL WORDS
 *        bench --rows
 *        bench --count ROW OPERATION [BATCH]
 *        bench --peak PROGRAM [ARGUMENT]...
 *
 * NAME=PROGRAM is a peer that speaks the lines of worker.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ours.h"
#include "report.h"

enum { WORKERS_MAX = 8, ROWS_MAX = 256, SAMPLES_MIN = 9 };

typedef struct {
	char name[32], library[64];
	const char *program;
	int peer;
	pid_t pid;
	FILE *to, *from;
} worker;

/* A row and who measures it. */
typedef struct {
	worker *who;
	size_t index;     /* the worker's number of it */
	double spent;     /* seconds */
} task;

static worker workers[WORKERS_MAX];
static size_t n_workers;
static report_row rows[ROWS_MAX];
static task tasks[ROWS_MAX];
static report_peer peers[WORKERS_MAX];
static report result = {.rows = rows, .peers = peers, .commit = "", .flags = ""};
static double seconds = 0.6;
static double ran, passed;      /* seconds of all samples: of processor time, by the clock on the wall */
static const char *only = "";
static int judge;               /* by the targets */

/* ---- workers -------------------------------------------------------------------------------- */

static void add_worker(const char *name, size_t len, const char *program, int peer)
{
	worker *w = &workers[n_workers];

	if (n_workers == WORKERS_MAX || len >= sizeof w->name)
		worker_die("too many workers, or a name too long");
	memcpy(w->name, name, len);
	w->program = program;
	w->peer = peer;
	n_workers++;
}

static void run_worker(const worker *w)
{
	if (w->peer)
		execl(w->program, w->program, only, (char *)NULL);
	else
		execl("/proc/self/exe", "bench", "--worker", w->name, only, (char *)NULL);
	perror(w->program);
	_exit(127);
}

static void start_worker(worker *w)
{
	int to[2], from[2];

	if (pipe(to) != 0 || pipe(from) != 0)
		worker_die("no pipe");
	w->pid = fork();
	if (w->pid < 0)
		worker_die("no process");
	if (w->pid == 0) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[0]);
		close(to[1]);
		close(from[0]);
		close(from[1]);
		for (size_t i = 0; i < n_workers && workers[i].to; i++)
			close(fileno(workers[i].to));
		run_worker(w);
	}
	close(to[0]);
	close(from[1]);
	w->to = fdopen(to[1], "w");
	w->from = fdopen(from[0], "r");
	if (!w->to || !w->from)
		worker_die("out of memory");
}

static _Noreturn void lost(const worker *w)
{
	char text[64];

	snprintf(text, sizeof text, "%s has ended", w->name);
	worker_die(text);
}

static void meet(worker *w)
{
	char line[128];

	if (!fgets(line, sizeof line, w->from) || sscanf(line, "is %63[^\n]", w->library) != 1)
		lost(w);
	if (w->peer)
		peers[result.n_peers++] = (report_peer){w->name, w->library};
}

/* What it offers, to the rows. */
static void list_ops(worker *w)
{
	char line[128];

	while (fgets(line, sizeof line, w->from) && strcmp(line, "end\n") != 0) {
		report_row *row = &rows[result.n];
		task *t = &tasks[result.n];

		if (result.n == ROWS_MAX || sscanf(line, "op %zu %31s %zu %15s", &t->index,
				row->name, &row->batch, row->unit) != 4)
			lost(w);
		t->who = w;
		row->by = w->name;
		row->peer = w->peer;
		result.n++;
	}
	if (feof(w->from))
		lost(w);
}

static void ask(const task *t, const char *what, char answer[128])
{
	fprintf(t->who->to, "%s %zu\n", what, t->index);
	fflush(t->who->to);
	if (!fgets(answer, 128, t->who->from))
		lost(t->who);
}

static void stop_workers(void)
{
	for (size_t i = 0; i < n_workers; i++) {
		fclose(workers[i].to);
		fclose(workers[i].from);
		waitpid(workers[i].pid, NULL, 0);
	}
}

/* ---- measuring ------------------------------------------------------------------------------ */

static void warm(size_t i)
{
	report_counts *c = &rows[i].counts;
	char answer[128];

	ask(&tasks[i], "warm", answer);
	if (sscanf(answer, "%lf %lf %lf %lf", &c->mul, &c->sqr, &c->mul8, &c->sqr8) != 4)
		lost(tasks[i].who);
}

static void sample(size_t i)
{
	report_row *row = &rows[i];
	char answer[128];
	double turn, wall;

	ask(&tasks[i], "run", answer);
	if (sscanf(answer, "%lf %lf %lf %lf %lf", &row->ns[row->n], &row->slot_ns[row->n],
			&row->cycle_ns[row->n], &turn, &wall) != 5)
		lost(tasks[i].who);
	row->n++;
	tasks[i].spent += turn;
	ran += turn;
	passed += wall;
}

static int enough(size_t i)
{
	size_t n = rows[i].n;

	return n == SAMPLES_MAX || (n >= SAMPLES_MIN && tasks[i].spent >= seconds);
}

/* Operations whose names start alike, such as encap_one and encap_batch, are held against each
 * other: so they take turns. */
static int alike(const char *a, const char *b)
{
	size_t len = strcspn(a, "_");

	return strncmp(a, b, len) == 0 && (b[len] == '_' || b[len] == 0);
}

static void measure(const char *family)
{
	int more = 1;

	if (isatty(2))
		fprintf(stderr, "\r\033[K%s ", family);
	for (size_t i = 0; i < result.n; i++)
		if (alike(family, rows[i].name))
			warm(i);
	while (more) {
		more = 0;
		for (size_t i = 0; i < result.n; i++) {
			if (!alike(family, rows[i].name) || enough(i))
				continue;
			sample(i);
			more = 1;
		}
	}
}

static void measure_all(void)
{
	for (size_t i = 0; i < result.n; i++)
		if (rows[i].n == 0)
			measure(rows[i].name);
	if (isatty(2))
		fprintf(stderr, "\r\033[K");
}

/* Run a program and print the most memory it had, in KB. */
static int peak(char **argv)
{
	struct rusage used;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execv(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid || status != 0)
		return 1;
	printf("%ld\n", used.ru_maxrss);
	return 0;
}

/* ---- start ---------------------------------------------------------------------------------- */

static void add_kernels(void)
{
	const char *name;
	int runs;

	for (size_t i = 0; (name = km_kernel_at(i, &runs)); i++) {
		if (runs)
			add_worker(name, strlen(name), "bench", 0);
		else
			printf("skipped: kernel %s, which this processor cannot run\n", name);
	}
}

static const char *options(int argc, char **argv)
{
	const char *json = NULL;

	for (int i = 1; i < argc; i++) {
		const char *equals = strchr(argv[i], '=');

		if (i + 1 < argc && strcmp(argv[i], "--seconds") == 0)
			seconds = atof(argv[++i]);
		else if (i + 1 < argc && strcmp(argv[i], "--json") == 0)
			json = argv[++i];
		else if (i + 1 < argc && strcmp(argv[i], "--only") == 0)
			only = argv[++i];
		else if (i + 1 < argc && strcmp(argv[i], "--commit") == 0)
			result.commit = argv[++i];
		else if (i + 1 < argc && strcmp(argv[i], "--flags") == 0)
			result.flags = argv[++i];
		else if (strcmp(argv[i], "--targets") == 0)
			judge = 1;
		else if (equals)
			add_worker(argv[i], (size_t)(equals - argv[i]), equals + 1, 1);
		else
			worker_die("usage: bench [--seconds S] [--json FILE] [--only WORDS] [--targets] "
				   "[--commit NAME] [--flags TEXT] [NAME=PROGRAM]...");
	}
	return json;
}

static void run(void)
{
	machine_start(&result.machine);
	for (size_t i = 0; i < n_workers; i++) {
		start_worker(&workers[i]);
		meet(&workers[i]);
		list_ops(&workers[i]);
	}
	measure_all();
	stop_workers();
	machine_stop(&result.machine, passed > ran ? 1 - ran / passed : 0);
}

int main(int argc, char **argv)
{
	const char *json;

	if (argc == 4 && strcmp(argv[1], "--worker") == 0)
		return ours_serve(argv[2], argv[3]);
	if (argc == 2 && strcmp(argv[1], "--rows") == 0)
		return ours_rows();
	if ((argc == 4 || argc == 5) && strcmp(argv[1], "--count") == 0)
		return ours_count(argv[2], argv[3], argc == 5 ? (size_t)atoi(argv[4]) : 0);
	if (argc > 2 && strcmp(argv[1], "--peak") == 0)
		return peak(argv + 2);
	add_kernels();
	json = options(argc, argv);
	run();
	report_finish(&result);
	report_table(stdout, &result);
	report_groups(stdout, &result);
	if (judge)
		report_targets(stdout, &result);
	if (json && !report_json(json, &result))
		worker_die("the JSON file could not be written");
	return 0;
}
