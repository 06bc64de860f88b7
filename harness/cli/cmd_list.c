#include "cli/cli.h"

#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "base/str.h"
#include "cli/things.h"
#include "mta/profile.h"
#include "report/grid.h"
#include "report/record.h"
#include "report/verified.h"

#define LIST_COLUMNS 100

struct args {
	const struct thing_kind *kind;
	bool json;
};

enum { OPT_FORMAT = 256 };

static const struct argp_option rows[] = {
	{ "format", OPT_FORMAT, "FMT", 0, "table (default) or json", 1 },
	{ 0 },
};

static void set_kind(struct args *args, const char *name, struct argp_state *state)
{
	const char *near;

	if (args->kind != NULL)
		argp_error(state, "one kind at a time");
	args->kind = thing_kind(name);
	if (args->kind != NULL)
		return;
	near = lookup_nearest(thing_kinds, thing_kinds_n, sizeof(thing_kinds[0]), name);
	argp_error(state, "there are no \"%s\"%s%s%s", name,
		near == NULL ? "" : " (did you mean \"", near == NULL ? "" : near,
		near == NULL ? "" : "\"?)");
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
	case ARGP_KEY_ARG:
		set_kind(args, arg, state);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which kind? (`harness help list' names them)");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The kinds are rows too: the help names them. The caller frees the result. */
static char *add_kinds(int key, const char *text, void *input)
{
	struct str s = STR_INIT;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)(uintptr_t)text;
	str_puts(&s, "Kinds:\n");
	for (size_t i = 0; i < thing_kinds_n; i++) {
		size_t from = s.len;

		str_printf(&s, "  %s", thing_kinds[i].name);
		str_pad(&s, from, 14);
		str_printf(&s, "%s\n", thing_kinds[i].help);
	}
	return s.data;
}

static const struct argp argp = {
	.options = rows,
	.parser = parse,
	.args_doc = "KIND",
	.doc = "Lists what can be named on the command line and in scenarios.\v",
	.help_filter = add_kinds,
};

/* A name that two rows share (a format of two commands) is listed once. */
static bool is_repeated(
	const struct thing_kind *kind, const struct profile_set *profiles, size_t i)
{
	const char *name = kind->at(profiles, i).name;

	for (size_t k = 0; k < i; k++) {
		if (strcmp(kind->at(profiles, k).name, name) == 0)
			return true;
	}
	return false;
}

/* The programs it was verified with, in a; "" for none. */
static const char *verified_with(struct arena *a, const struct verified_list *list,
	const struct thing_kind *kind, const char *name)
{
	struct str s = STR_INIT;
	const char *text;

	if (kind->verified != NULL)
		verified_put(&s, list, kind->verified, name);
	text = arena_strdup(a, s.data);
	str_clear(&s);
	return text;
}

static void put_table(struct str *s, struct arena *a, const struct thing_kind *kind,
	const struct profile_set *profiles)
{
	static const char *const heads[] = { "Name", "What it is", "Verified with" };
	const struct verified_list list = verified_built_in(a);
	bool verified = kind->verified != NULL && list.n > 0;
	struct grid *g = grid_new(a, heads, verified ? 3 : 2);

	for (size_t i = 0; i < kind->count(profiles); i++) {
		struct thing t = kind->at(profiles, i);

		if (is_repeated(kind, profiles, i))
			continue;
		grid_cell(g, TONE_PLAIN, "%s", t.name);
		grid_cell(g, TONE_PLAIN, "%s", t.help == NULL ? "" : t.help);
		if (verified)
			grid_cell(g, TONE_PLAIN, "%s",
				verified_with(a, &list, kind, t.name));
	}
	grid_put_terminal(g, s, LIST_COLUMNS, false);
}

static void put_json(struct str *s, struct arena *a, const struct thing_kind *kind,
	const struct profile_set *profiles)
{
	const struct verified_list list = verified_built_in(a);
	bool first = true;

	str_printf(s,
		"{\"schema\":%d,\"tool\":\"harness\",\"version\":\"%s\",\"kind\":",
		RECORD_SCHEMA, VERSION);
	str_put_json(s, kind->name);
	str_puts(s, ",\"list\":[");
	for (size_t i = 0; i < kind->count(profiles); i++) {
		struct thing t = kind->at(profiles, i);

		if (is_repeated(kind, profiles, i))
			continue;
		str_puts(s, first ? "\n{\"name\":" : ",\n{\"name\":");
		str_put_json(s, t.name);
		str_puts(s, ",\"help\":");
		str_put_json(s, t.help == NULL ? "" : t.help);
		if (kind->verified != NULL) {
			str_puts(s, ",\"verified\":");
			str_put_json(s, verified_with(a, &list, kind, t.name));
		}
		str_putc(s, '}');
		first = false;
	}
	str_puts(s, "\n]}\n");
}

int cmd_list(int argc, char **argv)
{
	struct arena *a = arena_new();
	const struct profile_set *profiles = profile_set_new(a);
	struct args args = { 0 };
	struct str s = STR_INIT;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &args);
	if (args.json)
		put_json(&s, a, args.kind, profiles);
	else
		put_table(&s, a, args.kind, profiles);
	status = print_text(&s);
	str_clear(&s);
	arena_free(a);
	return status;
}
