/* output.h - where reports go: `--format FMT[:FILE]`, one or several.
 *
 * A file is whole or not there (base/newfile.h); an interrupt leaves nothing behind
 * either. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "report/format.h"
#include "run/run.h"

struct newfile;

/* More reports of one run than anybody names. */
#define OUTPUTS_MAX 16

struct output {
	const struct report_format *format;
	const char *path; /* NULL: standard output */
	struct newfile *file;
	FILE *fp;
	struct report *report;
};

struct outputs {
	struct output list[OUTPUTS_MAX];
	unsigned n;
	bool begun;
};

/* Adds "FMT" or "FMT:FILE" (borrowed). -1, with the reason in `why`, when it cannot be:
 * an unknown format, no file name, a second report for standard output ("-" is that,
 * too) or for the same file. */
#define OUTPUT_WHY_MAX 256
int outputs_add(struct outputs *o, const char *text, enum report_use use,
	char why[OUTPUT_WHY_MAX]);

bool outputs_want_details(const struct outputs *o);
bool outputs_use_stdout(const struct outputs *o);

/* Standard output is a terminal, and more than the words for people goes there. */
bool outputs_stream_to_terminal(const struct outputs *o);

/* Each server and box of each thread has sockets. Where the system's limit is higher
 * than the usual 1024, it is ours to use. */
void raise_descriptor_limit(void);

/* A report goes to this file already. */
bool outputs_have(const struct outputs *o, const char *path);

/* Opens all of them. -1 after complaining; then call outputs_drop(). */
int outputs_open(struct outputs *o, const struct report_options *options, bool colour);

/* A sink that gives everything to every report. A second begin is ignored: look-ups of
 * several addresses are one report. */
struct run_sink outputs_sink(struct outputs *o);

/* Ends the reports and puts the files in place. -1 after complaining: then no file is
 * left. */
int outputs_finish(struct outputs *o);

/* Closes what is open and removes what was begun. */
void outputs_drop(struct outputs *o);

/* From now on an interrupt removes unfinished files and ends with 128 + signal. */
void outputs_guard(void);

enum colour_when { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

/* The values of --format and --color, for the option parsers of the subcommands: a
 * wrong one ends the program with a usage error. */
struct argp_state;
void option_format(struct outputs *o, const char *text, enum report_use use,
	struct argp_state *state);
enum colour_when option_colour(const char *text, struct argp_state *state);

/* NO_COLOR (no-color.org) and CLICOLOR_FORCE are heeded when nothing was asked for. */
bool colour_wanted(enum colour_when when, FILE *fp);

#endif
