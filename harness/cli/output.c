#include "cli/output.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/lookup.h"
#include "cli/cli.h"

/* ---- unfinished files and interrupts ---- */

/* The one global of the program: a signal handler has no other way to know. A slot is
 * set before its file is made and cleared after it is gone. */
static char *volatile unfinished[OUTPUTS_MAX];

static void remove_and_exit(int signal_number)
{
	for (int i = 0; i < OUTPUTS_MAX; i++) {
		if (unfinished[i] != NULL)
			unlink(unfinished[i]);
	}
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

/* ---- names of files ---- */

/* A link stays a link: what it points to is replaced. Of a new file the folder is made
 * plain, so that one file has one name. NULL, with errno set, when there is no such
 * folder. */
static char *final_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *real = realpath(path, NULL), *folder, *name;

	if (real != NULL || errno != ENOENT)
		return real;
	folder =
		slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
	real = folder == NULL ? NULL : realpath(folder, NULL);
	free(folder);
	if (real == NULL)
		return NULL;
	if (asprintf(&name, "%s/%s", real, slash == NULL ? path : slash + 1) < 0)
		bug("out of memory");
	free(real);
	return name;
}

/* A device, a pipe: written to as it stands. */
static bool is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static bool same_file(const char *a, const char *b)
{
	char *one = final_name(a), *other = final_name(b);
	bool same = strcmp(a, b) == 0 ||
		    (one != NULL && other != NULL && strcmp(one, other) == 0);

	free(one);
	free(other);
	return same && !is_special(a);
}

static bool is_taken(const struct outputs *o, const char *path)
{
	for (unsigned i = 0; i < o->n; i++) {
		if (o->list[i].path != NULL && same_file(o->list[i].path, path))
			return true;
	}
	return false;
}

/* ---- FMT[:FILE] ---- */

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
	if (!to_stdout && is_taken(o, path)) {
		snprintf(why, OUTPUT_WHY_MAX, "two reports for one file: %.200s", path);
		return -1;
	}
	if (o->n == OUTPUTS_MAX) {
		snprintf(why, OUTPUT_WHY_MAX, "more than %d formats", OUTPUTS_MAX);
		return -1;
	}
	o->list[o->n++] = (struct output){
		.format = format, .path = to_stdout ? NULL : path, .slot = -1
	};
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

/* mkstemp() makes files for the owner alone; a report is an ordinary file. */
static void set_ordinary_mode(int fd, const char *final)
{
	struct stat st;
	mode_t mask = umask(0);

	umask(mask);
	if (stat(final, &st) == 0)
		(void)!fchmod(fd, st.st_mode & 07777);
	else
		(void)!fchmod(fd, 0666 & ~mask);
}

static FILE *open_temporary(struct output *out, int slot)
{
	const char *base;
	char *name;
	size_t len;
	int fd;

	base = strrchr(out->final, '/');
	base = base == NULL ? out->final : base + 1;
	len = strlen(out->final) + sizeof(".."
					  "XXXXXX");
	name = malloc(len);
	if (name == NULL)
		bug("out of memory");
	snprintf(name, len, "%.*s.%s.XXXXXX", (int)(base - out->final), out->final,
		base);
	fd = mkstemp(name);
	if (fd < 0) {
		free(name);
		return NULL;
	}
	unfinished[slot] = name;
	out->slot = slot;
	set_ordinary_mode(fd, out->final);
	return fdopen(fd, "w");
}

static int open_one(
	struct output *out, const struct report_options *options, bool colour, int slot)
{
	struct report_options own = *options;

	own.colour = colour && out->path == NULL;
	if (out->path == NULL)
		out->fp = stdout;
	else if (is_special(out->path))
		out->fp = fopen(out->path, "w");
	else if ((out->final = final_name(out->path)) != NULL)
		out->fp = open_temporary(out, slot);
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
		if (open_one(&o->list[i], options, colour, (int)i) != 0)
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

static void forget_temporary(struct output *out)
{
	char *name;

	if (out->slot < 0)
		return;
	name = unfinished[out->slot];
	unfinished[out->slot] = NULL;
	out->slot = -1;
	free(name);
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
	if (out->slot < 0)
		return 0;
	if (rename(unfinished[out->slot], out->final) != 0)
		return cannot_write(out);
	forget_temporary(out);
	return 0;
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
		if (out->slot >= 0)
			unlink(unfinished[out->slot]);
		forget_temporary(out);
		report_free(out->report);
		free(out->final);
		*out = (struct output){ .slot = -1 };
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
