#include "cli/cli.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/newfile.h"
#include "base/str.h"
#include "cli/evidence.h"
#include "cli/files.h"
#include "cli/lab.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/select.h"
#include "run/evidence.h"
#include "run/run.h"

/* Printed in every report, so that a run can be repeated without having asked for it.
 */
#define SEED_DEFAULT 1

/* As many as run.c makes threads at most. */
#define JOBS_MAX 64

/* No more shards than anybody has machines; keeps i/n readable. */
#define SHARDS_MAX 100000

struct args {
	struct run_options options;
	struct outputs outputs;
	struct evidence_files evidence;
	const char *mix;
	const char **files;
	size_t n_files;
	enum colour_when colour;
	bool verbose, quiet;
	struct lab_args lab;
};

enum {
	OPT_CLIENT = 256,
	OPT_RESOLVER,
	OPT_NETWORK,
	OPT_FILTER,
	OPT_FORMAT,
	OPT_SHARD,
	OPT_SEED,
	OPT_FAIL_FAST,
	OPT_MIX,
	OPT_PCAP,
	OPT_QUERY_LOG,
	OPT_COLOR
};

static const struct argp_option rows[] = {
	{ NULL, 0, NULL, 0, "What is run:", 1 },
	{ "client", OPT_CLIENT, "GLOB", 0,
		"only these mail clients (\"exim-*,postfix\")", 1 },
	{ "resolver", OPT_RESOLVER, "GLOB", 0, "only behind these resolvers", 1 },
	{ "filter", OPT_FILTER, "GLOB", 0, "only scenarios of this id or group", 1 },
	{ "shard", OPT_SHARD, "I/N", 0,
		"only part I of N, by a hash of the scenario's id; `auto' takes it "
		"from "
		"Slurm or CI variables",
		1 },
	{ "network", OPT_NETWORK, "NAME", 0,
		"sim (default): in memory; loopback: over UDP and TCP sockets of this "
		"machine. The clock is virtual in both, and the outcome the same. lab: "
		"with real resolvers and real mail servers",
		1 },
	{ NULL, 0, NULL, 0, "With --network lab:", 4 },
	LAB_OPTION_ROWS(4),
	{ NULL, 0, NULL, 0, "How:", 2 },
	{ NULL, 'j', "N", 0, "threads; default: one per processor", 2 },
	{ "seed", OPT_SEED, "N", 0, "where chance starts; default: 1", 2 },
	{ "fail-fast", OPT_FAIL_FAST, NULL, 0,
		"stop after the first scenario with a failure", 2 },
	{ NULL, 0, NULL, 0, "What is shown:", 3 },
	{ "format", OPT_FORMAT, "FMT[:FILE]", 0,
		"report to standard output or a file; repeat for several; default: "
		"table "
		"(`harness list formats')",
		3 },
	{ "mix", OPT_MIX, "FILE", 0,
		"shares of clients and resolvers, for expected losses", 3 },
	{ "pcap", OPT_PCAP, "FILE", 0,
		"every packet between resolvers and servers, for Wireshark", 3 },
	{ "query-log", OPT_QUERY_LOG, "FILE", 0,
		"what each server was asked and said, one JSON object a line", 3 },
	{ "verbose", 'v', NULL, 0, "every scenario, every failure, refused zones", 3 },
	{ "quiet", 'q', NULL, 0, "failures and the last line only", 3 },
	{ "color", OPT_COLOR, "WHEN", 0, "auto (default), always or never", 3 },
	{ 0 },
};

static bool shard_from_variables(
	const char *index, const char *count, bool from_zero, struct run_options *o)
{
	const char *i_text = getenv(index), *n_text = getenv(count);
	unsigned long long i, n;

	if (i_text == NULL || n_text == NULL ||
		number_from_text(n_text, 1, SHARDS_MAX, &n) != 0 ||
		number_from_text(i_text, from_zero ? 0 : 1, SHARDS_MAX, &i) != 0)
		return false;
	o->shard = (unsigned)i + from_zero;
	o->shards = (unsigned)n;
	return o->shard <= o->shards;
}

/* Slurm arrays count from what --array says (1 in our examples), GitLab from 1. */
static bool shard_auto(struct run_options *o)
{
	return shard_from_variables(
		       "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", false, o) ||
	       shard_from_variables("CI_NODE_INDEX", "CI_NODE_TOTAL", false, o);
}

static bool shard_from_text(const char *text, struct run_options *o)
{
	size_t n = strcspn(text, "/");
	unsigned long long i, of;
	char first[16];

	if (strcmp(text, "auto") == 0)
		return shard_auto(o);
	if (text[n] != '/' || n >= sizeof(first))
		return false;
	memcpy(first, text, n);
	first[n] = '\0';
	if (number_from_text(text + n + 1, 1, SHARDS_MAX, &of) != 0 ||
		number_from_text(first, 1, of, &i) != 0)
		return false;
	o->shard = (unsigned)i;
	o->shards = (unsigned)of;
	return true;
}

