/* inputs.c -- what most subcommands begin with: kernels, input files, key material. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/wait.h"
#include "base/when.h"

static void tell_removed(const char *name)
{
	char shown[CLI_SHOWN];

	cli_detail("%s: removed, a run that died left it", cli_show(shown, name, strlen(name)));
}

int cli_start(void)
{
	char shown[CLI_SHOWN];
	km_err err = km_init(cli_kernel);

	if (err == KM_OK) {
		file_on_removed(tell_removed);
		cli_detail("kernel %s, version %s", km_kernel(), km_version());
		return CLI_DONE;
	}
	if (err == KM_EKERNEL && cli_kernel != NULL) {
		cli_error("--kernel %s: %s", cli_show(shown, cli_kernel, strlen(cli_kernel)),
				km_strerror(err));
		return CLI_USAGE;
	}
	cli_error("%s", km_strerror(err));
	return CLI_SELFTEST;
}

/* A stream over a descriptor, whose reads a signal ends. */
static ssize_t read_fd(void *fd, char *buf, size_t len)
{
	if (!cli_interrupted)
		return wait_read((int)(intptr_t)fd, buf, len);
	errno = EINTR;          /* a regular file could be read on, to no end */
	return -1;
}

static int seek_fd(void *fd, off64_t *at, int whence)
{
	*at = lseek((int)(intptr_t)fd, *at, whence);
	return *at < 0 ? -1 : 0;
}

static int close_fd(void *fd)
{
	return (intptr_t)fd == STDIN_FILENO ? 0 : close((int)(intptr_t)fd);
}

FILE *cli_open_input(const char **name, uintmax_t *size)
{
	static const cookie_io_functions_t calls = {
		.read = read_fd, .seek = seek_fd, .close = close_fd,
	};
	bool standard = strcmp(*name, "-") == 0;
	int fd = standard ? STDIN_FILENO : wait_open(*name, O_RDONLY | O_CLOEXEC);
	FILE *in = fd < 0 ? NULL : fopencookie((void *)(intptr_t)fd, "r", calls);
	char shown[CLI_SHOWN];
	struct stat st;

	if (standard)
		*name = "stdin";
	if (in == NULL)
		cli_error("%s: %s", **name == '\0' ? "an empty name" :
				cli_show(shown, *name, strlen(*name)), strerror(errno));
	if (size != NULL)
		*size = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? (uintmax_t)st.st_size : 0;
	return in;
}

void cli_close_input(FILE *in)
{
	if (in != NULL)
		fclose(in);
}

static const char *file_of(const char *name)
{
	return strcmp(name, "-") == 0 ? "/dev/stdin" : name;
}

static int load_kms(km_keyring *ring, const char *name)
{
	km_complaint why = { 0 };
	km_err err = km_keyring_load_kms(ring, file_of(name), &why);

	if (err != KM_OK)
		cli_error("%s", why.text);
	return err == KM_OK ? CLI_DONE : CLI_KEYS;
}

static int load_keys(km_keyring *ring, const char *name)
{
	km_complaint why = { 0 };
	char shown[CLI_SHOWN];
	km_err err = km_keyring_load_keys(ring, file_of(name), KM_USE_SIGN | KM_USE_OPEN, &why);

	if (err == KM_OK && !file_is_private(file_of(name)))
		cli_warn("%s: others than its owner may read these keys",
				cli_show(shown, name, strlen(name)));
	if (err != KM_OK)
		cli_error("%s", why.text);
	return err == KM_OK ? CLI_DONE : CLI_KEYS;
}

static void say_remark(void *ctx, const char *text)
{
	(void)ctx;
	cli_warn("%s", text);
}

