#include "cli/output.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/lookup.h"
#include "base/newfile.h"
#include "cli/cli.h"
#include "cli/progress.h"

/* ---- interrupts ---- */

static void remove_and_exit(int signal_number)
{
	progress_wipe();
	newfile_remove_all();
	_exit(STATUS_SIGNAL + signal_number);
}

void outputs_guard(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction act = { .sa_handler = remove_and_exit };

	sigfillset(&act.sa_mask);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		struct sigaction was;

		/* Who started us with a signal ignored (nohup) wants it ignored. */
		if (sigaction(signals[i], NULL, &was) == 0 && was.sa_handler != SIG_IGN)
			sigaction(signals[i], &act, NULL);
	}
	/* A reader that went away is a write error, reported and cleaned up after. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* so is a file that may not grow */
}

/* ---- colour ---- */

enum colour_when option_colour(const char *text, struct argp_state *state)
{
	static const struct {
		const char *name;
		enum colour_when when;
	} rows[] = {
		{ "auto", COLOUR_AUTO },
		{ "always", COLOUR_ALWAYS },
		{ "never", COLOUR_NEVER },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].name, text) == 0)
			return rows[i].when;
	}
	argp_error(state, "--color is auto, always or never, not \"%s\"", text);
	return COLOUR_AUTO;
}

static bool is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && *value != '\0';
}

bool colour_wanted(enum colour_when when, FILE *fp)
{
	const char *term = getenv("TERM");
	const char *force = getenv("CLICOLOR_FORCE");

	if (when != COLOUR_AUTO)
		return when == COLOUR_ALWAYS;
	if (is_set("NO_COLOR"))
		return false;
	if (force != NULL && *force != '\0' && strcmp(force, "0") != 0)
		return true;
	return isatty(fileno(fp)) && term != NULL && strcmp(term, "dumb") != 0;
}

/* ---- FMT[:FILE] ---- */

bool outputs_have(const struct outputs *o, const char *path)
{
	for (unsigned i = 0; i < o->n; i++) {
		if (o->list[i].path != NULL && newfile_is_same(o->list[i].path, path))
			return true;
	}
	return false;
}

/* Only the formats of this use can have been meant. */
static const char *nearest_format(const char *name, enum report_use use)
{
	const char *names[32];
	size_t n = 0;

	for (size_t i = 0; i < report_formats_n && n < ARRAY_LEN(names); i++) {
		if ((report_formats[i].use & use) != 0)
			names[n++] = report_formats[i].name;
	}
	return lookup_nearest(names, n, sizeof(names[0]), name);
}

bool outputs_stream_to_terminal(const struct outputs *o)
{
	for (unsigned i = 0; i < o->n && isatty(STDOUT_FILENO); i++) {
		if (o->list[i].path == NULL &&
			strcmp(o->list[i].format->name, "table") != 0 &&
			strcmp(o->list[i].format->name, "brief") != 0)
			return true;
	}
	return false;
}

/* If not, then not: a lack of them will say so. */
void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)!setrlimit(RLIMIT_NOFILE, &limit);
}

bool outputs_use_stdout(const struct outputs *o)
{
	for (unsigned i = 0; i < o->n; i++) {
		if (o->list[i].path == NULL)
			return true;
	}
	return false;
}

int outputs_add(struct outputs *o, const char *text, enum report_use use,
	char why[OUTPUT_WHY_MAX])
{
	size_t n = strcspn(text, ":");
	const char *path = text[n] == ':' ? text + n + 1 : NULL;
	bool to_stdout = path == NULL || strcmp(path, "-") == 0;
	const struct report_format *format;
	const char *near;
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)(n < 60 ? n : 60), text);
	format = report_format(name, use);
	if (format == NULL) {
		near = nearest_format(name, use);
		snprintf(why, OUTPUT_WHY_MAX, "unknown format \"%s\"%s%s%s", name,
			near == NULL ? "; `harness list formats' shows them"
				     : " (did you mean \"",
			near == NULL ? "" : near, near == NULL ? "" : "\"?)");
		return -1;
	}
	if (path != NULL && *path == '\0') {
		snprintf(why, OUTPUT_WHY_MAX, "no file name after \"%s:\"", name);
		return -1;
	}
	if (to_stdout && outputs_use_stdout(o)) {
		snprintf(why, OUTPUT_WHY_MAX,
			"two formats for standard output; give one a file: %s:FILE",
			name);
		return -1;
	}
	/* The later one would replace the earlier one without a word. */
	if (!to_stdout && outputs_have(o, path)) {
		snprintf(why, OUTPUT_WHY_MAX, "two reports for one file: %.200s", path);
		return -1;
	}
	if (o->n == OUTPUTS_MAX) {
		snprintf(why, OUTPUT_WHY_MAX, "more than %d formats", OUTPUTS_MAX);
		return -1;
	}
	o->list[o->n++] =
		(struct output){ .format = format, .path = to_stdout ? NULL : path };
	return 0;
}

