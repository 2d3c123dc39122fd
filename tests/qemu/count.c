/* count.c -- a plugin of qemu: instructions between the entry and the return of a function, in all and by symbol.
 *
 * usage: qemu-aarch64 -plugin build/qemu/count.so,function=NAME,out=FILE[,profile=on][,trace=DEPTH] PROGRAM
 *
 * FILE gets "total N", of all calls of the function that returned, the instruction that called it left out and its
 * return counted; with a profile also "N SYMBOL", most first, what was in no function of the program, so in its shared
 * libraries, as "-".  The function has returned where a return leads to the address after its call, so one that goes on
 * to another in the end counts that too.  Of calls of it within itself only the outermost is looked at.  One
 * thread: counters of several would lose additions.
 *
 * A trace is FILE.s beside: what ran, as assembly, so deep in calls within the function: 0 is all of it, 2 only what is
 * called by what it calls.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

int qemu_plugin_version = 1;

/* BL and BLR; RET, also with a signature. */
#define IS_CALL(word)   (((word) & 0xfc000000) == 0x94000000 || ((word) & 0xfffffc1f) == 0xd63f0000)
#define IS_RETURN(word) (((word) & 0xfffff000) == 0xd65f0000)

typedef struct symbol {
	const char *name;
	uint64_t count;      /* in all */
	uint64_t at_entry;   /* of count, when the function was entered last */
	uint64_t inside;     /* of calls of the function that returned */
	struct symbol *next;
} symbol;

enum { BUCKETS = 4096, DEPTH_MAX = 1 << 16 };

static char *function, *out;
static int profile;
static symbol all = {"total", 0, 0, 0, NULL};
static symbol *symbols[BUCKETS];
static uint64_t back[DEPTH_MAX]; /* where calls return to, the last one's last */
static size_t depth;             /* calls that have not returned */
static size_t within;            /* depth where the function runs, counting its own call; 0: it does not */
static int returning;            /* a return was the instruction before */
static uint64_t calls;           /* of the function, that returned */
static size_t trace_depth;
static FILE *trace;

static void *must(void *p)
{
	if (!p) {
		fputs("count: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

static void for_each(void (*f)(symbol *s))
{
	f(&all);
	for (size_t i = 0; i < BUCKETS; i++)
		for (symbol *s = symbols[i]; s; s = s->next)
			f(s);
}

static symbol *find(const char *name)
{
	size_t bucket = 0;
	symbol *s;

	for (const char *c = name; *c; c++)
		bucket = (bucket * 31 + (unsigned char)*c) % BUCKETS;
	for (s = symbols[bucket]; s; s = s->next)
		if (strcmp(s->name, name) == 0)
			return s;
	s = must(calloc(1, sizeof *s));
	s->name = must(strdup(name));
	s->next = symbols[bucket];
	return symbols[bucket] = s;
}

/* ---- while the program runs -------------------------------------------------------------------- */

static void enter(symbol *s)
{
	s->at_entry = s->count;
}

static void leave(symbol *s)
{
	s->inside += s->count - s->at_entry;
}

static void on_call(unsigned cpu, void *next)
{
	(void)cpu;
	if (depth == DEPTH_MAX) {
		fputs("count: too many calls within one another\n", stderr);
		exit(1);
	}
	back[depth++] = (uint64_t)(uintptr_t)next;
}

static void on_return(unsigned cpu, void *data)
{
	(void)cpu, (void)data;
	returning = 1;
}

static void on_entry(unsigned cpu, void *data)
{
	(void)cpu, (void)data;
	if (within || !depth)
		return;
	within = depth;
	for_each(enter);
}

/* Whose call is it that has returned?  Those within it did not: they were left by a jump. */
static void on_block(unsigned cpu, void *pc)
{
	size_t d = depth;

	(void)cpu;
	if (!returning)
		return;
	returning = 0;
	while (d > 0 && back[d - 1] != (uint64_t)(uintptr_t)pc)
		d--;
	if (d == 0)
		return;
	depth = d - 1;
	if (depth >= within)
		return;
	within = 0;
	calls++;
	for_each(leave);
}

static void on_traced(unsigned cpu, void *text)
{
	(void)cpu;
	if (within && depth >= within + trace_depth)
		fprintf(trace, "%s\n", (char *)text);
}

/* ---- ahead of it ------------------------------------------------------------------------------- */

static uint32_t word_of(const plugin_insn *insn)
{
	uint32_t word;

	memcpy(&word, qemu_plugin_insn_data(insn), sizeof word);
	return word;
}

/* The first instruction of the function that is ever seen is where it begins. */
static int is_entry(const char *name, uint64_t pc)
{
	static uint64_t begins;

	if (!begins && name && strcmp(name, function) == 0)
		begins = pc;
	return begins == pc;
}

/* An address as what a callback is given. */
static void *pointer(uint64_t pc)
{
	return (void *)(uintptr_t)pc;
}

static void on_translation(uint64_t id, plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < n; i++) {
		plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const char *name = qemu_plugin_insn_symbol(insn);
		uint64_t pc = qemu_plugin_insn_vaddr(insn);

		if (i == 0)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_block, PLUGIN_NO_REGS, pointer(pc));
		if (is_entry(name, pc))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_entry, PLUGIN_NO_REGS, NULL);
		/* Before what changes the depth. */
		if (trace)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_traced, PLUGIN_NO_REGS,
					must(qemu_plugin_insn_disas(insn)));
		if (IS_RETURN(word_of(insn)))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_return, PLUGIN_NO_REGS, NULL);
		if (IS_CALL(word_of(insn)))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_call, PLUGIN_NO_REGS, pointer(pc + 4));
		qemu_plugin_register_vcpu_insn_exec_inline(insn, PLUGIN_ADD, &all.count, 1);
		if (profile)
			qemu_plugin_register_vcpu_insn_exec_inline(insn, PLUGIN_ADD,
					&find(name && *name ? name : "-")->count, 1);
	}
}

