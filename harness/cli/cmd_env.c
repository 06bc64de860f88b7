#include "cli/cli.h"

#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "base/str.h"
#include "cli/programs.h"
#include "lab/env.h"
#include "lab/program.h"
#include "report/grid.h"
#include "report/record.h"

#define ENV_COLUMNS 100

struct args {
	struct arena *arena;
	const char *require; /* words, with commas; or NULL */
	bool json;
};

enum { OPT_FORMAT = 256, OPT_REQUIRE };

static const struct argp_option rows[] = {
	{ "format", OPT_FORMAT, "FMT", 0, "table (default) or json", 1 },
	{ "require", OPT_REQUIRE, "NAME,...", 0,
		"exit with 3 unless these can run: a program, what it stands for, or "
		"the "
		"beginning of names, of which one must: postfix-3.7, unbound, courier",
		1 },
	{ 0 },
};

/* Each word alone: of what it names one must run. */
static void check_words(struct args *args, const char *words, struct argp_state *state)
{
	char *rest = arena_strdup(args->arena, words);
	char why[PROGRAMS_WHY_MAX];
	size_t n;

	for (char *word; (word = strsep(&rest, ",")) != NULL;) {
		if (programs_named(args->arena, word, &n, why) == NULL)
			argp_error(state, "--require: %s", why);
	}
	args->require = words;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case OPT_FORMAT:
		args->json = strcmp(arg, "json") == 0;
		if (!args->json && strcmp(arg, "table") != 0)
			argp_error(state, "--format is table or json, not \"%s\"", arg);
		return 0;
	case OPT_REQUIRE:
		check_words(args, arg, state);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "env takes no argument, not \"%s\"", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = rows,
	.parser = parse,
	.doc = "Says what the lab (`harness run --network lab') needs and has on this "
	       "machine, and which real programs can run in it.",
};

/* ---- what is known of a program ---- */

struct row {
	const struct program *program;
	const char *version; /* or NULL: not built yet */
	bool can_run;
	char why[ENV_WHY_MAX];
};

static void take_rows(struct arena *a, const struct env *e, struct row *list)
{
	for (size_t i = 0; i < programs_n; i++) {
		const struct program *p = &programs[i];
		char why[ROOT_WHY_MAX];
		const char *root = root_get(a, &p->root, false, NULL, NULL, why);

		list[i].program = p;
		list[i].version =
			root == NULL ? NULL : root_version(a, root, p->package);
		list[i].can_run = env_can_run(e, p, list[i].why);
	}
}

static const char *kind_name(const struct program *p)
{
	return p->kind == PROGRAM_MTA ? "mail server" : "resolver";
}

/* ---- for people ---- */

static void put_parts(struct str *s, struct arena *a, const struct env *e)
{
	static const char *const heads[] = { "Needed", "Here", "What" };
	struct grid *g = grid_new(a, heads, ARRAY_LEN(heads));

	for (size_t i = 0; i < ENV_PARTS; i++) {
		const struct env_part *p = &e->parts[i];

		grid_cell(g, TONE_PLAIN, "%s", p->name);
		grid_cell(g, TONE_PLAIN, "%s", p->have ? "yes" : "no");
		grid_cell(g, TONE_PLAIN, "%s", p->text);
	}
	grid_put_terminal(g, s, ENV_COLUMNS, false);
}

static void put_programs(struct str *s, struct arena *a, const struct row *list)
{
	static const char *const heads[] = { "Program", "Kind", "Stands for",
		"Version" };
	struct grid *g = grid_new(a, heads, ARRAY_LEN(heads));
	bool missing = false;

	for (size_t i = 0; i < programs_n; i++) {
		const struct row *r = &list[i];

		grid_cell(g, TONE_PLAIN, "%s", r->program->name);
		grid_cell(g, TONE_PLAIN, "%s", kind_name(r->program));
		grid_cell(g, TONE_PLAIN, "%s", r->program->emulation);
		grid_cell(g, TONE_PLAIN, "%s",
			!r->can_run	     ? r->why
			: r->version == NULL ? "not built yet"
					     : r->version);
		missing = missing || (r->can_run && r->version == NULL);
	}
	grid_put_terminal(g, s, ENV_COLUMNS, false);
	if (missing)
		str_puts(s, "\n`harness lab build' builds what is not built yet; "
			    "`harness lab build postfix-3.7' one.\n");
}

/* ---- for programs ---- */

static void put_json_field(struct str *s, const char *name, const char *text)
{
	str_printf(s, ",\"%s\":", name);
	if (text == NULL)
		str_puts(s, "null");
	else
		str_put_json(s, text);
}

static void put_json(struct str *s, const struct env *e, const struct row *list)
{
	str_printf(s,
		"{\"schema\":%d,\"tool\":\"harness\",\"version\":\"%s\",\"needed\":[",
		RECORD_SCHEMA, VERSION);
	for (size_t i = 0; i < ENV_PARTS; i++) {
		str_printf(s, "%s\n{\"here\":%s", i > 0 ? "," : "",
			e->parts[i].have ? "true" : "false");
		put_json_field(s, "name", e->parts[i].name);
		put_json_field(s, "what", e->parts[i].text);
		str_putc(s, '}');
	}
	str_puts(s, "\n],\"programs\":[");
	for (size_t i = 0; i < programs_n; i++) {
		const struct program *p = list[i].program;

		str_printf(s, "%s\n{\"can_run\":%s", i > 0 ? "," : "",
			list[i].can_run ? "true" : "false");
		put_json_field(s, "name", p->name);
		put_json_field(s, "kind", kind_name(p));
		put_json_field(s, "stands_for", p->emulation);
		put_json_field(s, "version", list[i].version);
		put_json_field(s, "why_not", list[i].can_run ? NULL : list[i].why);
		str_putc(s, '}');
	}
	str_puts(s, "\n]}\n");
}

/* ---- what is required ---- */

static bool can_run_any(struct arena *a, const struct env *e, const char *word)
{
	char unknown[PROGRAMS_WHY_MAX], first[ENV_WHY_MAX], why[ENV_WHY_MAX];
	size_t n;
	const struct program **list = programs_named(a, word, &n, unknown);

	for (size_t i = 0; i < n; i++) {
		if (env_can_run(e, list[i], i == 0 ? first : why))
			return true;
	}
	cli_complain("%s cannot run: %s", word, first);
	return false;
}

static int check_required(struct arena *a, const struct env *e, const char *words)
{
	char *rest = arena_strdup(a, words);
	int status = STATUS_OK;

	for (char *word; (word = strsep(&rest, ",")) != NULL;) {
		if (!can_run_any(a, e, word))
			status = STATUS_ENVIRONMENT;
	}
	return status;
}

int cmd_env(int argc, char **argv)
{
	struct arena *a = arena_new();
	struct args args = { .arena = a };
	struct str s = STR_INIT;
	struct row *list = arena_array(a, programs_n, sizeof(*list));
	struct env env;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &args);
	env_probe(&env);
	take_rows(a, &env, list);
	if (args.json) {
		put_json(&s, &env, list);
	} else {
		put_parts(&s, a, &env);
		str_putc(&s, '\n');
		put_programs(&s, a, list);
	}
	status = print_text(&s);
	if (status == STATUS_OK && args.require != NULL)
		status = check_required(a, &env, args.require);
	str_clear(&s);
	arena_free(a);
	return status;
}
