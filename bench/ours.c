/* ours.c -- the product as a process of the benchmark: one kernel, all operations. */
#include "ours.h"

#include <stdio.h>
#include <string.h>

#include "asm/marks.h"
#include "count.h"
#include "engine/cpu.h"
#include "engine/field/fp.h"
#include "engine/eccsi/p256.h"

enum { OPS_MAX = 96 };

void must(km_err err, const char *what)
{
	char text[128];

	if (err == KM_OK)
		return;
	snprintf(text, sizeof text, "%s: %s", what, km_strerror(err));
	worker_die(text);
}

const km_kms_master *bench_master(void)
{
	static km_kms_master *master;

	if (!master)
		must(km_kms_master_new(&master, NULL), "master keys");
	return master;
}

km_kms_public *bench_kms(size_t members)
{
	uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];
	km_kms_public *kms;

	km_kms_master_public(z, kpak, bench_master());
	must(km_kms_public_new(&kms, z, sizeof z, kpak, sizeof kpak, members), "public keys");
	return kms;
}

void bench_octets(uint8_t *out, size_t len, uint64_t seed)
{
	uint8_t hash[KM_HASH_BYTES];

	for (size_t at = 0; at < len; at += sizeof hash) {
		uint64_t name[2] = {seed, at};

		km_sha256(hash, (const uint8_t *)name, sizeof name);
		memcpy(out + at, hash, len - at < sizeof hash ? len - at : sizeof hash);
	}
}

static size_t offer(bench_op *ops)
{
	size_t n = field_offer(ops);

	n += sakke_offer(ops + n);
	n += eccsi_offer(ops + n);
	return n + message_offer(ops + n);
}

int ours_serve(const char *kernel, const char *filter)
{
	bench_op ops[OPS_MAX];
	size_t n;

	must(km_init(kernel), kernel);
	n = offer(ops);
	if (*filter)
		n += kernels_offer(ops + n);
	worker_serve("keymuster " KM_VERSION, ops, n, filter, &count_products);
	return 0;
}

/* A row that does nothing: what calling a kernel takes. */
static void none(uint64_t *r, const uint64_t *a, const uint64_t *b)
{
	(void)r, (void)a, (void)b;
}

static void none_of_one(uint64_t *r, const uint64_t *a)
{
	(void)r, (void)a;
}

static void none_select(uint64_t *r, const uint64_t *table, size_t n, size_t words, uint64_t index)
{
	(void)r, (void)table, (void)n, (void)words, (void)index;
}

static const fp_kernel fp_none = {.mul = none, .sqr = none_of_one, .add = none, .sub = none,
	.select = none_select};
static const p256_kernel p256_none = {.mul = none, .sqr = none_of_one, .add = none, .sub = none,
	.mul_n = none};

static void use_row(const char *name)
{
	int found = 0;

	if (strcmp(name, "none") == 0) {
		fp_k = &fp_none;
		p256_k = &p256_none;
		return;
	}
	for (size_t i = 0; fp_kernels[i]; i++) {
		if (strcmp(fp_kernels[i]->name, name) != 0)
			continue;
		fp_k = fp_kernels[i];
		found = 1;
	}
	for (size_t i = 0; p256_kernels[i]; i++)
		if (strcmp(p256_kernels[i]->name, name) == 0) {
			p256_k = p256_kernels[i];
			found = 1;
		}
	if (!found)
		worker_die("no such row");
}

int ours_rows(void)
{
	for (size_t i = 0; fp_kernels[i]; i++)
		if (!(fp_kernels[i]->needs & CPU_IFMA))
			puts(fp_kernels[i]->name);
	return 0;
}

/* Callgrind looks at instructions from here on: with what comes before it would take several times as long. */
static void count_from_here(void)
{
#ifdef ARCH_x86_64
	enum { START_INSTRUMENTATION = 0x43540004 };

	ct_mark(START_INSTRUMENTATION, NULL, 0);
#endif
}

int ours_count(const char *row, const char *name, size_t batch)
{
	bench_op ops[OPS_MAX];
	size_t n;

	must(km_init("c"), "c");
	use_row(row);
	n = offer(ops);
	n += kernels_offer(ops + n);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(ops[i].name, name) != 0 || (batch && ops[i].batch != batch))
			continue;
		if (ops[i].start)
			ops[i].start();
		ops[i].run(1); /* tables are made when they are first wanted */
		count_from_here();
		worker_turn(&ops[i]);
		printf("%zu\n", ops[i].batch);
		return 0;
	}
	worker_die("no such operation");
}