/* ---- at the start and the end ------------------------------------------------------------------ */

static int most_first(const void *a, const void *b)
{
	const symbol *x = *(symbol *const *)a, *y = *(symbol *const *)b;

	if (x->inside != y->inside)
		return x->inside < y->inside ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void put_profile(FILE *to)
{
	symbol **list;
	size_t n = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		for (symbol *s = symbols[i]; s; s = s->next)
			n += s->inside > 0;
	list = must(calloc(n + 1, sizeof *list));
	n = 0;
	for (size_t i = 0; i < BUCKETS; i++)
		for (symbol *s = symbols[i]; s; s = s->next)
			if (s->inside > 0)
				list[n++] = s;
	qsort(list, n, sizeof *list, most_first);
	for (size_t i = 0; i < n; i++)
		fprintf(to, "%llu %s\n", (unsigned long long)list[i]->inside, list[i]->name);
	free(list);
}

static void at_exit(uint64_t id, void *data)
{
	FILE *to = fopen(out, "w");

	(void)id, (void)data;
	if (!to || !calls || within) {
		fprintf(stderr, "count: %s: %s\n", to ? function : out, !to ? "cannot be written" :
				calls || within ? "did not return" : "was not called");
	} else {
		fprintf(to, "total %llu\n", (unsigned long long)all.inside);
		put_profile(to);
	}
	if (to)
		fclose(to);
	if (trace)
		fclose(trace);
}

/* What follows NAME= in an argument, or NULL. */
static char *value(char *arg, const char *name)
{
	size_t len = strlen(name);

	return strncmp(arg, name, len) == 0 && arg[len] == '=' ? must(strdup(arg + len + 1)) : NULL;
}

static int open_trace(const char *deep)
{
	size_t len = strlen(out) + sizeof ".s";
	char *name = must(malloc(len));

	trace_depth = strtoul(deep, NULL, 10);
	snprintf(name, len, "%s.s", out);
	trace = fopen(name, "w");
	if (!trace)
		perror(name);
	free(name);
	return trace != NULL;
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	char *deep = NULL;

	(void)info;
	for (int i = 0; i < argc; i++) {
		char *v;

		if ((v = value(argv[i], "function")))
			function = v;
		else if ((v = value(argv[i], "out")))
			out = v;
		else if ((v = value(argv[i], "profile")))
			profile = strcmp(v, "off") != 0;
		else if ((v = value(argv[i], "trace")))
			deep = v;
		else
			return 1;
	}
	if (!function || !out) {
		fputs("count: function=NAME,out=FILE[,profile=on][,trace=DEPTH]\n", stderr);
		return 1;
	}
	if (deep && !open_trace(deep))
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
	return 0;
}
