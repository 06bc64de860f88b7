/* cli.h - the command line: a row for each subcommand. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

/* Exit statuses; the manual page explains them (docs/design.md, section 7). */
enum status {
	STATUS_OK = 0,
	STATUS_DIFFERS = 1,	/* something is not as expected */
	STATUS_USAGE = 2,	/* usage or input error */
	STATUS_ENVIRONMENT = 3, /* cannot write, bind, start */
	STATUS_NOTHING = 4,	/* nothing matched */
	STATUS_SIGNAL = 128,	/* + signal number: 130 when interrupted */
};

struct command {
	const char *name;
	const char *args; /* "FILE..." */
	const char *help;
	int (*run)(int argc, char **argv); /* argv[0] is "harness NAME" */
};

extern const struct command commands[];
extern const size_t commands_n;

int cmd_run(int argc, char **argv);
int cmd_lookup(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_env(int argc, char **argv);
int cmd_lab(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_version(int argc, char **argv);

/* Runs the command of that name, or says what was probably meant. */
int command_run(const char *name, int argc, char **argv);

void usage_print(bool as_error);
void version_print(bool with_libraries);

/* "harness: ..." on standard error, with a newline. */
void cli_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* -1 after complaining, once, when something printed could not be written. */
int cli_flush_stdout(void);

/* Writes text to standard output; the status says whether all of it arrived. */
struct str;
int print_text(const struct str *s);

#endif
