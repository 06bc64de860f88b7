#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "base/str.h"
#include "cli/files.h"
#include "cli/lab.h"
#include "cli/output.h"
#include "cli/select.h"
#include "cli/things.h"
#include "mta/profile.h"
#include "report/story.h"
#include "report/verified.h"
#include "run/run.h"
#include "scenario/keywords.h"
#include "zone/zone.h"

/* Where scenarios are, seen from the top of the project. */
#define SCENARIOS_DEFAULT "scenarios"

struct args {
	const struct thing_kind *kind; /* or NULL: any */
	const char **words;
	size_t n;
	uint64_t seed;
	enum run_network network;
	struct lab_args lab;
	enum colour_when colour;
};

enum { OPT_SEED = 256, OPT_NETWORK, OPT_COLOR };

static const struct argp_option rows[] = {
	{ "seed", OPT_SEED, "N", 0, "of the run the case is from; default: 1", 1 },
	{ "network", OPT_NETWORK, "NAME", 0,
		"sim (default), or lab: what the real programs do, in a case or a "
		"scenario",
		1 },
	{ "color", OPT_COLOR, "WHEN", 0, "auto (default), always or never", 1 },
	{ NULL, 0, NULL, 0, "With --network lab:", 2 },
	LAB_OPTION_ROWS(2),
	{ 0 },
};

