/* steps_places.c -- the instructions of the engine in this program, as steps_places.sh lists them. */
#include "tests/steps_places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PLACES = 1 << 18, MOST_FUNCTIONS = 1 << 12 };

place *places;
place_function *functions;
size_t n_places, n_functions;

extern const uint8_t __executable_start[]; /* the linker's */

const uint8_t *program_start(void)
{
	return __executable_start;
}

#define WORD(r) (int8_t)(offsetof(struct user_regs_struct, r) / sizeof(uint64_t))

static int8_t register_word(const char *name)
{
	static const struct {
		const char *name;
		int8_t word;
	} all[] = {
		{ "rax", WORD(rax) }, { "rbx", WORD(rbx) }, { "rcx", WORD(rcx) }, { "rdx", WORD(rdx) },
		{ "rsi", WORD(rsi) }, { "rdi", WORD(rdi) }, { "rbp", WORD(rbp) }, { "rsp", WORD(rsp) },
		{ "r8", WORD(r8) }, { "r9", WORD(r9) }, { "r10", WORD(r10) }, { "r11", WORD(r11) },
		{ "r12", WORD(r12) }, { "r13", WORD(r13) }, { "r14", WORD(r14) }, { "r15", WORD(r15) },
		{ "rip", WORD(rip) },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].word;
	return -1;
}

/* offset(%base,%index,scale) */
static void read_operand(place *p, const char *s)
{
	char base[8] = "", index[8] = "";
	int scale = 1;
	bool minus = *s == '-';
	char *end;

	p->offset = (int32_t)strtol(s + minus, &end, 0) * (minus ? -1 : 1);
	if (sscanf(end, "(%%%7[a-z0-9],%%%7[a-z0-9],%d)", base, index, &scale) == 0)
		sscanf(end, "(,%%%7[a-z0-9],%d)", index, &scale);
	p->base = register_word(base);
	p->index = register_word(index);
	p->scale = (int8_t)scale;
}

static void read_line(const char *line)
{
	place *p = &places[n_places];
	place_function *f = &functions[n_functions];
	char operand[64] = "";
	unsigned at, len;
	int kernel;

	if (n_functions + 1 < MOST_FUNCTIONS &&
	    sscanf(line, "F %95s %47s %d", f->name, f->file, &kernel) == 3) {
		f->kernel = kernel != 0;
		f->first = n_places;
		n_functions++;
	} else if (n_places + 1 < MOST_PLACES &&
			sscanf(line, "I %x %u %c %63s", &at, &len, &p->kind, operand) >= 3) {
		p->at = at;
		p->len = (uint8_t)len;
		p->function = (uint32_t)n_functions - 1;
		if (p->kind == KIND_BRANCH)
			p->to = (uint32_t)strtoul(operand, NULL, 16);
		else if (p->kind == KIND_STORE)
			read_operand(p, operand);
		functions[p->function].n++;
		n_places++;
	}
}

bool read_places(const char *path)
{
	FILE *in = fopen(path, "r");
	char line[256];

	places = calloc(MOST_PLACES, sizeof *places);
	functions = calloc(MOST_FUNCTIONS, sizeof *functions);
	if (!in || !places || !functions)
		return false;
	while (fgets(line, sizeof line, in))
		read_line(line);
	fclose(in);
	return n_places > 0;
}

size_t place_at(uint64_t at)
{
	size_t low = 0, high = n_places;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (places[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n_places && places[low].at == at ? low : n_places;
}

uint64_t place_writes(const place *p, const struct user_regs_struct *r)
{
	uint64_t words[sizeof *r / sizeof(uint64_t)], at;

	memcpy(words, r, sizeof words);
	at = (uint64_t)(int64_t)p->offset;
	if (p->base == WORD(rip))
		at += p->len;
	if (p->base >= 0)
		at += words[p->base];
	if (p->index >= 0)
		at += words[p->index] * (uint64_t)p->scale;
	return at;
}
