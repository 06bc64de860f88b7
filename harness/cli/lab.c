#include "cli/lab.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "cli/cli.h"
#include "lab/program.h"
#include "run/run.h"

/* A word that names no program is a mistake, and not a program that cannot run. */
static void check_words(const char *option, const char *words, struct argp_state *state)
{
	char word[64];

	for (size_t n; *words != '\0'; words += n + (words[n] == ',')) {
		bool known = false;

		n = strcspn(words, ",");
		snprintf(word, sizeof(word), "%.*s", (int)n, words);
		for (size_t i = 0; i < programs_n && !known; i++)
			known = program_named_by(&programs[i], word);
		if (!known)
			argp_error(state,
				"%s: no program is called \"%s\" (`harness list "
				"programs')",
				option, word);
	}
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
	if (args->programs != NULL && !program_in_list(p, args->programs))
		return false;
	return glob == NULL || glob_match(glob, p->emulation);
}

void lab_choose(struct arena *a, const struct lab_args *args,
	const struct run_options *o, struct lab_options *ret)
{
	const struct program **list = arena_array(a, programs_n, sizeof(*list));

	*ret = (struct lab_options){
		.programs = list,
		.require = args->require,
		.build = !args->no_build,
		.tell = lab_tell,
	};
	for (size_t i = 0; i < programs_n; i++) {
		if (is_wanted(args, o, &programs[i]) && !is_taken(ret, &programs[i]))
			list[ret->n_programs++] = &programs[i];
	}
}

void lab_tell(void *ctx, const char *text)
{
	(void)ctx;
	cli_complain("%s", text);
}
