/* replay.c -- runs a fuzz target without a fuzzer: on its seeds, cut at every octet, and on seeds damaged
 * in a reproducible way; or writes the seeds for a fuzzer.  usage: fuzz_NAME [RUNS | -w DIR] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util_seeds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { RUNS = 3000, CUTS = 2000, MOST = 1 << 16 };

/* The target sees exactly its octets, so that a sanitizer sees their end. */
static void run(const uint8_t *data, size_t len)
{
	uint8_t *exact = malloc(len + (len == 0));

	if (exact == NULL)
		abort();
	memcpy(exact, data, len);
	(void)LLVMFuzzerTestOneInput(exact, len);
	free(exact);
}

static size_t spliced(uint8_t *out, size_t len, const seed *other, uint64_t *numbers)
{
	size_t at = len == 0 ? 0 : draw(numbers) % len;
	size_t from = other->len == 0 ? 0 : draw(numbers) % other->len;
	size_t n = other->len - from;

	if (n > MOST - at)
		n = MOST - at;
	memcpy(out + at, other->data + from, n);
	return at + n;
}

/* One change of an input of len octets, at most MOST; the new length. */
static size_t damaged(uint8_t *out, size_t len, const seed_list *seeds, uint64_t *numbers)
{
	static const uint8_t octets[] = {0, 1, 0x7f, 0x80, 0xff, '"', '<', '>', '&', '\n', '\r', ',',
			'{', '}', '\\', ';', '0', '9', '-', ':'};
	size_t at = len == 0 ? 0 : draw(numbers) % len, n;

	switch (draw(numbers) % 6) {
	case 0:
		return spliced(out, len, &seeds->at[draw(numbers) % seeds->n], numbers);
	case 1: /* left out */
		n = 1 + draw(numbers) % 8;
		n = n < len - at ? n : len - at;
		memmove(out + at, out + at + n, len - at - n);
		return len - n;
	case 2: /* said twice */
		n = 1 + draw(numbers) % 40;
		n = n < len - at ? n : len - at;
		n = n < MOST - len ? n : MOST - len;
		memmove(out + at + n, out + at, len - at);
		return len + n;
	case 3:
		if (len != 0)
			out[at] ^= (uint8_t)(1 << draw(numbers) % 8);
		return len;
	case 4:
		if (len != 0)
			out[at] = octets[draw(numbers) % sizeof octets];
		return len;
	default:
		if (len != 0)
			out[at] = (uint8_t)draw(numbers);
		return len;
	}
}

static void replay(const seed_list *seeds, unsigned long runs)
{
	static uint8_t input[MOST];
	uint64_t numbers = 1;

	for (size_t i = 0; i < seeds->n; i++) {
		size_t step = seeds->at[i].len / CUTS + 1;

		for (size_t len = 0; len < seeds->at[i].len; len += step)
			run(seeds->at[i].data, len);
		run(seeds->at[i].data, seeds->at[i].len);
	}
	for (unsigned long i = 0; i < runs; i++) {
		const seed *from = &seeds->at[draw(&numbers) % seeds->n];
		size_t len = from->len < MOST ? from->len : MOST;

		memcpy(input, from->data, len);
		for (uint64_t n = 1 + draw(&numbers) % 4; n > 0; n--)
			len = damaged(input, len, seeds, &numbers);
		run(input, len);
	}
}

static int write_seeds(const seed_list *seeds, const char *dir)
{
	for (size_t i = 0; i < seeds->n; i++) {
		char name[4096];
		FILE *out;

		snprintf(name, sizeof name, "%s/seed%zu", dir, i);
		out = fopen(name, "wb");
		if (out == NULL)
			return perror(name), 1;
		fwrite(seeds->at[i].data, 1, seeds->at[i].len, out);
		if (fclose(out) != 0)
			return perror(name), 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	seed_list seeds;
	int failed = 0;

	name = name == NULL ? argv[0] : name + 1;
	seeds_make(&seeds, name);
	if (argc == 3 && strcmp(argv[1], "-w") == 0)
		failed = write_seeds(&seeds, argv[2]);
	else
		replay(&seeds, argc > 1 ? strtoul(argv[1], NULL, 10) : RUNS);
	if (argc < 3)
		printf("%s: %zu seeds and what is near them\n# 1 passed, 0 failed, 0 skipped\n", name,
				seeds.n);
	seeds_free(&seeds);
	return failed;
}