static void set_shard(struct run_options *o, const char *text, struct argp_state *state)
{
	if (shard_from_text(text, o))
		return;
	if (strcmp(text, "auto") == 0)
		argp_error(state,
			"--shard auto needs SLURM_ARRAY_TASK_ID and "
			"SLURM_ARRAY_TASK_COUNT, or CI_NODE_INDEX and CI_NODE_TOTAL, "
			"with 1 <= index <= total");
	else
		argp_error(state,
			"--shard is I/N with 1 <= I <= N, or auto in a job array, not "
			"\"%s\"",
			text);
}

static void set_network(struct args *args, const char *name, struct argp_state *state)
{
	if (strcmp(name, "sim") == 0)
		args->options.network = NETWORK_SIM;
	else if (strcmp(name, "loopback") == 0)
		args->options.network = NETWORK_LOOPBACK;
	else if (strcmp(name, "lab") == 0)
		args->options.network = NETWORK_LAB;
	else
		argp_error(state, "unknown network \"%s\": sim, loopback or lab", name);
}

static unsigned long long set_number(struct argp_state *state, const char *what,
	const char *text, unsigned long long min, unsigned long long max)
{
	unsigned long long n = min;

	if (number_from_text(text, min, max, &n) != 0)
		argp_error(state, "%s is a number from %llu to %llu, not \"%s\"", what,
			min, max, text);
	return n;
}

/* The later one would replace the earlier one without a word. */
static void check_files(const struct args *args, struct argp_state *state)
{
	const char *pcap = args->evidence.pcap, *log = args->evidence.query_log;

	if (pcap != NULL && outputs_have(&args->outputs, pcap))
		argp_error(state, "--pcap and a report for one file: %s", pcap);
	if (log != NULL && outputs_have(&args->outputs, log))
		argp_error(state, "--query-log and a report for one file: %s", log);
	if (pcap != NULL && log != NULL && newfile_is_same(pcap, log))
		argp_error(state, "--pcap and --query-log for one file: %s", pcap);
}

/* What would otherwise be ignored without a word. */
static void check_lab(const struct args *args, struct argp_state *state)
{
	bool lab = args->options.network == NETWORK_LAB;

	if (args->lab.given && !lab)
		argp_error(state, LAB_OPTIONS_NEED_IT);
	if (lab && (args->evidence.pcap != NULL || args->evidence.query_log != NULL))
		argp_error(state, "--pcap and --query-log are not for --network lab: "
				  "its records have every question and answer");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;
	struct run_options *o = &args->options;

	switch (key) {
	case OPT_CLIENT:
		o->clients = arg;
		return 0;
	case OPT_RESOLVER:
		o->resolvers = arg;
		return 0;
	case OPT_FILTER:
		o->filter = arg;
		return 0;
	case OPT_NETWORK:
		set_network(args, arg, state);
		return 0;
	case OPT_SHARD:
		set_shard(o, arg, state);
		return 0;
	case 'j':
		o->jobs = (unsigned)set_number(state, "-j", arg, 1, JOBS_MAX);
		return 0;
	case OPT_SEED:
		/* As large as a JSON reader with signed numbers can hold. */
		o->seed = set_number(state, "--seed", arg, 0, INT64_MAX);
		return 0;
	case OPT_FAIL_FAST:
		o->fail_fast = true;
		return 0;
	case OPT_FORMAT:
		option_format(&args->outputs, arg, FOR_RUN, state);
		return 0;
	case OPT_MIX:
		args->mix = arg;
		return 0;
	case OPT_PCAP:
		option_evidence(&args->evidence.pcap, "--pcap", arg, state);
		return 0;
	case OPT_QUERY_LOG:
		option_evidence(&args->evidence.query_log, "--query-log", arg, state);
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
		check_files(args, state);
		check_lab(args, state);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no scenario files or folders given");
		return 0;
	default:
		return option_lab(&args->lab, key, arg, state) ? 0 : ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = rows,
	.parser = parse,
	.args_doc = "FILE...",
	.doc = "Runs scenarios: every address, with every mail client, behind every "
	       "resolver, and compares what becomes of the mail with what the scenario "
	       "expects. FILE may be a folder: its *.conf files are run."
	       "\vExamples:\n"
	       "  harness run scenarios/\n"
	       "  harness run --client 'exim-*' --resolver 'unbound-*' "
	       "scenarios/*.conf\n"
	       "  harness run --format junit:report.xml --format ndjson:run.ndjson "
	       "scenarios/\n\n"
	       "Exit status: 0 as expected, 1 something differs, 2 usage or input "
	       "error, "
	       "3 environment error, 4 nothing matched, 130 interrupted.",
};

/* Without a report on standard output there is still a verdict. */
static void add_default_format(struct args *args)
{
	char why[OUTPUT_WHY_MAX];

	if (args->outputs.n == OUTPUTS_MAX || outputs_use_stdout(&args->outputs))
		return;
	outputs_add(&args->outputs,
		args->outputs.n > 0 || args->quiet ? "brief" : "table", FOR_RUN, why);
}

static const struct report_share *shares(
	struct arena *a, const struct mix_row *list, unsigned n)
{
	struct report_share *to = arena_array(a, n, sizeof(*to));

	for (unsigned i = 0; i < n; i++)
		to[i] = (struct report_share){ list[i].glob, list[i].weight };
	return to;
}

static const struct report_mix *load_mix(
	struct arena *a, const char *path, struct errs *errs)
{
	struct report_mix *to;
	struct mix *mix;

	if (path == NULL || mix_parse_file(a, path, errs, &mix) != 0)
		return NULL;
	to = arena_alloc(a, sizeof(*to));
	*to = (struct report_mix){
		.source = mix->source,
		.clients = shares(a, mix->clients, mix->n_clients),
		.resolvers = shares(a, mix->resolvers, mix->n_resolvers),
		.n_clients = mix->n_clients,
		.n_resolvers = mix->n_resolvers,
	};
	return to;
}

/* The table of shares has a row for each layout. */
static void warn_of_no_layout(const struct loaded *l)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->list[i]->layout.row != NULL)
			return;
	}
	cli_complain("--mix shows nothing: none of these scenarios has a layout");
}