void option_format(struct outputs *o, const char *text, enum report_use use,
	struct argp_state *state)
{
	char why[OUTPUT_WHY_MAX];

	if (outputs_add(o, text, use, why) != 0)
		argp_error(state, "%s", why);
}

bool outputs_want_details(const struct outputs *o)
{
	for (unsigned i = 0; i < o->n; i++) {
		if (o->list[i].format->details)
			return true;
	}
	return false;
}

/* ---- files ---- */

/* The stream has a descriptor of its own, as fclose() takes it away. */
static FILE *open_file(struct output *out)
{
	int fd;

	out->file = newfile_open(out->path);
	fd = out->file == NULL ? -1 : dup(newfile_fd(out->file));
	return fd < 0 ? NULL : fdopen(fd, "w");
}

static int open_one(
	struct output *out, const struct report_options *options, bool colour)
{
	struct report_options own = *options;

	own.colour = colour && out->path == NULL;
	out->fp = out->path == NULL ? stdout : open_file(out);
	if (out->fp == NULL) {
		cli_complain("%s: cannot write: %s", out->path, strerror(errno));
		return -1;
	}
	out->report = report_new(out->format, &own, out->fp);
	return 0;
}

int outputs_open(struct outputs *o, const struct report_options *options, bool colour)
{
	for (unsigned i = 0; i < o->n; i++) {
		if (open_one(&o->list[i], options, colour) != 0)
			return -1;
	}
	return 0;
}

static int close_file(struct output *out)
{
	FILE *fp = out->fp;

	out->fp = NULL;
	if (fp == NULL || fp == stdout)
		return 0;
	return fclose(fp);
}

static int cannot_write(const struct output *out)
{
	if (out->path == NULL)
		cli_flush_stdout();
	else
		cli_complain("%s: cannot write: %s", out->path, strerror(errno));
	return -1;
}

static int end_one(struct output *out)
{
	int rc = report_end(out->report);

	if (close_file(out) != 0)
		rc = -1;
	return rc == 0 ? 0 : cannot_write(out);
}

static int put_in_place(struct output *out)
{
	struct newfile *file = out->file;

	out->file = NULL;
	return file == NULL || newfile_keep(file) == 0 ? 0 : cannot_write(out);
}

/* All are written before the first is put in place. */
int outputs_finish(struct outputs *o)
{
	int rc = 0;

	for (unsigned i = 0; i < o->n; i++) {
		if (end_one(&o->list[i]) != 0)
			rc = -1;
	}
	for (unsigned i = 0; i < o->n && rc == 0; i++)
		rc = put_in_place(&o->list[i]);
	outputs_drop(o);
	return rc;
}

void outputs_drop(struct outputs *o)
{
	for (unsigned i = 0; i < o->n; i++) {
		struct output *out = &o->list[i];

		close_file(out);
		newfile_drop(out->file);
		report_free(out->report);
		*out = (struct output){ 0 };
	}
	o->n = 0;
}

/* ---- the sink ---- */

static void sink_begin(void *ctx, const struct record_run *run,
	const struct record_scenario *scenarios, size_t n)
{
	struct outputs *o = ctx;

	for (unsigned i = 0; i < o->n && !o->begun; i++)
		report_begin(o->list[i].report, run, scenarios, n);
	o->begun = true;
}

static void sink_record(void *ctx, const struct record *r)
{
	struct outputs *o = ctx;

	for (unsigned i = 0; i < o->n; i++)
		report_record(o->list[i].report, r);
}

struct run_sink outputs_sink(struct outputs *o)
{
	return (struct run_sink){
		.begin = sink_begin, .record = sink_record, .ctx = o
	};
}
