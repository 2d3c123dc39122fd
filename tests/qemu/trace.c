/* trace.c -- a plugin of qemu: what ran, and what memory it touched, between the entry and the return of a function.
 *
 * usage: qemu-ARCH -plugin build/qemu/trace.so,function=NAME[,trace=FILE] PROGRAM        aarch64 or x86_64
 *
 * Each time the function returns, a line goes to where the program's own stdout goes: a hash over the address of every
 * block of instructions that ran and over the address, size and direction of every access to memory, how many blocks
 * and accesses these were, and how many blocks were left out.  A block has no branch but its last instruction, so its
 * address says which instructions ran.  Left out is all that runs between the entry and the return of a function whose
 * symbol ends in _var, which by that name is not constant time; a compiler's clones of it (name_var.part.0) are that
 * function.  No other way of leaving out is there.
 *
 * FILE gets the same as text, to compare line by line: it may be a pipe.  One thread; a program that forks is fine, and
 * each child then has lines of its own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin.h"

int qemu_plugin_version = 1;

/* A block of instructions, and an instruction that may access memory, as callbacks are given them. */
typedef struct {
	uint64_t pc;
	const char *name;       /* of its function, as far as it is known */
	char *place;            /* as text, once a trace has shown it */
	uint64_t next;          /* where a call that ends it returns to; 0: no call does */
	int returns;            /* a return ends it */
	int is_var;             /* of a function that is left out */
	int is_entry;           /* of the function */
} block;

enum { DEPTH_MAX = 1 << 16, PLACE_MAX = 512 };

static const char *function;
static FILE *trace;
static int is_x86;

static uint64_t back[DEPTH_MAX]; /* where calls return to, the last one's last */
static size_t depth;             /* calls that have not returned */
static size_t within;            /* depth where the function runs, counting its own call; 0: it does not */
static size_t skipping;          /* the same of what is left out */
static const block *last;        /* that ran */

static struct {
	uint64_t hash, blocks, accesses, left_out;
} now;

static void *must(void *p)
{
	if (!p) {
		fputs("trace: out of memory\n", stderr);
		_exit(1);
	}
	return p;
}

/* ---- text -------------------------------------------------------------------------------------- */

/* FILE+OFFSET of what is mapped there, as addr2line takes it where code lies in a file as it does in memory. */
static void find_file(char *out, size_t room, uint64_t pc)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];

	snprintf(out, room, "%" PRIx64, pc);
	while (maps && fgets(line, sizeof line, maps)) {
		uint64_t from, to, offset;
		char name[256];

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %*s %255s", &from, &to, &offset,
				name) == 4 && from <= pc && pc < to)
			snprintf(out, room, "%s+0x%" PRIx64, name, pc - from + offset);
	}
	if (maps)
		fclose(maps);
}

static const char *place_of(block *b)
{
	char file[PLACE_MAX], text[2 * PLACE_MAX];

	if (!b->place) {
		find_file(file, sizeof file, b->pc);
		snprintf(text, sizeof text, "%s (%s)", b->name && *b->name ? b->name : "-", file);
		b->place = must(strdup(text));
	}
	return b->place;
}

/* ---- while the program runs -------------------------------------------------------------------- */

/* A bijection of the hash for each word, and one of the word for each hash. */
static void mix(uint64_t word)
{
	now.hash = (now.hash ^ word) * 0x9e3779b97f4a7c15;
	now.hash ^= now.hash >> 29;
}

/* The calls that have returned where a block begins: those within it too, which were left by a jump. */
static void come_back(uint64_t pc)
{
	size_t d = depth;

	while (d > 0 && back[d - 1] != pc)
		d--;
	if (d > 0)
		depth = d - 1;
}

static void tell(void)
{
	char line[128];
	int len = snprintf(line, sizeof line, "%016" PRIx64 " %" PRIu64 " blocks %" PRIu64 " accesses %" PRIu64
			" left out\n", now.hash, now.blocks, now.accesses, now.left_out);

	if (trace)
		fflush(trace);
	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		_exit(1);
}

static void follow(const block *b)
{
	const block *before = last;

	last = b;
	if (!before)
		return;
	if (before->next) {
		if (depth == DEPTH_MAX) {
			fputs("trace: too many calls within one another\n", stderr);
			_exit(1);
		}
		back[depth++] = before->next;
	} else if (before->returns) {
		come_back(b->pc);
	}
}

