#include "cli/cli.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "base/newfile.h"
#include "base/str.h"
#include "cli/files.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/programs.h"
#include "cli/select.h"
#include "lab/program.h"
#include "mta/profile.h"
#include "report/agree.h"
#include "report/verified.h"
#include "run/lab.h"
#include "run/verify.h"

#define JOBS_MAX 64 /* as many as run.c makes threads at most */

/* docs/verified.ndjson has a line of 250 octets for each program. */
#define RECORD_FILE_MAX (1u << 20)

struct args {
	struct arena *arena;
	struct verify_options verify;
	struct outputs outputs;
	const char *names;	       /* --program, or NULL: all */
	const char *require, *record;  /* or NULL */
	const struct program **needed; /* what --require names */
	size_t n_needed;
	const char **files;
	size_t n_files;
	enum colour_when colour;
	bool verbose, quiet;
};

enum {
	OPT_CLIENT = 256,
	OPT_RESOLVER,
	OPT_PROGRAM,
	OPT_FILTER,
	OPT_TOGETHER,
	OPT_REQUIRE,
	OPT_NO_BUILD,
	OPT_FORMAT,
	OPT_RECORD,
	OPT_COLOR
};

static const struct argp_option rows[] = {
	{ NULL, 0, NULL, 0, "What is compared:", 1 },
	{ "program", OPT_PROGRAM, "NAMES", 0,
		"only these real programs, by name or its beginning "
		"(\"postfix,unbound-1.17\")",
		1 },
	{ "client", OPT_CLIENT, "GLOB", 0, "only these mail clients, emulated or real",
		1 },
	{ "resolver", OPT_RESOLVER, "GLOB", 0,
		"only these resolvers, real ones or `ideal'", 1 },
	{ "filter", OPT_FILTER, "GLOB", 0, "only scenarios of this id or group", 1 },
	{ "together", OPT_TOGETHER, NULL, 0,
		"also each real client behind each real resolver", 1 },
	{ NULL, 0, NULL, 0, "How:", 2 },
	{ "require", OPT_REQUIRE, "NAMES", 0,
		"exit with 3 when one of these programs cannot run here", 2 },
	{ "no-build", OPT_NO_BUILD, NULL, 0,
		"skip programs whose package root is not there", 2 },
	{ NULL, 'j', "N", 0, "threads; default: one per processor", 2 },
	{ NULL, 0, NULL, 0, "What is shown:", 3 },
	{ "format", OPT_FORMAT, "FMT[:FILE]", 0,
		"report of the cases as they were with the real programs; repeat for "
		"several (`harness list formats')",
		3 },
	{ "record", OPT_RECORD, "FILE", 0,
		"update a file of what was verified with which versions, a JSON object "
		"a line",
		3 },
	{ "verbose", 'v', NULL, 0, "every disagreement", 3 },
	{ "quiet", 'q', NULL, 0, "disagreements and the last line only", 3 },
	{ "color", OPT_COLOR, "WHEN", 0, "auto (default), always or never", 3 },
	{ 0 },
};

static void set_jobs(struct args *args, const char *text, struct argp_state *state)
{
	unsigned long long n = 1;

	if (number_from_text(text, 1, JOBS_MAX, &n) != 0)
		argp_error(state, "-j is a number from 1 to %d, not \"%s\"", JOBS_MAX,
			text);
	args->verify.run.jobs = (unsigned)n;
}

/* What it says of a program would be of a part of the cases. */
static void check_record(const struct args *args, struct argp_state *state)
{
	const struct run_options *o = &args->verify.run;
	const char *part = o->filter != NULL	  ? "--filter"
			   : o->clients != NULL	  ? "--client"
			   : o->resolvers != NULL ? "--resolver"
						  : NULL;

	if (args->record == NULL)
		return;
	if (part != NULL)
		argp_error(state,
			"--record keeps what all cases say: leave out %s, or it", part);
	if (outputs_have(&args->outputs, args->record))
		argp_error(
			state, "--record and a report for one file: %s", args->record);
}

