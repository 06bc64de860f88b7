#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "base/lookup.h"
#include "base/str.h"
#include "cli/progress.h"

const struct command commands[] = {
	{ "run", "FILE...", "run scenarios and compare with what they expect",
		cmd_run },
	{ "lookup", "ADDRESS... --zones INDEX",
		"one address through the eyes of every mail client", cmd_lookup },
	{ "serve", "FILE | --zones INDEX",
		"name servers for dig, resolvers and mail servers to ask", cmd_serve },
	{ "verify", "FILE...",
		"real resolvers and mail servers against their emulation", cmd_verify },
	{ "env", "", "which real programs can run on this machine", cmd_env },
	{ "lab", "build [NAME...] | clean",
		"builds or removes the systems that real programs run from", cmd_lab },
	{ "list", "KIND", "the profiles, resolvers, modes, programs, ... there are",
		cmd_list },
	{ "explain", "THING [FILE...]",
		"what one of them does; or a case, step by step", cmd_explain },
	{ "help", "[COMMAND]", "this text, or the options of a command", cmd_help },
	{ "version", "", "the version, and those of the libraries", cmd_version },
};
const size_t commands_n = ARRAY_LEN(commands);

void usage_print(bool as_error)
{
	FILE *to = as_error ? stderr : stdout;

	fprintf(to,
		"Usage: harness COMMAND [ARGUMENT...]\n\n"
		"Which DNS layout lets a name be a web alias and receive mail, with "
		"every mail\nserver and behind every resolver.\n\nCommands:\n");
	for (size_t i = 0; i < commands_n; i++) {
		struct str s = STR_INIT;

		str_printf(&s, "  %s %s", commands[i].name, commands[i].args);
		str_pad(&s, 0, 34);
		fprintf(to, "%s%s\n", s.data, commands[i].help);
		str_clear(&s);
	}
	fprintf(to,
		"\n`harness help COMMAND' shows the options of a command.\n"
		"Exit status: 0 as expected, 1 something differs, 2 usage or input "
		"error,\n3 environment error, 4 nothing matched, 130 interrupted.\n");
}

void cli_complain(const char *fmt, ...)
{
	struct str s = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_vprintf(&s, fmt, ap);
	va_end(ap);
	/* What comes out of a file must not control the terminal. */
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.data[i] < 0x20 || s.data[i] == 0x7f)
			s.data[i] = '?';
	}
	progress_wipe();
	fprintf(stderr, "harness: %s\n", s.data);
	str_clear(&s);
}

int cli_flush_stdout(void)
{
	int failed = ferror(stdout);

	if (fflush(stdout) == 0 && !failed)
		return 0;
	cli_complain("standard output: cannot write: %s", strerror(errno));
	/* What could not be written is not tried, nor complained of, again. */
	__fpurge(stdout);
	clearerr(stdout);
	return -1;
}

int print_text(const struct str *s)
{
	fwrite(s->data, 1, s->len, stdout);
	return cli_flush_stdout() == 0 ? STATUS_OK : STATUS_ENVIRONMENT;
}

int command_run(const char *name, int argc, char **argv)
{
	const struct command *c =
		lookup_row(commands, commands_n, sizeof(commands[0]), name);
	const char *near;
	char called[64];

	if (c == NULL) {
		near = lookup_nearest(commands, commands_n, sizeof(commands[0]), name);
		cli_complain(near == NULL
				     ? "unknown command \"%s\""
				     : "unknown command \"%s\" (did you mean \"%s\"?)",
			name, near);
		fprintf(stderr, "Try `harness help' for the list of commands.\n");
		return STATUS_USAGE;
	}
	snprintf(called, sizeof(called), "harness %s", c->name);
	argv[0] = called;
	return c->run(argc, argv);
}