static void on_block(unsigned cpu, void *data)
{
	block *b = data;

	(void)cpu;
	follow(b);
	if (!within) {
		if (!b->is_entry)
			return;
		within = depth;
		memset(&now, 0, sizeof now);
	} else if (depth < within) {
		within = skipping = 0;
		tell();
		return;
	}
	if (skipping && depth >= skipping) {
		now.left_out++;
		return;
	}
	/* The first block of what is left out still counts: that it is called does. */
	skipping = b->is_var ? depth : 0;
	mix(b->pc);
	now.blocks++;
	if (trace)
		fprintf(trace, "ran %s\n", place_of(b));
}

static void on_access(unsigned cpu, uint32_t info, uint64_t address, void *data)
{
	const unsigned kind = qemu_plugin_mem_size_shift(info) * 2 + qemu_plugin_mem_is_store(info);

	(void)cpu;
	if (!within || skipping)
		return;
	mix(address);
	mix(kind);
	now.accesses++;
	if (trace)
		fprintf(trace, "%s %u octets at %" PRIx64 " by %s\n", kind & 1 ? "stored" : "loaded", 1u << (kind >> 1),
				address, place_of(data));
}

/* ---- ahead of it ------------------------------------------------------------------------------- */

static int ends_in_var(const char *name)
{
	const size_t len = strcspn(name, ".");

	return len > 4 && strncmp(name + len - 4, "_var", 4) == 0;
}

static uint32_t word_of(const plugin_insn *insn)
{
	uint32_t word;

	memcpy(&word, qemu_plugin_insn_data(insn), sizeof word);
	return word;
}

/* x86: CALL rel32, and CALL r/m behind its prefixes; RET. */
static int is_call_x86(const uint8_t *insn, size_t len)
{
	while (len > 1 && ((*insn & 0xf0) == 0x40 || *insn == 0x3e || *insn == 0xf2)) {
		insn++;
		len--;
	}
	return *insn == 0xe8 || (len > 1 && *insn == 0xff && (insn[1] >> 3 & 7) == 2);
}

static int is_return_x86(const uint8_t *insn, size_t len)
{
	if (len > 1 && (*insn == 0xf2 || *insn == 0xf3))
		insn++;
	return *insn == 0xc3 || *insn == 0xc2;
}

/* AArch64: BL and BLR; RET, also with a signature. */
static int is_call(const plugin_insn *insn)
{
	if (is_x86)
		return is_call_x86(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));
	return (word_of(insn) & 0xfc000000) == 0x94000000 || (word_of(insn) & 0xfffffc1f) == 0xd63f0000;
}

static int is_return(const plugin_insn *insn)
{
	if (is_x86)
		return is_return_x86(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));
	return (word_of(insn) & 0xfffff000) == 0xd65f0000;
}

/* The first instruction of the function that is ever seen is where it begins. */
static int is_entry(const char *name, uint64_t pc)
{
	static uint64_t begins;

	if (!begins && name && strcmp(name, function) == 0)
		begins = pc;
	return begins == pc;
}

/* A block for every translation: callbacks keep it. */
static void on_translation(uint64_t id, plugin_tb *tb)
{
	const size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < n; i++) {
		plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const char *name = qemu_plugin_insn_symbol(insn);
		block *b = NULL;

		if (i == 0 || trace) {
			b = must(calloc(1, sizeof *b));
			b->pc = qemu_plugin_insn_vaddr(insn);
			b->name = name;
		}
		if (i == 0) {
			const plugin_insn *end = qemu_plugin_tb_get_insn(tb, n - 1);

			b->is_entry = is_entry(name, b->pc);
			b->is_var = name && ends_in_var(name);
			b->returns = is_return(end);
			if (is_call(end))
				b->next = qemu_plugin_insn_vaddr(end) + qemu_plugin_insn_size(end);
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_block, PLUGIN_NO_REGS, b);
		}
		qemu_plugin_register_vcpu_mem_cb(insn, on_access, PLUGIN_NO_REGS, PLUGIN_BOTH, b);
	}
}

/* ---- at the start ------------------------------------------------------------------------------ */

/* What follows NAME= in an argument, or NULL. */
static const char *value(const char *arg, const char *name)
{
	size_t len = strlen(name);

	return strncmp(arg, name, len) == 0 && arg[len] == '=' ? must(strdup(arg + len + 1)) : NULL;
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	/* What it is given begins with the name of the architecture. */
	const char *arch = *(const char *const *)info;

	for (int i = 0; i < argc; i++) {
		const char *v;

		if ((v = value(argv[i], "function")))
			function = v;
		else if (!(v = value(argv[i], "trace")) || !(trace = fopen(v, "w")))
			return 1;
	}
	is_x86 = strcmp(arch, "x86_64") == 0;
	if (!function || (!is_x86 && strcmp(arch, "aarch64") != 0)) {
		fputs("trace: function=NAME[,trace=FILE], of a program for aarch64 or x86_64\n", stderr);
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