static void set_programs(struct args *args, struct argp_state *state)
{
	char why[PROGRAMS_WHY_MAX];

	args->verify.programs =
		programs_named(args->arena, args->names, &args->verify.n_programs, why);
	if (args->verify.programs == NULL)
		argp_error(state, "--program: %s", why);
	if (args->require == NULL)
		return;
	args->needed = programs_named(args->arena, args->require, &args->n_needed, why);
	if (args->needed == NULL)
		argp_error(state, "--require: %s", why);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;
	struct run_options *o = &args->verify.run;

	switch (key) {
	case OPT_CLIENT:
		o->clients = arg;
		return 0;
	case OPT_RESOLVER:
		o->resolvers = arg;
		return 0;
	case OPT_PROGRAM:
		args->names = arg;
		return 0;
	case OPT_FILTER:
		o->filter = arg;
		return 0;
	case OPT_TOGETHER:
		args->verify.together = true;
		return 0;
	case OPT_REQUIRE:
		args->require = arg;
		return 0;
	case OPT_NO_BUILD:
		args->verify.build = false;
		return 0;
	case 'j':
		set_jobs(args, arg, state);
		return 0;
	case OPT_FORMAT:
		option_format(&args->outputs, arg, FOR_RUN, state);
		return 0;
	case OPT_RECORD:
		args->record = arg;
		return 0;
	case 'v':
		args->verbose = true;
		return 0;
	case 'q':
		args->quiet = true;
		return 0;
	case OPT_COLOR:
		args->colour = option_colour(arg, state);
		return 0;
	case ARGP_KEY_ARG:
		args->files[args->n_files++] = arg;
		return 0;
	case ARGP_KEY_END:
		check_record(args, state);
		set_programs(args, state);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no scenario files or folders given");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = rows,
	.parser = parse,
	.args_doc = "FILE...",
	.doc = "Holds the emulation against the real programs, in the same worlds: "
	       "every "
	       "emulated client behind each real resolver, and each real mail server "
	       "behind the emulated `ideal' resolver. Real programs run in network "
	       "namespaces that no packet leaves, from package roots under build/lab "
	       "(or "
	       "$HARNESS_LAB) that are built when they are missing; `harness env' says "
	       "what can run here."
	       "\vExamples:\n"
	       "  harness verify scenarios/\n"
	       "  harness verify --program unbound,postfix-3.7 --filter layouts "
	       "scenarios/\n"
	       "  harness verify --record docs/verified.ndjson scenarios/*.conf\n\n"
	       "Exit status: 0 all agree, 1 something differs or could not be run with "
	       "a "
	       "program that is here, 2 usage or input error, "
	       "3 nothing could run, or not all that --require names, 4 nothing "
	       "matched, "
	       "130 interrupted.",
};

/* ---- what comes in ---- */

struct watch {
	struct arena *arena;
	struct run_sink reports;
	struct agreement *agreement;
	struct verified_list ran; /* texts that last */
	bool named;		  /* those whose cases come in were */
};

static const char *part_title(enum verify_part part)
{
	static const char *const titles[] = {
		[VERIFY_RESOLVERS] = "Real resolvers, with every emulated client",
		[VERIFY_CLIENTS] =
			"Real mail servers, behind the emulated ideal resolver",
		[VERIFY_TOGETHER] = "Real mail servers, behind real resolvers",
	};

	return titles[part];
}

static size_t row_of(struct watch *w, enum verify_part part, const struct program *p)
{
	return agreement_row(w->agreement, part_title(part), p->name, p->emulation);
}

static void on_begin(void *ctx, const struct record_run *run,
	const struct record_scenario *scenarios, size_t n)
{
	struct watch *w = ctx;

	w->reports.begin(w->reports.ctx, run, scenarios, n);
}

static void on_program(void *ctx, enum verify_part part, const struct program *p)
{
	struct watch *w = ctx;

	/* Names come together, before their cases. */
	if (w->named)
		progress_next();
	w->named = false;
	progress_name(p->name);
	row_of(w, part, p);
}

static void on_progress(void *ctx, size_t done, size_t of)
{
	(void)ctx;
	progress_at(done, of);
}

static void on_case(void *ctx, const struct verify_case *c)
{
	bool is_client = c->part != VERIFY_RESOLVERS;
	const struct program *p = is_client ? c->client : c->resolver;
	const char *program =
		is_client ? c->real->client_program : c->real->resolver_program;
	struct watch *w = ctx;
	size_t row;

	w->named = true;
	w->reports.record(w->reports.ctx, c->real);
	/* The lab was given no such program: it is none of ours. */
	if (p == NULL)
		return;
	row = row_of(w, c->part, p);
	switch (c->end) {
	case VERIFY_AGREES:
		agreement_agrees(w->agreement, row, program, c->comparison);
		break;
	case VERIFY_DIFFERS:
		progress_differs();
		agreement_differs(w->agreement, row, program, c->emulated, c->real,
			c->comparison);
		break;
	case VERIFY_SKIPPED:
		agreement_skips(w->agreement, row, program, c->reason);
		break;
	case VERIFY_LOST:
		agreement_loses(w->agreement, row, program, c->reason);
		break;
	}
}

/* ---- the record file ---- */

/* The day of the clock, or of SOURCE_DATE_EPOCH (reproducible-builds.org). */
static const char *today(struct arena *a)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	time_t now = time(NULL);
	unsigned long long n;
	char text[32];
	struct tm tm;

	if (epoch != NULL && number_from_text(epoch, 0, UINT32_MAX, &n) == 0)
		now = (time_t)n;
	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d", &tm);
	return arena_strdup(a, text);
}

