#include "cli/lab.h"

#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/programs.h"
#include "lab/program.h"
#include "run/run.h"

/* A word that names no program is a mistake, and not a program that cannot run. */
static void check_words(const char *option, const char *words, struct argp_state *state)
{
	struct arena *a = arena_new();
	char why[PROGRAMS_WHY_MAX];
	size_t n;

	if (programs_named(a, words, &n, why) == NULL)
		argp_error(state, "%s: %s", option, why);
	arena_free(a);
}

bool option_lab(
	struct lab_args *args, int key, const char *arg, struct argp_state *state)
{
	switch (key) {
	case OPT_LAB_PROGRAM:
		check_words("--program", arg, state);
		args->programs = arg;
		break;
	case OPT_LAB_REQUIRE:
		check_words("--require", arg, state);
		args->require = arg;
		break;
	case OPT_LAB_EMULATE:
		if (strcmp(arg, "clients") != 0 && strcmp(arg, "resolvers") != 0)
			argp_error(state, "--emulate clients or resolvers, not \"%s\"",
				arg);
		args->emulate = arg;
		break;
	case OPT_LAB_NO_BUILD:
		args->no_build = true;
		break;
	default:
		return false;
	}
	args->given = true;
	return true;
}

static bool is_taken(const struct lab_options *o, const struct program *p)
{
	for (size_t i = 0; i < o->n_programs; i++) {
		if (o->programs[i]->kind == p->kind &&
			strcmp(o->programs[i]->emulation, p->emulation) == 0)
			return true;
	}
	return false;
}

static bool is_wanted(const struct lab_args *args, const struct run_options *o,
	const struct program *p)
{
	bool client = p->kind == PROGRAM_MTA;
	const char *glob = client ? o->clients : o->resolvers;

	if (args->emulate != NULL &&
		strcmp(args->emulate, client ? "clients" : "resolvers") == 0)
		return false;
	return glob == NULL || glob_match(glob, p->emulation);
}

static void tell(void *ctx, const char *text)
{
	(void)ctx;
	cli_complain("%s", text);
}

static void progress(void *ctx, size_t done, size_t of)
{
	(void)ctx;
	progress_at(done, of);
}

void lab_choose(struct arena *a, const struct lab_args *args,
	const struct run_options *o, struct lab_options *ret)
{
	const struct program **list = arena_array(a, programs_n, sizeof(*list));
	const struct program **named;
	char why[PROGRAMS_WHY_MAX];
	size_t n = 0;

	*ret = (struct lab_options){
		.programs = list,
		.require = args->require,
		.build = !args->no_build,
		.tell = tell,
		.progress = progress,
	};
	/* Its words were checked when they were read. */
	named = programs_named(a, args->programs, &n, why);
	for (size_t i = 0; named != NULL && i < n; i++) {
		if (is_wanted(args, o, named[i]) && !is_taken(ret, named[i]))
			list[ret->n_programs++] = named[i];
	}
	for (size_t i = 0; i < ret->n_programs; i++) {
		progress_name(list[i]->name);
	}
}
