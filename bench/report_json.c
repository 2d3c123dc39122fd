/* report_json.c -- the benchmark's results as JSON, with every sample. */
#include "report.h"

#include <jansson.h>

static json_t *array(const double *x, size_t n, double unit)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_real(x[i] / unit));
	return list;
}

static json_t *row_json(const report_row *row)
{
	const report_counts *c = &row->counts;
	double muls = c->mul + 8 * c->mul8, sqrs = c->sqr + 8 * c->sqr8;

	return json_pack("{s:s, s:s?, s:i, s:I, s:s, s:f, s:f, s:f, s:I, s:f, s:f, s:f, s:f, s:s?, "
			 "s:o, s:o, s:o}",
			"name", row->name, "kernel", row->peer ? NULL : row->by, "threads", 1,
			"batch", (json_int_t)row->batch, "unit", row->unit,
			"median", row->median / 1e3, "min", row->min / 1e3,
			"max", row->max / 1e3, "n", (json_int_t)row->n,
			"slots", row->slots, "mults", muls + sqrs, "squarings", sqrs,
			"model", row->model / 1e3, "peer", row->peer ? row->by : NULL,
			"samples", array(row->ns, row->n, 1e3),
			"samples_slot_ns", array(row->slot_ns, row->n, 1),
			"samples_cycle_ns", array(row->cycle_ns, row->n, 1));
}

static json_t *libraries(const report *r)
{
	json_t *list = json_object();
	const char *name, *version;

	for (size_t i = 0; machine_library(i, &name, &version); i++)
		json_object_set_new(list, name, json_string(version));
	for (size_t i = 0; i < r->n_peers; i++)
		json_object_set_new(list, r->peers[i].name, json_string(r->peers[i].version));
	return list;
}

static const char *or_null(const char *s)
{
	return s[0] ? s : NULL;
}

static json_t *machine_json(const report *r)
{
	const machine *m = &r->machine;

	return json_pack("{s:s, s:s?, s:I, s:s?, s:s?, s:s, s:s, s:s, s:s?, s:o, s:f, s:f, s:f, s:f, s:f, "
			 "s:b}",
			"cpu", m->cpu, "cpu_id", or_null(m->cpu_id),
			"processors", (json_int_t)m->processors,
			"virtualisation", or_null(m->hypervisor), "governor", or_null(m->governor),
			"system", m->system, "date", m->date, "compiler", machine_compiler(),
			"flags", or_null(r->flags), "libraries", libraries(r),
			"load_before", m->load_before, "load_after", m->load_after,
			"waited", m->waited, "stolen", m->stolen, "others", m->others,
			"busy", m->busy);
}

static json_t *run_json(const report *r)
{
	return json_pack("{s:s, s:s, s:f, s:f, s:f, s:i}", "commit", r->commit,
			"clock", "CLOCK_THREAD_CPUTIME_ID", "slot_ns", r->slot_ns,
			"cycle_ns", r->cycle_ns, "ifma_a_cycle", r->ifma_a_cycle,
			"make", report_make(r));
}

/* And forget it. */
static int put(FILE *out, json_t *value, size_t flags)
{
	int ok = value && json_dumpf(value, out, flags | JSON_REAL_PRECISION(9)) == 0;

	json_decref(value);
	return ok;
}

int report_json(const char *path, const report *r)
{
	FILE *out = fopen(path, "w");
	int ok;

	if (!out)
		return 0;
	fputs("{", out);
	ok = put(out, machine_json(r), JSON_EMBED);
	fputs(",\n", out);
	ok &= put(out, run_json(r), JSON_EMBED);
	fputs(",\n\"results\": [", out);
	for (size_t i = 0; i < r->n; i++) {
		fputs(i ? ",\n" : "\n", out);
		ok &= put(out, row_json(&r->rows[i]), 0);
	}
	fputs("\n]}\n", out);
	ok &= !ferror(out);
	return fclose(out) == 0 && ok;
}
