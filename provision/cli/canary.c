/* canary.c -- a message of the run, opened as its member would: by another process and kernel.
 *
 * It is made as all the others were.  That it opens shows that keys, parameters,
 * clock and this machine's arithmetic are right: SAKKE's own check binds the key, GCM the parameters.
 */
#include "provision.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

extern char **environ;

enum { ANSWER_MAX = 1 << 17 };

int provision_load_canary(provision *p)
{
	const cli_list keys = { .at = &p->w.canary, .n = 1 };
	char file[CLI_SHOWN], shown[CLI_SHOWN];
	const km_key_set *set;
	km_keyring *ring;
	int code;

	if (p->w.canary == NULL)
		return CLI_DONE;
	code = cli_load(&ring, &p->w.kms, &keys, 0, p->w.keys);
	if (code != CLI_DONE)
		return code;
	set = km_keyring_keys_at(ring, 0);
	cli_show(file, p->w.canary, strlen(p->w.canary));
	if (set != NULL)
		p->canary_kms = km_keyring_kms(p->ring, set->kms->uri, strlen(set->kms->uri));
	if (set != NULL)
		p->canary = (km_str){ strdup(set->uri), strlen(set->uri) };
	if (set == NULL || p->canary_kms == 0 || p->canary.s == NULL) {
		cli_error("%s: no keys that a canary could open its message with", file);
		code = CLI_KEYS;
	} else {
		cli_note("canary: %s", cli_show(shown, set->uri, strlen(set->uri)));
	}
	km_keyring_free(ring);
	return code;
}

/* ---- the message ----------------------------------------------------------------------------- */

/* *why: NULL, or why there is none. */
static uint8_t *copy_made(size_t *len, const km_batch *batch, const char **why)
{
	km_made made = { .struct_size = sizeof made };
	size_t all;
	const uint8_t *all_octets = km_batch_octets(&all, batch);
	uint8_t *msg;

	if (km_batch_made(&made, batch, 0) != 1 || made.reason != KM_R_OK) {
		*why = km_reason_text(made.reason);
		return NULL;
	}
	msg = malloc(made.len);
	*why = msg == NULL ? strerror(ENOMEM) : NULL;
	if (msg != NULL)
		memcpy(msg, all_octets + made.at, made.len);
	*len = made.len;
	return msg;
}

/* NULL: *why says why not.  free() it. */
static uint8_t *make_message(size_t *len, const provision *p, const char **why)
{
	km_batch *batch = cli_batch(p->ring, &p->settings);
	uint8_t *msg = NULL;
	km_err err = KM_ENOMEM;

	if (batch != NULL)
		err = km_batch_add(batch, p->key, p->canary.s, p->canary.len, p->canary_kms,
				p->revoke ? KM_REVOKE : KM_GIVE, 0, NULL);
	if (err == KM_OK)
		err = km_batch_run(batch, cli_time(p->gms), NULL);
	if (err == KM_OK || err == KM_EPARTIAL)
		msg = copy_made(len, batch, why);
	else
		*why = km_strerror(err);
	km_batch_free(batch);
	return msg;
}

/* ---- the other process ----------------------------------------------------------------------- */

/* Another kernel than that of the run, where this processor has one. */
static const char *other_kernel(void)
{
	const char *name;
	int runs;

	if (strcmp(km_kernel(), "c") != 0)
		return "c";
	for (size_t i = 0; (name = km_kernel_at(i, &runs)) != NULL; i++) {
		if (runs)
			return name;
	}
	return "c";
}

/* Words for keymuster open; the strings stay the caller's. */
static const char **open_words(const provision *p)
{
	const char **argv = calloc(2 * p->w.kms.n + 16, sizeof *argv);
	size_t n = 0;

	if (argv == NULL)
		return NULL;
	argv[n++] = "keymuster";
	argv[n++] = "open";
	argv[n++] = "--plain";
	argv[n++] = "--kernel";
	argv[n++] = other_kernel();
	for (size_t i = 0; i < p->w.kms.n; i++) {
		argv[n++] = "--kms";
		argv[n++] = p->w.kms.at[i];
	}
	argv[n++] = "--keys";
	argv[n++] = p->w.canary;
	argv[n++] = "--from";
	argv[n++] = p->gms_uri.s;
	argv[n++] = "--trust-gms";
	argv[n++] = p->gms_uri.s;
	return argv;
}