int cli_load(km_keyring **ring, const cli_list *kms, const cli_list *keys, unsigned threads,
		cli_keys_how how)
{
	int code = km_keyring_new(ring) == KM_OK ? CLI_DONE : CLI_KEYS;

	if (code == CLI_DONE) {
		km_pool *pool;

		/* Without it tables and files of keys are made here. */
		if (threads > 0 && km_pool_new(&pool, threads, NULL) == KM_OK) {
			km_keyring_pool(*ring, pool);
			km_pool_free(pool);
		}
		km_keyring_on_remark(*ring, say_remark, NULL);
		if (km_keyring_set(*ring, KM_RING_PERIODS, how.any_period ? KM_PERIODS_ANY : KM_PERIODS_RULED,
				NULL) != KM_OK ||
		    km_keyring_set(*ring, KM_RING_NAMESPACES, how.lax_ns ? KM_NAMESPACES_ANY : KM_NAMESPACES_3GPP,
				NULL) != KM_OK)
			code = CLI_KEYS;
	}
	for (size_t i = 0; code == CLI_DONE && i < kms->n; i++)
		code = load_kms(*ring, kms->at[i]);
	for (size_t i = 0; code == CLI_DONE && i < keys->n; i++)
		code = load_keys(*ring, keys->at[i]);
	if (code != CLI_DONE) {
		km_keyring_free(*ring);
		*ring = NULL;
	}
	return code;
}

const char *cli_why_kms(char out[CLI_WHY], const km_kms *kms, int64_t at)
{
	const char *why = cli_why_not_valid(kms->valid_from, kms->valid_to, kms->revoked, at);
	char when[WHEN_MAX] = "", shown[CLI_SHOWN];

	if (why == NULL)
		return NULL;
	if (!kms->revoked)
		when_print(when, at < kms->valid_from ? kms->valid_from : kms->valid_to);
	snprintf(out, CLI_WHY, "%.200s: the certificate of the KMS %.160s %s%s%s", kms->source,
			cli_show(shown, kms->uri, strlen(kms->uri)), why,
			kms->revoked ? "" : at < kms->valid_from ? ": it begins " : ": it ended ", when);
	return out;
}

const char *cli_why_period(char out[CLI_WHY], const km_keyring *ring, km_str uri, const km_kms *kms,
		int64_t at)
{
	uint64_t want = km_key_period_no(when_second(at), kms->period, kms->offset);
	uint64_t unix_no = km_key_period_no(when_second(at - KM_NTP_UNIX), kms->period, kms->offset);
	const km_key_set *set;
	const char *how = NULL;
	uint64_t no = 0;

	*out = '\0';
	for (size_t i = 0; how == NULL && (set = km_keyring_keys_at(ring, i)) != NULL; i++) {
		if (strcmp(set->kms->uri, kms->uri) != 0 || strlen(set->uri) != uri.len ||
		    memcmp(set->uri, uri.s, uri.len) != 0)
			continue;
		no = set->period_no;
		if (no == want && set->kms != kms) {
			snprintf(out, CLI_WHY, ": the one held fits another certificate of this KMS, %.150s, "
					"than %.150s, which is the one that is taken", set->kms->source,
					kms->source);
			return out;
		}
		if (no == unix_no)
			how = "is that of periods counted from 1970";
		else if (set->valid_from <= at && at <= set->valid_to && set->valid_from > INT64_MIN)
			how = no + 1 == want || no == want + 1 ? "is one off for a key set that is valid now"
					: "is not that of F.2.1 for a key set that is valid now";
	}
	if (how == NULL && no != 0)
		snprintf(out, CLI_WHY, ": the last one held is of period %llu", (unsigned long long)no);
	else if (how != NULL)
		snprintf(out, CLI_WHY, ": KeyPeriodNo %llu %s; expected %llu (--any-period takes it as it "
				"is)", (unsigned long long)no, how, (unsigned long long)want);
	return out;
}

const char *cli_why_not_valid(int64_t from, int64_t to, bool revoked, int64_t now)
{
	if (revoked)
		return "is revoked";
	if (now < from)
		return "is not valid yet";
	if (now > to)
		return "has expired";
	return NULL;
}

double cli_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
