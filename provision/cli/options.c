/* options.c -- the words of the command line. */
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"

const char *cli_kernel;

static bool wants_help, wants_version;
static bool wants_short;                /* -h */

static const cli_option globals[] = {
	{ "plain", 0, CLI_FLAG, &cli_plain },
	{ "quiet", 'q', CLI_FLAG, &cli_quiet },
	{ "verbose", 'v', CLI_FLAG, &cli_verbose },
	{ "kernel", 0, CLI_ONE, &cli_kernel },
	{ "help", 'h', CLI_FLAG, &wants_help },
	{ "version", 0, CLI_FLAG, &wants_version },
	{ NULL, 0, CLI_FLAG, NULL },
};

static const cli_option short_help = { "help", 'h', CLI_FLAG, &wants_short };

int cli_usage(const cli_command *command, const char *format, ...)
{
	char text[2 * CLI_SHOWN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	cli_error("%s (see keymuster %s%s--help)", text, command->name,
			*command->name == '\0' ? "" : " ");
	return CLI_USAGE;
}

bool cli_list_add(cli_list *list, const char *word)
{
	const char **bigger = reallocarray(list->at, list->n + 1, sizeof *bigger);

	if (bigger == NULL)
		return false;
	list->at = bigger;
	list->at[list->n++] = word;
	return true;
}

void cli_list_free(cli_list *list)
{
	free(list->at);
	*list = (cli_list){ 0 };
}

/* The option that a word names; *value is what stands behind its "=" or its letter, or NULL. */
static const cli_option *find(const cli_option *options, const char *word, const char **value)
{
	size_t len = strcspn(word, "=");

	*value = NULL;
	for (; options->name != NULL; options++) {
		if (word[1] != '-' && options->letter != 0 && word[1] == options->letter) {
			if (word[2] != '\0')
				*value = word + 2;
			return options;
		}
		if (word[1] == '-' && strlen(options->name) == len - 2 &&
		    memcmp(options->name, word + 2, len - 2) == 0) {
			if (word[len] == '=')
				*value = word + len + 1;
			return options;
		}
	}
	return NULL;
}

/* Store an option.  CLI_GO_ON or CLI_USAGE. */
static int store(const cli_command *command, const cli_option *option, const char *value)
{
	const char **one = option->to;

	if (option->kind == CLI_FLAG) {
		*(bool *)option->to = true;
		return value == NULL ? CLI_GO_ON :
				cli_usage(command, "--%s takes no value", option->name);
	}
	if (value == NULL)
		return cli_usage(command, "--%s needs a value", option->name);
	if (option->kind == CLI_MANY)
		return cli_list_add(option->to, value) ? CLI_GO_ON : CLI_IO;
	if (*one != NULL)
		return cli_usage(command, "--%s was given twice", option->name);
	*one = value;
	return CLI_GO_ON;
}

static void print_version(void)
{
	const char *name;
	int runs;

	printf("keymuster %s\nkernels:", km_version());
	for (size_t i = 0; (name = km_kernel_at(i, &runs)) != NULL; i++)
		printf(" %s%s", name, runs ? "" : " (not on this processor)");
	putchar('\n');
}

/* The usage, then the first line of each option or command, and what they are grouped under. */
static void print_short(const cli_command *command)
{
	bool usage = true;

	for (const char *line = command->help; *line != '\0'; line += strcspn(line, "\n") + 1) {
		int len = (int)strcspn(line, "\n");

		if (strncmp(line, "Example", 7) == 0)
			break;
		if (usage || (len > 2 && strncmp(line, "  ", 2) == 0 && line[2] != ' ') ||
		    (len > 1 && line[0] != ' ' && line[len - 1] == ':'))
			printf("%.*s\n", len, line);
		usage = usage && len > 0;
	}
	printf("\nkeymuster %s%s--help says more.\n", command->name,
			*command->name == '\0' ? "" : " ");
}

void cli_put_help(const cli_command *command)
{
	fputs(command->help, stdout);
	if (command->help_rest != NULL)
		fputs(command->help_rest, stdout);
}

static int help(const cli_command *command)
{
	if (wants_version)
		print_version();
	else if (wants_short && !wants_help)
		print_short(command);
	else
		cli_put_help(command);
	return CLI_DONE;
}

static int no_such_option(const cli_command *command, const cli_option *options, const char *word)
{
	const cli_option *const tables[] = { options, globals };
	size_t len = strcspn(word, "=");
	cli_suggestion meant = { 0 };
	char shown[CLI_SHOWN];

	for (size_t t = 0; t < 2 && len > 2 && word[1] == '-'; t++) {
		for (const cli_option *o = tables[t]; o->name != NULL; o++)
			cli_suggest(&meant, word + 2, len - 2, o->name);
	}
	cli_show(shown, word, strlen(word));
	if (meant.word == NULL)
		return cli_usage(command, "no such option: %s", shown);
	return cli_usage(command, "no such option: %s; did you mean --%s?", shown, meant.word);
}

int cli_parse(const cli_command *command, int argc, char **argv, const cli_option *options,
		cli_list *operands)
{
	bool only_operands = false;
	int code = CLI_GO_ON;

	for (int i = 0; i < argc && code == CLI_GO_ON; i++) {
		const cli_option *option;
		const char *value;

		if (only_operands || argv[i][0] != '-' || argv[i][1] == '\0') {
			code = cli_list_add(operands, argv[i]) ? CLI_GO_ON : CLI_IO;
			continue;
		}
		if (strcmp(argv[i], "--") == 0) {
			only_operands = true;
			continue;
		}
		option = find(options, argv[i], &value);
		if (option == NULL)
			option = find(globals, argv[i], &value);
		if (option == NULL)
			return no_such_option(command, options, argv[i]);
		if (option->to == &wants_help && argv[i][1] != '-')
			option = &short_help;
		if (value == NULL && option->kind != CLI_FLAG && i + 1 < argc)
			value = argv[++i];
		code = store(command, option, value);
	}
	if (code == CLI_GO_ON && (wants_help || wants_short || wants_version))
		code = help(command);
	return code;
}

bool cli_take_number(const cli_command *command, const char *option, const char *text,
		uint64_t min, uint64_t max, uint64_t *n)
{
	char shown[CLI_SHOWN];
	bool fits = *text != '\0';

	*n = 0;
	for (const char *c = text; fits && *c != '\0'; c++) {
		fits = *c >= '0' && *c <= '9' && *n <= (UINT64_MAX - 9) / 10;
		*n = *n * 10 + (uint64_t)(*c - '0');
	}
	if (fits && *n >= min && *n <= max)
		return true;
	cli_usage(command, "--%s: %s is not a number from %llu to %llu", option,
			cli_show(shown, text, strlen(text)), (unsigned long long)min,
			(unsigned long long)max);
	return false;
}

bool cli_take_time(const cli_command *command, const char *option, const char *text, int64_t *t)
{
	char shown[CLI_SHOWN];

	if (when_parse(t, text, strlen(text)))
		return true;
	cli_usage(command, "--%s: %s is neither Unix seconds nor a time such as "
			"2026-01-05T10:00:00Z", option, cli_show(shown, text, strlen(text)));
	return false;
}

bool cli_take_word(const cli_command *command, const char *option, const char *text,
		const char *const *words, size_t *at)
{
	char shown[CLI_SHOWN], all[128] = "";

	for (*at = 0; words[*at] != NULL; ++*at) {
		if (strcmp(words[*at], text) == 0)
			return true;
		if (*at > 0)
			strcat(all, ", ");
		strcat(all, words[*at]);
	}
	cli_usage(command, "--%s: %s is none of %s", option, cli_show(shown, text, strlen(text)), all);
	return false;
}