static int cannot(const char *what, const char *path)
{
	cli_complain("%s: cannot %s: %s", path, what, strerror(errno));
	return -1;
}

/* A file that is not there yet is empty. */
static int read_record(struct arena *a, const char *path, struct verified_list *ret)
{
	char why[VERIFIED_WHY_MAX], *text;
	FILE *fp = fopen(path, "rb");
	size_t n;
	int failed;

	*ret = (struct verified_list){ 0 };
	if (fp == NULL)
		return errno == ENOENT ? 0 : cannot("read", path);
	text = arena_alloc_raw(a, RECORD_FILE_MAX);
	n = fread(text, 1, RECORD_FILE_MAX, fp);
	failed = ferror(fp);
	fclose(fp);
	if (failed)
		return cannot("read", path);
	if (n == RECORD_FILE_MAX || verified_parse(a, text, n, ret, why) != 0) {
		cli_complain("%s: %s", path,
			n == RECORD_FILE_MAX ? "too large to be such a file" : why);
		return -1;
	}
	return 0;
}

static int write_record(const char *path, const struct str *s)
{
	struct newfile *f = newfile_open(path);
	size_t done = 0;

	if (f == NULL)
		return cannot("write", path);
	while (done < s->len) {
		ssize_t n = write(newfile_fd(f), s->data + done, s->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			cannot("write", path);
			newfile_drop(f);
			return -1;
		}
		done += (size_t)n;
	}
	return newfile_keep(f) == 0 ? 0 : cannot("write", path);
}

static void update(struct arena *a, struct verified_list *list,
	const struct agree_row *r, const char *date, const char *sha256)
{
	bool is_resolver = strcmp(r->part, part_title(VERIFY_RESOLVERS)) == 0;
	struct verified line = {
		.emulation = r->emulation,
		.kind = is_resolver ? "resolver" : "client",
		.program = r->name,
		.agree = r->agree,
		.of = r->agree + r->differ + r->lost,
		.date = date,
		.scenarios_sha256 = sha256,
	};

	if (strcmp(r->part, part_title(VERIFY_TOGETHER)) == 0 || line.of == 0)
		return;
	verified_split(a, r->program == NULL ? r->name : r->program, &line.name,
		&line.version);
	verified_set(a, list, &line);
}

static int record(struct arena *a, const struct args *args, const struct agreement *g,
	const char *sha256)
{
	const char *date = today(a);
	const struct agree_row *list;
	struct verified_list file;
	struct str s = STR_INIT;
	size_t n;
	int rc;

	if (args->record == NULL)
		return 0;
	if (read_record(a, args->record, &file) != 0)
		return -1;
	list = agreement_rows(g, &n);
	for (size_t i = 0; i < n; i++)
		update(a, &file, &list[i], date, sha256);
	verified_put_file(&s, &file);
	rc = write_record(args->record, &s);
	str_clear(&s);
	return rc;
}

/* ---- what is said ---- */

/* A report on standard output has it for itself. Nothing is said of nothing. */
static int print(const struct args *args, const struct agreement *g)
{
	struct agree_row sum = agreement_sum(g);
	bool to_stderr = outputs_use_stdout(&args->outputs);
	struct str s = STR_INIT;
	int rc = 0;

	if (sum.agree + sum.differ + sum.skipped + sum.lost == 0)
		return 0;
	if (!args->quiet)
		agreement_put_table(g, &s);
	agreement_put_differences(g, &s);
	agreement_put_last_line(g, &s);
	if (to_stderr)
		fwrite(s.data, 1, s.len, stderr);
	else
		rc = print_text(&s) == STATUS_OK ? 0 : -1;
	str_clear(&s);
	return rc;
}

