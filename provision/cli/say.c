/* say.c -- what the command says to people, on stderr. */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"

bool cli_plain, cli_quiet, cli_verbose;

static bool progress_shows, failed;

static bool is_terminal(void)
{
	const char *term = getenv("TERM");

	return !cli_plain && isatty(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

static bool has_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return is_terminal() && (no == NULL || *no == '\0');
}

static void say_text(const char *colour, const char *word, const char *text)
{
	bool coloured = colour != NULL && has_colour();

	if (progress_shows)
		fputs("\r\033[K", stderr);
	progress_shows = false;
	if (word != NULL)
		fprintf(stderr, "keymuster: %s%s:%s ", coloured ? colour : "", word,
				coloured ? "\033[0m" : "");
	fprintf(stderr, "%s\n", text);
}

static void say(const char *colour, const char *word, const char *format, va_list args)
{
	char text[4 * CLI_SHOWN];

	vsnprintf(text, sizeof text, format, args);
	say_text(colour, word, text);
}

/* Is it nothing but what a signal broke off?  That is said once, at the end. */
static bool is_of_signal(const char *text)
{
	const char *why = strerror(EINTR);
	size_t len = strlen(text), n = strlen(why);

	return cli_interrupted && len >= n && strcmp(text + len - n, why) == 0;
}

void cli_error(const char *format, ...)
{
	char text[4 * CLI_SHOWN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (is_of_signal(text))
		return;
	failed = true;
	say_text("\033[31m", "error", text);
}

bool cli_has_failed(void)
{
	return failed;
}

void cli_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("\033[33m", "warning", format, args);
	va_end(args);
}

void cli_note(const char *format, ...)
{
	va_list args;

	if (cli_quiet)
		return;
	va_start(args, format);
	say(NULL, NULL, format, args);
	va_end(args);
}

void cli_detail(const char *format, ...)
{
	va_list args;

	if (!cli_verbose || cli_quiet)
		return;
	va_start(args, format);
	say(NULL, NULL, format, args);
	va_end(args);
}

bool cli_is_utf8(const char *s, size_t len)
{
	unsigned long point;
	size_t n = 1;

	for (; len > 0 && n > 0; s += n, len -= n)
		n = escape_utf8(&point, s, len);
	return n > 0;
}

const char *cli_show(char out[CLI_SHOWN], const char *s, size_t len)
{
	escape_into(out, CLI_SHOWN, s, len);
	return out;
}

void cli_reject(const char *name, uint64_t line, const char *text, size_t len, km_reason reason,
		const char *why)
{
	char shown[CLI_SHOWN], file[CLI_SHOWN], line_text[4 * CLI_SHOWN], at[24] = "";

	if (line != 0)
		snprintf(at, sizeof at, "%llu:", (unsigned long long)line);
	snprintf(line_text, sizeof line_text, "%s:%s%s%s%s %s: %s",
			cli_show(file, name, strlen(name)), at, len == 0 ? "" : " ",
			cli_show(shown, text == NULL ? "" : text, len), len == 0 ? "" : ":",
			km_reason_name(reason), why);
	say_text(NULL, NULL, line_text);
}

/* "2 h 10 min", "3 min 5 s", "9 s" */
static void print_left(char *out, size_t room, double seconds)
{
	unsigned long long s = seconds < 1e9 ? (unsigned long long)(seconds + 0.5) : 1000000000;

	if (s >= 3600)
		snprintf(out, room, ", %llu h %llu min left", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		snprintf(out, room, ", %llu min %llu s left", s / 60, s % 60);
	else
		snprintf(out, room, ", %llu s left", s);
}

void cli_show_progress(cli_progress *p, uint64_t done, uint64_t total)
{
	double now = cli_seconds(), rate = now > p->started ? (double)done / (now - p->started) : 0;
	char of[32] = "", percent[16] = "", left[48] = "";

	if ((p->shown > 0 && now - p->shown < 0.1) || cli_quiet || !is_terminal())
		return;
	p->shown = now;
	if (total >= done && total > 0) {
		snprintf(of, sizeof of, " of %llu", (unsigned long long)total);
		snprintf(percent, sizeof percent, " (%llu %%)",
				(unsigned long long)((double)done / (double)total * 100));
		if (rate > 0)
			print_left(left, sizeof left, (double)(total - done) / rate);
	}
	fprintf(stderr, "\r\033[K%llu%s %s%s, %.0f a second%s", (unsigned long long)done, of,
			p->what, percent, rate, left);
	fflush(stderr);
	progress_shows = true;
}