static int status_of(const struct run_totals *t)
{
	if (t->passed + t->failed + t->skipped + t->known == 0) {
		cli_complain("nothing matched: no case was run");
		return STATUS_NOTHING;
	}
	return t->failed > 0 ? STATUS_DIFFERS : STATUS_OK;
}

static int run_and_report(struct args *args, const struct loaded *l,
	const struct report_mix *mix, struct errs *errs)
{
	struct report_options ro = { .verbose = args->verbose, .mix = mix };
	struct evidence_writer evidence = { 0 };
	struct lab_options lab;
	struct run_totals totals;
	struct run_sink sink;
	enum run_end end;
	int rc;

	outputs_guard();
	if (outputs_open(&args->outputs, &ro, colour_wanted(args->colour, stdout)) !=
			0 ||
		evidence_files_open(&args->evidence, LOG_NEW) != 0)
		return STATUS_ENVIRONMENT;
	evidence.capture = args->evidence.capture;
	evidence.log = args->evidence.log;
	if (evidence.capture != NULL || evidence.log != NULL)
		args->options.evidence = &evidence;
	if (args->options.network != NETWORK_SIM)
		raise_descriptor_limit();
	if (args->options.network == NETWORK_LAB) {
		lab_choose(errs->arena, &args->lab, &args->options, &lab);
		args->options.lab = &lab;
		if (!args->quiet && !outputs_stream_to_terminal(&args->outputs))
			progress_begin(args->verbose);
	}
	args->options.details = outputs_want_details(&args->outputs);
	args->options.scenarios_sha256 = l->sha256;
	sink = outputs_sink(&args->outputs);
	end = run_scenarios(
		l->list, l->n, l->profiles, &args->options, &sink, &totals, errs);
	progress_end();
	if (end != RUN_DONE)
		return end == RUN_BROKEN ? STATUS_ENVIRONMENT : STATUS_USAGE;
	if (totals.passed + totals.failed + totals.skipped + totals.known == 0)
		return status_of(&totals);
	rc = evidence_files_finish(&args->evidence);
	if (outputs_finish(&args->outputs) != 0 || rc != 0)
		return STATUS_ENVIRONMENT;
	return status_of(&totals);
}

static int run(struct arena *a, struct args *args, struct errs *errs)
{
	const struct report_mix *mix;
	struct loaded loaded;
	int rc = files_load(a, args->files, args->n_files, errs, &loaded);

	mix = load_mix(a, args->mix, errs);
	if (rc != 0 || errs->n > 0)
		return STATUS_USAGE;
	if (!select_scenarios(a, &loaded, args->options.filter) ||
		!select_clients(loaded.profiles, args->options.clients) ||
		!select_resolvers(args->options.resolvers))
		return STATUS_NOTHING;
	if (mix != NULL)
		warn_of_no_layout(&loaded);
	return run_and_report(args, &loaded, mix, errs);
}

int cmd_run(int argc, char **argv)
{
	struct arena *a = arena_new();
	struct args args = {
		.options.seed = SEED_DEFAULT,
		.files = arena_array(a, (size_t)argc, sizeof(*args.files)),
	};
	struct errs errs;
	int status;

	errs_init(&errs, a);
	argp_parse(&argp, argc, argv, 0, NULL, &args);
	add_default_format(&args);
	status = run(a, &args, &errs);
	outputs_drop(&args.outputs);
	evidence_files_drop(&args.evidence);
	errs_print(&errs, stderr, colour_wanted(args.colour, stderr));
	arena_free(a);
	return status;
}