static bool ran(const struct agreement *g, const struct program *p)
{
	const struct agree_row *list;
	size_t n;

	list = agreement_rows(g, &n);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i].name, p->name) == 0 &&
			list[i].agree + list[i].differ > 0)
			return true;
	}
	return false;
}

/* Complains of each that did not run. */
static bool all_needed_ran(const struct args *args, const struct agreement *g)
{
	bool all = true;

	for (size_t i = 0; i < args->n_needed; i++) {
		if (ran(g, args->needed[i]))
			continue;
		cli_complain("required, and did not run: %s", args->needed[i]->name);
		all = false;
	}
	return all;
}

/* A disagreement weighs more than what cannot run here. A program that can, and did
 * not, is no better than one. */
static int status_of(
	const struct args *args, const struct agreement *g, enum run_end end)
{
	struct agree_row sum = agreement_sum(g);

	if (end == RUN_MISTAKES)
		return STATUS_USAGE;
	if (sum.differ + sum.lost > 0)
		return STATUS_DIFFERS;
	if (end == RUN_BROKEN || !all_needed_ran(args, g))
		return STATUS_ENVIRONMENT;
	if (sum.agree == 0 && sum.skipped > 0) {
		cli_complain("no real program could run here");
		return STATUS_ENVIRONMENT;
	}
	if (sum.agree == 0) {
		cli_complain("nothing matched: no case was run");
		return STATUS_NOTHING;
	}
	return STATUS_OK;
}

static void say(void *ctx, const char *text)
{
	const struct args *args = ctx;

	if (!args->quiet)
		cli_complain("%s", text);
}

static int verify(
	struct arena *a, struct args *args, const struct loaded *l, struct errs *errs)
{
	bool colour = colour_wanted(
		args->colour, outputs_use_stdout(&args->outputs) ? stderr : stdout);
	struct watch w = {
		.arena = a,
		.agreement = agreement_new(a, colour, args->verbose),
	};
	const struct verify_sink sink = { on_begin, on_program, on_case, &w };
	const struct report_options ro = { .verbose = args->verbose };
	enum run_end end;
	int status;

	outputs_guard();
	if (outputs_open(&args->outputs, &ro, colour_wanted(args->colour, stdout)) != 0)
		return STATUS_ENVIRONMENT;
	w.reports = outputs_sink(&args->outputs);
	args->verify.run.scenarios_sha256 = l->sha256;
	args->verify.tell = say;
	args->verify.progress = on_progress;
	args->verify.ctx = args;
	raise_descriptor_limit();
	if (!args->quiet && !outputs_stream_to_terminal(&args->outputs))
		progress_begin(args->verbose);
	end = verify_run(l->list, l->n, l->profiles, &args->verify, &sink, errs);
	progress_end();
	status = status_of(args, w.agreement, end);
	if (print(args, w.agreement) != 0)
		return STATUS_ENVIRONMENT;
	/* What was cut off is no verification, and no report. */
	if (end != RUN_DONE || status == STATUS_NOTHING)
		return status;
	if (outputs_finish(&args->outputs) != 0 ||
		record(a, args, w.agreement, l->sha256) != 0)
		return STATUS_ENVIRONMENT;
	return status;
}

static int run(struct arena *a, struct args *args, struct errs *errs)
{
	const struct run_options *o = &args->verify.run;
	struct loaded loaded;

	if (files_load(a, args->files, args->n_files, errs, &loaded) != 0)
		return STATUS_USAGE;
	if (!select_scenarios(a, &loaded, o->filter) ||
		!select_clients(loaded.profiles, o->clients) ||
		!select_resolvers(o->resolvers))
		return STATUS_NOTHING;
	return verify(a, args, &loaded, errs);
}

int cmd_verify(int argc, char **argv)
{
	struct arena *a = arena_new();
	struct args args = {
		.arena = a,
		.verify = { .run.seed = 1, .build = true },
		.files = arena_array(a, (size_t)argc, sizeof(*args.files)),
	};
	struct errs errs;
	int status;

	errs_init(&errs, a);
	argp_parse(&argp, argc, argv, 0, NULL, &args);
	status = run(a, &args, &errs);
	outputs_drop(&args.outputs);
	errs_print(&errs, stderr, colour_wanted(args.colour, stderr));
	arena_free(a);
	return status;
}