static void set_network(struct args *args, const char *name, struct argp_state *state)
{
	if (strcmp(name, "lab") == 0)
		args->network = NETWORK_LAB;
	else if (strcmp(name, "sim") != 0)
		argp_error(state, "--network is sim or lab, not \"%s\"", name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;
	unsigned long long seed;

	switch (key) {
	case OPT_SEED:
		if (number_from_text(arg, 0, INT64_MAX, &seed) != 0)
			argp_error(state, "--seed is a number, not \"%s\"", arg);
		args->seed = seed;
		return 0;
	case OPT_NETWORK:
		set_network(args, arg, state);
		return 0;
	case OPT_COLOR:
		args->colour = option_colour(arg, state);
		return 0;
	case ARGP_KEY_ARG:
		args->words[args->n++] = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "explain what?");
		return 0;
	case ARGP_KEY_END:
		if (args->lab.given && args->network != NETWORK_LAB)
			argp_error(state, LAB_OPTIONS_NEED_IT);
		return 0;
	default:
		return option_lab(&args->lab, key, arg, state) ? 0 : ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = rows,
	.parser = parse,
	.args_doc = "[KIND] THING\nSCENARIO[/ADDRESS/CLIENT/RESOLVER] [FILE...]",
	.doc = "Explains a client, resolver, stub, mode, quirk, rule, verdict, "
	       "program, format or "
	       "command; `scenario-format' and `profile-format', the words of .conf "
	       "files; a scenario: what each client makes of it behind each resolver; "
	       "or a case: what was asked, what came back, and what the client made of "
	       "it, step by step."
	       "\vThe parts of a case may hold wildcards. Its scenario is looked for "
	       "in "
	       "the files and folders after it, else in " SCENARIOS_DEFAULT "/.\n\n"
	       "Examples:\n"
	       "  harness explain postfix\n"
	       "  harness explain rule R3\n"
	       "  harness explain cname-to-a-mx\n"
	       "  harness explain 'cname-to-a-mx/*/postfix/ideal'\n"
	       "  harness explain --network lab 'cname-to-a-mx/*/postfix/unbound-1.17'",
};

/* ---- things ---- */

/* With which real programs it was compared last; nothing of an emulation that was not.
 */
static void put_verified(struct str *s, const struct thing_kind *kind, const char *name)
{
	struct arena *a = arena_new();
	struct verified_list list = verified_built_in(a);
	struct str with = STR_INIT;

	if (kind->verified != NULL)
		verified_put(&with, &list, kind->verified, name);
	if (with.len > 0)
		str_printf(s, "\nverified with %s\n", with.data);
	str_clear(&with);
	arena_free(a);
}

static size_t put_things(struct str *s, const struct profile_set *profiles,
	const struct thing_kind *only, const char *name)
{
	size_t found = 0;

	for (size_t i = 0; i < thing_kinds_n; i++) {
		const struct thing_kind *kind = &thing_kinds[i];
		long at = thing_find(kind, profiles, name);

		if (at < 0 || (only != NULL && only->at != kind->at))
			continue;
		/* Profiles are listed under two names. */
		if (i > 0 && kind->at == thing_kinds[i - 1].at)
			continue;
		str_puts(s, found++ > 0 ? "\n" : "");
		kind->explain(s, profiles, (size_t)at);
		put_verified(s, kind, kind->at(profiles, (size_t)at).name);
	}
	return found;
}

static const struct page {
	const char *name;
	void (*put)(struct str *s);
} pages[] = {
	{ "scenario-format", keywords_explain },
	{ "profile-format", profile_explain_fields },
};

static void complain_unknown(
	struct arena *a, const struct profile_set *profiles, const char *name)
{
	const char **names;
	size_t n = ARRAY_LEN(pages), room = n;
	const char *near;

	for (size_t i = 0; i < thing_kinds_n; i++)
		room += thing_kinds[i].count(profiles);
	names = arena_array(a, room, sizeof(*names));
	for (size_t i = 0; i < n; i++)
		names[i] = pages[i].name;
	for (size_t i = 0; i < thing_kinds_n; i++) {
		for (size_t k = 0; k < thing_kinds[i].count(profiles); k++)
			names[n++] = thing_kinds[i].at(profiles, k).name;
	}
	near = lookup_nearest(names, n, sizeof(*names), name);
	if (near != NULL)
		cli_complain(
			"nothing is called \"%s\" (did you mean \"%s\"?)", name, near);
	else
		cli_complain("nothing is called \"%s\"; `harness help list' says where "
			     "to look",
			name);
}

static bool is_thing(const struct profile_set *profiles, const char *name)
{
	for (size_t i = 0; i < thing_kinds_n; i++) {
		if (thing_find(&thing_kinds[i], profiles, name) >= 0)
			return true;
	}
	return lookup_row(pages, ARRAY_LEN(pages), sizeof(*pages), name) != NULL;
}

static int explain_thing(struct arena *a, const struct args *args, const char *name)
{
	const struct profile_set *profiles = profile_set_new(a);
	const struct page *page =
		lookup_row(pages, ARRAY_LEN(pages), sizeof(*pages), name);
	struct str s = STR_INIT;
	int status = STATUS_USAGE;

	if (page != NULL && args->kind == NULL) {
		page->put(&s);
		status = print_text(&s);
	} else if (put_things(&s, profiles, args->kind, name) > 0) {
		status = print_text(&s);
	} else {
		complain_unknown(a, profiles, name);
	}
	str_clear(&s);
	return status;
}

/* ---- cases ---- */

struct case_glob {
	const char *scenario, *address, *client, *resolver;
};

/* The local part of an address may hold slashes: the middle is the address. */
static bool split_case(struct arena *a, const char *id, struct case_glob *ret)
{
	char *text = arena_strdup(a, id);
	char *first = strchr(text, '/'), *last = strrchr(text, '/');
	char *second;

	if (first == NULL || last == first)
		return false;
	*last = '\0';
	second = strrchr(text, '/');
	if (second == first)
		return false;
	*first = *second = '\0';
	*ret = (struct case_glob){ text, first + 1, second + 1, last + 1 };
	return true;
}

struct teller {
	const struct case_glob *glob;
	const struct loaded *loaded;
	struct str out;
	size_t cases;
	const char *scenario; /* whose head was told last */
	bool colour;
};

static void tell_conflict(struct teller *t, const struct zone_conflict *c)
{
	char owner[NAME_TEXT_MAX];

	str_printf(&t->out,
		"%s:%d: standard servers refuse this zone: ", c->second.file,
		c->second.line);
	put_clean(&t->out, c->text);
	str_printf(
		&t->out, " (%s; owner %s)\n", c->rule, name_to_text(c->owner, owner));
}

static void tell_scenario(struct teller *t, const char *id)
{
	for (size_t i = 0; i < t->loaded->n; i++) {
		const struct scenario *s = t->loaded->list[i];

		if (strcmp(s->id, id) != 0 || t->scenario == s->id)
			continue;
		str_puts(&t->out, t->cases > 0 ? "\n" : "");
		put_clean(&t->out, s->title == NULL ? s->id : s->title);
		str_puts(&t->out, "\n");
		put_clean(&t->out, s->file);
		for (unsigned k = 0; k < s->n_source; k++) {
			str_puts(&t->out, k == 0 ? ", after " : ", ");
			put_clean(&t->out, s->source[k]);
		}
		str_puts(&t->out, "\n");
		if (s->conflict != NULL)
			tell_conflict(t, s->conflict);
		t->scenario = s->id;
	}
}

static void tell(void *ctx, const struct record *r)
{
	struct teller *t = ctx;

	if (!glob_match(t->glob->address, r->address))
		return;
	tell_scenario(t, r->scenario);
	str_putc(&t->out, '\n');
	story_put(&t->out, r, t->colour);
	t->cases++;
}

static int status_of(enum run_end end)
{
	return end == RUN_DONE	   ? STATUS_OK
	       : end == RUN_BROKEN ? STATUS_ENVIRONMENT
				   : STATUS_USAGE;
}

static int run_cases(const struct args *args, const struct case_glob *glob,
	const struct loaded *loaded, struct errs *errs)
{
	struct run_options options = {
		.clients = glob->client,
		.resolvers = glob->resolver,
		.filter = glob->scenario,
		.seed = args->seed,
		.network = args->network,
		.jobs = args->network == NETWORK_LAB ? 0 : 1,
		.details = true,
		.scenarios_sha256 = loaded->sha256,
	};
	struct teller t = {
		.glob = glob,
		.loaded = loaded,
		.out = STR_INIT,
		.colour = colour_wanted(args->colour, stdout),
	};
	struct run_sink sink = { .record = tell, .ctx = &t };
	struct lab_options lab;
	struct run_totals totals;
	int status;

	lab_choose(errs->arena, &args->lab, &options, &lab);
	options.lab = &lab;
	status = status_of(run_scenarios(loaded->list, loaded->n, loaded->profiles,
		&options, &sink, &totals, errs));
	if (status == STATUS_OK && t.cases == 0) {
		cli_complain("no case matches %s/%s/%s/%s", glob->scenario,
			glob->address, glob->client, glob->resolver);
		status = STATUS_NOTHING;
	}
	if (status == STATUS_OK)
		status = print_text(&t.out);
	str_clear(&t.out);
	return status;
}

static bool has_scenario(const struct loaded *l, const char *glob)
{
	for (size_t i = 0; i < l->n; i++) {
		if (glob_match(glob, l->list[i]->id))
			return true;
	}
	return false;
}

static void complain_scenario(struct arena *a, const struct loaded *l, const char *glob)
{
	const char **ids = arena_array(a, l->n, sizeof(*ids));
	const char *near;

	for (size_t i = 0; i < l->n; i++)
		ids[i] = l->list[i]->id;
	near = lookup_nearest(ids, l->n, sizeof(*ids), glob);
	cli_complain(near == NULL ? "no scenario matches \"%s\""
				  : "no scenario matches \"%s\" (did you mean \"%s\"?)",
		glob, near);
}

/* The files named, else the folder of scenarios. */
static int load(struct arena *a, const char *const *files, size_t n, struct errs *errs,
	struct loaded *ret)
{
	static const char *const folder[] = { SCENARIOS_DEFAULT };
	struct stat st;

	if (n == 0 && stat(SCENARIOS_DEFAULT, &st) != 0) {
		cli_complain("there is no folder " SCENARIOS_DEFAULT
			     "/ here; name the scenario's file after the case");
		return -1;
	}
	return files_load(a, n == 0 ? folder : files, n == 0 ? 1 : n, errs, ret);
}

static int explain_case(struct arena *a, const struct args *args, const char *id,
	const char *const *files, size_t n)
{
	struct loaded loaded;
	struct case_glob glob;
	struct errs errs;
	int status = STATUS_USAGE;

	errs_init(&errs, a);
	if (!split_case(a, id, &glob)) {
		cli_complain("\"%s\" is not SCENARIO/ADDRESS/CLIENT/RESOLVER", id);
		return STATUS_USAGE;
	}
	if (load(a, files, n, &errs, &loaded) == 0) {
		status = STATUS_NOTHING;
		if (!has_scenario(&loaded, glob.scenario))
			complain_scenario(a, &loaded, glob.scenario);
		else if (select_clients(loaded.profiles, glob.client) &&
			 select_resolvers(glob.resolver))
			status = run_cases(args, &glob, &loaded, &errs);
	}
	errs_print(&errs, stderr, colour_wanted(args->colour, stderr));
	return status;
}

/* ---- a scenario ---- */

/* What each client makes of each of its addresses behind each resolver. */
static int run_matrix(const struct args *args, const char *id,
	const struct loaded *loaded, struct errs *errs)
{
	struct run_options options = {
		.filter = id,
		.network = args->network,
		.seed = args->seed,
		.jobs = args->network == NETWORK_LAB ? 0 : 1,
	};
	const struct report_options ro = { 0 };
	struct outputs outputs = { 0 };
	char why[OUTPUT_WHY_MAX];
	struct lab_options lab;
	struct run_totals totals;
	struct run_sink sink;
	int status;

	lab_choose(errs->arena, &args->lab, &options, &lab);
	options.lab = &lab;
	outputs_add(&outputs, "matrix", FOR_RUN, why);
	if (outputs_open(&outputs, &ro, colour_wanted(args->colour, stdout)) != 0)
		return STATUS_ENVIRONMENT;
	sink = outputs_sink(&outputs);
	status = status_of(run_scenarios(loaded->list, loaded->n, loaded->profiles,
		&options, &sink, &totals, errs));
	if (status != STATUS_OK)
		outputs_drop(&outputs);
	else if (outputs_finish(&outputs) != 0)
		status = STATUS_ENVIRONMENT;
	return status;
}

/* False: no scenario is called that. */
static bool explain_scenario(struct arena *a, const struct args *args, const char *id,
	const char *const *files, size_t n, int *ret_status)
{
	struct loaded loaded;
	struct errs errs;
	struct stat st;

	errs_init(&errs, a);
	if (n == 0 && stat(SCENARIOS_DEFAULT, &st) != 0)
		return false;
	if (load(a, files, n, &errs, &loaded) != 0)
		*ret_status = STATUS_USAGE;
	else if (has_scenario(&loaded, id))
		*ret_status = run_matrix(args, id, &loaded, &errs);
	else if (n == 0)
		return false;
	else {
		complain_scenario(a, &loaded, id);
		*ret_status = STATUS_NOTHING;
	}
	errs_print(&errs, stderr, colour_wanted(args->colour, stderr));
	return true;
}

static int explain(struct arena *a, struct args *args)
{
	const char **words = args->words;
	size_t n = args->n;
	int status;

	if (n == 2 && (args->kind = thing_kind(words[0])) != NULL) {
		words++;
		n--;
	}
	if (args->kind == NULL && strchr(words[0], '/') != NULL)
		return explain_case(a, args, words[0], words + 1, n - 1);
	if (args->kind == NULL && !is_thing(profile_set_new(a), words[0]) &&
		explain_scenario(a, args, words[0], words + 1, n - 1, &status))
		return status;
	if (n > 1) {
		cli_complain("explain takes one thing; files come after a scenario or "
			     "a case only");
		return STATUS_USAGE;
	}
	return explain_thing(a, args, words[0]);
}

int cmd_explain(int argc, char **argv)
{
	struct arena *a = arena_new();
	struct args args = {
		.words = arena_array(a, (size_t)argc, sizeof(*args.words)),
		.seed = 1,
	};
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &args);
	status = explain(a, &args);
	arena_free(a);
	return status;
}
