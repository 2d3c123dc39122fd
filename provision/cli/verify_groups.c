/* verify_groups.c -- keymuster verify: an output of many groups, and the rows of its receipt. */
#include "verify.h"

#include <stdlib.h>
#include <string.h>

#include "run/words_table.h"

/* Of a group. */
typedef struct {
	char *group;
	size_t key;             /* its number; SIZE_MAX: the receipt says that it has none */
	uint64_t said, n, first_t, last_t;
	const json_t *of;       /* its row in the receipt */
} verify_row;

typedef struct {
	char gmk_id[9];
	bool has_rand;
	uint8_t rand[KM_RAND_BYTES];
} verify_key;

struct verify_groups {
	verify_row *rows;
	verify_key *keys;
	size_t n_rows, n_keys, rows_room, keys_room;
	words_table *by_group, *by_id;
};

void verify_groups_free(verify_groups *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->n_rows; i++)
		free(g->rows[i].group);
	words_table_free(g->by_group);
	words_table_free(g->by_id);
	free(g->rows);
	free(g->keys);
	free(g);
}

static bool begin(verifier *v)
{
	verify_groups *g = v->groups = calloc(1, sizeof *g);

	if (g == NULL)
		return false;
	g->by_group = words_table_new();
	g->by_id = words_table_new();
	return g->by_group != NULL && g->by_id != NULL;
}

/* Room for one more of size octets. */
static bool make_room(void **at, size_t n, size_t *room, size_t size)
{
	const size_t more = *room == 0 ? 64 : 2 * *room;
	void *bigger;

	if (n < *room)
		return true;
	bigger = reallocarray(*at, more, size);
	if (bigger == NULL)
		return false;
	*at = bigger;
	*room = more;
	return true;
}

/* SIZE_MAX: out of memory. */
static size_t key_of(verify_groups *g, const char *gmk_id)
{
	const size_t len = strlen(gmk_id);
	uint32_t i = words_table_find(g->by_id, gmk_id, len, UINT32_MAX);
	void *keys = g->keys;

	if (i != UINT32_MAX)
		return i;
	if (!make_room(&keys, g->n_keys, &g->keys_room, sizeof *g->keys))
		return SIZE_MAX;
	g->keys = keys;
	g->keys[g->n_keys] = (verify_key){ .has_rand = false };
	snprintf(g->keys[g->n_keys].gmk_id, sizeof g->keys->gmk_id, "%.8s", gmk_id);
	return words_table_add(g->by_id, gmk_id, len, (uint32_t)g->n_keys) ? g->n_keys++ : SIZE_MAX;
}

static verify_row *row_of(const verify_groups *g, km_str group)
{
	const uint32_t i = words_table_find(g->by_group, group.s, group.len, UINT32_MAX);

	return i == UINT32_MAX || strlen(g->rows[i].group) != group.len ||
			memcmp(g->rows[i].group, group.s, group.len) != 0 ? NULL : &g->rows[i];
}

/* NULL: out of memory. */
static verify_row *add_row(verify_groups *g, km_str group, const char *gmk_id)
{
	void *rows = g->rows;
	verify_row *row;

	if (!make_room(&rows, g->n_rows, &g->rows_room, sizeof *g->rows))
		return NULL;
	g->rows = rows;
	row = &g->rows[g->n_rows];
	*row = (verify_row){ .group = strndup(group.s, group.len), .key = SIZE_MAX };
	if (row->group == NULL || !words_table_add(g->by_group, group.s, group.len, (uint32_t)g->n_rows))
		return NULL;
	g->n_rows++;
	row->key = gmk_id == NULL ? SIZE_MAX : key_of(g, gmk_id);
	return row;
}

bool verify_groups_take(verifier *v)
{
	const json_t *rows = json_object_get(v->receipt, "groups"), *of;
	size_t i;

	if (!begin(v))
		return false;
	json_array_foreach(rows, i, of) {
		const json_t *group = json_object_get(of, "group");
		const char *id = json_string_value(json_object_get(json_object_get(of, "key"), "gmk_id"));
		const km_str name = { json_is_string(group) ? json_string_value(group) : "",
				json_string_length(group) };
		verify_row *row = row_of(v->groups, name);

		if (row == NULL)
			row = add_row(v->groups, name, id);
		if (row == NULL)
			return false;
		row->of = of;
		row->said += (uint64_t)json_integer_value(json_object_get(of, "members"));
	}
	return true;
}

const char *verify_group(verifier *v, km_str group, const char *gmk_id, const uint8_t rand[KM_RAND_BYTES], uint64_t t)
{
	verify_row *row;
	verify_key *key;

	if (group.len == 0 || memchr(group.s, '\0', group.len) != NULL)
		return "its line names no group, and others do";
	if (v->groups == NULL && !begin(v))
		return "out of memory";
	row = row_of(v->groups, group);
	if (row == NULL && v->receipt != NULL)
		return "its group is none of the receipt's";
	if (row == NULL)
		row = add_row(v->groups, group, gmk_id == NULL ? "" : gmk_id);
	if (row == NULL)
		return "out of memory";
	if (row->key == SIZE_MAX)
		return "the receipt says that its group has no key";
	key = &v->groups->keys[row->key];
	if (gmk_id != NULL && strcmp(gmk_id, key->gmk_id) != 0)
		return "gmk_id is of another key than that of its group";
	if (key->has_rand && memcmp(key->rand, rand, KM_RAND_BYTES) != 0)
		return "its RAND is that of another key";
	memcpy(key->rand, rand, KM_RAND_BYTES);
	key->has_rand = true;
	row->first_t = row->n++ == 0 ? t : row->first_t;
	row->last_t = t;
	return NULL;
}

static bool is_t(const json_t *of, const char *which, uint64_t t)
{
	const char *said = json_string_value(json_object_get(json_object_get(of, which), "ntp"));
	char hex[17];

	snprintf(hex, sizeof hex, "%016llx", (unsigned long long)t);
	return said != NULL && strcmp(said, hex) == 0;
}

void verify_groups_compare(verifier *v)
{
	char shown[CLI_SHOWN];
	uint64_t sum = 0;

	for (size_t i = 0; i < v->groups->n_rows; i++) {
		const verify_row *row = &v->groups->rows[i];

		cli_show(shown, row->group, strlen(row->group));
		sum += row->said;
		if (row->said != row->n)
			verify_fault(v, 0, "%s: %llu %s, where the receipt says %llu", shown,
					(unsigned long long)row->n, word_for(row->n, "message", "messages"),
					(unsigned long long)row->said);
		else if (row->n > 0 && (!is_t(row->of, "first_t", row->first_t) || !is_t(row->of, "last_t", row->last_t)))
			verify_fault(v, 0, "%s: first_t and last_t are not those of the receipt", shown);
	}
	if (sum != (uint64_t)json_integer_value(json_object_get(json_object_get(v->receipt, "list"), "members")))
		verify_fault(v, 0, "the groups of the receipt have %llu members together, and its list has others",
				(unsigned long long)sum);
}

uint64_t verify_groups_failed(const verifier *v)
{
	const json_t *rows = json_object_get(v->receipt, "groups"), *of;
	uint64_t n = 0;
	size_t i;

	json_array_foreach(rows, i, of)
		n += json_is_string(json_object_get(of, "failed"));
	return n;
}