static bool start_process(pid_t *pid, const provision *p, int in, int out)
{
	const char **argv = open_words(p);
	posix_spawn_file_actions_t files;
	int failed = ENOMEM;

	if (argv != NULL && posix_spawn_file_actions_init(&files) == 0) {
		posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
		posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
		posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
		failed = posix_spawn(pid, "/proc/self/exe", &files, NULL,
				(char **)(uintptr_t)argv, environ);
		posix_spawn_file_actions_destroy(&files);
	}
	free(argv);
	errno = failed;
	return failed == 0;
}

/* Hand it the message and read what it says; a message fits into a pipe. */
static bool ask(char *answer, size_t *answer_len, const provision *p, const uint8_t *msg,
		size_t len)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, status = -1;
	bool done = pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0;
	pid_t pid = -1;
	ssize_t n = 1;

	done = done && start_process(&pid, p, in[0], out[1]) &&
			write(in[1], msg, len) == (ssize_t)len;
	close(in[0]);
	close(in[1]);
	close(out[1]);
	*answer_len = 0;
	while (done && n > 0 && *answer_len < ANSWER_MAX) {
		n = read(out[0], answer + *answer_len, ANSWER_MAX - *answer_len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			*answer_len += (size_t)n;
	}
	close(out[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return done && n == 0 && WIFEXITED(status);
}

/* ---- the verdict ----------------------------------------------------------------------------- */

static bool is_text(const json_t *o, const char *name, const char *wanted)
{
	const char *is = json_string_value(json_object_get(o, name));

	return is != NULL && strcmp(is, wanted) == 0;
}

static const char *text_of_reason(const char *name)
{
	int r = 1;

	while (r < KM_R_ENGINE && strcmp(km_reason_name((km_reason)r), name) != 0)
		r++;
	return km_reason_text((km_reason)r);
}

static bool same_groups(const json_t *groups, const km_key *key)
{
	if (json_array_size(groups) != key->params.n_groups)
		return false;
	for (size_t i = 0; i < key->params.n_groups; i++) {
		const char *group = json_string_value(json_array_get(groups, i));

		if (group == NULL || strcmp(group, key->params.groups[i].s) != 0)
			return false;
	}
	return true;
}

/* NULL: it got what the run gives. */
static const char *judge(const provision *p, const json_t *o)
{
	const char *error = json_string_value(json_object_get(o, "error"));
	char id[9];

	snprintf(id, sizeof id, "%08x", (unsigned)p->key->gmk_id);
	if (!json_is_object(o))
		return "its client gave no answer: its keys, or their KMS, cannot be used";
	if (error != NULL)
		return text_of_reason(error);
	if (!is_text(o, "gmk_id", id))
		return "its client got another key";
	if (json_is_true(json_object_get(o, "revoked")) != p->revoke)
		return p->revoke ? "its client did not see a revocation" :
				"its client saw a revocation";
	if (!same_groups(json_object_get(o, "groups"), p->key) || !is_text(o, "text", p->key->params.text.s))
		return "its client got other groups or another text";
	return NULL;
}

int provision_ask_canary(const provision *p)
{
	size_t len = 0, answer_len = 0;
	const char *why = NULL;
	uint8_t *msg;
	char *answer;
	json_t *o;
	char shown[CLI_SHOWN];

	if (p->w.canary == NULL)
		return CLI_DONE;
	msg = make_message(&len, p, &why);
	answer = malloc(ANSWER_MAX);
	if (msg != NULL && (answer == NULL || !ask(answer, &answer_len, p, msg, len)))
		why = "its client could not be run";
	else if (msg != NULL)
		why = NULL;
	o = why == NULL ? json_loadb(answer, answer_len, 0, NULL) : NULL;
	if (why == NULL)
		why = judge(p, o);
	cli_show(shown, p->canary.s, p->canary.len);
	if (why != NULL)
		cli_error("canary %s: %s: %s", shown, why, p->file.f != NULL ?
				"no output was put in place" :
				"what has left on stdout must not be used");
	else
		cli_note("canary %s: opened its message with kernel %s", shown, other_kernel());
	json_decref(o);
	free(answer);
	free(msg);
	return why == NULL ? CLI_DONE : CLI_SELFTEST;
}
